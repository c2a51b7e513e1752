/* Operators on CPU cores: each term by hand, and what more threads, more cache or a faster memory
 * must do. */
#include "cost/laws.h"

#include "check.h"
#include "fixtures.h"

#include <math.h>

/* Two cores of 100 GFLOP/s, 30 GB/s of which one core alone reads 24 (1.6 equal parts); 32 MB of
 * cache that reads at 6 times that. */
static struct device two_cores(struct kernel_fit *fit, struct cache *cache)
{
    *cache = (struct cache){"L3", 32e6, (double)NAN};
#define UNSET(member, key, dimension, low, high, meaning) fit->member = (double)NAN;
    KERNEL_PARAM_LIST(UNSET)
#undef UNSET
    fit->kernel = KERNEL_GEMM;
    fit->math = MATH_FP32;
    fit->family = FAMILY_CORES;
    fit->origin = FIT_FITTED;
    fit->compute_ratio = 0.5;
    fit->memory_ratio = 1.0;
    fit->unit_ratio = 1.6;
    fit->tile_load = 3.0;
    fit->convert_ratio = 2.0;
    fit->fixed_s = 1e-6;
    fit->barrier_s = 2e-6;
    fit->smooth = 64.0;
    fit->cache_ratio = 1.0;
    fit->cache_speed = 6.0;
    struct device device = {.id = "two", .kind = DEVICE_CPU, .fitted = fit, .fitted_count = 1};
    device.datasheet.peak_flop_per_s[MATH_FP32] = 200e9;
    device.datasheet.units = 2;
    device.datasheet.memory_bandwidth_byte_per_s = 30e9;
    device.datasheet.caches = cache;
    device.datasheet.cache_count = 1;
    return device;
}

static struct op product(double rows, double columns, double depth)
{
    struct op op = {.kind = OP_DOWN, .kernel = KERNEL_GEMM, .math = MATH_FP32};
    op.flops = 2.0 * rows * columns * depth;
    op.weight_bytes = 4.0 * columns * depth;
    op.activation_bytes = 4.0 * rows * (columns + depth);
    op.shape = (struct op_shape){.rows = rows, .columns = columns, .depth = depth, .groups = 1.0};
    return op;
}

static double time_of(const struct rates *rates, struct op op)
{
    return op_time(rates, &op).time_s;
}

/* 1 x 1000 x 1000 fp32 on both cores: 4 MB at 30 GB/s = 133.3 us against 2·10⁶·(1+3)/(0.5·200e9) =
 * 80 us; plus 1 us, two forks of 2 us, and 8 kB at 60 GB/s = 0.13 us. One core reads at 24 GB/s and
 * needs no fork. */
static void one_row_by_hand(void)
{
    struct kernel_fit fit = {0};
    struct cache cache;
    struct rates rates;
    struct device device = two_cores(&fit, &cache);
    rates_init(&rates, &device, 1000, RATES_BEST);
    struct op op = product(1.0, 1000.0, 1000.0);
    check_close("two cores", time_of(&rates, op), 4e6 / 30e9 + 1e-6 + 4e-6 + 8e3 / 60e9, 1e-9);
    rates_set_threads(&rates, 1);
    /* one core multiplies for 160 us, reads for 166.7 us: (a^64 + b^64)^(1/64) */
    check_close("one core", time_of(&rates, op),
                smooth_max(8e6 / 50e9, 4e6 / 24e9, 64.0) + 1e-6 + 8e3 / 30e9, 1e-9);
    rates.probed.read_byte_per_s = 12e9;
    check_close("half the bandwidth, as probed", time_of(&rates, op),
                smooth_max(8e6 / 50e9, 4e6 / 12e9, 64.0) + 1e-6 + 8e3 / 30e9, 1e-9);
}

/* 16 MB of 32 stay by 1/(1 + 0.5⁴) = 94.1 %; 320 MB hardly at all. */
static void weights_stay_in_the_cache(void)
{
    struct kernel_fit fit = {0};
    struct cache cache;
    struct rates rates;
    struct device device = two_cores(&fit, &cache);
    rates_init(&rates, &device, 1000, RATES_BEST);
    struct op op = product(1.0, 4000.0, 1000.0);
    double cold = op_time(&rates, &op).memory_s;
    rates_set_working_set(&rates, &device, 16e6);
    double hit = 1.0 / (1.0 + 0.0625);
    check_close("mostly cached", op_time(&rates, &op).memory_s,
                16e6 * (hit / 180e9 + (1.0 - hit) / 30e9), 1e-9);
    rates_set_working_set(&rates, &device, 320e6);
    check_close("cold", op_time(&rates, &op).memory_s, cold, 1e-3);
}

/* 64 x 1000 x 1000 on two cores that pass 20 GB/s between them, of which activations attain half:
 * half of 512 kB crosses in 25.6 us; three barriers of 5 us in the place of two of 2 us. What is
 * probed beside a measurement replaces what the device says. One core pays neither. */
static void cores_wait_for_each_other(void)
{
    struct kernel_fit fit = {0};
    struct cache cache;
    struct rates rates;
    struct device device = two_cores(&fit, &cache);
    struct op op = product(64.0, 1000.0, 1000.0);
    rates_init(&rates, &device, 1000, RATES_BEST);
    double without = time_of(&rates, op);
    fit.exchange_ratio = 20e9 / 30e9;
    fit.cross_ratio = 0.5;
    fit.fork_count = 3.0;
    rates_init(&rates, &device, 1000, RATES_BEST);
    check_close("as the device says", time_of(&rates, op), without + 25.6e-6 + 2e-6, 1e-9);
    rates.probed.exchange_byte_per_s = 10e9;
    rates.probed.barrier_s = 5e-6;
    check_close("as probed", time_of(&rates, op), without + 51.2e-6 + 11e-6, 1e-9);
    rates_set_threads(&rates, 1);
    double alone = time_of(&rates, op);
    rates.probed.exchange_byte_per_s = 1e9;
    rates.probed.barrier_s = 1e-3;
    check_close("one core has nobody to wait for", time_of(&rates, op), alone, 1e-12);
}

/* Virtual cores that were siblings on one core multiply at half the rate and share its caches:
 * 64 rows in 6 passes, 1.64 ms, take twice as long; so do 512 kB of activations. */
static void siblings_share_a_core(void)
{
    struct kernel_fit fit = {0};
    struct cache cache;
    struct rates rates;
    struct device device = two_cores(&fit, &cache);
    struct op op = product(64.0, 1000.0, 1000.0);
    rates_init(&rates, &device, 1000, RATES_BEST);
    check_close("two cores", time_of(&rates, op), 1.64e-3 + 5e-6 + 512e3 / 60e9, 1e-9);
    rates.probed.fma_flop_per_s = 100e9;
    check_close("siblings", time_of(&rates, op), 3.28e-3 + 5e-6 + 512e3 / 30e9, 1e-9);
    rates.probed.fma_flop_per_s = 900e9;
    check_close("never more than there are", time_of(&rates, op), 1.64e-3 + 5e-6 + 512e3 / 60e9,
                1e-9);
}

/* 50 lines of 64 B on their way and an answer after 100 ns are 32 GB/s; after 200 ns half of it,
 * whatever the bandwidth. */
static void lines_under_way(void)
{
    struct kernel_fit fit = {0};
    struct cache cache;
    struct rates rates;
    struct device device = two_cores(&fit, &cache);
    struct op op = product(1.0, 4000.0, 1000.0);
    op.activation_bytes = 0.0;
    fit.line_count = 50.0;
    fit.latency_s = 100e-9;
    rates_init(&rates, &device, 1000, RATES_BEST);
    rates_set_threads(&rates, 1);
    check_close("usual", op_time(&rates, &op).memory_s,
                16e6 * smooth_max(1.0 / 24e9, 1.0 / 32e9, 8.0), 1e-9);
    rates.probed.latency_s = 200e-9;
    check_close("slow answers", op_time(&rates, &op).memory_s,
                16e6 * smooth_max(1.0 / 24e9, 1.0 / 16e9, 8.0), 1e-9);
}

/* An elementwise operator of 1 MB: 1 us and a fork of 2 us, two cores at twice 30 GB/s.
 * Exponentials count 3 passes, the last norm 2 (it adds the residual). Keys count 4, and cores take
 * turns at their cache lines; sampling counts 5 on one core, which needs no fork. */
static void passes_of_row_wise_work(void)
{
    struct kernel_fit fit = {0};
    struct cache cache;
    struct rates rates;
    struct device device = two_cores(&fit, &cache);
    fit.kernel = KERNEL_ELEMENTWISE;
    fit.middle_ratio = 3.0;
    fit.gather_ratio = 4.0;
    fit.search_ratio = 5.0;
    rates_init(&rates, &device, 1000, RATES_BEST);
    struct op op = {.kernel = KERNEL_ELEMENTWISE, .math = MATH_FP32, .activation_bytes = 1e6};
    static const struct {
        enum op_kind kind;
        double expected_s;
    } cases[] = {
        {OP_NORM,       3e-6 + 1e6 / 60e9},
        {OP_ACTIVATION, 3e-6 + 3e6 / 60e9},
        {OP_FINAL_NORM, 3e-6 + 2e6 / 60e9},
        {OP_KV_WRITE,   3e-6 + 4e6 / 30e9},
        {OP_SAMPLING,   1e-6 + 5e6 / 30e9},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        op.kind = cases[i].kind;
        check_close(op_names[op.kind], time_of(&rates, op), cases[i].expected_s, 1e-9);
    }
}

/* Rows go to cores eight at a time: 8 stay with one, 9 are shared. A row of the embedding is found
 * in 1 us; so are the keys of each of 4 heads, per request and 32 tokens. */
static void rows_lie_anywhere(void)
{
    struct kernel_fit fit = {0};
    struct cache cache;
    struct rates rates;
    struct device device = two_cores(&fit, &cache);
    fit.kernel = KERNEL_ELEMENTWISE;
    fit.row_s = 1e-6;
    rates_init(&rates, &device, 1000, RATES_BEST);
    struct op op = {.kind = OP_EMBEDDING, .kernel = KERNEL_ELEMENTWISE, .math = MATH_FP32};
    op.activation_bytes = 6e4;
    op.shape.rows = 8.0;
    check_close("one core", time_of(&rates, op), 1e-6 + 2e-6 + 8e-6, 1e-9);
    op.shape.rows = 9.0;
    check_close("two", time_of(&rates, op), 3e-6 + 1e-6 + 4.5e-6, 1e-9);
    op.kind = OP_KV_WRITE;
    op.shape.rows = 66.0;
    op.shape.requests = 2.0;
    op.shape.groups = 4.0;
    check_close("2 requests of 33 tokens: 16 places", time_of(&rates, op), 3e-6 + 2e-6 + 16e-6,
                1e-9);
    op.shape.requests = 66.0;
    check_close("66 of one", time_of(&rates, op), 3e-6 + 2e-6 + 264e-6, 1e-9);
}

/* int8 on two cores of 400 GFLOP/s in all, of which products attain half. 6 x 1000 x 1000: one pass
 * of 6 + 3 rows, 90 us; 8 rows: two passes of 4 + 3 rows, 70 us each, while 1.0625 MB come in
 * 35 us. 4-bit weights take 2 rows more per pass. 30 MB take a millisecond. */
static void passes_over_the_weights(void)
{
    struct kernel_fit fit = {0};
    struct cache cache;
    struct rates rates;
    struct device device = two_cores(&fit, &cache);
    fit.math = MATH_INT8;
    fit.unpack_rows = 2.0;
    device.datasheet.peak_flop_per_s[MATH_INT8] = 400e9;
    rates_init(&rates, &device, 1000, RATES_BEST);
    struct op op = product(6.0, 1000.0, 1000.0);
    op.math = MATH_INT8;
    op.weight_bytes = 1.0625e6;
    op.activation_bytes = 0.0;
    check_close("one pass", time_of(&rates, op), 5e-6 + 90e-6, 1e-9);
    op.shape.rows = 8.0;
    check_close("two passes", time_of(&rates, op), 5e-6 + 140e-6, 1e-9);
    op.weight_bytes = 0.5625e6;
    check_close("unpacked twice", time_of(&rates, op), 5e-6 + 180e-6, 1e-9);
    op.weight_bytes = 30e6;
    check_close("memory takes longer", time_of(&rates, op), 5e-6 + 1e-3, 1e-9);
}

/* More rows never take less time, but less time each; more threads never more. */
static void rows_share_the_weights(void)
{
    struct kernel_fit fit = {0};
    struct cache cache;
    struct rates both;
    struct rates alone;
    struct device device = two_cores(&fit, &cache);
    struct random random = {3};
    rates_init(&both, &device, 1000, RATES_BEST);
    rates_init(&alone, &device, 1000, RATES_BEST);
    rates_set_threads(&alone, 1);
    for (int i = 0; i < 1000; i++) {
        double rows = (double)random_count(&random, 1, 600);
        double columns = (double)random_count(&random, 300, 4000);
        double depth = (double)random_count(&random, 300, 4000);
        double one = time_of(&both, product(rows, columns, depth));
        double twice = time_of(&both, product(2.0 * rows, columns, depth));
        check_at_least("twice the rows", twice, one);
        check_at_least("less per row", 2.0 * one, twice);
        check_at_least("one core", time_of(&alone, product(rows, columns, depth)), one);
        check_at_least("never beyond the peak", one, 2.0 * rows * columns * depth / 100e9);
    }
}

/* Without fits a CPU with fewer threads slows down in proportion, its bandwidth less. */
static void threads_of_an_uncalibrated_cpu(void)
{
    struct kernel_fit fit = {0};
    struct cache cache;
    struct rates rates;
    struct device device = two_cores(&fit, &cache);
    rates_init(&rates, &device, 1000, RATES_UNCALIBRATED);
    double flops = rates.kernels[KERNEL_GEMM][MATH_FP32].flop_per_s;
    double bytes = rates.kernels[KERNEL_GEMM][MATH_FP32].byte_per_s;
    rates_set_threads(&rates, 0);
    check_close("all", rates.kernels[KERNEL_GEMM][MATH_FP32].flop_per_s, flops, 1e-12);
    rates_set_threads(&rates, 1);
    check_close("half", rates.kernels[KERNEL_GEMM][MATH_FP32].flop_per_s, flops / 2.0, 1e-12);
    check_close("bandwidth", rates.kernels[KERNEL_GEMM][MATH_FP32].byte_per_s, bytes, 1e-12);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"one row by hand",          one_row_by_hand},
        {"cores wait for each other",                          cores_wait_for_each_other},
        {"siblings share a core",siblings_share_a_core},
        {"lines under way",    lines_under_way},
        {"passes of row-wise work",                          passes_of_row_wise_work},
        {"rows lie anywhere",        rows_lie_anywhere},
        {"passes over the weights",  passes_over_the_weights},
        {"weights stay in the cache",                          weights_stay_in_the_cache},
        {"rows share the weights (1,000 cases, seed 3)",  rows_share_the_weights},
        {"threads of an uncalibrated CPU",  threads_of_an_uncalibrated_cpu},
        {0                         },
    };
    return check_main("cores_law", cases);
}
