#include "graph/step.h"

#include "graph/builder.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static struct layer_kind kind_of_layer(const struct model *model, const struct levers *levers,
                                       int64_t layer, int64_t moe_index)
{
    struct layer_kind kind = {.span = model_layer_span(model, layer),
                              .is_moe = model_layer_is_moe(model, layer),
                              .top_k = model->ffn.moe.top_k};
    if (!levers)
        return kind;
    if (kind.is_moe)
        kind.top_k = levers_top_k(levers, model, moe_index);
    kind.budget_tokens = levers_kv_tokens(levers, layer);
    kind.is_on_host = layer < levers->host.layers;
    return kind;
}

static bool are_alike(const struct layer_kind *a, const struct layer_kind *b)
{
    return a->span == b->span && a->is_moe == b->is_moe && a->top_k == b->top_k &&
           a->is_on_host == b->is_on_host && !(a->budget_tokens < b->budget_tokens) &&
           !(a->budget_tokens > b->budget_tokens);
}

/* Adds one layer after the others; false when there is no room for its kind. */
static bool add_layer(struct layout *layout, const struct layer_kind *wanted)
{
    int kind = 0;
    while (kind < layout->kind_count && !are_alike(&layout->kinds[kind], wanted))
        kind++;
    if (kind == LAYER_KINDS_MAX)
        return false;
    if (kind == layout->kind_count)
        layout->kinds[layout->kind_count++] = *wanted;
    layout->kinds[kind].layers++;
    if (layout->run_count == 0 || layout->runs[layout->run_count - 1].kind != kind)
        layout->runs[layout->run_count++] = (struct layer_run){kind, 0};
    layout->runs[layout->run_count - 1].layers++;
    return true;
}

static bool fill_layout(struct layout *layout, const struct model *model,
                        const struct levers *levers, int64_t first, int64_t count)
{
    int64_t moe_index = 0;
    layout->kind_count = 0;
    layout->run_count = 0;
    layout->layer_count = count;
    for (int64_t layer = 0; layer < first + count; layer++) {
        struct layer_kind kind = kind_of_layer(model, levers, layer, moe_index);
        moe_index += kind.is_moe;
        if (layer >= first && !add_layer(layout, &kind))
            return false;
    }
    return true;
}

void layout_init(struct layout *layout, const struct model *model)
{
    fill_layout(layout, model, NULL, 0, model->layers);
}

bool layout_init_part(struct layout *layout, const struct run *run, int64_t first, int64_t count)
{
    return fill_layout(layout, run->model, run->levers, first, count);
}

/* Operators are cleared several at a time, which is faster than one by one. */
static void clear_ahead(struct builder *builder)
{
    enum { AHEAD = 16 };
    int left = STEP_OPS_MAX - builder->cleared;
    int count = left < AHEAD ? left : AHEAD;
    memset(&builder->step->ops[builder->cleared], 0, (size_t)count * sizeof(struct op));
    builder->cleared += count;
}

struct op *builder_add(struct builder *builder, enum op_kind kind, enum kernel kernel)
{
    struct step *step = builder->step;
    assert(step->op_count < STEP_OPS_MAX);
    if (step->op_count == builder->cleared)
        clear_ahead(builder);
    struct op *op = &step->ops[step->op_count++];
    op->kind = kind;
    op->kernel = kernel;
    op->math = builder->math;
    op->kernels = 1.0;
    op->eager_kernels = 1.0;
    return op;
}

struct op *builder_gemm(struct builder *builder, enum op_kind kind, double rows, double columns,
                        double depth)
{
    struct op *op = builder_add(builder, kind, KERNEL_GEMM);
    op->flops = 2.0 * rows * columns * depth;
    op->weight_bytes = columns * depth * builder->weight_size;
    op->activation_bytes = rows * (columns + depth) * builder->act_size;
    op->shape = (struct op_shape){.rows = rows, .columns = columns, .depth = depth, .groups = 1.0};
    return op;
}

struct op *builder_elementwise(struct builder *builder, enum op_kind kind, double elements,
                               double flops)
{
    struct op *op = builder_add(builder, kind, KERNEL_ELEMENTWISE);
    op->math = MATH_FP32;
    op->flops = flops;
    op->activation_bytes = elements * builder->act_size;
    op->shape.rows = builder->tokens;
    return op;
}

void builder_repeat(struct builder *builder, int first, int end)
{
    struct step *step = builder->step;
    size_t count = (size_t)(end - first);
    assert(step->op_count + (end - first) <= STEP_OPS_MAX && first > 0);
    memcpy(&step->ops[step->op_count], &step->ops[first], count * sizeof(struct op));
    for (int i = first; i < end; i++) {
        struct op *op = &step->ops[step->op_count++];
        if (op->twin == 0)
            op->twin = i;
    }
    if (builder->cleared < step->op_count)
        builder->cleared = step->op_count;
}

void builder_norm(struct builder *builder)
{
    if (builder->norm > 0) {
        builder_repeat(builder, builder->norm, builder->norm + 1);
        return;
    }
    /* norms_per_layer counts both halves */
    double norms = (double)builder->run->model->norms_per_layer / 2.0;
    builder->norm = builder->step->op_count;
    struct op *op =
        builder_elementwise(builder, OP_NORM, norms * 4.0 * builder->tokens * builder->hidden,
                            norms * 5.0 * builder->tokens * builder->hidden);
    op->weight_bytes = norms * builder->hidden * builder->act_size;
    op->kernels = norms;
    op->eager_kernels = 2.0 * norms;
}

void builder_all_reduce(struct builder *builder)
{
    if (builder->tp < 2.0)
        return;
    if (builder->all_reduce > 0) {
        builder_repeat(builder, builder->all_reduce, builder->all_reduce + 1);
        return;
    }
    builder->all_reduce = builder->step->op_count;
    struct op *op = builder_add(builder, OP_ALL_REDUCE, KERNEL_ALL_REDUCE);
    op->message_bytes = builder->tokens * builder->hidden * builder->act_size;
    op->ranks = builder->tp;
    op->node_ranks = fabric_ranks_in_node(&builder->fabric, builder->tp, 1.0);
}

static bool all_decode(const struct batch *batch)
{
    for (int i = 0; i < batch->part_count; i++)
        if (!batch_part_decodes(&batch->parts[i]))
            return false;
    return true;
}

/* What attention needs; step_build adds the rest. */
static struct builder builder_of(const struct run *run, const struct batch *batch,
                                 struct step *step)
{
    return (struct builder){
        .run = run,
        .levers = run->levers,
        .batch = batch,
        .step = step,
        .tp = (double)run->deploy.tp,
        .weight_size = format_bytes(run->precision.weights),
        .act_size = format_bytes(run->precision.activations),
        .kv_size = format_bytes(run->precision.kv_cache),
    };
}

static struct builder full_builder_of(const struct run *run, const struct batch *batch,
                                      struct step *step)
{
    struct builder builder = builder_of(run, batch, step);
    builder.tokens = batch_tokens(batch);
    builder.degrees = run_degrees(run);
    builder.fabric = run->device_count > 1 ? run_fabric(run) : (struct fabric){.node_devices = 1.0};
    builder.is_decode = all_decode(batch);
    builder.hidden = (double)run->model->hidden;
    builder.math = run_math(run);
    return builder;
}

/* Embedding: one row per token is looked up and written. */
static void build_entry(struct builder *b)
{
    struct op *op = builder_elementwise(b, OP_EMBEDDING, b->tokens * b->hidden, 0.0);
    op->weight_bytes = b->tokens * b->hidden * format_bytes(run_head_format(b->run));
    if (!b->levers)
        return;
    if (b->levers->host.layers > 0) /* once per step, after the last layer of the host */
        build_host_send(b, 1.0);
    if (b->levers->is_mtp_module) /* hidden state and embedding are joined (DeepSeek-V3) */
        builder_gemm(b, OP_MTP_PROJECTION, b->tokens, b->hidden, 2.0 * b->hidden);
}

static void build_head(struct builder *b, double rows, double columns)
{
    enum format format = run_head_format(b->run);
    struct op *op = builder_gemm(b, OP_LM_HEAD, rows, columns, b->hidden);
    op->weight_bytes = columns * b->hidden * format_bytes(format);
    op->math = run_head_math(b->run);
}

/* Final norm, LM head on the rows that sample, gathering of its shards, sampling. */
static void build_exit(struct builder *b)
{
    double vocab = (double)b->run->model->vocab;
    double rows = batch_logit_rows(b->batch);
    struct op *norm = builder_elementwise(b, OP_FINAL_NORM, 2.0 * b->tokens * b->hidden,
                                          5.0 * b->tokens * b->hidden);
    norm->weight_bytes = b->hidden * b->act_size;
    if (!(rows > 0.0))
        return;
    build_head(b, rows, vocab / b->tp);
    if (b->tp > 1.0) {
        struct op *gather = builder_add(b, OP_LOGITS_GATHER, KERNEL_ALL_GATHER);
        gather->message_bytes = rows * vocab * b->act_size;
        gather->ranks = b->tp;
        gather->node_ranks = fabric_ranks_in_node(&b->fabric, b->tp, 1.0);
    }
    /* softmax in fp32: logits read twice, probabilities written and read */
    struct op *sampling = builder_elementwise(b, OP_SAMPLING, 0.0, 10.0 * rows * vocab);
    sampling->activation_bytes = 3.0 * rows * vocab * 4.0;
    sampling->shape.rows = rows;
    sampling->kernels = 3.0;
    sampling->eager_kernels = 5.0;
}

/* Hidden states on their way to the next stage, which is tp·dp devices away: each device sends the
   copy that it has. */
static void build_sends(struct builder *b)
{
    int64_t stages = (int64_t)b->degrees.pp;
    double stage_devices = b->tp * b->degrees.dp;
    int64_t far = 0;
    for (int64_t s = 1; s < stages; s++) {
        double first = (double)s * stage_devices; /* first device of stage s */
        double node = floor(first / b->fabric.node_devices);
        far += stage_devices > b->fabric.node_devices - 0.5 ||
               floor((first - stage_devices) / b->fabric.node_devices) < node;
    }
    b->step->send_counts[0] = stages - 1 - far;
    b->step->send_counts[1] = far;
    for (int is_far = 0; is_far < 2; is_far++) {
        struct op *op = builder_add(b, OP_STAGE_SEND, KERNEL_ALL_GATHER);
        op->ranks = 2.0;
        double bytes = b->tokens * b->hidden * b->act_size;
        *(is_far ? &op->network_bytes : &op->message_bytes) = bytes;
    }
}

/* On the host's processor nothing is launched: the host calls. */
static void drop_launches(struct step *step, struct op_range range)
{
    for (int i = range.first; i < range.first + range.count; i++) {
        step->ops[i].kernels = 0.0;
        step->ops[i].eager_kernels = 0.0;
    }
}

/* What differs from one kind of layer to the next. */
static void builder_enter(struct builder *b, const struct router *router,
                          const struct layout *layout, int kind)
{
    b->kind = &layout->kinds[kind];
    b->router = router->kinds ? &router->kinds[kind] : router;
    b->top_k = (double)b->kind->top_k;
    if (b->levers) { /* layers of the host launch nothing */
        b->norm = 0;
        b->all_reduce = 0;
    }
}

/* An earlier kind of layer with the same half (attention or FFN), or `kind` itself. Levers may tell
 * layers apart in ways of their own. */
static int kind_with_half(const struct builder *b, const struct layout *layout, int kind,
                          bool is_ffn)
{
    const struct layer_kind *wanted = &layout->kinds[kind];
    for (int i = 0; i < kind && !b->levers; i++)
        if (is_ffn ? layout->kinds[i].is_moe == wanted->is_moe
                   : layout->kinds[i].span == wanted->span)
            return i;
    return kind;
}

static void build_layer(struct builder *b, const struct layout *layout, int kind)
{
    struct step *step = b->step;
    int first = step->op_count;
    int alike = kind_with_half(b, layout, kind, false);
    if (b->levers)
        build_weight_fetch(b);
    if (alike != kind)
        builder_repeat(b, step->layers[alike].first, step->halves[alike]);
    else
        build_attention(b, b->kind->span);
    step->halves[kind] = step->op_count;
    alike = kind_with_half(b, layout, kind, true);
    if (alike != kind)
        builder_repeat(b, step->halves[alike],
                       step->layers[alike].first + step->layers[alike].count);
    else if (b->kind->is_moe)
        build_moe_ffn(b);
    else
        build_dense_ffn(b);
    step->layers[kind] = (struct op_range){first, step->op_count - first};
    step->chosen[kind] = VARIANT_ALWAYS;
    if (b->kind->is_on_host)
        drop_launches(step, step->layers[kind]);
}

static void add_work(struct step_work *work, const struct op *op, double times)
{
    double streamed = op->weight_bytes + op->kv_bytes;
    work->flops += times * op->flops;
    work->stream_bytes += times * streamed;
    work->bytes += times * (streamed + op->activation_bytes);
}

/* Tells the operators that a move, or the choice of a form of MLA, may change from the others,
   whose work is summed. */
static void part_operators(struct step *step)
{
    int count = 0;
    step->solid = (struct step_work){0};
    for (int i = step->entry.first; i < step->entry.first + step->entry.count; i++)
        add_work(&step->solid, &step->ops[i], 1.0);
    for (int kind = 0; kind < step->layout->kind_count; kind++) {
        struct op_range range = step->layers[kind];
        int first = count;
        for (int i = range.first; i < range.first + range.count; i++)
            if (op_is_fluid(&step->ops[i]))
                step->fluid_ops[count++] = i;
            else
                add_work(&step->solid, &step->ops[i], (double)step->layout->kinds[kind].layers);
        step->fluid[kind] = (struct op_range){first, count - first};
    }
    for (int i = step->exit.first; i < step->exit.first + step->exit.count; i++)
        add_work(&step->solid, &step->ops[i], 1.0);
}

void step_build(const struct run *run, const struct layout *layout, const struct router *router,
                const struct batch *batch, struct step *step)
{
    step->op_count = 0;
    step->layout = layout;
    struct builder builder = full_builder_of(run, batch, step);
    build_entry(&builder);
    step->entry = (struct op_range){0, step->op_count};
    for (int kind = 0; kind < layout->kind_count; kind++) {
        builder_enter(&builder, router, layout, kind);
        build_layer(&builder, layout, kind);
    }
    builder.kind = NULL;
    int first = step->op_count;
    build_exit(&builder);
    step->exit = (struct op_range){first, step->op_count - first};
    first = step->op_count;
    step->send_counts[0] = 0;
    step->send_counts[1] = 0;
    step->copies = 1;
    step->is_decode = builder.is_decode;
    if (builder.degrees.pp > 1.0)
        build_sends(&builder);
    step->sends = (struct op_range){first, step->op_count - first};
    part_operators(step);
}

int64_t layout_stage_layers(const struct layout *layout, int64_t stages, int64_t stage)
{
    return layout->layer_count / stages + (stage < layout->layer_count % stages);
}

void step_move_decode(const struct run *run, const struct batch_part *part, struct step *step)
{
    struct batch batch = {part, 1};
    struct builder builder = builder_of(run, &batch, step);
    for (int kind = 0; kind < step->layout->kind_count; kind++) {
        const int *fluid = &step->fluid_ops[step->fluid[kind].first];
        builder.kind = &step->layout->kinds[kind];
        for (int i = 0; i < step->fluid[kind].count; i++) {
            struct op *op = &step->ops[fluid[i]];
            if (!op_follows_context(op->kind))
                continue;
            int twin = op->twin;
            if (twin > 0)
                *op = step->ops[twin];
            else
                attention_set_work(&builder, builder.kind->span, op);
            op->twin = twin;
        }
    }
}

int64_t step_repeats(const struct step *step, int kind)
{
    return step->layout->kinds[kind].layers * step->copies;
}

struct step_work step_work(const struct step *step)
{
    struct step_work work = step->solid;
    double copies = (double)step->copies;
    for (int kind = 0; kind < step->layout->kind_count; kind++) {
        const int *fluid = &step->fluid_ops[step->fluid[kind].first];
        for (int i = 0; i < step->fluid[kind].count; i++)
            if (step_runs(step, kind, &step->ops[fluid[i]]))
                add_work(&work, &step->ops[fluid[i]], (double)step->layout->kinds[kind].layers);
    }
    return (struct step_work){copies * work.flops, copies * work.bytes, copies * work.stream_bytes};
}
