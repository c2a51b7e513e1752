#include "conf/node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { NESTING_MAX = 16, FILE_BYTES_MAX = 4 * 1000 * 1000 };

/* What building a tree from libyaml's events needs. Events rather than libyaml's documents: they
 * say where an alias stands, and stopping at a depth keeps its quadratic nesting away. */
struct builder {
    struct arena *arena;
    struct diags *diags;
    const char *source;
    const char *bytes;
    size_t length;
    const char **lines; /* text of each line, [line_count] */
    size_t line_count;
    yaml_parser_t parser;
};

/* Bytes of the line break at `at`, 0 when there is none: what libyaml counts as one. */
static size_t break_bytes(const char *bytes, size_t at, size_t length)
{
    const char *c = bytes + at;
    if (*c == '\n')
        return 1;
    if (*c == '\r')
        return at + 1 < length && c[1] == '\n' ? 2 : 1;
    if (at + 1 < length && memcmp(c, "\xc2\x85", 2) == 0)
        return 2;
    return at + 2 < length &&
                   (memcmp(c, "\xe2\x80\xa8", 3) == 0 || memcmp(c, "\xe2\x80\xa9", 3) == 0)
               ? 3
               : 0;
}

static void split_lines(struct builder *builder)
{
    size_t length = builder->length;
    char *copy = arena_strndup(builder->arena, builder->bytes, length);
    size_t count = 1;
    for (size_t i = 0, step; i < length; i += step ? step : 1)
        count += (step = break_bytes(copy, i, length)) > 0;
    builder->lines = arena_array(builder->arena, count, sizeof *builder->lines);
    size_t start = length >= 3 && memcmp(copy, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    builder->lines[builder->line_count++] = copy + start;
    for (size_t i = start; i < length;) {
        size_t step = break_bytes(copy, i, length);
        if (step) {
            copy[i] = '\0';
            builder->lines[builder->line_count++] = copy + i + step;
        }
        i += step ? step : 1;
    }
}

/* libyaml counts lines and characters from 0; people count from 1. Converted here and nowhere else.
 */
static struct place place_of(const struct builder *builder, yaml_mark_t start, yaml_mark_t end)
{
    struct place place = {.source = builder->source, .width = 1};
    place.line = (int)start.line + 1;
    place.column = (int)start.column + 1;
    if (start.line < builder->line_count)
        place.line_text = builder->lines[start.line];
    if (end.line == start.line && end.column > start.column)
        place.width = (int)(end.column - start.column);
    return place;
}

static void error_at(const struct builder *builder, struct place place, const char *message,
                     const char *hint)
{
    diag_add(builder->diags, SEVERITY_ERROR, place, "%s", message);
    if (hint)
        diag_hint(builder->diags, "%s", hint);
}

/* ---- what libyaml complains about, in words that help ---- */

struct complaint {
    const char *problem;    /* as libyaml says it */
    const char *message;    /* as we say it */
    const char *hint;       /* what to do about it */
    bool points_at_context; /* the place where it began is the place to look at */
};

static const struct complaint complaints[] = {
    {"mapping values are not allowed in this context",         "a second ':' on this line",
     "one key per line; a text with ': ' in it needs quotes",                                                                             false},
    {"could not find expected ':'",                            "a key without ':'",                  "write it as key: value",            true },
    {"did not find expected key",                              "this line does not fit in",
     "keys of one mapping start in the same column; check the indentation and the quotes",                                                false},
    {"did not find expected ',' or ']'",                       "expected ',' or ']'",                "close the list, or add a comma",
     false                                                                                                                                     },
    {"did not find expected ',' or '}'",                       "expected ',' or '}'",                "close the mapping, or add a comma",
     false                                                                                                                                     },
    {"did not find expected '-' indicator",                    "expected another '- ' of this list",
     "members of one list start in the same column",                                                                                      false},
    {"did not find expected node content",                     "expected a value here",              "check the brackets and commas",
     false                                                                                                                                     },
    {"found unexpected end of stream",                         "this quote is never closed",         "add the closing quote",             true },
    {"block sequence entries are not allowed in this context", "a list can't begin here",
     "write it in brackets, [a, b], or put each '- member' on a line of its own",                                                         false},
    {"did not find expected <document start>",                 "expected the end of the file here",
     "a file is one mapping of keys to values",                                                                                           false},
};

static bool is_json(const char *source)
{
    size_t length = source ? strlen(source) : 0;
    return length > 5 && strcmp(source + length - 5, ".json") == 0;
}

static const struct complaint *find_complaint(const char *problem)
{
    for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++)
        if (strcmp(problem, complaints[i].problem) == 0)
            return &complaints[i];
    return NULL;
}

/* The byte under a place, 0 past the end of its line. */
static char byte_at(const struct place *place)
{
    const char *c = place->line_text ? place->line_text : "";
    for (int column = 1; *c && column < place->column; column++)
        for (c++; ((unsigned char)*c & 0xc0) == 0x80;)
            c++;
    return *c;
}

/* A character that no value can start with: most often a tab. */
static void report_odd_character(const struct builder *builder, struct place place)
{
    char odd = byte_at(&place);
    if (odd == '\t') {
        error_at(builder, place, "a tab can't indent YAML", "indent with blanks");
        return;
    }
    diag_add(builder->diags, SEVERITY_ERROR, place, "a value can't start with '%c'", odd);
    diag_hint(builder->diags, "put it in quotes");
}

/* Bytes that are no text: libyaml knows an offset, in a broken character that of its second byte.
 */
static void report_bytes(const struct builder *builder)
{
    const char *bytes = builder->bytes;
    size_t offset = builder->parser.problem_offset;
    if (offset > builder->length)
        offset = builder->length;
    const char *problem = builder->parser.problem ? builder->parser.problem : "";
    if (strstr(problem, "trailing") || strstr(problem, "incomplete"))
        while (offset > 0 && (offset == builder->length || ((unsigned char)bytes[offset] < 0xc0)))
            offset--;
    size_t line = 0;
    struct place place = {.source = builder->source, .column = 1, .width = 1};
    for (size_t i = 0; i < offset;) {
        size_t step = break_bytes(bytes, i, builder->length);
        line += step > 0;
        place.column = step ? 1 : place.column + (((unsigned char)bytes[i] & 0xc0) != 0x80);
        i += step ? step : 1;
    }
    place.line = (int)line + 1;
    place.line_text = line < builder->line_count ? builder->lines[line] : NULL;
    unsigned byte = offset < builder->length ? (unsigned char)bytes[offset] : 0;
    diag_add(builder->diags, SEVERITY_ERROR, place,
             "not a text file: byte 0x%02x does not belong in UTF-8 text", byte);
    diag_hint(builder->diags, "save the file as UTF-8 text, or check that it is the right file");
}

static void report_syntax(const struct builder *builder)
{
    const yaml_parser_t *parser = &builder->parser;
    const char *problem = parser->problem ? parser->problem : "unreadable";
    if (parser->error == YAML_READER_ERROR) {
        report_bytes(builder);
        return;
    }
    struct place place = place_of(builder, parser->problem_mark, parser->problem_mark);
    if (strcmp(problem, "found character that cannot start any token") == 0) {
        report_odd_character(builder, place);
        return;
    }
    const struct complaint *complaint = find_complaint(problem);
    struct place context = place_of(builder, parser->context_mark, parser->context_mark);
    bool at_context = complaint && complaint->points_at_context && parser->context;
    diag_add(builder->diags, SEVERITY_ERROR, at_context ? context : place, "not valid %s: %s",
             is_json(builder->source) ? "JSON" : "YAML", complaint ? complaint->message : problem);
    if (complaint)
        diag_hint(builder->diags, "%s", complaint->hint);
    if (parser->context && !at_context && context.line != place.line)
        diag_also(builder->diags, context, parser->context);
}

/* ---- events → nodes ---- */

static bool next_event(struct builder *builder, yaml_event_t *event)
{
    if (yaml_parser_parse(&builder->parser, event))
        return true;
    report_syntax(builder);
    return false;
}

static struct node *build(struct builder *builder, yaml_event_t *event, int depth);

static void append(struct arena *arena, struct node *parent, struct node *key, struct node *value)
{
    struct member *member = arena_alloc(arena, sizeof *member);
    member->key = key;
    member->value = value;
    member->order = parent->count;
    if (parent->last)
        parent->last->next = member;
    else
        parent->first = member;
    parent->last = member;
    parent->count++;
}

/* Members until the end event of `node`; returns false when the file can't be read on. */
static bool build_members(struct builder *builder, struct node *node, yaml_mark_t start, int depth)
{
    for (;;) {
        yaml_event_t event;
        if (!next_event(builder, &event))
            return false;
        if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT) {
            node->place = place_of(builder, start, event.end_mark);
            yaml_event_delete(&event);
            return true;
        }
        struct node *key = NULL;
        if (node->kind == NODE_MAPPING) {
            key = build(builder, &event, depth + 1);
            if (!key || !next_event(builder, &event))
                return false;
        }
        struct node *value = build(builder, &event, depth + 1);
        if (!value)
            return false;
        append(builder->arena, node, key, value);
    }
}

static int compare_keys(const void *left, const void *right)
{
    const struct member *a = *(const struct member *const *)left;
    const struct member *b = *(const struct member *const *)right;
    int order = strcmp(a->key->text, b->key->text);
    return order ? order : a->order < b->order ? -1 : 1;
}

static bool key_is_usable(const struct builder *builder, const struct node *key)
{
    if (key->kind == NODE_BROKEN)
        return false;
    if (key->kind != NODE_SCALAR) {
        error_at(builder, key->place, "a key must be a plain word", NULL);
        return false;
    }
    if (strcmp(key->text, "<<") != 0)
        return true;
    error_at(builder, key->place, "merge keys are not supported",
             "write the keys out, each file says everything itself");
    return false;
}

/* Marks every key but the first of its name as broken. Sorted, because a file of a million keys
 * must not take a day. */
static void break_duplicates(const struct builder *builder, const struct member **sorted,
                             size_t count)
{
    qsort(sorted, count, sizeof *sorted, compare_keys);
    size_t first = 0;
    for (size_t i = 1; i < count; i++) {
        struct node *key = sorted[i]->key;
        if (strcmp(key->text, sorted[first]->key->text) != 0) {
            first = i;
            continue;
        }
        diag_add(builder->diags, SEVERITY_ERROR, key->place, "key '%s' is given twice",
                 diag_quote(builder->diags, key->text));
        diag_also(builder->diags, sorted[first]->key->place, "first given here");
        key->kind = NODE_BROKEN;
    }
}

static void drop_broken_keys(struct node *mapping)
{
    struct member **link = &mapping->first;
    mapping->last = NULL;
    mapping->count = 0;
    while (*link) {
        struct member *member = *link;
        if (member->key->kind == NODE_BROKEN) {
            *link = member->next;
            continue;
        }
        mapping->last = member;
        mapping->count++;
        link = &member->next;
    }
}

/* Takes out keys that are none and keys given before, with a message for each. */
static void check_keys(const struct builder *builder, struct node *mapping)
{
    const struct member **keys =
        arena_array(builder->arena, (size_t)mapping->count + 1, sizeof *keys);
    size_t count = 0;
    for (struct member *member = mapping->first; member; member = member->next) {
        if (key_is_usable(builder, member->key))
            keys[count++] = member;
        else
            member->key->kind = NODE_BROKEN;
    }
    break_duplicates(builder, keys, count);
    drop_broken_keys(mapping);
}

static void build_scalar(const struct builder *builder, const yaml_event_t *event,
                         struct node *node)
{
    size_t length = event->data.scalar.length;
    node->kind = NODE_SCALAR;
    node->text = arena_strndup(builder->arena, (const char *)event->data.scalar.value, length);
    node->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (strlen(node->text) == length)
        return;
    error_at(builder, node->place, "a text must not hold a zero byte", NULL);
    node->kind = NODE_BROKEN;
}

/* Anchors, aliases and tags: a file says everything itself, and a value is what it looks like. */
static void refuse_decorations(const struct builder *builder, const yaml_event_t *event,
                               struct place place)
{
    const yaml_char_t *anchor = NULL;
    const yaml_char_t *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (anchor)
        error_at(builder, place, "anchors (&name) are not supported",
                 "write the value out wherever it is needed");
    if (tag)
        error_at(builder, place, "tags (!name) are not supported", "write the value alone");
}

/* The node that `event` begins; takes the event over. NULL when the file can't be read on. */
static struct node *build(struct builder *builder, yaml_event_t *event, int depth)
{
    struct node *node = arena_alloc(builder->arena, sizeof *node);
    yaml_event_type_t type = event->type;
    yaml_mark_t start = event->start_mark;
    bool is_fine = true;
    node->place = place_of(builder, start, event->end_mark);
    refuse_decorations(builder, event, node->place);
    if (type == YAML_SCALAR_EVENT) {
        build_scalar(builder, event, node);
    } else if (type == YAML_ALIAS_EVENT) {
        node->kind = NODE_BROKEN;
        error_at(builder, node->place, "aliases (*name) are not supported",
                 "write the value out here");
    } else {
        node->kind = type == YAML_MAPPING_START_EVENT ? NODE_MAPPING : NODE_SEQUENCE;
    }
    yaml_event_delete(event);
    if (node->kind == NODE_SCALAR || node->kind == NODE_BROKEN)
        return node;
    if (depth >= NESTING_MAX) {
        diag_add(builder->diags, SEVERITY_ERROR, node->place, "nested more than %d levels deep",
                 NESTING_MAX);
        return NULL;
    }
    is_fine = build_members(builder, node, start, depth);
    if (is_fine && node->kind == NODE_MAPPING)
        check_keys(builder, node);
    return is_fine ? node : NULL;
}

/* What may follow a document is the end of the file. */
static bool ends_here(struct builder *builder)
{
    yaml_event_t event;
    if (!next_event(builder, &event))
        return false;
    bool is_end = event.type == YAML_STREAM_END_EVENT;
    if (!is_end)
        error_at(builder, place_of(builder, event.start_mark, event.start_mark),
                 "a second document starts here", "one file holds one document");
    yaml_event_delete(&event);
    return is_end;
}

static struct node *build_document(struct builder *builder)
{
    struct node *root = NULL;
    for (;;) {
        yaml_event_t event;
        if (!next_event(builder, &event))
            return NULL;
        yaml_event_type_t type = event.type;
        if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT) {
            yaml_event_delete(&event);
        } else if (type == YAML_STREAM_END_EVENT) {
            struct place place = {.source = builder->source, .line = 1, .column = 1, .width = 1};
            yaml_event_delete(&event);
            error_at(builder, place, "the file is empty", "`tokenroof explain` lists the keys");
            return NULL;
        } else if (type == YAML_DOCUMENT_END_EVENT) {
            yaml_event_delete(&event);
            return ends_here(builder) ? root : NULL;
        } else {
            root = build(builder, &event, 0);
            if (!root)
                return NULL;
        }
    }
}

static bool is_utf16(const char *bytes, size_t length)
{
    return length >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0);
}

struct node *node_parse(struct arena *arena, struct diags *diags, const char *source,
                        const char *bytes, size_t length)
{
    struct builder builder = {.arena = arena, .diags = diags, .bytes = bytes, .length = length};
    builder.source = arena_strdup(arena, source);
    struct place whole = {.source = builder.source};
    if (is_utf16(bytes, length)) {
        error_at(&builder, whole, "the file is UTF-16 text", "save it as UTF-8");
        return NULL;
    }
    split_lines(&builder);
    if (!yaml_parser_initialize(&builder.parser)) {
        error_at(&builder, whole, "out of memory while reading", NULL);
        return NULL;
    }
    yaml_parser_set_input_string(&builder.parser, (const unsigned char *)bytes, length);
    struct node *root = build_document(&builder);
    yaml_parser_delete(&builder.parser);
    return root;
}

struct node *node_read_file(struct arena *arena, struct diags *diags, const char *path)
{
    struct place place = {.source = arena_strdup(arena, path)};
    struct text content;
    text_init(&content);
    struct node *root = NULL;
    if (text_load(&content, path, FILE_BYTES_MAX) != 0)
        diag_add(diags, SEVERITY_ERROR, place, "can't be read: %s", strerror(errno));
    else if (content.length > FILE_BYTES_MAX)
        diag_add(diags, SEVERITY_ERROR, place, "is larger than %d MB; this is no config file",
                 FILE_BYTES_MAX / 1000000);
    else
        root = node_parse(arena, diags, path, text_string(&content), content.length);
    text_release(&content);
    return root;
}

struct member *node_member(const struct node *mapping, const char *key)
{
    for (struct member *member = mapping->first; member; member = member->next)
        if (member->key && strcmp(member->key->text, key) == 0)
            return member;
    return NULL;
}

void node_set(struct arena *arena, struct node *mapping, const char *key, struct node *value)
{
    struct member *member = node_member(mapping, key);
    if (member) {
        member->value = value;
        return;
    }
    struct node *name = arena_alloc(arena, sizeof *name);
    name->kind = NODE_SCALAR;
    name->text = arena_strdup(arena, key);
    name->place = value->place;
    append(arena, mapping, name, value);
}

struct node *node_new_mapping(struct arena *arena, struct place place)
{
    struct node *node = arena_alloc(arena, sizeof *node);
    node->kind = NODE_MAPPING;
    node->place = place;
    return node;
}

struct node *node_copy(struct arena *arena, const struct node *node)
{
    struct node *copy = arena_alloc(arena, sizeof *copy);
    *copy = *node;
    copy->first = copy->last = NULL;
    for (const struct member *member = node->first; member; member = member->next) {
        struct member *own = arena_alloc(arena, sizeof *own);
        *own = *member;
        own->next = NULL;
        own->is_known = false;
        own->value = node_copy(arena, member->value);
        if (copy->last)
            copy->last->next = own;
        else
            copy->first = own;
        copy->last = own;
    }
    return copy;
}
