#include "sweep/rows.h"

#include "base/number.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One cell before it is written. */
struct row_cell {
    const char *text; /* NULL = a number, or nothing */
    int64_t count;
    double number;
    bool is_count;
};

static void add_column(struct row_layout *layout, struct row_column column)
{
    layout->columns[layout->count++] = column;
}

/* Words that are plain numbers, all of them: fixed lengths, say. */
static bool holds_numbers(const struct axis *axis)
{
    for (int64_t i = 0; i < axis->count; i++) {
        const char *text = axis->values[i].text;
        char *end = NULL;
        if (!text || !isdigit((unsigned char)*text) || !isfinite(strtod(text, &end)) || *end)
            return false;
    }
    return axis->field->kind == FIELD_TEXT;
}

static enum cell_kind axis_kind(const struct axis *axis)
{
    if (axis->role != AXIS_KEY)
        return CELL_TEXT;
    if (holds_numbers(axis))
        return CELL_NUMBER;
    return axis->field->kind == FIELD_COUNT      ? CELL_COUNT
           : axis->field->kind == FIELD_QUANTITY ? CELL_NUMBER
                                                 : CELL_TEXT;
}

static void add_axes(struct row_layout *layout)
{
    static const char *const units[DIMENSION_COUNT] = {"",   "B", "B/s", "FLOP/s",
                                                       "Hz", "s", "W",   "/s"};
    const struct axes *axes = &layout->grid->axes;
    for (int g = 0; g < axes->group_count; g++)
        for (int a = axes->groups[g].first; a < axes->groups[g].first + axes->groups[g].size; a++) {
            const struct axis *axis = &axes->axes[a];
            if (axis->role != AXIS_KEY) /* `model` and `hardware` are columns of results */
                continue;
            enum cell_kind kind = axis_kind(axis);
            bool has_unit = axis->field->kind == FIELD_QUANTITY;
            const char *unit = has_unit ? units[axis->field->dimension] : "";
            add_column(layout, (struct row_column){axis->name, unit, ROW_AXIS, a, g, kind});
        }
}

void rows_layout(const struct grid *grid, struct row_layout *layout)
{
    struct yield yield;
    yield_of(grid, &yield);
    layout->grid = grid;
    layout->count = 0;
    for (int i = 0; i < 2; i++) /* model and hardware */
        add_column(layout, (struct row_column){yield.words[i], "", ROW_WORD, i, 0, CELL_TEXT});
    add_axes(layout);
    add_column(layout, (struct row_column){"status", "", ROW_STATUS, 0, 0, CELL_TEXT});
    add_column(layout, (struct row_column){"reason", "", ROW_REASON, 0, 0, CELL_TEXT});
    for (int i = 2; i < yield.word_count; i++)
        add_column(layout, (struct row_column){yield.words[i], "", ROW_WORD, i, 0, CELL_TEXT});
    for (int i = 0; i < yield.count_count; i++)
        add_column(layout, (struct row_column){yield.counts[i], "", ROW_COUNT, i, 0, CELL_COUNT});
    for (int i = 0; i < yield.value_count; i++)
        add_column(layout, (struct row_column){yield.values[i].name, yield.values[i].unit,
                                               ROW_VALUE, i, 0, CELL_NUMBER});
}

static bool is_always_there(const struct row_column *column)
{
    return column->source == ROW_AXIS || column->source == ROW_STATUS ||
           column->source == ROW_REASON || (column->source == ROW_WORD && column->index < 2);
}

static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = strstr(list, name); at; at = strstr(at + 1, name))
        if ((at == list || at[-1] == ',') && (at[length] == ',' || !at[length]))
            return true;
    return false;
}

static bool check_names(const struct row_layout *layout, const char *list, struct arena *arena,
                        struct diags *diags)
{
    const char *names[ROW_COLUMNS_MAX];
    for (int i = 0; i < layout->count; i++)
        names[i] = layout->columns[i].name;
    bool are_known = true;
    for (const char *at = list; *at;) {
        size_t length = strcspn(at, ",");
        const char *name = arena_strndup(arena, at, length);
        bool is_known = false;
        for (int i = 0; i < layout->count; i++)
            is_known = is_known || strcmp(names[i], name) == 0;
        if (!is_known) {
            struct place place = {.source = arena_printf(arena, "--columns %s", list)};
            diag_add(diags, SEVERITY_ERROR, place, "no column is called '%s'", name);
            struct yield yield;
            yield_of(layout->grid, &yield);
            const char *near = layout->grid->is_served ? yield_closest(&yield, name) : NULL;
            if (!near)
                near = closest_name(name, names, (size_t)layout->count);
            if (near)
                diag_hint(diags, "did you mean '%s'?", near);
            are_known = false;
        }
        at += length + (at[length] == ',');
    }
    return are_known;
}

bool rows_choose(struct row_layout *layout, const char *list, struct arena *arena,
                 struct diags *diags)
{
    if (!check_names(layout, list, arena, diags))
        return false;
    int kept = 0;
    for (int i = 0; i < layout->count; i++)
        if (is_always_there(&layout->columns[i]) || is_listed(list, layout->columns[i].name))
            layout->columns[kept++] = layout->columns[i];
    layout->count = kept;
    return true;
}

void rows_header(const struct row_layout *layout, enum row_format format, struct text *out)
{
    if (format != ROW_CSV)
        return;
    for (int i = 0; i < layout->count; i++) {
        text_add(out, i ? "," : "");
        text_add_csv(out, layout->columns[i].name);
    }
    text_add(out, "\n");
}

static struct row_cell axis_cell(const struct sweep_point *point, const struct row_column *column)
{
    const struct axis *axis = &point->grid->axes.axes[column->index];
    const struct axis_value *value = &axis->values[point->digits[column->group]];
    struct row_cell cell = {.text = value->text, .number = value->number};
    if (value->text && column->kind == CELL_NUMBER && axis->field->kind == FIELD_TEXT) {
        cell.number = strtod(value->text, NULL);
        cell.text = NULL;
    }
    if (!value->text && axis->field->kind == FIELD_COUNT) {
        cell.count = (int64_t)value->number;
        cell.is_count = true;
    }
    return cell;
}

/* What is the same for all cells of a row. */
struct row_facts {
    const struct sweep_point *point;
    const char *words[YIELD_WORDS_MAX];
    int64_t counts[YIELD_COUNTS_MAX];
};

static void collect_facts(const struct sweep_point *point, struct row_facts *facts)
{
    facts->point = point;
    point_words(point, facts->words);
    point_counts(point, facts->counts);
}

static struct row_cell cell_of(const struct row_facts *facts, const struct row_column *column)
{
    const struct sweep_point *point = facts->point;
    struct row_cell cell = {.number = (double)NAN};
    switch (column->source) {
    case ROW_AXIS:
        return axis_cell(point, column);
    case ROW_STATUS:
        cell.text = point_status_names[point->status];
        break;
    case ROW_REASON:
        cell.text = point->reason;
        break;
    case ROW_WORD:
        cell.text = facts->words[column->index];
        break;
    case ROW_COUNT:
        cell.count = facts->counts[column->index];
        cell.is_count = cell.count != COUNT_MISSING;
        break;
    case ROW_VALUE:
        if (point->status != POINT_INVALID)
            cell.number = point->values[column->index].number;
        break;
    }
    return cell;
}

static void add_number(const struct row_cell *cell, const char *missing, struct text *out)
{
    char digits[NUMBER_BYTES];
    char *end = cell->is_count ? number_write_count(digits, cell->count)
                               : number_write(digits, cell->number);
    if (end == digits)
        text_add(out, missing);
    else
        text_add_bytes(out, digits, (size_t)(end - digits));
}

static void add_csv(const struct row_layout *layout, const struct row_facts *facts,
                    struct text *out)
{
    for (int i = 0; i < layout->count; i++) {
        struct row_cell cell = cell_of(facts, &layout->columns[i]);
        if (i)
            text_add_bytes(out, ",", 1);
        if (cell.text)
            text_add_csv(out, cell.text);
        else if (layout->columns[i].kind != CELL_TEXT)
            add_number(&cell, "", out);
    }
    text_add_bytes(out, "\n", 1);
}

static void add_json(const struct row_layout *layout, const struct row_facts *facts,
                     struct text *out)
{
    for (int i = 0; i < layout->count; i++) {
        struct row_cell cell = cell_of(facts, &layout->columns[i]);
        text_add(out, i ? ", " : "{");
        text_add_json(out, layout->columns[i].name);
        text_add(out, ": ");
        if (cell.text || layout->columns[i].kind == CELL_TEXT)
            text_add_json(out, cell.text);
        else
            add_number(&cell, "null", out);
    }
    text_add(out, "}\n");
}

void rows_add(const struct row_layout *layout, enum row_format format,
              const struct sweep_point *point, struct text *out)
{
    struct row_facts facts;
    collect_facts(point, &facts);
    if (format == ROW_CSV)
        add_csv(layout, &facts, out);
    else
        add_json(layout, &facts, out);
}

void rows_table_start(const struct row_layout *layout, struct arena *arena, struct table *table)
{
    table_init(table, arena, NULL);
    for (int i = 0; i < layout->count; i++)
        table_add_column(table,
                         (struct column){layout->columns[i].name, NULL, layout->columns[i].unit,
                                         layout->columns[i].kind, false});
}

void rows_table_add(const struct row_layout *layout, const struct sweep_point *point,
                    struct table *table)
{
    struct row_facts facts;
    int row = table_add_row(table);
    collect_facts(point, &facts);
    for (int i = 0; i < layout->count; i++) {
        struct row_cell cell = cell_of(&facts, &layout->columns[i]);
        if (layout->columns[i].kind == CELL_TEXT && cell.text)
            table_set_text(table, row, i, cell.text);
        else if (layout->columns[i].kind == CELL_COUNT)
            table_set_count(table, row, i, cell.is_count ? cell.count : COUNT_MISSING);
        else if (layout->columns[i].kind == CELL_NUMBER)
            table_set_number(table, row, i, cell.number);
    }
}

/* The next cell of a row into `out`, without quotes; returns what ends it: a comma or a line end.
 */
static const char *read_cell(const char *text, struct text *out)
{
    bool is_quoted = *text == '"';
    out->length = 0;
    for (text += is_quoted; *text; text++) {
        if (is_quoted && text[0] == '"' && text[1] == '"')
            text++;
        else if (is_quoted ? *text == '"' : *text == ',' || *text == '\n')
            break;
        text_add_bytes(out, text, 1);
    }
    return text + (is_quoted && *text == '"');
}

void rows_table_parse(const struct row_layout *layout, const char *text, struct table *table)
{
    struct text cell;
    text_init(&cell);
    while (*text) {
        int row = table_add_row(table);
        for (int i = 0; i < layout->count && *text; i++) {
            enum cell_kind kind = layout->columns[i].kind;
            text = read_cell(text, &cell);
            text += *text != '\0';
            if (cell.length == 0)
                continue;
            const char *value = text_string(&cell);
            if (kind == CELL_TEXT)
                table_set_text(table, row, i, value);
            else if (kind == CELL_COUNT)
                table_set_count(table, row, i, strtoll(value, NULL, 10));
            else
                table_set_number(table, row, i, strtod(value, NULL));
        }
    }
    text_release(&cell);
}
