/*
 * live: numbers that go on with what this daemon commits, without a query for each answer.
 *
 * A number that was read is kept with the snapshot that it was read in. What arrives afterwards
 * (state/arrivals) and belongs to its windows and its cut is added, if that snapshot has not seen
 * it: so the number is what the same query would say now, but for what others have changed since it
 * was read. Therefore
 *
 *     it goes on for LIVE_HOLDS_US after it was read, so others' answers show within a second;
 *     the first who asks after LIVE_RENEW_US reads it again, while the rest still goes on;
 *     whatever else this daemon changes (freshness_moves) ends it at once.
 *
 * Bounded: LIVE_PLACES numbers, the later one of two that fall on one place. Any thread.
 */
#ifndef NPSD_API_LIVE_H
#define NPSD_API_LIVE_H

#include "npsd/api/kept.h"
#include "npsd/base/clock.h"
#include "npsd/domain/nps.h"
#include "npsd/http/call.h"
#include "npsd/state/freshness.h"
#include "npsd/store/numbers.h"

enum { LIVE_PLACES = 512, LIVE_HEAD_MAX = 320 };
#define LIVE_RENEW_US (400 * INT64_C(1000))
#define LIVE_HOLDS_US (900 * INT64_C(1000))

/* A number of GET .../nps, and all that its body is written from. */
struct live_number {
    int32_t survey_id;
    struct number_seen seen;
    struct window windows[2]; /* the second one is empty unless compare and has_previous */
    struct nps_counts counts[2];
    bool compare, has_previous;
    int min_responses;
    char head[LIVE_HEAD_MAX]; /* the body up to the counts */
    size_t head_len;
};

/* Whether arrivals tell all that a number can gain: its snapshot is known, and its value has a
 * number of its own. */
bool live_may_go_on(const struct number_seen *seen);

struct live;

/* freshness is borrowed. NULL: no memory. */
struct live *live_new(struct freshness *freshness);
void live_free(struct live *live);

/* Where the arrivals and the survey stood before a number was read. */
struct live_start {
    int64_t began_us; /* monotonic */
    uint64_t position;
    struct freshness_moves moves;
};
struct live_start live_start(struct live *live, int32_t survey_id);

/* number was read after start. In place of what was there for the question. */
void live_keep(struct live *live, const struct question *question, const struct live_start *start,
               const struct live_number *number);

/* Where a reply is remembered. */
struct live_memory {
    struct kept_table *table; /* NULL: nowhere */
    uint64_t generation;      /* of the survey, read before */
    bool lasts;               /* of the reply, see below */
};

/*
 * The reply to the question with all that has arrived. NULL: it must be read. If it lasts, it stays
 * right until the survey's generation moves, and is put into the memory's table, but not in place
 * of one that knows more; else it is good for this moment only. Outside of any lock; sets a landing
 * of its own.
 */
struct kept_reply *live_reply(struct live *live, struct call *call, const struct question *question,
                              struct live_memory *memory);

#endif
