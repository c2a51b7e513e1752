/* Which of several keys that contradict each other a message points at. */
#ifndef TOKENROOF_CONF_BLAME_H
#define TOKENROOF_CONF_BLAME_H

#include "conf/schema.h"

/** The keys of a contradiction, for the functions below. */
#define BLAME_KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

/**
 * Where a contradiction between `keys` (dotted paths, the last one NULL) is to be mended: at the
 * first of them that -s or an axis of a sweep put in the place of what the files say, else at the
 * first that is written in the tree at `root`, else at what encloses the first. Keys "model.…" and
 * "device.…" stand for those of the model's and the device's file, and count only where they were
 * changed so.
 */
struct place blame_place(const struct reader *reader, const struct node *root,
                         const char *const *keys);

/**
 * An error at blame_place. Where that is an option or an axis, a note points at the first of the
 * keys that stands in the file. The text is formatted like printf.
 */
void blame_add(const struct reader *reader, const struct node *root, const char *const *keys,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
