/* Rows of a sweep: axes first, then what `tokenroof run` prints, as CSV or JSON lines. */
#ifndef TOKENROOF_SWEEP_ROWS_H
#define TOKENROOF_SWEEP_ROWS_H

#include "base/table.h"
#include "sweep/point.h"

/** How rows are written. */
enum row_format { ROW_CSV, ROW_JSON };

/** Where a column's value comes from. */
enum row_source { ROW_AXIS, ROW_STATUS, ROW_REASON, ROW_WORD, ROW_COUNT, ROW_VALUE };

enum { ROW_COLUMNS_MAX = AXES_MAX + YIELD_WORDS_MAX + YIELD_COUNTS_MAX + YIELD_VALUES_MAX + 4 };

/** One column. */
struct row_column {
    const char *name;
    const char *unit;
    enum row_source source;
    int index;           /**< of the axis, word, count or value */
    int group;           /**< ROW_AXIS: its group of axes */
    enum cell_kind kind; /**< what it holds */
};

/** The columns of a sweep. */
struct row_layout {
    const struct grid *grid;
    struct row_column columns[ROW_COLUMNS_MAX];
    int count;
};

/** All columns: model, hardware, axes, status and reason, then the result's other words, counts and
 * values. */
void rows_layout(const struct grid *grid, struct row_layout *layout);

/**
 * Keeps the columns named in `list` ("ttft_s,total_tok_per_s"); those up to the reason always stay.
 * An unknown name is a message at --columns; returns false then.
 */
bool rows_choose(struct row_layout *layout, const char *list, struct arena *arena,
                 struct diags *diags);

/** The header line; JSON lines have none. */
void rows_header(const struct row_layout *layout, enum row_format format, struct text *out);

/** The row of a point that was predicted. */
void rows_add(const struct row_layout *layout, enum row_format format,
              const struct sweep_point *point, struct text *out);

/** Starts a table with these columns, and adds the row of a predicted point to it. */
void rows_table_start(const struct row_layout *layout, struct arena *arena, struct table *table);
void rows_table_add(const struct row_layout *layout, const struct sweep_point *point,
                    struct table *table);

/** Adds the rows that rows_add wrote as CSV into `text` with this layout. */
void rows_table_parse(const struct row_layout *layout, const char *text, struct table *table);

#endif
