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
 * A new survey from a client's definition: required id and title, defaults for the rest, the three
 * model questions (English and Russian) if none are given. Numbers are assigned. NULL after adding
 * errors. time_zone is checked for form only; whether the zone exists is PostgreSQL's to say.
 */
struct survey *survey_decode(const json_t *value, struct problem_errors *errors);

/*
 * The survey after a PATCH: members present replace, absent ones stay; questions and facets are
 * replaced as lists, in which ids keep their stored numbers and what is left out is retired.
 * has_answers: a question that was there keeps its type, a scale its bounds, and no option may be
 * dropped; without answers anything goes. NULL after adding errors. The id cannot be changed.
 */
struct survey *survey_patch(const struct survey *old, const json_t *value, bool has_answers,
                            struct problem_errors *errors);

/* The definition as admins and readers of results see it / as people who answer see it (no facets'
 * internals, no limits). */
void survey_write(struct json_writer *w, const char *name, const struct survey *survey);
void survey_write_public(struct json_writer *w, const char *name, const struct survey *survey);

/*
 * The stored form of one question (text, options with numbers and retired ones, type, bounds, ask):
 * a JSON object, and back. Back: NULL if it is not what survey_question_write made.
 */
void survey_question_write_stored(struct json_writer *w, const struct survey_question *question);
bool survey_question_read_stored(struct arena *arena, const json_t *value,
                                 struct survey_question *ret_question);
void survey_texts_write(struct json_writer *w, const char *name, const struct survey_texts *texts);
bool survey_texts_read_stored(struct arena *arena, const json_t *value,
                              struct survey_texts *ret_texts);

#endif
