#include "app/sweep_search.h"

#include "app/progress.h"
#include "sweep/database.h"
#include "sweep/names.h"
#include "sweep/search.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool complain(const struct command *command, int *code, const char *message)
{
    fprintf(stderr, "tokenroof %s: %s\n", command->name, message);
    *code = EXIT_BAD_USAGE;
    return false;
}

bool sweep_search_read(const struct command *command, const struct options *options,
                       struct sweep_job *job, int *code)
{
    const char *best = options_value(options, "best");
    const char *front = options_value(options, "pareto");
    char *end = NULL;
    job->goal = options_value(options, "objective");
    job->best = 1;
    if (job->goal && front)
        return complain(command, code, "--objective and --pareto exclude each other");
    if (best && !job->goal)
        return complain(command, code, "--best needs an --objective");
    if (best) {
        job->best = strtol(best, &end, 10);
        if (end == best || *end || job->best < 1 || job->best > BEST_MAX)
            return complain(command, code, "--best takes a number from 1 to 100000");
    }
    job->is_front = front != NULL;
    job->goal = front ? front : job->goal;
    if (job->goal && job->is_resuming)
        return complain(command, code, "a search can't be resumed; it writes only in the end");
    return true;
}

bool sweep_search_load(struct session *session, struct sweep_job *job)
{
    struct place place = {.source = job->is_front ? "--pareto" : "--objective"};
    struct name_finder finder = {&job->grid, &session->arena, true};
    struct names names = names_of(&finder);
    if (!job->goal)
        return true;
    bool is_fine = objectives_parse(&session->arena, &session->diags, job->goal, job->is_front,
                                    place, &names, &job->objectives);
    job->objectives.best = job->best;
    return is_fine;
}

static void show(void *context, int64_t point)
{
    progress_show(context, point);
}

/* What became of all points: one line. */
static void print_counts(const struct sweep_job *job, const struct search_counts *counts,
                         int64_t total)
{
    char text[4][SI_TEXT_BYTES];
    int64_t pruned = counts->by_floor + counts->by_ttft;
    fprintf(stderr, "%s combinations: ", text_count(text[0], total));
    if (!job->grid.is_served)
        fprintf(stderr, "%s pruned before their prediction was complete, ",
                text_count(text[1], pruned));
    fprintf(stderr, "%s %s, %s of them feasible", text_count(text[2], counts->predicted),
            job->grid.is_served ? "played" : "predicted", text_count(text[3], counts->feasible));
    if (counts->excluded)
        fprintf(stderr, "; %s excluded", text_count(text[0], counts->excluded));
    if (counts->oom)
        fprintf(stderr, "; %s don't fit", text_count(text[0], counts->oom));
    if (counts->invalid)
        fprintf(stderr, "; %s can't run", text_count(text[0], counts->invalid));
    fprintf(stderr, "\n");
}

static int report_nothing(struct session *session, const struct sweep_job *job,
                          const struct search_result *result)
{
    const struct search_counts *counts = &result->counts;
    struct place place = {.source = job->config};
    int64_t able = counts->oom + counts->by_floor + counts->by_ttft + counts->predicted;
    if (able == 0 && counts->invalid > 0) {
        diag_add(&session->diags, SEVERITY_ERROR, place,
                 "none of the %lld combinations can run; "
                 "the first: %s",
                 (long long)counts->invalid, result->reason);
        return EXIT_BAD_INPUT;
    }
    fprintf(stderr, "tokenroof sweep: no combination %s%s\n",
            job->filter ? "fits and satisfies " : "fits", job->filter ? job->filter : "");
    return EXIT_MISSED;
}

static void add_rows(const struct sweep_job *job, const struct choices *choices,
                     enum row_format format, struct text *out)
{
    struct sweep_point *point = point_new(&job->grid);
    rows_header(&job->layout, format, out);
    for (int64_t i = 0; i < choices->count; i++) {
        point_move(point, choices->list[i].index);
        point_predict(point);
        rows_add(&job->layout, format, point, out);
    }
    point_free(point);
}

static int write_database(struct session *session, const struct sweep_job *job,
                          const struct text *rows)
{
    const char *path = arena_printf(&session->arena, "%s.part", job->path);
    if (text_save(rows, path) != 0) {
        fprintf(stderr, "tokenroof: %s: can't be written: %s\n", path, strerror(errno));
        return EXIT_WORLD;
    }
    const char *reason = database_write(&session->arena, &job->layout, path, job->path);
    remove(path);
    if (reason)
        fprintf(stderr, "tokenroof: %s: can't be written: %s\n", job->path, reason);
    return reason ? EXIT_WORLD : EXIT_FINE;
}

static int write_rows(struct session *session, const struct sweep_job *job, const struct text *rows)
{
    const char *path = job->path ? job->path : "standard output";
    if (job->output == SWEEP_SQLITE)
        return write_database(session, job, rows);
    bool is_fine = job->path ? text_save(rows, job->path) == 0
                             : fwrite(text_string(rows), 1, rows->length, stdout) == rows->length &&
                                   fflush(stdout) == 0;
    if (!is_fine)
        fprintf(stderr, "tokenroof: %s: can't be written: %s\n", path, strerror(errno));
    return is_fine ? EXIT_FINE : EXIT_WORLD;
}

int sweep_search_run(struct session *session, struct sweep_job *job)
{
    struct run_range range = sweep_job_range(job);
    struct progress progress = progress_start(job->is_quiet, range.first, range.first, range.end);
    struct search search = {
        .grid = &job->grid,
        .objectives = &job->objectives,
        .first = range.first,
        .end = range.end,
        .jobs = job->jobs,
        .show = show,
        .context = &progress,
    };
    struct search_result result;
    bool is_fine = search_run(&search, &result);
    progress_end(&progress);
    int code = EXIT_FINE;
    if (!is_fine) {
        fprintf(stderr, "tokenroof: no thread can be started: %s\n", strerror(errno));
        code = EXIT_WORLD;
    } else if (result.choices.count == 0) {
        code = report_nothing(session, job, &result);
    } else {
        struct text rows;
        text_init(&rows);
        add_rows(job, &result.choices, range.format, &rows);
        code = write_rows(session, job, &rows);
        text_release(&rows);
    }
    if (is_fine && !job->is_quiet)
        print_counts(job, &result.counts, range.end - range.first);
    choices_release(&result.choices);
    return code;
}
