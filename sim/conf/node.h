/* YAML as a tree of nodes that remember where they stood, from files or from -s options. */
#ifndef TOKENROOF_CONF_NODE_H
#define TOKENROOF_CONF_NODE_H

#include "base/arena.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

/** What a node is. */
enum node_kind {
    NODE_SCALAR,
    NODE_SEQUENCE,
    NODE_MAPPING,
    NODE_BROKEN, /**< refused (an alias …) with a message already: readers pass it by in silence */
};

/** One YAML value. */
struct node {
    enum node_kind kind;
    struct place place;   /**< where it starts */
    const char *text;     /**< scalar: its text */
    bool is_quoted;       /**< scalar: written in quotes, thus always a string */
    struct member *first; /**< sequence and mapping: members in order */
    struct member *last;
    int count;
};

/** A member of a sequence (no key) or of a mapping. */
struct member {
    struct member *next;
    struct node *key; /**< mapping only */
    struct node *value;
    int order;     /**< 0, 1, … in the file */
    bool is_known; /**< a schema row read it */
};

/**
 * Parses one YAML document of `length` bytes. `source` is its name in messages. Mistakes (syntax,
 * duplicate keys, several documents, anchors, aliases, tags, merge keys, nesting over 16, an empty
 * document) go to `diags`; returns NULL when there is no tree to go on with.
 */
struct node *node_parse(struct arena *arena, struct diags *diags, const char *source,
                        const char *bytes, size_t length);

/** Reads and parses a file of at most 4 MB; a file that can't be read is a message too. */
struct node *node_read_file(struct arena *arena, struct diags *diags, const char *path);

/** The member of `mapping` called `key`, or NULL. */
struct member *node_member(const struct node *mapping, const char *key);

/** Sets `mapping`'s member `key` to `value`, replacing or appending. */
void node_set(struct arena *arena, struct node *mapping, const char *key, struct node *value);

/** A copy of all that hangs below `node`: readers change trees. */
struct node *node_copy(struct arena *arena, const struct node *node);

/** An empty mapping at `place`. */
struct node *node_new_mapping(struct arena *arena, struct place place);

#endif
