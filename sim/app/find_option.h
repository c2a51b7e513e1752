/* --find and --slo: the largest load that keeps a promise. */
#ifndef TOKENROOF_APP_FIND_OPTION_H
#define TOKENROOF_APP_FIND_OPTION_H

#include "app/simulation.h"
#include "serve/capacity.h"

enum { BARS_MAX = 16 };

/** One promise: a figure that must not be above (below) its limit. */
struct bar {
    enum figure figure;
    double limit;  /**< [SI] */
    bool is_least; /**< the figure must reach it: good_share */
};

/** What is searched. */
struct find_option {
    bool is_wanted;
    bool is_concurrency; /**< clients of a closed loop, else the rate of arrivals */
    struct bar bars[BARS_MAX];
    int bar_count;
};

/**
 * Reads `find` ("max-rate", "max-concurrency", NULL) and `slo` ("ttft_p99=2s,tpot_p99=50ms", NULL:
 * the p99 of each promise under serving.slo). A name is that of a figure, its _s left out; a
 * latency alone means its p99. Returns false with messages.
 */
bool find_option_parse(const char *find, const char *slo, struct session *session,
                       const struct plan *plan, struct find_option *out);

/**
 * Searches with common random numbers and plays the answer once more into `*served` (the lowest
 * load tried where none keeps the promise). A rate must be sustained: a run that keeps the
 * promise is lengthened until it is long enough to tell that the requests in flight do not grow, so
 * that a short run does not pass because it ends before its queue is long. Traces are played as
 * they are. Returns false with a message when a simulation failed.
 */
bool find_option_search(const struct find_option *option, struct simulation *simulation,
                        struct served *served, struct collector *keep,
                        struct capacity_answer *answer);

/** "largest rate that keeps ttft_p99 <= 2 s: 12.3 /s (12.4 /s breaks it, 17 simulations)". */
const char *find_option_text(const struct find_option *option, const struct capacity_answer *answer,
                             const struct served *served, struct arena *arena);

#endif
