/*
 * recall_flight: calls on their way to a worker, and who waits for them. Of each question one is in
 * the table; who asks the same joins it while it has not begun, and gathers behind it when it has.
 *
 * Any thread. A flight lives in its call's arena, so it may be gone as soon as it is woken.
 */
#ifndef API_RECALL_FLIGHT_H
#define API_RECALL_FLIGHT_H

#include "npsd/api/kept.h"
#include "npsd/http/call.h"

#include <pthread.h>

enum { FLIGHT_BUCKETS = 256 };

struct flight {
    struct flight *next, **at; /* of its bucket; next also of those that wait */
    struct call *call;
    struct question question;
    int64_t not_before_us; /* monotonic; 0: at once */
    bool has_begun;
    struct flight *waiting;  /* those that share its reply */
    struct flight *after;    /* the first that asked when it had begun: follows when it has ended */
    struct kept_reply *kept; /* for one that waits; NULL: there is nothing to share */
    int failed;              /* the status of 500 and more that it shares instead; 0: none */
};

struct flights {
    pthread_mutex_t mutex; /* guards who is in the table, who has begun, and who waits */
    struct flight *buckets[FLIGHT_BUCKETS];
};

/* False: nobody asks the same, it is in the table. */
bool flights_join(struct flights *flights, struct flight *flight);
void flights_set_begun(struct flights *flights, struct flight *flight, bool has_begun);
/* Takes it out; from then on nobody joins it. Returns the one behind it, which is not in the table:
 * NULL, there is none. */
struct flight *flights_leave(struct flights *flights, struct flight *flight);
/* The same, but the one behind it takes its place, as one that has begun. */
struct flight *flights_follow(struct flights *flights, struct flight *flight);

/* All of a list that have waited: with the reply (they hold it), a failure, or neither. */
void flights_wake(struct flight *waiting, struct kept_reply *kept, int failed);
/* One that does not fly, and those that wait for it. */
void flights_wake_all(struct flight *flight, struct kept_reply *kept, int failed);

#endif
