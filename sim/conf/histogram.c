#include "conf/histogram.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 64000000, ERRORS_MAX = 20 };

/* A file being read. */
struct histogram {
    const struct reader *reader;
    const char *path;
    double *weights; /* all lines one after the other */
    size_t count;
    size_t capacity;
    int columns; /* of the first line */
    int layers;
    int errors;
};

/* Keeps the message with its place; false when enough was said. */
static bool complain(struct histogram *h, char *line, int number, int column, int width,
                     const char *message)
{
    struct place place = {h->path, arena_strdup(h->reader->arena, line), number, column, width};
    diag_add(h->reader->diags, SEVERITY_ERROR, place, "%s", message);
    return ++h->errors < ERRORS_MAX;
}

static void keep(struct histogram *h, double weight)
{
    if (h->count == h->capacity) {
        size_t capacity = h->capacity ? 2 * h->capacity : 1024;
        double *weights = arena_array(h->reader->arena, capacity, sizeof *weights);
        if (h->count)
            memcpy(weights, h->weights, h->count * sizeof *weights);
        h->weights = weights;
        h->capacity = capacity;
    }
    h->weights[h->count++] = weight;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* One number and the comma after it; NULL after a mistake. */
static char *read_cell(struct histogram *h, char *line, int number, char *at, double *weight)
{
    while (is_blank(*at))
        at++;
    char *end = at;
    bool is_decimal = (*at >= '0' && *at <= '9') || *at == '.';
    *weight = is_decimal ? strtod(at, &end) : (double)NAN;
    if (end == at || !(*weight >= 0.0 && *weight <= 1e300) ||
        (at[0] == '0' && (at[1] | 32) == 'x')) {
        int width = (int)strcspn(at, ", \t\r");
        complain(h, line, number, (int)(at - line) + 1, width > 0 ? width : 1,
                 "a weight is a number of 0 or more");
        return NULL;
    }
    while (is_blank(*end))
        end++;
    if (*end == '\0' || *end == ',')
        return end;
    complain(h, line, number, (int)(end - line) + 1, 1, "expected a comma between weights");
    return NULL;
}

static void read_line(struct histogram *h, char *line, int number)
{
    char *at = line;
    double sum = 0.0;
    int columns = 0;
    while (is_blank(*at))
        at++;
    if (*at == '\0' || *at == '#')
        return;
    for (;;) {
        double weight = 0.0;
        at = read_cell(h, line, number, at, &weight);
        if (!at)
            return;
        keep(h, weight);
        sum += weight;
        columns++;
        if (*at == '\0')
            break;
        at++;
    }
    if (h->layers == 0)
        h->columns = columns;
    if (columns != h->columns)
        complain(h, line, number, 1, (int)strlen(line),
                 arena_printf(h->reader->arena, "%d weights, but the first line has %d", columns,
                              h->columns));
    else if (!(sum > 0.0))
        complain(h, line, number, 1, (int)strlen(line), "no expert of this layer is ever visited");
    h->layers++;
}

bool histogram_read(const struct reader *reader, const char *folder, struct place place,
                    struct routing *routing)
{
    const char *path = routing->file;
    if (*path != '/' && strcmp(folder, ".") != 0)
        path = arena_printf(reader->arena, "%s/%s", folder, path);
    struct histogram h = {.reader = reader, .path = path};
    struct text content;
    text_init(&content);
    if (text_load(&content, path, FILE_BYTES_MAX) != 0 || content.length > FILE_BYTES_MAX) {
        diag_add(reader->diags, SEVERITY_ERROR, place, "'%s' can't be read: %s",
                 diag_quote(reader->diags, path), errno ? strerror(errno) : "larger than 64 MB");
        text_release(&content);
        return false;
    }
    char *copy = arena_strndup(reader->arena, text_string(&content), content.length);
    text_release(&content);
    int number = 1;
    for (char *line = copy; line && h.errors < ERRORS_MAX; number++) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        read_line(&h, line, number);
        line = end ? end + 1 : NULL;
    }
    if (h.layers == 0 && h.errors == 0) {
        diag_add(reader->diags, SEVERITY_ERROR, (struct place){.source = path}, "holds no weights");
        h.errors++;
    }
    if (h.errors)
        return false;
    routing->popularity = h.weights;
    routing->popularity_count = h.columns;
    routing->layer_count = h.layers;
    return true;
}
