#include "plots/canvas_cairo.h"

#include "base/text.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <cairo.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS_PER_POINT = 2 };

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAKS_ARE_CHECKED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define LEAKS_ARE_CHECKED 1
#endif

#ifdef LEAKS_ARE_CHECKED
/* Below cairo, fontconfig keeps the patterns it has matched until the program ends. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig";
}

const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}
#endif

/* A cairo canvas is a canvas with a surface that writes into memory. */
struct cairo_canvas {
    struct canvas canvas;
    enum picture_format format;
    cairo_surface_t *surface;
    cairo_t *cairo;
    struct text bytes; /* the file's content, once finished */
};

static struct cairo_canvas *of(struct canvas *canvas)
{
    return (struct cairo_canvas *)canvas;
}

/* cairo's stream callback: appends to the canvas's bytes. */
static cairo_status_t gather(void *closure, const unsigned char *data, unsigned length)
{
    struct text *bytes = closure;
    size_t start = bytes->length;
    text_repeat(bytes, '\0', (int)length);
    memcpy(bytes->data + start, data, length);
    return CAIRO_STATUS_SUCCESS;
}

static void set_color(cairo_t *cairo, struct color color)
{
    cairo_set_source_rgba(cairo, color.red, color.green, color.blue, color.alpha);
}

/* Strokes the path; its dashes are those `along_pt` behind the start of a longer one. */
static void stroke_from(cairo_t *cairo, const struct pen *pen, double along_pt)
{
    double parts[DASH_PARTS_MAX];
    int count = dash_parts(pen->dash, parts);
    double unit = pen->width_pt < 1.0 ? 1.0 : pen->width_pt;
    for (int i = 0; i < count; i++)
        parts[i] *= unit;
    set_color(cairo, pen->color);
    cairo_set_line_width(cairo, pen->width_pt);
    cairo_set_dash(cairo, parts, count, along_pt);
    cairo_stroke(cairo);
}

static void stroke(cairo_t *cairo, const struct pen *pen)
{
    stroke_from(cairo, pen, 0.0);
}

static void fill_and_stroke(cairo_t *cairo, const struct paint *paint)
{
    if (paint->fill.alpha > 0) {
        set_color(cairo, paint->fill);
        cairo_fill_preserve(cairo);
    }
    if (paint->pen.color.alpha > 0)
        stroke(cairo, &paint->pen);
    cairo_new_path(cairo);
}

static void trace(cairo_t *cairo, const struct point *points, int count)
{
    cairo_new_path(cairo);
    for (int i = 0; i < count; i++)
        cairo_line_to(cairo, points[i].x, points[i].y);
}

static void draw_polyline(struct canvas *canvas, const struct point *points, int count,
                          const struct pen *pen)
{
    /* Cairo needs time by the square of a line that runs up and down: long ones go in pieces that
     * overlap by a segment, so that corners between them are drawn as well. */
    enum { LONG = 512, PIECE = 64 };
    cairo_t *cairo = of(canvas)->cairo;
    int step = count > LONG && !(pen->color.alpha < 1) ? PIECE : count;
    double along_pt = 0.0;
    for (int first = 0; first < count; first += step) {
        int rest = count - first;
        trace(cairo, points + first, rest < step + 2 ? rest : step + 2);
        stroke_from(cairo, pen, along_pt);
        for (int i = first; i < first + step && i + 1 < count; i++)
            along_pt += hypot(points[i + 1].x - points[i].x, points[i + 1].y - points[i].y);
    }
}

static void draw_polygon(struct canvas *canvas, const struct point *points, int count,
                         const struct paint *paint)
{
    trace(of(canvas)->cairo, points, count);
    cairo_close_path(of(canvas)->cairo);
    fill_and_stroke(of(canvas)->cairo, paint);
}

static void draw_circle(struct canvas *canvas, struct point centre, double radius_pt,
                        const struct paint *paint)
{
    cairo_new_path(of(canvas)->cairo);
    cairo_arc(of(canvas)->cairo, centre.x, centre.y, radius_pt, 0, 2 * 3.14159265358979323846);
    cairo_close_path(of(canvas)->cairo);
    fill_and_stroke(of(canvas)->cairo, paint);
}

static void select_font(cairo_t *cairo, const struct lettering *lettering)
{
    cairo_select_font_face(cairo, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           lettering->is_bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo, lettering->size_pt);
}

static double draw_measure(struct canvas *canvas, const char *string,
                           const struct lettering *lettering)
{
    cairo_text_extents_t extents;
    select_font(of(canvas)->cairo, lettering);
    cairo_text_extents(of(canvas)->cairo, string, &extents);
    return extents.x_advance;
}

static void draw_text(struct canvas *canvas, struct point at, const char *string,
                      const struct lettering *lettering)
{
    cairo_t *cairo = of(canvas)->cairo;
    double width = draw_measure(canvas, string, lettering);
    double share = lettering->across == ALIGN_START    ? 0.0
                   : lettering->across == ALIGN_MIDDLE ? 0.5
                                                       : 1.0;
    cairo_save(cairo);
    cairo_translate(cairo, at.x, at.y);
    cairo_rotate(cairo, lettering->angle_deg * 3.14159265358979323846 / 180.0);
    cairo_move_to(cairo, -width * share, lettering_baseline(lettering));
    set_color(cairo, lettering->color);
    cairo_show_text(cairo, string);
    cairo_restore(cairo);
}

static void draw_clip(struct canvas *canvas, const struct box *box)
{
    cairo_t *cairo = of(canvas)->cairo;
    cairo_reset_clip(cairo);
    if (!box)
        return;
    cairo_new_path(cairo);
    cairo_rectangle(cairo, box->left, box->top, box_width(box), box_height(box));
    cairo_clip(cairo);
}

static void draw_group(struct canvas *canvas, const char *name)
{
    (void)canvas;
    (void)name;
}

/* cairo numbers its SVG surfaces through the life of the process; the number is for nobody. */
static void forget_surface_number(struct text *bytes)
{
    const char *mark = "id=\"surface";
    char *found = bytes->data ? strstr(bytes->data, mark) : NULL;
    if (!found)
        return;
    char *digits = found + strlen(mark);
    char *end = digits + strspn(digits, "0123456789");
    size_t rest = bytes->length - (size_t)(end - bytes->data);
    memmove(digits, end, rest + 1);
    bytes->length -= (size_t)(end - digits);
}

static cairo_status_t finish(struct cairo_canvas *canvas)
{
    cairo_status_t status = cairo_status(canvas->cairo);
    cairo_surface_flush(canvas->surface);
    if (status == CAIRO_STATUS_SUCCESS && canvas->format == PICTURE_PNG)
        status = cairo_surface_write_to_png_stream(canvas->surface, gather, &canvas->bytes);
    cairo_surface_finish(canvas->surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(canvas->surface);
    if (status == CAIRO_STATUS_SUCCESS && canvas->format == PICTURE_SVG)
        forget_surface_number(&canvas->bytes);
    return status;
}

static bool draw_save(struct canvas *canvas, const char *path, char error[CANVAS_ERROR_BYTES])
{
    cairo_status_t status = finish(of(canvas));
    if (status != CAIRO_STATUS_SUCCESS) {
        snprintf(error, CANVAS_ERROR_BYTES, "%s: cannot draw: %s", path,
                 cairo_status_to_string(status));
        return false;
    }
    if (text_save(&of(canvas)->bytes, path) == 0)
        return true;
    snprintf(error, CANVAS_ERROR_BYTES, "%s: cannot write: %s", path, strerror(errno));
    return false;
}

static void draw_free(struct canvas *canvas)
{
    cairo_destroy(of(canvas)->cairo);
    cairo_surface_destroy(of(canvas)->surface);
    text_release(&of(canvas)->bytes);
    free(of(canvas));
}

static cairo_surface_t *surface_new(struct cairo_canvas *canvas)
{
    double width = canvas->canvas.width_pt;
    double height = canvas->canvas.height_pt;
    cairo_surface_t *surface = NULL;
    switch (canvas->format) {
    case PICTURE_PNG:
        surface =
            cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(width * PIXELS_PER_POINT),
                                       (int)ceil(height * PIXELS_PER_POINT));
        cairo_surface_set_device_scale(surface, PIXELS_PER_POINT, PIXELS_PER_POINT);
        break;
    case PICTURE_SVG:
        surface = cairo_svg_surface_create_for_stream(gather, &canvas->bytes, width, height);
        break;
    case PICTURE_PDF:
        surface = cairo_pdf_surface_create_for_stream(gather, &canvas->bytes, width, height);
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE,
                                       "2000-01-01T00:00:00Z");
        break;
    }
    return surface;
}

/* Text as it is designed, not bent to the pixel grid: the same widths in every format. */
static void set_font_options(cairo_t *cairo)
{
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_set_font_options(cairo, options);
    cairo_font_options_destroy(options);
}

struct canvas *canvas_cairo_new(enum picture_format format, double width_pt, double height_pt)
{
    static const struct canvas_methods methods = {
        .polyline = draw_polyline,
        .polygon = draw_polygon,
        .circle = draw_circle,
        .text = draw_text,
        .clip = draw_clip,
        .group = draw_group,
        .measure = draw_measure,
        .save = draw_save,
        .free = draw_free,
    };
    struct cairo_canvas *canvas = calloc(1, sizeof *canvas);
    if (!canvas)
        abort();
    canvas->canvas = (struct canvas){&methods, width_pt, height_pt};
    canvas->format = format;
    text_init(&canvas->bytes);
    canvas->surface = surface_new(canvas);
    canvas->cairo = cairo_create(canvas->surface);
    cairo_set_line_join(canvas->cairo, CAIRO_LINE_JOIN_ROUND);
    set_font_options(canvas->cairo);
    return &canvas->canvas;
}
