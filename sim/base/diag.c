#include "base/diag.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file of nothing but mistakes must not fill the memory: beyond this, messages are only counted.
 */
enum { STORED_MAX = 1000 };

struct diag {
    struct diag *next;
    enum severity severity;
    struct place place;
    const char *message;
    const char *hint;
    struct place also;
    const char *also_note;
    int source_rank; /* set when printed: order in which sources were first seen */
    int sequence;
};

void diags_init(struct diags *diags, struct arena *arena)
{
    *diags = (struct diags){.arena = arena};
}

static const char *format_in_arena(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = arena_alloc(arena, length < 0 ? 1 : (size_t)length + 1);
    if (length >= 0)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

static struct diag *append(struct diags *diags, enum severity severity, struct place place)
{
    if (severity == SEVERITY_ERROR)
        diags->error_count++;
    else
        diags->warning_count++;
    diags->is_full = diags->stored_count == STORED_MAX;
    if (diags->is_full)
        return NULL;
    struct diag *diag = arena_alloc(diags->arena, sizeof *diag);
    diag->severity = severity;
    diag->place = place;
    diag->sequence = diags->stored_count++;
    if (diags->last)
        diags->last->next = diag;
    else
        diags->first = diag;
    diags->last = diag;
    return diag;
}

void diag_add(struct diags *diags, enum severity severity, struct place place, const char *format,
              ...)
{
    struct diag *diag = append(diags, severity, place);
    if (!diag)
        return;
    va_list arguments;
    va_start(arguments, format);
    diag->message = format_in_arena(diags->arena, format, arguments);
    va_end(arguments);
}

const char *diags_first_message(const struct diags *diags)
{
    for (const struct diag *diag = diags->first; diag; diag = diag->next)
        if (diag->severity == SEVERITY_ERROR)
            return diag->message;
    return diags->first ? diags->first->message : NULL;
}

void diag_hint(struct diags *diags, const char *format, ...)
{
    if (!diags->last || diags->is_full)
        return;
    va_list arguments;
    va_start(arguments, format);
    diags->last->hint = format_in_arena(diags->arena, format, arguments);
    va_end(arguments);
}

void diag_also(struct diags *diags, struct place place, const char *note)
{
    if (!diags->last || diags->is_full)
        return;
    diags->last->also = place;
    diags->last->also_note = arena_strdup(diags->arena, note);
}

void diags_move(const struct diags *from, struct place place, struct diags *to)
{
    for (const struct diag *d = from->first; d; d = d->next) {
        struct diag *copy = append(to, d->severity, place);
        if (!copy)
            return;
        copy->message = d->message;
        copy->hint = d->hint;
    }
}

/* ---- characters ---- */

/* Bytes of the UTF-8 sequence that `lead` starts; 0 when it starts none. */
static size_t sequence_bytes(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Reads one character of UTF-8 into `*code` and returns its bytes. What is no UTF-8 is one byte
 * wide and reads as U+FFFD. */
static size_t decode(const char *text, uint32_t *code)
{
    size_t length = sequence_bytes((unsigned char)*text);
    *code = length == 1 ? (unsigned char)*text : (unsigned char)*text & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80) {
            length = 0;
            break;
        }
        *code = *code << 6 | ((unsigned char)text[i] & 0x3f);
    }
    if (length)
        return length;
    *code = 0xfffd;
    return 1;
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
           code == 0xfeff;
}

/* Columns of a terminal that a character takes: East Asian wide forms and emoji two, combining
 * marks none. */
static int display_width(uint32_t code)
{
    static const struct {
        uint32_t first;
        uint32_t last;
        int width;
    } ranges[] = {
        {0x0300,  0x036f,  0},
        {0x200b,  0x200f,  0},
        {0xfe00,  0xfe0f,  0},
        {0x1100,  0x115f,  2},
        {0x2e80,  0xa4cf,  2},
        {0xac00,  0xd7a3,  2},
        {0xf900,  0xfaff,  2},
        {0xfe30,  0xfe6f,  2},
        {0xff00,  0xff60,  2},
        {0xffe0,  0xffe6,  2},
        {0x1f300, 0x1faff, 2},
        {0x20000, 0x3fffd, 2},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return ranges[i].width;
    return 1;
}

/* Appends one character of `length` bytes; controls and broken bytes print as `substitute`. */
static void print_character(const char *character, size_t length, uint32_t code,
                            const char *substitute, struct text *out)
{
    if (is_control(code))
        text_add(out, substitute);
    else if (code == 0xfffd)
        text_add(out, "\xef\xbf\xbd");
    else
        text_addf(out, "%.*s", (int)length, character);
}

const char *diag_quote(const struct diags *diags, const char *text)
{
    enum { SHOWN = 60 };
    struct text quote;
    text_init(&quote);
    int count = 0;
    for (const char *c = text; *c; count++) {
        uint32_t code = 0;
        size_t length = decode(c, &code);
        if (count == SHOWN) {
            text_add(&quote, "…");
            break;
        }
        print_character(c, length, code, "?", &quote);
        c += length;
    }
    const char *copy = arena_strdup(diags->arena, text_string(&quote));
    text_release(&quote);
    return copy;
}

/* ---- printing ---- */

static void print_place(const struct place *place, struct text *out)
{
    for (const char *c = place->source ? place->source : "tokenroof"; *c;) {
        uint32_t code = 0;
        size_t length = decode(c, &code);
        print_character(c, length, code, "?", out);
        c += length;
    }
    if (place->line > 0)
        text_addf(out, ":%d:%d", place->line, place->column);
    text_add(out, ": ");
}

/* The line with a caret under the place. Tabs and other controls print as one blank each; of a long
 * line only the part around the place is shown. */
static void print_caret(const struct place *place, struct text *out)
{
    enum { INDENT = 4, SHOWN = 100, BEFORE = 60, AFTER = 20 };
    if (!place->line_text || !*place->line_text || place->line <= 0)
        return;
    int first = place->column > SHOWN - AFTER ? place->column - BEFORE : 1;
    int margin = INDENT + (first > 1);
    int under = 0;
    int column = 1;
    const char *c = place->line_text;
    text_repeat(out, ' ', INDENT);
    text_add(out, first > 1 ? "…" : "");
    for (; *c && column < first + SHOWN; column++) {
        uint32_t code = 0;
        size_t length = decode(c, &code);
        int width = column < first ? 0 : display_width(code);
        if (column >= first)
            print_character(c, length, code, " ", out);
        if (column < place->column)
            margin += width;
        else if (column < place->column + place->width)
            under += width;
        c += length;
    }
    text_add(out, *c ? "…\n" : "\n");
    if (column < place->column) /* just after the end of the line */
        margin += 1;
    text_repeat(out, ' ', margin);
    text_add(out, "^");
    text_repeat(out, '~', under - 1);
    text_add(out, "\n");
}

static void print_diag(const struct diag *diag, struct text *out)
{
    print_place(&diag->place, out);
    text_addf(out, "%s: %s\n", diag->severity == SEVERITY_ERROR ? "error" : "warning",
              diag->message);
    print_caret(&diag->place, out);
    if (diag->hint)
        text_addf(out, "    hint: %s\n", diag->hint);
    if (diag->also_note) {
        print_place(&diag->also, out);
        text_addf(out, "note: %s\n", diag->also_note);
        print_caret(&diag->also, out);
    }
}

static const char *source_of(const struct diag *diag)
{
    return diag->place.source ? diag->place.source : "";
}

/* Order of printing: sources as first seen, then line, column, time of writing. */
static int compare_diags(const void *left, const void *right)
{
    const struct diag *a = *(const struct diag *const *)left;
    const struct diag *b = *(const struct diag *const *)right;
    if (a->source_rank != b->source_rank)
        return a->source_rank < b->source_rank ? -1 : 1;
    if (a->place.line != b->place.line)
        return a->place.line < b->place.line ? -1 : 1;
    if (a->place.column != b->place.column)
        return a->place.column < b->place.column ? -1 : 1;
    return a->sequence < b->sequence ? -1 : 1;
}

/* All messages in order of printing, from the arena; [stored_count]. */
static struct diag **sorted(const struct diags *diags)
{
    size_t count = 0;
    int sources = 0;
    struct diag **list = arena_array(diags->arena, (size_t)diags->stored_count + 1, sizeof *list);
    for (struct diag *d = diags->first; d; d = d->next) {
        const struct diag *seen = diags->first;
        while (strcmp(source_of(seen), source_of(d)) != 0)
            seen = seen->next;
        d->source_rank = seen == d ? sources++ : seen->source_rank;
        list[count++] = d;
    }
    qsort(list, count, sizeof(struct diag *), compare_diags);
    return list;
}

/* The same thing said twice: a file that several runs share. */
static bool is_repeated(const struct diag *a, const struct diag *b)
{
    return a->source_rank == b->source_rank && a->place.line == b->place.line &&
           a->place.column == b->place.column && strcmp(a->message, b->message) == 0;
}

static void print_left_out(const char *source, int left_out, struct text *out)
{
    if (left_out)
        text_addf(out, "%s%s%d more message%s not shown\n", source, *source ? ": " : "", left_out,
                  left_out > 1 ? "s" : "");
}

void diags_print(const struct diags *diags, struct text *out)
{
    struct diag **list = sorted(diags);
    int printed = 0;
    int left_out = 0;
    for (int i = 0; i < diags->stored_count; i++) {
        const struct diag *diag = list[i];
        if (i > 0 && diag->source_rank != list[i - 1]->source_rank) {
            print_left_out(source_of(list[i - 1]), left_out, out);
            printed = left_out = 0;
        } else if (i > 0 && is_repeated(diag, list[i - 1])) {
            continue;
        }
        if (printed == DIAGS_PER_SOURCE) {
            left_out++;
        } else {
            print_diag(diag, out);
            printed++;
        }
    }
    if (diags->stored_count)
        print_left_out(source_of(list[diags->stored_count - 1]), left_out, out);
    print_left_out("", diags->error_count + diags->warning_count - diags->stored_count, out);
}

/* ---- names ---- */

enum { NAME_MAX_LENGTH = 64 };

static int smallest(int a, int b, int c)
{
    int least = a < b ? a : b;
    return least < c ? least : c;
}

/* Edit distance with swaps of neighbours (optimal string alignment), case ignored. */
static int edit_distance(const char *a, const char *b)
{
    size_t rows = strlen(a);
    size_t columns = strlen(b);
    if (rows > NAME_MAX_LENGTH || columns > NAME_MAX_LENGTH)
        return INT_MAX;
    int cost[NAME_MAX_LENGTH + 1][NAME_MAX_LENGTH + 1];
    for (size_t i = 0; i <= rows; i++)
        cost[i][0] = (int)i;
    for (size_t j = 0; j <= columns; j++)
        cost[0][j] = (int)j;
    for (size_t i = 1; i <= rows; i++)
        for (size_t j = 1; j <= columns; j++) {
            int left = tolower((unsigned char)a[i - 1]);
            int right = tolower((unsigned char)b[j - 1]);
            cost[i][j] = smallest(cost[i - 1][j] + 1, cost[i][j - 1] + 1,
                                  cost[i - 1][j - 1] + (left != right));
            if (i > 1 && j > 1 && left == tolower((unsigned char)b[j - 2]) &&
                right == tolower((unsigned char)a[i - 2]) && cost[i - 2][j - 2] + 1 < cost[i][j])
                cost[i][j] = cost[i - 2][j - 2] + 1;
        }
    return cost[rows][columns];
}

const char *closest_name(const char *given, const char *const *names, size_t count)
{
    const char *best = NULL;
    int best_distance = 1 + (int)(strlen(given) / 3);
    for (size_t i = 0; i < count; i++) {
        int distance = edit_distance(given, names[i]);
        if (distance < best_distance || (distance == best_distance && !best)) {
            best = names[i];
            best_distance = distance;
        }
    }
    return best;
}
