/* The roofline chart: roofs of devices and precisions, operators and phases below them. */
#ifndef TOKENROOF_PLOTS_CHART_ROOFLINE_H
#define TOKENROOF_PLOTS_CHART_ROOFLINE_H

#include "plots/canvas.h"
#include "plots/frame.h"

/** One horizontal or slanted ceiling of a roof. */
struct roof_ceiling {
    const char *name; /**< "bf16", "HBM3", "L2" */
    double rate;      /**< compute: [FLOP/s]; memory: [B/s]; > 0 */
};

/** A device at one precision; the first ceiling of each kind makes the roof. */
struct roof {
    const char *name;                   /**< "H100 SXM bf16" */
    const struct roof_ceiling *compute; /**< [compute_count ≥ 1] */
    int compute_count;
    const struct roof_ceiling *memory; /**< [memory_count ≥ 1] */
    int memory_count;
};

/** What a point's shape says. */
enum roof_phase { ROOF_PREFILL, ROOF_DECODE, ROOF_MEASURED, ROOF_PHASE_COUNT };

/** One operator, phase or measurement. */
struct roof_point {
    double oi_flop_per_byte; /**< operational intensity [FLOP/B] */
    double flop_per_s;       /**< attained [FLOP/s] */
    const char *label;       /**< written beside it, NULL = none */
    int kind;                /**< index into `kind_names`: its colour; −1 = none: ink, a whole
                                phase an open ring */
    enum roof_phase phase;   /**< its shape */
    double time_share_ratio; /**< its area: share of the phase's time [0 … 1], NaN = unknown */
    int roof;                /**< index of the roof it runs under */
    bool is_total;           /**< a whole phase: larger, outlined */
    bool shows_potential;    /**< shade the region between it and its roof */
    double potential;        /**< Φ of RooflineBench eq. 6, 7, NaN = not written */
    double potential_normalised; /**< Φ with both axes relative to the ridge, NaN = not written */
};

/** Arrows from point to point: batch 1 → 128. */
struct roof_path {
    const int *points; /**< [count] indices into the chart's points */
    int count;
};

/** Everything on a roofline chart. */
struct roofline {
    const struct roof *roofs; /**< [roof_count ≥ 1] */
    int roof_count;
    const struct roof_point *points; /**< [point_count] */
    int point_count;
    const struct roof_path *paths; /**< [path_count] */
    int path_count;
    const char *const *kind_names; /**< [kind_count] legend of colours; with none, roofs colour */
    int kind_count;
    const char *note; /**< what is not among the points, for the line below; NULL = nothing */
};

/**
 * Draws the chart log-log. Points that are not positive and finite are left out, with a note.
 * False and one line in `error` when there is no roof or a ceiling is not a positive number.
 */
bool chart_roofline_draw(const struct roofline *data, const struct chart_style *style,
                         struct canvas *canvas, char error[CANVAS_ERROR_BYTES]);

/** Draws to the file `path` (.png .svg .pdf .txt); on failure no file is written. */
bool chart_roofline_save(const char *path, const struct roofline *data,
                         const struct chart_style *style, char error[CANVAS_ERROR_BYTES]);

/** Where the main roof turns flat: compute rate / memory rate [FLOP/B]. */
double roof_ridge(const struct roof *roof);

/** What the main roof allows at that intensity: min(compute, intensity · memory) [FLOP/s]. */
double roof_limit(const struct roof *roof, double oi_flop_per_byte);

#endif
