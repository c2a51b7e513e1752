/* Names that conditions and columns may use: keys of the what-if, its model and device; results. */
#ifndef TOKENROOF_SWEEP_NAMES_H
#define TOKENROOF_SWEEP_NAMES_H

#include "sweep/point.h"

/** What finding names needs. */
struct name_finder {
    struct grid *grid;
    struct arena *arena;
    bool has_results; /**< results may be named too, and win over keys */
};

/** The names for expression_parse; `finder` must live as long as they are used. */
struct names names_of(struct name_finder *finder);

/** The value of name number `name` at the point `context`: a struct sweep_point. */
struct operand names_value(const void *context, int name);

/** The number of result column `name` in the values of the points of `grid`, or -1. */
int names_find_value(const struct grid *grid, const char *name);

/** What kind of name a number stands for: the index of a result's value, else -1. */
int names_value_index(int name);

#endif
