/* Whether a finished file holds the rows of a sweep. */
#ifndef TOKENROOF_APP_SWEEP_SAME_H
#define TOKENROOF_APP_SWEEP_SAME_H

#include "app/sweep_job.h"

/**
 * Compares the header and the rows of 64 stretches of 8 points spread over `range` with the file at
 * job->path: they must stand there, in order, those of neighbours without others between them, the
 * last at its end. Databases are taken to be the same, and so is what can't be read.
 */
bool sweep_file_is_same(const struct sweep_job *job, const struct run_range *range);

#endif
