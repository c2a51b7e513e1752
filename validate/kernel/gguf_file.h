/* Inside the GGUF reader: the container, before anything is known about models. */
#ifndef TOKENROOF_KERNEL_GGUF_FILE_H
#define TOKENROOF_KERNEL_GGUF_FILE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Types of tensor elements that are understood; the numbers are ggml's. */
enum gguf_type {
    GGUF_F32 = 0,
    GGUF_F16 = 1,
    GGUF_Q4_0 = 2,
    GGUF_Q8_0 = 8,
    GGUF_Q6_K = 14, /**< what Q4_0 files keep their LM head in */
    GGUF_BF16 = 30,
};

/** A tensor: ggml puts the fastest dimension first. */
struct gguf_tensor {
    const char *name;
    int64_t sizes[4]; /**< [depth, outputs, experts, 1] */
    enum gguf_type type;
    const unsigned char *data;
};

/** A number or a string of the metadata; arrays are skipped. */
struct gguf_value {
    const char *key;
    const char *text; /**< NULL unless a string */
    double number;    /**< integers, floats, booleans */
};

/** What a file holds. */
struct gguf_file {
    const unsigned char *bytes;
    size_t size_bytes;
    struct gguf_value *values;
    int64_t value_count;
    struct gguf_tensor *tensors;
    int64_t tensor_count;
};

/** Reads header, metadata and tensor table of `file->bytes`; NULL or what is wrong. */
const char *gguf_file_read(struct arena *arena, struct gguf_file *file);

/** Bytes of a row of `depth` elements [B], 0 when the type does not allow it. */
size_t gguf_row_bytes(enum gguf_type type, int64_t depth);

/** Converts `count` elements. */
void gguf_row_floats(enum gguf_type type, const unsigned char *row, int64_t count, float *out);

/** The value of `key`, or NULL. */
const struct gguf_value *gguf_file_value(const struct gguf_file *file, const char *key);

/** The tensor called `name`, or NULL. */
const struct gguf_tensor *gguf_file_tensor(const struct gguf_file *file, const char *name);

#endif
