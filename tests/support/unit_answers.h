/*
 * unit_answers: random answers of a survey in the database, for tests of what counts them.
 *
 * Answers and corrections are plain SQL, with their journal; folds are the daemon's (connections
 * must have folds_statements and windows_statements). support/unit_recount recounts them.
 */
#ifndef SUPPORT_UNIT_ANSWERS_H
#define SUPPORT_UNIT_ANSWERS_H

#include "npsd/base/arena.h"
#include "npsd/db/pg.h"
#include "npsd/store/numbers.h"

enum { ANSWERS_FACETS = 2, ANSWERS_VALUES = 3, ANSWERS_RARE = 3, ANSWERS_MAX = 80 };

/* Questions by n, and so tally facet - SURVEY_FACET_QUESTION. The n-th option is "o<n>". */
enum { ANSWERS_TEXT = 2, ANSWERS_CHOICE, ANSWERS_CHOICES, ANSWERS_SCALE, ANSWERS_YES_NO };

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

/* A survey without answers, which are to lie within an hour to eighty years. */
void answers_make(struct pg *pg, struct arena *arena, int32_t survey_id, uint64_t *random,
                  struct answer_set *ret_set);
/* Adds answers (with their journal), some of them excluded. */
void answers_insert(struct pg *pg, struct arena *arena, struct answer_set *set, size_t count);
/* Changes the score, the time, the exclusion or an answer of about a third, as corrections do. */
void answers_correct(struct pg *pg, struct arena *arena, const struct answer_set *set);
/* Excludes the first and the last answer. */
void answers_exclude_ends(struct pg *pg, struct arena *arena, const struct answer_set *set);
void answers_fold(struct pg *pg, const struct answer_set *set);
/* A few times answers and corrections, folded, not folded, folded and changed again ... */
void answers_fill(struct pg *pg, struct arena *arena, struct answer_set *set);

/* An instant on or very near to a border of slots, or anywhere. */
int64_t answers_instant(struct answer_set *set);
/* An IANA name, of an odd zone more often than not. */
const char *answers_zone(struct answer_set *set);
/* Of a period in some zone; of odd ends, some of them open, or in the wrong order. */
struct window answers_window(struct pg *pg, struct answer_set *set);

/* Sets the query's filters: bits of by. Of values that there are, that nobody has, "(other)", and
 * texts past the cap. */
enum {
    ANSWERS_BY_CHANNEL = 1,
    ANSWERS_BY_AGENT = 2,
    ANSWERS_BY_FIRST = 4,
    ANSWERS_BY_SECOND = 8,
    ANSWERS_BY_ALL = 15
};
void answers_filter(struct arena *arena, struct answer_set *set, int64_t by,
                    struct number_query *query);

#endif
