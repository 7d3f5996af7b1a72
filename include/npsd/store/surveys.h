/*
 * surveys (store): the queries about surveys and questions. Texts are JSON text here;
 * state/directory and api/surveys turn them into struct survey and back, because this layer knows
 * no JSON.
 */
#ifndef NPSD_STORE_SURVEYS_H
#define NPSD_STORE_SURVEYS_H

#include "npsd/db/pg.h"
#include "npsd/domain/survey.h"

struct question_record {
    int32_t survey_id;
    int n;
    int position; /* 0: retired */
    const char *id;
    const char *definition; /* JSON */
};

struct survey_record {
    int32_t id;
    const char *slug;
    const char *title; /* JSON */
    const char *brand; /* JSON; NULL: none */
    const char *time_zone;
    const char *access;
    bool open, badge_public;
    const char *suspects;
    int min_responses, edit_minutes, keep_text_days;
    struct survey_facet facets[SURVEY_FACETS_MAX];
    size_t facet_count;
    int64_t created_us, updated_us;
    struct question_record *questions;
    size_t question_count;
};

extern const struct db_stmt *const surveys_statements[];

/* All surveys with their questions, by id. In one snapshot if called within one. */
enum db_status surveys_read_all(struct pg *pg, struct arena *arena,
                                struct survey_record **ret_records, size_t *ret_count);
/* Writes survey, questions and its tally_state in the caller's transaction. DB_CONFLICT: the slug
 * is taken. */
enum db_status surveys_insert(struct pg *pg, const struct survey_record *record, int32_t *ret_id);
/* Locks the survey's row for a change in the caller's transaction. *ret_found false: there is none.
 */
enum db_status surveys_lock(struct pg *pg, struct arena *arena, const char *slug, bool *ret_found,
                            struct survey_record *ret_record);
/* Replaces the definition: updates the survey, updates and adds questions by n. In the caller's
 * transaction. */
enum db_status surveys_update(struct pg *pg, const struct survey_record *record);
enum db_status surveys_has_responses(struct pg *pg, int32_t survey_id, bool *ret_has);
/*
 * Which of the survey's questions, in their order, have answers, excluded ones too (they may be put
 * back); ret_answered has room for all. DB_RETRY: so many answers had to be looked through that it
 * could not be told in time.
 */
enum db_status surveys_answered(struct pg *pg, const struct survey *survey, bool *ret_answered);
/* Removes the survey and all that belongs to it, and adds the row about it to audit, in the
 * caller's transaction. detail may be NULL. */
enum db_status surveys_delete(struct pg *pg, int32_t survey_id, const char *actor,
                              const char *detail);
/* Whether PostgreSQL knows the time zone. */
enum db_status surveys_time_zone_exists(struct pg *pg, const char *name, bool *ret_exists);

#endif
