#include "validate/error_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 512, DECADES = 6 };

static const char *const decade_names[DECADES] = {"< 10 us", "10-100 us", "0.1-1 ms",
                                                  "1-10 ms", "10-100 ms", ">= 100 ms"};

static int decade_of(double seconds)
{
    int decade = 0;
    for (double limit = 1e-5; decade < DECADES - 1 && seconds >= limit; limit *= 10.0)
        decade++;
    return decade;
}

/* A set of rows that belong together. */
struct group {
    int class;
    int decade;
    const char *variant;
    int64_t count;
};

struct grouping {
    struct group groups[GROUPS_MAX];
    int group_count;
    int16_t *group_of; /* [judgement->count], -1 = left out */
};

static bool takes(enum error_rows rows, const struct judged *row)
{
    return rows == ROWS_ALL || row->is_held_out == (rows == ROWS_HELD_OUT);
}

static int find_group(struct grouping *grouping, const struct judged *row, enum error_grouping by,
                      int last)
{
    int decade = by == GROUP_SIZE ? decade_of(row->measured_s) : 0;
    const char *variant = by == GROUP_VARIANT ? row->variant : "";
    for (int i = -1; i < grouping->group_count; i++) {
        int tried = i < 0 ? last : i; /* rows of a kind come in runs */
        if (tried < 0)
            continue;
        const struct group *group = &grouping->groups[tried];
        if (group->class == row->class && group->decade == decade &&
            strcmp(group->variant, variant) == 0)
            return tried;
    }
    if (grouping->group_count == GROUPS_MAX)
        return -1;
    grouping->groups[grouping->group_count] = (struct group){row->class, decade, variant, 0};
    return grouping->group_count++;
}

static struct grouping *grouping_new(const struct judgement *judgement, enum error_grouping by,
                                     enum error_rows rows)
{
    struct grouping *grouping = arena_alloc(judgement->arena, sizeof *grouping);
    grouping->group_of =
        arena_array(judgement->arena, (size_t)judgement->count + 1, sizeof *grouping->group_of);
    int last = -1;
    for (int64_t i = 0; i < judgement->count; i++) {
        const struct judged *row = &judgement->rows[i];
        grouping->group_of[i] = -1;
        if (!takes(rows, row))
            continue;
        last = find_group(grouping, row, by, last);
        grouping->group_of[i] = (int16_t)last;
        if (last >= 0)
            grouping->groups[last].count++;
    }
    return grouping;
}

static int compare_numbers(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Percentile with linear interpolation between the two nearest. */
static double percentile(const double *sorted, int64_t count, double share)
{
    double at = share * (double)(count - 1);
    int64_t low = (int64_t)at;
    int64_t high = low + 1 < count ? low + 1 : low;
    return sorted[low] + (at - (double)low) * (sorted[high] - sorted[low]);
}

static struct error_summary empty_summary(const char *name, int64_t refused)
{
    return (struct error_summary){.name = name,
                                  .refused = refused,
                                  .median = (double)NAN,
                                  .mean = (double)NAN,
                                  .p90 = (double)NAN,
                                  .bias = (double)NAN,
                                  .coverage = (double)NAN};
}

static struct error_summary summarise(const struct judgement *judgement,
                                      const struct grouping *grouping, int group,
                                      enum error_basis basis, double *errors)
{
    int64_t count = 0;
    int64_t with_spread = 0;
    int64_t covered = 0;
    double sum = 0.0;
    double signed_sum = 0.0;
    for (int64_t i = 0; i < judgement->count; i++) {
        const struct judged *row = &judgement->rows[i];
        if (grouping->group_of[i] != group)
            continue;
        double predicted = basis == BASIS_BEST ? row->predicted_s : row->uncalibrated_s;
        double error = predicted / row->measured_s - 1.0;
        errors[count++] = fabs(error);
        sum += fabs(error);
        signed_sum += error;
        if (row->interval.high_ratio > 1.0) {
            with_spread++;
            covered += row->measured_s >= row->interval.low_ratio * predicted &&
                       row->measured_s <= row->interval.high_ratio * predicted;
        }
    }
    qsort(errors, (size_t)count, sizeof *errors, compare_numbers);
    struct error_summary summary = empty_summary(NULL, 0);
    summary.count = count;
    summary.median = percentile(errors, count, 0.5);
    summary.p90 = percentile(errors, count, 0.9);
    summary.mean = sum / (double)count;
    summary.bias = signed_sum / (double)count;
    if (with_spread > 0)
        summary.coverage = (double)covered / (double)with_spread;
    return summary;
}

static const char *group_name(const struct judgement *judgement, const struct group *group,
                              enum error_grouping by)
{
    const char *name = class_name(group->class);
    if (by == GROUP_SIZE)
        return arena_printf(judgement->arena, "%s %s", name, decade_names[group->decade]);
    if (by == GROUP_VARIANT && *group->variant)
        return arena_printf(judgement->arena, "%s: %s", name, group->variant);
    return name;
}

/* Classes in their order; sizes from small to large; variants as they appeared. */
static int compare_groups(const struct group *a, const struct group *b)
{
    if (a->class != b->class)
        return a->class - b->class;
    return a->decade - b->decade;
}

static void order_groups(const struct grouping *grouping, int *order)
{
    for (int i = 0; i < grouping->group_count; i++) {
        int at = i;
        for (; at > 0 && compare_groups(&grouping->groups[i], &grouping->groups[order[at - 1]]) < 0;
             at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

/* Refused rows of classes that have no others. */
static void add_refused_classes(const struct judgement *judgement, struct error_list *list)
{
    for (int class = 0; class <= CLASS_COUNT; class ++) {
        if (judgement->refused[class] == 0)
            continue;
        const char *name = class < CLASS_COUNT ? class_name(class) : "other";
        int i = 0;
        while (i < list->count && strcmp(list->items[i].name, name) != 0)
            i++;
        if (i == list->count)
            list->items[list->count++] = empty_summary(name, 0);
        list->items[i].refused = judgement->refused[class];
    }
}

struct error_list error_list_of(const struct judgement *judgement, enum error_grouping grouping,
                                enum error_rows rows, enum error_basis basis)
{
    struct grouping *found = grouping_new(judgement, grouping, rows);
    double *errors = arena_array(judgement->arena, (size_t)judgement->count + 1, sizeof *errors);
    struct error_list list = {0};
    list.items = arena_array(judgement->arena, (size_t)(found->group_count + CLASS_COUNT + 1),
                             sizeof *list.items);
    int order[GROUPS_MAX];
    order_groups(found, order);
    for (int i = 0; i < found->group_count; i++) {
        struct error_summary *summary = &list.items[list.count++];
        *summary = summarise(judgement, found, order[i], basis, errors);
        summary->name = group_name(judgement, &found->groups[order[i]], grouping);
    }
    if (grouping == GROUP_CLASS)
        add_refused_classes(judgement, &list);
    return list;
}

double error_worst_median(const struct judgement *judgement, enum error_rows rows)
{
    struct error_list list = error_list_of(judgement, GROUP_CLASS, rows, BASIS_BEST);
    double worst = (double)NAN;
    for (int i = 0; i < list.count; i++)
        worst = fmax(worst, list.items[i].median); /* NaN counts for nothing */
    return worst;
}

static int add_ratio(struct table *table, const char *name, const char *title)
{
    return table_add_column(table, (struct column){name, title, "", CELL_NUMBER, true});
}

static void add_summary_columns(struct table *table, const char *first)
{
    table_add_column(table, (struct column){first, NULL, "", CELL_TEXT, false});
    table_add_column(table, (struct column){"n", NULL, "", CELL_COUNT, false});
    add_ratio(table, "median_abs_err", "median");
    add_ratio(table, "mean_abs_err", "mean");
    add_ratio(table, "p90_abs_err", "p90");
    add_ratio(table, "bias", "bias");
    add_ratio(table, "interval_coverage", "in interval");
}

static void set_summary(struct table *table, int row, const struct error_summary *summary)
{
    table_set_text(table, row, 0, summary->name);
    table_set_count(table, row, 1, summary->count);
    table_set_number(table, row, 2, summary->median);
    table_set_number(table, row, 3, summary->mean);
    table_set_number(table, row, 4, summary->p90);
    table_set_number(table, row, 5, summary->bias);
    table_set_number(table, row, 6, summary->coverage);
}

/* Median and p90 of the same class in another list. */
static void set_beside(struct table *table, int row, int column, const struct error_list *list,
                       const char *name)
{
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0) {
            table_set_number(table, row, column, list->items[i].median);
            table_set_number(table, row, column + 1, list->items[i].p90);
        }
}

void error_table_classes(const struct judgement *judgement, enum error_rows rows,
                         struct table *table)
{
    struct error_list all = error_list_of(judgement, GROUP_CLASS, rows, BASIS_BEST);
    struct error_list fitted = error_list_of(judgement, GROUP_CLASS, ROWS_FITTED, BASIS_BEST);
    struct error_list held = error_list_of(judgement, GROUP_CLASS, ROWS_HELD_OUT, BASIS_BEST);
    struct error_list rough = error_list_of(judgement, GROUP_CLASS, rows, BASIS_UNCALIBRATED);
    table_init(table, judgement->arena, NULL);
    add_summary_columns(table, "class");
    table_add_column(table, (struct column){"refused", NULL, "", CELL_COUNT, false});
    add_ratio(table, "fitted_median", "fitted: median");
    add_ratio(table, "fitted_p90", "p90");
    add_ratio(table, "held_out_median", "held out: median");
    add_ratio(table, "held_out_p90", "p90");
    add_ratio(table, "uncalibrated_median", "uncalibrated: median");
    add_ratio(table, "uncalibrated_p90", "p90");
    for (int i = 0; i < all.count; i++) {
        const char *name = all.items[i].name;
        int row = table_add_row(table);
        set_summary(table, row, &all.items[i]);
        table_set_count(table, row, 7, all.items[i].refused);
        set_beside(table, row, 8, &fitted, name);
        set_beside(table, row, 10, &held, name);
        set_beside(table, row, 12, &rough, name);
    }
}

void error_table_groups(const struct judgement *judgement, enum error_grouping grouping,
                        enum error_rows rows, struct table *table)
{
    struct error_list list = error_list_of(judgement, grouping, rows, BASIS_BEST);
    struct error_list held = error_list_of(judgement, grouping, ROWS_HELD_OUT, BASIS_BEST);
    struct error_list rough = error_list_of(judgement, grouping, rows, BASIS_UNCALIBRATED);
    table_init(table, judgement->arena, NULL);
    add_summary_columns(table, grouping == GROUP_SIZE ? "size" : "variant");
    add_ratio(table, "held_out_median", "held out: median");
    add_ratio(table, "held_out_p90", "p90");
    add_ratio(table, "uncalibrated_median", "uncalibrated: median");
    add_ratio(table, "uncalibrated_p90", "p90");
    for (int i = 0; i < list.count; i++) {
        int row = table_add_row(table);
        set_summary(table, row, &list.items[i]);
        set_beside(table, row, 7, &held, list.items[i].name);
        set_beside(table, row, 9, &rough, list.items[i].name);
    }
}

/* The summary called `name`, or an empty one. */
static struct error_summary find_summary(const struct error_list *list, const char *name)
{
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return list->items[i];
    return empty_summary(name, 0);
}

static void add_summary_row(struct table *table, const struct error_list lists[4], const char *name)
{
    int row = table_add_row(table);
    struct error_summary fitted = find_summary(&lists[1], name);
    struct error_summary held = find_summary(&lists[2], name);
    struct error_summary rough = find_summary(&lists[3], name);
    table_set_text(table, row, 0, name);
    table_set_count(table, row, 1, find_summary(&lists[0], name).count);
    table_set_number(table, row, 2, fitted.median);
    table_set_number(table, row, 3, fitted.p90);
    table_set_count(table, row, 4, held.count);
    table_set_number(table, row, 5, held.median);
    table_set_number(table, row, 6, held.p90);
    table_set_number(table, row, 7, held.bias);
    table_set_number(table, row, 8, held.coverage);
    table_set_number(table, row, 9, rough.median);
    table_set_number(table, row, 10, rough.p90);
}

void error_table_summary(const struct judgement *judgement, struct table *table)
{
    struct error_list lists[4] = {
        error_list_of(judgement, GROUP_VARIANT, ROWS_ALL, BASIS_BEST),
        error_list_of(judgement, GROUP_VARIANT, ROWS_FITTED, BASIS_BEST),
        error_list_of(judgement, GROUP_VARIANT, ROWS_HELD_OUT, BASIS_BEST),
        error_list_of(judgement, GROUP_VARIANT, ROWS_HELD_OUT, BASIS_UNCALIBRATED),
    };
    table_init(table, judgement->arena, NULL);
    table_add_column(table, (struct column){"variant", NULL, "", CELL_TEXT, false});
    table_add_column(table, (struct column){"n", NULL, "", CELL_COUNT, false});
    add_ratio(table, "fitted_median", NULL);
    add_ratio(table, "fitted_p90", NULL);
    table_add_column(table, (struct column){"held_out_n", NULL, "", CELL_COUNT, false});
    add_ratio(table, "held_out_median", NULL);
    add_ratio(table, "held_out_p90", NULL);
    add_ratio(table, "held_out_bias", NULL);
    add_ratio(table, "held_out_coverage", NULL);
    add_ratio(table, "uncalibrated_median", NULL);
    add_ratio(table, "uncalibrated_p90", NULL);
    for (int i = 0; i < lists[0].count; i++)
        add_summary_row(table, lists, lists[0].items[i].name);
}

static double badness(const struct judged *row)
{
    return fabs(log(row->predicted_s / row->measured_s));
}

/* The worst rows, worst first; equal ones in the order of the files. Returns their number. */
static int find_worst(const struct judgement *judgement, enum error_rows rows, int most,
                      const struct judged **worst)
{
    int count = 0;
    for (int64_t i = 0; i < judgement->count; i++) {
        const struct judged *row = &judgement->rows[i];
        bool is_worse = count < most || badness(row) > badness(worst[count - 1]);
        if (!takes(rows, row) || !is_worse)
            continue;
        int at = count < most ? count++ : count - 1;
        for (; at > 0 && badness(row) > badness(worst[at - 1]); at--)
            worst[at] = worst[at - 1];
        worst[at] = row;
    }
    return count;
}

void error_table_worst(const struct judgement *judgement, enum error_rows rows, int most,
                       struct table *table)
{
    static const char *const texts[] = {"class", "variant", "what"};
    table_init(table, judgement->arena, NULL);
    for (int i = 0; i < 3; i++)
        table_add_column(table, (struct column){texts[i], NULL, "", CELL_TEXT, false});
    table_add_column(table, (struct column){"measured_s", "measured", "s", CELL_NUMBER, false});
    table_add_column(table, (struct column){"predicted_s", "predicted", "s", CELL_NUMBER, false});
    add_ratio(table, "error", NULL);
    table_add_column(table, (struct column){"where", NULL, "", CELL_TEXT, false});
    const struct judged **worst = arena_array(judgement->arena, (size_t)most + 1, sizeof *worst);
    int count = most > 0 ? find_worst(judgement, rows, most, worst) : 0;
    for (int i = 0; i < count; i++) {
        const struct judged *judged = worst[i];
        struct text what;
        text_init(&what);
        text_add(&what, judged->subject);
        if (judged->sample) {
            text_add(&what, *judged->subject ? ": " : "");
            sample_describe(judged->sample, &what);
        }
        int row = table_add_row(table);
        table_set_text(table, row, 0, class_name(judged->class));
        table_set_text(table, row, 1, judged->variant);
        table_set_text(table, row, 2, text_string(&what));
        table_set_number(table, row, 3, judged->measured_s);
        table_set_number(table, row, 4, judged->predicted_s);
        table_set_number(table, row, 5, judged->predicted_s / judged->measured_s - 1.0);
        table_set_text(
            table, row, 6,
            arena_printf(judgement->arena, "%s:%lld", judged->path, (long long)judged->line));
        text_release(&what);
    }
}

void error_table_rows(const struct judgement *judgement, enum error_rows rows, struct table *table)
{
    static const struct column columns[] = {
        {"file",           NULL, "",  CELL_TEXT,   false},
        {"line",           NULL, "",  CELL_COUNT,  false},
        {"class",          NULL, "",  CELL_TEXT,   false},
        {"variant",        NULL, "",  CELL_TEXT,   false},
        {"measured_s",     NULL, "s", CELL_NUMBER, false},
        {"predicted_s",    NULL, "s", CELL_NUMBER, false},
        {"uncalibrated_s", NULL, "s", CELL_NUMBER, false},
        {"held_out",       NULL, "",  CELL_COUNT,  false},
    };
    table_init(table, judgement->arena, NULL);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        table_add_column(table, columns[i]);
    for (int64_t i = 0; i < judgement->count; i++) {
        const struct judged *judged = &judgement->rows[i];
        if (!takes(rows, judged))
            continue;
        int row = table_add_row(table);
        table_set_text(table, row, 0, judged->path);
        table_set_count(table, row, 1, judged->line);
        table_set_text(table, row, 2, class_name(judged->class));
        table_set_text(table, row, 3, judged->variant);
        table_set_number(table, row, 4, judged->measured_s);
        table_set_number(table, row, 5, judged->predicted_s);
        table_set_number(table, row, 6, judged->uncalibrated_s);
        table_set_count(table, row, 7, judged->is_held_out);
    }
}

static void json_number(struct text *out, const char *name, double value)
{
    text_addf(out, ", \"%s\": ", name);
    text_add_json_number(out, value);
}

static void json_list(const char *name, const struct error_list *list, struct text *out)
{
    text_addf(out, "\"%s\": [", name);
    for (int i = 0; i < list->count; i++) {
        const struct error_summary *summary = &list->items[i];
        text_add(out, i ? ",\n  {\"class\": " : "\n  {\"class\": ");
        text_add_json(out, summary->name);
        text_addf(out, ", \"n\": %lld, \"refused\": %lld", (long long)summary->count,
                  (long long)summary->refused);
        json_number(out, "median_abs_err", summary->median);
        json_number(out, "mean_abs_err", summary->mean);
        json_number(out, "p90_abs_err", summary->p90);
        json_number(out, "bias", summary->bias);
        json_number(out, "interval_coverage", summary->coverage);
        text_add(out, "}");
    }
    text_add(out, "]");
}

void error_json(const struct judgement *judgement, enum error_rows rows, struct text *out)
{
    const struct {
        const char *name;
        enum error_grouping grouping;
        enum error_rows rows;
        enum error_basis basis;
    } lists[] = {
        {"classes",      GROUP_CLASS,   rows,          BASIS_BEST        },
        {"fitted",       GROUP_CLASS,   ROWS_FITTED,   BASIS_BEST        },
        {"held_out",     GROUP_CLASS,   ROWS_HELD_OUT, BASIS_BEST        },
        {"uncalibrated", GROUP_CLASS,   rows,          BASIS_UNCALIBRATED},
        {"variants",     GROUP_VARIANT, rows,          BASIS_BEST        },
        {"sizes",        GROUP_SIZE,    rows,          BASIS_BEST        },
    };
    text_add(out, "{");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct error_list list =
            error_list_of(judgement, lists[i].grouping, lists[i].rows, lists[i].basis);
        text_add(out, i ? ",\n " : "");
        json_list(lists[i].name, &list, out);
    }
    text_add(out, "}\n");
}
