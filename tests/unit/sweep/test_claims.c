/* Claims: what their values mean over rows worked out by hand, where they are wrong, verdicts. */
#include "../conf/scratch.h"

#include "check.h"
#include "sweep/claims.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Batches 1, 2, 4, 8 fit, 100,000 does not. Two lengths, linked. */
static const char *const what_if =
    "model: [llama-3.2-1b, llama-3.2-3b]\nhardware: h100-sxm\n"
    "sweep:\n  workload.batch: [1, 2, 4, 8, 100000]\n"
    "  linked: [{workload.input: [512, 1024], workload.output: [16, 32]}]\n";

static bool load(struct scratch *s, const char *yaml, struct grid *grid)
{
    char folder[] = "claims-XXXXXX";
    char *made = mkdtemp(folder);
    check_true("temporary folder", made != NULL);
    if (!made)
        return false;
    const char *path = arena_printf(&s->arena, "%s/f.yaml", folder);
    struct text text;
    text_init(&text);
    text_add(&text, yaml);
    check_count("saved", text_save(&text, path), 0);
    text_release(&text);
    struct loader loader = scratch_loader(s);
    bool is_fine = grid_load(&loader, path, GRID_BY_CONFIG, NULL, 0, grid);
    remove(path);
    rmdir(folder);
    return is_fine;
}

/* What a value comes to. */
struct value_row {
    const char *text;
    double expected; /* NaN: no value */
};

static const struct value_row values[] = {
    {"1 + 2 * 3",                                                                          7.0        },
    {"mean(workload.batch where workload.batch < 100)",                                    3.75       },
    {"median(workload.batch where workload.batch < 100)",                                  3.0        },
    {"median(workload.batch)",                                                             4.0        },
    {"min(workload.batch) + max(workload.batch)",                                          100001.0   },
    {"count(status == 'oom')",                                                             4.0        },
    {"count(workload.batch > 2 where workload.batch < 100)",                               8.0        },
    {"mean(workload.batch[workload.batch=8] / workload.batch where workload.batch < 100)", 3.75       },
 /* linked axes move together: 1,024 tokens go with 32, not with 16 */
    {"mean(workload.output[workload.input=1024] where workload.input == 512)",             32.0       },
    {"max(workload.output[workload.input = 512])",                                         16.0       },
    {"max(workload.batch[workload.batch=3])",                                              (double)NAN},
    {"rises(workload.batch, workload.batch)",                                              1.0        },
    {"falls(workload.batch, workload.batch)",                                              0.0        },
    {"falls(-workload.batch, workload.batch where model == 'llama-3.2-1b')",               1.0        },
 /* 1, 0, 0, 0, 0: one of four steps falls */
    {"falls(workload.batch % 2, workload.batch)",                                          0.25       },
    {"max(ttft_s where status == 'oom')",                                                  (double)NAN},
    {"min(memory.weights_bytes where status == 'oom') > 0",                                1.0        },
 /* a key that is no column, and words */
    {"max(model.layers where model == 'llama-3.2-1b')",                                    16.0       },
    {"count(model == 'llama-3.2-3b' and engine.launch == 'graph')",                        10.0       },
 /* model's rows are looked up, too */
    {"mean(model.hidden[model=llama-3.2-3b] where model == 'llama-3.2-1b')",               3072.0     },
    {"mean(workload.batch / max(workload.batch where workload.batch < 100) where workload.batch "
     "< 100)",                                                                        0.46875    },
};

static void means_what_it_says(void)
{
    struct scratch s;
    struct grid *grid = calloc(1, sizeof *grid);
    struct claim_rows *rows = calloc(1, sizeof *rows);
    const struct claim_value *parsed[sizeof values / sizeof *values];
    struct table table;
    scratch_open(&s);
    if (load(&s, what_if, grid)) {
        claim_rows_init(rows, grid, &s.arena, &s.diags);
        for (size_t i = 0; i < sizeof values / sizeof *values; i++)
            parsed[i] = claim_value_parse(rows, values[i].text, (struct place){.source = "row"});
        claim_rows_fill(rows, &s.arena, &table);
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            double value = parsed[i] ? claim_value_of(parsed[i], rows, &table) : -1e99;
            if (isnan(values[i].expected))
                check_true(values[i].text, isnan(value));
            else
                check_close(values[i].text, value, values[i].expected, 1e-12);
        }
    }
    check_text("no messages", scratch_messages(&s), "");
    scratch_close(&s);
    free(rows);
    free(grid);
}

static void says_what_is_wrong(void)
{
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"ttft_s",                                "did you mean 'mean(ttft_s)'?"             },
        {"mean(ttfts)",                           "did you mean 'ttft_s'?"                   },
        {"meen(ttft_s)",                          "did you mean 'mean'?"                     },
        {"mean(ttft_s",                           "this bracket is never closed"             },
        {"mean(ttft_s[workload.batch=1)",         "this bracket is never closed"             },
        {"ttft_s[workload.batch=1]",              "a look-up starts from a row"              },
        {"mean(ttft_s[workload.bach=1])",         "did you mean 'workload.batch'?"           },
        {"mean(ttft_s[batch=1])",                 "'batch' is no axis of the sweep"          },
        {"mean(ttft_s[workload.batch])",          "a look-up says which axis has which value"},
        {"mean(ttft_s[workload.batch=x])",        "'x' is no value of workload.batch"        },
        {"mean(tft_s[workload.batch=1])",         "no column is called 'tft_s'"              },
        {"falls(ttft_s)",                         "along which axis?"                        },
        {"falls(ttft_s, ttft_s)",                 "'ttft_s' is no axis of the sweep"         },
        {"mean(ttft_s, workload.batch)",          "what does the comma mean?"                },
        {"mean(ttft_s where )",                   "it ends too early"                        },
        {"mean(ttft_s where workload.batch = 1)", "'=' compares nothing"                     },
        {"mean('word)",                           "this bracket is never closed"             },
    };
    struct grid *grid = calloc(1, sizeof *grid);
    struct claim_rows *parsed = calloc(1, sizeof *parsed);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scratch s;
        scratch_open(&s);
        if (load(&s, what_if, grid)) {
            claim_rows_init(parsed, grid, &s.arena, &s.diags);
            struct place place = {.source = "f", .line = 1, .column = 1, .width = 1};
            check_true(rows[i].text, !claim_value_parse(parsed, rows[i].text, place));
            check_contains(rows[i].text, scratch_messages(&s), rows[i].message);
            check_contains(rows[i].text, scratch_messages(&s), "f:1:1: error");
        }
        scratch_close(&s);
    }
    free(parsed);
    free(grid);
}

static void judges(void)
{
    double range[2] = {0.15, 0.2};
    double loss[1] = {-0.5};
    const struct claim_spec gain = {.expect = range, .expect_count = 2};
    const struct claim_spec drop = {.expect = loss, .expect_count = 1, .tolerance = 0.05};
    const struct claim_spec condition = {.expect_count = 0};
    const struct {
        const char *row;
        const struct claim_spec *spec;
        double value, low, high;
        enum claim_verdict verdict;
    } rows[] = {
        {"in the range",      &gain,      0.17,        0.1,  0.2,   CLAIM_REPRODUCED  },
        {"at its end",        &gain,      0.2,         0.2,  0.2,   CLAIM_REPRODUCED  },
        {"the interval does", &gain,      0.25,        0.19, 0.3,   CLAIM_WITHIN_ERROR},
        {"half the size",     &gain,      0.1,         0.09, 0.11,  CLAIM_PARTLY      },
        {"twice the size",    &gain,      0.4,         0.39, 0.41,  CLAIM_PARTLY      },
        {"more than twice",   &gain,      0.41,        0.4,  0.42,  CLAIM_MISSED      },
        {"too little",        &gain,      0.05,        0.04, 0.06,  CLAIM_MISSED      },
        {"the other way",     &gain,      -0.17,       -0.2, -0.15, CLAIM_MISSED      },
        {"no value",          &gain,      (double)NAN, 0.0,  1.0,   CLAIM_MISSED      },
        {"about a loss",      &drop,      -0.54,       -0.6, -0.5,  CLAIM_REPRODUCED  },
        {"a loss too large",  &drop,      -0.65,       -0.7, -0.6,  CLAIM_PARTLY      },
        {"a gain for a loss", &drop,      0.5,         0.4,  0.6,   CLAIM_MISSED      },
        {"a condition holds", &condition, 1.0,         0.0,  1.0,   CLAIM_REPRODUCED  },
        {"might hold",        &condition, 0.0,         0.0,  1.0,   CLAIM_WITHIN_ERROR},
        {"does not hold",     &condition, 0.0,         0.0,  0.0,   CLAIM_MISSED      },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_text(rows[i].row,
                   claim_verdict_names[claim_judge(rows[i].spec, rows[i].value, rows[i].low,
                                                   rows[i].high)],
                   claim_verdict_names[rows[i].verdict]);
}

/* What rows have in common cancels out of their ratio; what they have not doesn't. */
static void knows_how_uncertain_a_value_is(void)
{
    struct scratch s;
    struct grid *grid = calloc(1, sizeof *grid);
    struct claim_result *results = NULL;
    const char *yaml =
        "model: llama-3.2-1b\nhardware: h100-sxm\nworkload: {batch: 4, input: 2048, output: 64}\n"
        "claims:\n"
        "  - {says: a, value: mean(ttft_s / ttft_s), expect: [1]}\n"
        "  - {says: b, value: mean(ttft_s)}\n"
        "  - {says: c}\n"
        "  - {says: d, value: mean(ttft_s_high)}\n"
        "  - {says: e, value: mean(tpot_s / ttft_s)}\n";
    scratch_open(&s);
    if (load(&s, yaml, grid) && claims_judge(grid, &s.arena, &s.diags, &results)) {
        check_close("ratio", results[0].value, 1.0, 1e-12);
        check_close("its low end", results[0].low, 1.0, 1e-12);
        check_close("its high end", results[0].high, 1.0, 1e-12);
        check_at_most("low end", results[1].low, 0.98 * results[1].value);
        check_at_least("high end", results[1].high, 1.02 * results[1].value);
        check_text("no value", claim_verdict_names[results[2].verdict], "not predicted");
        /* the interval of a run adds what engines do beside kernels: 0.28 (serve/static_batch.c) */
        double kernels = log(results[1].high / results[1].value);
        check_close("as a run's", hypot(kernels, 0.28), log(results[3].value / results[1].value),
                    0.03);
        check_at_least("prefill against decode", results[4].high, 1.02 * results[4].value);
        check_true("nothing stays deviated", fabs(grid->parts.config.engine.deviation.ends) < 1e-9);
    }
    check_text("no messages", scratch_messages(&s), "");
    scratch_close(&s);
    free(grid);
}

static void refuses_ranges_that_make_no_sense(void)
{
    struct scratch s;
    struct grid *grid = calloc(1, sizeof *grid);
    struct claim_result *results = NULL;
    const char *yaml = "model: llama-3.2-1b\nhardware: h100-sxm\nclaims:\n"
                       "  - {says: a, value: mean(ttft_s), expect: [1, 2, 3]}\n"
                       "  - {says: b, value: mean(ttft_s), expect: [2, 1]}\n"
                       "  - {says: c, expect: [1]}\n";
    scratch_open(&s);
    if (load(&s, yaml, grid))
        check_true("refused", !claims_judge(grid, &s.arena, &s.diags, &results));
    check_contains("three", scratch_messages(&s), "f.yaml:4:44: error: 'expect' is one value");
    check_contains("backwards", scratch_messages(&s), "f.yaml:5:44: error: the range ends before");
    check_contains("alone", scratch_messages(&s), "f.yaml:6:23: error: 'expect' needs a 'value'");
    scratch_close(&s);
    free(grid);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"a value means what it says",        means_what_it_says               },
        {"says what is wrong with a value",   says_what_is_wrong               },
        {"judges values by published ranges", judges                           },
        {"knows how uncertain a value is",    knows_how_uncertain_a_value_is   },
        {"refuses ranges that make no sense", refuses_ranges_that_make_no_sense},
        {NULL,                                NULL                             },
    };
    return check_main("claims", cases);
}
