/* One step of a run played as events, operator by operator, with the layer that each belongs to. */
#ifndef TOKENROOF_REPORT_PLAYED_H
#define TOKENROOF_REPORT_PLAYED_H

#include "base/table.h"
#include "report/roofline.h"

/** A played step. */
struct played {
    const struct run *run;
    enum run_phase phase;
    struct timeline timeline;
    const struct task *tasks;     /**< [timeline.task_count] */
    const struct op **ops;        /**< [task_count] NULL: a graph's launch, a wait */
    const struct op_cost **costs; /**< [task_count] NULL where `ops` is */
    int64_t *layers; /**< [task_count] 0 = before the layers, 1 … = a layer, layer count + 1 = after
                      */
};

/** Plays the largest prefill step or the middle decode step of `run`. */
struct played played_step(struct arena *arena, const struct run *run, enum run_phase phase);

/** What task `index` is called: its operator, "graph launch" or "layer latency". */
const char *played_name(const struct played *played, int64_t index);

/** The group of task `index`. */
enum op_group played_group(const struct played *played, int64_t index);

/**
 * Adds launches and executions of `played` to a table of the columns model, hardware, phase,
 * resource, start_s, end_s, kind, label and layer; only the first `layers` layers and what comes
 * before them (0 = all), group by group so that colours come in the same order in every chart.
 * Nothing that takes no time is added. The table's title says whose step it is.
 */
void played_add(const struct played *played, int64_t layers, struct table *table);

/** Prepares `table` with those columns. */
void played_start(struct table *table, struct arena *arena);

#endif
