#include "conf/check_lever.h"

#include "conf/blame.h"
#include <math.h>

/* One finding at `path` of the tree, and what to write instead. */
#define REPORT(reader, root, path, ...)                                                            \
    diag_add((reader)->diags, SEVERITY_ERROR, schema_place(root, path), __VA_ARGS__)
#define HINT(reader, ...) diag_hint((reader)->diags, __VA_ARGS__)

/* ---- whatever the model ---- */

static void check_speculation(const struct reader *reader, const struct node *root,
                              const struct levers *levers)
{
    const struct speculation *s = &levers->speculation;
    if (s->method == SPECULATION_DRAFT && !s->draft_name) {
        blame_add(reader, root, BLAME_KEYS("options.speculation", "options.speculation.method"),
                  "method draft needs a model that drafts");
        HINT(reader, "add for example: draft: qwen3-1.7b");
    }
    if ((s->method == SPECULATION_SELF || s->method == SPECULATION_MTP) && s->draft_name) {
        blame_add(reader, root,
                  BLAME_KEYS("options.speculation.draft", "options.speculation.method"),
                  "a draft model is for method draft");
        HINT(reader, "write method: draft, or leave draft out");
    }
    if (s->method == SPECULATION_SELF && s->exit_layer == 0) {
        blame_add(reader, root, BLAME_KEYS("options.speculation", "options.speculation.method"),
                  "method self needs the layer that it exits at");
        HINT(reader, "add for example: exit_layer: 8");
    }
    if (s->method == SPECULATION_NONE)
        return;
    if (levers->beam.width > 1) {
        blame_add(reader, root, BLAME_KEYS("options.beam.width", "options.speculation.method"),
                  "beams and speculation exclude each other");
        HINT(reader, "drafts are verified for one sequence per request; leave one of them out");
    }
    if (levers->contrastive.method != CONTRASTIVE_NONE) {
        blame_add(reader, root,
                  BLAME_KEYS("options.contrastive.method", "options.speculation.method"),
                  "contrastive decoding and speculation exclude each other");
        HINT(reader, "leave one of them out");
    }
}

static void check_contrastive(const struct reader *reader, const struct node *root,
                              const struct levers *levers)
{
    const struct contrastive *c = &levers->contrastive;
    bool is_amateur = c->method == CONTRASTIVE_AMATEUR;
    if (is_amateur && !c->amateur_name) {
        blame_add(reader, root, BLAME_KEYS("options.contrastive", "options.contrastive.method"),
                  "method amateur needs a model");
        HINT(reader, "add for example: amateur: qwen3-0.6b");
    }
    if (!is_amateur && c->method != CONTRASTIVE_NONE && c->amateur_name) {
        blame_add(reader, root,
                  BLAME_KEYS("options.contrastive.amateur", "options.contrastive.method"),
                  "an amateur is for method amateur");
        HINT(reader, "write method: amateur, or leave amateur out");
    }
}

static void check_formats(const struct reader *reader, const struct node *root,
                          const struct levers *levers)
{
    double sum = 0.0;
    for (int i = 0; i < levers->expert_format_count; i++)
        sum += levers->expert_formats[i].share_ratio;
    if (levers->expert_format_count == 0 || fabs(sum - 1.0) < 1e-6)
        return;
    REPORT(reader, root, "options.expert_formats", "shares of the experts add up to %g, not 1",
           sum);
    HINT(reader, "for example: [{format: bf16, share: 0.25}, {format: int4_g128, share: 0.75}]");
}

static void check_host_needs(const struct reader *reader, const struct node *root,
                             const struct levers *levers)
{
    bool needs = levers->host.layers > 0 || levers->expert_offload.compute == EXPERTS_ON_HOST;
    if (needs && !levers->host.processor_name) {
        blame_add(reader, root,
                  levers->host.layers > 0 ? BLAME_KEYS("options.host", "options.host.first_layers")
                                          : BLAME_KEYS("options.expert_offload.compute"),
                  "work on the host needs 'options.host.processor'");
        HINT(reader, "add for example: host: {processor: xeon-8480}");
    }
    if (levers->expert_offload.resident_ratio < 1.0 && levers->streaming.resident_ratio < 1.0) {
        blame_add(reader, root,
                  BLAME_KEYS("options.streaming.resident", "options.expert_offload.resident"),
                  "streaming moves all weights, experts among them; expert_offload moves them too");
        HINT(reader, "leave one of them out");
    }
    if (levers->host.layers > 0 && levers->streaming.resident_ratio < 1.0) {
        blame_add(reader, root,
                  BLAME_KEYS("options.streaming.resident", "options.host.first_layers"),
                  "layers are either computed by the host or streamed to the device");
        HINT(reader, "leave host.first_layers or streaming out");
    }
}

static void check_budget(const struct reader *reader, const struct node *root,
                         const struct levers *levers)
{
    const struct kv_budget *budget = &levers->kv_budget;
    if (budget->head_count > 0 && !kv_budget_is_set(budget)) {
        blame_add(reader, root,
                  BLAME_KEYS("options.kv_budget.per_head", "options.kv_budget.keep",
                             "options.kv_budget.keep_per_layer"),
                  "factors need a budget to be applied to");
        HINT(reader, "add for example: keep: 1024");
    }
    if (budget->tokens > 0 && budget->layer_count > 0) {
        blame_add(reader, root,
                  BLAME_KEYS("options.kv_budget.keep_per_layer", "options.kv_budget.keep"),
                  "budgets are given here and by keep");
        HINT(reader, "leave one of them out");
    }
}

void check_levers(const struct reader *reader, const struct node *root, const struct levers *levers)
{
    check_speculation(reader, root, levers);
    check_contrastive(reader, root, levers);
    check_formats(reader, root, levers);
    check_host_needs(reader, root, levers);
    check_budget(reader, root, levers);
}

/* ---- with a model, a device and a deployment ---- */

void check_expert_levers(const struct reader *reader, const struct node *root,
                         const struct levers *levers, const struct model *model)
{
    const struct {
        const char *path;
        bool is_pulled;
    } rows[] = {
        {"options.pruning.inter_expert",    levers->pruning.experts_ratio > 0.0        },
        {"options.pruning.intra_expert",    levers->pruning.width_ratio > 0.0          },
        {"options.top_k_per_layer",         levers->layer_top_k_count > 0              },
        {"options.expert_formats",          levers->expert_format_count > 0            },
        {"options.expert_offload.resident", levers->expert_offload.resident_ratio < 1.0},
    };
    for (size_t i = 0; model->ffn.moe.experts == 0 && i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].is_pulled)
            continue;
        blame_add(reader, root, BLAME_KEYS(rows[i].path, "model.ffn.moe.experts", "model"),
                  "%s has no routed experts", model->id);
        HINT(reader, "leave it out for dense models");
    }
    double kept = (double)model->ffn.moe.experts * (1.0 - levers->pruning.experts_ratio);
    if (model->ffn.moe.experts > 0 && llround(kept) < model->ffn.moe.top_k) {
        blame_add(reader, root,
                  BLAME_KEYS("options.pruning.inter_expert", "model.ffn.moe.top_k",
                             "model.ffn.moe.experts", "model"),
                  "%lld of %lld experts would be left, and a token of %s visits %lld",
                  (long long)llround(kept), (long long)model->ffn.moe.experts, model->id,
                  (long long)model->ffn.moe.top_k);
        HINT(reader, "prune less, or lower -s model.top_k=…");
    }
}

static void check_top_k(const struct reader *reader, const struct node *root, const struct run *run)
{
    const struct levers *levers = run->levers;
    int64_t layers = model_moe_layers(run->model);
    if (levers->layer_top_k_count == 0 || run->model->ffn.moe.experts == 0)
        return;
    if (levers->layer_top_k_count != layers) {
        blame_add(reader, root,
                  BLAME_KEYS("options.top_k_per_layer", "model.layers",
                             "model.ffn.moe.first_dense_layers", "model.ffn.moe.every", "model"),
                  "%d numbers for the %lld MoE layers of %s", levers->layer_top_k_count,
                  (long long)layers, run->model->id);
        HINT(reader, "give one per MoE layer, first to last");
    }
    for (int i = 0; i < levers->layer_top_k_count; i++) {
        double k = levers->layer_top_k[i];
        if (!(k > floor(k)) && k <= (double)run->model->ffn.moe.experts)
            continue;
        blame_add(reader, root,
                  BLAME_KEYS(arena_printf(reader->arena, "options.top_k_per_layer.%d", i),
                             "model.ffn.moe.experts", "model"),
                  "a token can't visit %g of %lld experts", k,
                  (long long)run->model->ffn.moe.experts);
        HINT(reader, "write a whole number from 1 to %lld", (long long)run->model->ffn.moe.experts);
    }
}

static void check_run_budget(const struct reader *reader, const struct node *root,
                             const struct run *run)
{
    const struct kv_budget *budget = &run->levers->kv_budget;
    if (budget->layer_count > 0 && budget->layer_count != run->model->layers) {
        blame_add(reader, root,
                  BLAME_KEYS("options.kv_budget.keep_per_layer", "model.layers", "model"),
                  "%d budgets for the %lld layers of %s", budget->layer_count,
                  (long long)run->model->layers, run->model->id);
        HINT(reader, "give one per layer, first to last, or one for all by keep");
    }
    if (budget->head_count == 0)
        return;
    if (run->model->attention.kind == ATTENTION_MLA) {
        blame_add(reader, root,
                  BLAME_KEYS("options.kv_budget.per_head", "model.attention.kind", "model"),
                  "%s caches one latent for all heads (mla)", run->model->id);
        HINT(reader, "give budgets per layer only");
    } else if (budget->head_count != run->model->attention.kv_heads) {
        blame_add(reader, root,
                  BLAME_KEYS("options.kv_budget.per_head", "model.attention.kv_heads", "model"),
                  "%d factors for the %lld KV heads of %s", budget->head_count,
                  (long long)run->model->attention.kv_heads, run->model->id);
    }
}

static void check_lora(const struct reader *reader, const struct node *root, const struct run *run)
{
    static const char *const paths[LORA_MODULE_COUNT] = {
        "options.lora.q",    "options.lora.k",  "options.lora.v",   "options.lora.o",
        "options.lora.gate", "options.lora.up", "options.lora.down"};
    const struct lora *lora = &run->levers->lora;
    const struct model *model = run->model;
    bool has_plain_ffn = model_moe_layers(model) < model->layers || model->ffn.moe.shared_ffn > 0;
    for (int m = 0; m < LORA_MODULE_COUNT; m++) {
        if (lora->ranks[m] == 0 || lora->adapters == 0)
            continue;
        if (m <= LORA_V && model->attention.kind == ATTENTION_MLA) {
            blame_add(reader, root, BLAME_KEYS(paths[m], "model.attention.kind", "model"),
                      "%s has no such projection (mla compresses it)", model->id);
            HINT(reader, "adapters beside o are possible");
        } else if (m >= LORA_GATE && !has_plain_ffn) {
            blame_add(reader, root, BLAME_KEYS(paths[m], "model"),
                      "adapters on routed experts are not modelled, and %s "
                      "has no other FFN",
                      model->id);
            HINT(reader, "leave them to q, k, v and o");
        } else if (m == LORA_GATE && !model->ffn.is_gated) {
            blame_add(reader, root, BLAME_KEYS(paths[m], "model.ffn.gated", "model"),
                      "%s has no gate matrix", model->id);
        }
    }
}

static void check_stages(const struct reader *reader, const struct node *root,
                         const struct run *run)
{
    const struct levers *levers = run->levers;
    if (run->deploy.pp <= 1)
        return;
    if (levers->speculation.method != SPECULATION_NONE) {
        blame_add(reader, root, BLAME_KEYS("options.speculation.method", "deploy.pp"),
                  "speculation over %lld pipeline stages is not modelled",
                  (long long)run->deploy.pp);
        HINT(reader, "use tp instead of pp");
    }
    if (levers->contrastive.method == CONTRASTIVE_TWICE ||
        levers->contrastive.method == CONTRASTIVE_AMATEUR) {
        blame_add(reader, root, BLAME_KEYS("options.contrastive.method", "deploy.pp"),
                  "passes one after the other over %lld pipeline stages are not modelled",
                  (long long)run->deploy.pp);
        HINT(reader, "write method: batched, or use tp instead of pp");
    }
}

static void check_exit(const struct reader *reader, const struct node *root, const struct run *run)
{
    const struct speculation *s = &run->levers->speculation;
    if (s->method == SPECULATION_SELF && s->exit_layer >= run->model->layers) {
        blame_add(reader, root,
                  BLAME_KEYS("options.speculation.exit_layer", "model.layers", "model"),
                  "%s has %lld layers: none are left after layer %lld", run->model->id,
                  (long long)run->model->layers, (long long)s->exit_layer);
        HINT(reader, "LayerSkip exits after a fifth to a half of them");
    }
    int64_t context = run->workload.input_tokens + run->workload.output_tokens;
    if (s->draft && context > s->draft->max_context_tokens) {
        blame_add(reader, root,
                  BLAME_KEYS("options.speculation.draft", "workload.input", "workload.output"),
                  "%lld tokens are beyond the %lld tokens of context of %s", (long long)context,
                  (long long)s->draft->max_context_tokens, s->draft->id);
        HINT(reader, "shorten input and output, or take another draft");
    }
}

static void check_host(const struct reader *reader, const struct node *root, const struct run *run)
{
    const struct levers *levers = run->levers;
    const struct link *link = device_link(run->device, LINK_HOST);
    bool crosses = levers_fetch_weights(levers) || levers->host.layers > 0;
    bool has_link = link && link->bandwidth_byte_per_s > 0.0;
    bool is_given = levers->streaming.resident_ratio < 1.0 && levers->streaming.byte_per_s > 0.0;
    bool computes = levers->host.layers > 0 || levers->expert_offload.compute == EXPERTS_ON_HOST;
    if (crosses && !has_link && !is_given) {
        blame_add(reader, root,
                  BLAME_KEYS("options", "options.streaming.resident",
                             "options.expert_offload.resident", "options.host.first_layers",
                             "device.datasheet.links", "hardware.device"),
                  "%s has no link to a host's memory", run->device->id);
        HINT(reader, "add a link of scope host to its file, or keep all weights on it");
    }
    if (levers->host.layers > run->model->layers)
        blame_add(reader, root, BLAME_KEYS("options.host.first_layers", "model.layers", "model"),
                  "%s has %lld layers", run->model->id, (long long)run->model->layers);
    if (computes && run->device_count > 1) {
        blame_add(reader, root,
                  BLAME_KEYS("options.host", "options.host.first_layers",
                             "options.expert_offload.compute", "hardware.count", "deploy.tp"),
                  "a host that computes for %lld devices at once is not modelled",
                  (long long)run->device_count);
        HINT(reader, "use one device");
    }
}

/* What a layer looks like to the layout: layers that differ are built apart. */
static bool differ(const struct run *run, int64_t a, int64_t b, int64_t a_index, int64_t b_index)
{
    const struct model *model = run->model;
    const struct levers *levers = run->levers;
    double more = levers_kv_tokens(levers, a) - levers_kv_tokens(levers, b);
    if (model_layer_is_moe(model, a) &&
        levers_top_k(levers, model, a_index) != levers_top_k(levers, model, b_index))
        return true;
    return model_layer_is_moe(model, a) != model_layer_is_moe(model, b) || fabs(more) > 0.0 ||
           model_layer_span(model, a) != model_layer_span(model, b) ||
           (a < levers->host.layers) != (b < levers->host.layers);
}

static void check_kinds(const struct reader *reader, const struct node *root, const struct run *run)
{
    int kinds = 0;
    int64_t index = 0;
    for (int64_t layer = 0; layer < run->model->layers; layer++) {
        int64_t earlier_index = 0;
        bool is_new = true;
        for (int64_t earlier = 0; earlier < layer && is_new; earlier++) {
            is_new = differ(run, layer, earlier, index, earlier_index);
            earlier_index += model_layer_is_moe(run->model, earlier);
        }
        kinds += is_new;
        index += model_layer_is_moe(run->model, layer);
    }
    if (kinds <= LAYER_KINDS_MAX)
        return;
    REPORT(reader, root,
           run->levers->kv_budget.layer_count > 0 ? "options.kv_budget.keep_per_layer"
                                                  : "options.top_k_per_layer",
           "%d kinds of layers are more than the %d that can be told apart", kinds,
           LAYER_KINDS_MAX);
    HINT(reader, "round the numbers so that layers share them");
}

void check_run_levers(const struct reader *reader, const struct node *root, const struct run *run)
{
    if (!run->levers)
        return;
    check_levers(reader, root, run->levers); /* a sweep combines what each alone was right */
    check_top_k(reader, root, run);
    check_run_budget(reader, root, run);
    check_lora(reader, root, run);
    check_stages(reader, root, run);
    check_exit(reader, root, run);
    check_host(reader, root, run);
    check_kinds(reader, root, run);
}
