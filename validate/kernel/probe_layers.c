/* Grids of attention. */
#include "graph/batch.h"
#include "kernel/flash.h"
#include "kernel/probe_bench.h"

#include <string.h>

enum { REQUESTS_MAX = 16, NEW_TOKENS_MAX = 512 };

/* Attention of one shape. */
struct attention_bench {
    struct gemm gemm;
    const struct bench *memory; /* what goes through the caches before each call */
    struct pages pages;
    struct model model;
    struct kv_cache cache;
    struct flash_scratch scratch;
    struct segment segments[REQUESTS_MAX];
    int64_t requests;
    struct float_rows queries;
    struct float_rows out;
};

/* As many layers as make the caches of all requests outgrow the processor's; blocks are taken
 * whole.
 */
static int64_t cold_layers(const struct probe_options *options, const struct attention *a,
                           double requests, int64_t context, enum format format)
{
    double kept = (double)((context + KV_BLOCK_TOKENS - 1) / KV_BLOCK_TOKENS * KV_BLOCK_TOKENS);
    double bytes =
        2.0 * requests * kept * (double)(a->kv_heads * a->head_dim) * format_bytes(format);
    return (int64_t)(options->cold_bytes / bytes) + 1;
}

static bool attention_init(struct attention_bench *bench, const struct probe_options *options,
                           enum format format, int64_t past_tokens, int64_t new_tokens)
{
    const struct attention *a = &bench->model.attention;
    int64_t context = past_tokens + new_tokens;
    int64_t stride = (a->heads * a->head_dim + 31) / 32 * 32;
    int64_t rows = bench->requests * new_tokens;
    size_t bytes = (size_t)(rows * stride) * sizeof(float);
    bench->model.layers = cold_layers(options, a, (double)bench->requests, context, format);
    bench->queries = (struct float_rows){pages_take(&bench->pages, bytes), stride};
    bench->out = (struct float_rows){pages_take(&bench->pages, bytes), stride};
    for (int64_t i = 0; i < bench->requests; i++)
        bench->segments[i] = (struct segment){i, i * new_tokens, new_tokens, past_tokens, 0};
    if (!bench->queries.data || !bench->out.data ||
        !kv_cache_init(&bench->cache, &bench->pages, &bench->model, format, bench->requests,
                       context) ||
        !flash_scratch_init(&bench->scratch, &bench->pages, &bench->cache, a->heads,
                            pool_threads(bench->gemm.pool)))
        return false;
    size_t planes = (size_t)(bench->model.layers * bench->requests * a->kv_heads);
    memset(bench->cache.keys, 0x3c, planes * bench->cache.key_plane_bytes);
    memset(bench->cache.values, 0x3c, planes * bench->cache.value_plane_bytes);
    bench->gemm.rows->fill_uniform(bench->queries.data, 1, 1.0f, rows * stride);
    return true;
}

static void run_attention(void *context, int64_t repetition)
{
    struct attention_bench *bench = context;
    struct flash flash = {.gemm = &bench->gemm,
                          .cache = &bench->cache,
                          .scratch = &bench->scratch,
                          .attention = &bench->model.attention,
                          .layer = repetition % bench->model.layers,
                          .span = SPAN_FULL,
                          .queries = bench->queries,
                          .out = bench->out};
    if (bench->segments[0].count == 1) {
        flash_decode(&flash, bench->segments, bench->requests);
        return;
    }
    for (int64_t i = 0; i < bench->requests; i++)
        flash_prefill(&flash, &bench->segments[i]);
}

/* Between two calls of a step lies a layer: its weights went through the caches, then the
 * projection has written the queries just now. */
enum { LAYER_BYTES = 16 << 20 };

static void write_queries(void *context, int64_t repetition)
{
    const struct attention_bench *bench = context;
    const struct attention *a = &bench->model.attention;
    size_t room = bench->memory->weights_bytes;
    (void)repetition;
    bench_read(bench->memory, room < LAYER_BYTES ? room : (size_t)LAYER_BYTES);
    bench_touch(&bench->gemm, bench->queries, bench->requests * bench->segments[0].count,
                a->heads * a->head_dim);
}

struct attention_columns {
    int threads, format, heads, kv_heads, head_dim, requests, fresh, past, flops, bandwidth, read,
        mode, working_set, time;
};

static struct attention_columns add_attention_columns(struct table *table)
{
    return (struct attention_columns){
        .threads = probe_count_column(table, "threads", "threads", ""),
        .format = probe_text_column(table, "format", "cache"),
        .heads = probe_count_column(table, "heads", "heads", ""),
        .kv_heads = probe_count_column(table, "kv_heads", "kv heads", ""),
        .head_dim = probe_count_column(table, "head_dim", "head dim", ""),
        .requests = probe_count_column(table, "requests", "requests", ""),
        .fresh = probe_count_column(table, "new_tokens", "new tokens", ""),
        .past = probe_count_column(table, "past_tokens", "past tokens", ""),
        .flops = probe_number_column(table, "rate_flop_per_s", "rate", "FLOP/s"),
        .bandwidth = probe_number_column(table, "cache_byte_per_s", "cache", "B/s"),
        .read = probe_number_column(table, "read_byte_per_s", "memory beside", "B/s"),
        .mode = probe_add_mode_columns(table),
        .working_set = probe_number_column(table, "working_set_bytes", "working set", "B"),
        .time = probe_add_time_columns(table),
    };
}

static void set_attention_row(const struct attention_bench *bench, struct table *table,
                              const struct attention_columns *columns, struct probe_time time)
{
    const struct attention *a = &bench->model.attention;
    const struct segment *segment = &bench->segments[0];
    double requests = (double)bench->requests;
    double width = (double)a->head_dim;
    double pairs = requests * span_pairs(SPAN_FULL, a, segment->past_tokens, segment->count);
    double keys = requests * span_keys(SPAN_FULL, a, segment->past_tokens, segment->count);
    double bytes = 2.0 * keys * (double)a->kv_heads * width * format_bytes(bench->cache.format);
    int row = table_add_row(table);
    table_set_count(table, row, columns->threads, pool_threads(bench->gemm.pool));
    table_set_text(table, row, columns->format, format_names[bench->cache.format]);
    table_set_count(table, row, columns->heads, a->heads);
    table_set_count(table, row, columns->kv_heads, a->kv_heads);
    table_set_count(table, row, columns->head_dim, a->head_dim);
    table_set_count(table, row, columns->requests, bench->requests);
    table_set_count(table, row, columns->fresh, segment->count);
    table_set_count(table, row, columns->past, segment->past_tokens);
    table_set_number(table, row, columns->flops,
                     4.0 * (double)a->heads * width * pairs / time.median_s);
    table_set_number(table, row, columns->bandwidth, bytes / time.median_s);
    table_set_number(table, row, columns->working_set, bytes * (double)bench->model.layers);
    probe_set_mode(table, row, columns->mode, bench->gemm.pool);
    probe_set_time(table, row, columns->time, time);
}

/* Requests, new tokens, past tokens. */
static const int64_t attention_loads[][3] = {
    {1,  1,   128 },
    {1,  1,   512 },
    {1,  1,   2047},
    {4,  1,   512 },
    {16, 1,   128 },
    {16, 1,   512 },
    {1,  32,  0   },
    {1,  128, 0   },
    {1,  512, 0   },
    {1,  512, 512 },
    {1,  256, 1024},
};
/* Query heads, key/value heads, head width: SmolLM2, TinyLlama, OLMoE. */
static const int64_t attention_heads[][3] = {
    {9,  3,  64 },
    {32, 4,  64 },
    {16, 16, 128}
};

enum {
    LOADS = sizeof attention_loads / sizeof *attention_loads,
    HEADS = sizeof attention_heads / sizeof *attention_heads
};

static bool attention_row(const struct probe_options *options, struct bench *memory,
                          enum format format, int point, struct table *table,
                          const struct attention_columns *columns)
{
    const int64_t *load = attention_loads[point % LOADS];
    const int64_t *heads = attention_heads[point / LOADS];
    struct attention_bench bench = {
        .gemm = memory->gemm,
        .memory = memory,
        .requests = load[0],
        .model = {.attention = {.heads = heads[0], .kv_heads = heads[1], .head_dim = heads[2]}}};
    pages_init(&bench.pages);
    bool is_complete = attention_init(&bench, options, format, load[2], load[1]);
    if (is_complete) {
        struct probe_task task = {run_attention, &bench, write_queries};
        set_attention_row(&bench, table, columns, probe_repeat(task, options->point_s));
        if (load[1] == 1)
            table_set_number(table, table->row_count - 1, columns->read, bench_read_rate(memory));
    }
    pages_release(&bench.pages);
    return is_complete;
}

bool probe_attention(const struct probe_options *options, struct table *table)
{
    static const enum format formats[2] = {FORMAT_FP32, FORMAT_BF16};
    struct attention_columns columns = add_attention_columns(table);
    struct bench memory = {0};
    bool is_complete = bench_init(&memory, options);
    for (int threads = 1; threads <= options->threads_max && is_complete; threads++) {
        memory.gemm = probe_gemm_context(options, threads);
        is_complete = memory.gemm.pool != NULL;
        for (int i = 0; i < 2 * LOADS * HEADS && is_complete; i++) {
            probe_report(options, (threads - 1) * 2 * LOADS * HEADS + i,
                         options->threads_max * 2 * LOADS * HEADS);
            is_complete = attention_row(options, &memory, formats[i % 2], i / 2, table, &columns);
        }
        pool_free(memory.gemm.pool);
    }
    pages_release(&memory.pages);
    return is_complete;
}
