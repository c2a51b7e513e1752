/* A weight matrix packed into panels, and operand rows in the form that its kernels multiply. */
#ifndef TOKENROOF_KERNEL_MATRIX_H
#define TOKENROOF_KERNEL_MATRIX_H

#include "kernel/pages.h"
#include "kernel/rows.h"
#include "kernel/tile.h"

/** Weights of y[outputs] = W[outputs][depth] · x[depth] + bias. */
struct matrix {
    enum format format;    /**< fp32, bf16, q8_0 or q4_0 */
    int64_t outputs;       /**< rows of W */
    int64_t depth;         /**< columns of W */
    int64_t panels;        /**< ⌈outputs / 32⌉ */
    int64_t units;         /**< ⌈depth / unit⌉ */
    unsigned char *weight; /**< [panels][units] units, see tile.h; missing outputs are zero */
    const float *bias;     /**< [outputs] or NULL */
};

/** Takes memory for the weights from `pages`; false when there is none. */
bool matrix_init(struct matrix *matrix, struct pages *pages, enum format format, int64_t outputs,
                 int64_t depth);

/** Where unit `unit` of a panel lies; those after it follow. */
unsigned char *matrix_unit(const struct matrix *matrix, int64_t panel, int64_t unit);

/** Packs outputs 32·panel …: `values` [32][depth], `count` of them valid. */
void matrix_set_panel(struct matrix *matrix, int64_t panel, const float *values, int64_t count);

/** The weight as the kernels see it: rounded to the format. */
double matrix_value(const struct matrix *matrix, int64_t output, int64_t input);

/** Bytes of the weights without padding [B]. */
double matrix_bytes(const struct matrix *matrix);

/** Activation rows converted for products with weights of one format. */
struct operand {
    enum format format;
    int64_t depth;
    int64_t units;
    size_t stride_bytes; /**< from row to row: odd multiple of a cache line, so rows spread over
                            the sets of the L1 cache [B] */
    size_t scales_at;    /**< offset of the block scales in a row [B] */
    size_t starts_at;    /**< offset of the block starts in a row [B] */
    unsigned char *rows; /**< [capacity] rows of stride_bytes */
};

/** Sets all but `rows`. */
void operand_shape(struct operand *operand, enum format format, int64_t depth);

/** Converts `x` [depth] to row `row`. */
void operand_set_row(const struct operand *operand, const struct row_kernels *kernels, int64_t row,
                     const float *x);

/** Bytes of a row for the given depth that fit any format [B]. */
size_t operand_row_bytes_max(int64_t depth);

/** Sets the operand and panel side of `tile` to units first … first + count − 1. */
void tile_point(struct tile *tile, const struct matrix *matrix, int64_t panel,
                const struct operand *operand, int64_t row, int64_t first, int64_t count);

#endif
