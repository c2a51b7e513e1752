/* Time of one operator: fixed + smooth maximum of compute and memory time; collectives by alpha and
 * beta. */
#ifndef TOKENROOF_COST_OP_TIME_H
#define TOKENROOF_COST_OP_TIME_H

#include "cost/rates.h"
#include "graph/op.h"

/** What an operator or a phase is bound by. */
enum bound {
    BOUND_COMPUTE, /**< arithmetic that the model asks for */
    BOUND_PADDING, /**< arithmetic that the shape wastes: tiles and waves filled up, rows too few
                      for a matrix unit, weights unpacked; without it, memory would bind */
    BOUND_MEMORY,  /**< bytes from and to memory */
    BOUND_FIXED,   /**< start and end of kernels */
    BOUND_LAUNCH,  /**< the host: the device waits for work */
    BOUND_LATENCY, /**< the least time of a layer (wafers) */
    BOUND_COMMUNICATION, /**< links */
    BOUND_COUNT
};
extern const char *const bound_names[BOUND_COUNT];

/** Predicted time of one operator on one device. */
struct op_cost {
    double time_s;    /**< fixed_s + combined compute and memory time */
    double compute_s; /**< FLOPs / attained FLOP/s, tiles and waves counted whole */
    double memory_s;  /**< bytes / attained B/s; of a collective, bytes on the link */
    double fixed_s;   /**< kernels that start and end */
    enum bound bound; /**< the largest of the terms; ties: compute. Compute that is the largest only
                         because of waste is padding */
};

/**
 * Time of `op` on a device of `rates`: by the law of its class where the device (or a relative) was
 * calibrated, else fixed
 * + smooth maximum of compute and memory time. Never fails.
 */
struct op_cost op_time(const struct rates *rates, const struct op *op);

/** The same, left in `*cost`: for those who cost operator after operator. */
void op_time_into(const struct rates *rates, const struct op *op, struct op_cost *cost);

#endif
