#include "kernel/kv_cache.h"

#include "kernel/half.h"

#include <string.h>

enum { UNIT_BYTES = 128 };

static int64_t round_up(int64_t value, int64_t multiple)
{
    return (value + multiple - 1) / multiple * multiple;
}

bool kv_cache_init(struct kv_cache *cache, struct pages *pages, const struct model *model,
                   enum format format, int64_t slots, int64_t context_tokens)
{
    const struct attention *a = &model->attention;
    int64_t context = round_up(context_tokens, KV_BLOCK_TOKENS);
    int64_t step = unit_depth(format);
    *cache = (struct kv_cache){.format = format,
                               .slots = slots,
                               .kv_heads = a->kv_heads,
                               .head_dim = a->head_dim,
                               .width = round_up(a->head_dim, PANEL_OUTPUTS),
                               .context_tokens = context};
    int64_t planes = model->layers * slots * a->kv_heads;
    cache->key_plane_bytes =
        (size_t)(context / PANEL_OUTPUTS * ((a->head_dim + step - 1) / step)) * UNIT_BYTES;
    cache->value_plane_bytes =
        (size_t)(cache->width / PANEL_OUTPUTS * (context / step)) * UNIT_BYTES;
    size_t key_bytes = (size_t)planes * cache->key_plane_bytes;
    size_t value_bytes = (size_t)planes * cache->value_plane_bytes;
    cache->keys = pages_take(pages, key_bytes);
    cache->values = pages_take(pages, value_bytes);
    if (!cache->keys || !cache->values)
        return false;
    memset(cache->keys, 0, key_bytes); /* untouched pages are all one page of zeros */
    memset(cache->values, 0, value_bytes);
    return true;
}

static size_t plane_of(const struct kv_cache *cache, int64_t layer, int64_t slot, int64_t head)
{
    return (size_t)((layer * cache->slots + slot) * cache->kv_heads + head);
}

const unsigned char *kv_cache_key_panel(const struct kv_cache *cache, int64_t layer, int64_t slot,
                                        int64_t head, int64_t position)
{
    int64_t step = unit_depth(cache->format);
    int64_t units = (cache->head_dim + step - 1) / step;
    return cache->keys + plane_of(cache, layer, slot, head) * cache->key_plane_bytes +
           (size_t)(position / PANEL_OUTPUTS * units) * UNIT_BYTES;
}

const unsigned char *kv_cache_value_panel(const struct kv_cache *cache, int64_t layer, int64_t slot,
                                          int64_t head, int64_t panel, int64_t position)
{
    int64_t step = unit_depth(cache->format);
    int64_t units = panel * (cache->context_tokens / step) + position / step;
    return cache->values + plane_of(cache, layer, slot, head) * cache->value_plane_bytes +
           (size_t)units * UNIT_BYTES;
}

/* Keys: column `output` of a panel, head_dim deep. */
static void write_keys(unsigned char *panel, enum format format, int64_t output, const float *keys,
                       int64_t count)
{
    if (format == FORMAT_FP32) {
        float *to = (float *)(void *)panel + output;
        for (int64_t i = 0; i < count; i++)
            to[i * PANEL_OUTPUTS] = keys[i];
        return;
    }
    uint32_t *to = (uint32_t *)(void *)panel + output;
    for (int64_t i = 0; i < count / 2; i++)
        to[i * PANEL_OUTPUTS] =
            (uint32_t)bf16_of_float(keys[2 * i]) | (uint32_t)bf16_of_float(keys[2 * i + 1]) << 16;
}

/* Values: depth `step` of a panel of 32 dimensions. */
static void write_values(unsigned char *panel, enum format format, int64_t step,
                         const float *values, int64_t count)
{
    if (format == FORMAT_FP32) {
        memcpy(panel + (size_t)step * UNIT_BYTES, values, (size_t)count * sizeof *values);
        return;
    }
    uint16_t *to = (uint16_t *)(void *)(panel + (size_t)(step / 2) * UNIT_BYTES) + step % 2;
    for (int64_t i = 0; i < count; i++)
        to[2 * i] = bf16_of_float(values[i]);
}

static void write_head(const struct kv_cache *cache, size_t plane, int64_t position,
                       const float *keys, const float *values)
{
    int64_t step = unit_depth(cache->format);
    size_t key_panel_bytes = (size_t)((cache->head_dim + step - 1) / step) * UNIT_BYTES;
    size_t value_panel_bytes = (size_t)(cache->context_tokens / step) * UNIT_BYTES;
    unsigned char *value_panel = cache->values + plane * cache->value_plane_bytes;
    write_keys(cache->keys + plane * cache->key_plane_bytes +
                   (size_t)(position / PANEL_OUTPUTS) * key_panel_bytes,
               cache->format, position % PANEL_OUTPUTS, keys, cache->head_dim);
    for (int64_t i = 0; i < cache->head_dim; i += PANEL_OUTPUTS) {
        int64_t left = cache->head_dim - i;
        write_values(value_panel, cache->format, position, values + i,
                     left < PANEL_OUTPUTS ? left : PANEL_OUTPUTS);
        value_panel += value_panel_bytes;
    }
}

void kv_cache_write(const struct kv_cache *cache, int64_t layer, int64_t slot, int64_t position,
                    const float *keys, const float *values)
{
    for (int64_t head = 0; head < cache->kv_heads; head++)
        write_head(cache, plane_of(cache, layer, slot, head), position,
                   keys + head * cache->head_dim, values + head * cache->head_dim);
}
