/* Rows that a chart draws at one place: most often a column that nobody told apart. */
#ifndef TOKENROOF_REPORT_REPEATED_X_H
#define TOKENROOF_REPORT_REPEATED_X_H

#include "base/table.h"
#include "spec/chart.h"

#include <stdbool.h>

/** What repeats. */
struct repeated_x {
    int row_count;      /**< rows that are drawn where an earlier row of the chart is */
    const char *x;      /**< x of the first such row, as machines write it */
    const char *series; /**< its series, heat: its y; "" = none */
    const char *column; /**< a column that tells all of them apart, NULL = none does */
};

/**
 * Looks for rows of `table` that a chart as `spec` asks for draws at one place: the same x, series
 * and facet in lines (where they become an upright stroke) and bars (where they are added up), the
 * same x, y and facet in heat (where they are averaged). Rows without a value don't count, nor do
 * those without memory in lines. Operators of one step are parts of it: bars may add them up. The
 * column is text or a count, the one with the fewest values. False for other kinds, for columns
 * that don't exist, and when nothing repeats.
 */
bool repeated_x_find(const struct table *table, const struct chart_spec *spec, struct arena *arena,
                     struct repeated_x *out);

#endif
