/* Why a server can't be set up, what it could not do, what its figures mean less for: sentences. */
#ifndef TOKENROOF_REPORT_SERVED_PROBLEM_H
#define TOKENROOF_REPORT_SERVED_PROBLEM_H

#include "serve/experiment.h"

/** Something to tell people. */
struct served_problem {
    const char *key;   /**< of the what-if that decides it */
    const char *what;  /**< what is wrong */
    const char *hint;  /**< what to do about it, or NULL */
    const char *other; /**< key that decides it as well, or NULL */
};

/** Why `experiment` could not be set up, in `arena`; not for SETUP_FINE. */
struct served_problem served_setup_problem(struct arena *arena, const struct experiment *experiment,
                                           enum setup_problem problem);

/** Why the last play came to no end; not for SERVER_FINE. */
struct served_problem served_end_problem(struct arena *arena, const struct experiment *experiment,
                                         enum server_status status);

/** Which requests were refused in the first replication; `what` is NULL when none was. */
struct served_problem served_refusal(struct arena *arena, const struct experiment *experiment,
                                     const struct served *served);

/** "overloaded: …" when the queue of an open loop grew until the last arrival (backlog_grows), else
 * NULL. */
const char *served_overload(struct arena *arena, const struct served *served);

#endif
