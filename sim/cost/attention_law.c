#include "cost/laws.h"

#include <math.h>

/* How a prefill is cut: tiles of queries of one head (or of the packed heads of a group) against
 * blocks of keys. */
struct tiling {
    double edge;    /* of a tile, in rows and in keys */
    double heads;   /* independent chains of tiles per request */
    double tiles;   /* query tiles of one chain */
    double blocks;  /* tile x key-block pairs of one chain that are not masked out */
    double longest; /* key blocks of the longest tile */
};

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static struct tiling tiling_of(enum kernel_family family, const struct op_shape *shape)
{
    bool is_packed = family == FAMILY_WIDE;
    double group = shape->heads_per_group;
    double edge = is_packed ? 128.0 : 64.0;
    double fresh = shape->rows;
    double past = fmax(shape->columns - fresh, 0.0);
    if (shape->window > 0.0)
        past = fmin(past, shape->window);
    double step = is_packed ? edge / group : edge; /* tokens per tile */
    double slope = step / edge; /* key blocks that a tile sees more than the one before */
    double start = (slope >= 1.0 ? 0.0 : 0.5 * (1.0 - slope)) + past / edge;
    struct tiling tiling = {.edge = edge};
    tiling.heads = is_packed ? shape->groups : shape->groups * group;
    tiling.tiles = ceil(fresh * (is_packed ? group : 1.0) / edge);
    double all = ceil(fresh / edge) + past / edge;
    double seen = shape->window > 0.0 && shape->window < fresh
                      ? fmin((shape->window + step) / edge + 0.5, all)
                      : all;
    double growing = clamp((seen - start) / slope, 0.0, tiling.tiles);
    tiling.blocks = fmax(tiling.tiles, slope * growing * (growing + 1.0) / 2.0 + start * growing +
                                           (tiling.tiles - growing) * seen);
    tiling.longest = fmax(1.0, fmin(tiling.tiles * slope + start, seen));
    return tiling;
}

double prefill_attention_time(const struct rates *rates, const struct kernel_rate *rate,
                              const struct op *op)
{
    const struct kernel_fit *fit = &rate->fit;
    const struct op_shape *shape = &op->shape;
    struct tiling tiling = tiling_of(fit->family, shape);
    double block_s = 4.0 * tiling.edge * tiling.edge * (shape->depth + fit->head_extra) *
                     rates->units / rate->flop_per_s;
    double spread = shape->requests * tiling.heads *
                    (tiling.blocks * block_s + tiling.tiles * fit->tile_s) / rates->units;
    double longest = tiling.longest * block_s * fit->longest_ratio + fit->tile_s;
    double elements = shape->requests * shape->rows * shape->depth * shape->groups;
    /* the benchmarks write the KV cache in the same kernel call; a step has its own operator for
     * that */
    double written = rates->is_repeating ? 0.0 : 4.0;
    double bytes =
        elements * (4.0 * shape->heads_per_group + 2.0 * fmax(fit->kv_extra_bytes - written, 2.0));
    return fit->request_s * shape->requests + smooth_max(spread, longest, fit->smooth_units) +
           bytes / rate->byte_per_s;
}

/* How a decode is cut along the keys. */
struct splitting {
    double blocks_per_split; /* key blocks that one unit works through */
    double waves;
    bool is_split;
};

/* `work` independent pieces (requests x heads) of `blocks` key blocks each, splits of at most
 * `most` parts. */
static struct splitting splitting_of(double work, double blocks, double units, double most,
                                     bool can_split)
{
    double per_unit = work / units;
    struct splitting splitting = {.is_split = can_split && per_unit < 0.8};
    double splits = splitting.is_split ? clamp(1.0 / per_unit, 1.0, smaller(blocks, most)) : 1.0;
    splitting.waves = larger(1.0, ceil(work * splits / units - 1e-6));
    /* mean of whole blocks: a law that is smooth in the context sums in closed form */
    splitting.blocks_per_split =
        splits > 1.0 ? larger(1.0, blocks / splits + 0.5) : larger(1.0, blocks);
    return splitting;
}

double decode_attention_time(const struct rates *rates, const struct kernel_rate *rate,
                             const struct op *op)
{
    const double block_keys = 128.0;
    const struct kernel_fit *fit = &rate->fit;
    const struct op_shape *shape = &op->shape;
    bool is_grouped = shape->heads_per_group > 1.0;
    bool is_narrow = fit->family == FAMILY_NARROW;
    bool is_windowed = shape->window > 0.0 && shape->columns >= shape->window;
    double work = shape->requests * shape->groups * ceil(shape->heads_per_group / 64.0);
    double blocks = shape->columns / block_keys + (is_windowed ? 1.0 : 0.5);
    struct splitting splitting =
        splitting_of(work, larger(1.0, blocks), rates->units, 32.0, !is_narrow || is_grouped);
    double unit_byte_per_s = fit->unit_ratio * rates->memory_byte_per_s / rates->units;
    double block_s = 2.0 * shape->depth * block_keys * shape->element_bytes / unit_byte_per_s;
    double executed = splitting.waves * (fit->tile_s + splitting.blocks_per_split * block_s);
    double time = fit->request_s * shape->requests +
                  smooth_max(executed, memory_time(rates, rate, op_bytes(op), 8.0), fit->smooth);
    if (splitting.is_split && shape->columns > block_keys)
        time += fit->split_s;
    if (is_narrow && is_grouped && shape->requests > 1.0 && shape->groups > 1.0)
        time += fit->copy_s;
    return time;
}

double mla_decode_time(const struct rates *rates, const struct kernel_rate *rate,
                       const struct op *op)
{
    const double block_keys = 64.0;
    const struct kernel_fit *fit = &rate->fit;
    const struct op_shape *shape = &op->shape;
    double heads = shape->heads_per_group;
    double work = shape->requests * ceil(heads / 64.0);
    double blocks = larger(1.0, shape->columns / block_keys + 0.5);
    struct splitting splitting = splitting_of(work, blocks, rates->units, 64.0, true);
    double latent_bytes = op->kv_bytes / (shape->requests * shape->columns);
    double unit_byte_per_s = fit->unit_ratio * rates->memory_byte_per_s / rates->units;
    double loaded = block_keys * latent_bytes / unit_byte_per_s;
    double multiplied = 4.0 * clamp(heads, 16.0, 64.0) * block_keys * shape->depth * rates->units /
                        rate->flop_per_s;
    double executed =
        splitting.waves * (fit->tile_s + splitting.blocks_per_split * larger(loaded, multiplied));
    double time = fit->request_s * shape->requests +
                  smooth_max(executed, memory_time(rates, rate, op_bytes(op), 8.0), fit->smooth);
    return splitting.is_split ? time + fit->split_s : time;
}
