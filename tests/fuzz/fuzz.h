/* What every fuzz target of conf needs: memory, messages, a way to fail. */
#ifndef TOKENROOF_FUZZ_H
#define TOKENROOF_FUZZ_H

#include "conf/tables.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** libFuzzer's entry point; tests/fuzz/replay.c calls it for files. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** State of one input. */
struct fuzz {
    struct arena arena;
    struct diags diags;
    struct reader reader;
};

static inline void fuzz_open(struct fuzz *fuzz)
{
    arena_init(&fuzz->arena);
    diags_init(&fuzz->diags, &fuzz->arena);
    fuzz->reader = (struct reader){.arena = &fuzz->arena, .diags = &fuzz->diags};
}

/** Prints the messages (nobody reads them, but printing must survive) and frees everything. */
static inline void fuzz_close(struct fuzz *fuzz)
{
    struct text out;
    text_init(&out);
    diags_print(&fuzz->diags, &out);
    text_release(&out);
    arena_release(&fuzz->arena);
}

/** A promise was broken: says which messages came of `what` and aborts. */
static inline _Noreturn void fuzz_fail(const struct fuzz *fuzz, const char *what)
{
    struct text out;
    text_init(&out);
    diags_print(&fuzz->diags, &out);
    fprintf(stderr, "broken promise:\n%s\n%s\n", what, text_string(&out));
    text_release(&out);
    abort();
}

/** The input as a C string of the arena; bytes after a zero are lost. */
static inline const char *fuzz_text(struct fuzz *fuzz, const uint8_t *data, size_t size)
{
    return arena_strndup(&fuzz->arena, (const char *)data, size);
}

#endif
