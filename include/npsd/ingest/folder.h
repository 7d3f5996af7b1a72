/*
 * folder: the thread that folds, a few times a second and never more than a quarter of the time.
 * Its connection commits without waiting for the disk (synchronous_commit off): tallies are
 * derived, and what a crash loses of a fold comes back with the journal rows it had deleted.
 */
#ifndef NPSD_INGEST_FOLDER_H
#define NPSD_INGEST_FOLDER_H

#include "npsd/db/pg.h"

struct folder;

/* Runs folds_guard before its first fold. */
struct folder *folder_start(const struct pg_options *database);
void folder_stop(struct folder *folder);

#endif
