/* Writes GGUF files of tiny models with random rows for tests of the commands that read them.
 * usage: write_gguf FOLDER */
#include "gguf_writer.h"
#include "tiny_models.h"

#include <stdio.h>
#include <stdlib.h>

static int write_one(const char *folder, const char *name, enum tiny tiny, const char *arch,
                     uint32_t type)
{
    char path[512];
    struct model model = tiny_model(tiny);
    struct random_weights random = {1, model.layers, row_kernels_for(ISA_PORTABLE)};
    struct gguf_bytes file = gguf_write(&model, arch, type, random_weights_source(&random));
    snprintf(path, sizeof path, "%s/%s.gguf", folder, name);
    int code = gguf_save(path, file.data, file.size);
    free(file.data);
    return code;
}

int main(int count, char **arguments)
{
    if (count != 2)
        return EXIT_FAILURE;
    int bad = write_one(arguments[1], "tiny-llama", TINY_DENSE_MHA, "llama", TYPE_Q8_0) |
              write_one(arguments[1], "tiny-olmoe", TINY_MOE, "olmoe", TYPE_F16) |
              write_one(arguments[1], "tiny-gpt2", TINY_DENSE_MHA, "gpt2", TYPE_F32);
    return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
