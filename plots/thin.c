#include "plots/thin.h"

#include <math.h>

/* The points of one column that stay: indices in the order in which they come. */
struct kept {
    int indices[4];
    int count;
};

static void keep(struct kept *kept, int index)
{
    int place = kept->count;
    for (int i = 0; i < kept->count; i++)
        if (kept->indices[i] == index)
            return;
    while (place > 0 && kept->indices[place - 1] > index) {
        kept->indices[place] = kept->indices[place - 1];
        place--;
    }
    kept->indices[place] = index;
    kept->count++;
}

/* First, highest, lowest and last of points from `first` up to before `end`. */
static struct kept extremes(const struct point *points, int first, int end)
{
    struct kept kept = {{0}, 0};
    int low = first;
    int high = first;
    for (int i = first; i < end; i++) {
        low = points[i].y < points[low].y ? i : low;
        high = points[i].y > points[high].y ? i : high;
    }
    keep(&kept, first);
    keep(&kept, low);
    keep(&kept, high);
    keep(&kept, end - 1);
    return kept;
}

int thin_points(struct point *points, int count)
{
    int used = 0;
    for (int first = 0, end = 0; first < count; first = end) {
        double column = floor(points[first].x / THIN_COLUMN_PT);
        for (end = first + 1;
             end < count && !(fabs(floor(points[end].x / THIN_COLUMN_PT) - column) > 0.5);)
            end++;
        if (end - first <= 4) {
            while (first < end)
                points[used++] = points[first++];
            continue;
        }
        struct kept kept = extremes(points, first, end);
        for (int i = 0; i < kept.count; i++) /* they lie at or behind `used` */
            points[used++] = points[kept.indices[i]];
    }
    return used;
}
