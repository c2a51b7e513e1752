#include "kernel/tile.h"

#include "kernel/pages.h"

#include <assert.h>

static struct tile_kernel kernel_of(const struct tile_kernels *kernels, enum format format)
{
    if (format == FORMAT_FP32)
        return kernels->fp32;
    if (format == FORMAT_BF16)
        return kernels->bf16;
    return format == FORMAT_Q8_0 ? kernels->q8 : kernels->q4;
}

struct tile_kernel tile_kernel_for(struct isa_features features, enum format format)
{
    assert(tile_knows_format(format));
#if defined(__x86_64__)
    bool has_512 = format == FORMAT_FP32 || (format == FORMAT_BF16 && features.has_bf16) ||
                   (format_is_blocked(format) && features.has_vnni);
    if (features.isa == ISA_AVX512 && has_512)
        return kernel_of(&tile_avx512_kernels, format);
    if (features.isa >= ISA_AVX2)
        return kernel_of(&tile_avx2_kernels, format);
#endif
    return kernel_of(&tile_portable_kernels, format);
}

int64_t tile_rows(struct tile_kernel kernel, int64_t rows)
{
    int64_t tiles = (rows + kernel.rows_max - 1) / kernel.rows_max;
    return tiles > 0 ? (rows + tiles - 1) / tiles : 1;
}

bool tile_knows_format(enum format format)
{
    return format == FORMAT_FP32 || format == FORMAT_BF16 || format_is_blocked(format);
}

bool format_is_blocked(enum format format)
{
    return format == FORMAT_Q8_0 || format == FORMAT_Q4_0;
}

int64_t unit_depth(enum format format)
{
    if (format_is_blocked(format))
        return BLOCK_DEPTH;
    return format == FORMAT_BF16 ? 2 : 1;
}

size_t unit_panel_bytes(enum format format)
{
    if (format == FORMAT_Q8_0)
        return Q8_UNIT_BYTES;
    return format == FORMAT_Q4_0 ? Q4_UNIT_BYTES : 128;
}

int unit_lines(enum format format)
{
    return (int)(unit_panel_bytes(format) / CACHE_LINE_BYTES);
}

size_t unit_row_bytes(enum format format)
{
    return format_is_blocked(format) ? BLOCK_DEPTH : 4;
}
