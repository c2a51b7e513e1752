/* What axes name that must be read before any point: engines, and what servers play: laws, traces.
 */
#ifndef TOKENROOF_SWEEP_GRID_SERVED_H
#define TOKENROOF_SWEEP_GRID_SERVED_H

#include "sweep/grid.h"

/** Says which axes the rows of `grid` would not depend on: workload of a server, serving of a
 * static batch. A sweep never ignores an axis. */
void grid_refuse_axes(const struct loader *loader, const struct grid *grid);

/** Reads the what-if once for each engine that an axis names, with the keys that it fills in. */
void grid_load_engines(const struct loader *loader, const char *path, struct grid *grid);

/**
 * Reads what a served grid's axes name: laws, traces (each is read once to
 * its end, so that its mistakes are known before anything is played). Mistakes become messages.
 */
void grid_load_served(const struct loader *loader, const char *path, struct grid *grid);

#endif
