/* Messages about the user's input: file:line:column, the line itself with a caret, what to write
 * instead. */
#ifndef TOKENROOF_BASE_DIAG_H
#define TOKENROOF_BASE_DIAG_H

#include "base/arena.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

/** Somewhere in the user's input. A zero line means: the source as a whole (a command-line option).
 */
struct place {
    const char *source;    /**< file name, or the option itself: "-s workload.batch=x" */
    const char *line_text; /**< that line without its line break, or NULL */
    int line;              /**< 1-based, 0 = none */
    int column;            /**< 1-based, counted in characters */
    int width;             /**< characters to underline, at least 1 */
};

/** How bad a message is. */
enum severity {
    SEVERITY_ERROR,   /**< the input cannot be used */
    SEVERITY_WARNING, /**< it can, but the user should know */
};

struct diag;

/** Collected messages; they are printed all at once, in the order of their places. */
struct diags {
    struct arena *arena; /**< owner of every message */
    struct diag *first;
    struct diag *last;
    int stored_count; /**< messages kept, at most 1,000; later ones are only counted */
    int error_count;
    int warning_count;
    bool is_full; /**< the latest message was only counted */
};

/** More messages than this about one source are counted, not printed. */
enum { DIAGS_PER_SOURCE = 20 };

/** Makes `diags` empty; messages live in `arena`. */
void diags_init(struct diags *diags, struct arena *arena);

/** Adds a message formatted like printf. */
void diag_add(struct diags *diags, enum severity severity, struct place place, const char *format,
              ...) __attribute__((format(printf, 4, 5)));

/** Adds what the user should write instead to the last message: printed on a line of its own. */
void diag_hint(struct diags *diags, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Points the last message at a second place as well: "first given here". */
void diag_also(struct diags *diags, struct place place, const char *note);

/** The text of the first error, else of the first message, NULL when there is none. */
const char *diags_first_message(const struct diags *diags);

/** Moves the messages of `from` to `to`, all of them pointing at `place`: a value parsed on its
 * own. */
void diags_move(const struct diags *from, struct place place, struct diags *to);

/**
 * The user's text as a message may quote it: at most 60 characters, controls and broken UTF-8
 * replaced, so that a binary file does not write to the terminal. Lives in the arena of `diags`.
 */
const char *diag_quote(const struct diags *diags, const char *text);

/** Appends all messages in order of source (first seen first), line and column. */
void diags_print(const struct diags *diags, struct text *out);

/**
 * The name in `names[count]` nearest to `given` by edit distance with swaps, at most
 * 1 + strlen(given)/3 edits away (case differences cost nothing); NULL when none is near.
 */
const char *closest_name(const char *given, const char *const *names, size_t count);

#endif
