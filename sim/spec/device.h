/* A device as its YAML file says it: datasheet, measured and fitted knowledge kept apart. */
#ifndef TOKENROOF_SPEC_DEVICE_H
#define TOKENROOF_SPEC_DEVICE_H

#include "spec/dtype.h"
#include "spec/kernel.h"

#include <stdbool.h>
#include <stdint.h>

/** What kind of machine it is; decides the uncalibrated fractions that a kernel class starts from.
 */
enum device_kind {
    DEVICE_GPU,   /**< discrete GPU */
    DEVICE_CPU,   /**< cores with caches and DRAM */
    DEVICE_WAFER, /**< weights resident in on-wafer SRAM */
    DEVICE_TPU,   /**< systolic arrays with a compiler-managed scratchpad */
    DEVICE_NPU,   /**< other accelerators */
    DEVICE_SOC,   /**< GPU that shares DRAM with its CPU */
    DEVICE_KIND_COUNT
};
extern const char *const device_kind_names[DEVICE_KIND_COUNT];

/** How far a link reaches. */
enum link_scope {
    LINK_NODE,    /**< other devices in the same node */
    LINK_HOST,    /**< the host's memory */
    LINK_NETWORK, /**< other nodes */
    LINK_SOCKET,  /**< the other CPU socket */
    LINK_WAFER,   /**< on-wafer fabric */
    LINK_SCOPE_COUNT
};
extern const char *const link_scope_names[LINK_SCOPE_COUNT];

/** One cache level. */
struct cache {
    const char *name;
    double capacity_bytes;       /**< [B] */
    double bandwidth_byte_per_s; /**< [B/s], NaN = unknown */
};

/** One kind of link; per device, per direction, summed over its lanes. */
struct link {
    const char *name;
    enum link_scope scope;
    double bandwidth_byte_per_s; /**< [B/s] */
    double latency_s;            /**< one hop [s], NaN = unknown */
    int64_t devices;             /**< devices that it joins, this one included */
};

/** What was measured on the device. */
enum measurand {
    MEASURED_MEMORY_BANDWIDTH,
    MEASURED_MEMORY_READ_BANDWIDTH,
    MEASURED_CACHE_BANDWIDTH,
    MEASURED_GEMM_FP32,
    MEASURED_GEMM_FP16,
    MEASURED_GEMM_BF16,
    MEASURED_GEMM_FP8,
    MEASURED_GEMM_INT8,
    MEASURED_LAYER_LATENCY,            /**< time that a layer takes at least per token [s] */
    MEASURED_LAYER_LATENCY_PER_HIDDEN, /**< and its growth with the hidden size [s] */
    MEASURAND_COUNT
};
extern const char *const measurand_names[MEASURAND_COUNT];

/** One measured value with where it comes from. */
struct measured {
    enum measurand what;
    double value;           /**< [SI unit of `what`] */
    const char *value_text; /**< as the file says it */
    const char *how;
    const char *source;
};

/** The vendor's numbers: dense peaks, links per direction. */
struct datasheet {
    const char *source;
    const char *verified;
    const char *doubt;
    double peak_flop_per_s[MATH_COUNT]; /**< dense [FLOP/s]; 0 = does not compute in it, NaN =
                                           unknown */
    int64_t units;                      /**< SMs, CUs, cores; 0 = not said */
    const char *unit_name;
    double clock_hz; /**< [Hz], NaN = unknown */
    const char *memory_kind;
    double memory_bytes;                /**< capacity [B] */
    double memory_bandwidth_byte_per_s; /**< [B/s] */
    struct cache *caches;
    int cache_count;
    struct link *links;
    int link_count;
    double tdp_w;  /**< [W], NaN = unknown */
    double idle_w; /**< [W], NaN = unknown */
};

/** A device. */
struct device {
    const char *id;   /**< file name without its ending: what people type */
    const char *name; /**< display name */
    enum device_kind kind;
    const char *launched;
    const char **relatives; /**< ids of devices that may lend fitted fractions, nearest first */
    int relative_count;
    struct datasheet datasheet;
    struct measured *measured;
    int measured_count;
    struct kernel_fit *fitted; /**< fitted fractions, [fitted_count] */
    int fitted_count;
    const char *lender;        /**< relative whose fits were borrowed, or NULL */
    struct launch_cost launch; /**< host side; NaN members = the default of the kind */
    const char *notes;
};

/** The first measured value of `what`, or NaN. */
double device_measured(const struct device *device, enum measurand what);

/** Capacity of the largest cache [B], 0 when the file lists none. */
double device_cache_bytes(const struct device *device);

/** The link of that scope with the highest bandwidth, or NULL. */
const struct link *device_link(const struct device *device, enum link_scope scope);

/**
 * The arithmetic in which the device runs work asked for in `math`: itself where it has a rate for
 * it, else the next wider one that it has (fp4 → fp8 → bf16 → fp16 → tf32 → fp32). MATH_COUNT when
 * none.
 */
enum math device_math(const struct device *device, enum math math);

/** The widest arithmetic that the device has a rate for; MATH_COUNT when it has none. */
enum math device_widest_math(const struct device *device);

#endif
