/* Measurements beside their predictions: what every report of errors is made from. */
#ifndef TOKENROOF_VALIDATE_JUDGE_H
#define TOKENROOF_VALIDATE_JUDGE_H

#include "serve/step_cost.h"
#include "validate/sample.h"

/** What can be measured: the kernel classes, then these of whole runs. X(id, name) */
#define RUN_CLASS_LIST(X)                                                                          \
    X(TTFT, "ttft")                                                                                \
    X(TPOT, "tpot")                                                                                \
    X(E2E, "e2e")

#define RUN_CLASS_ENUM(id, name) CLASS_##id,
/** Class of a row; smaller values are the kernel classes of enum kernel. */
enum run_class { CLASS_BEFORE_RUNS = KERNEL_COUNT - 1, RUN_CLASS_LIST(RUN_CLASS_ENUM) CLASS_COUNT };
#undef RUN_CLASS_ENUM

/** Name of a class, kernel or run. */
const char *class_name(int class);

/** One measurement and what is predicted for it. */
struct judged {
    const char *path;
    int64_t line;
    int class;                /**< enum kernel or enum run_class */
    const char *variant;      /**< never NULL */
    const char *subject;      /**< model, family or shape, never NULL */
    double measured_s;        /**< [s] */
    double predicted_s;       /**< with the best knowledge of the device [s] */
    double uncalibrated_s;    /**< with the fractions of its kind [s] */
    struct interval interval; /**< 90 % are said to lie inside, as factors on predicted_s */
    uint64_t key; /**< whole runs: hash of what ran, equal when it was measured again; 0 = kernel */
    bool is_held_out; /**< no fit by this seed saw it; whole runs are never fitted */
    const struct kernel_sample *sample; /**< NULL for runs */
};

/** All rows of all files. */
struct judgement {
    struct arena *arena;
    struct judged *rows; /**< [count] */
    int64_t count;
    int64_t capacity;
    int64_t refused[CLASS_COUNT + 1]; /**< rows that weren't predicted; last: of no class */
    int64_t too_short;                /**< rows below the least time or message */
    double least_s;                   /**< shorter measurements are left out [s] */
    double least_bytes;               /**< collectives of smaller messages are left out [B] */
    uint64_t seed;                    /**< of the hold-out */
    double held_ratio;                /**< share of it */
};

/** Rates of one device for samples; prepared once. */
struct judge_rates {
    struct rates best;
    struct rates uncalibrated;
};

/** Prepares both bases for `device`. */
void judge_rates_init(struct judge_rates *rates, const struct device *device);

/** Adds all kernels of `set` as `rates` predict them, and its refusals. */
void judge_kernels(struct judgement *judgement, const struct sample_set *set,
                   struct judge_rates *rates);

/**
 * Adds what was measured of one run; `run` is complete and checked. Returns NULL, or why a figure
 * was refused: a prefill faster than the datasheet's peak was no prefill of the whole batch, and
 * decode steps faster than reading weights (of experts, those of a single request) and KV
 * cache at the datasheet's bandwidth with 5 % to spare are not steps of what the row says.
 */
const char *judge_run(struct judgement *judgement, const struct sample_set *set,
                      const struct run_sample *sample, const struct run *run);

/** Counts a run that can't be predicted. */
void judge_refuse_run(struct judgement *judgement, const struct run_sample *sample);

#endif
