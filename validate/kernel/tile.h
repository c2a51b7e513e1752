/* The innermost products: a few operand rows times one panel of 32 outputs, for each instruction
 * set. */
#ifndef TOKENROOF_KERNEL_TILE_H
#define TOKENROOF_KERNEL_TILE_H

#include "kernel/isa.h"
#include "spec/dtype.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Weights are stored in panels of 32 outputs with the depth running slowest, so that one layout
 * serves the streaming of a decode step and the reuse of a prefill. A panel is a row of units:
 *
 *   format  a unit holds            layout of a unit                                    bytes
 *   fp32    1 step in depth         [32 outputs] float                                  128
 *   bf16    2 steps                 [32 outputs][2 steps] bfloat16                      128
 *   q8_0    32 steps (a block)      [32] fp16 scales, [8 quads][32 outputs][4] value+128 1088
 *   q4_0    32 steps (a block)      [32] fp16 scales, [4][32 outputs][4] bytes; the low   576
 *                                   nibbles are quads 0-3, the high ones quads 4-7
 *
 * Operand rows hold the same units: a float, a pair of bfloat16, 32 int8. Quantised operands have
 * a scale and a start (−zero point · Σ values) per block, so that Σ (w+z)·x + start = Σ w·x.
 */
enum {
    PANEL_OUTPUTS = 32,
    BLOCK_DEPTH = 32,
    Q8_ZERO = 128,
    Q4_ZERO = 8,
    Q8_UNIT_BYTES = 64 + 32 * 32,
    Q4_UNIT_BYTES = 64 + 32 * 16,
    TILE_ROWS_MAX = 12
};

/** One product: out[row][0…31] (+)= Σ over units of rows[row] · panel. */
struct tile {
    const unsigned char *panel;  /**< first unit of the weights */
    const unsigned char *rows;   /**< first unit of the first operand row */
    const unsigned char *scales; /**< block formats: float scale of its first block */
    const unsigned char *starts; /**< block formats: int32 start of its first block */
    size_t stride_bytes;         /**< from an operand row to the next; also of scales, starts [B] */
    int64_t units;               /**< how many units deep */
    float *out;                  /**< [rows][32], rows `out_stride` apart */
    size_t out_stride;           /**< [floats] */
    bool is_accumulating;        /**< adds to `out` instead of overwriting it */
    const unsigned char *ahead;  /**< weights to bring into the L2 cache meanwhile; NULL: none */
    int ahead_lines;             /**< cache lines of them per unit: a unit's, or half of them */
};

/**
 * A kernel: how many rows it takes at once, and its code for 1 … rows_max rows. Where several tiles
 * share a panel, the first two fetch half of the next panel each: memory would idle while they find
 * theirs in the cache. So does a single tile of at least alone_rows rows, which computes longer
 * than memory takes; with fewer rows the processor's own prefetching is faster.
 */
struct tile_kernel {
    int rows_max;
    void (*run)(const struct tile *tile, int rows);
    int alone_rows; /**< 0: the kernel ignores `ahead`; above rows_max: no single tile fetches */
};

/** Kernels of one instruction set for the four weight formats. */
struct tile_kernels {
    struct tile_kernel fp32;
    struct tile_kernel bf16;
    struct tile_kernel q8;
    struct tile_kernel q4;
};
extern const struct tile_kernels tile_portable_kernels;
#if defined(__x86_64__)
extern const struct tile_kernels tile_avx2_kernels;
extern const struct tile_kernels tile_avx512_kernels;
#endif

/** Chooses the kernel for weights of `format` (fp32, bf16, q8_0 or q4_0). */
struct tile_kernel tile_kernel_for(struct isa_features features, enum format format);

/** Rows per tile that cut `rows` into as few and as equal tiles as the kernel allows. */
int64_t tile_rows(struct tile_kernel kernel, int64_t rows);

/** True for the formats that have kernels. */
bool tile_knows_format(enum format format);

/** Steps in depth of one unit, and its bytes in a panel and in an operand row [B]. */
int64_t unit_depth(enum format format);
size_t unit_panel_bytes(enum format format);
size_t unit_row_bytes(enum format format);

/** Cache lines that a unit of a panel fills. */
int unit_lines(enum format format);

/** True for formats whose operands carry a scale per block. */
bool format_is_blocked(enum format format);

#endif
