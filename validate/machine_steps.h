/* Microbenchmarks of operators where they belong: inside steps of made-up models. */
#ifndef TOKENROOF_VALIDATE_MACHINE_STEPS_H
#define TOKENROOF_VALIDATE_MACHINE_STEPS_H

#include "kernel/probe.h"
#include "validate/import.h"

/**
 * Repeats prefill and decode steps of small made-up decoders, dense and with experts, in every
 * weight format, with 1 … threads_max threads: one row per operator with its shape, its time (mean
 * over layers, median over steps) and what was probed beside it. A step leaves the caches and the
 * branch predictors as an operator that is repeated alone doesn't. No decoder has the dimensions of
 * a model in models/. Steps during which the cores moved, however often repeated, are left out.
 * False when memory or threads ran out.
 */
bool machine_steps_run(const struct probe_options *options, struct table *table);

/** A row of a microbenchmark's table as a sample of `op`: its time, threads, working set and what
 * was probed beside it. Left out when another program had a core meanwhile. */
void machine_sample_add(struct sink *sink, const struct table *table, int row, const struct op *op);

/** The rows of such a table as samples. */
void machine_steps_add(struct sink *sink, const struct table *table);

#endif
