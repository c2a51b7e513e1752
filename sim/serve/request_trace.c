#include "serve/request_trace.h"

#include "serve/trace_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOONCAKE_BLOCK_TOKENS = 512, ERRORS_MAX = 20, BLOCKS_MAX = 1 << 20 };
static const double tokens_max = 1e9;

/* Columns of each format; NULL = absent. A format is recognised by its input and output. */
struct layout {
    enum trace_format format;
    const char *at;
    const char *input;
    const char *output;
    double at_scale_ns; /* 0: a date */
};

static const struct layout layouts[] = {
    {TRACE_AZURE,    "TIMESTAMP",       "ContextTokens",      "GeneratedTokens",   0.0},
    {TRACE_BURSTGPT, "Timestamp",       "Request tokens",     "Response tokens",   1e9},
    {TRACE_VIDUR,    "arrived_at",      "num_prefill_tokens", "num_decode_tokens", 1e9},
    {TRACE_SHAREGPT, "arrival_time_ns", "input_toks",         "output_toks",       1.0},
    {TRACE_OWN,      "arrival_s",       "input_tokens",       "output_tokens",     1e9},
};
enum { LAYOUT_COUNT = sizeof layouts / sizeof *layouts };

static void complain(struct trace *trace, const char *what)
{
    struct place place = {
        .source = trace->lines.path, .line = (int)trace->lines.line, .column = 1, .width = 1};
    diag_add(trace->diags, SEVERITY_ERROR, place, "%s", what);
    trace->errors++;
}

static const struct layout *find_layout(const struct trace *trace)
{
    for (int i = 0; i < LAYOUT_COUNT; i++) {
        if (trace->format != TRACE_AUTO && trace->format != layouts[i].format)
            continue;
        if (trace->format != TRACE_AUTO ||
            (csv_has(&trace->csv, layouts[i].input) && csv_has(&trace->csv, layouts[i].output)))
            return &layouts[i];
    }
    return NULL;
}

static void report_unknown(struct trace *trace)
{
    complain(trace, "the columns are those of no trace that is known");
    diag_hint(trace->diags,
              "known: Azure, Mooncake (JSON lines), BurstGPT, Vidur, LLMServingSim; or write the "
              "columns arrival_s,input_tokens,output_tokens");
}

static bool start_csv(struct trace *trace)
{
    if (!csv_start(&trace->csv, trace->arena, &trace->lines)) {
        trace->errors++;
        return false;
    }
    const struct layout *layout = find_layout(trace);
    if (!layout) {
        report_unknown(trace);
        return false;
    }
    trace->format = layout->format;
    trace->at_scale_ns = layout->at_scale_ns;
    trace->input = csv_need(&trace->csv, layout->input);
    trace->output = csv_need(&trace->csv, layout->output);
    trace->at = csv_or_number(&trace->csv, layout->at, 0.0);
    trace->has_times = csv_has(&trace->csv, layout->at);
    trace->priority = csv_or_number(&trace->csv, "priority", 0.0);
    trace->has_priority = csv_has(&trace->csv, "priority");
    trace->session = csv_or_number(
        &trace->csv, layout->format == TRACE_BURSTGPT ? "Session ID" : "session", -1.0);
    return csv_is_sound(&trace->csv);
}

bool trace_open(struct trace *trace, struct arena *arena, struct diags *diags, const char *path,
                enum trace_format format)
{
    *trace = (struct trace){
        .arena = arena, .diags = diags, .format = format, .last_ns = INT64_MIN, .has_times = true};
    if (!lines_open(&trace->lines, diags, path))
        return false;
    trace->lines.unpacked_bytes_max = INT64_MAX;
    bool is_json = lines_peek(&trace->lines) == '{';
    if (format == TRACE_MOONCAKE || (format == TRACE_AUTO && is_json))
        trace->format = TRACE_MOONCAKE;
    else if (!start_csv(trace)) {
        lines_close(&trace->lines);
        return false;
    }
    return true;
}

/* A count of tokens ≥ 0; −1 with a message when it is none. */
static int32_t tokens_of(struct trace *trace, const struct csv_source *source)
{
    int before = trace->csv.errors;
    double number = csv_number(&trace->csv, source);
    if (number >= 0.0 && number <= tokens_max)
        return (int32_t)lrint(number);
    if (trace->csv.errors == before)
        csv_complain(&trace->csv, source->column,
                     "a number of tokens is a whole number from 0 to 1,000,000,000");
    return -1;
}

static bool time_of(struct trace *trace, int64_t *at_ns)
{
    *at_ns = 0;
    if (!trace->has_times)
        return true;
    if (!(trace->at_scale_ns > 0.0)) {
        if (trace_parse_date(csv_text(&trace->csv, &trace->at), at_ns))
            return true;
        csv_complain(&trace->csv, trace->at.column,
                     "this is no time stamp such as 2023-11-16 18:15:46.6805900");
        return false;
    }
    int before = trace->csv.errors;
    double at_ns_exact = csv_number(&trace->csv, &trace->at) * trace->at_scale_ns;
    if (fabs(at_ns_exact) < 9e18) {
        *at_ns = llrint(at_ns_exact);
        return true;
    }
    if (trace->csv.errors == before)
        csv_complain(&trace->csv, trace->at.column, "this is no time");
    return false;
}

static int64_t whole_or(double number, int64_t otherwise)
{
    return fabs(number) < 1e9 ? llrint(number) : otherwise;
}

/* False: the row is damaged, a message was given. */
static bool read_csv(struct trace *trace, struct trace_row *row)
{
    row->input_tokens = tokens_of(trace, &trace->input);
    row->output_tokens = tokens_of(trace, &trace->output);
    bool has_time = time_of(trace, &row->at_ns);
    row->priority = (int32_t)whole_or(csv_number(&trace->csv, &trace->priority), 0);
    /* sessions may be named by text: only numbers are taken */
    double session = (double)NAN;
    if (trace->session.column >= 0 &&
        !csv_parse_number(csv_text(&trace->csv, &trace->session), &session))
        session = (double)NAN;
    row->session = whole_or(session, -1);
    return row->input_tokens >= 0 && row->output_tokens >= 0 && has_time;
}

static bool read_mooncake(struct trace *trace, const char *text, struct trace_row *row)
{
    struct mooncake_row read;
    const char *what = trace_parse_mooncake(text, &read);
    if (!what && !(read.input >= 0.0 && read.input <= tokens_max && read.output >= 0.0 &&
                   read.output <= tokens_max && fabs(read.at_ms) < 9e12))
        what = "timestamp, input_length and output_length are whole numbers from 0";
    if (!what && read.block_count > BLOCKS_MAX)
        what = "more than a million hash_ids";
    if (what) {
        complain(trace, what);
        diag_hint(trace->diags, "a row looks like {\"timestamp\": 0, \"input_length\": 6758, "
                                "\"output_length\": 500, \"hash_ids\": [0, 1]}");
        return false;
    }
    if (read.block_count > trace->block_capacity) {
        trace->block_capacity = 2 * read.block_count;
        trace->blocks =
            arena_array(trace->arena, (size_t)trace->block_capacity, sizeof *trace->blocks);
    }
    trace_parse_blocks(read.blocks, trace->blocks, read.block_count);
    row->at_ns = llrint(read.at_ms * 1e6);
    row->input_tokens = (int32_t)lrint(read.input);
    row->output_tokens = (int32_t)lrint(read.output);
    row->blocks = trace->blocks;
    row->block_count = read.block_count;
    row->block_tokens = MOONCAKE_BLOCK_TOKENS;
    return true;
}

/* The next row as it stands; false at the end. A damaged one is a message and is_sound false. */
static bool read_row(struct trace *trace, struct trace_row *row, bool *is_sound)
{
    *row = (struct trace_row){.session = -1};
    if (trace->format != TRACE_MOONCAKE) {
        if (!csv_next(&trace->csv))
            return false;
        *is_sound = read_csv(trace, row);
        return true;
    }
    char *text = NULL;
    size_t length = 0;
    do {
        if (!lines_next(&trace->lines, &text, &length))
            return false;
    } while (!text[strspn(text, " \t")]);
    *is_sound = read_mooncake(trace, text, row);
    return true;
}

static bool is_in_order(struct trace *trace, const struct trace_row *row)
{
    bool is_fine = row->at_ns >= trace->last_ns;
    if (!is_fine) {
        complain(trace, "this time stamp is earlier than the one before");
        diag_hint(trace->diags, "sort the rows by time: a trace is read row by row");
    }
    trace->last_ns = row->at_ns;
    return is_fine;
}

bool trace_next(struct trace *trace, struct trace_row *row)
{
    bool is_sound = false;
    while (trace->errors + trace->csv.errors < ERRORS_MAX && read_row(trace, row, &is_sound)) {
        if (!is_sound || !is_in_order(trace, row))
            continue;
        if (row->input_tokens > 0 && row->output_tokens > 0)
            return true;
        if (trace->skipped++ == 0)
            trace->skipped_line = trace->lines.line;
    }
    return false;
}

bool trace_close(struct trace *trace)
{
    bool is_fine = trace->errors == 0 && trace->csv.errors == 0 && !trace->lines.is_damaged;
    lines_close(&trace->lines);
    return is_fine;
}

static void report_skipped(const struct trace *trace)
{
    if (trace->skipped == 0)
        return;
    struct place place = {
        .source = trace->lines.path, .line = (int)trace->skipped_line, .column = 1, .width = 1};
    diag_add(trace->diags, SEVERITY_WARNING, place,
             "rows without input or output tokens are left out: %lld, the first is this",
             (long long)trace->skipped);
}

bool trace_survey(struct arena *arena, struct diags *diags, const struct trace_spec *spec,
                  int64_t most_rows, struct trace_survey *survey)
{
    struct trace trace;
    struct trace_row row;
    struct trace_survey seen = {0};
    int64_t first_ns = 0;
    if (!trace_open(&trace, arena, diags, spec->file, spec->format))
        return false;
    for (int64_t i = 0; i < spec->skip && trace_next(&trace, &row); i++)
        continue;
    while (seen.rows < most_rows && trace_next(&trace, &row)) {
        if (seen.rows++ == 0)
            first_ns = row.at_ns;
        seen.span_ns = row.at_ns - first_ns;
        seen.has_blocks |= row.block_tokens > 0;
        seen.input_tokens += row.input_tokens;
        seen.output_tokens += row.output_tokens;
    }
    seen.has_times = trace.has_times;
    seen.has_priority = trace.has_priority;
    report_skipped(&trace);
    if (!trace_close(&trace))
        return false;
    if (seen.rows == 0) {
        diag_add(diags, SEVERITY_ERROR, (struct place){.source = spec->file},
                 spec->skip > 0 ? "the trace holds no request behind the rows left out"
                                : "the trace holds no request");
        return false;
    }
    *survey = seen;
    return true;
}

void trace_player_start(struct trace_player *player, struct arena *arena, struct diags *diags,
                        const struct trace_spec *spec, const struct trace_survey *survey,
                        double speed)
{
    double gap_ns = spec->gap_s * 1e9;
    double span_ns = (double)survey->span_ns;
    if (isnan(gap_ns))
        gap_ns = survey->rows > 1 ? span_ns / (double)(survey->rows - 1) : 0.0;
    *player = (struct trace_player){.spec = spec,
                                    .survey = *survey,
                                    .arena = arena,
                                    .diags = diags,
                                    .speed = speed,
                                    .period_ns = span_ns + gap_ns};
}

/* Opens the file and passes over the rows that are left out. */
static bool begin_pass(struct trace_player *player)
{
    const struct trace_spec *spec = player->spec;
    struct trace_row row;
    if (player->pass >= spec->repeat ||
        !trace_open(&player->trace, player->arena, player->diags, spec->file, spec->format))
        return false;
    for (int64_t i = 0; i < spec->skip; i++)
        trace_next(&player->trace, &row);
    player->is_open = true;
    player->first_ns = INT64_MIN;
    return true;
}

bool trace_player_next(struct trace_player *player, struct trace_row *row)
{
    while (!player->is_over) {
        if (!player->is_open && !begin_pass(player)) {
            player->is_over = true;
            break;
        }
        if (trace_next(&player->trace, row)) {
            if (player->first_ns == INT64_MIN)
                player->first_ns = row->at_ns;
            double since_ns =
                (double)player->pass * player->period_ns + (double)(row->at_ns - player->first_ns);
            row->at_ns = llrint(since_ns / player->speed);
            return true;
        }
        player->is_over = !trace_close(&player->trace) || player->first_ns == INT64_MIN;
        player->is_open = false;
        player->pass++;
    }
    return false;
}

void trace_player_stop(struct trace_player *player)
{
    if (player->is_open)
        trace_close(&player->trace);
    player->is_open = false;
    player->is_over = true;
}
