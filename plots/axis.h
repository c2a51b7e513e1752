/* Axes: which range, where a value lies, ticks at round numbers, SI units on labels and titles. */
#ifndef TOKENROOF_PLOTS_AXIS_H
#define TOKENROOF_PLOTS_AXIS_H

#include <stdbool.h>

/** How values become positions. */
enum axis_scale {
    AXIS_LINEAR,   /**< ticks at 1-2-5 steps */
    AXIS_LOG10,    /**< ticks at decades, or at 1-2-5 when there are few */
    AXIS_LOG2,     /**< ticks at powers of two: batch, sequence length */
    AXIS_CATEGORY, /**< names at 0, 1, 2 … */
};

/** One axis. Positions need not grow with values: y axes run upwards. */
struct axis {
    enum axis_scale scale;    /**< linear, log or names */
    double low;               /**< value at `from_pt` [SI unit] */
    double high;              /**< value at `to_pt` [SI unit], > low */
    double octave;            /**< AXIS_LOG2: ticks are this times powers of two; 0 = 1 */
    double from_pt;           /**< position of `low` [pt] */
    double to_pt;             /**< position of `high` [pt] */
    const char *title;        /**< for people: "Throughput"; "" = none */
    const char *unit;         /**< SI unit without prefix: "s", "FLOP/s", "" */
    bool is_ratio;            /**< shown as per cent */
    const char *const *names; /**< [name_count] for AXIS_CATEGORY */
    int name_count;           /**< categories */
};

/** Most ticks and longest label of an axis. */
enum { AXIS_TICKS_MAX = 256, AXIS_LABEL_BYTES = 64, AXIS_TITLE_BYTES = 256 };

/** One tick. */
struct tick {
    double value;                 /**< where [SI unit] */
    bool is_major;                /**< labelled, with a grid line; else a short stroke */
    char label[AXIS_LABEL_BYTES]; /**< "10", "100 TFLOP/s"; "" on minor ticks and for categories */
    const char *name;             /**< AXIS_CATEGORY: the name, else NULL */
};

/** Ticks of an axis. */
struct ticks {
    struct tick items[AXIS_TICKS_MAX];
    int count;
};

/** The values that an axis must show. */
struct value_range {
    double low;            /**< smallest value shown [SI unit]; +inf before the first */
    double high;           /**< largest value shown [SI unit]; −inf before the first */
    int skipped_count;     /**< values ≤ 0 that a log axis cannot show */
    bool is_powers_of_two; /**< so far every value was ≥ 1 and the first times a power of two */
    double first;          /**< the first value, 0 = none yet */
};

/** An empty range. */
struct value_range value_range_empty(void);

/** Takes in `value` when an axis of that scale can show it (NaN and infinities never count). */
void value_range_add(struct value_range *range, enum axis_scale scale, double value);

/** Nothing was taken in. */
bool value_range_is_empty(const struct value_range *range);

/**
 * Sets `low` and `high` to round numbers around `range` (not empty). Linear axes start at 0 unless
 * the data is far from it; a single value gets room on both sides.
 */
void axis_fit(struct axis *axis, const struct value_range *range);

/** Makes `axis` show `names` [count], which must outlive it, in bands of equal width. */
void axis_set_names(struct axis *axis, const char *const *names, int count);

/** A finite value that the axis's scale can show, whether inside its range or not. */
bool axis_can_show(const struct axis *axis, double value);

/** Position of `value`, which axis_can_show [pt]; outside the range it lies beyond the ends. */
double axis_position(const struct axis *axis, double value);

/** Like axis_position, not beyond the ends. */
double axis_position_clamped(const struct axis *axis, double value);

/** Distance between neighbouring categories [pt]. */
double axis_band_pt(const struct axis *axis);

/** Ticks inside the range, at most about `most_labels` ≥ 2 of them labelled, in rising order. */
void axis_ticks(const struct axis *axis, int most_labels, struct ticks *out);

/** The title with its unit: "Throughput [ktok/s]". Returns `out`. */
const char *axis_title(const struct axis *axis, char out[AXIS_TITLE_BYTES]);

/** A value in the unit that the title of a linear axis says, to three digits. Returns `out`. */
const char *axis_value(const struct axis *axis, double value, char out[AXIS_LABEL_BYTES]);

/** "1, 2 or 5 times a power of ten" nearest above `raw` > 0. */
double axis_round_step(double raw);

#endif
