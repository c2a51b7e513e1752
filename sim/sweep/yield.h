/* What a point of a sweep yields, by name: the results of a static batch or of a served load. */
#ifndef TOKENROOF_SWEEP_YIELD_H
#define TOKENROOF_SWEEP_YIELD_H

#include "report/result.h"
#include "serve/figures.h"

struct grid;

/** Names of one served point beside its figures: rate, what --find found. */
enum { YIELD_EXTRAS = 4, YIELD_SERVED_COUNTS = 6 };
/** Most words, counts and numbers of a point. */
enum {
    YIELD_WORDS_MAX = RESULT_WORDS,
    YIELD_COUNTS_MAX = RESULT_COUNTS,
    YIELD_VALUES_MAX = 2 * FIGURE_COUNT + YIELD_EXTRAS
};
_Static_assert((int)YIELD_SERVED_COUNTS <= (int)YIELD_COUNTS_MAX,
               "room for the counts of a served load");
_Static_assert((int)RESULT_VALUES_MAX <= (int)YIELD_VALUES_MAX, "room for the results of a batch");

/** Names and units of all results of a point, in order. */
struct yield {
    const char *const *words; /**< [word_count] model and hardware first */
    int word_count;
    const char *const *counts; /**< [count_count] */
    int count_count;
    struct result_value values[YIELD_VALUES_MAX]; /**< without numbers */
    int value_count;
};

/** The names of the results of every point of `grid`. */
void yield_of(const struct grid *grid, struct yield *yield);

/** The result nearest to `name`, or NULL: of servers, whose latencies have quantiles, the p99 of
 * "ttft_s". */
const char *yield_closest(const struct yield *yield, const char *name);

/** What one point of a served grid yielded; the rest is in its figures. */
struct served_yield {
    double rate_per_s;      /**< of the load; NaN = it has none */
    double found;           /**< --find: the largest load that keeps its promise */
    double broken;          /**< --find: the smallest one that breaks it */
    double trials;          /**< --find: simulations */
    struct figures figures; /**< over replications */
    struct figures half;    /**< half widths of their 95 % intervals */
};

/** Puts the numbers of a served point behind their names; returns how many there are. */
int yield_served(const struct grid *grid, const struct served_yield *served,
                 struct result_value values[YIELD_VALUES_MAX]);

#endif
