/* Attention: MHA, GQA, and MLA absorbed or naive; from the input norm to the output projection. */
#include "graph/batch.h"
#include "graph/builder.h"

/* What the parts of a batch that decode (or that prefill) add up to. */
struct attention_work {
    double requests;
    double tokens; /* new tokens */
    double pairs;  /* query-key pairs */
    double keys;   /* keys read from the cache */
    double square; /* new tokens x keys: size of the score matrix */
};

static struct attention_work work_of(const struct builder *b, enum span span, bool is_decode)
{
    struct attention_work work = {0};
    const struct attention *attention = &b->run->model->attention;
    for (int i = 0; i < b->batch->part_count; i++) {
        const struct batch_part *part = &b->batch->parts[i];
        if (batch_part_decodes(part) != is_decode)
            continue;
        double requests = (double)part->requests;
        double keys = span_keys(span, attention, part->past_tokens, part->new_tokens);
        double pairs = span_pairs(span, attention, part->past_tokens, part->new_tokens);
        if (is_decode && b->kind->budget_tokens > 0.0) {
            double kept = kv_budget_keys(&b->levers->kv_budget, b->kind->budget_tokens, keys);
            pairs *= kept / keys;
            keys = kept;
        }
        work.requests += requests;
        work.tokens += requests * (double)part->new_tokens;
        work.pairs += requests * pairs;
        work.keys += requests * keys;
        work.square += requests * (double)part->new_tokens * keys;
    }
    return work;
}

static void set_shape(const struct builder *b, enum span span, const struct attention_work *work,
                      double kv_heads, double query_heads, double width, struct op *op)
{
    double rows = work->tokens / work->requests;
    /* decoding kernels take the query heads of a group, and drafts to verify, as rows of one tile
     */
    double packed = op->kind == OP_DECODE_ATTENTION ? rows : 1.0;
    op->shape = (struct op_shape){
        .rows = rows,
        .columns = work->keys / work->requests,
        .depth = width,
        .groups = kv_heads,
        .heads_per_group = packed * query_heads / kv_heads,
        .requests = work->requests,
        .window = span == SPAN_WINDOW  ? (double)b->run->model->attention.window_tokens
                  : span == SPAN_CHUNK ? (double)b->run->model->attention.chunk_tokens
                                       : 0.0,
        .element_bytes = b->kv_size,
    };
}

/* Scores and probabilities go through memory: each written and read once. */
static double naive_bytes(const struct builder *b, const struct attention_work *work, double heads)
{
    if (b->run->engine.attention == ATTENTION_FLASH)
        return 0.0;
    return 4.0 * heads * work->square * b->act_size;
}

static void set_head_attention(const struct builder *b, enum span span,
                               const struct attention_work *work, struct op *op)
{
    const struct attention *a = &b->run->model->attention;
    double heads = (double)a->heads / b->tp;
    double kv_heads = (double)a->kv_heads / b->tp;
    if (kv_heads < 1.0)
        kv_heads = 1.0; /* replicated when tp exceeds them */
    double width = (double)a->head_dim;
    op->flops = 4.0 * heads * width * work->pairs;
    op->kv_bytes = 2.0 * work->keys * kv_heads * width * b->kv_size;
    op->spilled_bytes = naive_bytes(b, work, heads);
    op->activation_bytes = 2.0 * work->tokens * heads * width * b->act_size + op->spilled_bytes;
    set_shape(b, span, work, kv_heads, heads, width, op);
}

/* On the latent: one key/value head of width rank + rope, read once for all query heads. */
static void set_absorbed_attention(const struct builder *b, enum span span,
                                   const struct attention_work *work, struct op *op)
{
    const struct attention *a = &b->run->model->attention;
    double heads = (double)a->heads / b->tp;
    double rank = (double)a->kv_lora_rank;
    double key_width = rank + (double)a->qk_rope_dim;
    op->flops = 2.0 * heads * (key_width + rank) * work->pairs;
    op->kv_bytes = work->keys * key_width * b->kv_size;
    op->spilled_bytes = naive_bytes(b, work, heads);
    op->activation_bytes =
        work->tokens * heads * (key_width + rank) * b->act_size + op->spilled_bytes;
    set_shape(b, span, work, 1.0, heads, (key_width + rank) / 2.0, op);
}

/* On keys and values expanded per head by OP_LATENT_UP. */
static void set_expanded_attention(const struct builder *b, enum span span,
                                   const struct attention_work *work, struct op *op)
{
    const struct attention *a = &b->run->model->attention;
    double heads = (double)a->heads / b->tp;
    double key_width = (double)(a->qk_nope_dim + a->qk_rope_dim);
    double both = key_width + (double)a->v_head_dim;
    op->flops = 2.0 * heads * both * work->pairs;
    op->kv_bytes = 0.0;
    op->spilled_bytes = naive_bytes(b, work, heads);
    op->activation_bytes =
        (work->keys + work->tokens) * heads * both * b->act_size + op->spilled_bytes;
    set_shape(b, span, work, heads, heads, both / 2.0, op);
    op->shape.element_bytes = b->act_size;
}

/* Expansion of the latents of the whole context, every chunk anew. */
static void set_latent_up(const struct builder *b, enum span span, struct op *op)
{
    const struct attention *a = &b->run->model->attention;
    struct attention_work prefill = work_of(b, span, false);
    struct attention_work decode = work_of(b, span, true);
    double keys = prefill.keys + decode.keys;
    double rank = (double)a->kv_lora_rank;
    double columns = (double)a->heads / b->tp * (double)(a->qk_nope_dim + a->v_head_dim);
    op->flops = 2.0 * keys * rank * columns;
    op->weight_bytes = rank * columns * b->weight_size;
    op->kv_bytes = keys * (rank + (double)a->qk_rope_dim) * b->kv_size;
    op->activation_bytes = keys * columns * b->act_size;
    op->shape = (struct op_shape){
        .rows = keys, .columns = columns, .depth = rank, .groups = 1.0, .is_growing = true};
}

/* Elements of the KV cache that one token takes in one layer on this device. */
static double kv_elements(const struct builder *b)
{
    const struct attention *a = &b->run->model->attention;
    if (a->kind == ATTENTION_MLA)
        return (double)(a->kv_lora_rank + a->qk_rope_dim);
    double kv_heads = (double)a->kv_heads / b->tp;
    return 2.0 * (kv_heads < 1.0 ? 1.0 : kv_heads) * (double)a->head_dim;
}

/*
 * Beams change places. Contiguous: the whole cache is read and written. Paged: tables change, and a
 * block that two beams share is copied before it is written; it is half full on average, so reading
 * and writing it moves one block per beam at most.
 */
static void set_reorder(const struct builder *b, enum span span, struct op *op)
{
    struct attention_work work = work_of(b, span, true);
    double tokens = b->levers->beam.cache == BEAM_CONTIGUOUS
                        ? 2.0 * work.keys
                        : work.requests * (double)b->levers->kv_budget.block_tokens;
    op->kv_bytes = tokens * kv_elements(b) * b->kv_size;
}

static void add_reorder(struct builder *b, enum span span)
{
    if (!b->levers || b->levers->beam.width < 2 || !b->is_decode)
        return;
    struct op *op = builder_add(b, OP_KV_REORDER, KERNEL_ELEMENTWISE);
    op->math = MATH_FP32;
    op->eager_kernels = 2.0;
    set_reorder(b, span, op);
}

/* Once a prompt is complete, its keys are scored (all are read) and the least of them dropped. */
static void add_eviction(struct builder *b, enum span span)
{
    double keys = 0.0;
    if (!(b->kind->budget_tokens > 0.0))
        return;
    for (int i = 0; i < b->batch->part_count; i++) {
        const struct batch_part *part = &b->batch->parts[i];
        double context = (double)(part->past_tokens + part->new_tokens);
        double kept = kv_budget_keys(&b->levers->kv_budget, b->kind->budget_tokens, context);
        if (!batch_part_decodes(part) && part->logit_rows > 0 && kept < context)
            keys += (double)part->requests *
                    span_keys(span, &b->run->model->attention, part->past_tokens, part->new_tokens);
    }
    if (!(keys > 0.0))
        return;
    struct op *op = builder_add(b, OP_KV_EVICT, KERNEL_ELEMENTWISE);
    op->math = MATH_FP32;
    op->flops = 2.0 * keys * kv_elements(b);
    op->kv_bytes = keys * kv_elements(b) * b->kv_size;
    op->kernels = 2.0;
    op->eager_kernels = 4.0;
}

void attention_set_work(const struct builder *b, enum span span, struct op *op)
{
    if (op->kind == OP_LATENT_UP) {
        set_latent_up(b, span, op);
        return;
    }
    if (op->kind == OP_KV_REORDER) {
        set_reorder(b, span, op);
        return;
    }
    struct attention_work work = work_of(b, span, op->kind == OP_DECODE_ATTENTION);
    if (op->variant == VARIANT_ABSORBED)
        set_absorbed_attention(b, span, &work, op);
    else if (op->variant == VARIANT_NAIVE)
        set_expanded_attention(b, span, &work, op);
    else
        set_head_attention(b, span, &work, op);
}

/* The attention operators proper: one for prefilling requests, one for decoding ones. */
static void add_cores(struct builder *b, enum span span, enum variant variant)
{
    for (int is_decode = 0; is_decode < 2; is_decode++) {
        struct attention_work work = work_of(b, span, is_decode == 1);
        if (!(work.requests > 0.0))
            continue;
        enum kernel kernel = is_decode ? KERNEL_DECODE_ATTENTION : KERNEL_PREFILL_ATTENTION;
        if (variant == VARIANT_ABSORBED) /* expanded MLA runs on the kernels of plain attention */
            kernel = is_decode ? KERNEL_MLA_DECODE : KERNEL_MLA_PREFILL;
        struct op *op =
            builder_add(b, is_decode ? OP_DECODE_ATTENTION : OP_PREFILL_ATTENTION, kernel);
        op->variant = variant;
        op->math = run_cache_math(b->run);
        attention_set_work(b, span, op);
        bool is_flash = b->run->engine.attention == ATTENTION_FLASH;
        op->kernels = is_flash ? (is_decode ? 2.0 : 1.0) : 5.0; /* split-KV adds a combine */
        op->eager_kernels = is_flash ? 1.0 : 5.0;
    }
}

/* W_kv_b folded into the query, or into the output: a product per head. */
static void add_absorb(struct builder *b, enum op_kind kind, double width)
{
    const struct attention *a = &b->run->model->attention;
    double heads = (double)a->heads / b->tp;
    double rank = (double)a->kv_lora_rank;
    struct op *op = builder_add(b, kind, KERNEL_GEMM);
    op->variant = VARIANT_ABSORBED;
    op->flops = 2.0 * b->tokens * heads * width * rank;
    op->weight_bytes = heads * width * rank * b->weight_size;
    op->activation_bytes = b->tokens * heads * (width + rank) * b->act_size;
    op->shape =
        (struct op_shape){.rows = b->tokens, .columns = rank, .depth = width, .groups = heads};
}

static void add_mla_projections(struct builder *b)
{
    const struct attention *a = &b->run->model->attention;
    double queries = (double)a->heads / b->tp * (double)(a->qk_nope_dim + a->qk_rope_dim);
    double rank = (double)a->q_lora_rank;
    if (rank > 0.0) { /* the compressions are replicated under tensor parallelism */
        builder_gemm(b, OP_QUERY_DOWN, b->tokens, rank, b->hidden);
        builder_gemm(b, OP_QUERY_UP, b->tokens, queries, rank);
    } else {
        builder_gemm(b, OP_QUERY_UP, b->tokens, queries, b->hidden);
    }
    builder_gemm(b, OP_LATENT_DOWN, b->tokens, (double)(a->kv_lora_rank + a->qk_rope_dim),
                 b->hidden);
}

/* The keys (and values) of `groups` heads per token; a latent counts as one. */
static void add_kv_write(struct builder *b, double elements_per_token, double groups)
{
    double elements = b->tokens * elements_per_token;
    bool is_quantised = b->kv_size < b->act_size;
    struct op *op =
        builder_elementwise(b, OP_KV_WRITE, elements, is_quantised ? 2.0 * elements : 0.0);
    op->kv_bytes = elements * b->kv_size;
    op->shape.groups = groups;
    op->shape.requests = batch_requests(b->batch);
    op->eager_kernels = 2.0;
}

static void add_out_projection(struct builder *b, double depth)
{
    const struct lora_linear out = {LORA_O, b->hidden};
    builder_gemm(b, OP_OUT_PROJECTION, b->tokens, b->hidden, depth);
    if (b->levers)
        build_lora(b, &out, 1, depth);
}

/* Adapters of the three projections that QKV fuses. */
static void add_qkv_adapters(struct builder *b, double query_columns, double kv_columns)
{
    const struct lora_linear linears[] = {
        {LORA_Q, query_columns},
        {LORA_K, kv_columns   },
        {LORA_V, kv_columns   },
    };
    if (b->levers)
        build_lora(b, linears, 3, b->hidden);
}

static void build_mla(struct builder *b, enum span span)
{
    const struct attention *a = &b->run->model->attention;
    double heads = (double)a->heads / b->tp;
    enum mla_mode mode = b->run->engine.mla;
    add_mla_projections(b);
    double rope = b->tokens * (heads + 1.0) * (double)a->qk_rope_dim;
    struct op *op = builder_elementwise(b, OP_ROPE, 2.0 * rope, 6.0 * rope);
    op->eager_kernels = 2.0;
    add_kv_write(b, (double)(a->kv_lora_rank + a->qk_rope_dim), 1.0);
    if (mode != MLA_NAIVE) {
        add_absorb(b, OP_QUERY_ABSORB, (double)a->qk_nope_dim);
        add_cores(b, span, VARIANT_ABSORBED);
        add_absorb(b, OP_VALUE_ABSORB, (double)a->v_head_dim);
    }
    if (mode != MLA_ABSORBED) {
        op = builder_add(b, OP_LATENT_UP, KERNEL_GEMM);
        op->variant = VARIANT_NAIVE;
        attention_set_work(b, span, op);
        add_cores(b, span, VARIANT_NAIVE);
    }
    add_out_projection(b, heads * (double)a->v_head_dim);
}

static void build_heads(struct builder *b, enum span span)
{
    const struct attention *a = &b->run->model->attention;
    double width = (double)a->head_dim;
    double heads = (double)a->heads / b->tp;
    double kv_heads = (double)a->kv_heads / b->tp;
    if (kv_heads < 1.0)
        kv_heads = 1.0;
    struct op *op = builder_gemm(b, OP_QKV, b->tokens, (heads + 2.0 * kv_heads) * width, b->hidden);
    op->eager_kernels = 3.0;
    add_qkv_adapters(b, heads * width, kv_heads * width);
    double rotated = b->tokens * (heads + kv_heads) * width;
    if (a->qk_norm != QK_NORM_NONE) {
        op = builder_elementwise(b, OP_QK_NORM, 2.0 * rotated, 6.0 * rotated);
        op->eager_kernels = 2.0;
    }
    op = builder_elementwise(b, OP_ROPE, 2.0 * rotated, 6.0 * rotated);
    op->eager_kernels = 2.0;
    add_kv_write(b, 2.0 * kv_heads * width, kv_heads);
    add_cores(b, span, VARIANT_ALWAYS);
    add_out_projection(b, heads * width);
}

void build_attention(struct builder *b, enum span span)
{
    builder_norm(b);
    if (b->run->model->attention.kind == ATTENTION_MLA)
        build_mla(b, span);
    else
        build_heads(b, span);
    if (b->levers) {
        add_eviction(b, span);
        add_reorder(b, span);
    }
    builder_all_reduce(b);
}
