#include "app/sweep_same.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Points that are computed anew: this many stretches of so many neighbours. */
enum { STRETCHES = 64, STRETCH = 8 };

/* A file read line by line. */
struct line_reader {
    FILE *file;
    char *line;
    size_t room;
    ssize_t length; /* −1 = at the end */
};

static bool next_line(struct line_reader *reader)
{
    reader->length = getline(&reader->line, &reader->room, reader->file);
    return reader->length >= 0;
}

static bool is_line(const struct line_reader *reader, const char *text, size_t length)
{
    return reader->length >= 0 && (size_t)reader->length == length &&
           memcmp(reader->line, text, length) == 0;
}

/* True when the lines of `rows` come next, one behind the other; `can_skip`: behind some others. */
static bool find_rows(struct line_reader *reader, const struct text *rows, bool can_skip)
{
    const char *row = text_string(rows);
    const char *end = row + rows->length;
    while (row < end) {
        size_t length = (size_t)(strchr(row, '\n') - row) + 1;
        if (!next_line(reader))
            return false;
        if (is_line(reader, row, length)) {
            can_skip = false;
            row += length;
        } else if (!can_skip) {
            return false;
        }
    }
    return true;
}

static bool starts_with_header(const struct sweep_job *job, const struct run_range *range,
                               struct line_reader *reader)
{
    struct text header;
    text_init(&header);
    if (job->shard == 0)
        rows_header(&job->layout, range->format, &header);
    bool is_same =
        header.length == 0 || (next_line(reader) && (size_t)reader->length == header.length &&
                               memcmp(reader->line, text_string(&header), header.length) == 0);
    text_release(&header);
    return is_same;
}

static bool holds_samples(const struct run_range *range, struct line_reader *reader)
{
    struct sweep_point *point = point_new(range->grid);
    int64_t count = range->end - range->first;
    int64_t step = (count + STRETCHES - 1) / STRETCHES;
    bool is_same = true;
    bool can_skip = false;
    for (int64_t at = range->first; at < range->end && is_same; at += step) {
        bool is_last = step >= range->end - at;
        int64_t end = is_last ? range->end : at + (step < STRETCH ? step : STRETCH);
        struct block block = {0};
        for (int64_t i = is_last && end - at > STRETCH ? end - STRETCH : at; i < end; i++)
            runner_add_point(range, point, i, &block);
        can_skip = can_skip || (is_last && end - at > STRETCH);
        is_same = find_rows(reader, &block.text, can_skip) && (!is_last || !next_line(reader));
        can_skip = step > STRETCH;
        text_release(&block.text);
    }
    point_free(point);
    return is_same;
}

bool sweep_file_is_same(const struct sweep_job *job, const struct run_range *range)
{
    struct line_reader reader = {.file = fopen(job->path, "rb")};
    if (!reader.file || job->output == SWEEP_SQLITE) {
        if (reader.file)
            fclose(reader.file);
        return true;
    }
    bool is_same = starts_with_header(job, range, &reader) && holds_samples(range, &reader);
    free(reader.line);
    fclose(reader.file);
    return is_same;
}
