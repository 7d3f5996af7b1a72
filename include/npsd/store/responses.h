/*
 * responses (store): the queries about single answers that are there: reading one and many,
 * changing, excluding and erasing. A change appends the difference to the journal in the same
 * transaction, so that every number follows with it.
 */
#ifndef NPSD_STORE_RESPONSES_H
#define NPSD_STORE_RESPONSES_H

#include "npsd/db/pg.h"
#include "npsd/store/answers.h"

struct stored_response {
    struct answer_row row; /* question_cuts and set_aside are not set */
    const char *agent;     /* name; NULL: none */
    int64_t updated_us;    /* 0: never changed; with the id it names one version */
    bool excluded, erased;
    const char *exclusion_reason;
};

extern const struct db_stmt *const responses_statements[];        /* reading */
extern const struct db_stmt *const responses_change_statements[]; /* changing */

/* *ret_found false: there is none (an erased one is found). */
enum db_status responses_read(struct pg *pg, struct arena *arena, int32_t survey_id,
                              const struct uuid *id, bool *ret_found,
                              struct stored_response *ret_response);

/* One change: before is what was read, after what shall be, with all cuts numbered and
 * question_cuts set on both rows. */
struct response_change {
    const struct stored_response *before, *after;
    const char *changed_by;
    const char
        *action; /* for the audit: "response.correct", "response.exclude", "response.include" */
};

/*
 * In one transaction: the new version, the old one into the history, the difference into the
 * journal (a row without cuts if no number moves), a row into the audit. *ret_stale true: it was
 * changed meanwhile, nothing was done: read again. ret_updated_us: the new version's.
 */
enum db_status responses_change(struct pg *pg, struct arena *arena,
                                const struct response_change *wanted, bool *ret_stale,
                                int64_t *ret_updated_us);

/* Leaves a tombstone; history goes too. before as above. */
enum db_status responses_erase(struct pg *pg, struct arena *arena,
                               const struct stored_response *before, const char *erased_by,
                               bool *ret_stale);

struct response_version {
    int version;
    int64_t changed_us;
    const char *changed_by;
    struct stored_response response;
};
/* Earlier versions, oldest first: the latest 1,000. */
enum db_status responses_history(struct pg *pg, struct arena *arena, int32_t survey_id,
                                 const struct uuid *id, struct response_version **ret_versions,
                                 size_t *ret_count);

/* Not ANSWER_UNSET, which is the number of what nobody has said. */
enum { RESPONSE_FILTER_ANY = INT32_MIN };

struct response_filter {
    int32_t survey_id;
    int64_t from_us, to_us; /* SLOTS_OPEN_*: open */
    int channel;            /* or RESPONSE_FILTER_ANY */
    int min_score, max_score;
    int32_t agent; /* number, or RESPONSE_FILTER_ANY; one that nobody has finds nothing */
    int32_t facets[SURVEY_FACETS_MAX]; /* likewise */
    const char *properties;            /* JSON object that properties must contain; NULL: none */
    int has_text;                      /* 0, 1 or RESPONSE_FILTER_ANY */
    const char *const *text_questions; /* ids, for has_text */
    size_t text_question_count;
    int suspect;              /* with marks or without: 0, 1 or RESPONSE_FILTER_ANY */
    bool counted;             /* only those that count: excluded ones are left out */
    int64_t updated_since_us; /* 0: any */
    bool after_set;           /* continue after this one */
    int64_t after_us;
    struct uuid after_id;
    int limit;
};

/* Newest answered first, then by id downwards. */
enum db_status responses_list(struct pg *pg, struct arena *arena,
                              const struct response_filter *filter,
                              struct stored_response **ret_responses, size_t *ret_count);

#endif
