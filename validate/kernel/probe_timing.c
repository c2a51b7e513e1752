#include "kernel/probe_timing.h"

#include "kernel/op_timer.h"

#include <stdlib.h>

const enum format probe_formats[PROBE_FORMATS] = {FORMAT_FP32, FORMAT_BF16, FORMAT_Q8_0,
                                                  FORMAT_Q4_0};

enum { REPETITIONS_MIN = 3, REPETITIONS_MAX = 4096 };

struct probe_options probe_options_default(void)
{
    return (struct probe_options){.threads_max = 2,
                                  .isa_limit = ISA_AVX512,
                                  .point_s = 0.1,
                                  .cold_bytes = 256e6,
                                  .largest_bytes = 256 << 20};
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;
    return (*x > *y) - (*x < *y);
}

int64_t probe_median_ns(int64_t *times, int64_t count)
{
    qsort(times, (size_t)count, sizeof *times, compare);
    return times[count / 2];
}

struct probe_time probe_repeat(struct probe_task task, double limit_s)
{
    int64_t times[REPETITIONS_MAX];
    int64_t count = 0;
    int64_t limit_ns = (int64_t)(limit_s * 1e9);
    task.run(task.context, 0);
    int64_t start = clock_ns();
    for (; count < REPETITIONS_MAX; count++) {
        if (count >= REPETITIONS_MIN && clock_ns() - start > limit_ns)
            break;
        if (task.prepare)
            task.prepare(task.context, count + 1);
        int64_t before = clock_ns();
        task.run(task.context, count + 1);
        times[count] = clock_ns() - before;
    }
    int64_t median = probe_median_ns(times, count);
    return (struct probe_time){1e-9 * (double)median, 1e-9 * (double)times[0], count};
}

int probe_add_time_columns(struct table *table)
{
    int first = probe_number_column(table, "time_s", "time", "s");
    probe_number_column(table, "best_s", "best time", "s");
    probe_count_column(table, "repetitions", "repetitions", "");
    return first;
}

void probe_set_time(struct table *table, int row, int first_column, struct probe_time time)
{
    table_set_number(table, row, first_column, time.median_s);
    table_set_number(table, row, first_column + 1, time.best_s);
    table_set_count(table, row, first_column + 2, time.repetitions);
}

int probe_add_mode_columns(struct table *table)
{
    int first = probe_number_column(table, PROBE_EXCHANGE_COLUMN, "between cores", "B/s");
    probe_number_column(table, PROBE_BARRIER_COLUMN, "fork and join", "s");
    probe_number_column(table, PROBE_FMA_COLUMN, "multiply-adds", "FLOP/s");
    probe_number_column(table, PROBE_LATENCY_COLUMN, "latency", "s");
    return first;
}

void probe_set_mode(struct table *table, int row, int first_column, struct pool *pool,
                    const void *memory, size_t size_bytes)
{
    table_set_number(table, row, first_column + 2, probe_fma_rate(pool));
    table_set_number(table, row, first_column + 3, probe_latency(memory, size_bytes));
    if (pool_threads(pool) < 2)
        return;
    table_set_number(table, row, first_column, probe_exchange_rate(pool));
    table_set_number(table, row, first_column + 1, probe_barrier_time(pool));
}

void probe_report(const struct probe_options *options, int64_t done, int64_t all)
{
    if (options->progress)
        options->progress(options->progress_context, (double)done / (double)all);
}

int probe_count_column(struct table *table, const char *name, const char *title, const char *unit)
{
    return table_add_column(table, (struct column){name, title, unit, CELL_COUNT, false});
}

int probe_number_column(struct table *table, const char *name, const char *title, const char *unit)
{
    return table_add_column(table, (struct column){name, title, unit, CELL_NUMBER, false});
}

int probe_text_column(struct table *table, const char *name, const char *title)
{
    return table_add_column(table, (struct column){name, title, "", CELL_TEXT, false});
}

struct gemm probe_gemm_context(const struct probe_options *options, int threads)
{
    struct isa_features features = isa_detect(options->isa_limit);
    return (struct gemm){pool_new(threads), features, row_kernels_for(features.isa)};
}
