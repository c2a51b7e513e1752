#include "sweep/search.h"

#include "sweep/names.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SEARCH_BLOCK = 256 };

/* Which result a value is, as far as something is known of it beforehand. */
enum known {
    KNOWN_NOTHING,
    KNOWN_TTFT,
    KNOWN_TPOT,
    KNOWN_ITL_BENCH,
    KNOWN_E2E,
    KNOWN_TOTAL_RATE,
    KNOWN_OUTPUT_RATE,
    KNOWN_WEIGHTS,
    KNOWN_KV_PER_TOKEN,
    KNOWN_KV,
    KNOWN_ACTIVATION,
    KNOWN_ENGINE,
    KNOWN_CAPACITY,
};

/* What the threads share. */
struct shared_search {
    const struct search *search;
    struct search_result *result; /* below the lock */
    enum known known[YIELD_VALUES_MAX];
    pthread_mutex_t lock;
    int64_t next;         /* point that nobody has begun */
    int64_t done;         /* points */
    int64_t reason_point; /* that the reason is of */
};

/* What is known of a point on the way to its prediction. */
struct partial {
    const struct sweep_point *point;
    const enum known *known;
    struct memory_fit memory;
    struct bounds ttft;
    struct bounds tpot;
};

static void find_known(const struct grid *grid, enum known known[YIELD_VALUES_MAX])
{
    static const struct {
        const char *name;
        enum known known;
    } rows[] = {
        {"ttft_s",                    KNOWN_TTFT        },
        {"prefill.time_s",            KNOWN_TTFT        },
        {"tpot_s",                    KNOWN_TPOT        },
        {"itl_s",                     KNOWN_TPOT        },
        {"decode.time_s",             KNOWN_TPOT        },
        {"itl_bench_s",               KNOWN_ITL_BENCH   },
        {"e2e_s",                     KNOWN_E2E         },
        {"total_tok_per_s",           KNOWN_TOTAL_RATE  },
        {"output_tok_per_s",          KNOWN_OUTPUT_RATE },
        {"memory.weights_bytes",      KNOWN_WEIGHTS     },
        {"memory.kv_bytes_per_token", KNOWN_KV_PER_TOKEN},
        {"memory.kv_bytes",           KNOWN_KV          },
        {"memory.activation_bytes",   KNOWN_ACTIVATION  },
        {"memory.engine_bytes",       KNOWN_ENGINE      },
        {"memory.capacity_bytes",     KNOWN_CAPACITY    },
    };
    for (int i = 0; i < YIELD_VALUES_MAX; i++)
        known[i] = KNOWN_NOTHING;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int value = names_find_value(grid, rows[i].name);
        if (value >= 0)
            known[value] = rows[i].known;
    }
}

static struct bounds exactly(double number)
{
    return (struct bounds){number, number, !isnan(number)};
}

static struct bounds at_least(double number)
{
    return (struct bounds){number, (double)INFINITY, true};
}

static struct bounds rate_bounds(double tokens, double e2e_s)
{
    return (struct bounds){0.0, e2e_s > 0.0 ? tokens / e2e_s : (double)INFINITY, true};
}

/* Times of a batch, by the same formulas as its prediction. */
static struct bounds time_bounds(const struct partial *partial, enum known known)
{
    const struct workload *workload = &partial->point->run.workload;
    double batch = (double)workload->batch;
    double steps = (double)(workload->output_tokens - 1);
    double output = batch * (double)workload->output_tokens;
    double decode_s = steps * partial->tpot.low;
    double e2e_s = partial->ttft.low + decode_s;
    bool has_decode = steps > 0.0; /* else there is no TPOT, and nothing to compare it with */
    switch (known) {
    case KNOWN_TTFT:
        return partial->ttft;
    case KNOWN_TPOT:
        return has_decode ? partial->tpot : (struct bounds){0};
    case KNOWN_ITL_BENCH:
        return has_decode ? at_least(decode_s / (output - 1.0)) : (struct bounds){0};
    case KNOWN_E2E:
        return at_least(e2e_s);
    case KNOWN_TOTAL_RATE:
        return rate_bounds(batch * (double)workload->input_tokens + output, e2e_s);
    case KNOWN_OUTPUT_RATE:
        return rate_bounds(output, e2e_s);
    default:
        return (struct bounds){0};
    }
}

static struct bounds bounds_of(const void *context, int name)
{
    const struct partial *partial = context;
    int value = names_value_index(name);
    if (value < 0) {
        struct operand operand = names_value(partial->point, name);
        return operand.text ? (struct bounds){0} : exactly(operand.number);
    }
    switch (partial->known[value]) {
    case KNOWN_WEIGHTS:
        return exactly(partial->memory.weights_bytes);
    case KNOWN_KV_PER_TOKEN:
        return exactly(partial->memory.kv_bytes_per_token);
    case KNOWN_KV:
        return exactly(partial->memory.kv_bytes);
    case KNOWN_ACTIVATION:
        return exactly(partial->memory.activation_bytes);
    case KNOWN_ENGINE:
        return exactly(partial->memory.engine_bytes);
    case KNOWN_CAPACITY:
        return exactly(partial->memory.capacity_bytes);
    default:
        return time_bounds(partial, partial->known[value]);
    }
}

/* Whether a point about which `partial` is known may be chosen. */
static bool may_be_chosen(struct shared_search *shared, const struct partial *partial)
{
    const struct search *search = shared->search;
    double least[OBJECTIVES_MAX];
    if (search->grid->filter && !expression_may_hold(search->grid->filter, bounds_of, partial))
        return false;
    objectives_least(search->objectives, bounds_of, partial, least);
    pthread_mutex_lock(&shared->lock);
    bool may_enter = choices_may_enter(&shared->result->choices, least);
    pthread_mutex_unlock(&shared->lock);
    return may_enter;
}

/* Steps 2 and 3: true when the point is out, and counted as such. */
static bool is_pruned(struct shared_search *shared, struct sweep_point *point,
                      struct search_counts *counts, const struct memory_fit *memory)
{
    struct partial partial = {.point = point, .known = shared->known, .memory = *memory};
    bool has_decode = point->run.workload.output_tokens > 1;
    bool has_ttft = point->memo.has_prefill; /* an earlier point had it, too */
    partial.tpot = at_least(has_decode ? point_tpot_floor(point) : 0.0);
    partial.ttft = has_ttft ? exactly(point_ttft(point)) : at_least(0.0);
    if (!may_be_chosen(shared, &partial)) {
        counts->by_floor++;
        return true;
    }
    if (has_ttft)
        return false;
    partial.ttft = exactly(point_ttft(point));
    if (may_be_chosen(shared, &partial))
        return false;
    counts->by_ttft++;
    return true;
}

static void note_invalid(struct shared_search *shared, const struct sweep_point *point)
{
    pthread_mutex_lock(&shared->lock);
    if (point->index < shared->reason_point) {
        shared->reason_point = point->index;
        memset(shared->result->reason, 0, sizeof shared->result->reason);
        strncpy(shared->result->reason, point->reason, sizeof shared->result->reason - 1);
    }
    pthread_mutex_unlock(&shared->lock);
}

/* What is left of a static batch after all that is known beforehand: predict it, or leave it. */
static bool is_batch_out(struct shared_search *shared, struct sweep_point *point,
                         struct search_counts *counts)
{
    if (!point_prepare(point)) {
        counts->invalid++;
        note_invalid(shared, point);
        return true;
    }
    struct memory_fit memory = point_memory(point);
    if (!memory.fits) {
        counts->oom++;
        return true;
    }
    return !shared->search->is_exhaustive && is_pruned(shared, point, counts, &memory);
}

/* A server is played: nothing is known of its latencies beforehand. True when there are none. */
static bool is_server_out(struct shared_search *shared, struct sweep_point *point,
                          struct search_counts *counts)
{
    enum point_status status = point_predict(point);
    counts->oom += status == POINT_OOM;
    counts->invalid += status == POINT_INVALID;
    if (status == POINT_INVALID)
        note_invalid(shared, point);
    return status != POINT_OK;
}

static void try_point(struct shared_search *shared, struct sweep_point *point, int64_t index,
                      struct search_counts *counts)
{
    const struct search *search = shared->search;
    struct choice choice = {.index = index};
    point_move(point, index);
    if (!point_is_kept(point)) {
        counts->excluded++;
        return;
    }
    bool is_served = search->grid->is_served;
    if (is_served ? is_server_out(shared, point, counts) : is_batch_out(shared, point, counts))
        return;
    counts->predicted++;
    if (!is_served)
        point_predict(point);
    if (search->grid->filter && !expression_holds(search->grid->filter, names_value, point))
        return;
    if (!objectives_costs(search->objectives, names_value, point, choice.costs))
        return;
    counts->feasible++;
    pthread_mutex_lock(&shared->lock);
    choices_add(&shared->result->choices, &choice);
    pthread_mutex_unlock(&shared->lock);
}

static void counts_add(struct search_counts *sum, const struct search_counts *more)
{
    sum->excluded += more->excluded;
    sum->invalid += more->invalid;
    sum->oom += more->oom;
    sum->by_floor += more->by_floor;
    sum->by_ttft += more->by_ttft;
    sum->predicted += more->predicted;
    sum->feasible += more->feasible;
}

/* The next stretch of points, after `points` of the last one are done; empty at the end. */
static int64_t next_stretch(struct shared_search *shared, int64_t points, int64_t *end)
{
    const struct search *search = shared->search;
    pthread_mutex_lock(&shared->lock);
    shared->done += points;
    if (points && search->show)
        search->show(search->context, search->first + shared->done);
    int64_t first = shared->next;
    int64_t stretch = search->grid->is_served ? 1 : SEARCH_BLOCK;
    *end = first + stretch < search->end ? first + stretch : search->end;
    shared->next = *end;
    pthread_mutex_unlock(&shared->lock);
    return first;
}

static void *work(void *argument)
{
    struct shared_search *shared = argument;
    struct sweep_point *point = point_new(shared->search->grid);
    struct search_counts counts = {0};
    int64_t end = 0;
    int64_t first = next_stretch(shared, 0, &end);
    while (first < end) {
        for (int64_t i = first; i < end; i++)
            try_point(shared, point, i, &counts);
        first = next_stretch(shared, end - first, &end);
    }
    point_free(point);
    pthread_mutex_lock(&shared->lock);
    counts_add(&shared->result->counts, &counts);
    pthread_mutex_unlock(&shared->lock);
    return NULL;
}

bool search_run(const struct search *search, struct search_result *result)
{
    struct shared_search shared = {
        .search = search,
        .result = result,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .next = search->first,
        .reason_point = INT64_MAX,
    };
    *result = (struct search_result){0};
    choices_init(&result->choices, search->objectives);
    find_known(search->grid, shared.known);
    pthread_t *threads = calloc((size_t)search->jobs, sizeof *threads);
    int started = 0;
    int error = threads ? 0 : ENOMEM;
    while (started < search->jobs && !error) {
        error = pthread_create(&threads[started], NULL, work, &shared);
        started += error == 0;
    }
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    choices_sort(&result->choices);
    errno = error;
    return started > 0;
}
