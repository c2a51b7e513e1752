/* tokenroof run: predict every model of a what-if on every device of it. */
#include "app/session.h"

#include "app/charts.h"
#include "app/levers.h"
#include "report/ops.h"
#include "report/result.h"
#include "report/trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct option_row rows[] = {
    {"set",                                             's', "KEY=VALUE", "override any key: workload.batch=64, model.top_k=4, device.tdp=…"},
    {"format",                                      'f', "table|json|csv|markdown", "how to print it (default: table)"},
    {"output",                                                 'o', "FILE", "write there instead of to standard output"},
    {"ops",         0, NULL, "one row per operator instead of one per device"},
    {"levers",               0, NULL, "try levers one at a time and rank them by what they gain"},
    {"phase",                                          0, "prefill|decode", "with --ops: which (default: both)"},
    {"verbose",                                           'v', NULL, "also print the config with its defaults and where each came from"},
    {"charts",                                                 0, "DIR", "folder for the charts of CONFIG (default: the current one)"},
    {"trace",                                        0, "FILE", "write one prefill and one decode step as a trace for Perfetto"},
    {0},
};

static enum output_kind format_of(const struct options *options)
{
    static const char *const names[] = {"table", "json", "csv", "markdown"};
    const char *name = options_value(options, "format");
    for (int i = 0; name && i < 4; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum output_kind)i;
    return OUT_TABLE;
}

/* All rows; those of `serving` only where the what-if speaks of it. */
static const struct field *fields_shown(struct session *session, const struct plan *plan)
{
    size_t count = 0;
    while (config_fields[count].key)
        count++;
    struct field *shown = arena_array(&session->arena, count + 1, sizeof *shown);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(config_fields[i].key, "serving") != 0 || schema_has(plan->root, "serving"))
            shown[kept++] = config_fields[i];
    return shown;
}

static void add_config(struct session *session, const struct plan *plan, struct text *out)
{
    struct table table;
    static const char *const columns[] = {"key", "value", "from"};
    table_init(&table, &session->arena, NULL);
    for (int i = 0; i < 3; i++)
        table_add_column(&table, (struct column){columns[i], NULL, "", CELL_TEXT, false});
    schema_values_table(fields_shown(session, plan), "", &plan->config, plan->root, &table);
    table_print(&table, out);
    text_add(out, "\n");
}

/* Adds the operators of a typical step of one phase of one run. */
static void add_ops(struct session *session, const struct run *run, bool is_decode,
                    struct table *table)
{
    struct predictor predictor = predictor_new(&session->arena, run);
    struct step_cost *cost = arena_alloc(&session->arena, sizeof *cost);
    if (is_decode)
        static_batch_decode_step(&predictor, cost);
    else
        static_batch_prefill_step(&predictor, cost);
    ops_add(&predictor, cost, is_decode ? "decode" : "prefill", table);
}

static const char *ops_title(struct session *session, const struct run *run, bool is_decode)
{
    return arena_printf(&session->arena, "%s on %s: %s", run->model->id, run->device->id,
                        is_decode ? "one decode step at the middle context"
                                  : "one prefill step, the first");
}

/* Operators of all runs: a table each for people, one for machines. */
static void add_all_ops(struct session *session, const struct plan *plan, const char *phase,
                        enum output_kind format, struct text *out)
{
    bool is_for_machines = format == OUT_CSV || format == OUT_JSON;
    struct table table;
    if (is_for_machines)
        ops_start(&table, &session->arena, NULL, true);
    for (int i = 0; i < 2 * plan->run_count; i++) {
        const struct run *run = &plan->runs[i / 2];
        bool is_decode = i % 2;
        if ((phase && is_decode != (strcmp(phase, "decode") == 0)) ||
            (is_decode && run->workload.output_tokens < 2))
            continue;
        if (!is_for_machines)
            ops_start(&table, &session->arena, ops_title(session, run, is_decode), false);
        add_ops(session, run, is_decode, &table);
        if (!is_for_machines) {
            (format == OUT_MARKDOWN ? table_markdown : table_print)(&table, out);
            text_add(out, "\n");
        }
    }
    if (format == OUT_CSV)
        table_csv(&table, out);
    if (format == OUT_JSON)
        table_json(&table, "operators", out);
}

static void add_results(struct session *session, const struct plan *plan, enum output_kind format,
                        struct text *out)
{
    struct result *results = arena_array(&session->arena, (size_t)plan->run_count, sizeof *results);
    for (int i = 0; i < plan->run_count; i++)
        results[i] = result_of(&session->arena, &plan->runs[i]);
    struct table table;
    if (format == OUT_JSON) {
        result_json(results, plan->run_count, out);
        return;
    }
    if (format == OUT_TABLE) {
        result_summary(plan->title, results, plan->run_count, &session->arena, out);
        return;
    }
    result_table(results, plan->run_count, &session->arena, &table);
    if (format == OUT_CSV)
        table_csv(&table, out);
    else
        table_markdown(&table, out);
}

static int write_trace(struct session *session, const struct options *options,
                       const struct plan *plan)
{
    const char *path = options_value(options, "trace");
    struct text trace;
    int code = EXIT_FINE;
    if (!path)
        return code;
    text_init(&trace);
    trace_json(&session->arena, plan->runs, plan->run_count, &trace);
    if (text_save(&trace, path) != 0) {
        fprintf(stderr, "tokenroof: %s: can't be written: %s\n", path, strerror(errno));
        code = EXIT_WORLD;
    }
    text_release(&trace);
    return code;
}

/* Charts and the trace, after the results; the worst exit code of the three. */
static int write_extras(struct session *session, const struct options *options,
                        const struct plan *plan, int code)
{
    int trace = write_trace(session, options, plan);
    int charts = charts_draw(session, plan, options_value(options, "charts"));
    code = trace > code ? trace : code;
    return charts > code ? charts : code;
}

static void warn_of_option(struct session *session, const char *option, const char *what,
                           const char *hint)
{
    struct place place = {.source = option, .width = 1};
    diag_add(&session->diags, SEVERITY_WARNING, place, "%s", what);
    diag_hint(&session->diags, "%s", hint);
}

/* --phase chooses among operators: alone it does nothing; levers take the place of operators. */
static void warn_of_options(struct session *session, const struct options *options)
{
    const char *phase = options_value(options, "phase");
    bool has_ops = options_count(options, "ops");
    if (has_ops && options_count(options, "levers"))
        warn_of_option(session, "--ops", "it has no effect beside --levers",
                       "ask for operators in a run of its own");
    if (phase && !has_ops)
        warn_of_option(session, arena_printf(&session->arena, "--phase %s", phase),
                       "it has no effect without --ops",
                       "add --ops for the operators of this phase");
}

static int run(const struct command *command, const struct options *options)
{
    (void)command;
    enum output_kind format = format_of(options);
    const char *phase = options_value(options, "phase");
    struct session session;
    struct plan plan;
    struct text out;
    int code = options_check_folder(options, "charts");
    if (code != EXIT_FINE)
        return code;
    session_open(&session, options);
    text_init(&out);
    warn_of_options(&session, options);
    if (load_plan(&session.loader, options->arguments[0], &plan)) {
        if (options_count(options, "verbose"))
            add_config(&session, &plan, &out);
        if (options_count(options, "levers"))
            levers_print(&session, &plan, format, &out);
        else if (options_count(options, "ops"))
            add_all_ops(&session, &plan, phase, format, &out);
        else
            add_results(&session, &plan, format, &out);
        code = options_write(options, &out);
        code = write_extras(&session, options, &plan, code);
    }
    text_release(&out);
    return session_close(&session, code);
}

const struct command command_run = {
    .name = "run",
    .usage = "CONFIG [OPTIONS]",
    .summary =
        "Predicts TTFT, TPOT, ITL, throughput and memory of each model of CONFIG on each device.",
    .example = "tokenroof run configs/quickstart.yaml -s workload.batch=64",
    .options = rows,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
