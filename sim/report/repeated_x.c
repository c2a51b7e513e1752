#include "report/repeated_x.h"

#include "report/csv_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A row by where it is drawn. */
struct keyed_row {
    const char *place; /* x, series and facet */
    const char *whole; /* what rows of one place may be parts of, "" = nothing */
    const char *part;  /* which part of it */
    int row;
};

/* What is looked at. */
struct search {
    const struct table *table;
    const struct chart_spec *spec;
    struct arena *arena;
    struct keyed_row *rows; /* [count] */
    int count;
};

static int compare_rows(const void *left, const void *right)
{
    const struct keyed_row *a = left;
    const struct keyed_row *b = right;
    int order = strcmp(a->place, b->place);
    order = order ? order : strcmp(a->whole, b->whole);
    order = order ? order : strcmp(a->part, b->part);
    return order ? order : a->row - b->row;
}

static const char *cell_of(const struct search *search, int row, const char *name)
{
    int column = name ? table_find_column(search->table, name) : -1;
    struct text cell;
    if (column < 0)
        return "";
    if (search->table->columns[column].kind == CELL_TEXT) {
        const char *text = table_cell(search->table, row, column).text;
        return text ? text : "";
    }
    text_init(&cell);
    table_cell_for_machines(search->table, row, column, &cell);
    const char *copy = arena_strdup(search->arena, text_string(&cell));
    text_release(&cell);
    return copy;
}

static bool is_heat(const struct chart_spec *spec)
{
    return spec->kind == CHART_TYPE_HEAT;
}

/* The run of `row` did not fit into its memory. */
static bool is_oom(const struct search *search, int row, const char *name)
{
    const char *fits = cell_of(search, row, "fits");
    return strcmp(fits, "false") == 0 || strcmp(fits, "no") == 0 ||
           strstr(cell_of(search, row, CSV_OOM_COLUMN), name) != NULL;
}

/* `row` has something to show in the column `name`. Lines mark what ran out of memory on the axis;
 * bars and cells of other rows would hide it. */
static bool is_drawn(const struct search *search, int row, const char *name)
{
    if (is_oom(search, row, name))
        return search->spec->kind != CHART_TYPE_LINES;
    return isfinite(table_number(search->table, row, table_find_column(search->table, name)));
}

static struct keyed_row key_of(const struct search *search, int row)
{
    const struct chart_spec *spec = search->spec;
    struct keyed_row keyed = {.whole = "", .part = "", .row = row};
    keyed.place = arena_printf(search->arena, "%s\x1f%s\x1f%s", cell_of(search, row, spec->x),
                               cell_of(search, row, is_heat(spec) ? spec->y[0] : spec->series),
                               cell_of(search, row, spec->facet));
    if (spec->kind == CHART_TYPE_BARS && spec->data == CHART_DATA_OPERATORS) {
        keyed.whole = arena_printf(search->arena, "%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s",
                                   cell_of(search, row, "model"), cell_of(search, row, "hardware"),
                                   cell_of(search, row, "batch"), cell_of(search, row, "input"),
                                   cell_of(search, row, "output"), cell_of(search, row, "phase"));
        keyed.part = cell_of(search, row, "operator");
    }
    return keyed;
}

/* Rows with a value in the column `name`, by where they are drawn. */
static void sort_rows(struct search *search, const char *name)
{
    search->count = 0;
    for (int row = 0; row < search->table->row_count; row++)
        if (is_drawn(search, row, name))
            search->rows[search->count++] = key_of(search, row);
    qsort(search->rows, (size_t)search->count, sizeof *search->rows, compare_rows);
}

/* `row` is drawn where its neighbour `before` is, and they are not two parts of one whole. */
static bool repeats(const struct keyed_row *before, const struct keyed_row *row)
{
    if (strcmp(before->place, row->place) != 0)
        return false;
    return !*row->whole || strcmp(before->whole, row->whole) != 0 ||
           strcmp(before->part, row->part) == 0;
}

/* The chart already tells rows apart by it. */
static bool is_used(const struct chart_spec *spec, const char *name)
{
    const char *const used[] = {spec->x,   spec->series, spec->facet,
                                spec->low, spec->high,   spec->value};
    for (size_t i = 0; i < sizeof used / sizeof *used; i++)
        if (used[i] && strcmp(used[i], name) == 0)
            return true;
    for (int i = 0; i < spec->y_count; i++)
        if (strcmp(spec->y[i], name) == 0)
            return true;
    return false;
}

/* Nothing repeats once rows stand apart by their `cells` [count]. */
static bool tells_apart(const struct search *search, const char *const *cells)
{
    struct keyed_row *rows = arena_array(search->arena, (size_t)search->count + 1, sizeof *rows);
    for (int i = 0; i < search->count; i++) {
        rows[i] = search->rows[i];
        rows[i].place = arena_printf(search->arena, "%s\x1f%s", rows[i].place, cells[i]);
    }
    qsort(rows, (size_t)search->count, sizeof *rows, compare_rows);
    for (int i = 1; i < search->count; i++)
        if (repeats(&rows[i - 1], &rows[i]))
            return false;
    return true;
}

/* Different ones among `cells`, at most 100 are counted. */
static int distinct_values(const char *const *cells, int count)
{
    enum { MOST = 100 };
    const char *seen[MOST];
    int found = 0;
    for (int row = 0; row < count && found < MOST; row++) {
        int i = 0;
        while (i < found && strcmp(seen[i], cells[row]) != 0)
            i++;
        if (i == found)
            seen[found++] = cells[row];
    }
    return found;
}

static const char *find_column(const struct search *search)
{
    const struct table *table = search->table;
    const char **cells = arena_array(search->arena, (size_t)search->count, sizeof *cells);
    const char *best = NULL;
    int least = 0;
    for (int c = 0; c < table->column_count; c++) {
        const char *name = table->columns[c].name;
        if (table->columns[c].kind == CELL_NUMBER || is_used(search->spec, name))
            continue;
        for (int i = 0; i < search->count; i++)
            cells[i] = cell_of(search, search->rows[i].row, name);
        int values = distinct_values(cells, search->count);
        if ((!best || values < least) && tells_apart(search, cells)) {
            best = name;
            least = values;
        }
    }
    return best;
}

/* The chart is one where places matter, and its columns exist. */
static bool has_places(const struct table *table, const struct chart_spec *spec)
{
    const char *const *y = (const char *const *)spec->y;
    bool has_all = spec->x && table_find_column(table, spec->x) >= 0 && spec->y_count > 0;
    if (spec->kind != CHART_TYPE_LINES && spec->kind != CHART_TYPE_BARS && !is_heat(spec))
        return false;
    if (is_heat(spec) && !(spec->value && table_find_column(table, spec->value) >= 0))
        return false;
    for (int i = 0; i < spec->y_count; i++)
        has_all = has_all && table_find_column(table, y[i]) >= 0;
    return has_all;
}

/* Repeats among rows with a value in the column `name`; false when there are none. */
static bool find_repeats(struct search *search, const char *name, struct repeated_x *found)
{
    enum { ROWS_SEARCHED = 5000 }; /* more take long and say nothing new */
    const struct chart_spec *spec = search->spec;
    *found = (struct repeated_x){0};
    sort_rows(search, name);
    for (int i = 1; i < search->count; i++) {
        if (!repeats(&search->rows[i - 1], &search->rows[i]) || found->row_count++ > 0)
            continue;
        int row = search->rows[i].row;
        found->x = cell_of(search, row, spec->x);
        found->series = cell_of(search, row, is_heat(spec) ? spec->y[0] : spec->series);
    }
    if (found->row_count > 0 && search->count <= ROWS_SEARCHED)
        found->column = find_column(search);
    return found->row_count > 0;
}

bool repeated_x_find(const struct table *table, const struct chart_spec *spec, struct arena *arena,
                     struct repeated_x *out)
{
    struct search search = {.table = table, .spec = spec, .arena = arena};
    struct repeated_x found = {0};
    if (!has_places(table, spec))
        return false;
    search.rows = arena_array(arena, (size_t)table->row_count + 1, sizeof *search.rows);
    int measures = is_heat(spec) ? 1 : spec->y_count;
    for (int i = 0; i < measures; i++)
        if (find_repeats(&search, is_heat(spec) ? spec->value : spec->y[i], &found)) {
            *out = found;
            return true;
        }
    return false;
}
