/* Charts of any table: what to draw is a few column names, as a config or a command line says. */
#ifndef TOKENROOF_PLOTS_CHART_H
#define TOKENROOF_PLOTS_CHART_H

#include "base/table.h"
#include "plots/canvas.h"
#include "plots/frame.h"

#include <stdbool.h>

/** Every kind of table chart: CHART_KIND(constant, what the user writes). */
#define CHART_KINDS(CHART_KIND)                                                                    \
    CHART_KIND(CHART_LINES, "lines")                                                               \
    CHART_KIND(CHART_BARS, "bars")                                                                 \
    CHART_KIND(CHART_HEAT, "heat")                                                                 \
    CHART_KIND(CHART_SCATTER, "scatter")                                                           \
    CHART_KIND(CHART_GANTT, "gantt")                                                               \
    CHART_KIND(CHART_PARETO, "pareto")                                                             \
    CHART_KIND(CHART_ECDF, "ecdf")

/** The kind of a chart. */
enum chart_kind {
#define CHART_CONSTANT(constant, name) constant,
    CHART_KINDS(CHART_CONSTANT)
#undef CHART_CONSTANT
        CHART_KIND_COUNT
};

/** Which end of an axis is better, for a Pareto frontier. */
enum chart_better {
    BETTER_BY_UNIT, /**< less is better for s and J, more for the rest */
    BETTER_HIGHER,
    BETTER_LOWER
};

/**
 * What to draw; column names are machine names, NULL = not given. Which ones a kind needs:
 * lines x y [series facet low high oom]; bars x y [series facet oom], stacked or not, rows of one
 * bar are added up; heat x y value [facet], rows of one cell are averaged; scatter x (measured) y
 * (predicted) [series label]; pareto x y [series label]; ecdf x [series]; gantt y (resource) low
 * (start) high (end) [series (kind) label], by default the columns resource, start_s, end_s, kind
 * and label.
 */
struct chart_request {
    enum chart_kind kind;
    const char *x;              /**< column across */
    const char *y;              /**< column upwards */
    const char *value;          /**< heat: the column that colours the cells */
    const char *series;         /**< column whose values become lines, colours, stacked parts */
    const char *facet;          /**< column whose values become small panels */
    const char *low;            /**< lower end of the error band; gantt: start */
    const char *high;           /**< upper end of the error band; gantt: end */
    const char *oom;            /**< column that is not 0, "" or "no" where memory ran out */
    const char *label;          /**< column with a name for each row */
    bool is_stacked;            /**< bars on top of each other */
    bool is_log_x;              /**< logarithmic, in powers of two where all values are */
    bool is_log_y;              /**< logarithmic */
    bool shows_values;          /**< bars: write the values on the bars where they fit */
    enum chart_better better_x; /**< pareto */
    enum chart_better better_y; /**< pareto */
    struct chart_style style;   /**< theme, size, titles */
};

/** The kind called `name`; CHART_KIND_COUNT when there is none. */
enum chart_kind chart_kind_find(const char *name);

/** What the user writes for `kind`. */
const char *chart_kind_name(enum chart_kind kind);

/**
 * Draws `table` as `request` says. False and one line in `error` when it cannot: no rows, a column
 * that is missing or not given, no value that can be shown. Nothing is drawn then.
 */
bool chart_draw(const struct table *table, const struct chart_request *request,
                struct canvas *canvas, char error[CANVAS_ERROR_BYTES]);

/** Draws to the file `path` (.png .svg .pdf .txt); on failure no file is written. */
bool chart_save(const char *path, const struct table *table, const struct chart_request *request,
                char error[CANVAS_ERROR_BYTES]);

/**
 * Saves any drawing: opens a canvas of the style's size for `path`, calls `draw` with `data`, and
 * writes the file when it returned true.
 */
bool chart_save_drawing(const char *path, const struct chart_style *style,
                        bool (*draw)(const void *data, struct canvas *canvas,
                                     char error[CANVAS_ERROR_BYTES]),
                        const void *data, char error[CANVAS_ERROR_BYTES]);

#endif
