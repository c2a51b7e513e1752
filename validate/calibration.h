/* Calibration: groups measured kernels by class and arithmetic, fits each, judges on rows the fit
 * never saw. */
#ifndef TOKENROOF_VALIDATE_CALIBRATION_H
#define TOKENROOF_VALIDATE_CALIBRATION_H

#include "base/table.h"
#include "validate/fit.h"

/** How to calibrate. */
struct calibration_options {
    const struct device *device;
    const char *variant;    /**< fit only rows of this variant; NULL = those that belong to the
                               engine's default kernels */
    const char *class_name; /**< fit only this kernel class; NULL = all */
    uint64_t seed;          /**< chooses the held-out rows */
    double held_ratio;      /**< share of them, 0.2 */
    double min_time_s;      /**< rows below it are neither fitted nor judged [s] */
    int64_t most_rows;      /**< a fit looks at no more rows than about this */
    const struct kernel_fit *base; /**< see struct fit_problem; NULL for other families */
    const char *source; /**< who published the data, or NULL; written into the provenance */
    const char *date;   /**< of the fit, likewise */
};

/** The fit of one class in one arithmetic. */
struct calibrated_class {
    struct kernel_fit fit;
    int64_t held_rows;                /**< rows held out */
    double uncalibrated_median_ratio; /**< median |error| of the kind's defaults on the held-out
                                         rows */
    double uncalibrated_p90_ratio;
    double coverage_ratio; /**< held-out rows inside the 90 % interval */
};

/** All classes found in some files. */
struct calibration {
    struct calibrated_class *classes; /**< [class_count] */
    int class_count;
};

/** Fits every class of `sets[set_count]` that has enough rows. Everything lives in `arena`. */
struct calibration calibrate(struct arena *arena, const struct sample_set *sets, int set_count,
                             const struct calibration_options *options);

/**
 * Leave one out: for every class, each subject (model or shape family) in turn is predicted by a
 * fit on all others. One row per class, arithmetic and subject (rows, median and p90 |error|), and
 * one per class over all left-out rows.
 */
void calibration_leave_one_out(struct arena *arena, const struct sample_set *sets, int set_count,
                               const struct calibration_options *options, struct table *table);

/** One row per class: rows, parameters, fitted and held-out errors, the uncalibrated error beside.
 */
void calibration_table(const struct calibration *calibration, struct arena *arena,
                       struct table *table);

#endif
