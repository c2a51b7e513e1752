#include "cost/rates.h"

#include <math.h>
#include <stddef.h>

/*
 * Uncalibrated fractions, by kind of device and kernel class. They are rules of thumb, marked as
 * such wherever they are shown; a fit on measurements replaces them. Sources: GPU  gemm compute
 * 0.70: best measured shapes reach 0.80 (H100), 0.87 (A100) of the dense peak (MAMF, ml-engineering
 *        tables); memory 0.90: FlashMLA 3000/3350, BabelStream 0.83-0.96. Attention:
 * FlashAttention-3 reports 0.65-0.75 of peak at d=128. MoE memory 0.74: grouped GEMM of
 * Qwen3-30B-A3B on A100 (Frontier, 1.208 GB in 800 us). fixed: 2 us between graph nodes incl. ramp
 * of a 3.35 TB/s memory system. CPU  gemm on AMX 0.18 of nominal (KTransformers, 21 TFLOP/s bf16 on
 * Sapphire Rapids), vector units 0.5 (78.5 of 153.6 GFLOP/s fp32 on Cortex-A76, RooflineBench);
 * STREAM 0.80-0.85; thread barrier 1-3 us per operator. SoC  gemm 0.8 (4.3 of 5.3 TFLOP/s fp32 on
 * M1 Pro), memory 0.78 (317.6 of 409.6 GB/s on M1 Max).
 */
struct fraction {
    double compute;
    double memory;
    double fixed_s;
};

static struct fraction gpu_fraction(enum kernel kernel)
{
    switch (kernel) {
    case KERNEL_GEMM:
        return (struct fraction){0.70, 0.90, 1e-6};
    case KERNEL_PREFILL_ATTENTION:
    case KERNEL_MLA_PREFILL:
        return (struct fraction){0.60, 0.85, 1e-6};
    case KERNEL_DECODE_ATTENTION: /* split over the keys, then combined: two kernels */
    case KERNEL_MLA_DECODE:
        return (struct fraction){0.60, 0.85, 2e-6};
    case KERNEL_MOE:
        return (struct fraction){0.55, 0.74, 5e-6};
    case KERNEL_ELEMENTWISE:
        return (struct fraction){0.50, 0.80, 1e-6};
    case KERNEL_ALL_REDUCE:
    case KERNEL_CUSTOM_ALL_REDUCE:
    case KERNEL_ALL_GATHER:
    case KERNEL_ALL_TO_ALL:
        return (struct fraction){1.0, 0.80, 8e-6};
    case KERNEL_HOST_COPY:
        return (struct fraction){1.0, 0.80, 10e-6};
    case KERNEL_COUNT:
        break;
    }
    return (struct fraction){0.5, 0.8, 2e-6};
}

/* True where a CPU computes in `math` on a matrix unit (AMX), not on its vector units: several
 * times the fp32 rate. */
static bool has_matrix_unit(const struct device *device, enum math math)
{
    const double *peak = device->datasheet.peak_flop_per_s;
    return device->kind == DEVICE_CPU && peak[math] > 6.0 * peak[MATH_FP32];
}

static struct fraction cpu_fraction(const struct device *device, enum kernel kernel, enum math math)
{
    bool is_matrix = kernel == KERNEL_GEMM || kernel == KERNEL_MOE;
    double compute = is_matrix ? (has_matrix_unit(device, math) ? 0.18 : 0.50) : 0.25;
    return (struct fraction){compute, 0.80, 3e-6};
}

static struct fraction default_fraction(const struct device *device, enum kernel kernel,
                                        enum math math)
{
    switch (device->kind) {
    case DEVICE_CPU:
        return cpu_fraction(device, kernel, math);
    case DEVICE_SOC:
        return (struct fraction){kernel == KERNEL_GEMM ? 0.80 : 0.50, 0.78, 4e-6};
    case DEVICE_WAFER: /* decode is bound by layer_floor_s; nothing is published about kernels */
        return (struct fraction){0.50, 0.50, 0.0};
    case DEVICE_GPU:
    case DEVICE_TPU:
    case DEVICE_NPU:
    case DEVICE_KIND_COUNT:
        break;
    }
    return gpu_fraction(kernel);
}

/* Whose fractions say most about those of `math`: products of integers and of 4 bits quantise their
 * activations as fp8 does, the others run like bf16. */
static bool stands_in_better(enum math math, const struct kernel_fit *fit,
                             const struct kernel_fit *than)
{
    bool quantises = math == MATH_FP4 || math == MATH_INT8 || math == MATH_INT4;
    enum math best = quantises ? MATH_FP8 : MATH_BF16;
    if (math == MATH_FP32 || (fit->math != MATH_BF16 && fit->math != best))
        return false;
    return !than || fit->math == best;
}

/* Waves of tiles need units to spread over: a GPU whose file does not count them is a plain
 * roofline.
 */
static bool has_tiles(const struct device *device)
{
    return device->kind == DEVICE_GPU && device->datasheet.units > 0;
}

/* True where the parameters of a fit mean nothing without tiles. */
static bool is_tiled(enum kernel kernel)
{
    return kernel == KERNEL_GEMM || kernel == KERNEL_MOE || kernel == KERNEL_PREFILL_ATTENTION ||
           kernel == KERNEL_DECODE_ATTENTION || kernel == KERNEL_MLA_PREFILL ||
           kernel == KERNEL_MLA_DECODE;
}

/* The fitted row for this class: one for the very arithmetic wins over one for any. Where there is
   none, the fractions of another arithmetic are the best guess there is (of tensor cores for tensor
   cores); the caller widens their spread. */
static const struct kernel_fit *find_fit(const struct device *device, enum kernel kernel,
                                         enum math math)
{
    const struct kernel_fit *any = NULL;
    const struct kernel_fit *other = NULL;
    if (device->kind == DEVICE_GPU && is_tiled(kernel) && !has_tiles(device))
        return NULL;
    for (int i = 0; i < device->fitted_count; i++) {
        const struct kernel_fit *fit = &device->fitted[i];
        if (fit->kernel != kernel)
            continue;
        if (fit->math == math)
            return fit;
        if (fit->math == MATH_COUNT)
            any = fit;
        else if (stands_in_better(math, fit, other))
            other = fit;
    }
    return any ? any : other;
}

/* 90 % of |ln(measured/predicted)| of an uncalibrated class are taken to lie below this: plain
   rooflines with such fractions miss measured kernels by 8-35 % at the median; a normal law with
   that median of 0.25 has its 90 % at 0.6. */
static const double uncalibrated_spread = 0.6;

/* Fractions of bf16 used for another arithmetic: fp8 kernels of AIConfigurator's H100 tables lie up
 * to this far off. */
static const double other_math_spread = 0.6;

static struct kernel_fit unset_fit(void)
{
    struct kernel_fit fit = {0};
#define UNSET(member, key, dimension, low, high, meaning) fit.member = (double)NAN;
    KERNEL_PARAM_LIST(UNSET)
#undef UNSET
    return fit;
}

/* A plain roofline, and for GEMMs whole tiles in whole waves. The tile edge at which feeding a tile
   costs as much as its arithmetic (43) is that of a joint fit on A100 and H100; compute is scaled
   so that a 128 x 128 tile attains it. */
static struct kernel_fit default_fit(const struct device *device, enum kernel kernel,
                                     enum math math)
{
    const double tile_load = 43.0;
    struct fraction fraction = default_fraction(device, kernel, math);
    struct kernel_fit fit = unset_fit();
    fit.kernel = kernel;
    fit.math = math;
    fit.compute_ratio = fraction.compute;
    fit.memory_ratio = fraction.memory;
    fit.fixed_s = fraction.fixed_s;
    fit.smooth = 8.0;
    fit.spread_ratio = uncalibrated_spread;
    fit.origin = FIT_UNCALIBRATED;
    if (kernel == KERNEL_GEMM && has_tiles(device)) {
        fit.compute_ratio *= 1.0 + tile_load / 64.0;
        fit.tile_load = tile_load;
        fit.start_depth = 0.0;
        fit.split_s = 3.4e-6;
        fit.wave_ratio = 1.0;
    }
    return fit;
}

static void set_rate(struct kernel_rate *rate, const struct device *device,
                     const struct kernel_fit *fit)
{
    rate->fit = *fit;
    rate->slower_ratio = expm1(fit->spread_ratio);
    rate->faster_ratio = -expm1(-fit->spread_ratio);
    rate->peak_flop_per_s = device->datasheet.peak_flop_per_s[rate->math];
    rate->flop_per_s = fit->compute_ratio * rate->peak_flop_per_s;
    rate->byte_per_s = fit->memory_ratio * device->datasheet.memory_bandwidth_byte_per_s;
    rate->has_shape_law = fit->origin != FIT_UNCALIBRATED;
    rate->vector_flop_per_s = has_matrix_unit(device, rate->math)
                                  ? 0.5 * device->datasheet.peak_flop_per_s[MATH_FP32]
                                  : 0.0;
}

static struct kernel_rate rate_of(const struct device *device, enum kernel kernel, enum math asked,
                                  enum rates_basis basis)
{
    enum math math = device_math(device, asked);
    if (math == MATH_COUNT) /* of small operators: conf checks that products have theirs */
        math = device_widest_math(device);
    struct kernel_rate rate = {.math = math};
    struct kernel_fit fit = default_fit(device, kernel, math);
    const struct kernel_fit *fitted = basis == RATES_BEST ? find_fit(device, kernel, math) : NULL;
    if (fitted) {
        fit = *fitted;
        bool is_same = fitted->math == math || fitted->math == MATH_COUNT;
        bool is_own = is_same && fitted->origin != FIT_BORROWED;
        fit.origin = is_own ? FIT_FITTED : FIT_BORROWED;
        if (!is_same && fit.spread_ratio < other_math_spread)
            fit.spread_ratio = other_math_spread;
    }
    set_rate(&rate, device, &fit);
    return rate;
}

void rates_set_fit(struct rates *rates, const struct device *device, const struct kernel_fit *fit)
{
    for (int math = 0; math < MATH_COUNT; math++) {
        struct kernel_rate *rate = &rates->kernels[fit->kernel][math];
        if (fit->math == MATH_COUNT || fit->math == rate->math)
            set_rate(rate, device, fit);
    }
}

static double known_or(double value, double otherwise)
{
    return isnan(value) ? otherwise : value;
}

/* PyTorch spends 5-15 us of host time per operator (upper end: the published eager decode of
   Llama-3.1-8B on H100 needs it), a compiled engine 4-6 us per launch, a captured graph 5-10 us in
   all. On CPUs the host is the device. */
static struct launch_cost launch_of(const struct device *device)
{
    bool has_host = device->kind != DEVICE_CPU && device->kind != DEVICE_WAFER;
    const struct launch_cost *given = &device->launch;
    return (struct launch_cost){
        .eager_s = known_or(given->eager_s, has_host ? 15e-6 : 0.0),
        .kernel_s = known_or(given->kernel_s, has_host ? 5e-6 : 0.0),
        .graph_s = known_or(given->graph_s, has_host ? 8e-6 : 0.0),
    };
}

static double layer_floor(const struct device *device, int64_t hidden)
{
    double fixed = known_or(device_measured(device, MEASURED_LAYER_LATENCY), 0.0);
    double slope = known_or(device_measured(device, MEASURED_LAYER_LATENCY_PER_HIDDEN), 0.0);
    return fixed + slope * (double)hidden;
}

static double link_rate(const struct device *device)
{
    const struct link *link = device_link(device, LINK_NODE);
    if (!link)
        link = device_link(device, LINK_HOST);
    return link ? known_or(link->bandwidth_byte_per_s, 0.0) : 0.0;
}

void rates_set_fabric(struct rates *rates, const struct run *run)
{
    /* DeepEP's low-latency kernels carry 39-40 GB/s over 50 GB/s InfiniBand NICs, its normal
       kernels 43-58 GB/s of logical traffic; a message that the GPU starts takes 2-5 us */
    const double attained = 0.80;
    const double hop_s = 5e-6;
    /*
     * Inside an engine ranks reach a collective one after the other: one constant for all engines.
     * Every other row of TensorRT-LLM and vLLM on H100 (AIConfigurator's end-to-end table) and of
     * LLM-Inference-Bench on A100 asks for 8 to 10 us; with those, later vLLM (InferenceMAX, in no
     * fit of this) becomes 8 % too slow. At 5 us mean |ln error| of the rows between falls from
     * 0.139 to 0.120 and their median error from 10 to 7.4 %.
     */
    const double rank_wait_s = 5e-6;
    if (run->device_count < 2)
        return;
    rates->rank_wait_s = run->device->kind == DEVICE_GPU ? rank_wait_s : 0.0;
    struct fabric fabric = run_fabric(run);
    rates->link_byte_per_s = fabric.node_byte_per_s;
    rates->network_byte_per_s = attained * fabric.network_byte_per_s;
    rates->network_hop_s = known_or(fabric.network_latency_s, hop_s);
}

void rates_init(struct rates *rates, const struct device *device, int64_t hidden,
                enum rates_basis basis)
{
    *rates = (struct rates){0};
    for (int kernel = 0; kernel < KERNEL_COUNT; kernel++)
        for (int math = 0; math < MATH_COUNT; math++) {
            struct kernel_rate *rate = &rates->kernels[kernel][math];
            *rate = rate_of(device, (enum kernel)kernel, (enum math)math, basis);
            rates->peak_flop_per_s[math] = rate->peak_flop_per_s;
        }
    rates->has_tiles = has_tiles(device);
    rates->memory_byte_per_s = device->datasheet.memory_bandwidth_byte_per_s;
    rates->cache_bytes = device_cache_bytes(device);
    rates->units = rates->has_tiles ? (double)device->datasheet.units : 1.0;
    bool is_cpu = device->kind == DEVICE_CPU && device->datasheet.units > 0;
    rates->cores = is_cpu ? (double)device->datasheet.units : 1.0;
    rates->threads = rates->cores;
    rates->link_byte_per_s = link_rate(device);
    const struct link *host = device_link(device, LINK_HOST);
    rates->host_byte_per_s = host ? known_or(host->bandwidth_byte_per_s, 0.0) : 0.0;
    rates->layer_floor_s = layer_floor(device, hidden);
    rates->layer_floor_spread = uncalibrated_spread; /* from vendors' speeds, without an error */
    rates->launch = launch_of(device);
    rates->device_eager_s = rates->launch.eager_s;
}

/* The narrowest format among the weights that `kernel` multiplies [B]. */
static double narrowest_bytes(const struct run *run, enum kernel kernel)
{
    double bytes = format_bytes(run->precision.weights);
    int count = kernel == KERNEL_MOE && run->levers ? run->levers->expert_format_count : 0;
    for (int i = 0; i < count; i++)
        bytes = fmin(bytes, format_bytes(run->levers->expert_formats[i].format));
    return bytes;
}

void rates_set_precision(struct rates *rates, const struct run *run)
{
    /* int4 kernels with 16-bit arithmetic attain 0.8-0.9 of the 16-bit rate on large products;
       8-bit weights need no unpacking, only a conversion that hides */
    const double unpacking_ratio = 0.85;
    static const enum kernel kernels[] = {KERNEL_GEMM, KERNEL_MOE};
    double activation_bytes = format_bytes(run->precision.activations);
    rates->quantise_byte_per_s = 0.0;
    rates->launch.eager_s =
        run->engine.operator_s > 0.0 ? run->engine.operator_s : rates->device_eager_s;
    if (run->levers && run->levers->streaming.byte_per_s > 0.0)
        rates->host_byte_per_s = run->levers->streaming.byte_per_s;
    if (run->device->kind != DEVICE_GPU)
        return;
    for (int k = 0; k < 2; k++)
        for (int math = 0; math < MATH_COUNT; math++) {
            struct kernel_rate *rate = &rates->kernels[kernels[k]][math];
            bool unpacks = narrowest_bytes(run, kernels[k]) < 1.0 && activation_bytes > 1.0;
            rate->flop_per_s = rate->fit.compute_ratio * rate->peak_flop_per_s;
            rate->flop_per_s *= unpacks ? unpacking_ratio : 1.0;
        }
    if (activation_bytes < 2.0 && run->engine.launch == LAUNCH_EAGER)
        rates->quantise_byte_per_s =
            rates->kernels[KERNEL_ELEMENTWISE][MATH_FP32].fit.origin == FIT_UNCALIBRATED
                ? rates->kernels[KERNEL_ELEMENTWISE][MATH_FP32].byte_per_s
                : rates->memory_byte_per_s;
}

void rates_set_threads(struct rates *rates, int64_t threads)
{
    const double lone_share = 3.0;
    if (threads <= 0 || !((double)threads < rates->cores))
        return;
    rates->threads = (double)threads;
    double part = rates->threads / rates->cores;
    for (int kernel = 0; kernel < KERNEL_COUNT; kernel++)
        for (int math = 0; math < MATH_COUNT; math++) {
            struct kernel_rate *rate = &rates->kernels[kernel][math];
            if (rate->fit.family == FAMILY_CORES)
                continue;
            rate->flop_per_s *= part;
            rate->byte_per_s *= fmin(lone_share * part, 1.0);
            rate->vector_flop_per_s *= part;
        }
}

void rates_set_working_set(struct rates *rates, const struct device *device, double bytes)
{
    /* weights up to 0.7 of the last-level cache stay there; it delivers 3-6 times DRAM */
    const double resident_share = 0.7;
    const double speedup = 4.0;
    rates->working_set_bytes = bytes;
    if (device->kind != DEVICE_CPU || !(bytes <= resident_share * rates->cache_bytes))
        return;
    double measured = device_measured(device, MEASURED_CACHE_BANDWIDTH);
    double ratio = known_or(measured / rates->memory_byte_per_s, speedup);
    for (int kernel = 0; kernel < KERNEL_COUNT; kernel++)
        for (int math = 0; math < MATH_COUNT; math++)
            if (rates->kernels[kernel][math].fit.family != FAMILY_CORES)
                rates->kernels[kernel][math].byte_per_s *= ratio;
}
