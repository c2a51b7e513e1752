/* Whole engines as published: static batches become runs, everything else is refused with why. */
#include "validate/import.h"

#include <math.h>
#include <string.h>

static void set_precision(struct run_sample *run, enum format all)
{
    run->precision = (struct precision){all, all, all, HEAD_AUTO};
}

static void read_silicon(struct csv *csv, struct sink *sink)
{
    static const char *const names[] = {"isl", "osl", "batch_size", "tp_size", "pp_size"};
    struct csv_source sources[5];
    for (int i = 0; i < 5; i++)
        sources[i] = csv_need(csv, names[i]);
    struct csv_source group = csv_need(csv, "source_group");
    struct csv_source model = csv_need(csv, "model_path");
    struct csv_source system = csv_need(csv, "system");
    struct csv_source backend = csv_need(csv, "backend");
    struct csv_source precision = csv_need(csv, "precision");
    struct csv_source ttft = csv_need(csv, "ttft_ms");
    struct csv_source tpot = csv_need(csv, "tpot_ms");
    sink->set->assumed =
        "closed loop of batch = concurrency, fixed lengths: each token of a request "
        "waits for its share of the others' prefills; TPOT = mean over requests; "
        "TTFT only of single requests: others meet busy engines";
    while (csv_next(csv)) {
        double sizes[5];
        for (int i = 0; i < 5; i++)
            sizes[i] = csv_number(csv, &sources[i]);
        bool is_static = strcmp(csv_text(csv, &group), "inferencemax") != 0;
        if (!is_static) {
            sink_refuse(sink, "a closed loop of requests of mixed lengths is no static batch");
            continue;
        }
        if (!sink_accepts(sink, sizes, 5))
            continue;
        if (sizes[4] > 1.5) {
            sink_refuse(sink, "pipeline parallel");
            continue;
        }
        struct run_sample *run = sink_run(sink, csv_line(csv));
        run->model = import_model(sink, csv_text(csv, &model));
        run->device = import_device(csv_text(csv, &system));
        run->variant = sink_word(sink, csv_text(csv, &backend));
        run->workload = (struct workload){(int64_t)sizes[2], (int64_t)sizes[0], (int64_t)sizes[1]};
        run->devices = (int64_t)sizes[3];
        run->is_closed_loop = true;
        if (strcmp(csv_text(csv, &precision), "fp8") == 0)
            run->precision = (struct precision){FORMAT_FP8, FORMAT_FP8, FORMAT_FP8, HEAD_AUTO};
        if (run->workload.batch == 1)
            run->ttft_s = 1e-3 * csv_number(csv, &ttft);
        run->tpot_s = 1e-3 * csv_number(csv, &tpot);
    }
}

static void read_argonne(struct csv *csv, struct sink *sink)
{
    static const char *const names[] = {"batch", "in_len", "out_len", "n_dev", "latency_s"};
    struct csv_source sources[5];
    for (int i = 0; i < 5; i++)
        sources[i] = csv_need(csv, names[i]);
    struct csv_source framework = csv_need(csv, "framework");
    struct csv_source model = csv_need(csv, "model");
    struct csv_source hardware = csv_need(csv, "hw");
    sink->set->assumed = "fp16; static batch; latency of the whole batch, prefill included";
    while (csv_next(csv)) {
        double s[5];
        for (int i = 0; i < 5; i++)
            s[i] = csv_number(csv, &sources[i]);
        if (!sink_accepts(sink, s, 5))
            continue;
        struct run_sample *run = sink_run(sink, csv_line(csv));
        run->model = import_model(sink, csv_text(csv, &model));
        run->variant = sink_word(sink, csv_text(csv, &framework));
        run->workload = (struct workload){(int64_t)s[0], (int64_t)s[1], (int64_t)s[2]};
        run->devices = (int64_t)s[3];
        run->e2e_s = s[4];
        set_precision(run, FORMAT_FP16);
        /* the paper's A100 has 40 GB */
        bool is_a100 = strcmp(csv_text(csv, &hardware), "A100") == 0;
        run->device = is_a100 ? "a100-40gb" : import_device(csv_text(csv, &hardware));
        if (strcmp(csv_text(csv, &framework), "vLLM") != 0)
            run->launch = LAUNCH_COMPILED;
        else
            run->program = "vllm-0.5";
    }
}

static void read_trtllm(struct csv *csv, struct sink *sink)
{
    static const char *const names[] = {"batch", "in_len", "out_len", "tp", "value"};
    struct csv_source sources[5];
    for (int i = 0; i < 5; i++)
        sources[i] = csv_need(csv, names[i]);
    struct csv_source kind = csv_need(csv, "kind");
    struct csv_source gpu = csv_need(csv, "gpu");
    struct csv_source precision = csv_need(csv, "precision");
    struct csv_source model = csv_need(csv, "model");
    sink->set->engine = "TensorRT-LLM 0.9";
    sink->set->assumed = "static batch; output tokens per second and GPU over prefill and decode; "
                         "time to the first token of the whole batch";
    while (csv_next(csv)) {
        double s[5];
        for (int i = 0; i < 5; i++)
            s[i] = csv_number(csv, &sources[i]);
        if (!sink_accepts(sink, s, 5))
            continue;
        bool is_first = strcmp(csv_text(csv, &kind), "first_token") == 0;
        struct run_sample *run = sink_run(sink, csv_line(csv));
        run->model = import_model(sink, csv_text(csv, &model));
        run->device = import_device(csv_text(csv, &gpu));
        run->variant = "TensorRT-LLM";
        run->workload = (struct workload){(int64_t)s[0], (int64_t)s[1], (int64_t)s[2]};
        run->devices = (int64_t)s[3];
        run->launch = LAUNCH_COMPILED;
        set_precision(run,
                      strcmp(csv_text(csv, &precision), "FP8") == 0 ? FORMAT_FP8 : FORMAT_FP16);
        run->ttft_s = is_first ? 1e-3 * s[4] : (double)NAN;
        run->output_tok_per_s = is_first ? (double)NAN : s[4] * s[3];
    }
}

static void read_splitwise(struct csv *csv, struct sink *sink)
{
    static const char *const names[] = {"batch_size",      "prompt_size", "token_size",
                                        "tensor_parallel", "prompt_time", "token_time"};
    struct csv_source sources[6];
    for (int i = 0; i < 6; i++)
        sources[i] = csv_need(csv, names[i]);
    struct csv_source model = csv_need(csv, "model");
    struct csv_source hardware = csv_need(csv, "hardware");
    sink->set->engine = "vLLM 2023";
    sink->set->assumed = "fp16, eager; TTFT = time of the prompt step, TPOT = mean of decode steps";
    while (csv_next(csv)) {
        double s[6];
        for (int i = 0; i < 6; i++)
            s[i] = csv_number(csv, &sources[i]);
        if (!sink_accepts(sink, s, 6))
            continue;
        struct run_sample *run = sink_run(sink, csv_line(csv));
        run->model = import_model(sink, csv_text(csv, &model));
        run->device = import_device(csv_text(csv, &hardware));
        run->variant = "vLLM eager";
        run->workload = (struct workload){(int64_t)s[0], (int64_t)s[1], (int64_t)s[2]};
        run->devices = (int64_t)s[3];
        run->launch = LAUNCH_EAGER;
        run->program = "vllm-0.2";
        run->ttft_s = 1e-3 * s[4];
        run->tpot_s = 1e-3 * s[5];
        set_precision(run, FORMAT_FP16);
    }
}

/* What ggml-org publishes under a name: mxfp4 gpt-oss, quantisation-aware q4_0, else q8_0. */
static enum format ggml_format(const char *name)
{
    if (strstr(name, "gpt-oss"))
        return FORMAT_MXFP4;
    return strstr(name, "qat") ? FORMAT_Q4_0 : FORMAT_Q8_0;
}

static void read_llamacpp_published(struct csv *csv, struct sink *sink)
{
    static const char *const names[] = {"batch", "pp", "tg", "t_pp_s", "t_tg_s"};
    struct csv_source sources[5];
    for (int i = 0; i < 5; i++)
        sources[i] = csv_need(csv, names[i]);
    struct csv_source model = csv_need(csv, "model");
    struct csv_source device = csv_need(csv, "device");
    sink->set->engine = "llama.cpp";
    sink->set->assumed = "static batch; TTFT = prefill of all prompts, TPOT = decode time / tokens "
                         "per request; fp16 activations and KV cache";
    while (csv_next(csv)) {
        double s[5];
        for (int i = 0; i < 5; i++)
            s[i] = csv_number(csv, &sources[i]);
        if (!sink_accepts(sink, s, 5))
            continue;
        struct run_sample *run = sink_run(sink, csv_line(csv));
        run->model = import_model(sink, csv_text(csv, &model));
        run->device = import_device(csv_text(csv, &device));
        run->variant = "llama.cpp";
        /* the first token comes from the prefill, tg steps follow */
        run->workload = (struct workload){(int64_t)s[0], (int64_t)s[1], (int64_t)s[2] + 1};
        set_precision(run, FORMAT_FP16);
        run->precision.weights = ggml_format(csv_text(csv, &model));
        run->ttft_s = s[3];
        run->tpot_s = s[4] / s[2];
        run->launch = LAUNCH_COMPILED;
    }
}

/* llama-bench -o csv: the same keys as its JSON. */
static void read_llama_bench(struct csv *csv, struct sink *sink)
{
    struct csv_source type = csv_need(csv, "model_type");
    struct csv_source filename = csv_need(csv, "model_filename");
    struct csv_source gpu = csv_or_text(csv, "gpu_info", "");
    struct csv_source cpu = csv_or_text(csv, "cpu_info", "");
    struct csv_source prompt = csv_need(csv, "n_prompt");
    struct csv_source generated = csv_need(csv, "n_gen");
    struct csv_source depth = csv_or_number(csv, "n_depth", 0.0);
    struct csv_source time = csv_need(csv, "avg_ns");
    while (csv_next(csv)) {
        struct llama_bench_row row = {
            .type = csv_text(csv, &type),
            .filename = csv_text(csv, &filename),
            .device = *csv_text(csv, &gpu) ? csv_text(csv, &gpu) : csv_text(csv, &cpu),
            .prompt = csv_number(csv, &prompt),
            .generated = csv_number(csv, &generated),
            .depth = csv_number(csv, &depth),
            .seconds = 1e-9 * csv_number(csv, &time),
            .line = csv_line(csv),
        };
        import_llama_bench_row(sink, &row);
    }
}

static const char open_loop[] =
    "requests arrive over time: no static batch; use `tokenroof simulate`";
static const char trace[] = "a trace of requests holds no measured times";

const struct format_row import_run_formats[] = {
    {"aiconfigurator end to end",
     {"source_group", "model_path", "ttft_ms", "tpot_ms"},
     NULL, read_silicon,
     NULL},
    {"argonne llm inference bench",
     {"hw", "framework", "in_len", "out_len", "latency_s"},
     NULL, read_argonne,
     NULL},
    {"tensorrt-llm documentation",                          {"trtllm_version", "kind", "value"}, NULL, read_trtllm, NULL},
    {"splitwise",
     {"prompt_size", "token_size", "prompt_time", "token_time"},
     NULL, read_splitwise,
     NULL},
    {"llama.cpp published",
     {"t_pp_s", "t_tg_s", "batch", "pp", "tg"},
     NULL, read_llamacpp_published,
     NULL},
    {"llama-bench",                          {"model_type", "n_prompt", "n_gen", "avg_ns"}, NULL, read_llama_bench, NULL},
    {"openvino model server",  {"request_rate_per_s", "throughput_tok_s"}, NULL, NULL, open_loop},
    {"vllm log",                         {"prompt_throughput", "gen_throughput", "running"}, NULL, NULL, open_loop},
    {"request trace",                         {"input_toks", "output_toks", "arrival_time_ns"}, NULL, NULL, trace},
    {"request trace",                   {"num_prefill_tokens", "num_decode_tokens"}, NULL, NULL, trace},
    {"request trace",                          {"TIMESTAMP", "ContextTokens", "GeneratedTokens"}, NULL, NULL, trace},
    {0                         }
};
