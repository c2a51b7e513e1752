#include "sweep/load_search.h"

#include "base/text.h"
#include "conf/quantity.h"

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

/* Where messages go. */
struct bar_reader {
    struct arena *arena;
    struct diags *diags;
};

static bool refuse(const struct bar_reader *reader, const char *option, const char *what,
                   const char *hint)
{
    diag_add(reader->diags, SEVERITY_ERROR, (struct place){.source = option}, "%s", what);
    if (hint)
        diag_hint(reader->diags, "%s", hint);
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
static bool parse_bar(const struct bar_reader *reader, const char *text, struct bar *bar)
{
    struct arena *arena = reader->arena;
    const char *option = arena_printf(arena, "--slo %s", text);
    const char *equals = strchr(text, '=');
    if (!equals)
        return refuse(reader, option, "a promise is a figure and its limit",
                      "write for example: --slo ttft_p99=2s,tpot_p99=50ms");
    size_t length = (size_t)(equals - text);
    length -= length > 0 && (equals[-1] == '<' || equals[-1] == '>');
    const char *name = arena_strndup(arena, text, length);
    bar->figure = figure_of(arena, name);
    if (bar->figure == FIGURE_COUNT) {
        const char *near = closest_name(name, figure_names, FIGURE_COUNT);
        return refuse(reader, option, arena_printf(arena, "no figure is called '%s'", name),
                      near ? arena_printf(arena, "did you mean '%s'?", near)
                           : "write for example: --slo ttft_p99=2s,tpot_p99=50ms,good_share=0.99");
    }
    const char *suggestion = NULL;
    bool is_time = strcmp(figure_units[bar->figure], "s") == 0;
    bar->is_least = bar->figure == FIGURE_GOOD_SHARE;
    if (quantity_parse(arena, equals + 1, is_time ? DIM_SECOND : DIM_NUMBER, &bar->limit,
                       &suggestion) == QUANTITY_OK)
        return true;
    return refuse(reader, option, arena_printf(arena, "'%s' is no limit", equals + 1),
                  is_time ? "write a time with its unit, for example: ttft_p99=2s"
                          : "write a plain number, for example: good_share=0.99");
}

bool load_search_parse(const char *find, const char *slo, struct arena *arena, struct diags *diags,
                       struct load_search *out)
{
    const struct bar_reader reader = {arena, diags};
    bool is_fine = true;
    *out = (struct load_search){.is_wanted = find != NULL};
    if (!find && slo)
        return refuse(&reader, "--slo", "a promise without a search has no effect",
                      "add --find max-rate; goodput is asked for by serving.slo");
    if (!find)
        return true;
    out->is_concurrency = strcmp(find, "max-concurrency") == 0;
    for (const char *at = slo; at && *at;) {
        size_t length = strcspn(at, ",");
        if (out->bar_count == BARS_MAX)
            return refuse(&reader, "--slo", "more than 16 promises", NULL);
        is_fine &=
            parse_bar(&reader, arena_strndup(arena, at, length), &out->bars[out->bar_count++]);
        at += length;
        at += *at == ',';
    }
    return is_fine;
}

static void add_promise(struct load_search *out, enum figure figure, double limit_s)
{
    if (!isnan(limit_s))
        out->bars[out->bar_count++] = (struct bar){figure, limit_s, false};
}

struct load_search_problem load_search_prepare(const struct load_search *search,
                                               const struct serving_load *load, struct arena *arena,
                                               struct load_search *out)
{
    enum arrival_kind kind = load->arrivals.kind;
    *out = *search;
    if (search->is_concurrency != (kind == ARRIVAL_CLOSED) || kind == ARRIVAL_BURST)
        return (struct load_search_problem){
            arena_printf(arena, "--find %s",
                         search->is_concurrency ? "max-concurrency" : "max-rate"),
            search->is_concurrency ? "only a closed loop has clients to add"
                                   : "these arrivals have no rate to change",
            search->is_concurrency ? "add -s serving.arrivals.kind=closed"
                                   : "choose arrivals.kind poisson, gamma, fixed or trace"};
    if (out->bar_count == 0) {
        add_promise(out, FIGURE_TTFT_P99, load->slo.ttft_s);
        add_promise(out, FIGURE_TPOT_P99, load->slo.tpot_s);
        add_promise(out, FIGURE_E2E_P99, load->slo.e2e_s);
    }
    if (out->bar_count == 0)
        return (struct load_search_problem){"--find", "a search needs a promise",
                                            "add for example: --slo ttft_p99=2s,tpot_p99=50ms"};
    return (struct load_search_problem){0};
}

static bool keeps_bars(const struct load_search *search, const struct figures *figures)
{
    for (int i = 0; i < search->bar_count; i++) {
        const struct bar *bar = &search->bars[i];
        double value = figures->value[bar->figure];
        if (!(bar->is_least ? value >= bar->limit : value <= bar->limit))
            return false;
    }
    return true;
}

/* What a trial needs and what became of it. */
struct load_trial {
    const struct load_search *search;
    struct experiment *experiment;
    enum server_status status;
    int64_t requests;      /* as the what-if asks for */
    int64_t kept_requests; /* of the latest trial that kept its promise */
};

static void set_load(const struct load_search *search, struct experiment *experiment, double load)
{
    struct arrivals *arrivals = &experiment->source.load.arrivals;
    if (!search->is_concurrency) {
        arrivals->rate_per_s = load;
        return;
    }
    arrivals->concurrency = llrint(load);
    bool is_by_client = experiment->source.load.requests == 0;
    if (is_by_client) /* ten each, as where the what-if asks for it */
        experiment->source.requests = 10 * arrivals->concurrency;
}

/* Longer runs tell whether a rate is sustained; clients of a closed loop wait by themselves, and a
 * trace is as long as it is. */
static bool can_be_longer(const struct experiment *experiment)
{
    enum arrival_kind kind = experiment->source.load.arrivals.kind;
    return kind == ARRIVAL_POISSON || kind == ARRIVAL_GAMMA || kind == ARRIVAL_FIXED;
}

static bool play_trial(struct load_trial *trial, struct served *served)
{
    if (trial->status == SERVER_FINE)
        trial->status = experiment_play(trial->experiment, served, NULL);
    return trial->status == SERVER_FINE && keeps_bars(trial->search, &served->mean);
}

static bool trial_keeps(void *context, double load)
{
    struct load_trial *trial = context;
    struct experiment *experiment = trial->experiment;
    struct served served;
    experiment->source.requests = trial->requests;
    set_load(trial->search, experiment, load);
    while (play_trial(trial, &served)) {
        int64_t requests = experiment->source.requests;
        bool is_steady = served.growth_ratio <= steady_growth && requests >= steady_least;
        if (is_steady || !can_be_longer(experiment)) {
            trial->kept_requests = requests;
            return true;
        }
        if (requests >= lengthened_most)
            return false;
        experiment->source.requests *= lengthening;
    }
    return false;
}

enum server_status load_search_run(const struct load_search *search, struct experiment *experiment,
                                   struct served *served, struct collector *keep,
                                   struct capacity_answer *answer)
{
    int64_t requests = experiment->source.requests;
    struct load_trial trial = {search, experiment, SERVER_FINE, requests, requests};
    const struct arrivals *arrivals = &experiment->source.load.arrivals;
    double guess = search->is_concurrency ? (double)arrivals->concurrency : arrivals->rate_per_s;
    guess = isnan(guess) ? 1.0 : guess;
    struct capacity_question question = {
        .keeps = trial_keeps,
        .context = &trial,
        .guess = guess,
        .least = search->is_concurrency ? 1.0 : guess / search_span,
        .most = search->is_concurrency ? 65536.0 : guess * search_span,
        .tolerance_ratio = tolerance_ratio,
    };
    if (question.guess > question.most)
        question.most = question.guess;
    *answer = capacity_find(&question);
    if (search->is_concurrency)
        answer->load = floor(answer->load + 0.5);
    bool is_never = answer->status == CAPACITY_NEVER;
    experiment->source.requests = is_never ? requests : trial.kept_requests;
    set_load(search, experiment, is_never ? answer->broken : answer->load);
    *served = (struct served){.run = experiment->run, .load = &experiment->source.load};
    return trial.status == SERVER_FINE ? experiment_play(experiment, served, keep) : trial.status;
}

const char *load_search_text(const struct load_search *search, const struct capacity_answer *answer,
                             const struct served *served, struct arena *arena)
{
    const char *bars = "";
    const char *what = search->is_concurrency ? "number of clients" : "rate";
    const char *unit = search->is_concurrency ? "" : " /s";
    double broken = search->is_concurrency ? rint(answer->broken) : answer->broken;
    for (int i = 0; i < search->bar_count; i++) {
        char limit[SI_TEXT_BYTES];
        const struct bar *bar = &search->bars[i];
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
        search->is_concurrency ? "break it" : "breaks it or is not sustained", answer->trials,
        text_count(sent, served->requests));
}
