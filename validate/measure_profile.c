/* Operator by operator: the kernel's own timers beside the shapes that the graph predicts. */
#include "graph/step.h"
#include "validate/fit.h"
#include "validate/measure_bench.h"

#include <math.h>

const char measure_profile_header[] =
    "model,phase,op,layer,class,dtype,weights,activations,threads,calls,time_us,flops,weight_bytes,"
    "kv_bytes,activation_bytes,m,n,k,batch,heads,kv_heads,head_dim,new_tokens,context,tokens,"
    "experts,top_k,expert_ffn,hidden,distinct,message_bytes,working_set_bytes,read_gb_s,"
    "exchange_gb_s,barrier_us,fma_gflop_s,latency_ns\n";

/* A step whose operators are timed: how long all calls of each took in every step. */
struct profile {
    struct measure_bench *bench;
    const struct step *step;
    int64_t *times_ns; /* [STEPS_MAX][layers + 1][OP_KIND_COUNT] */
    int64_t cells;     /* of one step */
    int64_t steps;
};

enum { STEPS_MIN = 3, STEPS_MAX = 64, TRIES_MAX = 3 };

/* Where the rows of the CSV go. */
struct profile_rows {
    const struct measure_bench *bench;
    const char *phase;
    struct text *out;
};

/* The operator of the step that the timers call `kind`, or NULL. */
static const struct op *op_of(const struct step *step, enum op_kind kind)
{
    for (int i = 0; i < step->op_count; i++)
        if (step->ops[i].kind == kind)
            return &step->ops[i];
    return NULL;
}

/* The stored operand's format: it decides the arithmetic. */
static enum format stored_format(const struct measure_bench *bench, const struct op *op)
{
    bool is_attention =
        op->kernel == KERNEL_PREFILL_ATTENTION || op->kernel == KERNEL_DECODE_ATTENTION;
    if (op->kernel == KERNEL_ELEMENTWISE || op->kind == OP_ROUTER) /* routers stay fp32 */
        return FORMAT_FP32;
    return is_attention ? bench->setup.kv_cache : bench->setup.weights;
}

double measured_distinct(const struct measured_op *op)
{
    const struct op_shape *s = &op->op->shape;
    return op->work.weight_bytes / ((1.0 + s->inputs) * s->depth * s->columns * s->element_bytes);
}

/* Cells m … message_bytes; those of other classes stay empty. */
static void add_shape(const struct model *model, const struct measured_op *measured,
                      struct text *out)
{
    const struct op *op = measured->op;
    const struct op_shape *s = &op->shape;
    switch (op->kernel) {
    case KERNEL_GEMM:
        text_addf(out, "%.17g,%.17g,%.17g,,,,,,,,,,,,,", s->rows, s->columns, s->depth);
        break;
    case KERNEL_PREFILL_ATTENTION:
    case KERNEL_DECODE_ATTENTION:
        text_addf(out, ",,,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,,,,,,,", s->requests,
                  s->groups * s->heads_per_group, s->groups, s->depth, s->rows, s->columns);
        break;
    case KERNEL_MOE:
        text_addf(out, ",,,,,,,,,%.17g,%lld,%lld,%.17g,%.17g,%.6g,", s->requests,
                  (long long)model->ffn.moe.experts, (long long)model->ffn.moe.top_k, s->columns,
                  s->depth, measured_distinct(measured));
        break;
    case KERNEL_ELEMENTWISE:
        text_addf(out, ",,,%.17g,,%.17g,,,,%.17g,,,,,,%.17g", s->requests, s->groups, s->rows,
                  op_bytes(op));
        break;
    case KERNEL_MLA_PREFILL:
    case KERNEL_MLA_DECODE:
    case KERNEL_ALL_REDUCE:
    case KERNEL_CUSTOM_ALL_REDUCE:
    case KERNEL_ALL_GATHER:
    case KERNEL_ALL_TO_ALL:
    case KERNEL_HOST_COPY:
    case KERNEL_COUNT:
        text_addf(out, ",,,,,,,,,,,,,,,%.17g", op_bytes(op));
        break;
    }
}

static void add_row(void *context, const struct measured_op *measured)
{
    const struct profile_rows *rows = context;
    const struct measure_setup *setup = &rows->bench->setup;
    const struct op *op = measured->op;
    const struct op_work *work = &measured->work;
    const struct probed *probed = &measured->probed;
    struct text *out = rows->out;
    char layer[24] = "all";
    if (measured->layer == setup->model->layers)
        snprintf(layer, sizeof layer, "outside");
    else if (measured->layer >= 0)
        snprintf(layer, sizeof layer, "%lld", (long long)measured->layer);
    enum format format = stored_format(rows->bench, op);
    text_addf(out, "%s,%s,%s,%s,%s,%s,%s,fp32,%d,%lld,%.6g,", setup->model->id, rows->phase,
              op_names[op->kind], layer, kernel_names[op->kernel], math_names[format_math(format)],
              format_names[format], setup->threads, (long long)measured->calls,
              1e6 * measured->time_s);
    text_addf(out, "%.17g,%.17g,%.17g,%.17g,", work->flops, work->weight_bytes, work->kv_bytes,
              work->activation_bytes);
    add_shape(setup->model, measured, out);
    text_addf(out, ",%.6g,%.4g,", measured->working_set_bytes, 1e-9 * probed->read_byte_per_s);
    if (probed->barrier_s > 0.0)
        text_addf(out, "%.4g,%.4g", 1e-9 * probed->exchange_byte_per_s, 1e6 * probed->barrier_s);
    else
        text_add(out, ",");
    text_addf(out, ",%.4g,%.4g\n", 1e-9 * probed->fma_flop_per_s, 1e9 * probed->latency_s);
}

/* Builds the step that the kernel ran, for its shapes. */
static const struct step *build_step(const struct measure_bench *bench,
                                     const struct batch_part *part)
{
    static const struct routing uniform = {.kind = ROUTING_UNIFORM};
    const struct measure_setup *setup = &bench->setup;
    struct layout *layout = arena_alloc(bench->arena, sizeof *layout);
    struct step *step = arena_alloc(bench->arena, sizeof *step);
    struct run run = {
        .model = setup->model,
        .device_count = 1,
        .precision = {setup->weights,    FORMAT_FP32, setup->kv_cache, HEAD_WEIGHTS},
        .deploy = {.tp = 1                },
        .engine = {
                      .attention = ATTENTION_FLASH, .moe = MOE_FUSED,                      .arithmetic = ARITHMETIC_WEIGHTS                    }
    };
    struct batch batch = {part, 1};
    struct router router = router_new(bench->arena, &uniform, &setup->model->ffn.moe);
    layout_init(layout, setup->model);
    step_build(&run, layout, &router, &batch, step);
    return step;
}

static void run_step(struct measure_bench *bench, const struct batch_part *part)
{
    if (part->new_tokens > 1) {
        measure_prefill(bench, part->requests, part->new_tokens);
        return;
    }
    measure_set_depth(bench, part->requests, part->past_tokens);
    measure_decode(bench, part->requests);
}

/* What the timers got since the last look. */
static void note_step(struct profile *profile, int64_t *seen_ns)
{
    const struct op_timers *timers = decoder_timers(profile->bench->decoder);
    int64_t *times = profile->times_ns + profile->steps++ * profile->cells;
    for (int64_t i = 0; i < profile->cells; i++) {
        times[i] = timers->timers[i].ns - seen_ns[i];
        seen_ns[i] = timers->timers[i].ns;
    }
}

static void repeat_step(struct profile *profile, const struct batch_part *part, double limit_s)
{
    struct measure_bench *bench = profile->bench;
    int64_t *seen_ns = arena_array(bench->arena, (size_t)profile->cells, sizeof *seen_ns);
    run_step(bench, part);
    decoder_reset_timers(bench->decoder);
    int64_t start = clock_ns();
    while (profile->steps < STEPS_MIN ||
           (profile->steps < STEPS_MAX && 1e-9 * (double)(clock_ns() - start) < limit_s)) {
        run_step(bench, part);
        note_step(profile, seen_ns);
    }
}

/* Seconds per call of an operator in `layer`, or over all (−1): median over steps. */
static double median_time(const struct profile *profile, enum op_kind kind, int64_t layer,
                          int64_t calls)
{
    double per_step = (double)calls / (double)profile->steps;
    double times[STEPS_MAX];
    for (int64_t s = 0; s < profile->steps; s++) {
        const int64_t *cells = profile->times_ns + s * profile->cells;
        int64_t sum = 0;
        for (int64_t at = 0; at * OP_KIND_COUNT < profile->cells; at++)
            if (layer < 0 || at == layer)
                sum += cells[at * OP_KIND_COUNT + (int64_t)kind];
        times[s] = 1e-9 * (double)sum / per_step;
    }
    return fit_quantile(times, profile->steps, 0.5);
}

static struct op_work work_per_call(const struct op_timer *timer)
{
    double calls = (double)timer->calls;
    return (struct op_work){timer->work.flops / calls, timer->work.weight_bytes / calls,
                            timer->work.kv_bytes / calls, timer->work.activation_bytes / calls};
}

static void hand_out(const struct profile *profile, struct measured_op *measured, bool is_per_layer,
                     struct measure_sink sink)
{
    const struct op_timers *timers = decoder_timers(profile->bench->decoder);
    for (int kind = 0; kind < OP_KIND_COUNT; kind++) {
        measured->op = op_of(profile->step, (enum op_kind)kind);
        for (int64_t layer = is_per_layer ? 0 : -1; layer <= timers->layers; layer++) {
            struct op_timer timer = layer < 0 ? op_timers_sum(timers, (enum op_kind)kind)
                                              : *op_timer_at(timers, layer, (enum op_kind)kind);
            if (!measured->op || timer.calls == 0)
                continue;
            measured->layer = layer;
            measured->calls = timer.calls;
            measured->work = work_per_call(&timer);
            measured->time_s = median_time(profile, (enum op_kind)kind, layer, timer.calls);
            sink.add(sink.context, measured);
            if (layer < 0)
                break;
        }
    }
}

void measure_step(struct measure_bench *bench, const struct batch_part *part, double limit_s,
                  bool is_per_layer, struct measure_sink sink)
{
    struct profile profile = {.bench = bench, .step = build_step(bench, part)};
    profile.cells = (decoder_timers(bench->decoder)->layers + 1) * OP_KIND_COUNT;
    profile.times_ns =
        arena_array(bench->arena, (size_t)(STEPS_MAX * profile.cells), sizeof *profile.times_ns);
    struct measured_op measured = {.working_set_bytes = step_work(profile.step).stream_bytes};
    for (int tries = 0; tries < TRIES_MAX && !measured.is_steady; tries++) {
        struct probed before = measure_probe(bench);
        profile.steps = 0;
        repeat_step(&profile, part, limit_s);
        struct probed after = measure_probe(bench);
        measured.probed = measure_probed_mean(&before, &after);
        measured.is_steady = measure_is_steady(&before, &after);
    }
    hand_out(&profile, &measured, is_per_layer, sink);
}

static void profile_step(struct measure_bench *bench, const char *phase, struct batch_part part,
                         double limit_s, bool is_per_layer, struct text *out)
{
    struct profile_rows rows = {bench, phase, out};
    measure_step(bench, &part, limit_s, is_per_layer, (struct measure_sink){add_row, &rows});
}

void measure_profile(struct measure_bench *bench, const struct measure_case *c, double limit_s,
                     bool is_per_layer, struct text *out)
{
    int64_t chunk = bench->setup.chunk_tokens;
    int64_t prompt = c->prompt < chunk ? c->prompt : chunk;
    int64_t together = chunk / prompt < c->batch ? chunk / prompt : c->batch;
    int64_t depth = c->depth > 0 ? c->depth : c->prompt;
    if (prompt > 1)
        profile_step(bench, "prefill", (struct batch_part){together, prompt, 0, 1}, limit_s,
                     is_per_layer, out);
    profile_step(bench, "decode", (struct batch_part){c->batch, 1, depth, 1}, limit_s, is_per_layer,
                 out);
}
