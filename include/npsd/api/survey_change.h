/*
 * survey_change: creating, changing and removing a survey, each in one transaction with its row of
 * the audit. Shared by the handlers and the command line.
 *
 * What the database has against it is the returned status (DB_OK: none, and nothing is left
 * undone). What the change itself has against it is change->outcome.
 */
#ifndef NPSD_API_SURVEY_CHANGE_H
#define NPSD_API_SURVEY_CHANGE_H

#include "npsd/db/pg.h"
#include "npsd/domain/problem.h"
#include "npsd/domain/survey.h"
#include <jansson.h>

enum survey_outcome {
    SURVEY_DONE,
    SURVEY_INVALID, /* change->errors says why */
    SURVEY_TAKEN,   /* create: there is one with this id */
    SURVEY_MISSING, /* there is none with this id */
    SURVEY_IN_USE   /* remove: it has responses */
};

struct survey_change {
    struct arena *arena;
    const char *actor; /* for the audit */
    enum survey_outcome outcome;
    struct problem_errors errors;
    const struct survey *survey; /* create, amend: as it is stored now; in the arena */
};

/* definition outlives the change. */
enum db_status survey_create(struct pg *pg, struct survey_change *change, const json_t *definition);
/* Merges patch into the survey (see survey_patch), which is locked meanwhile. */
enum db_status survey_amend(struct pg *pg, struct survey_change *change, const char *slug,
                            json_t *patch);
enum db_status survey_remove(struct pg *pg, struct survey_change *change, const char *slug,
                             bool with_responses);

#endif
