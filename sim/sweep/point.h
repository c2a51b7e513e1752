/* One point of a grid after the other: axis values go straight into structs, and only what depends
 * on a changed key is made anew. */
#ifndef TOKENROOF_SWEEP_POINT_H
#define TOKENROOF_SWEEP_POINT_H

#include "conf/borrow.h"
#include "report/result.h"
#include "sweep/grid.h"
#include "sweep/yield.h"

/** What became of a point. */
enum point_status {
    POINT_OK,       /**< runs, and fits */
    POINT_OOM,      /**< would run, but does not fit into the memory */
    POINT_INVALID,  /**< a combination that can't run: `reason` says why */
    POINT_EXCLUDED, /**< the sweep's own `where` leaves it out */
};
extern const char *const point_status_names[POINT_EXCLUDED + 1];

struct point_server; /**< the server of one thread: sweep/point_server.h */

/** The state of one thread; large. */
struct sweep_point {
    const struct grid *grid;
    int64_t index;                     /**< of the point it stands on, -1: none yet */
    int64_t digits[AXES_MAX + 2];      /**< index of the value of each group of axes */
    int model_index;                   /**< in grid->parts */
    int device_index;                  /**< in grid->parts */
    struct config config;              /**< with the axes' values */
    struct model model;                /**< likewise, checked */
    struct device device;              /**< likewise, with what its relatives lend */
    struct kernel_fit fits[FITS_MAX];  /**< of the device */
    struct device *lenders;            /**< room for changed relatives */
    const struct device **lender_list; /**< [lender room] pointers to them */
    struct run run;                    /**< of this point */
    unsigned changes;                  /**< since the last prediction: run_change */
    bool is_prepared;                  /**< the run and its predictor are the point's */
    bool keeps_prefill;                /**< only the output has changed since */
    bool keeps_decode;                 /**< only the input and the output have */
    bool has_floor;                    /**< tpot_floor_s is known */
    double tpot_floor_s;               /**< no output token takes less [s] */
    const char *model_reason;          /**< why the model can't be used, or NULL */
    const char *device_reason;         /**< why the device can't be used, or NULL */
    const char
        *reason; /**< why the point can't run; served: or what to know of its figures; NULL */
    double params_total;                          /**< of the model */
    double params_active;                         /**< of the model */
    enum point_status status;                     /**< of the last prediction */
    struct result result;                         /**< of the last prediction */
    struct result_value values[YIELD_VALUES_MAX]; /**< its numbers */
    int value_count;
    struct point_server *server; /**< of a served grid, else NULL */
    bool is_server_stale;        /**< something that its setup depends on has changed */
    int64_t most_requests;       /**< that a server is sent, and no search; 0 = all */
    struct arena model_arena;    /**< of model_reason */
    struct arena device_arena;   /**< of device_reason */
    struct arena arena;          /**< of reason */
    struct predictor_room room;
    struct batch_memo memo;
    struct step_cost scratch;
};

/** A new state for `grid`; out of memory ends the program. */
struct sweep_point *point_new(const struct grid *grid);
void point_free(struct sweep_point *point);

/** Goes to point number `index` without predicting it: keys have its values then. */
void point_move(struct sweep_point *point, int64_t index);

/** True when the sweep's `where` keeps the point it stands on. */
bool point_is_kept(const struct sweep_point *point);

/** What a point's memory says, known before any time is predicted. */
struct memory_fit point_memory(struct sweep_point *point);

/** Makes the run of the point ready: false when it can't run (`reason`). */
bool point_prepare(struct sweep_point *point);

/** Lower bound of the TPOT of a prepared point, and its exact TTFT [s]: steps on the way to its
 * prediction, kept for it and for points that share them. */
double point_tpot_floor(struct sweep_point *point);
double point_ttft(struct sweep_point *point);

/** The words and counts of a point that was predicted, in the order of its yield; NULL and
 * COUNT_MISSING where there is none. */
void point_words(const struct sweep_point *point, const char *words[YIELD_WORDS_MAX]);
void point_counts(const struct sweep_point *point, int64_t counts[YIELD_COUNTS_MAX]);

/** Predicts the point, or plays its server: status, result and its numbers. A prepared point is not
 * prepared again. */
enum point_status point_predict(struct sweep_point *point);

#endif
