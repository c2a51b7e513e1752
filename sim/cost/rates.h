/* What a device attains: peaks times the fractions of its file, or of its kind while uncalibrated.
 */
#ifndef TOKENROOF_COST_RATES_H
#define TOKENROOF_COST_RATES_H

#include "spec/device.h"
#include "spec/run.h"

#include <stdbool.h>

/** The law of one kernel class on one device in one arithmetic. */
struct kernel_rate {
    struct kernel_fit fit;    /**< its parameters */
    double peak_flop_per_s;   /**< dense peak of the arithmetic that really runs [FLOP/s] */
    double flop_per_s;        /**< attained: peak · compute_ratio [FLOP/s] */
    double byte_per_s;        /**< attained: memory bandwidth · memory_ratio [B/s] */
    double vector_flop_per_s; /**< CPUs with a matrix unit: its alternative for few rows [FLOP/s];
                                 else 0 */
    double slower_ratio;      /**< e^spread − 1: how much longer it may take */
    double faster_ratio;      /**< 1 − e^−spread: how much less */
    enum math math;     /**< arithmetic that really runs (a wider one where the device lacks it) */
    bool has_shape_law; /**< fitted (or borrowed): the law of its class applies, else a plain
                           roofline */
};

/** What the cores at work could do when something was measured, probed beside it: shared machines
 * drift, and virtual cores move. 0 = not probed, as the device says. */
struct probed {
    double read_byte_per_s; /**< read from memory [B/s] */
    double
        exchange_byte_per_s; /**< of data that another core has just written [B/s]; one core: 0 */
    double barrier_s;        /**< fork and join [s]; one core: 0 */
    double fma_flop_per_s;   /**< fp32 multiply-adds in registers [FLOP/s] */
    double latency_s;        /**< until memory answers one core [s] */
};

/** Everything about a device that operator times depend on; prepared once, then only read. */
struct rates {
    struct kernel_rate kernels[KERNEL_COUNT][MATH_COUNT];
    double peak_flop_per_s[MATH_COUNT]; /**< datasheet rate of the arithmetic that really runs
                                           [FLOP/s] */
    double memory_byte_per_s;           /**< datasheet [B/s] */
    double cache_bytes;                 /**< largest cache [B] */
    bool has_tiles;                     /**< products are cut into tiles over `units`: GPUs that
                                           count them */
    double units;                       /**< SMs, CUs, cores; 1 where tiles don't matter */
    double cores;                       /**< CPU cores of the device; 1 for other kinds */
    double threads;                     /**< of which are at work */
    double working_set_bytes;           /**< re-read every step [B]; 0 = larger than any cache */
    struct probed probed;               /**< instead of what the device says */
    double link_byte_per_s;             /**< to the other devices of the node [B/s], 0 = none */
    double network_byte_per_s;          /**< attained to other nodes [B/s], 0 = none */
    double network_hop_s;               /**< one message to another node [s] */
    double rank_wait_s;         /**< for the slowest rank, at every collective of all ranks [s] */
    double host_byte_per_s;     /**< to the host's memory by the datasheet [B/s], 0 = no link */
    double quantise_byte_per_s; /**< memory rate at which activations are quantised by kernels of
                                   their own [B/s], 0 = fused */
    double layer_floor_s;       /**< least time of one layer [s]; wafers */
    double layer_floor_spread;  /**< 90 % of |ln(real/floor)| are taken to lie below it */
    struct launch_cost launch;  /**< host side, defaults filled in */
    double device_eager_s;      /**< launch.eager_s where the engine doesn't say another [s] */
    bool is_repeating; /**< benchmarks replay one operator: its data may stay in the cache */
};

/** Which knowledge to use; validation compares them. */
enum rates_basis {
    RATES_BEST,         /**< fitted, else borrowed, else the kind's defaults */
    RATES_UNCALIBRATED, /**< the kind's defaults only */
};

/** Prepares the rates of `device` for a model of hidden size `hidden`. */
void rates_init(struct rates *rates, const struct device *device, int64_t hidden,
                enum rates_basis basis);

/** Sets the links that join the devices of `run`: within a node by the datasheet, beyond it as
 * attained. */
void rates_set_fabric(struct rates *rates, const struct run *run);

/**
 * What number formats cost beside bytes: weights of less than 8 bits are unpacked on the way to
 * 16-bit multipliers, which lowers the compute rate of their products; 8-bit activations are
 * quantised by kernels of their own where launches are eager (else fused into norms and activation
 * functions). Streaming at a given bandwidth replaces the host link, the engine's host time per
 * operator the device's.
 */
void rates_set_precision(struct rates *rates, const struct run *run);

/**
 * Lets `threads` cores work (0: all; CPUs only). Plain rooflines slow down in proportion; a core
 * alone may take three equal parts of the memory bandwidth (rule of thumb). Laws of family cores
 * look at rates->threads.
 */
void rates_set_threads(struct rates *rates, int64_t threads);

/** Raises the memory rates to the cache's where a working set re-read every step fits into it
 * (CPUs). */
void rates_set_working_set(struct rates *rates, const struct device *device, double bytes);

/** Puts the parameters `fit` in the place of a class's; for fitting. */
void rates_set_fit(struct rates *rates, const struct device *device, const struct kernel_fit *fit);

#endif
