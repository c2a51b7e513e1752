#include "sweep/point.h"

#include "conf/check.h"
#include "conf/check_lever.h"
#include "graph/params.h"
#include "sweep/names.h"
#include "sweep/point_server.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const point_status_names[POINT_EXCLUDED + 1] = {"ok", "oom", "invalid", "excluded"};

static int most_lenders(const struct grid *grid)
{
    int most = 0;
    for (int i = 0; i < grid->parts.config.hardware.devices.count; i++)
        if (grid->parts.devices[i].lender_count > most)
            most = grid->parts.devices[i].lender_count;
    return most;
}

static void *allocate(size_t count, size_t bytes)
{
    void *memory = calloc(count ? count : 1, bytes);
    if (!memory) {
        fprintf(stderr, "tokenroof: out of memory (asked for %zu bytes)\n", count * bytes);
        abort();
    }
    return memory;
}

struct sweep_point *point_new(const struct grid *grid)
{
    struct sweep_point *point = allocate(1, sizeof *point);
    size_t lenders = (size_t)most_lenders(grid);
    point->grid = grid;
    point->index = -1;
    point->config = grid->parts.config;
    point->lenders = allocate(lenders, sizeof *point->lenders);
    point->lender_list = allocate(lenders, sizeof *point->lender_list);
    arena_init(&point->model_arena);
    arena_init(&point->device_arena);
    arena_init(&point->arena);
    predictor_room_init(&point->room);
    point->is_server_stale = true;
    point->server = grid->is_served ? point_server_new() : NULL;
    return point;
}

void point_free(struct sweep_point *point)
{
    point_server_free(point->server);
    predictor_room_release(&point->room);
    arena_release(&point->model_arena);
    arena_release(&point->device_arena);
    arena_release(&point->arena);
    free(point->lender_list);
    free(point->lenders);
    free(point);
}

static void note_change(struct sweep_point *point, enum axis_effect effect)
{
    point->keeps_prefill = point->keeps_prefill && effect == EFFECT_OUTPUT;
    point->keeps_decode = point->keeps_decode && effect <= EFFECT_INPUT;
    point->is_server_stale = point->is_server_stale || effect >= EFFECT_SERVER;
    point->changes |= effect <= EFFECT_SERVER   ? CHANGED_WORKLOAD
                      : effect == EFFECT_CONFIG ? CHANGED_CONFIG
                      : effect == EFFECT_MODEL  ? CHANGED_MODEL
                                                : CHANGED_DEVICE;
}

/* Stores one axis's value where it goes: keys of files wait until the file is copied anew. */
static void set_axis(struct sweep_point *point, int axis_index, int64_t value)
{
    const struct axis *axis = &point->grid->axes.axes[axis_index];
    if (axis->role == AXIS_MODEL)
        point->model_index = (int)value;
    else if (axis->role == AXIS_HARDWARE)
        point->device_index = (int)value;
    else if (axis->target == OVERRIDE_CONFIG)
        axis_store(axis, value, &point->config);
    note_change(point, point->grid->effects[axis_index]);
}

/* Puts the values of all axes over keys of `target` into the struct at `out`. */
static void store_axes(const struct sweep_point *point, enum override_target target, void *out)
{
    const struct axes *axes = &point->grid->axes;
    for (int g = 0; g < axes->group_count; g++)
        for (int a = axes->groups[g].first; a < axes->groups[g].first + axes->groups[g].size; a++)
            if (axes->axes[a].role == AXIS_KEY && axes->axes[a].target == target)
                axis_store(&axes->axes[a], point->digits[g], out);
}

/* Where the checks of one struct report; most find nothing and allocate nothing. */
struct findings {
    struct diags diags;
    struct reader reader;
};

static void findings_open(struct findings *findings, struct arena *arena)
{
    arena_release(arena);
    diags_init(&findings->diags, arena);
    findings->reader = (struct reader){.arena = arena, .diags = &findings->diags};
}

static const char *findings_reason(const struct findings *findings)
{
    return findings->diags.error_count ? diags_first_message(&findings->diags) : NULL;
}

static void rebuild_model(struct sweep_point *point)
{
    const struct model_part *part = &point->grid->parts.models[point->model_index];
    struct findings findings;
    findings_open(&findings, &point->model_arena);
    point->model = part->raw;
    store_axes(point, OVERRIDE_MODEL, &point->model);
    check_model(&findings.reader, part->root, &point->model);
    check_expert_levers(&findings.reader, part->root, &point->config.levers, &point->model);
    point->model_reason = findings_reason(&findings);
    if (point->model_reason)
        return;
    if (pruning_is_set(&point->config.levers.pruning))
        point->model = levers_prune(&point->model, &point->config.levers.pruning);
    struct params params = params_of(&point->model);
    point->params_total = params_total(&params);
    point->params_active = params_active(&params, &point->model, ACTIVE_ALL);
}

static void rebuild_device(struct sweep_point *point)
{
    const struct device_part *part = &point->grid->parts.devices[point->device_index];
    struct findings findings;
    findings_open(&findings, &point->device_arena);
    point->device = part->raw;
    store_axes(point, OVERRIDE_DEVICE, &point->device);
    check_device_is_usable(&findings.reader, part->root, &point->device);
    point->device_reason = findings_reason(&findings);
    if (!part->lender_count)
        return;
    for (int i = 0; i < part->lender_count; i++) {
        point->lender_list[i] = NULL;
        if (!part->lenders[i])
            continue;
        point->lenders[i] = *part->lenders[i];
        store_axes(point, OVERRIDE_DEVICE, &point->lenders[i]); /* as -s does */
        point->lender_list[i] = &point->lenders[i];
    }
    borrow_from_lenders(&point->device, point->fits, point->lender_list, part->lender_count);
}

/* Another engine fills in other keys: the what-if begins with them, axes go on top. */
static void change_engine(struct sweep_point *point)
{
    const struct axes *axes = &point->grid->axes;
    for (int g = 0; g < axes->group_count; g++) {
        int last = axes->groups[g].first + axes->groups[g].size - 1;
        if (point->grid->engine_axis >= axes->groups[g].first && point->grid->engine_axis <= last)
            point->config = point->grid->engines[point->digits[g]];
    }
    point->config.engine.deviation = point->grid->parts.config.engine.deviation;
    store_axes(point, OVERRIDE_CONFIG, &point->config);
}

void point_move(struct sweep_point *point, int64_t index)
{
    const struct axes *axes = &point->grid->axes;
    unsigned before = point->changes;
    bool is_first = point->index < 0;
    int64_t rest = index;
    bool is_other_engine = false;
    point->changes = 0;
    for (int g = axes->group_count - 1; g >= 0; g--) {
        const struct axis_group *group = &axes->groups[g];
        int64_t digit = rest % group->count;
        rest /= group->count;
        if (!is_first && digit == point->digits[g])
            continue;
        point->digits[g] = digit;
        is_other_engine =
            is_other_engine || (point->grid->engine_axis >= group->first &&
                                point->grid->engine_axis < group->first + group->size);
        for (int a = group->first; a < group->first + group->size; a++)
            set_axis(point, a, digit);
    }
    if (is_other_engine)
        change_engine(point);
    if (is_first)
        point->changes = CHANGED_WORKLOAD | CHANGED_CONFIG | CHANGED_MODEL | CHANGED_DEVICE;
    if (point->changes & CHANGED_MODEL) {
        load_resolve_levers(&point->grid->parts, &point->config.levers);
        rebuild_model(point);
    }
    if (point->changes & CHANGED_DEVICE)
        rebuild_device(point);
    point->changes |= before;
    point->index = index;
    point->is_prepared = false;
}

/* The run is ready: what the memo holds of earlier points stays where nothing changed for it. */
static void keep_memo(struct sweep_point *point)
{
    point->memo.has_prefill = point->memo.has_prefill && point->keeps_prefill;
    point->memo.has_decode = point->memo.has_decode && point->keeps_decode;
    point->has_floor = point->has_floor && point->keeps_decode;
    point->changes = 0;
    point->keeps_prefill = true;
    point->keeps_decode = true;
    point->is_prepared = true;
}

bool point_prepare(struct sweep_point *point)
{
    if (point->is_prepared)
        return true;
    point->reason = point->model_reason ? point->model_reason : point->device_reason;
    if (point->reason)
        return false;
    point->run = load_run(&point->config, &point->model, &point->device);
    struct findings findings;
    findings_open(&findings, &point->arena);
    check_run(&findings.reader, point->grid->parts.root, &point->run);
    point->reason = findings_reason(&findings);
    if (point->reason)
        return false;
    if (point->changes & ~(unsigned)CHANGED_WORKLOAD) {
        predictor_update(&point->room, &point->run, point->changes);
        point->keeps_prefill = false;
        point->keeps_decode = false;
    }
    keep_memo(point);
    return true;
}

double point_tpot_floor(struct sweep_point *point)
{
    if (!point->has_floor)
        point->tpot_floor_s = static_batch_tpot_floor(&point->room.predictor, &point->memo);
    point->has_floor = true;
    return point->tpot_floor_s;
}

double point_ttft(struct sweep_point *point)
{
    return static_batch_ttft(&point->room.predictor, &point->memo, &point->scratch);
}

struct memory_fit point_memory(struct sweep_point *point)
{
    return memory_fit(&point->run, &point->room.layout);
}

static void forget_result(struct sweep_point *point)
{
    point->status = POINT_INVALID;
    for (int i = 0; i < point->value_count; i++)
        point->values[i].number = (double)NAN;
}

/* Words of a point that can't run: what it was meant to be. */
static const char *meant_word(const struct sweep_point *point, int index)
{
    const struct parts *parts = &point->grid->parts;
    return index == 0   ? parts->models[point->model_index].raw.id
           : index == 1 ? parts->devices[point->device_index].raw.id
                        : NULL;
}

void point_words(const struct sweep_point *point, const char *words[YIELD_WORDS_MAX])
{
    if (point->status != POINT_INVALID && !point->server) {
        result_words(&point->result, words);
        return;
    }
    for (int i = 0; i < YIELD_WORDS_MAX; i++)
        words[i] = meant_word(point, i);
    if (point->server && point->status != POINT_INVALID) {
        words[2] = result_origin(&point->room.rates);
        words[3] = point->status == POINT_OOM ? "no" : "yes";
    }
}

void point_counts(const struct sweep_point *point, int64_t counts[YIELD_COUNTS_MAX])
{
    if (point->server) {
        point_server_counts(point, counts);
        return;
    }
    if (point->status != POINT_INVALID) {
        result_counts(&point->run, counts);
        return;
    }
    counts[0] = point->config.hardware.count;
    counts[1] = point->config.workload.batch;
    counts[2] = point->config.workload.input_tokens;
    counts[3] = point->config.workload.output_tokens;
    counts[4] = point->config.deploy.tp;
    counts[5] = point->config.deploy.pp;
    counts[6] = point->config.deploy.dp;
    counts[7] = point->config.deploy.ep;
}

enum point_status point_predict(struct sweep_point *point)
{
    if (!point_prepare(point)) {
        forget_result(point);
        return point->status;
    }
    if (point->server)
        return point->status = point_server_play(point);
    point->result = (struct result){
        .run = &point->run,
        .prediction =
            static_batch_predict_next(&point->room.predictor, &point->memo, &point->scratch),
        .limits = memory_limits(&point->run, &point->room.layout),
        .params_total = point->params_total,
        .params_active = point->params_active,
        .math =
            point->room.rates.kernels[KERNEL_GEMM][format_math(point->config.precision.activations)]
                .math,
        .origin = result_origin(&point->room.rates),
    };
    point->value_count = result_values(&point->result, point->values);
    point->status = point->result.prediction.memory.fits ? POINT_OK : POINT_OOM;
    return point->status;
}

bool point_is_kept(const struct sweep_point *point)
{
    const struct expression *where = point->grid->where;
    return !where || expression_holds(where, names_value, point);
}
