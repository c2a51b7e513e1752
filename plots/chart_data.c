#include "plots/chart_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void list_columns(const struct table *table, char *out, size_t size)
{
    size_t used = 0;
    *out = '\0';
    for (int i = 0; i < table->column_count && used + 1 < size; i++) {
        int written =
            snprintf(out + used, size - used, "%s%s", i ? ", " : "", table->columns[i].name);
        used += written > 0 ? (size_t)written : 0;
    }
}

bool data_column(const struct table *table, const char *name, const char *role, int *out,
                 char error[CANVAS_ERROR_BYTES])
{
    char columns[CANVAS_ERROR_BYTES / 2];
    int column = name ? table_find_column(table, name) : NO_COLUMN;
    if (column != NO_COLUMN) {
        *out = column;
        return true;
    }
    list_columns(table, columns, sizeof columns);
    if (name)
        snprintf(error, CANVAS_ERROR_BYTES, "%s: no column is called '%.80s'; there are: %s", role,
                 name, columns);
    else
        snprintf(error, CANVAS_ERROR_BYTES, "the chart needs a column for %s; there are: %s", role,
                 columns);
    return false;
}

bool data_optional_column(const struct table *table, const char *name, const char *role, int *out,
                          char error[CANVAS_ERROR_BYTES])
{
    if (name)
        return data_column(table, name, role, out, error);
    *out = NO_COLUMN;
    return true;
}

const char *data_name(const struct table *table, int row, int column, struct arena *arena)
{
    struct text cell;
    text_init(&cell);
    if (table->columns[column].kind == CELL_NUMBER && !table->columns[column].is_ratio &&
        !*table->columns[column].unit)
        table_cell_for_machines(table, row, column, &cell); /* 0.25, 1e-05: not rounded */
    else
        table_cell_for_people(table, row, column, &cell);
    const char *name = arena_strdup(arena, text_string(&cell));
    text_release(&cell);
    return name;
}

/* What groups are sorted by: a number, with the place in the order of appearance. */
struct ranked {
    double value;
    int index;
};

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left;
    const struct ranked *b = right;
    if (a->value < b->value || a->value > b->value)
        return a->value < b->value ? -1 : 1;
    return a->index - b->index;
}

static void sort_groups(struct groups *groups, int row_count, struct arena *arena)
{
    size_t count = (size_t)groups->count;
    struct ranked *order = arena_array(arena, count, sizeof *order);
    const char **names = arena_array(arena, count, sizeof *names);
    double *values = arena_array(arena, count, sizeof *values);
    int *new_index = arena_array(arena, count, sizeof *new_index);
    for (int i = 0; i < groups->count; i++)
        order[i] = (struct ranked){isnan(groups->values[i]) ? HUGE_VAL : groups->values[i], i};
    qsort(order, count, sizeof *order, compare_ranked);
    for (int i = 0; i < groups->count; i++) {
        names[i] = groups->names[order[i].index];
        values[i] = groups->values[order[i].index];
        new_index[order[i].index] = i;
    }
    for (int row = 0; row < row_count; row++)
        groups->of_row[row] = new_index[groups->of_row[row]];
    groups->names = names;
    groups->values = values;
}

static int find_name(const struct groups *groups, const char *name)
{
    for (int i = 0; i < groups->count; i++)
        if (strcmp(groups->names[i], name) == 0)
            return i;
    return -1;
}

void data_groups(const struct table *table, int column, struct arena *arena, struct groups *out)
{
    size_t rows = (size_t)table->row_count;
    *out = (struct groups){
        .names = arena_array(arena, rows + 1, sizeof *out->names),
        .values = arena_array(arena, rows + 1, sizeof *out->values),
        .of_row = arena_array(arena, rows + 1, sizeof *out->of_row),
    };
    if (column == NO_COLUMN) {
        out->names[0] = "";
        out->count = 1;
        return;
    }
    for (int row = 0; row < table->row_count; row++) {
        const char *name = data_name(table, row, column, arena);
        int group = find_name(out, name);
        if (group < 0) {
            group = out->count++;
            out->names[group] = name;
            out->values[group] = table_number(table, row, column);
        }
        out->of_row[row] = group;
    }
    if (table->columns[column].kind != CELL_TEXT)
        sort_groups(out, table->row_count, arena);
}

void data_groups_say_what(const struct table *table, int column, struct arena *arena,
                          struct groups *groups)
{
    if (column == NO_COLUMN || table->columns[column].kind == CELL_TEXT)
        return;
    for (int i = 0; i < groups->count; i++)
        groups->names[i] =
            arena_printf(arena, "%s %s", table->columns[column].title, groups->names[i]);
}

bool data_legend_title(const struct table *table, int column, struct legend_item *out)
{
    if (column == NO_COLUMN || table->columns[column].kind == CELL_TEXT)
        return false;
    *out = (struct legend_item){.name = table->columns[column].title, .kind = LEGEND_TITLE};
    return true;
}

bool data_groups_are_few(const struct groups *groups, int most, const char *role,
                         char error[CANVAS_ERROR_BYTES])
{
    if (groups->count > most)
        snprintf(error, CANVAS_ERROR_BYTES,
                 "%s: %d different values are too many to draw; at most %d fit", role,
                 groups->count, most);
    return groups->count <= most;
}

bool data_is_oom(const struct table *table, int row, int column)
{
    if (column == NO_COLUMN)
        return false;
    if (table->columns[column].kind != CELL_TEXT)
        return fabs(table_number(table, row, column)) > 0; /* NaN is no */
    const char *text = table_cell(table, row, column).text;
    return text && *text && strcmp(text, "0") != 0 && strcmp(text, "no") != 0 &&
           strcmp(text, "false") != 0;
}

struct legend_item data_oom_entry(const struct theme *theme)
{
    return (struct legend_item){
        "out of memory", LEGEND_HOLLOW, {theme->soft_ink, MARKER_CIRCLE, DASH_SOLID}
    };
}

double data_number(const struct table *table, int row, int column)
{
    return column == NO_COLUMN ? (double)NAN : table_number(table, row, column);
}

struct value_range data_range(const struct table *table, int column, enum axis_scale scale)
{
    struct value_range range = value_range_empty();
    for (int row = 0; row < table->row_count; row++)
        value_range_add(&range, scale, table_number(table, row, column));
    return range;
}

struct axis data_axis(const struct table *table, int column, enum axis_scale scale,
                      const struct value_range *range)
{
    struct axis axis = {
        .scale = scale,
        .title = table->columns[column].title,
        .unit = table->columns[column].unit,
        .is_ratio = table->columns[column].is_ratio,
    };
    /* one value says nothing of octaves, unless it is a power of two itself */
    bool is_pair = range->high > range->low;
    bool is_octave = is_pair || fabs(log2(range->first) - round(log2(range->first))) < 1e-9;
    bool is_binary = range->is_powers_of_two && is_octave &&
                     (is_pair || table->columns[column].kind == CELL_COUNT);
    if (scale == AXIS_LOG10 && is_binary) {
        axis.scale = AXIS_LOG2;
        axis.octave = range->first;
    }
    axis_fit(&axis, range);
    return axis;
}

const char *data_skipped_note(int skipped_count, char out[AXIS_TITLE_BYTES])
{
    *out = '\0';
    if (skipped_count > 0)
        snprintf(out, AXIS_TITLE_BYTES, "%d value%s ≤ 0 not shown on a logarithmic axis",
                 skipped_count, skipped_count == 1 ? "" : "s");
    return out;
}

struct box data_frame_draw(struct canvas *canvas, const struct chart_style *style,
                           int skipped_count, const struct legend_item *items, int item_count)
{
    char note[AXIS_TITLE_BYTES];
    struct box inner = frame_draw(canvas, style, data_skipped_note(skipped_count, note));
    return legend_draw(canvas, style->theme, items, item_count, &inner);
}

bool data_has_rows(const struct table *table, char error[CANVAS_ERROR_BYTES])
{
    if (table->row_count == 0)
        snprintf(error, CANVAS_ERROR_BYTES, "the table has no rows: there is nothing to draw");
    return table->row_count > 0;
}

bool data_has_values(const struct value_range *range, const struct table *table, int column,
                     char error[CANVAS_ERROR_BYTES])
{
    if (value_range_is_empty(range))
        snprintf(error, CANVAS_ERROR_BYTES, "column '%.80s' has no value that can be shown%s",
                 table->columns[column].name, range->skipped_count ? " on a logarithmic axis" : "");
    return !value_range_is_empty(range);
}
