#include "report/draw_roofline.h"

#include "plots/chart_roofline.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What colours tell apart. */
enum coloring { COLOR_BY_GROUP, COLOR_BY_MODEL, COLOR_BY_ROOF };

/* A chart being put together. */
struct roof_board {
    const struct roofline_drawing *drawing;
    struct arena *arena;
    enum coloring coloring;
    struct roof *roofs;
    const struct run **roof_runs; /* [roof_count] the run that each roof was made for */
    int roof_count;
    const char **kinds;
    int kind_count;
    struct roof_point *points;
    int *entry_points; /* [entry_count] point of an entry, -1 = none */
    int point_count;
    struct roof_path *paths;
    int path_count;
    int model_count;
    int device_count; /* different devices under the roofs */
    int total_count;
};

static bool same_roof(const struct run *a, const struct run *b)
{
    return strcmp(a->device->id, b->device->id) == 0 &&
           roofline_roof(a).math == roofline_roof(b).math;
}

static int roof_of(const struct roof_board *board, const struct run *run)
{
    for (int i = 0; i < board->roof_count; i++)
        if (same_roof(board->roof_runs[i], run))
            return i;
    return -1;
}

static void add_ceiling(struct roof_ceiling *ceilings, int *count, const char *name, double rate)
{
    for (int i = 0; i < *count; i++)
        if (fabs(ceilings[i].rate - rate) < 0.02 * rate)
            return;
    if (isfinite(rate) && rate > 0.0)
        ceilings[(*count)++] = (struct roof_ceiling){name, rate};
}

/* Below the main ceiling: the plain fp32 rate, which everything but matrix products runs at. */
static void add_lower_compute(const struct run *run, struct roof_ceiling *ceilings, int *count)
{
    double fp32 = run->device->datasheet.peak_flop_per_s[MATH_FP32];
    if (fp32 < ceilings[0].rate)
        add_ceiling(ceilings, count, math_names[MATH_FP32], fp32);
}

static void add_lower_memory(const struct run *run, struct roof_ceiling *ceilings, int *count)
{
    const struct datasheet *sheet = &run->device->datasheet;
    for (int i = 0; i < sheet->cache_count; i++)
        add_ceiling(ceilings, count, sheet->caches[i].name, sheet->caches[i].bandwidth_byte_per_s);
    add_ceiling(ceilings, count, "cache measured",
                device_measured(run->device, MEASURED_CACHE_BANDWIDTH));
}

static void add_roof(struct roof_board *board, const struct run *run)
{
    struct device_roof rates = roofline_roof(run);
    struct roof_ceiling *compute = arena_alloc(board->arena, sizeof *compute);
    struct roof_ceiling *memory = arena_alloc(board->arena, sizeof *memory);
    const char *kind = run->device->datasheet.memory_kind;
    struct roof *roof = &board->roofs[board->roof_count];
    compute[0] = (struct roof_ceiling){math_names[rates.math], rates.peak_flop_per_s};
    memory[0] = (struct roof_ceiling){kind ? kind : "memory", rates.byte_per_s};
    *roof = (struct roof){
        .name = arena_printf(board->arena, "%s %s", run->device->id, math_names[rates.math]),
        .compute = compute,
        .compute_count = 1,
        .memory = memory,
        .memory_count = 1,
    };
    board->roof_runs[board->roof_count++] = run;
}

/* The highest roof of a chart of one device gets its lower ceilings and caches. */
static void complete_roof(struct roof_board *board)
{
    enum { CEILINGS_MAX = 16 };
    int highest = 0;
    for (int i = 1; i < board->roof_count; i++)
        if (board->roofs[i].compute[0].rate > board->roofs[highest].compute[0].rate)
            highest = i;
    const struct run *run = board->roof_runs[highest];
    struct roof *roof = &board->roofs[highest];
    struct roof_ceiling *compute = arena_array(board->arena, CEILINGS_MAX, sizeof *compute);
    struct roof_ceiling *memory = arena_array(
        board->arena, (size_t)run->device->datasheet.cache_count + CEILINGS_MAX, sizeof *memory);
    compute[0] = roof->compute[0];
    memory[0] = roof->memory[0];
    add_lower_compute(run, compute, &roof->compute_count);
    add_lower_memory(run, memory, &roof->memory_count);
    roof->compute = compute;
    roof->memory = memory;
}

static int model_index(struct roof_board *board, const char *id)
{
    for (int i = 0; i < board->model_count; i++)
        if (strcmp(board->kinds[i], id) == 0)
            return i;
    board->kinds[board->model_count] = id;
    return board->model_count++;
}

/* Finds roofs and models, then what the colours shall say. */
static void survey(struct roof_board *board)
{
    const struct roofline_drawing *drawing = board->drawing;
    bool has_operators = false;
    for (int i = 0; i < drawing->entry_count; i++) {
        const struct roof_entry *entry = &drawing->entries[i];
        if (!entry->fits)
            continue;
        if (roof_of(board, entry->run) < 0)
            add_roof(board, entry->run);
        model_index(board, entry->run->model->id);
        has_operators = has_operators || entry->op != OP_KIND_COUNT;
        board->total_count += entry->op == OP_KIND_COUNT;
    }
    board->coloring = board->roof_count > 1    ? COLOR_BY_ROOF
                      : has_operators          ? COLOR_BY_GROUP
                      : board->model_count > 1 ? COLOR_BY_MODEL
                                               : COLOR_BY_ROOF;
    for (int i = 0; i < board->roof_count; i++) {
        int first = 0;
        while (strcmp(board->roof_runs[first]->device->id, board->roof_runs[i]->device->id) != 0)
            first++;
        board->device_count += first == i;
    }
    if (board->device_count == 1)
        complete_roof(board);
}

/* Groups that occur. */
static void name_groups(struct roof_board *board, int index_of[OP_GROUP_COUNT])
{
    const struct roofline_drawing *drawing = board->drawing;
    bool occurs[OP_GROUP_COUNT] = {false};
    for (int i = 0; i < drawing->entry_count; i++)
        if (drawing->entries[i].op != OP_KIND_COUNT && drawing->entries[i].fits)
            occurs[op_group_of(drawing->entries[i].op)] = true;
    board->kind_count = 0;
    for (int group = 0; group < OP_GROUP_COUNT; group++)
        if (occurs[group]) {
            index_of[group] = board->kind_count;
            board->kinds[board->kind_count++] = op_group_names[group];
        }
}

/* Only the first and the last point of a path are named. */
static bool is_inside_path(const struct roof_board *board, int index)
{
    const struct roof_entry *entries = board->drawing->entries;
    bool has_before = false;
    bool has_after = false;
    for (int i = 0; i < board->drawing->entry_count; i++) {
        bool is_kin = entries[i].at && entries[i].fits &&
                      entries[i].phase == entries[index].phase &&
                      strcmp(entries[i].run->model->id, entries[index].run->model->id) == 0 &&
                      same_roof(entries[i].run, entries[index].run);
        has_before = has_before || (is_kin && i < index);
        has_after = has_after || (is_kin && i > index);
    }
    return has_before && has_after;
}

/* "MODEL, DEVICE bf16", as far as there are several of them. */
static const char *owner_of(const struct roof_board *board, const struct run *run)
{
    const char *roof = board->roofs[roof_of(board, run)].name;
    const char *model = board->model_count > 1 ? run->model->id : "";
    const char *device = board->device_count == board->roof_count ? run->device->id : roof;
    if (board->roof_count == 1)
        return model;
    return arena_printf(board->arena, "%s%s%s", model, *model ? ", " : "", device);
}

static const char *label_of(const struct roof_board *board, int index)
{
    const struct roof_entry *entry = &board->drawing->entries[index];
    const char *owner = owner_of(board, entry->run);
    if (entry->op != OP_KIND_COUNT) {
        const char *name = op_name_spaced(board->arena, op_names[entry->op]);
        if (entry->time_share_ratio < 0.03)
            return NULL;
        return *owner ? arena_printf(board->arena, "%s, %s", name, owner) : name;
    }
    if (entry->at && is_inside_path(board, index))
        return NULL;
    if (entry->at && board->device_count > 1)
        return arena_printf(board->arena, "%s, %s", entry->at, entry->run->device->id);
    if (entry->at)
        return entry->at;
    if (board->coloring == COLOR_BY_MODEL)
        return entry->run->model->id;
    if (board->model_count > 1)
        return arena_printf(board->arena, "%s, %s", run_phase_names[entry->phase], owner);
    return board->roof_count > 1 ? NULL : run_phase_names[entry->phase]; /* the colour tells */
}

static int kind_of(struct roof_board *board, const struct roof_entry *entry,
                   const int index_of[OP_GROUP_COUNT])
{
    switch (board->coloring) {
    case COLOR_BY_GROUP:
        return entry->op == OP_KIND_COUNT ? -1 : index_of[op_group_of(entry->op)];
    case COLOR_BY_MODEL:
        return model_index(board, entry->run->model->id);
    case COLOR_BY_ROOF:
        break;
    }
    return 0;
}

static void add_point(struct roof_board *board, int index, const int index_of[OP_GROUP_COUNT])
{
    const struct roof_entry *entry = &board->drawing->entries[index];
    struct device_roof roof = roofline_roof(entry->run);
    struct potential potential =
        roofline_potential(&roof, entry->oi_flop_per_byte, entry->flop_per_s);
    bool is_total = entry->op == OP_KIND_COUNT;
    bool shows_potential = is_total && board->total_count <= 2;
    double none = (double)NAN;
    board->entry_points[index] = board->point_count;
    board->points[board->point_count++] = (struct roof_point){
        .oi_flop_per_byte = entry->oi_flop_per_byte,
        .flop_per_s = entry->flop_per_s,
        .label = label_of(board, index),
        .kind = kind_of(board, entry, index_of),
        .phase = entry->phase == PHASE_PREFILL ? ROOF_PREFILL : ROOF_DECODE,
        .time_share_ratio = is_total ? none : entry->time_share_ratio,
        .roof = roof_of(board, entry->run),
        .is_total = is_total && !entry->at,
        .shows_potential = shows_potential,
        .potential = shows_potential ? potential.published : none,
        .potential_normalised = shows_potential ? potential.normalised : none,
    };
}

static void add_measured(struct roof_board *board)
{
    const struct table *measured = board->drawing->measured;
    int label = table_find_column(measured, "label");
    bool has_label = label >= 0 && measured->columns[label].kind == CELL_TEXT;
    for (int row = 0; row < measured->row_count; row++)
        board->points[board->point_count++] = (struct roof_point){
            .oi_flop_per_byte = table_number(measured, row, table_find_column(measured, "oi")),
            .flop_per_s = table_number(measured, row, table_find_column(measured, "flop_per_s")),
            .label = has_label ? table_cell(measured, row, label).text : NULL,
            .kind = -1,
            .phase = ROOF_MEASURED,
            .time_share_ratio = (double)NAN,
            .potential = (double)NAN,
            .potential_normalised = (double)NAN,
        };
}

/* One arrow from each point on a path to the next of the same model, device and phase. */
static void add_paths(struct roof_board *board)
{
    const struct roof_entry *entries = board->drawing->entries;
    for (int i = 0; i < board->drawing->entry_count; i++) {
        if (!entries[i].at || board->entry_points[i] < 0)
            continue;
        int next = i + 1;
        while (next < board->drawing->entry_count &&
               (board->entry_points[next] < 0 || entries[next].phase != entries[i].phase ||
                strcmp(entries[next].run->model->id, entries[i].run->model->id) != 0 ||
                !same_roof(entries[next].run, entries[i].run)))
            next++;
        if (next == board->drawing->entry_count)
            continue;
        int *pair = arena_array(board->arena, 2, sizeof *pair);
        pair[0] = board->entry_points[i];
        pair[1] = board->entry_points[next];
        board->paths[board->path_count++] = (struct roof_path){pair, 2};
    }
}

static const char *format_text(struct arena *arena, const struct precision *precision)
{
    if (precision->weights == precision->activations)
        return format_names[precision->weights];
    return arena_printf(arena, "%s weights, %s activations", format_names[precision->weights],
                        format_names[precision->activations]);
}

/* The number formats of all runs, "" when they differ: the roofs name them then. */
static const char *formats_of(const struct roof_board *board)
{
    const struct precision *first = &board->roof_runs[0]->precision;
    for (int i = 0; i < board->drawing->entry_count; i++) {
        const struct precision *other = &board->drawing->entries[i].run->precision;
        if (other->weights != first->weights || other->activations != first->activations)
            return "";
    }
    return arena_printf(board->arena, " · %s", format_text(board->arena, first));
}

/* What all points share. */
static const char *subtitle_of(const struct roof_board *board)
{
    const struct run *run = board->roof_runs[0];
    bool has_path = board->path_count > 0;
    const char *who = board->model_count == 1
                          ? run->model->name
                          : arena_printf(board->arena, "%d models", board->model_count);
    const char *parts = run->device_count > 1 ? arena_printf(board->arena, " · per device of %lld",
                                                             (long long)run->device_count)
                                              : "";
    if (has_path)
        return arena_printf(board->arena, "%s%s%s", who, formats_of(board), parts);
    return arena_printf(board->arena, "%s%s · batch %lld · %lld → %lld tokens%s", who,
                        formats_of(board), (long long)run->workload.batch,
                        (long long)run->workload.input_tokens,
                        (long long)run->workload.output_tokens, parts);
}

static void make_room(struct roof_board *board)
{
    const struct roofline_drawing *drawing = board->drawing;
    size_t entries = (size_t)drawing->entry_count;
    size_t points = entries + (drawing->measured ? (size_t)drawing->measured->row_count : 0);
    board->roofs = arena_array(board->arena, entries, sizeof *board->roofs);
    board->roof_runs = arena_array(board->arena, entries, sizeof *board->roof_runs);
    board->kinds = arena_array(board->arena, entries + OP_GROUP_COUNT + 1, sizeof *board->kinds);
    board->points = arena_array(board->arena, points, sizeof *board->points);
    board->entry_points = arena_array(board->arena, entries, sizeof *board->entry_points);
    board->paths = arena_array(board->arena, entries, sizeof *board->paths);
}

static void put_together(struct roof_board *board)
{
    int index_of[OP_GROUP_COUNT] = {0};
    if (board->coloring == COLOR_BY_GROUP)
        name_groups(board, index_of);
    for (int i = 0; i < board->drawing->entry_count; i++) {
        board->entry_points[i] = -1;
        if (board->drawing->entries[i].fits)
            add_point(board, i, index_of);
    }
    if (board->coloring == COLOR_BY_MODEL)
        board->kind_count = board->model_count;
    if (board->drawing->measured)
        add_measured(board);
    add_paths(board);
}

/* "batch=256", "batch=256 on h100-sxm", "qwen3-30b-a3b on h100-sxm": a run that has no points. */
static const char *absent_name(const struct roof_board *board, const struct roof_entry *entry)
{
    const char *id = entry->run->model->id;
    const char *device = entry->run->device->id;
    if (!entry->at)
        return arena_printf(board->arena, "%s on %s", id, device);
    if (board->device_count > 1 || board->model_count > 1)
        return arena_printf(board->arena, "%s (%s on %s)", entry->at, id, device);
    return entry->at;
}

/* Which runs are not drawn because their memory does not suffice, NULL = none. */
static const char *absent_note(const struct roof_board *board)
{
    enum { NAMED_MOST = 4 };
    const struct run *before = NULL;
    const char *names = "";
    int count = 0;
    for (int i = 0; i < board->drawing->entry_count; i++) {
        const struct roof_entry *entry = &board->drawing->entries[i];
        if (entry->fits || entry->run == before)
            continue;
        before = entry->run;
        if (count++ < NAMED_MOST)
            names = arena_printf(board->arena, "%s%s%s", names, count > 1 ? ", " : "",
                                 absent_name(board, entry));
    }
    if (count > NAMED_MOST)
        names = arena_printf(board->arena, "%s and %d more", names, count - NAMED_MOST);
    return count ? arena_printf(board->arena, "out of memory, not drawn: %s", names) : NULL;
}

static void set_titles(const struct roof_board *board, struct chart_style *style)
{
    if (!style->title)
        style->title =
            board->device_count > 1
                ? arena_printf(board->arena, "Rooflines of %d devices", board->device_count)
            : board->roof_count > 1
                ? arena_printf(board->arena, "Rooflines of %s in %d number formats",
                               board->roof_runs[0]->device->id, board->roof_count)
                : arena_printf(board->arena, "Roofline of %s", board->roofs[0].name);
    if (!style->subtitle)
        style->subtitle = subtitle_of(board);
    if (!style->source)
        style->source =
            "Roofs: dense datasheet rates. Points: predicted; time includes waiting for launches.";
}

/* A chart with its style, for draw_file. */
struct drawable {
    const struct roofline *data;
    const struct chart_style *style;
};

static bool draw(const void *data, struct canvas *canvas, char error[CANVAS_ERROR_BYTES])
{
    const struct drawable *drawable = data;
    return chart_roofline_draw(drawable->data, drawable->style, canvas, error);
}

enum draw_status draw_roofline(const char *path, const struct roofline_drawing *drawing,
                               struct arena *arena, struct draw_problem *problem)
{
    struct roof_board board = {.drawing = drawing, .arena = arena};
    struct chart_style style = drawing->style;
    *problem = (struct draw_problem){0};
    make_room(&board);
    survey(&board);
    if (board.roof_count == 0) {
        snprintf(problem->text, sizeof problem->text, "%s", draw_nothing_fits);
        return DRAW_REFUSED;
    }
    put_together(&board);
    set_titles(&board, &style);
    struct roofline data = {
        .roofs = board.roofs,
        .roof_count = board.roof_count,
        .points = board.points,
        .point_count = board.point_count,
        .paths = board.paths,
        .path_count = board.path_count,
        .kind_names = board.kinds,
        .kind_count = board.coloring == COLOR_BY_ROOF ? 0 : board.kind_count,
        .note = absent_note(&board),
    };
    struct drawable drawable = {&data, &style};
    return draw_file(path, &style, draw, &drawable, problem);
}
