#include "spec/device.h"

#include <math.h>
#include <stddef.h>

const char *const device_kind_names[DEVICE_KIND_COUNT] = {"gpu", "cpu", "wafer",
                                                          "tpu", "npu", "soc"};
const char *const link_scope_names[LINK_SCOPE_COUNT] = {"node", "host", "network", "socket",
                                                        "wafer"};
const char *const measurand_names[MEASURAND_COUNT] = {
    "memory.bandwidth", "memory.read_bandwidth",
    "cache.bandwidth",  "gemm.fp32",
    "gemm.fp16",        "gemm.bf16",
    "gemm.fp8",         "gemm.int8",
    "layer_latency",    "layer_latency_per_hidden"};

double device_measured(const struct device *device, enum measurand what)
{
    for (int i = 0; i < device->measured_count; i++)
        if (device->measured[i].what == what)
            return device->measured[i].value;
    return (double)NAN;
}

double device_cache_bytes(const struct device *device)
{
    double largest = 0.0;
    for (int i = 0; i < device->datasheet.cache_count; i++)
        largest = fmax(largest, device->datasheet.caches[i].capacity_bytes);
    return largest;
}

const struct link *device_link(const struct device *device, enum link_scope scope)
{
    const struct link *best = NULL;
    for (int i = 0; i < device->datasheet.link_count; i++) {
        const struct link *link = &device->datasheet.links[i];
        if (link->scope == scope &&
            (!best || link->bandwidth_byte_per_s > best->bandwidth_byte_per_s))
            best = link;
    }
    return best;
}

/* The next wider arithmetic that can hold the same values. */
static enum math wider(enum math math)
{
    switch (math) {
    case MATH_INT4:
        return MATH_INT8;
    case MATH_FP4:
        return MATH_FP8;
    case MATH_INT8:
    case MATH_FP8:
        return MATH_BF16;
    case MATH_BF16:
        return MATH_FP16;
    case MATH_FP16:
        return MATH_TF32;
    case MATH_TF32:
        return MATH_FP32;
    case MATH_FP32:
    case MATH_COUNT:
        break;
    }
    return MATH_COUNT;
}

enum math device_math(const struct device *device, enum math math)
{
    /* fp16 work on a part with bf16 only runs at the bf16 rate: same width, same units */
    if (math == MATH_FP16 && !(device->datasheet.peak_flop_per_s[MATH_FP16] > 0.0) &&
        device->datasheet.peak_flop_per_s[MATH_BF16] > 0.0)
        return MATH_BF16;
    while (math != MATH_COUNT && !(device->datasheet.peak_flop_per_s[math] > 0.0))
        math = wider(math);
    return math;
}

enum math device_widest_math(const struct device *device)
{
    int math = 0;
    while (math < MATH_COUNT && !(device->datasheet.peak_flop_per_s[math] > 0.0))
        math++;
    return (enum math)math;
}
