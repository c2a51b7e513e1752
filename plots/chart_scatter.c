#include "plots/chart_scatter.h"

#include "plots/chart_data.h"
#include "plots/panel.h"
#include "plots/place.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Bins of the histogram: 5 % wide from −50 % to +50 %. */
enum { BIN_COUNT = 20 };
static const double widest_error_ratio = 0.5;

/* What the drawing functions share. */
struct scatter_chart {
    const struct table *table;
    const struct theme *theme;
    struct canvas *canvas;
    int x_column, y_column, series_column, label_column;
    struct arena arena;
    struct groups classes;
    struct panel panel;
    struct panel histogram;
    int *bins;      /* [BIN_COUNT][classes] */
    double *errors; /* [error_count] absolute relative errors, sorted */
    int error_count;
    int skipped_count;
};

static bool find_columns(struct scatter_chart *chart, const struct chart_request *request,
                         char *error)
{
    const struct table *table = chart->table;
    return data_column(table, request->x, "x (measured)", &chart->x_column, error) &&
           data_column(table, request->y, "y (predicted)", &chart->y_column, error) &&
           data_optional_column(table, request->series, "series", &chart->series_column, error) &&
           data_optional_column(table, request->label, "label", &chart->label_column, error);
}

static bool row_is_shown(const struct scatter_chart *chart, int row)
{
    double x = table_number(chart->table, row, chart->x_column);
    double y = table_number(chart->table, row, chart->y_column);
    return isfinite(x) && isfinite(y) && x > 0 && y > 0;
}

static int compare_numbers(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static void sort_errors(struct scatter_chart *chart)
{
    int classes = chart->classes.count;
    size_t rows = (size_t)chart->table->row_count;
    chart->bins = arena_array(&chart->arena, BIN_COUNT * (size_t)classes, sizeof *chart->bins);
    chart->errors = arena_array(&chart->arena, rows, sizeof *chart->errors);
    for (int row = 0; row < chart->table->row_count; row++) {
        if (!row_is_shown(chart, row))
            continue;
        double error = table_number(chart->table, row, chart->y_column) /
                           table_number(chart->table, row, chart->x_column) -
                       1.0;
        double share = (error + widest_error_ratio) / (2.0 * widest_error_ratio);
        int bin = (int)floor(fmin(fmax(share, 0.0), 0.9999) * BIN_COUNT);
        chart->bins[bin * classes + chart->classes.of_row[row]]++;
        chart->errors[chart->error_count++] = fmin(fabs(error), 1e300); /* 1e300 over 1e-300 */
    }
    qsort(chart->errors, (size_t)chart->error_count, sizeof *chart->errors, compare_numbers);
}

static int bin_total(const struct scatter_chart *chart, int bin)
{
    int total = 0;
    for (int i = 0; i < chart->classes.count; i++)
        total += chart->bins[bin * chart->classes.count + i];
    return total;
}

static bool set_axes(struct scatter_chart *chart, char *error)
{
    struct value_range range = value_range_empty();
    for (int row = 0; row < chart->table->row_count; row++) {
        double x = table_number(chart->table, row, chart->x_column);
        double y = table_number(chart->table, row, chart->y_column);
        if (row_is_shown(chart, row)) {
            value_range_add(&range, AXIS_LOG10, x);
            value_range_add(&range, AXIS_LOG10, y);
        } else if (x <= 0 || y <= 0) {
            chart->skipped_count++;
        }
    }
    range.skipped_count = chart->skipped_count;
    if (!data_has_values(&range, chart->table, chart->y_column, error))
        return false;
    range.is_powers_of_two = false;
    chart->panel.x = data_axis(chart->table, chart->x_column, AXIS_LOG10, &range);
    chart->panel.y = data_axis(chart->table, chart->y_column, AXIS_LOG10, &range);
    chart->panel.labels = PANEL_ALL;
    chart->panel.grid = PANEL_GRID_BOTH;
    return true;
}

static void set_histogram_axes(struct scatter_chart *chart)
{
    struct value_range counts = {.low = 0.0, .high = 1.0};
    for (int bin = 0; bin < BIN_COUNT; bin++)
        counts.high = fmax(counts.high, bin_total(chart, bin));
    chart->histogram = (struct panel){
        .x = {.title = "Relative error",
              .unit = "",
              .is_ratio = true,
              .low = -widest_error_ratio,
              .high = widest_error_ratio},
        .y = {.title = "Points", .unit = ""},
        .labels = PANEL_ALL,
        .grid = PANEL_GRID_Y,
    };
    axis_fit(&chart->histogram.y, &counts);
    if (counts.high < 5) {
        chart->histogram.y.low = 0; /* whole numbers only */
        chart->histogram.y.high = 5;
    }
}

/* The band |predicted / measured − 1| ≤ `ratio`. */
static void draw_band(const struct scatter_chart *chart, double ratio, double alpha)
{
    const struct axis *x = &chart->panel.x;
    struct point corners[] = {
        panel_point(&chart->panel, x->low, x->low * (1 - ratio)),
        panel_point(&chart->panel, x->high, x->high * (1 - ratio)),
        panel_point(&chart->panel, x->high, x->high * (1 + ratio)),
        panel_point(&chart->panel, x->low, x->low * (1 + ratio)),
    };
    struct color color = color_faded(chart->theme->soft_ink, alpha);
    canvas_polygon(chart->canvas, corners, 4, &(struct paint){.fill = color});
}

static void draw_bands(const struct scatter_chart *chart)
{
    const struct panel *panel = &chart->panel;
    struct pen pen = {chart->theme->soft_ink, 1.3, DASH_SOLID};
    canvas_group(chart->canvas, "bands");
    canvas_clip(chart->canvas, &panel->plot);
    draw_band(chart, 0.25, 0.10);
    draw_band(chart, 0.10, 0.14);
    canvas_line(chart->canvas, panel_point(panel, panel->x.low, panel->x.low),
                panel_point(panel, panel->x.high, panel->x.high), &pen);
    canvas_unclip(chart->canvas);
    canvas_ungroup(chart->canvas);
}

static void draw_points(const struct scatter_chart *chart)
{
    double radius = chart->error_count > 300 ? 3.4 : 4.8;
    canvas_group(chart->canvas, "points");
    for (int row = 0; row < chart->table->row_count; row++) {
        if (!row_is_shown(chart, row))
            continue;
        struct look look = theme_look(chart->theme, chart->classes.of_row[row]);
        struct paint paint = {
            color_faded(look.color, 0.85), {chart->theme->background, 0.8, DASH_SOLID}
        };
        struct point place =
            panel_point(&chart->panel, table_number(chart->table, row, chart->x_column),
                        table_number(chart->table, row, chart->y_column));
        canvas_marker(chart->canvas, look.marker, place, radius, &paint);
    }
    canvas_ungroup(chart->canvas);
}

static void draw_histogram(const struct scatter_chart *chart)
{
    const struct panel *panel = &chart->histogram;
    double width = box_width(&panel->plot) / BIN_COUNT;
    struct pen edge = {chart->theme->background, 0.8, DASH_SOLID};
    panel_draw_grid(panel, chart->canvas, chart->theme);
    canvas_group(chart->canvas, "histogram");
    for (int bin = 0; bin < BIN_COUNT; bin++) {
        double left = panel->plot.left + width * bin;
        int below = 0;
        for (int i = 0; i < chart->classes.count; i++) {
            int count = chart->bins[bin * chart->classes.count + i];
            struct box box = {left, axis_position(&panel->y, below + count), left + width,
                              axis_position(&panel->y, below)};
            if (count)
                canvas_box(chart->canvas, &box,
                           &(struct paint){theme_look(chart->theme, i).color, edge});
            below += count;
        }
    }
    double zero = canvas_snap(axis_position(&panel->x, 0.0));
    canvas_line(chart->canvas, (struct point){zero, panel->plot.bottom},
                (struct point){zero, panel->plot.top},
                &(struct pen){chart->theme->soft_ink, 1, DASH_SOLID});
    canvas_ungroup(chart->canvas);
    panel_draw_axes(panel, chart->canvas, chart->theme);
}

static double median_error(const struct scatter_chart *chart)
{
    int n = chart->error_count;
    return n % 2 ? chart->errors[n / 2] : (chart->errors[n / 2 - 1] + chart->errors[n / 2]) / 2;
}

static int within(const struct scatter_chart *chart, double ratio)
{
    int count = 0;
    while (count < chart->error_count && chart->errors[count] <= ratio)
        count++;
    return count;
}

/* How good the predictions are, in a few numbers above the histogram. */
static void draw_summary(const struct scatter_chart *chart, struct box *side)
{
    struct lettering type = theme_tick(chart->theme, ALIGN_START, ALIGN_START);
    char lines[4][80];
    int line_count = 3;
    int beyond = chart->error_count - within(chart, widest_error_ratio);
    double median = 100.0 * median_error(chart);
    char digits[SI_TEXT_BYTES];
    snprintf(digits, sizeof digits, "%.1f", fmin(median, 1e9));
    if (!(median < 1e9))
        text_plain(digits, fmax(median, 1e15), 3);
    snprintf(lines[0], sizeof lines[0], "median |error| %.40s %%", digits);
    snprintf(lines[1], sizeof lines[1], "within ±10 %%: %d of %d", within(chart, 0.10),
             chart->error_count);
    snprintf(lines[2], sizeof lines[2], "within ±25 %%: %d of %d", within(chart, 0.25),
             chart->error_count);
    if (beyond)
        snprintf(lines[line_count++], sizeof lines[3], "beyond ±50 %%: %d (outer bars)", beyond);
    for (int i = 0; i < line_count; i++) {
        canvas_text_within(chart->canvas, (struct point){side->left + 8, side->top + 4},
                           box_width(side) - 8, lines[i], &type);
        side->top += type.size_pt * 1.4;
    }
    side->top += 8;
}

static int fill_legend(const struct scatter_chart *chart, struct legend_item *items)
{
    int count = 0;
    for (int i = 0; i < chart->classes.count && chart->series_column != NO_COLUMN; i++)
        items[count++] = (struct legend_item){chart->classes.names[i], LEGEND_MARKER,
                                              theme_look(chart->theme, i)};
    struct color ink = chart->theme->soft_ink;
    struct color paper = chart->theme->background;
    items[count++] = (struct legend_item){
        "±10 %", LEGEND_AREA, {color_mixed(ink, paper, 0.24), MARKER_COUNT, DASH_SOLID}
    };
    items[count++] = (struct legend_item){
        "±25 %", LEGEND_AREA, {color_mixed(ink, paper, 0.10), MARKER_COUNT, DASH_SOLID}
    };
    return count;
}

/* Names of rows, placed around the points; most of them are left out when there are many. */
static void draw_labels(struct scatter_chart *chart)
{
    struct lettering type = theme_tick(chart->theme, ALIGN_START, ALIGN_MIDDLE);
    size_t rows = (size_t)chart->table->row_count;
    struct place_label *labels = arena_array(&chart->arena, rows, sizeof *labels);
    const char **names = arena_array(&chart->arena, rows, sizeof *names);
    struct lettering *types = arena_array(&chart->arena, rows, sizeof *types);
    struct box *taken = arena_array(&chart->arena, rows, sizeof *taken);
    int count = 0;
    type.size_pt -= 1;
    for (int row = 0; row < chart->table->row_count; row++) {
        if (!row_is_shown(chart, row))
            continue;
        struct point at =
            panel_point(&chart->panel, table_number(chart->table, row, chart->x_column),
                        table_number(chart->table, row, chart->y_column));
        names[count] = data_name(chart->table, row, chart->label_column, &chart->arena);
        types[count] = type;
        taken[count] = (struct box){at.x - 5, at.y - 5, at.x + 5, at.y + 5};
        labels[count] = (struct place_label){
            .at = at,
            .radius_pt = 5,
            .width_pt = canvas_measure(chart->canvas, names[count], &type),
            .height_pt = type.size_pt * 1.1,
        };
        count++;
    }
    struct place_scene scene = {.bounds = chart->panel.plot, .taken = taken, .taken_count = count};
    place_labels(labels, count, &scene, &chart->arena);
    place_draw(labels, names, count, types, chart->theme->soft_ink, chart->canvas);
}

static void draw_chart(struct scatter_chart *chart, const struct chart_style *style)
{
    struct legend_item *items =
        arena_array(&chart->arena, (size_t)chart->classes.count + 2, sizeof *items);
    struct box inner = data_frame_draw(chart->canvas, style, chart->skipped_count, items,
                                       fill_legend(chart, items));
    struct box side = inner;
    side.left = inner.left + box_width(&inner) * 0.64;
    inner.right = side.left - 16;
    draw_summary(chart, &side);
    panel_place(&chart->panel, chart->canvas, chart->theme, &inner);
    panel_place(&chart->histogram, chart->canvas, chart->theme, &side);
    panel_draw_grid(&chart->panel, chart->canvas, chart->theme);
    draw_bands(chart);
    draw_points(chart);
    panel_draw_axes(&chart->panel, chart->canvas, chart->theme);
    if (chart->label_column != NO_COLUMN)
        draw_labels(chart);
    draw_histogram(chart);
}

bool chart_scatter_draw(const struct table *table, const struct chart_request *request,
                        struct canvas *canvas, char error[CANVAS_ERROR_BYTES])
{
    struct chart_style style = style_filled(&request->style);
    struct scatter_chart chart = {.table = table, .theme = style.theme, .canvas = canvas};
    if (!data_has_rows(table, error) || !find_columns(&chart, request, error))
        return false;
    arena_init(&chart.arena);
    data_groups(table, chart.series_column, &chart.arena, &chart.classes);
    bool is_drawable = data_groups_are_few(&chart.classes, DATA_SERIES_MOST, "series", error) &&
                       set_axes(&chart, error);
    if (is_drawable) {
        sort_errors(&chart);
        set_histogram_axes(&chart);
        draw_chart(&chart, &style);
    }
    arena_release(&chart.arena);
    return is_drawable;
}
