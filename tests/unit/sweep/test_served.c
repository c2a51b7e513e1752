/* A served point of a sweep, reached over others whose tables it keeps, is what `simulate` plays
 * for the same keys. */
#include "check.h"
#include "fixtures.h"
#include "sweep/point_server.h"
#include "sweep/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POOL_VALUES = 5, AXES = 7 };

static const struct pool_axis {
    const char *key;
    const char *values[POOL_VALUES]; /* up to a NULL */
} pool[] = {
    {"serving.arrivals.rate",           {"2 /s", "40 /s", "0.5 /s", "300 /s"}                },
    {"serving.arrivals.kind",           {"poisson", "gamma", "fixed", "closed", "burst"}     },
    {"serving.arrivals.concurrency",    {"0", "4", "30"}                                     },
    {"serving.arrivals.burstiness",     {"1", "0.3"}                                         },
    {"serving.lengths.input",
     {"200", "\"uniform(10, 4000)\"", "9000", "\"lognormal(mean 500, p90 1100)\""}           },
    {"serving.lengths.output",          {"40", "1", "\"exponential(mean 90)\""}              },
    {"serving.chat.turns",              {"1", "\"uniform(1, 5)\""}                           },
    {"serving.chat.system_prompt",      {"0", "300"}                                         },
    {"serving.requests",                {"60", "1", "25"}                                    },
    {"serving.warmup",                  {"0", "10", "auto"}                                  },
    {"serving.replications",            {"1", "3"}                                           },
    {"serving.slo.ttft",                {"unknown", "100 ms"}                                },
    {"serving.price",                   {"unknown", "2.5"}                                   },
    {"serving.engine",                  {"vllm-0.19", "sglang-0.5", "vllm-0.11"}             },
    {"serving.server.policy",           {"vllm", "static", "orca", "sarathi", "tensorrt-llm"}},
    {"serving.server.order",            {"fcfs", "sjf"}                                      },
    {"serving.server.max_seqs",         {"256", "4", "60"}                                   },
    {"serving.server.batched_tokens",   {"8192", "300", "50"}                                },
    {"serving.server.kv_blocks",        {"0", "400", "30"}                                   },
    {"serving.server.max_model",        {"0", "2000", "100000"}                              },
    {"serving.server.block",            {"16", "64"}                                         },
    {"serving.server.prefix_cache",     {"true", "false"}                                    },
    {"serving.server.replicas",         {"1", "3"}                                           },
    {"serving.server.prefill_replicas", {"0", "1"}                                           },
    {"serving.server.router",           {"round-robin", "power-of-two", "vllm"}              },
    {"serving.server.host_step",        {"0", "3 ms"}                                        },
    {"serving.server.watchdog",         {"1000000000", "1000"}                               },
    {"serving.server.fast_forward",     {"true", "false"}                                    },
    {"seed",                            {"1", "7"}                                           },
    {"engine.memory_utilization",       {"0.9", "0.02"}                                      },
    {"engine.launch",                   {"graph", "eager"}                                   },
    {"engine.batched_tokens",           {"8192", "512"}                                      },
    {"precision.weights",               {"bf16", "fp8"}                                      },
    {"hardware.device",                 {"h100-sxm", "a10", "xeon-8480"}                     },
    {"hardware.count",                  {"4", "1", "8"}                                      },
    {"model",                           {"llama-3.1-8b", "olmoe-1b-7b", "smollm2-135m"}      },
    {"model.layers",                    {"8", "16"}                                          },
    {"deploy.dp",                       {"1", "2"}                                           },
    {"deploy.pp",                       {"1", "2"}                                           },
    {"options.beam.width",              {"1", "4"}                                           },
    {"options.speculation.method",      {"none", "self"}                                     },
};
enum { POOL_AXES = sizeof pool / sizeof *pool };

/* A random sweep. */
struct trial {
    struct arena arena;
    struct diags diags;
    struct loader loader;
    const struct pool_axis *axes[AXES];
    int count;
    struct grid grid;
};

static char path[64];

static void write_base(void)
{
    FILE *file = fopen(path, "w");
    fputs("model: llama-3.1-8b\nhardware: {device: h100-sxm, count: 4}\n"
          "options: {speculation: {exit_layer: 6}}\n"
          "serving:\n  arrivals: {rate: 8 /s}\n  lengths: {input: 300, output: 60}\n"
          "  requests: 60\n  server: {host_request: 10 us}\n",
          file);
    fclose(file);
}

static int value_count(const struct pool_axis *axis)
{
    int count = 0;
    while (count < POOL_VALUES && axis->values[count])
        count++;
    return count;
}

static bool open_trial(struct trial *trial, struct random *random)
{
    struct override overrides[AXES];
    *trial = (struct trial){0};
    arena_init(&trial->arena);
    diags_init(&trial->diags, &trial->arena);
    trial->loader = (struct loader){&trial->arena, &trial->diags, TOKENROOF_SOURCE, NULL, 0};
    struct reader reader = {.arena = &trial->arena, .diags = &trial->diags};
    bool is_used[POOL_AXES] = {false};
    while (trial->count < AXES) {
        int64_t i = random_count(random, 0, POOL_AXES - 1);
        if (is_used[i])
            continue;
        is_used[i] = true;
        const char *list = arena_printf(&trial->arena, "%s=[", pool[i].key);
        for (int v = 0; v < value_count(&pool[i]); v++)
            list = arena_printf(&trial->arena, "%s%s%s", list, v ? ", " : "", pool[i].values[v]);
        override_parse_as(&reader, "--axis", arena_printf(&trial->arena, "%s]", list),
                          &overrides[trial->count]);
        trial->axes[trial->count++] = &pool[i];
    }
    return grid_load(&trial->loader, path, GRID_BY_CONFIG, overrides, trial->count, &trial->grid);
}

/* The index of the value that the axis of `key` has at the point. */
static int64_t digit_of(const struct sweep_point *point, const char *key)
{
    const struct axes *axes = &point->grid->axes;
    for (int g = 0; g < axes->group_count; g++) {
        const struct axis *axis = &axes->axes[axes->groups[g].first];
        const char *name = axis->role == AXIS_HARDWARE ? "hardware.device" : axis->name;
        if (strcmp(name, key) == 0)
            return point->digits[g];
    }
    return -1;
}

/* What `simulate` makes of the point: the same keys by -s, everything from scratch. */
static enum point_status simulate(const struct trial *trial, const struct sweep_point *point,
                                  struct arena *arena, struct served *served)
{
    struct override overrides[AXES];
    struct diags diags;
    struct plan plan;
    diags_init(&diags, arena);
    struct reader reader = {.arena = arena, .diags = &diags};
    for (int i = 0; i < trial->count; i++) {
        const char *key = trial->axes[i]->key;
        const char *value = trial->axes[i]->values[digit_of(point, key)];
        override_parse(&reader, arena_printf(arena, "%s=%s", key, value), &overrides[i]);
    }
    struct loader loader = {arena, &diags, TOKENROOF_SOURCE, overrides, trial->count};
    struct source_plan source;
    if (!load_plan(&loader, path, &plan))
        return POINT_INVALID;
    check_count("one run", plan.run_count, 1);
    int number = 0;
    if (experiment_refused_lever(plan.runs[0].levers, &number) ||
        !source_plan_make(arena, &diags, &plan.config.serving.load, &source))
        return POINT_INVALID;
    struct experiment *experiment = arena_alloc(arena, sizeof *experiment);
    struct predictor *predictor = arena_alloc(arena, sizeof *predictor);
    *predictor = predictor_new(arena, &plan.runs[0]);
    enum setup_problem problem =
        experiment_init(experiment, arena, predictor, &plan.config.serving.server);
    experiment->source = source;
    if (problem != SETUP_FINE)
        return problem == SETUP_NO_MEMORY ? POINT_OOM : POINT_INVALID;
    if (experiment_play(experiment, served, NULL) != SERVER_FINE)
        return POINT_INVALID;
    return served->mean.value[FIGURE_COMPLETED] > 0.0 ? POINT_OK : POINT_INVALID;
}

static const char *describe(const struct trial *trial, const struct sweep_point *point,
                            struct arena *arena)
{
    const char *text = "";
    for (int i = 0; i < trial->count; i++) {
        const char *key = trial->axes[i]->key;
        text = arena_printf(arena, "%s%s=%s ", text, key,
                            trial->axes[i]->values[digit_of(point, key)]);
    }
    return text;
}

/* The number of the point called `name`. */
static double value_of(const struct sweep_point *point, const char *name)
{
    for (int i = 0; i < point->value_count; i++)
        if (strcmp(point->values[i].name, name) == 0)
            return point->values[i].number;
    check_text("a value", name, "there");
    return 0.0;
}

static void compare(const struct trial *trial, struct sweep_point *point, int *counts)
{
    struct arena arena;
    struct served served = {0};
    arena_init(&arena);
    enum point_status status = point_predict(point);
    enum point_status expected = simulate(trial, point, &arena, &served);
    counts[status]++;
    if (status != expected)
        check_text(describe(trial, point, &arena), point_status_names[status],
                   point_status_names[expected]);
    for (int f = 0; status == POINT_OK && expected == status && f < FIGURE_COUNT; f++) {
        double number = value_of(point, figure_names[f]);
        bool is_same = memcmp(&number, &served.mean.value[f], sizeof number) == 0 ||
                       (isnan(number) && isnan(served.mean.value[f]));
        if (!is_same)
            check_close(
                arena_printf(&arena, "%s%s", describe(trial, point, &arena), figure_names[f]),
                number, served.mean.value[f], 0.0);
    }
    check_true("invalid points say why", status == POINT_OK || point->reason);
    arena_release(&arena);
}

/* Neighbours share step times, jumps share nothing; both are played as if they were alone. */
static void equals_a_simulation_of_its_own(void)
{
    struct random random = {20261121};
    int counts[POINT_EXCLUDED + 1] = {0};
    int grids = 0;
    write_base();
    for (int t = 0; t < 400 && counts[POINT_OK] < 400; t++) {
        static struct trial trial; /* large */
        if (open_trial(&trial, &random)) {
            struct sweep_point *point = point_new(&trial.grid);
            int64_t index = random_count(&random, 0, trial.grid.total - 1);
            for (int i = 0; i < 12; i++) {
                point_move(point, index);
                compare(&trial, point, counts);
                index = random_count(&random, 0, 3) > 0
                            ? (index + random_count(&random, 1, 3)) % trial.grid.total
                            : random_count(&random, 0, trial.grid.total - 1);
            }
            point_free(point);
            grids++;
        }
        arena_release(&trial.arena);
    }
    remove(path);
    printf("    %d grids: %d points ok, %d oom, %d invalid\n", grids, counts[POINT_OK],
           counts[POINT_OOM], counts[POINT_INVALID]);
    check_at_least("points that run", counts[POINT_OK], 400);
    check_at_least("points that don't fit", counts[POINT_OOM], 5);
    check_at_least("points that can't", counts[POINT_INVALID], 50);
}

/* A row read back is the row that was written: words with commas and quotes, holes, numbers. */
static void rows_are_read_back(void)
{
    static struct trial trial; /* large, like the next */
    static struct row_layout layout;
    struct random random = {3};
    struct table direct;
    struct table read;
    struct text text;
    write_base();
    while (!open_trial(&trial, &random))
        arena_release(&trial.arena);
    text_init(&text);
    rows_layout(&trial.grid, &layout);
    rows_table_start(&layout, &trial.arena, &direct);
    rows_table_start(&layout, &trial.arena, &read);
    struct sweep_point *point = point_new(&trial.grid);
    for (int64_t i = 0; i < trial.grid.total; i += trial.grid.total / 40 + 1) {
        point_move(point, i);
        point_predict(point);
        rows_table_add(&layout, point, &direct);
        rows_add(&layout, ROW_CSV, point, &text);
    }
    rows_table_parse(&layout, text_string(&text), &read);
    check_count("rows", read.row_count, direct.row_count);
    for (int row = 0; row < direct.row_count && row < read.row_count; row++)
        for (int c = 0; c < layout.count; c++) {
            union cell a = table_cell(&direct, row, c);
            union cell b = table_cell(&read, row, c);
            if (layout.columns[c].kind == CELL_TEXT)
                check_text(layout.columns[c].name, b.text, a.text);
            else if (layout.columns[c].kind == CELL_COUNT)
                check_count(layout.columns[c].name, b.count, a.count);
            else if (!isnan(a.number) || !isnan(b.number))
                check_close(layout.columns[c].name, b.number, a.number, 1e-9);
        }
    point_free(point);
    text_release(&text);
    arena_release(&trial.arena);
    remove(path);
}

/* Every request waits for the one before: arrivals twice as fast as answers pile up in proportion
 * to time, half as fast ones never wait. */
static void overload_is_a_queue_that_grows(void)
{
    static const struct {
        const char *row;
        int64_t gap_ns; /* between arrivals; a service lasts 100 */
        int64_t half;
        int64_t end;
        bool grows;
    } rows[] = {
        {"half the load",  200, 0,   0,   false},
        {"all of it",      100, 0,   0,   false},
        {"twice the load", 50,  250, 500, true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct serving_load load = {0};
        struct collector collector;
        collector_init(&collector, &load, 1, 1000);
        struct metrics_sink sink = collector_sink(&collector);
        int64_t free_ns = 0;
        for (int64_t r = 0; r < 1000; r++) {
            int64_t arrival_ns = r * rows[i].gap_ns;
            int64_t start_ns = arrival_ns > free_ns ? arrival_ns : free_ns;
            free_ns = start_ns + 100;
            struct request_record record = {.id = r,
                                            .arrival_ns = arrival_ns,
                                            .first_scheduled_ns = start_ns,
                                            .first_token_ns = free_ns,
                                            .finished_ns = free_ns,
                                            .input_tokens = 1,
                                            .output_tokens = 1};
            sink.done(sink.context, &record);
        }
        struct backlog backlog = backlog_of(&collector);
        check_close(rows[i].row, (double)backlog.half, (double)rows[i].half, 0.01);
        check_close(rows[i].row, (double)backlog.end, (double)rows[i].end, 0.01);
        check_count(rows[i].row, backlog_grows(&backlog), rows[i].grows);
        collector_release(&collector);
    }
}

int main(void)
{
    static const struct test_case cases[] = {
        {"equals a simulation of its own", equals_a_simulation_of_its_own},
        {"rows are read back",             rows_are_read_back            },
        {"overload is a queue that grows", overload_is_a_queue_that_grows},
        {NULL,                             NULL                          },
    };
    snprintf(path, sizeof path, "/tmp/tokenroof-served-%ld.yaml", (long)getpid());
    return check_main("served", cases);
}
