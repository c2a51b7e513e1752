#include "kernel/gguf_file.h"

#include "kernel/half.h"

#include <string.h>

/* Limits far above any real file: a broken one must not ask for terabytes. */
enum { SUPER_BLOCK = 256, SUPER_BLOCK_BYTES = 210 }; /* of Q6_K */
enum { VALUES_MAX = 1 << 16, TENSORS_MAX = 1 << 16, ALIGNMENT_DEFAULT = 32, ALIGNMENT_MAX = 4096 };

/* A position in the file that never runs past its end. */
struct cursor {
    const unsigned char *bytes;
    size_t size;
    size_t at;
    bool is_broken;
};

/* Value types of the metadata; the numbers are GGUF's. */
enum value_type {
    VALUE_UINT8,
    VALUE_INT8,
    VALUE_UINT16,
    VALUE_INT16,
    VALUE_UINT32,
    VALUE_INT32,
    VALUE_FLOAT32,
    VALUE_BOOL,
    VALUE_STRING,
    VALUE_ARRAY,
    VALUE_UINT64,
    VALUE_INT64,
    VALUE_FLOAT64,
    VALUE_TYPE_COUNT
};

static void take(struct cursor *cursor, void *out, size_t size)
{
    memset(out, 0, size);
    if (cursor->is_broken || cursor->size - cursor->at < size) {
        cursor->is_broken = true;
        return;
    }
    memcpy(out, cursor->bytes + cursor->at, size);
    cursor->at += size;
}

static uint32_t take_u32(struct cursor *cursor)
{
    uint32_t value;
    take(cursor, &value, sizeof value);
    return value;
}

static uint64_t take_u64(struct cursor *cursor)
{
    uint64_t value;
    take(cursor, &value, sizeof value);
    return value;
}

static void skip(struct cursor *cursor, uint64_t size)
{
    if (cursor->is_broken || cursor->size - cursor->at < size)
        cursor->is_broken = true;
    else
        cursor->at += size;
}

static const char *take_string(struct cursor *cursor, struct arena *arena)
{
    uint64_t length = take_u64(cursor);
    size_t start = cursor->at;
    skip(cursor, length);
    if (cursor->is_broken)
        return "";
    return arena_strndup(arena, (const char *)cursor->bytes + start, (size_t)length);
}

static size_t scalar_bytes(uint32_t type)
{
    static const size_t sizes[VALUE_TYPE_COUNT] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return type < VALUE_TYPE_COUNT ? sizes[type] : 0;
}

static double integer_number(uint32_t type, const unsigned char *raw)
{
    uint64_t bits;
    memcpy(&bits, raw, sizeof bits);
    switch (type) {
    case VALUE_INT8:
        return (double)(int8_t)bits;
    case VALUE_INT16:
        return (double)(int16_t)bits;
    case VALUE_INT32:
        return (double)(int32_t)bits;
    case VALUE_INT64:
        return (double)(int64_t)bits;
    default:
        return (double)bits;
    }
}

static double take_number(struct cursor *cursor, uint32_t type)
{
    unsigned char raw[8] = {0};
    take(cursor, raw, scalar_bytes(type));
    if (type == VALUE_FLOAT32) {
        float value;
        memcpy(&value, raw, sizeof value);
        return (double)value;
    }
    if (type == VALUE_FLOAT64) {
        double value;
        memcpy(&value, raw, sizeof value);
        return value;
    }
    return integer_number(type, raw);
}

static void skip_array(struct cursor *cursor)
{
    uint32_t type = take_u32(cursor);
    uint64_t count = take_u64(cursor);
    size_t size = scalar_bytes(type);
    if (type != VALUE_STRING && size == 0) {
        cursor->is_broken = true;
        return;
    }
    if (size > 0 && count > cursor->size / size)
        cursor->is_broken = true;
    for (uint64_t i = 0; type == VALUE_STRING && i < count && !cursor->is_broken; i++)
        skip(cursor, take_u64(cursor));
    if (type != VALUE_STRING)
        skip(cursor, count * size);
}

static struct gguf_value take_value(struct cursor *cursor, struct arena *arena)
{
    struct gguf_value value = {.key = take_string(cursor, arena)};
    uint32_t type = take_u32(cursor);
    if (type == VALUE_STRING)
        value.text = take_string(cursor, arena);
    else if (type == VALUE_ARRAY)
        skip_array(cursor);
    else if (scalar_bytes(type) > 0)
        value.number = take_number(cursor, type);
    else
        cursor->is_broken = true;
    return value;
}

size_t gguf_row_bytes(enum gguf_type type, int64_t depth)
{
    size_t count = (size_t)depth;
    switch (type) {
    case GGUF_F32:
        return 4 * count;
    case GGUF_F16:
    case GGUF_BF16:
        return 2 * count;
    case GGUF_Q8_0:
        return depth % 32 == 0 ? count / 32 * 34 : 0;
    case GGUF_Q4_0:
        return depth % 32 == 0 ? count / 32 * 18 : 0;
    case GGUF_Q6_K:
        return depth % SUPER_BLOCK == 0 ? count / SUPER_BLOCK * SUPER_BLOCK_BYTES : 0;
    }
    return 0;
}

static uint16_t half_at(const unsigned char *bytes)
{
    uint16_t half;
    memcpy(&half, bytes, sizeof half);
    return half;
}

/* A block is a half-precision scale and 32 values of 8 bits or 4 (the first 16 in the low nibbles).
 */
static void block_floats(enum gguf_type type, const unsigned char *block, float *out)
{
    float scale = fp16_to_float(half_at(block));
    for (int i = 0; i < 32; i++) {
        if (type == GGUF_Q8_0)
            out[i] = scale * (float)(int8_t)block[2 + i];
        else
            out[i] = scale * (float)((block[2 + i % 16] >> (i < 16 ? 0 : 4) & 15) - 8);
    }
}

/*
 * A block of Q6_K (ggml's block_q6_K): the low 4 bits of 256 values [128 bytes], their high 2 bits
 * [64], a signed scale for every 16 values [16], and a half-precision scale of all. Halves of 128
 * values have their bytes apart; in a half, the four quarters of 32 values share them.
 */
static void super_block_floats(const unsigned char *block, float *out)
{
    const unsigned char *high = block + 128;
    const unsigned char *scales = block + 192;
    float scale = fp16_to_float(half_at(block + 208));
    for (int i = 0; i < SUPER_BLOCK; i++) {
        int half = i / 128;
        int quarter = i % 128 / 32;
        int within = i % 32;
        int low_bits = block[64 * half + 32 * (quarter % 2) + within] >> (quarter / 2 * 4) & 15;
        int high_bits = high[32 * half + within] >> (2 * quarter) & 3;
        float value = (float)((high_bits << 4 | low_bits) - 32);
        out[i] = scale * (float)(int8_t)scales[i / 16] * value;
    }
}

void gguf_row_floats(enum gguf_type type, const unsigned char *row, int64_t count, float *out)
{
    size_t block = type == GGUF_Q8_0 ? 34 : 18;
    if (type == GGUF_F32)
        memcpy(out, row, (size_t)count * sizeof *out);
    else if (type == GGUF_F16)
        for (int64_t i = 0; i < count; i++)
            out[i] = fp16_to_float(half_at(row + 2 * i));
    else if (type == GGUF_BF16)
        for (int64_t i = 0; i < count; i++)
            out[i] = bf16_to_float(half_at(row + 2 * i));
    else if (type == GGUF_Q6_K)
        for (int64_t i = 0; i < count / SUPER_BLOCK; i++)
            super_block_floats(row + i * SUPER_BLOCK_BYTES, out + SUPER_BLOCK * i);
    else
        for (int64_t i = 0; i < count / 32; i++)
            block_floats(type, row + (size_t)i * block, out + 32 * i);
}

/* Name, shape and type; returns its offset in the data. */
static uint64_t take_tensor(struct cursor *cursor, struct arena *arena, struct gguf_tensor *tensor)
{
    *tensor = (struct gguf_tensor){
        .name = take_string(cursor, arena), .sizes = {1, 1, 1, 1}
    };
    uint32_t dimensions = take_u32(cursor);
    if (dimensions > 4)
        cursor->is_broken = true;
    for (uint32_t i = 0; i < dimensions && !cursor->is_broken; i++) {
        uint64_t size = take_u64(cursor);
        if (size == 0 || size > INT32_MAX)
            cursor->is_broken = true;
        tensor->sizes[i] = (int64_t)size;
    }
    tensor->type = (enum gguf_type)take_u32(cursor);
    return take_u64(cursor);
}

/* Points the tensor at its data. False when that is not all inside the file; tensors of types that
 * we do not know stay without data. */
static bool place_tensor(const struct gguf_file *file, struct gguf_tensor *tensor, uint64_t start)
{
    size_t row = gguf_row_bytes(tensor->type, tensor->sizes[0]);
    double bytes = (double)row * (double)tensor->sizes[1] * (double)tensor->sizes[2] *
                   (double)tensor->sizes[3];
    if (row == 0)
        return true;
    if (start > file->size_bytes || bytes > (double)(file->size_bytes - start))
        return false;
    tensor->data = file->bytes + start;
    return true;
}

static const char *read_values(struct arena *arena, struct cursor *cursor, struct gguf_file *file)
{
    file->values = arena_array(arena, (size_t)file->value_count + 1, sizeof *file->values);
    for (int64_t i = 0; i < file->value_count; i++) {
        file->values[i] = take_value(cursor, arena);
        if (cursor->is_broken)
            return arena_printf(arena, "the metadata breaks off at entry %lld", (long long)i);
    }
    return NULL;
}

static const char *read_tensors(struct arena *arena, struct cursor *cursor, struct gguf_file *file)
{
    file->tensors = arena_array(arena, (size_t)file->tensor_count + 1, sizeof *file->tensors);
    uint64_t *offsets = arena_array(arena, (size_t)file->tensor_count + 1, sizeof *offsets);
    for (int64_t i = 0; i < file->tensor_count; i++) {
        offsets[i] = take_tensor(cursor, arena, &file->tensors[i]);
        if (cursor->is_broken)
            return arena_printf(arena, "the table of tensors breaks off at entry %lld",
                                (long long)i);
    }
    const struct gguf_value *wish = gguf_file_value(file, "general.alignment");
    double aligned = wish ? wish->number : ALIGNMENT_DEFAULT;
    if (!(aligned >= 1.0 && aligned <= ALIGNMENT_MAX))
        return "general.alignment makes no sense";
    uint64_t alignment = (uint64_t)aligned;
    uint64_t start = (cursor->at + alignment - 1) / alignment * alignment;
    for (int64_t i = 0; i < file->tensor_count; i++)
        if (offsets[i] > file->size_bytes ||
            !place_tensor(file, &file->tensors[i], start + offsets[i]))
            return arena_printf(arena, "tensor %s reaches past the end of the file",
                                file->tensors[i].name);
    return NULL;
}

const char *gguf_file_read(struct arena *arena, struct gguf_file *file)
{
    struct cursor cursor = {file->bytes, file->size_bytes, 0, false};
    char magic[4];
    take(&cursor, magic, sizeof magic);
    uint32_t version = take_u32(&cursor);
    uint64_t tensors = take_u64(&cursor);
    uint64_t values = take_u64(&cursor);
    if (cursor.is_broken || memcmp(magic, "GGUF", sizeof magic) != 0)
        return "not a GGUF file";
    if (version < 2 || version > 3)
        return arena_printf(arena, "GGUF version %u is not 2 or 3", version);
    if (tensors > TENSORS_MAX || values > VALUES_MAX)
        return "more tensors or metadata than any model has";
    file->tensor_count = (int64_t)tensors;
    file->value_count = (int64_t)values;
    const char *problem = read_values(arena, &cursor, file);
    return problem ? problem : read_tensors(arena, &cursor, file);
}

const struct gguf_value *gguf_file_value(const struct gguf_file *file, const char *key)
{
    for (int64_t i = 0; i < file->value_count; i++)
        if (strcmp(file->values[i].key, key) == 0)
            return &file->values[i];
    return NULL;
}

const struct gguf_tensor *gguf_file_tensor(const struct gguf_file *file, const char *name)
{
    for (int64_t i = 0; i < file->tensor_count; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    return NULL;
}
