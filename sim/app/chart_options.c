#include "app/chart_options.h"

#include "report/repeated_x.h"

#include <stdlib.h>
#include <string.h>

/* "--theme darc": where a message about an option points. */
static struct place option_place(struct session *session, const char *name, const char *value)
{
    return (struct place){.source = arena_printf(&session->arena, "--%s %s", name, value)};
}

int chart_options_choice(struct session *session, const struct options *options, const char *name,
                         const char *const *names, int count, int otherwise)
{
    const char *given = options_value(options, name);
    if (!given)
        return otherwise;
    const char *list = "";
    for (int i = 0; i < count; i++) {
        if (strcmp(given, names[i]) == 0)
            return i;
        list = arena_printf(&session->arena, "%s%s%s", list, i ? ", " : "", names[i]);
    }
    diag_add(&session->diags, SEVERITY_ERROR, option_place(session, name, given), "'%s' is no %s",
             given, name);
    const char *near = closest_name(given, names, (size_t)count);
    if (near)
        diag_hint(&session->diags, "did you mean '%s'? One of: %s", near, list);
    else
        diag_hint(&session->diags, "write one of: %s", list);
    return -1;
}

static bool read_size(struct session *session, const struct options *options,
                      struct chart_spec *spec)
{
    const char *given = options_value(options, "size");
    char *stop = NULL;
    if (!given)
        return true;
    spec->width_pt = strtol(given, &stop, 10);
    spec->height_pt = *stop == 'x' ? strtol(stop + 1, &stop, 10) : 0;
    if (*stop || stop == given || spec->width_pt > CHART_SIZE_MOST_PT ||
        spec->height_pt > CHART_SIZE_MOST_PT || !(spec->width_pt > 0 && spec->height_pt > 0)) {
        diag_add(&session->diags, SEVERITY_ERROR, option_place(session, "size", given),
                 "a size is WIDTHxHEIGHT in points");
        diag_hint(&session->diags, "write for example: --size 800x500");
        return false;
    }
    if (spec->width_pt >= CHART_WIDTH_LEAST_PT && spec->height_pt >= CHART_HEIGHT_LEAST_PT)
        return true;
    diag_add(&session->diags, SEVERITY_ERROR, option_place(session, "size", given),
             "too small for a chart with its axes and titles");
    diag_hint(&session->diags, "the least size is %dx%d", CHART_WIDTH_LEAST_PT,
              CHART_HEIGHT_LEAST_PT);
    return false;
}

bool chart_options_look(struct session *session, const struct options *options,
                        struct chart_spec *spec)
{
    int theme = chart_options_choice(session, options, "theme", chart_theme_names,
                                     CHART_THEME_COUNT, CHART_THEME_LIGHT);
    if (theme >= 0)
        spec->theme = (enum chart_theme)theme;
    spec->title = options_value(options, "title");
    return read_size(session, options, spec) && theme >= 0;
}

const char **chart_options_split(struct arena *arena, const char *list, int *count)
{
    const char **parts = arena_array(arena, strlen(list) + 1, sizeof *parts);
    *count = 0;
    for (const char *at = list; *at;) {
        size_t length = strcspn(at, ",");
        if (length)
            parts[(*count)++] = arena_strndup(arena, at, length);
        at += length + (at[length] == ',');
    }
    return parts;
}

int chart_options_report(struct session *session, enum draw_status status,
                         const struct draw_problem *problem, struct place place)
{
    if (status == DRAWN)
        return EXIT_FINE;
    diag_add(&session->diags, SEVERITY_ERROR, place, "%s", problem->text);
    if (problem->hint)
        diag_hint(&session->diags, "%s", problem->hint);
    return status == DRAW_UNWRITTEN ? EXIT_WORLD : EXIT_BAD_INPUT;
}

/* What a chart makes of rows that it draws at one place. */
static const char *fate_of(enum chart_type kind)
{
    return kind == CHART_TYPE_BARS   ? "a bar is the sum of several rows"
           : kind == CHART_TYPE_HEAT ? "a cell is the mean of several rows"
                                     : "a line has several values at one x, drawn as an upright "
                                       "stroke";
}

/* Which key could still tell rows apart, NULL = none. */
static const char *free_key(const struct chart_spec *spec)
{
    bool has_series = spec->series || spec->kind == CHART_TYPE_HEAT;
    return !has_series ? "series" : !spec->facet ? "facet" : NULL;
}

void chart_options_warn(struct session *session, const struct table *table,
                        const struct chart_spec *spec, struct place place)
{
    struct repeated_x found;
    if (!repeated_x_find(table, spec, &session->arena, &found))
        return;
    const char *second = spec->kind == CHART_TYPE_HEAT
                             ? arena_printf(&session->arena, ", %s = ", spec->y[0])
                         : *found.series ? " of "
                                         : "";
    diag_add(&session->diags, SEVERITY_WARNING, place, "%s: at %s = %s%s%s", fate_of(spec->kind),
             spec->x, found.x, second, found.series);
    if (!found.column)
        return;
    const char *key = free_key(spec);
    if (key)
        diag_hint(&session->diags, "those rows differ in '%s': add --%s %s (in a config %s: %s)",
                  found.column, key, found.column, key, found.column);
    else
        diag_hint(&session->diags, "those rows differ in '%s': draw one of its values",
                  found.column);
}
