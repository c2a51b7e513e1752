/* Warnings of keys that change nothing: what they belong to is not asked for. */
#include "conf/check.h"

#include <math.h>
#include <string.h>

/* A key, when it is idle, and why. */
struct idle_row {
    const char *path;
    bool is_idle;
    const char *cause; /* the key that decides; -s of it silences warnings of the file's keys */
    const char *why;
    const char *hint;
};

/* A row, in the order of the members. */
#define IDLE(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* True where the user wrote `path`: in the what-if or with -s, not in the defaults of an engine. */
static bool is_written(const struct node *root, const char *path)
{
    struct place place = schema_place(root, path);
    const char *file = root->place.source;
    bool is_here = place.line == 0 || !file || strcmp(place.source, file) == 0;
    return schema_has(root, path) && is_here;
}

/* Not where -s put `cause` in the place of the file's: then the file says what the key was for. */
static void warn_if_idle(const struct reader *reader, const struct node *root,
                         const struct idle_row *row)
{
    struct place place = schema_place(root, row->path);
    if (!row->is_idle || !is_written(root, row->path))
        return;
    if (schema_has(root, row->cause) && schema_place(root, row->cause).line == 0 && place.line > 0)
        return;
    diag_add(reader->diags, SEVERITY_WARNING, place, "'%s' has no effect: %s", row->path, row->why);
    diag_hint(reader->diags, "%s", row->hint);
}

static void warn_of(const struct reader *reader, const struct node *root,
                    const struct idle_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        warn_if_idle(reader, root, &rows[i]);
}

/* What the runs have in common. */
struct shared {
    bool has_experts;
    bool has_mla;
    bool has_cpu;
    bool has_several; /* devices that work together */
};

static struct shared shared_of(const struct run *runs, int count)
{
    struct shared shared = {0};
    for (int i = 0; i < count; i++) {
        shared.has_experts |= runs[i].model->ffn.moe.experts > 0;
        shared.has_mla |= runs[i].model->attention.kind == ATTENTION_MLA;
        shared.has_cpu |= runs[i].device->kind == DEVICE_CPU;
        shared.has_several |= runs[i].device_count > 1;
    }
    return shared;
}

static void warn_of_routing(const struct reader *reader, const struct node *root,
                            const struct config *config, bool has_experts)
{
    enum routing_kind kind = config->routing.kind;
    const struct idle_row rows[] = {
        IDLE("routing", !has_experts, "model", "no model here has experts",
             "leave it out, or choose a model with experts"),
        IDLE("routing.skew", has_experts && kind != ROUTING_ZIPF, "routing.kind",
             "it belongs to the kind zipf", "write routing: {kind: zipf, skew: …}"),
        IDLE("routing.concentration", has_experts && kind != ROUTING_DIRICHLET, "routing.kind",
             "it belongs to the kind dirichlet",
             "write routing: {kind: dirichlet, concentration: …}"),
        IDLE("routing.popularity", has_experts && kind != ROUTING_HISTOGRAM, "routing.kind",
             "it belongs to the kind histogram",
             "write routing: {kind: histogram, popularity: […]}"),
    };
    warn_of(reader, root, rows, sizeof rows / sizeof *rows);
}

static void warn_of_engine(const struct reader *reader, const struct node *root,
                           const struct config *config, struct shared shared)
{
    const struct deploy *deploy = &config->deploy;
    static const char one[] = "one device has nobody to work with";
    static const char more[] = "add for example: hardware: {device: h100-sxm, count: 8}";
    const struct idle_row rows[] = {
        IDLE("engine.mla", !shared.has_mla, "model", "no model here has latent attention (mla)",
             "leave it out, or choose for example deepseek-v3"),
        IDLE("engine.moe", !shared.has_experts, "model", "no model here has experts",
             "leave it out, or choose a model with experts"),
        IDLE("engine.threads", !shared.has_cpu && config->engine.threads > 0, "hardware",
             "no device here is a CPU", "leave it out, or choose a CPU"),
        IDLE("deploy.overlap", !shared.has_several && deploy->overlap != OVERLAP_NONE, "hardware",
             one, more),
        IDLE("deploy.placement", !shared.has_several && deploy->placement != EXPERTS_LINEAR,
             "hardware", one, more),
        IDLE("deploy.exchange", !shared.has_several && deploy->exchange != EXCHANGE_GATHER,
             "hardware", one, more),
        IDLE("deploy.micro_batches", deploy->micro_batches > 1 && deploy->pp <= 1, "deploy.pp",
             "there is one pipeline stage", "add for example: deploy: {pp: 4}"),
    };
    warn_of(reader, root, rows, sizeof rows / sizeof *rows);
}

static void warn_of_lora(const struct reader *reader, const struct node *root,
                         const struct lora *lora)
{
#define PATH_OF_MODULE(id, name) "options.lora." name,
    static const char *const paths[LORA_MODULE_COUNT] = {LORA_LIST(PATH_OF_MODULE)};
#undef PATH_OF_MODULE
    bool has_rank = false;
    for (int m = 0; m < LORA_MODULE_COUNT; m++) {
        struct idle_row row = {paths[m], lora->ranks[m] > 0 && lora->adapters == 0,
                               "options.lora.adapters", "there are no adapters",
                               "add for example: adapters: 8"};
        has_rank |= lora->ranks[m] > 0;
        warn_if_idle(reader, root, &row);
    }
    const struct idle_row rows[] = {
        IDLE("options.lora.adapters", lora->adapters > 0 && !has_rank, "options.lora",
             "no projection has a rank", "add for example: q: 16, v: 16"),
        IDLE("options.lora.active", lora->active > 0 && (lora->adapters == 0 || !has_rank),
             "options.lora.adapters", "there are no adapters",
             "add for example: adapters: 8, q: 16"),
    };
    warn_of(reader, root, rows, sizeof rows / sizeof *rows);
}

static void warn_of_levers(const struct reader *reader, const struct node *root,
                           const struct levers *levers)
{
    static const char speculates[] = "nothing speculates";
    static const char method[] = "add for example: method: mtp";
    static const char by[] = "options.speculation.method";
    enum speculation_method drafts = levers->speculation.method;
    bool is_alone = drafts == SPECULATION_NONE;
    bool has_all = !(levers->expert_offload.resident_ratio < 1.0);
    bool is_processed =
        levers->host.layers > 0 || (!has_all && levers->expert_offload.compute == EXPERTS_ON_HOST);
    bool is_fetched = levers_fetch_weights(levers) || levers->host.layers > 0;
    const struct idle_row rows[] = {
        IDLE("options.speculation.draft_tokens", is_alone, by, speculates, method),
        IDLE("options.speculation.acceptance", is_alone, by, speculates, method),
        IDLE("options.speculation.draft", is_alone, by, speculates, "add: method: draft"),
        IDLE("options.speculation.exit_layer", drafts != SPECULATION_SELF, by,
             "it belongs to the method self", "add: method: self"),
        IDLE("options.contrastive.amateur", levers->contrastive.method == CONTRASTIVE_NONE,
             "options.contrastive.method", "nothing is contrasted", "add: method: amateur"),
        IDLE("options.host.processor", !is_processed, "options.host.first_layers",
             "nothing is computed on the host",
             "add first_layers: 8, or expert_offload: {resident: 0.5, compute: host}"),
        IDLE("options.streaming.link", !is_fetched, "options.streaming.resident",
             "all weights are on the device", "add for example: resident: 0.5"),
        IDLE("options.expert_offload.prefetch", has_all, "options.expert_offload.resident",
             "all experts are on the device", "add for example: resident: 0.5"),
        IDLE("options.expert_offload.compute", has_all, "options.expert_offload.resident",
             "all experts are on the device", "add for example: resident: 0.5"),
        IDLE("options.beam.cache", levers->beam.width <= 1, "options.beam.width",
             "there is one sequence per request", "add for example: width: 4"),
        IDLE("options.kv_budget.block",
             !kv_budget_is_set(&levers->kv_budget) && levers->beam.width <= 1,
             "options.kv_budget.keep", "nothing is evicted", "add for example: keep: 1024"),
    };
    warn_of(reader, root, rows, sizeof rows / sizeof *rows);
    warn_of_lora(reader, root, &levers->lora);
}

static void warn_of_load(const struct reader *reader, const struct node *root,
                         const struct serving_load *load)
{
    const struct arrivals *arrivals = &load->arrivals;
    static const char kind[] = "serving.arrivals.kind";
    static const char trace[] = "it belongs to the kind trace";
    static const char file[] = "write kind: trace, and file: …";
    bool is_drawn = arrivals->kind != ARRIVAL_TRACE;
    bool has_no_file = !load->lengths.trace.file;
    static const char lengths[] = "lengths do not come from a file";
    const struct idle_row rows[] = {
        IDLE("serving.arrivals.burstiness",
             arrivals->kind != ARRIVAL_GAMMA && fabs(arrivals->burstiness - 1.0) > 0.0, kind,
             "it belongs to the kind gamma", "write kind: gamma, as vLLM's --burstiness does"),
        IDLE("serving.arrivals.repeat", is_drawn, kind, trace, file),
        IDLE("serving.arrivals.gap", is_drawn, kind, trace, file),
        IDLE("serving.arrivals.speed", is_drawn, kind, trace, file),
        IDLE("serving.arrivals.skip", is_drawn, kind, trace, file),
        IDLE("serving.lengths.trace_skip", has_no_file, "serving.lengths.trace", lengths,
             "add trace: …"),
        IDLE("serving.lengths.trace_format", has_no_file, "serving.lengths.trace", lengths,
             "add trace: …"),
        IDLE("serving.chat.think_time", !load->chat.turns.text && load->chat.think_s > 0.0,
             "serving.chat.turns", "nobody has a second turn", "add for example: turns: 4"),
    };
    warn_of(reader, root, rows, sizeof rows / sizeof *rows);
}

static void warn_of_server(const struct reader *reader, const struct node *root,
                           const struct server_options *server)
{
    static const char split[] = "no replica hands KV caches over";
    static const char prefill[] = "add for example: replicas: 4, prefill_replicas: 1";
    static const char by[] = "serving.server.prefill_replicas";
    bool is_whole = server->split.prefill_replicas == 0;
    const struct idle_row rows[] = {
        IDLE("serving.server.transfer_bandwidth", is_whole, by, split, prefill),
        IDLE("serving.server.transfer_setup", is_whole, by, split, prefill),
        IDLE("serving.server.router", server->replicas <= 1, "serving.server.replicas",
             "there is one replica", "add for example: replicas: 4"),
        IDLE("serving.server.ttft_target", server->order != ORDER_EDF, "serving.server.order",
             "no deadline is looked at", "write order: edf"),
    };
    warn_of(reader, root, rows, sizeof rows / sizeof *rows);
}

void check_config_is_used(const struct reader *reader, const struct node *root,
                          const struct config *config, const struct run *runs, int run_count)
{
    struct shared shared = shared_of(runs, run_count);
    warn_of_routing(reader, root, config, shared.has_experts);
    warn_of_engine(reader, root, config, shared);
    warn_of_levers(reader, root, &config->levers);
    if (!schema_has(root, "serving"))
        return;
    warn_of_load(reader, root, &config->serving.load);
    warn_of_server(reader, root, &config->serving.server);
}
