/* The roofline chart of runs. */
#ifndef TOKENROOF_REPORT_DRAW_ROOFLINE_H
#define TOKENROOF_REPORT_DRAW_ROOFLINE_H

#include "report/draw.h"
#include "report/roofline.h"

/** What to draw. */
struct roofline_drawing {
    const struct roof_entry *entries; /**< [entry_count] those that don't fit are left out, a note
                                       below the chart names them */
    int entry_count;
    const struct table *measured; /**< columns oi, flop_per_s [label], or NULL; under the first
                                     roof */
    struct chart_style style;     /**< theme, size; titles are made up where NULL */
};

/**
 * Draws to the file `path` (.png .svg .pdf .txt): one roof per device and arithmetic; phases and
 * operators as points; arrows between entries of one model, device and phase that lie on a path.
 * The region of inference potential is shaded where there are at most two whole phases.
 */
enum draw_status draw_roofline(const char *path, const struct roofline_drawing *drawing,
                               struct arena *arena, struct draw_problem *problem);

#endif
