/* Operators: what one does, how much work it is, and how it is launched. */
#ifndef TOKENROOF_GRAPH_OP_H
#define TOKENROOF_GRAPH_OP_H

#include "spec/kernel.h"

#include <stdbool.h>

/** Kinds of operators. X(id, name) */
#define OP_LIST(X)                                                                                 \
    X(EMBEDDING, "embedding")                                                                      \
    X(NORM, "norm")                                                                                \
    X(QKV, "qkv_projection")                                                                       \
    X(QUERY_DOWN, "query_down")                                                                    \
    X(QUERY_UP, "query_up")                                                                        \
    X(LATENT_DOWN, "latent_down")                                                                  \
    X(LATENT_UP, "latent_up")                                                                      \
    X(QUERY_ABSORB, "query_absorb")                                                                \
    X(VALUE_ABSORB, "value_absorb")                                                                \
    X(QK_NORM, "qk_norm")                                                                          \
    X(ROPE, "rope")                                                                                \
    X(KV_WRITE, "kv_write")                                                                        \
    X(PREFILL_ATTENTION, "prefill_attention")                                                      \
    X(DECODE_ATTENTION, "decode_attention")                                                        \
    X(KV_EVICT, "kv_evict")                                                                        \
    X(KV_REORDER, "kv_reorder")                                                                    \
    X(OUT_PROJECTION, "out_projection")                                                            \
    X(GATE_UP, "gate_up")                                                                          \
    X(ACTIVATION, "activation")                                                                    \
    X(DOWN, "down")                                                                                \
    X(ROUTER, "router")                                                                            \
    X(ROUTED_EXPERTS, "routed_experts")                                                            \
    X(SHARED_GATE_UP, "shared_gate_up")                                                            \
    X(SHARED_ACTIVATION, "shared_activation")                                                      \
    X(SHARED_DOWN, "shared_down")                                                                  \
    X(HOST_EXPERTS, "host_experts")                                                                \
    X(LORA_SHRINK, "lora_shrink")                                                                  \
    X(LORA_EXPAND, "lora_expand")                                                                  \
    X(WEIGHT_FETCH, "weight_fetch")                                                                \
    X(HOST_SEND, "host_send")                                                                      \
    X(MTP_PROJECTION, "mtp_projection")                                                            \
    X(EXPERT_DISPATCH, "expert_dispatch")                                                          \
    X(EXPERT_COMBINE, "expert_combine")                                                            \
    X(ALL_REDUCE, "all_reduce")                                                                    \
    X(STAGE_SEND, "stage_send")                                                                    \
    X(FINAL_NORM, "final_norm")                                                                    \
    X(LM_HEAD, "lm_head")                                                                          \
    X(LOGITS_GATHER, "logits_gather")                                                              \
    X(SAMPLING, "sampling")

#define OP_ENUM(id, name) OP_##id,
/** The kinds of operators. */
enum op_kind { OP_LIST(OP_ENUM) OP_KIND_COUNT };
#undef OP_ENUM
extern const char *const op_names[OP_KIND_COUNT];

/** MLA can run in two forms; a step carries the operators of both until one is chosen. */
enum variant {
    VARIANT_ALWAYS,   /**< part of the step in any case */
    VARIANT_ABSORBED, /**< only when MLA runs on the latent */
    VARIANT_NAIVE,    /**< only when MLA expands keys and values */
};

/** Experts that get the same number of rows. */
struct expert_load {
    double experts; /**< how many, may be a fraction (an expectation) */
    double rows;    /**< rows each of them gets */
};

/** The shape that decides how well the operator fills the device. */
struct op_shape {
    double rows;    /**< GEMM: M of one product; attention: new tokens per request; MoE: rows per
                       expert hit; element-wise: rows in all, 0 = unknown */
    double columns; /**< GEMM: N; attention: keys that the last token sees; MoE: width of an expert
                       here */
    double depth;   /**< GEMM, MoE: K; attention: head width (mean of key and value) */
    double groups;  /**< GEMM: products; attention, KV write: kv heads per request; MoE: distinct
                       experts hit */
    double heads_per_group; /**< attention: query heads that share a kv head */
    double requests;        /**< attention, KV write: requests; MoE: tokens that enter */
    double window;          /**< attention: keys that any one token sees at most, 0 = all */
    double experts;         /**< MoE: routed experts held by this device */
    double top_k;           /**< MoE: experts that a token visits */
    double inputs;          /**< MoE: matrices before the activation: 2 gated, 1 plain */
    double element_bytes;   /**< attention: bytes per KV element; MoE: bytes per weight [B] */
    bool is_growing;        /**< GEMM: rows grow with the context, one token at a time */
    const struct expert_load
        *loads; /**< MoE: rows per expert where they are known; NULL: all alike */
    int load_count;
};

/** One operator of one layer on one device. */
struct op {
    enum op_kind kind;
    enum kernel kernel;   /**< which law its time follows */
    enum variant variant; /**< belongs to which form of MLA */
    enum math math;       /**< arithmetic asked for */
    int twin; /**< an earlier operator of the step that does exactly the same work; 0 = none (that
                 one, the embedding, has no twin) */
    double flops;            /**< [FLOP], 1 MAC = 2 FLOP, causal attention counted once */
    double weight_bytes;     /**< parameters read [B] */
    double kv_bytes;         /**< KV cache read and written [B] */
    double activation_bytes; /**< activations read and written [B] */
    double spilled_bytes;    /**< of the activations: what a fused kernel would keep on chip [B] */
    double extra_starts;     /**< small kernels that a fused one would save */
    double message_bytes;    /**< communication: full tensor per rank; all-to-all: what a rank sends
                                within its node, its own share included [B] */
    double network_bytes;    /**< all-to-all, stage send: what a rank sends to other nodes [B] */
    double ranks;            /**< communication: devices that take part */
    double node_ranks;       /**< of them in one node; 0 = all */
    struct op_shape shape;
    double kernels;       /**< kernels that a compiled engine launches */
    double eager_kernels; /**< framework operators launched one by one */
};

/** True for operators that run on links, to other devices or to the host. */
static inline bool op_is_communication(const struct op *op)
{
    return op->ranks > 1.0 || op->kernel == KERNEL_HOST_COPY;
}

/** Bytes that a report shows: memory traffic, or of communication the messages [B]. */
double op_shown_bytes(const struct op *op);

/** Bytes that the operator moves to and from the device's memory [B]. */
static inline double op_bytes(const struct op *op)
{
    return op->weight_bytes + op->kv_bytes + op->activation_bytes;
}

#endif
