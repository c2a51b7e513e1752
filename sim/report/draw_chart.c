#include "report/draw_chart.h"

#include "base/diag.h"
#include "plots/chart.h"
#include "report/column_name.h"
#include "report/csv_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct chart_style draw_chart_style(const struct chart_spec *spec)
{
    return (struct chart_style){
        .theme = theme_find(chart_theme_names[spec->theme]),
        .width_pt = (double)spec->width_pt,
        .height_pt = (double)spec->height_pt,
        .title = spec->title,
    };
}

static bool refuse(struct draw_problem *problem, const char *key, const char *text)
{
    problem->key = key;
    snprintf(problem->text, sizeof problem->text, "%s", text);
    return false;
}

/* True when `name` is NULL or a column. */
static bool has_column(const struct table *table, const char *key, const char *name,
                       struct arena *arena, struct draw_problem *problem)
{
    if (!name || table_find_column(table, name) >= 0)
        return true;
    const char **names = arena_array(arena, (size_t)table->column_count, sizeof *names);
    const char *list = "";
    int count = 0;
    for (int i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, CSV_OOM_COLUMN) == 0)
            continue; /* made here, not the user's */
        names[count] = table->columns[i].name;
        list = arena_printf(arena, "%s%s%s", list, count ? ", " : "", names[count]);
        count++;
    }
    const char *near = closest_name(name, names, (size_t)count);
    problem->hint = near ? arena_printf(arena, "did you mean '%s'?", near)
                         : arena_printf(arena, "columns: %s", list);
    return refuse(problem, key, arena_printf(arena, "no column is called '%s'", name));
}

static bool has_columns(const struct table *table, const struct chart_spec *spec,
                        struct arena *arena, struct draw_problem *problem)
{
    const char *const names[][2] = {
        {"x",      spec->x     },
        {"value",  spec->value },
        {"series", spec->series},
        {"facet",  spec->facet },
        {"low",    spec->low   },
        {"high",   spec->high  },
        {"label",  spec->label },
    };
    bool is_melted = spec->y_count > 1;
    for (int i = 0; i < spec->y_count; i++)
        if (!has_column(table, "y", spec->y[i], arena, problem))
            return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool is_made = is_melted && names[i][1] && strcmp(names[i][1], "measure") == 0;
        if (!is_made && !has_column(table, names[i][0], names[i][1], arena, problem))
            return false;
    }
    return true;
}

static void copy_cell(struct table *to, int row, int to_column, const struct table *from,
                      int from_row, int column)
{
    union cell cell = table_cell(from, from_row, column);
    switch (from->columns[column].kind) {
    case CELL_TEXT:
        table_set_text(to, row, to_column, cell.text);
        break;
    case CELL_NUMBER:
        table_set_number(to, row, to_column, cell.number);
        break;
    case CELL_COUNT:
        table_set_count(to, row, to_column, cell.count);
        break;
    }
}

static bool says_no(const char *text)
{
    return text && (strcmp(text, "false") == 0 || strcmp(text, "no") == 0);
}

/* A chart's table while it is made. */
struct shaping {
    const struct table *from;
    const struct chart_spec *spec;
    struct table *to;
    int oom;     /* column of `to`, -1 = none */
    int measure; /* column of `to`, -1 = none */
    int value;   /* column of `to`, -1 = none */
    int paired;  /* column of `to`: measure and series in one, -1 = none */
};

static const char paired_name[] = "measure and series";

/* The user placed measures: as x, as lines, as panels. */
static bool places_measure(const struct chart_spec *spec)
{
    const char *const names[] = {spec->x, spec->series, spec->facet};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i] && strcmp(names[i], "measure") == 0)
            return true;
    return false;
}

/* The column holds what the chart is about, not what it is sorted by. */
static bool is_drawn_value(const struct chart_spec *spec, const char *name)
{
    bool y_sorts = spec->kind == CHART_TYPE_HEAT || spec->kind == CHART_TYPE_GANTT;
    bool x_counts = spec->kind == CHART_TYPE_ECDF || spec->kind == CHART_TYPE_PARETO ||
                    spec->kind == CHART_TYPE_SCATTER;
    if (x_counts && spec->x && strcmp(spec->x, name) == 0)
        return true;
    for (int i = 0; i < spec->y_count && !y_sorts; i++)
        if (strcmp(spec->y[i], name) == 0)
            return true;
    return spec->value && strcmp(spec->value, name) == 0;
}

/* "a\nb" lists `name`. */
static bool lists(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at; at = strchr(at, '\n'), at += at ? 1 : 0)
        if (strncmp(at, name, length) == 0 && (at[length] == '\n' || !at[length]))
            return true;
    return false;
}

/* The run did not fit, or a cell that is drawn says OOM. */
static bool row_is_oom(const struct shaping *shaping, int from_row, int y)
{
    const struct table *from = shaping->from;
    int fits = table_find_column(from, "fits");
    int oom = table_find_column(from, CSV_OOM_COLUMN);
    const char *list = oom >= 0 ? table_cell(from, from_row, oom).text : NULL;
    if (fits >= 0 && from->columns[fits].kind == CELL_TEXT &&
        says_no(table_cell(from, from_row, fits).text))
        return true;
    if (shaping->measure >= 0)
        return lists(list, shaping->spec->y[y]);
    for (int c = 0; c < from->column_count && list; c++)
        if (is_drawn_value(shaping->spec, from->columns[c].name) &&
            lists(list, from->columns[c].name))
            return true;
    return false;
}

/* "TTFT, Llama-3.1-8B" or "TTFT, batch 8": each measure of each series is drawn on its own. */
static void set_pair(const struct shaping *shaping, int row, int from_row, const char *measure)
{
    const struct table *from = shaping->from;
    struct arena *arena = shaping->to->arena;
    int series = table_find_column(from, shaping->spec->series);
    const struct column *column = &from->columns[series];
    struct text cell;
    text_init(&cell);
    table_cell_for_people(from, from_row, series, &cell);
    bool is_text = column->kind == CELL_TEXT;
    table_set_text(shaping->to, row, shaping->paired,
                   arena_printf(arena, "%s, %s%s%s", measure, is_text ? "" : column->title,
                                is_text ? "" : " ", text_string(&cell)));
    text_release(&cell);
}

/* Copies a row; what ran out of memory keeps its place but has no values. */
static void copy_row(const struct shaping *shaping, int from_row, int y)
{
    const struct table *from = shaping->from;
    bool is_oom = shaping->oom >= 0 && row_is_oom(shaping, from_row, y);
    int row = table_add_row(shaping->to);
    for (int c = 0; c < from->column_count; c++)
        if (!is_oom || !is_drawn_value(shaping->spec, from->columns[c].name))
            copy_cell(shaping->to, row, c, from, from_row, c);
    if (shaping->oom >= 0)
        table_set_count(shaping->to, row, shaping->oom, is_oom);
    if (shaping->measure < 0)
        return;
    const char *name = shaping->spec->y[y];
    int column = table_find_column(from, name);
    table_set_text(shaping->to, row, shaping->measure, from->columns[column].title);
    if (shaping->paired >= 0)
        set_pair(shaping, row, from_row, from->columns[column].title);
    if (!is_oom)
        table_set_number(shaping->to, row, shaping->value, table_number(from, from_row, column));
}

/* The columns that charts need beside the given ones. */
static void shape_table(struct shaping *shaping, struct arena *arena)
{
    const struct table *from = shaping->from;
    const struct chart_spec *spec = shaping->spec;
    int fits = table_find_column(from, "fits");
    int copies = spec->y_count > 1 ? spec->y_count : 1;
    table_init(shaping->to, arena, from->title);
    shaping->oom = shaping->measure = shaping->value = shaping->paired = -1;
    for (int c = 0; c < from->column_count; c++)
        table_add_column(shaping->to, from->columns[c]);
    bool knows_oom = (fits >= 0 && from->columns[fits].kind == CELL_TEXT) ||
                     table_find_column(from, CSV_OOM_COLUMN) >= 0;
    if (knows_oom && table_find_column(from, "oom") < 0)
        shaping->oom =
            table_add_column(shaping->to, (struct column){"oom", NULL, "", CELL_COUNT, false});
    if (copies > 1) {
        const struct column *first = &from->columns[table_find_column(from, spec->y[0])];
        shaping->measure =
            table_add_column(shaping->to, (struct column){"measure", NULL, "", CELL_TEXT, false});
        shaping->value = table_add_column(
            shaping->to, (struct column){"measured value", *first->unit == 's' ? "Time" : "",
                                         first->unit, CELL_NUMBER, first->is_ratio});
        if (spec->series && !places_measure(spec))
            shaping->paired = table_add_column(
                shaping->to, (struct column){paired_name, NULL, "", CELL_TEXT, false});
    }
    for (int row = 0; row < from->row_count; row++)
        for (int y = 0; y < copies; y++)
            copy_row(shaping, row, y);
}

static bool units_agree(const struct table *table, const struct chart_spec *spec,
                        struct arena *arena, struct draw_problem *problem)
{
    for (int i = 1; i < spec->y_count; i++) {
        const struct column *first = &table->columns[table_find_column(table, spec->y[0])];
        const struct column *other = &table->columns[table_find_column(table, spec->y[i])];
        if (strcmp(first->unit, other->unit) != 0)
            return refuse(problem, "y",
                          arena_printf(arena, "'%s' is in '%s' but '%s' in '%s': not on one axis",
                                       first->name, first->unit, other->name, other->unit));
    }
    return true;
}

/* There is something to draw beside marks of what did not fit. */
static bool some_rows_fit(const struct shaping *shaping, struct draw_problem *problem)
{
    const struct table *table = shaping->to;
    for (int row = 0; row < table->row_count; row++)
        if (shaping->oom < 0 || table_cell(table, row, shaping->oom).count == 0)
            return true;
    return table->row_count == 0 || refuse(problem, NULL, draw_nothing_fits);
}

/* A timeline says whose step it is: below the headline, or as one. */
static struct chart_style style_of(const struct shaping *shaping)
{
    struct chart_style style = draw_chart_style(shaping->spec);
    if (shaping->spec->kind == CHART_TYPE_GANTT && style.title)
        style.subtitle = shaping->from->title;
    else if (shaping->spec->kind == CHART_TYPE_GANTT)
        style.title = shaping->from->title;
    return style;
}

static struct chart_request request_of(const struct shaping *shaping)
{
    const struct chart_spec *spec = shaping->spec;
    bool is_melted = shaping->measure >= 0;
    return (struct chart_request){
        .kind = chart_kind_find(chart_type_names[spec->kind]),
        .x = spec->x,
        .y = is_melted       ? "measured value"
             : spec->y_count ? spec->y[0]
                             : NULL,
        .value = spec->value,
        .series = shaping->paired >= 0                 ? paired_name
                  : is_melted && !places_measure(spec) ? "measure"
                                                       : spec->series,
        .facet = spec->facet,
        .low = spec->low,
        .high = spec->high,
        .oom = table_find_column(shaping->to, "oom") >= 0 ? "oom" : NULL,
        .label = spec->label,
        .is_stacked = spec->is_stacked,
        .is_log_x = chart_spec_is_log(spec, "x"),
        .is_log_y = chart_spec_is_log(spec, "y"),
        .shows_values = spec->shows_values,
        .style = style_of(shaping),
    };
}

/* A table with its request, for draw_file. */
struct drawable {
    const struct table *table;
    const struct chart_request *request;
};

static bool draw(const void *data, struct canvas *canvas, char error[CANVAS_ERROR_BYTES])
{
    const struct drawable *drawable = data;
    return chart_draw(drawable->table, drawable->request, canvas, error);
}

enum draw_status draw_chart(const char *path, const struct table *table,
                            const struct chart_spec *spec, struct arena *arena,
                            struct draw_problem *problem)
{
    struct table named = *table;
    struct table shaped;
    *problem = (struct draw_problem){0};
    named.columns = arena_array(arena, (size_t)table->column_count + 1, sizeof *named.columns);
    for (int i = 0; i < table->column_count; i++)
        named.columns[i] = table->columns[i];
    named.arena = arena;
    column_name_title_all(&named);
    if (!has_columns(&named, spec, arena, problem) || !units_agree(&named, spec, arena, problem))
        return DRAW_REFUSED;
    struct shaping shaping = {.from = &named, .spec = spec, .to = &shaped};
    shape_table(&shaping, arena);
    if (!some_rows_fit(&shaping, problem))
        return DRAW_REFUSED;
    struct chart_request request = request_of(&shaping);
    struct drawable drawable = {&shaped, &request};
    return draw_file(path, &request.style, draw, &drawable, problem);
}
