/* Fits of relatives: wider intervals, and what does not carry over to parts that were cut down. */
#include "conf/borrow.h"

#include "check.h"

#include <math.h>

static struct device part(const char *id, double peak, double bandwidth, int64_t units)
{
    struct device device = {.id = id, .kind = DEVICE_GPU};
    for (int math = 0; math < MATH_COUNT; math++)
        device.datasheet.peak_flop_per_s[math] = (double)NAN;
    device.datasheet.peak_flop_per_s[MATH_BF16] = peak;
    device.datasheet.memory_bandwidth_byte_per_s = bandwidth;
    device.datasheet.units = units;
    device.datasheet.unit_name = "SM";
    device.datasheet.clock_hz = (double)NAN;
    return device;
}

/* What `to` gets from `from`, whose one fit is a GEMM with compute 1.5, tile_load 40, spread 0.16.
 */
static struct kernel_fit lent(struct device *from, struct device *to)
{
    static struct kernel_fit room[FITS_MAX];
    struct kernel_fit fit = {.kernel = KERNEL_GEMM,
                             .math = MATH_BF16,
                             .compute_ratio = 1.5,
                             .tile_load = 40.0,
                             .memory_ratio = 0.9,
                             .fixed_s = 3e-6,
                             .split_s = 4e-6,
                             .spread_ratio = 0.16,
                             .origin = FIT_FITTED};
    const struct device *lenders[] = {from};
    from->fitted = &fit;
    from->fitted_count = 1;
    borrow_from_lenders(to, room, lenders, 1);
    check_count("fits", to->fitted_count, 1);
    check_count("borrowed", room[0].origin, FIT_BORROWED);
    return room[0];
}

/* The same chip with more memory: everything carries over, the interval is half as wide again. */
static void same_chip_lends_everything(void)
{
    struct device from = part("h100", 989e12, 3.35e12, 132);
    struct device to = part("h200", 989e12, 4.8e12, 132);
    struct kernel_fit fit = lent(&from, &to);
    check_close("spread", fit.spread_ratio, 0.24, 1e-12);
    check_close("tile load", fit.tile_load, 40.0, 1e-12);
    check_close("compute", fit.compute_ratio, 1.5, 1e-12);
    check_text("lender", to.lender, "h100");
}

/* Another generation: shares of the peak carry over, with the error that was measured so. */
static void generations_lend_shares(void)
{
    struct device from = part("h100", 989e12, 3.35e12, 132);
    struct device to = part("a100", 312e12, 2.04e12, 108);
    struct kernel_fit fit = lent(&from, &to);
    check_close("spread", fit.spread_ratio, 0.30, 1e-12);
    check_close("tile load", fit.tile_load, 40.0, 1e-12);
}

/* Cycles of the units: 4 us at 1.4 GHz are 2.8 us at 2 GHz; an empty kernel takes as long. */
static void clocks_shorten_work_not_starts(void)
{
    struct device from = part("a100", 312e12, 2.04e12, 108);
    struct device to = part("ada", 362e12, 0.86e12, 142);
    from.datasheet.clock_hz = 1.4e9;
    to.datasheet.clock_hz = 2e9;
    struct kernel_fit fit = lent(&from, &to);
    check_close("split", fit.split_s, 2.8e-6, 1e-12);
    check_close("fixed", fit.fixed_s, 3e-6, 1e-12);
}

/* Tensor cores without bf16 run fp16 at what others attain in bf16. */
static void bf16_lends_to_fp16(void)
{
    struct device from = part("a100", 312e12, 2.04e12, 108);
    struct device to = part("v100", (double)NAN, 0.9e12, 80);
    to.datasheet.peak_flop_per_s[MATH_FP16] = 125e12;
    check_close("compute", lent(&from, &to).compute_ratio, 1.5, 1e-12);
}

/*
 * Another vendor's unit: the best product attains 0.5 of its peak where the lender's attains 0.8,
 * so 1.5 becomes 1.5 * 0.5 / 0.8 = 0.9375; a better copy (0.95 against 0.9) raises nothing.
 */
static void vendors_lend_what_was_measured(void)
{
    struct device from = part("h100", 1000e12, 3e12, 132);
    struct device to = part("mi300x", 1300e12, 5e12, 304);
    struct measured own[] = {
        {.what = MEASURED_GEMM_BF16,        .value = 650e12 },
        {.what = MEASURED_MEMORY_BANDWIDTH, .value = 4.75e12}
    };
    struct measured lenders[] = {
        {.what = MEASURED_GEMM_BF16,        .value = 800e12},
        {.what = MEASURED_MEMORY_BANDWIDTH, .value = 2.7e12}
    };
    from.measured = lenders;
    to.measured = own;
    from.measured_count = to.measured_count = 2;
    to.datasheet.unit_name = "CU";
    struct kernel_fit fit = lent(&from, &to);
    check_close("compute", fit.compute_ratio, 0.9375, 1e-12);
    check_close("memory", fit.memory_ratio, 0.9, 1e-12);
    check_close("spread", fit.spread_ratio, 0.60, 1e-12);
}

/*
 * Arithmetic switched off: 148 / 78 = 1.90 against 989 / 132 = 7.49 TFLOP/s per unit, with more
 * bandwidth. Feeding a tile takes as long as before, so 40 · 1.90 / 7.49 = 10.13 in its own
 * arithmetic; and nothing attains more than its peak.
 */
static void cut_down_parts_feed_as_fast(void)
{
    struct device from = part("h100", 989e12, 3.35e12, 132);
    struct device to = part("h20", 148e12, 4.0e12, 78);
    struct kernel_fit fit = lent(&from, &to);
    check_close("tile load", fit.tile_load, 10.13, 1e-3);
    check_close("compute", fit.compute_ratio, 1.0, 1e-12);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"the same chip lends everything",    same_chip_lends_everything},
        {"generations lend shares of the peak",                                   generations_lend_shares},
        {"cut-down parts feed tiles as fast",cut_down_parts_feed_as_fast},
        {"clocks shorten work, not starts", clocks_shorten_work_not_starts},
        {"bf16 lends to fp16",                                   bf16_lends_to_fp16},
        {"vendors lend what was measured",     vendors_lend_what_was_measured},
        {0               },
    };
    return check_main("borrow", cases);
}
