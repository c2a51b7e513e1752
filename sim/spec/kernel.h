/* Kernel classes and the few physical parameters that a device's YAML carries for each. */
#ifndef TOKENROOF_SPEC_KERNEL_H
#define TOKENROOF_SPEC_KERNEL_H

#include "spec/dtype.h"

#include <stdint.h>

/** Operators whose time follows the same law with the same parameters. X(id, name) */
#define KERNEL_LIST(X)                                                                             \
    X(GEMM, "gemm")                                                                                \
    X(PREFILL_ATTENTION, "prefill_attention")                                                      \
    X(DECODE_ATTENTION, "decode_attention")                                                        \
    X(MLA_PREFILL, "mla_prefill")                                                                  \
    X(MLA_DECODE, "mla_decode")                                                                    \
    X(MOE, "moe")                                                                                  \
    X(ELEMENTWISE, "elementwise")                                                                  \
    X(ALL_REDUCE, "all_reduce")                                                                    \
    X(CUSTOM_ALL_REDUCE, "custom_all_reduce")                                                      \
    X(ALL_GATHER, "all_gather")                                                                    \
    X(ALL_TO_ALL, "all_to_all")                                                                    \
    X(HOST_COPY, "host_copy")

#define KERNEL_ENUM(id, name) KERNEL_##id,
/** The kernel classes. */
enum kernel { KERNEL_LIST(KERNEL_ENUM) KERNEL_COUNT };
#undef KERNEL_ENUM
extern const char *const kernel_names[KERNEL_COUNT];

/** Where a set of parameters comes from. */
enum fit_origin {
    FIT_UNCALIBRATED, /**< default of the device kind: rules of thumb */
    FIT_BORROWED,     /**< fitted on the nearest calibrated relative */
    FIT_FITTED,       /**< fitted on measurements of this device */
};

/** Generation of kernels: decides tiles and splitting. */
enum kernel_family {
    FAMILY_WIDE, /**< Hopper and later: 128 x 128 attention tiles, heads of a group packed, KV split
                    for all */
    FAMILY_NARROW, /**< Ampere and Ada: 64 x 64 tiles, one query head per tile, no KV split for MHA
                    */
    FAMILY_DISPATCHED, /**< GEMM whose tile follows from its rows alone, activations converted first
                          (CUTLASS fp8) */
    FAMILY_CORES,      /**< CPU cores that stream packed weights once and share every operator among
                          them */
    KERNEL_FAMILY_COUNT
};
extern const char *const kernel_family_names[KERNEL_FAMILY_COUNT];

/**
 * Numeric parameters of a kernel's law. X(member, key, dimension, low, high, meaning). Which ones a
 * class uses is said at its law in cost/; the others stay unset (NaN). x = tiles per unit; "unit" =
 * SM, CU or core.
 */
#define KERNEL_PARAM_LIST(X)                                                                       \
    X(compute_ratio, "compute", NUMBER, 1e-4, 10,                                                  \
      "attained fraction of peak FLOP/s (of an infinite tile)")                                    \
    X(memory_ratio, "memory", NUMBER, 1e-4, 2,                                                     \
      "attained fraction of peak memory (or link) bandwidth")                                      \
    X(fixed_s, "fixed", SECOND, 0, 1, "time of an empty kernel")                                   \
    X(smooth, "smooth", NUMBER, 0.5, 64, "p of (compute^p + memory^p)^(1/p)")                      \
    X(tile_load, "tile_load", NUMBER, 0, 1000,                                                     \
      "tile edge at which feeding operands costs as much as multiplying")                          \
    X(unpack_rows, "unpack", NUMBER, 0, 1000,                                                      \
      "rows of products that unpacking a tile's 4-bit weights costs")                              \
    X(start_depth, "start_depth", NUMBER, 0, 10000,                                                \
      "depth of product that starting a tile is worth")                                            \
    X(split_s, "split", SECOND, 0, 1, "time to combine partial results of a split kernel")         \
    X(wave_ratio, "wave", NUMBER, 0, 2, "share of a last, partly filled wave that is paid")        \
    X(row_s, "row", SECOND, 0, 1,                                                                  \
      "time of a row on one unit: to convert it, or to find it anywhere in memory")                \
    X(convert_ratio, "convert", NUMBER, 1e-4, 1000,                                                \
      "attained fraction of memory bandwidth when converting activations")                         \
    X(request_s, "request", SECOND, 0, 1, "time per request")                                      \
    X(tile_s, "tile", SECOND, 0, 1, "time per tile beyond its arithmetic")                         \
    X(unit_ratio, "unit", NUMBER, 1e-3, 100,                                                       \
      "bandwidth that one unit reaches, in shares of an equal part")                               \
    X(head_extra, "head_extra", NUMBER, 0, 1000,                                                   \
      "head width that softmax and bookkeeping are worth")                                         \
    X(longest_ratio, "longest", NUMBER, 0, 10, "weight of the longest chain of tiles")             \
    X(kv_extra_bytes, "kv_extra", NUMBER, 0, 100,                                                  \
      "bytes moved per key or value element beside one read")                                      \
    X(smooth_units, "smooth_units", NUMBER, 0.5, 64,                                               \
      "p between spread work and the longest chain")                                               \
    X(expert_s, "expert", SECOND, 0, 1, "time per expert")                                         \
    X(reread, "reread", NUMBER, 0, 100,                                                            \
      "cache sizes that one expert's weights may have to be read once")                            \
    X(gather_ratio, "gather", NUMBER, 0, 100,                                                      \
      "passes over the hidden states of routed rows, or over scattered keys and values")           \
    X(middle_ratio, "middle", NUMBER, 0, 100,                                                      \
      "passes over the intermediate states of routed rows, or of an activation function")          \
    X(search_ratio, "search", NUMBER, 0, 100, "passes over the logits of sampling")                \
    X(copy_s, "copy", SECOND, 0, 1, "time to copy scattered results together")                     \
    X(hop_s, "hop", SECOND, 0, 1, "time per hop of a collective, bandwidth protocol")              \
    X(low_fixed_s, "low_fixed", SECOND, 0, 1, "time of an empty collective, latency protocol")     \
    X(low_hop_s, "low_hop", SECOND, 0, 1, "time per hop, latency protocol")                        \
    X(low_ratio, "low_ratio", NUMBER, 1e-4, 2, "attained fraction of the link, latency protocol")  \
    X(copies, "copies", NUMBER, 0, 100, "passes of a collective's message through memory")         \
    X(switch_fixed_s, "switch_fixed", SECOND, 0, 1, "time of an empty in-switch reduction")        \
    X(switch_ratio, "switch_ratio", NUMBER, 1e-4, 2,                                               \
      "attained fraction of the link, in-switch reduction")                                        \
    X(cache_ratio, "cache_share", NUMBER, 0, 10,                                                   \
      "share of the cache in which a repeated kernel finds its data")                              \
    X(cache_speed, "cache_speed", NUMBER, 0, 100, "cache bandwidth in units of memory bandwidth")  \
    X(barrier_s, "barrier", SECOND, 0, 1, "time to start and join all units once")                 \
    X(exchange_ratio, "exchange", NUMBER, 0, 100,                                                  \
      "bandwidth of data that another unit wrote, in units of memory bandwidth")                   \
    X(cross_ratio, "cross", NUMBER, 1e-4, 100,                                                     \
      "attained fraction of that bandwidth by activations")                                        \
    X(fork_count, "forks", NUMBER, 0, 1000, "barriers that sharing one operator is worth")         \
    X(line_count, "lines", NUMBER, 0, 10000,                                                       \
      "cache lines that a unit keeps under way from memory")                                       \
    X(latency_s, "latency", SECOND, 0, 1, "time until memory delivers a line")

#define KERNEL_PARAM_MEMBER(member, key, dimension, low, high, meaning) double member;
/** Parameters of one kernel class on one device, for one arithmetic. */
struct kernel_fit {
    enum kernel kernel;
    enum math math;            /**< MATH_COUNT = any arithmetic */
    enum kernel_family family; /**< generation of its kernels */
    KERNEL_PARAM_LIST(KERNEL_PARAM_MEMBER)
    double spread_ratio;      /**< 90 % of |ln(measured/predicted)| lie below it */
    const char *from;         /**< data that it was fitted on */
    int64_t rows;             /**< measurements used */
    double fit_median_ratio;  /**< median |error| on fitted rows */
    double held_median_ratio; /**< median |error| on rows the fit never saw */
    double held_p90_ratio;    /**< 90th percentile of |error| on rows the fit never saw */
    const char *date;         /**< of the fit */
    enum fit_origin origin;   /**< set by the program, never by a file */
};
#undef KERNEL_PARAM_MEMBER

/** What the host pays to start work on the device. */
struct launch_cost {
    double eager_s;  /**< host time per framework operator, eager [s] */
    double kernel_s; /**< host time per kernel of a compiled engine [s] */
    double graph_s;  /**< host time to launch a captured graph [s] */
    const char *source;
};

#endif
