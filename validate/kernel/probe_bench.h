/* Inside the probes: operands, outputs and a cold pool of weights that all shapes share. */
#ifndef TOKENROOF_KERNEL_PROBE_BENCH_H
#define TOKENROOF_KERNEL_PROBE_BENCH_H

#include "kernel/probe_timing.h"

enum { BENCH_ROWS = 512, BENCH_DEPTH = 8192, BENCH_COLUMNS = 16384 };

/** Operands, outputs and a pool of weights. */
struct bench {
    struct gemm gemm; /**< set by the caller */
    struct pages pages;
    unsigned char *weights; /**< units that are all alike, so any matrix can start at any of them */
    size_t weights_bytes;   /**< [B] */
    struct operand operand;
    struct float_rows x;   /**< [BENCH_ROWS][BENCH_DEPTH] */
    struct float_rows out; /**< [BENCH_ROWS][BENCH_COLUMNS] */
};

/** Takes all memory; false when there is none. pages_release(&bench->pages) gives it back. */
bool bench_init(struct bench *bench, const struct probe_options *options);

/** Packs one unit of random weights and repeats it over the whole pool. */
void bench_fill(struct bench *bench, enum format format);

/** The `index`-th of as many matrices as the pool holds. */
struct matrix bench_matrix(const struct bench *bench, enum format format, int64_t columns,
                           int64_t depth, int64_t index);

/** Rewrites the first `columns` of `rows` rows, columns shared out among the threads: as an
 * operator before this one left its results. */
void bench_touch(const struct gemm *gemm, struct float_rows x, int64_t rows, int64_t columns);

/** All threads read the first `bytes` of the pool, each its part. */
void bench_read(const struct bench *bench, size_t bytes);

/** What all threads read from memory right now [B/s]: mean of three passes. */
double bench_read_rate(const struct bench *bench);

#endif
