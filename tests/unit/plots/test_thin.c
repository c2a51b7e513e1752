/* Long lines keep their outline and lose what nobody sees. */
#include "plots/thin.h"

#include "check.h"

#include <math.h>
#include <stdlib.h>

static void short_lines_stay(void)
{
    const struct point line[] = {
        {0,   3},
        {0.1, 9},
        {0.2, 1},
        {0.3, 4},
        {7,   2},
        {7,   2},
        {100, 5}
    };
    struct point thinned[7];
    for (int i = 0; i < 7; i++)
        thinned[i] = line[i];
    check_count("points", thin_points(thinned, 7), 7);
    for (int i = 0; i < 7; i++) {
        check_close("x", thinned[i].x, line[i].x, 1e-12);
        check_close("y", thinned[i].y, line[i].y, 1e-12);
    }
    check_count("none", thin_points(thinned, 0), 0);
}

/* 0 … 1 pt in 1000 steps: two columns, of each the ends and the extremes. */
static void columns_keep_ends_and_extremes(void)
{
    static const double expected[] = {10, 90, -30, 10, 10, 80, 5, 10};
    enum { COUNT = 1000 };
    struct point line[COUNT];
    for (int i = 0; i < COUNT; i++)
        line[i] = (struct point){i / (double)COUNT, 10};
    line[100].y = 90;
    line[400].y = -30;
    line[700].y = 80;
    line[900].y = 5;
    int count = thin_points(line, COUNT);
    check_count("points", count, 8);
    for (int i = 0; i < count && i < 8; i++)
        check_close("y", line[i].y, expected[i], 1e-12);
    check_close("first", line[0].x, 0.0, 1e-12);
    check_close("last", line[7].x, 0.999, 1e-12);
}

/* Backwards as forwards: the lower end of a band runs from right to left. */
static void lines_may_run_backwards(void)
{
    enum { COUNT = 10000 };
    struct point *line = calloc(COUNT, sizeof *line);
    double high = -HUGE_VAL;
    for (int i = 0; i < COUNT; i++)
        line[i] = (struct point){100.0 - i / 100.0, i * 7919 % 1000};
    int count = thin_points(line, COUNT);
    check_true("at most four to a column", count <= 4 * 201);
    for (int i = 0; i < count; i++) {
        high = fmax(high, line[i].y);
        check_true("in order", i == 0 || line[i].x <= line[i - 1].x);
    }
    check_close("highest", high, 999, 1e-12);
    free(line);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"short lines stay",               short_lines_stay              },
        {"columns keep ends and extremes", columns_keep_ends_and_extremes},
        {"lines may run backwards",        lines_may_run_backwards       },
        {NULL,                             NULL                          },
    };
    return check_main("thin", cases);
}
