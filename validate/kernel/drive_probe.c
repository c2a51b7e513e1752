/* Prints one table of microbenchmarks, for those who tune the kernel; people use `tokenroof
 * calibrate`. drive_probe NAME [threads seconds-per-row] */
#include "kernel/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    bool (*run)(const struct probe_options *options, struct table *table);
} probes[] = {
    {"bandwidth", probe_bandwidth   },
    {"peak",      probe_peak        },
    {"gemm",      probe_gemm        },
    {"grouped",   probe_grouped_gemm},
    {"barrier",   probe_barrier     },
    {"library",   probe_library_gemm},
};

int main(int argc, char **argv)
{
    struct probe_options options = probe_options_default();
    struct arena arena;
    struct table table;
    struct text out;
    size_t probe = 0;
    while (argc > 1 && probe < sizeof probes / sizeof *probes &&
           strcmp(probes[probe].name, argv[1]) != 0)
        probe++;
    if (argc < 2 || probe == sizeof probes / sizeof *probes) {
        fprintf(stderr, "usage: drive_probe NAME [threads seconds-per-row]\n");
        return 2;
    }
    if (argc > 2)
        options.threads_max = atoi(argv[2]);
    if (argc > 3)
        options.point_s = strtod(argv[3], NULL);
    arena_init(&arena);
    text_init(&out);
    table_init(&table, &arena, argv[1]);
    bool is_complete = probes[probe].run(&options, &table);
    table_print(&table, &out);
    fputs(text_string(&out), stdout);
    text_release(&out);
    arena_release(&arena);
    return is_complete ? 0 : 3;
}
