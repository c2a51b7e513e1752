#include "graph/batch.h"

double batch_tokens(const struct batch *batch)
{
    double tokens = 0.0;
    for (int i = 0; i < batch->part_count; i++)
        tokens += (double)batch->parts[i].requests * (double)batch->parts[i].new_tokens;
    return tokens;
}

double batch_requests(const struct batch *batch)
{
    double requests = 0.0;
    for (int i = 0; i < batch->part_count; i++)
        requests += (double)batch->parts[i].requests;
    return requests;
}

double batch_logit_rows(const struct batch *batch)
{
    double rows = 0.0;
    for (int i = 0; i < batch->part_count; i++)
        rows += (double)batch->parts[i].requests * (double)batch->parts[i].logit_rows;
    return rows;
}

/* 1 + 2 + … + n */
static double triangle(double n)
{
    return n * (n + 1.0) / 2.0;
}

/* Σ over positions 0 … n−1 of (position mod C) + 1 */
static double chunk_sum(double n, double chunk)
{
    double whole = (double)(int64_t)(n / chunk);
    return whole * triangle(chunk) + triangle(n - whole * chunk);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

double span_pairs(enum span span, const struct attention *attention, int64_t past_tokens,
                  int64_t new_tokens)
{
    double past = (double)past_tokens;
    double fresh = (double)new_tokens;
    switch (span) {
    case SPAN_WINDOW: {
        int64_t window = attention->window_tokens;
        /* tokens whose whole past still fits the window */
        int64_t growing = window > past_tokens ? least(window - past_tokens, new_tokens) : 0;
        double grown = (double)growing;
        return grown * past + triangle(grown) + (fresh - grown) * (double)window;
    }
    case SPAN_CHUNK:
        return chunk_sum(past + fresh, (double)attention->chunk_tokens) -
               chunk_sum(past, (double)attention->chunk_tokens);
    case SPAN_FULL:
    case SPAN_COUNT:
        break;
    }
    return fresh * past + triangle(fresh);
}

double span_keys(enum span span, const struct attention *attention, int64_t past_tokens,
                 int64_t new_tokens)
{
    int64_t context = past_tokens + new_tokens;
    switch (span) {
    case SPAN_WINDOW:
        return (double)least(context, attention->window_tokens + new_tokens - 1);
    case SPAN_CHUNK:
        return (double)(context - past_tokens / attention->chunk_tokens * attention->chunk_tokens);
    case SPAN_FULL:
    case SPAN_COUNT:
        break;
    }
    return (double)context;
}

double span_cached(enum span span, const struct attention *attention, int64_t tokens)
{
    switch (span) {
    case SPAN_WINDOW:
        return (double)least(tokens, attention->window_tokens);
    case SPAN_CHUNK:
        return (double)least(tokens, attention->chunk_tokens);
    case SPAN_FULL:
    case SPAN_COUNT:
        break;
    }
    return (double)tokens;
}
