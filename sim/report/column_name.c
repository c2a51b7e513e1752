#include "report/column_name.h"

#include <ctype.h>
#include <string.h>

/* Endings of names, the longest first where one ends like another. */
static const struct ending {
    const char *text;
    const char *unit;
    double scale;
    bool is_ratio;
} endings[] = {
    {"tok_per_s",    "tok/s",  1.0,          false},
    {"tokens_per_s", "tok/s",  1.0,          false},
    {"req_per_s",    "req/s",  1.0,          false},
    {"byte_per_s",   "B/s",    1.0,          false},
    {"gb_per_s",     "B/s",    1e9,          false},
    {"flop_per_s",   "FLOP/s", 1.0,          false},
    {"tflops",       "FLOP/s", 1e12,         false},
    {"flops",        "FLOP",   1.0,          false},
    {"bytes",        "B",      1.0,          false},
    {"gb",           "B",      1e9,          false},
    {"gib",          "B",      1073741824.0, false},
    {"mb",           "B",      1e6,          false},
    {"oi",           "FLOP/B", 1.0,          false},
    {"ridge",        "FLOP/B", 1.0,          false},
    {"attained",     "FLOP/s", 1.0,          false},
    {"ms",           "s",      1e-3,         false},
    {"us",           "s",      1e-6,         false},
    {"ns",           "s",      1e-9,         false},
    {"s",            "s",      1.0,          false},
    {"j",            "J",      1.0,          false},
    {"w",            "W",      1.0,          false},
    {"hz",           "Hz",     1.0,          false},
    {"ratio",        "",       1.0,          true },
    {"share",        "",       1.0,          true },
    {"mfu",          "",       1.0,          true },
    {"mbu",          "",       1.0,          true },
    {"percent",      "",       1e-2,         true },
    {"pct",          "",       1e-2,         true },
};

/* Names that deserve better than their letters. */
static const char *const titles[][2] = {
    {"total_tok_per_s",                  "Throughput, input + output"},
    {"output_tok_per_s",                 "Throughput, output"        },
    {"tok_per_s",                        "Throughput"                },
    {"ttft_s",                           "TTFT"                      },
    {"tpot_s",                           "TPOT"                      },
    {"itl_s",                            "ITL"                       },
    {"itl_bench_s",                      "ITL of the whole batch"    },
    {"e2e_s",                            "End to end"                },
    {"input",                            "Input tokens"              },
    {"output",                           "Output tokens"             },
    {"req_per_s",                        "Requests answered"         },
    {"rate_per_s",                       "Arrival rate"              },
    {"max_rate_per_s",                   "Largest rate"              },
    {"max_concurrency",                  "Most clients"              },
    {"time_s",                           "Time"                      },
    {"share",                            "Share of the step"         },
    {"prefill.mfu",                      "MFU of prefill"            },
    {"decode.mbu",                       "MBU of decode"             },
    {"params.total",                     "Parameters"                },
    {"params.active",                    "Active parameters"         },
    {"mmlu_percent",                     "MMLU"                      },
    {"workload.batch",                   "Batch"                     },
    {"workload.input",                   "Input tokens"              },
    {"workload.output",                  "Output tokens"             },
    {"model.experts",                    "Experts"                   },
    {"model.top_k",                      "Active experts"            },
    {"model.expert_ffn",                 "Expert width"              },
    {"hardware.count",                   "Devices"                   },
    {"serving.arrivals.rate",            "Arrival rate"              },
    {"serving.arrivals.concurrency",     "Clients"                   },
    {"serving.lengths.input",            "Input tokens"              },
    {"serving.lengths.output",           "Output tokens"             },
    {"serving.engine",                   "Engine"                    },
    {"serving.server.policy",            "Policy"                    },
    {"serving.server.max_seqs",          "Largest batch"             },
    {"serving.server.replicas",          "Replicas"                  },
    {"options.speculation.draft_tokens", "Draft tokens"              },
    {"options.speculation.acceptance",   "Acceptance"                },
};

static const struct ending *ending_of(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t size = strlen(endings[i].text);
        if (length == size && size > 1 && strcmp(name, endings[i].text) == 0)
            return &endings[i];
        if (length > size + 1 && strcmp(name + length - size, endings[i].text) == 0 &&
            (name[length - size - 1] == '_' || name[length - size - 1] == '.'))
            return &endings[i];
    }
    return NULL;
}

/* "kv_bytes_per_token" → "Kv bytes per token"; abbreviations that people write in capitals are. */
static const char *spell(const char *name, size_t length, struct arena *arena)
{
    static const char *const capitals[] = {"ttft", "tpot", "itl", "e2e", "kv", "oi", "mfu", "mbu"};
    char *title = arena_strndup(arena, name, length);
    for (char *c = title; *c; c++)
        if (*c == '_' || *c == '.')
            *c = ' ';
    for (char *word = title; *word; word += strspn(word, " ")) {
        size_t size = strcspn(word, " ");
        for (size_t i = 0; i < sizeof capitals / sizeof *capitals; i++)
            if (size == strlen(capitals[i]) && strncmp(word, capitals[i], size) == 0)
                for (size_t k = 0; k < size; k++)
                    word[k] = (char)toupper((unsigned char)word[k]);
        word += size;
    }
    *title = (char)toupper((unsigned char)*title);
    return title;
}

struct column_name column_name_read(const char *name, struct arena *arena)
{
    const struct ending *ending = ending_of(name);
    struct column_name read = {.unit = "", .scale = 1.0};
    size_t length = strlen(name);
    if (ending) {
        bool is_word = ending->is_ratio || strcmp(ending->unit, "FLOP/B") == 0;
        read = (struct column_name){NULL, ending->unit, ending->scale, ending->is_ratio};
        if (!is_word && strlen(ending->text) + 1 < length)
            length -= strlen(ending->text) + 1;
    }
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (strcmp(name, titles[i][0]) == 0)
            read.title = titles[i][1];
    if (!read.title)
        read.title = spell(name, length, arena);
    return read;
}

void column_name_title_all(struct table *table)
{
    for (int i = 0; i < table->column_count; i++) {
        struct column *column = &table->columns[i];
        struct column_name read = column_name_read(column->name, table->arena);
        if (strcmp(column->title, column->name) == 0)
            column->title = read.title;
        if (column->kind == CELL_NUMBER && !*column->unit)
            column->is_ratio = column->is_ratio || read.is_ratio;
    }
}
