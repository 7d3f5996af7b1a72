#include "npsd/api/recall.h"

#include "npsd/api/jobs.h"
#include "npsd/api/kept.h"
#include "npsd/api/world.h"
#include "npsd/base/metrics.h"
#include "npsd/base/text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define QUARTER_HOUR_US (900 * INT64_C(1000000))

/* A call on its way to a worker, or one that waits for such a call. Lives in its call's arena. */
struct flight {
    struct flight *next; /* of those that have not begun, or that wait for the same */
    struct call *call;
    struct question question;
    struct flight *waiting;  /* those that share its reply */
    struct kept_reply *kept; /* for one that waits; NULL: there is nothing to share */
    bool failed;             /* and no hope to do better */
};

struct recall {
    struct freshness *freshness;
    struct kept_table *table;
    pthread_mutex_t mutex;  /* guards flights, and who waits for them */
    struct flight *flights; /* not yet begun */
};

/* --- what is asked --- */

static void add_text(struct buf *bytes, const char *text)
{
    buf_add(bytes, text, strlen(text) + 1);
}

/* Texts end with NUL, which none of them holds, so two questions never look alike. */
static struct question question_of(const struct call *call)
{
    const struct identity *who = call_identity(call);
    struct buf bytes = buf_make(call->arena, 256);
    const int64_t numbers[] = {who->snapshot->version, call->received_us / QUARTER_HOUR_US,
                               who->survey || !who->key ? 0 : who->key->id};
    buf_add(&bytes, (const char *)numbers, sizeof numbers);
    add_text(&bytes, call->path);
    for (size_t i = 0; i < call->query_count; i++) {
        add_text(&bytes, call->query[i].name);
        add_text(&bytes, call->query[i].value);
    }
    return (struct question){bytes.data, bytes.len, text_hash(bytes.data, bytes.len)};
}

/* Of the survey, or of all: generations only grow, so their sum moves when any of them does. */
static uint64_t generation_of(const struct call *call)
{
    const struct identity *who = call_identity(call);
    struct freshness *freshness = call_world(call)->recall->freshness;
    uint64_t sum = 0;
    if (who->survey)
        return freshness_generation(freshness, who->survey->id);
    for (size_t i = 0; i < who->snapshot->survey_count; i++)
        sum += freshness_generation(freshness, who->snapshot->surveys[i]->id);
    return sum;
}

/* --- flights --- */

/* True: it waits for one that asks the same and has not begun. */
static bool join(struct recall *recall, struct flight *flight)
{
    pthread_mutex_lock(&recall->mutex);
    struct flight *other = recall->flights;
    while (other && !question_is(&other->question, &flight->question))
        other = other->next;
    struct flight **list = other ? &other->waiting : &recall->flights;
    flight->next = *list;
    *list = flight;
    pthread_mutex_unlock(&recall->mutex);
    return other != NULL;
}

/* From here on nobody joins it; returns those who have. */
static struct flight *begin(struct recall *recall, struct flight *flight)
{
    pthread_mutex_lock(&recall->mutex);
    struct flight **at = &recall->flights;
    while (*at != flight)
        at = &(*at)->next;
    *at = flight->next;
    struct flight *waiting = flight->waiting;
    pthread_mutex_unlock(&recall->mutex);
    return waiting;
}

/* A call may end as soon as it is woken, and its flight with it. */
static void wake(struct flight *waiting, struct kept_reply *kept, bool failed)
{
    while (waiting) {
        struct flight *next = waiting->next;
        waiting->failed = failed;
        waiting->kept = kept ? kept_hold(kept) : NULL;
        call_resume(waiting->call);
        waiting = next;
    }
}

/* On a worker, in place of the route's handler: outside of any landing, because whoever waits must
 * be woken whatever happens. */
static struct reply fly(struct call *call, void *work)
{
    const struct flight *flight = work;
    struct recall *recall = call_world(call)->recall;
    struct flight *waiting = begin(recall, work);
    uint64_t generation = generation_of(call);
    struct reply reply = jobs_handle(call);
    struct kept_reply *kept = kept_copy(&reply);
    if (kept && generation_of(call) == generation)
        kept_put(recall->table, &flight->question, generation, kept);
    wake(waiting, kept, reply.status >= 500);
    if (kept)
        kept_release(kept);
    return reply;
}

static bool start(struct call *call, void *work)
{
    struct flight *flight = work;
    struct recall *recall = call_world(call)->recall;
    if (join(recall, flight)) {
        metrics_add(METRIC_SHARED, 1);
        return true;
    }
    if (jobs_submit_to(call, fly, flight))
        return true;
    wake(begin(recall, flight), NULL, true);
    flight->failed = true;
    return false;
}

static bool start_alone(struct call *call, void *work)
{
    (void)work;
    return jobs_submit(call, false);
}

static struct reply overloaded(struct call *call, void *work)
{
    (void)work;
    return reply_problem(call, PROBLEM_OVERLOADED, NULL);
}

/* A refusal is not shared: each is told in the name of its own request. */
static struct reply finish(struct call *call, void *work)
{
    struct flight *flight = work;
    if (flight->kept)
        return kept_answer(call, flight->kept);
    if (flight->failed)
        return overloaded(call, NULL);
    return reply_later(start_alone, overloaded, NULL);
}

struct reply recall_call(struct call *call)
{
    struct recall *recall = call_world(call)->recall;
    const struct question question = question_of(call);
    uint64_t generation = generation_of(call);
    struct kept_reply *kept = freshness_is_current(recall->freshness)
                                  ? kept_get(recall->table, &question, generation)
                                  : NULL;
    if (kept) {
        metrics_add(METRIC_RECALLED, 1);
        return kept_answer(call, kept);
    }
    struct flight *flight = arena_calloc(call->arena, 1, sizeof *flight);
    flight->call = call;
    flight->question = question;
    return reply_later(start, finish, flight);
}

/* --- life --- */

struct recall *recall_new(struct freshness *freshness)
{
    struct recall *recall = calloc(1, sizeof *recall);
    struct kept_table *table = kept_new(RECALL_BYTES);
    if (!recall || !table) {
        free(recall);
        kept_free(table);
        return NULL;
    }
    recall->freshness = freshness;
    recall->table = table;
    pthread_mutex_init(&recall->mutex, NULL);
    return recall;
}

void recall_free(struct recall *recall)
{
    if (!recall)
        return;
    kept_free(recall->table);
    pthread_mutex_destroy(&recall->mutex);
    free(recall);
}
