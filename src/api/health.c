#include "npsd/api/health.h"

#include "npsd/api/traffic.h"
#include "npsd/api/world.h"
#include "npsd/base/clock.h"
#include "npsd/base/metrics.h"
#include "npsd/db/pool.h"
#include "npsd/ingest/lane.h"
#include "npsd/ingest/spooler.h"
#include "npsd/state/poller.h"

#include <stdio.h>
#include <unistd.h>

struct reply health_alive(struct call *call)
{
    struct json_writer w = json_writer(call->arena);
    json_object_begin(&w, NULL);
    json_put_text(&w, "status", "alive");
    json_object_end(&w);
    return reply_json(200, &w);
}

/* How the daemon is at the moment it is asked. */
struct readiness {
    const char *why; /* answers cannot be taken; NULL: they can */
    bool away;       /* the database takes none */
    struct spooler_state spooler;
};

static const char *const spooler_uses[] = {
    [SPOOLER_OFF] = "off",   [SPOOLER_LOCKED] = "locked", [SPOOLER_FOREIGN] = "foreign",
    [SPOOLER_FULL] = "full", [SPOOLER_BROKEN] = "broken", [SPOOLER_GOOD] = "good",
};

static bool is_queue_full(const struct world *world)
{
    return lane_room(world->single) * 5 < (size_t)world->config->queue;
}

static bool is_any_unfit(const struct world *world)
{
    bool unfit = lane_is_unfit(world->single);
    for (int i = 0; i < BATCH_LANES; i++)
        unfit |= lane_is_unfit(world->batch[i]);
    return unfit;
}

/* Without the database answers are taken by the spool, or not at all. */
static struct readiness readiness_of(const struct world *world)
{
    struct readiness is = {.spooler = spooler_state(world->spooler)};
    enum poller_health health = poller_health(world->poller);
    bool spools = is.spooler.use == SPOOLER_GOOD;
    is.away = health == POLLER_AWAY || is.spooler.away;
    if (atomic_load(&world->draining))
        is.why = "draining";
    else if (health == POLLER_SCHEMA || (!is.away && is_any_unfit(world)))
        is.why = "schema-wrong";
    else if (health == POLLER_UNSAFE)
        is.why = "durability-off";
    else if (is.away && !spools)
        is.why = is.spooler.use == SPOOLER_FULL ? "spool-full" : "database-away";
    else if (is_queue_full(world))
        is.why = "queue-full";
    return is;
}

static const char *status_of(const struct readiness *is)
{
    if (is->why)
        return "unavailable";
    return is->away ? "degraded" : "ready";
}

/* Only what somebody may want to do something about. */
static void write_spool(struct json_writer *w, const struct spooler_state *spooler)
{
    const struct spool_state *spool = &spooler->spool;
    bool quiet = spooler->use == SPOOLER_GOOD && spool->waiting == 0 && spool->conflicts == 0;
    if (spooler->use == SPOOLER_OFF || quiet)
        return;
    json_object_begin(w, "spool");
    json_put_text(w, "status", spooler_uses[spooler->use]);
    json_put_int(w, "waiting", spool->waiting);
    if (spool->waiting > 0)
        json_put_time(w, "oldest_received_at", spool->oldest_us);
    json_put_int(w, "conflicts", spool->conflicts);
    json_object_end(w);
}

struct reply health_ready(struct call *call)
{
    const struct world *world = call_world(call);
    const struct readiness is = readiness_of(world);
    struct json_writer w = json_writer(call->arena);
    json_object_begin(&w, NULL);
    json_put_text(&w, "status", status_of(&is));
    if (is.why)
        json_put_text(&w, "reason", is.why);
    if (is.away)
        json_put_text(&w, "database", "away");
    write_spool(&w, &is.spooler);
    if (world->config->allow_unsafe_durability)
        json_put_text(&w, "durability", "unsafe-allowed");
    json_object_end(&w);
    struct reply reply = reply_json(is.why ? 503 : 200, &w);
    reply_header(&reply, "Cache-Control", "no-store");
    if (is.why)
        reply_header(&reply, "Retry-After", "1");
    return reply;
}

static void write_counters(struct buf *out)
{
    static const struct {
        const char *name, *labels, *help;
    } texts[] = {
#define TEXTS(metric, name, labels, help) [metric] = {name, labels, help},
        METRICS_COUNTERS(TEXTS)
#undef TEXTS
    };
    for (int i = 0; i < METRIC_COUNTERS; i++) {
        if (i == 0 || strcmp(texts[i].name, texts[i - 1].name) != 0)
            buf_printf(out, "# HELP %s %s.\n# TYPE %s counter\n", texts[i].name, texts[i].help,
                       texts[i].name);
        buf_printf(out, "%s%s %llu\n", texts[i].name, texts[i].labels,
                   (unsigned long long)metrics_read(i));
    }
}

static void write_histogram(struct buf *out, const char *name, const char *help, double unit,
                            const struct metric_histogram_value *value)
{
    uint64_t total = 0;
    buf_printf(out, "# HELP %s %s.\n# TYPE %s histogram\n", name, help, name);
    for (int k = 0; k < METRIC_BUCKETS; k++) {
        total += value->buckets[k];
        buf_printf(out, "%s_bucket{le=\"%.9g\"} %llu\n", name, (double)(UINT64_C(1) << k) * unit,
                   (unsigned long long)total);
    }
    buf_printf(out, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.9g\n%s_count %llu\n", name,
               (unsigned long long)value->count, name, (double)value->sum * unit, name,
               (unsigned long long)value->count);
}

static void write_histograms(struct buf *out)
{
    struct metric_histogram_value value;
#define WRITE(metric, name, help, unit)                                                            \
    value = metrics_histogram(metric);                                                             \
    write_histogram(out, name, help, unit, &value);
    METRICS_HISTOGRAMS(WRITE)
#undef WRITE
}

static void write_gauge(struct buf *out, const char *name, const char *help, double value)
{
    buf_printf(out, "# HELP %s %s.\n# TYPE %s gauge\n%s %.15g\n", name, help, name, name, value);
}

static double resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fscanf(file, "%*s %ld", &pages) != 1)
        pages = 0;
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void write_spool_gauges(struct buf *out, const struct spooler_state *spooler)
{
    const struct spool_state *spool = &spooler->spool;
    int64_t age_us = spool->oldest_us ? clock_now_us() - spool->oldest_us : 0;
    write_gauge(out, "npsd_spool_usable", "1 while the spool takes answers if it must",
                spooler->use == SPOOLER_GOOD);
    write_gauge(out, "npsd_spooling", "1 while answers go to the spool", spooler->away);
    write_gauge(out, "npsd_spool_waiting", "Answers in the spool", (double)spool->waiting);
    write_gauge(out, "npsd_spool_oldest_seconds", "Age of the first answer in the spool",
                (double)age_us / CLOCK_SECOND_US);
    write_gauge(out, "npsd_spool_conflicts", "Answers kept aside in the spool",
                (double)spool->conflicts);
    write_gauge(out, "npsd_spool_bytes", "Bytes that the spool holds", (double)spool->bytes);
    write_gauge(out, "npsd_spool_max_bytes", "Bytes that the spool may hold",
                (double)spool->max_bytes);
}

static size_t batches_waiting(const struct world *world)
{
    size_t waiting = 0;
    for (int i = 0; i < BATCH_LANES; i++)
        waiting += lane_waiting(world->batch[i]);
    return waiting;
}

struct reply health_metrics(struct call *call)
{
    const struct world *world = call_world(call);
    struct buf out = buf_make(call->arena, 32 * 1024);
    traffic_write(&out);
    write_counters(&out);
    write_histograms(&out);
    buf_text(&out, "# HELP npsd_queue_depth Answers waiting for a commit.\n"
                   "# TYPE npsd_queue_depth gauge\n");
    buf_printf(&out, "npsd_queue_depth{lane=\"single\"} %zu\n", lane_waiting(world->single));
    buf_printf(&out, "npsd_queue_depth{lane=\"batch\"} %zu\n", batches_waiting(world));
    write_gauge(&out, "npsd_jobs_waiting", "Requests waiting for a database worker",
                (double)pool_waiting(world->pool));
    write_gauge(&out, "npsd_db_connected", "1 while the database answers",
                poller_health(world->poller) == POLLER_READY);
    const struct spooler_state spooler = spooler_state(world->spooler);
    write_spool_gauges(&out, &spooler);
    write_gauge(&out, "npsd_unsafe_durability_allowed", "1 if started for tests only",
                world->config->allow_unsafe_durability);
    write_gauge(&out, "process_resident_memory_bytes", "Resident memory", resident_bytes());
    buf_printf(&out,
               "# HELP npsd_build_info Version.\n# TYPE npsd_build_info gauge\n"
               "npsd_build_info{version=\"%s\"} 1\n",
               NPSD_VERSION);
    return reply_text(200, "text/plain; version=0.0.4; charset=utf-8", out.data, out.len);
}
