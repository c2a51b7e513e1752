/* Random sweeps over shipped models and devices, written out and loaded. */
#ifndef TOKENROOF_TESTS_SWEEP_GRIDS_H
#define TOKENROOF_TESTS_SWEEP_GRIDS_H

#include "check.h"
#include "fixtures.h"
#include "sweep/grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POOL_VALUES = 5, TRIAL_AXES = 12 };

/** An axis that a sweep may have. */
struct pool_axis {
    const char *key;
    const char *values[POOL_VALUES]; /**< up to a NULL */
};

static const struct pool_axis pool[] = {
    {"model",                           {"llama-3.1-8b", "olmoe-1b-7b", "gemma-2-9b", "deepseek-v2-lite", "smollm2-135m"}},
    {"hardware.device",                 {"h100-sxm", "xeon-8480", "a10", "mi300x", "cs-3"}                               },
    {"hardware.count",                  {"4", "8", "1", "16"}                                                            },
    {"deploy.tp",                       {"0", "1", "4"}                                                                  },
    {"deploy.pp",                       {"1", "2"}                                                                       },
    {"deploy.dp",                       {"1", "4"}                                                                       },
    {"deploy.ep",                       {"1", "2", "8"}                                                                  },
    {"deploy.exchange",                 {"gather", "top_k", "dedup", "auto"}                                             },
    {"deploy.placement",                {"linear", "eplb"}                                                               },
    {"deploy.redundant_experts",        {"0", "16"}                                                                      },
    {"deploy.micro_batches",            {"0", "3"}                                                                       },
    {"deploy.overlap",                  {"none", "two_batch"}                                                            },
    {"engine.launch",                   {"graph", "eager", "compiled"}                                                   },
    {"engine.mla",                      {"auto", "absorbed", "naive"}                                                    },
    {"engine.attention",                {"flash", "naive"}                                                               },
    {"engine.moe",                      {"fused", "unfused"}                                                             },
    {"engine.threads",                  {"0", "1", "7", "32"}                                                            },
    {"engine.batched_tokens",           {"512", "8192", "3000"}                                                          },
    {"engine.memory_utilization",       {"0.9", "0.3"}                                                                   },
    {"engine.host_step",                {"0", "2 ms"}                                                                    },
    {"engine.host_request",             {"0", "75 us"}                                                                   },
    {"engine.operator_time",            {"0", "28 us"}                                                                   },
    {"precision.weights",               {"bf16", "fp8", "int8", "int4_g128"}                                             },
    {"precision.kv_cache",              {"bf16", "fp8"}                                                                  },
    {"routing.kind",                    {"uniform", "zipf"}                                                              },
    {"routing.skew",                    {"0", "1.2"}                                                                     },
    {"model.layers",                    {"8", "26", "27"}                                                                },
    {"model.hidden",                    {"2048", "4096"}                                                                 },
    {"model.vocab",                     {"32000", "128256"}                                                              },
    {"device.memory.bandwidth",         {"300 GB/s", "4 TB/s"}                                                           },
    {"device.memory.capacity",          {"24 GB", "141 GB"}                                                              },
    {"options.pruning.intra_expert",    {"0", "0.5"}                                                                     },
    {"options.kv_budget.keep",          {"0", "256"}                                                                     },
    {"options.speculation.method",      {"none", "self", "mtp"}                                                          },
    {"options.speculation.exit_layer",  {"4", "6"}                                                                       },
    {"options.beam.width",              {"1", "4"}                                                                       },
    {"options.contrastive.method",      {"none", "twice", "batched"}                                                     },
    {"options.expert_offload.resident", {"1", "0.5"}                                                                     },
    {"options.streaming.resident",      {"1", "0.25"}                                                                    },
    {"options.lora.adapters",           {"0", "2"}                                                                       },
    {"workload.batch",                  {"1", "3", "64", "700"}                                                          },
    {"workload.input",                  {"1", "100", "2000", "9001"}                                                     },
    {"workload.output",                 {"1", "2", "37", "800"}                                                          },
};
enum { POOL_AXES = sizeof pool / sizeof *pool };

/** A random sweep. */
struct trial {
    struct arena arena;
    struct diags diags;
    struct loader loader;
    const struct pool_axis *axes[TRIAL_AXES];
    int axis_count;
    const char *path; /**< of its base config */
    struct grid grid;
    bool is_loaded;
};

static inline const struct pool_axis *pool_find(const char *key)
{
    for (int i = 0; i < POOL_AXES; i++)
        if (strcmp(pool[i].key, key) == 0)
            return &pool[i];
    return NULL;
}

static inline int pool_count(const struct pool_axis *axis)
{
    int count = 0;
    while (count < POOL_VALUES && axis->values[count])
        count++;
    return count;
}

/** Different axes of the pool in random order; lengths and batch are among them. */
static inline void choose_axes(struct random *random, int wanted, struct trial *trial)
{
    bool is_used[POOL_AXES] = {false};
    trial->axis_count = 0;
    for (int i = POOL_AXES - 3; i < POOL_AXES; i++)
        is_used[i] = true;
    for (int left = wanted - 3; left > 0;) {
        int64_t i = random_count(random, 0, POOL_AXES - 1);
        if (is_used[i])
            continue;
        is_used[i] = true;
        left--;
        trial->axes[trial->axis_count++] = &pool[i];
    }
    for (int i = POOL_AXES - 3; i < POOL_AXES; i++) {
        int64_t at = random_count(random, 0, trial->axis_count);
        memmove(&trial->axes[at + 1], &trial->axes[at],
                (size_t)(trial->axis_count - at) * sizeof *trial->axes);
        trial->axes[at] = &pool[i];
        trial->axis_count++;
    }
}

static inline void trial_load(struct trial *trial)
{
    struct override overrides[TRIAL_AXES];
    struct reader reader = {.arena = &trial->arena, .diags = &trial->diags};
    for (int i = 0; i < trial->axis_count; i++) {
        struct text text;
        text_init(&text);
        text_addf(&text, "%s=[", trial->axes[i]->key);
        for (int v = 0; v < pool_count(trial->axes[i]); v++)
            text_addf(&text, "%s%s", v ? ", " : "", trial->axes[i]->values[v]);
        text_add(&text, "]");
        override_parse_as(&reader, "--axis", arena_strdup(&trial->arena, text_string(&text)),
                          &overrides[i]);
        text_release(&text);
    }
    trial->is_loaded =
        grid_load(&trial->loader, trial->path, GRID_BY_CONFIG, overrides, trial->axis_count, &trial->grid);
}

/** Writes a base config and loads a sweep of `wanted` axes over it. */
static inline void trial_open(struct trial *trial, struct random *random, int wanted,
                              const char *path)
{
    static const struct {
        const char *model;
        const char *hardware;
    } bases[] = {
        {"mixtral-8x7b",     "{device: h100-sxm, count: 4}"},
        {"smollm2-135m",     "epyc-9755"                   },
        {"olmoe-1b-7b",      "{device: h100-sxm, count: 8}"},
        {"qwen2.5-0.5b",     "zen4-2core"                  },
        {"deepseek-v2-lite", "mi300x"                      },
    };
    int64_t base = random_count(random, 0, 4);
    FILE *file = fopen(path, "w");
    *trial = (struct trial){.path = path};
    fprintf(file,
            "model: %s\nhardware: %s\n"
            "workload: {batch: 8, input: 300, output: 50}\n",
            bases[base].model, bases[base].hardware);
    fclose(file);
    arena_init(&trial->arena);
    diags_init(&trial->diags, &trial->arena);
    trial->loader = (struct loader){
        .arena = &trial->arena, .diags = &trial->diags, .data_root = TOKENROOF_SOURCE};
    choose_axes(random, wanted, trial);
    trial_load(trial);
}

static inline void trial_close(struct trial *trial)
{
    arena_release(&trial->arena);
    remove(trial->path);
}

#endif
