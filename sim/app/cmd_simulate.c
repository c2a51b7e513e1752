/* tokenroof simulate: play requests over simulated time against each model of a what-if on each
 * device. */
#include "app/charts.h"
#include "app/simulation.h"

#include "report/served_trace.h"
#include "sweep/load_search.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row rows[] = {
    {"set",                                                                    's', "KEY=VALUE",
     "override any key: serving.arrivals.rate='8 /s', serving.server.max_seqs=…"},
    {"format",                                                             'f', "table|json|csv",
     "how to print it (default: table); json: the fields of vllm bench serve"},
    {"output",                                                                        'o', "FILE", "write there instead of to standard output"},
    {"find",         0, "max-rate|max-concurrency",
     "search the largest load that keeps --slo and is sustained"},
    {"slo", 0, "LIST", "with --find: ttft_p99=2s,tpot_p99=50ms (default: p99 of serving.slo)"},
    {"requests",                                                                 0, "FILE", "write one CSV row per request of the first run"},
    {"series",                                                                  0, "FILE", "write batch, queue, KV and power over time of the first run as CSV"},
    {"trace",                                                                        0, "FILE", "write steps, batch, KV cache and requests of the first run for Perfetto"},
    {"trace-requests",                                                               0, "N", "requests in it, and steps until they are answered (default: 1000)"},
    {"charts",              0, "DIR", "folder for the charts of CONFIG with data: requests or series"},
    {0                                                                   },
};

/* All runs of a what-if. */
struct outcome {
    struct served *served;           /* [run_count] */
    struct capacity_answer *answers; /* [run_count], with --find */
    struct collector first;          /* records of the first run */
    struct step_log log;             /* its steps, with --trace */
    bool has_log;
    bool has_first;
    bool is_missed; /* a search found no load */
};

static bool play_run(struct session *session, const struct plan *plan,
                     const struct source_plan *source, const struct load_search *find, int index,
                     struct outcome *outcome)
{
    struct simulation *simulation = arena_alloc(&session->arena, sizeof *simulation);
    struct served *served = &outcome->served[index];
    struct collector *keep = index == 0 ? &outcome->first : NULL;
    if (!simulation_init(simulation, session, plan, source, &plan->runs[index]))
        return false;
    if (keep && outcome->has_log) {
        outcome->log.requests_left =
            source->requests > 0 && source->requests < outcome->log.requests
                ? source->requests
                : outcome->log.requests;
        simulation->experiment.log = &outcome->log;
    }
    enum server_status status =
        find->is_wanted
            ? load_search_run(find, &simulation->experiment, served, keep, &outcome->answers[index])
            : experiment_play(&simulation->experiment, served, keep);
    bool is_fine = simulation_report(simulation, status, served);
    if (keep && !is_fine && status == SERVER_FINE)
        collector_release(keep);
    outcome->has_first |= keep && is_fine;
    outcome->is_missed |= find->is_wanted && outcome->answers[index].status == CAPACITY_NEVER;
    return is_fine;
}

static bool play_all(struct session *session, const struct plan *plan,
                     const struct load_search *find, struct outcome *outcome)
{
    struct source_plan *source = arena_alloc(&session->arena, sizeof *source);
    size_t count = (size_t)plan->run_count;
    bool is_fine = simulation_source(session, plan, source);
    outcome->served = arena_array(&session->arena, count, sizeof *outcome->served);
    outcome->answers = arena_array(&session->arena, count, sizeof *outcome->answers);
    for (int i = 0; is_fine && i < plan->run_count; i++)
        is_fine = play_run(session, plan, source, find, i, outcome);
    return is_fine && session->diags.error_count == 0;
}

static void add_results(struct session *session, const struct options *options,
                        const struct plan *plan, const struct load_search *find,
                        const struct outcome *outcome, struct text *out)
{
    const char *format = options_value(options, "format");
    struct table table;
    if (format && strcmp(format, "json") == 0) {
        served_json(outcome->served, plan->run_count, out);
        return;
    }
    if (format && strcmp(format, "csv") == 0) {
        served_table(outcome->served, plan->run_count, &session->arena, &table);
        table_csv(&table, out);
        return;
    }
    served_summary(plan->title, outcome->served, plan->run_count, &session->arena, out);
    for (int i = 0; find->is_wanted && i < plan->run_count; i++)
        text_addf(
            out, "%s on %s: %s\n", plan->runs[i].model->id, plan->runs[i].device->id,
            load_search_text(find, &outcome->answers[i], &outcome->served[i], &session->arena));
}

static int save(const struct text *text, const char *path)
{
    if (text_save(text, path) == 0)
        return EXIT_FINE;
    fprintf(stderr, "tokenroof: %s: can't be written: %s\n", path, strerror(errno));
    return EXIT_WORLD;
}

/* Requests and time series of the first run. */
static int write_rows(struct session *session, const struct options *options,
                      const struct outcome *outcome)
{
    const char *requests = options_value(options, "requests");
    const char *series = options_value(options, "series");
    int code = EXIT_FINE;
    struct text text;
    text_init(&text);
    if (requests) {
        served_requests_csv(&outcome->first, &text);
        code = save(&text, requests);
    }
    text_release(&text);
    if (series) {
        struct table table;
        served_series(&outcome->first, &session->arena, &table);
        table_csv(&table, &text);
        int one = save(&text, series);
        code = one > code ? one : code;
    }
    text_release(&text);
    return code;
}

/* How many requests a trace shows; false with a message when that is no number. */
static bool open_log(struct session *session, const struct options *options,
                     struct outcome *outcome)
{
    const char *text = options_value(options, "trace-requests");
    const char *digits = text ? text : "1000";
    size_t length = strspn(digits, "0123456789");
    outcome->has_log = options_value(options, "trace") != NULL;
    if (length == 0 || length > 9 || digits[length]) {
        diag_add(&session->diags, SEVERITY_ERROR, (struct place){.source = "--trace-requests"},
                 "'%s' is no number of requests", diag_quote(&session->diags, digits));
        diag_hint(&session->diags, "write for example: --trace-requests 1000");
        return false;
    }
    step_log_init(&outcome->log, strtoll(digits, NULL, 10), 0);
    return true;
}

static int write_trace(const struct options *options, const struct plan *plan,
                       const struct outcome *outcome)
{
    const struct run *run = &plan->runs[0];
    struct text text;
    if (!outcome->has_log || !outcome->has_first)
        return EXIT_FINE;
    struct text name;
    text_init(&name);
    text_init(&text);
    text_addf(&name, "%s on %s", run->model->id, run->device->id);
    served_trace_json(&outcome->first, name.data, &text);
    int code = save(&text, options_value(options, "trace"));
    if (outcome->log.is_cut)
        fprintf(stderr, "tokenroof: %s: only the first %d stretches of steps are in it\n",
                options_value(options, "trace"), (int)STEP_LOG_MOST);
    text_release(&name);
    text_release(&text);
    return code;
}

/* Charts of requests and of the server over time. */
static int draw(struct session *session, const struct options *options, const struct plan *plan,
                const struct outcome *outcome)
{
    enum { DRAWN_MOST = 20000 };
    struct table requests;
    struct table series;
    served_requests(&outcome->first, DRAWN_MOST, &session->arena, &requests);
    served_series(&outcome->first, &session->arena, &series);
    return charts_draw_simulated(session, plan, options_value(options, "charts"), &requests,
                                 &series);
}

/* The search that the command line asks for, under the load of the what-if. */
static bool read_search(struct session *session, const struct options *options,
                        const struct plan *plan, struct load_search *find)
{
    struct load_search asked;
    if (!load_search_parse(options_value(options, "find"), options_value(options, "slo"),
                           &session->arena, &session->diags, &asked))
        return false;
    *find = asked;
    if (!asked.is_wanted)
        return true;
    struct load_search_problem problem =
        load_search_prepare(&asked, &plan->config.serving.load, &session->arena, find);
    if (!problem.option)
        return true;
    diag_add(&session->diags, SEVERITY_ERROR, (struct place){.source = problem.option}, "%s",
             problem.what);
    diag_hint(&session->diags, "%s", problem.hint);
    return false;
}

/* One load is played here, whatever the axes of a sweep say. */
static void warn_of_axes(struct session *session, const struct plan *plan)
{
    if (!schema_has(plan->root, "sweep"))
        return;
    diag_add(&session->diags, SEVERITY_WARNING, schema_place(plan->root, "sweep"),
             "the axes of a sweep are not played here");
    diag_hint(&session->diags, "`tokenroof sweep` plays every combination");
}

static int simulate(struct session *session, const struct options *options, const struct plan *plan)
{
    struct load_search find;
    struct outcome outcome = {0};
    struct text out;
    int code = EXIT_FINE;
    if (!read_search(session, options, plan, &find) || !open_log(session, options, &outcome))
        return code;
    text_init(&out);
    if (play_all(session, plan, &find, &outcome)) {
        add_results(session, options, plan, &find, &outcome, &out);
        code = options_write(options, &out);
        int rows_code = write_rows(session, options, &outcome);
        code = rows_code > code ? rows_code : code;
        int trace_code = write_trace(options, plan, &outcome);
        code = trace_code > code ? trace_code : code;
        int charts_code = draw(session, options, plan, &outcome);
        code = charts_code > code ? charts_code : code;
        if (code == EXIT_FINE && outcome.is_missed)
            code = EXIT_MISSED;
    }
    if (outcome.has_first)
        collector_release(&outcome.first);
    step_log_release(&outcome.log);
    text_release(&out);
    return code;
}

static int run(const struct command *command, const struct options *options)
{
    (void)command;
    struct session session;
    struct plan plan;
    int code = options_check_folder(options, "charts");
    if (code != EXIT_FINE)
        return code;
    session_open(&session, options);
    if (load_plan(&session.loader, options->arguments[0], &plan)) {
        warn_of_axes(&session, &plan);
        code = simulate(&session, options, &plan);
    }
    return session_close(&session, code);
}

const struct command command_simulate = {
    .name = "simulate",
    .usage = "CONFIG [OPTIONS]",
    .summary = "Plays requests over simulated time: TTFT, TPOT, E2E, throughput under load.",
    .example =
        "tokenroof simulate configs/serving.yaml --find max-rate --slo ttft_p99=2s,tpot_p99=50ms",
    .options = rows,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
