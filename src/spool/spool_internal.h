/*
 * spool_internal: the spool's two connections and their statements, each compiled once and bound by
 * place. Inside of the spool, the only layer that knows SQLite.
 */
#ifndef SPOOL_SPOOL_INTERNAL_H
#define SPOOL_SPOOL_INTERNAL_H

#include "npsd/spool/spool.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

enum statement {
    ADD,
    FIND,
    PEEK,
    SET_ASIDE,
    REMOVE,
    CONFLICTS,
    FORGET,
    PUT_BACK,
    REMEMBER,
    RECALL,
    BEGIN,
    COMMIT,
    ROLLBACK,
    COUNT_ANSWERS,
    COUNT_CONFLICTS,
    OLDEST,
    BYTES,
    CHECKPOINT,
    STATEMENTS
};

struct spool_db {
    pthread_mutex_t mutex; /* held for a whole operation */
    sqlite3 *db;
    sqlite3_stmt *compiled[STATEMENTS];
};

struct spool {
    struct spool_db writer, reader;
    int lock; /* file descriptor that holds the lock; -1: none */
    int64_t max_bytes;
    atomic_int_least64_t waiting, conflicts, oldest_us, bytes;
    atomic_bool full, broken;
    pthread_mutex_t error_mutex;
    char error[SPOOL_ERROR_SIZE];
};

bool spool_db_open(struct spool_db *db, const char *path);
void spool_db_close(struct spool_db *db);

/* The rest needs the connection's mutex. */

/* The statement, without values and ready to step; NULL if it cannot be compiled. */
sqlite3_stmt *spool_db_statement(struct spool_db *db, enum statement which);
/* Runs a statement that gives no rows, or whose rows do not matter. */
bool spool_db_run(sqlite3_stmt *statement);
/* The single number that a statement gives; 0 for none. */
bool spool_db_number(struct spool_db *db, enum statement which, int64_t *ret_number);

/* Remembers what went wrong on the connection; gives SPOOL_BROKEN. */
enum spool_status spool_failed(struct spool *spool, const struct spool_db *db);

/* An answer as values 1 to 16 of ADD, and back from columns first and following. */
void spool_answer_bind(sqlite3_stmt *statement, struct arena *arena,
                       const struct spool_answer *answer);
/* Sets ret_answer->unreadable if somebody else wrote it. */
void spool_answer_read(sqlite3_stmt *statement, int first, struct arena *arena,
                       struct spool_answer *ret_answer);
/* About as many bytes as it takes in the file. */
int64_t spool_answer_size(const struct spool_answer *answer);

#endif
