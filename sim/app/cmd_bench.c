/* tokenroof bench: how many what-ifs a second, on one core. Figures are printed, never judged. */
#include "app/session.h"

#include "plots/chart_roofline.h"
#include "report/result.h"
#include "serve/server_setup.h"
#include "sweep/runner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const struct option_row rows[] = {
    {"seconds", 0, "S", "time per figure (default 1)"},
    {0     },
};

/* Processor time of this process: other work on the machine does not count. */
static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* What is predicted again and again. */
struct bench_case {
    const char *model;
    const char *device;
    struct deploy deploy;
    enum format format;
};

static const char *form_of(struct arena *arena, const struct deploy *deploy)
{
    if (deploy->dp > 1)
        return arena_printf(arena, "DP%lld EP%lld", (long long)deploy->dp, (long long)deploy->ep);
    if (deploy->pp > 1)
        return arena_printf(arena, "TP%lld PP%lld", (long long)deploy->tp, (long long)deploy->pp);
    return deploy->tp > 1 ? arena_printf(arena, "TP%lld", (long long)deploy->tp) : "";
}

/* One figure: predictions of a model on devices, batch and lengths changing from one to the next.
 */
static double what_ifs_per_s(struct session *session, const struct bench_case *bench,
                             double seconds, double *checksum)
{
    struct place place = {.source = "bench"};
    const struct model *model = load_model(&session->loader, bench->model, ".", place);
    const struct device *device = load_device(&session->loader, bench->device, ".", place);
    if (!model || !device)
        return 0.0;
    struct run run = {.model = model, .device = device, .deploy = bench->deploy};
    struct degrees degrees = run_degrees(&run);
    run.device_count = (int64_t)(degrees.tp * degrees.pp * degrees.dp);
    run.precision = (struct precision){bench->format, bench->format, FORMAT_BF16, HEAD_AUTO};
    run.engine.batched_tokens = 8192;
    run.engine.memory_utilization = 0.9;
    struct step_cost *scratch = arena_alloc(&session->arena, sizeof *scratch);
    struct predictor predictor = predictor_new(&session->arena, &run);
    double start = now_s();
    long done = 0;
    while (now_s() - start < seconds)
        for (int i = 0; i < 1000; i++, done++) {
            run.workload.batch = 1 + done % 64;
            run.workload.input_tokens = 128 + done * 37 % 1920;
            run.workload.output_tokens = 128 + done * 53 % 1920;
            *checksum += static_batch_predict(&predictor, scratch).e2e_s;
        }
    return (double)done / (now_s() - start);
}

/* Time of a roofline with 500 points on a canvas that forgets it [s]; a PNG adds its compression.
 */
static double roofline_s(char error[CANVAS_ERROR_BYTES])
{
    enum { POINTS = 500, KINDS = 7 };
    static const char *const names[KINDS] = {"a", "b", "c", "d", "e", "f", "g"};
    static const struct roof_ceiling compute[] = {
        {"bf16", 989e12},
        {"fp32", 67e12 }
    };
    static const struct roof_ceiling memory[] = {
        {"HBM3", 3.35e12}
    };
    static const struct roof roof = {"h100-sxm bf16", compute, 2, memory, 1};
    static struct roof_point points[POINTS];
    for (int i = 0; i < POINTS; i++)
        points[i] = (struct roof_point){
            .oi_flop_per_byte = pow(10.0, -1.0 + 4.0 * (i * 37 % POINTS) / POINTS),
            .flop_per_s = pow(10.0, 10.0 + 4.0 * (i * 91 % POINTS) / POINTS),
            .label = names[i % KINDS],
            .kind = i % KINDS,
            .phase = i % 2 ? ROOF_DECODE : ROOF_PREFILL,
            .time_share_ratio = 0.002,
            .potential = (double)NAN,
            .potential_normalised = (double)NAN,
        };
    struct roofline data = {&roof, 1, points, POINTS, NULL, 0, names, KINDS};
    struct chart_style style = {.width_pt = 800, .height_pt = 500};
    double start = now_s();
    struct canvas *canvas = canvas_new_for("bench.svg", 800, 500, error);
    bool is_drawn = canvas && chart_roofline_draw(&data, &style, canvas, error);
    canvas_free(canvas);
    return is_drawn ? now_s() - start : (double)NAN;
}

/* Clients that each send their next request when one is answered. */
struct clients {
    struct request_spec spec; /* of every request, but for id and arrival */
    int64_t ready;            /* clients that wait for nothing */
    int64_t left;             /* requests to send */
    int64_t now_ns;
};

static bool clients_next(void *state, struct request_spec *out)
{
    struct clients *clients = state;
    if (clients->ready == 0 || clients->left == 0)
        return false;
    clients->ready--;
    clients->left--;
    *out = clients->spec;
    out->id = clients->spec.id++;
    out->arrival_ns = clients->now_ns;
    out->output_tokens -= (int32_t)(out->id % 97); /* not all in step */
    return true;
}

static void clients_finished(void *state, int64_t id, int64_t now_ns)
{
    struct clients *clients = state;
    (void)id;
    clients->ready++;
    clients->now_ns = now_ns;
}

/* Engine steps per second of a server with 100 requests running. */
static double engine_steps_per_s(struct session *session, bool is_fast_forward,
                                 int32_t output_tokens, double seconds)
{
    struct place place = {.source = "bench"};
    struct config config = {0};
    struct reader reader = {.arena = &session->arena, .diags = &session->diags};
    schema_set_defaults(&reader, config_fields, &config);
    schema_set_defaults(&reader, server_fields, &config.serving.server);
    struct run run = {
        .model = load_model(&session->loader, "llama-3.1-8b", ".", place),
        .device = load_device(&session->loader, "h100-sxm", ".", place),
        .device_count = 1,
        .precision = {FORMAT_BF16, FORMAT_BF16, FORMAT_BF16},
        .workload = {1,           1,                      1},
        .deploy = {1         },
        .engine = {.batched_tokens = 8192,  .memory_utilization = 0.9},
    };
    if (!run.model || !run.device)
        return 0.0;
    struct predictor predictor = predictor_new(&session->arena, &run);
    struct server_options options = config.serving.server;
    options.is_fast_forward = is_fast_forward;
    options.has_prefix_cache = false;
    struct server_setup setup;
    if (server_setup_init(&setup, &session->arena, &predictor, &options) != SETUP_FINE)
        return 0.0;
    double start = now_s();
    int64_t steps = 0;
    while (now_s() - start < seconds) {
        struct arena arena;
        arena_init(&arena);
        struct clients clients = {
            {.input_tokens = 512, .output_tokens = output_tokens},
            100, 2000, 0
        };
        const struct request_source source = {&clients, clients_next, clients_finished, NULL, NULL};
        struct server *server = server_new(&arena, &setup.parts);
        server_run(server, &source);
        steps += server_counts(server).total.steps;
        server_free(server);
        arena_release(&arena);
    }
    return (double)steps / (now_s() - start);
}

static void print_engine(struct session *session, double seconds)
{
    char slow[SI_TEXT_BYTES], fast[SI_TEXT_BYTES], long_ones[SI_TEXT_BYTES];
    printf("engine steps per second of a server with 100 requests running\n");
    printf("  event by event, 512 -> 512 tokens  %s\n",
           text_si(slow, engine_steps_per_s(session, false, 512, seconds), "/s", 3));
    printf("  fast-forwarded, 512 -> 512 tokens  %s\n",
           text_si(fast, engine_steps_per_s(session, true, 512, seconds), "/s", 3));
    printf("  fast-forwarded, 512 -> 8000 tokens %s\n",
           text_si(long_ones, engine_steps_per_s(session, true, 8000, seconds), "/s", 3));
}

/* Rows of a sweep, written and forgotten. */
static bool forget(void *context, const struct block *block)
{
    *(int64_t *)context += block->tally.counts[POINT_OK] + block->tally.counts[POINT_OOM];
    return true;
}

/* A sweep over batch, input and output on every core, rows formatted with all columns: points per
 * second of wall time. */
static void print_sweep(struct session *session, const char *path, const char *what)
{
    static struct grid grid; /* large, like the next */
    static struct row_layout layout;
    struct timespec start;
    struct timespec end;
    char rate[SI_TEXT_BYTES];
    char count[SI_TEXT_BYTES];
    int64_t done = 0;
    const char *file =
        arena_printf(&session->arena, "%s/configs/bench/%s", session->loader.data_root, path);
    if (!grid_load(&session->loader, file, GRID_BY_CONFIG, NULL, 0, &grid))
        return;
    rows_layout(&grid, &layout);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct run_range range = {.grid = &grid,
                              .layout = &layout,
                              .format = ROW_CSV,
                              .end = grid.total,
                              .jobs = cores < 1 ? 1 : (int)cores,
                              .ranks = 1};
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (!runner_run(&range, forget, &done))
        return;
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds =
        (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
    printf("  %-25s %s  (%s points, %d threads)\n", what,
           text_si(rate, (double)done / seconds, "/s", 3), text_count(count, done), range.jobs);
    fflush(stdout);
}

static int run(const struct command *command, const struct options *options)
{
    (void)command;
    (void)options;
    static const struct bench_case cases[] = {
        {"llama-3.1-8b",  "h100-sxm",  {.tp = 1},                     FORMAT_BF16},
        {"olmoe-1b-7b",   "h100-sxm",  {.tp = 1},                     FORMAT_BF16},
        {"gemma-2-9b",    "h100-sxm",  {.tp = 1},                     FORMAT_BF16},
        {"deepseek-v3",   "h100-sxm",  {.tp = 1},                     FORMAT_BF16},
        {"llama-3.1-8b",  "xeon-8480", {.tp = 1},                     FORMAT_BF16},
        {"llama-3.1-70b", "h100-sxm",  {.tp = 4, .pp = 4},            FORMAT_BF16},
        {"mixtral-8x7b",  "h100-sxm",  {.tp = 1, .dp = 8, .ep = 8},   FORMAT_BF16},
        {"olmoe-1b-7b",   "h100-sxm",  {.tp = 1, .dp = 8, .ep = 8},   FORMAT_BF16},
        {"deepseek-v3",   "h100-sxm",  {.tp = 1, .dp = 32, .ep = 32}, FORMAT_FP8 },
    };
    struct session session;
    session_open(&session, options);
    const char *given = options_value(options, "seconds");
    double seconds = given ? strtod(given, NULL) : 1.0;
    double checksum = 0.0;
    printf("what-ifs per second on one core (one = prefill + whole decode of one config)\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char rate[SI_TEXT_BYTES];
        double found = what_ifs_per_s(&session, &cases[i], seconds, &checksum);
        printf("  %-14s %-10s %-10s %s\n", cases[i].model, cases[i].device,
               form_of(&session.arena, &cases[i].deploy), text_si(rate, found, "/s", 3));
        fflush(stdout);
    }
    print_engine(&session, seconds);
    printf("points of a sweep per second on all cores, all columns written as CSV\n");
    print_sweep(&session, "dense.yaml", "llama-3.1-8b, lengths");
    print_sweep(&session, "moe.yaml", "mixtral-8x7b, experts");
    print_sweep(&session, "moe-ep.yaml", "mixtral-8x7b, DP + EP");
    print_sweep(&session, "served.yaml", "1,000 requests served");
    char error[CANVAS_ERROR_BYTES] = "";
    char time[SI_TEXT_BYTES];
    printf("roofline of 500 points, drawn and labelled: %s\n",
           text_si(time, roofline_s(error), "s", 3));
    return session_close(&session, checksum > 0.0 ? EXIT_FINE : EXIT_WORLD);
}

const struct command command_bench = {
    .name = "bench",
    .usage = "[OPTIONS]",
    .summary = "Prints how many what-ifs a second this machine predicts.",
    .example = "tokenroof bench",
    .options = rows,
    .run = run,
};
