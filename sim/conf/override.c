#include "conf/override.h"

#include "conf/tables.h"

#include <string.h>

/* Every place inside becomes the option itself: there is no line to point at. */
static void move_places(struct node *node, struct place place)
{
    node->place = place;
    for (struct member *member = node->first; member; member = member->next) {
        if (member->key)
            member->key->place = place;
        move_places(member->value, place);
    }
}

const char *override_target_of(const char *key, enum override_target *target)
{
    *target = OVERRIDE_CONFIG;
    if (strncmp(key, "model.", 6) == 0) {
        *target = OVERRIDE_MODEL;
        return key + 6;
    }
    if (strncmp(key, "device.", 7) == 0) {
        *target = OVERRIDE_DEVICE;
        return key + 7;
    }
    return key;
}

/* The value is YAML of its own; its mistakes point at the option. */
static struct node *parse_value(const struct reader *reader, const char *text, struct place place)
{
    struct diags found;
    diags_init(&found, reader->arena);
    struct node *value = node_parse(reader->arena, &found, place.source, text, strlen(text));
    diags_move(&found, place, reader->diags);
    if (!value || found.error_count)
        return NULL;
    move_places(value, place);
    return value;
}

bool override_parse(const struct reader *reader, const char *option, struct override *out)
{
    return override_parse_as(reader, "-s", option, out);
}

bool override_parse_as(const struct reader *reader, const char *flag, const char *option,
                       struct override *out)
{
    struct place place = {
        .source = arena_printf(reader->arena, "%s %s", flag, diag_quote(reader->diags, option)),
        .width = 1};
    const char *equals = strchr(option, '=');
    if (!equals || equals == option) {
        diag_add(reader->diags, SEVERITY_ERROR, place, "expected KEY=VALUE");
        diag_hint(reader->diags, "write for example: %s workload.batch=64", flag);
        return false;
    }
    const char *key = arena_strndup(reader->arena, option, (size_t)(equals - option));
    if (!equals[strspn(equals, "= ")]) {
        diag_add(reader->diags, SEVERITY_ERROR, place, "there is no value after '='");
        diag_hint(reader->diags, "write for example: %s workload.batch=64", flag);
        return false;
    }
    struct node *value = parse_value(reader, equals + 1, place);
    if (!value)
        return false;
    *out = (struct override){.value = value, .place = place};
    out->key = override_target_of(key, &out->target);
    return true;
}

const char *override_target_prefix(enum override_target target)
{
    return target == OVERRIDE_MODEL ? "model." : target == OVERRIDE_DEVICE ? "device." : "";
}

static void report_ambiguous(const struct reader *reader, const struct override *override,
                             const char *const *found, int count)
{
    const char *prefix = override_target_prefix(override->target);
    const char *list = "";
    for (int i = 0; i < count; i++)
        list = arena_printf(reader->arena, "%s%s%s%s", list, i ? ", " : "", prefix, found[i]);
    diag_add(reader->diags, SEVERITY_ERROR, override->place, "'%s' could be several keys",
             diag_quote(reader->diags, override->key));
    diag_hint(reader->diags, "write one of: %s", list);
}

static bool is_key_of(const struct reader *reader, const struct field *fields, const char *key)
{
    const char *found = NULL;
    return schema_find(reader->arena, fields, key, &found, 1) > 0;
}

static void report_no_key(const struct reader *reader, const struct field *fields,
                          const struct override *override)
{
    const char *prefix = override_target_prefix(override->target);
    bool is_config = override->target == OVERRIDE_CONFIG;
    diag_add(reader->diags, SEVERITY_ERROR, override->place, "no key is called '%s%s'", prefix,
             diag_quote(reader->diags, override->key));
    const char *near = schema_closest(reader->arena, fields, override->key);
    if (is_config && is_key_of(reader, model_fields, override->key))
        diag_hint(reader->diags, "did you mean 'model.%s'?", override->key);
    else if (is_config && is_key_of(reader, device_fields, override->key))
        diag_hint(reader->diags, "did you mean 'device.%s'?", override->key);
    else if (near)
        diag_hint(reader->diags, "did you mean '%s%s'?", prefix, near);
    else
        diag_hint(reader->diags, "`tokenroof explain%s` lists all keys",
                  is_config                            ? ""
                  : override->target == OVERRIDE_MODEL ? " model"
                                                       : " device");
}

const char *override_resolve(const struct reader *reader, const struct field *fields,
                             const struct override *override)
{
    enum { CANDIDATES = 8 };
    const char *found[CANDIDATES];
    int count = schema_find(reader->arena, fields, override->key, found, CANDIDATES);
    if (count == 1)
        return found[0];
    if (count)
        report_ambiguous(reader, override, found, count < CANDIDATES ? count : CANDIDATES);
    else
        report_no_key(reader, fields, override);
    return NULL;
}

/* Members of a list have no name to reach them by. */
static bool is_reachable(const struct reader *reader, const struct field *field, const char *path,
                         const char *rest, const struct override *override)
{
    if (field->kind != FIELD_MAPPINGS)
        return true;
    const char *list = arena_strndup(reader->arena, path, (size_t)(rest - path));
    const char *prefix = override_target_prefix(override->target);
    diag_add(reader->diags, SEVERITY_ERROR, override->place, "'%s%s' is a list", prefix, list);
    diag_hint(reader->diags, "give the whole list: -s '%s%s=[{%s: …}, …]'", prefix, list,
              field->fields[0].key);
    return false;
}

/* The mapping below `parent`'s `key`, made where it is absent; a plain value of a choice moves
 * inside. */
static struct node *enter(const struct reader *reader, struct node *parent, const char *key,
                          const struct field *field, struct place place)
{
    struct member *member = node_member(parent, key);
    if (member && member->value->kind == NODE_MAPPING)
        return member->value;
    struct node *mapping = node_new_mapping(reader->arena, member ? member->value->place : place);
    if (member && field->kind == FIELD_CHOICE)
        node_set(reader->arena, mapping, field->fields[0].key, member->value);
    node_set(reader->arena, parent, key, mapping);
    return mapping;
}

void override_apply(const struct reader *reader, struct node *root, const struct field *fields,
                    const struct override *override)
{
    const char *path = override_resolve(reader, fields, override);
    struct node *node = root;
    for (const char *rest = path; rest && node->kind == NODE_MAPPING;) {
        size_t length = strcspn(rest, ".");
        const char *key = arena_strndup(reader->arena, rest, length);
        const struct field *field = schema_field(fields, key);
        rest += length;
        if (!*rest) {
            node_set(reader->arena, node, key, node_copy(reader->arena, override->value));
            return;
        }
        if (!is_reachable(reader, field, path, rest, override))
            return;
        node = enter(reader, node, key, field, override->place);
        fields = field->fields;
        rest++;
    }
}
