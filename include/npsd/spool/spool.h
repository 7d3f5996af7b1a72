/*
 * spool: a local file (SQLite) that keeps accepted answers while PostgreSQL is away, in the order
 * in which they came, and what the daemon must remember to take answers without PostgreSQL.
 *
 * An answer that spool_add reports as added is on the disk (WAL, synchronous=FULL): it survives a
 * crash of the daemon and of the machine, and leaves the file only by spool_settle: moved into
 * PostgreSQL, or kept aside as a conflict. A key is an id, and an id is in the spool once: a second
 * answer under it is met, not added.
 *
 * The file belongs to one daemon at a time (a lock on FILE.lock, which goes with its process), is
 * readable by its user alone, and belongs to one database (spool_belongs), because surveys are
 * numbers in it. It takes answers until what it holds takes max_bytes.
 *
 * Any thread may call any function: writers go one after the other, readers do not wait for them.
 */
#ifndef NPSD_SPOOL_SPOOL_H
#define NPSD_SPOOL_SPOOL_H

#include "npsd/store/answers.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text of a facet, which has no number until PostgreSQL is there to give it one. */
struct spool_facet {
    int facet; /* SURVEY_FACET_AGENT or SURVEY_FACET_FIRST + slot */
    const char *value;
};

enum { SPOOL_FACETS_MAX = 1 + SURVEY_FACETS_MAX };

struct spool_answer {
    int64_t seq;           /* its place, from spool_peek */
    bool unreadable;       /* somebody else wrote it: nothing of it is known but its place */
    struct answer_row row; /* agent and facets are ANSWER_UNSET */
    struct spool_facet facets[SPOOL_FACETS_MAX];
    size_t facet_count;
};

struct spool_options {
    const char *path;
    int64_t max_bytes; /* 0: it only shows what is there, and takes no lock */
};

enum spool_status {
    SPOOL_OK,
    SPOOL_LOCKED, /* another daemon has the file */
    SPOOL_BROKEN  /* SQLite or the system said no: see spool_error; what was to be written is not */
};

struct spool;

/* Makes the file, and its folder, if need be. On failure error tells why. */
enum { SPOOL_ERROR_SIZE = 256 };
enum spool_status spool_open(const struct spool_options *options, struct spool **ret_spool,
                             char error[static SPOOL_ERROR_SIZE]);
/* NULL is fine. */
void spool_close(struct spool *spool);

/* --- answers --- */

enum spool_met {
    SPOOL_ADDED,
    SPOOL_SAME,   /* the same answer is there */
    SPOOL_OTHER,  /* another answer has this id */
    SPOOL_NO_ROOM /* it is full: nothing was done */
};

struct spool_found {
    enum spool_met met;
    int64_t received_us; /* of the answer that is there, as is hash */
    uint8_t hash[RESPONSE_HASH_SIZE];
};

/* In order, all in one transaction: SPOOL_OK once it is on the disk. After SPOOL_BROKEN at the very
 * end of it (*ret_unknown, false otherwise) answers may be there all the same. */
enum spool_status spool_add(struct spool *spool, const struct spool_answer *const *answers,
                            size_t count, struct spool_found *ret_found, bool *ret_unknown);
/* *ret_there false: no answer with this id is here. */
enum spool_status spool_find(struct spool *spool, int32_t survey_id, const struct uuid *id,
                             bool *ret_there, struct spool_found *ret_found);
/* The first ones, at most so many, in the arena. */
enum spool_status spool_peek(struct spool *spool, struct arena *arena, size_t max,
                             struct spool_answer **ret_answers, size_t *ret_count);

/* How an answer leaves the queue. */
struct spool_end {
    int64_t seq;
    const char *conflict; /* why it is kept aside; NULL: PostgreSQL has it */
};

/* All in one transaction. */
enum spool_status spool_settle(struct spool *spool, const struct spool_end *ends, size_t count);

/* --- conflicts: accepted answers that PostgreSQL cannot take --- */

struct spool_conflict {
    struct spool_answer answer; /* seq is the conflict's number */
    const char *reason;
    int64_t at_us; /* when it was put aside */
};

/* In order of number, until each returns false. */
enum spool_status spool_each_conflict(struct spool *spool,
                                      bool (*each)(void *context,
                                                   const struct spool_conflict *conflict),
                                      void *context);
/* An operator has dealt with it. *ret_found false: there is none with this number. */
enum spool_status spool_forget_conflict(struct spool *spool, int64_t number, bool *ret_found);
/* Puts it at the end of the queue again. *ret_found false: there is none with this number, or its
 * id is in the queue. */
enum spool_status spool_retry_conflict(struct spool *spool, int64_t number, bool *ret_found);

/* --- what is remembered --- */

/* In place of what was kept under the name. */
enum spool_status spool_remember(struct spool *spool, const char *name, const void *bytes,
                                 size_t len);
/* *ret_bytes NULL: nothing. */
enum spool_status spool_recall(struct spool *spool, struct arena *arena, const char *name,
                               const char **ret_bytes, size_t *ret_len);
/* Whether answers of the database with this fingerprint may go in and out. While nothing is queued
 * it takes to any database. */
enum spool_status spool_belongs(struct spool *spool, const uint8_t *fingerprint, size_t len,
                                bool *ret_belongs);

/* --- how it is; from memory --- */

struct spool_state {
    int64_t waiting;   /* answers queued */
    int64_t conflicts; /* answers kept aside */
    int64_t oldest_us; /* receipt of the first one queued; 0: none is */
    int64_t bytes, max_bytes;
    bool full;   /* the last answer found no room */
    bool broken; /* the last write of answers failed, and no probe has succeeded since */
};

struct spool_state spool_state(const struct spool *spool);
/* Counts anew what a command may have changed: conflicts, and the queue if one was put back. */
enum spool_status spool_look(struct spool *spool);
/* Writes a few bytes that nobody reads, to find out whether the file takes writes again: then it is
 * not broken any more. */
enum spool_status spool_probe(struct spool *spool);
/* What SQLite said last, for the log; copied. Returns text. */
char *spool_error(struct spool *spool, char error[static SPOOL_ERROR_SIZE]);

#endif
