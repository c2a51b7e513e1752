#include "app/simulation.h"

#include "conf/blame.h"
#include "serve/policy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *place_of(const struct session *session, const struct plan *plan, const char *key)
{
    return arena_printf(session->loader.arena, "serving.server.%s",
                        schema_has(plan->root, "serving.server") ? key : "");
}

/* At `key` or, if that is what -s changed, at `other` (NULL: there is none). */
static void report(struct session *session, const struct plan *plan, const char *key,
                   const char *other, const char *what, const char *hint)
{
    const struct loader *loader = &session->loader;
    struct reader reader = {.arena = loader->arena,
                            .diags = &session->diags,
                            .overrides = loader->overrides,
                            .override_count = loader->override_count};
    const char *const keys[] = {place_of(session, plan, key),
                                other ? place_of(session, plan, other) : NULL, NULL};
    blame_add(&reader, plan->root, keys, "%s", what);
    diag_hint(&session->diags, "%s", hint);
}

/* Says why a server can't be set up. */
static void report_setup(struct session *session, const struct plan *plan,
                         const struct simulation *simulation, enum setup_problem problem)
{
    struct arena *arena = session->loader.arena;
    const struct server_options *options = &simulation->setup.options;
    const struct kv_capacity *capacity = &simulation->setup.capacity;
    const char *device = simulation->run->device->id;
    char left[SI_TEXT_BYTES];
    double missing = capacity->weights_bytes + capacity->activation_bytes + capacity->engine_bytes +
                     capacity->graph_bytes - capacity->requested_bytes;
    switch (problem) {
    case SETUP_NO_MEMORY:
        report(session, plan, "memory_utilization", NULL,
               arena_printf(arena, "%s leaves no KV block beside the weights of %s: %s short",
                            device, simulation->run->model->id, text_si(left, missing, "B", 3)),
               "take more devices, smaller weights, fewer batched_tokens, or a higher "
               "memory_utilization");
        return;
    case SETUP_SHORT_MEMORY:
        report(session, plan, "max_model", NULL,
               arena_printf(arena, "the KV cache of %s holds %lld tokens, fewer than one sequence",
                            device,
                            (long long)(simulation->setup.parts.blocks * options->block_tokens)),
               "leave max_model out: it is then limited to what fits");
        return;
    case SETUP_SMALL_BUDGET:
        report(session, plan, "batched_tokens", "max_seqs",
               arena_printf(arena, "%lld tokens per step are fewer than %lld requests",
                            (long long)options->batched_tokens, (long long)options->max_seqs),
               "every running request needs one token per step: lower max_seqs");
        return;
    case SETUP_NO_LINK:
        report(session, plan, "prefill_replicas", NULL,
               arena_printf(arena, "%s has no link to send KV caches over", device),
               "add for example: transfer_bandwidth: 50 GB/s");
        return;
    case SETUP_SPLIT:
        report(session, plan, "prefill_replicas", "replicas",
               arena_printf(arena, "%lld of %lld replicas prefill, so none decodes",
                            (long long)options->split.prefill_replicas,
                            (long long)options->replicas),
               "give more replicas");
        return;
    case SETUP_STATIC_SPLIT:
        report(session, plan, "policy", "prefill_replicas",
               "a static batch can't be handed over to other replicas",
               "leave prefill_replicas out, or choose policy: vllm");
        return;
    case SETUP_OVERLAP:
        diag_add(&session->diags, SEVERITY_ERROR, schema_place(plan->root, "deploy.overlap"),
                 "simulate does not play half batches that alternate");
        diag_hint(&session->diags, "leave overlap out here; `tokenroof run` predicts it");
        return;
    case SETUP_FINE:
        return;
    }
}

/* The key to blame for requests that can't ever fit: what limits them if that is written down or
 * else, and above all what the user just set with -s. */
static const char *refusal_path(const struct plan *plan, const struct server_setup *setup)
{
    int64_t most = setup->options.max_model_tokens;
    bool is_model = plan->config.serving.server.max_model_tokens == most;
    bool is_cache = setup->parts.blocks * setup->options.block_tokens <= most;
    const struct {
        const char *path;
        bool can_be_guilty;
    } rows[] = {
        {"serving.server.max_model", is_model},
        {"serving.server.kv_blocks", is_cache},
        {"serving.lengths.input",    true    },
        {"serving.lengths.output",   true    },
        {"serving.lengths.trace",    true    },
        {"serving.arrivals.file",    true    },
    };
    const char *first = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].can_be_guilty || !schema_has(plan->root, rows[i].path))
            continue;
        if (schema_place(plan->root, rows[i].path).line == 0)
            return rows[i].path;
        first = first ? first : rows[i].path;
    }
    return first ? first : "serving";
}

/* Says what a server could not do. */
static void report_end(struct session *session, const struct plan *plan,
                       const struct simulation *simulation, enum server_status status)
{
    struct arena *arena = session->loader.arena;
    const struct server_counts *counts = &simulation->counts;
    if (status != SERVER_FINE) {
        report(
            session, plan, "watchdog", NULL,
            arena_printf(
                arena, "%s on %s: given up at %.3f s of simulated time: %s, %lld requests left",
                simulation->run->model->id, simulation->run->device->id,
                (double)counts->end_ns * 1e-9,
                status == SERVER_WATCHDOG ? "too many steps without an answer" : "nothing can run",
                (long long)counts->left_live),
            "this is a bug unless serving.server.watchdog is small: please report the config");
        return;
    }
    if (counts->refused == 0 || (simulation->is_trial && counts->refused < counts->arrived))
        return;
    const char *path = refusal_path(plan, &simulation->setup);
    bool is_all = counts->refused == counts->arrived;
    diag_add(&session->diags, is_all ? SEVERITY_ERROR : SEVERITY_WARNING,
             schema_place(plan->root, path),
             "%s on %s refused %lld of %lld requests: the first, number %lld, has %lld tokens and "
             "at most %lld fit",
             simulation->run->model->id, simulation->run->device->id, (long long)counts->refused,
             (long long)counts->arrived, (long long)counts->first_refused,
             (long long)counts->first_refused_tokens,
             (long long)simulation->setup.options.max_model_tokens);
    if (is_all)
        diag_hint(&session->diags, "%s",
                  strstr(path, ".server.") ? "raise it, or leave it out" : "shorten the requests");
}

/* One replication. */
static enum server_status replicate(struct simulation *simulation, int64_t number,
                                    struct step_log *log, struct collector *collector)
{
    struct arena arena;
    arena_init(&arena);
    const struct source_plan *source_plan = &simulation->source;
    int64_t copies = simulation->plan->config.serving.server.replicas;
    int64_t devices = simulation->run->device_count * copies;
    collector_init(collector, &source_plan->load, devices, source_plan->requests);
    collector->power = &simulation->power;
    collector->log = log;
    struct server_parts parts = simulation->setup.parts;
    parts.sink = collector_sink(collector);
    struct server *server = server_new(&arena, &parts);
    struct request_source source =
        source_new(source_plan, number, (int32_t)simulation->setup.options.block_tokens);
    enum server_status status = server_run(server, &source);
    simulation->counts = server_counts(server);
    source.release(source.state);
    server_free(server);
    arena_release(&arena);
    return status;
}

/* Says which levers a server does not follow: those that change how many tokens, sequences or KV
   blocks a request takes in a step. */
static bool refuse_levers(struct session *session, const struct plan *plan,
                          const struct levers *levers)
{
    const struct {
        const char *path;
        bool is_pulled;
    } rows[] = {
        {"options.kv_budget",          levers && kv_budget_is_set(&levers->kv_budget)          },
        {"options.beam.width",         levers && levers->beam.width > 1                        },
        {"options.contrastive.method", levers && levers->contrastive.method != CONTRASTIVE_NONE},
        {"options.host.first_layers",  levers && levers->host.layers > 0                       },
    };
    bool is_refused = false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].is_pulled)
            continue;
        is_refused = true;
        diag_add(&session->diags, SEVERITY_ERROR, schema_place(plan->root, rows[i].path),
                 "a simulated server does not follow '%s'", rows[i].path);
        diag_hint(&session->diags, "leave it out, or use `tokenroof run`");
    }
    return is_refused;
}

/* Policies that set the longest sequence aside for each request run few of them by default. */
static void warn_of_reservation(struct session *session, const struct plan *plan,
                                const struct simulation *simulation)
{
    const struct server_options *asked = &plan->config.serving.server;
    if (policy_of(asked->policy)->reservation != RESERVE_LONGEST || asked->max_model_tokens > 0)
        return;
    diag_add(&session->diags, SEVERITY_WARNING, schema_place(plan->root, "serving.server.policy"),
             "policy %s reserves KV memory for the longest sequence, here %lld tokens a request",
             policy_kind_names[asked->policy],
             (long long)simulation->setup.options.max_model_tokens);
    diag_hint(&session->diags, "say how long requests can be, for example: max_model: 4096");
}

bool simulation_init(struct simulation *simulation, struct session *session,
                     const struct plan *plan, const struct source_plan *source,
                     const struct run *run)
{
    struct arena *arena = &session->arena;
    if (refuse_levers(session, plan, run->levers))
        return false;
    *simulation = (struct simulation){.session = session,
                                      .plan = plan,
                                      .run = run,
                                      .source = *source,
                                      .predictor = predictor_new(arena, run)};
    enum setup_problem problem = server_setup_init(
        &simulation->setup, arena, &simulation->predictor, &plan->config.serving.server);
    if (problem != SETUP_FINE) {
        report_setup(session, plan, simulation, problem);
        return false;
    }
    if (run == plan->runs)
        warn_of_reservation(session, plan, simulation);
    double block_bytes = simulation->setup.capacity.block_bytes * (double)run->device_count;
    simulation->power = power_model_of(run, block_bytes);
    return true;
}

/* Means over replications with their intervals. */
static void sum_up(const struct figures *figures, int count, struct served *served)
{
    double *values = heap_array(NULL, (size_t)count, sizeof *values);
    for (int f = 0; f < FIGURE_COUNT; f++) {
        for (int i = 0; i < count; i++)
            values[i] = figures[i].value[f];
        struct mean_interval interval = interval_of(values, count);
        served->mean.value[f] = interval.mean;
        served->half.value[f] = interval.half;
    }
    free(values);
}

bool simulation_play(struct simulation *simulation, struct served *served, struct collector *keep)
{
    struct session *session = simulation->session;
    int count = (int)simulation->source.load.replications;
    struct figures *figures = heap_array(NULL, (size_t)count, sizeof *figures);
    enum server_status status = SERVER_FINE;
    *served = (struct served){
        .run = simulation->run,
        .load = &simulation->source.load,
        .requests = simulation->source.requests,
        .replicas = simulation->plan->config.serving.server.replicas,
        .kv_blocks = simulation->setup.parts.blocks,
        .block_tokens = simulation->setup.options.block_tokens,
    };
    bool has_answers = true;
    for (int i = 0; i < count && status == SERVER_FINE && has_answers; i++) {
        struct collector collector;
        status = replicate(simulation, i, keep && i == 0 ? simulation->log : NULL, &collector);
        served->refused += simulation->counts.refused;
        has_answers = i > 0 || simulation->counts.refused < simulation->counts.arrived;
        collector_figures(&collector, &figures[i]);
        served->growth_ratio += collector_growth(&collector) / count;
        if (status != SERVER_FINE || (i == 0 && simulation->counts.refused > 0))
            report_end(session, simulation->plan, simulation, status);
        if (keep && i == 0)
            *keep = collector;
        else
            collector_release(&collector);
    }
    bool is_fine = status == SERVER_FINE && has_answers;
    if (keep && !is_fine)
        collector_release(keep);
    if (is_fine)
        sum_up(figures, count, served);
    free(figures);
    return is_fine;
}

/* Orders that come out as first come, first served under this load. */
static void warn_of_order(struct session *session, const struct plan *plan,
                          const struct source_plan *source)
{
    enum queue_order order = plan->config.serving.server.order;
    bool has_priority = source->times.has_priority || source->lengths.has_priority;
    bool is_plain = order == ORDER_PRIORITY && !has_priority;
    if (order != ORDER_EDF && !is_plain)
        return;
    diag_add(&session->diags, SEVERITY_WARNING, schema_place(plan->root, "serving.server.order"),
             "order %s serves as fcfs does: %s", queue_order_names[order],
             is_plain ? "all requests have the same priority"
                      : "all deadlines are as far from their arrivals; only requests that were "
                        "preempted change places");
    diag_hint(&session->diags, "%s",
              is_plain ? "priorities come from a trace with a column of that name"
                       : "order sjf takes the shortest prompt first");
}

static bool make_source(struct session *session, const struct plan *plan,
                        struct source_plan *source)
{
    bool is_fine =
        source_plan_make(&session->arena, &session->diags, &plan->config.serving.load, source);
    if (is_fine)
        warn_of_order(session, plan, source);
    return is_fine;
}

bool simulation_source(struct session *session, const struct plan *plan, struct source_plan *source)
{
    if (schema_has(plan->root, "serving"))
        return make_source(session, plan, source);
    diag_add(&session->diags, SEVERITY_ERROR, plan->root->place,
             "this what-if has no 'serving' to simulate");
    diag_hint(&session->diags, "add for example: serving: {arrivals: {rate: 4 /s}, lengths: "
                               "{input: 1024, output: 128}}");
    return false;
}
