/* What a costed step says: its interval, and what binds it. */
#include "serve/step_cost.h"

#include <math.h>

/* Time by kernel class [s], and how far each may be off: the most of the arithmetics in use. */
struct class_times {
    double seconds[KERNEL_COUNT];
    double slower[KERNEL_COUNT];
    double faster[KERNEL_COUNT];
};

static void add_class_time(const struct predictor *predictor, const struct step_cost *cost,
                           int index, double repeats, struct class_times *times)
{
    const struct op *op = &cost->step.ops[index];
    const struct kernel_rate *rate = &predictor->rates->kernels[op->kernel][op->math];
    times->seconds[op->kernel] += repeats * cost->costs[index].time_s;
    if (rate->slower_ratio > times->slower[op->kernel]) {
        times->slower[op->kernel] = rate->slower_ratio;
        times->faster[op->kernel] = rate->faster_ratio;
    }
}

struct interval step_cost_interval(const struct predictor *predictor, const struct step_cost *cost)
{
    struct class_times times = {0};
    const struct step *step = &cost->step;
    for (int i = step->entry.first; i < step->entry.first + step->entry.count; i++)
        add_class_time(predictor, cost, i, (double)step->copies, &times);
    for (int i = step->exit.first; i < step->exit.first + step->exit.count; i++)
        add_class_time(predictor, cost, i, (double)step->copies, &times);
    for (int kind = 0; kind < step->layout->kind_count; kind++)
        for (int i = step->layers[kind].first;
             i < step->layers[kind].first + step->layers[kind].count; i++)
            if (step_runs(step, kind, &step->ops[i]))
                add_class_time(predictor, cost, i, (double)step_repeats(step, kind), &times);
    for (int i = 0; i < step->sends.count; i++)
        add_class_time(predictor, cost, step->sends.first + i,
                       (double)(step->copies * step->send_counts[i]), &times);
    double below = 0.0;
    double above = 0.0;
    if (cost->floor_s > 0.0) {
        below = pow(cost->floor_s * expm1(-predictor->rates->layer_floor_spread), 2.0);
        above = pow(cost->floor_s * expm1(predictor->rates->layer_floor_spread), 2.0);
    }
    for (int kernel = 0; kernel < KERNEL_COUNT; kernel++) {
        if (!(times.seconds[kernel] > 0.0))
            continue;
        double down = times.seconds[kernel] * times.faster[kernel];
        double up = times.seconds[kernel] * times.slower[kernel];
        below += down * down;
        above += up * up;
    }
    return (struct interval){1.0 - sqrt(below) / cost->time_s, 1.0 + sqrt(above) / cost->time_s};
}

static void add_range_bounds(const struct step_cost *cost, struct op_range range,
                             double seconds[BOUND_COUNT])
{
    for (int i = range.first; i < range.first + range.count; i++)
        seconds[cost->costs[i].bound] += (double)cost->step.copies * cost->costs[i].time_s;
}

void step_cost_bounds(const struct step_cost *cost, double seconds[BOUND_COUNT])
{
    for (int bound = 0; bound < BOUND_COUNT; bound++)
        seconds[bound] = 0.0;
    add_range_bounds(cost, cost->step.entry, seconds);
    add_range_bounds(cost, cost->step.exit, seconds);
    for (int kind = 0; kind < cost->step.layout->kind_count; kind++) {
        double repeats = (double)step_repeats(&cost->step, kind);
        struct op_range range = cost->step.layers[kind];
        for (int i = range.first; i < range.first + range.count; i++)
            if (step_runs(&cost->step, kind, &cost->step.ops[i]))
                seconds[cost->costs[i].bound] += repeats * cost->costs[i].time_s;
    }
    for (int i = 0; i < cost->step.sends.count; i++)
        seconds[BOUND_COMMUNICATION] += (double)(cost->step.copies * cost->step.send_counts[i]) *
                                        cost->costs[cost->step.sends.first + i].time_s;
    /* what overlaps costs nothing: communication as far as it goes */
    seconds[BOUND_COMMUNICATION] = fmax(seconds[BOUND_COMMUNICATION] - cost->hidden_s, 0.0);
    seconds[BOUND_LAUNCH] += cost->idle_s;
    seconds[BOUND_LATENCY] += cost->floor_s;
}

enum bound step_cost_bound(const struct step_cost *cost)
{
    double seconds[BOUND_COUNT];
    step_cost_bounds(cost, seconds);
    enum bound largest = BOUND_COMPUTE;
    for (int bound = 1; bound < BOUND_COUNT; bound++)
        if (seconds[bound] > seconds[largest])
            largest = (enum bound)bound;
    return largest;
}
