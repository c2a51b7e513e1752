#include "conf/axis.h"

#include "conf/axis_range.h"
#include "conf/slot.h"
#include "conf/tables.h"

#include <math.h>
#include <string.h>

/* Where axes are collected. */
struct axis_reader {
    const struct reader *reader;
    struct axes *axes;
};

static const struct field *fields_of(enum override_target target)
{
    return target == OVERRIDE_MODEL    ? model_fields
           : target == OVERRIDE_DEVICE ? device_fields
                                       : config_fields;
}

static bool refuse(const struct reader *reader, struct place place, const char *message,
                   const char *hint)
{
    diag_add(reader->diags, SEVERITY_ERROR, place, "%s", message);
    diag_hint(reader->diags, "%s", hint);
    return false;
}

/* A list as people write it: [full, window]. */
static const char *list_text(struct arena *arena, const struct node *node)
{
    const char *items = "";
    if (node->kind == NODE_SCALAR)
        return node->text;
    for (const struct member *member = node->first; member; member = member->next)
        items = arena_printf(arena, "%s%s%s", items, member == node->first ? "" : ", ",
                             member->value->kind == NODE_SCALAR ? member->value->text : "…");
    return arena_printf(arena, "[%s]", items);
}

/* What the slot holds as a number, where it is one. */
static double number_of(const struct field *field, const void *slot)
{
    int64_t count = 0;
    double value = (double)NAN;
    if (field->kind == FIELD_QUANTITY)
        memcpy(&value, slot, sizeof value);
    if (field->kind == FIELD_COUNT) {
        memcpy(&count, slot, sizeof count);
        value = (double)count;
    }
    return value;
}

/* Reads one value into the axis; a name of a model or device is only kept. */
static void add_value(const struct reader *reader, struct axis *axis, struct node *node)
{
    struct axis_value *value = &axis->values[axis->count];
    if (axis->count++ == 0)
        axis->first = node;
    if (axis->role != AXIS_KEY) {
        value->text = node->text;
        value->number = (double)NAN;
        return;
    }
    struct field field = *axis->field;
    field.offset = 0;
    field.count_offset = sizeof(void *);
    schema_read_value(reader, node, &field, value->slot);
    value->number = number_of(&field, value->slot);
    bool is_number = field.kind == FIELD_QUANTITY || field.kind == FIELD_COUNT;
    if (!is_number || isnan(value->number))
        value->text = list_text(reader->arena, node);
}

static struct node *number_node(const struct reader *reader, const struct field *field,
                                double number, struct place place)
{
    struct node *node = arena_alloc(reader->arena, sizeof *node);
    const char *text = field->kind == FIELD_COUNT
                           ? arena_printf(reader->arena, "%.0f", number)
                           : quantity_format(reader->arena, number, field->dimension);
    *node = (struct node){.kind = NODE_SCALAR, .place = place, .text = text};
    return node;
}

/* One member of the list of values: a value, or a range of them. */
static void add_values(const struct reader *reader, struct axis *axis, struct node *node,
                       int64_t room)
{
    struct axis_range range;
    enum range_status status = RANGE_NONE;
    if (node->kind == NODE_SCALAR && !node->is_quoted && axis->role == AXIS_KEY)
        status = axis_range_parse(reader, node, axis->field, &range);
    if (status == RANGE_NONE && room > 0)
        add_value(reader, axis, node);
    for (int64_t i = 0; status == RANGE_OK && i < range.count && i < room; i++)
        add_value(reader, axis,
                  number_node(reader, axis->field, axis_range_value(&range, i), node->place));
}

static int64_t count_values(const struct reader *reader, const struct axis *axis,
                            const struct node *node)
{
    struct diags ignored;
    struct axis_range range;
    diags_init(&ignored, reader->arena);
    struct reader quiet = {.arena = reader->arena, .diags = &ignored};
    if (node->kind == NODE_SCALAR && !node->is_quoted && axis->role == AXIS_KEY &&
        axis_range_parse(&quiet, node, axis->field, &range) == RANGE_OK)
        return range.count;
    return 1;
}

static bool read_values(const struct reader *reader, struct axis *axis, struct node *node)
{
    int64_t count = 0;
    bool is_list = node->kind == NODE_SEQUENCE;
    for (const struct member *member = node->first; is_list && member; member = member->next)
        count += count_values(reader, axis, member->value);
    if (!is_list)
        count = count_values(reader, axis, node);
    if (count == 0)
        return refuse(reader, node->place, "this axis has no values",
                      "write for example: [1, 2, 4] or 1..128 x2");
    if (count > AXIS_VALUES_MAX)
        return refuse(reader, node->place, "more than 10,000,000 values on one axis",
                      "take larger steps, for example: 1..128 x2");
    axis->values = arena_array(reader->arena, (size_t)count, sizeof *axis->values);
    int errors = reader->diags->error_count;
    for (struct member *member = node->first; is_list && member; member = member->next)
        add_values(reader, axis, member->value, count - axis->count);
    if (!is_list)
        add_values(reader, axis, node, count);
    return reader->diags->error_count == errors;
}

static bool is_a_name(const struct override *given, enum axis_role *role)
{
    const char *key = given->target == OVERRIDE_CONFIG ? given->key : "";
    *role = strcmp(key, "model") == 0 ? AXIS_MODEL : AXIS_HARDWARE;
    return *role == AXIS_MODEL || strcmp(key, "hardware") == 0 ||
           strcmp(key, "hardware.device") == 0;
}

/* The row of the key; only values that stand alone can be swept. */
static bool find_field(const struct reader *reader, const struct override *given, struct axis *axis)
{
    const struct field *fields = fields_of(given->target);
    axis->path = override_resolve(reader, fields, given);
    axis->field = axis->path ? schema_slot(fields, axis->path, &axis->base) : NULL;
    if (!axis->field)
        return false;
    switch (axis->field->kind) {
    case FIELD_MAPPING:
    case FIELD_CHOICE:
    case FIELD_TREE:
        return refuse(reader, given->place,
                      arena_printf(reader->arena, "'%s' is a section, not a value", axis->name),
                      "name one of the keys in it");
    case FIELD_MAPPINGS:
        return refuse(reader, given->place,
                      arena_printf(reader->arena, "'%s' is a list of mappings", axis->name),
                      "only keys with single values, or lists of them, can be an axis");
    case FIELD_QUANTITY:
    case FIELD_COUNT:
    case FIELD_TEXT:
    case FIELD_ENUM:
    case FIELD_FLAG:
    case FIELD_ENUMS:
    case FIELD_NUMBERS:
    case FIELD_NAMES:
        break;
    }
    return true;
}

static bool is_same_key(const struct axis *a, const struct axis *b)
{
    if (a->role != AXIS_KEY || b->role != AXIS_KEY)
        return a->role == b->role;
    return a->target == b->target && strcmp(a->path, b->path) == 0;
}

static bool read_axis(const struct reader *reader, const char *name, const struct override *given,
                      struct axis *axis)
{
    *axis = (struct axis){.name = name, .target = given->target, .place = given->place};
    if (is_a_name(given, &axis->role)) {
        axis->name = axis->role == AXIS_MODEL ? "model" : "hardware";
        return read_values(reader, axis, given->value);
    }
    axis->role = AXIS_KEY;
    return find_field(reader, given, axis) && read_values(reader, axis, given->value);
}

static void report_twice(const struct reader *reader, const struct axis *axis,
                         const struct axis *other)
{
    diag_add(reader->diags, SEVERITY_ERROR, axis->place, "'%s' is an axis already", axis->name);
    diag_also(reader->diags, other->place, "first given here");
}

/* Adds the axis as the last of the open group; an axis of the command line takes the place of the
 * file's. */
static bool add_axis(struct axis_reader *into, const char *name, const struct override *given,
                     bool may_replace)
{
    struct axes *axes = into->axes;
    struct axis axis;
    if (!read_axis(into->reader, name, given, &axis))
        return false;
    for (int i = 0; i < axes->axis_count; i++) {
        if (!is_same_key(&axes->axes[i], &axis))
            continue;
        if (!may_replace)
            report_twice(into->reader, &axis, &axes->axes[i]);
        axes->axes[i] = axis;
        return may_replace;
    }
    if (axes->axis_count == AXES_MAX)
        return refuse(into->reader, axis.place, "more than 64 axes", "link or drop some");
    axes->axes[axes->axis_count++] = axis;
    axes->groups[axes->group_count].size++;
    return true;
}

static void open_group(struct axes *axes)
{
    axes->groups[axes->group_count] = (struct axis_group){.first = axes->axis_count};
}

static void close_group(struct axes *axes)
{
    if (axes->groups[axes->group_count].size > 0)
        axes->group_count++;
}

static struct override given_in_file(const struct member *member)
{
    struct override given = {.value = member->value, .place = member->key->place};
    given.key = override_target_of(member->key->text, &given.target);
    return given;
}

static void read_linked(struct axis_reader *into, const struct node *list)
{
    const char *hint = "write for example: linked: [{deploy.tp: [1, 2], hardware.count: [1, 2]}]";
    if (list->kind != NODE_SEQUENCE) {
        refuse(into->reader, list->place, "'linked' takes a list of mappings", hint);
        return;
    }
    for (const struct member *item = list->first; item; item = item->next) {
        if (item->value->kind != NODE_MAPPING) {
            refuse(into->reader, item->value->place, "each member of 'linked' is a mapping", hint);
            continue;
        }
        open_group(into->axes);
        for (const struct member *member = item->value->first; member; member = member->next) {
            struct override given = given_in_file(member);
            add_axis(into, member->key->text, &given, false);
        }
        close_group(into->axes);
    }
}

static void read_where(struct axis_reader *into, const struct node *node)
{
    into->axes->where_place = node->place;
    if (node->kind == NODE_SCALAR && *node->text)
        into->axes->where = node->text;
    else
        refuse(into->reader, node->place, "'where' takes an expression",
               "write for example: where: workload.batch <= 64");
}

static void check_lengths(const struct reader *reader, struct axes *axes)
{
    for (int g = 0; g < axes->group_count; g++) {
        struct axis_group *group = &axes->groups[g];
        const struct axis *first = &axes->axes[group->first];
        group->count = first->count;
        for (int i = 1; i < group->size; i++) {
            const struct axis *axis = &axes->axes[group->first + i];
            if (axis->count == first->count)
                continue;
            diag_add(reader->diags, SEVERITY_ERROR, axis->place,
                     "linked axes change together, but '%s' has %lld values and '%s' %lld",
                     axis->name, (long long)axis->count, first->name, (long long)first->count);
            diag_hint(reader->diags, "give them equally many values");
        }
    }
}

bool axes_read(const struct reader *reader, const struct node *sweep, const struct override *extra,
               int extra_count, struct axes *axes)
{
    int errors = reader->diags->error_count;
    *axes = (struct axes){
        .axes = arena_array(reader->arena, AXES_MAX + 2, sizeof *axes->axes),
        .groups = arena_array(reader->arena, 2 * AXES_MAX + 2, sizeof *axes->groups),
    };
    struct axis_reader into = {reader, axes};
    for (const struct member *member = sweep ? sweep->first : NULL; member; member = member->next) {
        struct override given = given_in_file(member);
        if (strcmp(member->key->text, "where") == 0) {
            read_where(&into, member->value);
        } else if (strcmp(member->key->text, "linked") == 0) {
            read_linked(&into, member->value);
        } else {
            open_group(axes);
            add_axis(&into, member->key->text, &given, false);
            close_group(axes);
        }
    }
    for (int i = 0; i < extra_count; i++) {
        const char *prefix = override_target_prefix(extra[i].target);
        open_group(axes);
        add_axis(&into, arena_printf(reader->arena, "%s%s", prefix, extra[i].key), &extra[i], true);
        close_group(axes);
    }
    check_lengths(reader, axes);
    return reader->diags->error_count == errors;
}

void axes_add_names(struct arena *arena, struct axes *axes, enum axis_role role, int64_t count)
{
    struct axis *axis = &axes->axes[axes->axis_count];
    *axis = (struct axis){.name = role == AXIS_MODEL ? "model" : "hardware", .role = role};
    axis->count = count;
    axis->values = arena_array(arena, (size_t)count, sizeof *axis->values);
    memmove(&axes->groups[1], &axes->groups[0], (size_t)axes->group_count * sizeof *axes->groups);
    axes->groups[0] = (struct axis_group){.first = axes->axis_count++, .size = 1, .count = count};
    axes->group_count++;
}

int64_t axes_total(const struct axes *axes)
{
    int64_t total = 1;
    for (int g = 0; g < axes->group_count; g++) {
        int64_t count = axes->groups[g].count;
        if (count > 0 && total > INT64_MAX / count)
            return INT64_MAX;
        total *= count;
    }
    return total;
}

void axis_store(const struct axis *axis, int64_t index, void *target)
{
    const struct axis_value *value = &axis->values[index];
    char *out = slot(target, axis->base);
    const struct field *field = axis->field;
    switch (field->kind) {
    case FIELD_QUANTITY:
    case FIELD_COUNT:
        memcpy(out + field->offset, value->slot, sizeof(double));
        break;
    case FIELD_ENUM:
        memcpy(out + field->offset, value->slot, sizeof(int));
        break;
    case FIELD_FLAG:
        memcpy(out + field->offset, value->slot, sizeof(bool));
        break;
    case FIELD_TEXT:
        memcpy(out + field->offset, value->slot, sizeof(void *));
        break;
    case FIELD_ENUMS:
    case FIELD_NUMBERS:
    case FIELD_NAMES:
        memcpy(out + field->offset, value->slot, sizeof(void *));
        memcpy(out + field->count_offset, value->slot + sizeof(void *), sizeof(int));
        break;
    case FIELD_MAPPING:
    case FIELD_MAPPINGS:
    case FIELD_CHOICE:
    case FIELD_TREE:
        break; /* refused when the axis was read */
    }
}
