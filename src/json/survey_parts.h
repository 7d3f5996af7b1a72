/*
 * survey_parts: what the decoders of a survey's definition share.
 *
 * A new survey is a change of an empty one, so survey_decode and survey_patch go the same way: the
 * parts are decoded, then merged with what was there. Functions return false after adding errors.
 */
#ifndef NPSD_JSON_SURVEY_PARTS_H
#define NPSD_JSON_SURVEY_PARTS_H

#include "npsd/json/survey.h"

/* Bits of ask: every group. */
enum { SURVEY_ASK_ALL = (1 << NPS_GROUPS) - 1 };

#define SURVEY_NAME_FAULT "must be a name: a small letter, then at most 31 of a-z, 0-9 and _"

enum { SURVEY_MODEL_QUESTIONS = 3 };

/* The questions of a survey that names none; numbered. */
extern const struct survey_question survey_model_questions[SURVEY_MODEL_QUESTIONS];

/* Texts by language, copied into the arena. */
bool survey_texts_decode(const json_t *value, const char *where, struct problem_errors *errors,
                         struct survey_texts *ret_texts);

/* The ids that are valid are set even when false is returned, others are NULL, so that the ids can
 * be compared with the facets all the same. */
bool survey_questions_decode(const json_t *value, struct problem_errors *errors,
                             struct survey_question questions[static SURVEY_QUESTIONS_MAX],
                             size_t *ret_count);
/* Names, NULL for what is none. */
bool survey_facets_decode(const json_t *value, struct problem_errors *errors,
                          const char *names[static SURVEY_FACETS_MAX], size_t *ret_count);

/* Name, colour and logo; a brand of nothing is none. */
bool survey_brand_decode(const json_t *value, const char *where, struct problem_errors *errors,
                         struct survey_brand *ret_brand);
/* The member text_by_group, if the question has such texts. */
void survey_text_by_group_write(struct json_writer *w, const struct survey_question *question);

/* Sets the questions (facets) of survey, which still holds those of before: what was there keeps
 * its number, what is left out is retired. answered: as in survey_patch. */
bool survey_merge_questions(struct survey *survey, const struct survey_question *questions,
                            size_t count, const bool *answered, struct problem_errors *errors);
bool survey_merge_facets(struct survey *survey, const char *const *names, size_t count,
                         struct problem_errors *errors);

#endif
