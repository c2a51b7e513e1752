/* Serving programs by name: engines/NAME.yaml fills in the keys that a what-if leaves out. */
#ifndef TOKENROOF_CONF_ENGINE_PRESET_H
#define TOKENROOF_CONF_ENGINE_PRESET_H

#include "conf/load.h"

/**
 * Where the what-if `root` names a serving program, adds to the tree every key under `defaults` of
 * engines/NAME.yaml that the tree has not: what the what-if says, wins. serving.engine brings all
 * of them, engine.program those under `engine`, which batches without a server have too. A name
 * with '/' or ending in .yaml is a file, relative to `folder`. Mistakes become messages.
 */
void engine_preset_apply(const struct loader *loader, struct node *root, const char *folder);

#endif
