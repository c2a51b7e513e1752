/* The same run measured several times: which of its errors counts, and how far repetitions differ.
 */
#ifndef TOKENROOF_VALIDATE_REPEATS_H
#define TOKENROOF_VALIDATE_REPEATS_H

#include "validate/judge.h"

/**
 * How far measured/predicted of single measurements lies from the median of their run: what no
 * prediction can explain, for what was probed beside them (bandwidth, state of the machine) is in
 * the predictions.
 */
struct repeat_spread {
    int64_t runs;     /**< figures measured more than once */
    int64_t measured; /**< their measurements */
    double median;    /**< of |r/median(r) - 1| over measurements [ratio]; NaN without any */
    double p90;       /**< 90th percentile [ratio] */
    double worst;     /**< [ratio] */
};

/**
 * Keeps of every figure of whole runs that was measured more than once the measurement with the
 * median of measured/predicted, at the place of the first. Of an even number it is the one below
 * the middle, its time moved to the geometric mean of the middle two ratios. Kernels stay as they
 * are.
 */
struct repeat_spread repeats_merge(struct judgement *judgement);

#endif
