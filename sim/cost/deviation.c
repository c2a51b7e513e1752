#include "cost/deviation.h"

#include <math.h>

double deviation_factor(const struct deviation *deviation, enum kernel kernel, double spread)
{
    bool deviates = fabs(deviation->ends) > 0.0 && deviation->kernel == kernel;
    return deviates ? exp(deviation->ends * spread) : 1.0;
}

void op_time_deviated(const struct run *run, const struct rates *rates, const struct op *op,
                      struct op_cost *cost)
{
    const struct deviation *deviation = &run->engine.deviation;
    op_time_into(rates, op, cost);
    if (deviation->kernel == op->kernel)
        cost->time_s *= deviation_factor(deviation, op->kernel,
                                         rates->kernels[op->kernel][op->math].fit.spread_ratio);
}
