/* tokenroof show: one model or device as the program understands it. */
#include "app/session.h"

#include <stdio.h>
#include <string.h>

static const struct option_row rows[] = {
    {"set",        's', "KEY=VALUE", "override a key: model.top_k=4, device.tdp='500 W'"},
    {"output", 'o', "FILE", "write there instead of to standard output"},
    {0           },
};

static bool is_named(const char **names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool is_path(const char *name)
{
    size_t length = strlen(name);
    return strchr(name, '/') || (length > 5 && strcmp(name + length - 5, ".yaml") == 0);
}

/* True for a file with the keys of a device; mistakes in it are told when it is loaded. */
static bool is_device_file(struct session *session, const char *path)
{
    struct diags unheard;
    diags_init(&unheard, &session->arena);
    const struct node *root = node_read_file(&session->arena, &unheard, path);
    return root && root->kind == NODE_MAPPING &&
           (node_member(root, "datasheet") || node_member(root, "kind"));
}

/* An override that nothing shown here has would be passed over in silence. */
static void check_overrides(struct session *session, enum override_target target)
{
    const char *prefix = target == OVERRIDE_MODEL ? "model" : "device";
    for (int i = 0; i < session->loader.override_count; i++) {
        const struct override *override = &session->loader.overrides[i];
        if (override->target == target)
            continue;
        diag_add(&session->diags, SEVERITY_ERROR, override->place, "this shows a %s", prefix);
        diag_hint(&session->diags, "write its keys as -s %s.KEY=VALUE", prefix);
    }
}

static void show_model(struct session *session, const char *name, struct text *out)
{
    const struct model *model =
        load_model(&session->loader, name, ".", (struct place){.source = name});
    if (model)
        schema_format(&session->arena, model_fields, model, out);
}

static void show_device(struct session *session, const char *name, struct text *out)
{
    const struct device *device =
        load_device(&session->loader, name, ".", (struct place){.source = name});
    if (device)
        schema_format(&session->arena, device_fields, device, out);
}

static int run(const struct command *command, const struct options *options)
{
    (void)command;
    const char *name = options->arguments[0];
    struct session session;
    session_open(&session, options);
    int models = 0;
    int devices = 0;
    const char **model_names = load_names(&session.loader, "models", &models);
    const char **device_names = load_names(&session.loader, "hwdb", &devices);
    struct text out;
    text_init(&out);
    if (is_named(device_names, devices, name) ||
        (is_path(name) && is_device_file(&session, name))) {
        check_overrides(&session, OVERRIDE_DEVICE);
        show_device(&session, name, &out);
    } else if (is_named(model_names, models, name) || is_path(name)) {
        check_overrides(&session, OVERRIDE_MODEL);
        show_model(&session, name, &out);
    } else {
        const char *near = closest_name(name, model_names, (size_t)models);
        if (!near)
            near = closest_name(name, device_names, (size_t)devices);
        diag_add(&session.diags, SEVERITY_ERROR, (struct place){.source = "tokenroof show"},
                 "no model or device is called '%s'", name);
        if (near)
            diag_hint(&session.diags, "did you mean '%s'?", near);
    }
    int code = session.diags.error_count ? EXIT_FINE : options_write(options, &out);
    text_release(&out);
    return session_close(&session, code);
}

const struct command command_show = {
    .name = "show",
    .usage = "NAME [OPTIONS]",
    .summary = "Prints a model or a device as the program understands it, as YAML that reads back.",
    .example = "tokenroof show deepseek-v3",
    .options = rows,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
