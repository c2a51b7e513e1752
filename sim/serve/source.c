#include "serve/source.h"

#include "serve/conversation.h"
#include "serve/law.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What comes next to the server from outside: a request, or a conversation's first turn. */
struct start {
    int64_t at_ns;
    int64_t index;
    int32_t turns;
    struct trace_row row; /* of the arrival trace */
};

struct source {
    const struct source_plan *plan;
    int64_t replication;
    int64_t next_id;
    int64_t promised; /* requests of all starts so far */
    struct start start;
    bool has_start;
    bool is_over; /* no start is left */
    int64_t start_index;
    double units;       /* sum of gaps so far */
    double ns_per_unit; /* of gaps */
    struct trace_player times;
    struct trace_player lengths;
    int64_t limit; /* starts in flight at most, 0 = none */
    int64_t in_flight;
    int64_t *free_ns; /* ring [limit]: when each slot became free, earliest first */
    int64_t free_first;
    struct conversations talks;
    struct turn *back; /* [back_count] put back by the server: each is no later than those below */
    int64_t back_count;
    int64_t back_capacity;
    struct turn out; /* handed out last */
};

static bool has_chat(const struct serving_load *load)
{
    return load->chat.turns.text || load->chat.system_tokens > 0;
}

/* True when requests need memory of their own while they live. */
static bool needs_talks(const struct source_plan *plan)
{
    return has_chat(&plan->load) || plan->times.has_blocks || plan->lengths.has_blocks;
}

static int64_t requests_wanted(const struct serving_load *load)
{
    enum { DEFAULT_REQUESTS = 1000, PER_CLIENT = 10 };
    if (load->requests > 0)
        return load->requests;
    if (load->arrivals.kind == ARRIVAL_CLOSED)
        return PER_CLIENT * load->arrivals.concurrency;
    return load->arrivals.kind == ARRIVAL_TRACE ? INT64_MAX : DEFAULT_REQUESTS;
}

/* Where a trace is read and found in order. */
struct surveyor {
    struct arena *arena;
    struct diags *diags;
};

static bool survey(const struct surveyor *surveyor, const struct trace_spec *spec,
                   int64_t most_rows, struct surveyed *memo, struct trace_survey *out)
{
    bool is_same = memo->is_known && memo->most_rows == most_rows &&
                   memo->spec.format == spec->format && memo->spec.skip == spec->skip &&
                   strcmp(memo->spec.file, spec->file) == 0;
    if (!is_same) {
        *memo = (struct surveyed){.spec = *spec, .most_rows = most_rows};
        memo->is_known =
            trace_survey(surveyor->arena, surveyor->diags, spec, most_rows, &memo->survey);
    }
    *out = memo->survey;
    return memo->is_known;
}

bool source_plan_make(struct arena *arena, struct diags *diags, const struct serving_load *load,
                      struct source_plan *plan)
{
    struct survey_memo memo = {0};
    return source_plan_make_next(arena, diags, load, &memo, plan);
}

bool source_plan_make_next(struct arena *arena, struct diags *diags,
                           const struct serving_load *load, struct survey_memo *memo,
                           struct source_plan *plan)
{
    const struct surveyor surveyor = {arena, diags};
    struct source_plan made = {.load = *load, .arena = arena, .diags = diags};
    const struct trace_spec *times = &load->arrivals.trace;
    bool is_fine = true;
    made.requests = requests_wanted(load);
    if (load->arrivals.kind == ARRIVAL_TRACE) {
        bool is_whole = times->repeat > 1 || !isnan(load->arrivals.rate_per_s);
        is_fine = survey(&surveyor, times, is_whole ? INT64_MAX : made.requests, &memo->times,
                         &made.times);
        if (is_fine && !made.times.has_times) {
            diag_add(diags, SEVERITY_ERROR, (struct place){.source = times->file},
                     "the trace holds lengths only, no times of arrival");
            diag_hint(diags, "name it under lengths.trace and choose another kind of arrivals");
            is_fine = false;
        }
        if (is_fine && made.requests / times->repeat >= made.times.rows)
            made.requests = made.times.rows * times->repeat;
    }
    if (load->lengths.trace.file)
        is_fine &=
            survey(&surveyor, &load->lengths.trace, made.requests, &memo->lengths, &made.lengths);
    made.load.lengths.trace.repeat = INT64_MAX;
    if (is_fine)
        *plan = made;
    return is_fine;
}

static struct rng stream(const struct source *source, enum rng_stream purpose, int64_t index)
{
    return rng_at((uint64_t)source->plan->load.seed, source->replication, purpose, index);
}

static double gap_units(const struct source *source, int64_t index)
{
    const struct arrivals *arrivals = &source->plan->load.arrivals;
    struct rng rng = stream(source, RNG_ARRIVALS, index);
    if (arrivals->kind == ARRIVAL_POISSON)
        return rng_exponential(&rng);
    if (arrivals->kind == ARRIVAL_GAMMA)
        return rng_gamma(&rng, arrivals->burstiness) / arrivals->burstiness;
    return arrivals->kind == ARRIVAL_FIXED ? 1.0 : 0.0;
}

/* Turns of the start `index`: no more than are left to promise. */
static int32_t turns_of(const struct source *source, int64_t index, int64_t promised)
{
    const struct law_text *turns = &source->plan->load.chat.turns;
    int64_t left = source->plan->requests - promised;
    int64_t count = 1;
    if (turns->text) {
        struct rng rng = stream(source, RNG_TURNS, index);
        count = law_draw(&turns->law, &rng);
    }
    count = count < TURNS_MAX ? count : TURNS_MAX;
    return (int32_t)(count < left ? count : left);
}

/* ns per unit of gaps that puts the last start at starts / rate. */
static double scale_of_gaps(const struct source *source)
{
    const struct arrivals *arrivals = &source->plan->load.arrivals;
    if (arrivals->kind != ARRIVAL_POISSON && arrivals->kind != ARRIVAL_GAMMA)
        return 1e9 / arrivals->rate_per_s;
    double units = 0.0;
    int64_t starts = 0;
    for (int64_t promised = 0; promised < source->plan->requests; starts++) {
        promised += turns_of(source, starts, promised);
        units += gap_units(source, starts);
    }
    return 1e9 * (double)starts / (arrivals->rate_per_s * units);
}

/* Times faster than recorded: as the trace says, or so that its mean rate is the one wanted. */
static double speed_of(const struct source_plan *plan)
{
    const struct arrivals *arrivals = &plan->load.arrivals;
    const struct trace_survey *times = &plan->times;
    if (isnan(arrivals->rate_per_s) || times->rows < 2 || times->span_ns == 0)
        return arrivals->trace.speed;
    return arrivals->rate_per_s * 1e-9 * (double)times->span_ns / (double)(times->rows - 1);
}

/* Fills source->start; false when none is left. */
static bool see_start(struct source *source)
{
    if (source->has_start)
        return true;
    if (source->is_over || source->promised >= source->plan->requests) {
        source->is_over = true;
        return false;
    }
    struct start start = {.index = source->start_index};
    if (source->plan->load.arrivals.kind == ARRIVAL_TRACE) {
        if (!trace_player_next(&source->times, &start.row)) {
            source->is_over = true;
            return false;
        }
        start.at_ns = start.row.at_ns;
    } else {
        source->units += gap_units(source, start.index);
        start.at_ns = llrint(source->units * source->ns_per_unit);
    }
    start.turns = turns_of(source, start.index, source->promised);
    source->start = start;
    source->has_start = true;
    return true;
}

/* When the start could be sent; INT64_MAX when it has to wait for a completion or none is left. */
static int64_t start_at(struct source *source)
{
    if (!see_start(source) || (source->limit > 0 && source->in_flight >= source->limit))
        return INT64_MAX;
    int64_t free_ns = source->limit > 0 ? source->free_ns[source->free_first] : 0;
    return source->start.at_ns > free_ns ? source->start.at_ns : free_ns;
}

static int32_t tokens_within(int64_t tokens)
{
    enum { TOKENS_MAX = 1000000000 };
    return (int32_t)(tokens < TOKENS_MAX ? tokens : TOKENS_MAX);
}

/* Text and image tokens that the turn adds, and those it generates. */
static void draw_lengths(struct source *source, struct turn *turn, int64_t key)
{
    const struct lengths *lengths = &source->plan->load.lengths;
    struct rng input = stream(source, RNG_INPUT, key);
    struct rng output = stream(source, RNG_OUTPUT, key);
    int64_t tokens = law_draw(&lengths->input.law, &input);
    if (lengths->image.text) {
        struct rng images = stream(source, RNG_IMAGES, key);
        struct rng image = stream(source, RNG_IMAGE_TOKENS, key);
        int64_t count = lengths->images.text ? law_draw(&lengths->images.law, &images) : 1;
        for (int64_t i = 0; i < count; i++)
            tokens += law_draw(&lengths->image.law, &image);
    }
    turn->spec.input_tokens = tokens_within(tokens);
    turn->spec.output_tokens = tokens_within(law_draw(&lengths->output.law, &output));
}

static void take_row(struct source *source, const struct trace_player *player,
                     const struct trace_row *row, struct turn *turn)
{
    turn->spec.input_tokens = row->input_tokens;
    turn->spec.output_tokens = row->output_tokens;
    turn->spec.priority = row->priority;
    turn->spec.session = row->session;
    if (row->block_tokens > 0 && turn->talk >= 0)
        conversations_name_row(&source->talks, turn, row, player->pass);
}

/* Lengths of a turn from wherever the load says; false when a trace broke off. */
static bool fill_turn(struct source *source, struct turn *turn, int64_t start, int32_t number)
{
    const struct serving_load *load = &source->plan->load;
    struct trace_row row;
    bool has_laws = load->lengths.input.text && load->lengths.output.text;
    if (load->lengths.trace.file) {
        if (!trace_player_next(&source->lengths, &row))
            return false;
        take_row(source, &source->lengths, &row, turn);
    } else if (has_laws) {
        draw_lengths(source, turn, start * TURNS_MAX + number);
    } else {
        take_row(source, &source->times, &source->start.row, turn);
    }
    if (has_chat(load))
        conversations_name_turn(&source->talks, turn);
    return true;
}

static bool take_start(struct source *source, int64_t at_ns, struct turn *turn)
{
    const struct start *start = &source->start;
    *turn = (struct turn){
        .spec = {.arrival_ns = at_ns, .session = -1},
          .talk = -1
    };
    if (needs_talks(source->plan))
        turn->talk = conversations_open(&source->talks, start->index, start->turns);
    if (has_chat(&source->plan->load))
        turn->spec.session = start->index;
    if (!fill_turn(source, turn, start->index, 0)) {
        source->is_over = true;
        return false;
    }
    source->promised += start->turns;
    source->start_index++;
    source->has_start = false;
    if (source->limit > 0) {
        source->free_first = (source->free_first + 1) % source->limit;
        source->in_flight++;
    }
    return true;
}

/* A later turn of a conversation that is due. */
static bool take_turn(struct source *source, struct turn *turn)
{
    int32_t talk = conversations_take_due(&source->talks);
    const struct conversation *conversation = &source->talks.all[talk];
    *turn = (struct turn){
        .spec = {.arrival_ns = conversation->due_ns, .session = conversation->index},
          .talk = talk
    };
    return fill_turn(source, turn, conversation->index, conversation->turn);
}

static bool next(void *state, struct request_spec *out)
{
    struct source *source = state;
    bool has_back = source->back_count > 0;
    int64_t back_ns = has_back ? source->back[source->back_count - 1].spec.arrival_ns : INT64_MAX;
    int64_t due_ns = conversations_due_ns(&source->talks);
    int64_t start_ns = start_at(source);
    struct turn turn;
    if (has_back && back_ns <= due_ns && back_ns <= start_ns) {
        turn = source->back[--source->back_count];
    } else if (due_ns != INT64_MAX && due_ns <= start_ns) {
        if (!take_turn(source, &turn))
            return false;
    } else if (start_ns == INT64_MAX || !take_start(source, start_ns, &turn)) {
        return false;
    }
    turn.spec.id = source->next_id++;
    if (turn.talk >= 0)
        conversations_enter(&source->talks, turn.spec.id, turn.talk);
    source->out = turn;
    *out = turn.spec;
    return true;
}

static void put_back(void *state)
{
    struct source *source = state;
    if (source->back_count == source->back_capacity) {
        source->back_capacity = source->back_capacity ? 2 * source->back_capacity : 16;
        source->back =
            heap_array(source->back, (size_t)source->back_capacity, sizeof *source->back);
    }
    source->back[source->back_count++] = source->out;
    source->next_id--;
    if (source->out.talk >= 0)
        conversations_leave(&source->talks, source->out.spec.id);
}

/* A slot is free again: its ring position is behind those that are free already. */
static void free_slot(struct source *source, int64_t now_ns)
{
    if (source->limit == 0)
        return;
    int64_t free_count = source->limit - source->in_flight;
    source->free_ns[(source->free_first + free_count) % source->limit] = now_ns;
    source->in_flight--;
}

static void finished(void *state, int64_t id, int64_t now_ns)
{
    struct source *source = state;
    int32_t talk = needs_talks(source->plan) ? conversations_leave(&source->talks, id) : -1;
    if (talk >= 0) {
        const struct conversation *conversation = &source->talks.all[talk];
        if (conversation->turn + 1 < conversation->turns) {
            int64_t key = conversation->index * TURNS_MAX + conversation->turn;
            struct rng rng = stream(source, RNG_THINK, key);
            double think_ns = 1e9 * source->plan->load.chat.think_s * rng_exponential(&rng);
            conversations_wait(&source->talks, talk, now_ns + llrint(think_ns));
            return;
        }
        conversations_close(&source->talks, talk);
    }
    free_slot(source, now_ns);
}

static void release(void *state)
{
    struct source *source = state;
    trace_player_stop(&source->times);
    trace_player_stop(&source->lengths);
    conversations_release(&source->talks);
    free(source->free_ns);
    free(source->back);
    free(source);
}

struct request_source source_new(const struct source_plan *plan, int64_t replication,
                                 int32_t block_tokens)
{
    const struct serving_load *load = &plan->load;
    struct source *source = heap_array(NULL, 1, sizeof *source);
    *source = (struct source){
        .plan = plan, .replication = replication, .limit = load->arrivals.concurrency};
    if (source->limit > plan->requests)
        source->limit = plan->requests;
    if (source->limit > 0) {
        source->free_ns = heap_array(NULL, (size_t)source->limit, sizeof *source->free_ns);
        for (int64_t i = 0; i < source->limit; i++)
            source->free_ns[i] = 0;
    }
    if (load->arrivals.kind != ARRIVAL_TRACE)
        source->ns_per_unit = scale_of_gaps(source);
    conversations_init(&source->talks, load->seed, replication, load->chat.system_tokens,
                       block_tokens);
    trace_player_start(&source->times, plan->arena, plan->diags, &load->arrivals.trace,
                       &plan->times, speed_of(plan));
    trace_player_start(&source->lengths, plan->arena, plan->diags, &load->lengths.trace,
                       &plan->lengths, 1.0);
    return (struct request_source){source, next, finished, put_back, release};
}
