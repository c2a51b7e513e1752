/* One kernel class off its law: its operators take e^(ends·spread) as long, others as ever. */
#include "cost/deviation.h"

#include "check.h"
#include "fixtures.h"

#include <math.h>

static double deviated(const struct run *run, const struct rates *rates, const struct op *op)
{
    struct op_cost cost;
    op_time_deviated(run, rates, op, &cost);
    return cost.time_s;
}

static void only_its_class_deviates(void)
{
    struct arena arena;
    struct rates rates;
    arena_init(&arena);
    rates_init(&rates, fixture_device(&arena, "h100-sxm"), 4096, RATES_BEST);
    const struct op gemm = {
        .kernel = KERNEL_GEMM,
        .math = MATH_BF16,
        .shape = {.rows = 64, .columns = 4096, .depth = 4096},
        .flops = 2.0 * 64 * 4096 * 4096,
        .weight_bytes = 2.0 * 4096 * 4096
    };
    double spread = rates.kernels[KERNEL_GEMM][MATH_BF16].fit.spread_ratio;
    double plain = op_time(&rates, &gemm).time_s;
    struct run run = {0};
    check_close("nothing deviates", deviated(&run, &rates, &gemm), plain, 1e-12);
    run.engine.deviation = (struct deviation){KERNEL_GEMM, 1.0};
    check_close("slower", deviated(&run, &rates, &gemm), plain * exp(spread), 1e-12);
    run.engine.deviation.ends = -1.0;
    check_close("faster", deviated(&run, &rates, &gemm), plain * exp(-spread), 1e-12);
    run.engine.deviation.kernel = KERNEL_MOE;
    check_close("another class", deviated(&run, &rates, &gemm), plain, 1e-12);
    check_at_least("there is a spread", spread, 0.01);
    arena_release(&arena);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"only its class deviates", only_its_class_deviates},
        {NULL,                      NULL                   },
    };
    return check_main("deviation", cases);
}
