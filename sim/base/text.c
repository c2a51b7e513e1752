#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void text_init(struct text *text)
{
    *text = (struct text){0};
}

void text_release(struct text *text)
{
    free(text->data);
    text_init(text);
}

const char *text_string(const struct text *text)
{
    return text->data ? text->data : "";
}

static void reserve(struct text *text, size_t extra_bytes)
{
    size_t needed = text->length + extra_bytes + 1;
    if (needed <= text->capacity_bytes)
        return;
    size_t capacity = text->capacity_bytes ? text->capacity_bytes * 2 : 256;
    while (capacity < needed)
        capacity *= 2;
    char *data = realloc(text->data, capacity);
    if (!data) {
        fprintf(stderr, "tokenroof: out of memory (asked for %zu bytes)\n", capacity);
        abort();
    }
    text->data = data;
    text->capacity_bytes = capacity;
}

void text_add_bytes(struct text *text, const char *bytes, size_t count)
{
    reserve(text, count);
    memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
    text_add_bytes(text, string, strlen(string));
}

void text_repeat(struct text *text, char character, int count)
{
    for (int i = 0; i < count; i++)
        text_add_bytes(text, &character, 1);
}

void text_addf(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_list again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length > 0) {
        reserve(text, (size_t)length);
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void text_add_csv(struct text *text, const char *cell)
{
    if (!strpbrk(cell, ",\"\r\n")) {
        text_add(text, cell);
        return;
    }
    text_add(text, "\"");
    for (const char *c = cell; *c; c++) {
        if (*c == '"')
            text_add(text, "\"");
        text_add_bytes(text, c, 1);
    }
    text_add(text, "\"");
}

static void add_json_character(struct text *text, char character)
{
    switch (character) {
    case '"':
        text_add(text, "\\\"");
        break;
    case '\\':
        text_add(text, "\\\\");
        break;
    case '\n':
        text_add(text, "\\n");
        break;
    case '\t':
        text_add(text, "\\t");
        break;
    default:
        if ((unsigned char)character < 0x20)
            text_addf(text, "\\u%04x", (unsigned)character);
        else
            text_add_bytes(text, &character, 1);
    }
}

void text_add_json(struct text *text, const char *string)
{
    if (!string) {
        text_add(text, "null");
        return;
    }
    text_add(text, "\"");
    for (const char *c = string; *c; c++)
        add_json_character(text, *c);
    text_add(text, "\"");
}

void text_add_json_number(struct text *text, double value)
{
    if (!isfinite(value)) {
        text_add(text, "null");
        return;
    }
    char digits[40];
    for (int precision = 6; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (!(strtod(digits, NULL) < value) && !(strtod(digits, NULL) > value))
            break;
    }
    text_add(text, digits);
}

/* Digits after the point that leave `digits` significant ones in a value of 1 … 999.99. */
static int decimals_of(double magnitude, int digits)
{
    int before = magnitude < 10 ? 1 : magnitude < 100 ? 2 : magnitude < 1000 ? 3 : digits;
    return digits > before ? digits - before : 0;
}

/* "1.5e300": a number that would be a row of zeros. */
static void write_exponent(char out[SI_TEXT_BYTES], double value, int digits)
{
    char *letter = NULL;
    snprintf(out, SI_TEXT_BYTES, "%.*g", digits, value);
    letter = strchr(out, 'e');
    if (letter && letter[1] == '+')
        memmove(letter + 1, letter + 2, strlen(letter + 2) + 1);
}

/* Too long or too small to be read as plain digits. */
static bool needs_exponent(double magnitude)
{
    return magnitude >= 1e15 || (magnitude > 0.0 && magnitude < 1e-12);
}

const char *text_si(char out[SI_TEXT_BYTES], double value, const char *unit, int digits)
{
    static const char *const prefixes[] = {"p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E"};
    enum { NO_PREFIX = 4, LAST = 10 };
    if (isnan(value)) {
        snprintf(out, SI_TEXT_BYTES, "-");
        return out;
    }
    int prefix = NO_PREFIX;
    double magnitude = fabs(value);
    double rounding = 1.0 - 0.5 * pow(10.0, -digits);     /* 999.96 must print as 1.00 k */
    int last = strcmp(unit, "s") == 0 ? NO_PREFIX : LAST; /* nobody reads kiloseconds */
    while (magnitude >= 1000.0 * rounding && prefix < last) {
        magnitude /= 1000.0;
        prefix++;
    }
    /* mtok would be read as millions of tokens */
    int first = strncmp(unit, "tok", 3) == 0 ? NO_PREFIX : 0;
    while (magnitude > 0.0 && magnitude < rounding && prefix > first) {
        magnitude *= 1000.0;
        prefix--;
    }
    const char *gap = *unit || prefix != NO_PREFIX ? " " : "";
    if (magnitude >= 1e9 || (magnitude > 0.0 && magnitude < 1e-3)) { /* beyond all prefixes */
        write_exponent(out, value, digits);
        size_t length = strlen(out);
        snprintf(out + length, SI_TEXT_BYTES - length, "%s%s", *unit ? " " : "", unit);
        return out;
    }
    int decimals = magnitude < rounding && magnitude > 0 ? digits - (int)floor(log10(magnitude)) - 1
                                                         : decimals_of(magnitude, digits);
    snprintf(out, SI_TEXT_BYTES, "%s%.*f%s%s%s", value < 0 ? "-" : "", decimals, magnitude, gap,
             prefixes[prefix], unit);
    return out;
}

const char *text_plain(char out[SI_TEXT_BYTES], double value, int digits)
{
    if (isnan(value)) {
        snprintf(out, SI_TEXT_BYTES, "-");
        return out;
    }
    double magnitude = fabs(value);
    if (needs_exponent(magnitude)) {
        write_exponent(out, value, digits);
        return out;
    }
    int decimals = magnitude < 1 && magnitude > 0 ? digits - (int)floor(log10(magnitude)) - 1
                                                  : decimals_of(magnitude, digits);
    snprintf(out, SI_TEXT_BYTES, "%.*f", decimals < 0 ? 0 : decimals > 20 ? 20 : decimals, value);
    return out;
}

const char *text_count(char out[SI_TEXT_BYTES], long long value)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%lld", value);
    int used = 0;
    for (int i = 0; i < length; i++) {
        out[used++] = digits[i];
        int left = length - 1 - i;
        if (left > 0 && left % 3 == 0 && digits[i] != '-')
            out[used++] = ',';
    }
    out[used] = '\0';
    return out;
}

int text_width(const char *string)
{
    int width = 0;
    for (const char *c = string; *c; c++)
        width += ((unsigned char)*c & 0xC0) != 0x80;
    return width;
}

/* Writes and closes; the errno of the first failure, or 0. */
static int write_all(const struct text *text, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return errno;
    int error = fwrite(text_string(text), 1, text->length, file) == text->length ? 0 : errno;
    if (fclose(file) != 0 && !error)
        error = errno;
    return error;
}

/* Devices and pipes (/dev/null, /dev/stdout) are written to, never replaced. */
static bool is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

int text_save(const struct text *text, const char *path)
{
    int error = 0;
    if (is_special(path)) {
        error = write_all(text, path);
    } else {
        struct text name;
        text_init(&name);
        text_addf(&name, "%s.%ld.tmp", path, (long)getpid());
        error = write_all(text, text_string(&name));
        if (!error && rename(text_string(&name), path) != 0)
            error = errno;
        if (error)
            remove(text_string(&name));
        text_release(&name);
    }
    errno = error;
    return error ? -1 : 0;
}

int text_load(struct text *text, const char *path, size_t most)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    char block[8192];
    size_t count = 0;
    errno = 0;
    while (text->length <= most && (count = fread(block, 1, sizeof block, file)) > 0)
        text_add_bytes(text, block, count);
    int error = ferror(file) ? (errno ? errno : EIO) : 0;
    fclose(file);
    errno = error;
    return error ? -1 : 0;
}
