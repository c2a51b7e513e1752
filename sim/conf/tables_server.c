/* The rows of `serving.server`: scheduler, KV memory, host time, replicas. */
#include "conf/tables.h"

#define ROW(member, name, kind_, help_)                                                            \
    .key = name, .kind = kind_, .presence = PRESENCE_OPTIONAL,                                     \
    .offset = offsetof(struct server_options, member), .help = help_
#define COUNT(member, name, lo, hi, fallback_, help_)                                              \
    {                                                                                              \
        ROW(member, name, FIELD_COUNT, help_), .low = lo, .high = hi, .fallback = fallback_        \
    }
#define ENUM(member, name, names_, count_, fallback_, help_)                                       \
    {                                                                                              \
        ROW(member, name, FIELD_ENUM, help_), .names = names_, .name_count = count_,               \
                                              .fallback = fallback_                                \
    }
#define FLAG(member, name, fallback_, help_)                                                       \
    {                                                                                              \
        ROW(member, name, FIELD_FLAG, help_), .fallback = fallback_                                \
    }
#define NUMBER(member, name, dim, lo, hi, fallback_, help_)                                        \
    {                                                                                              \
        ROW(member, name, FIELD_QUANTITY, help_), .dimension = dim, .low = lo, .high = hi,         \
                                                  .fallback = fallback_                            \
    }
/* absent = NaN: the default depends on other keys */
#define NUMBER_OR_NAN(member, name, dim, lo, hi, help_)                                            \
    {                                                                                              \
        .key = name, .kind = FIELD_QUANTITY, .presence = PRESENCE_OR_UNKNOWN,                      \
        .offset = offsetof(struct server_options, member), .dimension = dim, .low = lo,            \
        .high = hi, .help = help_                                                                  \
    }

const struct field server_fields[] = {
    ENUM(policy, "policy", policy_kind_names, POLICY_KIND_COUNT, "vllm", "whose scheduler runs"),
    ENUM(order, "order", queue_order_names, ORDER_COUNT, "fcfs",
         "who is admitted first (priority: by a trace's column of that name; sjf: shortest prompt; "
         "edf: earliest TTFT deadline, as far from arrival for all)"),
    ENUM(admission, "admission", admission_names, ADMIT_COUNT, "policy",
         "memory that must be free to admit: for the step's tokens or for the whole prompt"),
    COUNT(batched_tokens, "batched_tokens", 0, 1e7, "0",
          "most tokens in one step; 0 = the policy's, else engine.batched_tokens"),
    COUNT(max_seqs, "max_seqs", 1, 65536, "256", "most requests that run together"),
    COUNT(max_model_tokens, "max_model", 0, 1e9, "0",
          "longest input + output; 0 = the model's context, or what the KV cache holds"),
    COUNT(long_prefill_tokens, "long_prefill_threshold", 0, 1e9, "0",
          "most tokens of one prompt in a step; 0 = no limit"),
    COUNT(block_tokens, "block", 1, 65536, "16", "tokens per KV block"),
    COUNT(kv_blocks, "kv_blocks", 0, 5e8, "0", "KV blocks per replica; 0 = as vLLM computes them"),
    NUMBER_OR_NAN(
        kv_utilization, "memory_utilization", DIM_NUMBER, 0.01, 1,
        "share of the memory that a replica may take; absent = engine.memory_utilization"),
    NUMBER_OR_NAN(watermark_ratio, "watermark", DIM_NUMBER, 0, 0.9,
                  "share of the blocks kept free on admission; absent = the policy's"),
    FLAG(has_prefix_cache, "prefix_cache", "true", "blocks with the same content are shared"),
    FLAG(is_async, "async", "true", "a step is scheduled while the one before runs"),
    COUNT(graph_tokens, "graph_tokens", 0, 1e6, "0",
          "largest captured step, in tokens; 0 = min(2 max_seqs, 512)"),
    NUMBER(host_step_s, "host_step", DIM_SECOND, 0, 60, "0", "host time per step"),
    NUMBER(host_request_s, "host_request", DIM_SECOND, 0, 1, "0",
           "host time per step for each request in it"),
    NUMBER(host_token_s, "host_token", DIM_SECOND, 0, 1, "0",
           "host time per step for each prompt token in it"),
    NUMBER(request_overhead_s, "request_overhead", DIM_SECOND, 0, 60, "0",
           "from arrival until the scheduler can see a request"),
    NUMBER(ttft_target_s, "ttft_target", DIM_SECOND, 0, 1e7, "1 s", "edf: deadline after arrival"),
    COUNT(replicas, "replicas", 1, 4096, "1",
          "copies of the model, each on hardware.count devices"),
    ENUM(router, "router", route_kind_names, ROUTE_KIND_COUNT, "least-outstanding",
         "which replica gets a request"),
    COUNT(split.prefill_replicas, "prefill_replicas", 0, 4095, "0",
          "of the replicas, those that only prefill and hand over; 0 = all do both"),
    NUMBER_OR_NAN(split.bandwidth_byte_per_s, "transfer_bandwidth", DIM_BYTE_PER_S, 1e6, 1e17,
                  "for KV caches between replicas; absent = the device's network (else host) link"),
    NUMBER(split.setup_s, "transfer_setup", DIM_SECOND, 0, 60, "0", "per KV transfer"),
    FLAG(is_fast_forward, "fast_forward", "true",
         "sum stretches of like steps in closed form (same results, faster)"),
    COUNT(watchdog_steps, "watchdog", 1000, 1e15, "1000000000",
          "steps without an answer before the simulation is given up"),
    {0},
};
