/* AVX-512 tiles. All sums of a tile stay in registers: up to 12 rows x 2 vectors of 16 outputs,
 * 6 rows for block formats, which need an integer and a float sum each. A sum always runs along
 * the depth in the same order, so a row's result does not depend on the rows beside it. */
#if defined(__x86_64__)
#include "kernel/tile.h"

#include <immintrin.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 12")

enum { ROWS = 12, BLOCK_ROWS = 6, GROUPS = 4 };

/* Rows from which a single tile gains from fetching ahead, as measured on Zen 4: 4-bit weights are
 * unpacked slower than memory brings them, 8-bit ones never. */
enum { ALONE_ROWS = 10, Q4_ALONE_ROWS = 3, NEVER_ALONE = BLOCK_ROWS + 1 };

/* Cache lines of a unit. */
enum { LINES = 2, Q8_LINES = Q8_UNIT_BYTES / 64, Q4_LINES = Q4_UNIT_BYTES / 64 };

/* Row r is reached as group[r / 3] + (r % 3) · stride: what an x86 address can say. */
struct walk {
    const unsigned char *group[GROUPS];
};

INLINE struct walk walk_of(const unsigned char *base, size_t stride)
{
    struct walk walk;
    UNROLL for (int g = 0; g < GROUPS; g++) walk.group[g] = base + 3 * (size_t)g * stride;
    return walk;
}

INLINE __m512i broadcast(const struct walk *walk, int row, size_t stride, int64_t offset)
{
    int unit;
    memcpy(&unit, walk->group[row / 3] + (size_t)(row % 3) * stride + offset, sizeof unit);
    return _mm512_set1_epi32(unit);
}

INLINE void load_sums(const struct tile *tile, __m512 sum[][2], const int rows)
{
    UNROLL for (int row = 0; row < rows; row++)
    {
        const float *out = tile->out + (size_t)row * tile->out_stride;
        sum[row][0] = tile->is_accumulating ? _mm512_loadu_ps(out) : _mm512_setzero_ps();
        sum[row][1] = tile->is_accumulating ? _mm512_loadu_ps(out + 16) : _mm512_setzero_ps();
    }
}

INLINE void store_sums(const struct tile *tile, __m512 sum[][2], const int rows)
{
    UNROLL for (int row = 0; row < rows; row++)
    {
        float *out = tile->out + (size_t)row * tile->out_stride;
        _mm512_storeu_ps(out, sum[row][0]);
        _mm512_storeu_ps(out + 16, sum[row][1]);
    }
}

/* Much later than the next access: into the L2 cache. */
INLINE void fetch_ahead(const struct tile *tile, int64_t unit, const int lines)
{
    if (lines == 0)
        return;
    const unsigned char *at = tile->ahead + 64 * (size_t)unit * (size_t)lines;
    UNROLL for (int line = 0; line < lines; line++)
        _mm_prefetch((const char *)(at + 64 * line), _MM_HINT_T1);
}

INLINE void fp32_tile(const struct tile *tile, const int rows, const int lines)
{
    __m512 sum[ROWS][2];
    load_sums(tile, sum, rows);
    const size_t stride = tile->stride_bytes;
    struct walk x = walk_of(tile->rows, stride);
    const unsigned char *w = tile->panel;
    for (int64_t k = 0; k < tile->units; k++, w += 128) {
        fetch_ahead(tile, k, lines);
        __m512 w0 = _mm512_loadu_ps(w);
        __m512 w1 = _mm512_loadu_ps(w + 64);
        UNROLL for (int row = 0; row < rows; row++)
        {
            __m512 value = _mm512_castsi512_ps(broadcast(&x, row, stride, 4 * k));
            sum[row][0] = _mm512_fmadd_ps(value, w0, sum[row][0]);
            sum[row][1] = _mm512_fmadd_ps(value, w1, sum[row][1]);
        }
    }
    store_sums(tile, sum, rows);
}

INLINE void bf16_tile(const struct tile *tile, const int rows, const int lines)
{
    __m512 sum[ROWS][2];
    load_sums(tile, sum, rows);
    const size_t stride = tile->stride_bytes;
    struct walk x = walk_of(tile->rows, stride);
    const unsigned char *w = tile->panel;
    for (int64_t k = 0; k < tile->units; k++, w += 128) {
        fetch_ahead(tile, k, lines);
        __m512bh w0 = (__m512bh)_mm512_loadu_si512(w);
        __m512bh w1 = (__m512bh)_mm512_loadu_si512(w + 64);
        UNROLL for (int row = 0; row < rows; row++)
        {
            __m512bh pair = (__m512bh)broadcast(&x, row, stride, 4 * k);
            sum[row][0] = _mm512_dpbf16_ps(sum[row][0], pair, w0);
            sum[row][1] = _mm512_dpbf16_ps(sum[row][1], pair, w1);
        }
    }
    store_sums(tile, sum, rows);
}

/* Compilers may not move loads across it. Prefetching follows ascending addresses: with weights
 * loaded in gcc's order, two rows of q8_0 streamed at 23 instead of 32 GB/s. */
#define KEEP_ORDER __asm__ volatile("" ::: "memory")

/* What the two block formats share: walks over values, scales and starts. */
struct block_walk {
    struct walk x;
    struct walk scales;
    struct walk starts;
    size_t stride;
};

INLINE struct block_walk block_walk_of(const struct tile *tile)
{
    size_t stride = tile->stride_bytes;
    return (struct block_walk){walk_of(tile->rows, stride), walk_of(tile->scales, stride),
                               walk_of(tile->starts, stride), stride};
}

INLINE void start_dots(const struct block_walk *walk, __m512i dot[][2], int64_t block,
                       const int rows)
{
    UNROLL for (int row = 0; row < rows; row++)
    {
        dot[row][0] = broadcast(&walk->starts, row, walk->stride, 4 * block);
        dot[row][1] = dot[row][0];
    }
}

/* dot += quad `offset` of the operand rows · 4 x 32 unsigned weights */
INLINE void add_quad(const struct block_walk *walk, __m512i dot[][2], __m512i w0, __m512i w1,
                     int64_t offset, const int rows)
{
    UNROLL for (int row = 0; row < rows; row++)
    {
        __m512i quad = broadcast(&walk->x, row, walk->stride, offset);
        dot[row][0] = _mm512_dpbusd_epi32(dot[row][0], w0, quad);
        dot[row][1] = _mm512_dpbusd_epi32(dot[row][1], w1, quad);
    }
}

INLINE void add_dots(const struct block_walk *walk, const unsigned char *unit, __m512 sum[][2],
                     __m512i dot[][2], int64_t block, const int rows)
{
    __m512 s0 = _mm512_cvtph_ps(_mm256_loadu_si256((const void *)unit));
    __m512 s1 = _mm512_cvtph_ps(_mm256_loadu_si256((const void *)(unit + 32)));
    UNROLL for (int row = 0; row < rows; row++)
    {
        __m512 scale = _mm512_castsi512_ps(broadcast(&walk->scales, row, walk->stride, 4 * block));
        sum[row][0] =
            _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[row][0]), _mm512_mul_ps(s0, scale), sum[row][0]);
        sum[row][1] =
            _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[row][1]), _mm512_mul_ps(s1, scale), sum[row][1]);
    }
}

INLINE void q8_tile(const struct tile *tile, const int rows, const int lines)
{
    __m512 sum[BLOCK_ROWS][2];
    load_sums(tile, sum, rows);
    struct block_walk walk = block_walk_of(tile);
    const unsigned char *unit = tile->panel;
    for (int64_t block = 0; block < tile->units; block++, unit += Q8_UNIT_BYTES) {
        __m512i dot[BLOCK_ROWS][2];
        fetch_ahead(tile, block, lines);
        start_dots(&walk, dot, block, rows);
        UNROLL for (int quad = 0; quad < 8; quad++)
        {
            __m512i w0 = _mm512_loadu_si512(unit + 64 + 128 * quad);
            __m512i w1 = _mm512_loadu_si512(unit + 128 + 128 * quad);
            add_quad(&walk, dot, w0, w1, BLOCK_DEPTH * block + 4 * quad, rows);
            KEEP_ORDER;
        }
        add_dots(&walk, unit, sum, dot, block, rows);
    }
    store_sums(tile, sum, rows);
}

INLINE void q4_tile(const struct tile *tile, const int rows, const int lines)
{
    __m512 sum[BLOCK_ROWS][2];
    load_sums(tile, sum, rows);
    struct block_walk walk = block_walk_of(tile);
    const unsigned char *unit = tile->panel;
    const __m512i mask = _mm512_set1_epi8(15);
    for (int64_t block = 0; block < tile->units; block++, unit += Q4_UNIT_BYTES) {
        __m512i dot[BLOCK_ROWS][2];
        fetch_ahead(tile, block, lines);
        start_dots(&walk, dot, block, rows);
        UNROLL for (int quad = 0; quad < 4; quad++)
        {
            __m512i w0 = _mm512_loadu_si512(unit + 64 + 128 * quad);
            __m512i w1 = _mm512_loadu_si512(unit + 128 + 128 * quad);
            int64_t offset = BLOCK_DEPTH * block + 4 * quad;
            add_quad(&walk, dot, _mm512_and_si512(w0, mask), _mm512_and_si512(w1, mask), offset,
                     rows);
            w0 = _mm512_and_si512(_mm512_srli_epi16(w0, 4), mask);
            w1 = _mm512_and_si512(_mm512_srli_epi16(w1, 4), mask);
            add_quad(&walk, dot, w0, w1, offset + 16, rows);
            KEEP_ORDER;
        }
        add_dots(&walk, unit, sum, dot, block, rows);
    }
    store_sums(tile, sum, rows);
}

#define CASE(tile_of, rows, lines)                                                                 \
    case rows:                                                                                     \
        tile_of(tile, rows, lines);                                                                \
        return;

#define CASES_6(tile_of, lines)                                                                    \
    CASE(tile_of, 1, lines)                                                                        \
    CASE(tile_of, 2, lines)                                                                        \
    CASE(tile_of, 3, lines)                                                                        \
    CASE(tile_of, 4, lines) CASE(tile_of, 5, lines) CASE(tile_of, 6, lines)

#define CASES_12(tile_of, lines)                                                                   \
    CASES_6(tile_of, lines)                                                                        \
    CASE(tile_of, 7, lines)                                                                        \
    CASE(tile_of, 8, lines)                                                                        \
    CASE(tile_of, 9, lines)                                                                        \
    CASE(tile_of, 10, lines) CASE(tile_of, 11, lines) CASE(tile_of, 12, lines)

/* Defines NAME(tile, rows): the code for so many rows, fetching nothing ahead, half a unit's
 * `lines` or all. */
#define DEFINE_RUN(name, cases, tile_of, lines)                                                    \
    static void name##_plain(const struct tile *tile, int rows)                                    \
    {                                                                                              \
        switch (rows) {                                                                            \
            cases(tile_of, 0)                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void name##_half(const struct tile *tile, int rows)                                     \
    {                                                                                              \
        switch (rows) {                                                                            \
            cases(tile_of, (lines + 1) / 2)                                                        \
        }                                                                                          \
    }                                                                                              \
    static void name##_whole(const struct tile *tile, int rows)                                    \
    {                                                                                              \
        switch (rows) {                                                                            \
            cases(tile_of, lines)                                                                  \
        }                                                                                          \
    }                                                                                              \
    static void name(const struct tile *tile, int rows)                                            \
    {                                                                                              \
        if (!tile->ahead)                                                                          \
            name##_plain(tile, rows);                                                              \
        else                                                                                       \
            (tile->ahead_lines == lines ? name##_whole : name##_half)(tile, rows);                 \
    }

DEFINE_RUN(run_fp32, CASES_12, fp32_tile, LINES)
DEFINE_RUN(run_bf16, CASES_12, bf16_tile, LINES)
DEFINE_RUN(run_q8, CASES_6, q8_tile, Q8_LINES)
DEFINE_RUN(run_q4, CASES_6, q4_tile, Q4_LINES)

const struct tile_kernels tile_avx512_kernels = {
    .fp32 = {ROWS,       run_fp32, ALONE_ROWS   },
    .bf16 = {ROWS,       run_bf16, ALONE_ROWS   },
    .q8 = {BLOCK_ROWS, run_q8,   NEVER_ALONE  },
    .q4 = {BLOCK_ROWS, run_q4,   Q4_ALONE_ROWS},
};
#else
enum { NO_AVX512_HERE };
#endif
