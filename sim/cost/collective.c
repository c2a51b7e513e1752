#include "cost/collective.h"

#include "cost/laws.h"

#include <math.h>

double all_reduce_by(enum all_reduce algorithm, const struct wire *wire, double ranks, double bytes)
{
    double once = bytes / wire->byte_per_s;
    switch (algorithm) {
    case ALL_REDUCE_RING:
        return 2.0 * wire->start_s + 2.0 * (ranks - 1.0) * wire->hop_s +
               2.0 * (ranks - 1.0) / ranks * once;
    case ALL_REDUCE_TREE:
        return 2.0 * wire->start_s + 2.0 * ceil(log2(ranks)) * wire->hop_s + 2.0 * once;
    case ALL_REDUCE_ONE_SHOT:
        return wire->start_s + wire->hop_s + (ranks - 1.0) * once;
    case ALL_REDUCE_IN_SWITCH:
        return wire->start_s + 2.0 * wire->hop_s + once;
    case ALL_REDUCE_TWO_SHOT:
    case ALL_REDUCE_COUNT:
        break;
    }
    return 2.0 * wire->start_s + 2.0 * wire->hop_s + 2.0 * (ranks - 1.0) / ranks * once;
}

double all_reduce_time(const struct wire *wire, double ranks, double bytes)
{
    double best = all_reduce_by(ALL_REDUCE_RING, wire, ranks, bytes);
    best = fmin(best, all_reduce_by(ALL_REDUCE_TREE, wire, ranks, bytes));
    best = fmin(best, all_reduce_by(ALL_REDUCE_ONE_SHOT, wire, ranks, bytes));
    return fmin(best, all_reduce_by(ALL_REDUCE_TWO_SHOT, wire, ranks, bytes));
}

double all_gather_time(const struct wire *wire, double ranks, double bytes)
{
    /* direct: every rank writes to all others at once, so one hop; a ring passes n − 1 */
    return wire->start_s + wire->hop_s + (ranks - 1.0) / ranks * bytes / wire->byte_per_s;
}

/* Within a node the hops are part of the start: uncalibrated starts are those of whole kernels. */
static struct wire node_wire(const struct rates *rates, const struct kernel_rate *rate)
{
    return (struct wire){rate->fit.fixed_s, 0.0, rate->fit.memory_ratio * rates->link_byte_per_s};
}

static struct wire network_wire(const struct rates *rates)
{
    return (struct wire){0.0, rates->network_hop_s, rates->network_byte_per_s};
}

static double fitted_all_reduce(const struct rates *rates, enum math math, double ranks,
                                double bytes)
{
    const struct kernel_rate *nccl = &rates->kernels[KERNEL_ALL_REDUCE][math];
    const struct kernel_rate *custom = &rates->kernels[KERNEL_CUSTOM_ALL_REDUCE][math];
    double time = collective_law(rates, nccl, 2.0, ranks, bytes);
    /* an engine takes the better one; a benchmark of NCCL does not */
    if (custom->has_shape_law && !rates->is_repeating)
        time = fmin(time, custom_all_reduce_law(rates, custom, ranks, bytes));
    return time;
}

/* Any collective among devices of one node. */
static double within_node(const struct rates *rates, enum kernel kernel, enum math math,
                          double ranks, double bytes)
{
    const struct kernel_rate *rate = &rates->kernels[kernel][math];
    struct wire wire = node_wire(rates, rate);
    bool is_reduction = kernel == KERNEL_ALL_REDUCE || kernel == KERNEL_CUSTOM_ALL_REDUCE;
    if (ranks < 2.0)
        return 0.0;
    if (kernel == KERNEL_CUSTOM_ALL_REDUCE && rate->has_shape_law)
        return custom_all_reduce_law(rates, rate, ranks, bytes);
    if (kernel == KERNEL_ALL_REDUCE && rate->has_shape_law)
        return fitted_all_reduce(rates, math, ranks, bytes);
    if (rate->has_shape_law)
        return collective_law(rates, rate, 1.0, ranks, bytes);
    return is_reduction ? all_reduce_time(&wire, ranks, bytes)
                        : all_gather_time(&wire, ranks, bytes);
}

static double across_nodes(const struct rates *rates, const struct op *op, double near)
{
    double nodes = ceil(op->ranks / near);
    double share = op->message_bytes / near;
    struct wire network = network_wire(rates);
    enum math math = op->math;
    if (op->kernel == KERNEL_ALL_REDUCE || op->kernel == KERNEL_CUSTOM_ALL_REDUCE)
        return 2.0 * within_node(rates, KERNEL_ALL_GATHER, math, near, op->message_bytes) +
               all_reduce_time(&network, nodes, share);
    if (op->kernel == KERNEL_ALL_TO_ALL) {
        network.start_s = rates->kernels[KERNEL_ALL_TO_ALL][math].fit.fixed_s;
        double far = network.start_s + network.hop_s + op->network_bytes / network.byte_per_s;
        return fmax(far, within_node(rates, KERNEL_ALL_TO_ALL, math, near, op->message_bytes));
    }
    double start = near < 2.0 ? rates->kernels[KERNEL_ALL_GATHER][math].fit.fixed_s : 0.0;
    return start + all_gather_time(&network, nodes, share) +
           within_node(rates, KERNEL_ALL_GATHER, math, near, op->message_bytes);
}

/* One message to the next stage, through the node or over the network. */
static double send_time(const struct rates *rates, const struct op *op)
{
    const struct kernel_rate *rate = &rates->kernels[KERNEL_ALL_GATHER][op->math];
    struct wire wire = node_wire(rates, rate);
    if (op->network_bytes > 0.0)
        return wire.start_s + rates->network_hop_s + op->network_bytes / rates->network_byte_per_s;
    return wire.start_s + op->message_bytes / wire.byte_per_s;
}

/* Everybody waits for the last one; sends and exchanges go ahead with whoever is ready. */
static bool meets_all_ranks(const struct op *op)
{
    return op->kind != OP_STAGE_SEND && op->kernel != KERNEL_ALL_TO_ALL && op->ranks > 1.0;
}

struct op_cost collective_time(const struct rates *rates, const struct op *op)
{
    const struct kernel_rate *rate = &rates->kernels[op->kernel][op->math];
    double near = op->node_ranks > 0.0 ? fmin(op->node_ranks, op->ranks) : op->ranks;
    double time = 0.0;
    if (op->kind == OP_STAGE_SEND)
        time = send_time(rates, op);
    else if (near < op->ranks)
        time = across_nodes(rates, op, near);
    else
        time = within_node(rates, op->kernel, op->math, op->ranks, op->message_bytes);
    double fixed = fmin(rate->fit.fixed_s, time);
    double wait = meets_all_ranks(op) ? rates->rank_wait_s : 0.0;
    return (struct op_cost){time + wait, 0.0, time - fixed, fixed + wait, BOUND_COMMUNICATION};
}
