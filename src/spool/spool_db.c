#include "spool_internal.h"

#include <string.h>

/* What an answer has, in the order in which spool_answer_bind and spool_answer_read know it. */
#define ANSWER                                                                                     \
    "survey, id, hash, answered, received, score, channel, facets, cuts, external_id, language, "  \
    "respondent, answers, properties, suspect, set_aside"

static const char *const texts[STATEMENTS] = {
    [ADD] = "insert into answer (" ANSWER ") values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
            " ?12, ?13, ?14, ?15, ?16) on conflict (id, survey) do nothing",
    [FIND] = "select hash, received from answer where id = ?1 and survey = ?2",
    [PEEK] = "select seq, " ANSWER " from answer order by seq limit ?1",
    [SET_ASIDE] = "insert into conflict (reason, at, " ANSWER ") select ?2, ?3, " ANSWER
                  " from answer where seq = ?1",
    [REMOVE] = "delete from answer where seq = ?1",
    [CONFLICTS] = "select number, reason, at, " ANSWER " from conflict order by number",
    [FORGET] = "delete from conflict where number = ?1",
    [PUT_BACK] = "insert into answer (" ANSWER ") select " ANSWER " from conflict where number = ?1"
                 " on conflict (id, survey) do nothing",
    [REMEMBER] = "insert into memory (name, value) values (?1, ?2)"
                 " on conflict (name) do update set value = excluded.value",
    [RECALL] = "select value from memory where name = ?1",
    [BEGIN] = "begin immediate",
    [COMMIT] = "commit",
    [ROLLBACK] = "rollback",
    [COUNT_ANSWERS] = "select count(*) from answer",
    [COUNT_CONFLICTS] = "select count(*) from conflict",
    [OLDEST] = "select received from answer order by seq limit 1",
    [BYTES] = "select (p.page_count - f.freelist_count) * s.page_size"
              " from pragma_page_count p, pragma_freelist_count f, pragma_page_size s",
    [CHECKPOINT] = "pragma wal_checkpoint(truncate)",
};

enum { BUSY_MS = 1000 }; /* a command may look at the file */

bool spool_db_open(struct spool_db *db, const char *path)
{
    pthread_mutex_init(&db->mutex, NULL);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    return sqlite3_open_v2(path, &db->db, flags, NULL) == SQLITE_OK &&
           sqlite3_busy_timeout(db->db, BUSY_MS) == SQLITE_OK &&
           sqlite3_exec(db->db, "pragma synchronous = full", NULL, NULL, NULL) == SQLITE_OK;
}

void spool_db_close(struct spool_db *db)
{
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(db->compiled[i]);
    sqlite3_close(db->db);
    pthread_mutex_destroy(&db->mutex);
    *db = (struct spool_db){0};
}

sqlite3_stmt *spool_db_statement(struct spool_db *db, enum statement which)
{
    sqlite3_stmt **at = &db->compiled[which];
    if (!*at && sqlite3_prepare_v3(db->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, at, NULL) !=
                    SQLITE_OK)
        return NULL;
    sqlite3_clear_bindings(*at);
    return *at;
}

bool spool_db_run(sqlite3_stmt *statement)
{
    int result;
    if (!statement)
        return false;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        ;
    sqlite3_reset(statement);
    return result == SQLITE_DONE;
}

bool spool_db_number(struct spool_db *db, enum statement which, int64_t *ret_number)
{
    sqlite3_stmt *statement = spool_db_statement(db, which);
    if (!statement)
        return false;
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW || result == SQLITE_DONE)
        *ret_number = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

enum spool_status spool_failed(struct spool *spool, const struct spool_db *db)
{
    pthread_mutex_lock(&spool->error_mutex);
    snprintf(spool->error, sizeof spool->error, "%s", sqlite3_errmsg(db->db));
    pthread_mutex_unlock(&spool->error_mutex);
    return SPOOL_BROKEN;
}

char *spool_error(struct spool *spool, char error[static SPOOL_ERROR_SIZE])
{
    pthread_mutex_lock(&spool->error_mutex);
    memcpy(error, spool->error, SPOOL_ERROR_SIZE);
    pthread_mutex_unlock(&spool->error_mutex);
    return error;
}
