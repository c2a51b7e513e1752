/* Results for machines and people: what a run that doesn't fit has, and which arithmetic runs. */
#include "conf/load.h"
#include "report/result.h"

#include "check.h"

#include <math.h>
#include <string.h>

/* One run of a what-if on one device. */
struct fixture {
    struct arena arena;
    struct diags diags;
    struct run run;
    struct result result;
};

static void predict(struct fixture *fixture, const char *model, const char *device,
                    enum format weights, enum format activations)
{
    arena_init(&fixture->arena);
    diags_init(&fixture->diags, &fixture->arena);
    struct loader loader = {
        .arena = &fixture->arena, .diags = &fixture->diags, .data_root = TOKENROOF_SOURCE};
    struct reader reader = {.arena = &fixture->arena, .diags = &fixture->diags};
    struct place place = {.source = "test"};
    struct config *config = arena_alloc(&fixture->arena, sizeof *config); /* the run points at it */
    schema_set_defaults(&reader, config_fields, config);
    config->precision.weights = weights;
    config->precision.activations = activations;
    fixture->run = load_run(config, load_model(&loader, model, ".", place),
                            load_device(&loader, device, ".", place));
    fixture->result = result_of(&fixture->arena, &fixture->run);
}

static double value_of(const struct result *result, const char *name)
{
    struct result_value values[RESULT_VALUES_MAX];
    int count = result_values(result, values);
    for (int i = 0; i < count; i++)
        if (strcmp(values[i].name, name) == 0)
            return values[i].number;
    return -1.0;
}

/* 70.55 G parameters in bf16 are 141 GB: no time on 80 GB, but memory, work and parameters. */
static void what_does_not_fit_has_no_times(void)
{
    static const char *const timed[] = {"ttft_s",           "ttft_s_low",     "tpot_s",
                                        "itl_bench_s",      "e2e_s",          "total_tok_per_s",
                                        "output_tok_per_s", "prefill.time_s", "prefill.mfu",
                                        "decode.idle_s",    "decode.mbu"};
    static const char *const counted[] = {"prefill.flops", "decode.bytes", "decode.oi",
                                          "memory.weights_bytes", "params.total"};
    struct fixture large;
    struct fixture small;
    predict(&large, "llama-3.1-70b", "h100-sxm", FORMAT_BF16, FORMAT_BF16);
    predict(&small, "llama-3.1-8b", "h100-sxm", FORMAT_BF16, FORMAT_BF16);
    for (size_t i = 0; i < sizeof timed / sizeof *timed; i++) {
        check_true(timed[i], isnan(value_of(&large.result, timed[i])));
        check_at_least(timed[i], value_of(&small.result, timed[i]), 0.0);
    }
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        check_at_least(counted[i], value_of(&large.result, counted[i]), 1.0);
    check_close("weights", value_of(&large.result, "memory.weights_bytes"), 141.1e9, 1e-3);
    const char *words[RESULT_WORDS];
    result_words(&large.result, words);
    check_text("fits", words[3], "false");
    check_text("prefill is bound by nothing", words[4], NULL);
    struct text json;
    text_init(&json);
    result_json(&large.result, 1, &json);
    check_contains("json", text_string(&json), "\"ttft_s\": null");
    check_contains("json", text_string(&json), "\"prefill\": {\"bound\": null, \"flops\": 1");
    check_contains("json", text_string(&json),
                   "\"memory\": {\"fits\": false, \"weights_bytes\": 1");
    text_release(&json);
    arena_release(&large.arena);
    arena_release(&small.arena);
}

static void names_formats_and_arithmetic(void)
{
    static const struct {
        const char *device;
        enum format weights;
        enum format activations;
        const char *math;
        const char *note; /* "" = none */
    } rows[] = {
        {"h100-sxm",  FORMAT_FP8,       FORMAT_FP8,  "fp8",  ""               },
        {"h100-sxm",  FORMAT_INT4_G128, FORMAT_BF16, "bf16", ""               },
        {"a100-80gb", FORMAT_FP8,       FORMAT_FP8,  "bf16",
         "a100-80gb has no fp8 arithmetic: its matrix products run in bf16.\n"},
        {"a100-80gb", FORMAT_FP8,       FORMAT_BF16, "bf16", ""               },
        {"v100-sxm",  FORMAT_BF16,      FORMAT_BF16, "fp16",
         "v100-sxm has no bf16 arithmetic: its matrix products run in fp16.\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        predict(&f, "llama-3.1-8b", rows[i].device, rows[i].weights, rows[i].activations);
        const char *formats[RESULT_FORMATS];
        result_formats(&f.result, formats);
        check_text(rows[i].device, formats[0], format_names[rows[i].weights]);
        check_text(rows[i].device, formats[1], format_names[rows[i].activations]);
        check_text(rows[i].device, formats[2], "bf16");
        check_text(rows[i].device, formats[3], rows[i].math);
        struct text summary;
        text_init(&summary);
        result_summary(NULL, &f.result, 1, &f.arena, &summary);
        check_contains(rows[i].device, text_string(&summary), rows[i].note);
        check_true(rows[i].device, (strstr(text_string(&summary), "arithmetic") != NULL) ==
                                       (*rows[i].note != '\0'));
        text_release(&summary);
        arena_release(&f.arena);
    }
}

/* gpt-oss-120b: 116.8 G parameters are 234 GB in bf16, 62 GB in mxfp4 (0.53125 bytes each). */
static void hints_at_the_published_format(void)
{
    static const struct {
        const char *model;
        const char *device;
        const char *hint; /* "" = none */
    } rows[] = {
        {"gpt-oss-120b",  "h100-sxm",
         "gpt-oss-120b is published in mxfp4: -s precision.weights=mxfp4 would need 62.4 GB, which "
         "fits.\n"                                                                       },
        {"gpt-oss-120b",  "a100-40gb", "-s precision.weights=mxfp4 would need 62.4 GB.\n"},
        {"gpt-oss-20b",   "h100-sxm",  ""                                                },
        {"llama-3.1-70b", "h100-sxm",  ""                                                },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        struct text summary;
        predict(&f, rows[i].model, rows[i].device, FORMAT_BF16, FORMAT_BF16);
        text_init(&summary);
        result_summary(NULL, &f.result, 1, &f.arena, &summary);
        check_contains(rows[i].model, text_string(&summary), rows[i].hint);
        check_true(rows[i].model, (strstr(text_string(&summary), "published in") != NULL) ==
                                      (*rows[i].hint != '\0'));
        text_release(&summary);
        arena_release(&f.arena);
    }
}

int main(void)
{
    static const struct test_case cases[] = {
        {"what does not fit has no times", what_does_not_fit_has_no_times},
        {"names formats and arithmetic",                                names_formats_and_arithmetic},
        {"hints at the published format",hints_at_the_published_format},
        {0 },
    };
    return check_main("result", cases);
}
