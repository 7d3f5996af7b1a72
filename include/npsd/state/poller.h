/*
 * poller: the thread that keeps the directory fresh and looks for changed results, four times a
 * second, and knows how the database is.
 *
 * Until the schema is the binary's own it looks for that instead (and migrates, if asked to), so
 * the daemon may start before PostgreSQL and serves as soon as it can.
 */
#ifndef NPSD_STATE_POLLER_H
#define NPSD_STATE_POLLER_H

#include "npsd/state/directory.h"
#include "npsd/state/freshness.h"

struct poller_options {
    const struct pg_options *database;
    struct directory *directory;
    struct freshness *freshness; /* polled too; NULL: none */
    bool migrate;
};

enum poller_health {
    POLLER_READY,
    POLLER_AWAY,   /* the database has not answered for two seconds */
    POLLER_SCHEMA, /* its schema is not this binary's */
    POLLER_UNSAFE  /* its durability is switched off */
};

struct poller;

struct poller *poller_start(const struct poller_options *options);
/* Waits until the first look has ended, whatever it found; at most so long. */
void poller_wait_first(struct poller *poller, int timeout_ms);
/* Any thread. */
enum poller_health poller_health(const struct poller *poller);
void poller_stop(struct poller *poller);

#endif
