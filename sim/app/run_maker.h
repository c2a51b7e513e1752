/* Measured runs made complete: the model's file, what -s says, the engine of the sample. */
#ifndef TOKENROOF_APP_RUN_MAKER_H
#define TOKENROOF_APP_RUN_MAKER_H

#include "app/session.h"
#include "validate/sample.h"

enum { RUN_MAKER_MODELS = 64, RUN_MAKER_PROGRAMS = 8 };

/** Models loaded so far, and what -s says about runs. */
struct run_maker {
    struct session *session;
    struct known_model {
        const char *id;
        const struct model *model; /**< NULL: nobody has a file for it */
    } models[RUN_MAKER_MODELS];
    int model_count;
    struct engine_options programs[RUN_MAKER_PROGRAMS]; /**< of engines/ [program_count] */
    int program_count;
    const struct node *tree; /**< of -s options */
    struct config config;    /**< defaults and -s options */
};

/** Reads the -s options of `session`; mistakes become its messages. */
void run_maker_init(struct run_maker *maker, struct session *session);

/** Completes a sample to `*run` on `device`; returns NULL, or why there is no such run. */
const char *run_maker_complete(struct run_maker *maker, const struct run_sample *sample,
                               const struct device *device, struct run *run);

#endif
