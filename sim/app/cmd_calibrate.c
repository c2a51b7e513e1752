/* tokenroof calibrate: fits a device's efficiency section to measured kernels. */
#include "app/session.h"

#include "app/run_maker.h"
#include "app/stages.h"
#include "validate/machine_fit.h"
#include "validate/run_fit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct option_row rows[] = {
    {"device",                                                         'd', "NAME", "device that was measured (default: as the files say)"},
    {"output",                                                          'o', "FILE", "device file to write: a copy with its fitted classes replaced"},
    {"source",                                                                0, "TEXT", "who published the data: written into the provenance"},
    {"class",    0, "NAME", "fit only this kernel class"},
    {"variant", 0, "NAME", "fit only rows of this variant, such as fp8_block"},
    {"min-time",                                                         0, "TIME", "leave out rows faster than this (default 0)"},
    {"seed",                                                          0, "N", "chooses the 20 % of rows that no fit sees (default 1)"},
    {"rows",                                                                0, "N", "a fit looks at about this many rows (default 6000)"},
    {"runs",                                                            0, NULL, "fit a few fractions to whole runs, where no kernels were timed"},
    {"leave-one-out",                                    0, NULL, "also predict each model by a fit on all others"},
    {"this-machine",                                                        0, NULL, "measure this machine's CPU for two to three minutes and fit it"},
    {"threads",                                                          0, "N", "with --this-machine: use at most N threads (default: all cores)"},
    {"point",                                                                0, "TIME", "with --this-machine: time per measured point (default 25ms)"},
    {"tables",       0, "FOLDER",
     "with --this-machine: keep the microbenchmarks here, and use those that are here already"},
    {"set",                   's', "KEY=VALUE", "override a key of the device: device.datasheet.units=132"},
    {0                                                          },
};

static const char *today(struct arena *arena)
{
    time_t now = time(NULL);
    struct tm local;
    char text[16] = "";
    if (gmtime_r(&now, &local))
        strftime(text, sizeof text, "%Y-%m", &local);
    return arena_strdup(arena, text);
}

/* The number of an option, or `otherwise` where it isn't given; false after a complaint. */
static bool read_count(const struct options *options, const char *name, int64_t otherwise,
                       int64_t *count)
{
    const char *text = options_value(options, name);
    char *end = NULL;
    *count = otherwise;
    if (!text)
        return true;
    *count = strtoll(text, &end, 10);
    if (end != text && !*end && *count >= 0)
        return true;
    fprintf(stderr, "tokenroof calibrate: --%s takes a whole number, not '%s'\n", name, text);
    return false;
}

static bool check_class(const char *name)
{
    for (int i = 0; i < KERNEL_COUNT; i++)
        if (!name || strcmp(kernel_names[i], name) == 0)
            return true;
    const char *near = closest_name(name, kernel_names, KERNEL_COUNT);
    fprintf(stderr, "tokenroof calibrate: no kernel class is called '%s'\n", name);
    if (near)
        fprintf(stderr, "  did you mean '%s'?\n", near);
    return false;
}

static bool read_time(const char *text, double *seconds)
{
    struct arena arena;
    const char *suggestion = NULL;
    arena_init(&arena);
    bool is_time = quantity_parse(&arena, text, DIM_SECOND, seconds, &suggestion) == QUANTITY_OK;
    arena_release(&arena);
    if (!is_time)
        fprintf(stderr, "tokenroof calibrate: '%s' is no time; write for example 10us\n", text);
    return is_time;
}

/* A new `fitted:` section in the place of the old one, or before `notes:`; all other lines stay as
 * they are. */
static void splice_section(const char *file, const char *section, struct text *out)
{
    bool is_old = false;
    bool is_written = false;
    for (const char *line = file; *line;) {
        const char *end = strchr(line, '\n');
        size_t length = end ? (size_t)(end - line) + 1 : strlen(line);
        bool is_key = *line != ' ' && *line != '#' && *line != '\n' && *line != '-';
        if (is_key)
            is_old = strncmp(line, "fitted:", 7) == 0;
        bool is_place = is_key && (is_old || strncmp(line, "notes:", 6) == 0);
        if (is_place && !is_written) {
            text_add(out, section);
            is_written = true;
        }
        if (!is_old)
            text_add_bytes(out, line, length);
        line += length;
    }
    if (!is_written)
        text_add(out, section);
}

static char *read_whole(struct arena *arena, const char *path)
{
    struct text content;
    char block[4096];
    size_t count = 0;
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    text_init(&content);
    while ((count = fread(block, 1, sizeof block, file)) > 0)
        text_add_bytes(&content, block, count);
    fclose(file);
    char *copy = arena_strdup(arena, text_string(&content));
    text_release(&content);
    return copy;
}

/* Keeps fits of classes that these files say nothing about. */
static int merge_fits(const struct device *device, const struct calibration *calibration,
                      struct kernel_fit *merged)
{
    int count = 0;
    for (int i = 0; i < device->fitted_count; i++) {
        bool is_replaced = false;
        for (int c = 0; c < calibration->class_count; c++)
            is_replaced =
                is_replaced || (calibration->classes[c].fit.kernel == device->fitted[i].kernel &&
                                calibration->classes[c].fit.math == device->fitted[i].math);
        if (!is_replaced)
            merged[count++] = device->fitted[i];
    }
    for (int c = 0; c < calibration->class_count; c++)
        merged[count++] = calibration->classes[c].fit;
    return count;
}

static int write_device(struct session *session, const struct device *device, const char *source,
                        const struct calibration *calibration, const char *path)
{
    struct device fitted = {0};
    size_t most = (size_t)device->fitted_count + (size_t)calibration->class_count;
    fitted.fitted = arena_array(&session->arena, most + 1, sizeof *fitted.fitted);
    fitted.fitted_count = merge_fits(device, calibration, fitted.fitted);
    const struct field only_fitted[] = {*schema_field(device_fields, "fitted"), {0}};
    struct text section;
    struct text out;
    text_init(&section);
    text_init(&out);
    schema_format(&session->arena, only_fitted, &fitted, &section);
    const char *file = read_whole(&session->arena, source);
    int code = EXIT_WORLD;
    if (file) {
        splice_section(file, text_string(&section), &out);
        code = text_save(&out, path) == 0 ? EXIT_FINE : EXIT_WORLD;
    }
    if (code != EXIT_FINE)
        fprintf(stderr, "tokenroof: %s: %s\n", file ? path : source, strerror(errno));
    text_release(&section);
    text_release(&out);
    return code;
}

/* The measured runs of `sets` on `device`, complete; those that can't be predicted are left out. */
static int64_t gather_runs(struct session *session, const struct options *options,
                           const struct sample_set *sets, int set_count,
                           const struct calibration_options *how, struct measured_run *runs)
{
    struct run_maker *maker = arena_alloc(&session->arena, sizeof *maker);
    int64_t count = 0;
    run_maker_init(maker, session);
    for (int s = 0; s < set_count; s++)
        for (int64_t i = 0; i < sets[s].run_count; i++) {
            const struct run_sample *sample = &sets[s].runs[i];
            struct measured_run *next = &runs[count];
            bool is_elsewhere = sample->device && !options_value(options, "device") &&
                                strcmp(sample->device, how->device->id) != 0;
            if (is_elsewhere || sample->is_closed_loop ||
                run_maker_complete(maker, sample, how->device, &next->run))
                continue;
            next->ttft_s = sample->ttft_s;
            next->tpot_s = sample->tpot_s;
            next->is_held = run_fit_is_held(&next->run, how->seed, how->held_ratio);
            count++;
        }
    return count;
}

static void print_run_fit(const struct run_fit *fit)
{
    printf("products: compute %.3g, memory %.3g; experts: compute %.3g, memory %.3g\n",
           fit->compute_ratio, fit->memory_ratio, fit->expert_compute_ratio,
           fit->expert_memory_ratio);
    printf("%lld figures: median %.1f %%; %lld held out: median %.1f %%, p90 %.0f %%\n",
           (long long)fit->rows, 100.0 * fit->fit_median_ratio, (long long)fit->held_rows,
           100.0 * fit->held_median_ratio, 100.0 * fit->held_p90_ratio);
    if (fit->other_rows)
        printf("%lld decode steps of several requests, none fitted: median %.1f %%, p90 %.0f %%\n",
               (long long)fit->other_rows, 100.0 * fit->other_median_ratio,
               100.0 * fit->other_p90_ratio);
    if (fit->unknown)
        printf("left at rules of thumb, these runs can't tell: %s\n", fit->unknown);
}

/* Fractions from whole runs, as fits of kernel classes; false with a message when there are too few
 * runs, or the device has laws that runs can't fill. */
static bool calibrate_runs(struct session *session, const struct options *options,
                           const struct sample_set *sets, int set_count,
                           const struct calibration_options *how, struct calibration *calibration)
{
    struct place place = {.source = sets[0].path};
    int64_t room = 1;
    for (int s = 0; s < set_count; s++)
        room += sets[s].run_count;
    struct measured_run *runs = arena_array(&session->arena, (size_t)room, sizeof *runs);
    struct run_fit fit;
    if (how->device->kind == DEVICE_GPU) {
        diag_add(&session->diags, SEVERITY_ERROR, place,
                 "the kernel laws of a GPU have parameters that whole runs can't tell");
        diag_hint(&session->diags, "time kernels: validate/README.md lists the columns");
        return false;
    }
    int64_t count = gather_runs(session, options, sets, set_count, how, runs);
    if (session->diags.error_count)
        return false;
    if (!run_fit_find(&session->arena, runs, count, &fit)) {
        diag_add(&session->diags, SEVERITY_ERROR, place,
                 "too few runs to fit: %lld of static batches can be predicted", (long long)count);
        diag_hint(&session->diags,
                  "prefills and decode steps of single requests count, 8 at least");
        return false;
    }
    const char *from = arena_printf(&session->arena, "%s%swhole runs of %s, not kernels",
                                    how->source ? how->source : "", how->source ? ": " : "",
                                    sets[0].engine ? sets[0].engine : sets[0].format);
    struct kernel_fit kernels[RUN_FIT_CLASSES];
    run_fit_kernels(&fit, from, how->date, kernels);
    calibration->classes =
        arena_array(&session->arena, RUN_FIT_CLASSES, sizeof *calibration->classes);
    for (int i = 0; i < RUN_FIT_CLASSES; i++)
        calibration->classes[calibration->class_count++].fit = kernels[i];
    print_run_fit(&fit);
    return true;
}

static const char *device_name(const struct options *options, const struct sample_set *sets,
                               int count)
{
    const char *name = options_value(options, "device");
    for (int i = 0; !name && i < count; i++)
        name = sets[i].device;
    return name;
}

static int read_sets(struct session *session, const struct options *options,
                     struct sample_set *sets)
{
    int count = 0;
    for (int i = 0; i < options->argument_count; i++)
        if (samples_read(&session->arena, &session->diags, options->arguments[i], &sets[count]))
            count++;
    return count;
}

/* Why these files fit nothing. */
static void explain_nothing(struct session *session, const struct sample_set *sets, int count,
                            const struct calibration_options *how)
{
    int64_t kernels = 0;
    int64_t runs = 0;
    for (int i = 0; i < count; i++) {
        kernels += sets[i].kernel_count;
        runs += sets[i].run_count;
    }
    bool is_chosen = how->class_name || how->variant || how->min_time_s > 0.0;
    struct place place = {.source = sets[0].path};
    diag_add(&session->diags, SEVERITY_ERROR, place,
             "nothing to fit: %lld kernels, fewer of each wanted class than its law needs",
             (long long)kernels);
    if (kernels == 0 && runs > 0)
        diag_hint(&session->diags,
                  "%lld whole runs are there: they judge (`tokenroof validate`), "
                  "kernels fit",
                  (long long)runs);
    else if (is_chosen)
        diag_hint(&session->diags, "--class, --variant and --min-time choose among the rows");
    else
        diag_hint(&session->diags, "a class needs more than twice as many rows as parameters, "
                                   "about 20");
}

static int calibrate_files(struct session *session, const struct options *options,
                           struct calibration_options *how)
{
    struct sample_set *sets =
        arena_array(&session->arena, (size_t)options->argument_count, sizeof *sets);
    int count = read_sets(session, options, sets);
    const char *name = device_name(options, sets, count);
    if (session->diags.error_count)
        return EXIT_FINE;
    if (!name) {
        fprintf(stderr, "tokenroof calibrate: the files name no device; add --device NAME\n");
        return EXIT_BAD_USAGE;
    }
    struct place place = {.source = "--device"};
    how->device = load_device(&session->loader, name, ".", place);
    if (!how->device)
        return EXIT_FINE;
    const char *path = options_value(options, "output");
    const char *source = strchr(name, '/') ? name
                                           : arena_printf(&session->arena, "%s/hwdb/%s.yaml",
                                                          session->loader.data_root, name);
    if (options_count(options, "runs")) {
        struct calibration from_runs = {0};
        bool is_fit = calibrate_runs(session, options, sets, count, how, &from_runs);
        return is_fit && path ? write_device(session, how->device, source, &from_runs, path)
                              : EXIT_FINE;
    }
    struct calibration calibration = calibrate(&session->arena, sets, count, how);
    if (calibration.class_count == 0) {
        explain_nothing(session, sets, count, how);
        return EXIT_FINE;
    }
    struct table table;
    struct text out;
    text_init(&out);
    calibration_table(&calibration, &session->arena, &table);
    text_addf(&out, "%s\n\n", how->device->name);
    table_print(&table, &out);
    if (options_count(options, "leave-one-out")) {
        calibration_leave_one_out(&session->arena, sets, count, how, &table);
        text_add(&out, "\n");
        table_print(&table, &out);
    }
    fputs(text_string(&out), stdout);
    text_release(&out);
    return path ? write_device(session, how->device, source, &calibration, path) : EXIT_FINE;
}

/* Warns when others used the machine meanwhile: the fit is then too slow. */
static void warn_busy(double others)
{
    if (others > MACHINE_BEARABLE_OTHERS)
        fprintf(stderr,
                "tokenroof: other programs used %.1f processors meanwhile: times are too long\n",
                others);
}

static bool keep_table(const struct machine_tables *tables, enum machine_probe probe,
                       const char *folder)
{
    if (machine_table_save(tables, probe, folder))
        return true;
    fprintf(stderr, "tokenroof: %s/%s.csv: %s\n", folder, machine_probe_names[probe],
            strerror(errno));
    return false;
}

static bool run_probes(struct session *session, struct probe_options *how, const char *folder,
                       struct machine_tables *tables)
{
    struct stages progress = stages_start();
    struct machine_load load = {0};
    bool is_complete = true;
    machine_others(&load);
    how->progress = stages_show;
    how->progress_context = &progress;
    for (int probe = 0; probe < MACHINE_PROBE_COUNT && is_complete; probe++) {
        stages_part(&progress, machine_probe_names[probe],
                    machine_probe_share((enum machine_probe)probe));
        enum machine_probe which = (enum machine_probe)probe;
        if (folder && machine_table_load(tables, &session->arena, which, folder))
            continue;
        is_complete = machine_probe_run(tables, &session->arena, which, how) &&
                      (!folder || keep_table(tables, which, folder));
    }
    stages_end(&progress);
    warn_busy(machine_others(&load));
    return is_complete;
}

/* The whole device as a file, and its classes for people. */
static int report_machine(struct session *session, const struct options *options,
                          const struct machine *machine, const struct machine_fit *found)
{
    struct table table;
    struct text out;
    struct text file;
    text_init(&out);
    text_init(&file);
    text_addf(&out, "%s\n\n", found->device.name);
    calibration_table(&found->calibration, &session->arena, &table);
    table_print(&table, &out);
    fputs(text_string(&out), stdout);
    text_addf(&file, "# %s: measured and fitted by tokenroof calibrate --this-machine\n",
              found->device.name);
    machine_remarks(machine, &file);
    schema_format(&session->arena, device_fields, &found->device, &file);
    const char *path = options_value(options, "output");
    int code = EXIT_FINE;
    if (path && text_save(&file, path) != 0) {
        fprintf(stderr, "tokenroof: %s: %s\n", path, strerror(errno));
        code = EXIT_WORLD;
    } else if (!path) {
        printf("\n%s", text_string(&file));
    }
    text_release(&out);
    text_release(&file);
    return code;
}

static int calibrate_machine(struct session *session, const struct options *options)
{
    struct machine machine = machine_detect(&session->arena);
    struct probe_options how = probe_options_default();
    const char *threads = options_value(options, "threads");
    const char *point = options_value(options, "point");
    how.threads_max = threads ? atoi(threads) : machine.cores;
    how.point_s = 0.025;
    if (how.threads_max < 1 || how.threads_max > machine.cores) {
        fprintf(stderr, "tokenroof calibrate: --threads takes 1 to %d here\n", machine.cores);
        return EXIT_BAD_USAGE;
    }
    if (point && !read_time(point, &how.point_s))
        return EXIT_BAD_USAGE;
    machine.cores = how.threads_max;
    struct machine_tables *tables = arena_alloc(&session->arena, sizeof *tables);
    if (!run_probes(session, &how, options_value(options, "tables"), tables)) {
        fprintf(stderr, "tokenroof calibrate: no room to measure or to keep tables\n");
        return EXIT_WORLD;
    }
    struct machine_fit found =
        machine_fit_tables(&session->arena, &machine, tables, today(&session->arena));
    return report_machine(session, options, &machine, &found);
}

static int run(const struct command *command, const struct options *options)
{
    (void)command;
    struct session session;
    session_open(&session, options);
    const char *least = options_value(options, "min-time");
    int64_t seed = 1;
    int64_t most = 6000;
    struct calibration_options how = {
        .variant = options_value(options, "variant"),
        .class_name = options_value(options, "class"),
        .source = options_value(options, "source"),
        .held_ratio = 0.2,
        .date = today(&session.arena),
    };
    int code = EXIT_BAD_USAGE;
    if (options_count(options, "this-machine"))
        code = calibrate_machine(&session, options);
    else if (options->argument_count == 0)
        fprintf(stderr, "tokenroof calibrate: name files with measurements, or --this-machine\n");
    else if (check_class(how.class_name) && read_count(options, "seed", seed, &seed) &&
             read_count(options, "rows", most, &most) &&
             (!least || read_time(least, &how.min_time_s))) {
        how.seed = (uint64_t)seed;
        how.most_rows = most;
        code = calibrate_files(&session, options, &how);
    }
    return session_close(&session, code);
}

const struct command command_calibrate = {
    .name = "calibrate",
    .usage = "FILES… | --this-machine [OPTIONS]",
    .summary = "Fits a device's attained fractions to measured kernels; holds out 20 % to judge.",
    .example = "tokenroof calibrate validate/traces/synthetic/gemm.csv --device h100-sxm",
    .options = rows,
    .least_arguments = 0,
    .most_arguments = OPTION_VALUES_MAX,
    .run = run,
};
