/* The feed-forward half of a layer: dense MLP, or router with routed and shared experts. */
#include "graph/builder.h"

#include "graph/params.h"

#include <math.h>

/* up (and gate), activation, down of an FFN whose width on this device is `width`. */
static void add_mlp(struct builder *b, double width, const enum op_kind kinds[3])
{
    double inputs = params_ffn_matrices(b->run->model) - 1.0; /* 2 gated, 1 plain */
    struct op *op = builder_gemm(b, kinds[0], b->tokens, inputs * width, b->hidden);
    op->eager_kernels = inputs;
    const struct lora_linear in[] = {
        {LORA_UP,   width},
        {LORA_GATE, width}
    };
    const struct lora_linear out = {LORA_DOWN, b->hidden};
    if (b->levers)
        build_lora(b, in, (int)inputs, b->hidden);
    op = builder_elementwise(b, kinds[1], (inputs + 1.0) * b->tokens * width,
                             5.0 * b->tokens * width);
    op->eager_kernels = inputs;
    builder_gemm(b, kinds[2], b->tokens, b->hidden, width);
    if (b->levers)
        build_lora(b, &out, 1, width);
}

void build_dense_ffn(struct builder *b)
{
    static const enum op_kind kinds[3] = {OP_GATE_UP, OP_ACTIVATION, OP_DOWN};
    builder_norm(b);
    add_mlp(b, (double)b->run->model->ffn.dense_ffn / b->tp, kinds);
    builder_all_reduce(b);
}

/* Scores, top-k and the weights of the chosen experts. */
static void add_router(struct builder *b)
{
    struct op *op =
        builder_gemm(b, OP_ROUTER, b->tokens, (double)b->run->model->ffn.moe.experts, b->hidden);
    op->kernels = 2.0;
    op->eager_kernels = 4.0;
}

/* What the kernel on one rank sees. */
struct received {
    double tokens;
    double experts;
};

/*
 * After an all-gather (and without data parallelism) a rank holds all tokens and its kernel walks
 * over all experts, skipping those of others: so were the kernels measured that the law is fitted
 * to. After an all-to-all it holds the rows of its own experts only.
 */
static struct received received_by(const struct builder *b, double tokens, double rows)
{
    const struct moe *moe = &b->run->model->ffn.moe;
    bool is_sent = b->degrees.dp > 1.0 && builder_exchange(b) != EXCHANGE_GATHER;
    if (!is_sent)
        return (struct received){tokens, (double)moe->experts};
    double slots = (double)(moe->experts + b->run->deploy.redundant_experts);
    return (struct received){rows / b->top_k, ceil(slots / b->degrees.ep)};
}

/* The experts that are not on the device are computed by the host's processor instead. */
static void move_to_host(struct builder *b, struct op *op, double missed)
{
    build_host_experts(b, op, missed);
    op->flops *= 1.0 - missed;
    op->weight_bytes *= 1.0 - missed;
    op->activation_bytes *= 1.0 - missed;
    op->shape.groups *= 1.0 - missed;
    op->shape.requests *= 1.0 - missed;
}

/*
 * Grouped products over the experts that were hit. Every distinct expert's matrices are read once;
 * each of tokens·top_k rows passes gate/up, activation and down, then rows are weighted and summed.
 */
static void add_routed(struct builder *b)
{
    const struct model *model = b->run->model;
    const struct moe *moe = &model->ffn.moe;
    double matrices = params_ffn_matrices(model);
    double width = (double)moe->expert_ffn / b->degrees.expert_tp;
    double tokens = b->tokens * b->degrees.dp; /* of all ranks whose tokens come here */
    struct rank_load busiest = router_busiest(b->router, tokens);
    double rows = busiest.rows;
    double distinct = busiest.distinct;
    double weight_size = b->levers ? builder_expert_weight_size(b, tokens) : b->weight_size;
    struct received received = received_by(b, tokens, rows);
    struct op *op = builder_add(b, OP_ROUTED_EXPERTS, KERNEL_MOE);
    op->flops = 2.0 * matrices * rows * b->hidden * width;
    op->weight_bytes = distinct * matrices * b->hidden * width * weight_size;
    op->activation_bytes =
        (3.0 * rows * b->hidden + received.tokens * b->hidden + 2.0 * matrices * rows * width) *
        b->act_size;
    op->shape = (struct op_shape){
        .rows = rows / distinct,
        .columns = width,
        .depth = b->hidden,
        .groups = distinct,
        .requests = received.tokens,
        .experts = received.experts,
        .top_k = b->top_k,
        .inputs = matrices - 1.0,
        .element_bytes = weight_size,
    };
    op->kernels = 5.0; /* align, gate/up, activation, down, sum */
    op->eager_kernels = 8.0;
    if (b->levers && b->levers->expert_offload.compute == EXPERTS_ON_HOST) {
        double missed = builder_missed_ratio(b, tokens);
        move_to_host(b, op, missed);
        rows *= 1.0 - missed;
        distinct *= 1.0 - missed;
    }
    if (b->run->engine.moe == MOE_UNFUSED) { /* three products per expert, gather and scatter */
        op->spilled_bytes = 4.0 * rows * b->hidden * b->act_size;
        op->activation_bytes += op->spilled_bytes;
        op->extra_starts = matrices * distinct + 3.0 - op->kernels;
        op->kernels = matrices * distinct + 3.0;
        op->eager_kernels = (matrices + 3.0) * distinct + 5.0;
    }
}

void build_moe_ffn(struct builder *b)
{
    static const enum op_kind shared[3] = {OP_SHARED_GATE_UP, OP_SHARED_ACTIVATION, OP_SHARED_DOWN};
    const struct moe *moe = &b->run->model->ffn.moe;
    builder_norm(b);
    add_router(b);
    build_dispatch(b);
    add_routed(b);
    build_combine(b);
    if (moe->shared_ffn > 0)
        add_mlp(b, (double)moe->shared_ffn / b->tp, shared);
    builder_all_reduce(b);
}
