/* Operator times: each roofline term is a floor, collectives follow their formulas, shapes cost
 * what they waste. */
#include "cost/collective.h"
#include "cost/laws.h"

#include "check.h"
#include "fixtures.h"

#include <math.h>
#include <stdio.h>

/* 8192 x 8192 x 8192 in bf16 on H100: 64 x 64 = 4096 tiles of 128 x 128 over 132 SMs = 31.03, so 32
   waves; a tile attains 0.70 of its SM's share of 989.4 TFLOP/s: 32 · 2·128·128·8192 · 132/(0.70 ·
   989.4e12) = 1.637 ms. */
static void large_gemm_by_hand(void)
{
    struct arena arena;
    arena_init(&arena);
    struct rates rates;
    rates_init(&rates, fixture_device(&arena, "h100-sxm"), 8192, RATES_UNCALIBRATED);
    struct op op = {.kind = OP_GATE_UP, .kernel = KERNEL_GEMM, .math = MATH_BF16};
    op.flops = 2.0 * 8192.0 * 8192.0 * 8192.0;
    op.weight_bytes = 2.0 * 8192.0 * 8192.0;
    op.activation_bytes = 4.0 * 8192.0 * 8192.0;
    op.shape = (struct op_shape){.rows = 8192.0, .columns = 8192.0, .depth = 8192.0, .groups = 1.0};
    struct op_cost cost = op_time(&rates, &op);
    check_close("compute", cost.compute_s,
                32.0 * 2.0 * 128.0 * 128.0 * 8192.0 * 132.0 / (0.70 * 989.4e12), 1e-12);
    check_close("in ms", cost.compute_s, 1.637e-3, 1e-3);
    check_count("bound", cost.bound, BOUND_COMPUTE);
    arena_release(&arena);
}

/* A product whose FLOPs per byte are below the ridge may still wait for arithmetic, as tiles of 128
   x 128 are computed whole and units stay idle: that is waste, not work, and is called so. */
static void waste_is_not_called_compute(void)
{
    struct arena arena;
    arena_init(&arena);
    struct rates rates;
    rates_init(&rates, fixture_device(&arena, "h100-sxm"), 8192, RATES_UNCALIBRATED);
    for (int math = 0; math < MATH_COUNT; math++)
        rates.kernels[KERNEL_GEMM][math].fit.fixed_s = 0.0;
    const struct kernel_rate *rate = &rates.kernels[KERNEL_GEMM][MATH_BF16];
    double ridge = rate->flop_per_s / rate->byte_per_s;
    struct random random = {29};
    int padded = 0;
    for (int i = 0; i < 1000; i++) {
        double rows = (double)random_count(&random, 1, 400);
        double columns = (double)random_count(&random, 1, 8192);
        double depth = (double)random_count(&random, 64, 8192);
        struct op op = {
            .kind = OP_GATE_UP,
            .kernel = KERNEL_GEMM,
            .math = MATH_BF16,
            .flops = 2.0 * rows * columns * depth,
            .weight_bytes = 2.0 * columns * depth,
            .activation_bytes = 2.0 * rows * (columns + depth),
            .shape = {.rows = rows, .columns = columns, .depth = depth, .groups = 1.0}
        };
        enum bound bound = op_time(&rates, &op).bound;
        bool is_below = op.flops / op_bytes(&op) < ridge;
        padded += bound == BOUND_PADDING;
        check_true("compute-bound only above the ridge", bound != BOUND_COMPUTE || !is_below);
        check_true("padding only below it", bound != BOUND_PADDING || is_below);
    }
    check_at_least("some waste", (double)padded, 50.0);
    arena_release(&arena);
}

/* 132 tiles fill 132 SMs once; one more row of tiles costs a second wave: twice the time. */
static void waves_are_whole(void)
{
    struct arena arena;
    arena_init(&arena);
    struct rates rates;
    rates_init(&rates, fixture_device(&arena, "h100-sxm"), 8192, RATES_UNCALIBRATED);
    const struct kernel_rate *rate = &rates.kernels[KERNEL_GEMM][MATH_BF16];
    struct op_shape shape = {
        .rows = 128.0, .columns = 132.0 * 128.0, .depth = 4096.0, .groups = 1.0};
    double full = gemm_compute_time(&rates, rate, &shape);
    shape.columns += 128.0;
    double wasteful = gemm_compute_time(&rates, rate, &shape);
    check_at_least("a tile more", wasteful / full, 1.2);
    struct random random = {17};
    for (int i = 0; i < 1000; i++) {
        shape = (struct op_shape){.rows = (double)random_count(&random, 1, 5000),
                                  .columns = (double)random_count(&random, 1, 5000),
                                  .depth = (double)random_count(&random, 1, 5000),
                                  .groups = (double)random_count(&random, 1, 64)};
        double flops = 2.0 * shape.rows * shape.columns * shape.depth * shape.groups;
        check_at_least("never beats its tiles' peak", gemm_compute_time(&rates, rate, &shape),
                       flops / (0.70 * 989.4e12));
    }
    arena_release(&arena);
}

/* Time is never below either roofline term, and never above their sum. */
static void time_lies_between_max_and_sum(void)
{
    static const char *const devices[] = {"h100-sxm", "xeon-8480", "m2-ultra", "tpu-v5e", "cs-3"};
    struct random random = {23};
    for (int i = 0; i < 1000; i++) {
        struct arena arena;
        arena_init(&arena);
        const struct device *device = fixture_device(&arena, devices[i % 5]);
        struct rates rates;
        rates_init(&rates, device, 4096, RATES_UNCALIBRATED);
        struct op op = {.kernel = (enum kernel)random_count(&random, 0, KERNEL_ELEMENTWISE),
                        .math = (enum math)random_count(&random, 0, MATH_COUNT - 1)};
        op.flops = exp(random_ratio(&random) * 35.0);
        op.weight_bytes = exp(random_ratio(&random) * 28.0);
        op.shape = (struct op_shape){
            .rows = (double)random_count(&random, 1, 4096), .columns = 4096.0, .groups = 1.0};
        op.shape.depth = op.flops / (2.0 * op.shape.rows * op.shape.columns);
        struct op_cost cost = op_time(&rates, &op);
        enum math math = rates.kernels[op.kernel][op.math].math;
        double peak = device->datasheet.peak_flop_per_s[math];
        check_at_least("compute roof", cost.time_s, op.flops / peak);
        check_at_least("memory roof", cost.time_s,
                       op.weight_bytes / device->datasheet.memory_bandwidth_byte_per_s);
        check_at_most("sum", cost.time_s,
                      (cost.fixed_s + cost.compute_s + cost.memory_s) * (1.0 + 1e-12));
        arena_release(&arena);
    }
}

/* Ring over 4 ranks, 1 GB, 100 GB/s: 2·3/4·1e9/1e11 = 15 ms + 2 starts. One-shot: 3·1e9/1e11 = 30
 * ms: ring wins. */
static void all_reduce_by_hand(void)
{
    struct wire wire = {1e-5, 0.0, 1e11};
    check_close("large: ring", all_reduce_time(&wire, 4.0, 1e9), 0.015 + 2e-5, 1e-12);
    check_close("small: one-shot", all_reduce_time(&wire, 4.0, 1e3), 1e-5 + 3e-8, 1e-12);
}

static void missing_arithmetic_falls_back_to_a_wider_one(void)
{
    struct arena arena;
    arena_init(&arena);
    const struct device *a100 = fixture_device(&arena, "a100-80gb");
    check_count("a100 has no fp8", device_math(a100, MATH_FP8), MATH_BF16);
    check_count("a100 int8", device_math(a100, MATH_INT8), MATH_INT8);
    check_count("v100 has no bf16", device_math(fixture_device(&arena, "v100-sxm"), MATH_BF16),
                MATH_FP16);
    check_count("tpu has no fp16", device_math(fixture_device(&arena, "tpu-v5e"), MATH_FP16),
                MATH_BF16);
    arena_release(&arena);
}

/* 4-bit weights of Qwen2.5-0.5B (0.28 GB) don't fit 105 MB of cache, SmolLM2-135M in 4 bit (76 MB)
 * nearly: 0.7·105 = 73.5. */
static void resident_weights_are_read_from_cache(void)
{
    struct arena arena;
    arena_init(&arena);
    const struct device *xeon = fixture_device(&arena, "xeon-8480");
    struct rates dram;
    struct rates cached;
    rates_init(&dram, xeon, 576, RATES_UNCALIBRATED);
    rates_init(&cached, xeon, 576, RATES_UNCALIBRATED);
    double cache = device_cache_bytes(xeon);
    rates_set_working_set(&cached, xeon, 0.8 * cache);
    double ratio = cached.kernels[KERNEL_GEMM][MATH_BF16].byte_per_s /
                   dram.kernels[KERNEL_GEMM][MATH_BF16].byte_per_s;
    check_close("too large", ratio, 1.0, 0.0);
    rates_set_working_set(&cached, xeon, 0.6 * cache);
    ratio = cached.kernels[KERNEL_GEMM][MATH_BF16].byte_per_s /
            dram.kernels[KERNEL_GEMM][MATH_BF16].byte_per_s;
    check_close("resident: 3-6 times DRAM", ratio, 4.0, 0.0);
    arena_release(&arena);
}

/*
 * Fitted laws know fused kernels only. 1 GB of scores that go through memory must cost at least 1
 * GB / 3.35 TB/s = 0.30 ms more, 100 small kernels 100 starts of a product.
 */
static void unfused_kernels_pay_for_what_they_spill(void)
{
    struct arena arena;
    arena_init(&arena);
    struct rates rates;
    rates_init(&rates, fixture_device(&arena, "h100-sxm"), 4096, RATES_BEST);
    struct op op = {.kind = OP_PREFILL_ATTENTION,
                    .kernel = KERNEL_PREFILL_ATTENTION,
                    .math = MATH_BF16,
                    .flops = 4.0 * 32.0 * 128.0 * 4096.0 * 4097.0 / 2.0,
                    .kv_bytes = 2.0 * 4096.0 * 8.0 * 128.0 * 2.0,
                    .activation_bytes = 2.0 * 4096.0 * 32.0 * 128.0 * 2.0};
    op.shape = (struct op_shape){.rows = 4096.0,
                                 .columns = 4096.0,
                                 .depth = 128.0,
                                 .groups = 8.0,
                                 .heads_per_group = 4.0,
                                 .requests = 1.0,
                                 .element_bytes = 2.0};
    struct op_cost fused = op_time(&rates, &op);
    op.spilled_bytes = 1e9;
    op.activation_bytes += op.spilled_bytes;
    struct op_cost spilled = op_time(&rates, &op);
    check_at_least("bytes", spilled.time_s - fused.time_s, 1e9 / 3.35e12);
    check_at_most("no more than twice", spilled.time_s - fused.time_s, 2e9 / 3.35e12);
    op.extra_starts = 100.0;
    check_close("starts", op_time(&rates, &op).time_s - spilled.time_s,
                100.0 * rates.kernels[KERNEL_GEMM][MATH_BF16].fit.fixed_s, 1e-9);
    arena_release(&arena);
}

/* A class without a fit for its arithmetic takes the fit of the nearest kind of kernel, and says by
 * its spread that it is a guess. */
static void other_arithmetic_stands_in(void)
{
    struct kernel_fit fits[] = {
        {.kernel = KERNEL_GEMM, .math = MATH_FP8,  .compute_ratio = 0.7, .spread_ratio = 0.1},
        {.kernel = KERNEL_GEMM, .math = MATH_BF16, .compute_ratio = 0.9, .spread_ratio = 0.1},
    };
    struct device device = {.kind = DEVICE_GPU, .fitted = fits, .fitted_count = 2};
    device.datasheet.units = 132;
    struct rates rates;
    for (int math = 0; math < MATH_COUNT; math++)
        device.datasheet.peak_flop_per_s[math] = 1e15;
    rates_init(&rates, &device, 4096, RATES_BEST);
    const struct kernel_rate *gemm = rates.kernels[KERNEL_GEMM];
    check_close("fp8", gemm[MATH_FP8].fit.compute_ratio, 0.7, 1e-12);
    check_close("fp4 as fp8", gemm[MATH_FP4].fit.compute_ratio, 0.7, 1e-12);
    check_close("int8 as fp8", gemm[MATH_INT8].fit.compute_ratio, 0.7, 1e-12);
    check_close("fp16 as bf16", gemm[MATH_FP16].fit.compute_ratio, 0.9, 1e-12);
    check_close("own spread", gemm[MATH_FP8].fit.spread_ratio, 0.1, 1e-12);
    check_close("wide spread", gemm[MATH_FP4].fit.spread_ratio, 0.6, 1e-12);
    check_count("fp32 has none", gemm[MATH_FP32].fit.origin, FIT_UNCALIBRATED);
}

static struct op random_product(struct random *random)
{
    bool is_moe = random_count(random, 0, 1) == 1;
    double rows = (double)random_count(random, 1, 8192);
    double columns = (double)random_count(random, 1, 20000);
    double depth = (double)random_count(random, 16, 20000);
    double experts = is_moe ? 8.0 : 1.0;
    struct op op = {.kernel = is_moe ? KERNEL_MOE : KERNEL_GEMM, .math = MATH_BF16};
    op.flops = 2.0 * experts * rows * columns * depth * (is_moe ? 3.0 : 1.0);
    op.weight_bytes = 2.0 * experts * columns * depth * (is_moe ? 3.0 : 1.0);
    op.shape = (struct op_shape){.rows = rows,
                                 .columns = columns,
                                 .depth = depth,
                                 .groups = experts,
                                 .experts = experts,
                                 .top_k = 1.0,
                                 .inputs = 2.0,
                                 .requests = experts * rows,
                                 .element_bytes = 2.0};
    return op;
}

static struct op random_attention(struct random *random)
{
    double rows = (double)random_count(random, 1, 8192);
    double requests = (double)random_count(random, 1, 64);
    struct op op = {.kernel = KERNEL_PREFILL_ATTENTION, .math = MATH_BF16};
    op.flops = requests * 32.0 * 4.0 * 128.0 * rows * (rows + 1.0) / 2.0;
    op.kv_bytes = requests * 2.0 * rows * 8.0 * 128.0 * 2.0;
    op.shape = (struct op_shape){.rows = rows,
                                 .columns = rows,
                                 .depth = 128.0,
                                 .groups = 8.0,
                                 .heads_per_group = 4.0,
                                 .requests = requests,
                                 .element_bytes = 2.0};
    return op;
}

/* However many units a GPU says to have, 0 (not said) and 1 included, fits or not: no product and
 * no attention is done faster than the peak, none for nothing. */
static void nothing_beats_the_peak(void)
{
    static const char *const devices[] = {"h100-sxm", "a100-80gb", "mi300x", "rtx-4090"};
    static const int64_t units[] = {0, 1, 2, 16, 132};
    struct random random = {41};
    for (int i = 0; i < 1000; i++) {
        struct arena arena;
        arena_init(&arena);
        struct device device = *fixture_device(&arena, devices[i % 4]);
        device.datasheet.units = units[random_count(&random, 0, 4)];
        struct rates rates;
        rates_init(&rates, &device, 4096, i % 3 ? RATES_BEST : RATES_UNCALIBRATED);
        struct op op =
            random_count(&random, 0, 2) ? random_product(&random) : random_attention(&random);
        double peak = rates.kernels[op.kernel][op.math].peak_flop_per_s;
        check_at_least("compute roof", op_time(&rates, &op).time_s, op.flops / peak);
        arena_release(&arena);
    }
}

/* A GPU that does not count its units is a plain roofline at the fraction of its kind. */
static void uncounted_units_make_a_plain_roofline(void)
{
    struct device device = {.kind = DEVICE_GPU};
    device.datasheet.peak_flop_per_s[MATH_BF16] = 500e12;
    device.datasheet.memory_bandwidth_byte_per_s = 2e12;
    struct rates rates;
    rates_init(&rates, &device, 4096, RATES_BEST);
    struct op op = {.kernel = KERNEL_GEMM, .math = MATH_BF16, .flops = 1e12};
    op.shape = (struct op_shape){.rows = 8192.0, .columns = 8192.0, .depth = 8192.0, .groups = 1.0};
    check_close("0.70 of 500 TFLOP/s", op_time(&rates, &op).compute_s, 1e12 / (0.70 * 500e12),
                1e-12);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"nothing beats the peak (1,000 cases, seed 41)", nothing_beats_the_peak},
        {"uncounted units make a plain roofline",                                               uncounted_units_make_a_plain_roofline},
        {"large GEMM by hand",large_gemm_by_hand},
        {"waste is not called compute (1,000 cases, seed 29)",                            waste_is_not_called_compute},
        {"waves are whole",                                               waves_are_whole},
        {"time lies between max and sum (1,000 cases, seed 23)",time_lies_between_max_and_sum},
        {"all-reduce by hand",                               all_reduce_by_hand},
        {"missing arithmetic falls back",                                               missing_arithmetic_falls_back_to_a_wider_one},
        {"unfused kernels pay for what they spill",                          unfused_kernels_pay_for_what_they_spill},
        {"resident weights are read from cache",                            resident_weights_are_read_from_cache},
        {"other arithmetic stands in",                                               other_arithmetic_stands_in},
        {0},
    };
    return check_main("op_time", cases);
}
