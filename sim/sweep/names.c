#include "sweep/names.h"

#include "conf/slot.h"

#include <math.h>
#include <string.h>

/* Numbers of names: words, counts and values of results first, then keys by their row. */
enum {
    FIRST_WORD = 0,
    FIRST_COUNT = FIRST_WORD + YIELD_WORDS_MAX,
    FIRST_VALUE = FIRST_COUNT + YIELD_COUNTS_MAX,
    FIRST_KEY = FIRST_VALUE + YIELD_VALUES_MAX,
};

int names_find_value(const struct grid *grid, const char *name)
{
    struct yield yield;
    yield_of(grid, &yield);
    for (int i = 0; i < yield.value_count; i++)
        if (strcmp(yield.values[i].name, name) == 0)
            return i;
    return -1;
}

static int find_text(const char *const *texts, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(texts[i], name) == 0)
            return i;
    return -1;
}

static const struct field *fields_of(enum override_target target)
{
    return target == OVERRIDE_MODEL    ? model_fields
           : target == OVERRIDE_DEVICE ? device_fields
                                       : config_fields;
}

/* The key's row, found as -s finds it; keys that hold lists have no value here. */
static bool find_key(const struct name_finder *finder, const char *name, struct grid_key *key)
{
    const char *found[1];
    const char *rest = override_target_of(name, &key->target);
    const struct field *fields = fields_of(key->target);
    if (schema_find(finder->arena, fields, rest, found, 1) != 1)
        return false;
    key->base = 0;
    key->field = schema_slot(fields, found[0], &key->base);
    switch (key->field->kind) {
    case FIELD_QUANTITY:
    case FIELD_COUNT:
    case FIELD_ENUM:
    case FIELD_FLAG:
    case FIELD_TEXT:
        return true;
    case FIELD_MAPPING:
    case FIELD_MAPPINGS:
    case FIELD_ENUMS:
    case FIELD_NUMBERS:
    case FIELD_NAMES:
    case FIELD_CHOICE:
    case FIELD_TREE:
        break;
    }
    return false;
}

static int add_key(struct grid *grid, const struct grid_key *key)
{
    for (int i = 0; i < grid->key_count; i++)
        if (grid->keys[i].field == key->field && grid->keys[i].target == key->target &&
            grid->keys[i].base == key->base)
            return FIRST_KEY + i;
    if (grid->key_count == GRID_KEYS_MAX)
        return -1;
    grid->keys[grid->key_count] = *key;
    return FIRST_KEY + grid->key_count++;
}

static int find(void *context, const char *name, bool *is_word)
{
    struct name_finder *finder = context;
    struct grid_key key;
    struct yield yield;
    yield_of(finder->grid, &yield);
    int word = find_text(yield.words, finder->has_results ? yield.word_count : 2, name);
    *is_word = word >= 0;
    if (word >= 0)
        return FIRST_WORD + word;
    int count = finder->has_results ? find_text(yield.counts, yield.count_count, name) : -1;
    if (count >= 0)
        return FIRST_COUNT + count;
    int value = finder->has_results ? names_find_value(finder->grid, name) : -1;
    if (value >= 0)
        return FIRST_VALUE + value;
    if (!find_key(finder, name, &key))
        return -1;
    *is_word = key.field->kind == FIELD_ENUM || key.field->kind == FIELD_TEXT;
    return add_key(finder->grid, &key);
}

static const char *closest(void *context, const char *name)
{
    struct name_finder *finder = context;
    enum override_target target;
    struct yield yield;
    yield_of(finder->grid, &yield);
    const char *near = finder->has_results ? yield_closest(&yield, name) : NULL;
    if (near)
        return near;
    const char *rest = override_target_of(name, &target);
    struct grid_key key;
    if (target == OVERRIDE_CONFIG) { /* a key of a file without the file's prefix */
        static const char *const prefixes[] = {"model.", "device."};
        for (int i = 0; i < 2; i++) {
            near = arena_printf(finder->arena, "%s%s", prefixes[i], name);
            if (find_key(finder, near, &key))
                return near;
        }
    }
    near = schema_closest(finder->arena, fields_of(target), rest);
    return near ? arena_printf(finder->arena, "%s%s", override_target_prefix(target), near) : NULL;
}

struct names names_of(struct name_finder *finder)
{
    return (struct names){.find = find, .closest = closest, .context = finder};
}

static struct operand number(double value)
{
    return (struct operand){value, NULL};
}

static struct operand word(const char *text)
{
    return (struct operand){(double)NAN, text};
}

static struct operand key_value(const struct sweep_point *point, const struct grid_key *key)
{
    const void *in = key->target == OVERRIDE_MODEL    ? (const void *)&point->model
                     : key->target == OVERRIDE_DEVICE ? (const void *)&point->device
                                                      : (const void *)&point->config;
    size_t offset = key->base + key->field->offset;
    double quantity = 0.0;
    int64_t count = 0;
    bool flag = false;
    switch (key->field->kind) {
    case FIELD_QUANTITY:
        memcpy(&quantity, slot_const(in, offset), sizeof quantity);
        return number(quantity);
    case FIELD_COUNT:
        memcpy(&count, slot_const(in, offset), sizeof count);
        return number((double)count);
    case FIELD_FLAG:
        memcpy(&flag, slot_const(in, offset), sizeof flag);
        return number(flag ? 1.0 : 0.0);
    case FIELD_ENUM:
        return word(key->field->names[slot_load_int(in, offset)]);
    default:
        return word(slot_load_pointer(in, offset));
    }
}

struct operand names_value(const void *context, int name)
{
    const struct sweep_point *point = context;
    if (name >= FIRST_KEY)
        return key_value(point, &point->grid->keys[name - FIRST_KEY]);
    if (name >= FIRST_VALUE)
        return number(point->values[name - FIRST_VALUE].number);
    if (name >= FIRST_COUNT) {
        int64_t counts[YIELD_COUNTS_MAX];
        point_counts(point, counts);
        int64_t count = counts[name - FIRST_COUNT];
        return number(count == COUNT_MISSING ? (double)NAN : (double)count);
    }
    if (name < 2) /* model and hardware are known before anything is predicted */
        return word(name == 0 ? point->grid->parts.models[point->model_index].raw.id
                              : point->grid->parts.devices[point->device_index].raw.id);
    const char *words[YIELD_WORDS_MAX];
    point_words(point, words);
    return word(words[name]);
}

int names_value_index(int name)
{
    return name >= FIRST_VALUE && name < FIRST_KEY ? name - FIRST_VALUE : -1;
}
