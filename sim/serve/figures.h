/* Figures of one simulated run: latencies, throughput, goodput, occupancy, energy, cost. */
#ifndef TOKENROOF_SERVE_FIGURES_H
#define TOKENROOF_SERVE_FIGURES_H

#include "serve/energy.h"
#include "serve/gaps.h"
#include "serve/metrics.h"
#include "serve/series.h"
#include "serve/step_log.h"
#include "spec/serving.h"

/** Five-number descriptions. S(id, name, title) */
#define FIGURE_SPREADS(S)                                                                          \
    S(TTFT, "ttft", "TTFT")                                                                        \
    S(TPOT, "tpot", "TPOT")                                                                        \
    S(ITL, "itl", "ITL")                                                                           \
    S(E2E, "e2e", "E2E")                                                                           \
    S(QUEUE, "queue", "queue wait")                                                                \
    S(SERVICE, "service", "service")

/** Single figures. X(id, name, title, unit) */
#define FIGURE_SINGLES(X)                                                                          \
    X(COMPLETED, "completed", "requests", "")                                                      \
    X(DURATION, "duration_s", "duration", "s")                                                     \
    X(INPUT_TOKENS, "input_tokens", "input tokens", "")                                            \
    X(OUTPUT_TOKENS, "output_tokens", "output tokens", "")                                         \
    X(REQUEST_RATE, "req_per_s", "requests", "/s")                                                 \
    X(OUTPUT_RATE, "output_tok_per_s", "output", "tok/s")                                          \
    X(TOTAL_RATE, "total_tok_per_s", "total", "tok/s")                                             \
    X(GOODPUT, "goodput_req_per_s", "goodput", "/s")                                               \
    X(GOOD_SHARE, "good_share", "good requests", "")                                               \
    X(PEAK_CONCURRENCY, "peak_concurrency", "peak in flight", "")                                  \
    X(MEAN_CONCURRENCY, "mean_concurrency", "mean in flight", "")                                  \
    X(PREEMPTIONS, "preemptions", "preemptions", "")                                               \
    X(PREFIX_HITS, "prefix_hit_share", "prefix hits", "")                                          \
    X(RUNNING, "mean_running", "mean batch", "")                                                   \
    X(WAITING, "mean_waiting", "mean queue", "")                                                   \
    X(KV_SHARE, "kv_share", "KV in use", "")                                                       \
    X(BUSY_SHARE, "busy_share", "busy", "")                                                        \
    X(STEPS, "steps", "engine steps", "")                                                          \
    X(ENERGY, "energy_j", "energy", "J")                                                           \
    X(ENERGY_PER_TOKEN, "energy_j_per_mtok", "energy per 1e6 tokens", "J")                         \
    X(COST_PER_TOKEN, "cost_per_mtok", "cost per 1e6 tokens", "")                                  \
    X(COST_PER_OUTPUT, "cost_per_output_mtok", "cost per 1e6 output tokens", "")                   \
    X(WARMUP, "warmup_requests", "warm-up", "")

#define FIGURE_SPREAD_IDS(id, name, title)                                                         \
    FIGURE_##id##_MEAN, FIGURE_##id##_STD, FIGURE_##id##_P50, FIGURE_##id##_P90,                   \
        FIGURE_##id##_P95, FIGURE_##id##_P99,
#define FIGURE_SINGLE_ID(id, name, title, unit) FIGURE_##id,
/** Index of a figure. */
enum figure { FIGURE_SPREADS(FIGURE_SPREAD_IDS) FIGURE_SINGLES(FIGURE_SINGLE_ID) FIGURE_COUNT };
#undef FIGURE_SPREAD_IDS
#undef FIGURE_SINGLE_ID

/** Names ("ttft_p99_s"), titles for people and units of all figures. */
extern const char *const figure_names[FIGURE_COUNT];
extern const char *const figure_titles[FIGURE_COUNT];
extern const char *const figure_units[FIGURE_COUNT];

/** Values by enum figure [SI]; NaN = there is none. */
struct figures {
    double value[FIGURE_COUNT];
};

/** Records of one run; fed through its sink. */
struct collector {
    const struct serving_load *load;
    int64_t devices;                 /**< that the price is of, over all replicas */
    const struct power_model *power; /**< NULL = energy is not asked for */
    struct step_log *log;            /**< keeps single steps; NULL = they are not asked for */
    struct request_record *records;  /**< [count] in order of completion */
    int64_t count;
    int64_t capacity;
    struct gaps gaps;
    struct series series;
    int64_t warmup_left; /**< warm-up requests still running: gaps are not counted yet */
};

/**
 * Makes an empty collector for about `expected` requests (56 bytes each); `load` says the warm-up,
 * the promises and the price, and must outlive it. `power` may be set afterwards.
 */
void collector_init(struct collector *collector, const struct serving_load *load, int64_t devices,
                    int64_t expected);

/** Where the server reports to. */
struct metrics_sink collector_sink(struct collector *collector);

/**
 * The figures by the definitions of `vllm bench serve`: TPOT = (E2E − TTFT) / (output − 1) over
 * requests with more than one token; ITL pooled over all gaps; goodput counts requests that keep
 * every promise (TPOT of single tokens: 0); rates over the time from 0 to the last token. Queue =
 * arrival to first scheduled, service = the rest of E2E. With a warm-up its requests (by id, in
 * order of arrival) count for nothing and time begins at the first arrival behind them; gaps are
 * counted from the end of the last of them (MSER-5: all gaps).
 */
void collector_figures(const struct collector *collector, struct figures *figures);

/** Requests of the warm-up: as written, or found by MSER-5 over E2E in order of arrival. */
int64_t collector_warmup(const struct collector *collector);

/**
 * How much the number of requests in flight grew over the later half of the time in which requests
 * came, as a share of all requests. About 0 under a load that the server sustains; under a larger
 * one half of the share that it does not get done. It tells little while the run is not long
 * against a request.
 */
double collector_growth(const struct collector *collector);

/** Frees everything. */
void collector_release(struct collector *collector);

#endif
