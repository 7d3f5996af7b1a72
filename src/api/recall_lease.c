#include "recall_lease.h"

#include "npsd/api/world.h"
#include "npsd/base/metrics.h"

#include <stdlib.h>

/* As long as this holds, the same head would get the same reply: access is decided by the head and
 * the directory, and so are the definitions; the rest is freshness. */
struct recall_lease {
    struct lease lease; /* first, so that a lease is its recall_lease */
    struct freshness *freshness;
    struct directory *directory;
    struct kept_reply *kept;
    atomic_bool *key_used; /* NULL: no key was sent */
    int64_t key_end_us;    /* INT64_MAX: never */
    int64_t version, quarter;
    uint64_t generation;
    int32_t survey_id;
};

static bool lease_holds(struct lease *lease, int64_t now_us)
{
    const struct recall_lease *of = (struct recall_lease *)lease;
    if (directory_version(of->directory) != of->version || now_us >= of->key_end_us ||
        recall_quarter(now_us) != of->quarter ||
        !freshness_holds(of->freshness, of->survey_id, of->generation))
        return false;
    if (of->key_used)
        directory_note_use(of->key_used);
    metrics_add(METRIC_RECALLED, 1);
    return true;
}

static void lease_end(struct lease *lease)
{
    struct recall_lease *of = (struct recall_lease *)lease;
    kept_release(of->kept);
    free(of);
}

/* What a call found. */
struct recollection {
    struct freshness *freshness;
    struct kept_reply *kept;
    uint64_t generation;
};

static struct lease *make_lease(struct call *call, void *work)
{
    const struct recollection *found = work;
    const struct identity *who = call_identity(call);
    struct recall_lease *lease = malloc(sizeof *lease);
    if (!lease)
        return NULL;
    *lease = (struct recall_lease){.lease = {lease_holds, lease_end},
                                   .freshness = found->freshness,
                                   .directory = call_world(call)->directory,
                                   .kept = kept_hold(found->kept),
                                   .key_used = who->key ? who->key->used : NULL,
                                   .key_end_us = who->key ? directory_key_end(who->key) : INT64_MAX,
                                   .version = who->snapshot->version,
                                   .quarter = recall_quarter(call->received_us),
                                   .generation = found->generation,
                                   .survey_id = who->survey->id};
    return &lease->lease;
}

/* Leases are for results of one survey: its generation is one number. */
struct reply recall_lend(struct call *call, struct freshness *freshness, struct kept_reply *kept,
                         uint64_t generation)
{
    struct reply reply = kept_answer(call, kept);
    metrics_add(METRIC_RECALLED, 1);
    if (!call_identity(call)->survey)
        return reply;
    struct recollection *found = arena_alloc(call->arena, sizeof *found);
    *found = (struct recollection){freshness, kept, generation};
    reply.lease = make_lease;
    reply.work = found;
    return reply;
}
