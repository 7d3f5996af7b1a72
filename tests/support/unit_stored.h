/*
 * unit_stored: answers that are in the database, for tests of what reads and changes them: in the
 * survey of unit_folds, on a connection with the statements of responses. It is used inside the
 * fixture of unit_stored_case.
 */
#ifndef SUPPORT_UNIT_STORED_H
#define SUPPORT_UNIT_STORED_H

#include "npsd/store/responses.h"
#include "support/unit_ingest.h"

extern const struct db_stmt *const *const unit_stored_sets[];

/* The case's name, with that fixture. */
TCase *unit_stored_case(const char *name);
struct pg *unit_stored_pg(void);
/* A connection as unit_stored_pg's, for a second editor. */
struct pg *unit_stored_connect(void);

/* Writes an answer made from that of ingest_item; its id. */
struct uuid stored_add(const struct answer_row *row);
/* Reads it, with question_cuts set as callers must. */
struct stored_response stored_read(const struct uuid *id);
/* Changes before into after; false: stale. Sets after's version. */
bool stored_change(const struct stored_response *before, struct stored_response *after);
bool stored_erase(const struct stored_response *before);

#endif
