/* Runs that were measured several times. */
#include "validate/repeats.h"

#include "check.h"

#include <math.h>

enum { ROWS = 9 };

static struct judged row_of(uint64_t key, int class, double measured_s, double predicted_s)
{
    return (struct judged){.key = key,
                           .class = class,
                           .variant = "",
                           .subject = "",
                           .measured_s = measured_s,
                           .predicted_s = predicted_s};
}

/* Key 1: 10, 30 and 11 s against 10: the median is 1.1. Key 2: 1 and 4 s against 1: the geometric
 * mean of the middle two, 2. The same key of another class, a run of its own and kernels (key 0)
 * stay. Deviations: 1/1.1 - 1, 30/11 - 1, 0; then 1/2 and 1. */
static void the_median_counts(void)
{
    struct arena arena;
    arena_init(&arena);
    struct judged rows[ROWS] = {
        row_of(1, CLASS_TTFT, 10.0, 10.0), row_of(2, CLASS_TTFT, 1.0, 1.0),
        row_of(1, CLASS_TTFT, 30.0, 10.0), row_of(1, CLASS_TPOT, 5.0, 6.0),
        row_of(1, CLASS_TTFT, 11.0, 10.0), row_of(2, CLASS_TTFT, 4.0, 1.0),
        row_of(3, CLASS_TTFT, 7.0, 8.0),   row_of(0, KERNEL_GEMM, 1.0, 1.0),
        row_of(0, KERNEL_GEMM, 3.0, 1.0),
    };
    struct judgement judgement = {.arena = &arena, .rows = rows, .count = ROWS};
    struct repeat_spread spread = repeats_merge(&judgement);
    static const double measured[] = {11.0, 2.0, 5.0, 7.0, 1.0, 3.0};
    check_count("rows", judgement.count, 6);
    for (int i = 0; i < 6; i++)
        check_close("measured", judgement.rows[i].measured_s, measured[i], 1e-12);
    check_count("figures", spread.runs, 2);
    check_count("measurements", spread.measured, 5);
    check_close("median", spread.median, 0.5, 1e-12);
    check_close("worst", spread.worst, 30.0 / 11.0 - 1.0, 1e-12);
    arena_release(&arena);
}

static void nothing_twice(void)
{
    struct arena arena;
    arena_init(&arena);
    struct judged rows[2] = {row_of(1, CLASS_TTFT, 1.0, 2.0), row_of(1, CLASS_TPOT, 3.0, 4.0)};
    struct judgement judgement = {.arena = &arena, .rows = rows, .count = 2};
    struct repeat_spread spread = repeats_merge(&judgement);
    check_count("rows", judgement.count, 2);
    check_count("figures", spread.runs, 0);
    check_true("no spread", isnan(spread.median));
    judgement.count = 0;
    check_count("none at all", repeats_merge(&judgement).runs, 0);
    arena_release(&arena);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"the median counts", the_median_counts},
        {"nothing twice",                   nothing_twice},
        {0},
    };
    return check_main("repeats", cases);
}
