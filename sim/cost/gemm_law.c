#include "cost/laws.h"

#include <math.h>

double smooth_max(double a, double b, double p)
{
    double high = a > b ? a : b;
    double low = a > b ? b : a;
    if (!(low > 0.0))
        return high;
    double logarithm = p * log(low / high);
    if (logarithm < -30.0)
        return high;
    return high * exp(log1p(exp(logarithm)) / p);
}

double smooth_min(double a, double b, double p)
{
    return a * b / smooth_max(a, b, p);
}

double memory_time(const struct rates *rates, const struct kernel_rate *rate, double bytes,
                   double sharpness)
{
    const struct kernel_fit *fit = &rate->fit;
    double time = bytes / rate->byte_per_s;
    if (!rates->is_repeating || !(fit->cache_ratio > 0.0) || !(rates->cache_bytes > 0.0))
        return time;
    double hit = 1.0 / (1.0 + pow(bytes / (fit->cache_ratio * rates->cache_bytes), sharpness));
    return hit * bytes / (fit->cache_speed * rates->memory_byte_per_s) + (1.0 - hit) * time;
}

/* Whole pieces in x. Where x grows token by token the mean is taken: the last piece is half full,
   and a law without a sawtooth sums in closed form. */
static double pieces(const struct op_shape *shape, double x)
{
    return shape->is_growing ? x + 0.5 : ceil(x);
}

/* Products cut into tiles of `bm` rows and `bn` columns. */
static double tiled_time(const struct rates *rates, const struct kernel_rate *rate,
                         const struct op_shape *shape, double bm, double bn)
{
    const struct kernel_fit *fit = &rate->fit;
    double tiles = shape->groups * pieces(shape, shape->rows / bm) * ceil(shape->columns / bn);
    double per_unit = tiles / rates->units;
    double load = 1.0 + fit->tile_load * (1.0 / bm + 1.0 / bn);
    double depth_s = 2.0 * bm * bn * load * rates->units / rate->flop_per_s;
    double waves =
        per_unit < 1.0 ? 1.0 : per_unit + fit->wave_ratio * (pieces(shape, per_unit) - per_unit);
    double whole = waves * (shape->depth + fit->start_depth) * depth_s;
    double splits = smaller(floor(1.0 / per_unit), larger(1.0, shape->depth / 128.0));
    if (splits < 2.0)
        return whole;
    return smaller(whole, (shape->depth / splits + fit->start_depth) * depth_s + fit->split_s);
}

/* Tiles by the number of rows alone, whole waves, no split. */
static double dispatched_time(const struct rates *rates, const struct kernel_rate *rate,
                              const struct op_shape *shape)
{
    double bm = shape->rows <= 128.0 ? 64.0 : 128.0;
    double bn = shape->rows <= 64.0 ? 64.0 : 128.0;
    double tiles = shape->groups * pieces(shape, shape->rows / bm) * ceil(shape->columns / bn);
    double waves = pieces(shape, tiles / rates->units);
    return waves * (shape->depth + rate->fit.start_depth) * 2.0 * bm * bn * rates->units /
           rate->flop_per_s;
}

double gemm_convert_time(const struct rates *rates, const struct kernel_rate *rate,
                         const struct op_shape *shape)
{
    const double bytes_per_element = 3.0; /* 16 bit read, 8 bit written */
    if (rate->fit.family != FAMILY_DISPATCHED || !(rate->fit.convert_ratio > 0.0))
        return rates->quantise_byte_per_s > 0.0
                   ? bytes_per_element * shape->rows * shape->depth / rates->quantise_byte_per_s
                   : 0.0;
    double moved =
        bytes_per_element * shape->depth / (rate->fit.convert_ratio * rates->memory_byte_per_s);
    return shape->rows * smooth_max(rate->fit.row_s / rates->units, moved, 3.0);
}

double gemm_compute_time(const struct rates *rates, const struct kernel_rate *rate,
                         const struct op_shape *shape)
{
    if (rate->fit.family == FAMILY_DISPATCHED)
        return dispatched_time(rates, rate, shape);
    double time = smaller(tiled_time(rates, rate, shape, 128.0, 128.0),
                          tiled_time(rates, rate, shape, 64.0, 64.0));
    if (shape->rows <= 16.0) /* decode: a matrix instruction takes 16 rows */
        time = smaller(time, tiled_time(rates, rate, shape, 16.0, 64.0));
    return time;
}
