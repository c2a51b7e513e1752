/* Axes: round ticks, SI prefixes, ranges that hold the data. */
#include "plots/axis.h"

#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct axis fitted(enum axis_scale scale, double low, double high, const char *unit)
{
    struct axis axis = {.scale = scale, .from_pt = 0, .to_pt = 100, .title = "T", .unit = unit};
    struct value_range range = value_range_empty();
    value_range_add(&range, scale, low);
    value_range_add(&range, scale, high);
    axis_fit(&axis, &range);
    return axis;
}

/* The labels of all major ticks with a space after each. */
static void join_labels(const struct axis *axis, int most, char *out, size_t size)
{
    struct ticks ticks;
    size_t used = 0;
    axis_ticks(axis, most, &ticks);
    *out = '\0';
    for (int i = 0; i < ticks.count; i++)
        if (ticks.items[i].is_major)
            used += (size_t)snprintf(out + used, size - used, "%s|", ticks.items[i].label);
}

static void ticks_are_round(void)
{
    static const struct {
        const char *name;
        enum axis_scale scale;
        double low, high;
        const char *unit;
        int most;
        const char *labels;
        const char *title;
    } rows[] = {
        {"from zero",               AXIS_LINEAR, 3,      9.3,    "",       6, "0|2|4|6|8|10|",                         "T"          },
        {"data fill the area",      AXIS_LINEAR, 0,      102,    "",       9, "0|20|40|60|80|100|120|",                "T"          },
        {"room for the last point", AXIS_LINEAR, 0,      100,    "",       9, "0|20|40|60|80|100|120|",                "T"          },
        {"below zero",              AXIS_LINEAR, -4,     4.5,    "",       6, "−4|−2|0|2|4|6|",                    "T"          },
        {"throughput",              AXIS_LINEAR, 0,      23100,  "tok/s",  6, "0|5|10|15|20|25|",                      "T [ktok/s]" },
        {"steps of a half",         AXIS_LINEAR, 0,      2.3e-3, "s",      6, "0.0|0.5|1.0|1.5|2.0|2.5|",              "T [ms]"     },
        {"counts stay whole",       AXIS_LINEAR, 0,      48000,  "",       6, "0|10,000|20,000|30,000|40,000|50,000|",
         "T"                                                                                                                        },
        {"decades",                 AXIS_LOG10,  1.1,    9000,   "FLOP/B", 6, "1|10|100|1000|10,000|",                 "T [FLOP/B]" },
        {"performance",             AXIS_LOG10,  1.2e11, 9e14,   "FLOP/s", 6, "0.1|1|10|100|1000|",                    "T [TFLOP/s]"},
        {"one decade",              AXIS_LOG10,  12,     90,     "B/s",    8, "10|20|50|100|",                         "T [B/s]"    },
        {"too many decades",        AXIS_LOG10,  1.1e3,  9e14,   "B",      5, "1 kB|1 MB|1 GB|1 TB|1 PB|",             "T"          },
        {"batches",                 AXIS_LOG2,   1,      128,    "",       8, "1|2|4|8|16|32|64|128|",                 "T"          },
        {"every second batch",      AXIS_LOG2,   1,      128,    "",       5, "1|4|16|64|",                            "T"          },
        {"contexts",                AXIS_LOG2,   4096,   131072, "",       8, "4096|8192|16 Ki|32 Ki|64 Ki|128 Ki|",   "T"          },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char labels[512];
        char title[AXIS_TITLE_BYTES];
        struct axis axis = fitted(rows[i].scale, rows[i].low, rows[i].high, rows[i].unit);
        join_labels(&axis, rows[i].most, labels, sizeof labels);
        check_text(rows[i].name, labels, rows[i].labels);
        check_text(rows[i].name, axis_title(&axis, title), rows[i].title);
    }
}

static double random_ratio(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (double)(*state >> 11) * 0x1p-53;
}

/* 1,000 random ranges: the axis holds them, ticks rise, lie inside and are few but at least two. */
static void any_range_has_ticks(void)
{
    uint64_t state = 20240607;
    printf("seed %llu ", (unsigned long long)state);
    for (int i = 0; i < 1000; i++) {
        enum axis_scale scale = i % 2 ? AXIS_LOG10 : AXIS_LINEAR;
        double low = pow(10.0, random_ratio(&state) * 18 - 6);
        double high = low * pow(10.0, random_ratio(&state) * 8);
        struct axis axis = fitted(scale, i % 4 ? low : -low, high, "B/s");
        struct ticks ticks;
        int majors = 0;
        if (axis.low < 0 && scale == AXIS_LOG10)
            continue;
        axis_ticks(&axis, 8, &ticks);
        bool is_sound = axis.low <= high && axis.high >= high * (1 - 1e-9);
        for (int k = 0; k < ticks.count; k++) {
            double position = axis_position(&axis, ticks.items[k].value);
            majors += ticks.items[k].is_major;
            is_sound = is_sound && position > -0.01 && position < 100.01;
            is_sound = is_sound && (k == 0 || ticks.items[k].value > ticks.items[k - 1].value);
        }
        char row[80];
        snprintf(row, sizeof row, "case %d: %g … %g", i, low, high);
        check_true(row, is_sound && majors >= 2 && majors <= 12);
    }
}

static void single_values_have_room(void)
{
    struct axis one = fitted(AXIS_LINEAR, 5, 5, "");
    struct axis zero = fitted(AXIS_LINEAR, 0, 0, "");
    struct axis log = fitted(AXIS_LOG10, 5, 5, "");
    check_true("linear", one.low < 5 && one.high > 5);
    check_true("zero", zero.low < 0 && zero.high > 0);
    check_true("log", log.low < 5 && log.high > 5);
}

static void log_axes_skip_what_they_cannot_show(void)
{
    struct value_range range = value_range_empty();
    static const double values[] = {0.0, -1.0, 2.0, 8.0};
    for (int i = 0; i < 4; i++)
        value_range_add(&range, AXIS_LOG10, values[i]);
    value_range_add(&range, AXIS_LOG10, (double)NAN);
    value_range_add(&range, AXIS_LOG10, (double)INFINITY);
    check_count("skipped", range.skipped_count, 2);
    check_close("low", range.low, 2, 1e-12);
    check_close("high", range.high, 8, 1e-12);
    check_true("powers of two", range.is_powers_of_two);
}

/* Widths of experts: 1,792 and its doubles are ticks, not 2,000 and 5,000. */
static void doubling_values_are_ticks(void)
{
    struct value_range range = value_range_empty();
    static const double values[] = {3584, 14336, 1792, 7168};
    for (int i = 0; i < 4; i++)
        value_range_add(&range, AXIS_LOG10, values[i]);
    check_true("powers of two times the first", range.is_powers_of_two);
    struct axis axis = {.scale = AXIS_LOG2, .unit = "", .octave = range.first};
    struct ticks ticks;
    axis_fit(&axis, &range);
    axis.to_pt = 100;
    axis_ticks(&axis, 8, &ticks);
    check_count("ticks", ticks.count, 4);
    for (int i = 0; i < 4 && i < ticks.count; i++)
        check_close("tick", ticks.items[i].value, 1792 * pow(2, i), 1e-12);
    value_range_add(&range, AXIS_LOG10, 2000);
    check_true("one that is not", !range.is_powers_of_two);
}

/* Positions stay finite, ticks few and their labels short, as far as doubles reach. */
static void extremes_stay_finite(void)
{
    static const struct {
        enum axis_scale scale;
        double low, high;
    } rows[] = {
        {AXIS_LOG10,  1e-300,   1e300  },
        {AXIS_LOG10,  4.9e-324, 1.7e308},
        {AXIS_LOG2,   1e-300,   1e300  },
        {AXIS_LINEAR, 1e308,    1e308  },
        {AXIS_LINEAR, -1.7e308, 1.7e308},
        {AXIS_LINEAR, 4.9e-324, 1e308  },
        {AXIS_LINEAR, 1e-300,   1e-300 },
        {AXIS_LINEAR, 1e-12,    3e-10  },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct axis axis = fitted(rows[i].scale, rows[i].low, rows[i].high, i % 2 ? "B/s" : "");
        struct ticks ticks;
        size_t longest = 0;
        bool is_sound = true;
        int majors = 0;
        axis_ticks(&axis, 8, &ticks);
        for (int k = 0; k < ticks.count; k++) {
            double position = axis_position(&axis, ticks.items[k].value);
            size_t length = strlen(ticks.items[k].label);
            majors += ticks.items[k].is_major;
            longest = length > longest ? length : longest;
            is_sound = is_sound && position > -0.01 && position < 100.01;
        }
        char row[80];
        snprintf(row, sizeof row, "%g … %g", rows[i].low, rows[i].high);
        check_true(row, is_sound && majors >= 2);
        check_at_most(row, (double)longest, 14);
        check_at_least(row, axis_position(&axis, rows[i].high), 0.0);
        check_at_most(row, axis_position(&axis, rows[i].low), 100.0);
    }
    struct axis tiny = fitted(AXIS_LINEAR, 1e-12, 3e-10, "s");
    check_at_most("small values fill their axis", tiny.high, 6e-10);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"ticks are round",                     ticks_are_round                    },
        {"any range has ticks",                 any_range_has_ticks                },
        {"single values have room",             single_values_have_room            },
        {"doubling values are ticks",           doubling_values_are_ticks          },
        {"log axes skip what they cannot show", log_axes_skip_what_they_cannot_show},
        {"extremes stay finite",                extremes_stay_finite               },
        {NULL,                                  NULL                               },
    };
    return check_main("axis", cases);
}
