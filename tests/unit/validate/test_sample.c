/* Every format is read: what it holds, for which device, what is refused; damaged files say where.
 */
#include "validate/import.h"

#include "check.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DATA TOKENROOF_SOURCE "/tests/unit/validate/data/"

struct opened {
    struct arena arena;
    struct diags diags;
    struct sample_set set;
    bool is_read;
};

static void open_file(struct opened *opened, const char *path)
{
    arena_init(&opened->arena);
    diags_init(&opened->diags, &opened->arena);
    opened->set = (struct sample_set){0};
    opened->is_read = samples_read(&opened->arena, &opened->diags, path, &opened->set);
}

static void open_data(struct opened *opened, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s%s", DATA, name);
    open_file(opened, path);
}

static void formats_are_recognised(void)
{
    static const struct {
        const char *file;
        const char *format;
        const char *device;
        int kernels, runs, refused;
    } rows[] = {
        {"h100_sxm/gemm.csv",                            "aiconfigurator gemm",                 "h100-sxm",     3, 0, 2},
        {"h100_sxm/gemm.csv.gz",                         "aiconfigurator gemm",                 "h100-sxm",     3, 0, 2},
        {"h100_sxm/gemm_constant.csv",                   "aiconfigurator gemm",                 "a100-80gb",    1, 0, 0},
        {"h100_sxm/context_attention.csv",               "aiconfigurator context attention",    "h100-sxm",     2, 0, 0},
        {"h100_sxm/generation_attention.csv",            "aiconfigurator generation attention", "h100-sxm",     1,
         0,                                                                                                           0},
        {"h100_sxm/context_mla.csv",                     "aiconfigurator context mla",          "h100-sxm",     1, 0, 0},
        {"h100_sxm/context_mla_expanded.csv",            "aiconfigurator context mla",          "h100-sxm",     1, 0, 0},
        {"h100_sxm/generation_mla.csv",                  "aiconfigurator generation mla",       "h100-sxm",     1, 0, 0},
        {"h100_sxm/mla_bmm.csv",                         "aiconfigurator mla bmm",              "h100-sxm",     2, 0, 0},
        {"h100_sxm/mla_module.csv",                      "aiconfigurator mla block",            "h100-sxm",     0, 0, 1},
        {"h100_sxm/moe.csv",                             "aiconfigurator moe",                  "h100-sxm",     4, 0, 1},
        {"h100_sxm/nccl.csv",                            "aiconfigurator nccl",                 "h100-sxm",     4, 0, 0},
        {"h100_sxm/custom_allreduce.csv",                "aiconfigurator custom all-reduce",    "h100-sxm",     1, 0, 0},
        {"a40/vidur_mlp.csv",                            "vidur dense operators",               "a40",          8, 0, 0},
        {"a40/vidur_all_reduce.csv",                     "vidur all-reduce",                    "a40",          1, 0, 1},
        {"a40/vidur_send.csv",                           "vidur send-receive",                  "a40",          0, 0, 1},
        {"RTXPRO6000_Llama-3.1-8B/tp2_dense.csv",        "llmservingsim dense operators",       "rtx-pro-6000",
         2,                                                                                                        0, 1},
        {"RTXPRO6000_Llama-3.1-8B/tp2_per_sequence.csv", "llmservingsim output operators",
         "rtx-pro-6000",                                                                                        1, 0, 1},
        {"RTXPRO6000_Llama-3.1-8B/tp2_attention.csv",    "llmservingsim attention",             "rtx-pro-6000", 2,
         0,                                                                                                           1},
        {"RTXPRO6000_Llama-3.1-8B/tp2_skew.csv",         "llmservingsim skewed attention",      "rtx-pro-6000",
         0,                                                                                                        0, 1},
        {"h800/gemm.csv",                                "infersim gemm",                       "h800-sxm",     1, 0, 0},
        {"h800/grouped.csv",                             "infersim grouped gemm",               "h800-sxm",     2, 0, 0},
        {"h800/mha/decode/32-8-128.csv",                 "infersim decode attention",           "h800-sxm",     1, 0, 0},
        {"h800/mla/decode/128-512-64.csv",               "infersim decode attention",           "h800-sxm",     1, 0, 0},
        {"h800/mla/prefill/128-128-64.csv",              "infersim mla prefill",                "h800-sxm",     1, 0, 0},
        {"h800/dsa/attn.csv",                            "infersim sparse attention",           "h800-sxm",     0, 0, 1},
        {"a100_frontier.csv",                            "frontier moe",                        "a100-80gb",    1, 0, 0},
        {"ours__matmul_A100.csv",                        "llmcompass matmul",                   "a100-80gb",    2, 0, 0},
        {"ours__softmax_A100.csv",                       "llmcompass softmax",                  "a100-80gb",    0, 0, 1},
        {"allreduce_4xA100.csv",                         "llmcompass all-reduce",               "a100-80gb",    1, 0, 0},
        {"deepep_h800.csv",                              "deepep",                              "h800-sxm",     0, 0, 1},
        {"silicon.csv",                                  "aiconfigurator end to end",           NULL,           0, 2, 2},
        {"argonne.csv",                                  "argonne llm inference bench",         NULL,           0, 2, 0},
        {"trtllm.csv",                                   "tensorrt-llm documentation",          NULL,           0, 2, 0},
        {"splitwise.csv",                                "splitwise",                           NULL,           0, 2, 0},
        {"llamacpp.csv",                                 "llama.cpp published",                 NULL,           0, 1, 0},
        {"openvino.csv",                                 "openvino model server",               NULL,           0, 0, 1},
        {"trace.csv",                                    "request trace",                       NULL,           0, 0, 1},
        {"trace.jsonl",                                  "request trace",                       NULL,           0, 0, 2},
        {"requests.jsonl",                               "requests of a serving run",           NULL,           0, 0, 2},
        {"kernels.csv",                                  "tokenroof kernels",                   NULL,           8, 0, 2},
        {"runs.csv",                                     "tokenroof runs",                      NULL,           0, 2, 0},
        {"vllm_serve.json",                              "vllm bench serve",                    NULL,           0, 1, 0},
        {"vllm_serve_rate.json",                         "vllm bench serve",                    NULL,           0, 0, 1},
        {"vllm_latency.json",                            "vllm bench latency",                  NULL,           0, 1, 0},
        {"genai_perf.json",                              "genai-perf",                          NULL,           0, 1, 0},
        {"llama_bench.json",                             "llama-bench",                         NULL,           0, 2, 1},
        {"llama_bench.csv",                              "llama-bench",                         NULL,           0, 1, 0},
        {"batched_bench.md",                             "llama-batched-bench",                 NULL,           0, 1, 0},
        {"batched_bench.jsonl",                          "llama-batched-bench",                 NULL,           0, 2, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct opened opened;
        open_data(&opened, rows[i].file);
        check_true(rows[i].file, opened.is_read);
        check_text(rows[i].file, opened.set.format, rows[i].format);
        check_text(rows[i].file, opened.set.device, rows[i].device);
        check_count(rows[i].file, opened.set.kernel_count, rows[i].kernels);
        check_count(rows[i].file, opened.set.run_count, rows[i].runs);
        check_count(rows[i].file, opened.set.refused, rows[i].refused);
        check_true("a refusal has a reason", !rows[i].refused == !opened.set.refused_why);
        bool says = opened.set.assumed || (rows[i].kernels == 0 && rows[i].runs == 0);
        check_true("it says what it assumed", says);
        arena_release(&opened.arena);
    }
}

static void kernels_say_what_ran(void)
{
    static const struct {
        const char *file;
        int row;
        enum kernel kernel;
        const char *variant;
        const char *shape;
        double measured_s;
        int line;
    } rows[] = {
        {"h100_sxm/gemm.csv",                         0, KERNEL_GEMM,              "bf16",            "128 x 4096 x 4096",                             14.25e-6, 3},
        {"h100_sxm/gemm.csv",                         2, KERNEL_GEMM,              "fp8_block",       "16 x 7168 x 2048",                              61.5e-6,  5},
        {"h100_sxm/context_attention.csv",            1, KERNEL_PREFILL_ATTENTION, "fp8 kv",
         "2 requests, 1024 new of 1024 tokens, 32 heads on 8 of width 128, window 256",                                                                80.5e-6,  4},
        {"h100_sxm/generation_attention.csv",         0, KERNEL_DECODE_ATTENTION,  "bf16 kv",
         "4 requests, 1 new of 2048 tokens, 32 heads on 8 of width 64",                                                                                22.5e-6,  3},
        {"h100_sxm/context_mla.csv",                  0, KERNEL_MLA_PREFILL,       "bf16 kv",
         "1 requests, 128 new of 128 tokens, 16 heads on 1 of width 544",                                                                              15.5e-6,  3},
        {"h100_sxm/context_mla_expanded.csv",         0, KERNEL_PREFILL_ATTENTION, "mla expanded",
         "1 requests, 128 new of 128 tokens, 16 heads on 16 of width 160",                                                                             15.5e-6,  3},
        {"h100_sxm/generation_mla.csv",               0, KERNEL_MLA_DECODE,        "fp8 kv",
         "2 requests, 1 new of 1024 tokens, 128 heads on 1 of width 544",                                                                              15.5e-6,  3},
        {"h100_sxm/mla_bmm.csv",                      1, KERNEL_GEMM,              "mla bmm",         "8 x 128 x 512 x 128",                           12.25e-6, 4},
        {"h100_sxm/moe.csv",                          0, KERNEL_MOE,               "balanced",
         "256 tokens, 64 of 64 experts hit, 2048 x 1024",                                                                                              310.5e-6, 3},
        {"h100_sxm/moe.csv",                          1, KERNEL_MOE,               "balanced",        "2 tokens, 4 of 64 experts hit, 2048 x 512",
         45.5e-6,                                                                                                                                                4},
        {"h100_sxm/nccl.csv",                         0, KERNEL_ALL_REDUCE,        "nccl all_reduce", "2.10 MB over 8",                                45.5e-6,
         3                                                                                                                                                        },
        {"h100_sxm/nccl.csv",                         1, KERNEL_ALL_GATHER,        "nccl all_gather", "1.05 MB over 4",                                30.5e-6,
         4                                                                                                                                                        },
        {"h100_sxm/custom_allreduce.csv",             0, KERNEL_CUSTOM_ALL_REDUCE, "vllm_graph",
         "8.19 kB over 2",                                                                                                                             4.5e-6,   3},
        {"a40/vidur_mlp.csv",                         5, KERNEL_GEMM,              "bf16",            "128 x 14336 x 4096",                            142e-6,   3},
        {"a40/vidur_mlp.csv",                         6, KERNEL_ELEMENTWISE,       "activation",      "activation 5.51 MB",                            11e-6,    3},
        {"RTXPRO6000_Llama-3.1-8B/tp2_attention.csv", 1, KERNEL_PREFILL_ATTENTION, "bf16 kv, chunk",
         "1 requests, 128 new of 640 tokens, 16 heads on 4 of width 128",                                                                              30.5e-6,  3},
        {"h800/grouped.csv",                          1, KERNEL_GEMM,              "fp8 grouped",     "8 x 7168 x 2048 x 32",                          85.5e-6,  2},
        {"ours__matmul_A100.csv",                     0, KERNEL_GEMM,              "bf16 eager",      "64 x 12288 x 12288",                            190e-6,   1},
        {"kernels.csv",                               5, KERNEL_MOE,               "bf16",            "128 tokens, 64 of 64 experts hit, 2048 x 1024",
         300e-6,                                                                                                                                                 7},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct opened opened;
        struct text shape;
        text_init(&shape);
        open_data(&opened, rows[i].file);
        check_true(rows[i].file, opened.set.kernel_count > rows[i].row);
        if (opened.set.kernel_count > rows[i].row) {
            const struct kernel_sample *sample = &opened.set.kernels[rows[i].row];
            sample_describe(sample, &shape);
            check_text(rows[i].file, kernel_names[sample->op.kernel], kernel_names[rows[i].kernel]);
            check_text(rows[i].file, sample->variant, rows[i].variant);
            check_text(rows[i].file, text_string(&shape), rows[i].shape);
            check_close(rows[i].file, sample->measured_s, rows[i].measured_s, 1e-12);
            check_count(rows[i].file, sample->line, rows[i].line);
        }
        text_release(&shape);
        arena_release(&opened.arena);
    }
}

static void runs_say_what_ran(void)
{
    static const struct {
        const char *file;
        int row;
        const char *model;
        const char *device;
        int batch, input, output, devices;
        enum format weights;
        enum launch_mode launch;
        double ttft_s, tpot_s, e2e_s;
    } rows[] = {
        {"silicon.csv",         0, "qwen3-32b",       "h100-sxm",  1,  1024, 128, 2, FORMAT_BF16,  LAUNCH_GRAPH,
         84.5e-3,                                                                                                            16.5e-3, NAN },
        {"silicon.csv",         1, "qwen3-32b",       "h200-sxm",  16, 1024, 128, 2, FORMAT_FP8,   LAUNCH_GRAPH,    NAN,
         16.5e-3,                                                                                                                     NAN },
        {"argonne.csv",         0, "llama-2-7b",      "a100-40gb", 16, 128,  256, 2, FORMAT_FP16,  LAUNCH_GRAPH,
         NAN,                                                                                                                NAN,     4.25},
        {"argonne.csv",         1, "mistral-7b-v0.1", "a100-40gb", 1,  128,  128, 1, FORMAT_FP16,
         LAUNCH_COMPILED,                                                                                           NAN,     NAN,     1.5 },
        {"trtllm.csv",          1, "mixtral-8x7b",    "a100-80gb", 1,  128,  1,   2, FORMAT_FP16,  LAUNCH_COMPILED,
         40.5e-3,                                                                                                            NAN,     NAN },
        {"splitwise.csv",       0, "llama-2-70b",     "a100-80gb", 1,  512,  128, 8, FORMAT_FP16,  LAUNCH_EAGER,
         95.5e-3,                                                                                                            44.5e-3, NAN },
        {"llamacpp.csv",        0, "gpt-oss-20b",     "m2-ultra",  2,  512,  33,  1, FORMAT_MXFP4, LAUNCH_COMPILED,
         0.5,                                                                                                                12.5e-3, NAN },
        {"runs.csv",            1, "llama-3.1-8b",    "h100-sxm",  1,  1024, 128, 1, FORMAT_FP8,   LAUNCH_GRAPH,
         22e-3,                                                                                                              4.5e-3,  NAN },
        {"vllm_serve.json",     0, "llama-3.1-8b",    NULL,        16, 1024, 128, 1, FORMAT_BF16,  LAUNCH_GRAPH,
         NAN,                                                                                                                8.25e-3, NAN },
        {"vllm_latency.json",   0, NULL,              NULL,        0,  0,    0,   1, FORMAT_BF16,  LAUNCH_GRAPH,    NAN,     NAN,     1.25},
        {"genai_perf.json",     0, "llama-3.1-8b",    NULL,        8,  550,  128, 1, FORMAT_BF16,  LAUNCH_GRAPH,    NAN,
         9.25e-3,                                                                                                                     NAN },
        {"llama_bench.json",    0, "llama-3.1-8b",    "rtx-4090",  1,  512,  1,   1, FORMAT_Q8_0,
         LAUNCH_COMPILED,                                                                                           50.5e-3, NAN,     NAN },
        {"llama_bench.json",    1, "llama-3.1-8b",    "rtx-4090",  1,  1,    129, 1, FORMAT_Q8_0,
         LAUNCH_COMPILED,                                                                                           NAN,     10e-3,   NAN },
        {"llama_bench.csv",     0, "llama-3.1-8b",    "rtx-4090",  1,  1,    129, 1, FORMAT_Q8_0,
         LAUNCH_COMPILED,                                                                                           NAN,     10e-3,   NAN },
        {"batched_bench.md",    0, NULL,              NULL,        4,  128,  129, 1, FORMAT_FP16,  LAUNCH_COMPILED, 0.25,
         20e-3,                                                                                                                       NAN },
        {"batched_bench.jsonl", 1, NULL,              NULL,        4,  128,  129, 1, FORMAT_FP16,  LAUNCH_COMPILED, NAN,
         20e-3,                                                                                                                       NAN },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *file = rows[i].file;
        struct opened opened;
        open_data(&opened, file);
        check_true(file, opened.set.run_count > rows[i].row);
        if (opened.set.run_count > rows[i].row) {
            const struct run_sample *run = &opened.set.runs[rows[i].row];
            check_text(file, run->model, rows[i].model);
            check_text(file, run->device, rows[i].device);
            check_count(file, run->workload.batch, rows[i].batch);
            check_count(file, run->workload.input_tokens, rows[i].input);
            check_count(file, run->workload.output_tokens, rows[i].output);
            check_count(file, run->devices, rows[i].devices);
            check_text(file, format_names[run->precision.weights], format_names[rows[i].weights]);
            check_count(file, run->launch, rows[i].launch);
            const double actual[] = {run->ttft_s, run->tpot_s, run->e2e_s};
            const double expected[] = {rows[i].ttft_s, rows[i].tpot_s, rows[i].e2e_s};
            for (int k = 0; k < 3; k++)
                if (isnan(expected[k]))
                    check_true(file, isnan(actual[k]));
                else
                    check_close(file, actual[k], expected[k], 1e-9);
        }
        arena_release(&opened.arena);
    }
}

static void damaged_files_say_where(void)
{
    static const struct {
        const char *file;
        const char *message;
    } rows[] = {
        {"empty.csv",            "data/empty.csv: error: the file is empty"                             },
        {"h800/damaged.csv",     "data/h800/damaged.csv:2:4: error: 'seven' is no number"               },
        {"h800/damaged.csv",     "data/h800/damaged.csv:3:1: error: the row has 4 cells, the header 5"  },
        {"h800/damaged.csv",     "data/h800/damaged.csv:4:1: error: a quoted cell does not end"         },
        {"h100_sxm/missing.csv", "data/h100_sxm/missing.csv:2:1: error: column 'k' is missing"          },
        {"unknown.csv",          "data/unknown.csv:1:1: error: no known format has these columns"       },
        {"unknown.json",         "data/unknown.json:1:1: error: no known benchmark writes this document"},
        {"damaged.json",         "data/damaged.json:2:1: error: "                                       },
        {"nowhere.csv",          "data/nowhere.csv: error: can't be read: No such file"                 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct opened opened;
        struct text said;
        text_init(&said);
        open_data(&opened, rows[i].file);
        diags_print(&opened.diags, &said);
        check_true(rows[i].file, !opened.is_read);
        check_true("the set is untouched", opened.set.format == NULL);
        check_contains(rows[i].file, text_string(&said), rows[i].message);
        text_release(&said);
        arena_release(&opened.arena);
    }
}

/* Repeated measurements share their key, so no fit sees one and is judged by the other. */
static void repeats_are_held_out_together(void)
{
    struct opened opened;
    open_data(&opened, "h100_sxm/gemm.csv");
    const struct kernel_sample *samples = opened.set.kernels;
    check_true("same shape", samples[0].key == samples[1].key);
    check_true("other shape", samples[0].key != samples[2].key);
    int held = 0;
    for (uint64_t seed = 0; seed < 10000; seed++) {
        bool first = sample_is_held_out(&samples[0], seed, 0.2);
        held += first;
        if (first != sample_is_held_out(&samples[1], seed, 0.2))
            check_true("together", false);
    }
    check_close("a fifth", held / 10000.0, 0.2, 0.05);
    arena_release(&opened.arena);
}

static void names_are_translated(void)
{
    static const char *const devices[][2] = {
        {"NVIDIA H100 80GB HBM3",     "h100-sxm"    },
        {"NVIDIA A100-SXM4-80GB",     "a100-80gb"   },
        {"NVIDIA A100-SXM4-40GB",     "a100-40gb"   },
        {"RTXPRO6000_Qwen_Qwen3-32B", "rtx-pro-6000"},
        {"Xeon Platinum 8480+",       "xeon-8480"   },
        {"NVIDIA GeForce RTX 4090",   "rtx-4090"    },
        {"a toaster",                 NULL          },
        {"data40",                    NULL          },
    };
    static const char *const models[][2] = {
        {"meta-llama/Llama-2-7b-hf",               "llama-2-7b"     },
        {"meta-llama/Meta-Llama-3-8B",             "llama-3-8b"     },
        {"meta-llama/Llama-3.1-8B-Instruct",       "llama-3.1-8b"   },
        {"mistralai/Mistral-7B-v0.1",              "mistral-7b-v0.1"},
        {"mistralai/Mixtral-8x7B-Instruct-v0.1",   "mixtral-8x7b"   },
        {"openai/gpt-oss-120b",                    "gpt-oss-120b"   },
        {"ggml-org/Qwen2.5-Coder-7B-Q8_0-GGUF",    "qwen2.5-7b"     },
        {"Qwen3-Coder-30B-A3B-Instruct-Q8_0-GGUF", "qwen3-30b-a3b"  },
        {"ggml-org/gemma-3-4b-it-qat-GGUF",        "gemma-3-4b"     },
    };
    struct arena arena;
    arena_init(&arena);
    struct sink *sink = arena_alloc(&arena, sizeof *sink);
    sink->arena = &arena;
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        check_text(devices[i][0], import_device(devices[i][0]), devices[i][1]);
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        check_text(models[i][0], import_model(sink, models[i][0]), models[i][1]);
    arena_release(&arena);
}

static bool is_table(const char *name)
{
    static const char *const endings[] = {".csv", ".csv.gz", ".jsonl", ".jsonl.gz"};
    size_t length = strlen(name);
    for (int i = 0; i < 4; i++) {
        size_t cut = strlen(endings[i]);
        if (length > cut && strcmp(name + length - cut, endings[i]) == 0)
            return true;
    }
    return false;
}

/* Reads every table below `folder`; returns how many there were. */
static int read_folder(const char *folder)
{
    int count = 0;
    DIR *listing = opendir(folder);
    if (!listing)
        return 0;
    for (struct dirent *entry = readdir(listing); entry; entry = readdir(listing)) {
        char path[1024];
        struct stat status;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (*entry->d_name == '.' || stat(path, &status) != 0)
            continue;
        if (S_ISDIR(status.st_mode))
            count += read_folder(path);
        else if (is_table(entry->d_name)) {
            struct opened opened;
            open_file(&opened, path);
            const struct sample_set *set = &opened.set;
            check_true(path, opened.is_read);
            check_at_least(path, (double)(set->kernel_count + set->run_count + set->refused), 1.0);
            for (int64_t i = 0; i < set->kernel_count; i++)
                if (!(set->kernels[i].measured_s > 0.0))
                    check_true(path, false);
            arena_release(&opened.arena);
            count++;
        }
    }
    closedir(listing);
    return count;
}

static void shared_data_is_read(void)
{
    struct stat status;
    if (stat(TOKENROOF_SOURCE "/../shared/data", &status) != 0) {
        printf("\n    skipped: ../shared/data is not there");
        check_true("skipped", true);
        return;
    }
    check_at_least("tables", read_folder(TOKENROOF_SOURCE "/../shared/data"), 1.0);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"formats are recognised",        formats_are_recognised},
        {"kernels say what ran",                               kernels_say_what_ran},
        {"runs say what ran",runs_say_what_ran},
        {"damaged files say where",             damaged_files_say_where},
        {"repeats are held out together",                               repeats_are_held_out_together},
        {"names are translated",names_are_translated},
        {"shared data is read", shared_data_is_read},
        {0                              }
    };
    return check_main("samples", cases);
}
