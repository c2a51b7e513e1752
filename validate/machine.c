#include "validate/machine.h"

#include "kernel/isa.h"
#include "kernel/op_timer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __clang__
#define COMPILER ""
#else
#define COMPILER "gcc"
#endif

#ifndef TOKENROOF_REVISION
#define TOKENROOF_REVISION "unknown"
#endif

enum { LINE_BYTES = 4096 };

/* The first line of a file of /sys without its end; false when there is none. */
static bool read_line(const char *path, char line[LINE_BYTES])
{
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    bool is_read = fgets(line, LINE_BYTES, file) != NULL;
    fclose(file);
    if (is_read)
        line[strcspn(line, "\n")] = '\0';
    return is_read;
}

/* The text after "key :" in a file like /proc/cpuinfo, or NULL. */
static const char *find_key(struct arena *arena, const char *path, const char *key)
{
    char line[LINE_BYTES];
    const char *found = NULL;
    FILE *file = fopen(path, "r");
    size_t length = strlen(key);
    while (file && !found && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        size_t blanks = strspn(line + length, " \t");
        if (!colon || strncmp(line, key, length) != 0 || line + length + blanks != colon)
            continue;
        line[strcspn(line, "\n")] = '\0';
        found = arena_strdup(arena, colon + 1 + strspn(colon + 1, " \t"));
    }
    if (file)
        fclose(file);
    return found;
}

static const char *known(const char *text)
{
    return text ? text : "unknown";
}

/* "1024K" or "32M" [B]; 0 when it is neither. */
static double cache_size(const char *text)
{
    char *end = NULL;
    double size = strtod(text, &end);
    return *end == 'K' ? size * 1024.0 : *end == 'M' ? size * 1048576.0 : 0.0;
}

/* Cores that share a cache, from a list such as 0-3,8; at least 1. */
static int cores_in_list(const char *list)
{
    int count = 0;
    while (*list) {
        char *end = NULL;
        long first = strtol(list, &end, 10);
        long last = *end == '-' ? strtol(end + 1, &end, 10) : first;
        count += (int)(last - first + 1);
        list = *end == ',' ? end + 1 : end + strlen(end);
    }
    return count > 0 ? count : 1;
}

static const char *cache_file(struct arena *arena, int index, const char *name)
{
    return arena_printf(arena, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, name);
}

static void detect_caches(struct arena *arena, struct machine *machine)
{
    enum { INDICES = 8 };
    char line[LINE_BYTES];
    for (int i = 0; i < INDICES && machine->cache_count < 4; i++) {
        if (!read_line(cache_file(arena, i, "type"), line) || strcmp(line, "Instruction") == 0)
            continue;
        struct cache cache = {.name = "cache", .bandwidth_byte_per_s = (double)NAN};
        if (read_line(cache_file(arena, i, "level"), line))
            cache.name = arena_printf(arena, "L%s", line);
        if (read_line(cache_file(arena, i, "size"), line))
            cache.capacity_bytes = cache_size(line);
        int sharing =
            read_line(cache_file(arena, i, "shared_cpu_list"), line) ? cores_in_list(line) : 1;
        int copies = machine->cores > sharing ? machine->cores / sharing : 1;
        cache.capacity_bytes *= copies;
        if (cache.capacity_bytes > 0.0)
            machine->caches[machine->cache_count++] = cache;
    }
}

struct machine machine_detect(struct arena *arena)
{
    static const char cpuinfo[] = "/proc/cpuinfo";
    const char *mega_hertz = find_key(arena, cpuinfo, "cpu MHz");
    const char *memory = find_key(arena, "/proc/meminfo", "MemTotal");
    const char *flags = find_key(arena, cpuinfo, "flags");
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct isa_features isa = isa_detect(ISA_AVX512);
    struct machine machine = {
        .processor = known(find_key(arena, cpuinfo, "model name")),
        .family = arena_printf(arena, "%s family %s model %s",
                               known(find_key(arena, cpuinfo, "vendor_id")),
                               known(find_key(arena, cpuinfo, "cpu family")),
                               known(find_key(arena, cpuinfo, "model"))),
        .cores = cores > 0 ? (int)cores : 1,
        .clock_hz = mega_hertz ? 1e6 * strtod(mega_hertz, NULL) : (double)NAN,
        .memory_bytes = memory ? 1024.0 * strtod(memory, NULL) : (double)NAN,
        .is_virtual = flags && strstr(flags, "hypervisor"),
        .instructions = arena_printf(arena, "%s%s%s", isa_names[isa.isa],
                                     isa.has_bf16 ? " bf16" : "", isa.has_vnni ? " vnni" : ""),
        .compiler = COMPILER " " __VERSION__,
        .revision = TOKENROOF_REVISION,
    };
    detect_caches(arena, &machine);
    return machine;
}

/* Processor time of the whole machine that is not idle [s], from the first line of /proc/stat. */
static double busy_time(void)
{
    double ticks[8] = {0};
    char line[LINE_BYTES];
    if (!read_line("/proc/stat", line))
        return (double)NAN;
    char *next = line + strcspn(line, " ");
    for (int i = 0; i < 8; i++)
        ticks[i] = strtod(next, &next);
    /* user, nice, system, interrupts, stolen by the hypervisor; not idle, waiting */
    return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7]) /
           (double)sysconf(_SC_CLK_TCK);
}

static double own_time(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return (double)NAN;
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

double machine_others(struct machine_load *state)
{
    struct machine_load next = {1e-9 * (double)clock_ns(), busy_time(), own_time()};
    double wall = next.at_s - state->at_s;
    double others = (next.busy_s - state->busy_s) - (next.own_s - state->own_s);
    bool is_first = !(state->at_s > 0.0);
    *state = next;
    if (is_first || !(wall > 0.0))
        return (double)NAN;
    return fmax(others, 0.0) / wall;
}

void machine_remarks(const struct machine *machine, struct text *out)
{
    char number[SI_TEXT_BYTES];
    text_addf(out, "# processor: %s (%s), %d cores%s\n", machine->processor, machine->family,
              machine->cores, machine->is_virtual ? ", a virtual machine" : "");
    text_addf(out, "# clock: %s as reported; kernels: %s\n",
              text_si(number, machine->clock_hz, "Hz", 4), machine->instructions);
    for (int i = 0; i < machine->cache_count; i++)
        text_addf(out, "# cache: %s %.0f KiB in all\n", machine->caches[i].name,
                  machine->caches[i].capacity_bytes / 1024.0);
    text_addf(out, "# memory: %s\n", text_si(number, machine->memory_bytes, "B", 3));
    text_addf(out, "# compiler: %s; revision: %s\n", machine->compiler, machine->revision);
}
