#include "validate/sample.h"

#include "cost/op_time.h"
#include "validate/import.h"

#include <math.h>
#include <string.h>

static const struct format_row *const families[] = {
    import_trace_formats, import_aiconfigurator_formats, import_vidur_formats,
    import_run_formats,   import_kernel_formats,         import_own_formats,
};

/* "column", or "constant=value". */
static bool has_mark(const struct csv *csv, const char *mark)
{
    const char *equals = strchr(mark, '=');
    if (!equals)
        return csv_has(csv, mark);
    for (int i = 0; i < csv->constant_count; i++)
        if (strlen(csv->constants[i].name) == (size_t)(equals - mark) &&
            strncmp(csv->constants[i].name, mark, (size_t)(equals - mark)) == 0 &&
            strcmp(csv->constants[i].text, equals + 1) == 0)
            return true;
    return false;
}

static bool is_format(const struct format_row *row, const struct csv *csv)
{
    enum { MARKS = sizeof row->columns / sizeof *row->columns };
    for (int i = 0; i < MARKS && row->columns[i]; i++)
        if (!has_mark(csv, row->columns[i]))
            return false;
    return !row->path_part || strstr(csv->lines->path, row->path_part);
}

static const struct format_row *find_format(const struct csv *csv)
{
    for (size_t family = 0; family < sizeof families / sizeof *families; family++)
        for (const struct format_row *row = families[family]; row->name; row++)
            if (is_format(row, csv))
                return row;
    return NULL;
}

/* The device that the nearest part of the path names: h100_sxm/vllm/gemm.csv. */
static const char *device_of_path(struct arena *arena, const char *path)
{
    char *copy = arena_strdup(arena, path);
    for (char *slash = copy; slash;) {
        slash = strrchr(copy, '/');
        const char *device = import_device(slash ? slash + 1 : copy);
        if (device)
            return device;
        if (slash)
            *slash = '\0';
    }
    return NULL;
}

static void refuse_all(struct csv *csv, struct sink *sink, const struct format_row *format)
{
    if (!format->columns[0]) /* known by its path: there is no header */
        csv_treat_header_as_row(csv);
    while (csv_next(csv))
        sink_refuse(sink, format->refusal);
}

static void complain_unknown(const struct csv *csv, struct diags *diags)
{
    struct place place = {
        .source = csv->lines->path, .line = (int)csv->header_line, .column = 1, .width = 1};
    diag_add(diags, SEVERITY_ERROR, place, "no known format has these columns");
    diag_hint(diags, "validate/README.md lists the formats, and the columns of a file of your own");
}

static bool read_table(struct sink *sink, struct lines *lines)
{
    struct csv *csv = arena_alloc(sink->arena, sizeof *csv);
    if (!csv_start(csv, sink->arena, lines))
        return false;
    const struct format_row *format = find_format(csv);
    if (!format) {
        complain_unknown(csv, sink->diags);
        return false;
    }
    sink->set->format = format->name;
    if (format->read)
        format->read(csv, sink);
    else
        refuse_all(csv, sink, format);
    return csv_is_sound(csv);
}

/* A document starts with a bracket, llama-batched-bench's table with a bar or its own name. */
static bool read_any(struct sink *sink, struct lines *lines)
{
    int first = lines_peek(lines);
    if (first == '{' || first == '[')
        return import_json(sink, lines);
    if (first == '|' || lines_starts(lines, "main:") || lines_starts(lines, "llama_"))
        return import_markdown(sink, lines);
    return read_table(sink, lines);
}

bool samples_read(struct arena *arena, struct diags *diags, const char *path,
                  struct sample_set *set)
{
    struct lines lines;
    struct sample_set found = {.path = arena_strdup(arena, path)}; /* messages keep it */
    if (!lines_open(&lines, diags, found.path))
        return false;
    found.device = device_of_path(arena, path);
    struct sink *sink = arena_alloc(arena, sizeof *sink);
    *sink = (struct sink){.arena = arena, .diags = diags, .set = &found};
    bool is_sound = read_any(sink, &lines);
    sink_finish(sink);
    lines_close(&lines);
    if (is_sound)
        *set = found;
    return is_sound;
}

void model_change(struct model *model, const struct model_variant *changed)
{
    struct moe *moe = &model->ffn.moe;
    if (changed->layers > 0)
        model->layers = changed->layers;
    if (moe->experts == 0)
        return;
    moe->experts = changed->experts > 0 ? changed->experts : moe->experts;
    moe->top_k = changed->top_k > 0 ? changed->top_k : moe->top_k;
    moe->expert_ffn = changed->expert_ffn > 0 ? changed->expert_ffn : moe->expert_ffn;
    moe->top_k = moe->top_k < moe->experts ? moe->top_k : moe->experts;
}

static void describe_attention(const struct op_shape *shape, struct text *out)
{
    text_addf(out, "%g requests, %g new of %g tokens, %g heads on %g of width %g", shape->requests,
              shape->rows, shape->columns, shape->groups * shape->heads_per_group, shape->groups,
              shape->depth);
    if (shape->window > 0.0)
        text_addf(out, ", window %g", shape->window);
}

void sample_describe(const struct kernel_sample *sample, struct text *out)
{
    const struct op *op = &sample->op;
    const struct op_shape *shape = &op->shape;
    char bytes[SI_TEXT_BYTES];
    if (op->ranks > 1.0)
        text_addf(out, "%s over %g", text_si(bytes, op->message_bytes, "B", 3), op->ranks);
    else if (op->kernel == KERNEL_GEMM)
        text_addf(out, "%g x %g x %g", shape->rows, shape->columns, shape->depth);
    else if (op->kernel == KERNEL_MOE)
        text_addf(out, "%g tokens, %g of %g experts hit, %g x %g", shape->requests, shape->groups,
                  shape->experts, shape->depth, shape->columns);
    else if (op->kernel == KERNEL_ELEMENTWISE)
        text_addf(out, "%s %s", op_names[op->kind], text_si(bytes, op_bytes(op), "B", 3));
    else
        describe_attention(shape, out);
    if (op->kernel == KERNEL_GEMM && shape->groups > 1.5)
        text_addf(out, " x %g", shape->groups);
}

double sample_time(struct rates *rates, const struct kernel_sample *sample)
{
    const struct op *op = &sample->op;
    bool is_on_cores = rates->kernels[op->kernel][op->math].fit.family == FAMILY_CORES;
    if (sample->threads > 0.0 && sample->threads < rates->cores && !is_on_cores) {
        struct rates fewer = *rates;
        rates_set_threads(&fewer, (int64_t)sample->threads);
        return op_time(&fewer, op).time_s;
    }
    rates->threads = sample->threads > 0.0 ? fmin(sample->threads, rates->cores) : rates->cores;
    rates->working_set_bytes = sample->working_set_bytes;
    rates->probed = sample->probed;
    return op_time(rates, op).time_s;
}

bool sample_is_held_out(const struct kernel_sample *sample, uint64_t seed, double ratio)
{
    uint64_t hash = sample->key + seed * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ (hash >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
    hash ^= hash >> 31;
    return (double)(hash >> 11) / 9007199254740992.0 < ratio;
}
