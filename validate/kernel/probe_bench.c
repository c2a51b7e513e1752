#include "kernel/probe_bench.h"

#include "kernel/bare.h"
#include "kernel/op_timer.h"

#include <string.h>

bool bench_init(struct bench *bench, const struct probe_options *options)
{
    pages_init(&bench->pages);
    bench->weights_bytes = (size_t)options->cold_bytes;
    bench->weights = pages_take(&bench->pages, bench->weights_bytes);
    bench->operand.rows =
        pages_take(&bench->pages, BENCH_ROWS * operand_row_bytes_max(BENCH_DEPTH));
    bench->x = (struct float_rows){
        pages_take(&bench->pages, (size_t)BENCH_ROWS * BENCH_DEPTH * sizeof(float)), BENCH_DEPTH};
    bench->out = (struct float_rows){
        pages_take(&bench->pages, (size_t)BENCH_ROWS * BENCH_COLUMNS * sizeof(float)),
        BENCH_COLUMNS};
    if (!bench->weights || !bench->operand.rows || !bench->x.data || !bench->out.data)
        return false;
    memset(bench->weights, 1, bench->weights_bytes); /* untouched pages are all one page of zeros */
    const struct row_kernels *rows = row_kernels_for(isa_detect(options->isa_limit).isa);
    for (int64_t row = 0; row < BENCH_ROWS; row++)
        rows->fill_uniform(float_row(bench->x, row), (uint64_t)row, 1.0f, BENCH_DEPTH);
    return true;
}

/* Packs one unit of random weights and repeats it over the whole pool. */
void bench_fill(struct bench *bench, enum format format)
{
    float values[PANEL_OUTPUTS * BLOCK_DEPTH];
    size_t unit = unit_panel_bytes(format);
    struct matrix one = {.format = format,
                         .outputs = PANEL_OUTPUTS,
                         .depth = unit_depth(format),
                         .panels = 1,
                         .units = 1,
                         .weight = bench->weights};
    bench->gemm.rows->fill_uniform(values, 1, 0.05f, PANEL_OUTPUTS * BLOCK_DEPTH);
    memset(bench->weights, 0, unit);
    matrix_set_panel(&one, 0, values, PANEL_OUTPUTS);
    for (size_t at = unit; at + unit <= bench->weights_bytes; at += unit)
        memcpy(bench->weights + at, bench->weights, unit);
}

static size_t packed_bytes(enum format format, int64_t columns, int64_t depth)
{
    int64_t panels = (columns + PANEL_OUTPUTS - 1) / PANEL_OUTPUTS;
    int64_t units = (depth + unit_depth(format) - 1) / unit_depth(format);
    return (size_t)(panels * units) * unit_panel_bytes(format);
}

/* The `index`-th of as many matrices as the pool holds. */
struct matrix bench_matrix(const struct bench *bench, enum format format, int64_t columns,
                           int64_t depth, int64_t index)
{
    size_t bytes = packed_bytes(format, columns, depth);
    int64_t count = (int64_t)(bench->weights_bytes / bytes);
    return (struct matrix){.format = format,
                           .outputs = columns,
                           .depth = depth,
                           .panels = (columns + PANEL_OUTPUTS - 1) / PANEL_OUTPUTS,
                           .units = (depth + unit_depth(format) - 1) / unit_depth(format),
                           .weight =
                               bench->weights + (size_t)(index % (count > 0 ? count : 1)) * bytes};
}

struct read_job {
    const struct bench *bench;
    struct bare_kernels bare;
    size_t bytes;
    float sink[64]; /* per thread */
};

static void read_parts(void *context, int thread, int64_t begin, int64_t end)
{
    struct read_job *job = context;
    size_t share = job->bytes / (size_t)pool_threads(job->bench->gemm.pool) / 512 * 512;
    for (int64_t item = begin; item < end; item++)
        job->sink[thread % 64] += job->bare.read(job->bench->weights + (size_t)item * share, share);
}

void bench_read(const struct bench *bench, size_t bytes)
{
    struct read_job job = {bench, bare_kernels_for(bench->gemm.features), bytes, {0}};
    int64_t threads = pool_threads(bench->gemm.pool);
    pool_run(bench->gemm.pool, threads, 1, (struct pool_task){read_parts, &job});
}

double bench_read_rate(const struct bench *bench)
{
    enum { PASSES = 3 };
    const size_t enough = 128 << 20;
    size_t bytes = bench->weights_bytes < enough ? bench->weights_bytes : enough;
    int64_t start = clock_ns();
    for (int i = 0; i < PASSES; i++)
        bench_read(bench, bytes);
    return PASSES * (double)bytes / (1e-9 * (double)(clock_ns() - start));
}

struct touch_job {
    struct float_rows x;
    int64_t rows;
    int64_t columns;
};

enum { TOUCH_COLUMNS = 32 };

static void touch_columns(void *context, int thread, int64_t begin, int64_t end)
{
    const struct touch_job *job = context;
    (void)thread;
    for (int64_t panel = begin; panel < end; panel++) {
        int64_t first = panel * TOUCH_COLUMNS;
        int64_t left = job->columns - first;
        for (int64_t row = 0; row < job->rows; row++)
            for (int64_t i = 0; i < left && i < TOUCH_COLUMNS; i++)
                float_row(job->x, row)[first + i] *= -1.0f;
    }
}

void bench_touch(const struct gemm *gemm, struct float_rows x, int64_t rows, int64_t columns)
{
    struct touch_job job = {x, rows, columns};
    pool_run(gemm->pool, (columns + TOUCH_COLUMNS - 1) / TOUCH_COLUMNS, 2,
             (struct pool_task){touch_columns, &job});
}
