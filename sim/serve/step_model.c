#include "serve/step_model.h"

#include "serve/round.h"

#include <math.h>

enum { KNOTS_PER_OCTAVE = 8, DENSE_KNOTS = 16, MEMO_SLOTS = 8192 };

/* Decode attention of some number of requests at the knots; [knot_count], -1 = not asked yet. */
struct decode_row {
    int64_t *device; /* [2^-20 ns] */
};

/* Time of the parts of a step that a number of tokens decides. */
struct body_entry {
    int64_t device; /* [2^-20 ns]; -1 = not asked yet */
    int64_t entry;  /* of it, before the layers [2^-20 ns] */
    int64_t sends;  /* from stage to stage, all of them [2^-20 ns] */
    int64_t launch; /* [2^-20 ns] */
};

/* A way through the pipeline in its parts [2^-20 ns]. */
struct pass {
    int64_t layers;
    int64_t entry;
    int64_t exit;
    int64_t sends;
};

/* A prefill that was costed before. */
struct memo_slot {
    int64_t requests;
    int64_t tokens;
    int64_t context;
    int64_t pairs;
    int64_t device; /* [2^-20 ns] */
};

struct step_model {
    struct arena *arena;
    const struct predictor *predictor;
    struct server_options options;
    struct step_cost *scratch;
    int64_t body_count;
    struct body_entry *body; /* by tokens */
    int64_t head_count;
    int64_t *head;  /* by rows that sample [2^-20 ns]; -1 = not asked yet */
    int64_t *knots; /* mean contexts, growing [knot_count] */
    int64_t knot_count;
    struct decode_row *rows; /* by requests [head_count] */
    struct memo_slot *memo;  /* [MEMO_SLOTS] */
    int64_t graph_largest;
    int64_t stages;   /* of the pipeline, 1 = none */
    int64_t verified; /* tokens per request in a verifying step, 1 = steps are plain */
    double drafted;   /* tokens that a round of speculation yields; 0 = steps are plain */
    int64_t host_step_ns;
    int64_t exposed_ns;         /* host time that nothing hides */
    int64_t exposed_request_fp; /* and per request, in clock units */
    int64_t host_request_fp;
    int64_t host_token_fp;
};

int64_t graph_padded_tokens(int64_t tokens, int64_t largest)
{
    if (tokens > largest)
        return tokens;
    int64_t padded = tokens <= 2 ? tokens : tokens <= 4 ? 4 : (tokens + 7) / 8 * 8;
    if (padded > 256)
        padded = (tokens + 15) / 16 * 16;
    return padded < largest ? padded : largest;
}

int64_t graph_largest_tokens(const struct server_options *options)
{
    if (options->graph_tokens > 0)
        return options->graph_tokens;
    return 2 * options->max_seqs < 512 ? 2 * options->max_seqs : 512;
}

static int64_t fixed_point(double seconds)
{
    return llrint(seconds * 1e9 * (double)((int64_t)1 << CLOCK_SHIFT));
}

static bool is_attention(const struct op *op)
{
    return op->kind == OP_PREFILL_ATTENTION || op->kind == OP_DECODE_ATTENTION ||
           op->variant != VARIANT_ALWAYS;
}

/* Host time of the launches of an operator, by mode. */
static double launch_time(const struct step_model *model, const struct op *op, bool is_captured)
{
    const struct launch_cost *launch = &model->predictor->rates->launch;
    if (model->predictor->run->engine.launch == LAUNCH_EAGER)
        return op->eager_kernels * launch->eager_s;
    return is_captured ? 0.0 : op->kernels * launch->kernel_s;
}

/* Device and launch time of the operators of a built step, attention or the rest [s]. */
struct part_time {
    double attention_s;
    double body_s; /* entry included */
    double entry_s;
    double sends_s;
    double exit_s;
    double launch_s;
};

static struct part_time time_of(const struct step_model *model, const struct batch *batch,
                                bool is_captured)
{
    struct step_cost *cost = model->scratch;
    const struct step *step = &cost->step;
    struct part_time time = {0};
    step_cost_build(model->predictor, batch, cost);
    for (int i = 0; i < step->entry.count; i++) {
        time.entry_s += cost->costs[step->entry.first + i].time_s;
        time.launch_s += launch_time(model, &step->ops[step->entry.first + i], is_captured);
    }
    time.body_s = time.entry_s;
    for (int i = 0; i < step->sends.count; i++)
        time.sends_s += (double)step->send_counts[i] * cost->costs[step->sends.first + i].time_s;
    for (int i = 0; i < step->exit.count; i++) {
        time.exit_s += cost->costs[step->exit.first + i].time_s;
        time.launch_s += launch_time(model, &step->ops[step->exit.first + i], is_captured);
    }
    for (int kind = 0; kind < step->layout->kind_count; kind++) {
        double repeats = (double)step_repeats(step, kind);
        struct op_range range = step->layers[kind];
        for (int i = range.first; i < range.first + range.count; i++) {
            if (!step_runs(step, kind, &step->ops[i]))
                continue;
            double *sum = is_attention(&step->ops[i]) ? &time.attention_s : &time.body_s;
            *sum += repeats * cost->costs[i].time_s;
            time.launch_s += repeats * launch_time(model, &step->ops[i], is_captured);
        }
        time.launch_s += repeats * model->predictor->rates->layer_floor_s;
    }
    return time;
}

static struct body_entry body_anew(struct step_model *model, int64_t tokens, bool is_captured)
{
    struct batch_part part = {1, tokens, 0, 1};
    struct batch batch = {&part, 1};
    struct part_time time = time_of(model, &batch, is_captured);
    double graph_s = is_captured ? model->predictor->rates->launch.graph_s : 0.0;
    return (struct body_entry){fixed_point(time.body_s + graph_s), fixed_point(time.entry_s),
                               fixed_point(time.sends_s), fixed_point(time.launch_s + graph_s)};
}

static struct body_entry body_of(struct step_model *model, int64_t tokens)
{
    enum launch_mode mode = model->predictor->run->engine.launch;
    bool is_captured = mode == LAUNCH_GRAPH && tokens <= model->graph_largest;
    if (is_captured)
        tokens = graph_padded_tokens(tokens, model->graph_largest);
    if (tokens >= model->body_count) /* policies without a token budget */
        return body_anew(model, tokens, is_captured);
    struct body_entry *entry = &model->body[tokens];
    if (entry->device < 0)
        *entry = body_anew(model, tokens, is_captured);
    return *entry;
}

static int64_t head_of(struct step_model *model, int64_t rows)
{
    if (model->head[rows] < 0) {
        struct batch_part part = {rows > 0 ? rows : 1, 1, 1, rows > 0 ? 1 : 0};
        struct batch batch = {&part, 1};
        model->head[rows] = fixed_point(time_of(model, &batch, true).exit_s);
    }
    return model->head[rows];
}

/* The last knot at or below a mean context. */
static int64_t knot_below(const struct step_model *model, int64_t context)
{
    if (context <= DENSE_KNOTS)
        return context < 1 ? 0 : context - 1;
    int64_t low = DENSE_KNOTS - 1;
    int64_t high = model->knot_count - 1;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (model->knots[middle] <= context)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static int64_t decode_at(struct step_model *model, int64_t requests, int64_t knot)
{
    struct decode_row *row = &model->rows[requests];
    if (!row->device) {
        row->device = arena_array(model->arena, (size_t)model->knot_count, sizeof *row->device);
        for (int64_t i = 0; i < model->knot_count; i++)
            row->device[i] = -1;
    }
    if (row->device[knot] < 0) {
        struct batch_part part = {requests, 1, model->knots[knot], 1};
        struct batch batch = {&part, 1};
        row->device[knot] = fixed_point(
            model->drafted > 0.0
                ? round_cost(model->predictor, requests, model->knots[knot], model->scratch).time_s
                : time_of(model, &batch, true).attention_s);
    }
    return row->device[knot];
}

/* Host time of a step [ns]; of a round of speculation, per token. */
static int64_t host_ns(const struct step_model *model, int64_t requests, int64_t prompt_tokens)
{
    int64_t host_ns =
        model->host_step_ns +
        ((requests * model->host_request_fp + prompt_tokens * model->host_token_fp) >> CLOCK_SHIFT);
    if (model->drafted > 0.0 && prompt_tokens == 0)
        return llrint((double)host_ns / model->drafted);
    return host_ns;
}

/* Micro-batches that `requests` form: one per stage of the pipeline, where they suffice. */
static int64_t micro_batches(const struct step_model *model, int64_t requests)
{
    return requests < 1 ? 1 : requests < model->stages ? requests : model->stages;
}

static int64_t share(int64_t whole, int64_t parts)
{
    return (whole + parts - 1) / parts;
}

/*
 * Device time of a round: each micro-batch goes through all stages once. A stage takes them one
 * after the other, so a round lasts as long as the slowest stage needs for all of them, and at
 * least as long as the way of one (Tokenroof's modelling notes §4.3).
 */
static int64_t round_time(const struct step_model *model, const struct pass *pass, int64_t batches)
{
    int64_t way = pass->layers + pass->entry + pass->exit + pass->sends;
    if (model->stages == 1)
        return way;
    const struct layout *layout = model->predictor->layout;
    int64_t first = layout_stage_layers(layout, model->stages, 0);
    int64_t last = layout_stage_layers(layout, model->stages, model->stages - 1);
    int64_t layer = pass->layers / layout->layer_count;
    int64_t slowest = layer * first + pass->entry;
    int64_t at_end = layer * last + pass->exit;
    slowest = at_end > slowest ? at_end : slowest;
    return slowest * batches > way ? slowest * batches : way;
}

static struct pass pass_of(const struct body_entry *body, int64_t head, int64_t attention)
{
    return (struct pass){body->device - body->entry + attention, body->entry, head, body->sends};
}

/* Decode attention alone, of one micro-batch, as a line in Σ context of all `requests`. */
static struct step_line attention_line(struct step_model *model, int64_t requests, int64_t context,
                                       int64_t *end)
{
    int64_t knot = knot_below(model, context / requests);
    if (knot > model->knot_count - 2)
        knot = model->knot_count - 2;
    int64_t together = share(requests, micro_batches(model, requests));
    int64_t start = decode_at(model, together, knot);
    *end = decode_at(model, together, knot + 1);
    int64_t first = requests * model->knots[knot];
    int64_t width = requests * model->knots[knot + 1] - first;
    int64_t last = knot == model->knot_count - 2 ? INT64_MAX / 4 : first + width - 1;
    return (struct step_line){.first_context = first,
                              .last_context = last,
                              .start = start,
                              .slope = (*end - start) / width};
}

/* Host time that nothing hides; rounds of speculation hold theirs [ns]. */
static int64_t exposed_ns(const struct step_model *model, int64_t requests, int64_t decode_requests)
{
    if (model->drafted > 0.0 && decode_requests > 0)
        return 0;
    return model->exposed_ns + ((requests * model->exposed_request_fp) >> CLOCK_SHIFT);
}

static struct step_line model_line(void *state, int64_t requests, int64_t context)
{
    struct step_model *model = state;
    int64_t end = 0;
    struct step_line line = attention_line(model, requests, context, &end);
    int64_t batches = micro_batches(model, requests);
    int64_t together = share(requests, batches);
    struct body_entry body = body_of(model, together);
    int64_t host = host_ns(model, requests, 0);
    int64_t launch = body.launch >> CLOCK_SHIFT;
    int64_t head = head_of(model, together);
    if (model->drafted > 0.0) { /* the table holds whole rounds */
        body = (struct body_entry){0};
        head = launch = 0;
    }
    struct pass near = pass_of(&body, head, line.start);
    struct pass far = pass_of(&body, head, end);
    if (model->stages > 1) {
        int64_t knot = knot_below(model, line.first_context / requests);
        int64_t width = requests * (model->knots[knot + 1] - model->knots[knot]);
        line.slope = (round_time(model, &far, batches) - round_time(model, &near, batches)) / width;
    }
    line.start = round_time(model, &near, batches);
    line.least_ns = model->options.is_async && host > launch ? host : launch;
    line.least_ns = line.least_ns > 1 ? line.least_ns : 1;
    line.extra_ns = exposed_ns(model, requests, requests) + (model->options.is_async ? 0 : host);
    return line;
}

/* Equal chunks that have the tokens, the context and the pairs of the given ones. */
static struct batch_part equal_chunks(const struct step_load *load)
{
    double tokens = (double)load->prefill_tokens;
    double context = (double)load->prefill_context;
    double count = (double)load->prefill_requests;
    double alike = (tokens * context - tokens * tokens / 2.0 + count * tokens / 2.0) /
                   (double)load->prefill_pairs;
    int64_t requests = llrint(alike);
    requests = requests < 1                        ? 1
               : requests > load->prefill_requests ? load->prefill_requests
                                                   : requests;
    int64_t fresh = (load->prefill_tokens + requests / 2) / requests;
    int64_t past = (load->prefill_context + requests / 2) / requests - fresh;
    return (struct batch_part){requests, fresh > 2 ? fresh : 2, past > 0 ? past : 0, 1};
}

/* Prompts also pass the model that drafts, unless it is the first layers of the model itself [s].
 */
static double draft_prefill_s(struct step_model *model, const struct batch *batch)
{
    if (!model->predictor->draft || model->predictor->late)
        return 0.0;
    step_cost_build(model->predictor->draft, batch, model->scratch);
    return model->scratch->time_s;
}

static int64_t prefill_of(struct step_model *model, const struct step_load *load)
{
    uint64_t mixed = (uint64_t)load->prefill_pairs * UINT64_C(0x9e3779b97f4a7c15) ^
                     (uint64_t)load->prefill_tokens * UINT64_C(0xbf58476d1ce4e5b9) ^
                     (uint64_t)load->prefill_requests;
    struct memo_slot *slot = &model->memo[(mixed >> 40) % MEMO_SLOTS];
    if (slot->requests == load->prefill_requests && slot->tokens == load->prefill_tokens &&
        slot->context == load->prefill_context && slot->pairs == load->prefill_pairs)
        return slot->device;
    struct batch_part part = equal_chunks(load);
    struct batch batch = {&part, 1};
    *slot = (struct memo_slot){
        load->prefill_requests, load->prefill_tokens, load->prefill_context, load->prefill_pairs,
        fixed_point(time_of(model, &batch, true).attention_s + draft_prefill_s(model, &batch))};
    return slot->device;
}

static int64_t model_step_ns(void *state, const struct step_load *load)
{
    struct step_model *model = state;
    if (load->prefill_requests == 0) {
        struct step_line line = model_line(model, load->decode_requests, load->decode_context);
        return step_line_ns(&line, load->decode_context);
    }
    int64_t requests = load->decode_requests + load->prefill_requests;
    int64_t batches = micro_batches(model, requests);
    struct body_entry body =
        body_of(model, share(load->decode_requests + load->prefill_tokens, batches));
    int64_t attention = prefill_of(model, load) / batches;
    int64_t rows = share(load->decode_requests + load->prefill_sampled, batches);
    if (model->drafted > 0.0 && load->decode_requests > 0) { /* prompts on top of a round */
        int64_t verified = load->decode_requests * model->verified;
        int64_t more = body_of(model, verified + load->prefill_tokens).device -
                       body_of(model, verified).device;
        body = (struct body_entry){.device = more > 0 ? more : 0};
        rows = load->prefill_sampled;
    }
    if (load->decode_requests > 0) {
        int64_t end = 0;
        struct step_line line =
            attention_line(model, load->decode_requests, load->decode_context, &end);
        attention += line.start + line.slope * (load->decode_context - line.first_context);
    }
    struct pass pass = pass_of(&body, head_of(model, rows), attention);
    int64_t device = round_time(model, &pass, batches);
    int64_t host = host_ns(model, requests, load->prefill_tokens);
    device = device > body.launch ? device : body.launch;
    device >>= CLOCK_SHIFT;
    int64_t time = model->options.is_async ? (device > host ? device : host) : device + host;
    time += exposed_ns(model, requests, load->decode_requests);
    return time > 1 ? time : 1;
}

/* 1 … 16, then eight per octave up to twice the longest sequence. */
static void set_knots(struct step_model *model, int64_t longest)
{
    int64_t room = DENSE_KNOTS + KNOTS_PER_OCTAVE * 64;
    model->knots = arena_array(model->arena, (size_t)room, sizeof *model->knots);
    int64_t count = 0;
    for (; count < DENSE_KNOTS; count++)
        model->knots[count] = count + 1;
    for (int i = 1; model->knots[count - 1] < 2 * longest && count < room; i++) {
        int64_t next = llrint(DENSE_KNOTS * exp2((double)i / KNOTS_PER_OCTAVE));
        if (next > model->knots[count - 1])
            model->knots[count++] = next;
    }
    model->knot_count = count;
}

struct step_model *step_model_new(struct arena *arena, const struct predictor *predictor,
                                  const struct server_options *options)
{
    struct step_model *model = arena_alloc(arena, sizeof *model);
    model->arena = arena;
    model->predictor = predictor;
    model->options = *options;
    model->scratch = arena_alloc(arena, sizeof *model->scratch);
    model->stages = deploy_resolved(&predictor->run->deploy).pp;
    model->graph_largest = graph_largest_tokens(options);
    const struct levers *levers = predictor->run->levers;
    model->verified = 1;
    if (levers && speculation_is_on(&levers->speculation)) {
        model->drafted = speculation_tokens(&levers->speculation);
        model->verified = levers->speculation.tokens + 1;
    }
    int64_t most = options->batched_tokens + options->max_seqs * model->verified;
    model->body_count = (most > model->graph_largest ? most : model->graph_largest) + 1;
    model->body = arena_array(arena, (size_t)model->body_count, sizeof *model->body);
    for (int64_t i = 0; i < model->body_count; i++)
        model->body[i].device = -1;
    model->head_count = options->max_seqs + 1;
    model->head = arena_array(arena, (size_t)model->head_count, sizeof *model->head);
    for (int64_t i = 0; i < model->head_count; i++)
        model->head[i] = -1;
    model->rows = arena_array(arena, (size_t)model->head_count, sizeof *model->rows);
    model->memo = arena_array(arena, MEMO_SLOTS, sizeof *model->memo);
    set_knots(model, options->max_model_tokens);
    model->host_step_ns = llrint(options->host_step_s * 1e9);
    model->exposed_ns = llrint(predictor->run->engine.host_step_s * 1e9);
    model->exposed_request_fp = fixed_point(predictor->run->engine.host_request_s);
    model->host_request_fp = fixed_point(options->host_request_s);
    model->host_token_fp = fixed_point(options->host_token_s);
    return model;
}

struct step_clock step_model_clock(struct step_model *model)
{
    return (struct step_clock){model, model_step_ns, model_line};
}
