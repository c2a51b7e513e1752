#include "sweep/grid.h"

#include "conf/check.h"
#include "sweep/grid_served.h"
#include "sweep/names.h"

#include <string.h>

static struct reader reader_of(const struct loader *loader)
{
    return (struct reader){.arena = loader->arena,
                           .diags = loader->diags,
                           .overrides = loader->overrides,
                           .override_count = loader->override_count};
}

static enum axis_effect effect_of(const struct axis *axis)
{
    if (axis->role == AXIS_MODEL || (axis->role == AXIS_KEY && axis->target == OVERRIDE_MODEL))
        return EFFECT_MODEL;
    if (axis->role == AXIS_HARDWARE || axis->target == OVERRIDE_DEVICE)
        return EFFECT_DEVICE;
    if (strncmp(axis->path, "options.", 8) == 0)
        return EFFECT_MODEL; /* levers prune models and tell layers apart */
    if (strcmp(axis->path, "serving.engine") == 0 || strcmp(axis->path, "engine.program") == 0)
        return EFFECT_MODEL; /* fills in keys of any kind */
    if (strncmp(axis->path, "serving.server.", 15) == 0 || strcmp(axis->path, "seed") == 0)
        return EFFECT_SERVER;
    if (strncmp(axis->path, "serving.", 8) == 0)
        return EFFECT_LOAD;
    if (strcmp(axis->path, "workload.output") == 0)
        return EFFECT_OUTPUT;
    if (strcmp(axis->path, "workload.input") == 0)
        return EFFECT_INPUT;
    return strncmp(axis->path, "workload.", 9) == 0 ? EFFECT_BATCH : EFFECT_CONFIG;
}

/* A list of the axis's names, in the place of `model` or `hardware`. */
static struct node *names_node(struct arena *arena, const struct axis *axis)
{
    struct node *list = arena_alloc(arena, sizeof *list);
    *list = (struct node){.kind = NODE_SEQUENCE, .place = axis->place};
    for (int64_t i = 0; i < axis->count; i++) {
        struct member *member = arena_alloc(arena, sizeof *member);
        struct node *name = arena_alloc(arena, sizeof *name);
        *name =
            (struct node){.kind = NODE_SCALAR, .place = axis->place, .text = axis->values[i].text};
        member->value = name;
        if (list->last)
            list->last->next = member;
        else
            list->first = member;
        list->last = member;
        list->count++;
    }
    return list;
}

/* The files are read with the first value of every axis in place, so that keys which only an axis
 * gives are not called missing. */
static struct loader loader_with_axes(const struct loader *loader, const struct axes *axes)
{
    struct loader with = *loader;
    struct override *overrides = arena_array(
        loader->arena, (size_t)(loader->override_count + axes->axis_count) + 1, sizeof *overrides);
    int count = 0;
    for (; count < loader->override_count; count++)
        overrides[count] = loader->overrides[count];
    for (int i = 0; i < axes->axis_count; i++) {
        const struct axis *axis = &axes->axes[i];
        struct override *override = &overrides[count++];
        *override = (struct override){axis->target, axis->path, axis->first, axis->place};
        if (axis->role == AXIS_KEY)
            continue;
        override->target = OVERRIDE_CONFIG;
        override->key = axis->role == AXIS_MODEL ? "model" : "hardware.device";
        override->value = names_node(loader->arena, axis);
    }
    with.overrides = overrides;
    with.override_count = count;
    return with;
}

static bool has_role(const struct axes *axes, enum axis_role role)
{
    for (int i = 0; i < axes->axis_count; i++)
        if (axes->axes[i].role == role)
            return true;
    return false;
}

/* True for keys of the what-if other than its workload. */
static bool is_config_key(const struct grid *grid, int axis)
{
    return grid->axes.axes[axis].role == AXIS_KEY &&
           grid->axes.axes[axis].target == OVERRIDE_CONFIG && grid->effects[axis] >= EFFECT_CONFIG;
}

/* Loads every model and device that an axis makes a lever name. */
static void load_named_by_axes(const struct loader *loader, const char *path, struct grid *grid)
{
    for (int a = 0; a < grid->axes.axis_count; a++) {
        const struct axis *axis = &grid->axes.axes[a];
        if (axis->role != AXIS_KEY || axis->target != OVERRIDE_CONFIG ||
            !load_is_lever_name(axis->path))
            continue;
        for (int64_t i = 0; i < axis->count; i++)
            load_lever_name(loader, axis->path, axis->values[i].text, path, axis->place,
                            &grid->parts);
    }
}

/* Values that a what-if can't have by itself, whatever the others are. */
static void check_values(const struct loader *loader, const struct grid *grid)
{
    struct reader reader = reader_of(loader);
    for (int g = 0; g < grid->axes.group_count; g++) {
        const struct axis_group *group = &grid->axes.groups[g];
        int errors = loader->diags->error_count;
        for (int64_t i = 1; i < group->count && loader->diags->error_count == errors; i++) {
            struct config config = grid->parts.config;
            bool is_config = false;
            for (int a = group->first; a < group->first + group->size; a++)
                if (is_config_key(grid, a)) {
                    axis_store(&grid->axes.axes[a], i, &config);
                    is_config = true;
                }
            if (is_config)
                check_config(&reader, grid->parts.root, &config);
        }
    }
}

static bool parse_where(const struct loader *loader, struct grid *grid)
{
    const struct axes *axes = &grid->axes;
    struct name_finder finder = {grid, loader->arena, false};
    struct names names = names_of(&finder);
    if (axes->where)
        grid->where =
            expression_parse(loader->arena, loader->diags, axes->where, axes->where_place, &names);
    return !axes->where || grid->where;
}

bool grid_load(const struct loader *loader, const char *path, enum grid_kind kind,
               const struct override *extra, int extra_count, struct grid *grid)
{
    struct reader reader = reader_of(loader);
    struct node *root = load_tree(loader, path);
    *grid = (struct grid){.engine_axis = -1};
    if (!root)
        return false;
    const struct node *sweep = schema_node(root, "sweep");
    if (!axes_read(&reader, sweep && sweep->kind == NODE_MAPPING ? sweep : NULL, extra, extra_count,
                   &grid->axes))
        return false;
    struct loader with = loader_with_axes(loader, &grid->axes);
    if (!load_parts(&with, root, path, &grid->parts))
        return false;
    if (!has_role(&grid->axes, AXIS_HARDWARE))
        axes_add_names(loader->arena, &grid->axes, AXIS_HARDWARE,
                       grid->parts.config.hardware.devices.count);
    if (!has_role(&grid->axes, AXIS_MODEL))
        axes_add_names(loader->arena, &grid->axes, AXIS_MODEL, grid->parts.config.models.count);
    for (int i = 0; i < grid->axes.axis_count; i++)
        grid->effects[i] = effect_of(&grid->axes.axes[i]);
    grid->total = axes_total(&grid->axes);
    load_named_by_axes(&with, path, grid);
    check_values(&with, grid);
    grid->is_served = kind == GRID_BY_CONFIG && schema_has(grid->parts.root, "serving");
    grid_refuse_axes(loader, grid);
    grid_load_engines(&with, path, grid);
    if (grid->is_served)
        grid_load_served(&with, path, grid);
    return parse_where(loader, grid) && loader->diags->error_count == 0;
}

const struct axis *grid_axis(const struct grid *grid, const char *name)
{
    for (int i = 0; i < grid->axes.axis_count; i++)
        if (strcmp(grid->axes.axes[i].name, name) == 0)
            return &grid->axes.axes[i];
    return NULL;
}
