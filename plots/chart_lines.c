#include "plots/chart_lines.h"

#include "plots/chart_data.h"
#include "plots/panel.h"
#include "plots/panel_grid.h"
#include "plots/thin.h"

#include <math.h>
#include <stdlib.h>

/* The columns of a line chart. */
struct line_columns {
    int x, y, series, facet, low, high, oom;
};

/* One row of a line, ready to sort and draw. */
struct line_point {
    double x, y, low, high;
    bool is_oom;
    int row;
    int below; /* marks of memory that ran out under this one's */
};

/* What the drawing functions share. */
struct line_chart {
    const struct table *table;
    const struct theme *theme;
    struct canvas *canvas;
    struct line_columns columns;
    struct arena arena;
    struct groups series;
    struct groups facets;
    struct groups x_names;     /* when x is text */
    struct line_point *points; /* all lines, one after the other, each in rising order of x */
    int *starts;               /* [facets × series + 1] where lines begin in `points` */
    struct panel panel;
    int skipped_count;
    int missing_count; /* rows with a value but no x */
    bool has_oom;
};

/* The points of one line. */
struct line {
    struct line_point *points; /* [count] */
    int count;
};

static bool find_columns(struct line_chart *chart, const struct chart_request *request, char *error)
{
    const struct table *table = chart->table;
    struct line_columns *columns = &chart->columns;
    return data_column(table, request->x, "x", &columns->x, error) &&
           data_column(table, request->y, "y", &columns->y, error) &&
           data_optional_column(table, request->series, "series", &columns->series, error) &&
           data_optional_column(table, request->facet, "facet", &columns->facet, error) &&
           data_optional_column(table, request->low, "low", &columns->low, error) &&
           data_optional_column(table, request->high, "high", &columns->high, error) &&
           data_optional_column(table, request->oom, "oom", &columns->oom, error);
}

static bool x_is_text(const struct line_chart *chart)
{
    return chart->table->columns[chart->columns.x].kind == CELL_TEXT;
}

static double x_of(const struct line_chart *chart, int row)
{
    return x_is_text(chart) ? chart->x_names.of_row[row]
                            : data_number(chart->table, row, chart->columns.x);
}

static struct line_point point_of(const struct line_chart *chart, int row)
{
    return (struct line_point){
        .x = x_of(chart, row),
        .y = data_number(chart->table, row, chart->columns.y),
        .low = data_number(chart->table, row, chart->columns.low),
        .high = data_number(chart->table, row, chart->columns.high),
        .is_oom = data_is_oom(chart->table, row, chart->columns.oom),
        .row = row,
    };
}

static void set_x_axis(struct line_chart *chart, enum axis_scale scale,
                       const struct value_range *range)
{
    chart->panel.x = data_axis(chart->table, chart->columns.x, scale, range);
    if (x_is_text(chart))
        axis_set_names(&chart->panel.x, chart->x_names.names, chart->x_names.count);
}

/* Ranges of both axes; rows without memory count for x only. */
static bool set_axes(struct line_chart *chart, const struct chart_request *request, char *error)
{
    enum axis_scale x_scale = request->is_log_x ? AXIS_LOG10 : AXIS_LINEAR;
    enum axis_scale y_scale = request->is_log_y ? AXIS_LOG10 : AXIS_LINEAR;
    struct value_range x = value_range_empty();
    struct value_range y = value_range_empty();
    for (int row = 0; row < chart->table->row_count; row++) {
        struct line_point point = point_of(chart, row);
        chart->has_oom = chart->has_oom || point.is_oom;
        chart->missing_count += !isfinite(point.x) && isfinite(point.y);
        value_range_add(&x, x_is_text(chart) ? AXIS_LINEAR : x_scale, point.x);
        if (point.is_oom)
            continue;
        value_range_add(&y, y_scale, point.y);
        int skipped = y.skipped_count; /* a band's end below 0 is cut, not skipped */
        value_range_add(&y, y_scale, point.low);
        value_range_add(&y, y_scale, point.high);
        y.skipped_count = skipped;
    }
    chart->skipped_count = x.skipped_count + y.skipped_count;
    if (!data_has_values(&x, chart->table, chart->columns.x, error) ||
        !data_has_values(&y, chart->table, chart->columns.y, error))
        return false;
    set_x_axis(chart, x_scale, &x);
    y.is_powers_of_two = false;
    chart->panel.y = data_axis(chart->table, chart->columns.y, y_scale, &y);
    chart->panel.grid = x_is_text(chart) ? PANEL_GRID_Y : PANEL_GRID_BOTH;
    return true;
}

static int compare_points(const void *left, const void *right)
{
    const struct line_point *a = left;
    const struct line_point *b = right;
    if (a->x < b->x || a->x > b->x)
        return a->x < b->x ? -1 : 1;
    return a->row - b->row;
}

static int slot_of(const struct line_chart *chart, int row)
{
    return chart->facets.of_row[row] * chart->series.count + chart->series.of_row[row];
}

static struct line line_of(const struct line_chart *chart, int facet, int series)
{
    int slot = facet * chart->series.count + series;
    int first = chart->starts[slot];
    return (struct line){chart->points + first, chart->starts[slot + 1] - first};
}

/* Sorts rows into lines: counts those of each, then puts each where its line has got to. */
static void sort_into_lines(struct line_chart *chart)
{
    int rows = chart->table->row_count;
    int slots = chart->facets.count * chart->series.count;
    int *ends = arena_array(&chart->arena, (size_t)slots, sizeof *ends);
    chart->starts = arena_array(&chart->arena, (size_t)slots + 1, sizeof *chart->starts);
    chart->points = arena_array(&chart->arena, (size_t)rows, sizeof *chart->points);
    for (int row = 0; row < rows; row++)
        chart->starts[slot_of(chart, row) + 1] += axis_can_show(&chart->panel.x, x_of(chart, row));
    for (int slot = 0; slot < slots; slot++) {
        ends[slot] = chart->starts[slot];
        chart->starts[slot + 1] += chart->starts[slot];
    }
    for (int row = 0; row < rows; row++)
        if (axis_can_show(&chart->panel.x, x_of(chart, row)))
            chart->points[ends[slot_of(chart, row)]++] = point_of(chart, row);
    for (int slot = 0; slot < slots; slot++)
        qsort(chart->points + chart->starts[slot], (size_t)(ends[slot] - chart->starts[slot]),
              sizeof *chart->points, compare_points);
}

static bool has_value(const struct line_chart *chart, const struct line_point *point)
{
    return !point->is_oom && axis_can_show(&chart->panel.y, point->y);
}

static bool has_band(const struct line_chart *chart, const struct line_point *point)
{
    return has_value(chart, point) && isfinite(point->low) &&
           axis_can_show(&chart->panel.y, point->high);
}

/* The upper ends from left to right, then the lower ones back. */
static void draw_band(struct line_chart *chart, const struct line *line, struct color color)
{
    struct point *outline =
        arena_array(&chart->arena, 2 * (size_t)line->count + 1, sizeof *outline);
    const struct axis *x = &chart->panel.x;
    const struct axis *y = &chart->panel.y;
    int used = 0;
    for (int i = 0; i < line->count; i++)
        if (has_band(chart, &line->points[i]))
            outline[used++] = (struct point){axis_position(x, line->points[i].x),
                                             axis_position_clamped(y, line->points[i].high)};
    int above = used = thin_points(outline, used);
    for (int i = line->count - 1; i >= 0; i--)
        if (has_band(chart, &line->points[i]))
            outline[used++] = (struct point){axis_position(x, line->points[i].x),
                                             axis_position_clamped(y, line->points[i].low)};
    used = above + thin_points(outline + above, used - above);
    canvas_polygon(chart->canvas, outline, used, &(struct paint){.fill = color_faded(color, 0.18)});
}

/* A value that is missing, or memory that ran out, breaks the line. */
static void draw_line(struct line_chart *chart, const struct line *line, const struct look *look)
{
    struct point *run = arena_array(&chart->arena, (size_t)line->count + 1, sizeof *run);
    struct pen pen = {look->color, chart->theme->line_pt, look->dash};
    int used = 0;
    for (int i = 0; i < line->count; i++) {
        if (has_value(chart, &line->points[i])) {
            run[used++] = panel_point(&chart->panel, line->points[i].x, line->points[i].y);
            continue;
        }
        canvas_polyline(chart->canvas, run, thin_points(run, used), &pen);
        used = 0;
    }
    canvas_polyline(chart->canvas, run, thin_points(run, used), &pen);
}

static void draw_markers(struct line_chart *chart, const struct line *line, const struct look *look)
{
    struct paint solid = {
        look->color, {chart->theme->background, 1, DASH_SOLID}
    };
    double spacing = box_width(&chart->panel.plot) / (line->count > 1 ? line->count - 1 : 1);
    double radius = spacing > 14 ? 4.6 : line->count < 200 ? 2.6 : 0.0;
    for (int i = 0; i < line->count && radius > 0; i++) {
        const struct line_point *point = &line->points[i];
        if (has_value(chart, point))
            canvas_marker(chart->canvas, look->marker,
                          panel_point(&chart->panel, point->x, point->y), radius, &solid);
    }
}

/* A point whose memory ran out. */
struct oom_mark {
    struct line_point *point;
    int series;
};

static int compare_marks(const void *left, const void *right)
{
    const struct oom_mark *a = left;
    const struct oom_mark *b = right;
    if (a->point->x < b->point->x || a->point->x > b->point->x)
        return a->point->x < b->point->x ? -1 : 1;
    return a->series != b->series ? a->series - b->series : a->point->row - b->point->row;
}

/* Series that run out at the same x stand above each other. */
static void stack_ooms(struct line_chart *chart, int facet)
{
    int rows = chart->table->row_count;
    struct oom_mark *marks = arena_array(&chart->arena, (size_t)rows, sizeof *marks);
    int count = 0;
    for (int series = 0; series < chart->series.count; series++) {
        struct line line = line_of(chart, facet, series);
        for (int i = 0; i < line.count; i++)
            if (line.points[i].is_oom)
                marks[count++] = (struct oom_mark){&line.points[i], series};
    }
    qsort(marks, (size_t)count, sizeof *marks, compare_marks);
    for (int i = 0, lowest = 0, own = 0; i < count; i++) {
        double x = marks[i].point->x;
        if (!(fabs(x - marks[lowest].point->x) <= 1e-9 * fabs(x)))
            lowest = own = i;
        else if (marks[i].series != marks[own].series)
            own = i;
        marks[i].point->below = own - lowest;
    }
}

/* Hollow marks sit on the axis. */
static void draw_oom(struct line_chart *chart, int facet, int series)
{
    struct look look = theme_look(chart->theme, series);
    struct line line = line_of(chart, facet, series);
    struct paint hollow = {
        chart->theme->background, {look.color, 2, DASH_SOLID}
    };
    for (int i = 0; i < line.count; i++) {
        if (!line.points[i].is_oom)
            continue;
        int below = line.points[i].below;
        struct point place = {axis_position(&chart->panel.x, line.points[i].x),
                              chart->panel.plot.bottom - 12.0 * (below < 5 ? below : 5)};
        canvas_marker(chart->canvas, look.marker, place, 4.6, &hollow);
    }
}

static void draw_facet(struct line_chart *chart, int facet)
{
    panel_draw_grid(&chart->panel, chart->canvas, chart->theme);
    for (int i = 0; i < chart->series.count; i++) {
        struct line line = line_of(chart, facet, i);
        draw_band(chart, &line, theme_look(chart->theme, i).color);
    }
    for (int i = 0; i < chart->series.count; i++) {
        struct look look = theme_look(chart->theme, i);
        struct line line = line_of(chart, facet, i);
        canvas_group(chart->canvas, "series");
        draw_line(chart, &line, &look);
        draw_markers(chart, &line, &look);
        canvas_ungroup(chart->canvas);
    }
    panel_draw_axes(&chart->panel, chart->canvas, chart->theme);
    if (!chart->has_oom)
        return;
    stack_ooms(chart, facet);
    for (int i = 0; i < chart->series.count; i++)
        draw_oom(chart, facet, i);
}

static int fill_legend(const struct line_chart *chart, struct legend_item *items)
{
    int count = data_legend_title(chart->table, chart->columns.series, items);
    bool is_single = chart->columns.series == NO_COLUMN;
    for (int i = 0; i < chart->series.count && !is_single; i++)
        items[count++] =
            (struct legend_item){chart->series.names[i], LEGEND_LINE, theme_look(chart->theme, i)};
    if (chart->has_oom)
        items[count++] = data_oom_entry(chart->theme);
    return count;
}

/* What is not drawn, for the line below. */
static const char *note_of(struct line_chart *chart)
{
    char skipped[AXIS_TITLE_BYTES];
    data_skipped_note(chart->skipped_count, skipped);
    if (!chart->missing_count)
        return arena_strdup(&chart->arena, skipped);
    return arena_printf(&chart->arena, "%s%s%d row%s without %s not shown", skipped,
                        *skipped ? "; " : "", chart->missing_count,
                        chart->missing_count == 1 ? "" : "s",
                        chart->table->columns[chart->columns.x].title);
}

static void draw_chart(struct line_chart *chart, const struct chart_style *style)
{
    struct legend_item *items =
        arena_array(&chart->arena, (size_t)chart->series.count + 2, sizeof *items);
    struct box inner = frame_draw(chart->canvas, style, note_of(chart));
    inner = legend_draw(chart->canvas, chart->theme, items, fill_legend(chart, items), &inner);
    struct panel_grid grid;
    panel_grid_place(&grid, &chart->panel, chart->facets.count, chart->canvas, chart->theme,
                     &inner);
    for (int i = 0; i < chart->facets.count; i++) {
        panel_grid_begin(&grid, i, chart->facets.names[i], &chart->panel, chart->canvas,
                         chart->theme);
        draw_facet(chart, i);
    }
    panel_grid_titles(&grid, &chart->panel, chart->canvas, chart->theme);
}

bool chart_lines_draw(const struct table *table, const struct chart_request *request,
                      struct canvas *canvas, char error[CANVAS_ERROR_BYTES])
{
    struct chart_style style = style_filled(&request->style);
    struct line_chart chart = {.table = table, .theme = style.theme, .canvas = canvas};
    if (!data_has_rows(table, error) || !find_columns(&chart, request, error))
        return false;
    arena_init(&chart.arena);
    data_groups(table, chart.columns.series, &chart.arena, &chart.series);
    data_groups(table, chart.columns.facet, &chart.arena, &chart.facets);
    data_groups_say_what(table, chart.columns.facet, &chart.arena, &chart.facets);
    if (x_is_text(&chart))
        data_groups(table, chart.columns.x, &chart.arena, &chart.x_names);
    bool is_drawable = data_groups_are_few(&chart.series, DATA_SERIES_MOST, "series", error) &&
                       data_groups_are_few(&chart.facets, DATA_FACETS_MOST, "facet", error) &&
                       set_axes(&chart, request, error);
    if (is_drawable) {
        sort_into_lines(&chart);
        draw_chart(&chart, &style);
    }
    arena_release(&chart.arena);
    return is_drawable;
}
