#include "validate/repeats.h"

#include "validate/fit.h"

#include <math.h>
#include <stdlib.h>

/* A measurement and where it stood. */
struct entry {
    uint64_t key;
    int class;
    double log_ratio; /* measured over predicted */
    int64_t at;
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->class != y->class)
        return x->class - y->class;
    if (x->log_ratio < y->log_ratio || x->log_ratio > y->log_ratio)
        return x->log_ratio < y->log_ratio ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static struct entry *sorted_entries(const struct judgement *judgement)
{
    struct entry *entries =
        arena_array(judgement->arena, (size_t)judgement->count + 1, sizeof *entries);
    for (int64_t i = 0; i < judgement->count; i++) {
        const struct judged *row = &judgement->rows[i];
        entries[i] =
            (struct entry){row->key, row->class, log(row->measured_s / row->predicted_s), i};
    }
    qsort(entries, (size_t)judgement->count, sizeof *entries, compare_entries);
    return entries;
}

static int64_t first_place(const struct entry *entries, int64_t count)
{
    int64_t first = entries[0].at;
    for (int64_t i = 1; i < count; i++)
        first = entries[i].at < first ? entries[i].at : first;
    return first;
}

/* Rows of a group but the chosen one are left out; deviations from the median are noted. */
static void merge_group(struct judgement *judgement, const struct entry *entries, int64_t count,
                        struct judged *merged, bool *is_kept, double *deviations,
                        struct repeat_spread *spread)
{
    const struct entry *middle = &entries[(count - 1) / 2];
    double median = 0.5 * (middle->log_ratio + entries[count / 2].log_ratio);
    int64_t place = first_place(entries, count);
    merged[place] = judgement->rows[middle->at];
    if (count % 2 == 0)
        merged[place].measured_s = merged[place].predicted_s * exp(median);
    is_kept[place] = true;
    spread->runs++;
    for (int64_t i = 0; i < count; i++)
        deviations[spread->measured++] = fabs(expm1(entries[i].log_ratio - median));
}

struct repeat_spread repeats_merge(struct judgement *judgement)
{
    size_t room = (size_t)judgement->count + 1;
    const struct entry *entries = sorted_entries(judgement);
    struct judged *merged = arena_array(judgement->arena, room, sizeof *merged);
    bool *is_kept = arena_array(judgement->arena, room, sizeof *is_kept);
    double *deviations = arena_array(judgement->arena, room, sizeof *deviations);
    struct repeat_spread spread = {0};
    for (int64_t begin = 0, end = 0; begin < judgement->count; begin = end) {
        for (end = begin + 1; end < judgement->count && entries[begin].key != 0 &&
                              entries[end].key == entries[begin].key &&
                              entries[end].class == entries[begin].class;)
            end++;
        if (end - begin > 1) {
            merge_group(judgement, entries + begin, end - begin, merged, is_kept, deviations,
                        &spread);
        } else {
            merged[entries[begin].at] = judgement->rows[entries[begin].at];
            is_kept[entries[begin].at] = true;
        }
    }
    int64_t kept = 0;
    for (int64_t i = 0; i < judgement->count; i++)
        if (is_kept[i])
            judgement->rows[kept++] = merged[i];
    judgement->count = kept;
    spread.median = fit_quantile(deviations, spread.measured, 0.5);
    spread.p90 = fit_quantile(deviations, spread.measured, 0.9);
    spread.worst = fit_quantile(deviations, spread.measured, 1.0);
    return spread;
}
