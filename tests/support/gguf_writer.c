#include "gguf_writer.h"

#include "kernel/half.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A growing buffer. */
struct bytes {
    unsigned char *data;
    size_t size;
    size_t capacity;
};

static void put(struct bytes *out, const void *data, size_t size)
{
    if (out->size + size > out->capacity) {
        out->capacity = 2 * (out->size + size);
        out->data = realloc(out->data, out->capacity);
    }
    memcpy(out->data + out->size, data, size);
    out->size += size;
}

static void put_u32(struct bytes *out, uint32_t value)
{
    put(out, &value, sizeof value);
}

static void put_u64(struct bytes *out, uint64_t value)
{
    put(out, &value, sizeof value);
}

static void put_text(struct bytes *out, const char *text)
{
    put_u64(out, strlen(text));
    put(out, text, strlen(text));
}

static void put_count(struct bytes *out, const char *arch, const char *key, int64_t value)
{
    char name[96];
    snprintf(name, sizeof name, "%s.%s", arch, key);
    put_text(out, name);
    put_u32(out, 4);
    put_u32(out, (uint32_t)value);
}

/* A file under construction: header and table in one buffer, tensor data in another. */
struct file {
    struct bytes head;
    struct bytes table;
    struct bytes data;
    uint64_t tensors;
    const struct model *model;
    const char *arch;
    uint32_t type; /* of matrices; vectors, routers and embeddings are F32 */
    struct weight_source source;
};

static void put_block(struct bytes *out, uint32_t type, const float *values)
{
    float extreme = 0.0f;
    for (int i = 0; i < 32; i++)
        extreme = fabsf(values[i]) > fabsf(extreme) ? values[i] : extreme;
    float scale = type == TYPE_Q8_0 ? fabsf(extreme) / 127.0f : extreme / -8.0f;
    uint16_t half = fp16_of_float(scale);
    put(out, &half, sizeof half);
    unsigned char quants[32];
    for (int i = 0; i < 32; i++) {
        int nibble = (int)(values[i] / scale + 8.5f);
        quants[i] = (unsigned char)(type == TYPE_Q8_0 ? (int)lrintf(values[i] / scale)
                                                      : (nibble > 15 ? 15 : nibble));
    }
    for (int i = 0; type == TYPE_Q4_0 && i < 16; i++)
        quants[i] = (unsigned char)(quants[i] | quants[i + 16] << 4);
    put(out, quants, type == TYPE_Q8_0 ? 32 : 16);
}

static void put_row(struct bytes *out, uint32_t type, const float *values, int64_t count)
{
    if (type == TYPE_F32)
        put(out, values, (size_t)count * sizeof *values);
    for (int64_t i = 0; (type == TYPE_F16 || type == TYPE_BF16) && i < count; i++) {
        uint16_t half = type == TYPE_F16 ? fp16_of_float(values[i]) : bf16_of_float(values[i]);
        put(out, &half, sizeof half);
    }
    for (int64_t i = 0; (type == TYPE_Q8_0 || type == TYPE_Q4_0) && i < count; i += 32)
        put_block(out, type, values + i);
}

/* Which rows a tensor has. */
struct rows {
    enum tensor tensor;
    int64_t layer;
    int64_t experts; /* 0: not an expert tensor */
    int64_t outputs;
    int64_t depth;
};

/* Llama files store row 2i + half of a head where the model has row half · d/2 + i. */
static int64_t row_in_model(const struct file *file, struct rows rows, int64_t stored)
{
    int64_t width = file->model->attention.head_dim;
    if (strcmp(file->arch, "llama") != 0 ||
        (rows.tensor != TENSOR_QUERY && rows.tensor != TENSOR_KEY))
        return stored;
    int64_t within = stored % width;
    return stored - within + within % 2 * (width / 2) + within / 2;
}

static void put_data(struct file *file, struct rows rows, uint32_t type)
{
    float *values = calloc((size_t)rows.depth, sizeof *values);
    int64_t experts = rows.experts > 0 ? rows.experts : 1;
    for (int64_t i = 0; i < experts * rows.outputs; i++) {
        struct tensor_row row = {rows.tensor, rows.layer, rows.experts > 0 ? i / rows.outputs : -1,
                                 row_in_model(file, rows, i % rows.outputs), rows.depth};
        file->source.read(file->source.context, row, values);
        put_row(&file->data, type, values, rows.depth);
    }
    free(values);
    while (file->data.size % 32 != 0)
        put(&file->data, "", 1);
}

static void put_tensor(struct file *file, const char *suffix, struct rows rows)
{
    bool is_plain = rows.outputs == 1 || rows.layer < 0 || rows.tensor == TENSOR_ROUTER;
    uint32_t type = is_plain ? TYPE_F32 : file->type;
    char name[96];
    if (rows.layer < 0)
        snprintf(name, sizeof name, "%s", suffix);
    else
        snprintf(name, sizeof name, "blk.%d.%s", (int)rows.layer, suffix);
    put_text(&file->table, name);
    put_u32(&file->table, rows.experts > 0 ? 3 : (rows.outputs > 1 ? 2 : 1));
    put_u64(&file->table, (uint64_t)rows.depth);
    if (rows.outputs > 1)
        put_u64(&file->table, (uint64_t)rows.outputs);
    if (rows.experts > 0)
        put_u64(&file->table, (uint64_t)rows.experts);
    put_u32(&file->table, type);
    put_u64(&file->table, file->data.size);
    put_data(file, rows, type);
    file->tensors++;
}

static void put_attention(struct file *file, int64_t layer)
{
    const struct attention *a = &file->model->attention;
    int64_t hidden = file->model->hidden;
    int64_t queries = a->heads * a->head_dim;
    int64_t keys = a->kv_heads * a->head_dim;
    put_tensor(file, "attn_norm.weight", (struct rows){TENSOR_ATTENTION_NORM, layer, 0, 1, hidden});
    put_tensor(file, "attn_q.weight", (struct rows){TENSOR_QUERY, layer, 0, queries, hidden});
    put_tensor(file, "attn_k.weight", (struct rows){TENSOR_KEY, layer, 0, keys, hidden});
    put_tensor(file, "attn_v.weight", (struct rows){TENSOR_VALUE, layer, 0, keys, hidden});
    put_tensor(file, "attn_output.weight", (struct rows){TENSOR_OUT, layer, 0, hidden, queries});
    if (a->bias != BIAS_NONE) {
        put_tensor(file, "attn_q.bias", (struct rows){TENSOR_QUERY_BIAS, layer, 0, 1, queries});
        put_tensor(file, "attn_k.bias", (struct rows){TENSOR_KEY_BIAS, layer, 0, 1, keys});
        put_tensor(file, "attn_v.bias", (struct rows){TENSOR_VALUE_BIAS, layer, 0, 1, keys});
    }
    if (a->qk_norm == QK_NORM_FULL) {
        put_tensor(file, "attn_q_norm.weight",
                   (struct rows){TENSOR_QUERY_NORM, layer, 0, 1, queries});
        put_tensor(file, "attn_k_norm.weight", (struct rows){TENSOR_KEY_NORM, layer, 0, 1, keys});
    }
}

static void put_ffn(struct file *file, int64_t layer)
{
    const struct moe *moe = &file->model->ffn.moe;
    int64_t hidden = file->model->hidden;
    int64_t width = file->model->ffn.dense_ffn;
    int64_t n = moe->experts;
    put_tensor(file, "ffn_norm.weight", (struct rows){TENSOR_FFN_NORM, layer, 0, 1, hidden});
    if (n == 0) {
        put_tensor(file, "ffn_gate.weight", (struct rows){TENSOR_GATE, layer, 0, width, hidden});
        put_tensor(file, "ffn_up.weight", (struct rows){TENSOR_UP, layer, 0, width, hidden});
        put_tensor(file, "ffn_down.weight", (struct rows){TENSOR_DOWN, layer, 0, hidden, width});
        return;
    }
    put_tensor(file, "ffn_gate_inp.weight", (struct rows){TENSOR_ROUTER, layer, 0, n, hidden});
    put_tensor(file, "ffn_gate_exps.weight",
               (struct rows){TENSOR_EXPERT_GATE, layer, n, moe->expert_ffn, hidden});
    put_tensor(file, "ffn_up_exps.weight",
               (struct rows){TENSOR_EXPERT_UP, layer, n, moe->expert_ffn, hidden});
    put_tensor(file, "ffn_down_exps.weight",
               (struct rows){TENSOR_EXPERT_DOWN, layer, n, hidden, moe->expert_ffn});
}

static void put_head(struct file *file)
{
    const struct model *model = file->model;
    const struct moe *moe = &model->ffn.moe;
    put(&file->head, "GGUF", 4);
    put_u32(&file->head, 3);
    put_u64(&file->head, file->tensors);
    put_u64(&file->head, 11);
    put_text(&file->head, "general.architecture");
    put_u32(&file->head, 8);
    put_text(&file->head, file->arch);
    put_count(&file->head, file->arch, "block_count", model->layers);
    put_count(&file->head, file->arch, "embedding_length", model->hidden);
    put_count(&file->head, file->arch, "feed_forward_length",
              moe->experts > 0 ? moe->expert_ffn : model->ffn.dense_ffn);
    put_count(&file->head, file->arch, "attention.head_count", model->attention.heads);
    put_count(&file->head, file->arch, "attention.head_count_kv", model->attention.kv_heads);
    put_count(&file->head, file->arch, "attention.key_length", model->attention.head_dim);
    put_count(&file->head, file->arch, "context_length", 1024);
    put_count(&file->head, file->arch, "expert_count", moe->experts);
    put_count(&file->head, file->arch, "expert_used_count", moe->top_k);
    put_text(&file->head, "tokenizer.ggml.tokens"); /* an array of strings: skipped */
    put_u32(&file->head, 9);
    put_u32(&file->head, 8);
    put_u64(&file->head, 2);
    put_text(&file->head, "a");
    put_text(&file->head, "bc");
}

/* The whole file in file->head. */
static void build(struct file *file)
{
    const struct model *model = file->model;
    put_tensor(file, "token_embd.weight",
               (struct rows){TENSOR_EMBEDDING, -1, 0, model->vocab, model->hidden});
    if (!model->has_tied_embeddings)
        put_tensor(file, "output.weight",
                   (struct rows){TENSOR_LM_HEAD, -1, 0, model->vocab, model->hidden});
    put_tensor(file, "output_norm.weight",
               (struct rows){TENSOR_FINAL_NORM, -1, 0, 1, model->hidden});
    for (int64_t layer = 0; layer < model->layers; layer++) {
        put_attention(file, layer);
        put_ffn(file, layer);
    }
    put_head(file);
    put(&file->head, file->table.data, file->table.size);
    while (file->head.size % 32 != 0)
        put(&file->head, "", 1);
    put(&file->head, file->data.data, file->data.size);
}

struct gguf_bytes gguf_write(const struct model *model, const char *arch, uint32_t type,
                             struct weight_source source)
{
    struct file file = {.model = model, .arch = arch, .type = type, .source = source};
    build(&file);
    struct gguf_bytes out = {file.head.data, file.head.size, file.head.size - file.data.size};
    free(file.table.data);
    free(file.data.data);
    return out;
}

int gguf_save(const char *path, const unsigned char *data, size_t size)
{
    FILE *out = fopen(path, "wb");
    if (!out)
        return -1;
    size_t written = fwrite(data, 1, size, out);
    return fclose(out) == 0 && written == size ? 0 : -1;
}
