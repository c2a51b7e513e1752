#include "conf/blame.h"

#include "conf/override.h"
#include "conf/tables.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* `path` is `whole` or lies inside it: "attention.heads" in "attention". */
static bool is_inside(const char *path, const char *whole)
{
    size_t length = strlen(whole);
    return strncmp(path, whole, length) == 0 && (!path[length] || path[length] == '.');
}

static const struct field *fields_of(enum override_target target)
{
    switch (target) {
    case OVERRIDE_CONFIG:
        break;
    case OVERRIDE_MODEL:
        return model_fields;
    case OVERRIDE_DEVICE:
        return device_fields;
    }
    return config_fields;
}

/* The option or axis that changed `path` in the files of `target`, or NULL; the last one holds. */
static const struct override *override_of(const struct reader *reader, enum override_target target,
                                          const char *path)
{
    const struct override *found = NULL;
    for (int i = 0; i < reader->override_count; i++) {
        const struct override *override = &reader->overrides[i];
        const char *changed = NULL;
        if (override->target == target &&
            schema_find(reader->arena, fields_of(target), override->key, &changed, 1) == 1 &&
            is_inside(path, changed))
            found = override;
    }
    return found;
}

/* The place of what gave `key` instead of the files; false where nothing did. */
static bool change_place(const struct reader *reader, const struct node *root, const char *key,
                         struct place *out)
{
    enum override_target target;
    const char *path = override_target_of(key, &target);
    const struct override *override = override_of(reader, target, path);
    if (override)
        *out = override->place;
    else if (target == OVERRIDE_CONFIG && schema_has(root, path))
        *out = schema_place(root, path);
    return override || (target == OVERRIDE_CONFIG && schema_has(root, path) && out->line == 0);
}

/* The first key that stands in the what-if's file, else NULL. */
static const char *first_written(const struct reader *reader, const struct node *root,
                                 const char *const *keys)
{
    for (; *keys; keys++) {
        enum override_target target;
        struct place place;
        override_target_of(*keys, &target);
        if (target == OVERRIDE_CONFIG && schema_has(root, *keys) &&
            !change_place(reader, root, *keys, &place))
            return *keys;
    }
    return NULL;
}

/* The first of the keys that an option or an axis gave, else NULL. */
static const char *first_changed(const struct reader *reader, const struct node *root,
                                 const char *const *keys, struct place *out)
{
    for (; *keys; keys++)
        if (change_place(reader, root, *keys, out))
            return *keys;
    return NULL;
}

struct place blame_place(const struct reader *reader, const struct node *root,
                         const char *const *keys)
{
    struct place place;
    if (first_changed(reader, root, keys, &place))
        return place;
    const char *written = first_written(reader, root, keys);
    return schema_place(root, written ? written : keys[0]);
}

/* Something that a note may point at: messages call models and devices by name, and a mapping does
   not contradict what is inside it. */
static bool is_other_side(const char *written, const char *changed)
{
    return strcmp(written, "model") != 0 && !is_inside(written, "hardware") &&
           !is_inside(changed, written);
}

void blame_add(const struct reader *reader, const struct node *root, const char *const *keys,
               const char *format, ...)
{
    char text[512];
    struct place place;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const char *changed = first_changed(reader, root, keys, &place);
    const char *written = first_written(reader, root, keys);
    diag_add(reader->diags, SEVERITY_ERROR, blame_place(reader, root, keys), "%s", text);
    if (changed && written && is_other_side(written, changed))
        diag_also(reader->diags, schema_place(root, written), "does not go together with this");
}
