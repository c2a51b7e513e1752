#include "sweep/yield.h"

#include "sweep/grid.h"

#include <math.h>
#include <string.h>

/* In the order in which struct sweep_point lists them. */
static const char *const served_count_names[YIELD_SERVED_COUNTS] = {
    "devices", "replicas", "concurrency", "requests", "kv_blocks", "refused"};
enum { SERVED_WORDS = 4 }; /* model, hardware, calibration, fits */

static int add(struct result_value *values, int count, const char *name, const char *unit,
               double number)
{
    values[count] = (struct result_value){name, unit, number};
    return count + 1;
}

int yield_served(const struct grid *grid, const struct served_yield *served,
                 struct result_value values[YIELD_VALUES_MAX])
{
    int count = add(values, 0, "rate_per_s", "/s", served->rate_per_s);
    if (grid->search.is_wanted && grid->search.is_concurrency) {
        count = add(values, count, "max_concurrency", "", served->found);
        count = add(values, count, "broken_concurrency", "", served->broken);
    } else if (grid->search.is_wanted) {
        count = add(values, count, "max_rate_per_s", "/s", served->found);
        count = add(values, count, "broken_rate_per_s", "/s", served->broken);
    }
    if (grid->search.is_wanted)
        count = add(values, count, "simulations", "", served->trials);
    for (int f = 0; f < FIGURE_COUNT; f++) {
        count = add(values, count, figure_names[f], figure_units[f], served->figures.value[f]);
        if (grid->half_names)
            count = add(values, count, grid->half_names[f], figure_units[f], served->half.value[f]);
    }
    return count;
}

void yield_of(const struct grid *grid, struct yield *yield)
{
    static const struct result no_result;
    static const struct served_yield no_served;
    *yield = (struct yield){.words = result_word_names,
                            .word_count = RESULT_WORDS,
                            .counts = result_count_names,
                            .count_count = RESULT_COUNTS};
    if (!grid->is_served) {
        yield->value_count = result_values(&no_result, yield->values);
        return;
    }
    yield->word_count = SERVED_WORDS;
    yield->counts = served_count_names;
    yield->count_count = YIELD_SERVED_COUNTS;
    yield->value_count = yield_served(grid, &no_served, yield->values);
}

/* "ttft_s" is the start of "ttft_p99_s". */
static bool is_p99_of(const char *figure, const char *name)
{
    static const char ending[] = "_p99_s";
    size_t length = strlen(name);
    return length > 2 && strcmp(name + length - 2, "_s") == 0 &&
           strncmp(figure, name, length - 2) == 0 && strcmp(figure + length - 2, ending) == 0;
}

const char *yield_closest(const struct yield *yield, const char *name)
{
    const char *all[YIELD_WORDS_MAX + YIELD_COUNTS_MAX + YIELD_VALUES_MAX];
    int n = 0;
    for (int i = 0; i < yield->value_count; i++)
        if (is_p99_of(yield->values[i].name, name))
            return yield->values[i].name;
    for (int i = 0; i < yield->word_count; i++)
        all[n++] = yield->words[i];
    for (int i = 0; i < yield->count_count; i++)
        all[n++] = yield->counts[i];
    for (int i = 0; i < yield->value_count; i++)
        all[n++] = yield->values[i].name;
    return closest_name(name, all, (size_t)n);
}
