#include "kernel/gemm.h"

/* Depth of one pass over a panel: its weights and a tile's rows stay in the L2 cache. */
enum { PASS_BYTES = 8192, CONVERT_GRAIN = 8 };

struct convert_job {
    const struct gemm *gemm;
    const struct operand *operand;
    struct float_rows x;
};

static void convert_rows(void *context, int thread, int64_t begin, int64_t end)
{
    const struct convert_job *job = context;
    (void)thread;
    for (int64_t row = begin; row < end; row++)
        operand_set_row(job->operand, job->gemm->rows, row, float_row(job->x, row));
}

void gemm_convert(const struct gemm *gemm, struct operand *operand, enum format format,
                  int64_t depth, struct float_rows x, int64_t rows)
{
    operand_shape(operand, format, depth);
    struct convert_job job = {gemm, operand, x};
    pool_run(gemm->pool, rows, CONVERT_GRAIN, (struct pool_task){convert_rows, &job});
}

struct product_job {
    const struct gemm_group *groups;
    const struct operand *operand;
    struct float_rows out;
    struct tile_kernel kernel;
    int64_t panels; /* per group */
    int64_t pass;   /* units per pass */
    bool is_accumulating;
};

/* Units `first` … `first + count − 1` of one panel, times all rows of the group. */
struct pass_part {
    const struct gemm_group *group;
    int64_t panel;
    int64_t first;
    int64_t count;
    const unsigned char *next; /* weights of the pass after it, NULL: another thread's, or none */
};

/* Points a pass's `index`-th tile of `tiles` at its share of the next pass, if that pays. */
static void point_ahead(const struct product_job *job, const struct pass_part *part, int64_t index,
                        int64_t tiles, struct tile *tile)
{
    int whole = unit_lines(job->operand->format);
    bool is_alone = tiles < 2;
    int64_t fetching = is_alone ? 1 : 2;
    int64_t least = is_alone ? job->kernel.alone_rows : 1;
    tile->ahead = NULL;
    if (!part->next || job->kernel.alone_rows == 0 || part->group->rows < least ||
        index >= fetching)
        return;
    tile->ahead_lines = is_alone ? whole : (whole + 1) / 2;
    tile->ahead = part->next + index * part->count * tile->ahead_lines * CACHE_LINE_BYTES;
}

static void run_pass(const struct product_job *job, const struct pass_part *part)
{
    const struct gemm_group *group = part->group;
    struct tile tile = {.out_stride = (size_t)job->out.stride,
                        .is_accumulating = job->is_accumulating || part->first > 0};
    int64_t step = tile_rows(job->kernel, group->rows);
    int64_t tiles = (group->rows + step - 1) / step;
    for (int64_t i = 0; i < tiles; i++) {
        int64_t rest = group->rows - i * step;
        int rows = (int)(rest < step ? rest : step);
        int64_t at = group->first_row + i * step;
        tile_point(&tile, group->matrix, part->panel, job->operand, at, part->first, part->count);
        tile.out = float_row(job->out, at) + part->panel * PANEL_OUTPUTS;
        point_ahead(job, part, i, tiles, &tile);
        job->kernel.run(&tile, rows);
    }
}

/* All passes over one panel; `after` is the panel that this thread turns to next, or NULL. */
static void multiply_panel(const struct product_job *job, const struct gemm_group *group,
                           int64_t panel, const unsigned char *after)
{
    int64_t units = group->matrix->units;
    for (int64_t first = 0; first < units; first += job->pass) {
        bool is_last = first + job->pass >= units;
        struct pass_part part = {.group = group, .panel = panel, .first = first};
        part.count = is_last ? units - first : job->pass;
        part.next = is_last ? after : matrix_unit(group->matrix, panel, first + job->pass);
        run_pass(job, &part);
    }
}

static void add_bias(const struct product_job *job, const struct gemm_group *group, int64_t panel)
{
    const struct matrix *matrix = group->matrix;
    int64_t first = panel * PANEL_OUTPUTS;
    int64_t left = matrix->outputs - first;
    int64_t count = left < PANEL_OUTPUTS ? left : PANEL_OUTPUTS;
    for (int64_t row = 0; row < group->rows; row++) {
        float *out = float_row(job->out, group->first_row + row) + first;
        for (int64_t i = 0; i < count; i++)
            out[i] += matrix->bias[first + i];
    }
}

static const unsigned char *panel_of(const struct product_job *job, int64_t item)
{
    return matrix_unit(job->groups[item / job->panels].matrix, item % job->panels, 0);
}

static void multiply_panels(void *context, int thread, int64_t begin, int64_t end)
{
    const struct product_job *job = context;
    (void)thread;
    for (int64_t item = begin; item < end; item++) {
        const struct gemm_group *group = &job->groups[item / job->panels];
        int64_t panel = item % job->panels;
        multiply_panel(job, group, panel, item + 1 < end ? panel_of(job, item + 1) : NULL);
        if (group->matrix->bias)
            add_bias(job, group, panel);
    }
}

/* Few rows: longer runs of panels keep the hardware prefetchers going. */
static int64_t grain_of(const struct gemm *gemm, int64_t items)
{
    int64_t grain = items / (8 * pool_threads(gemm->pool));
    return grain < 1 ? 1 : (grain > 16 ? 16 : grain);
}

/* As few and as equal passes as the L2 cache allows. */
static int64_t pass_units(const struct matrix *matrix, enum format format)
{
    int64_t most = PASS_BYTES / (int64_t)unit_row_bytes(format);
    int64_t passes = (matrix->units + most - 1) / most;
    return passes > 0 ? (matrix->units + passes - 1) / passes : 1;
}

void gemm_groups(const struct gemm *gemm, const struct gemm_group *groups, int64_t group_count,
                 const struct operand *operand, struct float_rows out, bool is_accumulating)
{
    if (group_count == 0)
        return;
    struct product_job job = {
        .groups = groups,
        .operand = operand,
        .out = out,
        .kernel = tile_kernel_for(gemm->features, operand->format),
        .panels = groups[0].matrix->panels,
        .pass = pass_units(groups[0].matrix, operand->format),
        .is_accumulating = is_accumulating,
    };
    int64_t items = job.panels * group_count;
    pool_run(gemm->pool, items, grain_of(gemm, items), (struct pool_task){multiply_panels, &job});
}

void gemm_run(const struct gemm *gemm, const struct matrix *matrix, struct operand *operand,
              struct float_rows x, int64_t rows, struct float_rows out, bool is_accumulating)
{
    struct gemm_group group = {matrix, 0, rows};
    gemm_convert(gemm, operand, matrix->format, matrix->depth, x, rows);
    gemm_groups(gemm, &group, 1, operand, out, is_accumulating);
}
