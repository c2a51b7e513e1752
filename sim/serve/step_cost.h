/* What one step costs: its operators timed, its MLA form chosen, host and device raced. */
#ifndef TOKENROOF_SERVE_STEP_COST_H
#define TOKENROOF_SERVE_STEP_COST_H

#include "cost/op_time.h"
#include "engine/race.h"
#include "engine/timeline.h"
#include "graph/step.h"
#include "serve/predictor.h"

/** The operators of a layer before the first that differs between contexts or forms of MLA. */
struct layer_lead {
    int next;                /**< that one; the layer's end when there is none */
    struct race_block block; /**< of those before it */
};

/** One step with the cost of each operator. */
struct step_cost {
    struct step step;
    struct op_cost costs[STEP_OPS_MAX];        /**< [step.op_count] */
    struct layer_lead leads[LAYER_KINDS_MAX];  /**< of each kind: what a move leaves as it is */
    struct race_block blocks[LAYER_KINDS_MAX]; /**< one layer of each kind */
    struct race_block entry;
    struct race_block exit;
    struct race_block sends[2]; /**< to the next stage: within a node, across nodes */
    int64_t requests;           /**< in the step */
    double time_s;   /**< from the first launch to the last operator's end, all stages [s] */
    double stage_s;  /**< of the slowest stage: a pipeline takes a micro-batch as often; without
                        stages time_s [s] */
    double hidden_s; /**< operator time that overlaps with that of the other half batch [s] */
    double device_s; /**< device executing [s] */
    double floor_s;  /**< added to reach the least time of a layer [s] (wafers) */
    double idle_s;   /**< device waiting for launches, and host time between steps [s] */
};

/** Costs the step that computes `batch`. */
void step_cost_build(const struct predictor *predictor, const struct batch *batch,
                     struct step_cost *cost);

/**
 * Moves a costed step of one decoding part to another context: equal to building it anew. Only
 * attention is costed again, so a decode over thousands of contexts stays cheap.
 */
void step_cost_move(const struct predictor *predictor, const struct batch_part *part,
                    struct step_cost *cost);

/**
 * Least time of a costed decode step at any context [s]: attention and whatever else grows with the
 * context costs nothing, and of MLA's two forms neither does. `*stage_s` is the slowest stage's. 0
 * where that proves nothing. The cost is to be moved before it is used otherwise.
 *
 * Why it is least: moving a step to another context changes the times of its attention operators
 * only, which are never below zero, and the time of a step never falls when an operator's time
 * rises, because it is made of sums and maxima of them (race, stages, floors of layers). Three
 * exceptions give 0: two half batches that alternate (which one goes first depends on the times),
 * MLA launched operator by operator (its two forms differ in launches, and which one runs depends
 * on the times), and levers (some hide transfers behind attention, some replace the step).
 */
double step_cost_floor(const struct predictor *predictor, struct step_cost *cost, double *stage_s);

/** The step's operators as tasks in the order of execution, durations rounded to ns; returns their
 * number. */
int64_t step_cost_tasks(struct arena *arena, const struct predictor *predictor,
                        const struct step_cost *cost, struct task **tasks, const struct op ***ops);

/** Sum over the step of the time attributed to each bound: operators by theirs, idle time to the
 * launch. */
void step_cost_bounds(const struct step_cost *cost, double seconds[BOUND_COUNT]);

/** Ends of a 90 % interval, as factors on the time. */
struct interval {
    double low_ratio;  /**< ≤ 1 */
    double high_ratio; /**< ≥ 1 */
};

/**
 * Interval of the step's time from the residual spread of its kernel classes: within a class errors
 * are taken to be the same for all operators, between classes independent: (Σ_c (t_c·(e^z_c −
 * 1))²)^½ above, with e^−z_c below.
 */
struct interval step_cost_interval(const struct predictor *predictor, const struct step_cost *cost);

/** The largest of them. */
enum bound step_cost_bound(const struct step_cost *cost);

#endif
