#include "plots/chart_lines.h"

#include "plots/chart_data.h"
#include "plots/panel.h"
#include "plots/panel_grid.h"

#include <math.h>
#include <stdlib.h>

/* The columns of a line chart. */
struct line_columns {
    int x, y, series, facet, low, high, oom;
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
    struct groups x_names; /* when x is text */
    struct panel panel;
    int skipped_count;
    bool has_oom;
};

/* One row of a line, ready to sort and draw. */
struct line_point {
    double x, y, low, high;
    bool is_oom;
    int row;
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

/* The rows of one line in rising order of x. Returns how many. */
static int collect(struct line_chart *chart, int facet, int series, struct line_point *points)
{
    int count = 0;
    for (int row = 0; row < chart->table->row_count; row++) {
        struct line_point point = point_of(chart, row);
        if (chart->facets.of_row[row] == facet && chart->series.of_row[row] == series &&
            axis_can_show(&chart->panel.x, point.x))
            points[count++] = point;
    }
    qsort(points, (size_t)count, sizeof *points, compare_points);
    return count;
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

static void draw_band(struct line_chart *chart, const struct line_point *points, int count,
                      struct color color)
{
    struct point *outline = arena_array(&chart->arena, 2 * (size_t)count + 1, sizeof *outline);
    const struct axis *x = &chart->panel.x;
    const struct axis *y = &chart->panel.y;
    int used = 0;
    for (int i = 0; i < count; i++)
        if (has_band(chart, &points[i]))
            outline[used++] = (struct point){axis_position(x, points[i].x),
                                             axis_position_clamped(y, points[i].high)};
    for (int i = count - 1; i >= 0; i--)
        if (has_band(chart, &points[i]))
            outline[used++] = (struct point){axis_position(x, points[i].x),
                                             axis_position_clamped(y, points[i].low)};
    canvas_polygon(chart->canvas, outline, used, &(struct paint){.fill = color_faded(color, 0.18)});
}

/* A value that is missing, or memory that ran out, breaks the line. */
static void draw_line(struct line_chart *chart, const struct line_point *points, int count,
                      const struct look *look)
{
    struct point *run = arena_array(&chart->arena, (size_t)count + 1, sizeof *run);
    struct pen pen = {look->color, chart->theme->line_pt, look->dash};
    int used = 0;
    for (int i = 0; i < count; i++) {
        if (has_value(chart, &points[i])) {
            run[used++] = panel_point(&chart->panel, points[i].x, points[i].y);
            continue;
        }
        canvas_polyline(chart->canvas, run, used, &pen);
        used = 0;
    }
    canvas_polyline(chart->canvas, run, used, &pen);
}

static void draw_markers(struct line_chart *chart, const struct line_point *points, int count,
                         const struct look *look)
{
    struct paint solid = {
        look->color, {chart->theme->background, 1, DASH_SOLID}
    };
    double spacing = box_width(&chart->panel.plot) / (count > 1 ? count - 1 : 1);
    double radius = spacing > 14 ? 4.6 : count < 200 ? 2.6 : 0.0;
    for (int i = 0; i < count; i++)
        if (has_value(chart, &points[i]) && radius > 0)
            canvas_marker(chart->canvas, look->marker,
                          panel_point(&chart->panel, points[i].x, points[i].y), radius, &solid);
}

/* Series before `series` in the same facet that ran out of memory at the same x. */
static int oom_below(const struct line_chart *chart, int facet, int series, double x)
{
    int count = 0;
    for (int row = 0; row < chart->table->row_count; row++)
        if (chart->facets.of_row[row] == facet && chart->series.of_row[row] < series &&
            data_is_oom(chart->table, row, chart->columns.oom) &&
            fabs(x_of(chart, row) - x) <= 1e-9 * fabs(x))
            count++;
    return count;
}

/* Hollow marks sit on the axis; series that run out at the same x stand above each other. */
static void draw_oom(struct line_chart *chart, const struct line_point *points, int count,
                     int facet, int series)
{
    struct look look = theme_look(chart->theme, series);
    struct paint hollow = {
        chart->theme->background, {look.color, 2, DASH_SOLID}
    };
    for (int i = 0; i < count; i++) {
        if (!points[i].is_oom)
            continue;
        int below = oom_below(chart, facet, series, points[i].x);
        struct point place = {axis_position(&chart->panel.x, points[i].x),
                              chart->panel.plot.bottom - 12.0 * (below < 5 ? below : 5)};
        canvas_marker(chart->canvas, look.marker, place, 4.6, &hollow);
    }
}

static void draw_facet(struct line_chart *chart, int facet)
{
    size_t rows = (size_t)chart->table->row_count;
    struct line_point *points = arena_array(&chart->arena, rows, sizeof *points);
    panel_draw_grid(&chart->panel, chart->canvas, chart->theme);
    for (int i = 0; i < chart->series.count; i++) {
        int count = collect(chart, facet, i, points);
        draw_band(chart, points, count, theme_look(chart->theme, i).color);
    }
    for (int i = 0; i < chart->series.count; i++) {
        struct look look = theme_look(chart->theme, i);
        int count = collect(chart, facet, i, points);
        canvas_group(chart->canvas, "series");
        draw_line(chart, points, count, &look);
        draw_markers(chart, points, count, &look);
        canvas_ungroup(chart->canvas);
    }
    panel_draw_axes(&chart->panel, chart->canvas, chart->theme);
    for (int i = 0; i < chart->series.count; i++)
        draw_oom(chart, points, collect(chart, facet, i, points), facet, i);
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

static void draw_chart(struct line_chart *chart, const struct chart_style *style)
{
    struct legend_item *items =
        arena_array(&chart->arena, (size_t)chart->series.count + 2, sizeof *items);
    struct box inner = data_frame_draw(chart->canvas, style, chart->skipped_count, items,
                                       fill_legend(chart, items));
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
    data_groups(table, chart.columns.x, &chart.arena, &chart.x_names);
    bool is_drawable = data_groups_are_few(&chart.series, DATA_SERIES_MOST, "series", error) &&
                       data_groups_are_few(&chart.facets, DATA_FACETS_MOST, "facet", error) &&
                       set_axes(&chart, request, error);
    if (is_drawable)
        draw_chart(&chart, &style);
    arena_release(&chart.arena);
    return is_drawable;
}
