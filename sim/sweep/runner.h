/* All points of a range on all threads, handed on in order: the same bytes whatever their number.
 */
#ifndef TOKENROOF_SWEEP_RUNNER_H
#define TOKENROOF_SWEEP_RUNNER_H

#include "sweep/rows.h"

/** Most threads. */
enum { JOBS_MAX = 1024 };

/** How many points became what. */
struct tally {
    int64_t counts[POINT_EXCLUDED + 1]; /**< by point_status */
};

/** Rows of consecutive points. */
struct block {
    int64_t number; /**< of the block in its range */
    int64_t first;  /**< point */
    int64_t end;    /**< behind its last point */
    struct text text;
    struct text chart_text; /**< rows of the charts' layout, as CSV */
    struct tally tally;
    char reason[160]; /**< why its first invalid point can't run, "" when none */
};

/** What to compute. */
struct run_range {
    const struct grid *grid;
    const struct row_layout *layout;
    enum row_format format;
    const struct row_layout
        *charts;   /**< columns that charts want of points that can run, or NULL */
    int64_t first; /**< point */
    int64_t end;   /**< behind the last point */
    int jobs;      /**< threads, ≥ 1 */
    int rank;      /**< which blocks: every `ranks`-th, the first is number `rank` */
    int ranks;
};

/** Blocks of a range. */
int64_t runner_block_count(const struct run_range *range);

/**
 * Computes the range's blocks of this rank and hands each to `take`, in order, on the calling
 * thread; memory is bounded by a few blocks per thread. Stops when `take` returns false. Returns
 * false when it did, or when no thread could be started (then `errno` says why).
 */
bool runner_run(const struct run_range *range,
                bool (*take)(void *context, const struct block *block), void *context);

/** Predicts one point into `block`, which grows by its row if it has one. */
void runner_add_point(const struct run_range *range, struct sweep_point *point, int64_t index,
                      struct block *block);

/** Adds the counts of `more`. */
void tally_add(struct tally *tally, const struct tally *more);

#endif
