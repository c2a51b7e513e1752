/* Measured kernels and runs, from files in many formats, in one form. */
#ifndef TOKENROOF_VALIDATE_SAMPLE_H
#define TOKENROOF_VALIDATE_SAMPLE_H

#include "base/arena.h"
#include "base/diag.h"
#include "cost/rates.h"
#include "graph/op.h"
#include "spec/run.h"

#include <stdbool.h>
#include <stdint.h>

/** One measured operator, described as the graph describes it. */
struct kernel_sample {
    struct op op;      /**< what ran: FLOPs, bytes, shape, arithmetic */
    double measured_s; /**< its time [s] */
    const char
        *subject; /**< model or shape family, for leave-one-out and the worst rows; may be NULL */
    const char *variant; /**< told apart in reports: "balanced", "power_law_1.2", "fp8_block"; may
                            be NULL */
    const char
        *implementation;      /**< the library or kernel that ran, as the file says; may be NULL */
    double threads;           /**< CPU cores at work; 0 = all */
    double working_set_bytes; /**< re-read every repetition [B]; 0 = larger than any cache */
    struct probed probed;     /**< of its threads, beside it */
    uint64_t
        key; /**< hash of the row without its time: rows with equal keys are held out together */
    int64_t line; /**< where it stood, 1-based */
};

/** Hyper-parameters changed against the model's file; 0 = as it says. */
struct model_variant {
    int64_t layers;
    int64_t experts;
    int64_t top_k;
    int64_t expert_ffn;
};

/** One measured run of a whole engine. */
struct run_sample {
    const char *model;   /**< id of models/, or NULL when unknown */
    const char *device;  /**< id of hwdb/, or NULL: the file's */
    const char *variant; /**< told apart in reports: the engine; may be NULL */
    struct model_variant changed;
    struct workload workload; /**< batch, input, output; 0 = the file doesn't say */
    int64_t devices;          /**< in all; tensor parallel where `deploy` says nothing else */
    struct deploy deploy;     /**< how they share the work; tp 0 = all devices */
    struct precision precision;
    bool is_closed_loop; /**< each finished request is replaced at once: prefills interrupt decodes
                          */
    enum launch_mode launch; /**< how that engine starts kernels */
    const char *program;     /**< of engines/, whose host time is known, or NULL */
    enum arithmetic_basis arithmetic;
    int64_t threads;          /**< CPU cores at work; 0 = all */
    int64_t batched_tokens;   /**< most tokens in one step; 0 = the file doesn't say */
    struct probed probed;     /**< of its threads, beside it */
    double ttft_s;            /**< [s], NaN = not measured */
    double tpot_s;            /**< [s], NaN = not measured */
    double e2e_s;             /**< [s], NaN = not measured */
    double prefill_tok_per_s; /**< [tokens/s], NaN = not measured */
    double decode_tok_per_s;  /**< [tokens/s] over the whole batch, NaN = not measured */
    double output_tok_per_s;  /**< batch·output / E2E [tokens/s], NaN = not measured */
    int64_t line;
};

/** What one file holds. */
struct sample_set {
    const char *path;
    const char *format; /**< which importer read it */
    const char *device; /**< id of hwdb/ that the file names, or NULL */
    const char *engine; /**< engine and version, or NULL */
    const char *
        assumed; /**< definitions that the importer assumed: batch, TTFT, ITL, protocol; one line */
    bool is_repeating; /**< the protocol replays one kernel, so its data may stay in the cache */
    struct kernel_sample *kernels; /**< [kernel_count] */
    int64_t kernel_count;
    struct run_sample *runs; /**< [run_count] */
    int64_t run_count;
    int64_t refused; /**< rows that can't be predicted (formats, shapes outside the model) */
    const char *refused_why; /**< the most common reason, or NULL */
};

/** Changes the hyper-parameters of `model` that `changed` names. */
void model_change(struct model *model, const struct model_variant *changed);

/** Writes what ran in a few words: "gemm 128x4096x4096 bf16". */
void sample_describe(const struct kernel_sample *sample, struct text *out);

/**
 * Reads a file, plain or gzip, in any known format: guessed from its header and name. Everything
 * lives in `arena`. Returns false with messages when the file is none of them or damaged.
 */
bool samples_read(struct arena *arena, struct diags *diags, const char *path,
                  struct sample_set *set);

/**
 * Predicted time of the sample's operator [s] by `rates`, with the cores, the residence and the
 * memory bandwidth that the sample says; overwrites these in `rates`.
 */
double sample_time(struct rates *rates, const struct kernel_sample *sample);

/** True for the rows that a fit must not see: `ratio` of all keys, chosen by `seed`. */
bool sample_is_held_out(const struct kernel_sample *sample, uint64_t seed, double ratio);

#endif
