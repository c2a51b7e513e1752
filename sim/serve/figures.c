#include "serve/figures.h"

#include "base/arena.h"

#include <math.h>
#include <stdlib.h>

#define SPREAD_NAMES(id, name, title)                                                              \
    name "_mean_s", name "_std_s", name "_p50_s", name "_p90_s", name "_p95_s", name "_p99_s",
#define SPREAD_TITLES(id, name, title)                                                             \
    title " mean", title " std", title " p50", title " p90", title " p95", title " p99",
#define SPREAD_UNITS(id, name, title) "s", "s", "s", "s", "s", "s",
#define SINGLE_NAME(id, name, title, unit) name,
#define SINGLE_TITLE(id, name, title, unit) title,
#define SINGLE_UNIT(id, name, title, unit) unit,
const char *const figure_names[FIGURE_COUNT] = {FIGURE_SPREADS(SPREAD_NAMES)
                                                    FIGURE_SINGLES(SINGLE_NAME)};
const char *const figure_titles[FIGURE_COUNT] = {FIGURE_SPREADS(SPREAD_TITLES)
                                                     FIGURE_SINGLES(SINGLE_TITLE)};
const char *const figure_units[FIGURE_COUNT] = {FIGURE_SPREADS(SPREAD_UNITS)
                                                    FIGURE_SINGLES(SINGLE_UNIT)};

void collector_init(struct collector *collector, const struct serving_load *load, int64_t devices,
                    int64_t expected)
{
    enum { LEAST = 1024, MOST_AT_ONCE = 1 << 20 };
    int64_t capacity = expected < LEAST ? LEAST : expected;
    capacity = capacity < MOST_AT_ONCE ? capacity : MOST_AT_ONCE;
    *collector = (struct collector){
        .load = load,
        .devices = devices,
        .records = heap_array(NULL, (size_t)capacity, sizeof *collector->records),
        .capacity = capacity,
        .warmup_left = load->warmup_count > 0 ? load->warmup_count : 0,
    };
    gaps_init(&collector->gaps);
    series_init(&collector->series);
}

static void take_record(void *context, const struct request_record *record)
{
    struct collector *collector = context;
    if (collector->count == collector->capacity) {
        collector->capacity += collector->capacity / 2;
        collector->records =
            heap_array(collector->records, (size_t)collector->capacity, sizeof *collector->records);
    }
    collector->records[collector->count++] = *record;
    if (collector->log)
        step_log_done(collector->log, record->id);
    if (collector->warmup_left > 0 && record->id < collector->load->warmup_count)
        collector->warmup_left--;
}

static void take_gap(void *context, int64_t gap_ns, int64_t count)
{
    struct collector *collector = context;
    if (collector->warmup_left == 0 && count > 0)
        gaps_add(&collector->gaps, gap_ns, count);
}

static void take_sample(void *context, const struct server_sample *sample)
{
    struct collector *collector = context;
    series_add(&collector->series, sample);
    if (collector->log)
        step_log_add(collector->log, sample);
}

struct metrics_sink collector_sink(struct collector *collector)
{
    return (struct metrics_sink){collector, take_record, take_gap, take_sample};
}

static double *e2e_by_id(const struct collector *collector)
{
    double *e2e_s = heap_array(NULL, (size_t)collector->count, sizeof *e2e_s);
    for (int64_t i = 0; i < collector->count; i++)
        e2e_s[i] = (double)NAN;
    for (int64_t i = 0; i < collector->count; i++) {
        const struct request_record *record = &collector->records[i];
        if (record->id < collector->count)
            e2e_s[record->id] = (double)(record->finished_ns - record->arrival_ns) / 1e9;
    }
    return e2e_s;
}

int64_t collector_warmup(const struct collector *collector)
{
    if (collector->load->warmup_count >= 0)
        return collector->load->warmup_count;
    double *e2e_s = e2e_by_id(collector);
    int64_t count = 0; /* requests that failed leave a hole: the series ends there */
    while (count < collector->count && !isnan(e2e_s[count]))
        count++;
    int64_t warmup = mser5(e2e_s, count);
    free(e2e_s);
    return warmup;
}

/* The requests that count, one array per latency. */
struct sifted {
    double *latency[5]; /* TTFT, E2E, queue, service, TPOT */
    int64_t count;
    int64_t tpot_count;
    int64_t good;
    int64_t begin_ns;
    int64_t end_ns;
    double input_tokens;
    double output_tokens;
    double cached_tokens;
    double preemptions;
    double in_flight_ns;
};

static bool is_kept(double value_s, double promise_s)
{
    return isnan(promise_s) || value_s <= promise_s;
}

static void sift_record(struct sifted *sifted, const struct request_record *record,
                        const struct slo *slo)
{
    double ttft_s = (double)(record->first_token_ns - record->arrival_ns) / 1e9;
    double e2e_s = (double)(record->finished_ns - record->arrival_ns) / 1e9;
    double queue_s = (double)(record->first_scheduled_ns - record->arrival_ns) / 1e9;
    double tpot_s = 0.0;
    if (record->output_tokens > 1) {
        tpot_s = (double)(record->finished_ns - record->first_token_ns) /
                 (double)(record->output_tokens - 1) / 1e9;
        sifted->latency[4][sifted->tpot_count++] = tpot_s;
    }
    sifted->latency[0][sifted->count] = ttft_s;
    sifted->latency[1][sifted->count] = e2e_s;
    sifted->latency[2][sifted->count] = queue_s;
    sifted->latency[3][sifted->count++] = e2e_s - queue_s;
    sifted->good +=
        is_kept(ttft_s, slo->ttft_s) && is_kept(tpot_s, slo->tpot_s) && is_kept(e2e_s, slo->e2e_s);
    if (record->arrival_ns < sifted->begin_ns)
        sifted->begin_ns = record->arrival_ns;
    if (record->finished_ns > sifted->end_ns)
        sifted->end_ns = record->finished_ns;
    sifted->input_tokens += record->input_tokens;
    sifted->output_tokens += record->output_tokens;
    sifted->cached_tokens += record->cached_tokens;
    sifted->preemptions += record->preemptions;
    sifted->in_flight_ns += (double)(record->finished_ns - record->arrival_ns);
}

static void sift(const struct collector *collector, int64_t warmup, struct sifted *sifted)
{
    *sifted = (struct sifted){.begin_ns = INT64_MAX};
    for (int i = 0; i < 5; i++)
        sifted->latency[i] = heap_array(NULL, (size_t)collector->count, sizeof *sifted->latency[i]);
    for (int64_t i = 0; i < collector->count; i++)
        if (collector->records[i].id >= warmup)
            sift_record(sifted, &collector->records[i], &collector->load->slo);
    if (warmup == 0 || sifted->count == 0)
        sifted->begin_ns = 0; /* the clock of a benchmark starts before its first request */
}

static int compare_times(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Most requests in flight at once; one that leaves as another comes makes room for it. */
static double peak_concurrency(const struct collector *collector)
{
    int64_t count = collector->count;
    double *arrivals = heap_array(NULL, (size_t)count, sizeof *arrivals);
    double *ends = heap_array(NULL, (size_t)count, sizeof *ends);
    for (int64_t i = 0; i < count; i++) {
        arrivals[i] = (double)collector->records[i].arrival_ns;
        ends[i] = (double)collector->records[i].finished_ns;
    }
    qsort(arrivals, (size_t)count, sizeof *arrivals, compare_times);
    qsort(ends, (size_t)count, sizeof *ends, compare_times);
    int64_t peak = 0;
    int64_t left = 0;
    for (int64_t i = 0; i < count; i++) {
        while (left < count && ends[left] <= arrivals[i])
            left++;
        peak = i + 1 - left > peak ? i + 1 - left : peak;
    }
    free(arrivals);
    free(ends);
    return (double)peak;
}

double collector_growth(const struct collector *collector)
{
    int64_t first = INT64_MAX;
    int64_t last = 0;
    for (int64_t i = 0; i < collector->count; i++) {
        int64_t arrival = collector->records[i].arrival_ns;
        first = arrival < first ? arrival : first;
        last = arrival > last ? arrival : last;
    }
    if (collector->count == 0)
        return 0.0;
    int64_t middle = first + (last - first) / 2;
    int64_t growth = 0;
    for (int64_t i = 0; i < collector->count; i++) {
        const struct request_record *record = &collector->records[i];
        growth += record->arrival_ns > middle;
        growth -= record->finished_ns > middle && record->finished_ns <= last;
    }
    return (double)growth / (double)collector->count;
}

static void set_spread(struct figures *figures, enum figure first, struct spread spread)
{
    double *value = &figures->value[first];
    value[0] = spread.mean;
    value[1] = spread.std;
    value[2] = spread.p50;
    value[3] = spread.p90;
    value[4] = spread.p95;
    value[5] = spread.p99;
}

static void set_rates(const struct collector *collector, const struct sifted *sifted,
                      struct figures *figures)
{
    double *value = figures->value;
    double duration_s = (double)(sifted->end_ns - sifted->begin_ns) / 1e9;
    double total_tokens = sifted->input_tokens + sifted->output_tokens;
    value[FIGURE_COMPLETED] = (double)sifted->count;
    value[FIGURE_DURATION] = duration_s;
    value[FIGURE_INPUT_TOKENS] = sifted->input_tokens;
    value[FIGURE_OUTPUT_TOKENS] = sifted->output_tokens;
    value[FIGURE_REQUEST_RATE] = (double)sifted->count / duration_s;
    value[FIGURE_OUTPUT_RATE] = sifted->output_tokens / duration_s;
    value[FIGURE_TOTAL_RATE] = total_tokens / duration_s;
    value[FIGURE_PEAK_CONCURRENCY] = peak_concurrency(collector);
    value[FIGURE_MEAN_CONCURRENCY] = 1e-9 * sifted->in_flight_ns / duration_s;
    value[FIGURE_PREEMPTIONS] = sifted->preemptions;
    value[FIGURE_PREFIX_HITS] = sifted->cached_tokens / sifted->input_tokens;
    const struct slo *slo = &collector->load->slo;
    if (!isnan(slo->ttft_s) || !isnan(slo->tpot_s) || !isnan(slo->e2e_s)) {
        value[FIGURE_GOODPUT] = (double)sifted->good / duration_s;
        value[FIGURE_GOOD_SHARE] = (double)sifted->good / (double)sifted->count;
    }
    double cost = collector->load->price_per_hour * (double)collector->devices / 3600.0;
    value[FIGURE_COST_PER_TOKEN] = 1e6 * cost * duration_s / total_tokens;
    value[FIGURE_COST_PER_OUTPUT] = 1e6 * cost * duration_s / sifted->output_tokens;
}

static void set_occupancy(const struct collector *collector, const struct sifted *sifted,
                          struct figures *figures)
{
    double *value = figures->value;
    struct series_bin sum = series_sum(&collector->series, sifted->begin_ns, sifted->end_ns);
    double span_ns = (double)(sifted->end_ns - sifted->begin_ns);
    if (!(sum.covered_ns > 0.0))
        return;
    value[FIGURE_RUNNING] = sum.running_ns / span_ns;
    value[FIGURE_WAITING] = sum.waiting_ns / span_ns;
    value[FIGURE_KV_SHARE] = sum.kv_ns / sum.kv_room_ns;
    value[FIGURE_BUSY_SHARE] = sum.busy_ns / sum.covered_ns;
    value[FIGURE_STEPS] = sum.steps;
    if (!collector->power)
        return;
    double energy_j = 0.0;
    for (int i = 0; i < collector->series.count; i++) {
        int64_t begin_ns = i * collector->series.width_ns;
        if (begin_ns >= sifted->begin_ns && begin_ns < sifted->end_ns)
            energy_j += power_energy_j(collector->power, &collector->series.bins[i]);
    }
    value[FIGURE_ENERGY] = energy_j;
    value[FIGURE_ENERGY_PER_TOKEN] =
        1e6 * energy_j / (sifted->input_tokens + sifted->output_tokens);
}

void collector_figures(const struct collector *collector, struct figures *figures)
{
    struct sifted sifted;
    int64_t warmup = collector_warmup(collector);
    for (int i = 0; i < FIGURE_COUNT; i++)
        figures->value[i] = (double)NAN;
    sift(collector, warmup, &sifted);
    figures->value[FIGURE_COMPLETED] = 0.0;
    figures->value[FIGURE_WARMUP] = (double)warmup;
    if (sifted.count > 0) {
        set_rates(collector, &sifted, figures);
        set_occupancy(collector, &sifted, figures);
        set_spread(figures, FIGURE_TTFT_MEAN, spread_of(sifted.latency[0], sifted.count));
        set_spread(figures, FIGURE_E2E_MEAN, spread_of(sifted.latency[1], sifted.count));
        set_spread(figures, FIGURE_QUEUE_MEAN, spread_of(sifted.latency[2], sifted.count));
        set_spread(figures, FIGURE_SERVICE_MEAN, spread_of(sifted.latency[3], sifted.count));
        set_spread(figures, FIGURE_TPOT_MEAN, spread_of(sifted.latency[4], sifted.tpot_count));
        set_spread(figures, FIGURE_ITL_MEAN, gaps_spread(&collector->gaps));
    }
    for (int i = 0; i < 5; i++)
        free(sifted.latency[i]);
}

void collector_release(struct collector *collector)
{
    free(collector->records);
    gaps_release(&collector->gaps);
    series_release(&collector->series);
    *collector = (struct collector){0};
}
