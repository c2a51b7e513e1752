#include "report/csv_table.h"

#include "report/column_name.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A place in the bytes. */
struct mark {
    const char *at;
    const char *line_start;
    int line; /* 1-based */
};

/* A walk over the cells of a file. */
struct csv {
    const char *source;
    const char *at;
    const char *end;
    const char *line_start;
    int line; /* 1-based */
    char separator;
    struct text cell;  /* the current cell, unquoted */
    struct mark start; /* where it begins */
    bool is_row_end;   /* it is the last of its row */
    bool is_quoted;    /* it was written in quotes */
    struct arena *arena;
    struct diags *diags;
};

/* What a column's cells were so far. */
struct guess {
    bool has_text;
    bool has_fraction;
    bool has_value;
    bool has_oom;
    struct csv_odd odd;
};

static struct place place_at(const struct csv *csv, struct mark mark)
{
    enum { LINE_SHOWN = 200 };
    const char *stop = memchr(mark.line_start, '\n', (size_t)(csv->end - mark.line_start));
    size_t length = (size_t)((stop ? stop : csv->end) - mark.line_start);
    while (length && mark.line_start[length - 1] == '\r')
        length--;
    length = length < LINE_SHOWN ? length : LINE_SHOWN;
    return (struct place){
        .source = csv->source,
        .line_text = arena_strndup(csv->arena, mark.line_start, length),
        .line = mark.line,
        .column = (int)(mark.at - mark.line_start) + 1,
        .width = 1,
    };
}

static struct mark mark_here(const struct csv *csv)
{
    return (struct mark){csv->at, csv->line_start, csv->line};
}

static struct place place_here(const struct csv *csv)
{
    return place_at(csv, mark_here(csv));
}

/* Steps over one line break, if there is one. */
static bool skip_break(struct csv *csv)
{
    const char *start = csv->at;
    if (csv->at < csv->end && *csv->at == '\r')
        csv->at++;
    if (csv->at < csv->end && *csv->at == '\n')
        csv->at++;
    if (csv->at == start)
        return false;
    csv->line++;
    csv->line_start = csv->at;
    return true;
}

static bool read_quoted(struct csv *csv)
{
    struct csv start = *csv;
    csv->is_quoted = true;
    csv->at++;
    while (csv->at < csv->end) {
        if (*csv->at == '"' && csv->at + 1 < csv->end && csv->at[1] == '"') {
            text_add_bytes(&csv->cell, "\"", 1);
            csv->at += 2;
        } else if (*csv->at == '"') {
            csv->at++;
            return true;
        } else if (*csv->at == '\n' || *csv->at == '\r') {
            text_add(&csv->cell, " ");
            skip_break(csv);
        } else {
            text_add_bytes(&csv->cell, csv->at++, 1);
        }
    }
    diag_add(csv->diags, SEVERITY_ERROR, place_here(&start), "this quote is never closed");
    return false;
}

/* Reads the next cell; false with a message when it is no CSV. The caller checked that there is
 * one. */
static bool read_cell(struct csv *csv)
{
    csv->cell.length = 0;
    text_add(&csv->cell, "");
    csv->is_quoted = false;
    csv->start = mark_here(csv);
    if (csv->at < csv->end && *csv->at == '"' && !read_quoted(csv))
        return false;
    const char *start = csv->at;
    while (csv->at < csv->end && *csv->at != csv->separator && *csv->at != '\n' && *csv->at != '\r')
        csv->at++;
    if (csv->is_quoted && csv->at > start) {
        csv->at = start;
        diag_add(csv->diags, SEVERITY_ERROR, place_here(csv), "text after a closing quote");
        diag_hint(csv->diags, "write a quote inside quotes twice: \"\"");
        return false;
    }
    text_add_bytes(&csv->cell, start, (size_t)(csv->at - start));
    csv->is_row_end = csv->at == csv->end || *csv->at != csv->separator;
    if (csv->is_row_end)
        skip_break(csv);
    else
        csv->at++;
    return true;
}

/* Steps over empty lines and comments; false at the end of the file. */
static bool find_row(struct csv *csv)
{
    while (csv->at < csv->end) {
        if (*csv->at == '#')
            while (csv->at < csv->end && *csv->at != '\n' && *csv->at != '\r')
                csv->at++;
        if (!skip_break(csv))
            return csv->at < csv->end;
    }
    return false;
}

static char guess_separator(const struct csv *csv)
{
    size_t length = (size_t)(csv->end - csv->at);
    const char *stop = memchr(csv->at, '\n', length);
    length = stop ? (size_t)(stop - csv->at) : length;
    if (memchr(csv->at, ',', length))
        return ',';
    if (memchr(csv->at, ';', length))
        return ';';
    return memchr(csv->at, '\t', length) ? '\t' : ',';
}

/* The cell without blanks around it. */
static const char *trimmed(struct csv *csv)
{
    char *text = csv->cell.data;
    while (csv->cell.length && strchr(" \t", text[csv->cell.length - 1]))
        text[--csv->cell.length] = '\0';
    return text + strspn(text, " \t");
}

static bool is_missing(const char *cell)
{
    return !*cell || strcmp(cell, "nan") == 0 || strcmp(cell, "NaN") == 0 ||
           strcmp(cell, "NA") == 0 || strcmp(cell, "null") == 0;
}

static bool is_one_of(const char *cell, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(cell, words[i]) == 0)
            return true;
    return false;
}

/* What programs write into columns of numbers where there is none; words like others elsewhere. */
static bool stands_for_nothing(const char *cell)
{
    static const char *const words[] = {"",     "nan", "na",   "n/a",  "#n/a",     "null",
                                        "none", "inf", "+inf", "-inf", "infinity", "-infinity",
                                        "-",    "--",  "–",    "—"};
    return is_one_of(cell, words, sizeof words / sizeof *words);
}

static bool says_oom(const char *cell)
{
    static const char *const words[] = {"oom", "out of memory", "out-of-memory", "out_of_memory"};
    return is_one_of(cell, words, sizeof words / sizeof *words);
}

static bool is_number(const char *cell, bool *is_whole)
{
    char *stop = NULL;
    if (strspn(cell, "+-.0123456789eE") != strlen(cell))
        return false;
    double value = strtod(cell, &stop);
    *is_whole = strcspn(cell, ".eE") == strlen(cell) && fabs(value) < 9e15;
    return stop != cell && !*stop && isfinite(value);
}

static bool add_header_cell(struct csv *csv, struct place place, const char **names, int *count)
{
    const char *name = arena_strdup(csv->arena, trimmed(csv));
    if (*count == CSV_COLUMNS_MAX) {
        diag_add(csv->diags, SEVERITY_ERROR, place, "more than %d columns", CSV_COLUMNS_MAX);
        return false;
    }
    if (!*name)
        name = arena_printf(csv->arena, "column %d", *count + 1);
    for (int i = 0; i < *count; i++)
        if (strcmp(names[i], name) == 0) {
            diag_add(csv->diags, SEVERITY_ERROR, place, "two columns are called '%s'", name);
            return false;
        }
    names[(*count)++] = name;
    return true;
}

static bool read_header(struct csv *csv, const char **names, int *count)
{
    if (!find_row(csv)) {
        struct place whole = {.source = csv->source};
        diag_add(csv->diags, SEVERITY_ERROR, whole, "this file has no header line");
        diag_hint(csv->diags, "the first line of a CSV file names its columns: batch,tok_per_s");
        return false;
    }
    csv->separator = guess_separator(csv);
    do {
        struct place place = place_here(csv);
        if (!read_cell(csv) || !add_header_cell(csv, place, names, count))
            return false;
    } while (!csv->is_row_end);
    return true;
}

/* Shows each cell to `visit`, row by row, and checks that rows are as long as the header. */
static bool walk_rows(struct csv *csv, int column_count,
                      bool (*visit)(void *context, struct csv *csv, int row, int column),
                      void *context)
{
    for (int row = 0; find_row(csv); row++) {
        struct csv start = *csv;
        int column = 0;
        if (row == CSV_ROWS_MAX) {
            diag_add(csv->diags, SEVERITY_ERROR, place_here(csv), "more than %d rows",
                     CSV_ROWS_MAX);
            return false;
        }
        do {
            if (!read_cell(csv) || (column < column_count && !visit(context, csv, row, column)))
                return false;
            column++;
        } while (!csv->is_row_end);
        if (column != column_count) {
            struct place place = place_here(&start);
            place.width = (int)strlen(place.line_text);
            diag_add(csv->diags, SEVERITY_ERROR, place, "%d cell%s where the header has %d columns",
                     column, column == 1 ? "" : "s", column_count);
            return false;
        }
    }
    return true;
}

/* The first cell of a column that is no number, as a message needs it. */
static void note_odd(struct csv *csv, const char *cell, struct csv_odd *odd)
{
    odd->place = place_at(csv, csv->start);
    odd->place.width = cell[0] ? (int)text_width(cell) : 1;
    odd->cell = arena_strdup(csv->arena, cell);
}

static bool guess_cell(void *context, struct csv *csv, int row, int column)
{
    struct guess *guess = (struct guess *)context + column;
    const char *cell = trimmed(csv);
    bool is_whole = false;
    (void)row;
    if (is_missing(cell) && !csv->is_quoted)
        return true;
    if (says_oom(cell)) {
        guess->has_oom = true;
    } else if (is_number(cell, &is_whole)) {
        guess->has_value = true;
        guess->odd.numbers++;
        guess->has_fraction = guess->has_fraction || !is_whole;
    } else if (!stands_for_nothing(cell)) {
        guess->has_text = true;
        if (guess->odd.count++ == 0)
            note_odd(csv, cell, &guess->odd);
    }
    return true;
}

/* Where cells go in the second walk. */
struct filling {
    struct table *table;
    const double *scales; /* [column] */
    int oom_column;       /* lists the columns of a row that say OOM; -1 = no cell says so */
};

/* Adds a column's name to those that ran out of memory in this row. */
static void fill_oom(const struct filling *filling, int row, int column)
{
    struct table *table = filling->table;
    const char *before = table_cell(table, row, filling->oom_column).text;
    table_set_text(table, row, filling->oom_column,
                   arena_printf(table->arena, "%s%s%s", before ? before : "", before ? "\n" : "",
                                table->columns[column].name));
}

static bool fill_cell(void *context, struct csv *csv, int row, int column)
{
    const struct filling *filling = context;
    const char *cell = trimmed(csv);
    if (column == 0)
        table_add_row(filling->table);
    if (is_missing(cell) && !csv->is_quoted)
        return true;
    bool is_numeric = filling->table->columns[column].kind != CELL_TEXT;
    if (is_numeric && says_oom(cell)) {
        if (filling->oom_column >= 0)
            fill_oom(filling, row, column);
        return true;
    }
    if (is_numeric && stands_for_nothing(cell))
        return true;
    switch (filling->table->columns[column].kind) {
    case CELL_TEXT:
        table_set_text(filling->table, row, column, cell);
        break;
    case CELL_NUMBER:
        table_set_number(filling->table, row, column, strtod(cell, NULL) * filling->scales[column]);
        break;
    case CELL_COUNT:
        table_set_count(filling->table, row, column, strtoll(cell, NULL, 10));
        break;
    }
    return true;
}

/* Returns the index of the column for OOM cells, -1 when none is needed. */
static int add_columns(struct table *table, const char *const *names, const struct guess *guesses,
                       int count, double *scales)
{
    bool has_oom = false;
    for (int i = 0; i < count; i++) {
        struct column_name read = column_name_read(names[i], table->arena);
        bool has_unit = *read.unit || read.is_ratio;
        enum cell_kind kind = guesses[i].has_fraction || has_unit ? CELL_NUMBER : CELL_COUNT;
        if (guesses[i].has_text || !guesses[i].has_value)
            kind = CELL_TEXT;
        has_oom = has_oom || (guesses[i].has_oom && kind != CELL_TEXT);
        scales[i] = read.scale;
        table_add_column(table, (struct column){names[i], read.title, read.unit, kind,
                                                kind == CELL_NUMBER && read.is_ratio});
    }
    if (!has_oom || table_find_column(table, CSV_OOM_COLUMN) >= 0)
        return -1;
    return table_add_column(table, (struct column){CSV_OOM_COLUMN, NULL, "", CELL_TEXT, false});
}

static const struct csv_odd *odd_of(const struct guess *guesses, int count, struct arena *arena)
{
    struct csv_odd *odd = arena_array(arena, (size_t)count + 1, sizeof *odd);
    for (int i = 0; i < count; i++)
        odd[i] = guesses[i].odd;
    return odd;
}

bool csv_table_parse(const char *source, const char *bytes, size_t length, struct arena *arena,
                     struct diags *diags, struct table *table, const struct csv_odd **odd)
{
    static const char mark[] = "\xef\xbb\xbf";
    struct csv csv = {.source = source, .arena = arena, .diags = diags, .line = 1};
    const char **names = arena_array(arena, CSV_COLUMNS_MAX, sizeof *names);
    struct guess *guesses = arena_array(arena, CSV_COLUMNS_MAX, sizeof *guesses);
    double *scales = arena_array(arena, CSV_COLUMNS_MAX, sizeof *scales);
    int count = 0;
    csv.at = csv.line_start = bytes;
    csv.end = bytes + length;
    if (length >= 3 && memcmp(bytes, mark, 3) == 0)
        csv.at = csv.line_start = bytes + 3;
    text_init(&csv.cell);
    bool is_good = read_header(&csv, names, &count);
    struct csv first_row = csv;
    is_good = is_good && walk_rows(&csv, count, guess_cell, guesses);
    if (is_good) {
        struct text cell = csv.cell; /* may have grown */
        csv = first_row;
        csv.cell = cell;
        table_init(table, arena, NULL);
        int oom_column = add_columns(table, names, guesses, count, scales);
        struct filling filling = {table, scales, oom_column};
        walk_rows(&csv, count, fill_cell, &filling);
        if (odd)
            *odd = odd_of(guesses, count, arena);
    }
    text_release(&csv.cell);
    return is_good;
}

void csv_table_make_numbers(struct table *table, int column)
{
    struct column *made = &table->columns[column];
    struct column_name read = column_name_read(made->name, table->arena);
    bool has_fraction = *read.unit || read.is_ratio;
    bool is_whole = false;
    for (int row = 0; row < table->row_count; row++) {
        const char *cell = table_cell(table, row, column).text;
        has_fraction = has_fraction || (cell && is_number(cell, &is_whole) && !is_whole);
    }
    made->kind = has_fraction ? CELL_NUMBER : CELL_COUNT;
    for (int row = 0; row < table->row_count; row++) {
        const char *cell = table_cell(table, row, column).text;
        bool has_value = cell && is_number(cell, &is_whole);
        if (has_fraction)
            table_set_number(table, row, column,
                             has_value ? strtod(cell, NULL) * read.scale : (double)NAN);
        else
            table_set_count(table, row, column,
                            has_value ? strtoll(cell, NULL, 10) : COUNT_MISSING);
    }
}

static bool report_world(struct diags *diags, const char *path, const char *what)
{
    diag_add(diags, SEVERITY_ERROR, (struct place){.source = path}, "%s", what);
    return false;
}

bool csv_table_read(const char *path, struct arena *arena, struct diags *diags, struct table *table,
                    const struct csv_odd **odd)
{
    enum { PIECE = 65536 };
    struct text bytes;
    FILE *file = fopen(path, "rb");
    if (!file)
        return report_world(diags, path, arena_printf(arena, "can't be read: %s", strerror(errno)));
    text_init(&bytes);
    char *piece = arena_alloc(arena, PIECE);
    size_t got = 0;
    while (bytes.length <= CSV_BYTES_MAX && (got = fread(piece, 1, PIECE, file)) > 0)
        text_add_bytes(&bytes, piece, got);
    bool has_failed = ferror(file) != 0;
    int reason = errno;
    fclose(file);
    bool is_good = false;
    if (has_failed)
        report_world(diags, path, arena_printf(arena, "can't be read: %s", strerror(reason)));
    else if (bytes.length > CSV_BYTES_MAX)
        report_world(diags, path, "is larger than 512 MB");
    else if (memchr(text_string(&bytes), '\0', bytes.length))
        report_world(diags, path, "is no text file");
    else
        is_good =
            csv_table_parse(path, text_string(&bytes), bytes.length, arena, diags, table, odd);
    text_release(&bytes);
    return is_good;
}
