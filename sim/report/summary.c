/* What people read first: a table per model, and why something doesn't fit. */
#include "report/result.h"

#include <math.h>
#include <string.h>

/* Columns of numbers between the device and what binds it. */
enum { NUMBERS = 8 };

static void add_text_columns(struct table *table, const char *const *titles, int count)
{
    for (int i = 0; i < count; i++)
        table_add_column(table, (struct column){titles[i], NULL, "", CELL_TEXT, false});
}

static void start_table(struct table *table, struct arena *arena)
{
    static const char *const left[] = {"device"};
    static const char *const right[] = {"prefill", "decode", "memory"};
    static const struct column numbers[NUMBERS] = {
        {"TTFT",   NULL, "s",     CELL_NUMBER, false},
        {"±",     NULL, "",      CELL_NUMBER, true },
        {"TPOT",   NULL, "s",     CELL_NUMBER, false},
        {"±",     NULL, "",      CELL_NUMBER, true },
        {"ITL",    NULL, "s",     CELL_NUMBER, false},
        {"E2E",    NULL, "s",     CELL_NUMBER, false},
        {"total",  NULL, "tok/s", CELL_NUMBER, false},
        {"output", NULL, "tok/s", CELL_NUMBER, false},
    };
    table_init(table, arena, NULL);
    add_text_columns(table, left, 1);
    for (int i = 0; i < NUMBERS; i++)
        table_add_column(table, numbers[i]);
    add_text_columns(table, right, 3);
}

static const char *percent(struct arena *arena, double ratio)
{
    char digits[SI_TEXT_BYTES];
    return arena_printf(arena, "%s %%", text_plain(digits, 100.0 * ratio, 2));
}

static const char *device_text(struct arena *arena, const struct result *result)
{
    const char *mark = strcmp(result->origin, "fitted") == 0     ? ""
                       : strcmp(result->origin, "borrowed") == 0 ? " (d)"
                                                                 : " (u)";
    if (result->run->device_count == 1)
        return arena_printf(arena, "%s%s", result->run->device->id, mark);
    return arena_printf(arena, "%lld x %s%s", (long long)result->run->device_count,
                        result->run->device->id, mark);
}

static const char *memory_text(struct arena *arena, const struct memory_fit *memory)
{
    char needed[SI_TEXT_BYTES];
    char capacity[SI_TEXT_BYTES];
    return arena_printf(arena, "%s of %s%s", text_si(needed, memory_needed(memory), "B", 3),
                        text_si(capacity, memory->capacity_bytes, "B", 3),
                        memory->fits ? "" : "  DOES NOT FIT");
}

/* Half the width of an interval. */
static double half_width(struct interval interval)
{
    return (interval.high_ratio - interval.low_ratio) / 2.0;
}

static void add_summary_row(struct table *table, const struct result *result)
{
    const struct prediction *p = &result->prediction;
    int row = table_add_row(table);
    double numbers[NUMBERS] = {p->ttft_s,          half_width(p->ttft_interval),
                               p->tpot_s,          half_width(p->tpot_interval),
                               p->itl_s,           p->e2e_s,
                               p->total_tok_per_s, p->output_tok_per_s};
    table_set_text(table, row, 0, device_text(table->arena, result));
    for (int i = 0; i < NUMBERS; i++)
        table_set_number(table, row, 1 + i, p->memory.fits ? numbers[i] : (double)NAN);
    table_set_text(table, row, NUMBERS + 3, memory_text(table->arena, &p->memory));
    if (!p->memory.fits)
        return;
    table_set_text(table, row, NUMBERS + 1,
                   arena_printf(table->arena, "%s, MFU %s", bound_names[p->prefill.bound],
                                percent(table->arena, p->prefill.mfu)));
    if (result->run->workload.output_tokens > 1)
        table_set_text(table, row, NUMBERS + 2,
                       arena_printf(table->arena, "%s, MBU %s", bound_names[p->decode.bound],
                                    percent(table->arena, p->decode.mbu)));
}

/* The part of the memory that weighs most. */
static const char *largest_part(const struct memory_fit *memory, double *bytes)
{
    const char *name = "weights";
    *bytes = memory->weights_bytes;
    if (memory->kv_bytes > *bytes) {
        name = "the KV cache";
        *bytes = memory->kv_bytes;
    }
    if (memory->activation_bytes > *bytes) {
        name = "activations";
        *bytes = memory->activation_bytes;
    }
    return name;
}

/* A narrower format that the weights are published in, and what would be needed with it. */
static void hint_native_format(const struct result *result, struct text *out)
{
    const struct run *run = result->run;
    const struct memory_fit *memory = &result->prediction.memory;
    enum format asked = run->precision.weights;
    enum format native = run->model->native_format;
    if (!(format_bytes(native) < format_bytes(asked)))
        return;
    double weights = memory->weights_bytes * format_bytes(native) / format_bytes(asked);
    double needed = memory_needed(memory) - memory->weights_bytes + weights;
    char digits[SI_TEXT_BYTES];
    text_addf(out, "  %s is published in %s: -s precision.weights=%s would need %s%s%s.\n",
              run->model->id, format_names[native], format_names[native],
              text_si(digits, needed, "B", 3), run->device_count > 1 ? " per device" : "",
              needed <= memory->capacity_bytes ? ", which fits" : "");
}

static void explain_misfit(const struct result *result, struct text *out)
{
    const struct memory_fit *memory = &result->prediction.memory;
    double bytes = 0.0;
    const char *part = largest_part(memory, &bytes);
    char missing[SI_TEXT_BYTES];
    char largest[SI_TEXT_BYTES];
    text_addf(out, "%s: %s too much; the largest part is %s, %s.\n  It would fit with",
              result->run->device->id,
              text_si(missing, memory_needed(memory) - memory->capacity_bytes, "B", 3), part,
              text_si(largest, bytes, "B", 3));
    const char *link = "";
    if (result->limits.max_batch > 0) {
        text_addf(out, " a batch of at most %lld", (long long)result->limits.max_batch);
        link = ", or";
    }
    if (result->limits.max_context_tokens > 1) {
        text_addf(out, "%s input + output of at most %lld tokens", link,
                  (long long)result->limits.max_context_tokens);
        link = ", or";
    }
    if (result->limits.min_devices > 0)
        text_addf(out, "%s %lld device%s", link, (long long)result->limits.min_devices,
                  result->limits.min_devices > 1 ? "s" : "");
    else if (!*link)
        text_add(out, " no batch, context or number of devices; use smaller weights");
    text_add(out, ".\n");
    hint_native_format(result, out);
}

/* Degrees above 1, where there is more than plain tensor parallelism. */
static void add_degrees(const struct run *run, struct text *out)
{
    const struct deploy *d = &run->deploy;
    const int64_t degrees[] = {d->tp, d->pp, d->dp, d->ep};
    static const char *const names[] = {"TP", "PP", "DP", "EP"};
    if (run->device_count < 2 || run->device->kind == DEVICE_WAFER)
        return;
    text_add(out, " ·");
    for (int i = 0; i < 4; i++)
        if (degrees[i] > 1)
            text_addf(out, " %s%lld", names[i], (long long)degrees[i]);
    if (d->dp > 1 && run->model->ffn.moe.experts > 0)
        text_addf(out, ", experts by %s", exchange_names[d->exchange]);
    if (d->redundant_experts > 0)
        text_addf(out, ", %lld redundant", (long long)d->redundant_experts);
}

static void add_headline(const struct result *result, struct text *out)
{
    const struct run *run = result->run;
    const struct precision *precision = &run->precision;
    char total[SI_TEXT_BYTES];
    char active[SI_TEXT_BYTES];
    text_addf(out, "%s · %s", run->model->name, format_names[precision->weights]);
    if (precision->activations != precision->weights)
        text_addf(out, ", activations %s", format_names[precision->activations]);
    if (precision->kv_cache != precision->activations)
        text_addf(out, ", KV cache %s", format_names[precision->kv_cache]);
    add_degrees(run, out);
    text_addf(out, " · batch %lld · %lld → %lld tokens · %s parameters, %s active\n",
              (long long)run->workload.batch, (long long)run->workload.input_tokens,
              (long long)run->workload.output_tokens, text_si(total, result->params_total, "", 3),
              text_si(active, result->params_active, "", 3));
}

/* A line for each device that lacks the arithmetic that was asked for. */
static void explain_math(const struct result *results, int count, struct text *out)
{
    for (int r = 0; r < count; r++) {
        const struct device *device = results[r].run->device;
        enum math asked = format_math(results[r].run->precision.activations);
        bool is_said = results[r].math == asked;
        for (int earlier = 0; earlier < r && !is_said; earlier++)
            is_said = results[earlier].run->device == device;
        if (!is_said)
            text_addf(out, "%s has no %s arithmetic: its matrix products run in %s.\n", device->id,
                      math_names[asked], math_names[results[r].math]);
    }
}

void result_summary(const char *title, const struct result *results, int count, struct arena *arena,
                    struct text *out)
{
    bool has_misfit = false;
    bool has_uncalibrated = false;
    bool has_borrowed = false;
    if (title)
        text_addf(out, "%s\n\n", title);
    for (int r = 0; r < count;) {
        struct table table;
        start_table(&table, arena);
        const struct model *model = results[r].run->model;
        add_headline(&results[r], out);
        for (; r < count && results[r].run->model == model; r++) {
            add_summary_row(&table, &results[r]);
            has_misfit = has_misfit || !results[r].prediction.memory.fits;
            has_borrowed = has_borrowed || strcmp(results[r].origin, "borrowed") == 0;
            has_uncalibrated = has_uncalibrated || strcmp(results[r].origin, "uncalibrated") == 0;
        }
        table_print(&table, out);
        text_add(out, "\n");
    }
    for (int r = 0; has_misfit && r < count; r++)
        if (!results[r].prediction.memory.fits)
            explain_misfit(&results[r], out);
    text_add(out, has_misfit ? "\n" : "");
    text_add(out, "± is half of a 90 % interval: residuals of the kernels' fits, and 28 % for what "
                  "engines do beside kernels.\n");
    if (has_borrowed)
        text_add(out, "(d) datasheet only: fractions borrowed from the nearest calibrated "
                      "relative, interval widened.\n");
    if (has_uncalibrated)
        text_add(out, "(u) uncalibrated: fractions of peak are rules of thumb for this kind of "
                      "device, not fits.\n");
    explain_math(results, count, out);
}
