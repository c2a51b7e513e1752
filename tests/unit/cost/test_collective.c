/* Collectives against volumes counted on paper, and their choice. */
#include "cost/collective.h"

#include "check.h"
#include "fixtures.h"

#include "graph/step.h"

#include <math.h>
#include <stdio.h>

/* 100 GB/s, 10 us to start, 1 us per hop; 8 ranks, 1 GB: ring and two-shot move 2·7/8 GB = 17.5 ms
   per 100 GB/s, a tree 2 GB, one-shot 7 GB, a switch 1 GB. */
static void volumes_by_hand(void)
{
    const struct wire wire = {10e-6, 1e-6, 100e9};
    static const struct {
        const char *row;
        enum all_reduce algorithm;
        double expected;
    } rows[] = {
        {"ring",      ALL_REDUCE_RING,      20e-6 + 14e-6 + 0.0175},
        {"tree",      ALL_REDUCE_TREE,      20e-6 + 6e-6 + 0.020  },
        {"one-shot",  ALL_REDUCE_ONE_SHOT,  11e-6 + 0.070         },
        {"two-shot",  ALL_REDUCE_TWO_SHOT,  22e-6 + 0.0175        },
        {"in-switch", ALL_REDUCE_IN_SWITCH, 12e-6 + 0.010         },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_close(rows[i].row, all_reduce_by(rows[i].algorithm, &wire, 8.0, 1e9),
                    rows[i].expected, 1e-12);
    check_close("all-gather: 7/8 GB", all_gather_time(&wire, 8.0, 1e9), 11e-6 + 0.00875, 1e-12);
    check_close("best of large ones", all_reduce_time(&wire, 8.0, 1e9), 22e-6 + 0.0175, 1e-12);
    check_close("best of small ones", all_reduce_time(&wire, 8.0, 1.0), 11e-6, 1e-3);
    const struct wire chain = {0.0, 1e-6, 100e9};
    check_close("a tree beats a ring of 1024 ranks only where hops count",
                all_reduce_by(ALL_REDUCE_TREE, &chain, 1024.0, 1.0), 20e-6, 1e-3);
}

static struct op op_of(enum kernel kernel, double ranks, double near, double bytes)
{
    return (struct op){.kind = OP_ALL_REDUCE,
                       .kernel = kernel,
                       .math = MATH_BF16,
                       .ranks = ranks,
                       .node_ranks = near,
                       .message_bytes = bytes};
}

/* Two uncalibrated nodes of 4 on 100 GB/s (0.8 attained) and 50 GB/s (0.8): scatter and gather of m
   within (3/4 m/80), all-reduce of m/4 across (m/4/40 by any algorithm of two ranks). */
static void hierarchy_by_hand(void)
{
    struct arena arena;
    arena_init(&arena);
    struct run run = fixture_run(&arena, "llama-3.1-8b", "h100-sxm", 1, 1, 1);
    struct device device = *run.device;
    struct link links[] = {
        {"fast", LINK_NODE,    100e9, (double)NAN, 4},
        {"far",  LINK_NETWORK, 50e9,  3e-6,        1},
    };
    device.fitted_count = 0;
    device.datasheet.links = links;
    device.datasheet.link_count = 2;
    run.device = &device;
    run.device_count = 8;
    struct rates rates;
    rates_init(&rates, &device, run.model->hidden, RATES_BEST);
    rates_set_fabric(&rates, &run);
    check_close("network", rates.network_byte_per_s, 40e9, 1e-12);
    rates.rank_wait_s = 1.0; /* for the last rank: where all meet, and not where pairs exchange */
    struct op op = op_of(KERNEL_ALL_REDUCE, 8.0, 4.0, 1e9);
    double within = 8e-6 + 0.75 * 1e9 / 80e9;
    check_close("all-reduce", collective_time(&rates, &op).time_s,
                2.0 * within + 3e-6 + 0.25 * 1e9 / 40e9 + 1.0, 1e-12);
    op = op_of(KERNEL_ALL_GATHER, 8.0, 4.0, 1e9);
    check_close("all-gather", collective_time(&rates, &op).time_s,
                within + 3e-6 + 0.5 * 0.25 * 1e9 / 40e9 + 1.0, 1e-12);
    op = op_of(KERNEL_ALL_TO_ALL, 8.0, 4.0, 1e9);
    op.network_bytes = 2e9;
    check_close("all-to-all: the later part", collective_time(&rates, &op).time_s,
                8e-6 + 3e-6 + 2e9 / 40e9, 1e-12);
    op.network_bytes = 1e6;
    check_close("all-to-all within", collective_time(&rates, &op).time_s, within, 1e-12);
    op = op_of(KERNEL_ALL_REDUCE, 4.0, 4.0, 1e9);
    struct op flat = op_of(KERNEL_ALL_REDUCE, 4.0, 0.0, 1e9);
    check_close("all in one node", collective_time(&rates, &op).time_s,
                collective_time(&rates, &flat).time_s, 0.0);
    arena_release(&arena);
}

/* One device waits for nobody, and nothing is known about CPUs that work together. */
static void only_gpus_together_wait(void)
{
    static const char *const devices[] = {"h100-sxm", "h100-sxm", "xeon-8480"};
    for (int i = 0; i < 3; i++) {
        struct arena arena;
        arena_init(&arena);
        struct run run = fixture_run(&arena, "llama-3.1-8b", devices[i], 1, 1, 1);
        struct rates rates;
        run.device_count = i == 1 ? 1 : 2;
        rates_init(&rates, run.device, 4096, RATES_BEST);
        rates_set_fabric(&rates, &run);
        check_true(devices[i], (rates.rank_wait_s > 0.0) == (i == 0));
        arena_release(&arena);
    }
}

/* More bytes or more ranks never make an all-reduce faster, on fitted and on unfitted devices. */
static void more_is_never_faster(void)
{
    static const char *const devices[] = {"h100-sxm", "mi300x", "a100-80gb", "rtx-4090"};
    for (int d = 0; d < 4; d++) {
        struct arena arena;
        arena_init(&arena);
        struct run run = fixture_run(&arena, "llama-3.1-8b", devices[d], 1, 1, 1);
        struct rates rates;
        run.device_count = 8;
        run.network_byte_per_s = 50e9;
        rates_init(&rates, run.device, 4096, RATES_BEST);
        rates_set_fabric(&rates, &run);
        double before = 0.0;
        for (double bytes = 1e3; bytes < 1e10; bytes *= 3.0) {
            struct op op = op_of(KERNEL_ALL_REDUCE, 16.0, 8.0, bytes);
            struct op near = op_of(KERNEL_ALL_REDUCE, 8.0, 8.0, bytes);
            double time = collective_time(&rates, &op).time_s;
            check_at_least(devices[d], time, before);
            check_at_least(devices[d], time, 0.5 * collective_time(&rates, &near).time_s);
            before = time;
        }
        arena_release(&arena);
    }
}

int main(void)
{
    static const struct test_case cases[] = {
        {"volumes by hand",      volumes_by_hand},
        {"hierarchy by hand",                      hierarchy_by_hand},
        {"more is never faster",more_is_never_faster},
        {"only GPUs together wait", only_gpus_together_wait},
        {0                     },
    };
    return check_main("collective", cases);
}
