/* tokenroof validate: predicted beside measured, row by row, and how wrong each class is. */
#include "app/run_maker.h"
#include "app/session.h"
#include "app/validate_charts.h"

#include "conf/borrow.h"

#include "conf/quantity.h"
#include "validate/error_report.h"
#include "validate/repeats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row rows[] = {
    {"device",                                                               0, "NAME", "device that was measured, where the file doesn't say"},
    {"fits-from",                                                                0, "NAME", "predict by the fits of another device: how well do they carry over?"},
    {"min-time",                                                                      0, "TIME", "leave out measurements shorter than TIME, such as 10us"},
    {"format",      'f', "FORMAT", "table (default), json, csv (every row), summary (CSV by variant)"},
    {"min-message", 0, "SIZE", "leave out collectives of smaller messages, such as 1MB"},
    {"charts",                                                             0, "DIR", "draw predicted against measured there, one chart per class"},
    {"max-error",                                                                0, "RATIO", "exit with 4 when the median of any class is above, such as 10%"},
    {"seed",                                                                      0, "N", "which 20 % of the rows count as held out (default 1)"},
    {"held-out",                                                              0, NULL, "judge only rows that no fit with this seed saw"},
    {"merge-repeats",    0, NULL,
     "count runs that were measured several times once, by their median error"},
    {"set",                                                          's', "KEY=VALUE",
     "how runs were measured (workload.batch=8, model=…), or a device's key"},
    {"output",                                                                'o', "FILE", "write there instead of to standard output"},
    {0                                                                     }
};

enum output_kind { OUT_TABLE, OUT_JSON, OUT_CSV, OUT_SUMMARY, OUT_COUNT };

/* What the command line asks for. */
struct request {
    enum output_kind format;
    enum error_rows rows;
    double least_s;
    double least_bytes;
    double most_error; /* NaN: no bar */
    uint64_t seed;
    const char *device;
    bool is_merged;        /* repetitions of a run count once */
    const char *fits_from; /* NULL: the device's own, or borrowed ones */
};

/* A device that some file names. */
struct known_device {
    const char *id;
    const struct device *device; /* NULL: can't be used, a message said why */
    struct judge_rates rates;
};

enum { REASONS_MOST = 16 };

/* Why some runs are refused. */
struct reason {
    const char *why;
    int64_t count;
    int64_t first_line;
};

/* Devices loaded so far, and what makes runs. */
struct bench {
    struct session *session;
    const struct request *request;
    struct judgement judgement;
    struct known_device *devices[64];
    int device_count;
    struct run_maker maker;
    struct reason reasons[REASONS_MOST]; /* why runs of the file at hand are refused */
    int reason_count;
};

static bool complain(const char *option, const char *value, const char *takes)
{
    fprintf(stderr, "tokenroof validate: --%s takes %s, not '%s'\n", option, takes, value);
    return false;
}

static bool parse_format(const struct options *options, struct request *request)
{
    static const char *const names[] = {"table", "json", "csv", "summary"};
    const char *name = options_value(options, "format");
    for (int i = 0; i < OUT_COUNT; i++)
        if (!name || strcmp(name, names[i]) == 0) {
            request->format = (enum output_kind)(name ? i : 0);
            return true;
        }
    return complain("format", name, "table, json, csv or summary");
}

static bool parse_numbers(const struct options *options, struct arena *arena,
                          struct request *request)
{
    const char *suggestion = NULL;
    const char *time = options_value(options, "min-time");
    const char *message = options_value(options, "min-message");
    const char *error = options_value(options, "max-error");
    const char *seed = options_value(options, "seed");
    char *end = NULL;
    if (time &&
        quantity_parse(arena, time, DIM_SECOND, &request->least_s, &suggestion) != QUANTITY_OK)
        return complain("min-time", time, "a time such as 10us");
    if (message &&
        quantity_parse(arena, message, DIM_BYTE, &request->least_bytes, &suggestion) != QUANTITY_OK)
        return complain("min-message", message, "a size such as 1MB");
    if (error) {
        request->most_error = strtod(error, &end);
        bool is_percent = strcmp(end, "%") == 0 || strcmp(end, " %") == 0;
        if (end == error || (*end && !is_percent) || !(request->most_error >= 0.0))
            return complain("max-error", error, "a ratio such as 10% or 0.1");
        request->most_error *= is_percent ? 0.01 : 1.0;
    }
    if (seed) {
        request->seed = strtoull(seed, &end, 10);
        if (end == seed || *end || *seed == '-')
            return complain("seed", seed, "a whole number");
    }
    return true;
}

static bool parse_request(const struct options *options, struct arena *arena,
                          struct request *request)
{
    *request = (struct request){.most_error = (double)NAN, .seed = 1};
    request->device = options_value(options, "device");
    request->is_merged = options_count(options, "merge-repeats") > 0;
    request->fits_from = options_value(options, "fits-from");
    request->rows = options_count(options, "held-out") ? ROWS_HELD_OUT : ROWS_ALL;
    return parse_format(options, request) && parse_numbers(options, arena, request);
}

/* The device with its own fits, those of its relatives where it has none, or only those of
 * --fits-from. */
static const struct device *with_fits(struct bench *bench, const struct device *device,
                                      struct place place)
{
    const char *from = bench->request->fits_from;
    if (!from)
        return borrow_fits(&bench->session->loader, device, place);
    const struct device *lender =
        load_device(&bench->session->loader, from, ".", (struct place){.source = "--fits-from"});
    struct device *copy = arena_alloc(&bench->session->arena, sizeof *copy);
    *copy = *device;
    copy->fitted_count = 0;
    if (lender)
        borrow_from_lenders(
            copy, arena_array(&bench->session->arena, FITS_MAX, sizeof *copy->fitted), &lender, 1);
    return copy;
}

static struct known_device *find_device(struct bench *bench, const char *id, struct place place)
{
    for (int i = 0; i < bench->device_count; i++)
        if (strcmp(bench->devices[i]->id, id) == 0)
            return bench->devices[i];
    if (bench->device_count == (int)(sizeof bench->devices / sizeof *bench->devices))
        return NULL;
    struct known_device *known = arena_alloc(&bench->session->arena, sizeof *known);
    bench->devices[bench->device_count++] = known;
    known->id = id;
    known->device = load_device(&bench->session->loader, id, ".", place);
    if (known->device)
        known->device = with_fits(bench, known->device, place);
    if (known->device)
        judge_rates_init(&known->rates, known->device);
    return known;
}

/* The what-if of a measured run, or why there is none. */
static const char *complete_run(struct bench *bench, const struct sample_set *set,
                                const struct run_sample *sample, struct run *run)
{
    struct place place = {.source = set->path, .line = (int)sample->line, .column = 1, .width = 1};
    const char *id = bench->request->device ? bench->request->device
                     : sample->device       ? sample->device
                                            : set->device;
    if (!id)
        return "the file names no device: say --device NAME";
    struct known_device *device = find_device(bench, id, place);
    if (!device || !device->device)
        return "the device is not known";
    return run_maker_complete(&bench->maker, sample, device->device, run);
}

static void note_reason(struct bench *bench, const char *why, int64_t line)
{
    int i = 0;
    while (i < bench->reason_count && strcmp(bench->reasons[i].why, why) != 0)
        i++;
    if (i == REASONS_MOST)
        return;
    if (i == bench->reason_count)
        bench->reasons[bench->reason_count++] = (struct reason){why, 0, line};
    bench->reasons[i].count++;
}

static void judge_runs(struct bench *bench, const struct sample_set *set)
{
    for (int64_t i = 0; i < set->run_count; i++) {
        struct run run;
        const char *why = complete_run(bench, set, &set->runs[i], &run);
        if (why)
            judge_refuse_run(&bench->judgement, &set->runs[i]);
        else
            why = judge_run(&bench->judgement, set, &set->runs[i], &run);
        if (why)
            note_reason(bench, why, set->runs[i].line);
    }
    if (set->kernel_count == 0 && set->run_count > 0)
        bench->judgement.refused[CLASS_COUNT] += set->refused;
}

static void judge_set(struct bench *bench, const struct sample_set *set)
{
    struct place place = {.source = set->path};
    const char *id = bench->request->device ? bench->request->device : set->device;
    struct known_device *device = id ? find_device(bench, id, place) : NULL;
    if (set->kernel_count > 0 && !id) {
        diag_add(&bench->session->diags, SEVERITY_ERROR, place, "the file names no device");
        diag_hint(&bench->session->diags, "say --device NAME; `tokenroof list hardware` names all");
    }
    if (device && device->device)
        judge_kernels(&bench->judgement, set, &device->rates);
    else if (set->run_count == 0)
        bench->judgement.refused[CLASS_COUNT] += set->refused;
    judge_runs(bench, set);
}

/* One line per file: what it is, what was assumed, what was refused. */
static void add_file(const struct bench *bench, const struct sample_set *set, struct text *out)
{
    text_addf(out, "%s: %s", set->path, set->format);
    if (set->engine)
        text_addf(out, ", %s", set->engine);
    const char *device = bench->request->device ? bench->request->device : set->device;
    if (device)
        text_addf(out, ", %s", device);
    text_addf(out, ", %lld rows", (long long)(set->kernel_count + set->run_count));
    if (set->refused)
        text_addf(out, ", %lld refused (%s)", (long long)set->refused, set->refused_why);
    text_add(out, "\n");
    if (set->assumed)
        text_addf(out, "  assumed: %s\n", set->assumed);
    for (int i = 0; i < bench->reason_count; i++)
        text_addf(out, "  %lld run%s refused (line %lld%s): %s\n",
                  (long long)bench->reasons[i].count, bench->reasons[i].count > 1 ? "s" : "",
                  (long long)bench->reasons[i].first_line,
                  bench->reasons[i].count > 1 ? " first" : "", bench->reasons[i].why);
}

static void add_table(const char *title, const struct table *table, struct text *out)
{
    if (table->row_count == 0)
        return;
    text_addf(out, "\n%s\n\n", title);
    table_print(table, out);
}

static void add_tables(const struct bench *bench, struct text *out)
{
    enum { WORST = 10 };
    const struct judgement *judgement = &bench->judgement;
    enum error_rows which = bench->request->rows;
    char least[SI_TEXT_BYTES];
    struct table table;
    if (judgement->too_short)
        text_addf(out, "%lld rows below %s left out\n", (long long)judgement->too_short,
                  text_si(least, judgement->least_s, "s", 3));
    error_table_classes(judgement, which, &table);
    add_table("Error = predicted / measured - 1, by class", &table, out);
    error_table_groups(judgement, GROUP_VARIANT, which, &table);
    add_table("By variant", &table, out);
    error_table_groups(judgement, GROUP_SIZE, which, &table);
    add_table("By measured time", &table, out);
    error_table_worst(judgement, which, WORST, &table);
    add_table("Worst rows", &table, out);
}

static void add_report(const struct bench *bench, struct text *out)
{
    struct table table;
    switch (bench->request->format) {
    case OUT_TABLE:
        add_tables(bench, out);
        break;
    case OUT_JSON:
        error_json(&bench->judgement, bench->request->rows, out);
        break;
    case OUT_CSV:
        error_table_rows(&bench->judgement, bench->request->rows, &table);
        table_csv(&table, out);
        break;
    case OUT_SUMMARY:
        error_table_summary(&bench->judgement, &table);
        table_csv(&table, out);
        break;
    case OUT_COUNT:
        break;
    }
}

/* Repetitions count once; how far they lie apart is what no prediction can explain. */
static void merge_repeats(struct bench *bench, struct text *out)
{
    struct repeat_spread spread = repeats_merge(&bench->judgement);
    if (bench->request->format != OUT_TABLE)
        return;
    if (spread.runs == 0) {
        text_add(out, "\nnothing was measured more than once\n");
        return;
    }
    text_addf(out,
              "\n%lld figures were measured more than once, %lld times in all: beside their "
              "predictions, measurements lie %.2g %% (median), %.2g %% (90th percentile), %.2g %% "
              "(worst) from the median of their figure\n",
              (long long)spread.runs, (long long)spread.measured, 100.0 * spread.median,
              100.0 * spread.p90, 100.0 * spread.worst);
}

static int judge_files(struct bench *bench, const struct options *options, struct text *out)
{
    struct session *session = bench->session;
    for (int i = 0; i < options->argument_count; i++) {
        struct sample_set set;
        if (!samples_read(&session->arena, &session->diags, options->arguments[i], &set))
            continue;
        bench->reason_count = 0;
        judge_set(bench, &set);
        if (bench->request->format == OUT_TABLE)
            add_file(bench, &set, out);
    }
    if (session->diags.error_count)
        return EXIT_FINE; /* the messages decide */
    if (bench->request->is_merged)
        merge_repeats(bench, out);
    add_report(bench, out);
    double worst = error_worst_median(&bench->judgement, bench->request->rows);
    int code = options_write(options, out);
    const char *charts = options_value(options, "charts");
    if (code == EXIT_FINE && charts)
        code = validate_charts_draw(session, &bench->judgement, bench->request->rows, charts);
    bool has_bar = !isnan(bench->request->most_error);
    if (code == EXIT_FINE && has_bar && isnan(worst)) {
        fprintf(stderr,
                "tokenroof validate: no row could be compared, so --max-error is not met\n");
        return EXIT_MISSED;
    }
    bool is_missed = worst > bench->request->most_error; /* never above NaN */
    if (code == EXIT_FINE && is_missed) {
        fprintf(stderr, "tokenroof validate: the worst median error is %.3g %%, the bar %.3g %%\n",
                100.0 * worst, 100.0 * bench->request->most_error);
        return EXIT_MISSED;
    }
    return code;
}

static int run(const struct command *command, const struct options *options)
{
    (void)command;
    const double held_ratio = 0.2;
    struct request request;
    struct session session;
    session_open(&session, options);
    if (!parse_request(options, &session.arena, &request))
        return session_close(&session, EXIT_BAD_USAGE);
    struct bench *bench = arena_alloc(&session.arena, sizeof *bench);
    bench->session = &session;
    bench->request = &request;
    bench->judgement = (struct judgement){.arena = &session.arena,
                                          .least_s = request.least_s,
                                          .least_bytes = request.least_bytes,
                                          .seed = request.seed,
                                          .held_ratio = held_ratio};
    struct text out;
    text_init(&out);
    run_maker_init(&bench->maker, &session);
    int code = judge_files(bench, options, &out);
    text_release(&out);
    return session_close(&session, code);
}

const struct command command_validate = {
    .name = "validate",
    .usage = "FILES... [OPTIONS]",
    .summary = "Compares predictions with measured kernels and runs, class by class.",
    .example = "tokenroof validate tests/unit/validate/data/kernels.csv --device h100-sxm",
    .options = rows,
    .least_arguments = 1,
    .most_arguments = OPTION_VALUES_MAX,
    .run = run,
};
