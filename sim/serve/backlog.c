#include "serve/backlog.h"

static int64_t waiting_at(const struct collector *collector, int64_t at_ns)
{
    int64_t count = 0;
    for (int64_t i = 0; i < collector->count; i++) {
        const struct request_record *record = &collector->records[i];
        count += record->arrival_ns <= at_ns && record->first_scheduled_ns > at_ns;
    }
    return count;
}

struct backlog backlog_of(const struct collector *collector)
{
    int64_t last_ns = 0;
    for (int64_t i = 0; i < collector->count; i++)
        if (collector->records[i].arrival_ns > last_ns)
            last_ns = collector->records[i].arrival_ns;
    return (struct backlog){collector->count, waiting_at(collector, last_ns / 2),
                            waiting_at(collector, last_ns)};
}

bool backlog_grows(const struct backlog *backlog)
{
    return backlog->end >= 20 && 20 * backlog->end >= backlog->arrived &&
           2 * backlog->end >= 3 * backlog->half;
}
