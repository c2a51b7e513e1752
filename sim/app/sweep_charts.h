/* The charts of a sweep, drawn from its rows. */
#ifndef TOKENROOF_APP_SWEEP_CHARTS_H
#define TOKENROOF_APP_SWEEP_CHARTS_H

#include "app/sweep_job.h"

/** Has the range's rows gathered for charts where that spares computing them twice: simulated
 * servers, on one machine. */
void sweep_charts_gather(struct sweep_job *job, struct run_range *range);

/** Draws the charts of the what-if: from the gathered rows where they are all there, else every
 * point is computed once more. Returns an exit code. */
int sweep_charts_draw(struct session *session, struct sweep_job *job);

#endif
