/* Bandwidth, peak arithmetic, barriers. */
#include "kernel/probe_timing.h"

#include "kernel/bare.h"
#include "kernel/op_timer.h"

#include <string.h>

enum { STREAM_KERNELS = 3 };

static const char *const stream_names[STREAM_KERNELS] = {"read", "copy", "triad"};

/* Arrays that STREAM's counting moves per element: read 1, copy 2, triad 3. */
struct stream {
    struct gemm gemm;
    struct bare_kernels bare;
    int kernel;
    int64_t part_bytes; /* of each array */
    unsigned char *arrays[3];
    float sink[64]; /* per thread */
};

static void run_part(struct stream *stream, int thread, size_t at, size_t size)
{
    switch (stream->kernel) {
    case 0:
        stream->sink[thread % 64] += stream->bare.read(stream->arrays[0] + at, size);
        break;
    case 1:
        memcpy(stream->arrays[0] + at, stream->arrays[1] + at, size);
        break;
    default:
        stream->gemm.rows->triad(
            (void *)(stream->arrays[0] + at), (const void *)(stream->arrays[1] + at),
            (const void *)(stream->arrays[2] + at), 3.0f, (int64_t)(size / sizeof(float)));
    }
}

/* Item = thread: every thread keeps its own part, as in a working set that stays in its cache. */
static void run_parts(void *context, int thread, int64_t begin, int64_t end)
{
    struct stream *stream = context;
    int64_t threads = pool_threads(stream->gemm.pool);
    int64_t share = stream->part_bytes / threads / 512 * 512;
    for (int64_t item = begin; item < end; item++)
        run_part(stream, thread, (size_t)(item * share), (size_t)share);
}

static void run_stream(void *context, int64_t repetition)
{
    struct stream *stream = context;
    (void)repetition;
    pool_run(stream->gemm.pool, pool_threads(stream->gemm.pool), 1,
             (struct pool_task){run_parts, stream});
}

struct bandwidth_columns {
    int threads, kernel, bytes, bandwidth, time;
};

static struct bandwidth_columns add_bandwidth_columns(struct table *table)
{
    return (struct bandwidth_columns){
        .threads = probe_count_column(table, "threads", "threads", ""),
        .kernel = probe_text_column(table, "kernel", "kernel"),
        .bytes = probe_count_column(table, "working_set_bytes", "working set", "B"),
        .bandwidth = probe_number_column(table, "bandwidth_byte_per_s", "bandwidth", "B/s"),
        .time = probe_add_time_columns(table),
    };
}

static void stream_row(const struct probe_options *options, struct stream *stream,
                       struct table *table, const struct bandwidth_columns *columns)
{
    struct probe_time time =
        probe_repeat((struct probe_task){run_stream, stream, NULL}, options->point_s);
    int row = table_add_row(table);
    double bytes = (double)(stream->part_bytes * (stream->kernel + 1));
    table_set_count(table, row, columns->threads, pool_threads(stream->gemm.pool));
    table_set_text(table, row, columns->kernel, stream_names[stream->kernel]);
    table_set_count(table, row, columns->bytes, (int64_t)bytes);
    table_set_number(table, row, columns->bandwidth, bytes / time.median_s);
    probe_set_time(table, row, columns->time, time);
}

/* The working set is all arrays of a kernel together, all threads together. */
static void stream_sizes(const struct probe_options *options, struct stream *stream,
                         struct table *table, const struct bandwidth_columns *columns)
{
    for (int kernel = 0; kernel < STREAM_KERNELS; kernel++)
        for (int64_t set = 32 << 10; set <= options->largest_bytes; set *= 2) {
            stream->kernel = kernel;
            stream->part_bytes = set / (kernel + 1) / 8192 * 8192;
            if (stream->part_bytes > 0)
                stream_row(options, stream, table, columns);
        }
}

bool probe_bandwidth(const struct probe_options *options, struct table *table)
{
    struct pages pages;
    struct stream stream = {.kernel = 0};
    struct bandwidth_columns columns = add_bandwidth_columns(table);
    bool is_complete = true;
    pages_init(&pages);
    for (int i = 0; i < 3; i++) {
        stream.arrays[i] = pages_take(&pages, (size_t)options->largest_bytes);
        is_complete = is_complete && stream.arrays[i];
        if (stream.arrays[i]) /* untouched pages are all one page of zeros */
            memset(stream.arrays[i], i + 1, (size_t)options->largest_bytes);
    }
    for (int threads = 1; threads <= options->threads_max && is_complete; threads++) {
        probe_report(options, threads - 1, options->threads_max);
        stream.gemm = probe_gemm_context(options, threads);
        stream.bare = bare_kernels_for(stream.gemm.features);
        is_complete = stream.gemm.pool != NULL;
        if (is_complete)
            stream_sizes(options, &stream, table, &columns);
        pool_free(stream.gemm.pool);
    }
    pages_release(&pages);
    return is_complete;
}

double probe_read_bandwidth(struct pool *pool, enum isa isa_limit, void *memory, size_t size_bytes,
                            double limit_s)
{
    struct isa_features features = isa_detect(isa_limit);
    struct stream stream = {
        .gemm = {pool,                           features, row_kernels_for(features.isa)},
        .bare = bare_kernels_for(features),
        .part_bytes = (int64_t)size_bytes,
        .arrays = {memory},
    };
    int64_t start = clock_ns();
    double taken_s = 0.0;
    double bytes = 0.0;
    while (taken_s < limit_s || bytes < 2.0 * (double)size_bytes) {
        run_stream(&stream, 0);
        bytes += (double)size_bytes;
        taken_s = 1e-9 * (double)(clock_ns() - start);
    }
    return bytes / taken_s;
}

/* Every thread runs the same loop. */
struct peak {
    struct gemm gemm;
    double (*loop)(int64_t rounds, float *sink);
    double flops[64]; /* per thread, of one repetition */
};

enum { PEAK_ROUNDS = 200000 };

static void run_peak_parts(void *context, int thread, int64_t begin, int64_t end)
{
    struct peak *peak = context;
    float sink = 0.0f;
    for (int64_t item = begin; item < end; item++)
        peak->flops[item % 64] = peak->loop(PEAK_ROUNDS, &sink);
    (void)thread;
}

static void run_peak(void *context, int64_t repetition)
{
    struct peak *peak = context;
    (void)repetition;
    pool_run(peak->gemm.pool, pool_threads(peak->gemm.pool), 1,
             (struct pool_task){run_peak_parts, peak});
}

struct peak_columns {
    int threads, math, rate, time;
};

static void peak_row(const struct probe_options *options, struct peak *peak, enum math math,
                     struct table *table, const struct peak_columns *columns)
{
    if (!peak->loop)
        return;
    int threads = pool_threads(peak->gemm.pool);
    struct probe_time time =
        probe_repeat((struct probe_task){run_peak, peak, NULL}, options->point_s);
    int row = table_add_row(table);
    table_set_count(table, row, columns->threads, threads);
    table_set_text(table, row, columns->math, math_names[math]);
    table_set_number(table, row, columns->rate, peak->flops[0] * threads / time.best_s);
    probe_set_time(table, row, columns->time, time);
}

bool probe_peak(const struct probe_options *options, struct table *table)
{
    struct peak_columns columns = {
        .threads = probe_count_column(table, "threads", "threads", ""),
        .math = probe_text_column(table, "math", "arithmetic"),
        .rate = probe_number_column(table, "peak_flop_per_s", "peak", "FLOP/s"),
        .time = probe_add_time_columns(table),
    };
    for (int threads = 1; threads <= options->threads_max; threads++) {
        probe_report(options, threads - 1, options->threads_max);
        struct peak peak = {.gemm = probe_gemm_context(options, threads)};
        if (!peak.gemm.pool)
            return false;
        struct bare_kernels bare = bare_kernels_for(peak.gemm.features);
        peak.loop = bare.fp32;
        peak_row(options, &peak, MATH_FP32, table, &columns);
        peak.loop = bare.bf16;
        peak_row(options, &peak, MATH_BF16, table, &columns);
        peak.loop = bare.int8;
        peak_row(options, &peak, MATH_INT8, table, &columns);
        pool_free(peak.gemm.pool);
    }
    return true;
}

enum { BARRIERS = 1000 };

static void run_barriers(void *context, int64_t repetition)
{
    (void)repetition;
    for (int i = 0; i < BARRIERS; i++)
        pool_barrier(context);
}

bool probe_barrier(const struct probe_options *options, struct table *table)
{
    int threads_column = probe_count_column(table, "threads", "threads", "");
    int cost = probe_number_column(table, "barrier_s", "fork and join", "s");
    int first = probe_add_time_columns(table);
    for (int threads = 1; threads <= options->threads_max; threads++) {
        probe_report(options, threads - 1, options->threads_max);
        struct pool *pool = pool_new(threads);
        if (!pool)
            return false;
        struct probe_time time =
            probe_repeat((struct probe_task){run_barriers, pool, NULL}, options->point_s);
        int row = table_add_row(table);
        table_set_count(table, row, threads_column, threads);
        table_set_number(table, row, cost, time.median_s / BARRIERS);
        probe_set_time(table, row, first, time);
        pool_free(pool);
    }
    return true;
}

double probe_latency(const void *memory, size_t size_bytes)
{
    enum { LOADS = 8000 };
    const uint64_t lines = size_bytes / CACHE_LINE_BYTES;
    const unsigned char *bytes = memory;
    uint64_t at = 1;
    int64_t start = clock_ns();
    for (int i = 0; i < LOADS; i++) {
        at = at * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        at += bytes[(at >> 20) % lines * CACHE_LINE_BYTES];
    }
    double taken_s = 1e-9 * (double)(clock_ns() - start);
    return at ? taken_s / LOADS : 0.0; /* looked at, so that no load is left out */
}

/* Parts that threads pass round: thread t rewrites part t + turn. */
struct exchange {
    float *parts;
    int64_t threads;
    int64_t turn;
    const struct row_kernels *rows;
};

enum { EXCHANGE_BYTES = 128 << 10, EXCHANGES = 16 };

static void rewrite_part(void *context, int thread, int64_t begin, int64_t end)
{
    const struct exchange *exchange = context;
    int64_t floats = EXCHANGE_BYTES / (int64_t)sizeof(float);
    (void)begin;
    (void)end;
    int64_t part = (thread + exchange->turn) % exchange->threads;
    exchange->rows->scale(exchange->parts + part * floats, -1.0f, floats);
}

double probe_exchange_rate(struct pool *pool)
{
    struct pages pages;
    int64_t times[EXCHANGES];
    struct exchange exchange = {.threads = pool_threads(pool),
                                .rows = row_kernels_for(isa_detect(ISA_AVX512).isa)};
    pages_init(&pages);
    size_t bytes = (size_t)exchange.threads * EXCHANGE_BYTES;
    exchange.parts = pages_take(&pages, bytes);
    if (!exchange.parts)
        return 0.0;
    memset(exchange.parts, 0, bytes);
    for (exchange.turn = 0; exchange.turn < EXCHANGES; exchange.turn++) {
        int64_t start = clock_ns();
        pool_run(pool, exchange.threads, 1, (struct pool_task){rewrite_part, &exchange});
        times[exchange.turn] = clock_ns() - start;
    }
    pages_release(&pages);
    return 2.0 * (double)bytes / (1e-9 * (double)probe_median_ns(times, EXCHANGES));
}

/* Multiply-adds of a tenth of a millisecond per thread. */
struct fma_job {
    struct bare_kernels bare;
    double flops[64]; /* per item */
};

static void run_fma(void *context, int thread, int64_t begin, int64_t end)
{
    const int64_t rounds = 20000;
    struct fma_job *job = context;
    float sink = 0.0f;
    (void)thread;
    for (int64_t item = begin; item < end; item++)
        job->flops[item % 64] = job->bare.fp32(rounds, &sink);
}

double probe_fma_rate(struct pool *pool)
{
    enum { ROUNDS = 9 };
    int64_t times[ROUNDS];
    struct fma_job job = {.bare = bare_kernels_for(isa_detect(ISA_AVX512))};
    for (int i = 0; i < ROUNDS; i++) {
        int64_t start = clock_ns();
        pool_run(pool, pool_threads(pool), 1, (struct pool_task){run_fma, &job});
        times[i] = clock_ns() - start;
    }
    return job.flops[0] * pool_threads(pool) / (1e-9 * (double)probe_median_ns(times, ROUNDS));
}

double probe_barrier_time(struct pool *pool)
{
    enum { ROUNDS = 301 };
    int64_t times[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        int64_t start = clock_ns();
        pool_barrier(pool);
        times[i] = clock_ns() - start;
    }
    return 1e-9 * (double)probe_median_ns(times, ROUNDS);
}
