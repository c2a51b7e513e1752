/* A point of a sweep, reached over others whose parts it keeps, is the what-if read from files. */
#include "grids.h"
#include "report/result.h"
#include "sweep/point.h"

#include <math.h>

static char path[64];

/* The what-if of a point by the other way: every axis as an -s option. */
static bool load_alone(struct trial *trial, const struct sweep_point *point, struct arena *arena,
                       struct plan *plan, struct diags *diags)
{
    const struct axes *axes = &trial->grid.axes;
    struct override overrides[TRIAL_AXES + 2];
    struct reader reader = {.arena = arena, .diags = diags};
    int count = 0;
    for (int g = 0; g < axes->group_count; g++) {
        const struct axis *axis = &axes->axes[axes->groups[g].first];
        const char *name = axis->role == AXIS_MODEL      ? "model"
                           : axis->role == AXIS_HARDWARE ? "hardware.device"
                                                         : axis->name;
        bool is_swept = false;
        for (int i = 0; i < trial->axis_count; i++)
            is_swept = is_swept || strcmp(trial->axes[i]->key, name) == 0;
        if (!is_swept)
            continue;
        const char *value = pool_find(name)->values[point->digits[g]];
        override_parse(&reader, arena_printf(arena, "%s=%s", name, value), &overrides[count++]);
    }
    struct loader loader = {arena, diags, TOKENROOF_SOURCE, overrides, count};
    return load_plan(&loader, trial->path, plan);
}

/* What the point is, for messages. */
static const char *describe(struct trial *trial, const struct sweep_point *point)
{
    struct text text;
    const struct axes *axes = &trial->grid.axes;
    text_init(&text);
    for (int g = 0; g < axes->group_count; g++) {
        const struct axis *axis = &axes->axes[axes->groups[g].first];
        const struct pool_axis *of_pool = pool_find(axis->name);
        text_addf(&text, "%s=%s ", axis->name, of_pool ? of_pool->values[point->digits[g]] : "...");
    }
    const char *copy = arena_strdup(&trial->arena, text_string(&text));
    text_release(&text);
    return copy;
}

static bool is_same_number(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void compare_results(const char *what, struct arena *arena, const struct sweep_point *point,
                            const struct run *run)
{
    struct result expected = result_of(arena, run);
    struct result_value values[RESULT_VALUES_MAX];
    const char *words[RESULT_WORDS];
    const char *expected_words[RESULT_WORDS];
    int64_t counts[RESULT_COUNTS];
    int64_t expected_counts[RESULT_COUNTS];
    int count = result_values(&expected, values);
    check_count(what, point->value_count, count);
    for (int i = 0; i < count; i++)
        if (!is_same_number(point->values[i].number, values[i].number))
            check_close(arena_printf(arena, "%s%s", what, values[i].name), point->values[i].number,
                        values[i].number, 0.0);
    result_words(&point->result, words);
    result_words(&expected, expected_words);
    for (int i = 0; i < RESULT_WORDS; i++)
        check_text(what, words[i], expected_words[i]);
    result_counts(&point->run, counts);
    result_counts(run, expected_counts);
    for (int i = 0; i < RESULT_COUNTS; i++)
        check_count(what, counts[i], expected_counts[i]);
}

/* Returns what the point became; most of those that can't run are not looked at twice. */
static enum point_status compare_point(struct trial *trial, struct sweep_point *point,
                                       int invalid_before)
{
    struct arena arena;
    struct diags diags;
    struct plan plan;
    arena_init(&arena);
    diags_init(&diags, &arena);
    enum point_status status = point_predict(point);
    if (status == POINT_INVALID && invalid_before >= 200)
        return status;
    bool is_loaded = load_alone(trial, point, &arena, &plan, &diags);
    const char *what = describe(trial, point);
    if (is_loaded != (status != POINT_INVALID))
        check_text(what, point_status_names[status],
                   is_loaded ? "it loads" : diags_first_message(&diags));
    if (is_loaded && status != POINT_INVALID) {
        check_count(what, plan.run_count, 1);
        compare_results(what, &arena, point, &plan.runs[0]);
    }
    arena_release(&arena);
    return status;
}

/* Neighbours differ in few keys, jumps in many; both must forget what no longer holds. */
static void equals_a_plan_of_its_own(void)
{
    struct random random = {20261121};
    int counts[POINT_EXCLUDED + 1] = {0};
    int compared = 0;
    for (int t = 0; t < 4000 && counts[POINT_OK] + counts[POINT_OOM] < 1000; t++) {
        static struct trial trial; /* large */
        trial_open(&trial, &random, (int)random_count(&random, 4, 9), path);
        if (trial.is_loaded) {
            struct sweep_point *point = point_new(&trial.grid);
            int64_t index = random_count(&random, 0, trial.grid.total - 1);
            for (int i = 0; i < 12; i++) {
                point_move(point, index);
                counts[compare_point(&trial, point, counts[POINT_INVALID])]++;
                compared++;
                index = random_count(&random, 0, 3) > 0
                            ? (index + random_count(&random, 1, 3)) % trial.grid.total
                            : random_count(&random, 0, trial.grid.total - 1);
            }
            point_free(point);
        }
        trial_close(&trial);
    }
    printf("    %d points compared: %d ok, %d oom, %d invalid\n", compared, counts[POINT_OK],
           counts[POINT_OOM], counts[POINT_INVALID]);
    check_at_least("points that run", counts[POINT_OK] + counts[POINT_OOM], 1000);
    check_at_least("points that can't", counts[POINT_INVALID], 50);
}

/* Floor and TTFT asked for on the way change nothing, and bound what is predicted. */
static void bounds_hold_and_change_nothing(void)
{
    struct random random = {6};
    int checked = 0;
    int bounded = 0;
    for (int t = 0; t < 4000 && checked < 400; t++) {
        static struct trial trial; /* large */
        trial_open(&trial, &random, (int)random_count(&random, 4, 9), path);
        if (trial.is_loaded) {
            struct sweep_point *plain = point_new(&trial.grid);
            struct sweep_point *asked = point_new(&trial.grid);
            int64_t index = random_count(&random, 0, trial.grid.total - 1);
            for (int i = 0; i < 40; i++, index = (index + 1) % trial.grid.total) {
                point_move(plain, index);
                point_move(asked, index);
                if (!point_prepare(asked))
                    continue;
                double floor_s =
                    asked->run.workload.output_tokens > 1 ? point_tpot_floor(asked) : 0;
                double ttft_s = random_count(&random, 0, 1) ? point_ttft(asked) : (double)NAN;
                if (random_count(&random, 0, 3) == 0)
                    continue; /* pruned: never predicted */
                point_predict(plain);
                point_predict(asked);
                const char *what = describe(&trial, asked);
                const struct prediction *p = &asked->result.prediction;
                if (asked->run.workload.output_tokens > 1)
                    check_at_least(what, p->tpot_s, floor_s);
                bounded += floor_s > 0.5 * p->tpot_s;
                if (!isnan(ttft_s))
                    check_close(what, p->ttft_s, ttft_s, 0.0);
                for (int v = 0; v < plain->value_count; v++)
                    if (!is_same_number(plain->values[v].number, asked->values[v].number))
                        check_close(what, asked->values[v].number, plain->values[v].number, 0.0);
                checked++;
            }
            point_free(plain);
            point_free(asked);
        }
        trial_close(&trial);
    }
    printf("    %d points, %d of them with a floor above half of TPOT\n", checked, bounded);
    check_at_least("points", checked, 400);
    check_at_least("floors that are worth something", bounded, checked / 4);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"equals a plan of its own",       equals_a_plan_of_its_own      },
        {"bounds hold and change nothing", bounds_hold_and_change_nothing},
        {NULL,                             NULL                          },
    };
    snprintf(path, sizeof path, "/tmp/tokenroof-point-%ld.yaml", (long)getpid());
    return check_main("point", cases);
}
