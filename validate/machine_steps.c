#include "validate/machine_steps.h"

#include "validate/measure_bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQUESTS_MAX = 16, CONTEXT_MAX = 1032, CHUNK_TOKENS = 512 };

/* What a decoder's layers read per step: more than caches hold [B]. */
static const double layers_bytes = 48e6;

/* Decoders of small models' proportions. */
static const struct {
    int64_t hidden, heads, kv_heads, head_dim, ffn, vocab;
    int64_t experts, top_k, expert_ffn;
} skeletons[] = {
    {512,  8,  2,  64,  1408, 24000, 0,  0, 0   },
    {768,  12, 4,  64,  3328, 40000, 0,  0, 0   },
    {1280, 16, 2,  64,  3584, 32000, 0,  0, 0   },
    {1792, 14, 14, 128, 5120, 20000, 0,  0, 0   },
    {640,  10, 10, 64,  0,    16000, 32, 4, 448 },
    {1536, 12, 12, 128, 0,    24000, 16, 2, 1280},
};

/* Steps of each: requests, new and past tokens. */
static const struct batch_part parts[] = {
    {1,  32,  0,    1},
    {1,  128, 0,    1},
    {1,  512, 0,    1},
    {4,  48,  0,    1},
    {1,  1,   128,  1},
    {1,  1,   1024, 1},
    {2,  1,   512,  1},
    {4,  1,   768,  1},
    {8,  1,   256,  1},
    {16, 1,   128,  1},
    {16, 1,   640,  1},
};

enum {
    SKELETONS = sizeof skeletons / sizeof *skeletons,
    PARTS = sizeof parts / sizeof *parts,
    FORMATS = 4
};

static const enum format formats[FORMATS] = {FORMAT_FP32, FORMAT_BF16, FORMAT_Q8_0, FORMAT_Q4_0};

static double layer_parameters(int skeleton)
{
    double hidden = (double)skeletons[skeleton].hidden;
    double heads = 2.0 * (double)(skeletons[skeleton].heads + skeletons[skeleton].kv_heads);
    double dense = 3.0 * hidden * (double)skeletons[skeleton].ffn;
    double experts =
        3.0 * hidden * (double)(skeletons[skeleton].experts * skeletons[skeleton].expert_ffn);
    return hidden * heads * (double)skeletons[skeleton].head_dim + dense + experts;
}

static struct model model_of(int skeleton, enum format format)
{
    bool is_moe = skeletons[skeleton].experts > 0;
    double layers = ceil(layers_bytes / (layer_parameters(skeleton) * format_bytes(format)));
    return (struct model){
        .id = "made-up",
        .name = "made-up",
        .layers = (int64_t)layers,
        .hidden = skeletons[skeleton].hidden,
        .vocab = skeletons[skeleton].vocab,
        .has_tied_embeddings = true,
        .max_context_tokens = CONTEXT_MAX,
        .norms_per_layer = 2,
        .attention = {.kind = ATTENTION_GQA,
                      .heads = skeletons[skeleton].heads,
                      .kv_heads = skeletons[skeleton].kv_heads,
                      .head_dim = skeletons[skeleton].head_dim,
                      .qk_norm = is_moe ? QK_NORM_FULL : QK_NORM_NONE},
        .ffn = {.activation = ACTIVATION_SILU,
                      .is_gated = true,
                      .dense_ffn = skeletons[skeleton].ffn,
                      .moe = {.experts = skeletons[skeleton].experts,
                        .top_k = skeletons[skeleton].top_k,
                        .expert_ffn = skeletons[skeleton].expert_ffn,
                        .every = 1,
                        .router = "softmax"}    },
    };
}

/* Columns that hold one number of an operator each. X(name, title, unit, member) */
#define NUMBER_LIST(X)                                                                             \
    X("flops", "FLOPs", "FLOP", flops)                                                             \
    X("weight_bytes", "weights", "B", weight_bytes)                                                \
    X("kv_bytes", "KV cache", "B", kv_bytes)                                                       \
    X("activation_bytes", "activations", "B", activation_bytes)                                    \
    X("rows", "rows", "", shape.rows)                                                              \
    X("columns", "columns", "", shape.columns)                                                     \
    X("depth", "depth", "", shape.depth)                                                           \
    X("groups", "groups", "", shape.groups)                                                        \
    X("heads_per_group", "heads per group", "", shape.heads_per_group)                             \
    X("requests", "requests", "", shape.requests)                                                  \
    X("experts", "experts", "", shape.experts)                                                     \
    X("top_k", "top k", "", shape.top_k)                                                           \
    X("inputs", "inputs", "", shape.inputs)                                                        \
    X("element_bytes", "bytes per element", "B", shape.element_bytes)

#define COUNT_NUMBER(name, title, unit, member) +1
enum { NUMBERS = 0 NUMBER_LIST(COUNT_NUMBER) };
#undef COUNT_NUMBER

static int number_column(struct table *table, const char *name, const char *title, const char *unit)
{
    return table_add_column(table, (struct column){name, title, unit, CELL_NUMBER, false});
}

static int text_column(struct table *table, const char *name, const char *title)
{
    return table_add_column(table, (struct column){name, title, "", CELL_TEXT, false});
}

/* Where a row goes. */
struct steps_rows {
    struct table *table;
    int threads; /* of the decoder */
    int op, class, math, threads_column, numbers, time, calls, working_set, read, exchange, barrier,
        fma, latency;
};

static struct steps_rows add_columns(struct table *table)
{
    struct steps_rows rows = {.table = table,
                              .op = text_column(table, "op", "operator"),
                              .class = text_column(table, "class", "class"),
                              .math = text_column(table, "math", "arithmetic"),
                              .threads_column = number_column(table, "threads", "threads", "")};
    int last = rows.threads_column;
#define ADD_NUMBER(name, title, unit, member) last = number_column(table, name, title, unit);
    NUMBER_LIST(ADD_NUMBER)
#undef ADD_NUMBER
    rows.numbers = last - NUMBERS + 1;
    rows.time = number_column(table, "time_s", "time", "s");
    rows.calls = number_column(table, "calls", "calls", "");
    rows.working_set = number_column(table, "working_set_bytes", "working set", "B");
    rows.read = number_column(table, "read_byte_per_s", "memory beside", "B/s");
    rows.exchange = number_column(table, PROBE_EXCHANGE_COLUMN, "between cores", "B/s");
    rows.barrier = number_column(table, PROBE_BARRIER_COLUMN, "fork and join", "s");
    rows.fma = number_column(table, PROBE_FMA_COLUMN, "multiply-adds", "FLOP/s");
    rows.latency = number_column(table, PROBE_LATENCY_COLUMN, "latency", "s");
    return rows;
}

/* The operator as it ran: with the experts that were hit, not those expected. */
static struct op op_as_run(const struct measured_op *measured)
{
    struct op op = *measured->op;
    if (op.kernel == KERNEL_MOE) {
        op.shape.groups = measured_distinct(measured);
        op.shape.rows = op.shape.requests * op.shape.top_k / op.shape.groups;
        op.weight_bytes = measured->work.weight_bytes;
    }
    return op;
}

/* Five digits are more than a measurement is worth, and keep tables small. */
static double five_digits(double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.4e", value);
    return strtod(text, NULL);
}

static void add_measured(void *context, const struct measured_op *measured)
{
    const struct steps_rows *rows = context;
    if (!measured->is_steady)
        return;
    struct op op = op_as_run(measured);
    int row = table_add_row(rows->table);
    int column = rows->numbers;
    table_set_text(rows->table, row, rows->op, op_names[op.kind]);
    table_set_text(rows->table, row, rows->class, kernel_names[op.kernel]);
    table_set_text(rows->table, row, rows->math, math_names[op.math]);
    table_set_number(rows->table, row, rows->threads_column, rows->threads);
#define SET_NUMBER(name, title, unit, member)                                                      \
    table_set_number(rows->table, row, column++, op.member);
    NUMBER_LIST(SET_NUMBER)
#undef SET_NUMBER
    table_set_number(rows->table, row, rows->time, five_digits(measured->time_s));
    table_set_number(rows->table, row, rows->calls, (double)measured->calls);
    table_set_number(rows->table, row, rows->working_set, measured->working_set_bytes);
    table_set_number(rows->table, row, rows->read, five_digits(measured->probed.read_byte_per_s));
    table_set_number(rows->table, row, rows->exchange,
                     five_digits(measured->probed.exchange_byte_per_s));
    table_set_number(rows->table, row, rows->barrier, five_digits(measured->probed.barrier_s));
    table_set_number(rows->table, row, rows->fma, five_digits(measured->probed.fma_flop_per_s));
    table_set_number(rows->table, row, rows->latency, five_digits(measured->probed.latency_s));
}

/* All steps of one decoder. */
static bool run_decoder(const struct probe_options *options, int skeleton, enum format format,
                        struct steps_rows *rows)
{
    struct model model = model_of(skeleton, format);
    struct measure_setup setup = {.model = &model,
                                  .weights = format,
                                  .kv_cache = format == FORMAT_FP32 ? FORMAT_FP32 : FORMAT_BF16,
                                  .threads = rows->threads,
                                  .chunk_tokens = CHUNK_TOKENS,
                                  .seed = 1};
    struct measure_sink sink = {add_measured, rows};
    const char *why = NULL;
    struct arena arena;
    arena_init(&arena);
    struct measure_bench *bench = measure_open(&arena, &setup, REQUESTS_MAX, CONTEXT_MAX, &why);
    for (int i = 0; i < PARTS && bench; i++)
        measure_step(bench, &parts[i], options->point_s, false, sink);
    measure_close(bench);
    arena_release(&arena);
    return bench != NULL;
}

bool machine_steps_run(const struct probe_options *options, struct table *table)
{
    struct steps_rows rows = add_columns(table);
    int decoders = SKELETONS * FORMATS;
    for (rows.threads = 1; rows.threads <= options->threads_max; rows.threads++)
        for (int i = 0; i < decoders; i++) {
            if (options->progress)
                options->progress(options->progress_context,
                                  (double)((rows.threads - 1) * decoders + i) /
                                      (double)(options->threads_max * decoders));
            if (!run_decoder(options, i / FORMATS, formats[i % FORMATS], &rows))
                return false;
        }
    return true;
}

static int index_of(const char *name, const char *const names[], int count)
{
    int i = 0;
    while (i < count && strcmp(name, names[i]) != 0)
        i++;
    return i;
}

static const char *word(const struct table *table, int row, const char *column)
{
    int index = table_find_column(table, column);
    return index < 0 ? "" : table_cell(table, row, index).text;
}

static double number(const struct table *table, int row, const char *column)
{
    int index = table_find_column(table, column);
    double value = index < 0 ? (double)NAN : table_number(table, row, index);
    return value > 0.0 ? value : 0.0;
}

void machine_sample_add(struct sink *sink, const struct table *table, int row, const struct op *op)
{
    const double longest_s = 2e-5; /* of a fork and join, unless another program had a core */
    if (number(table, row, PROBE_BARRIER_COLUMN) > longest_s)
        return;
    struct kernel_sample *sample = sink_kernel(sink, op, number(table, row, "time_s"), row + 1);
    if (!sample)
        return;
    sample->threads = number(table, row, "threads");
    sample->working_set_bytes = number(table, row, "working_set_bytes");
    sample->probed = (struct probed){
        number(table, row, "read_byte_per_s"), number(table, row, PROBE_EXCHANGE_COLUMN),
        number(table, row, PROBE_BARRIER_COLUMN), number(table, row, PROBE_FMA_COLUMN),
        number(table, row, PROBE_LATENCY_COLUMN)};
}

void machine_steps_add(struct sink *sink, const struct table *table)
{
    for (int row = 0; row < table->row_count; row++) {
        int kind = index_of(word(table, row, "op"), op_names, OP_KIND_COUNT);
        int kernel = index_of(word(table, row, "class"), kernel_names, KERNEL_COUNT);
        int math = index_of(word(table, row, "math"), math_names, MATH_COUNT);
        if (kind == OP_KIND_COUNT || kernel == KERNEL_COUNT || math == MATH_COUNT)
            continue;
        struct op op = {
            .kind = (enum op_kind)kind, .kernel = (enum kernel)kernel, .math = (enum math)math};
#define GET_NUMBER(name, title, unit, member) op.member = number(table, row, name);
        NUMBER_LIST(GET_NUMBER)
#undef GET_NUMBER
        machine_sample_add(sink, table, row, &op);
    }
}
