#include "conf/law_text.h"

#include "base/diag.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char law_examples[] = "1024, uniform(819, 1024), lognormal(mean 1155, p90 2500), "
                            "exponential(mean 200), histogram(1..128 = 3, 129..512 = 1)";

/* Names that may stand inside a law, in the order of struct words. */
enum word { MEAN, MEDIAN, SIGMA, STD, CV, P50, P90, P95, P99, MIN, MAX, LOW, HIGH, WORD_COUNT };
static const char *const word_names[WORD_COUNT] = {"mean", "median", "sigma", "std", "cv",
                                                   "p50",  "p90",    "p95",   "p99", "min",
                                                   "max",  "low",    "high"};

/* Largest number of tokens, images or turns that a law may name. */
static const double largest = 1e9;

enum { BINS_MAX = 4096, POSITIONS_MAX = 2 };

/* A law being read. */
struct parse {
    struct arena *arena;
    const char *at;
    struct law_problem *problem;
    double words[WORD_COUNT]; /* NaN = not given */
    double positions[POSITIONS_MAX];
    int position_count;
};

static bool fail(struct parse *parse, const char *what, const char *hint)
{
    parse->problem->what = what;
    parse->problem->hint = hint;
    return false;
}

static void skip_blanks(struct parse *parse)
{
    while (*parse->at == ' ' || *parse->at == ',' || *parse->at == '\t')
        parse->at++;
}

static bool at_number(const struct parse *parse)
{
    return isdigit((unsigned char)parse->at[0]) ||
           (parse->at[0] == '.' && isdigit((unsigned char)parse->at[1]));
}

/* A plain number ≥ 0; "1..128" ends before its dots. */
static bool take_number(struct parse *parse, double *value)
{
    if (!at_number(parse))
        return fail(parse,
                    arena_printf(parse->arena, "a number was expected at '%.20s'", parse->at),
                    law_examples);
    size_t digits = strspn(parse->at, "0123456789");
    if (parse->at[digits] == '.' && parse->at[digits + 1] != '.')
        digits += 1 + strspn(parse->at + digits + 1, "0123456789");
    *value = strtod(arena_strndup(parse->arena, parse->at, digits), NULL);
    parse->at += digits;
    if (*value <= largest)
        return true;
    return fail(parse, "a number is larger than 1,000,000,000", NULL);
}

/* "mean 1155" and positions up to ')' or the end. */
static bool take_words(struct parse *parse)
{
    for (skip_blanks(parse); *parse->at && *parse->at != ')'; skip_blanks(parse)) {
        if (at_number(parse)) {
            double value = 0.0;
            if (parse->position_count == POSITIONS_MAX)
                return fail(parse, "too many numbers without a name", law_examples);
            if (!take_number(parse, &value))
                return false;
            parse->positions[parse->position_count++] = value;
            continue;
        }
        size_t length = strcspn(parse->at, " ,\t=)");
        const char *name = arena_strndup(parse->arena, parse->at, length);
        int word = 0;
        while (word < WORD_COUNT && strcmp(name, word_names[word]) != 0)
            word++;
        if (word == WORD_COUNT) {
            const char *near = closest_name(name, word_names, WORD_COUNT);
            return fail(parse, arena_printf(parse->arena, "'%.30s' is no part of a law", name),
                        near ? arena_printf(parse->arena, "did you mean '%s'?", near)
                             : law_examples);
        }
        if (!isnan(parse->words[word]))
            return fail(parse, arena_printf(parse->arena, "'%s' is given twice", name), NULL);
        parse->at += length;
        parse->at += strspn(parse->at, " =\t");
        if (!take_number(parse, &parse->words[word]))
            return false;
    }
    return true;
}

static bool take_bin(struct parse *parse, struct law_bin *bin)
{
    if (!take_number(parse, &bin->low))
        return false;
    bin->high = bin->low;
    if (strncmp(parse->at, "..", 2) == 0) {
        parse->at += 2;
        if (!take_number(parse, &bin->high))
            return false;
    }
    parse->at += strspn(parse->at, " \t");
    if (*parse->at != '=')
        return fail(parse, "a bin needs its weight", "write for example: 1..128 = 3");
    parse->at++;
    parse->at += strspn(parse->at, " \t");
    if (!take_number(parse, &bin->weight))
        return false;
    if (bin->low > bin->high)
        return fail(parse, "a bin ends before it begins", "write for example: 1..128 = 3");
    return true;
}

static bool take_histogram(struct parse *parse, struct law *law)
{
    law->bins = arena_array(parse->arena, BINS_MAX, sizeof *law->bins);
    double total = 0.0;
    for (skip_blanks(parse); *parse->at && *parse->at != ')'; skip_blanks(parse)) {
        if (law->bin_count == BINS_MAX)
            return fail(parse, "more than 4096 bins", NULL);
        if (!take_bin(parse, &law->bins[law->bin_count]))
            return false;
        total += law->bins[law->bin_count].weight;
        law->bins[law->bin_count++].weight = total;
    }
    if (!(total > 0.0))
        return fail(parse, "a histogram needs a bin with a weight above 0", law_examples);
    for (int i = 0; i < law->bin_count; i++)
        law->bins[i].weight /= total;
    return true;
}

static bool is_given(const struct parse *parse, enum word word)
{
    return !isnan(parse->words[word]);
}

/* z-values of the quantiles that may be written: Φ(z) = 0.9, 0.95, 0.99. */
static const struct {
    enum word word;
    double z;
} quantiles[] = {
    {P90, 1.2815515655446004},
    {P95, 1.6448536269514722},
    {P99, 2.3263478740408408},
};

/* sigma from a quantile and the mean: ln(q/m) = z·σ − σ²/2; its smaller root is the usual law. */
static double sigma_of_quantile(struct parse *parse, double log_ratio, double z)
{
    double room = z * z - 2.0 * log_ratio;
    if (room >= 0.0)
        return z - sqrt(room);
    parse->problem->is_warning = true;
    parse->problem->what = "no log-normal law of this mean reaches that quantile: the widest was "
                           "taken";
    parse->problem->hint =
        arena_printf(parse->arena,
                     "give the median instead of the mean, or a quantile of at most "
                     "%.4g times the mean",
                     exp(0.5 * z * z));
    return z;
}

/* The spread that the words say for a location m (a mean or a median). */
static bool find_sigma(struct parse *parse, bool has_mean, double location, double *sigma)
{
    int given = 0;
    *sigma = 1.0;
    if (is_given(parse, SIGMA) && ++given)
        *sigma = parse->words[SIGMA];
    if (is_given(parse, CV) && ++given)
        *sigma = sqrt(log1p(parse->words[CV] * parse->words[CV]));
    if (is_given(parse, STD) && ++given) {
        if (!has_mean)
            return fail(parse, "'std' goes with 'mean'", law_examples);
        double cv = parse->words[STD] / location;
        *sigma = sqrt(log1p(cv * cv));
    }
    for (int i = 0; i < 3; i++) {
        if (!is_given(parse, quantiles[i].word))
            continue;
        given++;
        double log_ratio = log(parse->words[quantiles[i].word] / location);
        if (!(log_ratio > 0.0))
            return fail(parse, "a high quantile must lie above the mean and the median", NULL);
        *sigma = has_mean ? sigma_of_quantile(parse, log_ratio, quantiles[i].z)
                          : log_ratio / quantiles[i].z;
    }
    if (given > 1)
        return fail(parse, "only one of sigma, std, cv, p90, p95, p99 can hold", law_examples);
    return true;
}

static bool fill_lognormal(struct parse *parse, struct law *law)
{
    if (is_given(parse, P50))
        parse->words[MEDIAN] = parse->words[P50];
    double mean = parse->words[MEAN];
    double median = parse->words[MEDIAN];
    if (!(mean > 0.0) && !(median > 0.0))
        return fail(parse, "lognormal needs a mean or a median above 0", law_examples);
    if (mean > 0.0 && median > 0.0) {
        if (!(mean >= median))
            return fail(parse, "the mean of a log-normal law is not below its median", NULL);
        law->mean = log(median);
        law->spread = sqrt(2.0 * log(mean / median));
        return true;
    }
    bool has_mean = mean > 0.0;
    double location = has_mean ? mean : median;
    if (!find_sigma(parse, has_mean, location, &law->spread))
        return false;
    law->mean = log(location) - (has_mean ? 0.5 * law->spread * law->spread : 0.0);
    return true;
}

static bool fill_uniform(struct parse *parse, struct law *law)
{
    law->low = parse->position_count > 0 ? parse->positions[0] : parse->words[LOW];
    law->high = parse->position_count > 1 ? parse->positions[1] : parse->words[HIGH];
    if (isnan(law->low) || isnan(law->high))
        return fail(parse, "uniform needs two numbers", "write for example: uniform(819, 1024)");
    if (law->low > law->high)
        return fail(parse, "the lower end is above the upper one", NULL);
    law->low = ceil(law->low);
    law->high = floor(law->high);
    if (law->low > law->high)
        return fail(parse, "no whole number lies in this range", NULL);
    return true;
}

static bool fill(struct parse *parse, struct law *law)
{
    bool has_mean = is_given(parse, MEAN);
    if (parse->position_count > 0 && law->kind != LAW_UNIFORM)
        return fail(parse, "a number has no name", law_examples);
    if (law->kind == LAW_UNIFORM)
        return fill_uniform(parse, law);
    if (law->kind == LAW_LOGNORMAL)
        return fill_lognormal(parse, law);
    if (!has_mean)
        return fail(parse, arena_printf(parse->arena, "%s needs a mean", law_kind_names[law->kind]),
                    law_examples);
    law->mean = parse->words[MEAN];
    if (law->kind == LAW_NORMAL) {
        law->spread = parse->words[STD];
        if (isnan(law->spread))
            return fail(parse, "normal needs a std", "write for example: normal(mean 200, std 50)");
    }
    return true;
}

/* Which law the text begins with; LAW_KIND_COUNT with a problem when none. */
static enum law_kind take_kind(struct parse *parse)
{
    if (at_number(parse))
        return LAW_FIXED;
    size_t length = strcspn(parse->at, " (\t");
    const char *name = arena_strndup(parse->arena, parse->at, length);
    for (int kind = LAW_FIXED + 1; kind < LAW_KIND_COUNT; kind++)
        if (strcmp(name, law_kind_names[kind]) == 0) {
            parse->at += length;
            parse->at += strspn(parse->at, " (\t");
            return (enum law_kind)kind;
        }
    const char *near = closest_name(name, law_kind_names + 1, LAW_KIND_COUNT - 1);
    fail(parse, arena_printf(parse->arena, "'%.30s' is no law of lengths", name),
         near ? arena_printf(parse->arena, "did you mean '%s'? For example: %s", near, law_examples)
              : arena_printf(parse->arena, "write for example: %s", law_examples));
    return LAW_KIND_COUNT;
}

static bool take_law(struct parse *parse, struct law *law)
{
    bool has_open = strchr(parse->at, '(') != NULL;
    law->kind = take_kind(parse);
    if (law->kind == LAW_KIND_COUNT)
        return false;
    if (law->kind == LAW_FIXED) {
        if (!take_number(parse, &law->mean))
            return false;
        if (law->mean < floor(law->mean) || law->mean > floor(law->mean))
            return fail(parse, "a fixed length is a whole number", NULL);
    } else if (law->kind == LAW_HISTOGRAM) {
        if (!take_histogram(parse, law))
            return false;
    } else if (!take_words(parse) || !fill(parse, law)) {
        return false;
    }
    if (has_open && *parse->at != ')')
        return fail(parse, "the parenthesis is not closed",
                    "a comma ends a value inside {…}: put it in quotes or leave the commas out");
    parse->at += has_open;
    if (parse->at[strspn(parse->at, " ")])
        return fail(parse, arena_printf(parse->arena, "'%.20s' is too much", parse->at),
                    law_examples);
    return true;
}

bool law_parse(struct arena *arena, const char *text, double least, struct law *law,
               struct law_problem *problem)
{
    struct parse parse = {.arena = arena, .at = text, .problem = problem};
    struct law read = {.least = least, .most = largest};
    *problem = (struct law_problem){0};
    for (int word = 0; word < WORD_COUNT; word++)
        parse.words[word] = (double)NAN;
    parse.at += strspn(parse.at, " ");
    if (!take_law(&parse, &read))
        return false;
    if (is_given(&parse, MIN))
        read.least = fmax(least, parse.words[MIN]);
    if (is_given(&parse, MAX))
        read.most = parse.words[MAX];
    if (read.least > read.most)
        return fail(&parse, "min is above max", NULL);
    double highest = read.kind == LAW_FIXED     ? read.mean
                     : read.kind == LAW_UNIFORM ? read.high
                                                : read.most;
    if (highest < least)
        return fail(&parse, arena_printf(arena, "at least %g is needed", least),
                    arena_printf(arena, "write for example: %s", law_examples));
    *law = read;
    return true;
}
