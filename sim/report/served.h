/* Simulated servers as a page for people, one table row each, JSON as benchmark clients write it,
 * requests and time series as CSV. */
#ifndef TOKENROOF_REPORT_SERVED_H
#define TOKENROOF_REPORT_SERVED_H

#include "base/table.h"
#include "serve/experiment.h"

/** Adds a page: latencies by quantile, then what the server did. `title` may be NULL. */
void served_summary(const char *title, const struct served *served, int count, struct arena *arena,
                    struct text *out);

/** One row per run: model, device, load, every figure; with replications also NAME_half. */
void served_table(const struct served *served, int count, struct arena *arena, struct table *table);

/**
 * One JSON object per line and run with the field names of `vllm bench serve` (times in ms) and,
 * under "tokenroof", every figure by its own name [SI].
 */
void served_json(const struct served *served, int count, struct text *out);

/** A row per finished request in order of arrival, as CSV that `arrivals.file` reads back. */
void served_requests_csv(const struct collector *collector, struct text *out);

/** The server's state over time: a row per bin of equal width. */
void served_series(const struct collector *collector, struct arena *arena, struct table *table);

/** A row per finished request: its latencies, as a chart wants them; at most `most` rows, evenly
 * picked. */
void served_requests(const struct collector *collector, int most, struct arena *arena,
                     struct table *table);

#endif
