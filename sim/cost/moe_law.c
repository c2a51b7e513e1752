#include "cost/laws.h"

#include <math.h>

/* Row and column edges of the tiles that a kernel may be cut into. */
struct moe_tile {
    double rows;
    double columns;
    bool is_grouped; /* blocks of one expert run together, so its weights may stay in the cache */
};

enum { MOE_TILES_MOST = 4 };

/* Engines choose the tile of 16-bit experts by the number of tokens from a table, and a larger
   batch is faster where the table changes to a better one: at 64 to 80 tokens a quarter of the
   shapes measured on H100 are, by up to 38 %. */
static struct moe_tile tile_of_table(enum kernel_family family, const struct op_shape *shape)
{
    double tokens = shape->requests;
    if (family == FAMILY_NARROW) /* tuned configs of older engines */
        return tokens <= shape->experts ? (struct moe_tile){16.0, 32.0, true}
                                        : (struct moe_tile){64.0, 64.0, false};
    return (struct moe_tile){
        .rows = tokens <= 32.0    ? 16.0
                : tokens <= 96.0  ? 32.0
                : tokens <= 512.0 ? 64.0
                                  : 128.0,
        .columns = tokens <= 64.0 ? 64.0 : 128.0,
        .is_grouped = tokens / shape->experts <= 128.0,
    };
}

/* Tiles that the kernel may take, MOE_TILES_MOST at most. Narrower formats than 16 bit show no
   steps of that table (by it 71 fp8 shapes would be faster at 80 tokens than at 64; none is):
   theirs is the best of all tiles. */
static int tiles_of(enum kernel_family family, const struct op_shape *shape,
                    struct moe_tile tiles[MOE_TILES_MOST])
{
    static const double edges[MOE_TILES_MOST] = {16.0, 32.0, 64.0, 128.0};
    bool is_grouped = shape->requests / shape->experts <= 128.0;
    if (family == FAMILY_NARROW || !(shape->element_bytes < 2.0)) {
        tiles[0] = tile_of_table(family, shape);
        return 1;
    }
    for (int i = 0; i < MOE_TILES_MOST; i++)
        tiles[i] = (struct moe_tile){edges[i], edges[i] < 64.0 ? 64.0 : 128.0, is_grouped};
    return MOE_TILES_MOST;
}

/* Row blocks over all experts that were hit. */
static double row_blocks(const struct op_shape *shape, double edge)
{
    if (!shape->loads) /* loads scatter around their mean: the last block is half full */
        return shape->groups * fmax(1.0, shape->rows / edge + (shape->rows > 1.0 ? 0.5 : 0.0));
    double blocks = 0.0;
    for (int i = 0; i < shape->load_count; i++)
        blocks += shape->loads[i].experts * ceil(shape->loads[i].rows / edge);
    return blocks;
}

static double waves(double tiles, double units)
{
    return fmax(1.0, tiles / units + 0.5);
}

/* Both grouped products [s]: up (and gate), then down. */
static double products_time(const struct rates *rates, const struct kernel_rate *rate,
                            const struct op_shape *shape, struct moe_tile tile, double blocks)
{
    const struct kernel_fit *fit = &rate->fit;
    double load = 1.0 + fit->tile_load * (1.0 / tile.rows + 1.0 / tile.columns);
    double depth_s = 2.0 * tile.rows * tile.columns * load * rates->units / rate->flop_per_s;
    double up = blocks * ceil(shape->inputs * shape->columns / tile.columns);
    double down = blocks * ceil(shape->depth / tile.columns);
    return waves(up, rates->units) * (depth_s * shape->depth + fit->tile_s) +
           waves(down, rates->units) * (depth_s * shape->columns + fit->tile_s);
}

/* Weights [s]: every distinct expert once, and again per block where an expert outgrows the cache.
 */
static double weights_time(const struct rates *rates, const struct kernel_rate *rate,
                           const struct op_shape *shape, struct moe_tile tile, double blocks)
{
    const struct kernel_fit *fit = &rate->fit;
    double inputs = shape->inputs;
    double expert = (1.0 + inputs) * shape->depth * shape->columns * shape->element_bytes;
    double first = expert * inputs / (1.0 + inputs);
    double held = fit->reread * rates->cache_bytes / first;
    double again = tile.is_grouped ? fmax(blocks - shape->groups, 0.0) / (1.0 + held * held) : 0.0;
    double bytes = expert * (shape->groups + again);
    double time = bytes / rate->byte_per_s;
    if (!rates->is_repeating || !(fit->cache_ratio > 0.0))
        return time;
    double resident = expert * shape->groups / (fit->cache_ratio * rates->cache_bytes);
    double hit = 1.0 / (1.0 + resident * resident * resident * resident);
    return hit * bytes / (2.0 * rates->memory_byte_per_s) + (1.0 - hit) * time;
}

/* Both products and the weights by one tile. */
static struct op_cost tiled_cost(const struct rates *rates, const struct kernel_rate *rate,
                                 const struct op_shape *shape, struct moe_tile tile)
{
    double blocks = row_blocks(shape, tile.rows);
    struct op_cost cost = {
        .compute_s = products_time(rates, rate, shape, tile, blocks),
        .memory_s = weights_time(rates, rate, shape, tile, blocks),
    };
    cost.time_s = smooth_max(cost.compute_s, cost.memory_s, rate->fit.smooth);
    return cost;
}

void moe_time(const struct rates *rates, const struct kernel_rate *rate, const struct op *op,
              struct op_cost *cost)
{
    const struct kernel_fit *fit = &rate->fit;
    const struct op_shape *shape = &op->shape;
    struct moe_tile tiles[MOE_TILES_MOST];
    int count = tiles_of(fit->family, shape, tiles);
    *cost = tiled_cost(rates, rate, shape, tiles[0]);
    for (int i = 1; i < count; i++) {
        struct op_cost other = tiled_cost(rates, rate, shape, tiles[i]);
        if (other.time_s < cost->time_s)
            *cost = other;
    }
    double rows = shape->requests * shape->top_k;
    double moved = rows *
                   (2.0 * fit->gather_ratio * shape->depth +
                    2.0 * fit->middle_ratio * (shape->inputs + 2.0) * shape->columns) /
                   rates->memory_byte_per_s;
    cost->fixed_s = fit->fixed_s + fit->expert_s * shape->experts;
    cost->time_s += cost->fixed_s + moved;
    cost->memory_s += moved;
}
