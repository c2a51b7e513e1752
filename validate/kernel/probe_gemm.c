/* Grids of products: plain, grouped as experts are, and the libraries' own. */
#include "kernel/library_gemm.h"
#include "kernel/probe_bench.h"

#include <string.h>

/* Products of more rows than these don't depend on memory. */
enum { MEMORY_ROWS = 16 };

struct product {
    struct bench *bench;
    enum format format;
    int64_t rows, columns, depth;
    bool is_cold;
};

static void run_product(void *context, int64_t repetition)
{
    const struct product *p = context;
    struct bench *bench = p->bench;
    struct matrix matrix =
        bench_matrix(bench, p->format, p->columns, p->depth, p->is_cold ? repetition : 0);
    gemm_run(&bench->gemm, &matrix, &bench->operand, bench->x, p->rows, bench->out, false);
}

/* The operator before it has written the activations just now. */
static void write_input(void *context, int64_t repetition)
{
    const struct product *p = context;
    (void)repetition;
    bench_touch(&p->bench->gemm, p->bench->x, p->rows, p->depth);
}

struct product_columns {
    int threads, format, weights, rows, columns, depth, flops, bandwidth, read, mode, time;
};

static struct product_columns add_product_columns(struct table *table)
{
    return (struct product_columns){
        .threads = probe_count_column(table, "threads", "threads", ""),
        .format = probe_text_column(table, "format", "weights"),
        .weights = probe_text_column(table, "residence", "residence"),
        .rows = probe_count_column(table, "rows", "M", ""),
        .columns = probe_count_column(table, "columns", "N", ""),
        .depth = probe_count_column(table, "depth", "K", ""),
        .flops = probe_number_column(table, "rate_flop_per_s", "rate", "FLOP/s"),
        .bandwidth = probe_number_column(table, "weights_byte_per_s", "weights", "B/s"),
        .read = probe_number_column(table, "read_byte_per_s", "memory beside", "B/s"),
        .mode = probe_add_mode_columns(table),
        .time = probe_add_time_columns(table),
    };
}

static void product_row(const struct probe_options *options, struct product *p, struct table *table,
                        const struct product_columns *columns)
{
    struct probe_time time =
        probe_repeat((struct probe_task){run_product, p, write_input}, options->point_s);
    double weights = (double)p->columns * (double)p->depth;
    int row = table_add_row(table);
    table_set_count(table, row, columns->threads, pool_threads(p->bench->gemm.pool));
    table_set_text(table, row, columns->format, format_names[p->format]);
    table_set_text(table, row, columns->weights, p->is_cold ? "cold" : "cached");
    table_set_count(table, row, columns->rows, p->rows);
    table_set_count(table, row, columns->columns, p->columns);
    table_set_count(table, row, columns->depth, p->depth);
    table_set_number(table, row, columns->flops, 2.0 * (double)p->rows * weights / time.median_s);
    table_set_number(table, row, columns->bandwidth,
                     weights * format_bytes(p->format) / time.median_s);
    if (p->is_cold && p->rows <= MEMORY_ROWS)
        table_set_number(table, row, columns->read, bench_read_rate(p->bench));
    probe_set_mode(table, row, columns->mode, p->bench->gemm.pool, p->bench->weights,
                   p->bench->weights_bytes);
    probe_set_time(table, row, columns->time, time);
}

/* Shapes as models of 0.1 to 1 billion parameters have them: N, K. */
static const int64_t product_shapes[][2] = {
    {960,   576 },
    {576,   1536},
    {2048,  2048},
    {9728,  896 },
    {11264, 2048},
    {2048,  5632},
};
static const int64_t product_rows[] = {1, 2, 4, 8, 16, 32, 128, 512};

enum {
    SHAPES = sizeof product_shapes / sizeof *product_shapes,
    ROW_COUNTS = sizeof product_rows / sizeof *product_rows
};

static void product_grid(const struct probe_options *options, struct product *p,
                         struct table *table, const struct product_columns *columns)
{
    for (int shape = 0; shape < SHAPES; shape++)
        for (int r = 0; r < ROW_COUNTS; r++) {
            p->columns = product_shapes[shape][0];
            p->depth = product_shapes[shape][1];
            p->rows = product_rows[r];
            p->is_cold = true;
            product_row(options, p, table, columns);
            p->is_cold = false;
            if (p->rows == 1 || p->rows == 8)
                product_row(options, p, table, columns);
        }
}

bool probe_gemm(const struct probe_options *options, struct table *table)
{
    struct bench bench = {0};
    struct product_columns columns = add_product_columns(table);
    bool is_complete = bench_init(&bench, options);
    for (int threads = 1; threads <= options->threads_max && is_complete; threads++) {
        bench.gemm = probe_gemm_context(options, threads);
        is_complete = bench.gemm.pool != NULL;
        for (int f = 0; f < PROBE_FORMATS && is_complete; f++) {
            struct product product = {.bench = &bench, .format = probe_formats[f]};
            probe_report(options, (threads - 1) * PROBE_FORMATS + f,
                         options->threads_max * PROBE_FORMATS);
            bench_fill(&bench, probe_formats[f]);
            product_grid(options, &product, table, &columns);
        }
        pool_free(bench.gemm.pool);
    }
    pages_release(&bench.pages);
    return is_complete;
}

enum { GROUPS_MAX = 64 };

/* Experts that were hit, each with as many rows. */
struct grouped {
    struct bench *bench;
    enum format format;
    int64_t experts, rows, columns, depth;
    struct matrix matrices[GROUPS_MAX];
    struct gemm_group groups[GROUPS_MAX];
};

static void run_grouped(void *context, int64_t repetition)
{
    struct grouped *g = context;
    struct bench *bench = g->bench;
    for (int64_t i = 0; i < g->experts; i++) {
        g->matrices[i] =
            bench_matrix(bench, g->format, g->columns, g->depth, repetition * g->experts + i);
        g->groups[i] = (struct gemm_group){&g->matrices[i], i * g->rows, g->rows};
    }
    gemm_convert(&bench->gemm, &bench->operand, g->format, g->depth, bench->x,
                 g->experts * g->rows);
    gemm_groups(&bench->gemm, g->groups, g->experts, &bench->operand, bench->out, false);
}

struct grouped_columns {
    int threads, format, experts, rows, columns, depth, flops, bandwidth, time;
};

static struct grouped_columns add_grouped_columns(struct table *table)
{
    return (struct grouped_columns){
        .threads = probe_count_column(table, "threads", "threads", ""),
        .format = probe_text_column(table, "format", "weights"),
        .experts = probe_count_column(table, "experts", "experts hit", ""),
        .rows = probe_count_column(table, "rows", "rows per expert", ""),
        .columns = probe_count_column(table, "columns", "N", ""),
        .depth = probe_count_column(table, "depth", "K", ""),
        .flops = probe_number_column(table, "rate_flop_per_s", "rate", "FLOP/s"),
        .bandwidth = probe_number_column(table, "weights_byte_per_s", "weights", "B/s"),
        .time = probe_add_time_columns(table),
    };
}

static void grouped_row(const struct probe_options *options, struct grouped *g, struct table *table,
                        const struct grouped_columns *columns)
{
    struct probe_time time =
        probe_repeat((struct probe_task){run_grouped, g, NULL}, options->point_s);
    double weights = (double)g->experts * (double)g->columns * (double)g->depth;
    int row = table_add_row(table);
    table_set_count(table, row, columns->threads, pool_threads(g->bench->gemm.pool));
    table_set_text(table, row, columns->format, format_names[g->format]);
    table_set_count(table, row, columns->experts, g->experts);
    table_set_count(table, row, columns->rows, g->rows);
    table_set_count(table, row, columns->columns, g->columns);
    table_set_count(table, row, columns->depth, g->depth);
    table_set_number(table, row, columns->flops, 2.0 * (double)g->rows * weights / time.median_s);
    table_set_number(table, row, columns->bandwidth,
                     weights * format_bytes(g->format) / time.median_s);
    probe_set_time(table, row, columns->time, time);
}

static const int64_t expert_shapes[][2] = {
    {2048, 2048},
    {2048, 1024},
    {512,  1024}
};
static const int64_t expert_counts[] = {1, 2, 8, 32, 64};
static const int64_t expert_rows[] = {1, 2, 8, 64};

static void grouped_grid(const struct probe_options *options, struct grouped *g,
                         struct table *table, const struct grouped_columns *columns)
{
    for (int shape = 0; shape < 3; shape++)
        for (int e = 0; e < 5; e++)
            for (int r = 0; r < 4; r++) {
                g->columns = expert_shapes[shape][0];
                g->depth = expert_shapes[shape][1];
                g->experts = expert_counts[e];
                g->rows = expert_rows[r];
                if (g->experts * g->rows <= BENCH_ROWS)
                    grouped_row(options, g, table, columns);
            }
}

bool probe_grouped_gemm(const struct probe_options *options, struct table *table)
{
    struct bench bench = {0};
    struct grouped_columns columns = add_grouped_columns(table);
    bool is_complete = bench_init(&bench, options);
    for (int threads = 1; threads <= options->threads_max && is_complete; threads++) {
        bench.gemm = probe_gemm_context(options, threads);
        is_complete = bench.gemm.pool != NULL;
        for (int f = 0; f < PROBE_FORMATS && is_complete; f++) {
            struct grouped grouped = {.bench = &bench, .format = probe_formats[f]};
            probe_report(options, (threads - 1) * PROBE_FORMATS + f,
                         options->threads_max * PROBE_FORMATS);
            bench_fill(&bench, probe_formats[f]);
            grouped_grid(options, &grouped, table, &columns);
        }
        pool_free(bench.gemm.pool);
    }
    pages_release(&bench.pages);
    return is_complete;
}

enum { LIBRARY_ROWS = 512, LIBRARY_COLUMNS = 4096, LIBRARY_DEPTH = 4096 };

static void run_library(void *context, int64_t repetition)
{
    (void)repetition;
    library_gemm_run(context);
}

struct library_columns {
    int threads, library, format, flops, ours, time;
};

/* One product of the library and the same of ours. */
static void library_row(const struct probe_options *options, struct bench *bench,
                        enum format format, struct table *table,
                        const struct library_columns *columns)
{
    int threads = pool_threads(bench->gemm.pool);
    struct library_gemm *library =
        library_gemm_new(format, LIBRARY_ROWS, LIBRARY_COLUMNS, LIBRARY_DEPTH, threads);
    if (!library)
        return;
    enum format own = format == FORMAT_INT8 ? FORMAT_Q8_0 : format;
    bench_fill(bench, own);
    struct product product = {bench, own, LIBRARY_ROWS, LIBRARY_COLUMNS, LIBRARY_DEPTH, true};
    double flops = 2.0 * LIBRARY_ROWS * LIBRARY_COLUMNS * LIBRARY_DEPTH;
    struct probe_time time =
        probe_repeat((struct probe_task){run_library, library, NULL}, options->point_s);
    struct probe_time ours =
        probe_repeat((struct probe_task){run_product, &product, NULL}, options->point_s);
    int row = table_add_row(table);
    table_set_count(table, row, columns->threads, threads);
    table_set_text(table, row, columns->library, library_gemm_name(format));
    table_set_text(table, row, columns->format, format_names[format]);
    table_set_number(table, row, columns->flops, flops / time.best_s);
    table_set_number(table, row, columns->ours, flops / ours.best_s);
    probe_set_time(table, row, columns->time, time);
    library_gemm_free(library);
}

bool probe_library_gemm(const struct probe_options *options, struct table *table)
{
    static const enum format formats[3] = {FORMAT_FP32, FORMAT_BF16, FORMAT_INT8};
    struct bench bench = {0};
    struct library_columns columns = {
        .threads = probe_count_column(table, "threads", "threads", ""),
        .library = probe_text_column(table, "library", "library"),
        .format = probe_text_column(table, "format", "weights"),
        .flops = probe_number_column(table, "library_flop_per_s", "library", "FLOP/s"),
        .ours = probe_number_column(table, "own_flop_per_s", "ours", "FLOP/s"),
        .time = probe_add_time_columns(table),
    };
    bool is_complete = bench_init(&bench, options);
    for (int threads = 1; threads <= options->threads_max && is_complete; threads++) {
        probe_report(options, threads - 1, options->threads_max);
        bench.gemm = probe_gemm_context(options, threads);
        is_complete = bench.gemm.pool != NULL;
        for (int f = 0; f < 3 && is_complete; f++)
            library_row(options, &bench, formats[f], table, &columns);
        pool_free(bench.gemm.pool);
    }
    pages_release(&bench.pages);
    return is_complete;
}
