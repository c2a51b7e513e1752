#include "serve/quadrature.h"

#include <math.h>

/* One integrand with its context. */
struct integral {
    step_function *function;
    void *context;
    double tolerance;
};

/* A known point of the integrand. */
struct knot {
    int64_t index;
    struct step_sums sums;
};

void step_sums_add(struct step_sums *sums, const struct step_sums *more, double factor)
{
    sums->time_s += factor * more->time_s;
    sums->flops += factor * more->flops;
    sums->bytes += factor * more->bytes;
    sums->stream_bytes += factor * more->stream_bytes;
    sums->idle_s += factor * more->idle_s;
}

static struct knot evaluate(const struct integral *integral, int64_t index)
{
    struct knot knot = {.index = index};
    integral->function(integral->context, index, &knot.sums);
    return knot;
}

static int64_t middle_of(const struct knot *a, const struct knot *b)
{
    return a->index + (b->index - a->index) / 2;
}

/* How far the integrand at `knot` is from the chord a-b, relative to it. */
static double bend(const struct knot *a, const struct knot *b, const struct knot *knot)
{
    double share = (double)(knot->index - a->index) / (double)(b->index - a->index);
    double chord = a->sums.time_s + share * (b->sums.time_s - a->sums.time_s);
    return fabs(knot->sums.time_s - chord) / chord;
}

/* Σ over the indices after a up to b, of the chord. */
static void add_chord(struct step_sums *total, const struct knot *a, const struct knot *b)
{
    double steps = (double)(b->index - a->index);
    step_sums_add(total, &a->sums, (steps - 1.0) / 2.0);
    step_sums_add(total, &b->sums, (steps + 1.0) / 2.0);
}

/* Σ over the indices after a up to b; `middle` lies between them. */
static void add_stretch(const struct integral *integral, struct step_sums *total,
                        const struct knot *a, const struct knot *middle, const struct knot *b)
{
    int64_t left_index = middle_of(a, middle);
    int64_t right_index = middle_of(middle, b);
    if (left_index == a->index || right_index == middle->index) { /* at most 4 wide: by hand */
        for (int64_t i = a->index + 1; i <= b->index; i++) {
            struct knot knot = i == middle->index ? *middle
                               : i == b->index    ? *b
                                                  : evaluate(integral, i);
            step_sums_add(total, &knot.sums, 1.0);
        }
        return;
    }
    struct knot left = evaluate(integral, left_index);
    struct knot right = evaluate(integral, right_index);
    double tolerance = integral->tolerance;
    if (bend(a, b, middle) <= tolerance && bend(a, b, &left) <= tolerance &&
        bend(a, b, &right) <= tolerance) { /* the knots are known: use all of them */
        add_chord(total, a, &left);
        add_chord(total, &left, middle);
        add_chord(total, middle, &right);
        add_chord(total, &right, b);
        return;
    }
    add_stretch(integral, total, a, &left, middle);
    add_stretch(integral, total, middle, &right, b);
}

struct step_sums quadrature_sum(step_function *function, void *context, int64_t first, int64_t last,
                                double tolerance)
{
    struct integral integral = {function, context, tolerance};
    struct step_sums total = {0};
    if (last < first)
        return total;
    struct knot a = evaluate(&integral, first);
    step_sums_add(&total, &a.sums, 1.0);
    if (last == first)
        return total;
    struct knot b = evaluate(&integral, last);
    if (last - first == 1) {
        step_sums_add(&total, &b.sums, 1.0);
        return total;
    }
    struct knot middle = evaluate(&integral, middle_of(&a, &b));
    add_stretch(&integral, &total, &a, &middle, &b);
    return total;
}
