/* The grid of `tokenroof measure`: lists of the command line, multiplied out. */
#ifndef TOKENROOF_APP_MEASURE_GRID_H
#define TOKENROOF_APP_MEASURE_GRID_H

#include "app/checkpoint.h"
#include "app/options.h"
#include "conf/load.h"
#include "validate/measure.h"
#include "validate/sample.h"

enum { GRID_LIST_MAX = 32 };

/** A list of counts. */
struct count_list {
    int64_t values[GRID_LIST_MAX];
    int count;
};

/** What is loaded once. */
struct measure_group {
    struct measure_setup setup;
    struct model_variant variant;
    struct model model;               /**< with the variant's numbers; setup.model points here */
    const struct measure_case *cases; /**< [case_count] */
    int64_t case_count;
    int64_t batch;   /**< most requests of a case */
    int64_t context; /**< most tokens of a request */
};

/** The options, for the command's table. */
extern const struct option_row measure_grid_options[];

/** The lists. */
struct measure_grid {
    const struct model *models[GRID_LIST_MAX]; /**< [model_count] */
    struct gguf checkpoints[GRID_LIST_MAX];    /**< of models read from files, else all zero */
    int model_count;
    enum format weights[GRID_LIST_MAX]; /**< [weight_count] */
    int weight_count;
    enum format kv_cache;
    struct count_list threads, batches, prompts, depths;
    struct count_list layers, experts, top_ks, expert_ffns; /**< 0 = as the model's file says */
    int64_t generated;
    int64_t chunk_tokens;
    int64_t most_tokens; /**< cases with longer prefills (all requests) are left out */
    int64_t sampled;     /**< cases per group, chosen by seed; 0 = all */
    uint64_t seed;
    double limit_s; /**< per case and phase [s] */
    double skew;
    bool is_profile;
    bool has_weights; /**< --weights was given; otherwise a checkpoint keeps its own format */
};

/** Reads the options; false after a message on stderr. */
bool measure_grid_read(struct measure_grid *grid, const struct options *options,
                       struct arena *arena);

/** Loads the models (messages are collected). Close the grid afterwards. */
void measure_grid_load(struct measure_grid *grid, const struct options *options,
                       const struct loader *loader);

/** Unmaps the checkpoints. */
void measure_grid_close(struct measure_grid *grid);

/** Models × variants × formats × threads. */
int64_t measure_grid_groups(const struct measure_grid *grid);

/** The `index`-th of them with its cases. */
void measure_grid_group(const struct measure_grid *grid, struct arena *arena, int64_t index,
                        struct measure_group *group);

/** Cases of all groups. */
int64_t measure_grid_cases(const struct measure_grid *grid);

#endif
