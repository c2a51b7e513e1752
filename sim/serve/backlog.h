/* Whether a server keeps up with its clients: how many requests wait while they still come. */
#ifndef TOKENROOF_SERVE_BACKLOG_H
#define TOKENROOF_SERVE_BACKLOG_H

#include "serve/figures.h"

/** Requests that were sent and not scheduled yet. */
struct backlog {
    int64_t arrived; /**< requests of the run that were answered */
    int64_t half;    /**< waiting half way to the last arrival */
    int64_t end;     /**< waiting when the last one arrives */
};

/** Counts them from the records of a run. O(requests). */
struct backlog backlog_of(const struct collector *collector);

/**
 * True when the queue grows until the end: at least 20 requests and 5 % of all wait when the last
 * one arrives, and 1.5 times as many as half way. In a stable queue both numbers are draws from one
 * distribution, small beside the number of requests; where clients send more than the server can
 * answer, the queue grows in proportion to time (the second is twice the first), and latencies say
 * how long the run was and nothing about the server.
 */
bool backlog_grows(const struct backlog *backlog);

#endif
