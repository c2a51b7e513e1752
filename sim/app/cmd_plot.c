/* tokenroof plot: a chart of any CSV file. */
#include "app/chart_options.h"

#include "report/csv_table.h"
#include "report/draw_chart.h"

#include <stdio.h>
#include <string.h>

static const struct option_row rows[] = {
    {"kind",                                         'k', "KIND", "lines (default), bars, heat, scatter, gantt, pareto, ecdf"},
    {"x",                                        'x', "COLUMN", "across; scatter: measured; ecdf: the values"},
    {"y",                                              'y', "COLUMNS", "upwards; scatter: predicted; gantt: resource; a,b = side by side"},
    {"value",    0, "COLUMN", "heat: the colour of cells"},
    {"series", 0, "COLUMN", "what becomes lines, colours, stacked parts"},
    {"facet",                                            0, "COLUMN", "what becomes small panels"},
    {"low",                                     0, "COLUMN", "lower end of the error band; gantt: start"},
    {"high",                                              0, "COLUMN", "upper end of the error band; gantt: end"},
    {"label",                                          0, "COLUMN", "name of each point or bar"},
    {"stacked",                   0, NULL, "bars on top of each other"},
    {"values",                                       0, NULL, "bars: write the values on them where they fit"},
    {"log",                                      0, "AXES", "logarithmic axes: x, y or x,y"},
    {"title",                                              0, "TEXT", "headline"},
    {"theme",  0, "THEME", "light (default), dark, print"},
    {"size",                   0, "WxH", "in points (default 800x500, least 360x240)"},
    {"output",                                          'o', "FILE", "the chart: .png, .svg, .pdf or .txt"},
    {0                                     },
};

/* Which option a message of the drawing is about. */
static struct place place_of(struct session *session, const struct options *options,
                             const struct draw_problem *problem)
{
    const char *key = problem->key;
    const char *value = key ? options_value(options, key) : NULL;
    if (value)
        return (struct place){.source = arena_printf(&session->arena, "--%s %s", key, value)};
    return (struct place){.source = key ? "tokenroof plot" : options->arguments[0]};
}

static bool read_spec(struct session *session, const struct options *options,
                      struct chart_spec *spec)
{
    int kind = chart_options_choice(session, options, "kind", chart_type_names, CHART_TYPE_COUNT,
                                    CHART_TYPE_LINES);
    const char *y = options_value(options, "y");
    const char *log = options_value(options, "log");
    *spec = (struct chart_spec){
        .kind = kind < 0 ? CHART_TYPE_LINES : (enum chart_type)kind,
        .x = options_value(options, "x"),
        .value = options_value(options, "value"),
        .series = options_value(options, "series"),
        .facet = options_value(options, "facet"),
        .low = options_value(options, "low"),
        .high = options_value(options, "high"),
        .label = options_value(options, "label"),
        .is_stacked = options_count(options, "stacked") > 0,
        .shows_values = options_count(options, "values") > 0,
        .file = options_value(options, "output"),
    };
    if (y)
        spec->y = chart_options_split(&session->arena, y, &spec->y_count);
    if (log)
        spec->log = chart_options_split(&session->arena, log, &spec->log_count);
    for (int i = 0; i < spec->log_count; i++)
        if (strcmp(spec->log[i], "x") != 0 && strcmp(spec->log[i], "y") != 0) {
            diag_add(&session->diags, SEVERITY_ERROR,
                     (struct place){.source = arena_printf(&session->arena, "--log %s", log)},
                     "'%s' is no axis", spec->log[i]);
            diag_hint(&session->diags, "write x, y or x,y");
            return false;
        }
    if (kind == CHART_TYPE_ROOFLINE) {
        diag_add(&session->diags, SEVERITY_ERROR, (struct place){.source = "--kind roofline"},
                 "a roofline needs a what-if, not a table");
        diag_hint(&session->diags, "tokenroof roofline CONFIG -o roof.svg --measured points.csv");
        return false;
    }
    return chart_options_look(session, options, spec) && kind >= 0;
}

/* Columns that must hold numbers: what is drawn, not what it is sorted by. */
static int number_columns(const struct chart_spec *spec, const char **names, const char **keys)
{
    bool y_sorts = spec->kind == CHART_TYPE_HEAT || spec->kind == CHART_TYPE_GANTT;
    bool x_counts = spec->kind == CHART_TYPE_ECDF || spec->kind == CHART_TYPE_PARETO ||
                    spec->kind == CHART_TYPE_SCATTER;
    const char *const others[][2] = {
        {"x",     x_counts ? spec->x : NULL},
        {"value", spec->value              },
        {"low",   spec->low                },
        {"high",  spec->high               },
    };
    int count = 0;
    for (int i = 0; i < spec->y_count && !y_sorts; i++) {
        keys[count] = "y";
        names[count++] = spec->y[i];
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i][1]) {
            keys[count] = others[i][0];
            names[count++] = others[i][1];
        }
    return count;
}

/* Names the cell that keeps a column from being numbers. False when there was one. */
static bool check_numbers(struct session *session, const struct chart_spec *spec,
                          const struct table *table, const struct csv_odd *odd)
{
    size_t room = (size_t)spec->y_count + 4;
    const char **names = arena_array(&session->arena, room, sizeof *names);
    const char **keys = arena_array(&session->arena, room, sizeof *keys);
    int count = number_columns(spec, names, keys);
    bool is_good = true;
    for (int i = 0; i < count; i++) {
        int column = table_find_column(table, names[i]);
        if (column < 0 || table->columns[column].kind != CELL_TEXT || !odd[column].cell)
            continue;
        const char *others = odd[column].count > 1
                                 ? arena_printf(&session->arena, " (the first of %lld such cells)",
                                                (long long)odd[column].count)
                                 : "";
        diag_add(&session->diags, SEVERITY_ERROR, odd[column].place, "'%s' is no number%s",
                 diag_quote(&session->diags, odd[column].cell), others);
        diag_hint(&session->diags,
                  "--%s draws column '%s': units belong in its name, as in ttft_ms; empty cells, "
                  "n/a, inf and OOM are fine",
                  keys[i], names[i]);
        is_good = false;
    }
    return is_good;
}

/* A few odd cells do not turn a line's axis of numbers into one of names: they are left out. */
static void drop_odd_x(struct session *session, const struct chart_spec *spec, struct table *table,
                       const struct csv_odd *odd)
{
    int column = spec->x ? table_find_column(table, spec->x) : -1;
    if (spec->kind != CHART_TYPE_LINES || column < 0 || table->columns[column].kind != CELL_TEXT ||
        !odd[column].cell)
        return;
    bool are_few = odd[column].count == 1 ? odd[column].numbers > 1
                                          : odd[column].count * 10 <= odd[column].numbers;
    if (!are_few)
        return;
    const char *others = odd[column].count > 1
                             ? arena_printf(&session->arena, ", nor are %lld more rows",
                                            (long long)odd[column].count - 1)
                             : "";
    diag_add(&session->diags, SEVERITY_WARNING, odd[column].place,
             "'%s' is no number: this row is not drawn%s",
             diag_quote(&session->diags, odd[column].cell), others);
    diag_hint(&session->diags,
              "the %lld other cells of column '%s' are numbers; write them without "
              "thousands separators and units: 1000",
              (long long)odd[column].numbers, spec->x);
    csv_table_make_numbers(table, column);
}

static int run(const struct command *command, const struct options *options)
{
    (void)command;
    struct session session;
    struct chart_spec spec;
    struct table table;
    const struct csv_odd *odd = NULL;
    int code = EXIT_FINE;
    if (!options_value(options, "output")) {
        fprintf(stderr, "tokenroof plot: where to? Add for example: -o chart.svg\n");
        return EXIT_BAD_USAGE;
    }
    session_open(&session, options);
    if (read_spec(&session, options, &spec) &&
        csv_table_read(options->arguments[0], &session.arena, &session.diags, &table, &odd) &&
        check_numbers(&session, &spec, &table, odd)) {
        struct draw_problem problem;
        drop_odd_x(&session, &spec, &table, odd);
        enum draw_status status = draw_chart(spec.file, &table, &spec, &session.arena, &problem);
        code =
            chart_options_report(&session, status, &problem, place_of(&session, options, &problem));
        if (status == DRAWN)
            chart_options_warn(&session, &table, &spec,
                               (struct place){.source = options->arguments[0]});
    }
    return session_close(&session, code);
}

const struct command command_plot = {
    .name = "plot",
    .usage = "FILE.csv --x COLUMN --y COLUMN [OPTIONS] -o CHART",
    .summary = "Draws a chart of any CSV file: lines, bars, heat, scatter, gantt, pareto, ecdf.",
    .example =
        "tokenroof plot results.csv --x batch --y total_tok_per_s --series model -o batch.svg",
    .options = rows,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
