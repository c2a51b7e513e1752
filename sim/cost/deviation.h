/* Operator times where one kernel class is off its law: how much does a figure depend on it? */
#ifndef TOKENROOF_COST_DEVIATION_H
#define TOKENROOF_COST_DEVIATION_H

#include "cost/op_time.h"

/** e^(ends·spread) for the class that deviates, else 1. */
double deviation_factor(const struct deviation *deviation, enum kernel kernel, double spread);

/** op_time on a device of `rates`, with the deviation that `run` asks for, left in `*cost`. */
void op_time_deviated(const struct run *run, const struct rates *rates, const struct op *op,
                      struct op_cost *cost);

#endif
