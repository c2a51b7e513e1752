/* Figures of runs small enough for paper. */
#include "serve/figures.h"

#include "check.h"

#include <math.h>
#include <string.h>

static const double none = (double)NAN;

static struct serving_load plain_load(void)
{
    return (struct serving_load){
        .slo = {none, none, none},
          .price_per_hour = none
    };
}

/* ms → ns */
static struct request_record record(int64_t id, int64_t arrival, int64_t scheduled, int64_t first,
                                    int64_t end, int32_t output)
{
    const int64_t ms = 1000000;
    return (struct request_record){.id = id,
                                   .arrival_ns = arrival * ms,
                                   .first_scheduled_ns = scheduled * ms,
                                   .first_token_ns = first * ms,
                                   .finished_ns = end * ms,
                                   .input_tokens = 100,
                                   .output_tokens = output,
                                   .preemptions = (int32_t)id,
                                   .cached_tokens = 25};
}

/* Three requests; TTFT 20, 40, 60 ms; TPOT 10, 20 ms and none; E2E 120, 240, 60 ms. */
static void three_requests(struct collector *collector)
{
    struct metrics_sink sink = collector_sink(collector);
    struct request_record all[] = {
        record(0, 0, 5, 20, 120, 11),
        record(1, 10, 20, 50, 250, 11),
        record(2, 200, 230, 260, 260, 1),
    };
    for (int i = 0; i < 3; i++)
        sink.done(sink.context, &all[i]);
    sink.gap(sink.context, 10000000, 10);
    sink.gap(sink.context, 20000000, 10);
}

static void latencies(void)
{
    static const struct {
        enum figure figure;
        double value;
    } rows[] = {
        {FIGURE_COMPLETED,        3.0        },
        {FIGURE_DURATION,         0.260      },
        {FIGURE_TTFT_MEAN,        0.040      },
        {FIGURE_TTFT_P50,         0.040      },
        {FIGURE_TTFT_P90,         0.056      }, /* h = 1.8: 40 + 0.8·20 */
        {FIGURE_TTFT_STD,         0.0163299  }, /* √(800 / 3) ms */
        {FIGURE_TPOT_MEAN,        0.015      }, /* single tokens have none */
        {FIGURE_TPOT_P99,         0.0199     },
        {FIGURE_ITL_MEAN,         0.015      },
        {FIGURE_ITL_P90,          0.020      },
        {FIGURE_E2E_MEAN,         0.140      },
        {FIGURE_QUEUE_MEAN,       0.015      }, /* 5, 10, 30 ms */
        {FIGURE_SERVICE_MEAN,     0.125      },
        {FIGURE_OUTPUT_TOKENS,    23.0       },
        {FIGURE_REQUEST_RATE,     3.0 / 0.26 },
        {FIGURE_OUTPUT_RATE,      23 / 0.26  },
        {FIGURE_TOTAL_RATE,       323 / 0.26 },
        {FIGURE_PEAK_CONCURRENCY, 2.0        },
        {FIGURE_MEAN_CONCURRENCY, 0.42 / 0.26},
        {FIGURE_PREEMPTIONS,      3.0        },
        {FIGURE_PREFIX_HITS,      0.25       },
    };
    struct serving_load load = plain_load();
    struct collector collector;
    struct figures figures;
    collector_init(&collector, &load, 1, 3);
    three_requests(&collector);
    collector_figures(&collector, &figures);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_close(figure_names[rows[i].figure], figures.value[rows[i].figure], rows[i].value,
                    5e-4);
    check_true("no promise, no goodput", isnan(figures.value[FIGURE_GOODPUT]));
    check_true("no samples, no batch", isnan(figures.value[FIGURE_RUNNING]));
    collector_release(&collector);
}

/* TTFT ≤ 50 ms and TPOT ≤ 15 ms: the first only; 2 devices at 3.60 an hour: 0.002 a second. */
static void promises_and_cost(void)
{
    struct serving_load load = plain_load();
    struct collector collector;
    struct figures figures;
    load.slo.ttft_s = 0.050;
    load.slo.tpot_s = 0.015;
    load.price_per_hour = 3.60;
    collector_init(&collector, &load, 2, 3);
    three_requests(&collector);
    collector_figures(&collector, &figures);
    check_close("goodput", figures.value[FIGURE_GOODPUT], 1.0 / 0.26, 1e-12);
    check_close("share", figures.value[FIGURE_GOOD_SHARE], 1.0 / 3.0, 1e-12);
    check_close("cost", figures.value[FIGURE_COST_PER_TOKEN], 1e6 * 0.002 * 0.26 / 323, 1e-12);
    check_close("per output", figures.value[FIGURE_COST_PER_OUTPUT], 1e6 * 0.002 * 0.26 / 23,
                1e-12);
    load.slo.ttft_s = 0.060; /* the third has one token: its TPOT counts as 0 */
    collector_figures(&collector, &figures);
    check_close("single token", figures.value[FIGURE_GOOD_SHARE], 2.0 / 3.0, 1e-12);
    collector_release(&collector);
}

/* Without request 0 time begins at 10 ms, and gaps before its end don't count. */
static void warm_up(void)
{
    struct serving_load load = plain_load();
    struct collector collector;
    struct figures figures;
    load.warmup_count = 1;
    collector_init(&collector, &load, 1, 3);
    struct metrics_sink sink = collector_sink(&collector);
    sink.gap(sink.context, 777, 5);
    three_requests(&collector);
    collector_figures(&collector, &figures);
    check_close("two", figures.value[FIGURE_COMPLETED], 2.0, 0.0);
    check_close("from 10 ms", figures.value[FIGURE_DURATION], 0.250, 1e-12);
    check_close("TTFT", figures.value[FIGURE_TTFT_MEAN], 0.050, 1e-12);
    check_close("gaps", figures.value[FIGURE_ITL_MEAN], 0.015, 1e-12);
    load.warmup_count = 3;
    collector_figures(&collector, &figures);
    check_close("all warm-up", figures.value[FIGURE_COMPLETED], 0.0, 0.0);
    check_true("nothing to say", isnan(figures.value[FIGURE_TTFT_MEAN]));
    collector_release(&collector);
    load.warmup_count = -1;
    collector_init(&collector, &load, 1, 3);
    for (int64_t i = 0; i < 200; i++) {
        int64_t more = i < 20 ? 100 - i : i / 5 % 2;
        struct request_record one = record(i, i, i, i, i + 10 + more, 2);
        collector_sink(&collector).done(&collector, &one);
    }
    check_count("MSER-5", collector_warmup(&collector), 20);
    collector_release(&collector);
}

/* Idle for 1 s, then 4 running and 2 waiting for 3 s of 30 steps, 60 of 100 blocks: u = 16 / 40 /
 * 0.8 = 0.5, 4 · 100 J + 200 W · 0.5^0.7 · 3 s. */
static void occupancy(void)
{
    const int64_t second = 1000000000;
    struct serving_load load = plain_load();
    struct collector collector;
    struct figures figures;
    /* idle 100 W, at most 300 W; 30 steps of 1 GB on 60 blocks of 10 MB in 3 s: 16 GB/s of 40 */
    struct power_model power = {.idle_w = 100.0,
                                .most_w = 300.0,
                                .fixed_bytes = 1e9,
                                .block_bytes = 1e7,
                                .flops_per_token = 1.0,
                                .peak_flop_per_s = 1e12,
                                .bandwidth_byte_per_s = 40e9};
    collector_init(&collector, &load, 1, 1);
    collector.power = &power;
    struct metrics_sink sink = collector_sink(&collector);
    struct server_sample idle = {.end_ns = second, .kv_block_room = 100};
    struct server_sample busy = {second, 4 * second, 30, 4, 2, 300, 60, 100, 0, 0};
    struct request_record one = record(0, 0, 1000, 2000, 4000, 101);
    sink.sample(sink.context, &idle);
    sink.sample(sink.context, &busy);
    sink.done(sink.context, &one);
    collector_figures(&collector, &figures);
    check_close("batch", figures.value[FIGURE_RUNNING], 3.0, 1e-9);
    check_close("queue", figures.value[FIGURE_WAITING], 1.5, 1e-9);
    check_close("KV", figures.value[FIGURE_KV_SHARE], 0.45, 1e-9);
    check_close("busy", figures.value[FIGURE_BUSY_SHARE], 0.75, 1e-9);
    check_close("steps", figures.value[FIGURE_STEPS], 30.0, 1e-9);
    double energy_j = 400.0 + 600.0 * pow(0.5, 0.7);
    check_close("energy", figures.value[FIGURE_ENERGY], energy_j, 1e-9);
    check_close("per million tokens", figures.value[FIGURE_ENERGY_PER_TOKEN], energy_j * 1e6 / 201,
                1e-9);
    collector_release(&collector);
}

/* Bins widen as time goes on; nothing gets lost. */
static void series_keeps_sums(void)
{
    struct series series;
    int64_t now_ns = 0;
    series_init(&series);
    for (int i = 1; i <= 3000; i++) {
        int64_t width_ns = (int64_t)i * 7919 * 100;
        struct server_sample sample = {now_ns, now_ns + width_ns, 1, 2, 3, 5, 7, 11, 0, 0};
        series_add(&series, &sample);
        now_ns += width_ns;
    }
    struct series_bin sum = series_sum(&series, 0, now_ns);
    check_true("bounded", series.count <= SERIES_BINS && series.width_ns > 1000000);
    check_close("time", sum.covered_ns, (double)now_ns, 1e-9);
    check_close("busy", sum.busy_ns, (double)now_ns, 1e-9);
    check_close("steps", sum.steps, 3000.0, 1e-9);
    check_close("tokens", sum.tokens, 15000.0, 1e-9);
    check_close("running", sum.running_ns, 2.0 * (double)now_ns, 1e-9);
    series_release(&series);
}

/* A request per 10 ms, 100 of them, the last at 990 ms. Answered after 25 ms, 2 or 3 are always in
 * flight; a server that takes 12 ms for each falls behind by a sixth of the 50 of the later half.
 */
static void growth(void)
{
    struct serving_load load = plain_load();
    for (int is_slow = 0; is_slow < 2; is_slow++) {
        struct collector collector;
        collector_init(&collector, &load, 1, 100);
        for (int i = 0; i < 100; i++) {
            int64_t end = is_slow ? 12 * (i + 1) : 10 * i + 25;
            struct request_record one = record(i, 10 * i, 10 * i, end, end, 1);
            collector_sink(&collector).done(&collector, &one);
        }
        double ratio = collector_growth(&collector);
        check_at_least("growth", ratio, is_slow ? 0.08 : 0.0);
        check_at_most("growth", ratio, is_slow ? 0.10 : 0.01);
        collector_release(&collector);
    }
}

static void names(void)
{
    for (int i = 0; i < FIGURE_COUNT; i++)
        for (int j = 0; j < i; j++)
            check_true(figure_names[i], strcmp(figure_names[i], figure_names[j]) != 0);
    check_text("a spread's", figure_names[FIGURE_TTFT_P99], "ttft_p99_s");
    check_text("a single's", figure_names[FIGURE_GOOD_SHARE], "good_share");
}

int main(void)
{
    static const struct test_case cases[] = {
        {"latencies",         latencies},
        {"promises and cost",                   promises_and_cost},
        {"warm-up",warm_up},
        {"occupancy",           occupancy},
        {"series keeps sums",                   series_keeps_sums},
        {"growth",growth},
        {"names", names},
        {0                  },
    };
    return check_main("figures", cases);
}
