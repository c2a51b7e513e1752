/* From a table to what a chart needs: columns by name, rows by group, axes by column. */
#ifndef TOKENROOF_PLOTS_CHART_DATA_H
#define TOKENROOF_PLOTS_CHART_DATA_H

#include "base/arena.h"
#include "base/table.h"
#include "plots/axis.h"
#include "plots/chart.h"

/** The distinct values of a column: series, facets, categories. */
struct groups {
    const char **names; /**< [count], for people */
    double *values;     /**< [count] the number behind the name, NaN for text */
    int count;          /**< ≥ 1 */
    int *of_row;        /**< [table's rows] group of each row */
};

/** No such column was asked for. */
enum { NO_COLUMN = -1 };

/**
 * Index of the column `name` into `*out`. False with a message that lists the columns when there is
 * none, or when `name` is NULL: `role` is what the chart needs it for.
 */
bool data_column(const struct table *table, const char *name, const char *role, int *out,
                 char error[CANVAS_ERROR_BYTES]);

/** Like data_column for a column that may be left out: NULL gives NO_COLUMN. */
bool data_optional_column(const struct table *table, const char *name, const char *role, int *out,
                          char error[CANVAS_ERROR_BYTES]);

/**
 * Groups rows by the values of `column`, numbers in rising order, text in order of appearance.
 * NO_COLUMN puts all rows into one group called "". Memory comes from `arena`.
 */
void data_groups(const struct table *table, int column, struct arena *arena, struct groups *out);

/** Puts the column's title before names that are bare numbers: "Experts 8". */
void data_groups_say_what(const struct table *table, int column, struct arena *arena,
                          struct groups *groups);

/** The title over series that are bare numbers, into `*out`; false where names say it all. */
bool data_legend_title(const struct table *table, int column, struct legend_item *out);

/**
 * Says that `groups` are more than anyone could tell apart; false when there are more than `most`.
 * `role` is what they are: "series".
 */
bool data_groups_are_few(const struct groups *groups, int most, const char *role,
                         char error[CANVAS_ERROR_BYTES]);

/** Most panels, series and names on an axis that a chart takes. */
enum { DATA_FACETS_MOST = 36, DATA_SERIES_MOST = 72, DATA_BARS_MOST = 400, DATA_CELLS_MOST = 1024 };

/** The cell as people read it; owned by `arena`. */
const char *data_name(const struct table *table, int row, int column, struct arena *arena);

/** The row's memory ran out: the cell of `column` is not 0, "", "no" or missing. */
bool data_is_oom(const struct table *table, int row, int column);

/** The legend's entry for marks of rows whose memory ran out. */
struct legend_item data_oom_entry(const struct theme *theme);

/** The cell as a number; NO_COLUMN and missing values give NaN. */
double data_number(const struct table *table, int row, int column);

/** Range of a whole column on an axis of that scale. */
struct value_range data_range(const struct table *table, int column, enum axis_scale scale);

/** An axis with the column's title and unit, a range around `range`. */
struct axis data_axis(const struct table *table, int column, enum axis_scale scale,
                      const struct value_range *range);

/** Writes "3 values ≤ 0 not shown" or "" into `out`. Returns `out`. */
const char *data_skipped_note(int skipped_count, char out[AXIS_TITLE_BYTES]);

/**
 * Draws the frame with title and the note of what is not shown, and a legend of `item_count` items.
 * Returns what is left for the panels.
 */
struct box data_frame_draw(struct canvas *canvas, const struct chart_style *style,
                           int skipped_count, const struct legend_item *items, int item_count);

/** Says that the table has no rows; false when it has none. */
bool data_has_rows(const struct table *table, char error[CANVAS_ERROR_BYTES]);

/** Fails with "no value to show in column 'x'"; false when `range` is empty. */
bool data_has_values(const struct value_range *range, const struct table *table, int column,
                     char error[CANVAS_ERROR_BYTES]);

#endif
