#include "plots/chart_heat.h"

#include "plots/chart_data.h"
#include "plots/panel_grid.h"

#include <math.h>
#include <stdio.h>

enum { BAR_WIDTH_PT = 18, BAR_STEPS = 128 };

/* What the drawing functions share. */
struct heat_chart {
    const struct table *table;
    const struct theme *theme;
    struct canvas *canvas;
    int x_column, y_column, value_column, facet_column;
    struct arena arena;
    struct groups across;
    struct groups down;
    struct groups facets;
    double *values;    /* [facets][down][across], NaN = missing */
    struct axis scale; /* low → 0, high → 1 of the colour map */
    struct panel panel;
    bool has_missing;
};

static int cell_at(const struct heat_chart *chart, int facet, int down, int across)
{
    return (facet * chart->down.count + down) * chart->across.count + across;
}

static int cell_count(const struct heat_chart *chart)
{
    return chart->facets.count * chart->down.count * chart->across.count;
}

static void average_cells(struct heat_chart *chart)
{
    int count = cell_count(chart);
    int *rows = arena_array(&chart->arena, (size_t)count, sizeof *rows);
    chart->values = arena_array(&chart->arena, (size_t)count, sizeof *chart->values);
    for (int row = 0; row < chart->table->row_count; row++) {
        double value = table_number(chart->table, row, chart->value_column);
        int cell = cell_at(chart, chart->facets.of_row[row], chart->down.of_row[row],
                           chart->across.of_row[row]);
        if (isfinite(value)) {
            chart->values[cell] += value;
            rows[cell]++;
        }
    }
    for (int i = 0; i < count; i++) {
        chart->values[i] = rows[i] ? chart->values[i] / rows[i] : (double)NAN;
        chart->has_missing = chart->has_missing || !rows[i];
    }
}

static struct value_range cell_range(const struct heat_chart *chart)
{
    struct value_range range = value_range_empty();
    for (int i = 0; i < cell_count(chart); i++)
        value_range_add(&range, AXIS_LINEAR, chart->values[i]);
    return range;
}

/* The colours span exactly the data; ticks of the bar stay at round numbers. */
static bool set_scale(struct heat_chart *chart, char *error)
{
    average_cells(chart);
    struct value_range range = cell_range(chart);
    if (!data_has_values(&range, chart->table, chart->value_column, error))
        return false;
    chart->scale = data_axis(chart->table, chart->value_column, AXIS_LINEAR, &range);
    if (range.high > range.low) {
        chart->scale.low = range.low;
        chart->scale.high = range.high;
    }
    return true;
}

static struct axis names_axis(const struct heat_chart *chart, int column,
                              const struct groups *groups)
{
    struct axis axis = {.title = chart->table->columns[column].title, .unit = ""};
    axis_set_names(&axis, groups->names, groups->count);
    return axis;
}

static double ratio_of(const struct heat_chart *chart, double value)
{
    return (value - chart->scale.low) / (chart->scale.high - chart->scale.low);
}

static void draw_value(const struct heat_chart *chart, const struct box *box, double value)
{
    char label[AXIS_LABEL_BYTES];
    struct lettering type = theme_tick(chart->theme, ALIGN_MIDDLE, ALIGN_MIDDLE);
    type.color = theme_ink_on(theme_heat(ratio_of(chart, value)));
    struct point middle = {(box->left + box->right) / 2, (box->top + box->bottom) / 2};
    canvas_text(chart->canvas, middle, axis_value(&chart->scale, value, label), &type);
}

static bool values_fit(const struct heat_chart *chart)
{
    char label[AXIS_LABEL_BYTES];
    struct lettering type = theme_tick(chart->theme, ALIGN_MIDDLE, ALIGN_MIDDLE);
    double widest = 0.0;
    for (int i = 0; i < cell_count(chart); i++) {
        if (isnan(chart->values[i]))
            continue;
        axis_value(&chart->scale, chart->values[i], label);
        widest = fmax(widest, canvas_measure(chart->canvas, label, &type));
    }
    return widest + 6 <= axis_band_pt(&chart->panel.x) &&
           type.size_pt * 1.3 <= axis_band_pt(&chart->panel.y);
}

static void draw_missing(const struct heat_chart *chart, const struct box *box)
{
    canvas_box(chart->canvas, box, &(struct paint){.fill = color_faded(chart->theme->idle, 0.3)});
    canvas_hatch(chart->canvas, box, 6, &(struct pen){chart->theme->idle, 1, DASH_SOLID});
}

/* Edges between pixels of a PNG (2 to a point), so that no seam shows between cells. */
static double on_pixel(double position_pt)
{
    return round(position_pt * 2.0) / 2.0;
}

static void draw_cells(const struct heat_chart *chart, int facet)
{
    double band = fmin(axis_band_pt(&chart->panel.x), axis_band_pt(&chart->panel.y));
    double gap = band > 12 ? 0.5 : 0.0;
    bool shows_values = values_fit(chart);
    canvas_group(chart->canvas, "cells");
    for (int down = 0; down < chart->down.count; down++)
        for (int across = 0; across < chart->across.count; across++) {
            const struct axis *x = &chart->panel.x;
            const struct axis *y = &chart->panel.y;
            struct box box = {on_pixel(axis_position(x, across - 0.5)) + gap,
                              on_pixel(axis_position(y, down - 0.5)) + gap,
                              on_pixel(axis_position(x, across + 0.5)) - gap,
                              on_pixel(axis_position(y, down + 0.5)) - gap};
            double value = chart->values[cell_at(chart, facet, down, across)];
            if (isnan(value)) {
                draw_missing(chart, &box);
                continue;
            }
            canvas_box(chart->canvas, &box,
                       &(struct paint){.fill = theme_heat(ratio_of(chart, value))});
            if (shows_values)
                draw_value(chart, &box, value);
        }
    canvas_ungroup(chart->canvas);
}

static void draw_bar_ticks(struct heat_chart *chart, const struct box *bar)
{
    struct lettering type = theme_tick(chart->theme, ALIGN_START, ALIGN_MIDDLE);
    struct pen pen = {chart->theme->axis, 1, DASH_SOLID};
    struct ticks ticks;
    axis_ticks(&chart->scale, 6, &ticks);
    for (int i = 0; i < ticks.count; i++) {
        double y = canvas_snap(axis_position(&chart->scale, ticks.items[i].value));
        if (!ticks.items[i].is_major)
            continue;
        canvas_line(chart->canvas, (struct point){bar->right, y}, (struct point){bar->right + 5, y},
                    &pen);
        canvas_text(chart->canvas, (struct point){bar->right + 9, y}, ticks.items[i].label, &type);
    }
}

/* The colour bar with its ticks and title fills `room` across; it is as high as the panels. */
static void draw_color_bar(struct heat_chart *chart, const struct box *room,
                           const struct panel_grid *grid)
{
    char title[AXIS_TITLE_BYTES];
    struct lettering type = theme_label(chart->theme, ALIGN_MIDDLE, ALIGN_END);
    double height = box_height(&grid->first) + grid->step_y_pt * (grid->rows - 1);
    struct box bar = {room->left, canvas_snap(grid->first.top), room->left + BAR_WIDTH_PT,
                      canvas_snap(grid->first.top + height)};
    chart->scale.from_pt = bar.bottom;
    chart->scale.to_pt = bar.top;
    canvas_group(chart->canvas, "color bar");
    for (int i = 0; i < BAR_STEPS; i++) {
        double step = box_height(&bar) / BAR_STEPS;
        struct box piece = {bar.left, on_pixel(bar.bottom - step * (i + 1)), bar.right,
                            on_pixel(bar.bottom - step * i)};
        canvas_box(chart->canvas, &piece,
                   &(struct paint){.fill = theme_heat((i + 0.5) / BAR_STEPS)});
    }
    draw_bar_ticks(chart, &bar);
    type.angle_deg = -90;
    canvas_text_within(chart->canvas, (struct point){room->right, (bar.top + bar.bottom) / 2},
                       box_height(&bar) * 1.1, axis_title(&chart->scale, title), &type);
    canvas_ungroup(chart->canvas);
}

static double color_bar_width(struct heat_chart *chart)
{
    struct lettering type = theme_tick(chart->theme, ALIGN_START, ALIGN_MIDDLE);
    struct ticks ticks;
    double widest = 0.0;
    axis_ticks(&chart->scale, 6, &ticks);
    for (int i = 0; i < ticks.count; i++)
        widest = fmax(widest, canvas_measure(chart->canvas, ticks.items[i].label, &type));
    return BAR_WIDTH_PT + 9 + widest + 8 + chart->theme->label_pt;
}

static void draw_chart(struct heat_chart *chart, const struct chart_style *style)
{
    struct look look = {chart->theme->idle, MARKER_COUNT, DASH_SOLID};
    struct legend_item missing = {"no value", LEGEND_HATCHED, look};
    struct box inner = frame_draw(chart->canvas, style, "");
    inner = legend_draw(chart->canvas, chart->theme, &missing, chart->has_missing, &inner);
    struct box room = inner;
    room.left = inner.right - color_bar_width(chart);
    inner.right = room.left - 4;
    chart->panel = (struct panel){
        .x = names_axis(chart, chart->x_column, &chart->across),
        .y = names_axis(chart, chart->y_column, &chart->down),
    };
    struct panel_grid grid;
    panel_grid_place(&grid, &chart->panel, chart->facets.count, chart->canvas, chart->theme,
                     &inner);
    for (int i = 0; i < chart->facets.count; i++) {
        panel_grid_begin(&grid, i, chart->facets.names[i], &chart->panel, chart->canvas,
                         chart->theme);
        draw_cells(chart, i);
        panel_draw_axes(&chart->panel, chart->canvas, chart->theme);
    }
    panel_grid_titles(&grid, &chart->panel, chart->canvas, chart->theme);
    draw_color_bar(chart, &room, &grid);
}

/* False with a message when panels of cells are more than can be seen. */
static bool cells_are_few(const struct heat_chart *chart, char *error)
{
    enum { MOST = DATA_CELLS_MOST * DATA_CELLS_MOST };
    if (cell_count(chart) > MOST)
        snprintf(error, CANVAS_ERROR_BYTES, "%d cells are too many to draw; at most %d fit",
                 cell_count(chart), MOST);
    return cell_count(chart) <= MOST;
}

bool chart_heat_draw(const struct table *table, const struct chart_request *request,
                     struct canvas *canvas, char error[CANVAS_ERROR_BYTES])
{
    struct chart_style style = style_filled(&request->style);
    struct heat_chart chart = {.table = table, .theme = style.theme, .canvas = canvas};
    if (!data_has_rows(table, error) ||
        !data_column(table, request->x, "x", &chart.x_column, error) ||
        !data_column(table, request->y, "y", &chart.y_column, error) ||
        !data_column(table, request->value, "value", &chart.value_column, error) ||
        !data_optional_column(table, request->facet, "facet", &chart.facet_column, error))
        return false;
    arena_init(&chart.arena);
    data_groups(table, chart.x_column, &chart.arena, &chart.across);
    data_groups(table, chart.y_column, &chart.arena, &chart.down);
    data_groups(table, chart.facet_column, &chart.arena, &chart.facets);
    data_groups_say_what(table, chart.facet_column, &chart.arena, &chart.facets);
    bool is_drawable = data_groups_are_few(&chart.across, DATA_CELLS_MOST, "x", error) &&
                       data_groups_are_few(&chart.down, DATA_CELLS_MOST, "y", error) &&
                       data_groups_are_few(&chart.facets, DATA_FACETS_MOST, "facet", error) &&
                       cells_are_few(&chart, error) && set_scale(&chart, error);
    if (is_drawable)
        draw_chart(&chart, &style);
    arena_release(&chart.arena);
    return is_drawable;
}
