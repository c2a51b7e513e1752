#include "app/path_option.h"

#include "app/chart_options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool refuse(struct session *session, const char *option, const char *message)
{
    struct place place = {.source = arena_printf(&session->arena, "--path %s", option)};
    diag_add(&session->diags, SEVERITY_ERROR, place, "%s", message);
    diag_hint(&session->diags, "write for example: --path workload.batch=1,2,4,…,128");
    return false;
}

static bool is_dots(const char *value)
{
    return strcmp(value, "…") == 0 || strcmp(value, "...") == 0;
}

static bool is_number(const char *value)
{
    char *stop = NULL;
    strtod(value, &stop);
    return stop != value && !*stop;
}

/* Goes on from the values so far to below `last`. False when that would never end. */
static bool continue_values(struct path_option *path, const char *last, struct arena *arena)
{
    if (path->count < 2 || !is_number(last) || !is_number(path->values[path->count - 1]) ||
        !is_number(path->values[path->count - 2]))
        return false;
    double end = strtod(last, NULL);
    double value = strtod(path->values[path->count - 1], NULL);
    double before = strtod(path->values[path->count - 2], NULL);
    double first = path->count > 2 && is_number(path->values[path->count - 3])
                       ? strtod(path->values[path->count - 3], NULL)
                       : before;
    double step = value - before;
    double factor = value / before;
    bool is_by_steps = path->count > 2 && fabs(before - first - step) < 1e-9 * fabs(value);
    if (!(step > 0.0) || !(before > 0.0) || !(end >= value))
        return false;
    for (;;) {
        value = is_by_steps ? value + step : value * factor;
        if (value > end * (1.0 - 1e-9))
            return true;
        if (path->count == PATH_VALUES_MAX - 1)
            return false;
        path->values[path->count++] = arena_printf(arena, "%.15g", value);
    }
}

/* "a, b" of "[a, b]": lists are written so elsewhere. */
static const char *without_brackets(const char *text, struct session *session)
{
    size_t length = strlen(text);
    if (length < 2 || text[0] != '[' || text[length - 1] != ']')
        return text;
    return arena_strndup(&session->arena, text + 1, length - 2);
}

bool path_option_parse(const char *option, struct session *session, struct path_option *out)
{
    const char *equals = strchr(option, '=');
    int count = 0;
    if (!equals || equals == option)
        return refuse(session, option, "expected KEY=VALUE,VALUE,…");
    const char **values =
        chart_options_split(&session->arena, without_brackets(equals + 1, session), &count);
    *out = (struct path_option){
        .key = arena_strndup(&session->arena, option, (size_t)(equals - option)),
        .values = arena_array(&session->arena, PATH_VALUES_MAX, sizeof *out->values),
    };
    if (count == 0 || count > PATH_VALUES_MAX / 2)
        return refuse(session, option, count ? "too many values" : "no values");
    for (int i = 0; i < count; i++) {
        values[i] += strspn(values[i], " ");
        if (!is_dots(values[i]))
            out->values[out->count++] = values[i];
        else if (i + 1 == count || !continue_values(out, values[i + 1], &session->arena))
            return refuse(session, option, "… needs two rising numbers before it and one after it");
        if (out->count == PATH_VALUES_MAX)
            return refuse(session, option, "too many values");
    }
    return true;
}

bool path_option_apply(const struct path_option *path, int index, struct session *session,
                       struct loader *loader)
{
    struct reader reader = {.arena = &session->arena, .diags = &session->diags};
    int count = session->loader.override_count;
    struct override *overrides = arena_array(&session->arena, (size_t)count + 1, sizeof *overrides);
    for (int i = 0; i < count; i++)
        overrides[i] = session->loader.overrides[i];
    const char *option = arena_printf(&session->arena, "%s=%s", path->key, path->values[index]);
    *loader = session->loader;
    loader->overrides = overrides;
    loader->override_count = count + 1;
    return override_parse_as(&reader, "--path", option, &overrides[count]);
}

const char *path_option_name(const struct path_option *path, int index, struct arena *arena)
{
    const char *dot = strrchr(path->key, '.');
    return arena_printf(arena, "%s %s", dot ? dot + 1 : path->key, path->values[index]);
}
