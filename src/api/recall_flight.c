#include "recall_flight.h"

/* --- these need the mutex --- */

static void push(struct flight **list, struct flight *flight)
{
    flight->next = *list;
    flight->at = list;
    if (flight->next)
        flight->next->at = &flight->next;
    *list = flight;
}

static void take_out(struct flight *flight)
{
    *flight->at = flight->next;
    if (flight->next)
        flight->next->at = flight->at;
    flight->next = NULL;
}

static struct flight **bucket_of(struct flights *flights, const struct flight *flight)
{
    return &flights->buckets[flight->question.hash % FLIGHT_BUCKETS];
}

/* It waits for one that asks the same and has not begun, or is to be the next. */
static void wait_for(struct flight *other, struct flight *flight)
{
    if (!other->has_begun)
        push(&other->waiting, flight);
    else if (other->after)
        push(&other->after->waiting, flight);
    else
        other->after = flight;
}

/* --- the table --- */

bool flights_join(struct flights *flights, struct flight *flight)
{
    struct flight **bucket = bucket_of(flights, flight);
    pthread_mutex_lock(&flights->mutex);
    struct flight *other = *bucket;
    while (other && !question_is(&other->question, &flight->question))
        other = other->next;
    if (other)
        wait_for(other, flight);
    else
        push(bucket, flight);
    pthread_mutex_unlock(&flights->mutex);
    return other != NULL;
}

void flights_set_begun(struct flights *flights, struct flight *flight, bool has_begun)
{
    pthread_mutex_lock(&flights->mutex);
    flight->has_begun = has_begun;
    pthread_mutex_unlock(&flights->mutex);
}

struct flight *flights_leave(struct flights *flights, struct flight *flight)
{
    pthread_mutex_lock(&flights->mutex);
    take_out(flight);
    struct flight *after = flight->after;
    pthread_mutex_unlock(&flights->mutex);
    return after;
}

struct flight *flights_follow(struct flights *flights, struct flight *flight)
{
    pthread_mutex_lock(&flights->mutex);
    take_out(flight);
    struct flight *after = flight->after;
    if (after) {
        after->has_begun = true;
        push(bucket_of(flights, after), after);
    }
    pthread_mutex_unlock(&flights->mutex);
    return after;
}

/* --- the end --- */

void flights_wake(struct flight *waiting, struct kept_reply *kept, int failed)
{
    while (waiting) {
        struct flight *next = waiting->next;
        waiting->failed = failed;
        waiting->kept = kept ? kept_hold(kept) : NULL;
        call_resume(waiting->call);
        waiting = next;
    }
}

void flights_wake_all(struct flight *flight, struct kept_reply *kept, int failed)
{
    struct flight *waiting = flight->waiting;
    flights_wake(flight, kept, failed);
    flights_wake(waiting, kept, failed);
}
