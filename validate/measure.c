#include "validate/measure.h"

#include "graph/routing.h"
#include "kernel/probe.h"
#include "validate/fit.h"
#include "validate/measure_bench.h"

#include <math.h>
#include <string.h>

enum { TIMES_MAX = 512, PREFILLS_MIN = 3, PROBE_BYTES = 128 << 20 };

static const double outlier_ratio = 1.3;
static const double most_spread = 0.5; /* of steps that nobody disturbed */

static float *bias_of(struct arena *arena, const struct measure_setup *setup)
{
    int64_t experts = setup->model->ffn.moe.experts;
    if (!(setup->skew > 0.0) || experts == 0)
        return NULL;
    float *bias = arena_array(arena, (size_t)experts, sizeof *bias);
    for (int64_t i = 0; i < experts; i++)
        bias[i] = (float)(-setup->skew * log((double)(i + 1)));
    return bias;
}

struct measure_bench *measure_open(struct arena *arena, const struct measure_setup *setup,
                                   int64_t batch, int64_t context, const char **why)
{
    struct measure_bench *bench = arena_alloc(arena, sizeof *bench);
    struct decoder_options options = decoder_options_default();
    bench->setup = *setup;
    bench->arena = arena;
    bench->router_bias = bias_of(arena, setup);
    if (setup->checkpoint)
        gguf_apply(setup->checkpoint, &options);
    options.format = setup->weights;
    options.kv_format = setup->kv_cache;
    options.threads = setup->threads;
    options.seed = setup->seed;
    options.max_context_tokens = context;
    options.max_batch = batch;
    options.chunk_tokens = setup->chunk_tokens > batch ? setup->chunk_tokens : batch;
    options.router_bias = bench->router_bias;
    pages_init(&bench->pages);
    bench->memory = pages_take(&bench->pages, PROBE_BYTES);
    bench->decoder = bench->memory ? decoder_new(setup->model, &options) : NULL;
    if (!bench->decoder) {
        pages_release(&bench->pages);
        const char *reason = decoder_refusal(setup->model, &options);
        *why = reason ? reason : "not enough memory";
        return NULL;
    }
    memset(bench->memory, 1, PROBE_BYTES);
    bench->segments = arena_array(arena, (size_t)batch, sizeof *bench->segments);
    bench->slots = arena_array(arena, (size_t)batch, sizeof *bench->slots);
    bench->next = arena_array(arena, (size_t)batch, sizeof *bench->next);
    bench->tokens = arena_array(arena, (size_t)options.chunk_tokens, sizeof *bench->tokens);
    uint64_t state = setup->seed;
    for (int64_t i = 0; i < options.chunk_tokens; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        bench->tokens[i] = (int32_t)((state >> 33) % (uint64_t)setup->model->vocab);
    }
    for (int64_t i = 0; i < batch; i++)
        bench->slots[i] = i;
    return bench;
}

void measure_close(struct measure_bench *bench)
{
    if (!bench)
        return;
    decoder_free(bench->decoder);
    pages_release(&bench->pages);
}

int64_t measure_context(const struct measure_case *c)
{
    int64_t deepest = c->depth > c->prompt ? c->depth : c->prompt;
    return deepest + c->generated + 8; /* steps to warm up */
}

void measure_prefill(struct measure_bench *bench, int64_t batch, int64_t prompt)
{
    int64_t chunk = bench->setup.chunk_tokens;
    int64_t whole = (prompt - 1) / chunk;
    int64_t rest = prompt - whole * chunk;
    int64_t together = chunk / rest;
    for (int64_t slot = 0; slot < batch; slot++)
        for (int64_t i = 0; i < whole; i++) {
            struct segment part = {slot, 0, chunk, i * chunk, 0};
            decoder_step(bench->decoder, &part, 1, bench->tokens, bench->next);
        }
    for (int64_t slot = 0; slot < batch; slot += together) {
        int64_t count = batch - slot < together ? batch - slot : together;
        for (int64_t i = 0; i < count; i++)
            bench->segments[i] = (struct segment){slot + i, i * rest, rest, whole * chunk, 1};
        decoder_step(bench->decoder, bench->segments, count, bench->tokens, bench->next);
    }
}

void measure_set_depth(struct measure_bench *bench, int64_t batch, int64_t depth)
{
    for (int64_t slot = 0; slot < batch; slot++)
        decoder_set_length(bench->decoder, slot, depth);
}

void measure_decode(struct measure_bench *bench, int64_t batch)
{
    decoder_decode(bench->decoder, bench->slots, bench->tokens, batch, bench->next);
}

struct probed measure_probe(struct measure_bench *bench)
{
    const double limit_s = 0.02;
    struct pool *pool = decoder_pool(bench->decoder);
    struct probed probed = {
        .read_byte_per_s =
            probe_read_bandwidth(pool, ISA_AVX512, bench->memory, PROBE_BYTES, limit_s),
        .fma_flop_per_s = probe_fma_rate(pool),
        .latency_s = probe_latency(bench->memory, PROBE_BYTES),
    };
    if (pool_threads(pool) > 1) {
        probed.exchange_byte_per_s = probe_exchange_rate(pool);
        probed.barrier_s = probe_barrier_time(pool);
    }
    return probed;
}

struct probed measure_probed_mean(const struct probed *a, const struct probed *b)
{
    return (struct probed){0.5 * (a->read_byte_per_s + b->read_byte_per_s),
                           0.5 * (a->exchange_byte_per_s + b->exchange_byte_per_s),
                           0.5 * (a->barrier_s + b->barrier_s),
                           0.5 * (a->fma_flop_per_s + b->fma_flop_per_s),
                           0.5 * (a->latency_s + b->latency_s)};
}

static double middle(double a, double b, double c)
{
    return fmax(fmin(a, b), fmin(fmax(a, b), c));
}

/* The middle of three looks, figure by figure: one may have met a burst of the neighbours. */
static struct probed middle_of(const struct probed *a, const struct probed *b,
                               const struct probed *c)
{
    return (struct probed){
        middle(a->read_byte_per_s, b->read_byte_per_s, c->read_byte_per_s),
        middle(a->exchange_byte_per_s, b->exchange_byte_per_s, c->exchange_byte_per_s),
        middle(a->barrier_s, b->barrier_s, c->barrier_s),
        middle(a->fma_flop_per_s, b->fma_flop_per_s, c->fma_flop_per_s),
        middle(a->latency_s, b->latency_s, c->latency_s)};
}

bool measure_is_steady(const struct probed *a, const struct probed *b)
{
    const double wander = 1.4; /* states differ twofold in one figure or the other */
    double fma = a->fma_flop_per_s / b->fma_flop_per_s;
    double read = a->read_byte_per_s / b->read_byte_per_s;
    double exchange =
        b->exchange_byte_per_s > 0.0 ? a->exchange_byte_per_s / b->exchange_byte_per_s : 1.0;
    return fmax(fma, 1.0 / fma) < wander && fmax(read, 1.0 / read) < wander &&
           fmax(exchange, 1.0 / exchange) < wander;
}

static struct measure_times times_of(double *seconds, int64_t count)
{
    struct measure_times times = {(double)NAN, (double)NAN, (double)NAN, (double)NAN, count, 0};
    if (count == 0)
        return times;
    times.median_s = fit_quantile(seconds, count, 0.5); /* sorts them */
    times.least_s = seconds[0];
    times.most_s = seconds[count - 1];
    times.spread_ratio =
        (fit_quantile(seconds, count, 0.9) - fit_quantile(seconds, count, 0.1)) / times.median_s;
    for (int64_t i = 0; i < count; i++)
        times.outliers += seconds[i] > outlier_ratio * times.median_s;
    return times;
}

static double seconds_since(int64_t start_ns)
{
    return 1e-9 * (double)(clock_ns() - start_ns);
}

static struct measure_times time_prefill(struct measure_bench *bench, const struct measure_case *c,
                                         double limit_s)
{
    const double long_runs = 4.0;
    double seconds[TIMES_MAX];
    int64_t count = 0;
    int64_t begin = clock_ns();
    measure_prefill(bench, c->batch, c->prompt);
    double warm = seconds_since(begin);
    bool is_long = warm > long_runs * limit_s;
    if (is_long) /* such a run is its own warm-up */
        seconds[count++] = warm;
    begin = clock_ns();
    while (count < TIMES_MAX) {
        int64_t start = clock_ns();
        measure_prefill(bench, c->batch, c->prompt);
        seconds[count++] = seconds_since(start);
        if (count >= PREFILLS_MIN && (is_long || seconds_since(begin) > limit_s))
            break;
    }
    return times_of(seconds, count);
}

static struct measure_times time_decode(struct measure_bench *bench, const struct measure_case *c)
{
    enum { WARM_STEPS = 2 };
    double seconds[TIMES_MAX];
    int64_t depth = c->depth > 0 ? c->depth : c->prompt;
    int64_t steps = c->generated < TIMES_MAX ? c->generated : TIMES_MAX;
    measure_set_depth(bench, c->batch, depth);
    for (int i = 0; i < WARM_STEPS; i++)
        measure_decode(bench, c->batch);
    measure_set_depth(bench, c->batch, depth);
    for (int64_t i = 0; i < steps; i++) {
        int64_t start = clock_ns();
        measure_decode(bench, c->batch);
        seconds[i] = seconds_since(start);
    }
    return times_of(seconds, steps);
}

/* Mean distinct experts per MoE layer over independent random tokens. */
static double count_distinct(const struct measure_bench *bench)
{
    const struct model *model = bench->setup.model;
    double sum = 0.0;
    double layers = 0.0;
    for (int64_t layer = 0; layer < model->layers; layer++)
        if (model_layer_is_moe(model, layer)) {
            sum += (double)decoder_distinct_experts(bench->decoder, layer);
            layers += 1.0;
        }
    return sum / layers;
}

static double expect_visited(const struct measure_bench *bench, double tokens)
{
    const struct model *model = bench->setup.model;
    int64_t experts = model->ffn.moe.experts;
    double *popularity = arena_array(bench->arena, (size_t)experts, sizeof *popularity);
    double sum = 0.0;
    double layers = 0.0;
    for (int64_t layer = 0; layer < model->layers; layer++) {
        if (!model_layer_is_moe(model, layer))
            continue;
        const int64_t *visits = decoder_expert_visits(bench->decoder, layer);
        for (int64_t e = 0; e < experts; e++)
            popularity[e] = (double)visits[e] + 1e-3; /* an expert that was never seen may come */
        struct routing routing = {
            .kind = ROUTING_HISTOGRAM, .popularity = popularity, .popularity_count = (int)experts};
        struct router router = router_new(bench->arena, &routing, &model->ffn.moe);
        sum += router_distinct(&router, tokens);
        layers += 1.0;
    }
    return sum / layers;
}

/* Routes fresh random tokens: what one step of `batch` requests hits, and the popularity over a
 * whole chunk. */
static void count_experts(struct measure_bench *bench, const struct measure_case *c,
                          struct measure_result *result)
{
    const struct routing uniform = {.kind = ROUTING_UNIFORM};
    const struct moe *moe = &bench->setup.model->ffn.moe;
    if (moe->experts == 0)
        return;
    struct router router = router_new(bench->arena, &uniform, moe);
    result->distinct = count_distinct(bench);
    result->distinct_uniform = router_distinct(&router, (double)c->batch);
    result->distinct_visited = expect_visited(bench, (double)c->batch);
}

struct measure_result measure_run(struct measure_bench *bench, const struct measure_case *c,
                                  double limit_s)
{
    struct measure_result result = {
        .distinct = (double)NAN, .distinct_uniform = (double)NAN, .distinct_visited = (double)NAN};
    struct probed before = measure_probe(bench);
    decoder_reset_timers(bench->decoder); /* visits of the prefill are the popularity */
    result.ttft = time_prefill(bench, c, limit_s);
    struct probed between = measure_probe(bench);
    result.itl = time_decode(bench, c);
    count_experts(bench, c, &result);
    struct probed after = measure_probe(bench);
    result.probed = middle_of(&before, &between, &after);
    result.is_steady = measure_is_steady(&before, &between) &&
                       measure_is_steady(&between, &after) && result.itl.spread_ratio < most_spread;
    return result;
}
