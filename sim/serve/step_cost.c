#include "serve/step_cost.h"

#include "cost/deviation.h"
#include "engine/pipeline.h"

#include <math.h>

/* Host time to launch one operator [s]; a captured graph is launched as a whole. */
static double launch_time(const struct predictor *predictor, const struct op *op)
{
    const struct launch_cost *launch = &predictor->rates->launch;
    switch (predictor->run->engine.launch) {
    case LAUNCH_EAGER:
        return op->eager_kernels * launch->eager_s;
    case LAUNCH_COMPILED:
        return op->kernels * launch->kernel_s;
    case LAUNCH_GRAPH:
    case LAUNCH_MODE_COUNT:
        break;
    }
    return 0.0;
}

static void add_to_block(const struct predictor *predictor, const struct step_cost *cost, int op,
                         struct race_block *block)
{
    race_block_add(block, launch_time(predictor, &cost->step.ops[op]) * 1e9,
                   cost->costs[op].time_s * 1e9);
}

/* The operators before or after the layers. */
static struct race_block block_of(const struct predictor *predictor, const struct step_cost *cost,
                                  struct op_range range)
{
    struct race_block block = race_block_empty();
    for (int i = range.first; i < range.first + range.count; i++)
        add_to_block(predictor, cost, i, &block);
    return block;
}

/* Appends the operators `first` to `end` of a layer that run. Inside a captured graph nothing is
 * launched one by one, so the longest path is the plain sum. */
static void add_layer(const struct predictor *predictor, const struct step_cost *cost, int kind,
                      struct op_range range, struct race_block *block)
{
    int end = range.first + range.count;
    if (predictor->run->engine.launch == LAUNCH_GRAPH) {
        for (int i = range.first; i < end; i++)
            if (step_runs(&cost->step, kind, &cost->step.ops[i]))
                block->device_ns += cost->costs[i].time_s * 1e9;
        block->span_ns = block->device_ns;
        return;
    }
    for (int i = range.first; i < end; i++)
        if (step_runs(&cost->step, kind, &cost->step.ops[i]))
            add_to_block(predictor, cost, i, block);
}

/* The operators of a layer up to the first one that may change; none where levers are pulled, which
 * change any. */
static void find_leads(const struct predictor *predictor, struct step_cost *cost)
{
    for (int kind = 0; kind < cost->step.layout->kind_count; kind++) {
        struct op_range range = cost->step.layers[kind];
        struct op_range fluid = cost->step.fluid[kind];
        int next = fluid.count > 0 ? cost->step.fluid_ops[fluid.first] : range.first + range.count;
        if (predictor->run->levers)
            next = range.first;
        range.count = next - range.first;
        cost->leads[kind] = (struct layer_lead){next, race_block_empty()};
        add_layer(predictor, cost, kind, range, &cost->leads[kind].block);
    }
}

static struct race_block layer_block(const struct predictor *predictor,
                                     const struct step_cost *cost, int kind)
{
    struct op_range range = cost->step.layers[kind];
    const struct layer_lead *lead = &cost->leads[kind];
    struct race_block block = lead->block;
    add_layer(predictor, cost, kind,
              (struct op_range){lead->next, range.first + range.count - lead->next}, &block);
    return block;
}

/* Chooses the faster form of MLA for one kind of layer. */
static void choose_variant(struct step_cost *cost, int kind)
{
    double time[3] = {0.0, 0.0, 0.0};
    const int *fluid = &cost->step.fluid_ops[cost->step.fluid[kind].first];
    for (int i = 0; i < cost->step.fluid[kind].count; i++)
        time[cost->step.ops[fluid[i]].variant] += cost->costs[fluid[i]].time_s;
    double absorbed = time[VARIANT_ABSORBED];
    double naive = time[VARIANT_NAIVE];
    if (absorbed > 0.0 && naive > 0.0)
        cost->step.chosen[kind] = absorbed <= naive ? VARIANT_ABSORBED : VARIANT_NAIVE;
}

static void add_floor(const struct predictor *predictor, struct step_cost *cost, int kind)
{
    if (!(predictor->rates->layer_floor_s > 0.0))
        return;
    double factor = deviation_factor(&predictor->run->engine.deviation, KERNEL_COUNT,
                                     predictor->rates->layer_floor_spread);
    double floor_ns = predictor->rates->layer_floor_s * factor * 1e9;
    double missing = floor_ns - cost->blocks[kind].device_ns;
    if (missing > 0.0) {
        cost->floor_s += missing * 1e-9 * (double)step_repeats(&cost->step, kind);
        race_block_raise(&cost->blocks[kind], floor_ns);
    }
}

/* Operators of one layer as stretches on the compute stream and on the link. */
static int layer_segments(const struct predictor *predictor, const struct step_cost *cost, int kind,
                          struct segment segments[STEP_OPS_MAX])
{
    /* kernels of high-throughput exchange take 24 of 132 SMs in prefill, those of low latency none
       (DeepSeek's profile of overlapped steps) */
    const double units_taken = 24.0;
    double units = predictor->rates->units;
    bool is_slowed = !cost->step.is_decode && units > 2.0 * units_taken;
    double slowdown = is_slowed ? units / (units - units_taken) : 1.0;
    struct op_range range = cost->step.layers[kind];
    int count = 0;
    for (int i = range.first; i < range.first + range.count; i++) {
        const struct op *op = &cost->step.ops[i];
        if (!step_runs(&cost->step, kind, op))
            continue;
        bool is_link = op_is_communication(op);
        enum bound bound = cost->costs[i].bound;
        double factor = bound == BOUND_COMPUTE || bound == BOUND_PADDING ? slowdown : 1.0;
        if (count == 0 || segments[count - 1].is_link != is_link)
            segments[count++] = (struct segment){0.0, is_link};
        segments[count - 1].time += 1e9 * cost->costs[i].time_s * factor;
    }
    return count;
}

/* `layers` layers of one kind as a block: two half batches that alternate. */
static struct race_block overlapped_block(const struct predictor *predictor,
                                          const struct step_cost *cost, int kind, int64_t layers)
{
    struct segment segments[STEP_OPS_MAX];
    int count = layer_segments(predictor, cost, kind, segments);
    double time_ns = overlap_time(segments, count, layers);
    double host_ns = 2.0 * (double)layers * cost->blocks[kind].host_ns;
    return (struct race_block){host_ns, time_ns, fmax(time_ns, host_ns)};
}

static bool is_graph(const struct predictor *predictor)
{
    return predictor->run->engine.launch == LAUNCH_GRAPH;
}

/* Runs `count` equal layers (or pairs of half batches) after what `race` has run. */
static void run_block(const struct predictor *predictor, const struct race_block *block,
                      double count, struct race *race)
{
    if (is_graph(predictor) && race->device_ns > race->host_ns)
        race_run_captured(race, block, count);
    else
        race_run(race, block, count);
}

/* Runs layers first … first + count − 1; returns the device's time in them. */
static double run_layers(const struct predictor *predictor, const struct step_cost *cost,
                         int64_t first, int64_t count, struct race *race)
{
    const struct layout *layout = cost->step.layout;
    double device_ns = 0.0;
    int64_t passed = 0; /* layers of the runs before */
    for (int i = 0; i < layout->run_count; i++) {
        int64_t begin = first > passed ? first : passed;
        int64_t end = passed + layout->runs[i].layers;
        end = end < first + count ? end : first + count;
        passed += layout->runs[i].layers;
        if (end <= begin)
            continue;
        int kind = layout->runs[i].kind;
        double layers = (double)(end - begin);
        if (cost->step.copies == 1) {
            run_block(predictor, &cost->blocks[kind], layers, race);
            device_ns += layers * cost->blocks[kind].device_ns;
            continue;
        }
        struct race_block block = overlapped_block(predictor, cost, kind, end - begin);
        race_run(race, &block, 1.0);
        device_ns += block.device_ns;
    }
    return device_ns;
}

static double race_end(const struct race *race)
{
    return race->device_ns > race->host_ns ? race->device_ns : race->host_ns;
}

static struct race race_start(const struct predictor *predictor)
{
    double launch_ns = is_graph(predictor) ? predictor->rates->launch.graph_s * 1e9 : 0.0;
    return (struct race){launch_ns, launch_ns};
}

/* A stage by itself: `count` layers from `first` on, and what stands at the pipeline's ends. */
static double stage_time(const struct predictor *predictor, const struct step_cost *cost,
                         int64_t first, int64_t count)
{
    double copies = (double)cost->step.copies;
    struct race alone = race_start(predictor);
    if (first == 0)
        race_run(&alone, &cost->entry, copies);
    run_layers(predictor, cost, first, count, &alone);
    if (first + count == cost->step.layout->layer_count)
        race_run(&alone, &cost->exit, copies);
    return race_end(&alone);
}

/* Host time that nothing hides [s]. */
static double host_gap(const struct predictor *predictor, const struct step_cost *cost)
{
    const struct engine_options *engine = &predictor->run->engine;
    return engine->host_step_s + engine->host_request_s * (double)cost->requests;
}

/* The step's way through all stages, and the slowest of them. */
static void race_stages(const struct predictor *predictor, struct step_cost *cost)
{
    const struct layout *layout = cost->step.layout;
    int64_t stages = predictor->run->deploy.pp > 1 ? predictor->run->deploy.pp : 1;
    double copies = (double)cost->step.copies;
    struct race pass = race_start(predictor);
    double device_ns = 0.0;
    double slowest = 0.0;
    int64_t first = 0;
    int64_t before = 0; /* layers of the stage before */
    for (int64_t s = 0; s < stages; s++) {
        int64_t count = layout_stage_layers(layout, stages, s);
        const struct race_block *send = &cost->sends[s > cost->step.send_counts[0] ? 1 : 0];
        bool is_like_last = layout->run_count == 1 && s > 1 && s < stages - 1 && count == before;
        if (!is_like_last)
            slowest = fmax(slowest, stage_time(predictor, cost, first, count));
        if (s > 0) {
            race_run(&pass, send, copies);
            device_ns += copies * send->device_ns;
            slowest = fmax(slowest, send->device_ns);
        }
        if (s == 0)
            race_run(&pass, &cost->entry, copies);
        device_ns += run_layers(predictor, cost, first, count, &pass);
        first += count;
        before = count;
    }
    race_run(&pass, &cost->exit, copies);
    cost->device_s = 1e-9 * (device_ns + copies * (cost->entry.device_ns + cost->exit.device_ns));
    cost->time_s = 1e-9 * race_end(&pass) + host_gap(predictor, cost);
    cost->stage_s = stages > 1 ? 1e-9 * slowest + host_gap(predictor, cost) : cost->time_s;
}

/* Without stages and overlap: the fast path. */
static void race_plain(const struct predictor *predictor, struct step_cost *cost)
{
    const struct layout *layout = cost->step.layout;
    struct race race = race_start(predictor);
    race_run(&race, &cost->entry, 1.0);
    for (int i = 0; i < layout->run_count; i++)
        run_block(predictor, &cost->blocks[layout->runs[i].kind], (double)layout->runs[i].layers,
                  &race);
    race_run(&race, &cost->exit, 1.0);
    double device_ns = cost->entry.device_ns + cost->exit.device_ns;
    for (int kind = 0; kind < layout->kind_count; kind++)
        device_ns += cost->blocks[kind].device_ns * (double)layout->kinds[kind].layers;
    cost->device_s = device_ns * 1e-9;
    cost->time_s = race_end(&race) * 1e-9 + host_gap(predictor, cost);
    cost->stage_s = cost->time_s;
}

/* Rates of what runs the layers of one kind: the device, or the host's processor. */
static const struct rates *layer_rates(const struct predictor *predictor, int kind)
{
    return predictor->layout->kinds[kind].is_on_host ? predictor->host_rates : predictor->rates;
}

/*
 * What happens beside the device's work counts as far as it outlasts it: weights on their way,
 * behind the whole layer as far as they are prefetched; the host's experts behind routed and shared
 * ones.
 */
static void hide_helpers(const struct predictor *predictor, struct step_cost *cost, int kind)
{
    const struct levers *levers = predictor->run->levers;
    struct op_range range = cost->step.layers[kind];
    bool is_streamed = levers->streaming.resident_ratio < 1.0;
    double prefetched = is_streamed ? 1.0 : levers->expert_offload.prefetch_ratio;
    double layer_s = 0.0;
    double experts_s = 0.0;
    for (int i = range.first; i < range.first + range.count; i++) {
        enum op_kind op = cost->step.ops[i].kind;
        if (op == OP_WEIGHT_FETCH || op == OP_HOST_EXPERTS ||
            !step_runs(&cost->step, kind, &cost->step.ops[i]))
            continue;
        layer_s += cost->costs[i].time_s;
        if (op == OP_ROUTED_EXPERTS || op == OP_SHARED_GATE_UP || op == OP_SHARED_ACTIVATION ||
            op == OP_SHARED_DOWN)
            experts_s += cost->costs[i].time_s;
    }
    for (int i = range.first; i < range.first + range.count; i++) {
        const struct op *op = &cost->step.ops[i];
        bool is_fetch = op->kind == OP_WEIGHT_FETCH;
        if (!is_fetch && op->kind != OP_HOST_EXPERTS)
            continue;
        double hidden = is_fetch ? prefetched * layer_s : experts_s;
        struct op_cost whole;
        op_time_deviated(predictor->run, is_fetch ? predictor->rates : predictor->host_rates, op,
                         &whole);
        cost->costs[i].time_s = fmax(whole.time_s - hidden, 0.0);
    }
}

/* Plays the blocks of the step, in closed form. */
static void race_step(const struct predictor *predictor, struct step_cost *cost)
{
    const struct layout *layout = cost->step.layout;
    cost->floor_s = 0.0;
    double layers_s = 0.0; /* operators one after the other */
    for (int kind = 0; kind < layout->kind_count; kind++) {
        choose_variant(cost, kind);
        if (predictor->run->levers)
            hide_helpers(predictor, cost, kind);
        cost->blocks[kind] = layer_block(predictor, cost, kind);
        add_floor(predictor, cost, kind);
        layers_s += 1e-9 * cost->blocks[kind].device_ns * (double)step_repeats(&cost->step, kind);
    }
    cost->hidden_s = 0.0;
    if (predictor->run->deploy.pp <= 1 && cost->step.copies == 1) {
        race_plain(predictor, cost);
    } else {
        race_stages(predictor, cost);
        double copies = (double)cost->step.copies;
        double ends_s = 1e-9 * (cost->entry.device_ns + cost->exit.device_ns);
        for (int i = 0; i < 2; i++)
            ends_s += 1e-9 * cost->sends[i].device_ns * (double)cost->step.send_counts[i];
        cost->hidden_s = layers_s + copies * ends_s - cost->device_s;
    }
    cost->idle_s = fmax(cost->time_s - cost->device_s, 0.0);
}

/* Half of a part: half the requests, or of a single request the mean of both halves of its tokens:
   as many query-key pairs as half of the whole. */
static struct batch_part half_of(const struct batch_part *part)
{
    struct batch_part half = *part;
    if (part->requests > 1) {
        half.requests = (part->requests + 1) / 2;
    } else {
        half.new_tokens = (part->new_tokens + 1) / 2;
        half.past_tokens = part->past_tokens + part->new_tokens / 4;
    }
    return half;
}

/* Whether the step runs as two half batches that alternate. */
static bool is_split(const struct predictor *predictor, const struct batch_part *part)
{
    return predictor->run->deploy.overlap == OVERLAP_TWO_BATCH &&
           predictor->run->device_count > 1 && part->requests * part->new_tokens > 1;
}

static void cost_host_operators(const struct predictor *predictor, struct step_cost *cost)
{
    for (int kind = 0; kind < predictor->layout->kind_count; kind++) {
        struct op_range range = cost->step.layers[kind];
        for (int i = range.first; i < range.first + range.count; i++) {
            const struct op *op = &cost->step.ops[i];
            if (predictor->layout->kinds[kind].is_on_host || op->kind == OP_HOST_EXPERTS)
                op_time_deviated(predictor->run, predictor->host_rates, op, &cost->costs[i]);
        }
    }
}

static void cost_operators(const struct predictor *predictor, struct step_cost *cost)
{
    for (int i = 0; i < cost->step.op_count; i++) {
        const struct op *op = &cost->step.ops[i];
        if (op->twin > 0)
            cost->costs[i] = cost->costs[op->twin];
        else
            op_time_deviated(predictor->run, predictor->rates, op, &cost->costs[i]);
    }
    if (predictor->host_rates)
        cost_host_operators(predictor, cost);
    find_leads(predictor, cost);
    cost->entry = block_of(predictor, cost, cost->step.entry);
    cost->exit = block_of(predictor, cost, cost->step.exit);
    for (int i = 0; i < cost->step.sends.count; i++)
        cost->sends[i] =
            block_of(predictor, cost, (struct op_range){cost->step.sends.first + i, 1});
    race_step(predictor, cost);
}

void step_cost_build(const struct predictor *predictor, const struct batch *batch,
                     struct step_cost *cost)
{
    struct batch_part half;
    struct batch halves = {&half, 1};
    bool is_halved = batch->part_count == 1 && is_split(predictor, &batch->parts[0]);
    if (is_halved)
        half = half_of(&batch->parts[0]);
    cost->requests = 0;
    for (int i = 0; i < batch->part_count; i++)
        cost->requests += batch->parts[i].requests;
    cost->sends[0] = race_block_empty();
    cost->sends[1] = race_block_empty();
    step_build(predictor->run, predictor->layout, &predictor->router, is_halved ? &halves : batch,
               &cost->step);
    if (is_halved) {
        cost->step.copies = 2;
        cost->step.is_decode = batch_part_decodes(&batch->parts[0]);
    }
    cost_operators(predictor, cost);
}

void step_cost_move(const struct predictor *predictor, const struct batch_part *part,
                    struct step_cost *cost)
{
    struct batch_part moved = cost->step.copies == 2 ? half_of(part) : *part;
    step_move_decode(predictor->run, &moved, &cost->step);
    for (int kind = 0; kind < predictor->layout->kind_count; kind++) {
        const int *fluid = &cost->step.fluid_ops[cost->step.fluid[kind].first];
        const struct rates *rates = layer_rates(predictor, kind);
        for (int i = 0; i < cost->step.fluid[kind].count; i++) {
            const struct op *op = &cost->step.ops[fluid[i]];
            if (!op_follows_context(op->kind))
                continue;
            if (op->twin > 0)
                cost->costs[fluid[i]] = cost->costs[op->twin];
            else
                op_time_deviated(predictor->run, rates, op, &cost->costs[fluid[i]]);
        }
    }
    race_step(predictor, cost);
}

double step_cost_floor(const struct predictor *predictor, struct step_cost *cost, double *stage_s)
{
    double saved[STEP_OPS_MAX];
    bool has_variants = false;
    *stage_s = 0.0;
    for (int i = 0; i < cost->step.op_count; i++)
        has_variants = has_variants || cost->step.ops[i].variant != VARIANT_ALWAYS;
    if (cost->step.copies != 1 || predictor->run->levers || (has_variants && !is_graph(predictor)))
        return 0.0;
    for (int i = 0; i < cost->step.op_count; i++) {
        saved[i] = cost->costs[i].time_s;
        if (op_is_fluid(&cost->step.ops[i]))
            cost->costs[i].time_s = 0.0;
    }
    race_step(predictor, cost);
    for (int i = 0; i < cost->step.op_count; i++)
        cost->costs[i].time_s = saved[i];
    *stage_s = cost->stage_s;
    return cost->time_s;
}

/* Fills tasks while walking the step in order of execution; counts only when `tasks` is NULL. */
struct task_writer {
    const struct predictor *predictor;
    const struct step_cost *cost;
    struct task *tasks;
    const struct op **ops;
    int64_t count;
};

static void write_task(struct task_writer *writer, const struct op *op, double launch_s,
                       double device_s)
{
    if (writer->tasks) {
        writer->tasks[writer->count] =
            (struct task){llrint(launch_s * 1e9), llrint(device_s * 1e9)};
        writer->ops[writer->count] = op;
    }
    writer->count++;
}

static void write_op(struct task_writer *writer, int op)
{
    write_task(writer, &writer->cost->step.ops[op],
               launch_time(writer->predictor, &writer->cost->step.ops[op]),
               writer->cost->costs[op].time_s);
}

static void write_range(struct task_writer *writer, struct op_range range)
{
    for (int i = range.first; i < range.first + range.count; i++)
        write_op(writer, i);
}

/* One layer, and the wait for its least time. */
static void write_layer(struct task_writer *writer, int kind)
{
    const struct step_cost *cost = writer->cost;
    struct op_range range = cost->step.layers[kind];
    double executed = 0.0;
    for (int i = range.first; i < range.first + range.count; i++)
        if (step_runs(&cost->step, kind, &cost->step.ops[i])) {
            write_op(writer, i);
            executed += cost->costs[i].time_s;
        }
    if (writer->predictor->rates->layer_floor_s > executed)
        write_task(writer, NULL, 0.0, writer->predictor->rates->layer_floor_s - executed);
}

static void write_step(struct task_writer *writer)
{
    const struct layout *layout = writer->cost->step.layout;
    const struct rates *rates = writer->predictor->rates;
    writer->count = 0;
    if (writer->predictor->run->engine.launch == LAUNCH_GRAPH && rates->launch.graph_s > 0.0)
        write_task(writer, NULL, rates->launch.graph_s, 0.0);
    write_range(writer, writer->cost->step.entry);
    int64_t stages = writer->predictor->run->deploy.pp > 1 ? writer->predictor->run->deploy.pp : 1;
    int64_t stage = 0;
    int64_t left = layout_stage_layers(layout, stages, 0);
    for (int i = 0; i < layout->run_count; i++)
        for (int64_t layer = 0; layer < layout->runs[i].layers; layer++) {
            if (left == 0) {
                left = layout_stage_layers(layout, stages, ++stage);
                write_op(writer, writer->cost->step.sends.first +
                                     (stage > writer->cost->step.send_counts[0]));
            }
            write_layer(writer, layout->runs[i].kind);
            left--;
        }
    write_range(writer, writer->cost->step.exit);
}

int64_t step_cost_tasks(struct arena *arena, const struct predictor *predictor,
                        const struct step_cost *cost, struct task **tasks, const struct op ***ops)
{
    struct task_writer writer = {.predictor = predictor, .cost = cost};
    write_step(&writer);
    writer.tasks = arena_array(arena, (size_t)writer.count, sizeof *writer.tasks);
    writer.ops = arena_array(arena, (size_t)writer.count, sizeof *writer.ops);
    write_step(&writer);
    *tasks = writer.tasks;
    *ops = writer.ops;
    return writer.count;
}
