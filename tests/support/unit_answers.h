/*
 * unit_answers: random answers of a survey in the database, and a recount of them: a second opinion
 * about numbers that shares nothing with the code under test but the tables.
 *
 * Answers and corrections are plain SQL, as are the recount and its arithmetic (numeric).
 */
#ifndef SUPPORT_UNIT_ANSWERS_H
#define SUPPORT_UNIT_ANSWERS_H

#include "npsd/base/arena.h"
#include "npsd/db/pg.h"
#include "npsd/store/numbers.h"

enum { ANSWERS_FACETS = 2, ANSWERS_VALUES = 3, ANSWERS_RARE = 3, ANSWERS_MAX = 80 };

/* Where the answers of one survey lie, and which columns they use. */
struct answer_set {
    int32_t survey_id;
    int facets[ANSWERS_FACETS]; /* tally facets, different */
    int64_t base_us, span_us;   /* answered within [base, base + span) */
    int64_t at_us[ANSWERS_MAX]; /* when, as far as they were not moved */
    size_t count;
    uint64_t *random;
};

/* Property names of the two facets. */
extern const char *const answers_names[ANSWERS_FACETS];
/* Text of the n-th value past the cap. */
const char *answers_rare(struct arena *arena, int n);

/* An instant on or very near to a border of slots, or anywhere. */
int64_t answers_instant(struct answer_set *set);
/* Adds answers (with their journal), some of them excluded. */
void answers_insert(struct pg *pg, struct arena *arena, struct answer_set *set, size_t count);
/* Changes the score, the time or the exclusion of about a third, as corrections do. */
void answers_correct(struct pg *pg, struct arena *arena, const struct answer_set *set);

/* The body of a result for each window, recounted from rows: ret_bodies has room for them all. */
void answers_recount(struct pg *pg, struct arena *arena, const struct number_query *query,
                     const char **ret_bodies);

#endif
