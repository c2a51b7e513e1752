/* Operators on CPU cores: weights streamed once from memory or from the cache that holds them,
 * small tiles, a fork and join per operator. */
#include "cost/laws.h"

#include <math.h>

/* Keys that one thread works through at a time when a context is split for decoding. */
static const double block_keys = 256.0;

/* Share of the cores at work. */
static double part_of(const struct rates *rates)
{
    return rates->threads / rates->cores;
}

double cores_read_rate(const struct rates *rates, const struct kernel_fit *fit)
{
    if (rates->read_byte_per_s > 0.0)
        return rates->read_byte_per_s;
    return fmin(fit->unit_ratio * part_of(rates), 1.0) * rates->memory_byte_per_s;
}

double cores_cached_share(const struct rates *rates, const struct kernel_fit *fit)
{
    if (!(rates->working_set_bytes > 0.0) || !(fit->cache_ratio > 0.0) ||
        !(rates->cache_bytes > 0.0))
        return 0.0;
    double filled = rates->working_set_bytes / (fit->cache_ratio * rates->cache_bytes);
    return 1.0 / (1.0 + filled * filled * filled * filled);
}

/* Seconds per byte that is read once per step. */
static double stream_s_per_byte(const struct rates *rates, const struct kernel_fit *fit)
{
    double hit = cores_cached_share(rates, fit);
    double cache = fit->cache_speed * rates->memory_byte_per_s * part_of(rates);
    double memory = fit->memory_ratio * cores_read_rate(rates, fit);
    return hit / cache + (1.0 - hit) / memory;
}

/* Sharing one operator among cores: nothing for one, for more a tree of wake-ups, hand-outs of
 * parts and a join, worth `forks` barriers (by the law of the class, unless fitted). */
static double fork_time(const struct rates *rates, const struct kernel_fit *fit, double forks)
{
    if (!(rates->threads > 1.0))
        return 0.0;
    double count = fit->fork_count > 0.0 ? fit->fork_count : forks;
    double barrier = rates->barrier_s > 0.0
                         ? rates->barrier_s
                         : fit->barrier_s * log2(rates->threads) / log2(rates->cores);
    return count * barrier;
}

/* Of activations that t cores share, another core wrote the share 1 - 1/t: it comes from that
 * core's cache, slowly where cores have no cache in common. */
static double exchange_time(const struct rates *rates, const struct kernel_fit *fit, double bytes)
{
    double rate = rates->exchange_byte_per_s;
    if (!(rate > 0.0))
        rate = fit->exchange_ratio * rates->memory_byte_per_s;
    if (fit->cross_ratio > 0.0)
        rate *= fit->cross_ratio;
    return rate > 0.0 ? bytes * (1.0 - 1.0 / rates->threads) / rate : 0.0;
}

/* Activations are in a cache: converted, gathered or normalised there by all cores. */
static double activation_time(const struct rates *rates, const struct kernel_fit *fit, double bytes)
{
    double moved = fit->convert_ratio > 0.0 ? bytes / fit->convert_ratio : 0.0;
    return moved / (rates->memory_byte_per_s * part_of(rates)) + exchange_time(rates, fit, bytes);
}

static double flop_rate(const struct rates *rates, const struct kernel_rate *rate)
{
    return rate->flop_per_s * part_of(rates);
}

static struct op_cost joined(const struct kernel_fit *fit, double fixed_s, double compute_s,
                             double memory_s, double beyond_s)
{
    return (struct op_cost){
        .time_s = fixed_s + smooth_max(compute_s, memory_s, fit->smooth) + beyond_s,
        .compute_s = compute_s,
        .memory_s = memory_s,
        .fixed_s = fixed_s,
    };
}

/* rows + tile_load: every pass over the weights unpacks and loads them whatever the rows. */
static struct op_cost gemm_time(const struct rates *rates, const struct kernel_rate *rate,
                                const struct op *op)
{
    const struct kernel_fit *fit = &rate->fit;
    const struct op_shape *shape = &op->shape;
    double compute = 2.0 * shape->groups * shape->columns * shape->depth *
                     (shape->rows + fit->tile_load) / flop_rate(rates, rate);
    double memory = (op->weight_bytes + op->kv_bytes) * stream_s_per_byte(rates, fit);
    return joined(fit, fit->fixed_s + fork_time(rates, fit, 2.0), compute, memory,
                  activation_time(rates, fit, op->activation_bytes));
}

/* gather and convert, up, activation, convert, down, scatter: six forks and joins. */
static struct op_cost experts_time(const struct rates *rates, const struct kernel_rate *rate,
                                   const struct op *op)
{
    const struct kernel_fit *fit = &rate->fit;
    const struct op_shape *shape = &op->shape;
    double weights = (1.0 + shape->inputs) * shape->columns * shape->depth;
    double compute =
        2.0 * shape->groups * weights * (shape->rows + fit->tile_load) / flop_rate(rates, rate);
    double memory = op->weight_bytes * stream_s_per_byte(rates, fit);
    double fixed = fit->fixed_s + fit->expert_s * shape->groups + fork_time(rates, fit, 6.0);
    return joined(fit, fixed, compute, memory, activation_time(rates, fit, op->activation_bytes));
}

/* A part of the work that can't be cut further than into `items`. */
static double unevenness(const struct rates *rates, const struct kernel_fit *fit, double items)
{
    return 1.0 + fit->wave_ratio * (rates->threads - 1.0) / items;
}

/* Causal tiles compute masked pairs too: start_depth keys more per row. */
static struct op_cost prefill_time(const struct rates *rates, const struct kernel_rate *rate,
                                   const struct op *op)
{
    const double tile_rows = 96.0;
    const struct kernel_fit *fit = &rate->fit;
    const struct op_shape *shape = &op->shape;
    double heads = shape->groups * shape->heads_per_group;
    double pairs = op->flops / (4.0 * heads * shape->depth);
    double padded = pairs + shape->requests * shape->rows * fit->start_depth;
    double items = shape->groups * ceil(shape->rows * shape->heads_per_group / tile_rows);
    double compute = 4.0 * heads * (shape->depth + fit->head_extra) * padded /
                     flop_rate(rates, rate) * unevenness(rates, fit, items);
    double memory = op->kv_bytes * stream_s_per_byte(rates, fit);
    return joined(fit, shape->requests * (fit->fixed_s + fork_time(rates, fit, 1.0)), compute,
                  memory, activation_time(rates, fit, op->activation_bytes));
}

/* Chains of (request, kv head): each has a start, then its query heads share every key that is
 * read. */
static struct op_cost decode_time(const struct rates *rates, const struct kernel_rate *rate,
                                  const struct op *op)
{
    const struct kernel_fit *fit = &rate->fit;
    const struct op_shape *shape = &op->shape;
    double chains = shape->requests * shape->groups;
    double uneven = unevenness(rates, fit, chains * (shape->columns / block_keys + 0.5));
    double compute = 4.0 * chains * shape->columns * shape->depth *
                     (shape->heads_per_group + fit->tile_load) / flop_rate(rates, rate) * uneven;
    double memory = op->kv_bytes * stream_s_per_byte(rates, fit) * uneven;
    double starts = chains * fit->tile_s / rates->threads * uneven;
    return joined(fit, fit->fixed_s + fork_time(rates, fit, 1.0), compute, memory,
                  starts + exchange_time(rates, fit, op->activation_bytes));
}

/* What a row-wise operator's bytes are worth: exponentials, and rows that lie anywhere in memory,
 * count as more passes over the data. */
static double passes_of(const struct kernel_fit *fit, enum op_kind kind)
{
    bool is_exponential = kind == OP_ACTIVATION || kind == OP_SHARED_ACTIVATION;
    bool is_scattered = kind == OP_EMBEDDING || kind == OP_KV_WRITE;
    if (is_exponential)
        return fit->middle_ratio;
    return is_scattered && fit->gather_ratio > 0.0 ? fit->gather_ratio : 1.0;
}

/* Row by row, after weights went through the nearest caches. */
static struct op_cost row_time(const struct rates *rates, const struct kernel_rate *rate,
                               const struct op *op)
{
    const struct kernel_fit *fit = &rate->fit;
    double bytes = op_bytes(op);
    double passes = passes_of(fit, op->kind);
    double time =
        bytes * passes / (fit->convert_ratio * rates->memory_byte_per_s * part_of(rates)) +
        exchange_time(rates, fit, bytes);
    double fixed = fit->fixed_s + fork_time(rates, fit, 1.0);
    return (struct op_cost){.time_s = fixed + time, .memory_s = time, .fixed_s = fixed};
}

void cores_time(const struct rates *rates, const struct kernel_rate *rate, const struct op *op,
                struct op_cost *cost)
{
    switch (op->kernel) {
    case KERNEL_GEMM:
        *cost = gemm_time(rates, rate, op);
        return;
    case KERNEL_MOE:
        *cost = experts_time(rates, rate, op);
        return;
    case KERNEL_PREFILL_ATTENTION:
        *cost = prefill_time(rates, rate, op);
        return;
    case KERNEL_DECODE_ATTENTION:
        *cost = decode_time(rates, rate, op);
        return;
    case KERNEL_ELEMENTWISE:
    case KERNEL_MLA_PREFILL:
    case KERNEL_MLA_DECODE:
    case KERNEL_ALL_REDUCE:
    case KERNEL_CUSTOM_ALL_REDUCE:
    case KERNEL_ALL_GATHER:
    case KERNEL_ALL_TO_ALL:
    case KERNEL_HOST_COPY:
    case KERNEL_COUNT:
        break;
    }
    *cost = row_time(rates, rate, op);
}
