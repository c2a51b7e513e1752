/* The best points of a range, without predicting those that provably can't be among them. */
#ifndef TOKENROOF_SWEEP_SEARCH_H
#define TOKENROOF_SWEEP_SEARCH_H

#include "sweep/objective.h"
#include "sweep/point.h"

/** How far points came; all of them together are the range. */
struct search_counts {
    int64_t excluded;  /**< by the sweep's `where` */
    int64_t invalid;   /**< can't run */
    int64_t oom;       /**< don't fit: known from their memory alone */
    int64_t by_floor;  /**< pruned: even without attention decode is too slow */
    int64_t by_ttft;   /**< pruned once prefill was known */
    int64_t predicted; /**< in full */
    int64_t feasible;  /**< of the predicted ones: satisfy the condition */
};

/** What to search. */
struct search {
    const struct grid *grid; /**< its filter is the condition that configurations must satisfy */
    const struct objectives *objectives;
    int64_t first;                               /**< point */
    int64_t end;                                 /**< behind the last point */
    int jobs;                                    /**< threads, ≥ 1 */
    bool is_exhaustive;                          /**< predict everything that fits: for tests */
    void (*show)(void *context, int64_t points); /**< told how many points are done; or NULL */
    void *context;                               /**< of `show` */
};

/** What was found. */
struct search_result {
    struct choices choices; /**< sorted; to be released */
    struct search_counts counts;
    char reason[160]; /**< why an invalid point can't run, "" when none; of the first one */
};

/**
 * Finds the best points, or the front. A point is left out before its prediction is complete when
 * what is known of it proves that it can't be chosen:
 *
 * 1. It doesn't fit: memory is computed exactly, before any time.
 * 2. Every result lies within bounds: its memory, counts and keys are exact; TPOT is at least the
 *    decode step with attention at zero cost (static_batch_tpot_floor says why), E2E at least
 *    (output − 1) times that, throughput at most the tokens over the least E2E. If the condition
 *    can't hold anywhere within the bounds (expression_may_hold), or the least cost there is
 *    behind that of every place in the list (front: beaten by a member in all objectives), the
 *    point itself can't be chosen: its results lie within the bounds. Ties are kept, and decided
 *    by the point's number in the end.
 * 3. The same with the exact TTFT, before decode is summed.
 *
 * Simulated servers are all played: nothing is proven of a queue before. What does not fit shows in
 * its setup.
 *
 * The list only gets better, so what it rules out now it would rule out in the end: the choices
 * are those of predicting everything, whatever the number of threads; only the counts of pruned
 * points vary with more than one. Returns false when no thread could be started (errno).
 */
bool search_run(const struct search *search, struct search_result *result);

#endif
