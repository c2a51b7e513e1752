/* Our own two tables, for people who measured something themselves; see validate/README.md. */
#include "validate/import.h"
#include "validate/machine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Where a measured time comes from, and what its unit is in seconds. */
struct time_source {
    struct csv_source source;
    double unit_s;
};

/* The column `name`_ms, _s or _us. */
static struct time_source find_time(const struct csv *csv, const char *name)
{
    static const struct {
        const char *ending;
        double unit_s;
    } rows[] = {
        {"_ms", 1e-3},
        {"_s",  1.0 },
        {"_us", 1e-6}
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *full = arena_printf(csv->arena, "%s%s", name, rows[i].ending);
        if (csv_has(csv, full))
            return (struct time_source){csv_find(csv, full), rows[i].unit_s};
    }
    return (struct time_source){csv_or_number(csv, "", (double)NAN), 1.0};
}

static double seconds(struct csv *csv, const struct time_source *time)
{
    return time->unit_s * csv_number(csv, &time->source);
}

static bool is_found(const struct csv_source *source)
{
    return source->column >= 0 || !isnan(source->number);
}

/* A table of runs without any figure to compare with is a mistake in its header. */
static void need_figure(struct csv *csv, bool has_figure)
{
    if (!has_figure)
        csv_complain(csv, -1,
                     "no column holds a measured figure: ttft_ms, tpot_ms, e2e_ms (or _s, _us), "
                     "prefill_tok_per_s, decode_tok_per_s");
}

static enum format format_cell(struct csv *csv, const struct csv_source *source)
{
    enum format format = import_format(csv_text(csv, source));
    if (format != FORMAT_COUNT)
        return format;
    csv_complain(
        csv, source->column,
        arena_printf(csv->arena, "no number format is called '%.40s'", csv_text(csv, source)));
    return FORMAT_BF16;
}

/* Where the cells of a run come from. */
struct run_columns {
    struct csv_source model, device, weights, activations, kv_cache, arithmetic;
    struct csv_source devices, batch, input, output, depth, threads, chunk;
    struct csv_source read, exchange, barrier, fma, latency;
    struct csv_source layers, experts, top_k, expert_ffn;
    struct csv_source others;
    struct time_source ttft, tpot, e2e;
};

static struct run_columns find_run_columns(struct csv *csv)
{
    return (struct run_columns){
        .model = csv_need(csv, "model"),
        .device = csv_or_text(csv, "device", NULL),
        .weights = csv_or_text(csv, "weights", "bf16"),
        .activations = csv_or_text(csv, "activations", "bf16"),
        .kv_cache = csv_or_text(csv, "kv_cache", "bf16"),
        .arithmetic = csv_or_text(csv, "arithmetic", "activations"),
        .devices = csv_or_number(csv, "devices", 1.0),
        .batch = csv_need(csv, "batch"),
        .input = csv_need(csv, "input"),
        .output = csv_need(csv, "output"),
        .depth = csv_or_number(csv, "depth", 0.0),
        .threads = csv_or_number(csv, "threads", 0.0),
        .chunk = csv_or_number(csv, "batched_tokens", 0.0),
        .read = csv_or_number(csv, "read_gb_s", 0.0),
        .exchange = csv_or_number(csv, "exchange_gb_s", 0.0),
        .barrier = csv_or_number(csv, "barrier_us", 0.0),
        .fma = csv_or_number(csv, "fma_gflop_s", 0.0),
        .latency = csv_or_number(csv, "latency_ns", 0.0),
        .layers = csv_or_number(csv, "layers", 0.0),
        .experts = csv_or_number(csv, "experts", 0.0),
        .top_k = csv_or_number(csv, "top_k", 0.0),
        .expert_ffn = csv_or_number(csv, "expert_ffn", 0.0),
        .ttft = find_time(csv, "ttft"),
        .tpot = find_time(csv, "tpot"),
        .e2e = find_time(csv, "e2e"),
        .others = csv_or_number(csv, "others", 0.0),
    };
}

/* A number that may be absent: 0 then. */
static double optional(struct csv *csv, const struct csv_source *source)
{
    double number = csv_number(csv, source);
    return number > 0.0 && number < 1e15 ? number : 0.0;
}

/* A run of the row with everything but its sizes and times. */
static struct run_sample *add_run(struct csv *csv, struct sink *sink, const struct run_columns *c)
{
    struct run_sample *run = sink_run(sink, csv_line(csv));
    const char *name = csv_text(csv, &c->device);
    run->device = import_device(name) ? import_device(name) : sink_word(sink, name);
    run->model = sink_word(sink, csv_text(csv, &c->model));
    run->precision =
        (struct precision){format_cell(csv, &c->weights), format_cell(csv, &c->activations),
                           format_cell(csv, &c->kv_cache), HEAD_AUTO};
    bool is_stored = strcmp(csv_text(csv, &c->arithmetic), "weights") == 0;
    run->arithmetic = is_stored ? ARITHMETIC_WEIGHTS : ARITHMETIC_ACTIVATIONS;
    run->threads = (int64_t)optional(csv, &c->threads);
    run->batched_tokens = (int64_t)optional(csv, &c->chunk);
    run->probed = (struct probed){1e9 * optional(csv, &c->read), 1e9 * optional(csv, &c->exchange),
                                  1e-6 * optional(csv, &c->barrier), 1e9 * optional(csv, &c->fma),
                                  1e-9 * optional(csv, &c->latency)};
    run->changed = (struct model_variant){
        (int64_t)optional(csv, &c->layers), (int64_t)optional(csv, &c->experts),
        (int64_t)optional(csv, &c->top_k), (int64_t)optional(csv, &c->expert_ffn)};
    if (run->threads > 0) {
        char threads[32];
        snprintf(threads, sizeof threads, "%lld threads", (long long)run->threads);
        run->variant = sink_words(sink, csv_text(csv, &c->weights), threads);
    }
    return run;
}

static void read_measured_runs(struct csv *csv, struct sink *sink)
{
    struct run_columns c = find_run_columns(csv);
    need_figure(csv,
                is_found(&c.ttft.source) || is_found(&c.tpot.source) || is_found(&c.e2e.source));
    sink->set->assumed = "static batch: TTFT until the whole batch has its first token, TPOT = "
                         "(E2E - TTFT) / (output - 1), after depth tokens where a depth is given";
    while (csv_next(csv)) {
        double s[] = {csv_number(csv, &c.batch), csv_number(csv, &c.input),
                      csv_number(csv, &c.output), csv_number(csv, &c.devices)};
        double depth = optional(csv, &c.depth);
        double others = optional(csv, &c.others);
        if (!sink_accepts(sink, s, 4))
            continue;
        if (others > MACHINE_BEARABLE_OTHERS) {
            sink_refuse(sink, "other programs used more than 0.1 processors meanwhile");
            continue;
        }
        struct run_sample *run = add_run(csv, sink, &c);
        run->workload = (struct workload){(int64_t)s[0], (int64_t)s[1], (int64_t)s[2]};
        run->devices = (int64_t)s[3];
        run->ttft_s = seconds(csv, &c.ttft);
        run->e2e_s = seconds(csv, &c.e2e);
        if (depth > 0.0) { /* decoding started elsewhere: a run of its own */
            run->workload.output_tokens = 1;
            run = add_run(csv, sink, &c);
            run->workload = (struct workload){(int64_t)s[0], (int64_t)depth, (int64_t)s[2]};
            run->devices = (int64_t)s[3];
        }
        run->tpot_s = seconds(csv, &c.tpot);
    }
}

static enum launch_mode launch_cell(struct csv *csv, const struct csv_source *source)
{
    for (int mode = 0; mode < LAUNCH_MODE_COUNT; mode++)
        if (strcmp(csv_text(csv, source), launch_mode_names[mode]) == 0)
            return (enum launch_mode)mode;
    csv_complain(csv, source->column,
                 arena_printf(csv->arena, "'%.40s' is none of graph, compiled, eager",
                              csv_text(csv, source)));
    return LAUNCH_GRAPH;
}

/* The columns that say how devices share the work. */
struct deploy_columns {
    struct csv_source tp, pp, dp, ep, redundant, exchange, overlap;
};

static struct deploy_columns find_deploy(const struct csv *csv)
{
    return (struct deploy_columns){
        .tp = csv_or_number(csv, "tp", 0.0),
        .pp = csv_or_number(csv, "pp", 1.0),
        .dp = csv_or_number(csv, "dp", 1.0),
        .ep = csv_or_number(csv, "ep", 1.0),
        .redundant = csv_or_number(csv, "redundant_experts", 0.0),
        .exchange = csv_or_text(csv, "exchange", exchange_names[EXCHANGE_GATHER]),
        .overlap = csv_or_text(csv, "overlap", overlap_names[OVERLAP_NONE]),
    };
}

/* The index of a cell's word in `names`; a message and 0 when it is none of them. */
static int word_cell(struct csv *csv, const struct csv_source *source, const char *const *names,
                     int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(csv_text(csv, source), names[i]) == 0)
            return i;
    csv_complain(csv, source->column,
                 arena_printf(csv->arena, "'%.40s' is not known here", csv_text(csv, source)));
    return 0;
}

/* A degree from a cell; numbers that none can be become 1, and the row is refused for its devices.
 */
static int64_t degree_cell(struct csv *csv, const struct csv_source *source, double least)
{
    double number = csv_number(csv, source);
    return number >= least && number <= 1e6 ? (int64_t)number : 1;
}

static struct deploy deploy_cells(struct csv *csv, const struct deploy_columns *columns)
{
    struct deploy deploy = {
        .tp = degree_cell(csv, &columns->tp, 0.0),
        .pp = degree_cell(csv, &columns->pp, 1.0),
        .dp = degree_cell(csv, &columns->dp, 1.0),
        .ep = degree_cell(csv, &columns->ep, 1.0),
        .redundant_experts = degree_cell(csv, &columns->redundant, 0.0),
    };
    deploy.exchange =
        (enum exchange)word_cell(csv, &columns->exchange, exchange_names, EXCHANGE_COUNT);
    deploy.overlap = (enum overlap)word_cell(csv, &columns->overlap, overlap_names, OVERLAP_COUNT);
    if (deploy.redundant_experts > 0)
        deploy.placement = EXPERTS_BALANCED;
    return deploy;
}

static void read_runs(struct csv *csv, struct sink *sink)
{
    struct csv_source model = csv_need(csv, "model");
    struct csv_source device = csv_or_text(csv, "device", NULL);
    struct csv_source weights = csv_or_text(csv, "weights", "bf16");
    struct csv_source activations = csv_or_text(csv, "activations", "bf16");
    struct csv_source kv_cache = csv_or_text(csv, "kv_cache", "bf16");
    struct csv_source devices = csv_or_number(csv, "devices", 1.0);
    struct csv_source batch = csv_need(csv, "batch");
    struct csv_source input = csv_need(csv, "input");
    struct csv_source output = csv_need(csv, "output");
    struct time_source ttft = find_time(csv, "ttft");
    struct time_source tpot = find_time(csv, "tpot");
    struct time_source e2e = find_time(csv, "e2e");
    struct csv_source prefill = csv_or_number(csv, "prefill_tok_per_s", (double)NAN);
    struct csv_source decode = csv_or_number(csv, "decode_tok_per_s", (double)NAN);
    struct csv_source launch = csv_or_text(csv, "launch", launch_mode_names[LAUNCH_GRAPH]);
    struct csv_source variant = csv_or_text(csv, "variant", NULL);
    struct deploy_columns deploy = find_deploy(csv);
    need_figure(csv, is_found(&ttft.source) || is_found(&tpot.source) || is_found(&e2e.source) ||
                         is_found(&prefill) || is_found(&decode));
    sink->set->assumed = "static batch: TTFT until the whole batch has its first token, TPOT = "
                         "(E2E - TTFT) / (output - 1)";
    while (csv_next(csv)) {
        double s[] = {csv_number(csv, &batch), csv_number(csv, &input), csv_number(csv, &output),
                      csv_number(csv, &devices)};
        struct precision precision = {format_cell(csv, &weights), format_cell(csv, &activations),
                                      format_cell(csv, &kv_cache), HEAD_AUTO};
        enum launch_mode mode = launch_cell(csv, &launch);
        struct deploy spread = deploy_cells(csv, &deploy);
        if (!sink_accepts(sink, s, 4))
            continue;
        struct run_sample *run = sink_run(sink, csv_line(csv));
        const char *name = csv_text(csv, &device);
        run->model = sink_word(sink, csv_text(csv, &model));
        run->device = import_device(name) ? import_device(name) : sink_word(sink, name);
        run->workload = (struct workload){(int64_t)s[0], (int64_t)s[1], (int64_t)s[2]};
        run->devices = (int64_t)s[3];
        run->deploy = spread;
        run->precision = precision;
        run->ttft_s = seconds(csv, &ttft);
        run->tpot_s = seconds(csv, &tpot);
        run->e2e_s = seconds(csv, &e2e);
        run->prefill_tok_per_s = csv_number(csv, &prefill);
        run->decode_tok_per_s = csv_number(csv, &decode);
        run->launch = mode;
        run->variant = csv_text(csv, &variant)[0] ? sink_word(sink, csv_text(csv, &variant)) : NULL;
    }
}

/* All columns of the kernel table; absent ones hold 0. */
enum {
    K_M,
    K_N,
    K_K,
    K_GROUPS,
    K_BATCH,
    K_HEADS,
    K_KV_HEADS,
    K_HEAD_DIM,
    K_NEW_TOKENS,
    K_CONTEXT,
    K_EXPERTS,
    K_TOP_K,
    K_TOKENS,
    K_EXPERT_FFN,
    K_HIDDEN,
    K_RANKS,
    K_NODE_RANKS,
    K_MESSAGE,
    K_NETWORK,
    K_TIME,
    K_DISTINCT,
    K_THREADS,
    K_WORKING_SET,
    K_READ,
    K_EXCHANGE,
    K_BARRIER,
    K_FMA,
    K_LATENCY,
    K_REPEATED,
    K_COUNT
};

static enum kernel kernel_called(const char *name)
{
    int kernel = 0;
    while (kernel < KERNEL_COUNT && strcmp(name, kernel_names[kernel]) != 0)
        kernel++;
    return (enum kernel)kernel;
}

static bool describe_attention_row(struct sink *sink, const double v[K_COUNT], enum kernel kernel,
                                   double bytes, enum math math, struct op *op)
{
    double fresh =
        kernel == KERNEL_PREFILL_ATTENTION || kernel == KERNEL_MLA_PREFILL ? v[K_NEW_TOKENS] : 1.0;
    double sizes[] = {v[K_BATCH], v[K_HEADS], fresh, v[K_CONTEXT]};
    if (!sink_accepts(sink, sizes, 4))
        return false;
    if (kernel == KERNEL_MLA_PREFILL || kernel == KERNEL_MLA_DECODE) {
        struct mla_case c = {v[K_BATCH], fresh, v[K_CONTEXT], v[K_HEADS], 512.0, 64.0, bytes, math};
        *op = describe_mla(&c);
        return true;
    }
    double heads[] = {v[K_KV_HEADS], v[K_HEAD_DIM]};
    if (!sink_accepts(sink, heads, 2))
        return false;
    struct attention_case c = {v[K_BATCH],    fresh, v[K_CONTEXT], v[K_HEADS], v[K_KV_HEADS],
                               v[K_HEAD_DIM], 0.0,   bytes,        math};
    *op = kernel == KERNEL_PREFILL_ATTENTION ? describe_prefill(&c) : describe_decode(&c);
    return true;
}

static bool describe_moe_row(struct sink *sink, const double v[K_COUNT], double bytes,
                             enum math math, struct op *op)
{
    double sizes[] = {v[K_TOKENS], v[K_EXPERTS], v[K_TOP_K], v[K_EXPERT_FFN], v[K_HIDDEN]};
    if (!sink_accepts(sink, sizes, 5))
        return false;
    double share = fmin(v[K_TOP_K] / v[K_EXPERTS], 0.999999);
    struct moe_case c = {.tokens = v[K_TOKENS],
                         .experts = v[K_EXPERTS],
                         .top_k = v[K_TOP_K],
                         .hidden = v[K_HIDDEN],
                         .width = v[K_EXPERT_FFN],
                         .inputs = 2.0,
                         .rows = v[K_TOKENS] * v[K_TOP_K],
                         .weight_bytes = bytes,
                         .math = math};
    c.distinct = v[K_DISTINCT] > 0.0
                     ? v[K_DISTINCT]
                     : fmax(1.0, v[K_EXPERTS] * -expm1(v[K_TOKENS] * log1p(-share)));
    *op = describe_moe(&c);
    return true;
}

/* The operator of a row; false when it was refused. */
static bool describe_row(struct sink *sink, const double v[K_COUNT], enum kernel kernel,
                         double bytes, enum math math, struct op *op)
{
    double gemm_sizes[] = {v[K_M], v[K_N], v[K_K]};
    double collective[] = {v[K_RANKS], v[K_MESSAGE]};
    struct gemm_case gemm = {
        v[K_M], v[K_N],           v[K_K], v[K_GROUPS] > 0.0 ? v[K_GROUPS] : 1.0,
        bytes,  fmin(bytes, 2.0), 2.0,    math};
    switch (kernel) {
    case KERNEL_GEMM:
        *op = describe_gemm(&gemm);
        return sink_accepts(sink, gemm_sizes, 3);
    case KERNEL_PREFILL_ATTENTION:
    case KERNEL_DECODE_ATTENTION:
    case KERNEL_MLA_PREFILL:
    case KERNEL_MLA_DECODE:
        return describe_attention_row(sink, v, kernel, bytes, math, op);
    case KERNEL_MOE:
        return describe_moe_row(sink, v, bytes, math, op);
    case KERNEL_ELEMENTWISE: /* message_bytes: all that is read and written */
        *op = describe_elementwise(OP_NORM, v[K_MESSAGE], 0.0);
        op->shape.rows = v[K_TOKENS];
        op->shape.requests = v[K_BATCH];
        op->shape.groups = v[K_KV_HEADS];
        return sink_accepts(sink, &v[K_MESSAGE], 1);
    case KERNEL_ALL_REDUCE:
    case KERNEL_CUSTOM_ALL_REDUCE:
    case KERNEL_ALL_GATHER:
    case KERNEL_ALL_TO_ALL:
    case KERNEL_HOST_COPY:
        *op = describe_collective(kernel, v[K_RANKS], v[K_MESSAGE], math);
        op->node_ranks = v[K_NODE_RANKS];
        op->network_bytes = v[K_NETWORK];
        return sink_accepts(sink, collective, 2);
    case KERNEL_COUNT:
        break;
    }
    sink_refuse(sink, "an unknown kernel class");
    return false;
}

/* Cells of a kernel row that are texts. */
struct kernel_texts {
    struct csv_source class, dtype, weights, activations, op;
};

/* The stored operand's format decides where it is given, else the dtype. */
static enum math kernel_math(struct csv *csv, const struct kernel_texts *texts, double *bytes)
{
    const char *weights = csv_text(csv, &texts->weights);
    const char *dtype = csv_text(csv, &texts->dtype);
    enum format format = *weights ? import_format(weights) : FORMAT_COUNT;
    *bytes = format == FORMAT_COUNT ? import_dtype_bytes(dtype) : format_bytes(format);
    return format == FORMAT_COUNT ? import_math(dtype) : format_math(format);
}

/* Activations that are kept in fp32 between operators move more bytes. */
static void widen_activations(const double v[K_COUNT], struct op *op)
{
    const struct op_shape *shape = &op->shape;
    if (op->kernel == KERNEL_GEMM)
        op->activation_bytes = 4.0 * shape->groups * shape->rows * (shape->columns + shape->depth);
    if (op->kernel == KERNEL_PREFILL_ATTENTION || op->kernel == KERNEL_DECODE_ATTENTION)
        op->activation_bytes = 8.0 * shape->requests * shape->rows * v[K_HEADS] * v[K_HEAD_DIM];
    if (op->kernel == KERNEL_MOE) {
        double rows = v[K_TOKENS] * v[K_TOP_K];
        op->activation_bytes = 4.0 * (3.0 * rows * v[K_HIDDEN] + v[K_TOKENS] * v[K_HIDDEN] +
                                      6.0 * rows * v[K_EXPERT_FFN]);
    }
}

/* Row-wise work by its name; a norm where the file doesn't tell. */
static enum op_kind kind_called(const char *name)
{
    for (int kind = 0; kind < OP_KIND_COUNT; kind++)
        if (strcmp(name, op_names[kind]) == 0)
            return (enum op_kind)kind;
    return OP_NORM;
}

static void add_kernel(struct csv *csv, struct sink *sink, const struct kernel_texts *texts,
                       const double v[K_COUNT], struct op *op)
{
    const char *name = csv_text(csv, &texts->weights);
    name = *name ? name : csv_text(csv, &texts->dtype);
    if (strcmp(csv_text(csv, &texts->activations), "fp32") == 0)
        widen_activations(v, op);
    if (op->kernel == KERNEL_ELEMENTWISE)
        op->kind = kind_called(csv_text(csv, &texts->op));
    struct kernel_sample *sample = sink_kernel(sink, op, 1e-6 * v[K_TIME], csv_line(csv));
    if (!sample)
        return;
    sample->variant = sink_word(sink, name);
    sample->threads = v[K_THREADS] > 0.0 ? v[K_THREADS] : 0.0;
    sample->working_set_bytes = v[K_WORKING_SET] > 0.0 ? v[K_WORKING_SET] : 0.0;
    sample->probed.read_byte_per_s = v[K_READ] > 0.0 ? 1e9 * v[K_READ] : 0.0;
    sample->probed.exchange_byte_per_s = v[K_EXCHANGE] > 0.0 ? 1e9 * v[K_EXCHANGE] : 0.0;
    sample->probed.barrier_s = v[K_BARRIER] > 0.0 ? 1e-6 * v[K_BARRIER] : 0.0;
    sample->probed.fma_flop_per_s = v[K_FMA] > 0.0 ? 1e9 * v[K_FMA] : 0.0;
    sample->probed.latency_s = v[K_LATENCY] > 0.0 ? 1e-9 * v[K_LATENCY] : 0.0;
    if (sample->threads > 0.0) {
        char threads[32];
        snprintf(threads, sizeof threads, "%.0f threads", sample->threads);
        sample->variant = sink_words(sink, name, threads);
    }
}

static void read_kernels(struct csv *csv, struct sink *sink)
{
    static const char *const names[K_COUNT] = {"m",
                                               "n",
                                               "k",
                                               "groups",
                                               "batch",
                                               "heads",
                                               "kv_heads",
                                               "head_dim",
                                               "new_tokens",
                                               "context",
                                               "experts",
                                               "top_k",
                                               "tokens",
                                               "expert_ffn",
                                               "hidden",
                                               "ranks",
                                               "node_ranks",
                                               "message_bytes",
                                               "network_bytes",
                                               "time_us",
                                               "distinct",
                                               "threads",
                                               "working_set_bytes",
                                               "read_gb_s",
                                               "exchange_gb_s",
                                               "barrier_us",
                                               "fma_gflop_s",
                                               "latency_ns",
                                               "repeated"};
    struct csv_source sources[K_COUNT];
    struct kernel_texts texts = {csv_need(csv, "class"), csv_or_text(csv, "dtype", "bf16"),
                                 csv_or_text(csv, "weights", ""),
                                 csv_or_text(csv, "activations", ""), csv_or_text(csv, "op", "")};
    for (int i = 0; i < K_COUNT; i++)
        sources[i] = i == K_TIME ? csv_need(csv, names[i])
                                 : csv_or_number(csv, names[i], i == K_REPEATED ? 1.0 : 0.0);
    sink->set->is_repeating = true;
    sink->set->assumed = "one kernel repeated without launch gaps (repeated=0: within whole "
                         "steps); routing uniform at random";
    while (csv_next(csv)) {
        double values[K_COUNT];
        double bytes = 0.0;
        for (int i = 0; i < K_COUNT; i++)
            values[i] = csv_number(csv, &sources[i]);
        sink->set->is_repeating = values[K_REPEATED] > 0.5;
        enum math math = kernel_math(csv, &texts, &bytes);
        struct op op;
        if (math == MATH_COUNT)
            sink_refuse(sink, "an unknown number format");
        else if (describe_row(sink, values, kernel_called(csv_text(csv, &texts.class)), bytes, math,
                              &op))
            add_kernel(csv, sink, &texts, values, &op);
    }
}

const struct format_row import_trace_formats[] = {
    {"tokenroof operators",
     {"class", "time_us", "weights", "threads", "working_set_bytes"},
     NULL, read_kernels,
     NULL},
    {"tokenroof measured runs",
     {"model", "batch", "input", "output", "threads", "read_gb_s"},
     NULL, read_measured_runs,
     NULL},
    {0                 },
};

const struct format_row import_own_formats[] = {
    {"tokenroof kernels", {"class", "time_us"}, NULL, read_kernels, NULL},
    {"tokenroof runs",               {"model", "batch", "input", "output"}, NULL, read_runs, NULL},
    {0              }
};
