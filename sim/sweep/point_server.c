#include "sweep/point_server.h"

#include "conf/check.h"
#include "report/served_problem.h"

#include <math.h>
#include <stdlib.h>

struct point_server {
    struct experiment experiment;
    enum setup_problem problem; /* of the experiment's setup */
    struct arena setup_arena;   /* of the experiment */
    struct arena load_arena;    /* of all that belongs to the point alone */
    struct diags diags;         /* of the load */
    struct survey_memo memo;
    struct source_plan plan;
    struct load_search search; /* with the promises of the load */
    struct capacity_answer answer;
    struct served served;
    struct served_yield yield;
};

struct point_server *point_server_new(void)
{
    struct point_server *server = heap_array(NULL, 1, sizeof *server);
    *server = (struct point_server){0};
    arena_init(&server->setup_arena);
    arena_init(&server->load_arena);
    return server;
}

void point_server_free(struct point_server *server)
{
    if (!server)
        return;
    arena_release(&server->setup_arena);
    arena_release(&server->load_arena);
    free(server);
}

/* Nothing was played yet. */
static void forget(struct point_server *server, const struct serving_load *load)
{
    server->served = (struct served){.load = load};
    server->yield = (struct served_yield){
        .rate_per_s = load->arrivals.rate_per_s,
        .found = (double)NAN,
        .broken = (double)NAN,
        .trials = (double)NAN,
    };
    for (int f = 0; f < FIGURE_COUNT; f++)
        server->yield.figures.value[f] = server->yield.half.value[f] = (double)NAN;
}

/* The load of the point: laws read, rules across its keys checked, traces found in order. Returns
 * why it can't be played, or NULL. */
static const char *read_load(struct point_server *server, struct sweep_point *point)
{
    struct config *config = &point->config;
    struct serving_load *load = &config->serving.load;
    struct arena *arena = &server->load_arena;
    arena_release(arena);
    diags_init(&server->diags, arena);
    struct reader reader = {.arena = arena, .diags = &server->diags};
    load->seed = config->seed;
    config->serving.server.seed = config->seed;
    forget(server, load);
    check_serving(&reader, point->grid->parts.root, &config->serving);
    if (server->diags.error_count == 0)
        source_plan_make_next(arena, &server->diags, load, &server->memo, &server->plan);
    if (server->diags.error_count)
        return diags_first_message(&server->diags);
    if (point->most_requests > 0 && server->plan.requests > point->most_requests)
        server->plan.requests = point->most_requests;
    int number = 0;
    const char *lever = experiment_refused_lever(point->run.levers, &number);
    if (lever)
        return arena_printf(arena, "a simulated server does not follow '%s'", lever);
    if (!point->grid->search.is_wanted)
        return NULL;
    return load_search_prepare(&point->grid->search, load, arena, &server->search).what;
}

static void set_up(struct point_server *server, struct sweep_point *point)
{
    if (!point->is_server_stale)
        return;
    arena_release(&server->setup_arena);
    server->problem = experiment_init(&server->experiment, &server->setup_arena,
                                      &point->room.predictor, &point->config.serving.server);
    point->is_server_stale = false;
}

/* Plays, or searches and plays. */
static enum server_status play(struct point_server *server, const struct sweep_point *point)
{
    struct experiment *experiment = &server->experiment;
    const struct load_search *search = &server->search;
    struct served_yield *yield = &server->yield;
    const struct capacity_answer *answer = &server->answer;
    experiment->source = server->plan;
    if (!point->grid->search.is_wanted || point->most_requests > 0)
        return experiment_play(experiment, &server->served, NULL);
    enum server_status status =
        load_search_run(search, experiment, &server->served, NULL, &server->answer);
    if (status != SERVER_FINE)
        return status;
    yield->found = answer->load;
    yield->broken = isfinite(answer->broken) ? answer->broken : (double)NAN;
    yield->trials = answer->trials;
    if (search->is_concurrency && isfinite(yield->broken))
        yield->broken = rint(yield->broken);
    return status;
}

/* What to know of figures that are there. */
static const char *note(struct point_server *server, const struct sweep_point *point)
{
    struct arena *arena = &server->load_arena;
    const char *refusal = served_refusal(arena, &server->experiment, &server->served).what;
    bool is_searched = point->grid->search.is_wanted && point->most_requests == 0;
    if (refusal)
        return refusal;
    if (is_searched && server->answer.status == CAPACITY_FOUND)
        return NULL;
    return is_searched ? load_search_text(&server->search, &server->answer, &server->served, arena)
                       : served_overload(arena, &server->served);
}

static enum point_status status_of(struct point_server *server, struct sweep_point *point)
{
    struct arena *arena = &server->load_arena;
    point->reason = read_load(server, point);
    if (point->reason)
        return POINT_INVALID;
    set_up(server, point);
    if (server->problem != SETUP_FINE) {
        point->reason = served_setup_problem(arena, &server->experiment, server->problem).what;
        return server->problem == SETUP_NO_MEMORY ? POINT_OOM : POINT_INVALID;
    }
    enum server_status status = play(server, point);
    if (status != SERVER_FINE) {
        point->reason = served_end_problem(arena, &server->experiment, status).what;
        forget(server, &point->config.serving.load);
        return POINT_INVALID;
    }
    server->yield.rate_per_s = server->served.load->arrivals.rate_per_s;
    server->yield.figures = server->served.mean;
    server->yield.half = server->served.half;
    point->reason = note(server, point);
    return server->served.mean.value[FIGURE_COMPLETED] > 0.0 ? POINT_OK : POINT_INVALID;
}

enum point_status point_server_play(struct sweep_point *point)
{
    struct point_server *server = point->server;
    enum point_status status = status_of(server, point);
    point->value_count = yield_served(point->grid, &server->yield, point->values);
    return status;
}

void point_server_counts(const struct sweep_point *point, int64_t counts[YIELD_COUNTS_MAX])
{
    const struct served *served = &point->server->served;
    bool is_played = point->status == POINT_OK;
    counts[0] = point->is_prepared ? point->run.device_count * point->config.serving.server.replicas
                                   : COUNT_MISSING;
    counts[1] = point->config.serving.server.replicas;
    counts[2] = is_played ? served->load->arrivals.concurrency
                          : point->config.serving.load.arrivals.concurrency;
    counts[3] = is_played ? served->requests : COUNT_MISSING;
    counts[4] = is_played ? served->kv_blocks : COUNT_MISSING;
    counts[5] = is_played ? served->refused : COUNT_MISSING;
}
