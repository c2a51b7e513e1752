/* Rows read, print and explain: every kind of field, every kind of mistake, shipped files. */
#include "scratch.h"

#include "check.h"

#include <math.h>
#include <stdio.h>

static void reads_config_with_defaults(void)
{
    struct scratch s;
    scratch_open(&s);
    struct config config = {0};
    schema_read(&s.reader,
                scratch_parse(&s, "model: [a, b]\nhardware: {device: c, count: 4}\n"
                                  "precision: {weights: fp8}\nworkload: {batch: 7}\n"
                                  "engine: {host_step: 3 us}\n"
                                  "routing: {kind: histogram, popularity: [3, 2.5 k, 0]}\n"),
                config_fields, &config);
    check_text("no messages", scratch_messages(&s), "");
    check_count("models", config.models.count, 2);
    check_text("second model", config.models.names[1], "b");
    check_text("device", config.hardware.devices.names[0], "c");
    check_count("count", config.hardware.count, 4);
    check_count("weights", config.precision.weights, FORMAT_FP8);
    check_count("default format", config.precision.kv_cache, FORMAT_BF16);
    check_count("batch", config.workload.batch, 7);
    check_count("default input", config.workload.input_tokens, 1024);
    check_close("host step", config.engine.host_step_s, 3e-6, 0.0);
    check_close("default share", config.engine.memory_utilization, 0.9, 0.0);
    check_count("weights of experts", config.routing.popularity_count, 3);
    check_close("second weight", config.routing.popularity[1], 2500.0, 0.0);
    scratch_close(&s);
}

struct mistake {
    const char *row;
    const char *yaml;
    const char *messages;
};

static void check_mistakes(const struct mistake *rows, size_t count, const struct field *fields,
                           size_t struct_bytes)
{
    for (size_t i = 0; i < count; i++) {
        struct scratch s;
        scratch_open(&s);
        void *out = arena_alloc(&s.arena, struct_bytes);
        const struct node *root = scratch_parse(&s, rows[i].yaml);
        if (root)
            schema_read(&s.reader, root, fields, out);
        check_text(rows[i].row, scratch_messages(&s), rows[i].messages);
        scratch_close(&s);
    }
}

#define FINE "model: m\nhardware: d\n"

static void points_at_mistakes_in_a_config(void)
{
    static const struct mistake rows[] = {
        {"unknown key, no suggestion",                     FINE "zzzz: 1\n",
         "f:3:1: error: unknown key 'zzzz'\n    zzzz: 1\n    ^~~~\n    hint: keys here: title, "
         "model, hardware, precision, workload, deploy, engine, routing, options, serving, "
         "seed, sweep, charts, claims\n"                                                  },
        {"a mistyped required key is not missing as well", "modle: m\nhardware: d\n",
         "f:1:1: error: unknown key 'modle'\n    modle: m\n    ^~~~~\n"
         "    hint: did you mean 'model'?\n"                                              },
        {"missing key",                                    "hardware: d\n",
         "f:1:1: error: key 'model' is missing\n    hardware: d\n    ^\n"
         "    hint: add for example: model: …   # model or list: a name of models/ or a path to a "
         "YAML file\n"                                                                    },
        {"a refused value is not missing as well",         "model: *m\nhardware: d\n",
         "f:1:8: error: aliases (*name) are not supported\n    model: *m\n           ^~\n"
         "    hint: write the value out here\n"                                           },
        {"no value",                                       FINE "workload: {batch: }\n",
         "f:3:19: error: 'batch' has no value\n    workload: {batch: }\n                      ^\n"
         "    hint: write for example: batch: 1\n"                                        },
        {"empty section",                                  FINE "workload:\n",
         "f:3:10: error: nothing is written here\n    workload:\n             ^\n"
         "    hint: keys here: batch, input, output\n"                                    },
        {"section that is a word",                         FINE "precision: bf16\n",
         "f:3:12: error: expected a mapping here\n    precision: bf16\n               ^~~~\n"
         "    hint: keys here: weights, activations, kv_cache, head\n"                    },
        {"list for a value",                               FINE "workload: {batch: [1, 2]}\n",
         "f:3:19: error: 'batch' takes a single value, not a list\n"
         "    workload: {batch: [1, 2]}\n                      ^~~~~~\n"
         "    hint: write for example: batch: 1\n"                                        },
        {"enum with a near name",                          FINE "precision: {weights: BF16}\n",
         "f:3:22: error: 'BF16' is not a value of 'weights'\n    precision: {weights: BF16}\n"
         "                         ^~~~\n    hint: did you mean 'bf16'? One of: fp32, tf32, fp16, "
         "bf16, fp8, int8, int4_g128, mxfp4, nvfp4, q8_0, q4_0, q4_k_m, "
         "int3_g128, int2_g128\n"                                                         },
        {"enum without",                                   FINE "engine: {launch: tomorrow}\n",
         "f:3:18: error: 'tomorrow' is not a value of 'launch'\n    engine: {launch: tomorrow}\n"
         "                     ^~~~~~~~\n    hint: write one of: graph, compiled, eager\n"},
        {"not a mapping",                                  "- a\n- b\n",
         "f:1:1: error: expected a mapping here\n    - a\n    ^\n    hint: keys here: title, "
         "model, "
         "hardware, precision, workload, deploy, engine, routing, options, serving, "
         "seed, sweep, charts, claims\n"                                                  },
        {"names in a mapping",                             "model: {a: b}\nhardware: d\n",
         "f:1:8: error: expected a name or a list of names\n    model: {a: b}\n"
         "           ^~~~~~\n"                                                            },
    };
    check_mistakes(rows, sizeof rows / sizeof *rows, config_fields, sizeof(struct config));
}

static void points_at_wrong_numbers_in_a_config(void)
{
    static const struct mistake rows[] = {
        {"whole number",             FINE "workload: {batch: 1.5}\n",
         "f:3:19: error: '1.5' is not a whole number\n    workload: {batch: 1.5}\n"
         "                      ^~~\n    hint: write digits, or with a prefix (2k), for example: "
         "batch: 1\n"                                                                    },
        {"huge number",              FINE "workload: {batch: 99999999999999999999}\n",
         "f:3:19: error: 99999999999999999999 is out of range for 'batch'\n"
         "    workload: {batch: 99999999999999999999}\n"
         "                      ^~~~~~~~~~~~~~~~~~~~\n    hint: allowed: 1 … 1000000\n"},
        {"missing unit",             FINE "engine: {host_step: 5}\n",
         "f:3:21: error: '5' needs a unit\n    engine: {host_step: 5}\n"
         "                        ^\n    hint: write for example: host_step: 3.4 us\n"   },
        {"wrong unit",               FINE "engine: {host_step: 5 GB}\n",
         "f:3:21: error: '5 GB' has no unit of a time (s)\n    engine: {host_step: 5 GB}\n"
         "                        ^~~~\n    hint: write for example: host_step: 3.4 us\n"},
        {"mistyped unit",            FINE "engine: {host_step: 5 uss}\n",
         "f:3:21: error: '5 uss' has no unit of a time (s)\n    engine: {host_step: 5 uss}\n"
         "                        ^~~~~\n    hint: did you mean '5 us'? For example: host_step: "
         "3.4 us\n"                                                                      },
        {"pure number",              FINE "engine: {memory_utilization: 90 %}\n",
         "f:3:30: error: '90 %' is not a pure number\n    engine: {memory_utilization: 90 %}\n"
         "                                 ^~~~\n    hint: write a plain number, for example: "
         "memory_utilization: 0.9\n"                                                     },
        {"range",                    FINE "engine: {memory_utilization: 90}\n",
         "f:3:30: error: '90' is out of range for 'memory_utilization'\n"
         "    engine: {memory_utilization: 90}\n                                 ^~\n"
         "    hint: allowed: 0.01 … 1\n"                                               },
        {"NaN",                      FINE "engine: {memory_utilization: .nan}\n",
         "f:3:30: error: '.nan' is not a number\n    engine: {memory_utilization: .nan}\n"
         "                                 ^~~~\n    hint: write a plain number, for example: "
         "memory_utilization: 0.9\n"                                                     },
        {"hex",                      FINE "engine: {memory_utilization: 0x1}\n",
         "f:3:30: error: '0x1' is not a number\n    engine: {memory_utilization: 0x1}\n"
         "                                 ^~~\n    hint: write a plain number, for example: "
         "memory_utilization: 0.9\n"                                                     },
        {"too large",                FINE "engine: {memory_utilization: 1e999}\n",
         "f:3:30: error: '1e999' is too large a number\n    engine: {memory_utilization: 1e999}\n"
         "                                 ^~~~~\n    hint: write a plain number, for example: "
         "memory_utilization: 0.9\n"                                                     },
        {"columns count characters", FINE "title: é\nworkload: {batch: \"µ\"}\n",
         "f:4:19: error: 'µ' is not a whole number\n    workload: {batch: \"µ\"}\n"
         "                      ^~~\n    hint: write digits, or with a prefix (2k), for example: "
         "batch: 1\n"                                                                    },
    };
    check_mistakes(rows, sizeof rows / sizeof *rows, config_fields, sizeof(struct config));
}

#define DEVICE                                                                                     \
    "name: d\nkind: gpu\ndatasheet:\n  source: s\n  peak: {bf16: 1 TFLOP/s}\n"                     \
    "  memory: {capacity: 80 GB, bandwidth: unknown}\n"

static void points_at_mistakes_in_a_device(void)
{
    static const struct mistake rows[] = {
        {"fine",                         DEVICE,                                               ""                                       },
        {"member of a list",
         DEVICE "  caches:\n    - {name: L1, capacity: 1 MB}\n"
                "    - {name: L2, capacty: 50 MB}\n",                                          "f:9:18: error: unknown key 'capacty'\n        - {name: L2, capacty: 50 MB}\n"
         "                     ^~~~~~~\n    hint: did you mean 'capacity'?\n"      },
        {"missing in a member",
         DEVICE "  caches:\n    - {name: L1, capacity: 1 MB}\n"
                "    - {name: L2}\n",                                                          "f:9:7: error: key 'capacity' is missing\n        - {name: L2}\n          ^~~~~~~~~~\n"
         "    hint: add for example: capacity: 80 GB   # total over the device\n"                  },
        {"a word in the list",           DEVICE "  caches: [L1]\n",
         "f:7:12: error: each member of this list is a mapping {key: value, …}\n"
         "      caches: [L1]\n               ^~\n"                                                                                      },
        {"not a list",                   DEVICE "  caches: {name: L1}\n",
         "f:7:11: error: 'caches' takes a list\n      caches: {name: L1}\n"
         "              ^~~~~~~~~~\n    hint: write it in brackets: caches: [{…}, {…}]\n"                                           },
        {"unknown is not for every key", DEVICE "  caches: [{name: L1, capacity: unknown}]\n",
         "f:7:33: error: 'unknown' is not a number\n      caches: [{name: L1, capacity: unknown}]"
         "\n                                    ^~~~~~~\n    hint: write for example: capacity: "
         "80 GB\n"                                                                                                                      },
        {"zero is no peak",
         "name: d\nkind: gpu\ndatasheet:\n  source: s\n  peak: {bf16: 0}\n"
         "  memory: {}\n",                                                                     "f:5:16: error: '0' is out of range for 'bf16'\n      peak: {bf16: 0}\n"
         "                   ^\n    hint: allowed: 1 MFLOP/s … 10 EFLOP/s\n"                                },
        {"per second forgotten",
         "name: d\nkind: gpu\ndatasheet:\n  source: s\n"
         "  peak: {bf16: 989 TFLOP}\n  memory: {}\n",                                          "f:5:16: error: '989 TFLOP' has no unit of operations per second (FLOP/s)\n"
         "      peak: {bf16: 989 TFLOP}\n                   ^~~~~~~~~\n"
         "    hint: did you mean '989 TFLOP/s'? For example: bf16: 989.4 TFLOP/s\n"},
    };
    check_mistakes(rows, sizeof rows / sizeof *rows, device_fields, sizeof(struct device));
}

static void finds_places_of_values_and_list_members(void)
{
    struct scratch s;
    scratch_open(&s);
    const struct node *root = scratch_parse(&s, "a:\n  - x: 1\n  - x: 2\n    y: 3\nb: 4\n");
    check_count("mapping", schema_place(root, "b").line, 5);
    check_count("member", schema_place(root, "a.1.y").line, 4);
    check_count("absent points at what encloses it", schema_place(root, "a.1.z").line, 3);
    check_count("beyond the list", schema_place(root, "a.7.z").line, 2);
    check_true("has", schema_has(root, "a.0.x"));
    check_true("has not", !schema_has(root, "a.2"));
    scratch_close(&s);
}

/* The text of `in`, read again and printed again, is the same text. */
static void check_round_trip(struct scratch *s, const char *name, const struct field *fields,
                             const void *in, void *again)
{
    struct text first;
    struct text second;
    text_init(&first);
    text_init(&second);
    schema_format(&s->arena, fields, in, &first);
    struct node *root = node_parse(&s->arena, &s->diags, name, text_string(&first), first.length);
    check_true(name, root != NULL);
    if (root)
        schema_read(&s->reader, root, fields, again);
    schema_format(&s->arena, fields, again, &second);
    check_text(name, text_string(&second), text_string(&first));
    check_text(name, scratch_messages(s), "");
    diags_init(&s->diags, &s->arena);
    text_release(&first);
    text_release(&second);
}

static bool is_same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void shipped_models_read_back(void)
{
    struct scratch s;
    scratch_open(&s);
    struct loader loader = scratch_loader(&s);
    int count = 0;
    const char **names = load_names(&loader, "models", &count);
    check_at_least("models", count, 45);
    for (int i = 0; i < count; i++) {
        struct place place = {.source = names[i]};
        const struct model *model = load_model(&loader, names[i], ".", place);
        check_text(names[i], scratch_messages(&s), "");
        diags_init(&s.diags, &s.arena);
        if (!model)
            continue;
        struct model again = {0};
        check_round_trip(&s, names[i], model_fields, model, &again);
        check_true(names[i], again.layers == model->layers && again.hidden == model->hidden &&
                                 again.vocab == model->vocab &&
                                 again.attention.kv_heads == model->attention.kv_heads &&
                                 again.attention.head_dim == model->attention.head_dim &&
                                 again.ffn.moe.experts == model->ffn.moe.experts &&
                                 again.ffn.moe.shared_ffn == model->ffn.moe.shared_ffn &&
                                 is_same_double(again.published.total, model->published.total));
    }
    scratch_close(&s);
}

static void shipped_devices_read_back(void)
{
    struct scratch s;
    scratch_open(&s);
    struct loader loader = scratch_loader(&s);
    int count = 0;
    const char **names = load_names(&loader, "hwdb", &count);
    check_at_least("devices", count, 45);
    for (int i = 0; i < count; i++) {
        struct place place = {.source = names[i]};
        const struct device *device = load_device(&loader, names[i], ".", place);
        check_text(names[i], scratch_messages(&s), "");
        diags_init(&s.diags, &s.arena);
        if (!device)
            continue;
        struct device again = {0};
        check_round_trip(&s, names[i], device_fields, device, &again);
        for (int m = 0; m < MATH_COUNT; m++)
            check_true(names[i], is_same_double(again.datasheet.peak_flop_per_s[m],
                                                device->datasheet.peak_flop_per_s[m]));
        check_true(names[i],
                   is_same_double(again.datasheet.memory_bytes, device->datasheet.memory_bytes) &&
                       again.measured_count == device->measured_count &&
                       again.datasheet.link_count == device->datasheet.link_count);
    }
    scratch_close(&s);
}

/* Texts that YAML would read otherwise are quoted. */
static void odd_texts_read_back(void)
{
    static const char *const texts[] = {
        "plain",        "with blank", "- dash", "a: b",     "a #b",
        "#a",           "'q'",        "\"q\"",  "[a]",      "{a",
        "a,b",          " lead",      "trail ", "",         "line\nbreak",
        "tab\tx",       "\x7f",       "\u2028", "\xc2\x85", "\ufeff",
        "µs",           "...",        "~",      "true",     "a\\b",
        "*a",           "&a",         "!a",     "%a",       "@a",
        "`a",           "a:",         "? a",    "| a",      "> a",
        "a\rb",         "\x01",       "=",      "-",        "\xf0\x9f\x98\x80",
        "\xef\xbf\xbd",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct scratch s;
        scratch_open(&s);
        const char *names[] = {texts[i], texts[i]};
        struct config config = {0};
        struct config again = {0};
        schema_set_defaults(&s.reader, config_fields, &config);
        config.title = texts[i];
        config.models.names = names;
        config.models.count = 2;
        config.hardware.devices.names = names;
        config.hardware.devices.count = 1;
        check_round_trip(&s, texts[i], config_fields, &config, &again);
        check_text("title", again.title, texts[i]);
        check_count("models", again.models.count, 2);
        check_text("name", again.models.names ? again.models.names[1] : NULL, texts[i]);
        scratch_close(&s);
    }
}

/* Every default and every key's example reads without a message. */
static void defaults_read_back(void)
{
    struct scratch s;
    scratch_open(&s);
    struct config config = {0};
    schema_set_defaults(&s.reader, config_fields, &config);
    struct model model = {0};
    schema_set_defaults(&s.reader, model_fields, &model);
    struct device device = {0};
    schema_set_defaults(&s.reader, device_fields, &device);
    check_text("defaults", scratch_messages(&s), "");
    check_count("batch", config.workload.batch, 1);
    check_true("unknown", isnan(device.datasheet.tdp_w));
    check_close("a peak that is not written", device.datasheet.peak_flop_per_s[0], 0.0, 0.0);
    scratch_close(&s);
}

static void relatives_exist(void)
{
    struct scratch s;
    scratch_open(&s);
    struct loader loader = scratch_loader(&s);
    int count = 0;
    const char **names = load_names(&loader, "hwdb", &count);
    for (int i = 0; i < count; i++) {
        const struct device *device =
            load_device(&loader, names[i], ".", (struct place){.source = names[i]});
        for (int r = 0; device && r < device->relative_count; r++) {
            bool is_found = false;
            for (int j = 0; j < count; j++)
                is_found |= strcmp(names[j], device->relatives[r]) == 0 && i != j;
            check_true(arena_printf(&s.arena, "%s of %s", device->relatives[r], names[i]),
                       is_found);
        }
    }
    scratch_close(&s);
}

static void explains_each_key_with_a_meaning(void)
{
    struct scratch s;
    scratch_open(&s);
    static const struct field *const all[] = {config_fields, model_fields, device_fields};
    for (size_t i = 0; i < 3; i++) {
        struct table table;
        schema_explain_table(&s.arena, &table);
        schema_explain(all[i], "", "", &table);
        check_at_least("rows", table.row_count, 20);
        for (int row = 0; row < table.row_count; row++) {
            const char *help = table_cell(&table, row, 4).text;
            check_true(table_cell(&table, row, 0).text, help && strlen(help) > 3);
        }
    }
    scratch_close(&s);
}

static void finds_keys_by_their_end(void)
{
    struct scratch s;
    scratch_open(&s);
    const char *found[8] = {0};
    check_count("full", schema_find(&s.arena, config_fields, "workload.batch", found, 8), 1);
    check_count("end", schema_find(&s.arena, config_fields, "batch", found, 8), 1);
    check_text("its path", found[0], "workload.batch");
    check_count("two", schema_find(&s.arena, device_fields, "kind", found, 8), 1);
    check_text("a full path wins", found[0], "kind");
    check_count("several", schema_find(&s.arena, device_fields, "source", found, 8), 2);
    check_count("none", schema_find(&s.arena, config_fields, "nope", found, 8), 0);
    check_text("near by path", schema_closest(&s.arena, config_fields, "workload.bacth"),
               "workload.batch");
    check_text("near by word", schema_closest(&s.arena, device_fields, "tpd"),
               "datasheet.power.tdp");
    check_text("far", schema_closest(&s.arena, config_fields, "xxxxxxxxxxxx"), NULL);
    scratch_close(&s);
}

/* Counts by digits, with an exponent or a prefix; anything that is not whole or too large fails. */
static void reads_counts(void)
{
    static const struct {
        const char *text;
        int64_t value; /* 0 = refused */
        const char *message;
    } rows[] = {
        {"7",                    7,       ""                                    },
        {"+7",                   7,       ""                                    },
        {"1e3",                  1000,    ""                                    },
        {"2.5e2",                250,     ""                                    },
        {"2k",                   2000,    ""                                    },
        {"1.5 M",                1500000, ""                                    },
        {"1.0",                  1,       ""                                    },
        {"1.5",                  0,       "'1.5' is not a whole number"         },
        {"1e-3",                 0,       "'1e-3' is not a whole number"        },
        {"0.3k",                 300,     ""                                    },
        {"2K",                   0,       "'2K' is not a whole number"          },
        {"2 kB",                 0,       "'2 kB' is not a whole number"        },
        {"0x10",                 0,       "'0x10' is not a whole number"        },
        {"nan",                  0,       "'nan' is not a whole number"         },
        {"2 G",                  0,       "2 G is out of range"                 },
        {"1e300",                0,       "1e300 is out of range"               },
        {"1e400",                0,       "1e400 is out of range"               },
        {"99999999999999999999", 0,       "99999999999999999999 is out of range"},
        {"-1k",                  0,       "-1k is out of range"                 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scratch s;
        scratch_open(&s);
        struct config config = {0};
        const char *yaml = arena_printf(
            &s.arena, "model: a\nhardware: b\nworkload: {input: \"%s\"}\n", rows[i].text);
        schema_read(&s.reader, scratch_parse(&s, yaml), config_fields, &config);
        check_contains(rows[i].text, scratch_messages(&s), rows[i].message);
        check_count(rows[i].text, s.diags.error_count, rows[i].value == 0);
        if (rows[i].value)
            check_count(rows[i].text, config.workload.input_tokens, rows[i].value);
        scratch_close(&s);
    }
}

static const char *origin(struct scratch *s, const char *yaml, const char *option, const char *key)
{
    struct table table;
    struct config config = {0};
    struct override override = {0};
    struct node *root = scratch_parse(s, yaml);
    if (option && override_parse(&s->reader, option, &override))
        override_apply(&s->reader, root, config_fields, &override);
    schema_read(&s->reader, root, config_fields, &config);
    table_init(&table, &s->arena, NULL);
    for (int i = 0; i < 3; i++)
        table_add_column(&table, (struct column){"", NULL, "", CELL_TEXT, false});
    schema_values_table(config_fields, "", &config, root, &table);
    for (int row = 0; row < table.row_count; row++)
        if (strcmp(table_cell(&table, row, 0).text, key) == 0)
            return table_cell(&table, row, 2).text;
    return NULL;
}

static void says_where_values_come_from(void)
{
    static const char precise[] = "precision.activations=fp8";
    static const struct {
        const char *yaml;
        const char *option;
        const char *key;
        const char *origin;
    } rows[] = {
        {"model: a\nhardware: b\n",                        NULL,               "hardware.device",       "f:2"    },
        {"model: a\nhardware: b\n",                        NULL,               "hardware.count",        "default"},
        {"model: a\nhardware: [b, c]\n",                   NULL,               "hardware.device",       "f:2"    },
        {"model: a\nhardware: [b, c]\n",                   NULL,               "hardware.count",        "default"},
        {"model: a\nhardware:\n  device: b\n  count: 2\n", NULL,               "hardware.count",        "f:4"    },
        {"model: a\nhardware: b\n",                        precise,            "precision.weights",     "default"},
        {"model: a\nhardware: b\n",                        precise,            "precision.kv_cache",    "default"},
        {"model: a\nhardware: b\n",                        precise,            "precision.activations",
         "-s precision.activations=fp8"                                                                          },
        {"model: a\nhardware: b\n",                        "hardware.count=2", "hardware.device",       "f:2"    },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scratch s;
        scratch_open(&s);
        check_text(rows[i].key, origin(&s, rows[i].yaml, rows[i].option, rows[i].key),
                   rows[i].origin);
        scratch_close(&s);
    }
}

static void names_the_form_of_a_mixed_list(void)
{
    struct scratch s;
    scratch_open(&s);
    struct config config = {0};
    struct node *root =
        scratch_parse(&s, "model: a\nhardware: [b, {device: c, count: 2}, {device: d}]\n");
    schema_read(&s.reader, root, config_fields, &config);
    check_text("message", scratch_messages(&s),
               "f:2:15: error: a member of the list 'hardware' is a name, not a mapping\n"
               "    hardware: [b, {device: c, count: 2}, {device: d}]\n"
               "                  ^~~~~~~~~~~~~~~~~~~~~\n"
               "    hint: one mapping holds for all of them: hardware: {device: [NAME, NAME], "
               "count: 1}; where they differ, write one what-if for each\n");
    scratch_close(&s);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"reads a config with defaults",            reads_config_with_defaults},
        {"points at mistakes in a config",                                         points_at_mistakes_in_a_config},
        {"points at wrong numbers in a config",points_at_wrong_numbers_in_a_config},
        {"points at mistakes in a device",     points_at_mistakes_in_a_device},
        {"finds places of values and list members",                                         finds_places_of_values_and_list_members},
        {"shipped models read back",       shipped_models_read_back},
        {"shipped devices read back", shipped_devices_read_back},
        {"odd texts read back",                                         odd_texts_read_back},
        {"defaults read back",           defaults_read_back},
        {"relatives exist",               relatives_exist},
        {"explains each key with a meaning",                                         explains_each_key_with_a_meaning},
        {"finds keys by their end",finds_keys_by_their_end},
        {"reads counts",                      reads_counts},
        {"says where values come from",                                         says_where_values_come_from},
        {"names the form of a mixed list",            names_the_form_of_a_mixed_list},
        {0       },
    };
    return check_main("schema", cases);
}
