#include "cost/op_time.h"

#include "cost/collective.h"
#include "cost/laws.h"

#include <math.h>

const char *const bound_names[BOUND_COUNT] = {"compute", "memory",  "fixed",
                                              "launch",  "latency", "communication"};

/*
 * Arithmetic at the attained rate. A CPU's matrix unit (AMX) takes 16 rows at a time and needs
 * many: eta(M) = eta · M/(M + M_half) with M_half 16-32; kernels for few rows use the vector units
 * instead (KTransformers: up to 4 rows per expert).
 */
static double compute_time(const struct kernel_rate *rate, const struct op *op)
{
    const double granule = 16.0;
    const double half = 24.0;
    double time = op->flops / rate->flop_per_s;
    if (!(rate->vector_flop_per_s > 0.0) || (op->kernel != KERNEL_GEMM && op->kernel != KERNEL_MOE))
        return time;
    double padded = ceil(op->shape.rows / granule) * granule;
    return fmin(time * (padded + half) / op->shape.rows, op->flops / rate->vector_flop_per_s);
}

/* The smooth roofline; products on devices with units are cut into whole tiles and waves. */
static struct op_cost roofline_time(const struct rates *rates, const struct kernel_rate *rate,
                                    const struct op *op)
{
    struct op_cost cost = {.fixed_s = rate->fit.fixed_s,
                           .memory_s = op_bytes(op) / rate->byte_per_s};
    bool is_tiled = op->kernel == KERNEL_GEMM && rates->has_tiles && rate->fit.start_depth >= 0.0;
    if (is_tiled)
        cost.compute_s = gemm_compute_time(rates, rate, &op->shape);
    else if (op->flops > 0.0)
        cost.compute_s = compute_time(rate, op);
    cost.time_s = cost.fixed_s + smooth_max(cost.compute_s, cost.memory_s, rate->fit.smooth);
    if (is_tiled)
        cost.time_s += gemm_convert_time(rates, rate, &op->shape);
    return cost;
}

/* Attention by its law; compute and memory are told apart by the plain roofline terms. */
static struct op_cost attention_time(const struct rates *rates, const struct kernel_rate *rate,
                                     const struct op *op)
{
    double beyond = 0.0;
    if (op->kernel == KERNEL_PREFILL_ATTENTION)
        beyond = prefill_attention_time(rates, rate, op);
    else if (op->kernel == KERNEL_DECODE_ATTENTION)
        beyond = decode_attention_time(rates, rate, op);
    else
        beyond = mla_decode_time(rates, rate, op);
    return (struct op_cost){
        .time_s = rate->fit.fixed_s + beyond,
        .compute_s = op->flops / rate->flop_per_s,
        .memory_s = op_bytes(op) / rate->byte_per_s,
        .fixed_s = rate->fit.fixed_s,
    };
}

/* Small operators: start and transfer blend into each other. */
static struct op_cost elementwise_time(const struct rates *rates, const struct kernel_rate *rate,
                                       const struct op *op)
{
    double memory = memory_time(rates, rate, op_bytes(op), 3.0);
    double time = smooth_max(rate->fit.fixed_s, memory, rate->fit.smooth);
    return (struct op_cost){.time_s = time, .memory_s = memory, .fixed_s = rate->fit.fixed_s};
}

static struct op_cost fitted_time(const struct rates *rates, const struct kernel_rate *rate,
                                  const struct op *op)
{
    switch (op->kernel) {
    case KERNEL_PREFILL_ATTENTION:
    case KERNEL_DECODE_ATTENTION:
    case KERNEL_MLA_DECODE:
        return attention_time(rates, rate, op);
    case KERNEL_MOE:
        return moe_time(rates, rate, op);
    case KERNEL_ELEMENTWISE:
        return elementwise_time(rates, rate, op);
    case KERNEL_GEMM:
    case KERNEL_MLA_PREFILL:
    case KERNEL_ALL_REDUCE:
    case KERNEL_CUSTOM_ALL_REDUCE:
    case KERNEL_ALL_GATHER:
    case KERNEL_ALL_TO_ALL:
    case KERNEL_HOST_COPY:
    case KERNEL_COUNT:
        break;
    }
    return roofline_time(rates, rate, op);
}

/* Across the link to the host's memory: PCIe carries 0.8 of its rate (25-26 of 32 GB/s, 50-55 of
   64), a copy and the wait for it take some 10 us. */
static struct op_cost host_copy_time(const struct rates *rates, const struct op *op)
{
    const struct kernel_fit *fit = &rates->kernels[KERNEL_HOST_COPY][op->math].fit;
    double moved = op->message_bytes / (fit->memory_ratio * rates->host_byte_per_s);
    bool is_empty = !(op->message_bytes > 0.0);
    return (struct op_cost){
        .time_s = is_empty ? 0.0 : fit->fixed_s + moved,
        .memory_s = is_empty ? 0.0 : moved,
        .fixed_s = fit->fixed_s,
        .bound = BOUND_COMMUNICATION,
    };
}

/* What fusing would save: intermediate results through memory, and the starts of small kernels. */
static void add_unfused(const struct rates *rates, const struct op *op, struct op_cost *cost)
{
    double moved = op->spilled_bytes / rates->kernels[KERNEL_ELEMENTWISE][op->math].byte_per_s;
    double started = op->extra_starts * rates->kernels[KERNEL_GEMM][op->math].fit.fixed_s;
    cost->memory_s += moved;
    cost->fixed_s += started;
    cost->time_s += moved + started;
}

static struct op_cost kernel_time(const struct rates *rates, const struct op *op)
{
    const struct kernel_rate *rate = &rates->kernels[op->kernel][op->math];
    if (rate->has_shape_law && rate->fit.family == FAMILY_CORES)
        return cores_time(rates, rate, op);
    return rate->has_shape_law && rates->has_tiles ? fitted_time(rates, rate, op)
                                                   : roofline_time(rates, rate, op);
}

struct op_cost op_time(const struct rates *rates, const struct op *op)
{
    if (op_is_communication(op))
        return op->kernel == KERNEL_HOST_COPY ? host_copy_time(rates, op)
                                              : collective_time(rates, op);
    struct op_cost cost;
    if (op->spilled_bytes > 0.0) {
        struct op fused = *op;
        fused.activation_bytes -= op->spilled_bytes;
        cost = kernel_time(rates, &fused);
        add_unfused(rates, op, &cost);
    } else {
        cost = kernel_time(rates, op);
    }
    cost.bound = cost.compute_s >= cost.memory_s ? BOUND_COMPUTE : BOUND_MEMORY;
    if (cost.fixed_s > cost.compute_s && cost.fixed_s > cost.memory_s)
        cost.bound = BOUND_FIXED;
    return cost;
}
