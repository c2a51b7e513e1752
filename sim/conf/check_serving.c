#include "conf/check.h"

#include "conf/blame.h"
#include "conf/law_text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REPORT(reader, root, path, ...)                                                            \
    diag_add((reader)->diags, SEVERITY_ERROR, schema_place(root, path), __VA_ARGS__)

static void read_law(const struct reader *reader, const struct node *root, const char *path,
                     double least, struct law_text *law)
{
    struct law_problem problem;
    if (!law->text)
        return;
    law_parse(reader->arena, law->text, least, &law->law, &problem);
    if (!problem.what)
        return;
    diag_add(reader->diags, problem.is_warning ? SEVERITY_WARNING : SEVERITY_ERROR,
             schema_place(root, path), "%s", problem.what);
    if (problem.hint)
        diag_hint(reader->diags, "%s", problem.hint);
}

static void check_arrivals(const struct reader *reader, const struct node *root,
                           const struct arrivals *arrivals)
{
    enum arrival_kind kind = arrivals->kind;
    bool is_timed = kind == ARRIVAL_POISSON || kind == ARRIVAL_GAMMA || kind == ARRIVAL_FIXED;
    /* if what is written is wrong, that was said */
    bool is_wrong = schema_has(root, "serving.arrivals.rate") && reader->diags->error_count > 0;
    if (is_timed && isnan(arrivals->rate_per_s) && !is_wrong) {
        blame_add(reader, root, BLAME_KEYS("serving.arrivals", "serving.arrivals.kind"),
                  "arrivals of kind %s need a rate", arrival_kind_names[kind]);
        diag_hint(reader->diags, "add for example: rate: 4 /s");
    }
    if (!is_timed && kind != ARRIVAL_TRACE && !isnan(arrivals->rate_per_s)) {
        blame_add(reader, root, BLAME_KEYS("serving.arrivals.rate", "serving.arrivals.kind"),
                  "arrivals of kind %s have no rate", arrival_kind_names[kind]);
        diag_hint(reader->diags, "leave it out, or choose kind: poisson");
    }
    if (kind == ARRIVAL_CLOSED && arrivals->concurrency == 0) {
        blame_add(reader, root, BLAME_KEYS("serving.arrivals", "serving.arrivals.kind"),
                  "a closed loop needs its number of clients");
        diag_hint(reader->diags, "add for example: concurrency: 64");
    }
    if (kind == ARRIVAL_TRACE && !arrivals->trace.file) {
        blame_add(reader, root, BLAME_KEYS("serving.arrivals", "serving.arrivals.kind"),
                  "arrivals of kind trace need a file");
        diag_hint(reader->diags, "add for example: file: azure2023_conv.csv.gz");
    }
    if (kind != ARRIVAL_TRACE && arrivals->trace.file) {
        blame_add(reader, root, BLAME_KEYS("serving.arrivals.file", "serving.arrivals.kind"),
                  "arrivals of kind %s read no file", arrival_kind_names[kind]);
        diag_hint(reader->diags, "choose kind: trace, or name the file under lengths.trace");
    }
}

/* Where lengths come from: exactly one of laws, lengths.trace and the trace of arrivals. */
static void check_lengths(const struct reader *reader, const struct node *root,
                          const struct serving_load *load)
{
    const struct lengths *lengths = &load->lengths;
    bool has_law = lengths->input.text || lengths->output.text || lengths->image.text;
    bool has_laws = lengths->input.text && lengths->output.text;
    if (has_law && lengths->trace.file) {
        blame_add(reader, root,
                  BLAME_KEYS("serving.lengths.trace", "serving.lengths.input",
                             "serving.lengths.output", "serving.lengths.image"),
                  "lengths come from a file or from laws");
        diag_hint(reader->diags, "leave out 'trace', or 'input', 'output' and 'image'");
    } else if (!has_laws && !lengths->trace.file &&
               (has_law || load->arrivals.kind != ARRIVAL_TRACE)) {
        blame_add(reader, root, BLAME_KEYS("serving.lengths", "serving", "serving.arrivals.kind"),
                  "the lengths of requests are not known");
        diag_hint(reader->diags,
                  "give input and output, for example: lengths: {input: 1024, output: 128}");
    }
    if (lengths->images.text && !lengths->image.text) {
        REPORT(reader, root, "serving.lengths.images", "how many tokens an image takes is missing");
        diag_hint(reader->diags, "add for example: image: 576");
    }
    if ((load->chat.turns.text || load->chat.system_tokens > 0) && !has_laws) {
        blame_add(reader, root,
                  BLAME_KEYS("serving.chat", "serving.chat.turns", "serving.chat.system"),
                  "a chat needs laws for the lengths of its turns");
        diag_hint(reader->diags, "give lengths.input and lengths.output");
    }
}

/* A whole number, or "auto" for −1. */
static void read_warmup(const struct reader *reader, const struct node *root,
                        struct serving_load *load)
{
    const char *text = load->warmup ? load->warmup : "0";
    if (strcmp(text, "auto") == 0) {
        load->warmup_count = -1;
        return;
    }
    size_t digits = strspn(text, "0123456789");
    if (digits > 0 && digits <= 12 && !text[digits]) {
        load->warmup_count = strtoll(text, NULL, 10);
        return;
    }
    REPORT(reader, root, "serving.warmup", "'%s' is neither a number of requests nor 'auto'",
           diag_quote(reader->diags, text));
    diag_hint(reader->diags, "write for example: warmup: 100");
}

void check_serving_values(const struct reader *reader, const struct node *root,
                          struct serving_load *load)
{
    read_law(reader, root, "serving.lengths.input", 1.0, &load->lengths.input);
    read_law(reader, root, "serving.lengths.output", 1.0, &load->lengths.output);
    read_law(reader, root, "serving.lengths.images", 0.0, &load->lengths.images);
    read_law(reader, root, "serving.lengths.image", 1.0, &load->lengths.image);
    read_law(reader, root, "serving.chat.turns", 1.0, &load->chat.turns);
    read_warmup(reader, root, load);
}

void check_serving(const struct reader *reader, const struct node *root, struct serving *serving)
{
    struct serving_load *load = &serving->load;
    if (!schema_has(root, "serving"))
        return;
    check_serving_values(reader, root, load);
    check_arrivals(reader, root, &load->arrivals);
    check_lengths(reader, root, load);
    if (load->requests > 0 && load->warmup_count >= load->requests) {
        blame_add(reader, root, BLAME_KEYS("serving.warmup", "serving.requests"),
                  "warm-up takes all %lld requests", (long long)load->requests);
        diag_hint(reader->diags, "ask for more requests, or a shorter warm-up");
    }
}
