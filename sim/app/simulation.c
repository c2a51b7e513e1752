#include "app/simulation.h"

#include "conf/blame.h"
#include "report/served_problem.h"
#include "serve/policy.h"

#include <string.h>

/* The key, or what encloses the server's section where that is not written. */
static const char *written_key(const struct plan *plan, const char *key)
{
    static const char server[] = "serving.server.";
    bool is_of_server = key && strncmp(key, server, strlen(server)) == 0;
    return is_of_server && !schema_has(plan->root, "serving.server") ? server : key;
}

static void tell(struct session *session, const struct plan *plan, enum severity severity,
                 struct served_problem problem)
{
    const struct loader *loader = &session->loader;
    struct reader reader = {.arena = loader->arena,
                            .diags = &session->diags,
                            .overrides = loader->overrides,
                            .override_count = loader->override_count};
    const char *const keys[] = {written_key(plan, problem.key), written_key(plan, problem.other),
                                NULL};
    if (severity == SEVERITY_ERROR)
        blame_add(&reader, plan->root, keys, "%s", problem.what);
    else
        diag_add(&session->diags, severity, blame_place(&reader, plan->root, keys), "%s",
                 problem.what);
    if (problem.hint)
        diag_hint(&session->diags, "%s", problem.hint);
}

static bool refuse_levers(struct session *session, const struct plan *plan,
                          const struct levers *levers)
{
    int number = 0;
    bool is_refused = false;
    for (const char *path = experiment_refused_lever(levers, &number); path;
         path = experiment_refused_lever(levers, &number)) {
        is_refused = true;
        diag_add(&session->diags, SEVERITY_ERROR, schema_place(plan->root, path),
                 "a simulated server does not follow '%s'", path);
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
             (long long)simulation->experiment.setup.options.max_model_tokens);
    diag_hint(&session->diags, "say how long requests can be, for example: max_model: 4096");
}

bool simulation_init(struct simulation *simulation, struct session *session,
                     const struct plan *plan, const struct source_plan *source,
                     const struct run *run)
{
    struct arena *arena = &session->arena;
    if (refuse_levers(session, plan, run->levers))
        return false;
    *simulation = (struct simulation){
        .session = session, .plan = plan, .predictor = predictor_new(arena, run)};
    enum setup_problem problem = experiment_init(
        &simulation->experiment, arena, &simulation->predictor, &plan->config.serving.server);
    simulation->experiment.source = *source;
    if (problem != SETUP_FINE)
        tell(session, plan, SEVERITY_ERROR,
             served_setup_problem(arena, &simulation->experiment, problem));
    else if (run == plan->runs)
        warn_of_reservation(session, plan, simulation);
    return problem == SETUP_FINE;
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

bool simulation_report(struct simulation *simulation, enum server_status status,
                       const struct served *served)
{
    struct session *session = simulation->session;
    struct served_problem refusal =
        served_refusal(&session->arena, &simulation->experiment, served);
    bool is_all = served->first.refused > 0 && served->first.refused == served->first.arrived;
    if (status == SERVER_FINE && refusal.what) {
        refusal.key = refusal_path(simulation->plan, &simulation->experiment.setup);
        if (is_all)
            refusal.hint = strstr(refusal.key, ".server.") ? "raise it, or leave it out"
                                                           : "shorten the requests";
        tell(session, simulation->plan, is_all ? SEVERITY_ERROR : SEVERITY_WARNING, refusal);
    }
    if (status != SERVER_FINE)
        tell(session, simulation->plan, SEVERITY_ERROR,
             served_end_problem(&session->arena, &simulation->experiment, status));
    return status == SERVER_FINE && !is_all;
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
