/* The roofline chart: a golden drawing, labels apart, refusals, speed. `test_chart_roofline
 * --update` rewrites the drawing. */
#include "plots/chart_roofline.h"

#include "check.h"
#include "plots/canvas_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct roof_ceiling h100_compute[] = {
    {"bf16", 989.4e12},
    {"fp32", 66.9e12 }
};
static const struct roof_ceiling h100_memory[] = {
    {"HBM3", 3.35e12},
    {"L2",   12e12  }
};
static const struct roof h100 = {"H100 SXM bf16", h100_compute, 2, h100_memory, 2};
static const char *const kinds[] = {"GEMM", "attention"};
static const char expected_path[] = TOKENROOF_SOURCE "/tests/unit/plots/expected/roofline.txt";

/* Two operators, one of them at no intensity at all, and two whole phases with an arrow. */
static struct roofline small_chart(struct roof_point points[4])
{
    static const int path[] = {2, 3};
    static const struct roof_path paths[] = {
        {path, 2}
    };
    double none = (double)NAN;
    points[0] = (struct roof_point){400, 6e14, "QKV", 0, ROOF_PREFILL, 0.4, 0, 0, 0, none, none};
    points[1] = (struct roof_point){0, 1e12, "copy", 1, ROOF_DECODE, 0.2, 0, 0, 0, none, none};
    points[2] =
        (struct roof_point){500, 5e14, "prefill", 0, ROOF_PREFILL, none, 0, 1, 1, 4.9e14, 0.5};
    points[3] = (struct roof_point){2, 4e12, "decode", 1, ROOF_DECODE, none, 0, 1, 1, 9.9e14, none};
    return (struct roofline){&h100, 1, points, 4, paths, 1, kinds, 2, NULL};
}

static const struct chart_style style = {.title = "A roofline", .width_pt = 600, .height_pt = 400};

static char *draw(const struct roofline *data)
{
    char error[CANVAS_ERROR_BYTES] = "";
    struct canvas *canvas = canvas_text_new(600, 400);
    check_true("drawn", chart_roofline_draw(data, &style, canvas, error));
    char *copy = strdup(canvas_text_content(canvas));
    canvas_free(canvas);
    return copy;
}

static void draws_as_before(void)
{
    struct roof_point points[4];
    struct roofline data = small_chart(points);
    char *drawing = draw(&data);
    char *expected = calloc(1, 1 << 18);
    FILE *file = fopen(expected_path, "rb");
    size_t size = file ? fread(expected, 1, (1 << 18) - 1, file) : 0;
    if (file)
        fclose(file);
    check_at_least("expected drawing", (double)size, 1);
    check_text("drawing", drawing, expected);
    check_contains("ridge", drawing, "\"ridge 295 FLOP/B\"");
    check_contains("potential", drawing, "\"prefill (Φ 490 T, normalised 0.500)\"");
    check_contains("note", drawing, "\"1 point not positive and finite, not shown\"");
    free(drawing);
    free(expected);
}

/* 989.4 TFLOP/s over 3.35 TB/s = 295.3 FLOP/B; at 2 FLOP/B memory allows 6.7 TFLOP/s. */
static void roofs_follow_the_formula(void)
{
    check_close("ridge", roof_ridge(&h100), 295.343, 1e-5);
    check_close("memory side", roof_limit(&h100, 2), 6.7e12, 1e-12);
    check_close("compute side", roof_limit(&h100, 2000), 989.4e12, 1e-12);
}

static void roofs_without_points_and_several_roofs_draw(void)
{
    struct roof roofs[] = {h100, h100};
    struct roofline data = {.roofs = roofs, .roof_count = 2};
    roofs[1].name = "another";
    char *drawing = draw(&data);
    check_contains("legend", drawing, "\"another: 989 TFLOP/s, 3.35 TB/s\"");
    check_true("no nan", !strstr(drawing, "nan") && !strstr(drawing, "inf"));
    free(drawing);
}

static void bad_roofs_are_refused(void)
{
    char error[CANVAS_ERROR_BYTES] = "";
    struct roof_ceiling nothing = {"none", 0};
    struct roof bad = {"bad", &nothing, 1, h100_memory, 1};
    struct roofline data = {.roofs = &bad, .roof_count = 1};
    struct canvas *canvas = canvas_text_new(600, 400);
    check_true("zero", !chart_roofline_draw(&data, &style, canvas, error));
    check_text("message", error,
               "roof 'bad' needs a compute and a memory ceiling, each a positive number");
    data.roof_count = 0;
    check_true("none", !chart_roofline_draw(&data, &style, canvas, error));
    check_text("message", error, "a roofline needs at least one roof");
    canvas_free(canvas);
}

/* A release build takes well under 100 ms; sanitisers and busy machines get ten times that. */
static void five_hundred_points_are_quick(void)
{
    enum { COUNT = 500 };
    static struct roof_point points[COUNT];
    char path[80];
    char error[CANVAS_ERROR_BYTES] = "";
    for (int i = 0; i < COUNT; i++) {
        double oi = pow(10.0, 4.0 * ((i * 37) % COUNT) / COUNT);
        points[i] = (struct roof_point){.oi_flop_per_byte = oi,
                                        .flop_per_s = roof_limit(&h100, oi) * (0.1 + 0.0018 * i),
                                        .label = "operator",
                                        .kind = i % 2,
                                        .potential = (double)NAN,
                                        .potential_normalised = (double)NAN};
    }
    struct roofline data = {&h100, 1, points, COUNT, NULL, 0, kinds, 2, NULL};
    snprintf(path, sizeof path, "/tmp/tokenroof_roofline_%ld.png", (long)getpid());
    clock_t start = clock();
    check_true("saved", chart_roofline_save(path, &data, &style, error));
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf("%.1f ms ", seconds * 1e3);
    check_at_most("seconds", seconds, 1.0);
    remove(path);
}

/* Roofs with one slope: the second is dashed; roofs have colours; a crowd loses labels. */
static void crowds_say_what_they_leave_out(void)
{
    enum { COUNT = 80 };
    static const struct roof_ceiling bf16[] = {
        {"bf16", 989.4e12}
    };
    static const struct roof_ceiling fp8[] = {
        {"fp8", 1979e12}
    };
    static const struct roof_ceiling hbm[] = {
        {"HBM3", 3.35e12}
    };
    static const struct roof roofs[] = {
        {"H100 bf16", bf16, 1, hbm, 1},
        {"H100 fp8",  fp8,  1, hbm, 1},
    };
    struct roof_point points[COUNT];
    for (int i = 0; i < COUNT; i++)
        points[i] = (struct roof_point){.oi_flop_per_byte = 1 + 0.001 * i,
                                        .flop_per_s = 1e12 + 1e9 * i,
                                        .label = "an operator of some name",
                                        .time_share_ratio = i == 7 ? 0.9 : 0.05,
                                        .roof = i % 2,
                                        .potential = (double)NAN,
                                        .potential_normalised = (double)NAN};
    points[7].label = "the largest";
    struct roofline data = {
        .roofs = roofs, .roof_count = 2, .points = points, .point_count = COUNT};
    char *drawing = draw(&data);
    const char *note = strstr(drawing, " labels left out for want of room");
    check_true("note", note != NULL);
    check_contains("the largest keeps its label", drawing, "\"the largest\"");
    int drawn = 0;
    for (const char *at = drawing; (at = strstr(at, "\"an operator of")); at++)
        drawn++;
    while (note > drawing && note[-1] >= '0' && note[-1] <= '9')
        note--;
    check_count("drawn and left out", drawn + 1 + atoi(note ? note : "0"), COUNT);
    check_contains("first roof", drawing, "pen #0072b2 2.2\n");
    check_contains("second roof", drawing, "pen #d55e00 2.2 long\n");
    free(drawing);
}

static int update(void)
{
    struct roof_point points[4];
    char error[CANVAS_ERROR_BYTES] = "";
    struct roofline data = small_chart(points);
    if (chart_roofline_save(expected_path, &data, &style, error))
        return 0;
    fprintf(stderr, "%s\n", error);
    return 1;
}

int main(int count, char **arguments)
{
    static const struct test_case cases[] = {
        {"draws as before",                  draws_as_before                            },
        {"roofs follow the formula",         roofs_follow_the_formula                   },
        {"roofs without points, many roofs", roofs_without_points_and_several_roofs_draw},
        {"bad roofs are refused",            bad_roofs_are_refused                      },
        {"five hundred points are quick",    five_hundred_points_are_quick              },
        {"crowds say what they leave out",   crowds_say_what_they_leave_out             },
        {NULL,                               NULL                                       },
    };
    if (count > 1 && strcmp(arguments[1], "--update") == 0)
        return update();
    return check_main("roofline chart", cases);
}
