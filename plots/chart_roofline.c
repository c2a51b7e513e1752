#include "plots/chart_roofline.h"

#include "base/arena.h"
#include "base/text.h"
#include "plots/axis.h"
#include "plots/canvas_muted.h"
#include "plots/chart.h"
#include "plots/panel.h"
#include "plots/place.h"
#include "plots/roof_ceilings.h"
#include "plots/roof_points.h"
#include "plots/roof_sheet.h"

#include <math.h>
#include <stdio.h>

double roof_ridge(const struct roof *roof)
{
    return roof->compute[0].rate / roof->memory[0].rate;
}

double roof_limit(const struct roof *roof, double oi_flop_per_byte)
{
    return fmin(roof->compute[0].rate, oi_flop_per_byte * roof->memory[0].rate);
}

static bool is_positive(double value)
{
    return isfinite(value) && value > 0;
}

static bool ceilings_are_valid(const struct roof_ceiling *ceilings, int count)
{
    for (int i = 0; i < count; i++)
        if (!is_positive(ceilings[i].rate))
            return false;
    return count > 0;
}

static bool roofs_are_valid(const struct roofline *data, char error[CANVAS_ERROR_BYTES])
{
    if (data->roof_count < 1)
        snprintf(error, CANVAS_ERROR_BYTES, "a roofline needs at least one roof");
    for (int i = 0; i < data->roof_count; i++) {
        const struct roof *roof = &data->roofs[i];
        if (ceilings_are_valid(roof->compute, roof->compute_count) &&
            ceilings_are_valid(roof->memory, roof->memory_count))
            continue;
        snprintf(error, CANVAS_ERROR_BYTES,
                 "roof '%s' needs a compute and a memory ceiling, each a positive number",
                 roof->name);
        return false;
    }
    return data->roof_count > 0;
}

/* From a bit left of the lowest point (or well left of the ridge) to a bit right of the last. */
static void set_axes(struct sheet *sheet)
{
    struct value_range x = value_range_empty();
    struct value_range y = value_range_empty();
    for (int i = 0; i < sheet->data->roof_count; i++) {
        double ridge = roof_ridge(&sheet->data->roofs[i]);
        value_range_add(&x, AXIS_LOG10, ridge * 10.0);
        value_range_add(&x, AXIS_LOG10, ridge / 8.0);
        for (int j = 0; j < sheet->data->roofs[i].compute_count; j++)
            value_range_add(&y, AXIS_LOG10, sheet->data->roofs[i].compute[j].rate * 1.6);
    }
    for (int i = 0; i < sheet->data->point_count; i++) {
        const struct roof_point *point = &sheet->data->points[i];
        if (!roof_point_is_shown(point))
            continue;
        value_range_add(&x, AXIS_LOG10, point->oi_flop_per_byte / 1.8);
        value_range_add(&x, AXIS_LOG10, point->oi_flop_per_byte * 1.8);
        value_range_add(&y, AXIS_LOG10, point->flop_per_s / 2.0);
    }
    for (int i = 0; i < sheet->data->roof_count; i++)
        value_range_add(&y, AXIS_LOG10, roof_limit(&sheet->data->roofs[i], x.low));
    sheet->panel = (struct panel){
        .x = {.scale = AXIS_LOG10, .title = "Operational intensity", .unit = "FLOP/B"},
        .y = {.scale = AXIS_LOG10, .title = "Performance",           .unit = "FLOP/s"},
        .labels = PANEL_ALL,
        .grid = PANEL_GRID_BOTH,
    };
    axis_fit(&sheet->panel.x, &x);
    axis_fit(&sheet->panel.y, &y);
}

static void draw_paths(struct sheet *sheet)
{
    struct pen pen = {color_faded(sheet->theme->soft_ink, 0.9), 1.5, DASH_SOLID};
    const struct roof_point *points = sheet->data->points;
    canvas_group(sheet->canvas, "paths");
    for (int i = 0; i < sheet->data->path_count; i++) {
        const struct roof_path *path = &sheet->data->paths[i];
        for (int k = 0; k + 1 < path->count; k++) {
            const struct roof_point *a = &points[path->points[k]];
            const struct roof_point *b = &points[path->points[k + 1]];
            if (!roof_point_is_shown(a) || !roof_point_is_shown(b))
                continue;
            struct point from = sheet_at(sheet, a->oi_flop_per_byte, a->flop_per_s);
            struct point to = sheet_at(sheet, b->oi_flop_per_byte, b->flop_per_s);
            canvas_line(sheet->canvas, from, to, &pen);
            canvas_arrow(sheet->canvas, from, to,
                         fmax(roof_point_radius(a), roof_point_radius(b)) + 1, &pen);
            sheet_add_line(sheet, from, to);
        }
    }
    canvas_ungroup(sheet->canvas);
}

/* Places labels number `first` up to the last one. */
static void place_from(struct sheet *sheet, int first)
{
    struct place_scene scene = {
        .bounds = box_grown(&sheet->panel.plot, -2),
        .taken = sheet->taken,
        .taken_count = sheet->taken_count,
        .texts = sheet->texts,
        .text_count = sheet->text_count,
        .lines = sheet->lines,
        .line_count = sheet->line_count,
    };
    sheet->dropped_count +=
        place_labels(sheet->labels + first, sheet->label_count - first, &scene, &sheet->arena);
}

/* The ridges' labels, the only ones so far, come first: ceilings are lettered around them. */
static int place_ridges(struct sheet *sheet)
{
    place_from(sheet, 0);
    for (int i = 0; i < sheet->label_count; i++)
        if (sheet->labels[i].is_placed)
            sheet->texts[sheet->text_count++] = sheet->labels[i].box;
    return sheet->label_count;
}

static struct legend_item roof_entry(struct sheet *sheet, int index)
{
    const struct roof *roof = &sheet->data->roofs[index];
    char compute[SI_TEXT_BYTES];
    char memory[SI_TEXT_BYTES];
    text_si(compute, roof->compute[0].rate, "FLOP/s", 3);
    text_si(memory, roof->memory[0].rate, "B/s", 3);
    const char *name = arena_printf(&sheet->arena, "%s: %s, %s", roof->name, compute, memory);
    return (struct legend_item){
        name,
        LEGEND_LINE,
        {sheet_roof_color(sheet, index), MARKER_COUNT, sheet_roof_dash(sheet, index)}
    };
}

/* Several roofs, colours of kinds, shapes of the phases that occur. */
static int fill_legend(struct sheet *sheet, struct legend_item *items)
{
    static const char *const phases[] = {"prefill", "decode", "measured"};
    int count = 0;
    for (int i = 0; i < sheet->data->roof_count; i++)
        items[count++] = roof_entry(sheet, i);
    for (int i = 0; i < sheet->data->kind_count; i++)
        items[count++] = (struct legend_item){sheet->data->kind_names[i], LEGEND_AREA,
                                              theme_look(sheet->theme, i)};
    for (int phase = 0; phase < ROOF_PHASE_COUNT; phase++) {
        bool occurs = false;
        for (int i = 0; i < sheet->data->point_count && !occurs; i++)
            occurs = (int)sheet->data->points[i].phase == phase;
        struct look look = {sheet->theme->soft_ink, roof_phase_marker((enum roof_phase)phase), 0};
        if (occurs)
            items[count++] = (struct legend_item){
                phases[phase], phase == ROOF_MEASURED ? LEGEND_HOLLOW : LEGEND_MARKER, look};
    }
    for (int i = 0; i < sheet->data->point_count; i++)
        if (roof_point_is_ring(sheet, &sheet->data->points[i])) {
            bool is_ink = sheet->data->kind_count > 0;
            struct look look = {is_ink ? sheet->theme->ink : sheet->theme->soft_ink, MARKER_CIRCLE,
                                0};
            items[count++] = (struct legend_item){"whole phase", LEGEND_HOLLOW, look};
            break;
        }
    return count;
}

static void make_room(struct sheet *sheet)
{
    const struct roofline *data = sheet->data;
    size_t ceilings = 0;
    size_t segments = 0;
    for (int i = 0; i < data->roof_count; i++)
        ceilings += (size_t)(data->roofs[i].compute_count + data->roofs[i].memory_count);
    for (int i = 0; i < data->path_count; i++)
        segments += (size_t)data->paths[i].count;
    size_t labels = (size_t)(data->point_count + data->roof_count) + ceilings;
    sheet->labels = arena_array(&sheet->arena, labels, sizeof *sheet->labels);
    sheet->strings = arena_array(&sheet->arena, labels, sizeof *sheet->strings);
    sheet->types = arena_array(&sheet->arena, labels, sizeof *sheet->types);
    sheet->taken = arena_array(&sheet->arena, labels, sizeof *sheet->taken);
    sheet->texts = arena_array(&sheet->arena, 16 * ceilings, sizeof *sheet->texts);
    sheet->lines = arena_array(&sheet->arena, 2 * ceilings + segments, sizeof *sheet->lines);
}

static void draw_data(struct sheet *sheet)
{
    roof_points_draw_regions(sheet);
    roof_ceilings_draw(sheet);
    roof_points_take(sheet);
    draw_paths(sheet);
    roof_points_draw(sheet);
    int ridge_count = place_ridges(sheet);
    roof_ceilings_letter(sheet);
    roof_points_label(sheet);
    place_from(sheet, ridge_count);
    place_draw(sheet->labels, sheet->strings, sheet->label_count, sheet->types,
               sheet->theme->soft_ink, sheet->canvas);
}

/* Part of a phase: an operator, whose area tells its share. */
static bool is_operator(const struct roof_point *point)
{
    return !point->is_total && point->phase != ROOF_MEASURED && isfinite(point->time_share_ratio);
}

/* What is left out, for the line below the chart. */
static void write_note(const struct sheet *sheet, int dropped_count, char note[AXIS_TITLE_BYTES])
{
    int skipped = 0;
    int used = 0;
    for (int i = 0; i < sheet->data->point_count; i++)
        skipped += !roof_point_is_shown(&sheet->data->points[i]);
    const char *given = sheet->data->note ? sheet->data->note : "";
    used = snprintf(note, AXIS_TITLE_BYTES, "%.*s", AXIS_TITLE_BYTES / 2, given);
    if (skipped)
        used += snprintf(note + used, (size_t)(AXIS_TITLE_BYTES - used),
                         "%s%d point%s not positive and finite, not shown", used ? "; " : "",
                         skipped, skipped == 1 ? "" : "s");
    if (dropped_count)
        snprintf(note + used, (size_t)(AXIS_TITLE_BYTES - used),
                 "%s%d label%s left out for want of room%s", used ? "; " : "", dropped_count,
                 dropped_count == 1 ? "" : "s",
                 sheet->has_operators ? ", those of the least time first" : "");
}

/* Draws everything on `canvas`; counts the labels that found no place. */
static void draw_sheet(struct sheet *sheet, const struct chart_style *style, const char *note,
                       struct canvas *canvas)
{
    const struct roofline *data = sheet->data;
    size_t entries = (size_t)(data->kind_count + data->roof_count) + ROOF_PHASE_COUNT + 1;
    struct legend_item *items = arena_array(&sheet->arena, entries, sizeof *items);
    sheet->canvas = canvas;
    sheet->label_count = sheet->taken_count = sheet->text_count = sheet->line_count = 0;
    sheet->dropped_count = 0;
    struct box inner = frame_draw(canvas, style, note);
    inner = legend_draw(canvas, style->theme, items, fill_legend(sheet, items), &inner);
    panel_place(&sheet->panel, canvas, style->theme, &inner);
    panel_draw_grid(&sheet->panel, canvas, style->theme);
    draw_data(sheet);
    panel_draw_axes(&sheet->panel, canvas, style->theme);
}

bool chart_roofline_draw(const struct roofline *data, const struct chart_style *style,
                         struct canvas *canvas, char error[CANVAS_ERROR_BYTES])
{
    struct chart_style filled = style_filled(style);
    struct sheet sheet = {.data = data, .theme = filled.theme, .canvas = canvas};
    struct muted_canvas muted;
    char note[AXIS_TITLE_BYTES];
    if (!roofs_are_valid(data, error))
        return false;
    for (int i = 0; i < data->point_count; i++)
        sheet.has_operators = sheet.has_operators || is_operator(&data->points[i]);
    arena_init(&sheet.arena);
    make_room(&sheet);
    set_axes(&sheet);
    canvas_muted_init(&muted, canvas);
    write_note(&sheet, 0, note);
    draw_sheet(&sheet, &filled, note, &muted.base);
    if (sheet.dropped_count) { /* the note itself takes room */
        write_note(&sheet, sheet.dropped_count, note);
        draw_sheet(&sheet, &filled, note, &muted.base);
        write_note(&sheet, sheet.dropped_count, note);
    }
    draw_sheet(&sheet, &filled, note, canvas);
    arena_release(&sheet.arena);
    return true;
}

/* A roofline with its style, for chart_save_drawing. */
struct styled_roofline {
    const struct roofline *data;
    const struct chart_style *style;
};

static bool draw_styled(const void *data, struct canvas *canvas, char error[CANVAS_ERROR_BYTES])
{
    const struct styled_roofline *roofline = data;
    return chart_roofline_draw(roofline->data, roofline->style, canvas, error);
}

bool chart_roofline_save(const char *path, const struct roofline *data,
                         const struct chart_style *style, char error[CANVAS_ERROR_BYTES])
{
    struct styled_roofline styled = {data, style};
    return chart_save_drawing(path, style, draw_styled, &styled, error);
}
