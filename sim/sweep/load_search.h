/* --find and --slo: the largest load that keeps a promise. */
#ifndef TOKENROOF_SWEEP_LOAD_SEARCH_H
#define TOKENROOF_SWEEP_LOAD_SEARCH_H

#include "base/diag.h"
#include "serve/capacity.h"
#include "serve/experiment.h"

enum { BARS_MAX = 16 };

/** One promise: a figure that must not be above (below) its limit. */
struct bar {
    enum figure figure;
    double limit;  /**< [SI] */
    bool is_least; /**< the figure must reach it: good_share */
};

/** What is searched. */
struct load_search {
    bool is_wanted;
    bool is_concurrency; /**< clients of a closed loop, else the rate of arrivals */
    struct bar bars[BARS_MAX];
    int bar_count; /**< 0: those of the load, its slo */
};

/**
 * Reads `find` ("max-rate", "max-concurrency", NULL) and `slo` ("ttft_p99=2s,tpot_p99=50ms", NULL:
 * the p99 of each promise under serving.slo). A name is that of a figure, its _s left out; a
 * latency alone means its p99. Returns false with messages.
 */
bool load_search_parse(const char *find, const char *slo, struct arena *arena, struct diags *diags,
                       struct load_search *out);

/** Why nothing can be searched under `load`. */
struct load_search_problem {
    const char *option; /**< of the command line; NULL = it can */
    const char *what;
    const char *hint;
};

/**
 * Makes `search` that of `load`: adds the promises of its slo where --slo gave none, and checks
 * that it has something to change. Words may come from `arena`.
 */
struct load_search_problem load_search_prepare(const struct load_search *search,
                                               const struct serving_load *load, struct arena *arena,
                                               struct load_search *out);

/**
 * Searches with common random numbers and plays the answer once more into `*served` (the lowest
 * load tried where none keeps the promise). A rate must be sustained: a run that keeps the promise
 * is lengthened until it is long enough to tell that the requests in flight do not grow, so that a
 * short run does not pass because it ends before its queue is long; traces are played as they are;
 * experiment_play says what is returned. The experiment's load is the answer afterwards.
 */
enum server_status load_search_run(const struct load_search *search, struct experiment *experiment,
                                   struct served *served, struct collector *keep,
                                   struct capacity_answer *answer);

/** "largest rate that keeps ttft_p99 <= 2 s: 12.3 /s (12.4 /s breaks it, 17 simulations)". */
const char *load_search_text(const struct load_search *search, const struct capacity_answer *answer,
                             const struct served *served, struct arena *arena);

#endif
