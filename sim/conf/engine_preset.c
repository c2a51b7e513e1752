#include "conf/engine_preset.h"

#include <stddef.h>
#include <string.h>

/* One file of engines/. */
struct engine_preset {
    const char *name;
    const char *source;
    const char *notes;
    const struct node *defaults;
};

#define TEXT(member, presence_, help_)                                                             \
    {                                                                                              \
        .key = #member, .kind = FIELD_TEXT, .presence = presence_,                                 \
        .offset = offsetof(struct engine_preset, member), .help = help_                            \
    }

static const struct field preset_fields[] = {
    TEXT(name, PRESENCE_REQUIRED, "of the program and its version"),
    TEXT(source, PRESENCE_REQUIRED, "which measurements say so"),
    TEXT(notes, PRESENCE_OPTIONAL, "what to know about them"),
    {.key = "defaults",
                                                           .kind = FIELD_TREE,
                                                           .presence = PRESENCE_REQUIRED,
                                                           .offset = offsetof(struct engine_preset, defaults),
                                                           .help = "keys of a what-if, as they stand there"},
    {0},
};

static void merge(struct arena *arena, struct node *into, const struct node *from)
{
    for (const struct member *member = from->first; member; member = member->next) {
        struct member *own = node_member(into, member->key->text);
        if (!own)
            node_set(arena, into, member->key->text, member->value);
        else if (own->value->kind == NODE_MAPPING && member->value->kind == NODE_MAPPING)
            merge(arena, own->value, member->value);
    }
}

static void report_no_engine(const struct loader *loader, const struct node *named)
{
    int count = 0;
    const char **names = load_names(loader, "engines", &count);
    const char *near = closest_name(named->text, names, (size_t)count);
    const char *list = "";
    for (int i = 0; i < count; i++)
        list = arena_printf(loader->arena, "%s%s%s", list, i ? ", " : "", names[i]);
    diag_add(loader->diags, SEVERITY_ERROR, named->place, "no engine is called '%s'",
             diag_quote(loader->diags, named->text));
    if (near)
        diag_hint(loader->diags, "did you mean '%s'? There are: %s", near, list);
    else
        diag_hint(loader->diags, "there are: %s", list);
}

/* The file of a name; NULL when there is none. */
static const char *path_of(const struct loader *loader, const struct node *named,
                           const char *folder)
{
    const char *name = named->text;
    size_t length = strlen(name);
    bool is_path = strchr(name, '/') || (length > 5 && strcmp(name + length - 5, ".yaml") == 0);
    if (is_path)
        return *name == '/' || strcmp(folder, ".") == 0
                   ? name
                   : arena_printf(loader->arena, "%s/%s", folder, name);
    int count = 0;
    const char **names = load_names(loader, "engines", &count);
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return arena_printf(loader->arena, "%s/engines/%s.yaml", loader->data_root, name);
    report_no_engine(loader, named);
    return NULL;
}

/* The defaults of the program that `key` names in `root`, or NULL. */
static const struct node *defaults_of(const struct loader *loader, struct node *root,
                                      const char *key, const char *folder)
{
    const struct reader reader = {.arena = loader->arena, .diags = loader->diags};
    const struct node *named = root->kind == NODE_MAPPING ? schema_node(root, key) : NULL;
    if (!named || named->kind != NODE_SCALAR)
        return NULL;
    const char *path = path_of(loader, named, folder);
    struct node *tree = path ? node_read_file(loader->arena, loader->diags, path) : NULL;
    struct engine_preset preset = {0};
    if (!tree)
        return NULL;
    schema_read(&reader, tree, preset_fields, &preset);
    return preset.defaults && preset.defaults->kind == NODE_MAPPING ? preset.defaults : NULL;
}

void engine_preset_apply(const struct loader *loader, struct node *root, const char *folder)
{
    const struct node *serving = defaults_of(loader, root, "serving.engine", folder);
    const struct node *program = defaults_of(loader, root, "engine.program", folder);
    const struct member *engine = program ? node_member(program, "engine") : NULL;
    if (serving)
        merge(loader->arena, root, serving);
    if (engine && engine->value->kind == NODE_MAPPING)
        merge(loader->arena, node_member(root, "engine")->value, engine->value);
}
