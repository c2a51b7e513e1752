/* Operators of whole steps: rows of tiny decoders, and rows of a table read back as samples. */
#include "validate/machine_steps.h"

#include "validate/measure_bench.h"

#include "check.h"
#include "tiny_models.h"

#include <math.h>
#include <string.h>

static int add_text_column(struct table *table, const char *name)
{
    return table_add_column(table, (struct column){name, name, "", CELL_TEXT, false});
}

static int add_number_column(struct table *table, const char *name)
{
    return table_add_column(table, (struct column){name, name, "", CELL_NUMBER, false});
}

static void fill_table(struct table *table, struct arena *arena)
{
    static const char *const numbers[] = {"threads",          "flops",
                                          "weight_bytes",     "rows",
                                          "columns",          "depth",
                                          "groups",           "time_s",
                                          "read_byte_per_s",  "exchange_byte_per_s",
                                          "beside_barrier_s", "fma_flop_per_s",
                                          "latency_s"};
    static const struct {
        const char *op, *class, *math;
        double numbers[13];
    } rows[] = {
        {"gate_up",
         "gemm",             "bf16",
         {2, 4e4, 1e4, 4, 100, 50, 1, 1e-5, 3e10, 2e11, 1e-7, 2e11, 1e-7}                         },
        {"conjured",
         "gemm",             "bf16",
         {2, 4e4, 1e4, 4, 100, 50, 1, 1e-5, 3e10, 2e11, 1e-7, 2e11, 1e-7}                         },
        {"gate_up",  "gemm", "bf16", {2, 4e4, 1e4, 4, 100, 50, 1, 0, 3e10, 2e11, 1e-7, 2e11, 1e-7}},
    };
    table_init(table, arena, NULL);
    int op = add_text_column(table, "op");
    int class = add_text_column(table, "class");
    int math = add_text_column(table, "math");
    for (size_t c = 0; c < sizeof numbers / sizeof *numbers; c++)
        add_number_column(table, numbers[c]);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        int row = table_add_row(table);
        table_set_text(table, row, op, rows[r].op);
        table_set_text(table, row, class, rows[r].class);
        table_set_text(table, row, math, rows[r].math);
        for (int c = 0; c < 13; c++)
            table_set_number(table, row, math + 1 + c, rows[r].numbers[c]);
    }
}

/* One row is complete; one is of no operator, one has no time. */
static void rows_are_samples(void)
{
    struct arena arena;
    struct diags diags;
    struct table table;
    struct sample_set set = {.path = "steps"};
    arena_init(&arena);
    diags_init(&diags, &arena);
    fill_table(&table, &arena);
    struct sink sink = {.arena = &arena, .diags = &diags, .set = &set};
    machine_steps_add(&sink, &table);
    check_count("samples", set.kernel_count, 1);
    const struct kernel_sample *sample = &set.kernels[0];
    check_count("operator", sample->op.kind, OP_GATE_UP);
    check_count("class", sample->op.kernel, KERNEL_GEMM);
    check_count("arithmetic", sample->op.math, MATH_BF16);
    check_close("rows", sample->op.shape.rows, 4.0, 1e-12);
    check_close("columns", sample->op.shape.columns, 100.0, 1e-12);
    check_close("weights", sample->op.weight_bytes, 1e4, 1e-12);
    check_close("time", sample->measured_s, 1e-5, 1e-12);
    check_close("threads", sample->threads, 2.0, 1e-12);
    check_close("read", sample->probed.read_byte_per_s, 3e10, 1e-12);
    check_close("exchange", sample->probed.exchange_byte_per_s, 2e11, 1e-12);
    check_close("barrier", sample->probed.barrier_s, 1e-7, 1e-12);
    check_close("multiply-adds", sample->probed.fma_flop_per_s, 2e11, 1e-12);
    check_close("latency", sample->probed.latency_s, 1e-7, 1e-12);
    arena_release(&arena);
}

/* What one step hands out. */
struct seen {
    int64_t count;
    int64_t experts;
    double least_s;
};

static void note(void *context, const struct measured_op *measured)
{
    struct seen *seen = context;
    seen->count++;
    seen->least_s = fmin(seen->least_s, measured->time_s);
    check_at_least("read beside it", measured->probed.read_byte_per_s, 1.0);
    if (measured->op->kernel != KERNEL_MOE)
        return;
    seen->experts++;
    double hit = measured_distinct(measured);
    check_at_least("experts hit", hit, measured->op->shape.top_k - 1e-9);
    check_at_least("no more than there are", measured->op->shape.experts + 1e-9, hit);
}

static void steps_of_tiny_decoders(void)
{
    for (int tiny = 0; tiny < TINY_COUNT; tiny++) {
        struct model model = tiny_model((enum tiny)tiny);
        struct measure_setup setup = {.model = &model,
                                      .weights = FORMAT_Q8_0,
                                      .kv_cache = FORMAT_BF16,
                                      .threads = 2,
                                      .chunk_tokens = 16,
                                      .seed = 5};
        struct batch_part part = {2, 1, 10, 1};
        struct seen seen = {.least_s = INFINITY};
        struct arena arena;
        const char *why = NULL;
        arena_init(&arena);
        struct measure_bench *bench = measure_open(&arena, &setup, 2, 64, &why);
        check_true("opens", bench != NULL);
        if (bench)
            measure_step(bench, &part, 0.0, false, (struct measure_sink){note, &seen});
        check_at_least("operators", (double)seen.count, 10.0);
        check_at_least("take time", seen.least_s, 1e-12);
        check_count("experts", seen.experts, model.ffn.moe.experts > 0 ? 1 : 0);
        measure_close(bench);
        arena_release(&arena);
    }
}

/* States that a virtual machine is in: threads of one core, of one cache, of two. */
static void moved_cores_are_told(void)
{
    static const struct probed together = {34e9, 190e9, 1.2e-7, 234e9, 1.1e-7};
    static const struct probed slower = {25e9, 170e9, 1.3e-7, 204e9, 1.9e-7};
    static const struct probed siblings = {31e9, 224e9, 0.7e-7, 118e9, 1.1e-7};
    static const struct probed apart = {58e9, 77e9, 4.6e-7, 232e9, 1.1e-7};
    static const struct probed alone = {30e9, 0.0, 0.0, 117e9, 1.1e-7};
    check_true("drift is none", measure_is_steady(&together, &slower));
    static const struct probed burst = {10e9, 190e9, 1.2e-7, 234e9, 1.1e-7};
    check_true("a burst of neighbours", !measure_is_steady(&together, &burst));
    check_true("siblings", !measure_is_steady(&together, &siblings));
    check_true("and back", !measure_is_steady(&siblings, &together));
    check_true("apart", !measure_is_steady(&together, &apart));
    check_true("one core", measure_is_steady(&alone, &alone));
    struct probed mean = measure_probed_mean(&together, &apart);
    check_close("mean", mean.read_byte_per_s, 46e9, 1e-12);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"rows are samples",       rows_are_samples      },
        {"steps of tiny decoders", steps_of_tiny_decoders},
        {"moved cores are told",   moved_cores_are_told  },
        {NULL,                     NULL                  }
    };
    return check_main("machine_steps", cases);
}
