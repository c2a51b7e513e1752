/* Which tokens a step computes, and which keys they see. */
#ifndef TOKENROOF_GRAPH_BATCH_H
#define TOKENROOF_GRAPH_BATCH_H

#include "spec/model.h"

#include <stdbool.h>
#include <stdint.h>

/** Requests in the same state. */
struct batch_part {
    int64_t requests;    /**< how many, ≥ 1 */
    int64_t new_tokens;  /**< tokens computed per request in this step; 1 = decode, more = prefill
                            chunk */
    int64_t past_tokens; /**< tokens already in the KV cache, per request */
    int64_t logit_rows;  /**< rows per request that need logits: 1 when a token is sampled, else 0;
                            all of several when drafts are verified, on the kernels of decoding */
};

/** The requests of one step. */
struct batch {
    const struct batch_part *parts; /**< [part_count] */
    int part_count;
};

/** True for requests that decode: one new token each, or drafts that are verified. */
static inline bool batch_part_decodes(const struct batch_part *part)
{
    return part->new_tokens == 1 || part->logit_rows > 1;
}

/** Tokens computed in the step, all requests. */
double batch_tokens(const struct batch *batch);

/** Requests of the step. */
double batch_requests(const struct batch *batch);

/** Rows that need logits, all requests. */
double batch_logit_rows(const struct batch *batch);

/**
 * Query-key pairs of one request with `new_tokens` after `past_tokens`, causal: full Σ p+j, window
 * Σ min(p+j, W), chunk Σ ((p+j−1) mod C)+1 for j = 1 … new_tokens, in closed form.
 */
double span_pairs(enum span span, const struct attention *attention, int64_t past_tokens,
                  int64_t new_tokens);

/** Keys of one request that any of its new tokens sees (what is read from the KV cache). */
double span_keys(enum span span, const struct attention *attention, int64_t past_tokens,
                 int64_t new_tokens);

/** Tokens of one request that stay in the KV cache of a layer at context `tokens`. */
double span_cached(enum span span, const struct attention *attention, int64_t tokens);

#endif
