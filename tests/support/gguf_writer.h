/* GGUF files of tiny models, written from known rows: the reader's other side. */
#ifndef TOKENROOF_TESTS_GGUF_WRITER_H
#define TOKENROOF_TESTS_GGUF_WRITER_H

#include "kernel/weights.h"

#include <stddef.h>
#include <stdint.h>

/** ggml's numbers of the tensor types that can be written. */
enum { TYPE_F32 = 0, TYPE_F16 = 1, TYPE_Q4_0 = 2, TYPE_Q8_0 = 8, TYPE_BF16 = 30 };

/** A file in memory; free `data`. */
struct gguf_bytes {
    unsigned char *data;
    size_t size;       /**< [B] */
    size_t head_bytes; /**< metadata and table of tensors, before the first tensor [B] */
};

/**
 * A file of `model` for architecture `arch` ("llama", "qwen2", "olmoe") with matrices of `type`
 * (vectors, routers and embeddings are F32) and the rows of `source`. Depths of block types must be
 * multiples of 32.
 */
struct gguf_bytes gguf_write(const struct model *model, const char *arch, uint32_t type,
                             struct weight_source source);

/** Writes `size` bytes to `path`; 0, or -1 when that fails. */
int gguf_save(const char *path, const unsigned char *data, size_t size);

#endif
