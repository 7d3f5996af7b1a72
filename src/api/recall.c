#include "npsd/api/recall.h"

#include "npsd/api/jobs.h"
#include "npsd/api/kept.h"
#include "npsd/api/limits.h"
#include "npsd/api/live.h"
#include "npsd/api/quota.h"
#include "npsd/api/stale.h"
#include "npsd/api/world.h"
#include "npsd/base/clock.h"
#include "npsd/base/metrics.h"
#include "recall_flight.h"
#include "recall_lease.h"

#include <stdlib.h>
#include <string.h>

/* From the begin of one query to the next of the same for those who gathered meanwhile: so a number
 * which changes all the time is not read without a pause, however many ask for it. */
#define PAUSE_US INT64_C(5000)

enum { OVERLOADED = 503, UNAVAILABLE = 503 };

struct recall {
    struct freshness *freshness;
    struct kept_table *table, *of_strangers;
    struct live *live;
    struct flights flights;
    uint8_t secret[CRYPTO_SHORT_KEY_SIZE];
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
    const int64_t numbers[] = {who->snapshot->version, recall_quarter(call->received_us),
                               who->survey || !who->key ? 0 : who->key->id};
    buf_add(&bytes, (const char *)numbers, sizeof numbers);
    add_text(&bytes, call->path);
    for (size_t i = 0; i < call->query_count; i++) {
        add_text(&bytes, call->query[i].name);
        add_text(&bytes, call->query[i].value);
    }
    uint64_t hash = crypto_short_hash(call_world(call)->recall->secret, bytes.data, bytes.len);
    return (struct question){bytes.data, bytes.len, hash};
}

/* Of the survey, or of all that the key covers: generations only grow, so their sum moves when any
 * of them does. */
static uint64_t generation_of(const struct call *call)
{
    const struct identity *who = call_identity(call);
    struct freshness *freshness = call_world(call)->recall->freshness;
    uint64_t sum = 0;
    if (who->survey)
        return freshness_generation(freshness, who->survey->id);
    for (size_t i = 0; i < who->snapshot->survey_count; i++)
        if (!who->key || directory_key_covers(who->key, who->snapshot->surveys[i]->id))
            sum += freshness_generation(freshness, who->snapshot->surveys[i]->id);
    return sum;
}

/* Whoever comes without a key, or with one that stands in web pages: they see public badges. */
static bool is_stranger(const struct call *call)
{
    return !role_is_secret(call_identity(call)->role);
}

/* What strangers ask does not push out what others see. */
static struct kept_table *table_of(const struct call *call)
{
    const struct recall *recall = call_world(call)->recall;
    return is_stranger(call) ? recall->of_strangers : recall->table;
}

/* --- flights --- */

/* Nobody could take it. The flight itself is not woken. */
static void give_up(struct recall *recall, struct flight *flight)
{
    struct flight *after = flights_leave(&recall->flights, flight);
    flights_wake(flight->waiting, NULL, OVERLOADED);
    if (after) /* of those who asked while it seemed to have begun */
        flights_wake_all(after, NULL, OVERLOADED);
}

/* The route's own reply, or the last known one while the database does not answer. */
static struct reply answer(struct call *call, bool *ret_stale)
{
    struct reply reply = jobs_handle(call);
    *ret_stale = false;
    if (reply.status == UNAVAILABLE) {
        struct reply last = stale_answer(call);
        *ret_stale = last.status != 0;
        return *ret_stale ? last : reply;
    }
    stale_keep(call, &reply);
    return reply;
}

/* What a flight brought home. */
struct outcome {
    struct kept_reply *kept; /* NULL: a refusal, or no memory */
    int failed;              /* the status of 500 and more; 0: none */
    bool stale;
    int64_t began_us;
    uint64_t generation; /* before it was asked */
};

/* Whether those who asked while it flew get the same: it says what a query of their own would, or
 * the database is away, and they need not find it out one after the other. */
static bool is_for_later(const struct call *call, const struct outcome *outcome)
{
    if (outcome->failed || outcome->stale)
        return true;
    bool current = freshness_is_current(call_world(call)->recall->freshness);
    return outcome->kept && current && generation_of(call) == outcome->generation;
}

static void follow(struct recall *recall, struct flight *flight, const struct call *before,
                   const struct outcome *outcome);

/* Those who asked meanwhile are served by it, or after it. */
static void end(struct recall *recall, struct flight *flight, const struct outcome *outcome)
{
    struct flight *after = flights_follow(&recall->flights, flight);
    flights_wake(flight->waiting, outcome->kept, outcome->failed);
    if (after)
        follow(recall, after, flight->call, outcome);
}

/* The reply without a query, if it is a number that goes on with what arrives. NULL: it must be
 * asked. generation was read before. */
static struct kept_reply *move_on(struct call *call, const struct question *question,
                                  uint64_t generation, bool *ret_lasts)
{
    struct live_memory memory = {.table = table_of(call), .generation = generation};
    struct kept_reply *kept = NULL;
    if (call_identity(call)->survey)
        kept = live_reply(call_world(call)->recall->live, call, question, &memory);
    if (kept)
        metrics_add(METRIC_MOVED_ON, 1);
    *ret_lasts = memory.lasts;
    return kept;
}

/* What it would bring home without a query. False: it has to fly. */
static bool go_on(const struct flight *flight, struct outcome *ret_outcome)
{
    bool lasts;
    *ret_outcome = (struct outcome){.began_us = clock_monotonic_us(),
                                    .generation = generation_of(flight->call)};
    ret_outcome->kept = move_on(flight->call, &flight->question, ret_outcome->generation, &lasts);
    return ret_outcome->kept;
}

static bool launch(struct recall *recall, struct flight *flight);

/* One that counts as begun, and that no worker has: it gets what the call before it has brought
 * home, or what has arrived since, or flies. */
static void follow(struct recall *recall, struct flight *flight, const struct call *before,
                   const struct outcome *outcome)
{
    struct outcome own;
    if (is_for_later(before, outcome)) {
        end(recall, flight, outcome);
        flights_wake(flight, outcome->kept, outcome->failed);
    } else if (go_on(flight, &own)) {
        end(recall, flight, &own);
        flights_wake(flight, own.kept, 0);
        kept_release(own.kept);
    } else {
        flight->not_before_us = outcome->began_us + PAUSE_US;
        flights_set_begun(&recall->flights, flight, false);
        if (!launch(recall, flight))
            flights_wake(flight, NULL, OVERLOADED);
    }
}

static struct live_start start_live(const struct call *call)
{
    const struct identity *who = call_identity(call);
    return who->survey ? live_start(call_world(call)->recall->live, who->survey->id)
                       : (struct live_start){0};
}

/* On a worker, in place of the route's handler: outside of any landing, because whoever waits must
 * be woken whatever happens. */
static struct reply fly(struct call *call, void *work)
{
    struct flight *flight = work;
    struct recall *recall = call_world(call)->recall;
    flights_set_begun(&recall->flights, flight, true);
    struct outcome outcome = {.began_us = clock_monotonic_us(), .generation = generation_of(call)};
    struct live_start start = start_live(call);
    struct reply reply = answer(call, &outcome.stale);
    if (call_identity(call)->number)
        live_keep(recall->live, &flight->question, &start, call_identity(call)->number);
    outcome.kept = kept_copy(&reply);
    outcome.failed = reply.status >= 500 ? reply.status : 0;
    if (outcome.kept && !outcome.stale && generation_of(call) == outcome.generation)
        kept_put(table_of(call), &flight->question, outcome.generation, outcome.kept);
    end(recall, flight, &outcome);
    if (outcome.kept)
        kept_release(outcome.kept);
    return reply;
}

/* False: nobody takes it, and those that waited for it know it. */
static bool launch(struct recall *recall, struct flight *flight)
{
    if (jobs_submit_to(flight->call, fly, flight, flight->not_before_us))
        return true;
    give_up(recall, flight);
    return false;
}

static bool start(struct call *call, void *work)
{
    struct flight *flight = work;
    struct recall *recall = call_world(call)->recall;
    if (flights_join(&recall->flights, flight) || launch(recall, flight))
        return true;
    flight->failed = OVERLOADED;
    return false;
}

/* With its call; whose client may have gone before it was finished. */
static void end_flight(void *closure)
{
    const struct flight *flight = closure;
    if (flight->kept)
        kept_release(flight->kept);
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
    const struct flight *flight = work;
    if (flight->kept) {
        metrics_add(METRIC_SHARED, 1);
        return kept_answer(call, kept_hold(flight->kept));
    }
    if (flight->failed == OVERLOADED)
        return overloaded(call, NULL);
    if (flight->failed)
        return reply_problem(call, PROBLEM_INTERNAL, NULL);
    return reply_later(start_alone, overloaded, NULL);
}

/* --- memory --- */

/* NULL: nothing that holds. */
static struct kept_reply *recollect(const struct call *call, const struct question *question,
                                    uint64_t *ret_generation)
{
    /* In this order: what a poll has found moves generations before the poll counts as done. */
    bool current = freshness_is_current(call_world(call)->recall->freshness);
    *ret_generation = generation_of(call);
    return current ? kept_get(table_of(call), question, *ret_generation) : NULL;
}

/* They may ask for what is remembered, and now and then for something new. */
static struct reply limit_strangers(const struct call *call)
{
    if (!is_stranger(call))
        return (struct reply){0};
    int wait_s = limits_take(call_world(call)->asks, call->client, 1, clock_monotonic_us());
    if (wait_s == 0)
        return (struct reply){0};
    return quota_refuse(call, "questions", "This address has asked too much.", wait_s);
}

struct reply recall_call(struct call *call)
{
    const struct recall *recall = call_world(call)->recall;
    const struct question question = question_of(call);
    uint64_t generation;
    struct kept_reply *kept = recollect(call, &question, &generation);
    bool lasts = true;
    if (!kept)
        kept = move_on(call, &question, generation, &lasts);
    if (kept && lasts)
        return recall_lend(call, recall->freshness, kept, generation);
    if (kept) {
        metrics_add(METRIC_RECALLED, 1);
        return kept_answer(call, kept);
    }
    struct reply refusal = stale_answer_away(call);
    if (!refusal.status)
        refusal = limit_strangers(call);
    if (refusal.status)
        return refusal;
    struct flight *flight = arena_calloc(call->arena, 1, sizeof *flight);
    arena_defer(call->arena, end_flight, flight);
    flight->call = call;
    flight->question = question;
    return reply_later(start, finish, flight);
}

/* --- life --- */

struct recall *recall_new(struct freshness *freshness)
{
    struct recall *recall = calloc(1, sizeof *recall);
    if (!recall)
        return NULL;
    recall->freshness = freshness;
    recall->table = kept_new(RECALL_BYTES);
    recall->of_strangers = kept_new(RECALL_BYTES / 16);
    crypto_random(recall->secret, sizeof recall->secret);
    pthread_mutex_init(&recall->flights.mutex, NULL);
    recall->live = live_new(freshness);
    if (recall->table && recall->of_strangers && recall->live)
        return recall;
    recall_free(recall);
    return NULL;
}

void recall_free(struct recall *recall)
{
    if (!recall)
        return;
    kept_free(recall->table);
    kept_free(recall->of_strangers);
    live_free(recall->live);
    pthread_mutex_destroy(&recall->flights.mutex);
    free(recall);
}
