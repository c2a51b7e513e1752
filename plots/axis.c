#include "plots/axis.h"

#include "base/text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* An exponent that no axis has: every label carries its own prefix. */
enum { PREFIX_PER_TICK = 99 };

struct value_range value_range_empty(void)
{
    return (struct value_range){(double)INFINITY, -(double)INFINITY, 0, true, 0.0};
}

static bool is_log(enum axis_scale scale)
{
    return scale == AXIS_LOG10 || scale == AXIS_LOG2;
}

static bool is_near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * (1.0 + fabs(b));
}

/* Equal for the eye, however small both are. */
static bool is_same(double a, double b)
{
    return fabs(a / 2 - b / 2) <= 1e-9 * fmax(fabs(a / 2), fabs(b / 2));
}

/* Within what a double can hold, so that positions stay finite. */
static double limited(double value)
{
    return fmin(fmax(value, -DBL_MAX), DBL_MAX);
}

/* The same for log axes, which never reach 0. */
static double limited_positive(double value)
{
    return fmin(fmax(value, DBL_TRUE_MIN), DBL_MAX);
}

void value_range_add(struct value_range *range, enum axis_scale scale, double value)
{
    if (!isfinite(value))
        return;
    if (is_log(scale) && value <= 0) {
        range->skipped_count++;
        return;
    }
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
    if (!(range->first > 0))
        range->first = value;
    double octaves = log2(value / range->first);
    if (!(value >= 1) || !is_near(octaves, round(octaves)))
        range->is_powers_of_two = false;
}

bool value_range_is_empty(const struct value_range *range)
{
    return !(range->low <= range->high);
}

double axis_round_step(double raw)
{
    double decade = pow(10.0, floor(log10(raw) + 1e-9));
    double lead = raw / decade;
    double round = decade * (lead <= 1.0 + 1e-9   ? 1
                             : lead <= 2.0 + 1e-9 ? 2
                             : lead <= 5.0 + 1e-9 ? 5
                                                  : 10);
    return fmin(fmax(round, DBL_TRUE_MIN), DBL_MAX);
}

/* "1, 2 or 5 times a power of ten" nearest below `value`. */
static double round_below(double value)
{
    double decade = pow(10.0, floor(log10(value) + 1e-9));
    double lead = value / decade;
    return decade * (lead >= 5.0 - 1e-9 ? 5 : lead >= 2.0 - 1e-9 ? 2 : 1);
}

static void fit_linear(struct axis *axis, double low, double high)
{
    bool is_far_from_zero = low > 0 && high - low < 0.35 * high;
    if (is_same(low, high)) {
        double room = low > 0 || low < 0 ? fabs(low) * 0.5 : 1.0;
        low = limited(low - room);
        high = limited(high + room);
        is_far_from_zero = false;
    }
    if (low > 0 && !is_far_from_zero)
        low = 0;
    double step = axis_round_step((high / 2 - low / 2) / 4.0); /* no overflow near DBL_MAX */
    axis->low = limited(floor(low / step + 1e-9) * step);
    axis->high = limited(ceil(high / step - 1e-9) * step);
    double headroom = (axis->high / 2 - high / 2) / (axis->high / 2 - axis->low / 2);
    bool is_whole = axis->is_ratio && is_same(high, 1.0); /* nothing is beyond 100 % */
    if (headroom < 0.02 && high > 0) /* the highest point does not sit on the frame */
        axis->high = limited(axis->high + (is_whole ? step / 2.0 : step));
}

static void fit_log10(struct axis *axis, double low, double high)
{
    double room = is_same(low, high) ? 3.0 : exp(0.03 * (log(high) - log(low)));
    axis->low = limited_positive(round_below(limited_positive(low / room)));
    axis->high = limited_positive(axis_round_step(limited_positive(high * room)));
}

static void fit_log2(struct axis *axis, double low, double high)
{
    double room = is_same(low, high) ? 2.0 : exp(0.04 * (log(high) - log(low)));
    axis->low = limited_positive(low / room);
    axis->high = limited_positive(high * room);
}

void axis_fit(struct axis *axis, const struct value_range *range)
{
    switch (axis->scale) {
    case AXIS_LINEAR:
        fit_linear(axis, range->low, range->high);
        break;
    case AXIS_LOG10:
        fit_log10(axis, range->low, range->high);
        break;
    case AXIS_LOG2:
        fit_log2(axis, range->low, range->high);
        break;
    case AXIS_CATEGORY:
        break;
    }
    if (fmax(fabs(axis->low), fabs(axis->high)) > 1e300) /* as per cent it would overflow */
        axis->is_ratio = false;
}

void axis_set_names(struct axis *axis, const char *const *names, int count)
{
    axis->scale = AXIS_CATEGORY;
    axis->names = names;
    axis->name_count = count;
    axis->low = -0.5;
    axis->high = count - 0.5;
}

bool axis_can_show(const struct axis *axis, double value)
{
    return isfinite(value) && (!is_log(axis->scale) || value > 0);
}

/* ln(a / b) for positive numbers whose ratio may be beyond a double. */
static double log_ratio(double a, double b)
{
    double ratio = a / b;
    return isnormal(ratio) ? log(ratio) : log(a) - log(b);
}

double axis_position(const struct axis *axis, double value)
{
    double share =
        is_log(axis->scale)
            ? log_ratio(limited_positive(value), axis->low) / log_ratio(axis->high, axis->low)
            : (limited(value) / 2 - axis->low / 2) / (axis->high / 2 - axis->low / 2);
    return axis->from_pt + share * (axis->to_pt - axis->from_pt);
}

double axis_position_clamped(const struct axis *axis, double value)
{
    double inside = fmin(fmax(value, axis->low), axis->high);
    return axis_position(axis, inside);
}

double axis_band_pt(const struct axis *axis)
{
    return fabs(axis->to_pt - axis->from_pt) / (axis->high - axis->low); /* of category numbers */
}

/* Prefixes suit physical units; times above a second stay in seconds. */
static int clamp_exponent(const struct axis *axis, int exponent)
{
    int most = strcmp(axis->unit, "s") == 0 ? 0 : 18;
    int least = strcmp(axis->unit, "s") == 0 || strcmp(axis->unit, "J") == 0 ? -9 : 0;
    return exponent > most ? most : exponent < least ? least : exponent;
}

/* The power of ten (a multiple of 3) taken out of all labels, or PREFIX_PER_TICK. */
static int common_exponent(const struct axis *axis)
{
    double magnitude = fmax(fabs(axis->low), fabs(axis->high));
    if (axis->is_ratio || axis->scale == AXIS_LOG2 || axis->scale == AXIS_CATEGORY)
        return 0;
    if (magnitude >= 1e22 || magnitude < 1e-13) /* no prefix reaches so far */
        return PREFIX_PER_TICK;
    if (!*axis->unit)
        return magnitude <= 1e5 && (axis->scale == AXIS_LINEAR || axis->low >= 1e-3)
                   ? 0
                   : PREFIX_PER_TICK;
    if (axis->scale == AXIS_LINEAR)
        return clamp_exponent(axis, 3 * (int)floor(log10(magnitude * 1.001) / 3.0));
    double centre = (log10(axis->low) + log10(axis->high)) / 2.0;
    int exponent = clamp_exponent(axis, 3 * (int)round((centre - 1.0) / 3.0));
    bool is_readable = axis->low >= pow(10.0, exponent - 2) * 0.999 &&
                       axis->high <= pow(10.0, exponent + 4) * 9.99;
    return is_readable ? exponent : PREFIX_PER_TICK;
}

static const char *prefix_of(int exponent)
{
    static const char *const prefixes[] = {"n", "µ", "m", "", "k", "M", "G", "T", "P", "E"};
    return prefixes[exponent / 3 + 3];
}

/* A number as people write it on an axis: true minus sign, thousands separated from 10,000 on. */
static void write_number(char out[AXIS_LABEL_BYTES], double value, int decimals)
{
    char digits[SI_TEXT_BYTES];
    double magnitude = fabs(value);
    const char *sign = value < 0 && magnitude >= 0.5 * pow(10.0, -decimals) ? "−" : "";
    if (magnitude >= 1e9 || decimals > 6) /* what no prefix reaches */
        snprintf(digits, sizeof digits, "%.4g", magnitude);
    else if (magnitude >= 9999.5 && decimals == 0)
        text_count(digits, llround(magnitude));
    else
        snprintf(digits, sizeof digits, "%.*f", decimals, magnitude);
    snprintf(out, AXIS_LABEL_BYTES, "%s%s", sign, digits);
}

/* Decimals that show a multiple of `step` exactly when step is 1, 2, 2.5 or 5 times 10^n. */
static int decimals_for(double step)
{
    int decimals = (int)-floor(log10(step) + 1e-9);
    return decimals < 0 ? 0 : decimals > 12 ? 12 : decimals;
}

static void write_binary(char out[AXIS_LABEL_BYTES], double value)
{
    if (value < 0x1p40 && value >= 16384.0 * 0.999 && is_near(fmod(value, 1024.0), 0))
        snprintf(out, AXIS_LABEL_BYTES, "%.0f Ki", value / 1024.0);
    else
        snprintf(out, AXIS_LABEL_BYTES, value < 0x1p40 ? "%g" : "%.3g", value);
}

/* The label of a major tick; `step` is the distance to the next one on linear axes. */
static void write_label(const struct axis *axis, double value, double step,
                        char out[AXIS_LABEL_BYTES])
{
    int exponent = common_exponent(axis);
    if (axis->scale == AXIS_LOG2) {
        write_binary(out, value);
    } else if (axis->is_ratio) {
        write_number(out, value * 100.0, decimals_for(step * 100.0));
    } else if (exponent == PREFIX_PER_TICK) {
        char si[SI_TEXT_BYTES];
        text_si(si, value, axis->unit, 1);
        if (!is_near(fabs(value), 0) && axis->scale == AXIS_LINEAR)
            text_si(si, value, axis->unit, 3);
        snprintf(out, AXIS_LABEL_BYTES, "%s", si);
    } else {
        double scale = pow(10.0, exponent);
        write_number(out, value / scale, decimals_for(step / scale));
    }
}

static void add_tick(struct ticks *out, double value, const char *label)
{
    if (out->count == AXIS_TICKS_MAX)
        return;
    struct tick *tick = &out->items[out->count++];
    *tick = (struct tick){.value = value, .is_major = label != NULL};
    if (label)
        snprintf(tick->label, sizeof tick->label, "%s", label);
}

static void add_major(const struct axis *axis, double value, double step, struct ticks *out)
{
    char label[AXIS_LABEL_BYTES];
    write_label(axis, value, step, label);
    add_tick(out, value, label);
}

static void ticks_linear(const struct axis *axis, int most, struct ticks *out)
{
    double shown = axis->is_ratio ? 100.0 : 1.0;
    double half = axis->high / 2 - axis->low / 2;
    double step = axis_round_step(half * shown / most * 2) / shown;
    double slack = 2e-9 * half;
    double last = limited(axis->high + slack);
    for (double n = ceil(limited(axis->low - slack) / step);
         n * step <= last && out->count < AXIS_TICKS_MAX; n += 1.0)
        add_major(axis, n * step, step, out);
}

/* Few decades: label 1, 2 and 5. More: decades, or every second or third of them. */
static void ticks_log10(const struct axis *axis, int most, struct ticks *out)
{
    double decades = log10(axis->high) - log10(axis->low);
    if (decades < 0.6) {
        ticks_linear(axis, most, out);
        return;
    }
    int stride = (int)ceil((decades + 0.999) / most);
    bool is_dense = decades * 3.0 + 1.0 <= most && decades < 2.1;
    int first = (int)floor(log10(axis->low) - 1e-9);
    int last = (int)ceil(log10(axis->high) + 1e-9);
    for (int power = first; power <= last; power++)
        for (int lead = 1; lead <= 9; lead++) {
            double value = lead * pow(10.0, power);
            if (value < axis->low * (1 - 1e-9) || !(value <= limited(axis->high * (1 + 1e-9))))
                continue;
            bool is_decade = lead == 1 && ((power % stride) + stride) % stride == 0;
            if (is_decade || (is_dense && (lead == 2 || lead == 5)))
                add_major(axis, value, pow(10.0, power), out);
            else if (stride == 1 || (lead == 1 && decades < AXIS_TICKS_MAX / 2))
                add_tick(out, value, NULL);
        }
}

static void ticks_log2(const struct axis *axis, int most, struct ticks *out)
{
    double unit = axis->octave > 0 ? axis->octave : 1.0;
    int first = (int)ceil(log2(axis->low / unit) - 1e-9);
    int last = (int)floor(log2(axis->high / unit) + 1e-9);
    int stride = (last - first + most) / most; /* ticks / most, rounded up */
    for (int power = first; unit * pow(2.0, power) <= limited(axis->high * (1 + 1e-9)); power++) {
        if ((power - first) % stride == 0)
            add_major(axis, unit * pow(2.0, power), 1, out);
        else if (last - first < AXIS_TICKS_MAX)
            add_tick(out, unit * pow(2.0, power), NULL);
    }
}

static void ticks_category(const struct axis *axis, int most, struct ticks *out)
{
    int stride = 1;
    while ((axis->name_count + stride - 1) / stride > most)
        stride *= 2; /* experts and layers come in powers of two */
    for (int i = 0; i < axis->name_count; i += stride) {
        add_tick(out, i, "");
        out->items[out->count - 1].name = axis->names[i];
    }
}

void axis_ticks(const struct axis *axis, int most_labels, struct ticks *out)
{
    int most = most_labels < 2 ? 2 : most_labels;
    out->count = 0;
    switch (axis->scale) {
    case AXIS_LINEAR:
        ticks_linear(axis, most, out);
        break;
    case AXIS_LOG10:
        ticks_log10(axis, most, out);
        break;
    case AXIS_LOG2:
        ticks_log2(axis, most, out);
        break;
    case AXIS_CATEGORY:
        ticks_category(axis, most, out);
        break;
    }
}

/* The unit behind the common prefix; "" when labels carry it themselves or there is none. */
static const char *title_unit(const struct axis *axis, char out[AXIS_LABEL_BYTES])
{
    int exponent = common_exponent(axis);
    *out = '\0';
    if (axis->is_ratio)
        snprintf(out, AXIS_LABEL_BYTES, "%%");
    else if (exponent != PREFIX_PER_TICK && *axis->unit && axis->scale != AXIS_CATEGORY)
        snprintf(out, AXIS_LABEL_BYTES, "%s%s", prefix_of(exponent), axis->unit);
    return out;
}

const char *axis_title(const struct axis *axis, char out[AXIS_TITLE_BYTES])
{
    char unit[AXIS_LABEL_BYTES];
    title_unit(axis, unit);
    if (*unit)
        snprintf(out, AXIS_TITLE_BYTES, "%s [%s]", axis->title, unit);
    else
        snprintf(out, AXIS_TITLE_BYTES, "%s", axis->title);
    return out;
}

const char *axis_value(const struct axis *axis, double value, char out[AXIS_LABEL_BYTES])
{
    char digits[SI_TEXT_BYTES];
    int exponent = common_exponent(axis);
    if (axis->is_ratio)
        text_plain(digits, value * 100.0, 2);
    else if (exponent == PREFIX_PER_TICK)
        text_si(digits, value, "", 3);
    else
        text_plain(digits, value / pow(10.0, exponent), 3);
    snprintf(out, AXIS_LABEL_BYTES, "%s", digits);
    return out;
}
