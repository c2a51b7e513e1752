/* Operator by operator: the kernel's own timers beside the shapes that the graph predicts. */
#include "graph/step.h"
#include "validate/measure_bench.h"

#include <math.h>

const char measure_profile_header[] =
    "model,phase,op,layer,class,dtype,weights,activations,threads,calls,time_us,flops,weight_bytes,"
    "kv_bytes,activation_bytes,m,n,k,batch,heads,kv_heads,head_dim,new_tokens,context,tokens,"
    "experts,top_k,expert_ffn,hidden,distinct,message_bytes,working_set_bytes,read_gb_s,"
    "exchange_gb_s,barrier_us\n";

/* A step whose operators are timed. */
struct profile {
    struct measure_bench *bench;
    const struct step *step;
    const char *phase;
    double working_set_bytes;
    double read_byte_per_s;
    struct measure_mode mode;
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

/* Cells m … message_bytes; those of other classes stay empty. */
static void add_shape(const struct profile *profile, const struct op *op,
                      const struct op_timer *timer, struct text *out)
{
    const struct op_shape *s = &op->shape;
    const struct model *model = profile->bench->setup.model;
    double calls = (double)timer->calls;
    double expert = 0.0;
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
        expert = (1.0 + s->inputs) * s->depth * s->columns * s->element_bytes;
        text_addf(out, ",,,,,,,,,%.17g,%lld,%lld,%.17g,%.17g,%.6g,", s->requests,
                  (long long)model->ffn.moe.experts, (long long)model->ffn.moe.top_k, s->columns,
                  s->depth, timer->work.weight_bytes / calls / expert);
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

static void add_row(const struct profile *profile, enum op_kind kind, const char *layer,
                    const struct op_timer *timer)
{
    const struct measure_setup *setup = &profile->bench->setup;
    const struct op *op = op_of(profile->step, kind);
    struct text *out = profile->out;
    if (!op || timer->calls == 0)
        return;
    double calls = (double)timer->calls;
    enum format format = stored_format(profile->bench, op);
    text_addf(out, "%s,%s,%s,%s,%s,%s,%s,fp32,%d,%lld,%.6g,", setup->model->id, profile->phase,
              op_names[kind], layer, kernel_names[op->kernel], math_names[format_math(format)],
              format_names[format], setup->threads, (long long)timer->calls,
              1e-3 * (double)timer->ns / calls);
    text_addf(out, "%.17g,%.17g,%.17g,%.17g,", timer->work.flops / calls,
              timer->work.weight_bytes / calls, timer->work.kv_bytes / calls,
              timer->work.activation_bytes / calls);
    add_shape(profile, op, timer, out);
    text_addf(out, ",%.6g,%.4g,", profile->working_set_bytes, 1e-9 * profile->read_byte_per_s);
    if (profile->mode.barrier_s > 0.0)
        text_addf(out, "%.4g,%.4g\n", 1e-9 * profile->mode.exchange_byte_per_s,
                  1e6 * profile->mode.barrier_s);
    else
        text_add(out, ",\n");
}

static void add_rows(const struct profile *profile, bool is_per_layer)
{
    const struct op_timers *timers = decoder_timers(profile->bench->decoder);
    for (int kind = 0; kind < OP_KIND_COUNT; kind++) {
        struct op_timer sum = op_timers_sum(timers, (enum op_kind)kind);
        if (!is_per_layer) {
            add_row(profile, (enum op_kind)kind, "all", &sum);
            continue;
        }
        for (int64_t layer = 0; layer <= timers->layers; layer++) {
            char name[24] = "outside";
            if (layer < timers->layers)
                snprintf(name, sizeof name, "%lld", (long long)layer);
            add_row(profile, (enum op_kind)kind, name,
                    op_timer_at(timers, layer, (enum op_kind)kind));
        }
    }
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

static double stream_bytes(const struct step *step)
{
    return step_work(step).stream_bytes;
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

/* One step to warm up, then at least three and until the time is up; timers hold the sums. */
static void repeat_step(struct measure_bench *bench, const struct batch_part *part, double limit_s)
{
    enum { STEPS_MIN = 3 };
    run_step(bench, part);
    decoder_reset_timers(bench->decoder);
    int64_t start = clock_ns();
    for (int i = 0; i < STEPS_MIN || 1e-9 * (double)(clock_ns() - start) < limit_s; i++)
        run_step(bench, part);
}

static void profile_step(struct measure_bench *bench, const char *phase, struct batch_part part,
                         double limit_s, bool is_per_layer, struct text *out)
{
    const struct step *step = build_step(bench, &part);
    double before = measure_read_rate(bench);
    struct measure_mode mode = measure_mode(bench);
    repeat_step(bench, &part, limit_s);
    struct profile profile = {.bench = bench,
                              .step = step,
                              .phase = phase,
                              .working_set_bytes = stream_bytes(step),
                              .read_byte_per_s = 0.5 * (before + measure_read_rate(bench)),
                              .mode = measure_mode_mean(mode, measure_mode(bench)),
                              .out = out};
    add_rows(&profile, is_per_layer);
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
