/* Rules across keys: what rows of a table cannot say. Each points at the key that is wrong. */
#ifndef TOKENROOF_CONF_CHECK_H
#define TOKENROOF_CONF_CHECK_H

#include "conf/tables.h"

/** Checks a model read from `root` and fills in what it leaves to defaults (head_dim, kv_heads,
 * shared_ffn). */
void check_model(const struct reader *reader, const struct node *root, struct model *model);

/** Checks a device read from `root`; turns the texts of measured values into numbers. */
void check_device(const struct reader *reader, const struct node *root, struct device *device);

/** Says for each unknown fact that every run needs where it stands. */
void check_device_is_usable(const struct reader *reader, const struct node *root,
                            const struct device *device);

/** Checks what a what-if says by itself. */
void check_config(const struct reader *reader, const struct node *root,
                  const struct config *config);

/** Warns of keys that change nothing in any of the runs [run_count] of a what-if. */
void check_config_is_used(const struct reader *reader, const struct node *root,
                          const struct config *config, const struct run *runs, int run_count);

/** Checks the load on a server and reads its laws; nothing where the what-if has no `serving`. */
void check_serving(const struct reader *reader, const struct node *root, struct serving *serving);

/** Reads what the load says in words: laws of lengths and turns, the warm-up. */
void check_serving_values(const struct reader *reader, const struct node *root,
                          struct serving_load *load);

/** Where the key of the chart number `index` is written in the what-if at `root`, else the chart.
 */
struct place check_chart_place(const struct node *root, int index, const char *key);

/** Checks a what-if against its model and device; `root` is the what-if's tree. */
void check_run(const struct reader *reader, const struct node *root, const struct run *run);

#endif
