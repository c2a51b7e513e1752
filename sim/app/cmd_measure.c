/* tokenroof measure: times real inference on this machine's CPU and writes a trace. */
#include "app/measure_grid.h"
#include "app/session.h"
#include "app/stages.h"

#include "kernel/counters.h"
#include "validate/machine.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A measurement under way. */
struct trace {
    struct session *session;
    const struct options *options;
    struct measure_grid grid;
    struct text out;    /* the whole trace so far */
    const char *before; /* rows of an earlier, interrupted run, or "" */
    struct stages progress;
    struct machine_load load;
    struct counters counters;
    struct counts counted; /* since the last remark */
    double busiest;        /* processors that others used during any case */
    int64_t unsteady;      /* cases that were disturbed, however often repeated */
    int64_t done;          /* cases */
    int64_t all;
};

static const char run_header[] =
    "model,weights,activations,kv_cache,arithmetic,threads,batched_tokens,layers,experts,top_k,"
    "expert_ffn,skew,batch,input,depth,output,ttft_ms,ttft_min_ms,ttft_spread,ttft_runs,tpot_ms,"
    "tpot_min_ms,tpot_spread,tpot_outliers,input_tok_per_s,output_tok_per_s,read_gb_s,"
    "exchange_gb_s,barrier_us,fma_gflop_s,latency_ns,others,distinct,distinct_uniform,distinct_"
    "visited\n";

static int save(struct trace *trace)
{
    const char *path = options_value(trace->options, "output");
    if (!path)
        return EXIT_FINE;
    if (text_save(&trace->out, path) == 0)
        return EXIT_FINE;
    fprintf(stderr, "tokenroof: %s: %s\n", path, strerror(errno));
    return EXIT_WORLD;
}

static void add_number(struct text *out, double value, const char *format)
{
    text_add(out, ",");
    if (isfinite(value))
        text_addf(out, format, value); /* NOLINT: the formats are ours */
}

/* The cells that say what was asked for: a row that begins so was measured before. */
static void add_key(const struct measure_setup *setup, const struct model_variant *variant,
                    const struct measure_case *c, struct text *out)
{
    text_addf(out, "%s,%s,fp32,%s,weights,%d,%lld,", setup->model->id, format_names[setup->weights],
              format_names[setup->kv_cache], setup->threads, (long long)setup->chunk_tokens);
    const int64_t changed[] = {variant->layers, variant->experts, variant->top_k,
                               variant->expert_ffn};
    for (int i = 0; i < 4; i++)
        changed[i] > 0 ? text_addf(out, "%lld,", (long long)changed[i]) : text_add(out, ",");
    text_addf(out, "%g,%lld,%lld,%lld,%lld,", setup->skew, (long long)c->batch,
              (long long)c->prompt, (long long)c->depth, (long long)c->generated + 1);
}

static void add_run(const struct measure_case *c, const struct measure_result *result,
                    double others, struct text *out)
{
    double batch = (double)c->batch;
    const struct probed *probed = &result->probed;
    text_addf(out, "%.6g,%.6g,%.3g,%lld", 1e3 * result->ttft.median_s, 1e3 * result->ttft.least_s,
              result->ttft.spread_ratio, (long long)result->ttft.count);
    text_addf(out, ",%.6g,%.6g,%.3g,%lld", 1e3 * result->itl.median_s, 1e3 * result->itl.least_s,
              result->itl.spread_ratio, (long long)result->itl.outliers);
    text_addf(out, ",%.5g,%.5g,%.4g", batch * (double)c->prompt / result->ttft.median_s,
              batch / result->itl.median_s, 1e-9 * probed->read_byte_per_s);
    bool is_alone = !(probed->barrier_s > 0.0); /* one thread exchanges nothing */
    add_number(out, is_alone ? (double)NAN : 1e-9 * probed->exchange_byte_per_s, "%.4g");
    add_number(out, is_alone ? (double)NAN : 1e6 * probed->barrier_s, "%.4g");
    add_number(out, 1e-9 * probed->fma_flop_per_s, "%.4g");
    add_number(out, 1e9 * probed->latency_s, "%.4g");
    add_number(out, others, "%.2f");
    add_number(out, result->distinct, "%.4g");
    add_number(out, result->distinct_uniform, "%.4g");
    add_number(out, result->distinct_visited, "%.4g");
    text_add(out, "\n");
}

/* The line of `text` that begins with `key`, or NULL. */
static const char *find_line(const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0)
            return line;
        if (!*line)
            break;
    }
    return NULL;
}

static void note_load(struct trace *trace, double others)
{
    if (others > trace->busiest)
        trace->busiest = others;
}

/* Hardware counters of what ran since the last remark. */
static void add_counters(struct trace *trace, const char *what)
{
    if (!counters_work(&trace->counters))
        return;
    struct counts now = counters_read(&trace->counters);
    double d[COUNTER_COUNT];
    for (int i = 0; i < COUNTER_COUNT; i++)
        d[i] = now.values[i] - trace->counted.values[i];
    trace->counted = now;
    text_addf(&trace->out,
              "# counters of %s: %.3g instructions per cycle, %.3g of cache references missed, "
              "%.3g loads per instruction\n",
              what, d[COUNTER_INSTRUCTIONS] / d[COUNTER_CYCLES],
              d[COUNTER_CACHE_MISSES] / d[COUNTER_CACHE_REFERENCES],
              d[COUNTER_LOADS] / d[COUNTER_INSTRUCTIONS]);
}

/* Once more, at most twice, when others had processors meanwhile or the cores moved. */
static struct measure_result measure_undisturbed(struct trace *trace, struct measure_bench *bench,
                                                 const struct measure_case *c, double *others)
{
    enum { TRIES_MAX = 3 };
    struct measure_result result;
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        machine_others(&trace->load);
        result = measure_run(bench, c, trace->grid.limit_s);
        *others = machine_others(&trace->load);
        if (result.is_steady && !(*others > MACHINE_BEARABLE_OTHERS))
            return result;
    }
    trace->unsteady++;
    return result;
}

static void measure_performance(struct trace *trace, struct measure_bench *bench,
                                const struct measure_group *group, const struct measure_case *c)
{
    struct text key;
    text_init(&key);
    add_key(&group->setup, &group->variant, c, &key);
    const char *known = find_line(trace->before, text_string(&key));
    if (!known) {
        double others = 0.0;
        struct measure_result result = measure_undisturbed(trace, bench, c, &others);
        note_load(trace, others);
        text_add(&trace->out, text_string(&key));
        add_run(c, &result, others, &trace->out);
    }
    text_release(&key);
}

static void measure_operators(struct trace *trace, struct measure_bench *bench,
                              const struct measure_group *group, const struct measure_case *c)
{
    bool is_per_layer = options_count(trace->options, "per-layer") > 0;
    if (counters_work(&trace->counters))
        trace->counted = counters_read(&trace->counters);
    machine_others(&trace->load);
    measure_profile(bench, c, trace->grid.limit_s, is_per_layer, &trace->out);
    note_load(trace, machine_others(&trace->load));
    add_counters(trace, group->setup.model->id);
}

/* True when every case of the group is in the trace already. */
static bool is_known(const struct trace *trace, const struct measure_group *group)
{
    bool is_all = trace->grid.is_profile == false && *trace->before;
    for (int64_t i = 0; i < group->case_count && is_all; i++) {
        struct text key;
        text_init(&key);
        add_key(&group->setup, &group->variant, &group->cases[i], &key);
        is_all = find_line(trace->before, text_string(&key)) != NULL;
        text_release(&key);
    }
    return is_all;
}

static int measure_group(struct trace *trace, const struct measure_group *group)
{
    const char *why = NULL;
    int code = EXIT_FINE;
    if (is_known(trace, group) || group->case_count == 0) {
        trace->done += group->case_count;
        return code;
    }
    struct measure_bench *bench =
        measure_open(&trace->session->arena, &group->setup, group->batch, group->context, &why);
    if (!bench) {
        struct place place = {.source = group->setup.model->id};
        diag_add(&trace->session->diags, SEVERITY_ERROR, place, "can't run here in %s: %s",
                 format_names[group->setup.weights], why);
        return code;
    }
    for (int64_t i = 0; i < group->case_count && code == EXIT_FINE; i++) {
        stages_show(&trace->progress, (double)trace->done / (double)trace->all);
        if (trace->grid.is_profile)
            measure_operators(trace, bench, group, &group->cases[i]);
        else
            measure_performance(trace, bench, group, &group->cases[i]);
        trace->done++;
        code = save(trace);
    }
    measure_close(bench);
    return code;
}

/* Where the weights come from: "random weights", "weights of a.gguf". */
static void add_origin(const struct trace *trace, struct text *out)
{
    bool is_any_random = false;
    for (int i = 0; i < trace->grid.model_count; i++) {
        const char *path = trace->options->arguments[i];
        const char *slash = strrchr(path, '/');
        if (trace->grid.checkpoints[i].bytes)
            text_addf(out, ", weights of %s", slash ? slash + 1 : path);
        else
            is_any_random = true;
    }
    text_add(out, is_any_random ? ", random weights\n" : "\n");
}

static void add_remarks(struct trace *trace)
{
    struct machine machine = machine_detect(&trace->session->arena);
    text_addf(&trace->out, "# tokenroof measure %s: the project's own CPU kernel",
              trace->grid.is_profile ? "profile" : "performance");
    add_origin(trace, &trace->out);
    machine_remarks(&machine, &trace->out);
    if (trace->grid.is_profile)
        text_add(&trace->out, "# time per call: mean over layers, median over whole steps; "
                              "repeated=0\n");
    else
        text_add(&trace->out, "# medians over repetitions after a warm-up; spread is (90th - 10th "
                              "percentile) / median;\n# outliers are steps beyond 1.3 medians; "
                              "others is processors in use by other programs\n");
    text_add(&trace->out, "# read_gb_s is memory bandwidth of the same threads, probed before and "
                          "after; exchange_gb_s that\n# of data which another thread wrote; "
                          "barrier_us a fork and join\n");
    if (counters_work(&trace->counters))
        return;
    text_addf(&trace->out, "# hardware counters: none (%s)\n", trace->counters.reason);
    if (trace->grid.is_profile)
        fprintf(stderr, "tokenroof: no hardware counters here (%s)\n", trace->counters.reason);
}

static const char *read_before(struct trace *trace)
{
    const char *path = options_value(trace->options, "output");
    if (!path || !options_count(trace->options, "resume"))
        return NULL;
    struct text content;
    text_init(&content);
    const char *copy = NULL;
    if (text_load(&content, path, SIZE_MAX - 1) == 0)
        copy = arena_strdup(&trace->session->arena, text_string(&content));
    text_release(&content);
    return copy;
}

static void begin_trace(struct trace *trace)
{
    const char *before = read_before(trace);
    trace->before = before ? before : "";
    if (before) {
        text_add(&trace->out, before);
        return;
    }
    add_remarks(trace);
    text_add(&trace->out, trace->grid.is_profile ? measure_profile_header : run_header);
}

static int measure_all(struct trace *trace)
{
    int code = EXIT_FINE;
    trace->all = measure_grid_cases(&trace->grid);
    trace->counters = counters_open();
    begin_trace(trace);
    machine_others(&trace->load);
    trace->progress = stages_start();
    stages_part(&trace->progress, "measuring", 1.0);
    struct measure_group group;
    for (int64_t i = 0; i < measure_grid_groups(&trace->grid) && code == EXIT_FINE; i++) {
        measure_grid_group(&trace->grid, &trace->session->arena, i, &group);
        code = measure_group(trace, &group);
    }
    stages_end(&trace->progress);
    counters_close(&trace->counters);
    if (trace->unsteady > 0)
        fprintf(stderr,
                "tokenroof: %lld cases were disturbed at every one of three tries: measure them "
                "again when the machine is quiet\n",
                (long long)trace->unsteady);
    if (trace->busiest > MACHINE_BEARABLE_OTHERS)
        fprintf(stderr,
                "tokenroof: other programs used up to %.1f processors meanwhile: times may be too "
                "long\n",
                trace->busiest);
    if (!options_value(trace->options, "output"))
        fputs(text_string(&trace->out), stdout);
    return code;
}

static int run(const struct command *command, const struct options *options)
{
    (void)command;
    struct session session;
    session_open(&session, options);
    struct trace *trace = arena_alloc(&session.arena, sizeof *trace);
    trace->session = &session;
    trace->options = options;
    text_init(&trace->out);
    int code = EXIT_BAD_USAGE;
    if (measure_grid_read(&trace->grid, options, &session.arena)) {
        measure_grid_load(&trace->grid, options, &session.loader);
        code = session.diags.error_count ? EXIT_FINE : measure_all(trace);
        measure_grid_close(&trace->grid);
    }
    text_release(&trace->out);
    return session_close(&session, code);
}

const struct command command_measure = {
    .name = "measure",
    .usage = "MODEL|CHECKPOINT.gguf... [OPTIONS]",
    .summary = "Times real inference on this machine's CPU; writes a trace for validate.",
    .example = "tokenroof measure smollm2-135m --weights q8_0 --prompt 64 --generate 4",
    .options = measure_grid_options,
    .least_arguments = 1,
    .most_arguments = OPTION_VALUES_MAX,
    .run = run,
};
