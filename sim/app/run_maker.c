#include "app/run_maker.h"

#include "conf/check.h"
#include "conf/engine_preset.h"

#include <string.h>

/* Models that nobody has a file for are no mistake of the user: NULL without a message. */
static const struct model *find_model(struct run_maker *maker, const char *id)
{
    for (int i = 0; i < maker->model_count; i++)
        if (strcmp(maker->models[i].id, id) == 0)
            return maker->models[i].model;
    if (maker->model_count == (int)(sizeof maker->models / sizeof *maker->models))
        return NULL;
    struct diags quiet;
    diags_init(&quiet, &maker->session->arena);
    struct loader loader = maker->session->loader;
    loader.diags = &quiet;
    const struct model *model = load_model(&loader, id, ".", (struct place){.source = "-s"});
    maker->models[maker->model_count].id = id;
    maker->models[maker->model_count++].model = model;
    return model;
}

/* Stands for names that -s didn't give: no file can be called so. */
static const char nameless[] = "-";

/* Reads -s options into a what-if that has nothing else. */
void run_maker_init(struct run_maker *maker, struct session *session)
{
    *maker = (struct run_maker){.session = session};
    struct reader reader = {.arena = &session->arena, .diags = &session->diags};
    struct place place = {.source = "-s"};
    struct node *tree = node_new_mapping(&session->arena, place);
    for (int i = 0; i < session->loader.override_count; i++)
        if (session->loader.overrides[i].target == OVERRIDE_CONFIG)
            override_apply(&reader, tree, config_fields, &session->loader.overrides[i]);
    static const char *const needed[] = {"model", "hardware"};
    for (int i = 0; i < 2; i++) {
        struct node *name = arena_alloc(&session->arena, sizeof *name);
        *name = (struct node){.kind = NODE_SCALAR, .place = place, .text = nameless};
        if (!node_member(tree, needed[i]))
            node_set(&session->arena, tree, needed[i], name);
    }
    schema_set_defaults(&reader, config_fields, &maker->config);
    schema_read(&reader, tree, config_fields, &maker->config);
    maker->tree = tree;
}

static bool is_set(const struct run_maker *maker, const char *path)
{
    return schema_has(maker->tree, path);
}

static const char *given_model(const struct run_maker *maker)
{
    const struct name_list *names = &maker->config.models;
    return names->count > 0 && strcmp(names->names[0], nameless) != 0 ? names->names[0] : NULL;
}

static const struct workload *fill_workload(const struct run_maker *maker,
                                            struct workload *workload)
{
    const struct workload *given = &maker->config.workload;
    if (is_set(maker, "workload.batch"))
        workload->batch = given->batch;
    if (is_set(maker, "workload.input"))
        workload->input_tokens = given->input_tokens;
    if (is_set(maker, "workload.output"))
        workload->output_tokens = given->output_tokens;
    bool is_whole =
        workload->batch > 0 && workload->input_tokens > 0 && workload->output_tokens > 0;
    return is_whole ? workload : NULL;
}

/* The model with the hyper-parameters that the run changed. */
static const struct model *changed_model(struct run_maker *maker, const struct model *model,
                                         const struct model_variant *changed)
{
    bool is_changed = changed->layers > 0 || changed->experts > 0 || changed->top_k > 0 ||
                      changed->expert_ffn > 0;
    if (!model || !is_changed)
        return model;
    struct model *copy = arena_alloc(&maker->session->arena, sizeof *copy);
    *copy = *model;
    model_change(copy, changed);
    return copy;
}

/* What engines/ says about the host times of a program. */
static struct engine_options read_program(struct run_maker *maker, const char *program)
{
    struct arena *arena = &maker->session->arena;
    struct reader reader = {.arena = arena, .diags = &maker->session->diags};
    struct place place = {.source = "engines"};
    struct node *name = arena_alloc(arena, sizeof *name);
    *name = (struct node){.kind = NODE_SCALAR, .place = place, .text = program};
    struct node *engine = node_new_mapping(arena, place);
    struct node *root = node_new_mapping(arena, place);
    node_set(arena, engine, "program", name);
    node_set(arena, root, "engine", engine);
    engine_preset_apply(&maker->session->loader, root, ".");
    struct engine_options options = {0};
    schema_set_defaults(&reader, engine_fields, &options);
    schema_read(&reader, engine, engine_fields, &options);
    return options;
}

static const struct engine_options *find_program(struct run_maker *maker, const char *program)
{
    int i = 0;
    while (i < maker->program_count && strcmp(maker->programs[i].program, program) != 0)
        i++;
    if (i == RUN_MAKER_PROGRAMS)
        return &maker->config.engine;
    if (i == maker->program_count)
        maker->programs[maker->program_count++] = read_program(maker, program);
    return &maker->programs[i];
}

/* Host times of the program that ran; what -s says wins. */
static void fill_program(struct run_maker *maker, const char *program, struct run *run)
{
    const struct engine_options *options = find_program(maker, program);
    if (!is_set(maker, "engine.host_step"))
        run->engine.host_step_s = options->host_step_s;
    if (!is_set(maker, "engine.host_request"))
        run->engine.host_request_s = options->host_request_s;
    if (!is_set(maker, "engine.operator_time"))
        run->engine.operator_s = options->operator_s;
}

static void fill_engine(struct run_maker *maker, const struct run_sample *sample, struct run *run)
{
    const struct precision *given = &maker->config.precision;
    run->engine = maker->config.engine;
    run->routing = maker->config.routing;
    run->precision = sample->precision;
    if (!is_set(maker, "engine.launch"))
        run->engine.launch = sample->launch;
    if (sample->program && !is_set(maker, "engine.program"))
        fill_program(maker, sample->program, run);
    if (!is_set(maker, "engine.arithmetic"))
        run->engine.arithmetic = sample->arithmetic;
    if (!is_set(maker, "engine.threads"))
        run->engine.threads = sample->threads;
    if (!is_set(maker, "engine.batched_tokens") && sample->batched_tokens > 0)
        run->engine.batched_tokens = sample->batched_tokens;
    if (is_set(maker, "precision.weights"))
        run->precision.weights = given->weights;
    if (is_set(maker, "precision.activations"))
        run->precision.activations = given->activations;
    if (is_set(maker, "precision.kv_cache"))
        run->precision.kv_cache = given->kv_cache;
}

static void fill_deploy(const struct run_sample *sample, struct run *run)
{
    struct deploy *deploy = &run->deploy;
    *deploy = deploy_resolved(&sample->deploy);
    if (run->device->kind == DEVICE_WAFER)
        deploy->tp = 1;
    else if (sample->deploy.tp == 0)
        deploy->tp = sample->devices / (deploy->pp * deploy->dp);
}

const char *run_maker_complete(struct run_maker *maker, const struct run_sample *sample,
                               const struct device *device, struct run *run)
{
    const char *model_id = given_model(maker) ? given_model(maker) : sample->model;
    *run = (struct run){.workload = sample->workload, .device_count = sample->devices};
    if (!model_id)
        return "the file names no model: say -s model=NAME";
    if (!fill_workload(maker, &run->workload))
        return "batch or lengths are missing: say -s workload.batch=N, workload.input=N, "
               "workload.output=N";
    run->device = device;
    run->model = changed_model(maker, find_model(maker, model_id), &sample->changed);
    if (!run->model)
        return "no model file for that model";
    fill_deploy(sample, run);
    fill_engine(maker, sample, run);
    struct diags quiet;
    diags_init(&quiet, &maker->session->arena);
    struct reader reader = {.arena = &maker->session->arena, .diags = &quiet};
    check_run(&reader, maker->tree, run);
    return quiet.error_count ? "the device can't run it so (formats, heads, or too long)" : NULL;
}
