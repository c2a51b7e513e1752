/* tokenroof import: a published config.json, or the head of a GGUF file, becomes a model file. */
#include "app/checkpoint.h"
#include "app/session.h"

#include "conf/import_hf.h"
#include "graph/params.h"

#include <stdio.h>

static const struct option_row rows[] = {
    {"output", 'o', "FILE", "write there instead of to standard output"},
    {0 },
};

static bool read_model(struct session *session, const char *path, struct model *model)
{
    struct reader reader = {.arena = &session->arena, .diags = &session->diags};
    struct gguf checkpoint;
    if (!checkpoint_is_named(path))
        return import_hf(&reader, path, model);
    if (!checkpoint_open(&session->loader, path, &checkpoint))
        return false;
    *model = checkpoint.model; /* its texts live in the session, not in the file */
    gguf_close(&checkpoint);
    return true;
}

static int run(const struct command *command, const struct options *options)
{
    (void)command;
    struct session session;
    session_open(&session, options);
    struct model model;
    struct text out;
    text_init(&out);
    int code = EXIT_FINE;
    if (read_model(&session, options->arguments[0], &model)) {
        char total[SI_TEXT_BYTES];
        struct params params = params_of(&model);
        text_addf(&out, "# %s: %s parameters by our count; compare with what the vendor prints\n",
                  model.name, text_si(total, params_total(&params), "", 4));
        if (format_bytes(model.native_format) < format_bytes(FORMAT_BF16))
            text_addf(&out, "# its checkpoint holds %s: to run that, say precision.weights: %s\n",
                      format_names[model.native_format], format_names[model.native_format]);
        schema_format(&session.arena, model_fields, &model, &out);
        code = options_write(options, &out);
    }
    text_release(&out);
    return session_close(&session, code);
}

const struct command command_import = {
    .name = "import",
    .usage = "CONFIG.json|CHECKPOINT.gguf [OPTIONS]",
    .summary = "Turns a Hugging Face config.json or a GGUF file into a model file.",
    .example = "tokenroof import tests/unit/conf/hf/mixtral-8x7b.json",
    .options = rows,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
