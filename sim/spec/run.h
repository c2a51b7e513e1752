/* One what-if, complete and checked: everything that a prediction depends on. */
#ifndef TOKENROOF_SPEC_RUN_H
#define TOKENROOF_SPEC_RUN_H

#include "spec/device.h"
#include "spec/lever.h"
#include "spec/model.h"

#include <stdint.h>

/** How embedding and LM head are stored. */
enum head_basis {
    HEAD_AUTO, /**< in 16 bit beside narrower weights, as AWQ, GPTQ and FP8 checkpoints keep them;
                  like the weights in GGUF files and on CPUs */
    HEAD_WEIGHTS, /**< like the weights */
    HEAD_16BIT,
    HEAD_BASIS_COUNT
};
extern const char *const head_basis_names[HEAD_BASIS_COUNT];

/** Storage formats of the three kinds of tensors. */
struct precision {
    enum format weights;
    enum format activations; /**< also decides the arithmetic of matrix products */
    enum format kv_cache;
    enum head_basis head; /**< of embedding and LM head */
};

/** A static batch: equal requests that start together. */
struct workload {
    int64_t batch;         /**< requests */
    int64_t input_tokens;  /**< prompt tokens per request */
    int64_t output_tokens; /**< generated tokens per request, the first one included */
};

/** How tokens reach experts that other devices hold, where attention is data-parallel. */
enum exchange {
    EXCHANGE_GATHER, /**< all-gather of all tokens, reduce-scatter of results (vLLM's default) */
    EXCHANGE_TOP_K,  /**< all-to-all with a copy per visited expert (low-latency kernels) */
    EXCHANGE_DEDUP,  /**< all-to-all with a copy per visited rank (high-throughput kernels) */
    EXCHANGE_AUTO,   /**< top_k in decode steps, dedup in prefill steps */
    EXCHANGE_COUNT
};
extern const char *const exchange_names[EXCHANGE_COUNT];

/** Which device holds which experts. */
enum expert_placement {
    EXPERTS_LINEAR,   /**< in the order of their numbers */
    EXPERTS_BALANCED, /**< by EPLB: the busiest are replicated, then packed by load */
    EXPERT_PLACEMENT_COUNT
};
extern const char *const expert_placement_names[EXPERT_PLACEMENT_COUNT];

/** Whether communication hides behind computation. */
enum overlap {
    OVERLAP_NONE,
    OVERLAP_TWO_BATCH, /**< two half batches alternate: one computes while the other communicates */
    OVERLAP_COUNT
};
extern const char *const overlap_names[OVERLAP_COUNT];

/**
 * How the model is spread over pp x dp x tp devices: stages of layers, each with dp copies of
 * attention, each copy sliced over tp devices. Routed experts use all tp x dp devices of a stage:
 * ep groups of whole experts, each expert sliced over the tp·dp/ep devices of its group.
 */
struct deploy {
    int64_t tp; /**< tensor-parallel degree; 0 = all devices (before loading), 1 (after it) */
    int64_t pp; /**< pipeline stages; 0 = 1 */
    int64_t dp; /**< data-parallel copies of attention; 0 = 1 */
    int64_t ep; /**< groups that routed experts are dealt out to; 0 = 1: every expert is sliced */
    enum exchange exchange;
    enum expert_placement placement;
    int64_t redundant_experts; /**< replicas beyond the model's experts */
    int64_t micro_batches;     /**< parts of a batch that are in the pipeline at once; 0 = pp */
    enum overlap overlap;
};

/** How work is handed to the device. */
enum launch_mode {
    LAUNCH_GRAPH,    /**< one captured graph per step */
    LAUNCH_COMPILED, /**< fused kernels, launched one by one */
    LAUNCH_EAGER,    /**< every framework operator launched by itself */
    LAUNCH_MODE_COUNT
};
extern const char *const launch_mode_names[LAUNCH_MODE_COUNT];

/** How attention is computed. */
enum attention_impl {
    ATTENTION_FLASH, /**< scores stay on chip */
    ATTENTION_NAIVE, /**< scores and probabilities go through memory */
    ATTENTION_IMPL_COUNT
};
extern const char *const attention_impl_names[ATTENTION_IMPL_COUNT];

/** Which form of MLA runs. */
enum mla_mode {
    MLA_AUTO,     /**< whichever is faster for the step */
    MLA_ABSORBED, /**< up-projections folded into query and output: one latent head */
    MLA_NAIVE,    /**< keys and values expanded per head */
    MLA_MODE_COUNT
};
extern const char *const mla_mode_names[MLA_MODE_COUNT];

/** Whose format decides the arithmetic of matrix products. */
enum arithmetic_basis {
    ARITHMETIC_ACTIVATIONS, /**< weights are widened first (or both operands have one format) */
    ARITHMETIC_WEIGHTS,     /**< activations are rounded to the stored operand's kind first */
    ARITHMETIC_BASIS_COUNT
};
extern const char *const arithmetic_basis_names[ARITHMETIC_BASIS_COUNT];

/** How routed experts run. */
enum moe_impl {
    MOE_FUSED,   /**< grouped GEMM over all experts that were hit */
    MOE_UNFUSED, /**< a loop over experts, gather and scatter through memory */
    MOE_IMPL_COUNT
};
extern const char *const moe_impl_names[MOE_IMPL_COUNT];

/** How tokens spread over experts. */
enum routing_kind {
    ROUTING_UNIFORM,
    ROUTING_ZIPF,
    ROUTING_HISTOGRAM,
    ROUTING_DIRICHLET,
    ROUTING_KIND_COUNT
};
extern const char *const routing_kind_names[ROUTING_KIND_COUNT];

struct routing {
    enum routing_kind kind;
    double skew;        /**< zipf: popularity of the i-th expert ~ i^-skew */
    double *popularity; /**< histogram: one weight per expert [popularity_count], or of layer_count
                           layers one after the other */
    int popularity_count;
    double concentration; /**< dirichlet: the smaller, the more uneven */
    int64_t node_limit;   /**< most nodes that a token's experts may lie on; 0 = all */
    const char *file;     /**< histogram: CSV file with a line of weights per MoE layer, or NULL */
    int layer_count;      /**< lines of that file; 0 = all layers are alike */
};

/** One kernel class off its law, to see how much a figure depends on it. */
struct deviation {
    enum kernel kernel; /**< class; KERNEL_COUNT: the least time of a layer (wafers) */
    double ends;        /**< times · e^(ends·spread): 1 and -1 are the ends of the class's 90 %
                           interval, 0 = none deviates */
};

/** The serving program. */
struct engine_options {
    const char *program; /**< of engines/, which fills in what a what-if leaves out; NULL = none */
    enum launch_mode launch;
    enum attention_impl attention;
    enum mla_mode mla;
    enum moe_impl moe;
    enum arithmetic_basis arithmetic;
    int64_t threads;            /**< CPU cores at work; 0 = all of the device */
    int64_t batched_tokens;     /**< most tokens in one step: longer prefills run in chunks */
    double memory_utilization;  /**< share of the device memory that the engine may take */
    double host_step_s;         /**< host time between two steps that is not overlapped [s] */
    double host_request_s;      /**< and per request of a step [s] */
    double operator_s; /**< host time per operator launched eagerly [s]; 0 = the device's */
    struct deviation deviation; /**< no key of a file: set by those who vary it */
};

/** One what-if; const for everyone after `load`. */
struct run {
    const struct model *model;
    const struct device *device;
    int64_t device_count; /**< devices that work together */
    struct precision precision;
    struct workload workload;
    struct deploy deploy; /**< tp resolved: ≥ 1 */
    struct engine_options engine;
    struct routing routing;
    const struct levers *levers; /**< what `options` changes, NULL = nothing */
    int64_t node_devices;        /**< devices per node; 0 = as many as the device's link joins */
    double network_byte_per_s;   /**< to other nodes, per device [B/s]; 0 = the device's own link */
};

/** The degrees of a deployment as factors, each ≥ 1. */
struct degrees {
    double tp;
    double pp;
    double dp;
    double ep;
    double expert_tp; /**< devices that share one expert: tp·dp/ep */
};

/**
 * The run with another, smaller model beside its own, without levers: as many data-parallel copies,
 * sliced over tp devices where its heads allow, one stage, experts not dealt out.
 */
struct run run_with_model(const struct run *run, const struct model *model);

/** `deploy` with degrees that were left out (0) as 1. */
struct deploy deploy_resolved(const struct deploy *deploy);

/** The degrees of `run`. */
struct degrees run_degrees(const struct run *run);

/** Requests of the busiest of dp ranks: ⌈batch/dp⌉. */
int64_t run_local_batch(const struct run *run);

/** What joins the devices of a run, by the datasheet. */
struct fabric {
    double node_devices;       /**< devices that reach each other over the fast link */
    double node_byte_per_s;    /**< fast link [B/s], 0 = none */
    double network_byte_per_s; /**< beyond it [B/s], 0 = none */
    double network_latency_s;  /**< of one hop [s], NaN = unknown */
};

/**
 * The links of `run`. Within a node: the link of scope node, else socket, else through the host (up
 * to 8 devices); beyond: network_byte_per_s of the run, else the link of scope network, else, where
 * the fast link joins a part of up to 8 devices only (bridges), the host's.
 */
struct fabric run_fabric(const struct run *run);

/** Devices of one node among `ranks` devices that are `stride` apart. */
double fabric_ranks_in_node(const struct fabric *fabric, double ranks, double stride);

/** Format of embedding and LM head under `run`. */
enum format run_head_format(const struct run *run);

/** Arithmetic of products with weights under `run`. */
enum math run_math(const struct run *run);

/** Arithmetic of products with the KV cache: fp8 caches are multiplied in fp8 (FlashAttention-3,
 * FlashMLA), other narrow ones are widened first, unless the weights' side decides. */
enum math run_cache_math(const struct run *run);

/** Arithmetic of the LM head's product: it may be wider than the other weights; beside 8-bit
 * arithmetic (and less) it keeps its own. */
enum math run_head_math(const struct run *run);

#endif
