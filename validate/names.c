/* Other people's spellings of models, devices and number formats. */
#include "validate/import.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { NAME_BYTES = 160 };

/* Lower case; what is neither letter, digit nor dot becomes one dash. */
static void normalise(const char *name, char out[NAME_BYTES])
{
    size_t length = 0;
    for (; *name && length + 1 < NAME_BYTES; name++) {
        unsigned char c = (unsigned char)*name;
        if (isalnum(c) || c == '.')
            out[length++] = (char)tolower(c);
        else if (length > 0 && out[length - 1] != '-')
            out[length++] = '-';
    }
    while (length > 0 && out[length - 1] == '-')
        length--;
    out[length] = '\0';
}

/* `word` in `text` with no letter or digit beside it. */
static bool holds_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
        bool starts = at == text || !isalnum((unsigned char)at[-1]) ||
                      (isdigit((unsigned char)text[0]) && at[-1] == 'x'); /* 4xA100 */
        if (starts && !isalnum((unsigned char)at[length]))
            return true;
    }
    return false;
}

const char *import_device(const char *name)
{
    static const char *const rows[][2] = {
        {"gh200",              "gh200"                 },
        {"h200",               "h200-sxm"              },
        {"h800",               "h800-sxm"              },
        {"h100-nvl",           "h100-nvl"              },
        {"h100-pcie",          "h100-pcie"             },
        {"h100",               "h100-sxm"              },
        {"h20",                "h20"                   },
        {"gb200",              "gb200"                 },
        {"b200",               "b200-sxm"              },
        {"a100-sxm4-40gb",     "a100-40gb"             },
        {"a100-40gb",          "a100-40gb"             },
        {"a100-pcie",          "a100-pcie"             },
        {"4xa100",             "a100-80gb"             },
        {"a100",               "a100-80gb"             },
        {"a40",                "a40"                   },
        {"a10",                "a10"                   },
        {"l40s",               "l40s"                  },
        {"l4",                 "l4"                    },
        {"t4",                 "t4"                    },
        {"v100",               "v100-sxm"              },
        {"rtxpro6000",         "rtx-pro-6000"          },
        {"rtx-pro-6000",       "rtx-pro-6000"          },
        {"rtx-5090",           "rtx-5090"              },
        {"rtx-4090",           "rtx-4090"              },
        {"rtx-3090",           "rtx-3090"              },
        {"mi300x",             "mi300x"                },
        {"mi325x",             "mi325x"                },
        {"mi355x",             "mi355x"                },
        {"mi300",              "mi300x"                },
        {"mi250x",             "mi250x"                },
        {"mi250",              "mi250x"                },
        {"mi210",              "mi210"                 },
        {"gaudi2",             "gaudi2"                },
        {"gaudi-2",            "gaudi2"                },
        {"gaudi3",             "gaudi3"                },
        {"gaudi-3",            "gaudi3"                },
        {"sn40l",              "sn40l"                 },
        {"tpu-v4",             "tpu-v4"                },
        {"tpu-v5e",            "tpu-v5e"               },
        {"tpu-v5p",            "tpu-v5p"               },
        {"tpu-v6e",            "tpu-v6e"               },
        {"trainium2",          "trainium2"             },
        {"inferentia2",        "inferentia2"           },
        {"cs-3",               "cs-3"                  },
        {"agx-orin",           "jetson-agx-orin"       },
        {"orin-nano",          "jetson-orin-nano-super"},
        {"raspberry-pi-5",     "raspberry-pi-5"        },
        {"rtx-3070-ti-laptop", "rtx-3070ti-laptop"     },
        {"m1-max",             "m1-max"                },
        {"m1-pro",             "m1-pro"                },
        {"m1-ultra",           "m1-ultra"              },
        {"m2-max",             "m2-max"                },
        {"m2-ultra",           "m2-ultra"              },
        {"m3-max",             "m3-max"                },
        {"m3-ultra",           "m3-ultra"              },
        {"m4-max",             "m4-max"                },
        {"xeon-platinum-8480", "xeon-8480"             },
        {"8480",               "xeon-8480"             },
        {"8592",               "xeon-8592"             },
        {"9480",               "xeon-max-9480"         },
        {"6980p",              "xeon-6980p"            },
        {"epyc-9654",          "epyc-9654"             },
        {"epyc-9755",          "epyc-9755"             },
    };
    char normal[NAME_BYTES];
    normalise(name, normal);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (holds_word(normal, rows[i][0]))
            return rows[i][1];
    return NULL;
}

static bool cut_end(char *name, const char *ending)
{
    size_t length = strlen(name);
    size_t cut = strlen(ending);
    if (length <= cut || strcmp(name + length - cut, ending) != 0)
        return false;
    name[length - cut] = '\0';
    return true;
}

/* Takes off what does not change the architecture: fine-tunes, file formats, quantisations. */
static void cut_endings(char *name)
{
    static const char *const endings[] = {
        "-hf",  "-gguf", "-instruct", "-chat", "-base", "-it",   "-qat",    "-awq",  "-gptq",
        "-fp8", "-fp16", "-bf16",     "-int8", "-int4", "-q8-0", "-q4-0",   "-q4-k", "-m",
        "-f16", "-2507", "-v0.1",     "-2407", "-8k",   "-all",  "-dynamic"};
    bool is_mistral = strncmp(name, "mistral-7b", 10) == 0;
    for (bool was_cut = true; was_cut;) {
        was_cut = false;
        for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
            if (!is_mistral || strncmp(endings[i], "-v", 2) != 0)
                was_cut = cut_end(name, endings[i]) || was_cut;
    }
}

const char *import_model(struct sink *sink, const char *name)
{
    static const char *const rows[][2] = {
        {"llama-7b",            "llama-2-7b"     },
        {"llama-70b",           "llama-2-70b"    },
        {"llama2-7b",           "llama-2-7b"     },
        {"llama2-13b",          "llama-2-13b"    },
        {"llama2-70b",          "llama-2-70b"    },
        {"llama-7b-q",          "llama-2-7b"     },
        {"mistral-7b",          "mistral-7b-v0.1"},
        {"qwen3-coder-30b-a3b", "qwen3-30b-a3b"  },
        {"qwen2.5-coder-7b",    "qwen2.5-7b"     },
        {"qwen2.5-coder-32b",   "qwen2.5-32b"    },
        {"deepseek-v3-0324",    "deepseek-v3"    },
        {"phi-3-mini",          "phi-3-mini-4k"  },
    };
    const char *slash = strrchr(name, '/');
    char normal[NAME_BYTES];
    normalise(slash ? slash + 1 : name, normal);
    cut_endings(normal);
    char *start = strncmp(normal, "meta-", 5) == 0 ? normal + 5 : normal;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(start, rows[i][0]) == 0)
            return rows[i][1];
    return sink_word(sink, start);
}

enum math import_math(const char *name)
{
    static const struct {
        const char *name;
        enum math math;
    } rows[] = {
        {"bfloat16",    MATH_BF16},
        {"bf16",        MATH_BF16},
        {"float16",     MATH_BF16}, /* same units and rate on every part that has both */
        {"fp16",        MATH_BF16},
        {"half",        MATH_BF16},
        {"fp8",         MATH_FP8 },
        {"fp8_block",   MATH_FP8 },
        {"int8",        MATH_INT8},
        {"sq",          MATH_INT8}, /* SmoothQuant: int8 x int8 */
        {"int8_wo",     MATH_BF16},
        {"int4_wo",     MATH_BF16},
        {"w4a16_mxfp4", MATH_BF16},
        {"fp32",        MATH_FP32},
        {"tf32",        MATH_TF32},
        {"nvfp4",       MATH_FP4 },
        {"fp4",         MATH_FP4 },
        {"int4",        MATH_INT4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(name, rows[i].name) == 0)
            return rows[i].math;
    return MATH_COUNT;
}

double import_dtype_bytes(const char *name)
{
    static const struct {
        const char *name;
        double bytes;
    } rows[] = {
        {"bfloat16",    2.0              },
        {"bf16",        2.0              },
        {"float16",     2.0              },
        {"fp16",        2.0              },
        {"half",        2.0              },
        {"fp32",        4.0              },
        {"tf32",        4.0              },
        {"fp8",         1.0              },
        {"fp8_block",   1.0              },
        {"int8",        1.0              },
        {"sq",          1.0              },
        {"int8_wo",     1.0              },
        {"int4_wo",     0.5 + 2.5 / 128.0}, /* scales per 128, as int4_g128 */
        {"int4",        0.5 + 2.5 / 128.0},
        {"w4a16_mxfp4", 0.5 + 1.0 / 32.0 },
        {"nvfp4",       0.5 + 1.0 / 16.0 },
        {"fp4",         0.5 + 1.0 / 16.0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(name, rows[i].name) == 0)
            return rows[i].bytes;
    return (double)NAN;
}

enum format import_format(const char *name)
{
    static const struct {
        const char *name;
        enum format format;
    } rows[] = {
        {"float16",  FORMAT_FP16     },
        {"bfloat16", FORMAT_BF16     },
        {"f16",      FORMAT_FP16     },
        {"fp4",      FORMAT_MXFP4    },
        {"int4",     FORMAT_INT4_G128},
        {"f32",      FORMAT_FP32     },
        {"q4_k",     FORMAT_Q4_K_M   },
    };
    char lower[NAME_BYTES];
    size_t length = 0;
    for (; name[length] && length + 1 < NAME_BYTES; length++)
        lower[length] = (char)tolower((unsigned char)name[length]);
    lower[length] = '\0';
    for (int i = 0; i < FORMAT_COUNT; i++)
        if (strcmp(lower, format_names[i]) == 0)
            return (enum format)i;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(lower, rows[i].name) == 0)
            return rows[i].format;
    return FORMAT_COUNT;
}
