/* The operators of one step: identical layers once, for any mix of prefill chunks and decodes. */
#ifndef TOKENROOF_GRAPH_STEP_H
#define TOKENROOF_GRAPH_STEP_H

#include "graph/batch.h"
#include "graph/op.h"
#include "graph/routing.h"
#include "spec/run.h"

enum { STEP_OPS_MAX = 1400, LAYERS_MAX = 1000 };

/** Layers that are alike. */
struct layer_kind {
    enum span span;
    bool is_moe;
    int64_t layers;       /**< how many there are */
    int64_t top_k;        /**< experts that a token visits here */
    double budget_tokens; /**< tokens of the KV cache that are kept, 0 = all */
    bool is_on_host;      /**< runs on the host's processor */
};

/** Layers of one kind in a row. */
struct layer_run {
    int kind;
    int64_t layers;
};

/** How a model's layers repeat; computed once per model. */
struct layout {
    struct layer_kind kinds[LAYER_KINDS_MAX];
    int kind_count;
    int64_t layer_count;
    struct layer_run runs[LAYERS_MAX]; /**< first layer to last */
    int run_count;
};

/** Operators that run one after the other. */
struct op_range {
    int first;
    int count;
};

/** Work of a step on one device. */
struct step_work {
    double flops;        /**< [FLOP] */
    double bytes;        /**< all memory traffic [B] */
    double stream_bytes; /**< weights and KV cache [B] */
};

/** One step on one device (all devices of a tensor-parallel group do the same). */
struct step {
    struct op ops[STEP_OPS_MAX];
    int op_count;
    struct op_range entry;                   /**< before the layers: embedding */
    struct op_range layers[LAYER_KINDS_MAX]; /**< one layer of each kind */
    int halves[LAYER_KINDS_MAX];             /**< where in `ops` the FFN of each kind begins */
    struct op_range exit;                    /**< after them: norm, LM head, sampling */
    struct op_range sends;  /**< to the next pipeline stage: within a node, then across nodes */
    int64_t send_counts[2]; /**< how often each of them happens in one pass */
    bool is_decode;         /**< every request computes one token */
    int64_t copies; /**< parts of the batch that run the operators in turn: 2 when halves overlap,
                       else 1 */
    enum variant
        chosen[LAYER_KINDS_MAX]; /**< form of MLA that runs; VARIANT_ALWAYS: not chosen yet */
    int fluid_ops[STEP_OPS_MAX]; /**< operators that follow the context or belong to one form of
                                    MLA, kind by kind */
    struct op_range fluid[LAYER_KINDS_MAX]; /**< those of each kind in `fluid_ops` */
    struct step_work solid;                 /**< of all other operators, one copy */
    const struct layout *layout;
};

/** Finds the kinds of layers of `model` and their order. */
void layout_init(struct layout *layout, const struct model *model);

/**
 * The same for `count` layers from `first` on, told apart also by what the levers of `run` set per
 * layer. Returns false when more than LAYER_KINDS_MAX kinds are needed; the layout is then
 * unusable.
 */
bool layout_init_part(struct layout *layout, const struct run *run, int64_t first, int64_t count);

/**
 * Builds the operators that `batch` needs under `run`. FLOPs and bytes are per device (divided by
 * tp where the work is split), by the formulas of Tokenroof's modelling notes: GEMM 2·M·N·K;
 * attention 4·heads·head_dim per query-key pair; weights once per step; routed experts by the
 * expected number of distinct experts hit.
 */
void step_build(const struct run *run, const struct layout *layout, const struct router *router,
                const struct batch *batch, struct step *step);

/**
 * Moves a step that was built for one part of decoding requests to another context length: only its
 * attention operators change. Equal to building it anew, and much faster.
 */
void step_move_decode(const struct run *run, const struct batch_part *part, struct step *step);

/** Layers of stage `stage` of `stages`: layers / stages, the first ones one more where they don't
 * divide. */
int64_t layout_stage_layers(const struct layout *layout, int64_t stages, int64_t stage);

/** How often the operators of layer kind `kind` run in the step, all copies. */
int64_t step_repeats(const struct step *step, int kind);

/** True for operators whose work changes with the context of decoding requests. */
static inline bool op_follows_context(enum op_kind kind)
{
    return kind == OP_DECODE_ATTENTION || kind == OP_LATENT_UP || kind == OP_KV_REORDER;
}

/** True for operators that differ from one context to the next, or run in one form of MLA only. */
static inline bool op_is_fluid(const struct op *op)
{
    return op_follows_context(op->kind) || op->variant != VARIANT_ALWAYS;
}

/** True when `op` of layer kind `kind` is no part of the MLA form that was not chosen. */
static inline bool step_runs(const struct step *step, int kind, const struct op *op)
{
    return op->variant == VARIANT_ALWAYS || step->chosen[kind] == VARIANT_ALWAYS ||
           op->variant == step->chosen[kind];
}

/** Work of the whole step, operators of the unchosen MLA form left out. */
struct step_work step_work(const struct step *step);

#endif
