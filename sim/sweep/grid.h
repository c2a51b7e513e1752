/* A sweep as loaded: what stays the same for all its points. */
#ifndef TOKENROOF_SWEEP_GRID_H
#define TOKENROOF_SWEEP_GRID_H

#include "conf/axis.h"
#include "conf/expression.h"
#include "conf/load.h"
#include "sweep/load_search.h"

/** What a change of an axis leaves untouched. */
enum axis_effect {
    EFFECT_OUTPUT, /**< workload.output: prefill and the decode steps stay */
    EFFECT_INPUT,  /**< workload.input: the decode steps stay */
    EFFECT_BATCH,  /**< the rest of workload: nothing of a predictor changes */
    EFFECT_LOAD,   /**< which requests a server gets: neither it nor its predictor changes */
    EFFECT_SERVER, /**< serving.server and seed: its predictor stays */
    EFFECT_CONFIG, /**< another key of the what-if */
    EFFECT_MODEL,  /**< a key of the model, or which model */
    EFFECT_DEVICE, /**< a key of the device, or which device */
};

enum { GRID_KEYS_MAX = 64 };

/** A key that a condition names. */
struct grid_key {
    enum override_target target;
    const struct field *field;
    size_t base; /**< where the struct with its member begins in the target */
};

/** Which rows a sweep has. */
enum grid_kind {
    GRID_BY_CONFIG, /**< of served loads where the what-if has a `serving` section, else of batches
                     */
    GRID_STATIC,    /**< of static batches */
};

/** All points of a sweep, in order: the last group of axes changes fastest. */
struct grid {
    struct parts parts;
    struct axes axes;
    enum axis_effect effects[AXES_MAX + 2]; /**< [axes.axis_count] */
    int64_t total;                          /**< points, excluded ones too */
    const struct expression *where;         /**< combinations to keep, or NULL: all */
    const struct expression *filter;        /**< rows to keep by their results, or NULL: all */
    struct grid_key keys[GRID_KEYS_MAX];    /**< that `where` and `filter` name */
    int key_count;
    bool is_served;            /**< points are simulated servers, not static batches */
    struct load_search search; /**< what each server is asked for beside its figures */
    int engine_axis;           /**< that names engines, -1 = none */
    struct config *engines;    /**< [its count] the what-if with each engine's keys */
    const char **half_names; /**< [FIGURE_COUNT] "ttft_mean_s_half", …; NULL = no replications */
    struct trace_survey traces; /**< sums over all traces: another sum is another sweep */
};

/**
 * Loads the what-if at `path` with its axes, and `extra` ones from the command line. Mistakes in
 * any value of any axis become messages, and so does an axis that the rows would not depend on;
 * returns false then. `search` of the grid is left empty.
 */
bool grid_load(const struct loader *loader, const char *path, enum grid_kind kind,
               const struct override *extra, int extra_count, struct grid *grid);

/** The axis called `name`, or NULL. */
const struct axis *grid_axis(const struct grid *grid, const char *name);

#endif
