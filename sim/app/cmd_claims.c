/* tokenroof claims: published statements against what the same what-ifs come to here. */
#include "app/session.h"

#include "base/table.h"
#include "sweep/claims.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct option_row rows[] = {
    {"format",                   'f', "table|markdown|csv|json", "how to print it (default: table)"},
    {"set", 's', "KEY=VALUE", "override any key that is no axis"},
    {"output",                          'o', "FILE", "write there instead of to standard output"},
    {0                      },
};

enum { STUDY, SAYS, SOURCE, EXPECT, VALUE, LOW, HIGH, VERDICT, WHY };

static void start_table(struct session *session, struct table *table)
{
    static const struct column columns[] = {
        {"study",      NULL, "", CELL_TEXT,   false},
        {"says",       NULL, "", CELL_TEXT,   false},
        {"source",     NULL, "", CELL_TEXT,   false},
        {"expect",     NULL, "", CELL_TEXT,   false},
        {"value",      NULL, "", CELL_NUMBER, false},
        {"value_low",  NULL, "", CELL_NUMBER, false},
        {"value_high", NULL, "", CELL_NUMBER, false},
        {"verdict",    NULL, "", CELL_TEXT,   false},
        {"why",        NULL, "", CELL_TEXT,   false},
    };
    table_init(table, &session->arena, NULL);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        table_add_column(table, columns[i]);
}

/* "configs/fig07.yaml" → "fig07" */
static const char *study_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    return arena_strndup(arena, base, dot ? (size_t)(dot - base) : strlen(base));
}

static const char *number_text(struct arena *arena, enum claim_format format, double number)
{
    double shown = format == CLAIM_PERCENT ? 100.0 * number : number;
    const char *unit = format == CLAIM_PERCENT ? " %" : format == CLAIM_TIMES ? "x" : "";
    if (fabs(shown) < 0.05)
        shown = 0.0; /* no "-0" */
    return arena_printf(arena, fabs(shown) < 10.0 ? "%.1f%s" : "%.0f%s", shown, unit);
}

static const char *expect_text(struct arena *arena, const struct claim_spec *spec)
{
    if (spec->expect_count == 0)
        return spec->value ? "true" : NULL;
    const char *low = number_text(arena, spec->format, spec->expect[0]);
    if (spec->expect_count == 1)
        return low;
    return arena_printf(arena, "%s to %s", low, number_text(arena, spec->format, spec->expect[1]));
}

/* What we get, for people: "-41 % (-45 to -37)". */
static const char *value_text(struct arena *arena, const struct claim_result *result)
{
    const struct claim_spec *spec = result->spec;
    if (!spec->value)
        return "-";
    if (isnan(result->value))
        return "no row has a value";
    if (spec->expect_count == 0)
        return result->value > 0.5 ? "yes" : "no";
    const char *value = number_text(arena, spec->format, result->value);
    if (result->high - result->low < 1e-9)
        return value;
    return arena_printf(arena, "%s (%s to %s)", value,
                        number_text(arena, spec->format, result->low),
                        number_text(arena, spec->format, result->high));
}

static void add_results(struct session *session, const char *study, const struct config *config,
                        const struct claim_result *results, struct table *table)
{
    for (int i = 0; i < config->claim_count; i++) {
        const struct claim_result *result = &results[i];
        int row = table_add_row(table);
        table_set_text(table, row, STUDY, study);
        table_set_text(table, row, SAYS, result->spec->says);
        table_set_text(table, row, SOURCE, result->spec->source);
        table_set_text(table, row, EXPECT, expect_text(&session->arena, result->spec));
        bool is_predicted = result->verdict != CLAIM_NOT_PREDICTED;
        table_set_number(table, row, VALUE, is_predicted ? result->value : (double)NAN);
        table_set_number(table, row, LOW, is_predicted ? result->low : (double)NAN);
        table_set_number(table, row, HIGH, is_predicted ? result->high : (double)NAN);
        table_set_text(table, row, VERDICT, claim_verdict_names[result->verdict]);
        table_set_text(table, row, WHY, result->spec->why);
    }
}

/* For people: what is said beside what we get; reasons below. */
struct page {
    struct table table; /* study, says, ours, verdict */
    struct text reasons;
    int counts[CLAIM_VERDICTS];
};

static void start_page(struct session *session, struct page *page)
{
    static const struct column columns[] = {
        {"study",   NULL,                     "", CELL_TEXT, false},
        {"says",    "the paper says",         "", CELL_TEXT, false},
        {"ours",    "we get (90 % interval)", "", CELL_TEXT, false},
        {"verdict", NULL,                     "", CELL_TEXT, false},
    };
    *page = (struct page){0};
    text_init(&page->reasons);
    table_init(&page->table, &session->arena, NULL);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        table_add_column(&page->table, columns[i]);
}

static void add_to_page(struct session *session, const char *study, const struct config *config,
                        const struct claim_result *results, struct page *page)
{
    for (int i = 0; i < config->claim_count; i++) {
        const struct claim_spec *spec = results[i].spec;
        int row = table_add_row(&page->table);
        table_set_text(&page->table, row, 0, study);
        table_set_text(&page->table, row, 1, spec->says);
        table_set_text(&page->table, row, 2, value_text(&session->arena, &results[i]));
        table_set_text(&page->table, row, 3, claim_verdict_names[results[i].verdict]);
        page->counts[results[i].verdict]++;
        if (spec->why)
            text_addf(&page->reasons, "- %s, \"%s\": %s\n", study, spec->says, spec->why);
    }
}

static void print_page(const struct page *page, bool is_markdown, struct text *out)
{
    if (page->table.row_count == 0)
        return;
    if (is_markdown)
        table_markdown(&page->table, out);
    else
        table_print(&page->table, out);
    text_add(out, "\n");
    for (int i = 0; i < CLAIM_VERDICTS; i++)
        if (page->counts[i])
            text_addf(out, "%d %s, ", page->counts[i], claim_verdict_names[i]);
    text_addf(out, "of %d.\n", page->table.row_count);
    if (page->reasons.length)
        text_addf(out, "\n%s", text_string(&page->reasons));
}

/* Judges one what-if into the table and the page. */
static bool judge(struct session *session, const char *path, struct table *table, struct page *page)
{
    struct grid *grid = arena_alloc(&session->arena, sizeof *grid);
    struct claim_result *results = NULL;
    if (!grid_load(&session->loader, path, GRID_BY_CONFIG, NULL, 0, grid) ||
        !claims_judge(grid, &session->arena, &session->diags, &results))
        return false;
    const struct config *config = &grid->parts.config;
    if (config->claim_count == 0) {
        diag_add(&session->diags, SEVERITY_WARNING, (struct place){.source = path},
                 "it makes no claims");
        diag_hint(&session->diags, "`tokenroof explain claims` lists their keys");
    }
    const char *study = study_of(&session->arena, path);
    add_results(session, study, config, results, table);
    add_to_page(session, study, config, results, page);
    return true;
}

static int run(const struct command *command, const struct options *options)
{
    (void)command;
    struct session session;
    struct table table;
    struct page page;
    struct text out;
    const char *format = options_value(options, "format");
    int code = EXIT_FINE;
    session_open(&session, options);
    start_table(&session, &table);
    start_page(&session, &page);
    text_init(&out);
    for (int i = 0; i < options->argument_count; i++)
        judge(&session, options->arguments[i], &table, &page);
    if (format && strcmp(format, "csv") == 0)
        table_csv(&table, &out);
    else if (format && strcmp(format, "json") == 0)
        table_json(&table, "claims", &out);
    else
        print_page(&page, format && strcmp(format, "markdown") == 0, &out);
    if (session.diags.error_count == 0)
        code = options_write(options, &out);
    text_release(&out);
    text_release(&page.reasons);
    return session_close(&session, code);
}

const struct command command_claims = {
    .name = "claims",
    .usage = "CONFIG… [OPTIONS]",
    .summary = "Holds the `claims:` of what-ifs, what papers say, against what their sweeps give.",
    .example = "tokenroof claims configs/moe-inference-bench/fig07.yaml",
    .options = rows,
    .least_arguments = 1,
    .most_arguments = OPTION_VALUES_MAX,
    .run = run,
};
