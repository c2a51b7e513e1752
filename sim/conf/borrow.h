/* Devices without measurements borrow the fitted fractions of their nearest calibrated relative. */
#ifndef TOKENROOF_CONF_BORROW_H
#define TOKENROOF_CONF_BORROW_H

#include "conf/load.h"

/** Most fits that a device can have: one per class and arithmetic. */
enum { FITS_MAX = KERNEL_COUNT * (MATH_COUNT + 1) };

/**
 * Returns `device` with a fit for every kernel class that it lacks and one of its relatives has,
 * nearest first. A borrowed fit says so (FIT_BORROWED) and has a wider spread: by what the
 * fractions of one generation missed on another, see borrow.c. `device` itself when it lends
 * nothing or is no GPU.
 */
const struct device *borrow_fits(const struct loader *loader, const struct device *device,
                                 struct place place);

/**
 * A fit of `from` carried over to `to` by their datasheets: times inside kernels by the clock, the
 * attained fractions as they are (between vendors lowered to what was measured on both), the spread
 * as wide as such predictions were found to miss.
 */
struct kernel_fit borrow_fit(const struct kernel_fit *fit, const struct device *from,
                             const struct device *to);

/**
 * The same with the relatives at hand: gives `device`, whose fits are moved into `room`, those of
 * `lenders` [count]; NULL members lend nothing.
 */
void borrow_from_lenders(struct device *device, struct kernel_fit room[FITS_MAX],
                         const struct device *const *lenders, int count);

#endif
