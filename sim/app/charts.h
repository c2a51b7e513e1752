/* The charts that a what-if asks for. */
#ifndef TOKENROOF_APP_CHARTS_H
#define TOKENROOF_APP_CHARTS_H

#include "app/session.h"

/**
 * Draws the charts of `plan` whose data are requests or series from these tables; as charts_draw.
 */
int charts_draw_simulated(struct session *session, const struct plan *plan, const char *folder,
                          const struct table *requests, const struct table *series);

/**
 * Draws the charts of `config`, read from `root`, from one table of results below `folder`
 * (NULL: the current directory). Mistakes become messages at the chart's key. Returns an exit code,
 * the worst one; every chart is tried.
 */
int charts_draw_table(struct session *session, const struct config *config, const struct node *root,
                      const struct table *table, const char *folder);

/** Draws every chart of `plan` but those of simulations, from the tables that each asks for. */
int charts_draw(struct session *session, const struct plan *plan, const char *folder);

#endif
