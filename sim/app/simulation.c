#include "app/simulation.h"

#include "conf/blame.h"
#include "report/served_problem.h"

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
    return problem == SETUP_FINE;
}

bool simulation_report(struct simulation *simulation, enum server_status status,
                       const struct served *served)
{
    struct session *session = simulation->session;
    struct served_problem refusal =
        served_refusal(&session->arena, &simulation->experiment, served);
    if (status == SERVER_FINE && refusal.what)
        tell(session, simulation->plan, SEVERITY_WARNING, refusal);
    if (status != SERVER_FINE)
        tell(session, simulation->plan, SEVERITY_ERROR,
             served_end_problem(&session->arena, &simulation->experiment, status));
    return status == SERVER_FINE;
}

bool simulation_source(struct session *session, const struct plan *plan, struct source_plan *source)
{
    if (schema_has(plan->root, "serving"))
        return source_plan_make(&session->arena, &session->diags, &plan->config.serving.load,
                                source);
    diag_add(&session->diags, SEVERITY_ERROR, plan->root->place,
             "this what-if has no 'serving' to simulate");
    diag_hint(&session->diags, "add for example: serving: {arrivals: {rate: 4 /s}, lengths: "
                               "{input: 1024, output: 128}}");
    return false;
}
