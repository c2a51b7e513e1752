#include "cost/op_time.h"

#include "cost/collective.h"
#include "cost/laws.h"

#include <math.h>

const char *const bound_names[BOUND_COUNT] = {"compute", "padding", "memory",       "fixed",
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
static void roofline_time(const struct rates *rates, const struct kernel_rate *rate,
                          const struct op *op, struct op_cost *cost)
{
    bool is_tiled = op->kernel == KERNEL_GEMM && rates->has_tiles && rate->fit.start_depth >= 0.0;
    double memory = op_bytes(op) / rate->byte_per_s;
    double compute = 0.0;
    if (is_tiled)
        compute = gemm_compute_time(rates, rate, &op->shape);
    else if (op->flops > 0.0)
        compute = compute_time(rate, op);
    double time = rate->fit.fixed_s + smooth_max(compute, memory, rate->fit.smooth);
    if (is_tiled)
        time += gemm_convert_time(rates, rate, &op->shape);
    cost->time_s = time;
    cost->compute_s = compute;
    cost->memory_s = memory;
    cost->fixed_s = rate->fit.fixed_s;
}

/* Attention by its law; compute and memory are told apart by the plain roofline terms. */
static void attention_time(const struct rates *rates, const struct kernel_rate *rate,
                           const struct op *op, struct op_cost *cost)
{
    double beyond = 0.0;
    if (op->kernel == KERNEL_PREFILL_ATTENTION)
        beyond = prefill_attention_time(rates, rate, op);
    else if (op->kernel == KERNEL_DECODE_ATTENTION)
        beyond = decode_attention_time(rates, rate, op);
    else
        beyond = mla_decode_time(rates, rate, op);
    cost->time_s = rate->fit.fixed_s + beyond;
    cost->compute_s = op->flops / rate->flop_per_s;
    cost->memory_s = op_bytes(op) / rate->byte_per_s;
    cost->fixed_s = rate->fit.fixed_s;
}

/* Small operators: start and transfer blend into each other. */
static void elementwise_time(const struct rates *rates, const struct kernel_rate *rate,
                             const struct op *op, struct op_cost *cost)
{
    double memory = memory_time(rates, rate, op_bytes(op), 3.0);
    cost->time_s = smooth_max(rate->fit.fixed_s, memory, rate->fit.smooth);
    cost->compute_s = 0.0;
    cost->memory_s = memory;
    cost->fixed_s = rate->fit.fixed_s;
}

static void fitted_time(const struct rates *rates, const struct kernel_rate *rate,
                        const struct op *op, struct op_cost *cost)
{
    switch (op->kernel) {
    case KERNEL_PREFILL_ATTENTION:
    case KERNEL_DECODE_ATTENTION:
    case KERNEL_MLA_DECODE:
        attention_time(rates, rate, op, cost);
        return;
    case KERNEL_MOE:
        moe_time(rates, rate, op, cost);
        return;
    case KERNEL_ELEMENTWISE:
        elementwise_time(rates, rate, op, cost);
        return;
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
    roofline_time(rates, rate, op, cost);
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

static void kernel_time(const struct rates *rates, const struct op *op, struct op_cost *cost)
{
    const struct kernel_rate *rate = &rates->kernels[op->kernel][op->math];
    if (!rate->has_shape_law)
        roofline_time(rates, rate, op, cost);
    else if (rate->fit.family == FAMILY_CORES)
        cores_time(rates, rate, op, cost);
    else if (rates->has_tiles)
        fitted_time(rates, rate, op, cost);
    else
        roofline_time(rates, rate, op, cost);
}

/* Arithmetic of the operator alone, on tiles that fit it [s]. */
static double useful_time(const struct rates *rates, const struct op *op)
{
    const struct kernel_rate *rate = &rates->kernels[op->kernel][op->math];
    bool is_shared = rate->has_shape_law && rate->fit.family == FAMILY_CORES;
    double part = is_shared ? rates->threads / rates->cores : 1.0;
    return op->flops / (rate->flop_per_s * part);
}

static enum bound bound_of(const struct rates *rates, const struct op *op,
                           const struct op_cost *cost)
{
    if (cost->fixed_s > cost->compute_s && cost->fixed_s > cost->memory_s)
        return BOUND_FIXED;
    if (!(cost->compute_s >= cost->memory_s))
        return BOUND_MEMORY;
    return useful_time(rates, op) < cost->memory_s ? BOUND_PADDING : BOUND_COMPUTE;
}

void op_time_into(const struct rates *rates, const struct op *op, struct op_cost *cost)
{
    if (op_is_communication(op)) {
        *cost =
            op->kernel == KERNEL_HOST_COPY ? host_copy_time(rates, op) : collective_time(rates, op);
        return;
    }
    if (op->spilled_bytes > 0.0) {
        struct op fused = *op;
        fused.activation_bytes -= op->spilled_bytes;
        kernel_time(rates, &fused, cost);
        add_unfused(rates, op, cost);
    } else {
        kernel_time(rates, op, cost);
    }
    cost->bound = bound_of(rates, op, cost);
}

struct op_cost op_time(const struct rates *rates, const struct op *op)
{
    struct op_cost cost;
    op_time_into(rates, op, &cost);
    return cost;
}
