#include "validate/judge.h"

#include "graph/params.h"
#include "serve/static_batch.h"

#include <math.h>
#include <string.h>

const char *class_name(int class)
{
#define NAME_OF_CLASS(id, name) name,
    static const char *const names[] = {RUN_CLASS_LIST(NAME_OF_CLASS)};
    return class < KERNEL_COUNT ? kernel_names[class] : names[class - KERNEL_COUNT];
}

void judge_rates_init(struct judge_rates *rates, const struct device *device)
{
    /* the hidden size matters to wafers only, which have no kernel tables */
    const int64_t hidden = 4096;
    rates_init(&rates->best, device, hidden, RATES_BEST);
    rates_init(&rates->uncalibrated, device, hidden, RATES_UNCALIBRATED);
    struct run pair = {.device = device, .device_count = 2};
    rates_set_fabric(&rates->best, &pair);
    rates_set_fabric(&rates->uncalibrated, &pair);
    /* benchmarks start all ranks together */
    rates->best.rank_wait_s = rates->uncalibrated.rank_wait_s = 0.0;
}

static struct judged *add(struct judgement *judgement)
{
    if (judgement->count == judgement->capacity) {
        judgement->capacity = judgement->capacity ? 2 * judgement->capacity : 1024;
        struct judged *larger =
            arena_array(judgement->arena, (size_t)judgement->capacity, sizeof *larger);
        if (judgement->count)
            memcpy(larger, judgement->rows, (size_t)judgement->count * sizeof *larger);
        judgement->rows = larger;
    }
    return &judgement->rows[judgement->count++];
}

/* The one class of a file, or CLASS_COUNT. */
static int class_of_set(const struct sample_set *set)
{
    if (set->kernel_count == 0)
        return CLASS_COUNT;
    for (int64_t i = 1; i < set->kernel_count; i++)
        if (set->kernels[i].op.kernel != set->kernels[0].op.kernel)
            return CLASS_COUNT;
    return (int)set->kernels[0].op.kernel;
}

void judge_kernels(struct judgement *judgement, const struct sample_set *set,
                   struct judge_rates *rates)
{
    rates->best.is_repeating = set->is_repeating;
    rates->uncalibrated.is_repeating = set->is_repeating;
    judgement->refused[class_of_set(set)] += set->refused;
    for (int64_t i = 0; i < set->kernel_count; i++) {
        const struct kernel_sample *sample = &set->kernels[i];
        const struct op *op = &sample->op;
        bool is_small = op->ranks > 1.0 && op->message_bytes < judgement->least_bytes;
        if (is_small || !(sample->measured_s >= judgement->least_s)) {
            judgement->too_short++;
            continue;
        }
        double spread = rates->best.kernels[op->kernel][op->math].fit.spread_ratio;
        *add(judgement) = (struct judged){
            .path = set->path,
            .line = sample->line,
            .class = (int)op->kernel,
            .variant = sample->variant ? sample->variant : "",
            .subject = sample->subject ? sample->subject : "",
            .measured_s = sample->measured_s,
            .predicted_s = sample_time(&rates->best, sample),
            .uncalibrated_s = sample_time(&rates->uncalibrated, sample),
            .interval = {exp(-spread), exp(spread)},
            .is_held_out = sample_is_held_out(sample, judgement->seed, judgement->held_ratio),
            .sample = sample,
        };
    }
}

/* One predicted figure of a run. */
struct outcome {
    double predicted_s;
    struct interval interval;
    double uncalibrated_s;
};

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ at[i]) * UINT64_C(1099511628211);
    return hash;
}

/* Everything that was asked for: model, hyper-parameters, formats, requests, cores; a first token
 * doesn't depend on those after it. */
static uint64_t key_of(const struct run *run, int class)
{
    const struct model *model = run->model;
    const int64_t numbers[] = {
        model->layers,
        model->ffn.moe.experts,
        model->ffn.moe.top_k,
        model->ffn.moe.expert_ffn,
        (int64_t)run->precision.weights,
        (int64_t)run->precision.activations,
        (int64_t)run->precision.kv_cache,
        run->workload.batch,
        run->workload.input_tokens,
        class == CLASS_TTFT ? 0 : run->workload.output_tokens,
        run->engine.threads,
        (int64_t)run->engine.launch,
        run->device_count,
        run->deploy.tp,
        run->deploy.pp,
        run->deploy.dp,
        run->deploy.ep,
    };
    uint64_t hash = hash_bytes(UINT64_C(14695981039346656037), numbers, sizeof numbers);
    hash = hash_bytes(hash, model->id, strlen(model->id));
    hash = hash_bytes(hash, run->device->id, strlen(run->device->id));
    return hash ? hash : 1;
}

static void add_run_row(struct judgement *judgement, const struct sample_set *set,
                        const struct run_sample *sample, const struct run *run, int class,
                        double measured_s, const struct outcome *outcome)
{
    double predicted_s = outcome->predicted_s;
    if (isnan(measured_s))
        return;
    if (!(measured_s > 0.0 && predicted_s > 0.0)) {
        judgement->refused[class]++;
        return;
    }
    if (measured_s < judgement->least_s) {
        judgement->too_short++;
        return;
    }
    *add(judgement) = (struct judged){
        .path = set->path,
        .line = sample->line,
        .class = class,
        .variant = sample->variant ? sample->variant : "",
        .subject = arena_printf(
            judgement->arena, "%s on %lld %s, batch %lld, %lld + %lld tokens", run->model->id,
            (long long)run->device_count, run->device->id, (long long)run->workload.batch,
            (long long)run->workload.input_tokens, (long long)run->workload.output_tokens),
        .measured_s = measured_s,
        .predicted_s = predicted_s,
        .uncalibrated_s = outcome->uncalibrated_s,
        .interval = outcome->interval,
        .key = key_of(run, class),
        .is_held_out = true,
    };
}

/* The first of two that was measured. */
static double known(double value, double otherwise)
{
    return isnan(value) ? otherwise : value;
}

/* Least time of the prefill at the datasheet's peak [s]. */
static double least_prefill(const struct rates *rates, const struct run *run,
                            const struct prediction *prediction)
{
    enum math math = run_math(run);
    return prediction->prefill.flops / rates->peak_flop_per_s[math];
}

/*
 * Least time of the mean decode step [s]: what it reads of weights and KV cache, less what caches
 * may hold, at the datasheet's bandwidth with a margin for clocks and rounding. Of routed experts
 * only those of one request count: others may choose the same. 0 where a step yields more than a
 * token, and where the bandwidth was probed beside the run: a virtual machine has no datasheet.
 */
static double least_step(const struct predictor *predictor, struct step_cost *cost)
{
    const double margin = 1.05;
    const struct run *run = predictor->run;
    const struct rates *rates = predictor->rates;
    struct run alone = *run;
    struct predictor one = *predictor;
    if ((run->levers && run->levers->speculation.method != SPECULATION_NONE) ||
        rates->probed.read_byte_per_s > 0.0)
        return 0.0;
    if (run->model->ffn.moe.experts > 0)
        alone.workload.batch = 1;
    one.run = &alone;
    struct phase decode = static_batch_predict(&one, cost).decode;
    double bytes = decode.mbu * decode.time_s * rates->memory_byte_per_s - rates->cache_bytes;
    return fmax(bytes, 0.0) / (margin * rates->memory_byte_per_s);
}

/*
 * Time between tokens as the sample's client saw it. In a closed loop of n requests each decode of
 * (output - 1) steps is interrupted by one prefill of each of the n - 1 others: a fluid balance
 * without queueing.
 */
static double seen_tpot(const struct run_sample *sample, const struct run *run,
                        const struct prediction *prediction)
{
    double requests = (double)run->workload.batch;
    double steps = (double)run->workload.output_tokens - 1.0;
    if (!sample->is_closed_loop || steps < 1.0)
        return prediction->tpot_s;
    return prediction->tpot_s + (requests - 1.0) / requests * prediction->ttft_s / steps;
}

/* What a run's figures are held against. */
struct both {
    struct prediction best;
    struct prediction rough;
    double least_prefill_s; /* nothing real is faster */
    double least_step_s;    /* nor than this */
};

/* Adds the figures of a run; returns why one was refused, else NULL. */
static const char *judge_figures(struct judgement *judgement, const struct sample_set *set,
                                 const struct run_sample *sample, const struct run *run,
                                 const struct both *both)
{
    const struct prediction *best = &both->best;
    const struct prediction *rough = &both->rough;
    double batch = (double)run->workload.batch;
    double output = (double)run->workload.output_tokens;
    double steps = fmax(output - 1.0, 0.0);
    static const char too_fast[] =
        "decode steps faster than reading weights and KV cache at the datasheet's bandwidth";
    const struct {
        int class;
        double measured_s;
        double least_s;
        struct outcome outcome;
        const char *why;
    } rows[] = {
        {CLASS_TTFT,
         known(sample->ttft_s,
         batch * (double)run->workload.input_tokens / sample->prefill_tok_per_s),
         both->least_prefill_s,
         {best->ttft_s, best->ttft_interval, rough->ttft_s},
         "a prefill faster than the datasheet's peak"},
        {CLASS_TPOT,
         known(sample->tpot_s, batch / sample->decode_tok_per_s),
         both->least_step_s,
         {seen_tpot(sample, run, best), best->tpot_interval, seen_tpot(sample, run, rough)},
         too_fast                                    },
        {CLASS_E2E,
         known(sample->e2e_s,  batch * output / sample->output_tok_per_s),
         steps * both->least_step_s,
         {best->e2e_s, best->e2e_interval, rough->e2e_s},
         too_fast                                    },
    };
    const char *why = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].measured_s < rows[i].least_s) {
            judgement->refused[rows[i].class]++;
            why = rows[i].why;
        } else {
            add_run_row(judgement, set, sample, run, rows[i].class, rows[i].measured_s,
                        &rows[i].outcome);
        }
    }
    return why;
}

const char *judge_run(struct judgement *judgement, const struct sample_set *set,
                      const struct run_sample *sample, const struct run *run)
{
    struct arena scratch; /* a predictor is large and needed once */
    arena_init(&scratch);
    struct step_cost *cost = arena_alloc(&scratch, sizeof *cost);
    struct rates *plain = arena_alloc(&scratch, sizeof *plain);
    struct predictor predictor = predictor_new(&scratch, run);
    struct rates *probed = arena_alloc(&scratch, sizeof *probed);
    *probed = *predictor.rates;
    probed->probed = sample->probed;
    predictor.rates = probed;
    struct prediction best = static_batch_predict(&predictor, cost);
    double least_step_s = least_step(&predictor, cost);
    struct params params = params_of(run->model);
    rates_init(plain, run->device, run->model->hidden, RATES_UNCALIBRATED);
    rates_set_working_set(plain, run->device,
                          params_total(&params) * format_bytes(run->precision.weights));
    rates_set_fabric(plain, run);
    rates_set_threads(plain, run->engine.threads);
    predictor.rates = plain;
    struct prediction rough = static_batch_predict(&predictor, cost);
    const char *why =
        judge_figures(judgement, set, sample, run,
                      &(struct both){best, rough, least_prefill(plain, run, &best), least_step_s});
    arena_release(&scratch);
    return why;
}

void judge_refuse_run(struct judgement *judgement, const struct run_sample *sample)
{
    judgement->refused[CLASS_TTFT] += !isnan(sample->ttft_s) || !isnan(sample->prefill_tok_per_s);
    judgement->refused[CLASS_TPOT] += !isnan(sample->tpot_s) || !isnan(sample->decode_tok_per_s);
    judgement->refused[CLASS_E2E] += !isnan(sample->e2e_s) || !isnan(sample->output_tok_per_s);
}
