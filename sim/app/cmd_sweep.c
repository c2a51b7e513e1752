/* tokenroof sweep: every combination of the values of a what-if's axes, each predicted or played.
 */
#include "app/session.h"

#include "app/sweep_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row rows[] = {
    {"axis",                                                                   'a', "KEY=VALUES",
     "add or replace an axis: workload.batch=1..128x2, model.top_k=[1,2,4]"},
    {"where",                                                            'w', "CONDITION",
     "only rows that run, fit and satisfy it: 'ttft_s < 2 and tpot_s < 0.05'"},
    {"objective",                                                                        'O', "max:NAME",
     "search: only the best row by a result or an expression of them, max:… or min:…"},
    {"best",          'k', "K", "with --objective: the K best rows"},
    {"pareto", 'p', "OBJECTIVES",
     "search: rows that no other beats in all objectives: min:ttft_s,max:total_tok_per_s"},
    {"find",                                                              0, "max-rate|max-concurrency",
     "of servers: search the largest load that keeps --slo at every point"},
    {"slo",                                                              0, "LIST", "with --find: ttft_p99=2s,tpot_p99=50ms (default: p99 of serving.slo)"},
    {"static",                                                                        0, NULL, "predict static batches although CONFIG has a `serving` section"},
    {"set",                                                            's', "KEY=VALUE", "override any key that is no axis"},
    {"columns",                                     'c', "NAMES", "results to print, after the axes: ttft_s,total_tok_per_s"},
    {"format",                                                                 'f', "csv|jsonl|sqlite", "how to write (default: by FILE's ending, else csv)"},
    {"output",                                                            'o', "FILE", "write there: FILE.part grows until it is renamed"},
    {"resume",                                                                        0, NULL, "go on where an earlier run with the same FILE was stopped"},
    {"shard",          0, "I/N", "only the I-th of N parts of the grid; the parts in order are the whole"},
    {"jobs",    'j', "N", "threads (default: all cores)"},
    {"charts",                                                                    0, "DIR", "folder for the charts of CONFIG (default: the current one)"},
    {"quiet",                                                                  'q', NULL, "no progress, no summary"},
    {0                                                                       },
};

static int run(const struct command *command, const struct options *options)
{
    struct session session;
    struct sweep_job job;
    struct cluster cluster;
    int code = options_check_folder(options, "charts");
    if (code != EXIT_FINE)
        return code;
    if (!cluster_join(&cluster))
        return EXIT_BAD_USAGE;
    session_open(&session, options);
    bool is_ready = sweep_job_read(&session, command, options, &job, &code);
    job.cluster = cluster;
    if (is_ready && sweep_job_load(&session, options, &job))
        code = cluster.rank == 0 ? sweep_job_run(&session, &job) : sweep_job_help(&job);
    code = session_close(&session, code);
    cluster_leave(&cluster);
    return code;
}

const struct command command_sweep = {
    .name = "sweep",
    .usage = "CONFIG [OPTIONS]",
    .summary =
        "Predicts every combination of the axes of CONFIG (its `sweep:` section, and --axis), on "
        "all cores; with a `serving:` section, plays its server.",
    .example = "tokenroof sweep configs/batch-scaling.yaml -o batch.csv",
    .options = rows,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
