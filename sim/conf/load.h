/* From names and files to checked runs: the one way into the program. */
#ifndef TOKENROOF_CONF_LOAD_H
#define TOKENROOF_CONF_LOAD_H

#include "conf/override.h"
#include "conf/tables.h"

/** What loading needs. */
struct loader {
    struct arena *arena;              /**< owner of everything loaded */
    struct diags *diags;              /**< where mistakes go */
    const char *data_root;            /**< folder that holds models/ and hwdb/ */
    const struct override *overrides; /**< -s options, [override_count] */
    int override_count;
};

/** All runs that a what-if file asks for: every model on every device, models first. */
struct plan {
    const char *title;
    struct config config;    /**< as read, defaults filled in */
    const struct node *root; /**< its tree: where each value was written */
    const struct run *runs;  /**< [run_count] */
    int run_count;
};

/** Loads the what-if at `path`. Returns false with messages in `diags` when it can't be used. */
bool load_plan(const struct loader *loader, const char *path, struct plan *plan);

/** A model as its file says it, before rules across keys filled in the rest. */
struct model_part {
    struct model raw;
    const struct node *root;
};

/** A device likewise, with the relatives that may lend it fits (NULL: could not be read). */
struct device_part {
    struct device raw;
    const struct node *root;
    const struct device **lenders; /**< [raw.relative_count] for GPUs, else empty */
    int lender_count;
};

/** What a what-if is made of: for those who change keys and check each combination themselves. */
struct parts {
    struct config config;
    const struct node *root;
    struct model_part *models; /**< [config.models.count] */
    struct device_part *devices;
    struct named_part *named; /**< list of what levers may name where an axis changes it */
};

/** A model or a device that a lever names. */
struct named_part {
    const char *path; /**< of the key that names it */
    const char *name;
    const struct model *model;
    const struct device *device;
    struct named_part *next; /**< NULL: the last */
};

/** True for keys of levers that name a model or a device. */
bool load_is_lever_name(const char *path);

/** Loads what the key `path` would name by `name` and adds it to `parts`; `config_path` is the
 * what-if's file. */
void load_lever_name(const struct loader *loader, const char *path, const char *name,
                     const char *config_path, struct place place, struct parts *parts);

/** Sets the models and devices of `levers` by their names, from `parts`; others stay. */
void load_resolve_levers(const struct parts *parts, struct levers *levers);

/** Reads the tree of the what-if at `path`; the overrides for it are not in it yet. */
struct node *load_tree(const struct loader *loader, const char *path);

/** Reads what the what-if whose tree is `root` says by itself; `path` is its file. The overrides
 * and the keys of its engine are put into the tree. */
void load_config(const struct loader *loader, struct node *root, const char *path,
                 struct config *config);

/** The file of a trace that was named `file` at `place` in the what-if at `config_path`. */
const char *load_trace_path(const struct loader *loader, const char *config_path,
                            struct place place, const char *file);

/** Reads the parts of the what-if whose tree is `root`; `path` is its file. */
bool load_parts(const struct loader *loader, struct node *root, const char *path,
                struct parts *parts);

/** The run of a what-if with one model on one device, not checked yet; it points at the levers of
 * `config`. */
struct run load_run(const struct config *config, const struct model *model,
                    const struct device *device);

/**
 * Loads a model or a device by name (of models/, hwdb/) or by path (a name with '/' or ending in
 * .yaml, relative to `folder`). `place` is where the name was written, for messages. Returns NULL
 * with messages on failure.
 */
const struct model *load_model(const struct loader *loader, const char *name, const char *folder,
                               struct place place);
const struct device *load_device(const struct loader *loader, const char *name, const char *folder,
                                 struct place place);

/** The names (without .yaml) of all files in `data_root`/`folder`, sorted; count in `*count`. */
const char **load_names(const struct loader *loader, const char *folder, int *count);

#endif
