/* The same race of host and device in closed form: max-plus algebra over blocks of operators. */
#ifndef TOKENROOF_ENGINE_RACE_H
#define TOKENROOF_ENGINE_RACE_H

#include <math.h>

/**
 * A block of tasks as a map on (host time h, device time d) → (h + host_ns, max(d + device_ns, h +
 * span_ns)): span_ns is the longest path that starts with the block's first launch and ends on the
 * device. Maps of this kind compose, so a layer is computed once and repeated. Integers: equal to
 * timeline_play to the nanosecond.
 */
struct race_block {
    double host_ns;   /**< launches of the whole block [ns] */
    double device_ns; /**< execution of the whole block [ns] */
    double span_ns;   /**< longest launch-then-execute path [ns]; RACE_NO_PATH when empty */
};

/** Where host and device stand. */
struct race {
    double host_ns;   /**< the host is free at [ns] */
    double device_ns; /**< the device is free at [ns] */
};

#define RACE_NO_PATH (-INFINITY)

/** The block of no task. */
struct race_block race_block_empty(void);

/** Appends one task to a block. */
void race_block_add(struct race_block *block, double launch_ns, double device_ns);

/** Raises the block so that it keeps the device for at least `floor_ns`. */
void race_block_raise(struct race_block *block, double floor_ns);

/** Runs a block `count` ≥ 1 times from where host and device stand, in closed form. */
void race_run(struct race *race, const struct race_block *block, double count);

/**
 * The same where nothing of the block is launched (its host_ns is 0, its span_ns device_ns: it is
 * part of a captured graph) and the device is behind the host: it goes on, that is all.
 */
static inline void race_run_captured(struct race *race, const struct race_block *block,
                                     double count)
{
    race->device_ns += count * block->device_ns;
}

#endif
