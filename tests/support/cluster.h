/*
 * cluster: a PostgreSQL cluster of a test program's own, durable as PostgreSQL is by default, that
 * it may stop, kill and start again (deploy/cluster.sh). One a process.
 */
#ifndef SUPPORT_CLUSTER_H
#define SUPPORT_CLUSTER_H

#include <stdbool.h>

/* Makes and starts it, and has the other helpers work on it (NPSD_TEST_DATABASE_URL): before
 * fixture_run. False after telling why. */
bool cluster_make(void);
/* Stops it and deletes its data. */
void cluster_remove(void);

/* Each fails the test if it does not work. */
void cluster_start(void);
void cluster_stop(void);
/* The server and all of its processes, by SIGKILL. */
void cluster_kill(void);

#endif
