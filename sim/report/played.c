#include "report/played.h"

/* Finds layers by position: a layer begins where the operators start over. */
static void find_layers(struct played *played, const struct step_cost *cost)
{
    const struct op *ops = cost->step.ops;
    int exit = cost->step.exit.first;
    int64_t layer = 0;
    int64_t last = -1;
    for (int64_t i = 0; i < played->timeline.task_count; i++) {
        if (!played->ops[i]) {
            played->layers[i] = layer;
            continue;
        }
        int64_t op = played->ops[i] - ops;
        bool is_entry = op < cost->step.entry.first + cost->step.entry.count;
        bool is_exit = op >= exit && op < exit + cost->step.exit.count;
        bool starts_layer = !is_entry && !is_exit && (last < 0 || op <= last);
        for (int kind = 0; kind < cost->step.layout->kind_count && !is_entry && !is_exit; kind++)
            starts_layer = starts_layer || op == cost->step.layers[kind].first;
        layer += starts_layer || (is_exit && op == exit);
        last = is_entry ? -1 : op;
        played->layers[i] = layer;
    }
}

struct played played_step(struct arena *arena, const struct run *run, enum run_phase phase)
{
    struct predictor predictor = predictor_new(arena, run);
    struct step_cost *cost = arena_alloc(arena, sizeof *cost);
    struct played played = {.run = run, .phase = phase};
    struct task *tasks = NULL;
    if (phase == PHASE_PREFILL)
        static_batch_prefill_step(&predictor, cost);
    else
        static_batch_decode_step(&predictor, cost);
    int64_t count = step_cost_tasks(arena, &predictor, cost, &tasks, &played.ops);
    played.tasks = tasks;
    played.timeline = timeline_play(arena, tasks, count);
    played.layers = arena_array(arena, (size_t)count + 1, sizeof *played.layers);
    played.costs = arena_array(arena, (size_t)count + 1, sizeof *played.costs);
    for (int64_t i = 0; i < count; i++)
        if (played.ops[i])
            played.costs[i] = &cost->costs[played.ops[i] - cost->step.ops];
    find_layers(&played, cost);
    return played;
}

const char *played_name(const struct played *played, int64_t index)
{
    if (played->ops[index])
        return op_names[played->ops[index]->kind];
    return index == 0 ? "graph_launch" : "layer_latency";
}

enum op_group played_group(const struct played *played, int64_t index)
{
    if (played->ops[index])
        return op_group_of(played->ops[index]->kind);
    return OP_GROUP_LATENCY;
}

enum {
    COL_MODEL,
    COL_HARDWARE,
    COL_PHASE,
    COL_RESOURCE,
    COL_START,
    COL_END,
    COL_KIND,
    COL_LABEL,
    COL_LAYER
};

void played_start(struct table *table, struct arena *arena)
{
    static const struct column columns[] = {
        {"model",    NULL,    "",  CELL_TEXT,   false},
        {"hardware", NULL,    "",  CELL_TEXT,   false},
        {"phase",    NULL,    "",  CELL_TEXT,   false},
        {"resource", NULL,    "",  CELL_TEXT,   false},
        {"start_s",  "start", "s", CELL_NUMBER, false},
        {"end_s",    "end",   "s", CELL_NUMBER, false},
        {"kind",     NULL,    "",  CELL_TEXT,   false},
        {"label",    NULL,    "",  CELL_TEXT,   false},
        {"layer",    NULL,    "",  CELL_COUNT,  false},
    };
    table_init(table, arena, NULL);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        table_add_column(table, columns[i]);
}

static void add_row(const struct played *played, int64_t index, const char *resource,
                    int64_t start_ns, int64_t end_ns, struct table *table)
{
    if (end_ns <= start_ns)
        return;
    int row = table_add_row(table);
    bool is_launch = played->layers[index] == 0 && !played->ops[index];
    table_set_text(table, row, COL_MODEL, played->run->model->id);
    table_set_text(table, row, COL_HARDWARE, played->run->device->id);
    table_set_text(table, row, COL_PHASE, run_phase_names[played->phase]);
    table_set_text(table, row, COL_RESOURCE, resource);
    table_set_number(table, row, COL_START, 1e-9 * (double)start_ns);
    table_set_number(table, row, COL_END, 1e-9 * (double)end_ns);
    table_set_text(table, row, COL_KIND,
                   is_launch ? "launch" : op_group_names[played_group(played, index)]);
    table_set_text(table, row, COL_LABEL, op_name_spaced(table->arena, played_name(played, index)));
    table_set_count(table, row, COL_LAYER, played->layers[index]);
}

static bool is_graph_launch(const struct played *played, int64_t index)
{
    return played->layers[index] == 0 && !played->ops[index];
}

/* Launches first, so that the host's row is drawn above the device's. */
static void add_group(const struct played *played, enum op_group group, int64_t layers,
                      struct table *table)
{
    for (int is_device = 0; is_device < 2; is_device++)
        for (int64_t i = 0; i < played->timeline.task_count; i++) {
            const struct task_times *times = &played->timeline.times[i];
            if (played_group(played, i) != group || is_graph_launch(played, i) ||
                (layers > 0 && played->layers[i] > layers))
                continue;
            if (is_device)
                add_row(played, i, "device", times->device_start_ns, times->device_end_ns, table);
            else
                add_row(played, i, "host", times->launch_start_ns, times->launch_end_ns, table);
        }
}

/* "decode step of olmoe-1b-7b on h100-sxm, batch 16, the first 2 layers": whose step it is. */
static const char *played_title(const struct played *played, int64_t layers, struct arena *arena)
{
    const struct run *run = played->run;
    const char *part = layers == 1 ? ", the first layer"
                       : layers > 1
                           ? arena_printf(arena, ", the first %lld layers", (long long)layers)
                           : "";
    const char *share = run->device_count > 1 ? arena_printf(arena, ", one of %lld devices",
                                                             (long long)run->device_count)
                                              : "";
    return arena_printf(arena, "%s step of %s on %s, batch %lld%s%s",
                        run_phase_names[played->phase], run->model->id, run->device->id,
                        (long long)run->workload.batch, share, part);
}

void played_add(const struct played *played, int64_t layers, struct table *table)
{
    table->title = played_title(played, layers, table->arena);
    if (played->timeline.task_count > 0 && is_graph_launch(played, 0))
        add_row(played, 0, "host", played->timeline.times[0].launch_start_ns,
                played->timeline.times[0].launch_end_ns, table);
    for (int group = 0; group < OP_GROUP_COUNT; group++)
        add_group(played, (enum op_group)group, layers, table);
}
