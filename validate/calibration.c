#include "validate/calibration.h"

#include <math.h>
#include <string.h>

/* Rows of one class and arithmetic, held-out ones apart. */
struct group {
    enum kernel kernel;
    enum math math;
    const struct kernel_sample **fitted;
    int64_t fitted_count;
    const struct kernel_sample **held;
    int64_t held_count;
    bool is_repeating;
    const char *from;
};

/* Rows of an engine's default kernels. Others (block-scaled or weight-only GEMMs,
   eager collectives) follow the same laws with other parameters and are fitted on request. */
static bool is_default_variant(const struct kernel_sample *row)
{
    static const char *const others[] = {"block", "mla bmm", "mla expanded", "_wo",
                                         "eager", "wideep",  "addition"};
    if (!row->variant)
        return true;
    if (row->op.kernel == KERNEL_MOE) {
        /* block-scaled experts are what fp8 MoE models ship */
        static const char fp8[] = "fp8_block ";
        bool is_fp8 = strncmp(row->variant, fp8, sizeof fp8 - 1) == 0;
        const char *routing = row->variant + (is_fp8 ? sizeof fp8 - 1 : 0);
        return strncmp(routing, "balanced", 8) == 0 || strncmp(routing, "power_law", 9) == 0;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strstr(row->variant, others[i]))
            return false;
    return true;
}

static bool is_wanted(const struct kernel_sample *row, const struct calibration_options *options)
{
    if (options->class_name && strcmp(kernel_names[row->op.kernel], options->class_name) != 0)
        return false;
    if (!(row->measured_s >= options->min_time_s) || !(row->measured_s > 0.0))
        return false;
    if (options->variant)
        return row->variant && strcmp(row->variant, options->variant) == 0;
    return is_default_variant(row);
}

/* The arithmetic that the device really runs this row in; copies and messages have none. */
static enum math math_of(const struct calibration_options *options, const struct kernel_sample *row)
{
    if (row->op.ranks > 1.0 || row->op.kernel == KERNEL_ELEMENTWISE)
        return MATH_COUNT;
    enum math math = device_math(options->device, row->op.math);
    return math == MATH_COUNT ? row->op.math : math;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void add_source(struct arena *arena, struct group *group, const struct sample_set *set)
{
    const char *name = arena_printf(arena, "%s%s%s", set->engine ? set->engine : "",
                                    set->engine ? " " : "", file_name(set->path));
    if (group->from && strstr(group->from, name))
        return;
    group->from = group->from ? arena_printf(arena, "%s; %s", group->from, name) : name;
}

/* Gathers the rows of one group; with `count_only` the arrays are not there yet. */
static void gather(struct arena *arena, const struct sample_set *sets, int set_count,
                   const struct calibration_options *options, struct group *group, bool count_only)
{
    group->fitted_count = 0;
    group->held_count = 0;
    for (int s = 0; s < set_count; s++) {
        bool is_used = false;
        for (int64_t i = 0; i < sets[s].kernel_count; i++) {
            const struct kernel_sample *row = &sets[s].kernels[i];
            if (row->op.kernel != group->kernel || math_of(options, row) != group->math ||
                !is_wanted(row, options))
                continue;
            is_used = true;
            if (sample_is_held_out(row, options->seed, options->held_ratio)) {
                if (!count_only)
                    group->held[group->held_count] = row;
                group->held_count++;
            } else {
                if (!count_only)
                    group->fitted[group->fitted_count] = row;
                group->fitted_count++;
            }
        }
        if (is_used && count_only) {
            group->is_repeating = sets[s].is_repeating;
            add_source(arena, group, &sets[s]);
        }
    }
}

/* Errors of `rates` on rows; returns the share inside ±spread (in logarithms). */
static double judge(struct arena *arena, struct rates *rates,
                    const struct kernel_sample *const *rows, int64_t count, double spread,
                    double *median, double *p90)
{
    double *errors = arena_array(arena, (size_t)count + 1, sizeof *errors);
    int64_t inside = 0;
    for (int64_t i = 0; i < count; i++) {
        double ratio = sample_time(rates, rows[i]) / rows[i]->measured_s;
        errors[i] = fabs(ratio - 1.0);
        inside += fabs(log(ratio)) <= spread;
    }
    *median = fit_quantile(errors, count, 0.5);
    *p90 = fit_quantile(errors, count, 0.9);
    return count ? (double)inside / (double)count : (double)NAN;
}

/* Errors are stated to a tenth of a percent. */
static double rounded(double ratio)
{
    return rint(ratio * 1000.0) / 1000.0;
}

static void judge_held_out(struct arena *arena, const struct calibration_options *options,
                           const struct group *group, struct calibrated_class *found)
{
    struct rates rates;
    rates_init(&rates, options->device, 1, RATES_UNCALIBRATED);
    rates.is_repeating = group->is_repeating;
    judge(arena, &rates, group->held, group->held_count, 0.0, &found->uncalibrated_median_ratio,
          &found->uncalibrated_p90_ratio);
    rates_set_fit(&rates, options->device, &found->fit);
    found->coverage_ratio =
        judge(arena, &rates, group->held, group->held_count, found->fit.spread_ratio,
              &found->fit.held_median_ratio, &found->fit.held_p90_ratio);
    found->held_rows = group->held_count;
    found->fit.held_median_ratio = rounded(found->fit.held_median_ratio);
    found->fit.held_p90_ratio = rounded(found->fit.held_p90_ratio);
}

static struct fit_problem problem_of(const struct calibration_options *options,
                                     const struct group *group)
{
    return (struct fit_problem){
        .device = options->device,
        .kernel = group->kernel,
        .math = group->math,
        .rows = group->fitted,
        .row_count = group->fitted_count,
        .is_repeating = group->is_repeating,
        .most_rows = options->most_rows,
        .base = options->base,
    };
}

static bool calibrate_group(struct arena *arena, const struct sample_set *sets, int set_count,
                            const struct calibration_options *options, struct group *group,
                            struct calibrated_class *found)
{
    gather(arena, sets, set_count, options, group, true);
    if (group->fitted_count == 0)
        return false;
    group->fitted = arena_array(arena, (size_t)group->fitted_count, sizeof *group->fitted);
    group->held = arena_array(arena, (size_t)group->held_count + 1, sizeof *group->held);
    gather(arena, sets, set_count, options, group, false);
    struct fit_problem problem = problem_of(options, group);
    if (!fit_kernel(&problem, &found->fit))
        return false;
    found->fit.from =
        options->source ? arena_printf(arena, "%s: %s", options->source, group->from) : group->from;
    found->fit.date = options->date;
    judge_held_out(arena, options, group, found);
    return true;
}

struct calibration calibrate(struct arena *arena, const struct sample_set *sets, int set_count,
                             const struct calibration_options *options)
{
    struct calibration calibration = {0};
    calibration.classes =
        arena_array(arena, (size_t)KERNEL_COUNT * (MATH_COUNT + 1), sizeof *calibration.classes);
    for (int kernel = 0; kernel < KERNEL_COUNT; kernel++)
        for (int math = 0; math <= MATH_COUNT; math++) {
            struct group group = {.kernel = (enum kernel)kernel, .math = (enum math)math};
            struct calibrated_class *next = &calibration.classes[calibration.class_count];
            if (calibrate_group(arena, sets, set_count, options, &group, next))
                calibration.class_count++;
        }
    return calibration;
}

void calibration_table(const struct calibration *calibration, struct arena *arena,
                       struct table *table)
{
    static const struct column columns[] = {
        {"class",               NULL,                  "", CELL_TEXT,   false},
        {"dtype",               NULL,                  "", CELL_TEXT,   false},
        {"rows",                "rows fitted",         "", CELL_COUNT,  false},
        {"parameters",          NULL,                  "", CELL_COUNT,  false},
        {"fit_median",          "fit median",          "", CELL_NUMBER, true },
        {"held_rows",           "rows held out",       "", CELL_COUNT,  false},
        {"held_median",         "held-out median",     "", CELL_NUMBER, true },
        {"held_p90",            "held-out p90",        "", CELL_NUMBER, true },
        {"coverage",            "in 90 % interval",    "", CELL_NUMBER, true },
        {"uncalibrated_median", "uncalibrated median", "", CELL_NUMBER, true },
        {"uncalibrated_p90",    "uncalibrated p90",    "", CELL_NUMBER, true },
    };
    table_init(table, arena, NULL);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        table_add_column(table, columns[i]);
    for (int i = 0; i < calibration->class_count; i++) {
        const struct calibrated_class *found = &calibration->classes[i];
        const struct kernel_fit *fit = &found->fit;
        int row = table_add_row(table);
        table_set_text(table, row, 0, kernel_names[fit->kernel]);
        table_set_text(table, row, 1, math_or_any_names[fit->math]);
        table_set_count(table, row, 2, fit->rows);
        table_set_count(table, row, 3, fit_parameter_count(fit->kernel, fit->math, fit->family));
        table_set_number(table, row, 4, fit->fit_median_ratio);
        table_set_count(table, row, 5, found->held_rows);
        table_set_number(table, row, 6, fit->held_median_ratio);
        table_set_number(table, row, 7, fit->held_p90_ratio);
        table_set_number(table, row, 8, found->coverage_ratio);
        table_set_number(table, row, 9, found->uncalibrated_median_ratio);
        table_set_number(table, row, 10, found->uncalibrated_p90_ratio);
    }
}

/* The subjects of a group, each once. */
static int list_subjects(const struct group *group, const char **subjects, int most)
{
    int count = 0;
    for (int64_t i = 0; i < group->fitted_count; i++) {
        const char *subject = group->fitted[i]->subject;
        int s = 0;
        while (subject && s < count && strcmp(subjects[s], subject) != 0)
            s++;
        if (subject && s == count && count < most)
            subjects[count++] = subject;
    }
    return count;
}

/* Moves the rows of `subject` (NULL: of none) from `whole` to the held-out rows of `parts`. */
static void leave_out(const struct group *whole, const char *subject, struct group *parts)
{
    parts->fitted_count = 0;
    parts->held_count = 0;
    for (int64_t i = 0; i < whole->fitted_count; i++) {
        const struct kernel_sample *row = whole->fitted[i];
        if (row->subject && strcmp(row->subject, subject) == 0)
            parts->held[parts->held_count++] = row;
        else
            parts->fitted[parts->fitted_count++] = row;
    }
}

static void add_left_out_row(struct table *table, const struct group *group, const char *subject,
                             double *errors, int64_t count)
{
    int row = table_add_row(table);
    table_set_text(table, row, 0, kernel_names[group->kernel]);
    table_set_text(table, row, 1, math_or_any_names[group->math]);
    table_set_text(table, row, 2, subject);
    table_set_count(table, row, 3, count);
    table_set_number(table, row, 4, fit_quantile(errors, count, 0.5));
    table_set_number(table, row, 5, fit_quantile(errors, count, 0.9));
}

/* |error| of the rows left out under a fit on the others; returns how many there are. */
static int64_t left_out_errors(const struct calibration_options *options, const struct group *parts,
                               double *errors)
{
    struct fit_problem problem = problem_of(options, parts);
    struct kernel_fit fit;
    struct rates rates;
    if (!fit_kernel(&problem, &fit))
        return 0;
    rates_init(&rates, options->device, 1, RATES_UNCALIBRATED);
    rates.is_repeating = parts->is_repeating;
    rates_set_fit(&rates, options->device, &fit);
    for (int64_t i = 0; i < parts->held_count; i++)
        errors[i] = fabs(sample_time(&rates, parts->held[i]) / parts->held[i]->measured_s - 1.0);
    return parts->held_count;
}

static void leave_one_out_group(struct arena *arena, const struct calibration_options *options,
                                const struct group *whole, struct table *table)
{
    enum { SUBJECTS_MAX = 256 };
    const char *subjects[SUBJECTS_MAX];
    int subject_count = list_subjects(whole, subjects, SUBJECTS_MAX);
    size_t rows = (size_t)whole->fitted_count + 1;
    struct group parts = *whole;
    parts.fitted = arena_array(arena, rows, sizeof *parts.fitted);
    parts.held = arena_array(arena, rows, sizeof *parts.held);
    double *errors = arena_array(arena, rows, sizeof *errors);
    int64_t total = 0;
    for (int s = 0; s < subject_count && subject_count > 1; s++) {
        leave_out(whole, subjects[s], &parts);
        int64_t count = left_out_errors(options, &parts, errors + total);
        if (count)
            add_left_out_row(table, whole, subjects[s], errors + total, count);
        total += count;
    }
    if (total)
        add_left_out_row(table, whole, "(all left out)", errors, total);
}

void calibration_leave_one_out(struct arena *arena, const struct sample_set *sets, int set_count,
                               const struct calibration_options *options, struct table *table)
{
    static const struct column columns[] = {
        {"class",   NULL,       "", CELL_TEXT,   false},
        {"dtype",   NULL,       "", CELL_TEXT,   false},
        {"subject", "left out", "", CELL_TEXT,   false},
        {"rows",    NULL,       "", CELL_COUNT,  false},
        {"median",  NULL,       "", CELL_NUMBER, true },
        {"p90",     NULL,       "", CELL_NUMBER, true },
    };
    table_init(table, arena, NULL);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        table_add_column(table, columns[i]);
    struct calibration_options all = *options;
    all.held_ratio = 0.0;
    for (int kernel = 0; kernel < KERNEL_COUNT; kernel++)
        for (int math = 0; math <= MATH_COUNT; math++) {
            struct group group = {.kernel = (enum kernel)kernel, .math = (enum math)math};
            gather(arena, sets, set_count, &all, &group, true);
            if (group.fitted_count == 0)
                continue;
            group.fitted = arena_array(arena, (size_t)group.fitted_count, sizeof *group.fitted);
            group.held = arena_array(arena, 1, sizeof *group.held);
            gather(arena, sets, set_count, &all, &group, false);
            leave_one_out_group(arena, options, &group, table);
        }
}
