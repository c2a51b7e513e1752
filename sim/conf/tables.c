#include "conf/tables.h"

#include <stdint.h>

/* Short forms of rows. A row says: key, member, presence, range, default, help. */
#define QUANTITY(type, member, name, presence_, dim, lo, hi, fallback_, help_)                     \
    {                                                                                              \
        .key = name, .kind = FIELD_QUANTITY, .presence = presence_,                                \
        .offset = offsetof(type, member), .dimension = dim, .low = lo, .high = hi,                 \
        .fallback = fallback_, .help = help_                                                       \
    }
#define COUNT(type, member, name, presence_, lo, hi, fallback_, help_)                             \
    {                                                                                              \
        .key = name, .kind = FIELD_COUNT, .presence = presence_, .offset = offsetof(type, member), \
        .low = lo, .high = hi, .fallback = fallback_, .help = help_                                \
    }
#define TEXT(type, member, name, presence_, help_)                                                 \
    {                                                                                              \
        .key = name, .kind = FIELD_TEXT, .presence = presence_, .offset = offsetof(type, member),  \
        .help = help_                                                                              \
    }
#define FLAG(type, member, name, fallback_, help_)                                                 \
    {                                                                                              \
        .key = name, .kind = FIELD_FLAG, .presence = PRESENCE_OPTIONAL,                            \
        .offset = offsetof(type, member), .fallback = fallback_, .help = help_                     \
    }
#define ENUM(type, member, name, presence_, names_, count_, fallback_, help_)                      \
    {                                                                                              \
        .key = name, .kind = FIELD_ENUM, .presence = presence_, .offset = offsetof(type, member),  \
        .names = names_, .name_count = count_, .fallback = fallback_, .help = help_                \
    }
#define MAPPING(type, member, name, presence_, fields_, help_)                                     \
    {                                                                                              \
        .key = name, .kind = FIELD_MAPPING, .presence = presence_,                                 \
        .offset = offsetof(type, member), .fields = fields_, .help = help_                         \
    }
#define MAPPINGS(type, member, counter, name, fields_, bytes, help_)                               \
    {                                                                                              \
        .key = name, .kind = FIELD_MAPPINGS, .presence = PRESENCE_OPTIONAL,                        \
        .offset = offsetof(type, member), .count_offset = offsetof(type, counter),                 \
        .fields = fields_, .member_bytes = bytes, .help = help_                                    \
    }
#define NAMES(type, member, counter, name, presence_, help_)                                       \
    {                                                                                              \
        .key = name, .kind = FIELD_NAMES, .presence = presence_, .offset = offsetof(type, member), \
        .count_offset = offsetof(type, counter), .help = help_                                     \
    }
#define END                                                                                        \
    {                                                                                              \
        0                                                                                          \
    }

#define REQ PRESENCE_REQUIRED
#define OPT PRESENCE_OPTIONAL
#define UNK PRESENCE_OR_UNKNOWN

/* ---- models/ ---- */

static const struct field published_fields[] = {
    QUANTITY(struct published_params, total, "total", UNK, DIM_NUMBER, 1e3, 1e14, NULL,
             "parameters as the vendor prints them"),
    QUANTITY(struct published_params, active, "active", UNK, DIM_NUMBER, 1e3, 1e14, NULL,
             "parameters that one token uses, as printed"),
    ENUM(struct published_params, active_counts, "active_counts", OPT, active_counts_names,
         ACTIVE_COUNTS_COUNT, "all", "what the printed active count includes"),
    TEXT(struct published_params, source, "source", OPT, "where it is printed"),
    END,
};

static const struct field attention_fields[] = {
    ENUM(struct attention, kind, "kind", REQ, attention_kind_names, ATTENTION_KIND_COUNT, NULL,
         "mha, gqa or mla"),
    COUNT(struct attention, heads, "heads", REQ, 1, 65536, NULL, "query heads"),
    COUNT(struct attention, kv_heads, "kv_heads", OPT, 1, 65536, NULL,
          "key/value heads (gqa; mha has one per query head)"),
    COUNT(struct attention, head_dim, "head_dim", OPT, 1, 65536, NULL,
          "width of a head (mha, gqa; default hidden / heads)"),
    ENUM(struct attention, bias, "bias", OPT, bias_kind_names, BIAS_KIND_COUNT, "none",
         "projections with a bias vector"),
    ENUM(struct attention, qk_norm, "qk_norm", OPT, qk_norm_names, QK_NORM_COUNT, "none",
         "normalisation of queries and keys"),
    COUNT(struct attention, q_lora_rank, "q_lora_rank", OPT, 0, 1e6, NULL,
          "mla: width of compressed queries (0 or absent = not compressed)"),
    COUNT(struct attention, kv_lora_rank, "kv_lora_rank", OPT, 1, 1e6, NULL,
          "mla: width of the latent that is cached"),
    COUNT(struct attention, qk_nope_dim, "qk_nope_dim", OPT, 1, 1e6, NULL,
          "mla: part of a head without position"),
    COUNT(struct attention, qk_rope_dim, "qk_rope_dim", OPT, 1, 1e6, NULL,
          "mla: part of a head with position, cached once for all heads"),
    COUNT(struct attention, v_head_dim, "v_head_dim", OPT, 1, 1e6, NULL,
          "mla: width of a value head"),
    COUNT(struct attention, window_tokens, "window", OPT, 1, 1e9, NULL,
          "sliding window of window layers, in tokens"),
    COUNT(struct attention, chunk_tokens, "chunk", OPT, 1, 1e9, NULL,
          "chunk of chunked-local layers, in tokens"),
    {.key = "pattern",
       .kind = FIELD_ENUMS,
       .presence = OPT,
       .offset = offsetof(struct attention, pattern),
       .count_offset = offsetof(struct attention, pattern_count),
       .names = span_names,
       .name_count = SPAN_COUNT,
       .help = "what the layers attend to, repeated over the layers (default: all full)"},
    END,
};

static const struct field moe_fields[] = {
    COUNT(struct moe, experts, "experts", REQ, 1, 65536, NULL, "routed experts per layer"),
    COUNT(struct moe, top_k, "top_k", REQ, 1, 65536, NULL, "experts that a token visits"),
    COUNT(struct moe, expert_ffn, "expert_ffn", REQ, 1, 1e7, NULL, "width of one routed expert"),
    COUNT(struct moe, shared_experts, "shared_experts", OPT, 0, 65536, NULL,
          "experts that every token visits"),
    COUNT(struct moe, shared_ffn, "shared_ffn", OPT, 0, 1e7, NULL,
          "total width of the shared experts (default shared_experts x expert_ffn)"),
    COUNT(struct moe, first_dense_layers, "first_dense_layers", OPT, 0, 4096, "0",
          "dense layers before the first MoE layer"),
    COUNT(struct moe, every, "every", OPT, 1, 4096, "1", "of the rest, every n-th layer is MoE"),
    TEXT(struct moe, router, "router", OPT, "how it scores, for people"),
    END,
};

static const struct field ffn_fields[] = {
    ENUM(struct ffn, activation, "activation", OPT, activation_names, ACTIVATION_COUNT, "silu",
         "activation function"),
    FLAG(struct ffn, is_gated, "gated", "true", "gate, up and down matrices (true) or up and down"),
    FLAG(struct ffn, has_bias, "bias", "false", "bias vectors on the matrices"),
    COUNT(struct ffn, dense_ffn, "dense_ffn", OPT, 1, 1e7, NULL, "width of dense layers"),
    MAPPING(struct ffn, moe, "moe", OPT, moe_fields, "routed and shared experts"),
    END,
};

const struct field model_fields[] = {
    TEXT(struct model, name, "name", REQ, "display name"),
    TEXT(struct model, source, "source", REQ, "where the dimensions were read"),
    MAPPING(struct model, published, "published_params", OPT, published_fields,
            "what the vendor prints; compared with ours by the tests"),
    COUNT(struct model, layers, "layers", REQ, 1, 1000, NULL, "transformer layers"),
    COUNT(struct model, hidden, "hidden", REQ, 1, 1e6, NULL, "width of the residual stream"),
    COUNT(struct model, vocab, "vocab", REQ, 1, 1e7, NULL, "rows of the embedding table"),
    FLAG(struct model, has_tied_embeddings, "tied_embeddings", "false",
         "the LM head is the embedding table"),
    COUNT(struct model, max_context_tokens, "max_context", REQ, 1, 1e9, NULL,
          "longest sequence, in tokens"),
    COUNT(struct model, norms_per_layer, "norms_per_layer", OPT, 1, 8, "2",
          "normalisations of the residual stream per layer"),
    ENUM(struct model, norm, "norm", OPT, norm_kind_names, NORM_KIND_COUNT, "rmsnorm",
         "kind of normalisation"),
    MAPPING(struct model, attention, "attention", REQ, attention_fields,
            "attention of every layer"),
    MAPPING(struct model, ffn, "ffn", REQ, ffn_fields, "feed-forward part of every layer"),
    ENUM(struct model, native_format, "native_dtype", OPT, format_names, FORMAT_COUNT, "bf16",
         "format of the published weights"),
    TEXT(struct model, notes, "notes", OPT, "doubts and peculiarities"),
    END,
};

/* ---- hwdb/ ---- */

#define PEAK(id, name)                                                                             \
    {.key = name,                                                                                  \
     .kind = FIELD_QUANTITY,                                                                       \
     .presence = PRESENCE_OR_UNKNOWN,                                                              \
     .offset = MATH_##id * sizeof(double),                                                         \
     .dimension = DIM_FLOP_PER_S,                                                                  \
     .low = 1e6,                                                                                   \
     .high = 1e19,                                                                                 \
     .fallback = "0",                                                                              \
     .help = "dense (not sparse) rate; absent = it does not compute in " name},
static const struct field peak_fields[] = {MATH_LIST(PEAK) END};

static const struct field memory_fields[] = {
    TEXT(struct datasheet, memory_kind, "kind", OPT, "HBM3, DDR5, …"),
    QUANTITY(struct datasheet, memory_bytes, "capacity", UNK, DIM_BYTE, 1e6, 1e15, NULL,
             "capacity"),
    QUANTITY(struct datasheet, memory_bandwidth_byte_per_s, "bandwidth", UNK, DIM_BYTE_PER_S, 1e6,
             1e17, NULL, "peak bandwidth"),
    END,
};

static const struct field cache_fields[] = {
    TEXT(struct cache, name, "name", REQ, "L2, L3, …"),
    QUANTITY(struct cache, capacity_bytes, "capacity", REQ, DIM_BYTE, 1e3, 1e12, NULL,
             "total over the device"),
    QUANTITY(struct cache, bandwidth_byte_per_s, "bandwidth", UNK, DIM_BYTE_PER_S, 1e6, 1e18, NULL,
             "bandwidth of a working set that fits"),
    END,
};

static const struct field link_fields[] = {
    TEXT(struct link, name, "name", REQ, "NVLink4, PCIe5 x16, …"),
    ENUM(struct link, scope, "scope", REQ, link_scope_names, LINK_SCOPE_COUNT, NULL,
         "how far it reaches"),
    QUANTITY(struct link, bandwidth_byte_per_s, "bandwidth", UNK, DIM_BYTE_PER_S, 1e6, 1e17, NULL,
             "per device and direction, over all its lanes"),
    QUANTITY(struct link, latency_s, "latency", UNK, DIM_SECOND, 0, 1, NULL, "of one hop"),
    COUNT(struct link, devices, "devices", OPT, 1, 1e6, "1", "devices that it joins"),
    END,
};

static const struct field power_fields[] = {
    QUANTITY(struct datasheet, tdp_w, "tdp", UNK, DIM_WATT, 0.1, 1e6, NULL, "thermal design power"),
    QUANTITY(struct datasheet, idle_w, "idle", UNK, DIM_WATT, 0.01, 1e6, NULL, "power when idle"),
    END,
};

static const struct field datasheet_fields[] = {
    TEXT(struct datasheet, source, "source", REQ, "where these numbers were read"),
    TEXT(struct datasheet, verified, "verified", OPT, "which of them were read at a source"),
    TEXT(struct datasheet, doubt, "doubt", OPT, "what is uncertain"),
    MAPPING(struct datasheet, peak_flop_per_s, "peak", REQ, peak_fields, "dense peak rates"),
    COUNT(struct datasheet, units, "units", OPT, 1, 1e7, NULL, "SMs, CUs, cores"),
    TEXT(struct datasheet, unit_name, "unit_name", OPT, "what a unit is called"),
    QUANTITY(struct datasheet, clock_hz, "clock", UNK, DIM_HERTZ, 1e6, 1e11, NULL,
             "clock at which the peaks hold"),
 /* memory and power lie in the same struct: offset 0 */
    {.key = "memory",
     .kind = FIELD_MAPPING,
     .presence = REQ,
     .fields = memory_fields,
     .help = "main memory"},
    MAPPINGS(struct datasheet, caches, cache_count, "caches", cache_fields, sizeof(struct cache),
             "caches, smallest first"),
    MAPPINGS(struct datasheet, links, link_count, "links", link_fields, sizeof(struct link),
             "links to other devices and the host"),
    {.key = "power",
     .kind = FIELD_MAPPING,
     .presence = OPT,
     .fields = power_fields,
     .help = "power"      },
    END,
};

/* The unit of a measured value depends on what was measured: one key per kind would hide that it is
   a list, so values are read as text first; load.c turns them into numbers. */
static const struct field measured_fields[] = {
    ENUM(struct measured, what, "what", REQ, measurand_names, MEASURAND_COUNT, NULL,
         "what was measured"),
    TEXT(struct measured, value_text, "value", REQ, "with its unit"),
    TEXT(struct measured, how, "how", REQ, "how it was measured"),
    TEXT(struct measured, source, "source", REQ, "who says so"),
    END,
};

#define FIT_PARAM(member, name, dim, lo, hi, help_)                                                \
    QUANTITY(struct kernel_fit, member, name, UNK, DIM_##dim, lo, hi, NULL, help_),
static const struct field fitted_fields[] = {
    ENUM(struct kernel_fit, kernel, "class", REQ, kernel_names, KERNEL_COUNT, NULL, "kernel class"),
    ENUM(struct kernel_fit, math, "dtype", OPT, math_or_any_names, MATH_COUNT + 1, "any",
         "arithmetic that it holds for"),
    ENUM(struct kernel_fit, family, "family", OPT, kernel_family_names, KERNEL_FAMILY_COUNT, "wide",
         "generation of kernels: decides tiles and splitting"),
    KERNEL_PARAM_LIST(FIT_PARAM)
        QUANTITY(struct kernel_fit, spread_ratio, "spread", REQ, DIM_NUMBER, 0, 5, NULL,
                 "90 % of |ln(measured / predicted)| lie below it"),
    TEXT(struct kernel_fit, from, "from", REQ, "data that it was fitted on"),
    COUNT(struct kernel_fit, rows, "rows", OPT, 0, 1e9, NULL, "measurements used"),
    QUANTITY(struct kernel_fit, fit_median_ratio, "fit_median", UNK, DIM_NUMBER, 0, 10, NULL,
             "median |error| on the fitted rows"),
    QUANTITY(struct kernel_fit, held_median_ratio, "held_out_median", UNK, DIM_NUMBER, 0, 10, NULL,
             "median |error| on rows the fit never saw"),
    QUANTITY(struct kernel_fit, held_p90_ratio, "held_out_p90", UNK, DIM_NUMBER, 0, 10, NULL,
             "90th percentile of |error| on rows the fit never saw"),
    TEXT(struct kernel_fit, date, "date", OPT, "of the fit"),
    END,
};

static const struct field launch_fields[] = {
    QUANTITY(struct launch_cost, eager_s, "eager", UNK, DIM_SECOND, 0, 1, NULL,
             "host time per framework operator"),
    QUANTITY(struct launch_cost, kernel_s, "kernel", UNK, DIM_SECOND, 0, 1, NULL,
             "host time per kernel launch of a compiled engine"),
    QUANTITY(struct launch_cost, graph_s, "graph", UNK, DIM_SECOND, 0, 1, NULL,
             "host time to launch a captured graph"),
    TEXT(struct launch_cost, source, "source", OPT, "where these numbers come from"),
    END,
};

const struct field device_fields[] = {
    TEXT(struct device, name, "name", REQ, "display name"),
    ENUM(struct device, kind, "kind", REQ, device_kind_names, DEVICE_KIND_COUNT, NULL,
         "kind of machine"),
    TEXT(struct device, launched, "launched", OPT, "year and month"),
    NAMES(struct device, relatives, relative_count, "relatives", OPT,
          "devices that may lend fitted fractions, nearest first"),
    MAPPING(struct device, datasheet, "datasheet", REQ, datasheet_fields,
            "the vendor's numbers: dense peaks, links per direction"),
    MAPPINGS(struct device, measured, measured_count, "measured", measured_fields,
             sizeof(struct measured), "values measured on the device"),
    MAPPINGS(struct device, fitted, fitted_count, "fitted", fitted_fields,
             sizeof(struct kernel_fit), "attained fractions per kernel class, with provenance"),
    MAPPING(struct device, launch, "launch", OPT, launch_fields, "host side of a launch"),
    TEXT(struct device, notes, "notes", OPT, "doubts and peculiarities"),
    END,
};

/* ---- configs/ ---- */

static const struct field hardware_fields[] = {
    NAMES(struct hardware, devices.names, devices.count, "device", REQ,
          "device or list of devices"),
    COUNT(struct hardware, count, "count", OPT, 0, 1e6, "0",
          "devices that work together; 0 = tp x pp x dp of deploy"),
    COUNT(struct hardware, per_node, "per_node", OPT, 0, 1e6, "0",
          "devices per node; 0 = as many as the device's fast link joins"),
    QUANTITY(struct hardware, network_byte_per_s, "network", OPT, DIM_BYTE_PER_S, 1e6, 1e15, "0",
             "link to other nodes, per device and direction; 0 = the device's own"),
    END,
};

static const struct field precision_fields[] = {
    ENUM(struct precision, weights, "weights", OPT, format_names, FORMAT_COUNT, "bf16",
         "format of the weights"),
    ENUM(struct precision, activations, "activations", OPT, format_names, FORMAT_COUNT, "bf16",
         "format of activations; decides the arithmetic"),
    ENUM(struct precision, kv_cache, "kv_cache", OPT, format_names, FORMAT_COUNT, "bf16",
         "format of the KV cache"),
    ENUM(struct precision, head, "head", OPT, head_basis_names, HEAD_BASIS_COUNT, "auto",
         "embedding and LM head: like the weights, or 16 bit; auto: 16 bit but for GGUF formats "
         "and CPUs"),
    END,
};

static const struct field workload_fields[] = {
    COUNT(struct workload, batch, "batch", OPT, 1, 1e6, "1", "requests that run together"),
    COUNT(struct workload, input_tokens, "input", OPT, 1, 1e9, "1024", "prompt tokens per request"),
    COUNT(struct workload, output_tokens, "output", OPT, 1, 1e9, "128",
          "generated tokens per request, the first one included"),
    END,
};

static const struct field deploy_fields[] = {
    COUNT(struct deploy, tp, "tp", OPT, 0, 1e6, "0",
          "tensor parallel degree; 0 = all devices of hardware.count"),
    COUNT(struct deploy, pp, "pp", OPT, 1, 1000, "1", "pipeline stages"),
    COUNT(struct deploy, dp, "dp", OPT, 1, 1e6, "1", "data-parallel copies of attention"),
    COUNT(struct deploy, ep, "ep", OPT, 1, 1e6, "1",
          "groups that routed experts are dealt out to; 1 = every expert is sliced over tp x dp"),
    ENUM(struct deploy, exchange, "exchange", OPT, exchange_names, EXCHANGE_COUNT, "gather",
         "how tokens reach experts of other dp ranks; auto = top_k in decode, dedup in prefill"),
    ENUM(struct deploy, placement, "placement", OPT, expert_placement_names, EXPERT_PLACEMENT_COUNT,
         "linear", "which device holds which experts"),
    COUNT(struct deploy, redundant_experts, "redundant_experts", OPT, 0, 1e6, "0",
          "replicas of busy experts, with placement eplb"),
    COUNT(struct deploy, micro_batches, "micro_batches", OPT, 0, 1e6, "0",
          "parts of a batch in the pipeline at once; 0 = pp"),
    ENUM(struct deploy, overlap, "overlap", OPT, overlap_names, OVERLAP_COUNT, "none",
         "two_batch: half a batch communicates while the other computes"),
    END,
};

const struct field engine_fields[] = {
    TEXT(struct engine_options, program, "program", OPT,
         "a serving program of engines/ (vllm-0.5, …): fills in keys that are not given here"),
    ENUM(struct engine_options, launch, "launch", OPT, launch_mode_names, LAUNCH_MODE_COUNT,
         "graph", "how kernels are launched"),
    ENUM(struct engine_options, attention, "attention", OPT, attention_impl_names,
         ATTENTION_IMPL_COUNT, "flash", "how attention is computed"),
    ENUM(struct engine_options, mla, "mla", OPT, mla_mode_names, MLA_MODE_COUNT, "auto",
         "which form of MLA runs"),
    ENUM(struct engine_options, moe, "moe", OPT, moe_impl_names, MOE_IMPL_COUNT, "fused",
         "how routed experts run"),
    ENUM(struct engine_options, arithmetic, "arithmetic", OPT, arithmetic_basis_names,
         ARITHMETIC_BASIS_COUNT, "activations",
         "whose format decides the arithmetic of products: weights = activations are rounded to "
         "the stored operand's kind first, as CPU kernels do"),
    COUNT(struct engine_options, threads, "threads", OPT, 0, 1e6, "0",
          "CPU cores at work; 0 = all of the device"),
    COUNT(struct engine_options, batched_tokens, "batched_tokens", OPT, 1, 1e9, "8192",
          "most tokens in one step; longer prefills run in chunks"),
    QUANTITY(struct engine_options, memory_utilization, "memory_utilization", OPT, DIM_NUMBER, 0.01,
             1, "0.9", "share of the memory that the engine may take"),
    QUANTITY(struct engine_options, host_step_s, "host_step", OPT, DIM_SECOND, 0, 60, "0",
             "host time between two steps that is not overlapped"),
    QUANTITY(struct engine_options, host_request_s, "host_request", OPT, DIM_SECOND, 0, 1, "0",
             "the same per request of a step"),
    QUANTITY(struct engine_options, operator_s, "operator_time", OPT, DIM_SECOND, 0, 1, "0",
             "host time per operator of launch: eager; 0 = what the device's launch says"),
    END,
};

static const struct field routing_fields[] = {
    ENUM(struct routing, kind, "kind", OPT, routing_kind_names, ROUTING_KIND_COUNT, "uniform",
         "how tokens spread over experts"),
    QUANTITY(struct routing, skew, "skew", OPT, DIM_NUMBER, 0, 10, "1",
             "zipf: popularity of the i-th expert is i^-skew"),
    {.key = "popularity",
       .kind = FIELD_NUMBERS,
       .presence = OPT,
       .offset = offsetof(struct routing, popularity),
       .count_offset = offsetof(struct routing, popularity_count),
       .dimension = DIM_NUMBER,
       .low = 0,
       .high = 1e12,
       .help = "histogram: one weight per expert"},
    TEXT(struct routing, file, "file", OPT,
         "histogram: CSV file, one line of weights per MoE layer, one column per expert"),
    QUANTITY(struct routing, concentration, "concentration", OPT, DIM_NUMBER, 0.001, 1e6, "1",
             "dirichlet: the smaller, the more uneven"),
    COUNT(struct routing, node_limit, "node_limit", OPT, 0, 1e6, "0",
          "most nodes that the experts of a token may lie on; 0 = all"),
    END,
};

/* For people: the keys of a sweep are those of the what-if itself, see conf/axis.h. */
static const struct field sweep_fields[] = {
    {.key = "KEY",
     .kind = FIELD_TEXT,
     .presence = PRESENCE_OPTIONAL,
     .help = "any key that the rows depend on, as with -s: a list [1, 2, 4], or a range 1..8, "
             "1..128 x2, 0..100 +25"                                                     },
    {.key = "linked",
     .kind = FIELD_TEXT,
     .presence = PRESENCE_OPTIONAL,
     .help = "list of mappings {KEY: values, KEY: values}: their keys change together"   },
    {.key = "where",
     .kind = FIELD_TEXT,
     .presence = PRESENCE_OPTIONAL,
     .help = "which combinations to keep, e.g. workload.batch * workload.input <= 131072"},
    END,
};

const struct field config_fields[] = {
    TEXT(struct config, title, "title", OPT, "headline of reports"),
    NAMES(struct config, models.names, models.count, "model", REQ,
          "model or list: a name of models/ or a path to a YAML file"),
    {.key = "hardware",
       .kind = FIELD_CHOICE,
       .presence = REQ,
       .offset = offsetof(struct config, hardware),
       .fields = hardware_fields,
       .help = "device or list: names of hwdb/ or paths; or a mapping with a count"},
    MAPPING(struct config, precision, "precision", OPT, precision_fields, "number formats"),
    MAPPING(struct config, workload, "workload", OPT, workload_fields, "a static batch"),
    MAPPING(struct config, deploy, "deploy", OPT, deploy_fields, "how the model is spread"),
    MAPPING(struct config, engine, "engine", OPT, engine_fields, "the serving program"),
    MAPPING(struct config, routing, "routing", OPT, routing_fields, "which experts tokens visit"),
    MAPPING(struct config, levers, "options", OPT, lever_fields,
            "levers: what may be changed about how it is served"),
    MAPPING(struct config, serving, "serving", OPT, serving_fields,
            "requests over time, for `tokenroof simulate`"),
    COUNT(struct config, seed, "seed", OPT, 0, 9e15, "1", "of every random number"),
    {.key = "sweep",
       .kind = FIELD_TREE,
       .presence = OPT,
       .offset = offsetof(struct config, sweep),
       .fields = sweep_fields,
       .help =
         "axes of `tokenroof sweep`: every combination of their values, each a static batch, or a "
         "simulated server where there is a `serving` section"                     },
    MAPPINGS(struct config, charts, chart_count, "charts", chart_fields, sizeof(struct chart_spec),
             "charts that `tokenroof run`, `sweep` and `simulate` draw"),
    MAPPINGS(struct config, claims, claim_count, "claims", claim_fields, sizeof(struct claim_spec),
             "published statements that `tokenroof claims` checks"),
    END,
};
