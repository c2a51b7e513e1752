#include "sweep/grid_served.h"

#include "conf/check.h"

#include <string.h>

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_config_axis(const struct axis *axis)
{
    return axis->role == AXIS_KEY && axis->target == OVERRIDE_CONFIG;
}

static bool is_of_batch(const char *path)
{
    return begins_with(path, "workload.") || strcmp(path, "deploy.micro_batches") == 0;
}

static bool is_of_server(const char *path)
{
    return begins_with(path, "serving.") || strcmp(path, "seed") == 0;
}

void grid_refuse_axes(const struct loader *loader, const struct grid *grid)
{
    for (int a = 0; a < grid->axes.axis_count; a++) {
        const struct axis *axis = &grid->axes.axes[a];
        if (is_config_axis(axis) && strcmp(axis->path, "routing.file") == 0 && axis->count > 1) {
            diag_add(loader->diags, SEVERITY_ERROR, axis->place,
                     "the weights of 'routing.file' are read once: it can't be an axis");
            diag_hint(loader->diags, "sweep routing.skew, or each file by itself");
        }
        if (!is_config_axis(axis) ||
            !(grid->is_served ? is_of_batch(axis->path) : is_of_server(axis->path)))
            continue;
        diag_add(loader->diags, SEVERITY_ERROR, axis->place,
                 grid->is_served ? "a simulated server does not follow '%s'"
                                 : "a static batch does not depend on '%s'",
                 axis->path);
        diag_hint(loader->diags, "%s",
                  grid->is_served
                      ? "requests come as 'serving' says: sweep serving.lengths.input or "
                        "serving.arrivals.rate, or predict static batches by --static"
                      : "simulated servers do: leave out --static, or add a 'serving' section");
    }
}

/* Texts of an axis are stored through this pointer; its column shows what was written. */
static void set_text(struct axis_value *value, const char *text)
{
    memcpy(value->slot, &text, sizeof text);
}

static void find_traces(const struct loader *loader, const char *path, struct axis *axis)
{
    for (int64_t i = 0; i < axis->count; i++)
        set_text(&axis->values[i],
                 load_trace_path(loader, path, axis->place, axis->values[i].text));
}

/* What other loads said already is said again only beside a mistake. */
static void load_quietly(const struct loader *loader, const char *path, struct config *config)
{
    struct diags ignored;
    struct loader quiet = *loader;
    diags_init(&ignored, loader->arena);
    quiet.diags = &ignored;
    struct node *root = load_tree(&quiet, path);
    if (root)
        load_config(&quiet, root, path, config);
    root = ignored.error_count ? load_tree(loader, path) : NULL;
    if (root)
        load_config(loader, root, path, config);
}

/* The what-if anew for each engine: which keys an engine fills in depends on its name. */
static void load_engines(const struct loader *loader, const char *path, int number,
                         struct grid *grid)
{
    const struct axis *axis = &grid->axes.axes[number];
    int count = loader->override_count;
    struct override *overrides = arena_array(loader->arena, (size_t)count, sizeof *overrides);
    struct loader with = *loader;
    with.overrides = overrides;
    grid->engines = arena_array(loader->arena, (size_t)axis->count, sizeof *grid->engines);
    int errors = loader->diags->error_count;
    for (int64_t i = 0; i < axis->count && loader->diags->error_count == errors; i++) {
        struct node *name = arena_alloc(loader->arena, sizeof *name);
        *name =
            (struct node){.kind = NODE_SCALAR, .place = axis->place, .text = axis->values[i].text};
        for (int o = 0; o < count; o++) {
            overrides[o] = loader->overrides[o];
            if (overrides[o].target == OVERRIDE_CONFIG && strcmp(overrides[o].key, axis->path) == 0)
                overrides[o].value = name;
        }
        load_quietly(&with, path, &grid->engines[i]);
    }
    grid->engine_axis = number;
}

static bool names_engines(const struct axis *axis)
{
    return is_config_axis(axis) &&
           (strcmp(axis->path, "serving.engine") == 0 || strcmp(axis->path, "engine.program") == 0);
}

void grid_load_engines(const struct loader *loader, const char *path, struct grid *grid)
{
    for (int a = 0; a < grid->axes.axis_count; a++) {
        const struct axis *axis = &grid->axes.axes[a];
        if (!names_engines(axis))
            continue;
        if (grid->engine_axis < 0) {
            load_engines(loader, path, a, grid);
            continue;
        }
        diag_add(loader->diags, SEVERITY_ERROR, axis->place, "two axes name engines");
        diag_also(loader->diags, grid->axes.axes[grid->engine_axis].place, "the other one");
        diag_hint(loader->diags, "write one file that holds the keys of both");
    }
}

/* Words of a load that no value of its axis can mean, and traces that can't be read. */
static void check_load(const struct loader *loader, const struct axis *axis,
                       struct serving_load *load, struct survey_memo *memo,
                       struct trace_survey *sum)
{
    struct diags diags;
    struct source_plan plan;
    diags_init(&diags, loader->arena);
    struct reader reader = {.arena = loader->arena, .diags = &diags};
    struct node empty = {.kind = NODE_MAPPING};
    check_serving_values(&reader, &empty, load);
    bool has_trace = axis && (strcmp(axis->path, "serving.arrivals.file") == 0 ||
                              strcmp(axis->path, "serving.lengths.trace") == 0);
    if (axis)
        diags_move(&diags, axis->place, loader->diags);
    if (axis && !has_trace)
        return;
    if (source_plan_make_next(loader->arena, loader->diags, load, memo, &plan)) {
        sum->rows += plan.times.rows + plan.lengths.rows;
        sum->span_ns += plan.times.span_ns + plan.lengths.span_ns;
        sum->input_tokens += plan.times.input_tokens + plan.lengths.input_tokens;
        sum->output_tokens += plan.times.output_tokens + plan.lengths.output_tokens;
    }
}

static bool is_of_load(const struct axis *axis)
{
    return is_config_axis(axis) && begins_with(axis->path, "serving.") &&
           axis->field->kind == FIELD_TEXT && strcmp(axis->path, "serving.engine") != 0;
}

static void check_loads(const struct loader *loader, struct grid *grid)
{
    struct survey_memo memo = {0};
    struct config config = grid->parts.config;
    check_load(loader, NULL, &config.serving.load, &memo, &grid->traces);
    for (int a = 0; a < grid->axes.axis_count; a++) {
        const struct axis *axis = &grid->axes.axes[a];
        int errors = loader->diags->error_count;
        for (int64_t i = 1; is_of_load(axis) && i < axis->count; i++) {
            config = grid->parts.config;
            axis_store(axis, i, &config);
            check_load(loader, axis, &config.serving.load, &memo, &grid->traces);
            if (loader->diags->error_count > errors)
                break;
        }
    }
}

/* NAME_half of every figure, where points have replications. */
static void name_halves(const struct loader *loader, struct grid *grid)
{
    bool has_half = grid->parts.config.serving.load.replications > 1;
    for (int a = 0; a < grid->axes.axis_count; a++)
        has_half = has_half || (is_config_axis(&grid->axes.axes[a]) &&
                                strcmp(grid->axes.axes[a].path, "serving.replications") == 0);
    if (!has_half)
        return;
    grid->half_names = arena_array(loader->arena, FIGURE_COUNT, sizeof *grid->half_names);
    for (int f = 0; f < FIGURE_COUNT; f++)
        grid->half_names[f] = arena_printf(loader->arena, "%s_half", figure_names[f]);
}

void grid_load_served(const struct loader *loader, const char *path, struct grid *grid)
{
    for (int a = 0; a < grid->axes.axis_count; a++) {
        struct axis *axis = &grid->axes.axes[a];
        if (!is_config_axis(axis))
            continue;
        if (strcmp(axis->path, "serving.arrivals.file") == 0 ||
            strcmp(axis->path, "serving.lengths.trace") == 0)
            find_traces(loader, path, axis);
    }
    name_halves(loader, grid);
    check_loads(loader, grid);
}
