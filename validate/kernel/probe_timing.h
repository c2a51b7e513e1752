/* Inside the probes: repetition, medians and columns that all of them share. */
#ifndef TOKENROOF_KERNEL_PROBE_TIMING_H
#define TOKENROOF_KERNEL_PROBE_TIMING_H

#include "kernel/probe.h"

/** What to time: `run` is called with the number of the repetition. */
struct probe_task {
    void (*run)(void *context, int64_t repetition);
    void *context;
    void (*prepare)(void *context,
                    int64_t repetition); /**< untimed, before each run; may be NULL */
};

/** Times of the repetitions. */
struct probe_time {
    double median_s;
    double best_s;
    int64_t repetitions;
};

/** Runs `task` once to warm up, then at least 3 times and until `limit_s` has passed. */
struct probe_time probe_repeat(struct probe_task task, double limit_s);

/** The median; sorts `times`. */
int64_t probe_median_ns(int64_t *times, int64_t count);

/** Adds the columns time_s, best_s and repetitions; returns the index of the first. */
int probe_add_time_columns(struct table *table);

/** Sets them. */
void probe_set_time(struct table *table, int row, int first_column, struct probe_time time);

/** Columns of what cores can do right now: bandwidth between them, fork and join, multiply-adds,
 * latency of memory; returns the index of the first. */
int probe_add_mode_columns(struct table *table);

/** Sets them, the first two only for several threads. Latency is that of `size_bytes` of `memory`.
 */
void probe_set_mode(struct table *table, int row, int first_column, struct pool *pool,
                    const void *memory, size_t size_bytes);

/** Tells the caller of the probe how far it is. */
void probe_report(const struct probe_options *options, int64_t done, int64_t all);

/** Adds a column. */
int probe_count_column(struct table *table, const char *name, const char *title, const char *unit);
int probe_number_column(struct table *table, const char *name, const char *title, const char *unit);
int probe_text_column(struct table *table, const char *name, const char *title);

/** Products with `threads` threads under the options; pool is NULL on failure. */
struct gemm probe_gemm_context(const struct probe_options *options, int threads);

/** The four weight formats. */
enum { PROBE_FORMATS = 4 };
extern const enum format probe_formats[PROBE_FORMATS];

#endif
