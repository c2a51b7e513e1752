#include "plots/chart_bars.h"

#include "plots/chart_data.h"
#include "plots/panel_grid.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What the drawing functions share. */
struct bar_chart {
    const struct table *table;
    const struct chart_request *request;
    const struct theme *theme;
    struct canvas *canvas;
    int x_column, y_column, series_column, facet_column, oom_column;
    struct arena arena;
    struct groups categories;
    struct groups series;
    struct groups facets;
    double *sums; /* [facets][categories][series], NaN = no such bar */
    bool *ooms;   /* [facets][categories][series] memory ran out: there is no value */
    struct panel panel;
    int skipped_count;
    bool has_oom;
};

static int slot_of(const struct bar_chart *chart, int facet, int category, int series)
{
    return (facet * chart->categories.count + category) * chart->series.count + series;
}

static double *sum_at(const struct bar_chart *chart, int facet, int category, int series)
{
    return &chart->sums[slot_of(chart, facet, category, series)];
}

/* Nothing but runs without memory: a slot that a mark explains. */
static bool is_oom_at(const struct bar_chart *chart, int facet, int category, int series)
{
    int slot = slot_of(chart, facet, category, series);
    return chart->ooms[slot] && isnan(chart->sums[slot]);
}

static bool is_idle(const char *name)
{
    return strcmp(name, "idle") == 0;
}

static bool find_columns(struct bar_chart *chart, char *error)
{
    const struct table *table = chart->table;
    const struct chart_request *request = chart->request;
    return data_column(table, request->x, "x", &chart->x_column, error) &&
           data_column(table, request->y, "y", &chart->y_column, error) &&
           data_optional_column(table, request->series, "series", &chart->series_column, error) &&
           data_optional_column(table, request->facet, "facet", &chart->facet_column, error) &&
           data_optional_column(table, request->oom, "oom", &chart->oom_column, error);
}

/* Always true: the sums exist only where their number is known to be sane. */
static bool add_up(struct bar_chart *chart)
{
    int count = chart->facets.count * chart->categories.count * chart->series.count;
    chart->sums = arena_array(&chart->arena, (size_t)count, sizeof *chart->sums);
    chart->ooms = arena_array(&chart->arena, (size_t)count, sizeof *chart->ooms);
    for (int i = 0; i < count; i++)
        chart->sums[i] = (double)NAN;
    for (int row = 0; row < chart->table->row_count; row++) {
        double value = table_number(chart->table, row, chart->y_column);
        int slot = slot_of(chart, chart->facets.of_row[row], chart->categories.of_row[row],
                           chart->series.of_row[row]);
        double *sum = &chart->sums[slot];
        if (data_is_oom(chart->table, row, chart->oom_column))
            chart->ooms[slot] = chart->has_oom = true;
        else if (isfinite(value))
            *sum = isnan(*sum) ? value : *sum + value;
    }
    return true;
}

static bool parts_are_positive(const struct bar_chart *chart, char *error)
{
    int count = chart->facets.count * chart->categories.count * chart->series.count;
    for (int i = 0; i < count && chart->request->is_stacked; i++)
        if (chart->sums[i] < 0) {
            snprintf(error, CANVAS_ERROR_BYTES,
                     "column '%.80s' is negative: parts cannot be stacked", chart->request->y);
            return false;
        }
    return true;
}

static double stack_total(const struct bar_chart *chart, int facet, int category)
{
    double total = 0.0;
    for (int i = 0; i < chart->series.count; i++) {
        double part = *sum_at(chart, facet, category, i);
        total += isnan(part) ? 0.0 : part;
    }
    return total;
}

static enum axis_scale value_scale(const struct bar_chart *chart)
{
    return chart->request->is_log_y && !chart->request->is_stacked ? AXIS_LOG10 : AXIS_LINEAR;
}

static bool set_axes(struct bar_chart *chart, char *error)
{
    enum axis_scale scale = value_scale(chart);
    struct value_range range = value_range_empty();
    for (int facet = 0; facet < chart->facets.count; facet++)
        for (int category = 0; category < chart->categories.count; category++) {
            for (int i = 0; i < chart->series.count; i++)
                value_range_add(&range, scale, *sum_at(chart, facet, category, i));
            if (chart->request->is_stacked && !value_range_is_empty(&range))
                value_range_add(&range, scale, stack_total(chart, facet, category));
        }
    chart->skipped_count = range.skipped_count;
    if (!data_has_values(&range, chart->table, chart->y_column, error))
        return false;
    if (scale == AXIS_LINEAR) /* bars stand on zero: their length is the value */
        value_range_add(&range, scale, 0.0);
    range.is_powers_of_two = false;
    if (!(range.high > range.low) && scale == AXIS_LINEAR)
        range.high = range.low + 1.0;
    chart->panel.y = data_axis(chart->table, chart->y_column, scale, &range);
    chart->panel.x =
        (struct axis){.title = chart->table->columns[chart->x_column].title, .unit = ""};
    axis_set_names(&chart->panel.x, chart->categories.names, chart->categories.count);
    chart->panel.grid = PANEL_GRID_Y;
    return true;
}

static struct color series_color(const struct bar_chart *chart, int series)
{
    return is_idle(chart->series.names[series]) ? chart->theme->idle
                                                : theme_look(chart->theme, series).color;
}

static void draw_bar(const struct bar_chart *chart, const struct box *box, int series)
{
    struct color color = series_color(chart, series);
    struct pen edge = {chart->theme->background, 1, DASH_SOLID};
    if (is_idle(chart->series.names[series])) {
        canvas_box(chart->canvas, box, &(struct paint){color_faded(color, 0.35), edge});
        canvas_hatch(chart->canvas, box, 6, &(struct pen){color, 1.2, DASH_SOLID});
    } else {
        canvas_box(chart->canvas, box, &(struct paint){color, edge});
    }
}

static void format_value(const struct bar_chart *chart, double value, char out[SI_TEXT_BYTES])
{
    const struct column *column = &chart->table->columns[chart->y_column];
    char digits[SI_TEXT_BYTES];
    if (column->is_ratio)
        snprintf(out, SI_TEXT_BYTES, "%.12s %%", text_plain(digits, value * 100.0, 2));
    else if (*column->unit || value >= 1e5)
        text_si(out, value, column->unit, 3);
    else
        text_plain(out, value, 3);
}

/* The label's lettering shrunk a little where that makes it fit; false when it cannot. */
static bool label_fits(const struct bar_chart *chart, const char *label, double width_pt,
                       struct lettering *type)
{
    double width = canvas_measure(chart->canvas, label, type);
    double least_pt = chart->theme->tick_pt - 2.0;
    if (width > width_pt)
        type->size_pt *= width_pt / width;
    return type->size_pt >= least_pt;
}

/* A part's share of its stack, inside the part when there is room. */
static void label_part(const struct bar_chart *chart, const struct box *box, double share_ratio,
                       int series)
{
    char label[SI_TEXT_BYTES];
    struct lettering type = theme_tick(chart->theme, ALIGN_MIDDLE, ALIGN_MIDDLE);
    type.color = theme_ink_on(series_color(chart, series));
    if (is_idle(chart->series.names[series]))
        type.color = chart->theme->ink;
    snprintf(label, sizeof label, "%.0f %%", share_ratio * 100.0);
    bool has_room = box_height(box) > type.size_pt * 1.25;
    if (has_room && label_fits(chart, label, box_width(box) - 6, &type))
        canvas_text(chart->canvas,
                    (struct point){(box->left + box->right) / 2, (box->top + box->bottom) / 2},
                    label, &type);
}

/* Above a bar's end; turned upwards when the bar is too narrow for it. */
static void label_top(const struct bar_chart *chart, double value, struct point end,
                      double width_pt)
{
    char label[SI_TEXT_BYTES];
    struct lettering type = theme_tick(chart->theme, ALIGN_MIDDLE, ALIGN_END);
    type.color = chart->theme->ink;
    format_value(chart, value, label);
    if (label_fits(chart, label, width_pt, &type)) {
        canvas_text(chart->canvas, (struct point){end.x, end.y - 4}, label, &type);
        return;
    }
    type = theme_tick(chart->theme, ALIGN_START, ALIGN_MIDDLE);
    type.color = chart->theme->ink;
    type.size_pt -= 1;
    type.angle_deg = -90;
    bool has_headroom = end.y - canvas_measure(chart->canvas, label, &type) - 4 >
                        chart->panel.plot.top - chart->theme->tick_pt;
    if (has_headroom && width_pt > type.size_pt)
        canvas_text(chart->canvas, (struct point){end.x, end.y - 4}, label, &type);
}

/* Idle time comes on top of everything that is work. */
static int stacking_order(const struct bar_chart *chart, int place)
{
    int idle = chart->series.count;
    for (int i = 0; i < chart->series.count; i++)
        if (is_idle(chart->series.names[i]))
            idle = i;
    if (place < idle)
        return place;
    return place + 1 < chart->series.count ? place + 1 : idle < chart->series.count ? idle : place;
}

static void draw_stack(const struct bar_chart *chart, int facet, int category)
{
    const struct axis *y = &chart->panel.y;
    double band = axis_band_pt(&chart->panel.x);
    double width = fmin(band * 0.72, 110.0);
    double centre = axis_position(&chart->panel.x, category);
    double total = stack_total(chart, facet, category);
    double below = 0.0;
    for (int place = 0; place < chart->series.count; place++) {
        int series = stacking_order(chart, place);
        double part = *sum_at(chart, facet, category, series);
        if (!(part > 0))
            continue;
        struct box box = {centre - width / 2, axis_position(y, below + part), centre + width / 2,
                          axis_position(y, below)};
        draw_bar(chart, &box, series);
        if (chart->request->shows_values)
            label_part(chart, &box, part / total, series);
        below += part;
    }
    if (chart->request->shows_values && total > 0)
        label_top(chart, total, (struct point){centre, axis_position(y, total)}, band - 2);
}

static void draw_group(const struct bar_chart *chart, int facet, int category)
{
    const struct axis *y = &chart->panel.y;
    double band = axis_band_pt(&chart->panel.x);
    double width = fmin(band * 0.8 / chart->series.count, 70.0);
    double left = axis_position(&chart->panel.x, category) - width * chart->series.count / 2.0;
    double base = axis_position(y, y->scale == AXIS_LINEAR ? 0.0 : y->low);
    for (int series = 0; series < chart->series.count; series++, left += width) {
        double value = *sum_at(chart, facet, category, series);
        if (!axis_can_show(y, value))
            continue;
        double end = axis_position(y, value);
        struct box box = {left, fmin(base, end), left + width, fmax(base, end)};
        draw_bar(chart, &box, series);
        if (chart->request->shows_values)
            label_top(chart, value, (struct point){left + width / 2, fmin(base, end)}, width);
    }
}

/* A hollow mark on the axis, as lines have it. */
static void draw_oom_mark(const struct bar_chart *chart, double x_pt, enum marker marker,
                          struct color color)
{
    struct paint hollow = {
        chart->theme->background, {color, 2, DASH_SOLID}
    };
    canvas_marker(chart->canvas, marker, (struct point){x_pt, chart->panel.plot.bottom}, 4.6,
                  &hollow);
}

static void draw_group_ooms(const struct bar_chart *chart, int facet, int category)
{
    double width = fmin(axis_band_pt(&chart->panel.x) * 0.8 / chart->series.count, 70.0);
    double left = axis_position(&chart->panel.x, category) - width * chart->series.count / 2.0;
    for (int i = 0; i < chart->series.count; i++)
        if (is_oom_at(chart, facet, category, i))
            draw_oom_mark(chart, left + width * (i + 0.5), theme_look(chart->theme, i).marker,
                          series_color(chart, i));
}

/* One mark for a stack that is missing as a whole, else one per missing part, side by side. */
static void draw_stack_ooms(const struct bar_chart *chart, int facet, int category)
{
    double centre = axis_position(&chart->panel.x, category);
    int missing = 0;
    bool has_part = false;
    for (int i = 0; i < chart->series.count; i++) {
        missing += is_oom_at(chart, facet, category, i);
        has_part = has_part || !isnan(*sum_at(chart, facet, category, i));
    }
    if (missing && !has_part) {
        draw_oom_mark(chart, centre, MARKER_CIRCLE, chart->theme->soft_ink);
        return;
    }
    double step = fmin(13.0, axis_band_pt(&chart->panel.x) / (missing + 1.0));
    double x = centre - step * (missing - 1) / 2.0;
    for (int i = 0; i < chart->series.count; i++)
        if (is_oom_at(chart, facet, category, i)) {
            draw_oom_mark(chart, x, theme_look(chart->theme, i).marker, series_color(chart, i));
            x += step;
        }
}

static void draw_ooms(const struct bar_chart *chart, int facet)
{
    if (!chart->has_oom)
        return;
    canvas_group(chart->canvas, "out of memory");
    for (int category = 0; category < chart->categories.count; category++) {
        if (chart->request->is_stacked)
            draw_stack_ooms(chart, facet, category);
        else
            draw_group_ooms(chart, facet, category);
    }
    canvas_ungroup(chart->canvas);
}

static void draw_facet(const struct bar_chart *chart, int facet)
{
    panel_draw_grid(&chart->panel, chart->canvas, chart->theme);
    canvas_group(chart->canvas, "bars");
    for (int category = 0; category < chart->categories.count; category++) {
        if (chart->request->is_stacked)
            draw_stack(chart, facet, category);
        else
            draw_group(chart, facet, category);
    }
    canvas_ungroup(chart->canvas);
    panel_draw_axes(&chart->panel, chart->canvas, chart->theme);
    draw_ooms(chart, facet);
}

static int fill_legend(const struct bar_chart *chart, struct legend_item *items)
{
    int count = chart->series_column == NO_COLUMN ? 0 : chart->series.count;
    for (int place = 0; place < count; place++) {
        int series = chart->request->is_stacked ? stacking_order(chart, place) : place;
        const char *name = chart->series.names[series];
        struct look look = theme_look(chart->theme, series);
        look.color = series_color(chart, series);
        items[place] =
            (struct legend_item){name, is_idle(name) ? LEGEND_HATCHED : LEGEND_AREA, look};
    }
    if (chart->has_oom)
        items[count++] = data_oom_entry(chart->theme);
    return count;
}

static void draw_chart(struct bar_chart *chart, const struct chart_style *style)
{
    struct legend_item *items =
        arena_array(&chart->arena, (size_t)chart->series.count + 1, sizeof *items);
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

bool chart_bars_draw(const struct table *table, const struct chart_request *request,
                     struct canvas *canvas, char error[CANVAS_ERROR_BYTES])
{
    struct chart_style style = style_filled(&request->style);
    struct bar_chart chart = {
        .table = table, .request = request, .theme = style.theme, .canvas = canvas};
    if (!data_has_rows(table, error) || !find_columns(&chart, error))
        return false;
    arena_init(&chart.arena);
    data_groups(table, chart.x_column, &chart.arena, &chart.categories);
    data_groups(table, chart.series_column, &chart.arena, &chart.series);
    data_groups(table, chart.facet_column, &chart.arena, &chart.facets);
    data_groups_say_what(table, chart.facet_column, &chart.arena, &chart.facets);
    bool is_drawable = data_groups_are_few(&chart.series, DATA_SERIES_MOST, "series", error) &&
                       data_groups_are_few(&chart.facets, DATA_FACETS_MOST, "facet", error) &&
                       data_groups_are_few(&chart.categories, DATA_BARS_MOST, "x", error) &&
                       add_up(&chart) && parts_are_positive(&chart, error) &&
                       set_axes(&chart, error);
    if (is_drawable)
        draw_chart(&chart, &style);
    arena_release(&chart.arena);
    return is_drawable;
}
