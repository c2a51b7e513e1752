/* Operators on CPU cores: weights streamed once from memory or from the cache that holds them,
 * small tiles, a fork and join per operator. */
#include "cost/laws.h"

#include <math.h>

/* Keys that one thread works through at a time when a context is split for decoding. */
static const double block_keys = 256.0;

/* Cores' worth of arithmetic at work: threads, or fewer where some were siblings on one core when
 * it was probed. */
static double cores_at_work(const struct rates *rates)
{
    double core_flop_per_s = rates->peak_flop_per_s[MATH_FP32] / rates->cores;
    double probed = rates->probed.fma_flop_per_s;
    if (!(probed > 0.0) || !(core_flop_per_s > 0.0))
        return rates->threads;
    return fmin(probed / core_flop_per_s, rates->threads);
}

/* Share of the cores at work. */
static double part_of(const struct rates *rates)
{
    return cores_at_work(rates) / rates->cores;
}

double cores_read_rate(const struct rates *rates, const struct kernel_fit *fit)
{
    if (rates->probed.read_byte_per_s > 0.0)
        return rates->probed.read_byte_per_s;
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

/* How much longer than usual memory takes to answer. */
static double latency_ratio(const struct rates *rates, const struct kernel_fit *fit)
{
    bool is_known = rates->probed.latency_s > 0.0 && fit->latency_s > 0.0;
    return is_known ? rates->probed.latency_s / fit->latency_s : 1.0;
}

/* Seconds per byte from memory: its bandwidth, or what the lines that cores keep under way bring in
 * the time that memory takes to answer (Little's law). */
static double memory_s_per_byte(const struct rates *rates, const struct kernel_fit *fit)
{
    const double line_bytes = 64.0;
    const double sharpness = 8.0;
    double bandwidth = 1.0 / (fit->memory_ratio * cores_read_rate(rates, fit));
    if (!(fit->line_count > 0.0) || !(fit->latency_s > 0.0))
        return bandwidth;
    double latency = fit->latency_s * latency_ratio(rates, fit);
    double flight = latency / (fit->line_count * line_bytes * cores_at_work(rates));
    return smooth_max(bandwidth, flight, sharpness);
}

/* Seconds per byte that is read once per step. */
static double stream_s_per_byte(const struct rates *rates, const struct kernel_fit *fit)
{
    double hit = cores_cached_share(rates, fit);
    double cache = fit->cache_speed * rates->memory_byte_per_s * part_of(rates);
    return hit / cache + (1.0 - hit) * memory_s_per_byte(rates, fit);
}

/* Sharing one operator among cores: nothing for one, for more a tree of wake-ups, hand-outs of
 * parts and a join, worth `forks` barriers (by the law of the class, unless fitted). */
static double fork_time(const struct rates *rates, const struct kernel_fit *fit, double forks)
{
    if (!(rates->threads > 1.0))
        return 0.0;
    double count = fit->fork_count > 0.0 ? fit->fork_count : forks;
    double barrier = rates->probed.barrier_s > 0.0
                         ? rates->probed.barrier_s
                         : fit->barrier_s * log2(rates->threads) / log2(rates->cores);
    return count * barrier;
}

/* Of activations that t cores share, another core wrote the share 1 - 1/t: it comes from that
 * core's cache, slowly where cores have no cache in common. */
static double exchange_time(const struct rates *rates, const struct kernel_fit *fit, double bytes)
{
    double rate = rates->probed.exchange_byte_per_s;
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

/* Rows that share one pass over the weights: registers hold the sums of twelve in floating point,
 * of six where integer sums are scaled block by block. */
static double tile_rows_of(const struct kernel_rate *rate)
{
    return rate->math == MATH_INT8 ? 6.0 : 12.0;
}

/* Rows of arithmetic that loading the weights of one pass is worth; those of less than a byte are
 * unpacked first. */
static double load_rows(const struct kernel_fit *fit, double bytes_per_weight)
{
    bool is_packed = bytes_per_weight < 0.99 && fit->unpack_rows > 0.0;
    return fit->tile_load + (is_packed ? fit->unpack_rows : 0.0);
}

/* rows + tile_load per pass: each loads the weights whatever its rows. The next panel of weights is
 * on its way meanwhile. */
static struct op_cost gemm_time(const struct rates *rates, const struct kernel_rate *rate,
                                const struct op *op)
{
    const struct kernel_fit *fit = &rate->fit;
    const struct op_shape *shape = &op->shape;
    double weights = shape->groups * shape->columns * shape->depth;
    double passes = ceil(shape->rows / tile_rows_of(rate));
    double load = load_rows(fit, op->weight_bytes / weights);
    double compute = 2.0 * weights * (shape->rows + passes * load) / flop_rate(rates, rate);
    double memory = (op->weight_bytes + op->kv_bytes) * stream_s_per_byte(rates, fit);
    double fixed = fit->fixed_s + fork_time(rates, fit, 2.0);
    return joined(fit, fixed, compute, memory, activation_time(rates, fit, op->activation_bytes));
}

/* gather and convert, up, activation, convert, down, scatter: six forks and joins. Rows per expert
 * are a mean: a last pass is half full. */
static struct op_cost experts_time(const struct rates *rates, const struct kernel_rate *rate,
                                   const struct op *op)
{
    const struct kernel_fit *fit = &rate->fit;
    const struct op_shape *shape = &op->shape;
    double weights = (1.0 + shape->inputs) * shape->columns * shape->depth * shape->groups;
    double passes = fmax(1.0, shape->rows / tile_rows_of(rate) + 0.5);
    double load = load_rows(fit, op->weight_bytes / weights);
    double compute = 2.0 * weights * (shape->rows + passes * load) / flop_rate(rates, rate);
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

/* What a row-wise operator's bytes are worth in plain passes: exponentials, keys that go one by one
 * into panels, and the search for the largest logit take longer. The last norm also adds the
 * residual, which the graph counts with other norms only. */
static double passes_of(const struct kernel_fit *fit, enum op_kind kind)
{
    switch ((int)kind) {
    case OP_ACTIVATION:
    case OP_SHARED_ACTIVATION:
        return fit->middle_ratio;
    case OP_KV_WRITE:
        return fit->gather_ratio > 0.0 ? fit->gather_ratio : 1.0;
    case OP_SAMPLING:
        return fit->search_ratio > 0.0 ? fit->search_ratio : 1.0;
    case OP_FINAL_NORM:
        return 2.0;
    default:
        return 1.0;
    }
}

/* Places in memory that nothing has touched lately: rows of the embedding; per head and request the
 * panels of panel_tokens keys that new tokens go into. */
static double places_of(const struct op *op)
{
    const double panel_tokens = 32.0;
    const struct op_shape *shape = &op->shape;
    if (op->kind == OP_EMBEDDING)
        return shape->rows;
    if (op->kind != OP_KV_WRITE || !(shape->requests > 0.0))
        return 0.0;
    return shape->requests * ceil(shape->rows / shape->requests / panel_tokens) * shape->groups;
}

/* Keys of neighbouring tokens share cache lines: cores that write them take turns. */
static bool takes_turns(const struct op *op)
{
    return op->kind == OP_KV_WRITE;
}

/* Rows are handed out eight at a time: few of them stay with one core. So does sampling. */
static double row_threads(const struct rates *rates, const struct op *op)
{
    const double grain = 8.0;
    if (op->kind == OP_SAMPLING)
        return 1.0;
    return op->shape.rows > 0.0 ? fmin(rates->threads, ceil(op->shape.rows / grain))
                                : rates->threads;
}

/* Row by row, after weights went through the nearest caches. */
static struct op_cost row_time(const struct rates *rates, const struct kernel_rate *rate,
                               const struct op *op)
{
    const struct kernel_fit *fit = &rate->fit;
    double threads = fmin(row_threads(rates, op), cores_at_work(rates));
    double bytes = op_bytes(op);
    double passed = bytes * passes_of(fit, op->kind);
    double core_rate = fit->convert_ratio * rates->memory_byte_per_s / rates->cores;
    double far = fit->row_s > 0.0 ? places_of(op) * fit->row_s * latency_ratio(rates, fit) : 0.0;
    bool is_in_turns = takes_turns(op) && threads > 1.0;
    double time =
        (passed / core_rate + far) / (is_in_turns ? 1.0 : threads) +
        exchange_time(rates, fit, is_in_turns ? passed : bytes) * rates->threads / threads;
    double fixed = fit->fixed_s + (threads > 1.0 ? fork_time(rates, fit, 1.0) : 0.0);
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
