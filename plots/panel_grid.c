#include "plots/panel_grid.h"

#include <math.h>

enum { GUTTER_PT = 18 };

/* As many columns as make panels about one and a half times as wide as high. */
static int columns_for(int count, const struct box *outer)
{
    int best = 1;
    double best_score = HUGE_VAL;
    for (int columns = 1; columns <= count; columns++) {
        int rows = (count + columns - 1) / columns;
        double shape = box_width(outer) / columns / (box_height(outer) / rows);
        double score = fabs(log(shape / 1.5)) + 0.25 * (columns * rows - count);
        if (score < best_score) {
            best_score = score;
            best = columns;
        }
    }
    return best;
}

void panel_grid_place(struct panel_grid *grid, const struct panel *panel, int count,
                      struct canvas *canvas, const struct theme *theme, const struct box *outer)
{
    struct panel whole = *panel;
    int columns = columns_for(count, outer);
    *grid = (struct panel_grid){
        .count = count,
        .columns = columns,
        .rows = (count + columns - 1) / columns,
        .heading_pt = count > 1 ? theme->label_pt * 1.35 : 0.0,
    };
    whole.labels = PANEL_ALL;
    whole.columns = columns;
    panel_place(&whole, canvas, theme, outer);
    double gap_y = grid->heading_pt + 12.0;
    double width = (box_width(&whole.plot) - GUTTER_PT * (columns - 1)) / columns;
    double height =
        (box_height(&whole.plot) - grid->heading_pt - gap_y * (grid->rows - 1)) / grid->rows;
    double top = whole.plot.top + grid->heading_pt;
    grid->first = (struct box){whole.plot.left, top, whole.plot.left + width, top + height};
    grid->step_x_pt = width + GUTTER_PT;
    grid->step_y_pt = height + gap_y;
}

static struct box plot_of(const struct panel_grid *grid, int index)
{
    double x = grid->step_x_pt * (index % grid->columns);
    double y = grid->step_y_pt * (index / grid->columns);
    return (struct box){grid->first.left + x, grid->first.top + y, grid->first.right + x,
                        grid->first.bottom + y};
}

static void write_heading(const struct panel_grid *grid, const struct box *plot, const char *name,
                          struct canvas *canvas, const struct theme *theme)
{
    struct lettering type = theme_label(theme, ALIGN_START, ALIGN_END);
    type.is_bold = true;
    if (grid->count > 1)
        canvas_text_within(canvas, (struct point){plot->left, plot->top - 7}, box_width(plot), name,
                           &type);
}

void panel_grid_begin(const struct panel_grid *grid, int index, const char *name,
                      struct panel *panel, struct canvas *canvas, const struct theme *theme)
{
    struct box plot = plot_of(grid, index);
    bool is_leftmost = index % grid->columns == 0;
    bool is_lowest = index + grid->columns >= grid->count;
    panel_place_plot(panel, &plot);
    panel->columns = 1;
    panel->labels = grid->count == 1 ? PANEL_ALL
                                     : (is_leftmost ? PANEL_Y_LABELS : PANEL_NO_LABELS) |
                                           (is_lowest ? PANEL_X_LABELS : PANEL_NO_LABELS);
    write_heading(grid, &plot, name, canvas, theme);
}

void panel_grid_titles(const struct panel_grid *grid, const struct panel *panel,
                       struct canvas *canvas, const struct theme *theme)
{
    struct panel whole = *panel;
    struct box last = plot_of(grid, grid->columns * grid->rows - 1);
    struct box all = {grid->first.left, grid->first.top, last.right, last.bottom};
    if (grid->count <= 1)
        return;
    panel_place_plot(&whole, &all);
    whole.labels = PANEL_ALL;
    whole.columns = grid->columns;
    panel_draw_titles(&whole, canvas, theme);
}
