#include "app/sweep_identity.h"

#include "sweep/store.h"

#include <string.h>

static uint64_t add_text(uint64_t hash, const char *text)
{
    return text ? store_hash(hash, text, strlen(text)) : store_hash(hash, "-", 1);
}

static uint64_t add_count(uint64_t hash, int64_t count)
{
    return store_hash(hash, &count, sizeof count);
}

static uint64_t add_tree(uint64_t hash, const struct node *node)
{
    hash = add_count(hash, (int64_t)node->kind);
    if (node->kind == NODE_SCALAR)
        return add_text(hash, node->text);
    for (const struct member *member = node->first; member; member = member->next) {
        if (member->key)
            hash = add_text(hash, member->key->text);
        hash = add_tree(hash, member->value);
    }
    return hash;
}

static uint64_t add_axes(uint64_t hash, const struct axes *axes)
{
    for (int g = 0; g < axes->group_count; g++) {
        hash = add_count(hash, axes->groups[g].size);
        for (int i = 0; i < axes->groups[g].size; i++) {
            const struct axis *axis = &axes->axes[axes->groups[g].first + i];
            hash = add_text(add_count(hash, axis->count), axis->name);
            for (int64_t v = 0; v < axis->count; v++) {
                hash = add_text(hash, axis->values[v].text);
                hash = store_hash(hash, &axis->values[v].number, sizeof(double));
            }
        }
    }
    return add_text(hash, axes->where);
}

static uint64_t add_samples(uint64_t hash, const struct run_range *range)
{
    enum { SAMPLES = 64, SERVED_SAMPLES = 8, SERVED_REQUESTS = 32 };
    struct sweep_point *point = point_new(range->grid);
    point->most_requests = SERVED_REQUESTS;
    int64_t samples = range->grid->is_served ? SERVED_SAMPLES : SAMPLES;
    struct block block = {0};
    int64_t count = range->end - range->first;
    int64_t step = count / samples > 0 ? count / samples : 1;
    for (int64_t i = range->first; i < range->end; i += step)
        runner_add_point(range, point, i, &block);
    hash = store_hash(hash, text_string(&block.text), block.text.length);
    text_release(&block.text);
    text_release(&block.chart_text);
    point_free(point);
    return hash;
}

uint64_t sweep_identity(const struct sweep_job *job, const struct run_range *range)
{
    const struct parts *parts = &job->grid.parts;
    uint64_t hash = add_text(0, TOKENROOF_VERSION);
    hash = add_tree(hash, parts->root);
    for (int i = 0; i < parts->config.models.count; i++)
        hash = add_tree(hash, parts->models[i].root);
    for (int i = 0; i < parts->config.hardware.devices.count; i++)
        hash = add_tree(hash, parts->devices[i].root);
    hash = add_text(add_axes(hash, &job->grid.axes), job->filter);
    for (int i = 0; i < job->layout.count; i++)
        hash = add_text(hash, job->layout.columns[i].name);
    hash = add_count(add_count(hash, range->first), range->end);
    hash = add_count(hash, (int64_t)job->output);
    hash = add_count(hash, job->grid.is_served);
    hash = add_count(hash, job->grid.traces.rows);
    hash = add_count(hash, job->grid.traces.span_ns);
    hash = add_count(hash, job->grid.traces.input_tokens);
    hash = add_count(hash, job->grid.traces.output_tokens);
    hash = add_text(add_text(hash, job->find), job->slo);
    return add_samples(hash, range);
}
