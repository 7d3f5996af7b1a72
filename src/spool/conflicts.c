#include "spool_internal.h"

/* NULL only in a file that somebody else wrote. */
static const char *reason_of(sqlite3_stmt *statement)
{
    const unsigned char *reason = sqlite3_column_text(statement, 1);
    return reason ? (const char *)reason : "";
}

static bool tell_each(sqlite3_stmt *statement,
                      bool (*each)(void *context, const struct spool_conflict *conflict),
                      void *context)
{
    struct arena arena;
    int result;
    bool go_on = true;
    arena_init(&arena, 4096);
    while (go_on && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        struct spool_conflict conflict = {.answer.seq = sqlite3_column_int64(statement, 0),
                                          .reason = arena_strdup(&arena, reason_of(statement)),
                                          .at_us = sqlite3_column_int64(statement, 2)};
        spool_answer_read(statement, 3, &arena, &conflict.answer);
        go_on = each(context, &conflict);
        arena_reset(&arena);
    }
    arena_done(&arena);
    return !go_on || result == SQLITE_DONE;
}

enum spool_status spool_each_conflict(struct spool *spool,
                                      bool (*each)(void *context,
                                                   const struct spool_conflict *conflict),
                                      void *context)
{
    enum spool_status status = SPOOL_OK;
    pthread_mutex_lock(&spool->reader.mutex);
    sqlite3_stmt *statement = spool_db_statement(&spool->reader, CONFLICTS);
    if (!statement || !tell_each(statement, each, context))
        status = spool_failed(spool, &spool->reader);
    if (statement)
        sqlite3_reset(statement);
    pthread_mutex_unlock(&spool->reader.mutex);
    return status;
}

/* Needs the writer's mutex. *ret_changed tells of rows. */
static bool run_numbered(struct spool *spool, enum statement which, int64_t number,
                         bool *ret_changed)
{
    sqlite3_stmt *statement = spool_db_statement(&spool->writer, which);
    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, number);
    bool good = spool_db_run(statement);
    *ret_changed = good && sqlite3_changes(spool->writer.db) > 0;
    return good;
}

enum spool_status spool_forget_conflict(struct spool *spool, int64_t number, bool *ret_found)
{
    pthread_mutex_lock(&spool->writer.mutex);
    enum spool_status status = run_numbered(spool, FORGET, number, ret_found)
                                   ? SPOOL_OK
                                   : spool_failed(spool, &spool->writer);
    pthread_mutex_unlock(&spool->writer.mutex);
    return status;
}

static bool put_back(struct spool *spool, int64_t number, bool *ret_found)
{
    bool forgotten;
    *ret_found = false;
    return run_numbered(spool, PUT_BACK, number, ret_found) &&
           (!*ret_found || run_numbered(spool, FORGET, number, &forgotten));
}

enum spool_status spool_retry_conflict(struct spool *spool, int64_t number, bool *ret_found)
{
    struct spool_db *writer = &spool->writer;
    enum spool_status status = SPOOL_OK;
    pthread_mutex_lock(&writer->mutex);
    if (!spool_db_run(spool_db_statement(writer, BEGIN)) || !put_back(spool, number, ret_found) ||
        !spool_db_run(spool_db_statement(writer, COMMIT))) {
        status = spool_failed(spool, writer);
        if (!sqlite3_get_autocommit(writer->db))
            spool_db_run(spool_db_statement(writer, ROLLBACK));
    }
    pthread_mutex_unlock(&writer->mutex);
    return status;
}
