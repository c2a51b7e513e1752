/* The server of a point under its load: set up anew only when something of it changed, played, and
 * described. */
#ifndef TOKENROOF_SWEEP_POINT_SERVER_H
#define TOKENROOF_SWEEP_POINT_SERVER_H

#include "sweep/point.h"

/** A new, idle state; point_server_free takes NULL, too. */
struct point_server *point_server_new(void);
void point_server_free(struct point_server *server);

/**
 * Plays the server of the prepared `point`, with the same random numbers at every point (each
 * request draws from streams of its own: serve/source.h), or searches its largest load; sets the
 * point's values and its reason. Step times that earlier points asked for are kept while only the
 * load changes: what is played does not depend on the points before.
 */
enum point_status point_server_play(struct sweep_point *point);

/** devices, replicas, concurrency, requests, kv_blocks, refused; COUNT_MISSING where nothing was
 * played. */
void point_server_counts(const struct sweep_point *point, int64_t counts[YIELD_COUNTS_MAX]);

#endif
