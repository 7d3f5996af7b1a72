/*
 * away: a daemon with a database and a spool of its own that outlive it, for tests of what happens
 * while PostgreSQL is away (support/cluster.h). Posts go to the daemon that was started last.
 */
#ifndef SUPPORT_AWAY_H
#define SUPPORT_AWAY_H

#include "support/client.h"
#include "support/daemon.h"

struct away {
    struct daemon daemon;
    const char *database; /* its name */
    const char *spool;    /* the file */
    const char *admin;    /* a key */
    const char *survey;
};

/* A new database with a key and an open survey with the facet branch, and a daemon; settings come
 * on top (NULL: none). PostgreSQL is started if need be. */
void away_begin(struct away *away, const char *const *settings);
/* Another daemon on the same database, with a spool of its own. */
void away_beside(const struct away *first, struct away *ret_second);
/* The daemon again, after away_kill or daemon_stop. */
void away_restart(struct away *away, const char *const *settings);
void away_kill(struct away *away);
/* Ends the daemon, which must end well, and removes the database (first) and the spool. */
void away_end(struct away *away);
void away_end_beside(struct away *away);

/* Posts {"score": score MEMBERS}; the key may be NULL. */
struct reply *away_post(const struct away *away, const char *key, int score, const char *members);
/* Waits until a member of /readyz is so ("/spool/waiting", "0"; nothing there is ""). */
void away_wait(const struct away *away, const char *pointer, const char *value);
/* Until nothing waits in the spool and lanes are at home. */
void away_wait_moved(const struct away *away);
/* `npsd check` finds that the tallies equal a recount, and the number counts so many answers. */
void away_expect_count(const struct away *away, long responses);
/* 503 with this problem, and a time to come back. */
void away_expect_retry(struct reply *reply, const char *slug);
/* `npsd spool ARGS` on its spool: what it printed. */
const char *away_spool(const struct away *away, const char *const *args);

#endif
