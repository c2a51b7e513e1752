/* Probes: each fills its table with believable numbers, quickly when told to be. */
#include "kernel/probe.h"

#include "check.h"

#include <string.h>

#include <stdio.h>

static struct probe_options quick_options(void)
{
    struct probe_options options = probe_options_default();
    options.point_s = 0.0;
    options.cold_bytes = 4e6;
    options.largest_bytes = 1 << 20;
    return options;
}

static void note_progress(void *context, double done_ratio)
{
    double *last = context;
    check_at_least("progress never goes back", done_ratio, *last);
    *last = done_ratio;
}

/* Runs a probe; each of its rows must have a positive time and, in `column`, a positive rate. */
static int rows_of(bool (*probe)(const struct probe_options *options, struct table *table),
                   const char *column)
{
    struct probe_options options = quick_options();
    struct arena arena;
    struct table table;
    double last = 0.0;
    options.progress = note_progress;
    options.progress_context = &last;
    arena_init(&arena);
    table_init(&table, &arena, column);
    check_true(column, probe(&options, &table));
    int time = table_find_column(&table, "best_s");
    int rate = table_find_column(&table, column);
    check_at_least("columns", time < rate ? time : rate, 0.0);
    for (int row = 0; row < table.row_count; row++) {
        check_at_least("time", table_number(&table, row, time), 1e-9);
        check_at_least(column, table_number(&table, row, rate), 1e-9);
    }
    int rows = table.row_count;
    arena_release(&arena);
    return rows;
}

static void memory_and_arithmetic(void)
{
    check_count("two threads, three kernels, 32 KiB to 1 MiB",
                rows_of(probe_bandwidth, "bandwidth_byte_per_s"), 2 * 3 * 6);
    check_at_least("fp32 at least", rows_of(probe_peak, "peak_flop_per_s"), 2);
    check_count("barriers", rows_of(probe_barrier, "barrier_s"), 2);
}

static void a_single_reading(void)
{
    static unsigned char memory[1 << 20];
    struct pool *pool = pool_new(2);
    memset(memory, 1, sizeof memory);
    check_at_least("read bandwidth",
                   probe_read_bandwidth(pool, ISA_AVX512, memory, sizeof memory, 0.001), 1e7);
    check_at_least("latency", probe_latency(memory, sizeof memory), 1e-10);
    check_at_least("multiply-adds", probe_fma_rate(pool), 1e8);
    check_at_least("between threads", probe_exchange_rate(pool), 1e6);
    check_at_least("fork and join", probe_barrier_time(pool), 1e-9);
    pool_free(pool);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"memory and arithmetic", memory_and_arithmetic},
        {"a single reading",      a_single_reading     },
        {NULL,                    NULL                 }
    };
    return check_main("probe", cases);
}
