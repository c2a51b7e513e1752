#include "app/sweep_job.h"

#include "app/progress.h"
#include "app/sweep_charts.h"
#include "app/sweep_identity.h"
#include "app/sweep_same.h"
#include "app/sweep_search.h"
#include "sweep/database.h"
#include "sweep/names.h"
#include "sweep/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool ends_with(const char *path, const char *ending)
{
    size_t length = strlen(path);
    size_t tail = strlen(ending);
    return length > tail && strcmp(path + length - tail, ending) == 0;
}

/* Devices and pipes (/dev/null, /dev/stdout) are written to as they are, never replaced. */
static bool is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

static enum sweep_output output_of(const char *format, const char *path)
{
    if (!format && path && (ends_with(path, ".jsonl") || ends_with(path, ".ndjson")))
        return SWEEP_JSON;
    if (!format && path && (ends_with(path, ".sqlite") || ends_with(path, ".db")))
        return SWEEP_SQLITE;
    if (format && strcmp(format, "jsonl") == 0)
        return SWEEP_JSON;
    return format && strcmp(format, "sqlite") == 0 ? SWEEP_SQLITE : SWEEP_CSV;
}

/* "json" of x.json when no format goes by that name; NULL where --format or the ending says it. */
static const char *unknown_ending(const char *format, const char *path)
{
    static const char *const known[] = {".csv", ".txt", ".jsonl", ".ndjson", ".sqlite", ".db"};
    const char *slash = path ? strrchr(path, '/') : NULL;
    const char *dot = path ? strrchr(slash ? slash + 1 : path, '.') : NULL;
    if (format || !dot || !dot[1])
        return NULL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(dot, known[i]) == 0)
            return NULL;
    return dot;
}

static bool complain(const struct command *command, int *code, const char *message)
{
    fprintf(stderr, "tokenroof %s: %s\n", command->name, message);
    *code = EXIT_BAD_USAGE;
    return false;
}

/* "3/16": the third of sixteen. */
static bool read_shard(const char *text, struct sweep_job *job)
{
    char *end = NULL;
    job->shards = 1;
    job->shard = 0;
    if (!text)
        return true;
    long long index = strtoll(text, &end, 10);
    if (end == text || *end != '/')
        return false;
    const char *rest = end + 1;
    long long count = strtoll(rest, &end, 10);
    if (end == rest || *end || index < 1 || count < index || count > 1000000)
        return false;
    job->shard = index - 1;
    job->shards = count;
    return true;
}

static bool read_jobs(const char *text, struct sweep_job *job)
{
    char *end = NULL;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    job->jobs = cores < 1 ? 1 : cores > JOBS_MAX ? JOBS_MAX : (int)cores;
    if (!text)
        return true;
    long jobs = strtol(text, &end, 10);
    if (end == text || *end || jobs < 1 || jobs > JOBS_MAX)
        return false;
    job->jobs = (int)jobs;
    return true;
}

bool sweep_job_read(struct session *session, const struct command *command,
                    const struct options *options, struct sweep_job *job, int *code)
{
    *job = (struct sweep_job){
        .config = options->arguments[0],
        .path = options_value(options, "output"),
        .chart_folder = options_value(options, "charts"),
        .kind = options_count(options, "static") > 0 ? GRID_STATIC : GRID_BY_CONFIG,
        .find = options_value(options, "find"),
        .slo = options_value(options, "slo"),
        .filter = options_value(options, "where"),
        .is_resuming = options_count(options, "resume") > 0,
        .is_quiet = options_count(options, "quiet") > 0,
    };
    const char *format = options_value(options, "format");
    const char *ending = unknown_ending(format, job->path);
    if (ending)
        return complain(command, code,
                        arena_printf(&session->arena,
                                     "no format ends with %s: name it .csv, .jsonl or .sqlite, or "
                                     "say --format csv",
                                     ending));
    job->output = output_of(format, job->path);
    if (!read_shard(options_value(options, "shard"), job))
        return complain(command, code, "--shard takes I/N, for example: --shard 3/16");
    if (!read_jobs(options_value(options, "jobs"), job))
        return complain(command, code, "--jobs takes a number of threads from 1 to 1024");
    if (job->find && job->kind == GRID_STATIC)
        return complain(command, code, "--find plays servers, --static predicts batches");
    if (!job->path && job->is_resuming)
        return complain(command, code, "--resume needs the -o FILE of the run that was stopped");
    if (job->is_resuming && is_special(job->path))
        return complain(command, code, "a device or pipe can't be resumed");
    if (!job->path && job->output == SWEEP_SQLITE)
        return complain(command, code, "a database needs a file, for example: -o sweep.sqlite");
    return sweep_search_read(command, options, job, code);
}

static bool parse_filter(struct session *session, const struct options *options,
                         struct sweep_job *job)
{
    const char *text = options_value(options, "where");
    if (!text)
        return true;
    struct place place = {.source = "--where"};
    struct name_finder finder = {&job->grid, &session->arena, true};
    struct names names = names_of(&finder);
    job->grid.filter = expression_parse(&session->arena, &session->diags, text, place, &names);
    return job->grid.filter != NULL;
}

/* A search finds what this axis would set. */
static bool refuse_searched_axis(struct session *session, const struct grid *grid)
{
    const char *path =
        grid->search.is_concurrency ? "serving.arrivals.concurrency" : "serving.arrivals.rate";
    for (int a = 0; a < grid->axes.axis_count; a++) {
        const struct axis *axis = &grid->axes.axes[a];
        if (axis->role != AXIS_KEY || strcmp(axis->path, path) != 0 || axis->count < 2)
            continue; /* one value is where to begin */
        diag_add(&session->diags, SEVERITY_ERROR, axis->place,
                 "--find searches '%s': it can't be an axis, too", path);
        diag_hint(&session->diags, "leave out the axis, or --find");
        return true;
    }
    return false;
}

/* The search that every server is asked for, checked against the load of the first point. */
static bool parse_search(struct session *session, struct sweep_job *job)
{
    struct diags *diags = &session->diags;
    struct load_search first;
    if (!load_search_parse(job->find, job->slo, &session->arena, diags, &job->grid.search))
        return false;
    if (!job->find)
        return true;
    if (refuse_searched_axis(session, &job->grid))
        return false;
    struct load_search_problem problem = {"--find", "static batches have no load to search",
                                          "add a 'serving' section to the what-if"};
    if (job->grid.is_served)
        problem = load_search_prepare(&job->grid.search, &job->grid.parts.config.serving.load,
                                      &session->arena, &first);
    if (!problem.option)
        return true;
    diag_add(diags, SEVERITY_ERROR, (struct place){.source = problem.option}, "%s", problem.what);
    diag_hint(diags, "%s", problem.hint);
    return false;
}

static bool read_axes(struct session *session, const struct options *options, struct override *axes,
                      int *count)
{
    struct reader reader = {.arena = &session->arena, .diags = &session->diags};
    int given = options_count(options, "axis");
    *count = 0;
    for (int i = 0; i < given; i++)
        if (override_parse_as(&reader, "--axis", options_nth(options, "axis", i), &axes[*count]))
            (*count)++;
    return *count == given;
}

bool sweep_job_load(struct session *session, const struct options *options, struct sweep_job *job)
{
    int count = 0;
    struct override *axes =
        arena_array(&session->arena, (size_t)options_count(options, "axis") + 1, sizeof *axes);
    bool are_read = read_axes(session, options, axes, &count);
    if (!grid_load(&session->loader, job->config, job->kind, axes, count, &job->grid) ||
        !are_read || !parse_search(session, job) || !parse_filter(session, options, job) ||
        !sweep_search_load(session, job))
        return false;
    rows_layout(&job->grid, &job->layout);
    const char *columns = options_value(options, "columns");
    return !columns || rows_choose(&job->layout, columns, &session->arena, &session->diags);
}

/* Rows on their way out. */
struct outlet {
    struct store *store; /* NULL = `stream` */
    FILE *stream;
    struct progress *progress;
    struct tally tally;  /* of this run and, resumed, of those before */
    struct text *charts; /* rows for charts, or NULL */
    char reason[160];
    bool has_failed;
};

static bool take_block(void *context, const struct block *block)
{
    struct outlet *outlet = context;
    tally_add(&outlet->tally, &block->tally);
    if (!*outlet->reason && *block->reason)
        memcpy(outlet->reason, block->reason, sizeof outlet->reason);
    if (outlet->store)
        outlet->has_failed = !store_append(outlet->store, &block->text, block->end, &block->tally);
    else
        outlet->has_failed = fwrite(text_string(&block->text), 1, block->text.length,
                                    outlet->stream) != block->text.length;
    if (outlet->charts)
        text_add_bytes(outlet->charts, text_string(&block->chart_text), block->chart_text.length);
    progress_show(outlet->progress, block->end);
    return !outlet->has_failed;
}

struct run_range sweep_job_range(const struct sweep_job *job)
{
    int64_t part = job->grid.total / job->shards;
    int64_t rest = job->grid.total % job->shards;
    int64_t first = job->shard * part + (job->shard < rest ? job->shard : rest);
    return (struct run_range){
        .grid = &job->grid,
        .layout = &job->layout,
        .format = job->output == SWEEP_JSON ? ROW_JSON : ROW_CSV,
        .first = first,
        .end = first + part + (job->shard < rest ? 1 : 0),
        .jobs = job->jobs,
        .ranks = 1,
    };
}

/* What rank 0 shares instead of the first point. */
enum { NOTHING_TO_DO = -1 };

int sweep_job_help(const struct sweep_job *job)
{
    struct run_range range = sweep_job_range(job);
    if (job->goal) /* rank 0 searches alone */
        return EXIT_FINE;
    range.first = cluster_share(&job->cluster, 0);
    if (range.first == NOTHING_TO_DO)
        return EXIT_FINE;
    if (!cluster_run(&job->cluster, &range, NULL, NULL))
        cluster_abort(&job->cluster, EXIT_WORLD);
    return EXIT_FINE;
}

static int fail(const char *path)
{
    fprintf(stderr, "tokenroof: %s: can't be written: %s\n", path, strerror(errno));
    return EXIT_WORLD;
}

/* What was not predicted, and why; all of it is the user's mistake. */
static int report(struct session *session, const struct sweep_job *job, const struct outlet *outlet)
{
    const int64_t *counts = outlet->tally.counts;
    int64_t kept = counts[POINT_OK] + counts[POINT_OOM] + counts[POINT_INVALID];
    struct place place = {.source = job->config};
    if (counts[POINT_INVALID] && counts[POINT_INVALID] == kept) {
        diag_add(&session->diags, SEVERITY_ERROR, place,
                 "none of the %lld combinations can run%s%s", (long long)kept,
                 *outlet->reason ? "; the first: " : "", outlet->reason);
        return EXIT_BAD_INPUT;
    }
    if (counts[POINT_INVALID] && !job->is_quiet) {
        diag_add(&session->diags, SEVERITY_WARNING, place,
                 "%lld of %lld combinations can't run%s%s", (long long)counts[POINT_INVALID],
                 (long long)kept, *outlet->reason ? "; the first: " : "", outlet->reason);
        diag_hint(&session->diags, "their rows say why; leave them out by sweep: {where: …}");
    }
    return EXIT_FINE;
}

/* Straight out: to standard output, a device or a pipe. */
static int run_to_stream(struct session *session, struct sweep_job *job, struct run_range *range,
                         FILE *stream)
{
    const char *name = job->path ? job->path : "standard output";
    if (!stream) {
        cluster_share(&job->cluster, NOTHING_TO_DO);
        return fail(name);
    }
    struct progress progress =
        progress_start(job->is_quiet, range->first, range->first, range->end);
    struct outlet outlet = {
        .stream = stream, .progress = &progress, .charts = range->charts ? &job->chart_rows : NULL};
    struct text header;
    text_init(&header);
    if (job->shard == 0)
        rows_header(&job->layout, range->format, &header);
    fputs(text_string(&header), stream);
    text_release(&header);
    cluster_share(&job->cluster, range->first);
    bool is_fine = cluster_run(&job->cluster, range, take_block, &outlet) && fflush(stream) == 0;
    progress_end(&progress);
    if (is_fine)
        return report(session, job, &outlet);
    int code = fail(name);
    cluster_abort(&job->cluster, code);
    return code;
}

static int open_store(struct session *session, const struct sweep_job *job, struct store *store,
                      const struct run_range *range)
{
    struct text header;
    text_init(&header);
    if (job->shard == 0 || job->output == SWEEP_SQLITE)
        rows_header(&job->layout, range->format, &header);
    enum store_status status =
        store_open(store, &session->arena, job->path, sweep_identity(job, range), &header,
                   range->first, job->is_resuming);
    text_release(&header);
    if (status == STORE_OPEN)
        return EXIT_FINE;
    if (status == STORE_FAILED)
        return fail(store->part_path);
    if (status == STORE_COMPLETE && !sweep_file_is_same(job, range)) {
        fprintf(stderr,
                "tokenroof sweep: %s holds other rows: those of another sweep or version\n"
                "  start anew without --resume, or give another -o FILE\n",
                job->path);
        return EXIT_BAD_INPUT;
    }
    if (status == STORE_COMPLETE) {
        fprintf(stderr, "tokenroof sweep: %s is there, and nothing is left to resume\n", job->path);
        return EXIT_BAD_USAGE;
    }
    if (status == STORE_BUSY) {
        fprintf(stderr, "tokenroof sweep: another run is writing %s\n", store->part_path);
        return EXIT_WORLD;
    }
    fprintf(stderr,
            "tokenroof sweep: %s belongs to another sweep or version\n"
            "  start anew without --resume, or give another -o FILE\n",
            store->part_path);
    return EXIT_BAD_INPUT;
}

static int run_to_file(struct session *session, struct sweep_job *job, struct run_range *range)
{
    struct store store;
    int64_t begin = range->first;
    int code = open_store(session, job, &store, range);
    cluster_share(&job->cluster, code == EXIT_FINE ? store.next_point : NOTHING_TO_DO);
    if (code != EXIT_FINE) {
        store_close(&store);
        return code == EXIT_BAD_USAGE ? EXIT_FINE : code;
    }
    range->first = store.next_point;
    struct progress progress = progress_start(job->is_quiet, begin, range->first, range->end);
    struct outlet outlet = {.store = &store,
                            .progress = &progress,
                            .tally = store.tally,
                            .charts = range->charts ? &job->chart_rows : NULL};
    job->has_chart_rows = job->has_chart_rows && range->first == begin;
    bool is_fine = cluster_run(&job->cluster, range, take_block, &outlet);
    progress_end(&progress);
    bool is_database = job->output == SWEEP_SQLITE;
    const char *reason = is_fine && is_database ? database_write(&session->arena, &job->layout,
                                                                 store.part_path, job->path)
                                                : NULL;
    if (reason) {
        fprintf(stderr, "tokenroof: %s: can't be written: %s\n", job->path, reason);
        store_close(&store);
        return EXIT_WORLD; /* all blocks are in: the others have left */
    }
    if (!is_fine || !store_finish(&store, is_database)) {
        code = fail(job->path);
        store_close(&store);
        cluster_abort(&job->cluster, code);
        return code;
    }
    return report(session, job, &outlet);
}

int sweep_job_run(struct session *session, struct sweep_job *job)
{
    struct run_range range = sweep_job_range(job);
    int code = EXIT_FINE;
    if (job->goal)
        return sweep_search_run(session, job);
    sweep_charts_gather(job, &range);
    if (job->path && is_special(job->path)) {
        FILE *stream = fopen(job->path, "wb");
        code = run_to_stream(session, job, &range, stream);
        if (stream && fclose(stream) != 0 && code == EXIT_FINE)
            code = fail(job->path);
    } else {
        code = job->path ? run_to_file(session, job, &range)
                         : run_to_stream(session, job, &range, stdout);
    }
    return code == EXIT_FINE ? sweep_charts_draw(session, job) : code;
}
