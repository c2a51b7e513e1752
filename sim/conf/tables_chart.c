#include "conf/tables.h"

#define CHART_TEXT(member, name, presence_, help_)                                                 \
    {                                                                                              \
        .key = name, .kind = FIELD_TEXT, .presence = presence_,                                    \
        .offset = offsetof(struct chart_spec, member), .help = help_                               \
    }
#define CHART_ENUM(member, name, presence_, names_, count_, fallback_, help_)                      \
    {                                                                                              \
        .key = name, .kind = FIELD_ENUM, .presence = presence_,                                    \
        .offset = offsetof(struct chart_spec, member), .names = names_, .name_count = count_,      \
        .fallback = fallback_, .help = help_                                                       \
    }
#define CHART_NAMES(member, counter, name, help_)                                                  \
    {                                                                                              \
        .key = name, .kind = FIELD_NAMES, .presence = PRESENCE_OPTIONAL,                           \
        .offset = offsetof(struct chart_spec, member),                                             \
        .count_offset = offsetof(struct chart_spec, counter), .help = help_                        \
    }
#define CHART_FLAG(member, name, help_)                                                            \
    {                                                                                              \
        .key = name, .kind = FIELD_FLAG, .presence = PRESENCE_OPTIONAL,                            \
        .offset = offsetof(struct chart_spec, member), .fallback = "false", .help = help_          \
    }
#define CHART_COUNT(member, name, low_, high_, help_)                                              \
    {                                                                                              \
        .key = name, .kind = FIELD_COUNT, .presence = PRESENCE_OPTIONAL,                           \
        .offset = offsetof(struct chart_spec, member), .low = low_, .high = high_, .help = help_   \
    }

const struct field chart_fields[] = {
    CHART_ENUM(kind, "kind", PRESENCE_REQUIRED, chart_type_names, CHART_TYPE_COUNT, NULL,
               "what is drawn"),
    CHART_TEXT(file, "file", PRESENCE_REQUIRED, "where: ends in .png, .svg, .pdf or .txt"),
    CHART_ENUM(data, "data", PRESENCE_OPTIONAL, chart_data_names, CHART_DATA_COUNT, "auto",
               "table that it is drawn from (auto: gantt timeline, others results)"),
    CHART_ENUM(phase, "phase", PRESENCE_OPTIONAL, chart_phase_names, CHART_PHASE_COUNT, "both",
               "roofline, operators, timeline: one phase only"),
    CHART_TEXT(x, "x", PRESENCE_OPTIONAL, "column across; scatter: measured; ecdf: the values"),
    CHART_NAMES(y, y_count, "y", "column upwards; a list is drawn side by side"),
    CHART_TEXT(value, "value", PRESENCE_OPTIONAL, "heat: column that colours the cells"),
    CHART_TEXT(series, "series", PRESENCE_OPTIONAL,
               "column whose values become lines, colours, stacked parts"),
    CHART_TEXT(facet, "facet", PRESENCE_OPTIONAL, "column whose values become small panels"),
    CHART_TEXT(low, "low", PRESENCE_OPTIONAL, "column with the lower end of the error band"),
    CHART_TEXT(high, "high", PRESENCE_OPTIONAL, "column with the upper end of the error band"),
    CHART_TEXT(label, "label", PRESENCE_OPTIONAL, "column that names points"),
    CHART_FLAG(is_stacked, "stacked", "bars on top of each other"),
    CHART_FLAG(shows_values, "values", "bars: write the values on them where they fit"),
    CHART_NAMES(log, log_count, "log", "logarithmic axes: x, y or [x, y]"),
    CHART_COUNT(layers, "layers", 0, 1e4,
                "timeline (of the first run that fits): layers shown (default 0 = all)"),
    CHART_TEXT(title, "title", PRESENCE_OPTIONAL, "headline (default: the title of the what-if)"),
    CHART_ENUM(theme, "theme", PRESENCE_OPTIONAL, chart_theme_names, CHART_THEME_COUNT, "light",
               "how it looks"),
    CHART_COUNT(width_pt, "width", CHART_WIDTH_LEAST_PT, CHART_SIZE_MOST_PT,
                "in points (default 800)"),
    CHART_COUNT(height_pt, "height", CHART_HEIGHT_LEAST_PT, CHART_SIZE_MOST_PT,
                "in points (default 500)"),
    {0},
};
