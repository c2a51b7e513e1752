#include "app/charts.h"

#include "app/chart_options.h"
#include "conf/check.h"
#include "report/draw_chart.h"
#include "report/draw_roofline.h"
#include "report/experts.h"
#include "report/operators.h"
#include "report/played.h"
#include "report/result.h"
#include "report/run_fits.h"

#include <stdio.h>
#include <string.h>

static bool wants(const struct chart_spec *spec, enum run_phase phase)
{
    return spec->phase == CHART_PHASE_BOTH ||
           (spec->phase == CHART_PHASE_PREFILL) == (phase == PHASE_PREFILL);
}

static void fill_results(struct session *session, const struct plan *plan, struct table *table)
{
    struct result *results = arena_array(&session->arena, (size_t)plan->run_count, sizeof *results);
    for (int i = 0; i < plan->run_count; i++)
        results[i] = result_of(&session->arena, &plan->runs[i]);
    result_table(results, plan->run_count, &session->arena, table);
}

static void fill_operators(const struct plan *plan, const struct chart_spec *spec,
                           struct table *table)
{
    for (int i = 0; i < plan->run_count; i++)
        for (int phase = 0; phase < PHASE_COUNT; phase++)
            if (wants(spec, (enum run_phase)phase))
                operators_add(&plan->runs[i], (enum run_phase)phase, table);
}

/* The first run that fits into its memory, NULL when none does; says which ones it passed over. */
static const struct run *find_playable(struct session *session, const struct plan *plan,
                                       struct place place)
{
    const struct run *first = &plan->runs[0];
    for (int i = 0; i < plan->run_count; i++) {
        const struct run *run = &plan->runs[i];
        if (!run_fits(&session->arena, run))
            continue;
        if (i > 0)
            diag_add(&session->diags, SEVERITY_WARNING, place,
                     "%s does not fit into the memory of %s: this chart shows %s on %s",
                     first->model->id, first->device->id, run->model->id, run->device->id);
        return run;
    }
    return NULL;
}

/* One step only: of the first run that fits, the decode step unless prefill is asked for. */
static void fill_timeline(struct session *session, const struct plan *plan,
                          const struct chart_spec *spec, struct place place, struct table *table)
{
    const struct run *run = find_playable(session, plan, place);
    if (!run)
        return;
    bool is_decode = spec->phase != CHART_PHASE_PREFILL && run->workload.output_tokens > 1;
    struct played played =
        played_step(&session->arena, run, is_decode ? PHASE_DECODE : PHASE_PREFILL);
    played_add(&played, spec->layers, table);
}

static void fill_table(struct session *session, const struct plan *plan,
                       const struct chart_spec *spec, struct place place, struct table *table)
{
    switch (chart_spec_data(spec)) {
    case CHART_DATA_OPERATORS:
        operators_start(table, &session->arena);
        fill_operators(plan, spec, table);
        break;
    case CHART_DATA_TIMELINE:
        played_start(table, &session->arena);
        fill_timeline(session, plan, spec, place, table);
        break;
    case CHART_DATA_EXPERTS:
        experts_start(table, &session->arena);
        for (int i = 0; i < plan->run_count; i++)
            experts_add(&plan->runs[i], table);
        break;
    case CHART_DATA_REQUESTS: /* drawn by `simulate` */
    case CHART_DATA_SERIES:
    case CHART_DATA_RESULTS:
    case CHART_DATA_AUTO:
    case CHART_DATA_COUNT:
        fill_results(session, plan, table);
        break;
    }
}

static enum draw_status draw_roofs(struct session *session, const struct plan *plan,
                                   const struct chart_spec *spec, const char *path,
                                   struct draw_problem *problem)
{
    enum roof_detail detail = plan->run_count == 1 ? ROOF_OPERATORS : ROOF_PHASES;
    size_t room = (size_t)plan->run_count * ROOF_ENTRIES_MAX;
    struct roof_entry *entries = arena_array(&session->arena, room, sizeof *entries);
    struct roof_entry found[ROOF_ENTRIES_MAX];
    int count = 0;
    for (int r = 0; r < plan->run_count; r++) {
        int n = roofline_entries(&session->arena, &plan->runs[r], detail, found);
        for (int i = 0; i < n; i++)
            if (wants(spec, found[i].phase))
                entries[count++] = found[i];
    }
    struct roofline_drawing drawing = {entries, count, NULL, draw_chart_style(spec)};
    if (!drawing.style.title)
        drawing.style.title = plan->title;
    return draw_roofline(path, &drawing, &session->arena, problem);
}

/* An empty timeline: no run fits. */
static enum draw_status draw_table(struct session *session, const char *path,
                                   const struct table *table, const struct chart_spec *spec,
                                   struct draw_problem *problem)
{
    if (table->row_count > 0 || chart_spec_data(spec) != CHART_DATA_TIMELINE)
        return draw_chart(path, table, spec, &session->arena, problem);
    *problem = (struct draw_problem){.key = "kind"};
    snprintf(problem->text, sizeof problem->text, "%s", draw_nothing_fits);
    return DRAW_REFUSED;
}

static const char *path_of(struct session *session, const struct chart_spec *spec,
                           const char *folder)
{
    return folder && spec->file[0] != '/'
               ? arena_printf(&session->arena, "%s/%s", folder, spec->file)
               : spec->file;
}

static int report_drawing(struct session *session, const struct plan *plan, int index,
                          enum draw_status status, const struct draw_problem *problem)
{
    const char *key = status == DRAW_UNWRITTEN ? "file" : problem->key ? problem->key : "kind";
    return chart_options_report(session, status, problem,
                                check_chart_place(plan->root, index, key));
}

static bool is_of_simulation(const struct chart_spec *spec)
{
    return spec->data == CHART_DATA_REQUESTS || spec->data == CHART_DATA_SERIES;
}

static int draw_one(struct session *session, const struct plan *plan, int index, const char *folder)
{
    const struct chart_spec *spec = &plan->config.charts[index];
    struct draw_problem problem;
    struct table table;
    enum draw_status status = DRAWN;
    const char *path = path_of(session, spec, folder);
    if (spec->kind == CHART_TYPE_ROOFLINE) {
        status = draw_roofs(session, plan, spec, path, &problem);
    } else {
        fill_table(session, plan, spec, check_chart_place(plan->root, index, "kind"), &table);
        status = draw_table(session, path, &table, spec, &problem);
        if (status == DRAWN)
            chart_options_warn(session, &table, spec, check_chart_place(plan->root, index, "x"));
    }
    return report_drawing(session, plan, index, status, &problem);
}

int charts_draw_simulated(struct session *session, const struct plan *plan, const char *folder,
                          const struct table *requests, const struct table *series)
{
    int code = EXIT_FINE;
    for (int i = 0; i < plan->config.chart_count; i++) {
        const struct chart_spec *spec = &plan->config.charts[i];
        struct draw_problem problem;
        if (!is_of_simulation(spec))
            continue;
        const struct table *table = spec->data == CHART_DATA_REQUESTS ? requests : series;
        enum draw_status status =
            draw_chart(path_of(session, spec, folder), table, spec, &session->arena, &problem);
        if (status == DRAWN)
            chart_options_warn(session, table, spec, check_chart_place(plan->root, i, "x"));
        int one = report_drawing(session, plan, i, status, &problem);
        code = one > code ? one : code;
    }
    return code;
}

int charts_draw_table(struct session *session, const struct chart_spec *specs, int count,
                      const struct node *root, const struct table *table, const char *folder)
{
    int code = EXIT_FINE;
    for (int i = 0; i < count; i++) {
        struct draw_problem problem = {0};
        enum chart_data data = chart_spec_data(&specs[i]);
        const char *path = path_of(session, &specs[i], folder);
        if (data != CHART_DATA_RESULTS || specs[i].kind == CHART_TYPE_ROOFLINE) {
            diag_add(&session->diags, SEVERITY_WARNING, check_chart_place(root, i, "kind"),
                     "a sweep draws charts of results only: '%s' is left out", specs[i].file);
            diag_hint(&session->diags, "`tokenroof %s` draws it, for one point",
                      is_of_simulation(&specs[i]) ? "simulate" : "run");
            continue;
        }
        enum draw_status status = draw_chart(path, table, &specs[i], &session->arena, &problem);
        if (status == DRAWN)
            chart_options_warn(session, table, &specs[i], check_chart_place(root, i, "x"));
        const char *key = status == DRAW_UNWRITTEN ? "file" : problem.key ? problem.key : "kind";
        int one = chart_options_report(session, status, &problem, check_chart_place(root, i, key));
        code = one > code ? one : code;
    }
    return code;
}

int charts_draw(struct session *session, const struct plan *plan, const char *folder)
{
    int code = EXIT_FINE;
    for (int i = 0; i < plan->config.chart_count; i++) {
        if (is_of_simulation(&plan->config.charts[i]))
            continue;
        int one = draw_one(session, plan, i, folder);
        code = one > code ? one : code;
    }
    return code;
}
