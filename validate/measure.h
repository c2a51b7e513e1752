/* Timed runs of the CPU inference kernel: whole phases, and operator by operator. */
#ifndef TOKENROOF_VALIDATE_MEASURE_H
#define TOKENROOF_VALIDATE_MEASURE_H

#include "base/arena.h"
#include "base/text.h"
#include "cost/rates.h"
#include "kernel/decoder.h"
#include "kernel/gguf.h"

/** One model as it is loaded. */
struct measure_setup {
    const struct model *model;
    const struct gguf *checkpoint; /**< whose weights are used, or NULL: random ones by seed */
    enum format weights;
    enum format kv_cache;
    int threads;
    int64_t chunk_tokens; /**< most tokens in one step */
    double skew;   /**< of a router bias: the i-th expert's score is lowered by skew·ln(i+1);
                      0 = none */
    uint64_t seed; /**< of weights and tokens */
};

/** One point of the grid. */
struct measure_case {
    int64_t batch;     /**< requests */
    int64_t prompt;    /**< tokens per request; TTFT is that of all prompts */
    int64_t depth;     /**< tokens in the context when decoding starts; 0 = the prompt */
    int64_t generated; /**< timed decode steps */
};

/** Repetitions of one thing. */
struct measure_times {
    double median_s;     /**< [s], NaN when nothing was timed */
    double least_s;      /**< [s] */
    double most_s;       /**< [s] */
    double spread_ratio; /**< (90th − 10th percentile) / median */
    int64_t count;
    int64_t outliers; /**< longer than 1.3 medians */
};

/** What was measured at one point. */
struct measure_result {
    struct measure_times ttft; /**< prefill of the whole batch */
    struct measure_times itl;  /**< one decode step of the whole batch */
    struct probed probed;      /**< before, between and after, the middle of each figure */
    bool is_steady;  /**< the cores stayed where they were, and steps took about the same time */
    double distinct; /**< experts hit per MoE layer in the last decode step; NaN: dense */
    double distinct_uniform; /**< expected when all are alike */
    double distinct_visited; /**< expected with the popularity that was counted */
};

/** A loaded model with the buffers that timing needs. */
struct measure_bench;

/**
 * Loads the model for cases of at most `batch` requests and `context` tokens each. Returns NULL
 * with `*why` when the kernel can't run it or memory is short.
 */
struct measure_bench *measure_open(struct arena *arena, const struct measure_setup *setup,
                                   int64_t batch, int64_t context, const char **why);

/** Frees it. NULL is fine. */
void measure_close(struct measure_bench *bench);

/** Tokens per request that a case needs. */
int64_t measure_context(const struct measure_case *c);

/**
 * Times prefill and decode of `c`: a warm-up first, then repetitions until `limit_s` has passed
 * (prefill: at least 3; one that takes 4 times as long alone is its own warm-up).
 */
struct measure_result measure_run(struct measure_bench *bench, const struct measure_case *c,
                                  double limit_s);

/** Columns of the operator table, in the order in which measure_profile writes them. */
extern const char measure_profile_header[];

/**
 * Times the operators of one prefill step (as many whole prompts as fit) and one decode step of `c`
 * and appends a CSV row for each: what ran, its mean time over layers and repetitions, and the
 * FLOPs and bytes that the kernel declared. With `is_per_layer` a row per layer.
 */
void measure_profile(struct measure_bench *bench, const struct measure_case *c, double limit_s,
                     bool is_per_layer, struct text *out);

#endif
