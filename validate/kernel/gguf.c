#include "kernel/gguf.h"

#include "kernel/gguf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Name of each tensor in the files, and whether it sits in a layer; NULL: our models of these
 * architectures have none. */
static const char *tensor_suffix(enum tensor tensor)
{
    switch (tensor) {
    case TENSOR_EMBEDDING:
        return "token_embd.weight";
    case TENSOR_LM_HEAD:
        return "output.weight";
    case TENSOR_FINAL_NORM:
        return "output_norm.weight";
    case TENSOR_ATTENTION_NORM:
        return "attn_norm.weight";
    case TENSOR_FFN_NORM:
        return "ffn_norm.weight";
    case TENSOR_QUERY_NORM:
        return "attn_q_norm.weight";
    case TENSOR_KEY_NORM:
        return "attn_k_norm.weight";
    case TENSOR_QUERY:
        return "attn_q.weight";
    case TENSOR_KEY:
        return "attn_k.weight";
    case TENSOR_VALUE:
        return "attn_v.weight";
    case TENSOR_QUERY_BIAS:
        return "attn_q.bias";
    case TENSOR_KEY_BIAS:
        return "attn_k.bias";
    case TENSOR_VALUE_BIAS:
        return "attn_v.bias";
    case TENSOR_OUT:
        return "attn_output.weight";
    case TENSOR_ROUTER:
        return "ffn_gate_inp.weight";
    case TENSOR_GATE:
        return "ffn_gate.weight";
    case TENSOR_UP:
        return "ffn_up.weight";
    case TENSOR_DOWN:
        return "ffn_down.weight";
    case TENSOR_EXPERT_GATE:
        return "ffn_gate_exps.weight";
    case TENSOR_EXPERT_UP:
        return "ffn_up_exps.weight";
    case TENSOR_EXPERT_DOWN:
        return "ffn_down_exps.weight";
    default:
        return NULL;
    }
}

static bool is_outside_layers(enum tensor tensor)
{
    return tensor == TENSOR_EMBEDDING || tensor == TENSOR_LM_HEAD || tensor == TENSOR_FINAL_NORM;
}

/* The number of `arch`.`key`, or `otherwise`. */
static double number_of(struct arena *arena, const struct gguf_file *file, const char *arch,
                        const char *key, double otherwise)
{
    const struct gguf_value *value = gguf_file_value(file, arena_printf(arena, "%s.%s", arch, key));
    return value ? value->number : otherwise;
}

static const char *read_attention(struct arena *arena, const struct gguf_file *file,
                                  const char *arch, struct gguf *gguf)
{
    struct attention *a = &gguf->model.attention;
    double heads = number_of(arena, file, arch, "attention.head_count", 0);
    double kv_heads = number_of(arena, file, arch, "attention.head_count_kv", heads);
    if (!(heads >= 1 && heads <= 4096 && kv_heads >= 1 && kv_heads <= heads))
        return "attention.head_count makes no sense";
    double width =
        number_of(arena, file, arch, "attention.key_length", (double)gguf->model.hidden / heads);
    if (!(width >= 2 && width <= 4096))
        return "attention.key_length makes no sense";
    a->heads = (int64_t)heads;
    a->kv_heads = (int64_t)kv_heads;
    a->head_dim = (int64_t)width;
    a->kind = a->heads == a->kv_heads ? ATTENTION_MHA : ATTENTION_GQA;
    a->bias = gguf_file_tensor(file, "blk.0.attn_q.bias") ? BIAS_QKV : BIAS_NONE;
    a->qk_norm = QK_NORM_NONE;
    const struct gguf_tensor *norm = gguf_file_tensor(file, "blk.0.attn_q_norm.weight");
    if (norm)
        a->qk_norm = norm->sizes[0] == a->head_dim ? QK_NORM_PER_HEAD : QK_NORM_FULL;
    return NULL;
}

static const char *read_ffn(struct arena *arena, const struct gguf_file *file, const char *arch,
                            struct gguf *gguf)
{
    struct ffn *ffn = &gguf->model.ffn;
    double width = number_of(arena, file, arch, "feed_forward_length", 0);
    double experts = number_of(arena, file, arch, "expert_count", 0);
    double top_k = number_of(arena, file, arch, "expert_used_count", 0);
    double expert_width = number_of(arena, file, arch, "expert_feed_forward_length", width);
    if (!(width >= 1 && width <= 1e6 && expert_width >= 1 && expert_width <= 1e6))
        return "feed_forward_length makes no sense";
    if (!(experts >= 0 && experts <= 4096 && top_k >= 0 && top_k <= experts))
        return "expert_count makes no sense";
    *ffn = (struct ffn){.activation = ACTIVATION_SILU, .is_gated = true, .moe = {.every = 1}};
    if (experts < 1) {
        ffn->dense_ffn = (int64_t)width;
        return NULL;
    }
    ffn->moe.experts = (int64_t)experts;
    ffn->moe.top_k = (int64_t)top_k;
    ffn->moe.expert_ffn = (int64_t)expert_width;
    return NULL;
}

static const char *read_frame(struct arena *arena, const struct gguf_file *file, const char *arch,
                              struct gguf *gguf)
{
    struct model *model = &gguf->model;
    const struct gguf_value *name = gguf_file_value(file, "general.name");
    const struct gguf_tensor *embedding = gguf_file_tensor(file, "token_embd.weight");
    double layers = number_of(arena, file, arch, "block_count", 0);
    double hidden = number_of(arena, file, arch, "embedding_length", 0);
    if (!(layers >= 1 && layers <= 1000 && hidden >= 1 && hidden <= 1e6))
        return "block_count or embedding_length makes no sense";
    if (!embedding)
        return "there is no token_embd.weight";
    model->id = arch;
    model->name = name && name->text ? name->text : NULL;
    model->source = "GGUF file";
    model->published.total = (double)NAN;
    model->published.active = (double)NAN;
    model->layers = (int64_t)layers;
    model->hidden = (int64_t)hidden;
    model->vocab = embedding->sizes[1];
    model->has_tied_embeddings = !gguf_file_tensor(file, "output.weight");
    model->max_context_tokens = (int64_t)number_of(arena, file, arch, "context_length", 2048);
    model->norms_per_layer = 2;
    model->norm = NORM_RMSNORM;
    gguf->rope_theta = (float)number_of(arena, file, arch, "rope.freq_base", 10000);
    gguf->norm_epsilon =
        (float)number_of(arena, file, arch, "attention.layer_norm_rms_epsilon", 1e-5);
    return NULL;
}

static const char *read_model(struct arena *arena, const struct gguf_file *file, struct gguf *gguf)
{
    const struct gguf_value *value = gguf_file_value(file, "general.architecture");
    const char *arch = value && value->text ? value->text : "";
    bool is_llama = strcmp(arch, "llama") == 0;
    bool is_olmoe = strcmp(arch, "olmoe") == 0;
    if (!is_llama && !is_olmoe && strcmp(arch, "qwen2") != 0)
        return arena_printf(arena, "architecture '%s' is not llama, qwen2 or olmoe", arch);
    gguf->has_paired_rope = is_llama;
    gguf->router = is_olmoe ? ROUTER_SOFTMAX : ROUTER_SOFTMAX_RENORMALISED;
    const char *problem = read_frame(arena, file, arch, gguf);
    if (!problem)
        problem = read_attention(arena, file, arch, gguf);
    return problem ? problem : read_ffn(arena, file, arch, gguf);
}

/* Depth, outputs and experts of a tensor that the model needs; zero outputs: it needs none. */
struct shape {
    int64_t depth;
    int64_t outputs;
    int64_t experts;
};

static struct shape attention_shape(const struct model *model, enum tensor tensor)
{
    const struct attention *a = &model->attention;
    int64_t queries = a->heads * a->head_dim;
    int64_t keys = a->kv_heads * a->head_dim;
    bool is_full = a->qk_norm == QK_NORM_FULL;
    switch (tensor) {
    case TENSOR_QUERY:
        return (struct shape){model->hidden, queries, 1};
    case TENSOR_KEY:
    case TENSOR_VALUE:
        return (struct shape){model->hidden, keys, 1};
    case TENSOR_OUT:
        return (struct shape){queries, model->hidden, 1};
    case TENSOR_QUERY_BIAS:
        return (struct shape){queries, a->bias != BIAS_NONE, 1};
    case TENSOR_KEY_BIAS:
    case TENSOR_VALUE_BIAS:
        return (struct shape){keys, a->bias != BIAS_NONE, 1};
    case TENSOR_QUERY_NORM:
        return (struct shape){is_full ? queries : a->head_dim, a->qk_norm != QK_NORM_NONE, 1};
    case TENSOR_KEY_NORM:
        return (struct shape){is_full ? keys : a->head_dim, a->qk_norm != QK_NORM_NONE, 1};
    default:
        return (struct shape){0, 0, 0};
    }
}

static struct shape shape_of(const struct model *model, enum tensor tensor)
{
    const struct moe *moe = &model->ffn.moe;
    int64_t dense = model->ffn.dense_ffn;
    switch (tensor) {
    case TENSOR_EMBEDDING:
        return (struct shape){model->hidden, model->vocab, 1};
    case TENSOR_LM_HEAD:
        return (struct shape){model->hidden, model->has_tied_embeddings ? 0 : model->vocab, 1};
    case TENSOR_FINAL_NORM:
    case TENSOR_ATTENTION_NORM:
    case TENSOR_FFN_NORM:
        return (struct shape){model->hidden, 1, 1};
    case TENSOR_GATE:
    case TENSOR_UP:
        return (struct shape){model->hidden, dense, 1};
    case TENSOR_DOWN:
        return (struct shape){dense, dense > 0 ? model->hidden : 0, 1};
    case TENSOR_ROUTER:
        return (struct shape){model->hidden, moe->experts, 1};
    case TENSOR_EXPERT_GATE:
    case TENSOR_EXPERT_UP:
        return (struct shape){model->hidden, moe->experts > 0 ? moe->expert_ffn : 0, moe->experts};
    case TENSOR_EXPERT_DOWN:
        return (struct shape){moe->expert_ffn, moe->experts > 0 ? model->hidden : 0, moe->experts};
    default:
        return attention_shape(model, tensor);
    }
}

static const char *check_tensor(struct arena *arena, const struct gguf_tensor *tensor,
                                const char *name, struct shape shape)
{
    if (!tensor)
        return arena_printf(arena, "there is no %s", name);
    if (!tensor->data)
        return arena_printf(
            arena, "%s has ggml type %d; only F32, F16, BF16, Q8_0, Q4_0 and Q6_K are read", name,
            (int)tensor->type);
    if (tensor->sizes[0] != shape.depth || tensor->sizes[1] != shape.outputs ||
        tensor->sizes[2] != shape.experts || tensor->sizes[3] != 1)
        return arena_printf(arena, "%s is %lld x %lld x %lld instead of %lld x %lld x %lld", name,
                            (long long)tensor->sizes[0], (long long)tensor->sizes[1],
                            (long long)tensor->sizes[2], (long long)shape.depth,
                            (long long)shape.outputs, (long long)shape.experts);
    return NULL;
}

/* Finds what layer `layer` (= layers: outside) needs. */
static const char *index_layer(struct arena *arena, const struct gguf_file *file, struct gguf *gguf,
                               int64_t layer)
{
    bool is_outside = layer == gguf->model.layers;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        enum tensor tensor = (enum tensor)i;
        const char *suffix = tensor_suffix(tensor);
        struct shape shape = shape_of(&gguf->model, tensor);
        if (!suffix || shape.outputs == 0 || is_outside_layers(tensor) != is_outside)
            continue;
        const char *name =
            is_outside ? suffix : arena_printf(arena, "blk.%lld.%s", (long long)layer, suffix);
        const struct gguf_tensor *found = gguf_file_tensor(file, name);
        const char *problem = check_tensor(arena, found, name, shape);
        if (problem)
            return problem;
        gguf->index[layer * TENSOR_COUNT + i] = found;
    }
    return NULL;
}

static const char *index_tensors(struct arena *arena, const struct gguf_file *file,
                                 struct gguf *gguf)
{
    size_t count = (size_t)(gguf->model.layers + 1) * TENSOR_COUNT;
    gguf->index = arena_array(arena, count, sizeof *gguf->index);
    for (int64_t layer = 0; layer <= gguf->model.layers; layer++) {
        const char *problem = index_layer(arena, file, gguf, layer);
        if (problem)
            return problem;
    }
    return NULL;
}

static enum format format_of(const struct gguf *gguf)
{
    const struct gguf_tensor *tensor = gguf->index[TENSOR_OUT];
    switch (tensor->type) {
    case GGUF_F32:
        return FORMAT_FP32;
    case GGUF_Q8_0:
    case GGUF_Q6_K:
        return FORMAT_Q8_0;
    case GGUF_Q4_0:
        return FORMAT_Q4_0;
    case GGUF_F16:
    case GGUF_BF16:
        break;
    }
    return FORMAT_BF16;
}

static const char *map_file(struct arena *arena, const char *path, struct gguf *gguf)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return arena_printf(arena, "%s: %s", path, strerror(errno));
    void *bytes = MAP_FAILED;
    if (fstat(descriptor, &status) == 0 && status.st_size > 0)
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    close(descriptor);
    if (bytes == MAP_FAILED)
        return arena_printf(arena, "%s: cannot be mapped", path);
    gguf->bytes = bytes;
    gguf->size_bytes = (size_t)status.st_size;
    return NULL;
}

const char *gguf_open(struct arena *arena, const char *path, struct gguf *out)
{
    struct gguf gguf = {0};
    const char *problem = map_file(arena, path, &gguf);
    if (problem)
        return problem;
    struct gguf_file file = {.bytes = gguf.bytes, .size_bytes = gguf.size_bytes};
    problem = gguf_file_read(arena, &file);
    if (!problem)
        problem = read_model(arena, &file, &gguf);
    if (!problem)
        problem = index_tensors(arena, &file, &gguf);
    if (problem) {
        gguf_close(&gguf);
        return arena_printf(arena, "%s: %s", path, problem);
    }
    gguf.format = format_of(&gguf);
    gguf.model.native_format = gguf.format;
    *out = gguf;
    return NULL;
}

void gguf_close(struct gguf *gguf)
{
    union {
        const void *from;
        void *to;
    } bytes = {gguf->bytes}; /* munmap takes no const */
    munmap(bytes.to, gguf->size_bytes);
    *gguf = (struct gguf){0};
}

/*
 * Llama files interleave the two halves of each head's rows for llama.cpp's rotation of neighbours:
 * our row half · d/2 + i is their row 2 · i + half.
 */
static int64_t stored_row(const struct gguf *gguf, struct tensor_row row)
{
    int64_t width = gguf->model.attention.head_dim;
    if (!gguf->has_paired_rope || (row.tensor != TENSOR_QUERY && row.tensor != TENSOR_KEY))
        return row.row;
    int64_t within = row.row % width;
    return row.row - within + 2 * (within % (width / 2)) + within / (width / 2);
}

static void read_row(const void *context, struct tensor_row row, float *values)
{
    const struct gguf *gguf = context;
    int64_t layer = row.layer < 0 ? gguf->model.layers : row.layer;
    const struct gguf_tensor *tensor = gguf->index[layer * TENSOR_COUNT + (int64_t)row.tensor];
    size_t bytes = gguf_row_bytes(tensor->type, tensor->sizes[0]);
    int64_t expert = row.expert < 0 ? 0 : row.expert;
    int64_t at = expert * tensor->sizes[1] + stored_row(gguf, row);
    gguf_row_floats(tensor->type, tensor->data + (size_t)at * bytes, row.count, values);
}

void gguf_apply(const struct gguf *gguf, struct decoder_options *options)
{
    options->format = gguf->format;
    options->rope_theta = gguf->rope_theta;
    options->norm_epsilon = gguf->norm_epsilon;
    options->router = gguf->router;
    options->source = (struct weight_source){read_row, gguf};
}
