#include "plots/chart_ecdf.h"

#include "plots/chart_data.h"
#include "plots/panel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* What the drawing functions share. */
struct ecdf_chart {
    const struct table *table;
    const struct theme *theme;
    struct canvas *canvas;
    int x_column, series_column;
    struct arena arena;
    struct groups series;
    struct panel panel;
    int skipped_count;
};

static bool set_axes(struct ecdf_chart *chart, enum axis_scale scale, char *error)
{
    struct value_range range = data_range(chart->table, chart->x_column, scale);
    chart->skipped_count = range.skipped_count;
    range.is_powers_of_two = false;
    if (!data_has_values(&range, chart->table, chart->x_column, error))
        return false;
    chart->panel.x = data_axis(chart->table, chart->x_column, scale, &range);
    chart->panel.y = (struct axis){
        .title = "Share of values", .unit = "", .is_ratio = true, .low = 0.0, .high = 1.02};
    chart->panel.labels = PANEL_ALL;
    chart->panel.grid = PANEL_GRID_BOTH;
    return true;
}

static int compare_numbers(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The values of one series in rising order. Returns how many. */
static int collect(const struct ecdf_chart *chart, int series, double *values)
{
    int count = 0;
    for (int row = 0; row < chart->table->row_count; row++) {
        double value = table_number(chart->table, row, chart->x_column);
        if (chart->series.of_row[row] == series && axis_can_show(&chart->panel.x, value))
            values[count++] = value;
    }
    qsort(values, (size_t)count, sizeof *values, compare_numbers);
    return count;
}

/* Steps closer than a third of a point are not seen: they are drawn as one. */
static void draw_steps(struct ecdf_chart *chart, const double *values, int count, int series)
{
    struct point *steps = arena_array(&chart->arena, 2 * (size_t)count + 2, sizeof *steps);
    struct look look = theme_look(chart->theme, series);
    double y = axis_position(&chart->panel.y, 0.0);
    int used = 0;
    for (int i = 0; i < count; i++) {
        double x = axis_position(&chart->panel.x, values[i]);
        bool is_seen = used == 0 || x - steps[used - 1].x > 0.3 || i == count - 1;
        if (!is_seen)
            continue;
        steps[used++] = (struct point){x, y};
        y = axis_position(&chart->panel.y, (i + 1.0) / count);
        steps[used++] = (struct point){x, y};
    }
    if (used)
        steps[used++] = (struct point){chart->panel.plot.right, y};
    canvas_polyline(chart->canvas, steps, used,
                    &(struct pen){look.color, chart->theme->line_pt, look.dash});
}

/* The smallest value that at least `share` of all do not exceed. */
static double quantile(const double *values, int count, double share_ratio)
{
    int index = (int)ceil(share_ratio * count - 1e-9) - 1;
    return values[index < 0 ? 0 : index];
}

/* Named at the right end, where every curve has risen above them. */
static void draw_guides(const struct ecdf_chart *chart)
{
    static const double shares[] = {0.50, 0.90, 0.99};
    struct pen pen = {chart->theme->axis, 1, DASH_SHORT};
    struct lettering type = theme_tick(chart->theme, ALIGN_END, ALIGN_START);
    canvas_group(chart->canvas, "guides");
    for (int i = 0; i < 3; i++) {
        char label[16];
        double y = canvas_snap(axis_position(&chart->panel.y, shares[i]));
        snprintf(label, sizeof label, "p%.0f", shares[i] * 100.0);
        canvas_line(chart->canvas, (struct point){chart->panel.plot.left, y},
                    (struct point){chart->panel.plot.right, y}, &pen);
        canvas_text(chart->canvas, (struct point){chart->panel.plot.right - 6, y + 4}, label,
                    &type);
    }
    canvas_ungroup(chart->canvas);
}

/* "p50 210 ms, p99 1.2 s" behind the name of a series. */
static const char *series_title(struct ecdf_chart *chart, const double *values, int count,
                                int series)
{
    char p50[SI_TEXT_BYTES];
    char p99[SI_TEXT_BYTES];
    const char *name = chart->series.names[series];
    const char *unit = chart->table->columns[chart->x_column].unit;
    if (count == 0)
        return arena_printf(&chart->arena, "%s (no values)", name);
    text_si(p50, quantile(values, count, 0.50), unit, 3);
    text_si(p99, quantile(values, count, 0.99), unit, 3);
    return arena_printf(&chart->arena, "%s%sp50 %s, p99 %s", name, *name ? ": " : "", p50, p99);
}

static void draw_curves(struct ecdf_chart *chart, double *values)
{
    canvas_group(chart->canvas, "curves");
    for (int i = 0; i < chart->series.count; i++) {
        int count = collect(chart, i, values);
        draw_steps(chart, values, count, i);
        for (int k = 0; k < 3 && count; k++) {
            double share = (const double[]){0.50, 0.90, 0.99}[k];
            struct look look = theme_look(chart->theme, i);
            struct paint paint = {
                look.color, {chart->theme->background, 1, DASH_SOLID}
            };
            canvas_marker(chart->canvas, look.marker,
                          panel_point(&chart->panel, quantile(values, count, share), share), 4.6,
                          &paint);
        }
    }
    canvas_ungroup(chart->canvas);
}

static void draw_chart(struct ecdf_chart *chart, const struct chart_style *style)
{
    size_t rows = (size_t)chart->table->row_count;
    double *values = arena_array(&chart->arena, rows, sizeof *values);
    struct legend_item *items =
        arena_array(&chart->arena, (size_t)chart->series.count, sizeof *items);
    for (int i = 0; i < chart->series.count; i++) {
        int count = collect(chart, i, values);
        items[i] = (struct legend_item){series_title(chart, values, count, i), LEGEND_LINE,
                                        theme_look(chart->theme, i)};
    }
    struct box inner =
        data_frame_draw(chart->canvas, style, chart->skipped_count, items, chart->series.count);
    panel_place(&chart->panel, chart->canvas, chart->theme, &inner);
    panel_draw_grid(&chart->panel, chart->canvas, chart->theme);
    draw_guides(chart);
    draw_curves(chart, values);
    panel_draw_axes(&chart->panel, chart->canvas, chart->theme);
}

bool chart_ecdf_draw(const struct table *table, const struct chart_request *request,
                     struct canvas *canvas, char error[CANVAS_ERROR_BYTES])
{
    struct chart_style style = style_filled(&request->style);
    struct ecdf_chart chart = {.table = table, .theme = style.theme, .canvas = canvas};
    if (!data_has_rows(table, error) ||
        !data_column(table, request->x, "x", &chart.x_column, error) ||
        !data_optional_column(table, request->series, "series", &chart.series_column, error))
        return false;
    arena_init(&chart.arena);
    data_groups(table, chart.series_column, &chart.arena, &chart.series);
    bool is_drawable = data_groups_are_few(&chart.series, DATA_SERIES_MOST, "series", error) &&
                       set_axes(&chart, request->is_log_x ? AXIS_LOG10 : AXIS_LINEAR, error);
    if (is_drawable)
        draw_chart(&chart, &style);
    arena_release(&chart.arena);
    return is_drawable;
}
