/* One simulation of a what-if: set up, replicated, described; every misfortune told. */
#ifndef TOKENROOF_APP_SIMULATION_H
#define TOKENROOF_APP_SIMULATION_H

#include "app/session.h"

#include "report/served.h"
#include "serve/server_setup.h"
#include "serve/source.h"

/** One model on one device under load. */
struct simulation {
    struct session *session;
    const struct plan *plan;
    const struct run *run;
    struct source_plan source;
    struct predictor predictor;
    struct server_setup setup;
    struct power_model power;
    struct server_counts counts; /**< of the last replication */
    struct step_log *log;        /**< for the steps of the records that are kept, or NULL */
    bool is_trial;               /**< one of many: refused requests were told of already */
};

/**
 * Prepares the simulation of `run` under the load of `source`. Returns false with messages when the
 * server can't be set up. `*simulation` must not move afterwards.
 */
bool simulation_init(struct simulation *simulation, struct session *session,
                     const struct plan *plan, const struct source_plan *source,
                     const struct run *run);

/**
 * Plays all replications and sums them up in `*served`. `keep` (may be NULL) is made by the call
 * and holds the first replication's records; release it. Returns false with a message when a
 * simulation came to no end or every request was refused; `keep` holds nothing then.
 */
bool simulation_play(struct simulation *simulation, struct served *served, struct collector *keep);

/** Checks that the what-if has a load and reads its traces. Returns false with messages. */
bool simulation_source(struct session *session, const struct plan *plan,
                       struct source_plan *source);

#endif
