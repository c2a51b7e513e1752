/* One server under one load, played as often as the load asks for: what came of it. */
#ifndef TOKENROOF_SERVE_EXPERIMENT_H
#define TOKENROOF_SERVE_EXPERIMENT_H

#include "serve/backlog.h"
#include "serve/server_setup.h"
#include "serve/source.h"

/** A server and its load, ready to be played. */
struct experiment {
    const struct run *run;
    struct source_plan source; /**< the load; may be changed between two plays */
    struct server_setup setup;
    struct power_model power;
    int64_t replicas;            /**< of the model, as asked for */
    struct server_counts counts; /**< of the last replication that was played */
    struct step_log *log;        /**< for the steps of records that are kept, or NULL */
};

/** One model on one device under one load, played. */
struct served {
    const struct run *run;
    const struct serving_load *load;
    int64_t requests;           /**< sent per replication */
    int64_t replicas;           /**< of the server */
    int64_t kv_blocks;          /**< of each */
    int64_t block_tokens;       /**< tokens of a block */
    int64_t refused;            /**< requests that can never fit, of all replications */
    struct server_counts first; /**< of the first replication */
    struct backlog backlog;     /**< of the first replication */
    double growth_ratio; /**< of requests in flight while they came: collector_growth, mean */
    struct figures mean; /**< over replications */
    struct figures half; /**< half widths of their 95 % intervals; NaN for one replication */
};

/** The key of the `*number`-th lever on that a server does not follow (those that change how many
 * tokens, sequences or KV blocks a request takes in a step), NULL when there is none left; counts
 * `*number` on. */
const char *experiment_refused_lever(const struct levers *levers, int *number);

/**
 * Sets up a server for `predictor`'s run under `asked`; the caller fills in `source`. What it needs
 * lives in `arena`; `predictor` and the experiment must not move.
 */
enum setup_problem experiment_init(struct experiment *experiment, struct arena *arena,
                                   const struct predictor *predictor,
                                   const struct server_options *asked);

/**
 * Plays all replications and sums them up. The tables of step times that earlier plays filled are
 * used again: they change nothing but the time it takes. `keep` (may be NULL) is made by the call
 * and holds the first replication's records; release it unless the status is another than
 * SERVER_FINE, where it holds nothing and `*served` no figures.
 */
enum server_status experiment_play(struct experiment *experiment, struct served *served,
                                   struct collector *keep);

#endif
