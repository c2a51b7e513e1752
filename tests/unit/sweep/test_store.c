/* The log of a sweep: what a killed or cheated run leaves behind, and where resuming goes on. */
#include "check.h"
#include "sweep/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static struct text text_of(const char *string)
{
    struct text text;
    text_init(&text);
    text_add(&text, string);
    return text;
}

static const char *read_file(struct arena *arena, const char *path)
{
    char bytes[256];
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    size_t count = fread(bytes, 1, sizeof bytes - 1, file);
    fclose(file);
    return arena_strndup(arena, bytes, count);
}

static void append(struct store *store, const char *rows, int64_t next_point)
{
    struct text text = text_of(rows);
    struct tally tally = {
        {1, 0, 0, 0}
    };
    check_true("append", store_append(store, &text, next_point, &tally));
    text_release(&text);
}

static enum store_status open_at(struct store *store, struct arena *arena, const char *path,
                                 uint64_t identity, bool is_resuming)
{
    struct text header = text_of("head\n");
    enum store_status status = store_open(store, arena, path, identity, &header, 100, is_resuming);
    text_release(&header);
    return status;
}

/* A log with blocks up to points 110 and 120. */
static const char *begin(struct arena *arena, struct store *store, const char *name)
{
    const char *path = arena_printf(arena, "%s/%s", folder, name);
    check_count("begins", open_at(store, arena, path, 7, false), STORE_OPEN);
    check_count("first point", store->next_point, 100);
    append(store, "one\n", 110);
    append(store, "two\n", 120);
    return path;
}

static void finishes(void)
{
    struct arena arena;
    struct store store;
    arena_init(&arena);
    const char *path = begin(&arena, &store, "finished");
    check_true("finish", store_finish(&store, false));
    check_text("result", read_file(&arena, path), "head\none\ntwo\n");
    check_true("no log", access(store.part_path, F_OK) != 0);
    check_true("no checkpoints", access(store.at_path, F_OK) != 0);
    check_count("nothing to resume", open_at(&store, &arena, path, 7, true), STORE_COMPLETE);
    remove(path);
    arena_release(&arena);
}

static void goes_on_behind_the_last_whole_block(void)
{
    struct arena arena;
    struct store store;
    arena_init(&arena);
    const char *path = begin(&arena, &store, "torn");
    store_close(&store);
    FILE *part = fopen(store.part_path, "a"); /* a block whose checkpoint was never written */
    fputs("thr", part);
    fclose(part);
    FILE *at = fopen(store.at_path, "a"); /* and half a checkpoint */
    fputs("130 17 4 00", at);
    fclose(at);
    check_count("another sweep", open_at(&store, &arena, path, 8, true), STORE_OTHER);
    store_close(&store);
    check_count("resumes", open_at(&store, &arena, path, 7, true), STORE_OPEN);
    check_count("next point", store.next_point, 120);
    check_count("tally", store.tally.counts[POINT_OK], 2);
    check_true("says so", store.is_resumed);
    append(&store, "three\n", 130);
    check_true("finish", store_finish(&store, false));
    check_text("result", read_file(&arena, path), "head\none\ntwo\nthree\n");
    remove(path);
    arena_release(&arena);
}

/* Killed after the log went, before its checkpoints did; then the result was removed, too. */
static void begins_anew_without_a_log(void)
{
    struct arena arena;
    struct store store;
    arena_init(&arena);
    const char *path = begin(&arena, &store, "gone");
    store_close(&store);
    remove(store.part_path);
    check_count("begins", open_at(&store, &arena, path, 7, true), STORE_OPEN);
    check_count("first point", store.next_point, 100);
    append(&store, "one\n", 110);
    check_true("finish", store_finish(&store, false));
    check_text("result", read_file(&arena, path), "head\none\n");
    remove(path);
    arena_release(&arena);
}

static void goes_back_to_blocks_that_match(void)
{
    struct arena arena;
    struct store store;
    arena_init(&arena);
    const char *path = begin(&arena, &store, "damaged");
    store_close(&store);
    FILE *part = fopen(store.part_path, "r+"); /* the second block was lost by a power cut */
    fseek(part, 9, SEEK_SET);
    fputs("TWO", part);
    fclose(part);
    check_count("resumes", open_at(&store, &arena, path, 7, true), STORE_OPEN);
    check_count("next point", store.next_point, 110);
    append(&store, "two\n", 120);
    check_true("finish", store_finish(&store, false));
    check_text("result", read_file(&arena, path), "head\none\ntwo\n");
    remove(path);
    arena_release(&arena);
}

static void begins_anew_without_resume(void)
{
    struct arena arena;
    struct store store;
    arena_init(&arena);
    const char *path = begin(&arena, &store, "anew");
    store_close(&store);
    check_count("begins", open_at(&store, &arena, path, 9, false), STORE_OPEN);
    check_count("first point", store.next_point, 100);
    check_true("finish", store_finish(&store, false));
    check_text("result", read_file(&arena, path), "head\n");
    check_count("no folder",
                open_at(&store, &arena, arena_printf(&arena, "%s/none/x", folder), 9, false),
                STORE_FAILED);
    store_close(&store);
    remove(path);
    arena_release(&arena);
}

/* Locks are between processes: the other one is a child. */
static void keeps_others_out(void)
{
    struct arena arena;
    struct store store;
    int status = 0;
    arena_init(&arena);
    const char *path = begin(&arena, &store, "busy");
    pid_t child = fork();
    if (child == 0) {
        struct store other;
        enum store_status resumed = open_at(&other, &arena, path, 7, true);
        enum store_status anew = open_at(&other, &arena, path, 7, false);
        _exit(resumed == STORE_BUSY && anew == STORE_BUSY ? 0 : 1);
    }
    check_true("forks", child > 0 && waitpid(child, &status, 0) == child);
    check_true("busy", WIFEXITED(status) && WEXITSTATUS(status) == 0);
    append(&store, "three\n", 130);
    check_true("finish", store_finish(&store, false));
    check_text("result", read_file(&arena, path), "head\none\ntwo\nthree\n");
    remove(path);
    arena_release(&arena);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"begins anew without a log",           begins_anew_without_a_log          },
        {"finishes",                            finishes                           },
        {"goes on behind the last whole block", goes_on_behind_the_last_whole_block},
        {"goes back to blocks that match",      goes_back_to_blocks_that_match     },
        {"begins anew without resume",          begins_anew_without_resume         },
        {"keeps others out",                    keeps_others_out                   },
        {NULL,                                  NULL                               },
    };
    strcpy(folder, "/tmp/tokenroof-store-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    int status = check_main("store", cases);
    rmdir(folder);
    return status;
}
