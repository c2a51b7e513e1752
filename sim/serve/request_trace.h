/* Request traces as others publish them, plain or gzip, read row by row in constant memory. */
#ifndef TOKENROOF_SERVE_REQUEST_TRACE_H
#define TOKENROOF_SERVE_REQUEST_TRACE_H

#include "base/csv.h"
#include "spec/serving.h"

/** One row. */
struct trace_row {
    int64_t at_ns; /**< time stamp as recorded [ns]; 0 where there is none */
    int32_t input_tokens;
    int32_t output_tokens;
    int32_t priority;
    int64_t session;        /**< -1 = none */
    const uint64_t *blocks; /**< [block_count] ids of the prompt's blocks, equal id = equal prompt
                               up to there; valid until the next row */
    int block_count;
    int block_tokens; /**< tokens of a block, 0 = no ids */
};

/**
 * Formats: Azure LLM inference traces 2023 and 2024 (TIMESTAMP,ContextTokens,GeneratedTokens),
 * Mooncake (JSON lines: timestamp [ms], input_length, output_length, hash_ids of 512-token blocks),
 * BurstGPT (Timestamp [s], Request tokens, Response tokens), Vidur (arrived_at [s],
 * num_prefill_tokens, num_decode_tokens), ShareGPT lengths of LLMServingSim (input_toks,
 * output_toks, arrival_time_ns), and our own (arrival_s, input_tokens, output_tokens; priority and
 * session may be there too).
 */
struct trace {
    struct lines lines;
    struct csv csv;
    struct arena *arena;
    struct diags *diags;
    enum trace_format format; /**< never TRACE_AUTO once open */
    bool has_times;
    struct csv_source at;
    struct csv_source input;
    struct csv_source output;
    struct csv_source priority;
    bool has_priority;
    struct csv_source session;
    double at_scale_ns; /**< ns per unit of `at` */
    uint64_t *blocks;   /**< [block_capacity] of the row */
    int block_capacity;
    int64_t last_ns;      /**< of the row before */
    int64_t skipped;      /**< rows without input or output: failed requests */
    int64_t skipped_line; /**< the first of them */
    int errors;
};

/** Opens `path` (it must outlive all messages). Returns false with messages; nothing to close. */
bool trace_open(struct trace *trace, struct arena *arena, struct diags *diags, const char *path,
                enum trace_format format);

/**
 * Reads the next row. Rows without input or output tokens are passed over and counted. A damaged
 * row or a time stamp earlier than the one before is a message, and reading goes on behind it (up
 * to 20 messages). False at the end.
 */
bool trace_next(struct trace *trace, struct trace_row *row);

/** Closes the file; returns false when anything was wrong with it. */
bool trace_close(struct trace *trace);

/** What a trace holds. */
struct trace_survey {
    int64_t rows;
    int64_t span_ns; /**< from the first to the last time stamp */
    bool has_times;
    bool has_blocks;
    bool has_priority;    /**< a column of that name */
    int64_t input_tokens; /**< of all rows */
    int64_t output_tokens;
};

/**
 * Reads the trace of `spec` once, at most `most_rows` rows behind those left out, so that all its
 * mistakes are known before anything is simulated. Returns false with messages; an empty trace is
 * one.
 */
bool trace_survey(struct arena *arena, struct diags *diags, const struct trace_spec *spec,
                  int64_t most_rows, struct trace_survey *survey);

/** A trace played `repeat` times at `speed`. */
struct trace_player {
    const struct trace_spec *spec;
    struct trace_survey survey;
    struct arena *arena;
    struct diags *diags;
    struct trace trace;
    bool is_open;
    bool is_over;
    int64_t pass;     /**< how often it was played to its end */
    int64_t first_ns; /**< time stamp that is time 0 */
    double speed;
    double period_ns; /**< from the start of a pass to that of the next, as recorded */
};

/** Starts; `speed` as in `spec` unless a rate says otherwise. Opens the file at the first row. */
void trace_player_start(struct trace_player *player, struct arena *arena, struct diags *diags,
                        const struct trace_spec *spec, const struct trace_survey *survey,
                        double speed);

/** The next row, its time since the start in simulated time. False after the last pass. */
bool trace_player_next(struct trace_player *player, struct trace_row *row);

/** Closes the file. */
void trace_player_stop(struct trace_player *player);

#endif
