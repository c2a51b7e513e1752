/* Microbenchmarks of this machine: what a device model is fitted from, never the runs it predicts.
 */
#ifndef TOKENROOF_KERNEL_PROBE_H
#define TOKENROOF_KERNEL_PROBE_H

#include "base/table.h"
#include "kernel/gemm.h"
#include "spec/model.h"

/** How probes run. */
struct probe_options {
    int threads_max;       /**< probes repeat for 1 … threads_max threads */
    enum isa isa_limit;    /**< best instruction set that may be used */
    double point_s;        /**< measuring time per row of the table [s] */
    double cold_bytes;     /**< weights are taken from a pool this large, so that none is left in a
                              cache when its turn comes again [B] */
    int64_t largest_bytes; /**< largest working set of the bandwidth probe [B] */
    /** Called before each row with the share that is done (0 … 1), or NULL. */
    void (*progress)(void *context, double done_ratio);
    void *progress_context;
};

/** 2 threads at most, everything this processor has, 0.1 s per row, 256 MB cold pool and set. */
struct probe_options probe_options_default(void);

/**
 * Every probe fills an empty table made by table_init; rows have the median and the best time of
 * the repetitions that fit in point_s (at least 3). False when memory or threads ran out.
 */

/** threads, kernel (read, copy, triad), working set [B], bandwidth [B/s] by STREAM's counting. */
bool probe_bandwidth(const struct probe_options *options, struct table *table);

/** threads, arithmetic (fp32, bf16, int8): FLOP/s of multiply-adds in registers. */
bool probe_peak(const struct probe_options *options, struct table *table);

/**
 * threads, format, weights (cold or cached), rows M, columns N, depth K: time, FLOP/s and weight
 * B/s of M x N x K products, conversion of operands included; of few rows also what all threads
 * read from memory right after (read_byte_per_s): the bandwidth of shared machines drifts.
 */
bool probe_gemm(const struct probe_options *options, struct table *table);

/**
 * As probe_gemm with experts of `expert_ffn` x `hidden`: groups (experts hit), rows per group;
 * gate, up and down products as the MoE layer runs them.
 */
bool probe_grouped_gemm(const struct probe_options *options, struct table *table);

/** threads: time of an empty operator's fork and join [s]. */
bool probe_barrier(const struct probe_options *options, struct table *table);

/**
 * Large products of the packaged libraries that this build found (OpenBLAS fp32, oneDNN bf16 and
 * int8) beside ours: what our kernels are held against. No rows when none was found.
 */
bool probe_library_gemm(const struct probe_options *options, struct table *table);

/**
 * Read bandwidth of all threads of `pool` over `size_bytes` of `memory`, which somebody has written
 * before [B/s]: mean over `limit_s`, at least two passes. Not the best pass: neighbours of a shared
 * machine take bandwidth in bursts of milliseconds, for seconds. To be interleaved with runs.
 */
double probe_read_bandwidth(struct pool *pool, enum isa isa_limit, void *memory, size_t size_bytes,
                            double limit_s);

/**
 * Bandwidth of data that another thread has just written [B/s], all threads of `pool` together:
 * each rewrites in place what its neighbour wrote; read and written bytes count. Tells cores that
 * share a cache from cores that don't. One thread: what it rewrites in its own cache.
 */
double probe_exchange_rate(struct pool *pool);

/** Fork and join of the pool's threads with nothing to do [s]: median of some hundred. */
double probe_barrier_time(struct pool *pool);

/** fp32 multiply-adds in registers of all threads together [FLOP/s]: half of them are missing while
 * two virtual cores are threads of one core. */
double probe_fma_rate(struct pool *pool);

/** Time until one load from `size_bytes` of `memory`, each at an address that the last one tells,
 * is answered [s]: mean of some thousand. Neighbours make it longer before they take bandwidth. */
double probe_latency(const void *memory, size_t size_bytes);

/** Columns for these; the first two only where more than one thread ran. */
#define PROBE_EXCHANGE_COLUMN "exchange_byte_per_s"
#define PROBE_BARRIER_COLUMN "beside_barrier_s"
#define PROBE_FMA_COLUMN "fma_flop_per_s"
#define PROBE_LATENCY_COLUMN "latency_s"

#endif
