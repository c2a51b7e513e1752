#include "conf/borrow.h"

#include <math.h>
#include <string.h>

/*
 * 90th percentile of |error| when fractions fitted on A100 predict H100, and H100's A100, by
 * datasheet numbers alone
 * (`tokenroof validate --fits-from`, rows above 10 us of AIConfigurator's tables): GEMM 27
 * and 25 %, prefill attention 33 and 36 %, decode attention 45 and 38 %, MoE 33 and 42 %,
 * collectives 44-75 and 42-44 %. Taken as 90 % intervals in logarithms; classes that were not tried
 * get the widest, and so does everything between vendors.
 */
static const double widest_spread = 0.60;

static double transfer_spread(enum kernel kernel)
{
    switch (kernel) {
    case KERNEL_GEMM:
        return 0.30;
    case KERNEL_PREFILL_ATTENTION:
        return 0.38;
    case KERNEL_MOE:
        return 0.45;
    case KERNEL_DECODE_ATTENTION:
        return 0.48;
    case KERNEL_MLA_DECODE:
    case KERNEL_MLA_PREFILL:
    case KERNEL_ELEMENTWISE:
    case KERNEL_ALL_REDUCE:
    case KERNEL_CUSTOM_ALL_REDUCE:
    case KERNEL_ALL_GATHER:
    case KERNEL_ALL_TO_ALL:
    case KERNEL_HOST_COPY:
    case KERNEL_COUNT:
        break;
    }
    return widest_spread;
}

/* The same chip with other memory (H200, H800 beside H100): same units, same peak. */
static bool is_same_chip(const struct device *a, const struct device *b)
{
    double ratio =
        a->datasheet.peak_flop_per_s[MATH_BF16] / b->datasheet.peak_flop_per_s[MATH_BF16];
    return a->datasheet.units == b->datasheet.units && fabs(ratio - 1.0) < 0.01;
}

static double unit_peak(const struct device *device)
{
    return device->datasheet.peak_flop_per_s[MATH_BF16] / (double)device->datasheet.units;
}

/* The same silicon with arithmetic switched off (H20): at least the lender's memory bandwidth, less
 * than half of its arithmetic per unit. Between generations (A100, H100) both grow together. */
static bool is_cut_down(const struct device *device, const struct device *lender)
{
    return device->datasheet.memory_bandwidth_byte_per_s >=
               lender->datasheet.memory_bandwidth_byte_per_s &&
           unit_peak(device) < 0.5 * unit_peak(lender);
}

static bool has_fit(const struct device *device, enum kernel kernel, enum math math)
{
    for (int i = 0; i < device->fitted_count; i++)
        if (device->fitted[i].kernel == kernel && device->fitted[i].math == math)
            return true;
    return false;
}

/* Streaming multiprocessors, compute units, ...: whose architecture a device has. */
static bool is_same_vendor(const struct device *a, const struct device *b)
{
    const char *x = a->datasheet.unit_name;
    const char *y = b->datasheet.unit_name;
    return x && y && strcmp(x, y) == 0;
}

/*
 * Times per tile, request and expert are cycles of the units: they shrink with the clock. What a
 * kernel costs when it is empty does not (elementwise 2.8 to 3.3 us from 1.4 to 2.6 GHz, MoE 30 us
 * on A100 and H100). Median / 90th percentile with and without: decode attention of H100 by A100's
 * fits 19 / 45 and 21 / 60 %, of A100 by H100's 21 / 38 and 22 / 39 %, of RTX PRO 6000 by A100's 12
 * / 41 and 18 / 68 %; GEMM and MoE of H100 and A100 by each other's gain a point or none. Prefill
 * attention is left alone: its times belong to the generation of its algorithm (36 % without, 59 %
 * with).
 */
static void scale_times(struct kernel_fit *fit, const struct device *from, const struct device *to)
{
    double ratio = from->datasheet.clock_hz / to->datasheet.clock_hz;
    if (!(ratio > 0.0) || fit->kernel == KERNEL_PREFILL_ATTENTION || is_same_chip(from, to))
        return;
    double *const times[] = {&fit->split_s,  &fit->request_s, &fit->tile_s,
                             &fit->expert_s, &fit->copy_s,    &fit->row_s};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        *times[i] *= ratio;
}

/* What measurements say `device` attains of a peak, NaN where nobody measured. */
static double measured_share(const struct device *device, enum math math)
{
    const double *peak = device->datasheet.peak_flop_per_s;
    enum measurand what = math == MATH_FP8 ? MEASURED_GEMM_FP8 : MEASURED_GEMM_BF16;
    return device_measured(device, what) / peak[math == MATH_FP8 ? MATH_FP8 : MATH_BF16];
}

static double measured_memory_share(const struct device *device)
{
    return device_measured(device, MEASURED_MEMORY_BANDWIDTH) /
           device->datasheet.memory_bandwidth_byte_per_s;
}

/* Between vendors, the best product and the copy that were measured on both are better evidence of
 * what is attained than the lender's fraction; they only lower it. */
static void lower_to_measured(struct kernel_fit *fit, const struct device *from,
                              const struct device *to)
{
    double compute = measured_share(to, fit->math) / measured_share(from, fit->math);
    double memory = measured_memory_share(to) / measured_memory_share(from);
    bool is_link = fit->math == MATH_COUNT && fit->kernel != KERNEL_ELEMENTWISE;
    if (compute < 1.0)
        fit->compute_ratio *= compute;
    if (memory < 1.0 && !is_link)
        fit->memory_ratio *= memory;
}

struct kernel_fit borrow_fit(const struct kernel_fit *fit, const struct device *from,
                             const struct device *to)
{
    const double same_chip_widening = 1.5;
    bool is_close = is_same_vendor(from, to);
    struct kernel_fit copy = *fit;
    double widened = is_same_chip(from, to) ? same_chip_widening * fit->spread_ratio
                     : is_close             ? transfer_spread(fit->kernel)
                                            : widest_spread;
    copy.spread_ratio = fmax(fit->spread_ratio, widened);
    copy.origin = FIT_BORROWED;
    scale_times(&copy, from, to);
    if (!is_close)
        lower_to_measured(&copy, from, to);
    /* feeding a tile is counted in arithmetic; what was switched off is not the feeding */
    if (is_cut_down(to, from)) {
        copy.tile_load *= unit_peak(to) / unit_peak(from);
        copy.compute_ratio = fmin(copy.compute_ratio, 1.0);
    }
    return copy;
}

/* Tensor cores without bf16 (Volta, Turing) run fp16 at the rate that others run both. */
static bool can_use(const struct device *device, enum math math)
{
    if (math == MATH_COUNT || device_math(device, math) == math)
        return true;
    return math == MATH_BF16 && device_math(device, MATH_FP16) == MATH_FP16;
}

static void borrow_from(struct device *device, const struct device *lender, int most)
{
    int own = device->fitted_count;
    for (int i = 0; i < lender->fitted_count && device->fitted_count < most; i++) {
        const struct kernel_fit *fit = &lender->fitted[i];
        if (!can_use(device, fit->math) || has_fit(device, fit->kernel, fit->math))
            continue;
        device->fitted[device->fitted_count++] = borrow_fit(fit, lender, device);
    }
    if (device->fitted_count > own && !device->lender)
        device->lender = lender->id;
}

void borrow_from_lenders(struct device *device, struct kernel_fit room[FITS_MAX],
                         const struct device *const *lenders, int count)
{
    for (int i = 0; i < device->fitted_count && i < FITS_MAX; i++)
        room[i] = device->fitted[i];
    device->fitted = room;
    for (int i = 0; i < count; i++)
        if (lenders[i])
            borrow_from(device, lenders[i], FITS_MAX);
}

const struct device *borrow_fits(const struct loader *loader, const struct device *device,
                                 struct place place)
{
    bool has_fits = device->relative_count > 0 || device->fitted_count > 0;
    if (device->kind != DEVICE_GPU || !has_fits)
        return device;
    if (device->datasheet.units == 0) {
        diag_add(loader->diags, SEVERITY_WARNING, place,
                 "fits of kernels are of no use without the number of units");
        diag_hint(loader->diags, "add to the datasheet how many SMs or CUs it has: units: 132");
    }
    if (device->relative_count == 0)
        return device;
    struct device *copy = arena_alloc(loader->arena, sizeof *copy);
    *copy = *device;
    const struct device **lenders =
        arena_array(loader->arena, (size_t)device->relative_count, sizeof *lenders);
    for (int i = 0; i < device->relative_count; i++)
        lenders[i] = load_device(loader, device->relatives[i], ".", place);
    borrow_from_lenders(copy, arena_array(loader->arena, FITS_MAX, sizeof *copy->fitted), lenders,
                        device->relative_count);
    return copy;
}
