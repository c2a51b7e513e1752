#include "serve/experiment.h"

#include "serve/statistics.h"

#include <stdlib.h>

const char *experiment_refused_lever(const struct levers *levers, int *number)
{
    if (!levers)
        return NULL;
    const struct {
        const char *path;
        bool is_pulled;
    } rows[] = {
        {"options.kv_budget",          kv_budget_is_set(&levers->kv_budget)          },
        {"options.beam.width",         levers->beam.width > 1                        },
        {"options.contrastive.method", levers->contrastive.method != CONTRASTIVE_NONE},
        {"options.host.first_layers",  levers->host.layers > 0                       },
    };
    int count = (int)(sizeof rows / sizeof *rows);
    while (*number < count && !rows[*number].is_pulled)
        (*number)++;
    return *number < count ? rows[(*number)++].path : NULL;
}

enum setup_problem experiment_init(struct experiment *experiment, struct arena *arena,
                                   const struct predictor *predictor,
                                   const struct server_options *asked)
{
    const struct run *run = predictor->run;
    *experiment = (struct experiment){.run = run, .replicas = asked->replicas};
    enum setup_problem problem = server_setup_init(&experiment->setup, arena, predictor, asked);
    double block_bytes = experiment->setup.capacity.block_bytes * (double)run->device_count;
    if (problem == SETUP_FINE)
        experiment->power = power_model_of(run, block_bytes);
    return problem;
}

/* One replication. */
static enum server_status replicate(struct experiment *experiment, int64_t number,
                                    struct step_log *log, struct collector *collector)
{
    struct arena arena;
    arena_init(&arena);
    const struct source_plan *plan = &experiment->source;
    int64_t devices = experiment->run->device_count * experiment->replicas;
    collector_init(collector, &plan->load, devices, plan->requests);
    collector->power = &experiment->power;
    collector->log = log;
    struct server_parts parts = experiment->setup.parts;
    parts.sink = collector_sink(collector);
    struct server *server = server_new(&arena, &parts);
    struct request_source source =
        source_new(plan, number, (int32_t)experiment->setup.options.block_tokens);
    enum server_status status = server_run(server, &source);
    experiment->counts = server_counts(server);
    source.release(source.state);
    server_free(server);
    arena_release(&arena);
    return status;
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

enum server_status experiment_play(struct experiment *experiment, struct served *served,
                                   struct collector *keep)
{
    int count = (int)experiment->source.load.replications;
    struct figures *figures = heap_array(NULL, (size_t)count, sizeof *figures);
    enum server_status status = SERVER_FINE;
    *served = (struct served){
        .run = experiment->run,
        .load = &experiment->source.load,
        .requests = experiment->source.requests,
        .replicas = experiment->replicas,
        .kv_blocks = experiment->setup.parts.blocks,
        .block_tokens = experiment->setup.options.block_tokens,
    };
    for (int i = 0; i < count && status == SERVER_FINE; i++) {
        struct collector collector;
        status = replicate(experiment, i, keep && i == 0 ? experiment->log : NULL, &collector);
        served->refused += experiment->counts.refused;
        collector_figures(&collector, &figures[i]);
        served->growth_ratio += collector_growth(&collector) / count;
        if (i == 0) {
            served->first = experiment->counts;
            served->backlog = backlog_of(&collector);
        }
        if (keep && i == 0)
            *keep = collector;
        else
            collector_release(&collector);
    }
    if (keep && status != SERVER_FINE)
        collector_release(keep);
    if (status == SERVER_FINE)
        sum_up(figures, count, served);
    free(figures);
    return status;
}
