/* Table-driven reading of YAML into plain structs: a key is a row, and the same rows parse, print
 * and explain. */
#ifndef TOKENROOF_CONF_SCHEMA_H
#define TOKENROOF_CONF_SCHEMA_H

#include "base/table.h"
#include "conf/node.h"
#include "conf/quantity.h"

#include <stdbool.h>
#include <stddef.h>

/** What a key holds and how it lies in its struct. */
enum field_kind {
    FIELD_QUANTITY, /**< double: a number with a unit */
    FIELD_COUNT,    /**< int64_t: digits, or a number that comes out whole (1e3, 2k) */
    FIELD_TEXT,     /**< const char *, any scalar */
    FIELD_ENUM,     /**< an enum: one of `names` */
    FIELD_FLAG,     /**< bool: true or false */
    FIELD_MAPPING,  /**< a struct inside: `fields` */
    FIELD_MAPPINGS, /**< pointer + int count: a list of structs */
    FIELD_ENUMS,    /**< pointer + int count: a list of enum values */
    FIELD_NUMBERS,  /**< double * + int count: a list of pure numbers */
    FIELD_NAMES,    /**< const char ** + int count: one word or a list of words */
    FIELD_CHOICE,   /**< words like FIELD_NAMES into the first of `fields`, or a mapping of `fields`
                     */
    FIELD_TREE,     /**< const struct node *: a mapping whose keys may be anything; whoever uses it
                       reads it. `fields` are for people */
};

/** Whether a key may be left out, and whether its value may be "unknown". */
enum presence {
    PRESENCE_REQUIRED,
    PRESENCE_OPTIONAL,   /**< absent: `fallback`, else zero (NaN for a quantity that may be unknown)
                          */
    PRESENCE_OR_UNKNOWN, /**< like optional, and "unknown" is an answer (NaN) */
};

/** One key of a mapping. */
struct field {
    const char *key;
    enum field_kind kind;
    enum presence presence;
    size_t offset;            /**< of the value in its struct */
    size_t count_offset;      /**< of the int count, lists only */
    enum dimension dimension; /**< FIELD_QUANTITY */
    double low;               /**< range of numbers, both ends allowed [SI] */
    double high;
    const char *const *names; /**< FIELD_ENUM(S) */
    int name_count;
    const struct field *fields; /**< FIELD_MAPPING(S), FIELD_CHOICE; ends with a NULL key */
    size_t member_bytes;        /**< size of a list's member */
    const char *fallback;       /**< default as written in YAML, or NULL */
    const char *help;           /**< one line for people */
};

struct override;

/** What reading needs; holds no state between calls. */
struct reader {
    struct arena *arena;              /**< owner of everything read */
    struct diags *diags;              /**< where mistakes go */
    const struct override *overrides; /**< [override_count] -s options (and first values of axes)
                                         that are in the trees by now, for messages */
    int override_count;
};

/**
 * Reads `mapping` into the struct at `out`: defaults first, then every key. Wrong types, units,
 * ranges, unknown and missing keys become messages; what could be read is set all the same.
 */
void schema_read(const struct reader *reader, const struct node *mapping,
                 const struct field *fields, void *out);

/** Reads one value at `node` as the row `field` says into the struct at `out`. */
void schema_read_value(const struct reader *reader, const struct node *node,
                       const struct field *field, void *out);

/** Sets every default of `fields` in `out`, as if an empty mapping had been read. */
void schema_set_defaults(const struct reader *reader, const struct field *fields, void *out);

/**
 * Where the value of the dotted `path` stands ("attention.heads", "measured.2.value": a list's
 * members count from 0); where it is absent, what nearest encloses it.
 */
struct place schema_place(const struct node *mapping, const char *path);

/** The value of the dotted `path` in the tree, or NULL. */
const struct node *schema_node(const struct node *mapping, const char *path);

/** True when the dotted `path` is written in the tree. */
bool schema_has(const struct node *mapping, const char *path);

/** Appends the struct at `in` as YAML that reads back to the same struct; defaults are left out. */
void schema_format(struct arena *arena, const struct field *fields, const void *in,
                   struct text *out);

/** Adds a row (key, type, unit, default, help) to `table` for each key whose dotted path starts
 * with `filter`. */
void schema_explain(const struct field *fields, const char *prefix, const char *filter,
                    struct table *table);

/** The values that a key allows, for people: a range or a list of names, from `arena`. */
const char *schema_values(struct arena *arena, const struct field *field);

/** Prepares `table` with the columns that schema_explain fills. */
void schema_explain_table(struct arena *arena, struct table *table);

/**
 * Adds a row (key, value, where it was written or "default") to `table` for each value of the
 * struct at `in`, which was read from `root`. The table has three text columns.
 */
void schema_values_table(const struct field *fields, const char *prefix, const void *in,
                         const struct node *root, struct table *table);

/**
 * Full paths of the keys whose dotted path is `path` or ends with ".path" ("top_k" →
 * "ffn.moe.top_k"). Stores up to `limit` of them (from `arena`) and returns how many there are; one
 * that is nested less than all others is taken to be meant.
 */
int schema_find(struct arena *arena, const struct field *fields, const char *path,
                const char **found, int limit);

/** The nearest full path to a mistyped one, or NULL. */
const char *schema_closest(struct arena *arena, const struct field *fields, const char *path);

/** The row of a full dotted path, or NULL. */
const struct field *schema_field(const struct field *fields, const char *path);

/**
 * The same, and in `*base` how far inside the outermost struct the struct with that row's member
 * begins (sections lie inside each other).
 */
const struct field *schema_slot(const struct field *fields, const char *path, size_t *base);

#endif
