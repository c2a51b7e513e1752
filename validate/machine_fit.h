/* Calibration of the machine that we run on, from microbenchmarks only. */
#ifndef TOKENROOF_VALIDATE_MACHINE_FIT_H
#define TOKENROOF_VALIDATE_MACHINE_FIT_H

#include "kernel/probe.h"
#include "validate/calibration.h"
#include "validate/machine.h"

/** The microbenchmarks. X(id, name) */
#define MACHINE_PROBE_LIST(X)                                                                      \
    X(BANDWIDTH, "bandwidth")                                                                      \
    X(PEAK, "peak")                                                                                \
    X(BARRIER, "barrier")                                                                          \
    X(GEMM, "gemm")                                                                                \
    X(STEPS, "steps")

#define MACHINE_PROBE_ENUM(id, name) MACHINE_PROBE_##id,
enum machine_probe { MACHINE_PROBE_LIST(MACHINE_PROBE_ENUM) MACHINE_PROBE_COUNT };
#undef MACHINE_PROBE_ENUM
extern const char *const machine_probe_names[MACHINE_PROBE_COUNT];

/** Tables of all microbenchmarks. */
struct machine_tables {
    struct table tables[MACHINE_PROBE_COUNT];
};

/** Runs one microbenchmark into its table. False when memory or threads ran out. */
bool machine_probe_run(struct machine_tables *tables, struct arena *arena, enum machine_probe probe,
                       const struct probe_options *options);

/** Writes the table to FOLDER/NAME.csv; makes the folder, but not those around it. False with errno
 * when that fails. */
bool machine_table_save(const struct machine_tables *tables, enum machine_probe probe,
                        const char *folder);

/** Reads what machine_table_save wrote, or NAME.csv.gz. False when there is no such file, or no
 * table in it. */
bool machine_table_load(struct machine_tables *tables, struct arena *arena,
                        enum machine_probe probe, const char *folder);

/** The share of a calibration's time that a microbenchmark takes, about. */
double machine_probe_share(enum machine_probe probe);

/** What comes out. */
struct machine_fit {
    struct device device;           /**< complete: datasheet, measured, fitted */
    struct calibration calibration; /**< the classes with their errors */
};

/**
 * Fits the device from its tables: peaks, bandwidths and barriers as measured; products, experts,
 * attention and row-wise work by the laws of family cores (cost/laws.h) on 80 % of the rows.
 */
struct machine_fit machine_fit_tables(struct arena *arena, const struct machine *machine,
                                      const struct machine_tables *tables, const char *date);

#endif
