#include "kernel/matrix.h"

#include "kernel/half.h"

#include <math.h>
#include <string.h>

bool matrix_init(struct matrix *matrix, struct pages *pages, enum format format, int64_t outputs,
                 int64_t depth)
{
    *matrix = (struct matrix){.format = format, .outputs = outputs, .depth = depth};
    matrix->panels = (outputs + PANEL_OUTPUTS - 1) / PANEL_OUTPUTS;
    matrix->units = (depth + unit_depth(format) - 1) / unit_depth(format);
    matrix->weight =
        pages_take(pages, (size_t)(matrix->panels * matrix->units) * unit_panel_bytes(format));
    return matrix->weight != NULL;
}

unsigned char *matrix_unit(const struct matrix *matrix, int64_t panel, int64_t unit)
{
    return matrix->weight +
           (size_t)(panel * matrix->units + unit) * unit_panel_bytes(matrix->format);
}

/* Steps that are packed for all outputs before the next: what they fill stays in the L1 cache. */
enum { PACKED_STEPS = BLOCK_DEPTH };

/* Steps `first` … of all `count` outputs. */
static void set_steps(struct matrix *matrix, unsigned char *units, const float *values,
                      int64_t count, int64_t first)
{
    int64_t left = matrix->depth - first;
    int64_t end = first + (left < PACKED_STEPS ? left : PACKED_STEPS);
    float *floats = (void *)units;
    uint16_t *halves = (void *)units;
    for (int64_t output = 0; output < count; output++) {
        const float *row = values + output * matrix->depth;
        if (matrix->format == FORMAT_FP32)
            for (int64_t k = first; k < end; k++)
                floats[k * PANEL_OUTPUTS + output] = row[k];
        else
            for (int64_t k = first; k < end; k++)
                halves[(k / 2 * PANEL_OUTPUTS + output) * 2 + k % 2] = bf16_of_float(row[k]);
    }
}

/* The value with the largest magnitude, sign kept. */
static float extreme_of(const float *values, int count)
{
    float extreme = 0.0f;
    for (int i = 0; i < count; i++)
        if (fabsf(values[i]) > fabsf(extreme))
            extreme = values[i];
    return extreme;
}

/* q = round(x / scale) with scale = max|x| / 127: the rule of ggml's Q8_0. */
static void set_q8(unsigned char *unit, int output, const float *values, int count)
{
    float scale = fabsf(extreme_of(values, count)) / 127.0f;
    float inverse = scale > 0.0f ? 1.0f / scale : 0.0f;
    uint16_t half = fp16_of_float(scale);
    memcpy(unit + 2 * output, &half, sizeof half);
    for (int k = 0; k < BLOCK_DEPTH; k++) {
        float value = k < count ? values[k] : 0.0f;
        unit[64 + (k / 4 * PANEL_OUTPUTS + output) * 4 + k % 4] =
            (unsigned char)(lrintf(value * inverse) + Q8_ZERO);
    }
}

/* The extreme value becomes −8: the rule of ggml's Q4_0. */
static void set_q4(unsigned char *unit, int output, const float *values, int count)
{
    float scale = extreme_of(values, count) / -8.0f;
    float inverse = fabsf(scale) > 0.0f ? 1.0f / scale : 0.0f;
    uint16_t half = fp16_of_float(scale);
    memcpy(unit + 2 * output, &half, sizeof half);
    int nibbles[BLOCK_DEPTH];
    for (int k = 0; k < BLOCK_DEPTH; k++) {
        nibbles[k] = (int)((k < count ? values[k] : 0.0f) * inverse + 8.5f);
        nibbles[k] = nibbles[k] > 15 ? 15 : nibbles[k];
    }
    unsigned char *bytes = unit + 64 + 4 * output;
    for (int k = 0; k < BLOCK_DEPTH / 2; k++)
        bytes[k / 4 * 4 * PANEL_OUTPUTS + k % 4] =
            (unsigned char)(nibbles[k] | nibbles[k + 16] << 4);
}

/* One block of all `count` outputs. */
static void set_unit(struct matrix *matrix, unsigned char *unit, const float *values, int64_t count,
                     int64_t first)
{
    int64_t left = matrix->depth - first;
    int depth = (int)(left < BLOCK_DEPTH ? left : BLOCK_DEPTH);
    for (int output = 0; output < count; output++) {
        const float *row = values + output * matrix->depth + first;
        if (matrix->format == FORMAT_Q8_0)
            set_q8(unit, output, row, depth);
        else
            set_q4(unit, output, row, depth);
    }
}

void matrix_set_panel(struct matrix *matrix, int64_t panel, const float *values, int64_t count)
{
    unsigned char *units = matrix_unit(matrix, panel, 0);
    bool is_blocked = format_is_blocked(matrix->format);
    for (int64_t first = 0; first < matrix->depth; first += PACKED_STEPS)
        if (is_blocked)
            set_unit(matrix, matrix_unit(matrix, panel, first / BLOCK_DEPTH), values, count, first);
        else
            set_steps(matrix, units, values, count, first);
}

static double block_value(const struct matrix *matrix, const unsigned char *unit, int output, int k)
{
    uint16_t half;
    memcpy(&half, unit + 2 * output, sizeof half);
    double scale = (double)fp16_to_float(half);
    if (matrix->format == FORMAT_Q8_0)
        return scale * (unit[64 + (k / 4 * PANEL_OUTPUTS + output) * 4 + k % 4] - Q8_ZERO);
    int byte = unit[64 + (k % 16 / 4 * PANEL_OUTPUTS + output) * 4 + k % 4];
    return scale * ((k < 16 ? byte & 15 : byte >> 4) - Q4_ZERO);
}

double matrix_value(const struct matrix *matrix, int64_t output, int64_t input)
{
    int64_t depth = unit_depth(matrix->format);
    const unsigned char *unit = matrix_unit(matrix, output / PANEL_OUTPUTS, input / depth);
    int column = (int)(output % PANEL_OUTPUTS);
    int step = (int)(input % depth);
    if (matrix->format == FORMAT_FP32)
        return (double)((const float *)(const void *)unit)[column];
    if (matrix->format == FORMAT_BF16)
        return (double)bf16_to_float(((const uint16_t *)(const void *)unit)[2 * column + step]);
    return block_value(matrix, unit, column, step);
}

double matrix_bytes(const struct matrix *matrix)
{
    return (double)matrix->outputs * (double)matrix->depth * format_bytes(matrix->format);
}

static size_t odd_lines(size_t bytes)
{
    size_t lines = (bytes + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES;
    return (lines | 1) * CACHE_LINE_BYTES;
}

void operand_shape(struct operand *operand, enum format format, int64_t depth)
{
    int64_t units = (depth + unit_depth(format) - 1) / unit_depth(format);
    size_t values = (size_t)units * unit_row_bytes(format);
    size_t per_block = format_is_blocked(format) ? (size_t)units * 4 : 0;
    operand->format = format;
    operand->depth = depth;
    operand->units = units;
    operand->scales_at = values;
    operand->starts_at = values + per_block;
    operand->stride_bytes = odd_lines(values + 2 * per_block);
}

size_t operand_row_bytes_max(int64_t depth)
{
    return odd_lines((size_t)depth * sizeof(float) + 128);
}

void operand_set_row(const struct operand *operand, const struct row_kernels *kernels, int64_t row,
                     const float *x)
{
    unsigned char *to = operand->rows + (size_t)row * operand->stride_bytes;
    if (operand->format == FORMAT_FP32) {
        memcpy(to, x, (size_t)operand->depth * sizeof *x);
    } else if (operand->format == FORMAT_BF16) {
        kernels->to_bf16((void *)to, x, operand->depth);
    } else {
        int zero = operand->format == FORMAT_Q8_0 ? Q8_ZERO : Q4_ZERO;
        kernels->to_int8((void *)to, (void *)(to + operand->scales_at),
                         (void *)(to + operand->starts_at), x, operand->depth, zero);
    }
}

void tile_point(struct tile *tile, const struct matrix *matrix, int64_t panel,
                const struct operand *operand, int64_t row, int64_t first, int64_t count)
{
    const unsigned char *base = operand->rows + (size_t)row * operand->stride_bytes;
    tile->panel = matrix_unit(matrix, panel, first);
    tile->rows = base + (size_t)first * unit_row_bytes(operand->format);
    tile->scales = base + operand->scales_at + (size_t)first * 4;
    tile->starts = base + operand->starts_at + (size_t)first * 4;
    tile->stride_bytes = operand->stride_bytes;
    tile->units = count;
}
