/*
 * survey (JSON): a survey's definition from and to JSON (design: POST /v1/surveys).
 *
 * The definition that is stored in the database is the same JSON with the stored numbers added; see
 * survey_stored.
 */
#ifndef NPSD_JSON_SURVEY_H
#define NPSD_JSON_SURVEY_H

#include "npsd/domain/problem.h"
#include "npsd/domain/survey.h"
#include "npsd/json/write.h"
#include <jansson.h>

/*
 * A new survey from a client's definition, in errors->arena: required id and title, defaults for
 * the rest, the three model questions (English and Russian) and the facets branch and product if
 * none are given. Numbers are assigned. NULL after adding errors. time_zone is checked for form
 * only; whether the zone exists is PostgreSQL's to say.
 */
struct survey *survey_decode(const json_t *value, struct problem_errors *errors);

/*
 * The survey after a PATCH: members present replace, absent ones stay; questions and facets are
 * replaced as lists, in which ids keep their stored numbers and what is left out is retired.
 * answered: which of old's questions have answers, in their order (NULL: none has). Such a question
 * keeps its type, a scale its bounds, and no option may be dropped; without answers anything goes.
 * NULL after adding errors. The id cannot be changed (the same one may be sent).
 *
 * A facet that comes back gets its slot back; a new one takes the next slot, which is an error when
 * all SURVEY_FACETS_MAX were given away. What was not changed is shared with old, which must
 * outlive the new one.
 */
struct survey *survey_patch(const struct survey *old, const json_t *value, const bool *answered,
                            struct problem_errors *errors);

/* The definition as admins and readers of results see it / as people who answer see it (no facets'
 * internals, no limits). */
void survey_write(struct json_writer *w, const char *name, const struct survey *survey);
void survey_write_public(struct json_writer *w, const char *name, const struct survey *survey);

/*
 * The stored form of one question: a JSON object of type, texts, bounds, ask and options with their
 * numbers, retired ones included; and back, in the arena. id, n and active are not part of it: they
 * are columns, and *ret_question keeps what it has of them. Back: false, and *ret_question
 * untouched, if it is not what survey_question_write_stored made.
 */
void survey_question_write_stored(struct json_writer *w, const struct survey_question *question);
bool survey_question_read_stored(struct arena *arena, const json_t *value,
                                 struct survey_question *ret_question);

/* Texts as an object of text by language, for clients and for the database (a column of type json,
 * since jsonb does not keep the order); and back, as above. */
void survey_texts_write(struct json_writer *w, const char *name, const struct survey_texts *texts);
bool survey_texts_read_stored(struct arena *arena, const json_t *value,
                              struct survey_texts *ret_texts);

/* The brand as clients and the database have it: an object, or null without one; and back, as
 * above. */
void survey_brand_write(struct json_writer *w, const char *name, const struct survey_brand *brand);
bool survey_brand_read_stored(struct arena *arena, const json_t *value,
                              struct survey_brand *ret_brand);

#endif
