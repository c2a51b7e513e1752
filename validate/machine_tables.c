/* Microbenchmarks on disk: fits can be made again without measuring again. */
#include "validate/machine_fit.h"

#include "base/csv.h"

#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *path_of(struct arena *arena, enum machine_probe probe, const char *folder)
{
    return arena_printf(arena, "%s/%s.csv", folder, machine_probe_names[probe]);
}

bool machine_table_save(const struct machine_tables *tables, enum machine_probe probe,
                        const char *folder)
{
    const struct table *table = &tables->tables[probe];
    struct text out;
    text_init(&out);
    mkdir(folder, 0777); /* it may be there already; what else fails, saving says */
    table_csv(table, &out);
    bool is_saved = text_save(&out, path_of(table->arena, probe, folder)) == 0;
    text_release(&out);
    return is_saved;
}

/* A column of numbers unless its first filled cell is none; empty cells are missing values. */
static void add_cells(struct table *table, struct csv *csv, const bool is_text[])
{
    int row = table_add_row(table);
    for (int c = 0; c < csv->column_count; c++) {
        double number = (double)NAN;
        if (is_text[c])
            table_set_text(table, row, c, csv->cells[c]);
        else if (csv_parse_number(csv->cells[c], &number))
            table_set_number(table, row, c, number);
    }
}

static void add_columns(struct table *table, struct csv *csv, bool is_text[])
{
    for (int c = 0; c < csv->column_count; c++) {
        double number = 0.0;
        is_text[c] = *csv->cells[c] && !csv_parse_number(csv->cells[c], &number);
        table_add_column(table, (struct column){csv->names[c], csv->names[c], "",
                                                is_text[c] ? CELL_TEXT : CELL_NUMBER, false});
    }
}

bool machine_table_load(struct machine_tables *tables, struct arena *arena,
                        enum machine_probe probe, const char *folder)
{
    struct table *table = &tables->tables[probe];
    struct diags diags;
    struct lines lines;
    struct csv csv;
    bool is_text[CSV_COLUMNS_MAX];
    diags_init(&diags, arena);
    table_init(table, arena, machine_probe_names[probe]);
    const char *path = path_of(arena, probe, folder);
    if (access(path, R_OK) != 0)
        path = arena_printf(arena, "%s.gz", path);
    if (!lines_open(&lines, &diags, path))
        return false;
    bool is_read = csv_start(&csv, arena, &lines);
    while (is_read && csv_next(&csv)) {
        if (table->row_count == 0)
            add_columns(table, &csv, is_text);
        add_cells(table, &csv, is_text);
    }
    lines_close(&lines);
    return is_read && table->row_count > 0 && diags.error_count == 0;
}
