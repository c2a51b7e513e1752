/* Any CSV file as a table: columns typed by what they hold, units told by their names. */
#ifndef TOKENROOF_REPORT_CSV_TABLE_H
#define TOKENROOF_REPORT_CSV_TABLE_H

#include "base/diag.h"
#include "base/table.h"

/** Largest file and most rows that are read. */
enum { CSV_ROWS_MAX = 1000000, CSV_COLUMNS_MAX = 1000, CSV_BYTES_MAX = 512 * 1024 * 1024 };

/** The first cell of a column that is no number. */
struct csv_odd {
    struct place place; /**< where it stands */
    const char *cell;   /**< what it says, NULL: every cell is a number or missing */
    int64_t count;      /**< such cells in the column */
    int64_t numbers;    /**< cells of the column that are numbers */
};

/** Column that lists, line by line, which columns of numbers say "OOM" in a row; last, and only
 * there when a cell does. */
#define CSV_OOM_COLUMN "out of memory"

/**
 * Reads the file at `path` (RFC 4180 with a header line; lines that begin with # and empty lines
 * are skipped; a header without commas may be divided by semicolons or tabs). A column is a count
 * when all its cells are whole numbers, a number when all are numbers, else text; empty cells and
 * "nan" are missing, among numbers also "inf", "n/a", "none", "-" and "OOM". Numbers are converted
 * to SI where the name says a unit (column_name_read). `*odd` (NULL = not wanted) becomes
 * [column_count without CSV_OOM_COLUMN], why columns are text. Returns false with a message at its
 * line when the file can't be used.
 */
bool csv_table_read(const char *path, struct arena *arena, struct diags *diags, struct table *table,
                    const struct csv_odd **odd);

/** The same for `length` bytes in memory; `source` is their name in messages. */
bool csv_table_parse(const char *source, const char *bytes, size_t length, struct arena *arena,
                     struct diags *diags, struct table *table, const struct csv_odd **odd);

/** Makes a column of text one of numbers; cells that are no numbers become missing. */
void csv_table_make_numbers(struct table *table, int column);

#endif
