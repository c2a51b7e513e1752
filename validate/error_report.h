/* How wrong predictions are: by class, variant and size, on fitted and on held-out rows. */
#ifndef TOKENROOF_VALIDATE_ERROR_REPORT_H
#define TOKENROOF_VALIDATE_ERROR_REPORT_H

#include "base/table.h"
#include "validate/judge.h"

/** Errors of some rows; an error is predicted/measured − 1. */
struct error_summary {
    const char *name; /**< class, or class and variant, or size */
    int64_t count;    /**< rows */
    int64_t refused;  /**< rows of the class that weren't predicted */
    double median;    /**< of |error| [ratio]; NaN without rows */
    double mean;      /**< of |error| [ratio] */
    double p90;       /**< 90th percentile of |error| [ratio] */
    double bias;      /**< mean error [ratio] */
    double coverage;  /**< share within predicted · e^±spread [ratio]; NaN: no spread */
};

/** Which rows a summary takes. */
enum error_rows { ROWS_ALL, ROWS_FITTED, ROWS_HELD_OUT };

/** Which prediction it judges. */
enum error_basis { BASIS_BEST, BASIS_UNCALIBRATED };

/** What one summary is about. */
enum error_grouping {
    GROUP_CLASS,   /**< kernel class or run measurement */
    GROUP_VARIANT, /**< class and variant */
    GROUP_SIZE,    /**< class and decade of the measured time */
};

/** Summaries, in the order of classes and first appearance. */
struct error_list {
    struct error_summary *items; /**< [count] */
    int count;
};

/** Summarises `rows` of `judgement` on `basis`. Classes without rows but with refusals are kept
 * when grouped by class. */
struct error_list error_list_of(const struct judgement *judgement, enum error_grouping grouping,
                                enum error_rows rows, enum error_basis basis);

/** The largest median of any class among `rows`, NaN where none was compared. */
double error_worst_median(const struct judgement *judgement, enum error_rows rows);

/**
 * By class: count, refused, median, mean, p90, bias and coverage of `rows`, then median and p90 on
 * fitted, held-out, and uncalibrated.
 */
void error_table_classes(const struct judgement *judgement, enum error_rows rows,
                         struct table *table);

/** The same numbers of `rows` by variant or by size. */
void error_table_groups(const struct judgement *judgement, enum error_grouping grouping,
                        enum error_rows rows, struct table *table);

/**
 * What a list of errors of devices is made from: by variant, over all rows, n and the median and
 * p90 on fitted rows; then on held-out rows n, median, p90, bias, coverage, and the uncalibrated
 * median and p90 of the same rows. Runs are never fitted: all of theirs are held out.
 */
void error_table_summary(const struct judgement *judgement, struct table *table);

/** The `most` rows with the largest |ln(predicted/measured)|. */
void error_table_worst(const struct judgement *judgement, enum error_rows rows, int most,
                       struct table *table);

/** Every row: file, line, class, variant, measured_s, predicted_s, uncalibrated_s, held_out. */
void error_table_rows(const struct judgement *judgement, enum error_rows rows, struct table *table);

/**
 * {"classes": […], "fitted": […], "held_out": […], "uncalibrated": […], "variants": […],
 * "sizes": […]}: members class, n, refused, median_abs_err, mean_abs_err, p90_abs_err, bias,
 * interval_coverage, all ratios, null where there is nothing.
 */
void error_json(const struct judgement *judgement, enum error_rows rows, struct text *out);

#endif
