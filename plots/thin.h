/* Long lines with the points left out that nobody could see. */
#ifndef TOKENROOF_PLOTS_THIN_H
#define TOKENROOF_PLOTS_THIN_H

#include "plots/canvas.h"

/** Points this close to each other across lie in one column: a pixel of a PNG [pt]. */
#define THIN_COLUMN_PT 0.5

/**
 * Thins `points` [count], which run from left to right, in place: of neighbours in one column only
 * the first, the highest, the lowest and the last stay, so the line covers the same pixels. Lines
 * with at most four points to a column stay as they are. Returns how many are left.
 */
int thin_points(struct point *points, int count);

#endif
