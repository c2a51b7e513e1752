#include "plots/chart_pareto.h"

#include "plots/chart_data.h"
#include "plots/panel.h"
#include "plots/place.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One configuration. */
struct contender {
    double x, y;
    double merit_x, merit_y; /* the value or its negative: more is better */
    int row;
    bool is_best; /* no other is at least as good in both and better in one */
};

enum pareto_rank { RANK_BEATEN, RANK_BEST };

/* What the drawing functions share. */
struct pareto_chart {
    const struct table *table;
    const struct theme *theme;
    struct canvas *canvas;
    int x_column, y_column, series_column, label_column;
    struct arena arena;
    struct groups series;
    struct panel panel;
    struct contender *contenders; /* [contender_count], best x merit first */
    int contender_count;
    int skipped_count;
};

static bool find_columns(struct pareto_chart *chart, const struct chart_request *request,
                         char *error)
{
    const struct table *table = chart->table;
    return data_column(table, request->x, "x", &chart->x_column, error) &&
           data_column(table, request->y, "y", &chart->y_column, error) &&
           data_optional_column(table, request->series, "series", &chart->series_column, error) &&
           data_optional_column(table, request->label, "label", &chart->label_column, error);
}

static bool set_axes(struct pareto_chart *chart, const struct chart_request *request, char *error)
{
    enum axis_scale x_scale = request->is_log_x ? AXIS_LOG10 : AXIS_LINEAR;
    enum axis_scale y_scale = request->is_log_y ? AXIS_LOG10 : AXIS_LINEAR;
    struct value_range x = data_range(chart->table, chart->x_column, x_scale);
    struct value_range y = data_range(chart->table, chart->y_column, y_scale);
    chart->skipped_count = x.skipped_count + y.skipped_count;
    if (!data_has_values(&x, chart->table, chart->x_column, error) ||
        !data_has_values(&y, chart->table, chart->y_column, error))
        return false;
    y.is_powers_of_two = false;
    chart->panel.x = data_axis(chart->table, chart->x_column, x_scale, &x);
    chart->panel.y = data_axis(chart->table, chart->y_column, y_scale, &y);
    chart->panel.labels = PANEL_ALL;
    chart->panel.grid = PANEL_GRID_BOTH;
    return true;
}

static double sign_of(enum chart_better better, const char *unit)
{
    switch (better) {
    case BETTER_HIGHER:
        return 1.0;
    case BETTER_LOWER:
        return -1.0;
    case BETTER_BY_UNIT:
        break;
    }
    return strcmp(unit, "s") == 0 || strcmp(unit, "J") == 0 ? -1.0 : 1.0;
}

static int compare_contenders(const void *left, const void *right)
{
    const struct contender *a = left;
    const struct contender *b = right;
    if (a->merit_x < b->merit_x || a->merit_x > b->merit_x)
        return a->merit_x > b->merit_x ? -1 : 1;
    if (a->merit_y < b->merit_y || a->merit_y > b->merit_y)
        return a->merit_y > b->merit_y ? -1 : 1;
    return a->row - b->row;
}

static void find_frontier(struct pareto_chart *chart, const struct chart_request *request)
{
    double sign_x = sign_of(request->better_x, chart->panel.x.unit);
    double sign_y = sign_of(request->better_y, chart->panel.y.unit);
    double best_y = -HUGE_VAL;
    size_t rows = (size_t)chart->table->row_count;
    chart->contenders = arena_array(&chart->arena, rows, sizeof *chart->contenders);
    for (int row = 0; row < chart->table->row_count; row++) {
        double x = table_number(chart->table, row, chart->x_column);
        double y = table_number(chart->table, row, chart->y_column);
        if (axis_can_show(&chart->panel.x, x) && axis_can_show(&chart->panel.y, y))
            chart->contenders[chart->contender_count++] =
                (struct contender){x, y, sign_x * x, sign_y * y, row, false};
    }
    qsort(chart->contenders, (size_t)chart->contender_count, sizeof *chart->contenders,
          compare_contenders);
    for (int i = 0; i < chart->contender_count; i++) {
        struct contender *contender = &chart->contenders[i];
        contender->is_best = contender->merit_y > best_y;
        best_y = fmax(best_y, contender->merit_y);
    }
}

static struct point place_of(const struct pareto_chart *chart, const struct contender *contender)
{
    return panel_point(&chart->panel, contender->x, contender->y);
}

/* What the best can reach: from each to the next, the worse of both in each direction. Returns
 * the number of corners; their lines are what labels should not cross. */
static int draw_staircase(const struct pareto_chart *chart, struct point *corners)
{
    struct pen pen = {chart->theme->ink, 1.6, DASH_SOLID};
    int count = 0;
    for (int i = 0; i < chart->contender_count; i++) {
        if (!chart->contenders[i].is_best)
            continue;
        struct point next = place_of(chart, &chart->contenders[i]);
        if (count > 0) {
            corners[count] = (struct point){next.x, corners[count - 1].y};
            count++;
        }
        corners[count++] = next;
    }
    canvas_group(chart->canvas, "frontier");
    canvas_polyline(chart->canvas, corners, count, &pen);
    canvas_ungroup(chart->canvas);
    return count;
}

/* The beaten ones, or the best. */
static void draw_points(const struct pareto_chart *chart, enum pareto_rank rank)
{
    bool is_best = rank == RANK_BEST;
    canvas_group(chart->canvas, is_best ? "best" : "beaten");
    for (int i = 0; i < chart->contender_count; i++) {
        const struct contender *contender = &chart->contenders[i];
        struct look look = theme_look(chart->theme, chart->series.of_row[contender->row]);
        struct paint paint = {
            color_faded(look.color, is_best ? 1.0 : 0.45),
            {chart->theme->background, 1, DASH_SOLID}
        };
        if (is_best)
            paint.pen = (struct pen){chart->theme->ink, 1.4, DASH_SOLID};
        if (contender->is_best == is_best)
            canvas_marker(chart->canvas, look.marker, place_of(chart, contender),
                          is_best ? 6.0 : 4.6, &paint);
    }
    canvas_ungroup(chart->canvas);
}

static void draw_labels(struct pareto_chart *chart, const struct point *corners, int corner_count)
{
    struct lettering type = theme_tick(chart->theme, ALIGN_START, ALIGN_MIDDLE);
    size_t rows = (size_t)chart->contender_count + 1;
    struct place_label *labels = arena_array(&chart->arena, rows, sizeof *labels);
    const char **names = arena_array(&chart->arena, rows, sizeof *names);
    struct lettering *types = arena_array(&chart->arena, rows, sizeof *types);
    struct box *taken = arena_array(&chart->arena, rows, sizeof *taken);
    struct place_line *lines = arena_array(&chart->arena, (size_t)corner_count + 1, sizeof *lines);
    int count = 0;
    type.color = chart->theme->ink;
    for (int i = 0; i + 1 < corner_count; i++)
        lines[i] = (struct place_line){corners[i], corners[i + 1], false};
    for (int i = 0; i < chart->contender_count; i++) {
        const struct contender *contender = &chart->contenders[i];
        struct point at = place_of(chart, contender);
        taken[i] = (struct box){at.x - 6, at.y - 6, at.x + 6, at.y + 6};
        if (!contender->is_best)
            continue;
        names[count] = data_name(chart->table, contender->row, chart->label_column, &chart->arena);
        types[count] = type;
        labels[count] = (struct place_label){
            .at = at,
            .radius_pt = 6,
            .width_pt = canvas_measure(chart->canvas, names[count], &type),
            .height_pt = type.size_pt * 1.1,
        };
        count++;
    }
    struct place_scene scene = {
        .bounds = box_grown(&chart->panel.plot, -2),
        .taken = taken,
        .taken_count = chart->contender_count,
        .lines = lines,
        .line_count = corner_count > 0 ? corner_count - 1 : 0,
    };
    place_labels(labels, count, &scene, &chart->arena);
    place_draw(labels, names, count, types, chart->theme->soft_ink, chart->canvas);
}

static int fill_legend(const struct pareto_chart *chart, struct legend_item *items)
{
    int count = 0;
    for (int i = 0; i < chart->series.count && chart->series_column != NO_COLUMN; i++)
        items[count++] = (struct legend_item){chart->series.names[i], LEGEND_MARKER,
                                              theme_look(chart->theme, i)};
    items[count++] = (struct legend_item){
        "frontier", LEGEND_LINE, {chart->theme->ink, MARKER_COUNT, DASH_SOLID}
    };
    return count;
}

static void draw_chart(struct pareto_chart *chart, const struct chart_style *style)
{
    size_t corner_room = 2 * (size_t)chart->contender_count + 1;
    struct point *corners = arena_array(&chart->arena, corner_room, sizeof *corners);
    struct legend_item *items =
        arena_array(&chart->arena, (size_t)chart->series.count + 1, sizeof *items);
    struct box inner = data_frame_draw(chart->canvas, style, chart->skipped_count, items,
                                       fill_legend(chart, items));
    panel_place(&chart->panel, chart->canvas, chart->theme, &inner);
    panel_draw_grid(&chart->panel, chart->canvas, chart->theme);
    draw_points(chart, RANK_BEATEN);
    int corner_count = draw_staircase(chart, corners);
    draw_points(chart, RANK_BEST);
    if (chart->label_column != NO_COLUMN)
        draw_labels(chart, corners, corner_count);
    panel_draw_axes(&chart->panel, chart->canvas, chart->theme);
}

bool chart_pareto_draw(const struct table *table, const struct chart_request *request,
                       struct canvas *canvas, char error[CANVAS_ERROR_BYTES])
{
    struct chart_style style = style_filled(&request->style);
    struct pareto_chart chart = {.table = table, .theme = style.theme, .canvas = canvas};
    if (!data_has_rows(table, error) || !find_columns(&chart, request, error))
        return false;
    arena_init(&chart.arena);
    data_groups(table, chart.series_column, &chart.arena, &chart.series);
    bool is_drawable = data_groups_are_few(&chart.series, DATA_SERIES_MOST, "series", error) &&
                       set_axes(&chart, request, error);
    if (is_drawable) {
        find_frontier(&chart, request);
        draw_chart(&chart, &style);
    }
    arena_release(&chart.arena);
    return is_drawable;
}
