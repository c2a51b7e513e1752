#include "report/served_problem.h"

#include "base/text.h"

struct served_problem served_setup_problem(struct arena *arena, const struct experiment *experiment,
                                           enum setup_problem problem)
{
    const struct server_options *options = &experiment->setup.options;
    const struct kv_capacity *capacity = &experiment->setup.capacity;
    const char *device = experiment->run->device->id;
    char left[SI_TEXT_BYTES];
    double missing = capacity->weights_bytes + capacity->activation_bytes + capacity->engine_bytes +
                     capacity->graph_bytes - capacity->requested_bytes;
    switch (problem) {
    case SETUP_NO_MEMORY:
        return (struct served_problem){
            "serving.server.memory_utilization",
            arena_printf(arena, "%s leaves no KV block beside the weights of %s: %s short", device,
                         experiment->run->model->id, text_si(left, missing, "B", 3)),
            "take more devices, smaller weights, fewer batched_tokens, or a higher "
            "memory_utilization",
            NULL};
    case SETUP_SHORT_MEMORY:
        return (struct served_problem){
            "serving.server.max_model",
            arena_printf(arena, "the KV cache of %s holds %lld tokens, fewer than one sequence",
                         device,
                         (long long)(experiment->setup.parts.blocks * options->block_tokens)),
            "leave max_model out: it is then limited to what fits", NULL};
    case SETUP_SMALL_BUDGET:
        return (struct served_problem){
            "serving.server.batched_tokens",
            arena_printf(arena, "%lld tokens per step are fewer than %lld requests",
                         (long long)options->batched_tokens, (long long)options->max_seqs),
            "every running request needs one token per step: lower max_seqs",
            "serving.server.max_seqs"};
    case SETUP_NO_LINK:
        return (struct served_problem){
            "serving.server.prefill_replicas",
            arena_printf(arena, "%s has no link to send KV caches over", device),
            "add for example: transfer_bandwidth: 50 GB/s", NULL};
    case SETUP_SPLIT:
        return (struct served_problem){
            "serving.server.prefill_replicas",
            arena_printf(arena, "%lld of %lld replicas prefill, so none decodes",
                         (long long)options->split.prefill_replicas, (long long)options->replicas),
            "give more replicas", "serving.server.replicas"};
    case SETUP_STATIC_SPLIT:
        return (struct served_problem){"serving.server.policy",
                                       "a static batch can't be handed over to other replicas",
                                       "leave prefill_replicas out, or choose policy: vllm",
                                       "serving.server.prefill_replicas"};
    case SETUP_OVERLAP:
        return (struct served_problem){"deploy.overlap",
                                       "simulate does not play half batches that alternate",
                                       "leave overlap out here; `tokenroof run` predicts it", NULL};
    case SETUP_FINE:
        break;
    }
    return (struct served_problem){0};
}

struct served_problem served_end_problem(struct arena *arena, const struct experiment *experiment,
                                         enum server_status status)
{
    return (struct served_problem){
        "serving.server.watchdog",
        arena_printf(
            arena, "%s on %s: given up at %.3f s of simulated time: %s, %lld requests left",
            experiment->run->model->id, experiment->run->device->id,
            (double)experiment->counts.end_ns * 1e-9,
            status == SERVER_WATCHDOG ? "too many steps without an answer" : "nothing can run",
            (long long)experiment->counts.left_live),
        "this is a bug unless serving.server.watchdog is small: please report the config", NULL};
}

struct served_problem served_refusal(struct arena *arena, const struct experiment *experiment,
                                     const struct served *served)
{
    const struct server_counts *counts = &served->first;
    if (counts->refused == 0)
        return (struct served_problem){0};
    return (struct served_problem){
        .key = "serving.server.max_model",
        .what = arena_printf(
            arena,
            "%s on %s refused %lld of %lld requests: the first, number %lld, has %lld tokens "
            "and at most %lld fit",
            served->run->model->id, served->run->device->id, (long long)counts->refused,
            (long long)counts->arrived, (long long)counts->first_refused,
            (long long)counts->first_refused_tokens,
            (long long)experiment->setup.options.max_model_tokens),
    };
}

const char *served_overload(struct arena *arena, const struct served *served)
{
    const struct backlog *backlog = &served->backlog;
    enum arrival_kind kind = served->load->arrivals.kind;
    if (kind == ARRIVAL_CLOSED || kind == ARRIVAL_BURST || !backlog_grows(backlog))
        return NULL;
    return arena_printf(
        arena, "overloaded: %lld requests wait when the last of %lld comes, %lld half way",
        (long long)backlog->end, (long long)backlog->arrived, (long long)backlog->half);
}
