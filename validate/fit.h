/* Fits the few parameters of a kernel's law to measurements: robust least squares on log residuals.
 */
#ifndef TOKENROOF_VALIDATE_FIT_H
#define TOKENROOF_VALIDATE_FIT_H

#include "cost/rates.h"
#include "validate/sample.h"

/** What to fit. */
struct fit_problem {
    const struct device *device;
    enum kernel kernel;
    enum math math; /**< arithmetic of the rows */
    const struct kernel_sample *
        *rows; /**< measurements, held-out ones already taken out [row_count] */
    int64_t row_count;
    bool is_repeating;             /**< protocol of the rows: see struct sample_set */
    const struct kernel_fit *base; /**< family cores: parameters that other probes found, NaN where
                                      they are free; NULL elsewhere */
    int64_t most_rows;             /**< more rows than this are thinned out evenly by key */
};

/**
 * Fits the law of `problem->kernel`. Parameters are positive (fitted as logarithms), residuals are
 * ln(predicted/measured), weighted by Cauchy's 1/(1 + (r/c)²) and solved by GSL's trust-region
 * Levenberg-Marquardt until weights settle. Fills parameters, rows, spread_ratio (90 % quantile of
 * |residual|) and fit_median_ratio; returns false when the class has no law or there are fewer rows
 * than parameters.
 */
bool fit_kernel(const struct fit_problem *problem, struct kernel_fit *fit);

/** Number of parameters that the law of `kernel` has in `math`, 0 = no law to fit. */
int fit_parameter_count(enum kernel kernel, enum math math, enum kernel_family family);

/** Quantile (linear between order statistics, as numpy) of `values[count]`, which is sorted in
 * place. */
double fit_quantile(double *values, int64_t count, double q);

#endif
