/* Numbers as people read them, JSON and CSV as machines read them, files that are never
 * half-written. */
#include "base/text.h"

#include "check.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void formats_si(void)
{
    static const struct {
        const char *row;
        double value;
        const char *unit;
        int digits;
        const char *expected;
    } rows[] = {
        {"milliseconds",         4.79e-3,     "s",      3, "4.79 ms"    },
        {"rounds into prefix",   999.96,      "",       3, "1.00 k"     },
        {"no milli for tokens",  0.992,       "tok/s",  3, "0.992 tok/s"},
        {"rounds to a token",    0.9996,      "tok/s",  3, "1.00 tok/s" },
        {"stays below a prefix", 999.4,       "B",      3, "999 B"      },
        {"zero",                 0.0,         "s",      3, "0.00 s"     },
        {"peak",                 989.4e12,    "FLOP/s", 3, "989 TFLOP/s"},
        {"micro",                17.4e-6,     "s",      3, "17.4 µs"   },
        {"negative",             -1.5e-9,     "s",      2, "-1.5 ns"    },
        {"no kiloseconds",       2750.0,      "s",      3, "2750 s"     },
        {"no unit, no prefix",   12.0,        "",       3, "12.0"       },
        {"not a number",         (double)NAN, "s",      3, "-"          },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[SI_TEXT_BYTES];
        check_text(rows[i].row, text_si(out, rows[i].value, rows[i].unit, rows[i].digits),
                   rows[i].expected);
    }
}

static void formats_plain_and_counts(void)
{
    char out[SI_TEXT_BYTES];
    check_text("small", text_plain(out, 0.01234, 3), "0.0123");
    check_text("ones", text_plain(out, 1.005, 3), "1.00");
    check_text("hundreds", text_plain(out, 456.7, 3), "457");
    check_text("count", text_count(out, 131072), "131,072");
    check_text("short count", text_count(out, 999), "999");
    check_text("negative count", text_count(out, -1234567), "-1,234,567");
    check_text("negative short", text_count(out, -123), "-123");
}

static void escapes_json(void)
{
    struct text out;
    text_init(&out);
    text_add_json(&out, "a\"b\\c\n\x01");
    text_add_json(&out, NULL);
    text_add_json_number(&out, 0.1);
    text_add(&out, ",");
    text_add_json_number(&out, HUGE_VAL);
    check_text("json", text_string(&out), "\"a\\\"b\\\\c\\n\\u0001\"null0.1,null");
    text_release(&out);
}

static void json_numbers_read_back(void)
{
    double values[] = {1.0 / 3.0, 131072.0, 4.79e-3, 1e300, 5e-324, 123456789.123456789};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct text out;
        text_init(&out);
        text_add_json_number(&out, values[i]);
        check_close("read back", strtod(text_string(&out), NULL), values[i], 0.0);
        text_release(&out);
    }
}

static void saves_whole_files_only(void)
{
    struct text text;
    text_init(&text);
    text_add(&text, "hello\n");
    char path[] = "saved-XXXXXX";
    int handle = mkstemp(path);
    check_true("temporary file", handle >= 0);
    close(handle);
    check_count("saved", text_save(&text, path), 0);
    FILE *file = fopen(path, "rb");
    char back[16] = "";
    check_count("read", (int64_t)fread(back, 1, sizeof back - 1, file), 6);
    fclose(file);
    remove(path);
    check_text("content", back, "hello\n");
    text_release(&text);
}

static void writes_into_pipes(void)
{
    struct text text;
    text_init(&text);
    text_add(&text, "hello\n");
    char path[] = "folder-XXXXXX";
    check_true("folder", mkdtemp(path) != NULL);
    struct text pipe;
    text_init(&pipe);
    text_addf(&pipe, "%s/pipe", path);
    check_count("pipe", mkfifo(text_string(&pipe), 0600), 0);
    int reader = open(text_string(&pipe), O_RDONLY | O_NONBLOCK);
    check_count("saved", text_save(&text, text_string(&pipe)), 0);
    char back[16] = "";
    check_count("arrived", read(reader, back, sizeof back - 1), 6);
    check_text("content", back, "hello\n");
    struct stat now;
    check_true("still a pipe", stat(text_string(&pipe), &now) == 0 && S_ISFIFO(now.st_mode));
    close(reader);
    remove(text_string(&pipe));
    remove(path);
    text_release(&pipe);
    text_release(&text);
}

static void refuses_missing_folders(void)
{
    struct text text;
    text_init(&text);
    check_count("no such folder", text_save(&text, "no/such/folder/file"), -1);
    text_release(&text);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"formats SI",                formats_si},
        {"formats plain and counts",                           formats_plain_and_counts},
        {"escapes JSON",escapes_json},
        {"JSON numbers read back",              json_numbers_read_back},
        {"saves whole files or none",                           saves_whole_files_only},
        {"writes into pipes",writes_into_pipes},
        {"refuses missing folders", refuses_missing_folders},
        {0                          },
    };
    return check_main("text", cases);
}
