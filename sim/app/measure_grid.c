#include "app/measure_grid.h"

#include "conf/quantity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct option_row measure_grid_options[] = {
    {"mode",                                     'm', "performance|profile", "whole phases (default), or operator by operator"},
    {"weights",                     'w', "LIST", "fp32, bf16, q8_0, q4_0 (default bf16; a checkpoint: its own)"},
    {"kv-cache",                                          0, "bf16|fp32", "format of the KV cache (default bf16)"},
    {"threads",                   't', "LIST", "threads (default: all cores)"},
    {"batch",   'b', "LIST", "requests that run together (default 1)"},
    {"prompt",                                 'p', "LIST", "prompt tokens per request (default 128)"},
    {"depth",                               0, "LIST", "tokens in the context when decoding starts (0, the default: the prompt)"},
    {"generate",                                          'g', "N", "timed decode steps (default 16)"},
    {"chunk",                     0, "N", "most tokens in one step (default 512)"},
    {"most-tokens",            0, "N", "leave out cases with more prompt tokens in all (default 8192)"},
    {"cases",                                    0, "N", "measure N cases per model, format and threads, chosen by --seed"},
    {"seed",                                    0, "N", "of weights, tokens and --cases (default 1)"},
    {"time",                                          0, "TIME", "time per case and phase (default 1s)"},
    {"layers",       0, "LIST", "cut the model to so many layers"},
    {"experts", 0, "LIST", "change the number of routed experts"},
    {"top-k",                                    0, "LIST", "change the experts per token"},
    {"expert-ffn",                                    0, "LIST", "change the width of an expert"},
    {"skew",                                          0, "X", "bias the router: the i-th expert's score is lowered by X ln i"},
    {"per-layer",0, NULL, "profile: a row per layer instead of means"},
    {"resume",         0, NULL, "keep the rows that -o FILE has, and measure the rest"},
    {"output",                                    'o', "FILE", "trace to write (default: standard output); saved after every case"},
    {"set",                                       's', "KEY=VALUE", "override a key of the model"},
    {0                                         },
};

static bool complain(const char *option, const char *value, const char *takes)
{
    fprintf(stderr, "tokenroof measure: --%s takes %s, not '%s'\n", option, takes, value);
    return false;
}

/* Whole numbers from `low` on, with commas between them. */
static bool read_list(const struct options *options, const char *name, int64_t low,
                      int64_t fallback, struct count_list *list)
{
    const char *text = options_value(options, name);
    *list = (struct count_list){{fallback}, 1};
    if (!text)
        return true;
    list->count = 0;
    for (const char *at = text;;) {
        char *end = NULL;
        int64_t value = strtoll(at, &end, 10);
        if (end == at || (*end && *end != ',') || value < low || value > 1000000 ||
            list->count == GRID_LIST_MAX)
            return complain(name, text, "whole numbers such as 1,2,4");
        list->values[list->count++] = value;
        if (!*end)
            return true;
        at = end + 1;
    }
}

static bool read_count(const struct options *options, const char *name, int64_t low,
                       int64_t fallback, int64_t *value)
{
    struct count_list list;
    if (!read_list(options, name, low, fallback, &list))
        return false;
    *value = list.values[0];
    return list.count == 1 || complain(name, options_value(options, name), "one whole number");
}

static bool read_formats(const struct options *options, struct measure_grid *grid)
{
    const char *text = options_value(options, "weights");
    grid->has_weights = text != NULL;
    const char *all = text ? text : "bf16";
    while (*all) {
        size_t length = strcspn(all, ",");
        int format = 0;
        while (format < FORMAT_COUNT && (strlen(format_names[format]) != length ||
                                         strncmp(format_names[format], all, length) != 0))
            format++;
        if (format == FORMAT_COUNT || grid->weight_count == GRID_LIST_MAX)
            return complain("weights", text, "formats such as fp32,bf16,q8_0,q4_0");
        grid->weights[grid->weight_count++] = (enum format)format;
        all += length + (all[length] == ',');
    }
    const char *cache = options_value(options, "kv-cache");
    grid->kv_cache = cache && strcmp(cache, "fp32") == 0 ? FORMAT_FP32 : FORMAT_BF16;
    return grid->weight_count > 0 || complain("weights", text, "formats such as bf16");
}

static bool read_numbers(const struct options *options, struct arena *arena,
                         struct measure_grid *grid)
{
    const char *suggestion = NULL;
    const char *time = options_value(options, "time");
    const char *skew = options_value(options, "skew");
    const char *mode = options_value(options, "mode");
    char *end = NULL;
    grid->limit_s = 1.0;
    grid->is_profile = mode && strcmp(mode, "profile") == 0;
    if (time && quantity_parse(arena, time, DIM_SECOND, &grid->limit_s, &suggestion) != QUANTITY_OK)
        return complain("time", time, "a time such as 500ms");
    grid->skew = skew ? strtod(skew, &end) : 0.0;
    if (skew && (end == skew || *end || !(grid->skew >= 0.0 && grid->skew <= 100.0)))
        return complain("skew", skew, "a number from 0 to 100");
    return true;
}

bool measure_grid_read(struct measure_grid *grid, const struct options *options,
                       struct arena *arena)
{
    int64_t seed = 1;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    *grid = (struct measure_grid){.model_count = 0};
    bool is_fine = read_formats(options, grid) &&
                   read_list(options, "threads", 1, cores > 0 ? cores : 1, &grid->threads) &&
                   read_list(options, "batch", 1, 1, &grid->batches) &&
                   read_list(options, "prompt", 1, 128, &grid->prompts) &&
                   read_list(options, "depth", 0, 0, &grid->depths) &&
                   read_list(options, "layers", 1, 0, &grid->layers) &&
                   read_list(options, "experts", 1, 0, &grid->experts) &&
                   read_list(options, "top-k", 1, 0, &grid->top_ks) &&
                   read_list(options, "expert-ffn", 1, 0, &grid->expert_ffns) &&
                   read_count(options, "generate", 1, 16, &grid->generated) &&
                   read_count(options, "chunk", 1, 512, &grid->chunk_tokens) &&
                   read_count(options, "most-tokens", 1, 8192, &grid->most_tokens) &&
                   read_count(options, "cases", 1, 0, &grid->sampled) &&
                   read_count(options, "seed", 0, 1, &seed) && read_numbers(options, arena, grid);
    grid->seed = (uint64_t)seed;
    for (int i = 0; is_fine && i < grid->threads.count; i++)
        if (grid->threads.values[i] > cores) {
            fprintf(stderr, "tokenroof measure: %lld threads on %ld cores\n",
                    (long long)grid->threads.values[i], cores);
            is_fine = false;
        }
    return is_fine;
}

/* The tensors of a file have the shapes that they have. */
static const struct model *load_checkpoint(struct measure_grid *grid, int i,
                                           const struct options *options,
                                           const struct loader *loader)
{
    static const char *const variants[] = {"layers", "experts", "top-k", "expert-ffn", "set"};
    struct gguf *checkpoint = &grid->checkpoints[i];
    const char *path = options->arguments[i];
    struct place place = {.source = "command line"};
    for (size_t v = 0; v < sizeof variants / sizeof *variants; v++)
        if (options_count(options, variants[v]) > 0)
            diag_add(loader->diags, SEVERITY_ERROR, place,
                     "--%s changes a model: that needs random weights, not those of %s",
                     variants[v], path);
    if (!checkpoint_open(loader, path, checkpoint))
        return NULL;
    if (!checkpoint_is_shipped(loader, checkpoint)) {
        diag_add(loader->diags, SEVERITY_WARNING, place,
                 "models/ has no model with the dimensions of %s: rows call it %s", path,
                 checkpoint->model.id);
        diag_hint(loader->diags, "to predict it: tokenroof import %s -o models/%s.yaml", path,
                  checkpoint->model.id);
    }
    return &checkpoint->model;
}

void measure_grid_load(struct measure_grid *grid, const struct options *options,
                       const struct loader *loader)
{
    struct loader own = *loader;
    for (int i = 0; i < options->argument_count && i < GRID_LIST_MAX; i++) {
        struct place place = {.source = "command line"};
        const char *name = options->arguments[i];
        grid->models[i] = checkpoint_is_named(name) ? load_checkpoint(grid, i, options, &own)
                                                    : load_model(&own, name, ".", place);
        grid->model_count += grid->models[i] != NULL;
    }
}

void measure_grid_close(struct measure_grid *grid)
{
    for (int i = 0; i < GRID_LIST_MAX; i++)
        if (grid->checkpoints[i].bytes)
            gguf_close(&grid->checkpoints[i]);
}

int64_t measure_grid_groups(const struct measure_grid *grid)
{
    return (int64_t)grid->model_count * grid->layers.count * grid->experts.count *
           grid->top_ks.count * grid->expert_ffns.count * grid->weight_count * grid->threads.count;
}

/* Takes the last digit of a number in mixed radix. */
static int64_t digit(int64_t *index, int count)
{
    int64_t value = *index % count;
    *index /= count;
    return value;
}

static uint64_t hash(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Keeps the `most` cases with the smallest hashes, in their order. */
static int64_t thin_out(struct measure_case *cases, int64_t count, int64_t most, uint64_t seed)
{
    int64_t kept = 0;
    if (most == 0 || count <= most)
        return count;
    for (int64_t i = 0; i < count; i++) {
        int64_t before = 0;
        for (int64_t k = 0; k < count; k++)
            before += hash(seed + (uint64_t)k) < hash(seed + (uint64_t)i);
        if (before < most)
            cases[kept++] = cases[i];
    }
    return kept;
}

static void set_cases(const struct measure_grid *grid, struct arena *arena, int64_t index,
                      struct measure_group *group)
{
    int64_t all = (int64_t)grid->batches.count * grid->prompts.count * grid->depths.count;
    struct measure_case *cases = arena_array(arena, (size_t)all, sizeof *cases);
    for (int64_t i = 0; i < all; i++) {
        int64_t rest = i;
        struct measure_case c = {.generated = grid->generated};
        c.batch = grid->batches.values[digit(&rest, grid->batches.count)];
        c.prompt = grid->prompts.values[digit(&rest, grid->prompts.count)];
        c.depth = grid->depths.values[digit(&rest, grid->depths.count)];
        if (c.batch * c.prompt <= grid->most_tokens &&
            measure_context(&c) <= group->model.max_context_tokens)
            cases[group->case_count++] = c;
    }
    group->case_count = thin_out(cases, group->case_count, grid->sampled,
                                 hash(grid->seed * 1000003 + (uint64_t)index));
    group->cases = cases;
    for (int64_t i = 0; i < group->case_count; i++) {
        int64_t context = measure_context(&cases[i]);
        group->batch = cases[i].batch > group->batch ? cases[i].batch : group->batch;
        group->context = context > group->context ? context : group->context;
    }
}

void measure_grid_group(const struct measure_grid *grid, struct arena *arena, int64_t index,
                        struct measure_group *group)
{
    int64_t rest = index;
    *group = (struct measure_group){.case_count = 0};
    group->setup.threads = (int)grid->threads.values[digit(&rest, grid->threads.count)];
    group->setup.weights = grid->weights[digit(&rest, grid->weight_count)];
    group->variant.expert_ffn = grid->expert_ffns.values[digit(&rest, grid->expert_ffns.count)];
    group->variant.top_k = grid->top_ks.values[digit(&rest, grid->top_ks.count)];
    group->variant.experts = grid->experts.values[digit(&rest, grid->experts.count)];
    group->variant.layers = grid->layers.values[digit(&rest, grid->layers.count)];
    group->model = *grid->models[rest];
    if (grid->checkpoints[rest].bytes) {
        group->setup.checkpoint = &grid->checkpoints[rest];
        if (!grid->has_weights)
            group->setup.weights = group->setup.checkpoint->format;
    }
    model_change(&group->model, &group->variant);
    group->setup.model = &group->model;
    group->setup.kv_cache = grid->kv_cache;
    group->setup.chunk_tokens = grid->chunk_tokens;
    group->setup.skew = grid->skew;
    group->setup.seed = grid->seed;
    set_cases(grid, arena, index, group);
}

int64_t measure_grid_cases(const struct measure_grid *grid)
{
    struct arena arena;
    struct measure_group group;
    int64_t cases = 0;
    arena_init(&arena);
    for (int64_t i = 0; i < measure_grid_groups(grid); i++) {
        measure_grid_group(grid, &arena, i, &group);
        cases += group.case_count;
    }
    arena_release(&arena);
    return cases > 0 ? cases : 1;
}
