/*
 * answers (store): how accepted answers get into PostgreSQL. Append only: rows of response and, in
 * the same transaction, what they add to the journal, so that they count. See sql/0001_init.sql.
 * What is set aside is a row like any other, but excluded, and adds nothing to the journal.
 */
#ifndef NPSD_STORE_ANSWERS_H
#define NPSD_STORE_ANSWERS_H

#include "npsd/base/uuid.h"
#include "npsd/db/pg.h"
#include "npsd/domain/response.h"
#include "npsd/domain/suspect.h"

enum { ANSWER_UNSET = -1 }; /* a facet without value: NULL */

struct answer_row {
    int32_t survey_id;
    struct uuid id;
    int64_t answered_us, received_us;
    int score;
    enum channel channel;
    int32_t agent;                     /* number, or ANSWER_UNSET */
    int32_t facets[SURVEY_FACETS_MAX]; /* by slot */
    int suspect;                       /* marks (domain/suspect), 0: none */
    bool set_aside;                    /* because of them it is excluded from the start */
    uint8_t hash[RESPONSE_HASH_SIZE];  /* zeros, stored as none: of an answer without a key */
    const char *external_id, *language, *respondent; /* NULL: none */
    const char *answers, *properties;                /* JSON text; NULL: none */
    size_t answers_len, properties_len;
    const int64_t *question_cuts; /* of answered questions: facet << 32 | value */
    size_t question_cut_count;
};

static inline int64_t answer_cut(int facet, int32_t value)
{
    return ((int64_t)facet << 32) | (uint32_t)value;
}

extern const struct db_stmt *const answers_statements[];

/*
 * The fast way: all rows in one round trip and one transaction. rows are sorted by (survey_id, id),
 * all ids different. DB_CONFLICT: at least one id is there already, nothing was written. arena is
 * for the encoding. *ret_xid, set on DB_OK, is the transaction; 0: nothing of it counts. NULL is
 * fine.
 */
enum db_status answers_append(struct pg *pg, struct arena *arena,
                              const struct answer_row *const *rows, size_t count,
                              uint64_t *ret_xid);

/* What a row met in the careful way. */
enum answer_outcome {
    ANSWER_CREATED,
    ANSWER_REPLAYED, /* the same answer is there */
    ANSWER_REUSED,   /* another answer has this id */
    ANSWER_ERASED,   /* it was there and is erased */
};

struct answer_found {
    enum answer_outcome outcome;
    int64_t received_us; /* of the answer that is there, as is hash */
    uint8_t hash[RESPONSE_HASH_SIZE];
};

/*
 * The careful way: inserts what is not there, then says of each row what it met. Harmless to repeat
 * after DB_LOST with the same rows: what the first try wrote comes back as ANSWER_REPLAYED with the
 * same received_us. It is DB_LOST too when new rows are committed but the others could not be
 * looked up. rows as above.
 */
enum db_status answers_append_carefully(struct pg *pg, struct arena *arena,
                                        const struct answer_row *const *rows, size_t count,
                                        struct answer_found *ret_found);

#endif
