/* What every test of conf starts with: memory, messages, a reader, the shipped data. */
#ifndef TOKENROOF_TESTS_CONF_SCRATCH_H
#define TOKENROOF_TESTS_CONF_SCRATCH_H

#include "conf/check.h"
#include "conf/load.h"

#include <string.h>

/** Memory and messages of one test row. */
struct scratch {
    struct arena arena;
    struct diags diags;
    struct reader reader;
    struct text out;
};

static inline void scratch_open(struct scratch *scratch)
{
    arena_init(&scratch->arena);
    diags_init(&scratch->diags, &scratch->arena);
    scratch->reader = (struct reader){.arena = &scratch->arena, .diags = &scratch->diags};
    text_init(&scratch->out);
}

static inline void scratch_close(struct scratch *scratch)
{
    text_release(&scratch->out);
    arena_release(&scratch->arena);
}

/** All messages so far as one text. */
static inline const char *scratch_messages(struct scratch *scratch)
{
    text_release(&scratch->out);
    diags_print(&scratch->diags, &scratch->out);
    return text_string(&scratch->out);
}

/** Parses `yaml` as a file called "f". */
static inline struct node *scratch_parse(struct scratch *scratch, const char *yaml)
{
    return node_parse(&scratch->arena, &scratch->diags, "f", yaml, strlen(yaml));
}

/** A loader of the data in the source tree. */
static inline struct loader scratch_loader(struct scratch *scratch)
{
    return (struct loader){
        .arena = &scratch->arena, .diags = &scratch->diags, .data_root = TOKENROOF_SOURCE};
}

#endif
