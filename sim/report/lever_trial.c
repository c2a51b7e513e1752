#include "report/lever_trial.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const char lossy[] = "accuracy not modelled";
static const char lossless[] = "same output";
static const char kernels[] = "needs an engine that has it";

/* The list as it grows, and what its members start from. */
struct list {
    struct arena *arena;
    const struct run *base;
    struct lever_trial *trials;
    int count;
};

/* Adds a trial that is still the base, with levers of its own; returns it. */
static struct run *add(struct list *list, const char *lever, const char *setting,
                       const char *caveat, struct levers **levers)
{
    assert(list->count < LEVER_TRIALS_MAX);
    struct lever_trial *trial = &list->trials[list->count++];
    struct levers *own = arena_alloc(list->arena, sizeof *own);
    *trial = (struct lever_trial){lever, setting, caveat, *list->base};
    if (list->base->levers)
        *own = *list->base->levers;
    else
        levers_init(own);
    trial->run.levers = own;
    if (levers)
        *levers = own;
    return &trial->run;
}

static bool computes_in(const struct device *device, enum math math)
{
    return device->datasheet.peak_flop_per_s[math] > 0.0;
}

/* ---- number formats ---- */

/* W8A8: FP8 raised throughput by 20-30 % in MoE-Inference-Bench. Weight-only int4: AWQ, groups of
   128. KV cache in fp8: vLLM's --kv-cache-dtype fp8. */
static void add_formats(struct list *list)
{
    const struct run *base = list->base;
    double size = format_bytes(base->precision.weights);
    bool has_formats = base->levers && base->levers->expert_format_count > 0;
    if (size > 1.0 && !has_formats && computes_in(base->device, MATH_FP8)) {
        struct run *run = add(list, "FP8 weights and activations",
                              "precision.weights=fp8 precision.activations=fp8", lossy, NULL);
        run->precision.weights = run->precision.activations = FORMAT_FP8;
    } else if (size > 1.0 && !has_formats && computes_in(base->device, MATH_INT8)) {
        struct run *run = add(list, "INT8 weights and activations",
                              "precision.weights=int8 precision.activations=int8", lossy, NULL);
        run->precision.weights = run->precision.activations = FORMAT_INT8;
    }
    if (size > 0.6 && !has_formats) {
        struct run *run = add(list, "4-bit weights", "precision.weights=int4_g128", lossy, NULL);
        run->precision.weights = FORMAT_INT4_G128;
    }
    if (format_bytes(base->precision.kv_cache) > 1.0) {
        struct run *run = add(list, "8-bit KV cache", "precision.kv_cache=fp8", lossy, NULL);
        run->precision.kv_cache = FORMAT_FP8;
    }
}

/* ---- the engine ---- */

static void add_engine(struct list *list)
{
    const struct engine_options *engine = &list->base->engine;
    bool is_mla = list->base->model->attention.kind == ATTENTION_MLA;
    if (engine->launch != LAUNCH_GRAPH)
        add(list, "graph launches", "engine.launch=graph", lossless, NULL)->engine.launch =
            LAUNCH_GRAPH;
    if (engine->attention == ATTENTION_NAIVE)
        add(list, "flash attention", "engine.attention=flash", lossless, NULL)->engine.attention =
            ATTENTION_FLASH;
    if (engine->moe == MOE_UNFUSED && list->base->model->ffn.moe.experts > 0)
        add(list, "fused experts", "engine.moe=fused", lossless, NULL)->engine.moe = MOE_FUSED;
    if (engine->mla != MLA_AUTO && is_mla)
        add(list, "MLA form by step", "engine.mla=auto", lossless, NULL)->engine.mla = MLA_AUTO;
    if (engine->host_step_s > 0.0 || engine->host_request_s > 0.0) {
        struct run *run = add(list, "host time overlapped",
                              "engine.host_step=0 engine.host_request=0", lossless, NULL);
        run->engine.host_step_s = run->engine.host_request_s = 0.0;
    }
}

static void add_deployment(struct list *list)
{
    const struct run *base = list->base;
    const struct deploy *d = &base->deploy;
    int64_t experts = base->model->ffn.moe.experts;
    if (experts > 0 && d->ep > 1 && base->routing.kind != ROUTING_UNIFORM &&
        d->placement == EXPERTS_LINEAR && experts % d->ep == 0)
        add(list, "experts balanced over devices", "deploy.placement=eplb",
            "needs stable popularities", NULL)
            ->deploy.placement = EXPERTS_BALANCED;
    if (base->device_count > 1 && base->device->kind != DEVICE_WAFER && d->overlap == OVERLAP_NONE)
        add(list, "two overlapping half batches", "deploy.overlap=two_batch", kernels, NULL)
            ->deploy.overlap = OVERLAP_TWO_BATCH;
    if (experts > 0 && d->dp > 1 && d->exchange == EXCHANGE_GATHER && d->ep == d->tp * d->dp)
        add(list, "experts reached by all-to-all", "deploy.exchange=auto", kernels, NULL)
            ->deploy.exchange = EXCHANGE_AUTO;
}

/* ---- routed experts ---- */

/* The shares that MoE-Inference-Bench tries are 12.5, 25 and 50 %. */
static void add_pruning(struct list *list)
{
    const struct pruning rows[2] = {{.experts_ratio = 0.25}, {.width_ratio = 0.25}};
    static const char *const names[] = {"a quarter of the experts pruned",
                                        "experts a quarter narrower"};
    static const char *const settings[] = {"options.pruning.inter_expert=0.25",
                                           "options.pruning.intra_expert=0.25"};
    const struct moe *moe = &list->base->model->ffn.moe;
    for (int i = 0; i < 2; i++) {
        bool is_histogram = list->base->routing.kind == ROUTING_HISTOGRAM;
        if (i == 0 && (list->base->deploy.ep > 1 || is_histogram || moe->experts < 2 * moe->top_k))
            continue; /* as many experts must be dealt out as before */
        struct model *model = arena_alloc(list->arena, sizeof *model);
        *model = levers_prune(list->base->model, &rows[i]);
        add(list, names[i], settings[i], lossy, NULL)->model = model;
    }
}

/* LExI keeps fewer active experts where that costs least; here every other layer visits half of
 * them.
 */
static void add_fewer_active(struct list *list)
{
    const struct model *model = list->base->model;
    int64_t layers = model_moe_layers(model);
    struct levers *levers = NULL;
    if (model->ffn.moe.top_k < 2)
        return;
    int64_t half = model->ffn.moe.top_k / 2;
    const char *setting = arena_printf(list->arena, "options.top_k_per_layer=[%lld, %lld, …]",
                                       (long long)model->ffn.moe.top_k, (long long)half);
    add(list, "fewer active experts in half of the layers", setting, lossy, &levers);
    levers->layer_top_k = arena_array(list->arena, (size_t)layers, sizeof *levers->layer_top_k);
    levers->layer_top_k_count = (int)layers;
    for (int64_t i = 0; i < layers; i++)
        levers->layer_top_k[i] = (double)(i % 2 ? half : model->ffn.moe.top_k);
}

/* MoPEQ mixes 2, 3 and 4 bits by the sensitivity of each expert. */
static void add_mixed_formats(struct list *list)
{
    static const enum format formats[] = {FORMAT_INT4_G128, FORMAT_INT3_G128, FORMAT_INT2_G128};
    struct levers *levers = NULL;
    add(list, "experts in 4, 3 and 2 bits",
        "options.expert_formats=[{format: int4_g128, share: 0.34}, {format: int3_g128, share: "
        "0.33}, {format: int2_g128, share: 0.33}]",
        lossy, &levers);
    levers->expert_format_count = 3;
    levers->expert_formats = arena_array(list->arena, 3, sizeof *levers->expert_formats);
    for (int i = 0; i < 3; i++)
        levers->expert_formats[i] = (struct expert_format){formats[i], i == 0 ? 0.34 : 0.33};
}

static void add_experts(struct list *list)
{
    const struct levers *levers = list->base->levers;
    if (list->base->model->ffn.moe.experts == 0)
        return;
    add_pruning(list);
    if (!levers || levers->layer_top_k_count == 0)
        add_fewer_active(list);
    if ((!levers || levers->expert_format_count == 0) &&
        format_bytes(list->base->precision.weights) > 0.5)
        add_mixed_formats(list);
}

/* ---- the KV cache ---- */

/* PagedEviction evaluates budgets around 1024 tokens with blocks of 16; BaKlaVa finds caches
   compressed by up to 70 % at the quality of the whole, layers keeping different shares. */
static void add_budgets(struct list *list)
{
    enum { BUDGET = 1024 };
    const struct run *base = list->base;
    int64_t context = base->workload.input_tokens + base->workload.output_tokens;
    struct levers *levers = NULL;
    if (base->levers && kv_budget_is_set(&base->levers->kv_budget))
        return;
    if (context > 2 * BUDGET) {
        add(list, "KV cache bounded to 1024 tokens", "options.kv_budget.keep=1024", lossy, &levers);
        levers->kv_budget.tokens = BUDGET;
    }
    if (context < 1024)
        return;
    int64_t layers = base->model->layers;
    double most = floor(0.45 * (double)context);
    double least = floor(0.15 * (double)context);
    add(list, "KV cache of 30 % spread over layers",
        arena_printf(list->arena, "options.kv_budget.keep_per_layer=[%g, …, %g, …]", most, least),
        "accuracy and which layers not modelled", &levers);
    levers->kv_budget.layers =
        arena_array(list->arena, (size_t)layers, sizeof *levers->kv_budget.layers);
    levers->kv_budget.layer_count = (int)layers;
    for (int64_t i = 0; i < layers; i++)
        levers->kv_budget.layers[i] = i < layers / 2 ? most : least;
}

/* ---- decoding ---- */

/* LayerSkip exits Llama-2-7B after layer 8 of 32 and accepts two thirds of the drafts. */
static void add_self_speculation(struct list *list)
{
    struct levers *levers = NULL;
    int64_t exit_layer = list->base->model->layers / 4;
    if (exit_layer < 1)
        return;
    add(list, "first quarter of the layers drafts",
        arena_printf(list->arena,
                     "options.speculation={method: self, exit_layer: %lld, draft_tokens: 4, "
                     "acceptance: 0.67}",
                     (long long)exit_layer),
        "same output; needs training with early exits", &levers);
    levers->speculation = (struct speculation){.method = SPECULATION_SELF,
                                               .tokens = 4,
                                               .acceptance_ratio = 0.67,
                                               .exit_layer = exit_layer};
}

/* DeepSeek-V3's module predicts one token further and is right 85-90 % of the time. */
static void add_mtp(struct list *list)
{
    struct levers *levers = NULL;
    const char *id = list->base->model->id;
    if (!id || (strcmp(id, "deepseek-v3") != 0 && strcmp(id, "deepseek-r1") != 0))
        return;
    add(list, "multi-token prediction",
        "options.speculation={method: mtp, draft_tokens: 1, acceptance: 0.85}",
        "same output; acceptance depends on the text", &levers);
    levers->speculation =
        (struct speculation){.method = SPECULATION_MTP, .tokens = 1, .acceptance_ratio = 0.85};
}

/* Leviathan et al. measure acceptances of 0.5-0.9 and use 3-7 drafts. */
static void add_draft(struct list *list, const struct model *draft)
{
    struct levers *levers = NULL;
    const struct workload *workload = &list->base->workload;
    if (!draft || workload->input_tokens + workload->output_tokens > draft->max_context_tokens)
        return;
    add(list, arena_printf(list->arena, "%s drafts", draft->id),
        arena_printf(list->arena,
                     "options.speculation={method: draft, draft: %s, draft_tokens: 4, "
                     "acceptance: 0.7}",
                     draft->id),
        "same output; acceptance depends on the text", &levers);
    levers->speculation = (struct speculation){.method = SPECULATION_DRAFT,
                                               .draft_name = draft->id,
                                               .draft = draft,
                                               .tokens = 4,
                                               .acceptance_ratio = 0.7};
}

static void add_decoding(struct list *list, const struct model *draft)
{
    const struct levers *base = list->base->levers;
    struct levers *levers = NULL;
    bool is_plain = !base || (base->speculation.method == SPECULATION_NONE &&
                              base->beam.width < 2 && base->contrastive.method == CONTRASTIVE_NONE);
    if (is_plain && list->base->deploy.pp <= 1 && list->base->workload.output_tokens > 1) {
        add_draft(list, draft);
        add_self_speculation(list);
        add_mtp(list);
    }
    if (base && base->beam.width > 1 && base->beam.cache == BEAM_CONTIGUOUS) {
        add(list, "paged cache for beams", "options.beam.cache=paged", lossless, &levers);
        levers->beam.cache = BEAM_PAGED;
    }
    if (base && base->contrastive.method == CONTRASTIVE_TWICE) {
        add(list, "both passes in one batch", "options.contrastive.method=batched", lossless,
            &levers);
        levers->contrastive.method = CONTRASTIVE_BATCHED;
    }
}

/* ---- the host's memory ---- */

static void add_host(struct list *list)
{
    const struct run *base = list->base;
    const struct link *link = device_link(base->device, LINK_HOST);
    bool is_moved =
        base->levers && (levers_fetch_weights(base->levers) || base->levers->host.layers > 0);
    struct levers *levers = NULL;
    if (is_moved || !link || !(link->bandwidth_byte_per_s > 0.0))
        return;
    if (base->model->ffn.moe.experts > 0) {
        add(list, "half of the experts in host memory",
            "options.expert_offload={resident: 0.5, prefetch: 1}", "prefetch guesses all experts",
            &levers);
        levers->expert_offload.resident_ratio = 0.5;
        levers->expert_offload.prefetch_ratio = 1.0;
    }
    add(list, "half of the weights in host memory", "options.streaming.resident=0.5", lossless,
        &levers);
    levers->streaming.resident_ratio = 0.5;
}

int lever_trials(struct arena *arena, const struct run *run, const struct model *draft,
                 struct lever_trial trials[LEVER_TRIALS_MAX])
{
    struct list list = {arena, run, trials, 0};
    add_formats(&list);
    add_engine(&list);
    add_deployment(&list);
    add_experts(&list);
    add_budgets(&list);
    add_decoding(&list, draft);
    add_host(&list);
    for (int i = 0; i < list.count; i++)
        if (levers_change_nothing(trials[i].run.levers))
            trials[i].run.levers = NULL;
    return list.count;
}
