#include "conf/expression.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum node_op {
    OP_NUMBER,
    OP_WORD,
    OP_NAME,
    OP_OR,
    OP_AND,
    OP_NOT,
    OP_EQUAL,
    OP_UNEQUAL,
    OP_LESS,
    OP_AT_MOST,
    OP_MORE,
    OP_AT_LEAST,
    OP_PLUS,
    OP_MINUS,
    OP_TIMES,
    OP_OVER,
    OP_MODULO,
};

struct expression {
    enum node_op op;
    double number;
    const char *text;
    int name;
    bool is_word;
    const struct expression *left;
    const struct expression *right;
};

enum { DEPTH_MAX = 100 };

struct parser {
    struct arena *arena;
    struct diags *diags;
    const struct names *names;
    struct place place;
    const char *text;
    const char *at;
    int depth;
    bool has_failed;
};

/* The first mistake only: what follows it can't be trusted. */
static const struct expression *fail(struct parser *parser, const char *at, const char *message,
                                     const char *hint)
{
    if (parser->has_failed)
        return NULL;
    parser->has_failed = true;
    struct text head = {0};
    text_add_bytes(&head, parser->text, (size_t)(at - parser->text));
    int column = text_width(text_string(&head)) + 1;
    text_release(&head);
    diag_add(parser->diags, SEVERITY_ERROR, parser->place, "column %d of '%s': %s", column,
             diag_quote(parser->diags, parser->text), message);
    if (hint)
        diag_hint(parser->diags, "%s", hint);
    return NULL;
}

static void skip_space(struct parser *parser)
{
    while (isspace((unsigned char)*parser->at))
        parser->at++;
}

static bool is_name_character(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

static bool take_word(struct parser *parser, const char *word)
{
    size_t length = strlen(word);
    skip_space(parser);
    if (strncmp(parser->at, word, length) != 0 || is_name_character(parser->at[length]))
        return false;
    parser->at += length;
    return true;
}

static bool take_sign(struct parser *parser, const char *sign)
{
    skip_space(parser);
    if (strncmp(parser->at, sign, strlen(sign)) != 0)
        return false;
    parser->at += strlen(sign);
    return true;
}

static struct expression *new_node(struct parser *parser, enum node_op op)
{
    struct expression *node = arena_alloc(parser->arena, sizeof *node);
    node->op = op;
    return node;
}

static const struct expression *join(struct parser *parser, enum node_op op,
                                     const struct expression *left, const struct expression *right,
                                     const char *at)
{
    if (!left || !right)
        return NULL;
    bool is_same_kind = op == OP_EQUAL || op == OP_UNEQUAL;
    if (left->is_word != right->is_word && is_same_kind)
        return fail(parser, at, "a word is compared with a number",
                    "words stand in quotes: engine.launch == 'graph'");
    if ((left->is_word || right->is_word) && !is_same_kind)
        return fail(parser, at, "words can only be compared with == and !=", NULL);
    struct expression *node = new_node(parser, op);
    node->left = left;
    node->right = right;
    return node;
}

static const struct expression *parse_or(struct parser *parser);

/* The bracket that closes the one at `open`, or NULL; quotes hide brackets. */
static const char *closing_bracket(const char *open)
{
    int depth = 0;
    for (const char *at = open; *at; at++) {
        if (*at == '\'' || *at == '"') {
            at = strchr(at + 1, *at);
            if (!at)
                return NULL;
        }
        depth += *at == '(' || *at == '[';
        depth -= *at == ')' || *at == ']';
        if (depth == 0)
            return at;
    }
    return NULL;
}

/* A call or a look-up: whoever knows its name reads what stands in the brackets. */
static const struct expression *parse_nested(struct parser *parser, const char *name)
{
    const char *open = parser->at;
    const char *close = closing_bracket(open);
    if (!close || *close != (*open == '(' ? ')' : ']'))
        return fail(parser, open, "this bracket is never closed", NULL);
    const char *inside = arena_strndup(parser->arena, open + 1, (size_t)(close - open - 1));
    struct expression *node = new_node(parser, OP_NAME);
    node->text = name;
    node->name = parser->names->nested(parser->names->context, name, *open, inside, parser->place);
    parser->at = close + 1;
    parser->has_failed = parser->has_failed || node->name < 0;
    return node->name < 0 ? NULL : node;
}

static const struct expression *parse_name(struct parser *parser)
{
    const char *start = parser->at;
    while (is_name_character(*parser->at))
        parser->at++;
    const char *name = arena_strndup(parser->arena, start, (size_t)(parser->at - start));
    if (parser->names->nested && (*parser->at == '(' || *parser->at == '['))
        return parse_nested(parser, name);
    struct expression *node = new_node(parser, OP_NAME);
    node->text = name;
    node->name = parser->names->find(parser->names->context, name, &node->is_word);
    if (node->name >= 0)
        return node;
    const char *near = parser->names->closest(parser->names->context, name);
    return fail(parser, start, arena_printf(parser->arena, "nothing is called '%s'", name),
                near ? arena_printf(parser->arena, "did you mean '%s'?", near)
                     : "write keys such as workload.batch, or columns of the results");
}

static const struct expression *parse_quoted(struct parser *parser)
{
    const char *start = parser->at;
    const char *end = strchr(start + 1, *start);
    if (!end)
        return fail(parser, start, "this quote is never closed", NULL);
    struct expression *node = new_node(parser, OP_WORD);
    node->text = arena_strndup(parser->arena, start + 1, (size_t)(end - start - 1));
    node->is_word = true;
    parser->at = end + 1;
    return node;
}

static const struct expression *parse_number(struct parser *parser)
{
    const char *start = parser->at;
    char *end = NULL;
    bool is_hex = start[0] == '0' && (start[1] == 'x' || start[1] == 'X');
    struct expression *node = new_node(parser, OP_NUMBER);
    node->number = strtod(start, &end);
    if (is_hex || end == start || is_name_character(*end) || !isfinite(node->number))
        return fail(parser, start, "this is not a plain number",
                    "write SI values without units: 2e12 instead of 2 TB/s, 0.05 instead of 50 ms");
    parser->at = end;
    return node;
}

static const struct expression *parse_primary(struct parser *parser)
{
    skip_space(parser);
    const char *start = parser->at;
    if (take_sign(parser, "(")) {
        const struct expression *inside = parse_or(parser);
        if (inside && !take_sign(parser, ")"))
            return fail(parser, parser->at, "')' is missing", NULL);
        return inside;
    }
    if (take_word(parser, "true") || take_word(parser, "false")) {
        struct expression *node = new_node(parser, OP_NUMBER);
        node->number = *start == 't' ? 1.0 : 0.0;
        return node;
    }
    if (*start == '\'' || *start == '"')
        return parse_quoted(parser);
    if (isdigit((unsigned char)*start) || *start == '.')
        return parse_number(parser);
    if (isalpha((unsigned char)*start) || *start == '_')
        return parse_name(parser);
    return fail(parser, start, *start ? "a value is expected here" : "it ends too early",
                "write for example: workload.batch <= 64 and ttft_s < 2");
}

static const struct expression *parse_unary(struct parser *parser)
{
    skip_space(parser);
    const char *at = parser->at;
    if (++parser->depth > DEPTH_MAX)
        return fail(parser, at, "nested too deeply", NULL);
    const struct expression *result = NULL;
    if (take_sign(parser, "-")) {
        const struct expression *zero = new_node(parser, OP_NUMBER);
        result = join(parser, OP_MINUS, zero, parse_unary(parser), at);
    } else {
        result = parse_primary(parser);
    }
    parser->depth--;
    return result;
}

/* One level of operators that group from the left. */
struct operator_row {
    const char *sign;
    enum node_op op;
};

static bool take_operator(struct parser *parser, const struct operator_row *rows, enum node_op *op)
{
    for (; rows->sign; rows++)
        if (take_sign(parser, rows->sign)) {
            *op = rows->op;
            return true;
        }
    return false;
}

static const struct expression *parse_product(struct parser *parser)
{
    static const struct operator_row rows[] = {
        {"*",  OP_TIMES },
        {"/",  OP_OVER  },
        {"%",  OP_MODULO},
        {NULL, OP_NUMBER}
    };
    const struct expression *left = parse_unary(parser);
    enum node_op op;
    const char *at = parser->at;
    while (left && take_operator(parser, rows, &op)) {
        const struct expression *right = parse_unary(parser);
        if (right && right->op == OP_NUMBER && op != OP_TIMES && !(fabs(right->number) > 0.0))
            return fail(parser, at, "division by zero", NULL);
        left = join(parser, op, left, right, at);
        at = parser->at;
    }
    return left;
}

static const struct expression *parse_sum(struct parser *parser)
{
    static const struct operator_row rows[] = {
        {"+",  OP_PLUS  },
        {"-",  OP_MINUS },
        {NULL, OP_NUMBER}
    };
    const struct expression *left = parse_product(parser);
    enum node_op op;
    const char *at = parser->at;
    while (left && take_operator(parser, rows, &op)) {
        left = join(parser, op, left, parse_product(parser), at);
        at = parser->at;
    }
    return left;
}

static const struct expression *parse_comparison(struct parser *parser)
{
    static const struct operator_row rows[] = {
        {"==", OP_EQUAL   },
        {"!=", OP_UNEQUAL },
        {"<=", OP_AT_MOST },
        {">=", OP_AT_LEAST},
        {"<",  OP_LESS    },
        {">",  OP_MORE    },
        {NULL, OP_NUMBER  }
    };
    const struct expression *left = parse_sum(parser);
    enum node_op op;
    skip_space(parser);
    const char *at = parser->at;
    if (!left || !take_operator(parser, rows, &op)) {
        if (left && *at == '=')
            return fail(parser, at, "'=' compares nothing", "write == for equal");
        return left;
    }
    return join(parser, op, left, parse_sum(parser), at);
}

static const struct expression *parse_not(struct parser *parser)
{
    skip_space(parser);
    const char *at = parser->at;
    if (!take_word(parser, "not"))
        return parse_comparison(parser);
    if (++parser->depth > DEPTH_MAX)
        return fail(parser, at, "nested too deeply", NULL);
    const struct expression *inside = parse_not(parser);
    parser->depth--;
    return inside ? join(parser, OP_NOT, inside, inside, at) : NULL;
}

static const struct expression *parse_and(struct parser *parser)
{
    const struct expression *left = parse_not(parser);
    const char *at = parser->at;
    while (left && take_word(parser, "and"))
        left = join(parser, OP_AND, left, parse_not(parser), at);
    return left;
}

static const struct expression *parse_or(struct parser *parser)
{
    const char *at = parser->at;
    if (++parser->depth > DEPTH_MAX)
        return fail(parser, at, "nested too deeply", NULL);
    const struct expression *left = parse_and(parser);
    while (left && take_word(parser, "or"))
        left = join(parser, OP_OR, left, parse_and(parser), at);
    parser->depth--;
    return left;
}

const struct expression *expression_parse(struct arena *arena, struct diags *diags,
                                          const char *text, struct place place,
                                          const struct names *names)
{
    struct parser parser = {arena, diags, names, place, text, text, 0, false};
    const struct expression *whole = parse_or(&parser);
    skip_space(&parser);
    if (whole && whole->is_word)
        return fail(&parser, text, "a word alone is neither true nor false", NULL);
    if (whole && *parser.at)
        return fail(&parser, parser.at, "what follows here belongs to nothing",
                    "join conditions by 'and' or 'or'");
    return whole;
}

/* What computing needs. */
struct evaluation {
    struct operand (*value)(const void *context, int name);
    const void *context;
};

static double truth(bool is_true)
{
    return is_true ? 1.0 : 0.0;
}

static bool is_equal(struct operand a, struct operand b)
{
    if (a.text || b.text)
        return a.text && b.text && strcmp(a.text, b.text) == 0;
    return a.number <= b.number && a.number >= b.number;
}

static struct operand compute(const struct evaluation *evaluation, const struct expression *node);

static double compute_number(const struct evaluation *evaluation, const struct expression *node)
{
    const struct expression *l = node->left;
    const struct expression *r = node->right;
    if (node->op == OP_OR || node->op == OP_AND) {
        bool is_true = compute(evaluation, l).number > 0.0;
        if (is_true == (node->op == OP_OR))
            return truth(is_true);
        return truth(compute(evaluation, r).number > 0.0);
    }
    struct operand left = compute(evaluation, l);
    struct operand right = node->op == OP_NOT ? left : compute(evaluation, r);
    double a = left.number;
    double b = right.number;
    switch (node->op) {
    case OP_NOT:
        return truth(!(a > 0.0));
    case OP_EQUAL:
        return truth(is_equal(left, right));
    case OP_UNEQUAL:
        return truth(!is_equal(left, right));
    case OP_LESS:
        return truth(a < b);
    case OP_AT_MOST:
        return truth(a <= b);
    case OP_MORE:
        return truth(a > b);
    case OP_AT_LEAST:
        return truth(a >= b);
    case OP_PLUS:
        return a + b;
    case OP_MINUS:
        return a - b;
    case OP_TIMES:
        return a * b;
    case OP_OVER:
        return b > 0.0 || b < 0.0 ? a / b : (double)NAN; /* what is no number satisfies nothing */
    case OP_MODULO:
        return fmod(a, b);
    case OP_NUMBER:
    case OP_WORD:
    case OP_NAME:
    case OP_OR:
    case OP_AND:
        break;
    }
    return (double)NAN;
}

static struct operand compute(const struct evaluation *evaluation, const struct expression *node)
{
    if (node->op == OP_NUMBER)
        return (struct operand){node->number, NULL};
    if (node->op == OP_WORD)
        return (struct operand){(double)NAN, node->text};
    if (node->op == OP_NAME)
        return evaluation->value(evaluation->context, node->name);
    return (struct operand){compute_number(evaluation, node), NULL};
}

double expression_value(const struct expression *expression,
                        struct operand (*value)(const void *context, int name), const void *context)
{
    struct evaluation evaluation = {value, context};
    return compute(&evaluation, expression).number;
}

bool expression_holds(const struct expression *expression,
                      struct operand (*value)(const void *context, int name), const void *context)
{
    struct evaluation evaluation = {value, context};
    return compute(&evaluation, expression).number > 0.0;
}

/* ---- intervals ---- */

struct enclosure {
    struct bounds (*bounds)(const void *context, int name);
    const void *context;
};

static struct bounds anything(void)
{
    return (struct bounds){0.0, 0.0, false};
}

/* An enclosure of a truth: what it can be. */
static struct bounds verdict(bool can_be_false, bool can_be_true)
{
    return (struct bounds){can_be_false ? 0.0 : 1.0, can_be_true ? 1.0 : 0.0, true};
}

static struct bounds compare(enum node_op op, struct bounds a, struct bounds b)
{
    switch (op) {
    case OP_LESS:
        return verdict(!(a.high < b.low), a.low < b.high);
    case OP_AT_MOST:
        return verdict(!(a.high <= b.low), a.low <= b.high);
    case OP_EQUAL:
        return verdict(true, a.low <= b.high && b.low <= a.high);
    default:
        return verdict(true, true);
    }
}

static struct bounds spread(double w, double x, double y, double z)
{
    if (isnan(w) || isnan(x) || isnan(y) || isnan(z))
        return anything();
    return (struct bounds){fmin(fmin(w, x), fmin(y, z)), fmax(fmax(w, x), fmax(y, z)), true};
}

static struct bounds calculate(enum node_op op, struct bounds a, struct bounds b)
{
    switch (op) {
    case OP_PLUS:
        return spread(a.low + b.low, a.high + b.high, a.low + b.low, a.high + b.high);
    case OP_MINUS:
        return spread(a.low - b.high, a.high - b.low, a.low - b.high, a.high - b.low);
    case OP_TIMES:
        return spread(a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high);
    case OP_OVER:
        if (b.low <= 0.0 && b.high >= 0.0)
            return anything();
        return spread(a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high);
    default:
        return anything();
    }
}

static struct bounds enclose(const struct enclosure *enclosure, const struct expression *node)
{
    if (node->op == OP_NUMBER)
        return (struct bounds){node->number, node->number, true};
    if (node->op == OP_NAME)
        return node->is_word ? anything() : enclosure->bounds(enclosure->context, node->name);
    if (node->op == OP_WORD)
        return anything();
    struct bounds a = enclose(enclosure, node->left);
    struct bounds b = enclose(enclosure, node->right);
    bool a_can = !a.is_known || a.high > 0.0;
    bool b_can = !b.is_known || b.high > 0.0;
    bool a_must = a.is_known && a.low > 0.0;
    bool b_must = b.is_known && b.low > 0.0;
    if (node->op == OP_OR)
        return verdict(!(a_must || b_must), a_can || b_can);
    if (node->op == OP_AND)
        return verdict(!(a_must && b_must), a_can && b_can);
    if (node->op == OP_NOT)
        return verdict(a_can, !a_must);
    if (!a.is_known || !b.is_known)
        return anything();
    if (node->op == OP_MORE)
        return compare(OP_LESS, b, a);
    if (node->op == OP_AT_LEAST)
        return compare(OP_AT_MOST, b, a);
    if (node->op <= OP_AT_LEAST)
        return compare(node->op, a, b);
    return calculate(node->op, a, b);
}

bool expression_may_hold(const struct expression *expression,
                         struct bounds (*bounds)(const void *context, int name),
                         const void *context)
{
    struct enclosure enclosure = {bounds, context};
    struct bounds result = enclose(&enclosure, expression);
    return !result.is_known || result.high > 0.0;
}

double expression_number(const struct expression *expression,
                         struct operand (*value)(const void *context, int name),
                         const void *context)
{
    struct evaluation evaluation = {value, context};
    return compute(&evaluation, expression).number;
}

struct bounds expression_bounds(const struct expression *expression,
                                struct bounds (*bounds)(const void *context, int name),
                                const void *context)
{
    struct enclosure enclosure = {bounds, context};
    return enclose(&enclosure, expression);
}
