/* The laws of the kernel classes on devices that were calibrated (or borrow from one that was). */
#ifndef TOKENROOF_COST_LAWS_H
#define TOKENROOF_COST_LAWS_H

#include "cost/op_time.h"

/** The larger and the smaller of two numbers: fmax and fmin without their care for NaN, in line. */
static inline double larger(double a, double b)
{
    return a > b ? a : b;
}

static inline double smaller(double a, double b)
{
    return a < b ? a : b;
}

/** (a^p + b^p)^(1/p): the larger of the two, rounded where they meet. */
double smooth_max(double a, double b, double p);

/** smooth_max with p → −p: the smaller of the two, rounded likewise. */
double smooth_min(double a, double b, double p);

/**
 * Time of `bytes` through memory [s]. A benchmark that repeats one kernel (rates->is_repeating)
 * finds the share 1/(1 + (bytes/(cache_share·cache))^sharpness) in the cache, which is cache_speed
 * times as fast; a real step does not.
 */
double memory_time(const struct rates *rates, const struct kernel_rate *rate, double bytes,
                   double sharpness);

/**
 * Compute time of `groups` products rows x columns x depth [s], the better of 128 x 128 and 64 x 64
 * tiles: waves(tiles/units) · (depth + start_depth) · 2·bm·bn·(1 + tile_load·(1/bm + 1/bn)) /
 * (peak·compute/units), where a last wave is paid by `wave`; a grid that leaves units idle is split
 * along the depth for `split` more.
 */
double gemm_compute_time(const struct rates *rates, const struct kernel_rate *rate,
                         const struct op_shape *shape);

/** Converting the activations of a dispatched GEMM to its narrow format first [s]; 0 for other
 * families. */
double gemm_convert_time(const struct rates *rates, const struct kernel_rate *rate,
                         const struct op_shape *shape);

/**
 * Prefill attention beyond its fixed time [s]: causal tiles spread over the units (or the longest
 * chain of tiles, the later of both by smooth_units), then queries, outputs and kv_extra bytes per
 * KV element through memory.
 */
double prefill_attention_time(const struct rates *rates, const struct kernel_rate *rate,
                              const struct op *op);

/**
 * Decode attention beyond its fixed time [s]: KV blocks of 128 tokens over the units, split along
 * the keys where requests and heads leave units idle; never faster than its bytes through memory.
 * With `latent` set: MLA, blocks of 64 latents.
 */
double decode_attention_time(const struct rates *rates, const struct kernel_rate *rate,
                             const struct op *op);
double mla_decode_time(const struct rates *rates, const struct kernel_rate *rate,
                       const struct op *op);

/**
 * Routed experts [s]: two grouped products on row blocks padded per expert, by the tile of the
 * engine's table for 16-bit weights and by the best tile for narrower ones; weights of the distinct
 * experts hit (again per block where they outgrow the cache), gathering and scattering of rows, a
 * cost per expert held.
 */
void moe_time(const struct rates *rates, const struct kernel_rate *rate, const struct op *op,
              struct op_cost *cost);

/**
 * CPU cores (family cores). With t of n cores: arithmetic runs at compute · peak · t/n on rows +
 * tile_load rows per product; what is read once per step comes from memory at memory · (what t
 * cores read), or from the cache for the share of the working set that stays in it; activations
 * move at convert · bandwidth · t/n in the caches; every operator pays its fork and join.
 */
void cores_time(const struct rates *rates, const struct kernel_rate *rate, const struct op *op,
                struct op_cost *cost);

/** Bytes per second that the cores at work read from memory: as probed, else unit · t/n of the
 * device's, at most all of it. */
double cores_read_rate(const struct rates *rates, const struct kernel_fit *fit);

/** Share of a working set W that stays in a cache C: 1/(1 + (W/(cache_share · C))⁴). */
double cores_cached_share(const struct rates *rates, const struct kernel_fit *fit);

/**
 * A collective over `ranks`, `bytes` per rank [s]: the better of a latency and a bandwidth protocol
 * (NCCL's LL and Simple), for all-reduce over a whole switch also reduction inside it. `passes` is
 * 2 for all-reduce, else 1.
 */
double collective_law(const struct rates *rates, const struct kernel_rate *rate, double passes,
                      double ranks, double bytes);

/** vLLM's custom all-reduce [s]: one-shot for small messages, two-shot above. */
double custom_all_reduce_law(const struct rates *rates, const struct kernel_rate *rate,
                             double ranks, double bytes);

#endif
