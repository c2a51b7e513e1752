#include "validate/machine_fit.h"

#include "validate/describe.h"
#include "validate/import.h"
#include "validate/machine_steps.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_OF_PROBE(id, name) name,
const char *const machine_probe_names[MACHINE_PROBE_COUNT] = {MACHINE_PROBE_LIST(NAME_OF_PROBE)};

bool machine_probe_run(struct machine_tables *tables, struct arena *arena, enum machine_probe probe,
                       const struct probe_options *options)
{
    static bool (*const runs[MACHINE_PROBE_COUNT])(const struct probe_options *, struct table *) = {
        probe_bandwidth, probe_peak, probe_barrier, probe_gemm, machine_steps_run};
    table_init(&tables->tables[probe], arena, machine_probe_names[probe]);
    return runs[probe](options, &tables->tables[probe]);
}

double machine_probe_share(enum machine_probe probe)
{
    static const double shares[MACHINE_PROBE_COUNT] = {0.05, 0.01, 0.01, 0.18, 0.75};
    return shares[probe];
}

/* Cells by the column's name; NaN where a probe has no such column. */
static double cell(const struct table *table, int row, const char *column)
{
    int index = table_find_column(table, column);
    return index < 0 ? (double)NAN : table_number(table, row, index);
}

static const char *word(const struct table *table, int row, const char *column)
{
    return table_cell(table, row, table_find_column(table, column)).text;
}

static bool is_word(const struct table *table, int row, const char *column, const char *value)
{
    return strcmp(word(table, row, column), value) == 0;
}

/* Three digits are what such numbers are worth. */
static double three_digits(double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.2e", value);
    return strtod(text, NULL);
}

static double most_threads(const struct table *table)
{
    double most = 1.0;
    for (int row = 0; row < table->row_count; row++)
        most = fmax(most, cell(table, row, "threads"));
    return most;
}

/* What all of `threads` moved beside the microbenchmarks (`column`): the median of all readings,
 * taken over minutes; NaN without any. */
static double beside(struct arena *arena, const struct machine_tables *tables, double threads,
                     const char *column)
{
    enum { PROBES = 2 };
    static const enum machine_probe probes[PROBES] = {MACHINE_PROBE_GEMM, MACHINE_PROBE_STEPS};
    int most = 0;
    for (int p = 0; p < PROBES; p++)
        most += tables->tables[probes[p]].row_count;
    double *rates = arena_array(arena, (size_t)most + 1, sizeof *rates);
    int64_t count = 0;
    for (int p = 0; p < PROBES; p++) {
        const struct table *table = &tables->tables[probes[p]];
        for (int row = 0; row < table->row_count; row++) {
            double rate = cell(table, row, column);
            if (rate > 0.0 && fabs(cell(table, row, "threads") - threads) < 0.5)
                rates[count++] = rate;
        }
    }
    return fit_quantile(rates, count, 0.5);
}

/* Reading in the last-level cache: the best of the working sets between half a megabyte and half of
 * it. */
static double cache_rate(const struct table *table, double threads, double cache_bytes)
{
    double best = 0.0;
    for (int row = 0; row < table->row_count; row++) {
        double set = cell(table, row, "working_set_bytes");
        bool is_read = is_word(table, row, "kernel", "read") &&
                       fabs(cell(table, row, "threads") - threads) < 0.5;
        if (is_read && set >= 0.125 * cache_bytes && set <= 0.5 * cache_bytes)
            best = fmax(best, cell(table, row, "bandwidth_byte_per_s"));
    }
    return best;
}

/* Squared logarithmic error of 1/rate = hit/cache + (1 - hit)/memory over working sets beyond the
 * private caches. */
static double share_error(const struct table *table, double threads, double cache_bytes,
                          double cache, double memory, double share)
{
    double sum = 0.0;
    for (int row = 0; row < table->row_count; row++) {
        double set = cell(table, row, "working_set_bytes");
        bool is_read = is_word(table, row, "kernel", "read") &&
                       fabs(cell(table, row, "threads") - threads) < 0.5;
        if (!is_read || set < 0.125 * cache_bytes)
            continue;
        double filled = pow(set / (share * cache_bytes), 4.0);
        double hit = 1.0 / (1.0 + filled);
        double rate = 1.0 / (hit / cache + (1.0 - hit) / memory);
        double off = log(rate / cell(table, row, "bandwidth_byte_per_s"));
        sum += off * off;
    }
    return sum;
}

static double cache_share(const struct table *table, double threads, double cache_bytes,
                          double cache, double memory)
{
    const double step = 1.05;
    double best = 0.1;
    for (double share = 0.1; share < 3.0; share *= step)
        if (share_error(table, threads, cache_bytes, cache, memory, share) <
            share_error(table, threads, cache_bytes, cache, memory, best))
            best = share;
    return best;
}

static void set_peaks(struct datasheet *sheet, const struct table *peaks)
{
    double threads = most_threads(peaks);
    for (int row = 0; row < peaks->row_count; row++)
        for (int math = 0; math < MATH_COUNT; math++)
            if (is_word(peaks, row, "math", math_names[math]) &&
                fabs(cell(peaks, row, "threads") - threads) < 0.5)
                sheet->peak_flop_per_s[math] = three_digits(cell(peaks, row, "peak_flop_per_s"));
    /* without such instructions our products run on widened operands */
    static const enum math needed[2] = {MATH_BF16, MATH_INT8};
    for (int i = 0; i < 2; i++)
        if (!(sheet->peak_flop_per_s[needed[i]] > 0.0))
            sheet->peak_flop_per_s[needed[i]] = sheet->peak_flop_per_s[MATH_FP32];
}

static enum format format_of(const struct table *table, int row)
{
    int format = 0;
    while (format < FORMAT_COUNT - 1 && !is_word(table, row, "format", format_names[format]))
        format++;
    return (enum format)format;
}

/* Products with cold weights; activations are fp32 outside of them. */
static void add_products(struct sink *sink, const struct table *table)
{
    for (int row = 0; row < table->row_count; row++) {
        enum format format = format_of(table, row);
        struct gemm_case c = {.rows = cell(table, row, "rows"),
                              .columns = cell(table, row, "columns"),
                              .depth = cell(table, row, "depth"),
                              .groups = 1.0,
                              .weight_bytes = format_bytes(format),
                              .input_bytes = 4.0,
                              .output_bytes = 4.0,
                              .math = format_math(format)};
        struct op op = describe_gemm(&c);
        if (is_word(table, row, "residence", "cold"))
            machine_sample_add(sink, table, row, &op);
    }
}

static struct sample_set samples_of(struct arena *arena, struct diags *diags,
                                    const struct machine_tables *tables, enum machine_probe probe,
                                    void (*add)(struct sink *, const struct table *))
{
    struct sample_set set = {.path = machine_probe_names[probe]};
    struct sink *sink = arena_alloc(arena, sizeof *sink);
    *sink = (struct sink){.arena = arena, .diags = diags, .set = &set};
    add(sink, &tables->tables[probe]);
    sink_finish(sink);
    return set;
}

static struct kernel_fit base_of(const struct machine_tables *tables, double cache_bytes,
                                 double alone, double all, double exchange, double join,
                                 double latency)
{
    struct kernel_fit base = {.family = FAMILY_CORES};
#define UNSET(member, key, dimension, low, high, meaning) base.member = (double)NAN;
    KERNEL_PARAM_LIST(UNSET)
#undef UNSET
    const struct table *bandwidth = &tables->tables[MACHINE_PROBE_BANDWIDTH];
    const struct table *barrier = &tables->tables[MACHINE_PROBE_BARRIER];
    double threads = most_threads(bandwidth);
    double cache = cache_rate(bandwidth, threads, cache_bytes);
    base.unit_ratio = three_digits(alone / (all / threads));
    base.cache_speed = three_digits(cache > all ? cache / all : 1.0);
    base.cache_ratio = three_digits(cache_share(bandwidth, threads, cache_bytes, cache, all));
    base.barrier_s = 0.0;
    if (join > 0.0)
        base.barrier_s = three_digits(join);
    for (int row = 0; row < barrier->row_count && !(join > 0.0); row++)
        if (cell(barrier, row, "threads") > 1.0)
            base.barrier_s = three_digits(cell(barrier, row, "barrier_s"));
    base.exchange_ratio = exchange > 0.0 ? three_digits(exchange / all) : (double)NAN;
    base.memory_ratio = 1.0;
    base.latency_s = latency > 0.0 ? three_digits(latency) : (double)NAN;
    base.smooth = 8.0;
    return base;
}

static struct measured measured_value(struct arena *arena, enum measurand what, double value,
                                      const char *how)
{
    return (struct measured){.what = what,
                             .value = value,
                             .value_text = arena_printf(arena, "%.4g GB/s", 1e-9 * value),
                             .how = how,
                             .source = "tokenroof calibrate --this-machine"};
}

static void set_measured(struct arena *arena, struct device *device, double all, double cache)
{
    device->measured = arena_array(arena, 2, sizeof *device->measured);
    device->measured[device->measured_count++] =
        measured_value(arena, MEASURED_MEMORY_READ_BANDWIDTH, all,
                       "read by all cores, median of readings beside the microbenchmarks");
    if (cache > 0.0)
        device->measured[device->measured_count++] =
            measured_value(arena, MEASURED_CACHE_BANDWIDTH, cache,
                           "read by all cores, working set within the last-level cache");
}

static void set_datasheet(struct arena *arena, const struct machine *machine,
                          const struct machine_tables *tables, double all, struct device *device)
{
    struct datasheet *sheet = &device->datasheet;
    *sheet = (struct datasheet){
        .source = "detected by the program; peaks and bandwidth are measured, no vendor's",
        .verified = "yes: measured here",
        .units = machine->cores,
        .unit_name = "core",
        .clock_hz = machine->clock_hz > 0.0 ? three_digits(machine->clock_hz) : (double)NAN,
        .memory_kind = "main memory",
        .memory_bytes = three_digits(machine->memory_bytes),
        .memory_bandwidth_byte_per_s = all,
        .tdp_w = (double)NAN,
        .idle_w = (double)NAN,
    };
    set_peaks(sheet, &tables->tables[MACHINE_PROBE_PEAK]);
    sheet->caches = arena_array(arena, 4, sizeof *sheet->caches);
    sheet->cache_count = machine->cache_count;
    if (machine->cache_count)
        memcpy(sheet->caches, machine->caches,
               (size_t)machine->cache_count * sizeof *sheet->caches);
}

struct machine_fit machine_fit_tables(struct arena *arena, const struct machine *machine,
                                      const struct machine_tables *tables, const char *date)
{
    const struct table *bandwidth = &tables->tables[MACHINE_PROBE_BANDWIDTH];
    double threads = most_threads(bandwidth);
    double all = three_digits(beside(arena, tables, threads, "read_byte_per_s"));
    double alone = beside(arena, tables, 1.0, "read_byte_per_s");
    struct machine_fit found = {0};
    struct device *device = &found.device;
    device->name = arena_printf(arena, "%s, %d cores", machine->processor, machine->cores);
    device->kind = DEVICE_CPU;
    device->launch = (struct launch_cost){(double)NAN, (double)NAN, (double)NAN, NULL};
    set_datasheet(arena, machine, tables, all, device);
    double cache_bytes = device_cache_bytes(device);
    set_measured(arena, device, all, three_digits(cache_rate(bandwidth, threads, cache_bytes)));
    struct diags diags;
    diags_init(&diags, arena);
    struct sample_set sets[] = {
        samples_of(arena, &diags, tables, MACHINE_PROBE_GEMM, add_products),
        samples_of(arena, &diags, tables, MACHINE_PROBE_STEPS, machine_steps_add),
    };
    struct kernel_fit base = base_of(tables, cache_bytes, alone, all,
                                     beside(arena, tables, threads, PROBE_EXCHANGE_COLUMN),
                                     beside(arena, tables, threads, PROBE_BARRIER_COLUMN),
                                     beside(arena, tables, 1.0, PROBE_LATENCY_COLUMN));
    struct calibration_options options = {
        .device = device,
        .base = &base,
        .seed = 1,
        .held_ratio = 0.2,
        .most_rows = 6000,
        .source = arena_printf(arena, "tokenroof calibrate --this-machine at %s, %s; grid",
                               machine->revision, machine->compiler),
        .date = date,
    };
    found.calibration = calibrate(arena, sets, sizeof sets / sizeof *sets, &options);
    device->fitted =
        arena_array(arena, (size_t)found.calibration.class_count + 1, sizeof *device->fitted);
    for (int i = 0; i < found.calibration.class_count; i++)
        device->fitted[device->fitted_count++] = found.calibration.classes[i].fit;
    return found;
}
