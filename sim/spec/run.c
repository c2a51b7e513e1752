#include "spec/run.h"

#include <math.h>
#include <stddef.h>

const char *const launch_mode_names[LAUNCH_MODE_COUNT] = {"graph", "compiled", "eager"};
const char *const attention_impl_names[ATTENTION_IMPL_COUNT] = {"flash", "naive"};
const char *const mla_mode_names[MLA_MODE_COUNT] = {"auto", "absorbed", "naive"};
const char *const moe_impl_names[MOE_IMPL_COUNT] = {"fused", "unfused"};
const char *const routing_kind_names[ROUTING_KIND_COUNT] = {"uniform", "zipf", "histogram",
                                                            "dirichlet"};
const char *const head_basis_names[HEAD_BASIS_COUNT] = {"auto", "weights", "16bit"};
const char *const arithmetic_basis_names[ARITHMETIC_BASIS_COUNT] = {"activations", "weights"};
const char *const exchange_names[EXCHANGE_COUNT] = {"gather", "top_k", "dedup", "auto"};
const char *const expert_placement_names[EXPERT_PLACEMENT_COUNT] = {"linear", "eplb"};
const char *const overlap_names[OVERLAP_COUNT] = {"none", "two_batch"};

static double at_least_one(int64_t degree)
{
    return degree > 1 ? (double)degree : 1.0;
}

struct degrees run_degrees(const struct run *run)
{
    struct degrees d = {
        .tp = at_least_one(run->deploy.tp),
        .pp = at_least_one(run->deploy.pp),
        .dp = at_least_one(run->deploy.dp),
        .ep = at_least_one(run->deploy.ep),
    };
    d.expert_tp = d.tp * d.dp / d.ep;
    return d;
}

struct run run_with_model(const struct run *run, const struct model *model)
{
    struct run other = *run;
    other.model = model;
    other.levers = NULL;
    other.routing.kind = ROUTING_UNIFORM;
    if (other.deploy.tp > 1 && model->attention.heads % other.deploy.tp != 0)
        other.deploy.tp = 1;
    other.deploy.pp = 1;
    other.deploy.ep = 1;
    other.deploy.redundant_experts = 0;
    other.deploy.exchange = EXCHANGE_GATHER;
    other.deploy.placement = EXPERTS_LINEAR;
    return other;
}

struct deploy deploy_resolved(const struct deploy *deploy)
{
    struct deploy resolved = *deploy;
    int64_t *const degrees[] = {&resolved.tp, &resolved.pp, &resolved.dp, &resolved.ep};
    for (int i = 0; i < 4; i++)
        if (*degrees[i] < 1)
            *degrees[i] = 1;
    return resolved;
}

int64_t run_local_batch(const struct run *run)
{
    int64_t dp = run->deploy.dp > 1 ? run->deploy.dp : 1;
    return (run->workload.batch + dp - 1) / dp;
}

static double rate_of(const struct link *link)
{
    return link && link->bandwidth_byte_per_s > 0.0 ? link->bandwidth_byte_per_s : 0.0;
}

struct fabric run_fabric(const struct run *run)
{
    const double behind_one_host = 8.0;
    const struct link *host = device_link(run->device, LINK_HOST);
    const struct link *network = device_link(run->device, LINK_NETWORK);
    const struct link *node = device_link(run->device, LINK_NODE);
    if (!node)
        node = device_link(run->device, LINK_SOCKET);
    struct fabric fabric = {
        .node_devices = node   ? (double)node->devices
                        : host ? behind_one_host
                               : 1.0,
        .node_byte_per_s = rate_of(node ? node : host),
        .network_byte_per_s = rate_of(network),
        .network_latency_s = network ? network->latency_s : (double)NAN,
    };
    if (run->node_devices > 0)
        fabric.node_devices = (double)run->node_devices;
    if (run->network_byte_per_s > 0.0)
        fabric.network_byte_per_s = run->network_byte_per_s;
    else if (!network && node && (double)run->device_count <= behind_one_host)
        fabric.network_byte_per_s = rate_of(host);
    return fabric;
}

double fabric_ranks_in_node(const struct fabric *fabric, double ranks, double stride)
{
    double near = floor(fabric->node_devices / stride);
    return fmax(1.0, fmin(ranks, near));
}

enum format run_head_format(const struct run *run)
{
    enum format weights = run->precision.weights;
    bool is_gguf = weights == FORMAT_Q8_0 || weights == FORMAT_Q4_0 || weights == FORMAT_Q4_K_M;
    bool is_alike =
        run->precision.head == HEAD_WEIGHTS ||
        (run->precision.head == HEAD_AUTO && (is_gguf || run->device->kind == DEVICE_CPU));
    return is_alike || format_bytes(weights) >= 2.0 ? weights : FORMAT_BF16;
}

enum math run_math(const struct run *run)
{
    bool is_stored = run->engine.arithmetic == ARITHMETIC_WEIGHTS;
    return format_math(is_stored ? run->precision.weights : run->precision.activations);
}

enum math run_cache_math(const struct run *run)
{
    bool is_stored = run->engine.arithmetic == ARITHMETIC_WEIGHTS;
    if (is_stored || run->precision.kv_cache == FORMAT_FP8)
        return format_math(run->precision.kv_cache);
    return run_math(run);
}

enum math run_head_math(const struct run *run)
{
    enum format format = run_head_format(run);
    enum math math = run_math(run);
    return format != run->precision.weights && math >= MATH_FP8 ? format_math(format) : math;
}
