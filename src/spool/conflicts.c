#include "spool_internal.h"

static bool tell_each(sqlite3_stmt *statement,
                      bool (*each)(void *context, const struct spool_conflict *conflict),
                      void *context)
{
    struct arena arena;
    int result;
    bool go_on = true;
    arena_init(&arena, 4096);
    while (go_on && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        struct spool_conflict conflict = {
            .answer.seq = sqlite3_column_int64(statement, 0),
            .reason = arena_strdup(&arena, (const char *)sqlite3_column_text(statement, 1)),
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

enum spool_status spool_forget_conflict(struct spool *spool, int64_t number, bool *ret_found)
{
    struct spool_db *writer = &spool->writer;
    enum spool_status status = SPOOL_BROKEN;
    pthread_mutex_lock(&writer->mutex);
    sqlite3_stmt *statement = spool_db_statement(writer, FORGET);
    if (statement)
        sqlite3_bind_int64(statement, 1, number);
    if (statement && spool_db_run(statement)) {
        status = SPOOL_OK;
        *ret_found = sqlite3_changes(writer->db) > 0;
    } else {
        spool_failed(spool, writer);
    }
    pthread_mutex_unlock(&writer->mutex);
    return status;
}
