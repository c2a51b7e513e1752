/* Calibration of a CPU from microbenchmarks: known parameters come back from synthetic tables. */
#include "validate/machine_fit.h"

#include "cost/op_time.h"
#include "validate/describe.h"

#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int number_column(struct table *table, const char *name)
{
    return table_add_column(table, (struct column){name, name, "", CELL_NUMBER, false});
}

static int text_column(struct table *table, const char *name)
{
    return table_add_column(table, (struct column){name, name, "", CELL_TEXT, false});
}

/* The machine behind the tables. */
static const double peak = 200e9;
static const double memory = 30e9;
static const double one_core = 20e9;
static const double in_cache = 150e9;

static struct machine synthetic_machine(void)
{
    struct machine machine = {.processor = "synthetic",
                              .cores = 2,
                              .clock_hz = 2.5e9,
                              .memory_bytes = 16e9,
                              .compiler = "none",
                              .revision = "none"};
    machine.caches[machine.cache_count++] = (struct cache){"L3", 32e6, (double)NAN};
    return machine;
}

static void fill_bandwidth(struct table *table, struct arena *arena)
{
    table_init(table, arena, NULL);
    int threads = number_column(table, "threads");
    int kernel = text_column(table, "kernel");
    int set = number_column(table, "working_set_bytes");
    int rate = number_column(table, "bandwidth_byte_per_s");
    for (int t = 1; t <= 2; t++)
        for (double bytes = 32e3; bytes < 300e6; bytes *= 2.0) {
            double hit = 1.0 / (1.0 + pow(bytes / (0.8 * 32e6), 4.0));
            double cold = t == 1 ? one_core : memory;
            int row = table_add_row(table);
            table_set_number(table, row, threads, t);
            table_set_text(table, row, kernel, "read");
            table_set_number(table, row, set, bytes);
            table_set_number(table, row, rate,
                             1.0 / (hit / (in_cache * t / 2.0) + (1.0 - hit) / cold));
        }
}

static void fill_peak(struct table *table, struct arena *arena)
{
    table_init(table, arena, NULL);
    int threads = number_column(table, "threads");
    int math = text_column(table, "math");
    int rate = number_column(table, "peak_flop_per_s");
    int row = table_add_row(table);
    table_set_number(table, row, threads, 2);
    table_set_text(table, row, math, "fp32");
    table_set_number(table, row, rate, peak);
}

static void fill_barrier(struct table *table, struct arena *arena)
{
    table_init(table, arena, NULL);
    int threads = number_column(table, "threads");
    int cost = number_column(table, "barrier_s");
    int row = table_add_row(table);
    table_set_number(table, row, threads, 2);
    table_set_number(table, row, cost, 1e-6);
}

/* fp32 products at 0.8 of the peak, 2 rows more for each pass of up to 12 over the weights; the
 * first pass reads them at 0.9 of what is read, hardly both at once: (a^8 + b^8)^(1/8), and 1 us.
 */
static double product_time(double threads, double rows, double columns, double depth)
{
    double passes = ceil(rows / 12.0);
    double compute = 2.0 * columns * depth * (rows + 2.0 * passes) / (0.8 * peak * threads / 2.0);
    double stream = 4.0 * columns * depth / (0.9 * (threads < 2.0 ? one_core : memory));
    double moved = 4.0 * rows * (columns + depth) / (3.0 * memory * threads / 2.0);
    return pow(pow(compute, 8.0) + pow(stream, 8.0), 0.125) + moved + 1e-6 +
           (threads > 1.0 ? 2e-6 : 0.0);
}

static void fill_products(struct table *table, struct arena *arena)
{
    static const double sizes[] = {500.0, 900.0, 2000.0, 5000.0};
    static const double rows_of[] = {1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0};
    table_init(table, arena, NULL);
    int columns[8];
    static const char *const names[] = {"threads",         "rows",  "columns", "depth",
                                        "read_byte_per_s", "time_s"};
    for (int i = 0; i < 6; i++)
        columns[i] = number_column(table, names[i]);
    int format = text_column(table, "format");
    int residence = text_column(table, "residence");
    for (int i = 0; i < 2 * 4 * 4 * 7; i++) {
        double values[6] = {
            1.0 + i % 2, rows_of[i / 2 % 7], sizes[i / 14 % 4], sizes[i / 56], 0, 0};
        values[4] = values[0] < 2.0 ? one_core : memory;
        values[5] = product_time(values[0], values[1], values[2], values[3]);
        int row = table_add_row(table);
        for (int c = 0; c < 6; c++)
            table_set_number(table, row, columns[c], values[c]);
        table_set_text(table, row, format, "fp32");
        table_set_text(table, row, residence, "cold");
    }
}

static struct machine_fit fit_synthetic(struct arena *arena)
{
    struct machine machine = synthetic_machine();
    struct machine_tables tables;
    for (int i = 0; i < MACHINE_PROBE_COUNT; i++)
        table_init(&tables.tables[i], arena, NULL);
    fill_bandwidth(&tables.tables[MACHINE_PROBE_BANDWIDTH], arena);
    fill_peak(&tables.tables[MACHINE_PROBE_PEAK], arena);
    fill_barrier(&tables.tables[MACHINE_PROBE_BARRIER], arena);
    fill_products(&tables.tables[MACHINE_PROBE_GEMM], arena);
    return machine_fit_tables(arena, &machine, &tables, "2026-01");
}

static void known_parameters_come_back(void)
{
    struct arena arena;
    arena_init(&arena);
    struct machine_fit found = fit_synthetic(&arena);
    const struct device *device = &found.device;
    check_count("kind", device->kind, DEVICE_CPU);
    check_count("cores", device->datasheet.units, 2);
    check_close("bandwidth", device->datasheet.memory_bandwidth_byte_per_s, memory, 1e-6);
    check_close("peak", device->datasheet.peak_flop_per_s[MATH_FP32], peak, 1e-6);
    check_close("bf16 is widened", device->datasheet.peak_flop_per_s[MATH_BF16], peak, 1e-6);
    check_count("classes", found.calibration.class_count, 1);
    const struct kernel_fit *fit = &found.calibration.classes[0].fit;
    check_count("family", fit->family, FAMILY_CORES);
    check_close("one core's share", fit->unit_ratio, one_core / (memory / 2.0), 0.01);
    check_close("cache", fit->cache_speed, in_cache / memory, 0.02);
    check_close("its share", fit->cache_ratio, 0.8, 0.06);
    check_close("barrier", fit->barrier_s, 1e-6, 1e-6);
    check_close("compute", fit->compute_ratio, 0.8, 0.01);
    check_close("rows", fit->tile_load, 2.0, 0.06);
    check_close("memory", fit->memory_ratio, 0.9, 0.01);
    check_close("never both", fit->smooth, 8.0, 0.1);
    check_at_least("held-out error", 0.01, fit->held_median_ratio);
    arena_release(&arena);
}

/* What is kept is what was measured; nothing is found where nothing was kept. */
static void tables_are_kept(void)
{
    struct arena arena;
    struct machine_tables tables;
    struct machine_tables again;
    arena_init(&arena);
    fill_products(&tables.tables[MACHINE_PROBE_GEMM], &arena);
    const struct table *kept = &tables.tables[MACHINE_PROBE_GEMM];
    const struct table *found = &again.tables[MACHINE_PROBE_GEMM];
    remove("gemm.csv");
    check_true("not there yet", !machine_table_load(&again, &arena, MACHINE_PROBE_GEMM, "."));
    check_true("no such folder", !machine_table_save(&tables, MACHINE_PROBE_GEMM, "./none/such"));
    check_true("kept", machine_table_save(&tables, MACHINE_PROBE_GEMM, "."));
    check_true("found", machine_table_load(&again, &arena, MACHINE_PROBE_GEMM, "."));
    remove("gemm.csv");
    check_count("rows", found->row_count, kept->row_count);
    int time = table_find_column(found, "time_s");
    int format = table_find_column(found, "format");
    for (int row = 0; row < kept->row_count; row++) {
        check_close("time", table_number(found, row, time),
                    table_number(kept, row, table_find_column(kept, "time_s")), 1e-12);
        check_text("format", table_cell(found, row, format).text, "fp32");
    }
    arena_release(&arena);
}

static void the_machine_is_looked_at(void)
{
    struct arena arena;
    struct text out;
    struct machine_load load = {0};
    arena_init(&arena);
    text_init(&out);
    struct machine machine = machine_detect(&arena);
    check_at_least("cores", machine.cores, 1);
    machine_remarks(&machine, &out);
    check_true("remarks", strncmp(text_string(&out), "# processor: ", 13) == 0);
    check_true("no constant by accident", !strchr(text_string(&out), '='));
    check_true("the first look tells nothing", isnan(machine_others(&load)));
    check_true("no load below 0", !(machine_others(&load) < 0.0));
    text_release(&out);
    arena_release(&arena);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"known parameters come back", known_parameters_come_back},
        {"tables are kept",                            tables_are_kept},
        {"the machine is looked at",the_machine_is_looked_at},
        {0  },
    };
    return check_main("machine_fit", cases);
}
