/* One simulation of a what-if: set up, replicated, described; every misfortune told. */
#ifndef TOKENROOF_APP_SIMULATION_H
#define TOKENROOF_APP_SIMULATION_H

#include "app/session.h"

#include "report/served.h"

/** One model on one device under load. */
struct simulation {
    struct session *session;
    const struct plan *plan;
    struct predictor predictor;
    struct experiment experiment;
};

/**
 * Prepares the simulation of `run` under the load of `source`. Returns false with messages when the
 * server can't be set up. `*simulation` must not move afterwards.
 */
bool simulation_init(struct simulation *simulation, struct session *session,
                     const struct plan *plan, const struct source_plan *source,
                     const struct run *run);

/** Tells what a play could not do; false when it came to no end or answered no request. */
bool simulation_report(struct simulation *simulation, enum server_status status,
                       const struct served *served);

/** Checks that the what-if has a load and reads its traces. Returns false with messages. */
bool simulation_source(struct session *session, const struct plan *plan,
                       struct source_plan *source);

#endif
