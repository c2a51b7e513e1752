#include "validate/fit.h"

#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { PARAMETERS_MAX = 16, SETTLE_ROUNDS = 4, ITERATIONS = 60 };

/* One free parameter: where it lies, where the search starts, where it must stay. */
struct free_parameter {
    size_t offset;
    double start;
    double low;
    double high;
};

#define FREE(member, start, low, high)                                                             \
    {                                                                                              \
        offsetof(struct kernel_fit, member), start, low, high                                      \
    }

/* Starting points are round physical guesses, the same for every device. */
static const struct free_parameter gemm_parameters[] = {FREE(fixed_s, 3e-6, 2e-7, 1e-4),
                                                        FREE(compute_ratio, 1.0, 0.02, 1.5),
                                                        FREE(memory_ratio, 0.8, 0.05, 1.1),
                                                        FREE(tile_load, 10.0, 1e-3, 80.0),
                                                        FREE(start_depth, 100.0, 1.0, 3000.0),
                                                        FREE(split_s, 3e-6, 3e-7, 2e-5),
                                                        FREE(wave_ratio, 0.3, 0.01, 1.0),
                                                        FREE(smooth, 2.5, 1.0, 8.0),
                                                        {0}};
static const struct free_parameter dispatched_parameters[] = {
    FREE(fixed_s, 5e-6, 2e-7, 1e-4),     FREE(compute_ratio, 0.7, 0.02, 1.0),
    FREE(memory_ratio, 0.8, 0.05, 1.1),  FREE(start_depth, 150.0, 1.0, 3000.0),
    FREE(smooth, 3.0, 1.0, 8.0),         FREE(row_s, 1e-6, 1e-8, 1e-5),
    FREE(convert_ratio, 0.5, 0.02, 1.0), {0}};
static const struct free_parameter prefill_parameters[] = {
    FREE(fixed_s, 8e-6, 1e-6, 1e-4),     FREE(request_s, 1e-8, 1e-10, 1e-5),
    FREE(compute_ratio, 0.9, 0.02, 1.5), FREE(head_extra, 30.0, 0.5, 100.0),
    FREE(tile_s, 1.5e-6, 2e-8, 3e-5),    FREE(longest_ratio, 1.0, 0.1, 4.0),
    FREE(smooth_units, 2.5, 1.0, 8.0),   FREE(kv_extra_bytes, 8.0, 1.0, 40.0),
    FREE(memory_ratio, 0.8, 0.05, 1.0),  {0}};
static const struct free_parameter decode_parameters[] = {FREE(fixed_s, 8e-6, 1e-6, 1e-4),
                                                          FREE(request_s, 1e-8, 1e-10, 1e-5),
                                                          FREE(split_s, 3e-6, 3e-7, 3e-5),
                                                          FREE(tile_s, 1.5e-6, 2e-8, 3e-5),
                                                          FREE(unit_ratio, 1.5, 0.2, 8.0),
                                                          FREE(memory_ratio, 0.9, 0.05, 1.0),
                                                          FREE(smooth, 2.0, 1.0, 8.0),
                                                          FREE(cache_ratio, 0.6, 0.05, 1.5),
                                                          FREE(cache_speed, 1.3, 1.0, 5.0),
                                                          FREE(copy_s, 3e-6, 1e-8, 3e-5),
                                                          {0}};
static const struct free_parameter mla_parameters[] = {FREE(fixed_s, 8e-6, 1e-6, 1e-4),
                                                       FREE(request_s, 2e-8, 1e-10, 1e-5),
                                                       FREE(split_s, 5e-6, 3e-7, 3e-5),
                                                       FREE(tile_s, 2e-6, 2e-8, 3e-5),
                                                       FREE(unit_ratio, 3.0, 0.2, 8.0),
                                                       FREE(compute_ratio, 0.7, 0.02, 1.0),
                                                       FREE(memory_ratio, 0.9, 0.05, 1.0),
                                                       FREE(smooth, 1.5, 1.0, 8.0),
                                                       FREE(cache_ratio, 0.6, 0.05, 1.5),
                                                       FREE(cache_speed, 2.0, 1.0, 5.0),
                                                       {0}};
static const struct free_parameter moe_parameters[] = {
    FREE(fixed_s, 3e-5, 1e-6, 2e-4),     FREE(expert_s, 5e-8, 1e-10, 1e-6),
    FREE(compute_ratio, 0.5, 0.02, 1.5), FREE(tile_load, 2.0, 1e-2, 80.0),
    FREE(tile_s, 5e-7, 1e-8, 1e-5),      FREE(reread, 2.0, 0.05, 20.0),
    FREE(cache_ratio, 0.4, 0.05, 1.5),   FREE(memory_ratio, 0.85, 0.05, 1.0),
    FREE(smooth, 2.5, 1.0, 8.0),         FREE(gather_ratio, 3.0, 0.02, 10.0),
    FREE(middle_ratio, 2.0, 0.02, 10.0), {0}};
static const struct free_parameter elementwise_parameters[] = {
    FREE(fixed_s, 3e-6, 2e-7, 1e-4),  FREE(memory_ratio, 0.7, 0.05, 1.0),
    FREE(smooth, 1.3, 1.0, 8.0),      FREE(cache_ratio, 0.6, 0.05, 2.0),
    FREE(cache_speed, 1.5, 0.3, 5.0), {0}};
static const struct free_parameter collective_parameters[] = {
    FREE(low_fixed_s, 7e-6, 1e-6, 1e-4), FREE(low_hop_s, 8e-7, 1e-8, 1e-5),
    FREE(low_ratio, 0.25, 0.02, 1.0),    FREE(fixed_s, 3e-5, 1e-6, 3e-4),
    FREE(hop_s, 1e-7, 1e-10, 1e-5),      FREE(memory_ratio, 0.9, 0.02, 1.0),
    FREE(copies, 3.0, 0.1, 10.0),        FREE(switch_fixed_s, 5e-5, 5e-6, 3e-4),
    FREE(switch_ratio, 0.5, 0.05, 1.0),  {0}};
static const struct free_parameter custom_parameters[] = {
    FREE(low_fixed_s, 4e-6, 5e-7, 5e-5), FREE(low_hop_s, 1e-7, 1e-9, 5e-6),
    FREE(low_ratio, 0.6, 0.02, 1.0),     FREE(fixed_s, 1e-5, 1e-6, 1e-4),
    FREE(memory_ratio, 0.7, 0.02, 1.0),  {0}};

/* On CPU cores; barriers, caches and the bandwidth of one core come from probes of their own. */
static const struct free_parameter cores_gemm_parameters[] = {FREE(fixed_s, 2e-7, 1e-9, 1e-4),
                                                              FREE(compute_ratio, 0.9, 0.05, 1.2),
                                                              FREE(memory_ratio, 0.95, 0.3, 1.5),
                                                              FREE(tile_load, 1.0, 1e-2, 50.0),
                                                              FREE(unpack_rows, 1.0, 1e-2, 50.0),
                                                              FREE(convert_ratio, 3.0, 0.05, 100.0),
                                                              FREE(smooth, 4.0, 1.0, 16.0),
                                                              FREE(cross_ratio, 0.2, 1e-2, 2.0),
                                                              FREE(fork_count, 4.0, 0.1, 200.0),
                                                              FREE(line_count, 90.0, 10.0, 500.0),
                                                              {0}};
static const struct free_parameter cores_moe_parameters[] = {
    FREE(fixed_s, 1e-6, 1e-8, 1e-4),       FREE(expert_s, 1e-6, 1e-9, 1e-4),
    FREE(compute_ratio, 0.9, 0.05, 1.2),   FREE(memory_ratio, 0.95, 0.3, 1.5),
    FREE(tile_load, 1.0, 1e-2, 50.0),      FREE(unpack_rows, 1.0, 1e-2, 50.0),
    FREE(convert_ratio, 3.0, 0.05, 100.0), FREE(smooth, 4.0, 1.0, 16.0),
    FREE(cross_ratio, 0.2, 1e-2, 2.0),     FREE(fork_count, 12.0, 0.1, 200.0),
    FREE(line_count, 90.0, 10.0, 500.0),   {0}};
static const struct free_parameter cores_prefill_parameters[] = {
    FREE(fixed_s, 1e-6, 1e-8, 1e-4),
    FREE(compute_ratio, 0.7, 0.02, 1.5),
    FREE(start_depth, 50.0, 1.0, 500.0),
    FREE(head_extra, 10.0, 0.1, 200.0),
    FREE(wave_ratio, 0.5, 1e-2, 2.0),
    FREE(convert_ratio, 1.0, 0.05, 100.0),
    FREE(cross_ratio, 0.2, 1e-2, 2.0),
    FREE(fork_count, 2.0, 0.1, 200.0),
    {0}};
static const struct free_parameter cores_decode_parameters[] = {FREE(fixed_s, 1e-6, 1e-8, 1e-4),
                                                                FREE(compute_ratio, 0.7, 0.02, 1.5),
                                                                FREE(memory_ratio, 0.95, 0.1, 1.5),
                                                                FREE(tile_load, 1.0, 1e-2, 50.0),
                                                                FREE(tile_s, 1e-6, 1e-8, 1e-4),
                                                                FREE(wave_ratio, 0.5, 1e-2, 2.0),
                                                                FREE(smooth, 3.0, 1.0, 16.0),
                                                                FREE(cross_ratio, 0.2, 1e-2, 2.0),
                                                                FREE(fork_count, 2.0, 0.1, 200.0),
                                                                FREE(line_count, 90.0, 10.0, 500.0),
                                                                {0}};
static const struct free_parameter cores_elementwise_parameters[] = {
    FREE(fixed_s, 2e-7, 1e-9, 1e-4),
    FREE(convert_ratio, 3.0, 0.05, 100.0),
    FREE(middle_ratio, 2.0, 0.1, 20.0),
    FREE(gather_ratio, 2.0, 0.1, 50.0),
    FREE(search_ratio, 1.0, 0.1, 50.0),
    FREE(row_s, 4e-7, 1e-9, 1e-4),
    FREE(cross_ratio, 0.2, 1e-2, 2.0),
    FREE(fork_count, 1.0, 0.1, 200.0),
    {0}};

static const struct free_parameter *cores_parameters_of(enum kernel kernel)
{
    switch (kernel) {
    case KERNEL_GEMM:
        return cores_gemm_parameters;
    case KERNEL_MOE:
        return cores_moe_parameters;
    case KERNEL_PREFILL_ATTENTION:
        return cores_prefill_parameters;
    case KERNEL_DECODE_ATTENTION:
        return cores_decode_parameters;
    case KERNEL_ELEMENTWISE:
        return cores_elementwise_parameters;
    case KERNEL_MLA_PREFILL:
    case KERNEL_MLA_DECODE:
    case KERNEL_ALL_REDUCE:
    case KERNEL_CUSTOM_ALL_REDUCE:
    case KERNEL_ALL_GATHER:
    case KERNEL_ALL_TO_ALL:
    case KERNEL_HOST_COPY:
    case KERNEL_COUNT:
        break;
    }
    return NULL;
}

static const struct free_parameter *parameters_of(enum kernel kernel, enum kernel_family family)
{
    if (family == FAMILY_CORES)
        return cores_parameters_of(kernel);
    switch (kernel) {
    case KERNEL_GEMM:
        return family == FAMILY_DISPATCHED ? dispatched_parameters : gemm_parameters;
    case KERNEL_PREFILL_ATTENTION:
        return prefill_parameters;
    case KERNEL_DECODE_ATTENTION:
        return decode_parameters;
    case KERNEL_MLA_DECODE:
        return mla_parameters;
    case KERNEL_MOE:
        return moe_parameters;
    case KERNEL_ELEMENTWISE:
        return elementwise_parameters;
    case KERNEL_ALL_REDUCE:
    case KERNEL_ALL_GATHER:
    case KERNEL_ALL_TO_ALL:
    case KERNEL_HOST_COPY:
        return collective_parameters;
    case KERNEL_CUSTOM_ALL_REDUCE:
        return custom_parameters;
    case KERNEL_MLA_PREFILL:
    case KERNEL_COUNT:
        break;
    }
    return NULL;
}

/* Parameters that this class, family and device really have: others can't be told from data. */
static int choose_parameters(enum kernel kernel, enum math math, enum kernel_family family,
                             struct free_parameter *chosen)
{
    const struct free_parameter *all = parameters_of(kernel, family);
    int count = 0;
    for (int i = 0; all && all[i].high > 0.0; i++) {
        bool is_copy = all[i].offset == offsetof(struct kernel_fit, copy_s);
        bool is_switch = all[i].offset == offsetof(struct kernel_fit, switch_fixed_s) ||
                         all[i].offset == offsetof(struct kernel_fit, switch_ratio);
        bool is_unpack = all[i].offset == offsetof(struct kernel_fit, unpack_rows);
        if ((is_copy && family == FAMILY_WIDE) || (is_unpack && math != MATH_INT8) ||
            (is_switch && (kernel != KERNEL_ALL_REDUCE || family == FAMILY_NARROW)))
            continue;
        chosen[count++] = all[i];
    }
    return count;
}

int fit_parameter_count(enum kernel kernel, enum math math, enum kernel_family family)
{
    struct free_parameter chosen[PARAMETERS_MAX];
    return choose_parameters(kernel, math, family, chosen);
}

/* One fit under way. */
struct search {
    const struct fit_problem *problem;
    struct free_parameter parameters[PARAMETERS_MAX];
    int parameter_count;
    const struct kernel_sample **rows;
    int64_t row_count;
    struct kernel_fit fit; /* fixed members; free ones are overwritten */
    struct rates *rates;
};

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* A point of the search: logarithms, kept inside their bounds. */
static void set_parameters(struct search *search, const gsl_vector *x)
{
    for (int i = 0; i < search->parameter_count; i++) {
        const struct free_parameter *parameter = &search->parameters[i];
        double value = clamp(exp(gsl_vector_get(x, (size_t)i)), parameter->low, parameter->high);
        *(double *)((char *)&search->fit + parameter->offset) = value;
    }
    rates_set_fit(search->rates, search->problem->device, &search->fit);
}

static double residual(const struct search *search, const struct kernel_sample *row)
{
    return log(sample_time(search->rates, row) / row->measured_s);
}

static int residuals(const gsl_vector *x, void *context, gsl_vector *f)
{
    struct search *search = context;
    set_parameters(search, x);
    for (int64_t i = 0; i < search->row_count; i++)
        gsl_vector_set(f, (size_t)i, residual(search, search->rows[i]));
    return GSL_SUCCESS;
}

/* Cauchy weights at the current residuals; the scale is 1.5 times their median size. */
static void set_weights(struct search *search, const gsl_vector *x, gsl_vector *weights)
{
    double *sizes = malloc((size_t)search->row_count * sizeof *sizes);
    if (!sizes)
        return;
    set_parameters(search, x);
    for (int64_t i = 0; i < search->row_count; i++) {
        double r = fabs(residual(search, search->rows[i]));
        gsl_vector_set(weights, (size_t)i, r);
        sizes[i] = r;
    }
    double scale = fmax(1.5 * fit_quantile(sizes, search->row_count, 0.5), 0.02);
    for (int64_t i = 0; i < search->row_count; i++) {
        double r = gsl_vector_get(weights, (size_t)i) / scale;
        gsl_vector_set(weights, (size_t)i, 1.0 / (1.0 + r * r));
    }
    free(sizes);
}

/* One weighted least-squares solution from `x`, which it replaces. */
static void solve(struct search *search, gsl_vector *x, const gsl_vector *weights)
{
    gsl_multifit_nlinear_parameters options = gsl_multifit_nlinear_default_parameters();
    options.scale = gsl_multifit_nlinear_scale_levenberg;
    gsl_multifit_nlinear_workspace *workspace =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &options, (size_t)search->row_count,
                                   (size_t)search->parameter_count);
    if (!workspace)
        return;
    gsl_multifit_nlinear_fdf system = {
        .f = residuals,
        .n = (size_t)search->row_count,
        .p = (size_t)search->parameter_count,
        .params = search,
    };
    int info = 0;
    gsl_multifit_nlinear_winit(x, weights, &system, workspace);
    gsl_multifit_nlinear_driver(ITERATIONS, 1e-6, 1e-8, 1e-8, NULL, NULL, &info, workspace);
    gsl_vector_memcpy(x, gsl_multifit_nlinear_position(workspace));
    gsl_multifit_nlinear_free(workspace);
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

double fit_quantile(double *values, int64_t count, double q)
{
    if (count == 0)
        return (double)NAN;
    qsort(values, (size_t)count, sizeof *values, compare_doubles);
    double position = q * (double)(count - 1);
    int64_t below = (int64_t)position;
    int64_t above = below + 1 < count ? below + 1 : below;
    return values[below] + (position - (double)below) * (values[above] - values[below]);
}

/* Every n-th row, so that shapes of all kinds stay. */
static void thin_rows(struct search *search)
{
    const struct fit_problem *problem = search->problem;
    int64_t step = problem->row_count / (problem->most_rows > 0 ? problem->most_rows : 1) + 1;
    search->rows = malloc((size_t)problem->row_count * sizeof *search->rows);
    for (int64_t i = 0; search->rows && i < problem->row_count; i++)
        if (problem->rows[i]->key % (uint64_t)step == 0)
            search->rows[search->row_count++] = problem->rows[i];
}

/* Errors on all rows that were offered, thinned out or not. */
static void judge(struct search *search, struct kernel_fit *fit)
{
    const struct fit_problem *problem = search->problem;
    double *logs = malloc((size_t)problem->row_count * sizeof *logs);
    double *errors = malloc((size_t)problem->row_count * sizeof *errors);
    for (int64_t i = 0; logs && errors && i < problem->row_count; i++) {
        double r = residual(search, problem->rows[i]);
        logs[i] = fabs(r);
        errors[i] = fabs(expm1(r));
    }
    if (logs && errors) {
        fit->spread_ratio = fit_quantile(logs, problem->row_count, 0.9);
        fit->fit_median_ratio = fit_quantile(errors, problem->row_count, 0.5);
    }
    fit->rows = problem->row_count;
    free(logs);
    free(errors);
}

static void run_search(struct search *search)
{
    gsl_vector *x = gsl_vector_alloc((size_t)search->parameter_count);
    gsl_vector *weights = gsl_vector_alloc((size_t)search->row_count);
    for (int i = 0; x && i < search->parameter_count; i++)
        gsl_vector_set(x, (size_t)i, log(search->parameters[i].start));
    for (int round = 0; x && weights && round < SETTLE_ROUNDS; round++) {
        set_weights(search, x, weights);
        solve(search, x, weights);
    }
    if (x)
        set_parameters(search, x);
    gsl_vector_free(x);
    gsl_vector_free(weights);
}

/* Newer GPUs run the wide generation of kernels, their fp8 products are dispatched; the file may
 * have said otherwise. */
static enum kernel_family family_of(const struct fit_problem *problem)
{
    const struct device *device = problem->device;
    if (problem->base)
        return FAMILY_CORES;
    for (int i = 0; i < device->fitted_count; i++)
        if (device->fitted[i].kernel == problem->kernel && device->fitted[i].math == problem->math)
            return device->fitted[i].family;
    if (problem->kernel == KERNEL_GEMM && problem->math == MATH_FP8)
        return FAMILY_DISPATCHED;
    bool has_generations = problem->kernel == KERNEL_PREFILL_ATTENTION ||
                           problem->kernel == KERNEL_DECODE_ATTENTION ||
                           problem->kernel == KERNEL_MOE || problem->kernel == KERNEL_ALL_REDUCE;
    if (!has_generations)
        return FAMILY_WIDE;
    return device_math(device, MATH_FP8) == MATH_FP8 ? FAMILY_WIDE : FAMILY_NARROW;
}

/* Four digits say all that a fit knows, and are what the file will hold. */
static double four_digits(double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.3e", value);
    return strtod(text, NULL);
}

static void round_parameters(struct search *search)
{
    for (int i = 0; i < search->parameter_count; i++) {
        double *value = (double *)((char *)&search->fit + search->parameters[i].offset);
        *value = four_digits(*value);
    }
    rates_set_fit(search->rates, search->problem->device, &search->fit);
}

bool fit_kernel(const struct fit_problem *problem, struct kernel_fit *fit)
{
    struct rates rates;
    rates_init(&rates, problem->device, 1, RATES_UNCALIBRATED);
    rates.is_repeating = problem->is_repeating;
    struct search search = {.problem = problem, .rates = &rates};
    enum kernel_family family = family_of(problem);
    search.parameter_count =
        choose_parameters(problem->kernel, problem->math, family, search.parameters);
#define UNSET(member, key, dimension, low, high, meaning) search.fit.member = (double)NAN;
    KERNEL_PARAM_LIST(UNSET)
#undef UNSET
    if (problem->base)
        search.fit = *problem->base;
    search.fit.kernel = problem->kernel;
    search.fit.math = problem->math;
    search.fit.family = family;
    search.fit.origin = FIT_FITTED;
    thin_rows(&search);
    bool is_possible = search.rows && search.parameter_count > 0 &&
                       search.row_count > 2 * (int64_t)search.parameter_count;
    if (is_possible) {
        run_search(&search);
        round_parameters(&search);
        *fit = search.fit;
        judge(&search, fit);
        fit->spread_ratio = four_digits(fit->spread_ratio);
        fit->fit_median_ratio = four_digits(fit->fit_median_ratio);
    }
    free(search.rows);
    return is_possible;
}
