/* Checkpoints in GGUF files: Llama, Qwen2 and OLMoE with F32, F16, BF16, Q8_0, Q4_0 and (converted)
 * Q6_K tensors. */
#ifndef TOKENROOF_KERNEL_GGUF_H
#define TOKENROOF_KERNEL_GGUF_H

#include "base/arena.h"
#include "kernel/decoder.h"

struct gguf_tensor;

/** An open file; its tensors stay in the file and are read row by row. */
struct gguf {
    const unsigned char *bytes;       /**< the whole file, mapped */
    size_t size_bytes;                /**< [B] */
    struct model model;               /**< what its metadata says; name NULL where it has none */
    float rope_theta;                 /**< base of the rotary angles */
    float norm_epsilon;               /**< of RMSNorm */
    enum router_kind router;          /**< how expert weights are made */
    enum format format;               /**< of most weights; F16 counts as bf16 */
    bool has_paired_rope;             /**< Llama files: rows of queries and keys are permuted */
    const struct gguf_tensor **index; /**< [layers + 1][TENSOR_COUNT]; last: outside the layers */
};

/**
 * Maps `path`, reads its metadata and checks that every tensor that the model needs is there, has
 * the right shape and lies inside the file. Returns NULL, or what is wrong (in `arena`) and leaves
 * `*out` untouched. Strings and tables live in `arena`; the file until gguf_close.
 */
const char *gguf_open(struct arena *arena, const char *path, struct gguf *out);

/** Unmaps the file. */
void gguf_close(struct gguf *gguf);

/** Sets format, theta, epsilon, router and source for a decoder of `gguf->model`. */
void gguf_apply(const struct gguf *gguf, struct decoder_options *options);

#endif
