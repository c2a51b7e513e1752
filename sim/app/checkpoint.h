/* Checkpoints on the command line: a GGUF file where the name of a model may stand. */
#ifndef TOKENROOF_APP_CHECKPOINT_H
#define TOKENROOF_APP_CHECKPOINT_H

#include "conf/load.h"
#include "kernel/gguf.h"

/** True for names that end in .gguf. */
bool checkpoint_is_named(const char *name);

/**
 * Opens the checkpoint at `path` and names its model: as the file of models/ with the same
 * dimensions, else by the file's own name. False with a message in the loader's diags when it can't
 * be read. Close it with gguf_close.
 */
bool checkpoint_open(const struct loader *loader, const char *path, struct gguf *out);

/** True when models/ knows the dimensions, so that its name says them to `validate`. */
bool checkpoint_is_shipped(const struct loader *loader, const struct gguf *gguf);

#endif
