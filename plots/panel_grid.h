/* Small multiples: panels in rows and columns that share their axes. */
#ifndef TOKENROOF_PLOTS_PANEL_GRID_H
#define TOKENROOF_PLOTS_PANEL_GRID_H

#include "plots/panel.h"

/** Where the panels of a chart lie. */
struct panel_grid {
    int count;         /**< panels */
    int columns;       /**< side by side */
    int rows;          /**< above each other */
    struct box first;  /**< plot of the panel at the top left [pt] */
    double step_x_pt;  /**< from one plot to the next on its right [pt] */
    double step_y_pt;  /**< from one plot to the next below [pt] */
    double heading_pt; /**< height of the line above each plot; 0 = no headings [pt] */
};

/**
 * Divides `outer` into `count` panels like `panel`, all of one size: labels only at the left and
 * below, one title per axis. A single panel gets no heading.
 */
void panel_grid_place(struct panel_grid *grid, const struct panel *panel, int count,
                      struct canvas *canvas, const struct theme *theme, const struct box *outer);

/**
 * Moves `panel` to place `index`, decides which of its sides are lettered and writes `name` above
 * it, nothing when there is only one.
 */
void panel_grid_begin(const struct panel_grid *grid, int index, const char *name,
                      struct panel *panel, struct canvas *canvas, const struct theme *theme);

/** Writes the axis titles once for all panels; nothing when there is only one. */
void panel_grid_titles(const struct panel_grid *grid, const struct panel *panel,
                       struct canvas *canvas, const struct theme *theme);

#endif
