/* One `tokenroof sweep`: what its command line asks for, loaded, run and written. */
#ifndef TOKENROOF_APP_SWEEP_JOB_H
#define TOKENROOF_APP_SWEEP_JOB_H

#include "app/cluster.h"
#include "app/session.h"
#include "sweep/objective.h"
#include "sweep/runner.h"

/** How results are kept. */
enum sweep_output { SWEEP_CSV, SWEEP_JSON, SWEEP_SQLITE };

/** A sweep with everything that its command line says. */
struct sweep_job {
    const char *config;       /**< file */
    const char *path;         /**< of the results, NULL = standard output */
    const char *chart_folder; /**< NULL = the current one */
    enum sweep_output output;
    enum grid_kind kind;
    const char *find;   /**< text of --find, or NULL */
    const char *slo;    /**< text of --slo, or NULL */
    const char *filter; /**< text of --where, or NULL */
    bool is_resuming;
    bool is_quiet;
    int64_t shard; /**< 0 … shards − 1 */
    int64_t shards;
    int jobs;
    struct cluster cluster;
    const char *goal; /**< text of --objective or --pareto, or NULL: no search */
    bool is_front;    /**< --pareto */
    int64_t best;     /**< --best */
    struct objectives objectives;
    struct grid grid;
    struct row_layout layout;
    struct row_layout chart_layout; /**< all columns, where rows are gathered for charts */
    struct text chart_rows;         /**< gathered so far */
    bool has_chart_rows;            /**< all of them are */
};

/** Reads the command line. False with a complaint and `*code` when it makes no sense. */
bool sweep_job_read(struct session *session, const struct command *command,
                    const struct options *options, struct sweep_job *job, int *code);

/** Loads the grid; false with messages. */
bool sweep_job_load(struct session *session, const struct options *options, struct sweep_job *job);

/** Its points: all, or those of its shard. */
struct run_range sweep_job_range(const struct sweep_job *job);

/** Computes and writes; returns an exit code. */
int sweep_job_run(struct session *session, struct sweep_job *job);

/** Computes on another rank than 0 what rank 0 writes; returns an exit code. */
int sweep_job_help(const struct sweep_job *job);

#endif
