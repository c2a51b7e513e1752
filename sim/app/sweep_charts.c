#include "app/sweep_charts.h"

#include "app/charts.h"
#include "sweep/names.h"

enum { CHART_POINTS_MAX = 1000000 };

static bool has_charts(const struct sweep_job *job)
{
    return job->grid.parts.config.chart_count > 0 && job->shards == 1 &&
           job->grid.total <= CHART_POINTS_MAX;
}

void sweep_charts_gather(struct sweep_job *job, struct run_range *range)
{
    text_init(&job->chart_rows);
    if (!job->grid.is_served || !has_charts(job))
        return;
    rows_layout(&job->grid, &job->chart_layout);
    job->has_chart_rows = job->cluster.ranks == 1;
    range->charts = job->has_chart_rows ? &job->chart_layout : NULL;
}

static bool take_rows(void *context, const struct block *block)
{
    struct text *rows = context;
    text_add_bytes(rows, text_string(&block->chart_text), block->chart_text.length);
    return true;
}

/* The rows that were not gathered, on all threads. */
static void play_anew(struct sweep_job *job)
{
    struct run_range range = sweep_job_range(job);
    range.layout = range.charts = &job->chart_layout;
    job->chart_rows.length = 0;
    runner_run(&range, take_rows, &job->chart_rows);
}

static void parse_rows(struct session *session, struct sweep_job *job, struct table *table)
{
    if (!job->has_chart_rows)
        play_anew(job);
    rows_table_start(&job->chart_layout, &session->arena, table);
    rows_table_parse(&job->chart_layout, text_string(&job->chart_rows), table);
    text_release(&job->chart_rows);
}

/* Every kept point once more, into a table with all columns: charts are of few points. */
static void fill_table(struct session *session, const struct sweep_job *job, struct table *table)
{
    static struct row_layout layout; /* large */
    struct sweep_point *point = point_new(&job->grid);
    rows_layout(&job->grid, &layout);
    rows_table_start(&layout, &session->arena, table);
    for (int64_t i = 0; i < job->grid.total; i++) {
        point_move(point, i);
        if (!point_is_kept(point))
            continue;
        enum point_status status = point_predict(point);
        bool is_wanted =
            !job->grid.filter ||
            (status == POINT_OK && expression_holds(job->grid.filter, names_value, point));
        if (status != POINT_INVALID && is_wanted)
            rows_table_add(&layout, point, table);
    }
    point_free(point);
}

int sweep_charts_draw(struct session *session, struct sweep_job *job)
{
    const struct config *config = &job->grid.parts.config;
    struct table table;
    if (config->chart_count == 0 || job->shards > 1)
        return EXIT_FINE;
    if (!has_charts(job)) {
        diag_add(&session->diags, SEVERITY_WARNING, (struct place){.source = job->config},
                 "no charts of more than 1,000,000 points");
        return EXIT_FINE;
    }
    if (job->grid.is_served)
        parse_rows(session, job, &table);
    else
        fill_table(session, job, &table);
    return charts_draw_table(session, config->charts, config->chart_count, job->grid.parts.root,
                             &table, job->chart_folder);
}
