/* Collectives within a node and across nodes: the algorithms, and the best of them. */
#ifndef TOKENROOF_COST_COLLECTIVE_H
#define TOKENROOF_COST_COLLECTIVE_H

#include "cost/op_time.h"

/** What a link costs. */
struct wire {
    double start_s;    /**< of a collective, beside its hops [s] */
    double hop_s;      /**< of one message to a neighbour [s] */
    double byte_per_s; /**< attained, per device and direction [B/s] */
};

/** Algorithms of an all-reduce. */
enum all_reduce {
    ALL_REDUCE_RING,      /**< 2·start + 2(n−1)·hop + 2(n−1)/n·m/β */
    ALL_REDUCE_TREE,      /**< 2·start + 2⌈log₂ n⌉·hop + 2·m/β */
    ALL_REDUCE_ONE_SHOT,  /**< start + hop + (n−1)·m/β: everybody reads everything */
    ALL_REDUCE_TWO_SHOT,  /**< 2·start + 2·hop + 2(n−1)/n·m/β: scatter, then gather */
    ALL_REDUCE_IN_SWITCH, /**< start + 2·hop + m/β: the switch adds */
    ALL_REDUCE_COUNT
};

/** Time of an all-reduce of `bytes` per rank over `ranks` by one algorithm [s] (Tokenroof's
 * modelling notes, collectives). */
double all_reduce_by(enum all_reduce algorithm, const struct wire *wire, double ranks,
                     double bytes);

/** The fastest that the wire can do: all but in-switch, which needs hardware. */
double all_reduce_time(const struct wire *wire, double ranks, double bytes);

/** All-gather of `bytes` in all, or reduce-scatter: start + min(ring, direct) [s]. */
double all_gather_time(const struct wire *wire, double ranks, double bytes);

/**
 * Time of a communication operator. Within a node by the fitted law of its class where there is
 * one, else by the algorithms above. Across nodes hierarchically: all-reduce = reduce-scatter
 * within, all-reduce of a share across, all-gather within; all-gather = across, then within;
 * all-to-all = the later of both parts. All but all-to-all also wait for the slowest rank
 * (rates->rank_wait_s).
 */
struct op_cost collective_time(const struct rates *rates, const struct op *op);

#endif
