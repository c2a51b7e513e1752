/* The load of a what-if as a stream of requests. */
#ifndef TOKENROOF_SERVE_SOURCE_H
#define TOKENROOF_SERVE_SOURCE_H

#include "base/diag.h"
#include "serve/request.h"
#include "serve/request_trace.h"

/** A load whose traces were read once and found in order. */
struct source_plan {
    struct serving_load load;
    struct trace_survey times;   /**< of arrivals.trace */
    struct trace_survey lengths; /**< of lengths.trace */
    int64_t requests;            /**< that will be sent */
    struct arena *arena;         /**< of names and messages */
    struct diags *diags;
};

/** What a trace was surveyed as. */
struct surveyed {
    bool is_known;
    struct trace_spec spec;
    int64_t most_rows;
    struct trace_survey survey;
};

/** The last surveys of one thread that makes plan after plan; begin with zeros. */
struct survey_memo {
    struct surveyed times;
    struct surveyed lengths;
};

/**
 * Checks `load` and its trace files. Returns false with messages. A trace that holds fewer requests
 * than asked for limits them; lengths.trace is begun anew when it ends.
 */
bool source_plan_make(struct arena *arena, struct diags *diags, const struct serving_load *load,
                      struct source_plan *plan);

/** The same; a trace is read again only where the one in `memo` is another. */
bool source_plan_make_next(struct arena *arena, struct diags *diags,
                           const struct serving_load *load, struct survey_memo *memo,
                           struct source_plan *plan);

/**
 * The requests of `plan`, which must outlive the source, for one replication. Every request draws
 * its own numbers from named streams, so the same request has the same lengths at any rate and
 * under any policy. Gaps are scaled so that the last start comes exactly at starts / rate, as the
 * client of vLLM does; with a limit on requests in flight a request is sent when it is due and one
 * before it has ended. `block_tokens` is the size of the blocks whose contents chats name.
 */
struct request_source source_new(const struct source_plan *plan, int64_t replication,
                                 int32_t block_tokens);

#endif
