#include "conf/load.h"

#include "conf/borrow.h"
#include "conf/check.h"
#include "conf/check_lever.h"
#include "conf/engine_preset.h"
#include "conf/histogram.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct reader reader_of(const struct loader *loader)
{
    return (struct reader){.arena = loader->arena,
                           .diags = loader->diags,
                           .overrides = loader->overrides,
                           .override_count = loader->override_count};
}

static bool ends_with_yaml(const char *name)
{
    size_t length = strlen(name);
    return length > 5 && strcmp(name + length - 5, ".yaml") == 0;
}

static bool is_path(const char *name)
{
    return strchr(name, '/') || ends_with_yaml(name);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **load_names(const struct loader *loader, const char *folder, int *count)
{
    enum { FILES_MAX = 4096 };
    const char **names = arena_array(loader->arena, FILES_MAX, sizeof *names);
    *count = 0;
    DIR *listing = opendir(arena_printf(loader->arena, "%s/%s", loader->data_root, folder));
    if (!listing)
        return names;
    for (struct dirent *entry = readdir(listing); entry && *count < FILES_MAX;
         entry = readdir(listing))
        if (ends_with_yaml(entry->d_name))
            names[(*count)++] =
                arena_strndup(loader->arena, entry->d_name, strlen(entry->d_name) - 5);
    closedir(listing);
    qsort(names, (size_t)*count, sizeof *names, compare_names);
    return names;
}

static void report_unknown_name(const struct loader *loader, const char *name, const char *folder,
                                struct place place)
{
    int count = 0;
    const char **names = load_names(loader, folder, &count);
    const char *what = strcmp(folder, "models") == 0 ? "model" : "device";
    diag_add(loader->diags, SEVERITY_ERROR, place, "no %s is called '%s'", what, name);
    const char *near = closest_name(name, names, (size_t)count);
    if (near)
        diag_hint(loader->diags, "did you mean '%s'? `tokenroof list %s` names all %d", near,
                  strcmp(folder, "models") == 0 ? "models" : "hardware", count);
    else
        diag_hint(loader->diags, "`tokenroof list %s` names all %d",
                  strcmp(folder, "models") == 0 ? "models" : "hardware", count);
}

/* "models/x.yaml" → "x" */
static const char *id_of(struct arena *arena, const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    size_t length = strlen(base);
    return arena_strndup(arena, base, ends_with_yaml(base) ? length - 5 : length);
}

static const char *folder_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_strndup(arena, path, (size_t)(slash - path)) : ".";
}

/* A file name with a slip: names its nearest neighbour. */
static void hint_file(const struct loader *loader, const char *path)
{
    if (access(path, F_OK) == 0)
        return;
    const char *slash = strrchr(path, '/');
    struct loader beside = *loader;
    beside.data_root = slash ? folder_of(loader->arena, path) : ".";
    int count = 0;
    const char **names = load_names(&beside, ".", &count);
    const char *near = closest_name(id_of(loader->arena, path), names, (size_t)count);
    if (near)
        diag_hint(loader->diags, "did you mean '%s%s%s.yaml'?", slash ? beside.data_root : "",
                  slash ? "/" : "", near);
}

/* Names from the command line are relative to where the user is, those of a file to its folder. */
static const char *folder_for(struct place place, const char *folder)
{
    return place.line > 0 ? folder : ".";
}

/* Reads the tree of a named or given file and applies the overrides for it. */
static struct node *read_tree(const struct loader *loader, const char *name, const char *folder,
                              const char *kind_folder, struct place place)
{
    struct reader reader = reader_of(loader);
    folder = folder_for(place, folder);
    if (strncmp(name, "./", 2) == 0 && is_path(name + 2))
        name += 2;
    const char *path = is_path(name) && *name != '/' && strcmp(folder, ".") != 0
                           ? arena_printf(loader->arena, "%s/%s", folder, name)
                           : name;
    if (!is_path(name)) {
        int count = 0;
        const char **names = load_names(loader, kind_folder, &count);
        if (!bsearch(&name, names, (size_t)count, sizeof *names, compare_names)) {
            report_unknown_name(loader, name, kind_folder, place);
            return NULL;
        }
        path = arena_printf(loader->arena, "%s/%s/%s.yaml", loader->data_root, kind_folder, name);
    }
    struct node *root = node_read_file(loader->arena, loader->diags, path);
    if (!root)
        hint_file(loader, path);
    bool is_model = strcmp(kind_folder, "models") == 0;
    for (int i = 0; root && i < loader->override_count; i++) {
        const struct override *override = &loader->overrides[i];
        if (override->target == (is_model ? OVERRIDE_MODEL : OVERRIDE_DEVICE))
            override_apply(&reader, root, is_model ? model_fields : device_fields, override);
    }
    return root;
}

const struct model *load_model(const struct loader *loader, const char *name, const char *folder,
                               struct place place)
{
    struct reader reader = reader_of(loader);
    int errors = loader->diags->error_count;
    struct node *root = read_tree(loader, name, folder, "models", place);
    if (!root)
        return NULL;
    struct model *model = arena_alloc(loader->arena, sizeof *model);
    schema_read(&reader, root, model_fields, model);
    model->id = id_of(loader->arena, name);
    if (loader->diags->error_count == errors)
        check_model(&reader, root, model);
    return loader->diags->error_count == errors ? model : NULL;
}

static const struct device *load_device_checked(const struct loader *loader, const char *name,
                                                const char *folder, struct place place,
                                                const struct node **root_out)
{
    struct reader reader = reader_of(loader);
    int errors = loader->diags->error_count;
    struct node *root = read_tree(loader, name, folder, "hwdb", place);
    if (!root)
        return NULL;
    struct device *device = arena_alloc(loader->arena, sizeof *device);
    schema_read(&reader, root, device_fields, device);
    device->id = id_of(loader->arena, name);
    check_device(&reader, root, device);
    *root_out = root;
    return loader->diags->error_count == errors ? device : NULL;
}

const struct device *load_device(const struct loader *loader, const char *name, const char *folder,
                                 struct place place)
{
    const struct node *root = NULL;
    return load_device_checked(loader, name, folder, place, &root);
}

/* The place of the i-th name below `path`: a list points at its member. */
static struct place name_place(const struct node *root, const char *key, int index)
{
    const struct member *member = node_member(root, key);
    if (!member)
        return root->place;
    const struct node *node = member->value;
    if (node->kind == NODE_MAPPING && node_member(node, "device"))
        node = node_member(node, "device")->value;
    if (node->kind != NODE_SEQUENCE)
        return node->place;
    const struct member *item = node->first;
    for (int i = 0; item && i < index; i++)
        item = item->next;
    return item ? item->value->place : node->place;
}

struct run load_run(const struct config *config, const struct model *model,
                    const struct device *device)
{
    struct run run = {
        .model = model,
        .device = device,
        .device_count = config->hardware.count,
        .precision = config->precision,
        .workload = config->workload,
        .deploy = config->deploy,
        .engine = config->engine,
        .routing = config->routing,
    };
    struct deploy *deploy = &run.deploy;
    run.levers = levers_change_nothing(&config->levers) ? NULL : &config->levers;
    run.node_devices = config->hardware.per_node;
    run.network_byte_per_s = config->hardware.network_byte_per_s;
    int64_t others = deploy->pp * deploy->dp;
    if (run.device_count == 0)
        run.device_count = (deploy->tp > 0 ? deploy->tp : 1) * others;
    /* a wafer keeps whole layers; several of them form a pipeline, not a tensor-parallel group */
    if (device->kind == DEVICE_WAFER)
        run.deploy.tp = 1;
    else if (run.deploy.tp == 0)
        run.deploy.tp = run.device_count % others == 0 ? run.device_count / others : 1;
    return run;
}

/* Names → checked models and devices; false when one is missing. */
static bool load_named(const struct loader *loader, const struct node *root, const char *folder,
                       const struct config *config, const struct model **models,
                       const struct device **devices)
{
    struct reader reader = reader_of(loader);
    if (config->models.count > NAMES_MAX || config->hardware.devices.count > NAMES_MAX)
        return false;
    for (int m = 0; m < config->models.count; m++)
        models[m] =
            load_model(loader, config->models.names[m], folder, name_place(root, "model", m));
    for (int d = 0; d < config->hardware.devices.count; d++) {
        const struct node *tree = NULL;
        devices[d] = load_device_checked(loader, config->hardware.devices.names[d], folder,
                                         name_place(root, "hardware", d), &tree);
        if (devices[d]) {
            check_device_is_usable(&reader, tree, devices[d]);
            devices[d] = borrow_fits(loader, devices[d], schema_place(tree, "relatives"));
        }
    }
    return loader->diags->error_count == 0;
}

static const char draft_path[] = "options.speculation.draft";
static const char amateur_path[] = "options.contrastive.amateur";
static const char processor_path[] = "options.host.processor";

bool load_is_lever_name(const char *path)
{
    return strcmp(path, draft_path) == 0 || strcmp(path, amateur_path) == 0 ||
           strcmp(path, processor_path) == 0;
}

void load_lever_name(const struct loader *loader, const char *path, const char *name,
                     const char *config_path, struct place place, struct parts *parts)
{
    const char *folder = folder_of(loader->arena, config_path);
    struct named_part *part = arena_alloc(loader->arena, sizeof *part);
    struct loader plain = *loader;
    plain.override_count = 0;
    *part = (struct named_part){.path = path, .name = name, .next = parts->named};
    if (strcmp(path, processor_path) == 0)
        part->device = load_device(&plain, name, folder, place);
    else
        part->model = load_model(&plain, name, folder, place);
    parts->named = part;
}

void load_resolve_levers(const struct parts *parts, struct levers *levers)
{
    for (const struct named_part *part = parts->named; part; part = part->next) {
        const char *draft = levers->speculation.draft_name;
        const char *amateur = levers->contrastive.amateur_name;
        const char *processor = levers->host.processor_name;
        if (strcmp(part->path, draft_path) == 0 && draft && strcmp(part->name, draft) == 0)
            levers->speculation.draft = part->model;
        if (strcmp(part->path, amateur_path) == 0 && amateur && strcmp(part->name, amateur) == 0)
            levers->contrastive.amateur = part->model;
        if (strcmp(part->path, processor_path) == 0 && processor &&
            strcmp(part->name, processor) == 0)
            levers->host.processor = part->device;
    }
}

/* Models and devices that levers name. */
static void load_lever_parts(const struct loader *loader, const struct node *root,
                             const char *folder, struct levers *levers)
{
    struct speculation *speculation = &levers->speculation;
    struct contrastive *contrastive = &levers->contrastive;
    struct host *host = &levers->host;
    struct loader plain = *loader; /* -s model.… and device.… are for the run's own */
    struct place draft = schema_place(root, draft_path);
    struct place amateur = schema_place(root, amateur_path);
    struct place processor = schema_place(root, processor_path);
    plain.override_count = 0;
    if (speculation->draft_name)
        speculation->draft =
            load_model(&plain, speculation->draft_name, folder_for(draft, folder), draft);
    if (contrastive->amateur_name)
        contrastive->amateur =
            load_model(&plain, contrastive->amateur_name, folder_for(amateur, folder), amateur);
    if (host->processor_name)
        host->processor =
            load_device(&plain, host->processor_name, folder_for(processor, folder), processor);
}

/* Checks levers against the models and pulls those that change the models themselves. */
static void prune_models(const struct loader *loader, const struct node *root,
                         const struct levers *levers, const struct model **models, size_t count)
{
    struct reader reader = reader_of(loader);
    for (size_t m = 0; m < count; m++) {
        check_expert_levers(&reader, root, levers, models[m]);
        if (!pruning_is_set(&levers->pruning))
            continue;
        struct model *pruned = arena_alloc(loader->arena, sizeof *pruned);
        *pruned = levers_prune(models[m], &levers->pruning);
        models[m] = pruned;
    }
}

/* A trace is named relative to the what-if; with -s, to where the user is. */
static const char *trace_path(const struct loader *loader, const char *folder, struct place place,
                              const char *file)
{
    folder = folder_for(place, folder);
    if (file && *file != '/' && strcmp(folder, ".") != 0)
        return arena_printf(loader->arena, "%s/%s", folder, file);
    return file;
}

const char *load_trace_path(const struct loader *loader, const char *config_path,
                            struct place place, const char *file)
{
    return trace_path(loader, folder_of(loader->arena, config_path), place, file);
}

static void find_trace(const struct loader *loader, const char *folder, struct place place,
                       struct trace_spec *trace)
{
    trace->file = trace_path(loader, folder, place, trace->file);
}

static void find_traces(const struct loader *loader, const char *folder, const struct node *root,
                        struct config *config)
{
    find_trace(loader, folder, schema_place(root, "serving.arrivals.file"),
               &config->serving.load.arrivals.trace);
    find_trace(loader, folder, schema_place(root, "serving.lengths.trace"),
               &config->serving.load.lengths.trace);
    config->serving.load.lengths.trace.repeat = 1;
    config->serving.load.seed = config->seed;
    config->serving.server.seed = config->seed;
}

struct node *load_tree(const struct loader *loader, const char *path)
{
    struct node *root = node_read_file(loader->arena, loader->diags, path);
    if (!root)
        hint_file(loader, path);
    return root;
}

static void read_config(const struct loader *loader, struct node *root, const char *folder,
                        struct config *config)
{
    struct reader reader = reader_of(loader);
    for (int i = 0; i < loader->override_count; i++)
        if (loader->overrides[i].target == OVERRIDE_CONFIG)
            override_apply(&reader, root, config_fields, &loader->overrides[i]);
    engine_preset_apply(loader, root, folder);
    schema_read(&reader, root, config_fields, config);
    if (root->kind != NODE_MAPPING)
        return;
    check_config(&reader, root, config);
    check_serving(&reader, root, &config->serving);
    struct place file = schema_place(root, "routing.file");
    if (config->routing.file && config->routing.kind == ROUTING_HISTOGRAM)
        histogram_read(&reader, folder_for(file, folder), file, &config->routing);
    load_lever_parts(loader, root, folder, &config->levers);
    find_traces(loader, folder, root, config);
}

void load_config(const struct loader *loader, struct node *root, const char *path,
                 struct config *config)
{
    read_config(loader, root, folder_of(loader->arena, path), config);
}

static void read_model_part(const struct loader *loader, const char *name, const char *folder,
                            struct place place, struct model_part *part)
{
    struct reader reader = reader_of(loader);
    struct node *root = read_tree(loader, name, folder, "models", place);
    if (root)
        schema_read(&reader, root, model_fields, &part->raw);
    part->root = root;
    part->raw.id = id_of(loader->arena, name);
}

static void read_device_part(const struct loader *loader, const char *name, const char *folder,
                             struct place place, struct device_part *part)
{
    const struct device *device = load_device_checked(loader, name, folder, place, &part->root);
    if (!device)
        return;
    part->raw = *device;
    if (device->kind != DEVICE_GPU)
        return;
    part->lender_count = device->relative_count;
    part->lenders =
        arena_array(loader->arena, (size_t)device->relative_count + 1, sizeof *part->lenders);
    for (int i = 0; i < device->relative_count; i++)
        part->lenders[i] =
            load_device(loader, device->relatives[i], ".", schema_place(part->root, "relatives"));
}

bool load_parts(const struct loader *loader, struct node *root, const char *path,
                struct parts *parts)
{
    const char *folder = folder_of(loader->arena, path);
    struct config *config = &parts->config;
    *parts = (struct parts){.root = root};
    read_config(loader, root, folder, config);
    if (root->kind != NODE_MAPPING || config->models.count > NAMES_MAX ||
        config->hardware.devices.count > NAMES_MAX)
        return false;
    parts->models =
        arena_array(loader->arena, (size_t)config->models.count + 1, sizeof *parts->models);
    parts->devices = arena_array(loader->arena, (size_t)config->hardware.devices.count + 1,
                                 sizeof *parts->devices);
    for (int m = 0; m < config->models.count; m++)
        read_model_part(loader, config->models.names[m], folder, name_place(root, "model", m),
                        &parts->models[m]);
    for (int d = 0; d < config->hardware.devices.count; d++)
        read_device_part(loader, config->hardware.devices.names[d], folder,
                         name_place(root, "hardware", d), &parts->devices[d]);
    return loader->diags->error_count == 0;
}

bool load_plan(const struct loader *loader, const char *path, struct plan *plan)
{
    struct reader reader = reader_of(loader);
    struct node *root = load_tree(loader, path);
    struct config *config =
        arena_alloc(loader->arena, sizeof *config); /* runs point at its levers */
    if (!root)
        return false;
    read_config(loader, root, folder_of(loader->arena, path), config);
    size_t model_count = (size_t)config->models.count;
    size_t device_count = (size_t)config->hardware.devices.count;
    const struct model **models = arena_array(loader->arena, model_count + 1, sizeof *models);
    const struct device **devices = arena_array(loader->arena, device_count + 1, sizeof *devices);
    if (root->kind != NODE_MAPPING ||
        !load_named(loader, root, folder_of(loader->arena, path), config, models, devices))
        return false;
    prune_models(loader, root, &config->levers, models, model_count);
    if (loader->diags->error_count)
        return false;
    struct run *runs = arena_array(loader->arena, model_count * device_count, sizeof *runs);
    int count = 0;
    for (size_t m = 0; m < model_count; m++)
        for (size_t d = 0; d < device_count; d++) {
            runs[count] = load_run(config, models[m], devices[d]);
            check_run(&reader, root, &runs[count++]);
        }
    check_config_is_used(&reader, root, config, runs, count);
    if (loader->diags->error_count)
        return false;
    *plan = (struct plan){config->title, *config, root, runs, count};
    return true;
}
