/* Inside the graph floor: what the builders of attention, FFN and blocks share. */
#ifndef TOKENROOF_GRAPH_BUILDER_H
#define TOKENROOF_GRAPH_BUILDER_H

#include "graph/step.h"

/** Quantities that every operator of a step needs. */
struct builder {
    const struct run *run;
    const struct router *router;   /**< of the kind of layer that is built */
    const struct layer_kind *kind; /**< that kind; NULL before and after the layers */
    const struct levers *levers;   /**< NULL = none pulled */
    const struct batch *batch;
    struct step *step;
    int cleared;   /**< operators of the step from its first on that are zero, or in use */
    double tokens; /**< tokens of the step */
    double tp;     /**< tensor-parallel degree */
    struct degrees degrees;
    struct fabric fabric;
    bool is_decode;     /**< every part computes one token per request */
    double hidden;      /**< width of the residual stream */
    double weight_size; /**< bytes per weight [B] */
    double act_size;    /**< bytes per activation element [B] */
    double kv_size;     /**< bytes per KV-cache element [B] */
    enum math math;     /**< arithmetic of matrix products */
    double top_k;       /**< experts that a token visits in this kind of layer */
    int norm;           /**< the step's first norm within a layer; all others are alike; 0 = none */
    int all_reduce;     /**< the first all-reduce of a layer's half, likewise */
};

/** Appends an empty operator and returns it. */
struct op *builder_add(struct builder *builder, enum op_kind kind, enum kernel kernel);

/** Appends y[rows, columns] = x[rows, depth] · W[depth, columns]. */
struct op *builder_gemm(struct builder *builder, enum op_kind kind, double rows, double columns,
                        double depth);

/** Appends an element-wise operator that moves `elements` activations and does `flops`. */
struct op *builder_elementwise(struct builder *builder, enum op_kind kind, double elements,
                               double flops);

/** Appends exact copies of the step's operators `first` to `end` − 1. */
void builder_repeat(struct builder *builder, int first, int end);

/** Appends the norm before one half of a layer; the residual addition is fused into it. */
void builder_norm(struct builder *builder);

/** Appends an all-reduce of tokens x hidden activations, nothing when tp is 1. */
void builder_all_reduce(struct builder *builder);

/** Sends what experts need to the ranks that hold them, and their results back: by the exchange of
 * the deployment; nothing when attention isn't data-parallel. */
void build_dispatch(struct builder *builder);
void build_combine(struct builder *builder);

/** The form of exchange that the step uses, `auto` resolved. */
enum exchange builder_exchange(const struct builder *builder);

/** Appends attention from its input norm to the output projection. */
void build_attention(struct builder *builder, enum span span);

/** Sets the work of an attention operator of `span` for the parts of `batch` that are (not)
 * decoding. */
void attention_set_work(const struct builder *builder, enum span span, struct op *op);

/** A linear layer that adapters may change: its module and the width of its output. */
struct lora_linear {
    enum lora_module module;
    double columns;
};

/**
 * Appends what adapters add to `count` linear layers of one input of width `depth`, whose outputs
 * they are summed to: one kernel that shrinks to the ranks and one that expands; nothing where
 * there are no adapters.
 */
void build_lora(struct builder *builder, const struct lora_linear *linears, int count,
                double depth);

/** Appends the transfer of weights that this kind of layer misses; nothing when all are resident.
 */
void build_weight_fetch(struct builder *builder);

/** Share of the distinct experts hit by `tokens` that are not on the device. */
double builder_missed_ratio(const struct builder *builder, double tokens);

/** Bytes per weight of the routed experts that `tokens` hit, with their scales [B]. */
double builder_expert_weight_size(const struct builder *builder, double tokens);

/** Appends `missed` (a share) of the routed experts' work on the host's processor, with the way of
 * the activations there and back. */
void build_host_experts(struct builder *builder, const struct op *routed, double missed);

/** Appends the way of the hidden states between host and device. */
void build_host_send(struct builder *builder, double copies);

/** Appends a dense gated MLP, or router, routed and shared experts. */
void build_dense_ffn(struct builder *builder);
void build_moe_ffn(struct builder *builder);

#endif
