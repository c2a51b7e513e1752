/* GGUF: files written here from known rows load to the same model; broken files are refused. */
#include "kernel/gguf.h"

#include "kernel/gguf_file.h"
#include "kernel/half.h"

#include "check.h"
#include "gguf_writer.h"
#include "tiny_models.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void run_logits(const struct model *model, const struct decoder_options *options,
                       float *logits)
{
    static const int32_t tokens[5] = {4, 9, 2, 77, 30};
    struct decoder *decoder = decoder_new(model, options);
    decoder_prefill(decoder, 0, tokens, 5);
    memcpy(logits, decoder_logits(decoder, 0), (size_t)model->vocab * sizeof *logits);
    decoder_free(decoder);
}

/* Largest difference between the logits of the file and of the random model it was written from. */
static double load_error(const struct model *model, const char *arch, uint32_t type,
                         enum format format)
{
    char path[64];
    struct arena arena;
    struct gguf gguf;
    float expected[128];
    float actual[128];
    double worst = 0.0;
    struct random_weights random = {3, model->layers, row_kernels_for(isa_detect(ISA_AVX512).isa)};
    struct decoder_options options = decoder_options_default();
    struct gguf_bytes file = gguf_write(model, arch, type, random_weights_source(&random));
    options.seed = 3;
    options.format = format;
    options.max_context_tokens = 64;
    snprintf(path, sizeof path, "/tmp/test_gguf_%ld.gguf", (long)getpid());
    check_count("written", gguf_save(path, file.data, file.size), 0);
    arena_init(&arena);
    check_text("opens", gguf_open(&arena, path, &gguf), NULL);
    unlink(path);
    options.router = gguf.router;
    run_logits(model, &options, expected);
    gguf_apply(&gguf, &options);
    check_count("format", options.format, format);
    check_count("kv heads", gguf.model.attention.kv_heads, model->attention.kv_heads);
    run_logits(&gguf.model, &options, actual);
    for (int64_t i = 0; i < model->vocab; i++)
        worst = fmax(worst, fabs((double)actual[i] - (double)expected[i]));
    gguf_close(&gguf);
    arena_release(&arena);
    free(file.data);
    return worst;
}

/* Depths of a multiple of 32, as blocks need. */
static struct model plain_model(enum tiny tiny)
{
    struct model model = tiny_model(tiny);
    if (tiny == TINY_GQA) {
        model.hidden = 96;
        model.attention.head_dim = 16;
    }
    return model;
}

static void files_load_to_the_same_model(void)
{
    struct model llama = plain_model(TINY_DENSE_MHA);
    struct model qwen = plain_model(TINY_GQA);
    struct model olmoe = plain_model(TINY_MOE);
    check_at_most("llama f32", load_error(&llama, "llama", TYPE_F32, FORMAT_FP32), 0.0);
    check_at_most("qwen2 f32", load_error(&qwen, "qwen2", TYPE_F32, FORMAT_FP32), 0.0);
    check_at_most("olmoe f32", load_error(&olmoe, "olmoe", TYPE_F32, FORMAT_FP32), 0.0);
    check_at_most("qwen2 bf16", load_error(&qwen, "qwen2", TYPE_BF16, FORMAT_BF16), 0.0);
    /* rounded to fp16 and then to bf16: now and then a different neighbour */
    check_at_most("llama f16", load_error(&llama, "llama", TYPE_F16, FORMAT_BF16), 0.05);
    /* quantising quantised rows again gives the same blocks */
    check_at_most("llama q8_0", load_error(&llama, "llama", TYPE_Q8_0, FORMAT_Q8_0), 1e-3);
    check_at_most("qwen2 q4_0", load_error(&qwen, "qwen2", TYPE_Q4_0, FORMAT_Q4_0), 1e-3);
}

/* Opens the first `size` bytes with one byte changed; the file's model must fit or be refused. */
static const char *open_bytes(struct arena *arena, const struct gguf_bytes *bytes, size_t size,
                              size_t changed, unsigned char value)
{
    char path[64];
    struct gguf gguf;
    unsigned char *copy = malloc(size + 1);
    memcpy(copy, bytes->data, size);
    if (changed < size)
        copy[changed] = value;
    snprintf(path, sizeof path, "/tmp/test_gguf_broken_%ld.gguf", (long)getpid());
    check_count("written", gguf_save(path, copy, size), 0);
    free(copy);
    const char *problem = gguf_open(arena, path, &gguf);
    unlink(path);
    if (!problem)
        gguf_close(&gguf);
    return problem;
}

static void broken_files_are_refused(void)
{
    struct model model = plain_model(TINY_DENSE_MHA);
    model.layers = 1;
    struct random_weights random = {3, model.layers, row_kernels_for(ISA_PORTABLE)};
    struct gguf_bytes file = gguf_write(&model, "llama", TYPE_Q8_0, random_weights_source(&random));
    struct arena arena;
    arena_init(&arena);
    check_contains("missing", gguf_open(&arena, "/nonexistent.gguf", NULL), "No such file");
    check_contains("magic", open_bytes(&arena, &file, file.size, 0, 'X'), "not a GGUF");
    check_contains("version", open_bytes(&arena, &file, file.size, 4, 9), "version 9");
    check_contains("cut in the data", open_bytes(&arena, &file, file.size - 64, SIZE_MAX, 0),
                   "past the end");
    check_contains("cut in the metadata", open_bytes(&arena, &file, 90, SIZE_MAX, 0), "breaks off");
    /* whatever single byte of the head is broken, nothing reads outside the file */
    for (size_t at = 0; at < file.head_bytes; at += 3)
        open_bytes(&arena, &file, file.size, at, (unsigned char)(at * 37 + 255));
    arena_release(&arena);
    free(file.data);
}

static void other_architectures_are_refused(void)
{
    struct model model = plain_model(TINY_DENSE_MHA);
    struct random_weights random = {3, model.layers, row_kernels_for(ISA_PORTABLE)};
    struct gguf_bytes file = gguf_write(&model, "gpt2", TYPE_F32, random_weights_source(&random));
    struct arena arena;
    arena_init(&arena);
    check_contains("gpt2", open_bytes(&arena, &file, file.size, SIZE_MAX, 0),
                   "architecture 'gpt2'");
    arena_release(&arena);
    free(file.data);
}

/*
 * ggml's block_q6_K, by hand: value 0 has the low nibble of byte 0 and bits 0-1 of high byte 0;
 * value 32 byte 32 and bits 2-3; value 64 the high nibble of byte 0 and bits 4-5; value 96 that of
 * byte 32 and bits 6-7; value 128 starts the second half at byte 64 and high byte 32.
 */
static void six_bit_blocks_are_unpacked(void)
{
    unsigned char block[210] = {0};
    float values[256];
    uint16_t scale = fp16_of_float(0.5f);
    block[0] = 0x93;        /* low: 3 for value 0, 9 for value 64 */
    block[32] = 0xf1;       /* 1 for value 32, 15 for value 96 */
    block[64] = 0x07;       /* 7 for value 128 */
    block[128] = 0xe4;      /* high bits 0, 1, 2, 3 for values 0, 32, 64, 96 */
    block[128 + 32] = 0x02; /* 2 for value 128 */
    for (int i = 0; i < 16; i++)
        block[192 + i] = (unsigned char)(i + 1); /* scales 1 … 16 */
    block[192 + 2] = (unsigned char)-3;          /* of values 32 … 47 */
    memcpy(block + 208, &scale, sizeof scale);
    gguf_row_floats(GGUF_Q6_K, block, 256, values);
    check_close("value 0", values[0], 0.5 * 1 * (3 - 32), 1e-12);
    check_close("value 1", values[1], 0.5 * 1 * (0 - 32), 1e-12);
    check_close("value 32", values[32], 0.5 * -3 * (16 + 1 - 32), 1e-12);
    check_close("value 64", values[64], 0.5 * 5 * (32 + 9 - 32), 1e-12);
    check_close("value 96", values[96], 0.5 * 7 * (48 + 15 - 32), 1e-12);
    check_close("value 128", values[128], 0.5 * 9 * (32 + 7 - 32), 1e-12);
    check_close("value 255", values[255], 0.5 * 16 * -32, 1e-12);
    check_count("row", (int64_t)gguf_row_bytes(GGUF_Q6_K, 2048), 8 * 210);
    check_count("no half block", (int64_t)gguf_row_bytes(GGUF_Q6_K, 128), 0);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"files load to the same model",    files_load_to_the_same_model   },
        {"broken files are refused",        broken_files_are_refused       },
        {"other architectures are refused", other_architectures_are_refused},
        {"six-bit blocks are unpacked",     six_bit_blocks_are_unpacked    },
        {NULL,                              NULL                           }
    };
    return check_main("gguf", cases);
}
