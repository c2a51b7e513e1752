/* Errors summed up: medians, percentiles, bias and coverage of rows made by hand. */
#include "validate/error_report.h"

#include "cost/op_time.h"

#include "check.h"
#include "fixtures.h"

#include <math.h>
#include <string.h>

/* Ten rows of 100 us that are predicted 1 … 10 % too long, a spread of 5.5 %; every other held out.
 */
static void fill(struct judgement *judgement, struct arena *arena)
{
    *judgement = (struct judgement){.arena = arena, .count = 10};
    judgement->rows = arena_array(arena, 10, sizeof *judgement->rows);
    for (int i = 0; i < 10; i++)
        judgement->rows[i] = (struct judged){
            .path = "a.csv",
            .line = i + 2,
            .class = (int)KERNEL_GEMM,
            .variant = i < 4 ? "bf16" : "fp8",
            .subject = "",
            .measured_s = 1e-4,
            .predicted_s = 1e-4 * (1.01 + 0.01 * i),
            .uncalibrated_s = 0.5e-4,
            .interval = {1.0 / 1.055, 1.055},
            .is_held_out = i % 2 == 1,
        };
    judgement->refused[KERNEL_GEMM] = 3;
    judgement->refused[CLASS_TTFT] = 2;
}

static void summaries_by_hand(void)
{
    struct arena arena;
    struct judgement judgement;
    arena_init(&arena);
    fill(&judgement, &arena);
    struct error_list list = error_list_of(&judgement, GROUP_CLASS, ROWS_ALL, BASIS_BEST);
    check_count("classes", list.count, 2);
    check_text("class", list.items[0].name, "gemm");
    check_count("n", list.items[0].count, 10);
    check_count("refused", list.items[0].refused, 3);
    check_close("median", list.items[0].median, 0.055, 1e-9);
    check_close("mean", list.items[0].mean, 0.055, 1e-9);
    check_close("p90", list.items[0].p90, 0.091, 1e-9); /* 9 % + 0.1 of the way to 10 % */
    check_close("bias", list.items[0].bias, 0.055, 1e-9);
    check_close("coverage", list.items[0].coverage, 0.5, 1e-9);
    check_text("only refused", list.items[1].name, "ttft");
    check_count("no rows", list.items[1].count, 0);
    check_true("no median", isnan(list.items[1].median));
    list = error_list_of(&judgement, GROUP_CLASS, ROWS_HELD_OUT, BASIS_BEST);
    check_close("held out", list.items[0].median, 0.06, 1e-9);
    list = error_list_of(&judgement, GROUP_CLASS, ROWS_FITTED, BASIS_BEST);
    check_close("fitted", list.items[0].median, 0.05, 1e-9);
    list = error_list_of(&judgement, GROUP_CLASS, ROWS_ALL, BASIS_UNCALIBRATED);
    check_close("uncalibrated", list.items[0].median, 0.5, 1e-9);
    check_close("its bias", list.items[0].bias, -0.5, 1e-9);
    list = error_list_of(&judgement, GROUP_VARIANT, ROWS_ALL, BASIS_BEST);
    check_text("variant", list.items[0].name, "gemm: bf16");
    check_count("its rows", list.items[0].count, 4);
    list = error_list_of(&judgement, GROUP_SIZE, ROWS_ALL, BASIS_BEST);
    check_count("sizes", list.count, 1);
    check_text("size", list.items[0].name, "gemm 0.1-1 ms");
    check_close("worst median", error_worst_median(&judgement, ROWS_ALL), 0.055, 1e-9);
    arena_release(&arena);
}

static void tables_and_json(void)
{
    struct arena arena;
    struct judgement judgement;
    struct table table;
    struct text text;
    arena_init(&arena);
    text_init(&text);
    fill(&judgement, &arena);
    error_table_worst(&judgement, ROWS_ALL, 3, &table);
    check_count("worst rows", table.row_count, 3);
    check_close("worst first", table_number(&table, 0, 5), 0.10, 1e-9);
    check_text("where", table_cell(&table, 0, 6).text, "a.csv:11");
    error_table_rows(&judgement, ROWS_HELD_OUT, &table);
    check_count("held-out rows", table.row_count, 5);
    table_csv(&table, &text);
    check_contains("columns", text_string(&text),
                   "file,line,class,variant,measured_s,predicted_s,uncalibrated_s,held_out\n"
                   "a.csv,3,gemm,bf16,");
    text_release(&text);
    error_json(&judgement, ROWS_ALL, &text);
    check_contains("json", text_string(&text),
                   "{\"classes\": [\n  {\"class\": \"gemm\", \"n\": 10, \"refused\": 3, "
                   "\"median_abs_err\": 0.05");
    check_contains("nothing is null", text_string(&text),
                   "{\"class\": \"ttft\", \"n\": 0, \"refused\": 2, \"median_abs_err\": null, "
                   "\"mean_abs_err\": null, \"p90_abs_err\": null, \"bias\": null, "
                   "\"interval_coverage\": null}");
    text_release(&text);
    arena_release(&arena);
}

/* Rows made from a device's own predictions are predicted without error. */
static void own_predictions_have_no_error(void)
{
    struct arena arena;
    struct diags diags;
    struct sample_set set;
    arena_init(&arena);
    diags_init(&diags, &arena);
    bool is_read = samples_read(&arena, &diags,
                                TOKENROOF_SOURCE "/tests/unit/validate/data/kernels.csv", &set);
    check_true("read", is_read);
    struct judge_rates rates;
    judge_rates_init(&rates, fixture_device(&arena, "h100-sxm"));
    rates.best.is_repeating = set.is_repeating;
    for (int64_t i = 0; is_read && i < set.kernel_count; i++)
        set.kernels[i].measured_s = op_time(&rates.best, &set.kernels[i].op).time_s;
    struct judgement judgement = {.arena = &arena, .seed = 1, .held_ratio = 0.2};
    judge_kernels(&judgement, &set, &rates);
    check_count("rows", judgement.count, set.kernel_count);
    check_close("no error", 1.0 + error_worst_median(&judgement, ROWS_ALL), 1.0, 1e-12);
    judgement = (struct judgement){.arena = &arena, .least_s = 1e3};
    judge_kernels(&judgement, &set, &rates);
    check_true("nothing compared", isnan(error_worst_median(&judgement, ROWS_ALL)));
    check_count("all too short", judgement.too_short, set.kernel_count);
    arena_release(&arena);
}

static void runs_are_judged(void)
{
    struct arena arena;
    arena_init(&arena);
    struct run run = fixture_run(&arena, "llama-3.1-8b", "h100-sxm", 1, 1024, 128);
    struct sample_set set = {.path = "runs.csv"};
    struct run_sample sample = {.ttft_s = 0.025,
                                .tpot_s = 6e-3,
                                .e2e_s = (double)NAN,
                                .prefill_tok_per_s = (double)NAN,
                                .decode_tok_per_s = (double)NAN,
                                .output_tok_per_s = 160.0};
    struct judgement judgement = {.arena = &arena};
    check_true("fine", judge_run(&judgement, &set, &sample, &run) == NULL);
    check_count("three figures", judgement.count, 3);
    check_close("e2e from throughput", judgement.rows[2].measured_s, 0.8, 1e-12);
    sample.ttft_s = 1e-3; /* 2 · 8e9 · 1024 FLOP in 1 ms would be 16 PFLOP/s */
    check_true("impossible", judge_run(&judgement, &set, &sample, &run) != NULL);
    check_count("refused", judgement.refused[CLASS_TTFT], 1);
    check_count("the others count", judgement.count, 5);
    arena_release(&arena);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"summaries by hand",             summaries_by_hand},
        {"tables and JSON",                               tables_and_json},
        {"own predictions have no error",own_predictions_have_no_error},
        {"runs are judged", runs_are_judged},
        {0                              }
    };
    return check_main("error report", cases);
}
