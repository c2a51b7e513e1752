/* The machine that we run on: processor, caches, memory, and whether somebody else uses it. */
#ifndef TOKENROOF_VALIDATE_MACHINE_H
#define TOKENROOF_VALIDATE_MACHINE_H

#include "base/arena.h"
#include "base/text.h"
#include "spec/device.h"

/** What /proc and /sys say; unknown numbers are NaN, unknown texts "unknown". */
struct machine {
    const char *processor;  /**< as the processor names itself */
    const char *family;     /**< "AuthenticAMD family 25 model 17" */
    int cores;              /**< logical processors that we may use */
    double clock_hz;        /**< as the kernel reports it now [Hz] */
    double memory_bytes;    /**< main memory [B] */
    struct cache caches[4]; /**< data and unified ones, over all our cores, smallest first */
    int cache_count;
    bool is_virtual; /**< a hypervisor is there: caches and memory are shared with others */
    const char *instructions; /**< best set of kernels that runs here */
    const char *compiler;     /**< that built this program */
    const char *revision;     /**< of the source that it was built from */
};

/** Looks around. Everything lives in `arena`. */
struct machine machine_detect(struct arena *arena);

/** Processor time of others since `*state`, in processors (0 = all idle); updates `*state`. The
 * first call, with zeros, gives NaN. */
struct machine_load {
    double at_s;   /**< when it was looked at last */
    double busy_s; /**< processor time used by anybody up to then */
    double own_s;  /**< of which by this process */
};
double machine_others(struct machine_load *state);

/** Processors in use by others beyond which a time says more about them. */
#define MACHINE_BEARABLE_OTHERS 0.1

/** Remarks ("# key: value" lines) that say what was measured on. */
void machine_remarks(const struct machine *machine, struct text *out);

#endif
