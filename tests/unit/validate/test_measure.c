/* Measuring: times, counted experts and operator rows of tiny models; rows read back as samples. */
#include "validate/measure.h"

#include "validate/sample.h"

#include "check.h"
#include "tiny_models.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct measure_setup setup_of(const struct model *model, enum format format)
{
    return (struct measure_setup){.model = model,
                                  .weights = format,
                                  .kv_cache = FORMAT_BF16,
                                  .threads = 2,
                                  .chunk_tokens = 16,
                                  .seed = 5};
}

static void check_times(const char *row, const struct measure_times *times, int64_t least)
{
    check_at_least(row, times->median_s, 1e-9);
    check_at_least(row, times->median_s, times->least_s);
    check_at_least(row, times->most_s, times->median_s);
    check_at_least(row, (double)times->count, (double)least);
}

static void phases_are_timed(void)
{
    /* prompts of 20 in chunks of 16: whole chunks, then rests packed together */
    static const struct measure_case points[] = {
        {3, 20, 0,  4},
        {1, 16, 40, 2},
        {2, 1,  8,  3},
    };
    for (int tiny = 0; tiny < TINY_COUNT; tiny++) {
        struct model model = tiny_model((enum tiny)tiny);
        struct measure_setup setup = setup_of(&model, FORMAT_Q8_0);
        const char *why = NULL;
        struct arena arena;
        arena_init(&arena);
        struct measure_bench *bench = measure_open(&arena, &setup, 3, 64, &why);
        check_true("opens", bench != NULL);
        for (size_t i = 0; bench && i < sizeof points / sizeof *points; i++) {
            struct measure_result result = measure_run(bench, &points[i], 0.0);
            check_times("TTFT", &result.ttft, 1);
            check_times("ITL", &result.itl, points[i].generated);
            check_at_least("bandwidth", result.probed.read_byte_per_s, 1.0);
            bool is_moe = model.ffn.moe.experts > 0;
            check_true("experts are counted", is_moe != (bool)isnan(result.distinct));
            if (is_moe) {
                double most = fmin((double)model.ffn.moe.experts,
                                   (double)(points[i].batch * model.ffn.moe.top_k));
                check_at_least("no more than there are", most, result.distinct);
                check_at_least("top k at least", result.distinct, (double)model.ffn.moe.top_k);
                check_at_least("expected", result.distinct_uniform * (1.0 + 1e-9),
                               (double)model.ffn.moe.top_k);
            }
        }
        measure_close(bench);
        arena_release(&arena);
    }
}

/* Cell `index` of a CSV line as a number. */
static double cell_of(const char *line, int index)
{
    for (; index > 0; index--)
        line += strcspn(line, ",") + 1;
    return strtod(line, NULL);
}

/* The kernel declares the FLOPs and weight bytes that predictions are made for. */
static void check_declared(const struct sample_set *set, const char *line)
{
    for (int64_t i = 0; i < set->kernel_count; i++) {
        const struct op *op = &set->kernels[i].op;
        if (op->kernel != KERNEL_ELEMENTWISE) {
            check_close("declared FLOPs", cell_of(line, 11), op->flops, 1e-12);
            check_close("declared weights", cell_of(line, 12), op->weight_bytes, 1e-12);
            check_close("declared cache", cell_of(line, 13), op->kv_bytes, 1e-12);
        }
        line = strchr(line, '\n') + 1;
    }
}

/* Experts that the kernel hit, counted over the committed runs, against what uniform routing
 * expects: within 9 % each (steps of few tokens scatter), within 2 % on average. */
static void counted_experts_are_expected_ones(void)
{
    FILE *file = fopen(TOKENROOF_SOURCE "/validate/traces/zen4-2core/round-1/moe.csv", "r");
    char line[1024];
    double sum = 0.0;
    int rows = 0;
    check_true("trace", file != NULL);
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "olmoe", 5) != 0)
            continue;
        double error = cell_of(line, 32) / cell_of(line, 33) - 1.0;
        check_true("close", fabs(error) < 0.09);
        sum += error;
        rows++;
    }
    if (file)
        fclose(file);
    check_at_least("rows", rows, 48);
    check_at_least("no bias", 0.02, fabs(sum / rows));
}

/* Reads a profile back: as many samples as rows, and the declared FLOPs are those of the operator
 * that the importer describes, so predictions are about the same work. */
static void profile_rows_are_samples(void)
{
    static const char path[] = "test_measure_profile.csv";
    struct model model = tiny_model(TINY_GQA);
    struct measure_setup setup = setup_of(&model, FORMAT_BF16);
    struct measure_case point = {2, 8, 12, 2};
    const char *why = NULL;
    struct arena arena;
    struct diags diags;
    struct sample_set set = {0};
    struct text out;
    arena_init(&arena);
    diags_init(&diags, &arena);
    text_init(&out);
    setup.model = &model;
    struct measure_bench *bench = measure_open(&arena, &setup, 2, 64, &why);
    text_add(&out, "# repeated=0\n");
    text_add(&out, measure_profile_header);
    model.id = "tiny";
    measure_profile(bench, &point, 0.0, false, &out);
    measure_close(bench);
    check_count("saved", text_save(&out, path), 0);
    check_true("read", samples_read(&arena, &diags, path, &set));
    remove(path);
    int64_t lines = 0;
    for (const char *at = text_string(&out); *at; at++)
        lines += *at == '\n';
    check_count("every row", set.kernel_count, lines - 2);
    check_count("none refused", set.refused, 0);
    check_true("within steps", !set.is_repeating);
    check_declared(&set, strchr(strchr(text_string(&out), '\n') + 1, '\n') + 1);
    for (int64_t i = 0; i < set.kernel_count; i++) {
        check_close("threads", set.kernels[i].threads, 2.0, 1e-12);
        check_at_least("working set", set.kernels[i].working_set_bytes, 1.0);
    }
    text_release(&out);
    arena_release(&arena);
}

static void refusals_say_why(void)
{
    struct model model = tiny_model(TINY_GQA);
    struct measure_setup setup = setup_of(&model, FORMAT_INT4_G128);
    const char *why = NULL;
    struct arena arena;
    arena_init(&arena);
    check_true("no such kernels", measure_open(&arena, &setup, 1, 64, &why) == NULL);
    check_true("why", why != NULL);
    arena_release(&arena);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"phases are timed",                  phases_are_timed},
        {"profile rows are samples",                                   profile_rows_are_samples},
        {"counted experts are expected ones",counted_experts_are_expected_ones},
        {"refusals say why", refusals_say_why},
        {0                                  },
    };
    return check_main("measure", cases);
}
