/*
 * folder: the thread that folds, a few times a second and never more than a quarter of the time.
 * Its connection commits without waiting for the disk (synchronous_commit off): tallies are
 * derived, and what a crash loses of a fold comes back with the journal rows it had deleted. For
 * the same reason it is the one that writes the displays, about once a second and at its end.
 */
#ifndef NPSD_INGEST_FOLDER_H
#define NPSD_INGEST_FOLDER_H

#include "npsd/db/pg.h"
#include "npsd/ingest/display_meter.h"

struct folder;

/* Runs folds_guard before its first fold. displays are borrowed; NULL: there are none to write. */
struct folder *folder_start(const struct pg_options *database, struct display_meter *displays);
void folder_stop(struct folder *folder);

#endif
