/* Row-wise work as a step finds it: its rows written by the operator before, weights gone through
 * the nearest caches since. */
#include "kernel/activation.h"
#include "kernel/kv_cache.h"
#include "kernel/probe_bench.h"

#include <string.h>

/* About what a layer moves through the caches before a row-wise operator gets at its rows: weights
 * and activations of some megabytes each. */
enum { FLUSH_BYTES = 16 << 20 };

enum {
    ROWS_MAX = 512,
    WIDTH_MAX = 5632,
    STRIDE = 2 * WIDTH_MAX,
    HEAD = 64,
    SLOTS = 8,
    CONTEXT = 512,
    PROMPT = 128
};

enum work {
    WORK_NORM,
    WORK_ACTIVATION,
    WORK_ROTATE,
    WORK_SEARCH,
    WORK_GATHER,
    WORK_WRITE,
    WORK_COUNT
};

static const char *const work_names[WORK_COUNT] = {"norm",   "activation", "rotate",
                                                   "search", "gather",     "write"};
/* Bytes read or written per element (of a key and its value: both). */
static const double work_moves[WORK_COUNT] = {16.0, 12.0, 8.0, 4.0, 8.0, 12.0};

enum { SHAPES = 3, ROW_COUNTS = 4 };
static const int64_t row_widths[SHAPES] = {576, 2048, WIDTH_MAX};
static const int64_t search_widths[SHAPES] = {32000, 49152, 128256}; /* vocabularies */
static const int64_t row_counts[ROW_COUNTS] = {1, 8, 128, ROWS_MAX};
/* Key/value heads and their width. */
static const int64_t write_heads[SHAPES][2] = {
    {3,  64 },
    {4,  128},
    {16, 128}
};

/* rows x width floats. */
struct rows_bench {
    struct bench *bench;
    struct float_rows in;
    struct float_rows out;
    int64_t rows;
    int64_t width;
    int64_t requests; /* whose rows they are */
    enum work work;
    int64_t repetition;
    float angles[2][HEAD / 2];
    int64_t found;
    float *pool; /* what `in` is a part of */
    int64_t pool_floats;
    struct kv_cache cache;
    int64_t layers; /* of the cache */
};

/* Somewhere in the pool: no row follows another. */
static const float *far_row(const struct rows_bench *b, int64_t row)
{
    uint64_t place = (uint64_t)(b->repetition * ROWS_MAX + row) * UINT64_C(0x9e3779b97f4a7c15);
    size_t room = b->bench->weights_bytes - (size_t)b->width * sizeof(float);
    return (const float *)(const void *)(b->bench->weights + (place >> 16) % room / 64 * 64);
}

/* Few rows are decode steps, each of another request; many are prompts. */
static void write_token(const struct rows_bench *b, int64_t row)
{
    int64_t tokens = b->rows / b->requests;
    int64_t start = tokens > 1 ? 0 : b->repetition * 7 % CONTEXT;
    const float *keys = float_row(b->in, row);
    kv_cache_write(&b->cache, b->repetition % b->layers, row / tokens, start + row % tokens, keys,
                   keys + b->width);
}

static void work_on_row(struct rows_bench *b, int64_t row)
{
    const struct row_kernels *rows = b->bench->gemm.rows;
    float *in = float_row(b->in, row);
    float *out = float_row(b->out, row);
    switch (b->work) {
    case WORK_NORM:
        rows->add(in, out, b->width);
        rows->rms_norm(out, in, NULL, 1e-5f, b->width);
        break;
    case WORK_ROTATE:
        for (int64_t at = 0; at + HEAD <= b->width; at += HEAD)
            rows->rotate(in + at, b->angles[0], b->angles[1], HEAD / 2);
        break;
    case WORK_SEARCH:
        b->found = rows->argmax(in, b->width);
        break;
    case WORK_GATHER:
        memcpy(out, far_row(b, row), (size_t)b->width * sizeof(float));
        break;
    case WORK_WRITE:
        write_token(b, row);
        break;
    case WORK_ACTIVATION: /* runs on all rows at once */
    case WORK_COUNT:
        break;
    }
}

static void work_on_rows(void *context, int thread, int64_t begin, int64_t end)
{
    (void)thread;
    for (int64_t row = begin; row < end; row++)
        work_on_row(context, row);
}

static void run_rows(void *context, int64_t repetition)
{
    struct rows_bench *b = context;
    const struct ffn ffn = {.activation = ACTIVATION_SILU, .is_gated = true};
    b->repetition = repetition;
    if (b->work == WORK_SEARCH) /* as greedy sampling runs: on one thread */
        work_on_rows(b, 0, 0, b->rows);
    else if (b->work == WORK_ACTIVATION)
        activation_run(&b->bench->gemm, &ffn, b->in, b->width, b->rows, b->out);
    else
        pool_run(b->bench->gemm.pool, b->rows, 8, (struct pool_task){work_on_rows, b});
}

/* The same rows each time; but other logits, whose largest may stand anywhere. */
static void place_rows(struct rows_bench *b, int64_t repetition)
{
    uint64_t room = (uint64_t)(b->pool_floats - b->rows * b->width) / 16;
    uint64_t place = (uint64_t)repetition * UINT64_C(0x9e3779b97f4a7c15) >> 16;
    b->in = (struct float_rows){b->pool, STRIDE};
    if (b->work == WORK_SEARCH)
        b->in = (struct float_rows){b->pool + 16 * (place % room), b->width};
}

static void write_rows(void *context, int64_t repetition)
{
    struct rows_bench *b = context;
    bool is_pair = b->work == WORK_ACTIVATION || b->work == WORK_WRITE;
    place_rows(b, repetition);
    if (b->work != WORK_SEARCH)
        bench_touch(&b->bench->gemm, b->out, b->rows, b->width);
    bench_touch(&b->bench->gemm, b->in, b->rows, is_pair ? 2 * b->width : b->width);
    bench_read(b->bench, b->bench->weights_bytes < FLUSH_BYTES ? b->bench->weights_bytes
                                                               : (size_t)FLUSH_BYTES);
}

struct rows_columns {
    int threads, kind, rows, width, requests, heads, bandwidth, mode, time;
};

static struct rows_columns add_columns(struct table *table)
{
    return (struct rows_columns){
        .threads = probe_count_column(table, "threads", "threads", ""),
        .kind = probe_text_column(table, "kind", "work"),
        .rows = probe_count_column(table, "rows", "rows", ""),
        .width = probe_count_column(table, "width", "width", ""),
        .requests = probe_count_column(table, "requests", "requests", ""),
        .heads = probe_count_column(table, "kv_heads", "kv heads", ""),
        .bandwidth = probe_number_column(table, "bandwidth_byte_per_s", "bandwidth", "B/s"),
        .mode = probe_add_mode_columns(table),
        .time = probe_add_time_columns(table),
    };
}

static void rows_row(const struct probe_options *options, struct rows_bench *b, struct table *table,
                     const struct rows_columns *columns)
{
    struct probe_time time =
        probe_repeat((struct probe_task){run_rows, b, write_rows}, options->point_s);
    double bytes = work_moves[b->work] * (double)(b->rows * b->width);
    int row = table_add_row(table);
    table_set_count(table, row, columns->threads, pool_threads(b->bench->gemm.pool));
    table_set_text(table, row, columns->kind, work_names[b->work]);
    table_set_count(table, row, columns->rows, b->rows);
    table_set_count(table, row, columns->width, b->width);
    table_set_count(table, row, columns->requests, b->requests);
    if (b->work == WORK_WRITE)
        table_set_count(table, row, columns->heads, b->cache.kv_heads);
    table_set_number(table, row, columns->bandwidth, bytes / time.median_s);
    probe_set_mode(table, row, columns->mode, b->bench->gemm.pool);
    probe_set_time(table, row, columns->time, time);
}

/* As many layers as outgrow the processor's caches. */
static bool open_cache(const struct probe_options *options, struct rows_bench *b, int shape,
                       struct pages *pages)
{
    int64_t heads = write_heads[shape][0];
    int64_t dim = write_heads[shape][1];
    double layer_bytes = 4.0 * (double)(SLOTS * CONTEXT * heads * dim); /* bf16, twice */
    b->width = heads * dim;
    b->layers = 1 + (int64_t)(options->cold_bytes / layer_bytes);
    struct model model = {
        .layers = b->layers, .attention = {.kv_heads = heads, .head_dim = dim}
    };
    if (!kv_cache_init(&b->cache, pages, &model, FORMAT_BF16, SLOTS, CONTEXT))
        return false;
    size_t planes = (size_t)(b->layers * SLOTS * heads);
    memset(b->cache.keys, 0x3c, planes * b->cache.key_plane_bytes);
    memset(b->cache.values, 0x3c, planes * b->cache.value_plane_bytes);
    return true;
}

static bool rows_grid(const struct probe_options *options, struct rows_bench *b,
                      struct table *table, const struct rows_columns *columns)
{
    bool is_complete = true;
    for (int i = 0; i < WORK_COUNT * SHAPES && is_complete; i++) {
        struct pages pages;
        pages_init(&pages);
        b->work = (enum work)(i / SHAPES);
        b->width = (b->work == WORK_SEARCH ? search_widths : row_widths)[i % SHAPES];
        if (b->work == WORK_WRITE)
            is_complete = open_cache(options, b, i % SHAPES, &pages);
        int counts = b->work == WORK_SEARCH ? 2 : ROW_COUNTS; /* few rows sample */
        for (int r = 0; r < counts && is_complete; r++) {
            b->rows = row_counts[r];
            b->requests = b->rows < PROMPT ? b->rows : b->rows / PROMPT;
            place_rows(b, 0);
            rows_row(options, b, table, columns);
        }
        pages_release(&pages);
    }
    return is_complete;
}

bool probe_rows(const struct probe_options *options, struct table *table)
{
    struct rows_columns columns = add_columns(table);
    struct pages pages;
    struct bench bench = {0};
    pages_init(&pages);
    int64_t floats = ROWS_MAX * STRIDE;
    size_t bytes = (size_t)floats * sizeof(float);
    struct rows_bench rows = {
        .bench = &bench, .out = {pages_take(&pages, bytes), STRIDE},
             .pool_floats = floats
    };
    rows.pool = pages_take(&pages, bytes);
    bool is_complete = bench_init(&bench, options) && rows.pool && rows.out.data;
    for (int threads = 1; threads <= options->threads_max && is_complete; threads++) {
        probe_report(options, threads - 1, options->threads_max);
        bench.gemm = probe_gemm_context(options, threads);
        is_complete = bench.gemm.pool != NULL;
        if (is_complete) {
            bench.gemm.rows->fill_uniform(rows.pool, 1, 1.0f, floats);
            bench.gemm.rows->fill_uniform(rows.out.data, 2, 1.0f, floats);
            is_complete = rows_grid(options, &rows, table, &columns);
        }
        pool_free(bench.gemm.pool);
    }
    pages_release(&bench.pages);
    pages_release(&pages);
    return is_complete;
}
