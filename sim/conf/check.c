#include "conf/check.h"

#include "conf/blame.h"
#include "conf/check_lever.h"
#include "conf/check_parallel.h"

#include <math.h>
#include <string.h>

/* One finding at `path` of the tree. */
#define REPORT(reader, root, path, ...)                                                            \
    diag_add((reader)->diags, SEVERITY_ERROR, schema_place(root, path), __VA_ARGS__)

static void require_count(const struct reader *reader, const struct node *root, const char *path,
                          int64_t value, const char *why, const char *cause)
{
    if (value > 0)
        return;
    blame_add(reader, root, BLAME_KEYS("attention", path, cause), "%s needs '%s'", why, path);
    diag_hint(reader->diags, "add for example: %s: 128", strrchr(path, '.') + 1);
}

static void check_mla(const struct reader *reader, const struct node *root,
                      struct attention *attention)
{
    static const char why[] = "attention of kind mla";
    static const char kind[] = "attention.kind";
    require_count(reader, root, "attention.kv_lora_rank", attention->kv_lora_rank, why, kind);
    require_count(reader, root, "attention.qk_nope_dim", attention->qk_nope_dim, why, kind);
    require_count(reader, root, "attention.qk_rope_dim", attention->qk_rope_dim, why, kind);
    require_count(reader, root, "attention.v_head_dim", attention->v_head_dim, why, kind);
    attention->kv_heads = attention->heads;
    attention->head_dim = attention->qk_nope_dim + attention->qk_rope_dim;
}

static void check_heads(const struct reader *reader, const struct node *root, struct model *model)
{
    struct attention *attention = &model->attention;
    if (attention->kind == ATTENTION_MHA && attention->kv_heads == 0)
        attention->kv_heads = attention->heads;
    require_count(reader, root, "attention.kv_heads", attention->kv_heads, "attention of kind gqa",
                  "attention.kind");
    if (attention->kind == ATTENTION_MHA && attention->kv_heads != attention->heads)
        blame_add(reader, root,
                  BLAME_KEYS("attention.kv_heads", "attention.heads", "attention.kind"),
                  "kind mha has one key/value head per query head: %lld, not %lld",
                  (long long)attention->heads, (long long)attention->kv_heads);
    if (attention->heads > 0 && attention->kv_heads > 0 &&
        attention->heads % attention->kv_heads != 0) {
        blame_add(reader, root, BLAME_KEYS("attention.kv_heads", "attention.heads"),
                  "%lld query heads can't share %lld kv_heads", (long long)attention->heads,
                  (long long)attention->kv_heads);
        diag_hint(reader->diags, "kv_heads must divide heads");
    }
    if (attention->head_dim == 0 && attention->heads > 0)
        attention->head_dim = model->hidden / attention->heads;
    if (attention->head_dim == 0)
        blame_add(reader, root, BLAME_KEYS("attention.heads", "hidden"),
                  "%lld heads are more than the hidden size %lld", (long long)attention->heads,
                  (long long)model->hidden);
}

static void check_pattern(const struct reader *reader, const struct node *root,
                          const struct attention *attention)
{
    bool has_span[SPAN_COUNT] = {false};
    for (int i = 0; i < attention->pattern_count; i++)
        has_span[attention->pattern[i]] = true;
    if (has_span[SPAN_WINDOW])
        require_count(reader, root, "attention.window", attention->window_tokens,
                      "a pattern with window layers", "attention.pattern");
    if (has_span[SPAN_CHUNK])
        require_count(reader, root, "attention.chunk", attention->chunk_tokens,
                      "a pattern with chunk layers", "attention.pattern");
    const struct {
        const char *path;
        bool is_idle;
        const char *hint;
    } rows[] = {
        {"attention.window", attention->window_tokens > 0 && !has_span[SPAN_WINDOW],
         "add for example: pattern: [window, full]"},
        {"attention.chunk",  attention->chunk_tokens > 0 && !has_span[SPAN_CHUNK],
         "add for example: pattern: [chunk, full]" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].is_idle || !schema_has(root, rows[i].path))
            continue;
        diag_add(reader->diags, SEVERITY_WARNING, schema_place(root, rows[i].path),
                 "'%s' has no effect: no layer of the pattern attends so", rows[i].path);
        diag_hint(reader->diags, "%s", rows[i].hint);
    }
    if (attention->pattern_count > PATTERN_MAX)
        REPORT(reader, root, "attention.pattern", "a pattern of more than %d layers", PATTERN_MAX);
}

static void check_moe(const struct reader *reader, const struct node *root, struct model *model)
{
    struct moe *moe = &model->ffn.moe;
    if (!schema_has(root, "ffn.moe"))
        moe->experts = 0;
    if (moe->shared_ffn == 0)
        moe->shared_ffn = moe->shared_experts * moe->expert_ffn;
    if (moe->every == 0)
        moe->every = 1;
    if (moe->top_k > moe->experts && moe->experts > 0) {
        blame_add(reader, root, BLAME_KEYS("ffn.moe.top_k", "ffn.moe.experts"),
                  "top_k %lld is more than %lld experts", (long long)moe->top_k,
                  (long long)moe->experts);
        diag_hint(reader->diags, "a token can visit at most every expert once");
    }
    if (moe->first_dense_layers >= model->layers && moe->experts > 0)
        blame_add(reader, root, BLAME_KEYS("ffn.moe.first_dense_layers", "layers"),
                  "%lld dense layers leave no MoE layer of %lld",
                  (long long)moe->first_dense_layers, (long long)model->layers);
    if (model_moe_layers(model) < model->layers && model->ffn.dense_ffn == 0) {
        blame_add(reader, root,
                  BLAME_KEYS("ffn", "ffn.moe.every", "ffn.moe.first_dense_layers", "layers"),
                  "some layers are dense, so 'ffn.dense_ffn' is needed");
        diag_hint(reader->diags, "add for example: dense_ffn: 14336");
    }
}

void check_model(const struct reader *reader, const struct node *root, struct model *model)
{
    if (model->attention.kind == ATTENTION_MLA)
        check_mla(reader, root, &model->attention);
    else
        check_heads(reader, root, model);
    check_pattern(reader, root, &model->attention);
    check_moe(reader, root, model);
}

static enum dimension measurand_dimension(enum measurand what)
{
    switch (what) {
    case MEASURED_MEMORY_BANDWIDTH:
    case MEASURED_MEMORY_READ_BANDWIDTH:
    case MEASURED_CACHE_BANDWIDTH:
        return DIM_BYTE_PER_S;
    case MEASURED_LAYER_LATENCY:
    case MEASURED_LAYER_LATENCY_PER_HIDDEN:
        return DIM_SECOND;
    case MEASURED_GEMM_FP32:
    case MEASURED_GEMM_FP16:
    case MEASURED_GEMM_BF16:
    case MEASURED_GEMM_FP8:
    case MEASURED_GEMM_INT8:
    case MEASURAND_COUNT:
        break;
    }
    return DIM_FLOP_PER_S;
}

static void check_measured(const struct reader *reader, const struct node *root, int index,
                           struct measured *measured)
{
    if (!measured->value_text)
        return; /* its absence was reported already */
    enum dimension dimension = measurand_dimension(measured->what);
    const char *suggestion = NULL;
    if (quantity_parse(reader->arena, measured->value_text, dimension, &measured->value,
                       &suggestion) == QUANTITY_OK &&
        measured->value > 0.0)
        return;
    measured->value = (double)NAN;
    REPORT(reader, root, arena_printf(reader->arena, "measured.%d.value", index),
           "'%s' is no value of '%s', which is in %s",
           diag_quote(reader->diags, measured->value_text), measurand_names[measured->what],
           dimension_units[dimension]);
    diag_hint(reader->diags, "write for example: value: %s", dimension_examples[dimension]);
}

void check_device(const struct reader *reader, const struct node *root, struct device *device)
{
    for (int i = 0; i < device->measured_count; i++)
        check_measured(reader, root, i, &device->measured[i]);
}

static void require_known(const struct reader *reader, const struct node *root, const char *path,
                          double value, const char *example)
{
    if (!isnan(value))
        return;
    REPORT(reader, root, path, "'%s' is unknown, and this run needs it", path);
    diag_hint(reader->diags, "give a value for this run, for example: -s 'device.%s=%s'", path,
              example);
}

void check_device_is_usable(const struct reader *reader, const struct node *root,
                            const struct device *device)
{
    const struct datasheet *sheet = &device->datasheet;
    require_known(reader, root, "datasheet.memory.capacity", sheet->memory_bytes, "80 GB");
    require_known(reader, root, "datasheet.memory.bandwidth", sheet->memory_bandwidth_byte_per_s,
                  "3.35 TB/s");
    if (device_widest_math(device) == MATH_COUNT) {
        REPORT(reader, root, "datasheet.peak", "no peak rate is known, and this run needs one");
        diag_hint(reader->diags,
                  "give a value for this run, for example: -s 'device.peak.bf16=100 TFLOP/s'");
    }
}

struct place check_chart_place(const struct node *root, int index, const char *key)
{
    const struct member *charts = node_member(root, "charts");
    const struct member *item = charts ? charts->value->first : NULL;
    for (int i = 0; item && i < index; i++)
        item = item->next;
    return item ? schema_place(item->value, key) : root->place;
}

static const char *without_dot(const char *path)
{
    while (path[0] == '.' && path[1] == '/')
        path += 2;
    return path;
}

/* Two charts must not write one file. */
static void check_chart_files(const struct reader *reader, const struct node *root,
                              const struct config *config)
{
    for (int c = 1; c < config->chart_count; c++)
        for (int before = 0; before < c; before++) {
            const char *file = config->charts[c].file;
            const char *other = config->charts[before].file;
            if (!file || !other || strcmp(without_dot(file), without_dot(other)) != 0)
                continue;
            diag_add(reader->diags, SEVERITY_ERROR, check_chart_place(root, c, "file"),
                     "another chart writes the file '%s' already", diag_quote(reader->diags, file));
            diag_also(reader->diags, check_chart_place(root, before, "file"), "first given here");
            break;
        }
}

static void check_charts(const struct reader *reader, const struct node *root,
                         const struct config *config)
{
    for (int c = 0; c < config->chart_count; c++)
        for (int i = 0; i < config->charts[c].log_count; i++) {
            const char *axis = config->charts[c].log[i];
            if (strcmp(axis, "x") == 0 || strcmp(axis, "y") == 0)
                continue;
            diag_add(reader->diags, SEVERITY_ERROR, check_chart_place(root, c, "log"),
                     "'%s' is no axis", axis);
            diag_hint(reader->diags, "write x, y or [x, y]");
        }
}

static bool is_empty_list(const struct node *root, const char *path)
{
    const struct node *node = schema_node(root, path);
    return node && node->kind == NODE_SEQUENCE && node->count == 0;
}

static void check_length(const struct reader *reader, const struct node *root, const char *path,
                         int count)
{
    if (count > NAMES_MAX)
        REPORT(reader, root, path, "%d names are more than the %d that one what-if may list", count,
               NAMES_MAX);
}

static void check_histogram(const struct reader *reader, const struct node *root,
                            const struct config *config)
{
    if (!config->routing.file)
        return;
    if (config->routing.kind != ROUTING_HISTOGRAM) {
        blame_add(reader, root, BLAME_KEYS("routing.file", "routing.kind"),
                  "a file of weights is for kind histogram");
        diag_hint(reader->diags, "write kind: histogram");
    }
    if (schema_has(root, "routing.popularity")) {
        blame_add(reader, root, BLAME_KEYS("routing.popularity", "routing.file"),
                  "weights are given here and in a file");
        diag_hint(reader->diags, "leave one of 'popularity' and 'file' out");
    }
}

void check_config(const struct reader *reader, const struct node *root, const struct config *config)
{
    check_charts(reader, root, config);
    check_chart_files(reader, root, config);
    check_histogram(reader, root, config);
    check_levers(reader, root, &config->levers);
    if (is_empty_list(root, "model"))
        REPORT(reader, root, "model", "this list names no model");
    if (is_empty_list(root, "hardware") || is_empty_list(root, "hardware.device"))
        REPORT(reader, root, schema_has(root, "hardware.device") ? "hardware.device" : "hardware",
               "this list names no device");
    check_length(reader, root, "model", config->models.count);
    check_length(reader, root, "hardware", config->hardware.devices.count);
    if (!format_is_for_activations(config->precision.activations)) {
        REPORT(reader, root, "precision.activations", "'%s' is a format for weights only",
               format_names[config->precision.activations]);
        diag_hint(reader->diags, "write for example: activations: bf16");
    }
    if (config->routing.kind == ROUTING_HISTOGRAM && config->routing.popularity_count == 0 &&
        !config->routing.file) {
        blame_add(reader, root, BLAME_KEYS("routing", "routing.kind"),
                  "kind histogram needs 'popularity' or 'file'");
        diag_hint(reader->diags, "add one weight per expert: popularity: [3, 2, 1, …]");
    }
}

static void check_context(const struct reader *reader, const struct node *root,
                          const struct run *run)
{
    int64_t context = run->workload.input_tokens + run->workload.output_tokens;
    int64_t limit = run->model->max_context_tokens;
    if (context <= limit)
        return;
    blame_add(reader, root,
              BLAME_KEYS("workload.input", "workload.output", "model.max_context", "model"),
              "input %lld + output %lld tokens are beyond the %lld tokens of context of %s",
              (long long)run->workload.input_tokens, (long long)run->workload.output_tokens,
              (long long)limit, run->model->id);
    diag_hint(reader->diags, "shorten them, or claim a longer context: -s model.max_context=%lld",
              (long long)context);
}

static void check_threads(const struct reader *reader, const struct node *root,
                          const struct run *run)
{
    int64_t cores = run->device->datasheet.units;
    if (run->device->kind != DEVICE_CPU || cores == 0 || run->engine.threads <= cores)
        return;
    blame_add(reader, root,
              BLAME_KEYS("engine.threads", "device.datasheet.units", "hardware.device"),
              "%lld threads on the %lld cores of %s", (long long)run->engine.threads,
              (long long)cores, run->device->id);
    diag_hint(reader->diags, "0 uses all cores");
}

/* Products need the arithmetic of their operands, or a wider one. */
static void check_arithmetic(const struct reader *reader, const struct node *root,
                             const struct run *run)
{
    const struct {
        const char *path;
        const char *what;
        enum math math;
    } rows[] = {
        {"precision.activations", "matrix products", run_math(run)      },
        {"precision.kv_cache",    "attention",       run_cache_math(run)},
        {"precision.head",        "LM head",         run_head_math(run) },
    };
    const struct device *device = run->device;
    enum math widest = device_widest_math(device);
    unsigned seen = 0;
    for (size_t i = 0; widest != MATH_COUNT && i < sizeof rows / sizeof *rows; i++) {
        const char *math = math_names[rows[i].math];
        bool is_new = !(seen & 1u << rows[i].math);
        seen |= 1u << rows[i].math;
        if (!is_new || device_math(device, rows[i].math) != MATH_COUNT)
            continue;
        blame_add(reader, root, BLAME_KEYS(rows[i].path, "hardware"),
                  "%s of this run: %s has no %s arithmetic, nor a wider one", rows[i].what,
                  device->id, math);
        diag_hint(reader->diags,
                  "give a value for this run, for example: -s 'device.peak.%s=100 TFLOP/s', or "
                  "choose a precision that it computes in, %s",
                  math, math_names[widest]);
    }
}

void check_run(const struct reader *reader, const struct node *root, const struct run *run)
{
    check_context(reader, root, run);
    check_parallel(reader, root, run);
    check_threads(reader, root, run);
    check_arithmetic(reader, root, run);
    check_routing(reader, root, run);
    check_run_levers(reader, root, run);
}
