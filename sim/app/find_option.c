#include "app/find_option.h"

#include <math.h>
#include <string.h>

static const double tolerance_ratio = 0.01;

/* What the requests in flight may grow by over the later half of a run, as a share of all requests:
 * as much as under an overload of the search's tolerance (half of which falls in that half). n
 * Poisson arrivals make it uncertain by 1/(2·√n): runs of fewer requests can't tell. */
static const double steady_growth = 0.005;
static const int64_t steady_least = 10000;
static const int64_t lengthening = 4;
static const int64_t lengthened_most = 100000;
static const double search_span = 1048576.0; /* the guess times and divided by this */

static bool refuse(struct session *session, const char *option, const char *what, const char *hint)
{
    diag_add(&session->diags, SEVERITY_ERROR, (struct place){.source = option}, "%s", what);
    if (hint)
        diag_hint(&session->diags, "%s", hint);
    return false;
}

/* The figure called `name`, `name`_s or, for a latency, `name`_p99_s; FIGURE_COUNT = none. */
static enum figure figure_of(struct arena *arena, const char *name)
{
    for (int form = 0; form < 3; form++)
        for (int f = 0; f < FIGURE_COUNT; f++) {
            const char *full = form == 0   ? name
                               : form == 1 ? arena_printf(arena, "%s_s", name)
                                           : arena_printf(arena, "%s_p99_s", name);
            if (strcmp(figure_names[f], full) == 0)
                return (enum figure)f;
        }
    return FIGURE_COUNT;
}

/* One "ttft_p99=2s". */
static bool parse_bar(struct session *session, const char *text, struct bar *bar)
{
    struct arena *arena = &session->arena;
    const char *option = arena_printf(arena, "--slo %s", text);
    const char *equals = strchr(text, '=');
    if (!equals)
        return refuse(session, option, "a promise is a figure and its limit",
                      "write for example: --slo ttft_p99=2s,tpot_p99=50ms");
    size_t length = (size_t)(equals - text);
    length -= length > 0 && (equals[-1] == '<' || equals[-1] == '>');
    const char *name = arena_strndup(arena, text, length);
    bar->figure = figure_of(arena, name);
    if (bar->figure == FIGURE_COUNT) {
        const char *near = closest_name(name, figure_names, FIGURE_COUNT);
        return refuse(session, option, arena_printf(arena, "no figure is called '%s'", name),
                      near ? arena_printf(arena, "did you mean '%s'?", near)
                           : "write for example: --slo ttft_p99=2s,tpot_p99=50ms,good_share=0.99");
    }
    const char *suggestion = NULL;
    bool is_time = strcmp(figure_units[bar->figure], "s") == 0;
    bar->is_least = bar->figure == FIGURE_GOOD_SHARE;
    if (quantity_parse(arena, equals + 1, is_time ? DIM_SECOND : DIM_NUMBER, &bar->limit,
                       &suggestion) == QUANTITY_OK)
        return true;
    return refuse(session, option, arena_printf(arena, "'%s' is no limit", equals + 1),
                  is_time ? "write a time with its unit, for example: ttft_p99=2s"
                          : "write a plain number, for example: good_share=0.99");
}

static void add_promise(struct find_option *out, enum figure figure, double limit_s)
{
    if (!isnan(limit_s))
        out->bars[out->bar_count++] = (struct bar){figure, limit_s, false};
}

static bool parse_bars(const char *slo, struct session *session, const struct plan *plan,
                       struct find_option *out)
{
    const struct slo *promised = &plan->config.serving.load.slo;
    bool is_fine = true;
    if (!slo) {
        add_promise(out, FIGURE_TTFT_P99, promised->ttft_s);
        add_promise(out, FIGURE_TPOT_P99, promised->tpot_s);
        add_promise(out, FIGURE_E2E_P99, promised->e2e_s);
    }
    for (const char *at = slo; at && *at;) {
        size_t length = strcspn(at, ",");
        if (out->bar_count == BARS_MAX)
            return refuse(session, "--slo", "more than 16 promises", NULL);
        is_fine &= parse_bar(session, arena_strndup(&session->arena, at, length),
                             &out->bars[out->bar_count++]);
        at += length;
        at += *at == ',';
    }
    if (out->bar_count == 0)
        return refuse(session, "--find", "a search needs a promise",
                      "add for example: --slo ttft_p99=2s,tpot_p99=50ms");
    return is_fine;
}

bool find_option_parse(const char *find, const char *slo, struct session *session,
                       const struct plan *plan, struct find_option *out)
{
    enum arrival_kind kind = plan->config.serving.load.arrivals.kind;
    *out = (struct find_option){.is_wanted = find != NULL};
    if (!find && slo)
        return refuse(session, "--slo", "a promise without a search has no effect",
                      "add --find max-rate; goodput is asked for by serving.slo");
    if (!find)
        return true;
    out->is_concurrency = strcmp(find, "max-concurrency") == 0;
    if (out->is_concurrency != (kind == ARRIVAL_CLOSED) || kind == ARRIVAL_BURST)
        return refuse(session, arena_printf(&session->arena, "--find %s", find),
                      out->is_concurrency ? "only a closed loop has clients to add"
                                          : "these arrivals have no rate to change",
                      out->is_concurrency ? "add -s serving.arrivals.kind=closed"
                                          : "choose arrivals.kind poisson, gamma, fixed or trace");
    return parse_bars(slo, session, plan, out);
}

static bool keeps_bars(const struct find_option *option, const struct figures *figures)
{
    for (int i = 0; i < option->bar_count; i++) {
        const struct bar *bar = &option->bars[i];
        double value = figures->value[bar->figure];
        if (!(bar->is_least ? value >= bar->limit : value <= bar->limit))
            return false;
    }
    return true;
}

/* What a trial needs and what became of it. */
struct trial {
    const struct find_option *option;
    struct simulation *simulation;
    int64_t requests;      /* as the what-if asks for */
    int64_t kept_requests; /* of the latest trial that kept its promise */
    bool has_failed;
};

static void set_load(const struct find_option *option, struct simulation *simulation, double load)
{
    struct arrivals *arrivals = &simulation->source.load.arrivals;
    if (!option->is_concurrency) {
        arrivals->rate_per_s = load;
        return;
    }
    arrivals->concurrency = llrint(load);
    bool is_by_client = simulation->plan->config.serving.load.requests == 0;
    if (is_by_client) /* ten each, as where the what-if asks for it */
        simulation->source.requests = 10 * arrivals->concurrency;
}

/* Longer runs tell whether a rate is sustained; clients of a closed loop wait by themselves, and a
 * trace is as long as it is. */
static bool can_be_longer(const struct simulation *simulation)
{
    enum arrival_kind kind = simulation->source.load.arrivals.kind;
    return kind == ARRIVAL_POISSON || kind == ARRIVAL_GAMMA || kind == ARRIVAL_FIXED;
}

static bool play_trial(struct trial *trial, struct served *served)
{
    trial->has_failed = trial->has_failed || !simulation_play(trial->simulation, served, NULL);
    trial->simulation->is_trial = true;
    return !trial->has_failed && keeps_bars(trial->option, &served->mean);
}

static bool trial_keeps(void *context, double load)
{
    struct trial *trial = context;
    struct simulation *simulation = trial->simulation;
    struct served served;
    simulation->source.requests = trial->requests;
    set_load(trial->option, simulation, load);
    while (play_trial(trial, &served)) {
        int64_t requests = simulation->source.requests;
        bool is_steady = served.growth_ratio <= steady_growth && requests >= steady_least;
        if (is_steady || !can_be_longer(simulation)) {
            trial->kept_requests = requests;
            return true;
        }
        if (requests >= lengthened_most)
            return false;
        simulation->source.requests *= lengthening;
    }
    return false;
}

bool find_option_search(const struct find_option *option, struct simulation *simulation,
                        struct served *served, struct collector *keep,
                        struct capacity_answer *answer)
{
    int64_t requests = simulation->source.requests;
    struct trial trial = {option, simulation, requests, requests, false};
    const struct arrivals *arrivals = &simulation->source.load.arrivals;
    double guess = option->is_concurrency ? (double)arrivals->concurrency : arrivals->rate_per_s;
    guess = isnan(guess) ? 1.0 : guess;
    struct capacity_question question = {
        .keeps = trial_keeps,
        .context = &trial,
        .guess = guess,
        .least = option->is_concurrency ? 1.0 : guess / search_span,
        .most = option->is_concurrency ? 65536.0 : guess * search_span,
        .tolerance_ratio = tolerance_ratio,
    };
    if (question.guess > question.most)
        question.most = question.guess;
    *answer = capacity_find(&question);
    if (option->is_concurrency)
        answer->load = floor(answer->load + 0.5);
    bool is_never = answer->status == CAPACITY_NEVER;
    simulation->source.requests = is_never ? requests : trial.kept_requests;
    set_load(option, simulation, is_never ? answer->broken : answer->load);
    return !trial.has_failed && simulation_play(simulation, served, keep);
}

const char *find_option_text(const struct find_option *option, const struct capacity_answer *answer,
                             const struct served *served, struct arena *arena)
{
    const char *bars = "";
    const char *what = option->is_concurrency ? "number of clients" : "rate";
    const char *unit = option->is_concurrency ? "" : " /s";
    double broken = option->is_concurrency ? rint(answer->broken) : answer->broken;
    for (int i = 0; i < option->bar_count; i++) {
        char limit[SI_TEXT_BYTES];
        const struct bar *bar = &option->bars[i];
        bars = arena_printf(arena, "%s%s%s %s %s", bars, i ? ", " : "", figure_names[bar->figure],
                            bar->is_least ? ">=" : "<=",
                            (*figure_units[bar->figure]
                                 ? text_si(limit, bar->limit, figure_units[bar->figure], 3)
                                 : text_plain(limit, bar->limit, 3)));
    }
    if (answer->status == CAPACITY_NEVER)
        return arena_printf(arena, "no %s keeps %s: even %.4g%s breaks it (%d simulations)", what,
                            bars, broken, unit, answer->trials);
    if (answer->status == CAPACITY_ALWAYS)
        return arena_printf(arena, "every %s up to %.4g%s keeps %s (%d simulations)", what,
                            answer->load, unit, bars, answer->trials);
    char sent[SI_TEXT_BYTES];
    return arena_printf(
        arena,
        "largest %s that keeps %s: %.4g%s (%.4g%s %s; %d loads tried, this one with %s requests)",
        what, bars, answer->load, unit, broken, unit,
        option->is_concurrency ? "break it" : "breaks it or is not sustained", answer->trials,
        text_count(sent, served->requests));
}
