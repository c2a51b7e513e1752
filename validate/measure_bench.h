/* Inside measure: a loaded model and its buffers. */
#ifndef TOKENROOF_VALIDATE_MEASURE_BENCH_H
#define TOKENROOF_VALIDATE_MEASURE_BENCH_H

#include "graph/batch.h"
#include "graph/op.h"
#include "validate/measure.h"

/** A loaded model. */
struct measure_bench {
    struct measure_setup setup;
    struct arena *arena;
    struct decoder *decoder;
    struct segment *segments; /**< [batch] */
    int64_t *slots;           /**< [batch] */
    int32_t *tokens;          /**< [chunk] */
    int32_t *next;            /**< [batch] */
    float *router_bias;       /**< [experts], NULL without skew */
    struct pages pages;       /**< of `memory` */
    unsigned char *memory;    /**< to probe bandwidth with, larger than caches */
};

/** Prefills all prompts as an engine does: whole chunks request by request, then the rests packed
 * together. */
void measure_prefill(struct measure_bench *bench, int64_t batch, int64_t prompt);

/** Pretends `depth` tokens in the context of each of `batch` requests. */
void measure_set_depth(struct measure_bench *bench, int64_t batch, int64_t depth);

/** One decode step of `batch` requests. */
void measure_decode(struct measure_bench *bench, int64_t batch);

/** What the threads can do right now, and the mean of two looks. */
struct probed measure_probe(struct measure_bench *bench);
struct probed measure_probed_mean(const struct probed *a, const struct probed *b);

/** False when the cores moved between two looks (threads of one core, cores of one cache, or of
 * two), or neighbours took bandwidth. */
bool measure_is_steady(const struct probed *a, const struct probed *b);

/** One operator as it ran within whole steps. */
struct measured_op {
    const struct op *op;      /**< as the graph describes it */
    int64_t layer;            /**< 0-based; layers: outside of them; −1: mean over all */
    int64_t calls;            /**< in all steps that were timed */
    struct op_work work;      /**< that the kernel declared per call */
    double time_s;            /**< per call: mean over layers, then median over steps [s] */
    double working_set_bytes; /**< that a step reads [B] */
    struct probed probed;     /**< before and after */
    bool is_steady;           /**< both were alike */
};

/** Gets one operator after another. */
struct measure_sink {
    void (*add)(void *context, const struct measured_op *op);
    void *context;
};

/** Repeats the step of `part` (one to warm up, at least three, until `limit_s` has passed) and
 * hands out its operators: a mean over layers, or one per layer. When the cores moved meanwhile it
 * measures again, at most twice. */
void measure_step(struct measure_bench *bench, const struct batch_part *part, double limit_s,
                  bool is_per_layer, struct measure_sink sink);

/** Experts that one call hit, by the weights it declared to have read. */
double measured_distinct(const struct measured_op *op);

#endif
