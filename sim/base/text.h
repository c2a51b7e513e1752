/* A growable string and the program's one formatter of numbers and SI units. */
#ifndef TOKENROOF_BASE_TEXT_H
#define TOKENROOF_BASE_TEXT_H

#include <stddef.h>
#include <stdio.h>

/** A growable, always zero-terminated string; owns its memory. */
struct text {
    char *data;            /**< never NULL after the first addition */
    size_t length;         /**< bytes without the final zero [B] */
    size_t capacity_bytes; /**< allocated bytes [B] */
};

/** Makes `text` empty. */
void text_init(struct text *text);

/** Frees the buffer and makes `text` empty again. */
void text_release(struct text *text);

/** The content as a C string; "" when nothing was added. Owned by `text`. */
const char *text_string(const struct text *text);

/** Appends `string`. */
void text_add(struct text *text, const char *string);

/** Appends `count` bytes, which may hold zeros. */
void text_add_bytes(struct text *text, const char *bytes, size_t count);

/** Appends `count` copies of `character`. */
void text_repeat(struct text *text, char character, int count);

/** Appends like printf. */
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Appends one CSV cell, quoted when it holds a comma, a quote or a line break (RFC 4180). */
void text_add_csv(struct text *text, const char *cell);

/** Appends a JSON string with its quotes and escapes (RFC 8259); NULL becomes null. */
void text_add_json(struct text *text, const char *string);

/** Appends a JSON number that reads back as the same double; NaN and infinities become null. */
void text_add_json_number(struct text *text, double value);

/** Room for any result of the formatters below. */
enum { SI_TEXT_BYTES = 48 };

/**
 * Writes `value` with an SI prefix and `digits` significant digits: 0.00479, "s" → "4.79 ms";
 * 8.03e9, "" → "8.03 G". Tokens take no prefix below 1: mtok would be read as millions. NaN gives
 * "-". Returns `out`.
 */
const char *text_si(char out[SI_TEXT_BYTES], double value, const char *unit, int digits);

/** Like text_si without a prefix: 3 significant digits, no exponent below 1e15: 1234.5 → "1230". */
const char *text_plain(char out[SI_TEXT_BYTES], double value, int digits);

/** Writes a count with thousands separators: 131072 → "131,072". Returns `out`. */
const char *text_count(char out[SI_TEXT_BYTES], long long value);

/** Columns that `string` takes on a terminal: UTF-8 code points, none of them wide here. */
int text_width(const char *string);

/**
 * Writes `text` to `path` under a temporary name in the same folder and renames it, so readers
 * never see half a file; a device or pipe (/dev/null, /dev/stdout) is written to as it is. Returns
 * 0, or -1 with errno set and nothing left behind.
 */
int text_save(const struct text *text, const char *path);

/**
 * Appends the file at `path` and stops once `text` is longer than `most` bytes, so that the caller
 * sees that it is too long. Returns 0, or -1 with errno set.
 */
int text_load(struct text *text, const char *path, size_t most);

#endif
