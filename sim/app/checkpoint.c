#include "app/checkpoint.h"

#include <math.h>
#include <string.h>

static const char ending[] = ".gguf";

bool checkpoint_is_named(const char *name)
{
    size_t length = strlen(name);
    return length > strlen(ending) && strcmp(name + length - strlen(ending), ending) == 0;
}

/* Vocabularies may be padded; everything else that the kernel computes must agree. */
static bool has_same_dimensions(const struct model *a, const struct model *b)
{
    const struct attention *x = &a->attention;
    const struct attention *y = &b->attention;
    const struct ffn *f = &a->ffn;
    const struct ffn *g = &b->ffn;
    double padding = fabs((double)(a->vocab - b->vocab));
    return a->layers == b->layers && a->hidden == b->hidden && padding <= 0.01 * (double)b->vocab &&
           a->has_tied_embeddings == b->has_tied_embeddings && x->kind == y->kind &&
           x->heads == y->heads && x->kv_heads == y->kv_heads && x->head_dim == y->head_dim &&
           x->bias == y->bias && x->qk_norm == y->qk_norm && f->dense_ffn == g->dense_ffn &&
           f->moe.experts == g->moe.experts && f->moe.top_k == g->moe.top_k &&
           f->moe.expert_ffn == g->moe.expert_ffn && f->moe.shared_ffn == g->moe.shared_ffn;
}

/* The name of the model of models/ with these dimensions, or NULL. */
static const char *find_shipped(const struct loader *loader, const struct model *model)
{
    struct loader plain = *loader; /* overrides are for models that are asked for */
    plain.override_count = 0;
    int count = 0;
    const char **names = load_names(&plain, "models", &count);
    for (int i = 0; i < count; i++) {
        struct place place = {.source = names[i]};
        const struct model *shipped = load_model(&plain, names[i], ".", place);
        if (shipped && has_same_dimensions(model, shipped))
            return shipped->id;
    }
    return NULL;
}

static const char *stem_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    return arena_strndup(arena, base, strlen(base) - strlen(ending));
}

bool checkpoint_open(const struct loader *loader, const char *path, struct gguf *out)
{
    const char *problem = gguf_open(loader->arena, path, out);
    if (problem) {
        struct place place = {.source = "command line"};
        diag_add(loader->diags, SEVERITY_ERROR, place, "%s", problem);
        return false;
    }
    const char *shipped = find_shipped(loader, &out->model);
    out->model.id = shipped ? shipped : stem_of(loader->arena, path);
    if (!out->model.name)
        out->model.name = stem_of(loader->arena, path);
    return true;
}

bool checkpoint_is_shipped(const struct loader *loader, const struct gguf *gguf)
{
    return find_shipped(loader, &gguf->model) != NULL;
}
