/* The rows: every key of model, device and what-if files. */
#ifndef TOKENROOF_CONF_TABLES_H
#define TOKENROOF_CONF_TABLES_H

#include "conf/schema.h"
#include "spec/chart.h"
#include "spec/claim.h"
#include "spec/run.h"
#include "spec/server.h"
#include "spec/serving.h"

/** Most models, and most devices, that one what-if may list. */
enum { NAMES_MAX = 256 };

/** A server under load. */
struct serving {
    const char *engine;           /**< a file of engines/ whose keys were filled in, or NULL */
    struct serving_load load;     /**< what clients ask */
    struct server_options server; /**< the program that serves them */
};

/** What a what-if file says before its names are looked up. */
struct config {
    const char *title;
    struct name_list {
        const char **names;
        int count;
    } models;
    struct hardware {
        struct name_list devices;
        int64_t count;             /**< devices that work together, 0 = what deploy needs */
        int64_t per_node;          /**< devices per node, 0 = by the device's link */
        double network_byte_per_s; /**< to other nodes, per device [B/s], 0 = the device's link */
    } hardware;
    struct precision precision;
    struct workload workload;
    struct deploy deploy;
    struct engine_options engine;
    struct routing routing;
    struct levers levers;
    struct serving serving;
    int64_t seed;              /**< of every random number */
    const struct node *sweep;  /**< axes of `tokenroof sweep` (conf/axis.h), NULL = none */
    struct chart_spec *charts; /**< [chart_count] drawn next to the results */
    int chart_count;
    struct claim_spec *claims; /**< [claim_count] for `tokenroof claims` */
    int claim_count;
};

extern const struct field model_fields[];   /**< models/…yaml → struct model */
extern const struct field device_fields[];  /**< hwdb/…yaml → struct device */
extern const struct field config_fields[];
extern const struct field engine_fields[]; /**< of struct engine_options */  /**< configs/…yaml → struct config */
extern const struct field serving_fields[]; /**< `serving` → struct serving */
extern const struct field server_fields[];  /**< `serving.server` → struct server_options */
extern const struct field lever_fields[];   /**< `options` of a what-if → struct levers */
extern const struct field chart_fields[];   /**< a member of `charts` → struct chart_spec */
extern const struct field claim_fields[];   /**< a member of `claims` → struct claim_spec */

#endif
