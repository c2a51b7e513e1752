#include "sweep/runner.h"

#include "sweep/names.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_MOST = 2048, BLOCKS_AIM = 64, SLOTS_PER_JOB = 4 };

/* One block on its way from a worker to the taker. */
struct slot_of_blocks {
    struct block block;
    bool is_ready;
};

/* What the threads share; everything below the lock. */
struct shared {
    const struct run_range *range;
    struct slot_of_blocks *slots;
    int64_t slot_count;
    int64_t turns; /* blocks of this rank */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int64_t next_turn;  /* not begun yet */
    int64_t taken_turn; /* not taken yet */
    bool is_stopped;
};

/* Depends on the range only: every rank cuts alike. */
static int64_t block_points(const struct run_range *range)
{
    int64_t points = (range->end - range->first) / BLOCKS_AIM;
    if (range->grid->is_served) /* each takes long, and some much longer than others */
        return 1;
    return points < 1 ? 1 : points > BLOCK_MOST ? BLOCK_MOST : points;
}

int64_t runner_block_count(const struct run_range *range)
{
    int64_t points = block_points(range);
    return (range->end - range->first + points - 1) / points;
}

void tally_add(struct tally *tally, const struct tally *more)
{
    for (int i = 0; i <= POINT_EXCLUDED; i++)
        tally->counts[i] += more->counts[i];
}

static bool is_wanted(const struct grid *grid, const struct sweep_point *point)
{
    return !grid->filter ||
           (point->status == POINT_OK && expression_holds(grid->filter, names_value, point));
}

void runner_add_point(const struct run_range *range, struct sweep_point *point, int64_t index,
                      struct block *block)
{
    point_move(point, index);
    if (!point_is_kept(point)) {
        block->tally.counts[POINT_EXCLUDED]++;
        return;
    }
    enum point_status status = point_predict(point);
    block->tally.counts[status]++;
    if (status == POINT_INVALID && !*block->reason)
        strncpy(block->reason, point->reason, sizeof block->reason - 1);
    if (!is_wanted(range->grid, point))
        return;
    rows_add(range->layout, range->format, point, &block->text);
    if (range->charts && status != POINT_INVALID)
        rows_add(range->charts, ROW_CSV, point, &block->chart_text);
}

static void fill_block(const struct run_range *range, struct sweep_point *point,
                       struct block *block)
{
    int64_t points = block_points(range);
    block->first = range->first + block->number * points;
    block->end = block->first + points < range->end ? block->first + points : range->end;
    block->tally = (struct tally){0};
    block->text.length = 0;
    block->chart_text.length = 0;
    memset(block->reason, 0, sizeof block->reason);
    for (int64_t i = block->first; i < block->end; i++)
        runner_add_point(range, point, i, block);
}

/* The next turn that a worker may begin, waiting for a free slot; -1 when there is none left. */
static int64_t next_turn(struct shared *shared)
{
    int64_t turn = -1;
    pthread_mutex_lock(&shared->lock);
    while (!shared->is_stopped && shared->next_turn < shared->turns &&
           shared->next_turn >= shared->taken_turn + shared->slot_count)
        pthread_cond_wait(&shared->changed, &shared->lock);
    if (!shared->is_stopped && shared->next_turn < shared->turns)
        turn = shared->next_turn++;
    pthread_mutex_unlock(&shared->lock);
    return turn;
}

static void *work(void *argument)
{
    struct shared *shared = argument;
    const struct run_range *range = shared->range;
    struct sweep_point *point = point_new(range->grid);
    for (int64_t turn = next_turn(shared); turn >= 0; turn = next_turn(shared)) {
        struct slot_of_blocks *slot = &shared->slots[turn % shared->slot_count];
        slot->block.number = turn * range->ranks + range->rank;
        fill_block(range, point, &slot->block);
        pthread_mutex_lock(&shared->lock);
        slot->is_ready = true;
        pthread_cond_broadcast(&shared->changed);
        pthread_mutex_unlock(&shared->lock);
    }
    point_free(point);
    return NULL;
}

/* Hands on blocks in order until all are taken or the taker has enough. */
static bool take_all(struct shared *shared, bool (*take)(void *context, const struct block *block),
                     void *context)
{
    bool is_fine = true;
    for (int64_t turn = 0; is_fine && turn < shared->turns; turn++) {
        struct slot_of_blocks *slot = &shared->slots[turn % shared->slot_count];
        pthread_mutex_lock(&shared->lock);
        while (!slot->is_ready)
            pthread_cond_wait(&shared->changed, &shared->lock);
        pthread_mutex_unlock(&shared->lock);
        is_fine = take(context, &slot->block);
        pthread_mutex_lock(&shared->lock);
        slot->is_ready = false;
        shared->taken_turn = turn + 1;
        shared->is_stopped = !is_fine;
        pthread_cond_broadcast(&shared->changed);
        pthread_mutex_unlock(&shared->lock);
    }
    return is_fine;
}

/* Starts up to `jobs` threads; returns how many run. */
static int start_threads(struct shared *shared, pthread_t *threads, int jobs)
{
    int started = 0;
    int error = 0;
    while (started < jobs && !error) {
        error = pthread_create(&threads[started], NULL, work, shared);
        started += error == 0;
    }
    errno = error;
    return started;
}

static void release_block(struct block *block)
{
    text_release(&block->text);
    text_release(&block->chart_text);
}

bool runner_run(const struct run_range *range,
                bool (*take)(void *context, const struct block *block), void *context)
{
    int64_t blocks = runner_block_count(range);
    struct shared shared = {
        .range = range,
        .turns = blocks > range->rank ? (blocks - range->rank - 1) / range->ranks + 1 : 0,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };
    int jobs = range->jobs < shared.turns ? range->jobs : (int)shared.turns;
    if (shared.turns == 0)
        return true;
    shared.slot_count = (int64_t)jobs * SLOTS_PER_JOB;
    shared.slots = calloc((size_t)shared.slot_count, sizeof *shared.slots);
    pthread_t *threads = calloc((size_t)jobs, sizeof *threads);
    bool is_fine = shared.slots && threads;
    int started = is_fine ? start_threads(&shared, threads, jobs) : 0;
    is_fine = started > 0 && take_all(&shared, take, context);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    for (int64_t i = 0; shared.slots && i < shared.slot_count; i++)
        release_block(&shared.slots[i].block);
    free(threads);
    free(shared.slots);
    return is_fine;
}
