#include "sweep/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The log is forced to the disk after this many bytes. */
static const int64_t sync_bytes = 64 << 20;

/* Checkpoints that are shorter hold no checkpoint yet. */
enum { IDENTITY_BYTES = 64 };

/* One line of checkpoints. */
struct checkpoint {
    int64_t point;
    int64_t bytes;
    int64_t length; /* of the last block */
    uint64_t hash;  /* of its bytes */
    struct tally tally;
};

/* Multiplies and folds words of 8 bytes; a checksum, no secret. */
uint64_t store_hash(uint64_t hash, const void *bytes, size_t count)
{
    const uint64_t odd = 0x9e3779b97f4a7c15U;
    const char *at = bytes;
    hash ^= (uint64_t)count * odd;
    for (; count > 0; count -= count < 8 ? count : 8, at += 8) {
        uint64_t word = 0;
        memcpy(&word, at, count < 8 ? count : 8);
        hash = (hash ^ word) * odd;
        hash ^= hash >> 29;
    }
    return hash;
}

static bool write_all(int file, const char *bytes, size_t count)
{
    while (count) {
        ssize_t written = write(file, bytes, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

static bool write_checkpoint(struct store *store, const struct checkpoint *at)
{
    char line[256];
    int length = snprintf(line, sizeof line,
                          "%" PRId64 " %" PRId64 " %" PRId64 " %016" PRIx64 " %" PRId64 " %" PRId64
                          " %" PRId64 " %" PRId64 "\n",
                          at->point, at->bytes, at->length, at->hash, at->tally.counts[0],
                          at->tally.counts[1], at->tally.counts[2], at->tally.counts[3]);
    return write_all(store->at, line, (size_t)length);
}

bool store_append(struct store *store, const struct text *text, int64_t next_point,
                  const struct tally *tally)
{
    if (!write_all(store->part, text_string(text), text->length))
        return false;
    store->bytes += (int64_t)text->length;
    store->unsynced_bytes += (int64_t)text->length;
    store->next_point = next_point;
    tally_add(&store->tally, tally);
    if (store->unsynced_bytes >= sync_bytes) {
        if (fsync(store->part) != 0)
            return false;
        store->unsynced_bytes = 0;
    }
    struct checkpoint at = {
        .point = next_point,
        .bytes = store->bytes,
        .length = (int64_t)text->length,
        .hash = store_hash(0, text_string(text), text->length),
        .tally = store->tally,
    };
    return write_checkpoint(store, &at);
}

/* The last block of a checkpoint is in the log as it was written. */
static bool matches(int part, int64_t size, const struct checkpoint *at)
{
    if (at->bytes > size || at->length > at->bytes || at->length < 0)
        return false;
    char *bytes = malloc((size_t)at->length + 1);
    if (!bytes)
        return false;
    ssize_t count = pread(part, bytes, (size_t)at->length, (off_t)(at->bytes - at->length));
    bool is_same =
        count == (ssize_t)at->length && store_hash(0, bytes, (size_t)at->length) == at->hash;
    free(bytes);
    return is_same;
}

static bool parse_checkpoint(const char *line, struct checkpoint *at)
{
    int length = 0;
    int fields = sscanf(line,
                        "%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNx64 " %" SCNd64 " %" SCNd64
                        " %" SCNd64 " %" SCNd64 "%n",
                        &at->point, &at->bytes, &at->length, &at->hash, &at->tally.counts[0],
                        &at->tally.counts[1], &at->tally.counts[2], &at->tally.counts[3], &length);
    return fields == 8 && line[length] == '\n';
}

static void format_identity(char line[64], uint64_t identity)
{
    snprintf(line, 64, "tokenroof sweep 1 %016" PRIx64 "\n", identity);
}

/* Finds the last checkpoint that the log bears out, and where the checkpoints end with it. */
static bool find_checkpoint(int part, FILE *lines, uint64_t identity, struct checkpoint *found,
                            long *end)
{
    char line[256];
    char expected[64];
    struct stat status;
    bool is_found = false;
    format_identity(expected, identity);
    if (fstat(part, &status) != 0 || !fgets(line, sizeof line, lines) ||
        strcmp(line, expected) != 0)
        return false;
    struct checkpoint at;
    struct checkpoint before = {0};
    long before_end = 0;
    /* later blocks need not be looked at when the last line matches; else walk in order */
    while (fgets(line, sizeof line, lines) && parse_checkpoint(line, &at) &&
           at.bytes <= (int64_t)status.st_size) {
        before = at;
        before_end = ftell(lines);
        is_found = true;
    }
    if (is_found && matches(part, (int64_t)status.st_size, &before)) {
        *found = before;
        *end = before_end;
        return true;
    }
    is_found = false;
    rewind(lines);
    if (!fgets(line, sizeof line, lines))
        return false;
    while (fgets(line, sizeof line, lines) && parse_checkpoint(line, &at) &&
           matches(part, (int64_t)status.st_size, &at)) {
        *found = at;
        *end = ftell(lines);
        is_found = true;
    }
    return is_found;
}

/* Two runs must not write one log; the lock goes when the process does, however it ends. */
static bool lock(int file)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(file, F_SETLK, &whole) == 0;
}

static enum store_status go_on(struct store *store, uint64_t identity)
{
    struct checkpoint at = {0};
    long end = 0;
    store->at = open(store->at_path, O_RDWR | O_CLOEXEC);
    if (store->at < 0)
        return STORE_FAILED;
    if (!lock(store->at))
        return STORE_BUSY;
    int reading = dup(store->at); /* closing another descriptor of the file would end the lock */
    store->lines = reading >= 0 ? fdopen(reading, "r") : NULL;
    store->part = open(store->part_path, O_RDWR | O_CLOEXEC);
    bool is_found = store->lines && store->part >= 0 &&
                    find_checkpoint(store->part, store->lines, identity, &at, &end);
    if (!is_found)
        return STORE_OTHER;
    if (ftruncate(store->part, (off_t)at.bytes) != 0 || ftruncate(store->at, (off_t)end) != 0 ||
        lseek(store->part, 0, SEEK_END) < 0 || lseek(store->at, 0, SEEK_END) < 0)
        return STORE_FAILED;
    store->bytes = at.bytes;
    store->next_point = at.point;
    store->tally = at.tally;
    store->is_resumed = true;
    return STORE_OPEN;
}

/* The checkpoints first: a log without them is never resumed, whatever it holds. */
static enum store_status begin(struct store *store, uint64_t identity, const struct text *header,
                               int64_t first_point)
{
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC;
    char line[64];
    static const struct tally none;
    format_identity(line, identity);
    store->at = open(store->at_path, flags, 0666);
    if (store->at < 0)
        return STORE_FAILED;
    if (!lock(store->at))
        return STORE_BUSY;
    if (ftruncate(store->at, 0) != 0)
        return STORE_FAILED;
    store->part = open(store->part_path, flags | O_TRUNC, 0666);
    if (store->part < 0 || !write_all(store->at, line, strlen(line)) ||
        !store_append(store, header, first_point, &none))
        return STORE_FAILED;
    return STORE_OPEN;
}

enum store_status store_open(struct store *store, struct arena *arena, const char *path,
                             uint64_t identity, const struct text *header, int64_t first_point,
                             bool is_resuming)
{
    *store = (struct store){
        .path = path,
        .part_path = arena_printf(arena, "%s.part", path),
        .at_path = arena_printf(arena, "%s.part.at", path),
        .part = -1,
        .at = -1,
    };
    if (!is_resuming)
        return begin(store, identity, header, first_point);
    bool has_result = access(path, F_OK) == 0;
    bool has_part = access(store->part_path, F_OK) == 0;
    struct stat at;
    int64_t at_bytes = stat(store->at_path, &at) == 0 ? (int64_t)at.st_size : -1;
    if (at_bytes < 0 && has_result)
        return STORE_COMPLETE;
    /* killed before the first checkpoint was whole: nothing to lose */
    if (at_bytes < IDENTITY_BYTES)
        return begin(store, identity, header, first_point);
    if (!has_part && has_result) /* killed after the rename */
        return remove(store->at_path) == 0 ? STORE_COMPLETE : STORE_FAILED;
    if (!has_part) /* the same, and the result was taken away since */
        return begin(store, identity, header, first_point);
    return go_on(store, identity);
}

void store_close(struct store *store)
{
    if (store->part >= 0)
        close(store->part);
    if (store->lines)
        fclose(store->lines);
    if (store->at >= 0)
        close(store->at);
    store->lines = NULL;
    store->part = -1;
    store->at = -1;
}

bool store_finish(struct store *store, bool is_converted)
{
    bool is_fine = fsync(store->part) == 0;
    store_close(store);
    if (is_fine && !is_converted)
        is_fine = rename(store->part_path, store->path) == 0;
    if (is_fine && is_converted)
        is_fine = remove(store->part_path) == 0;
    return is_fine && remove(store->at_path) == 0;
}
