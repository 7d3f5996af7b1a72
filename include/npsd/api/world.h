/*
 * world: what handlers know besides their request. One struct world a daemon, made by serve and
 * lent to every call; one struct identity a call, found out by access_admit.
 */
#ifndef NPSD_API_WORLD_H
#define NPSD_API_WORLD_H

#include "npsd/config.h"
#include "npsd/domain/link.h"
#include "npsd/http/call.h"
#include "npsd/state/directory.h"
#include "npsd/state/values.h"

struct lane;
struct pool;
struct limits;
struct failures;
struct quota;
struct poller;
struct recall;
struct freshness;
struct display_meter;
struct spooler;
struct stale;
struct live_number;

/* Lanes for batches: while one encodes, PostgreSQL works for the other. More gain nothing. */
enum { BATCH_LANES = 2 };

struct world {
    const struct config *config;
    struct directory *directory;
    struct values *values;
    struct spooler *spooler; /* NULL: off */
    struct lane *single;
    struct lane *batch[BATCH_LANES]; /* each request goes whole to one of them */
    struct pool *pool;
    struct limits *limits;     /* answers without a secret key, by address */
    struct limits *key_limits; /* answers with a publishable key, by key; NULL: no limit */
    struct limits *looks;      /* displays without a secret key */
    struct limits *asks;       /* looks into the database for keys and surveys not yet known */
    struct failures *failures; /* wrong keys; NULL: no limit */
    struct display_meter *displays;
    struct poller *poller;
    struct freshness *freshness; /* NULL: nobody remembers results */
    struct recall *recall;
    struct stale *stale; /* NULL: last known results are not kept */
    atomic_bool draining;
};

/* Who asks, and about which survey. Lives as long as the call; the snapshot is held by the call's
 * arena. */
struct identity {
    enum role role;
    const struct directory_key *key; /* NULL: none was sent */
    const struct survey *survey;     /* NULL: the route has no {survey} */
    const struct link *link;         /* good and of this survey; NULL: none was shown */
    struct directory_snapshot *snapshot;
    const char *actor; /* for audit and history: "key 3 Olga", "edit token", "link",
                          "anyone" */
    /* What its reply consists of, by its handler; NULL: unknown. */
    const struct live_number *number;
    struct quota *quota; /* what its answers were taken from; NULL: none were (yet), or no limit */
};

static inline struct world *call_world(const struct call *call)
{
    return call->world;
}

static inline struct identity *call_identity(const struct call *call)
{
    return call->identity;
}

#endif
