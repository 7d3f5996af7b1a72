#include "spool_internal.h"

#include <string.h>

static const char fingerprint_name[] = "database", probe_name[] = "probe";

/* Needs the writer's mutex. */
static bool keep(struct spool *spool, const char *name, const void *bytes, size_t len)
{
    sqlite3_stmt *statement = spool_db_statement(&spool->writer, REMEMBER);
    if (!statement)
        return false;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 2, bytes, (int)len, SQLITE_STATIC);
    return spool_db_run(statement);
}

enum spool_status spool_remember(struct spool *spool, const char *name, const void *bytes,
                                 size_t len)
{
    pthread_mutex_lock(&spool->writer.mutex);
    enum spool_status status =
        keep(spool, name, bytes, len) ? SPOOL_OK : spool_failed(spool, &spool->writer);
    pthread_mutex_unlock(&spool->writer.mutex);
    return status;
}

enum spool_status spool_probe(struct spool *spool)
{
    pthread_mutex_lock(&spool->writer.mutex);
    bool good = keep(spool, probe_name, "", 0);
    enum spool_status status = good ? SPOOL_OK : spool_failed(spool, &spool->writer);
    if (good)
        atomic_store(&spool->broken, false);
    pthread_mutex_unlock(&spool->writer.mutex);
    return status;
}

enum spool_status spool_recall(struct spool *spool, struct arena *arena, const char *name,
                               const char **ret_bytes, size_t *ret_len)
{
    int result = SQLITE_ERROR;
    *ret_bytes = NULL;
    pthread_mutex_lock(&spool->reader.mutex);
    sqlite3_stmt *statement = spool_db_statement(&spool->reader, RECALL);
    if (statement) {
        sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
        result = sqlite3_step(statement);
        if (result == SQLITE_ROW) {
            const char *bytes = sqlite3_column_blob(statement, 0);
            *ret_len = (size_t)sqlite3_column_bytes(statement, 0);
            *ret_bytes = arena_strndup(arena, bytes ? bytes : "", *ret_len);
        }
        sqlite3_reset(statement);
    }
    enum spool_status status = result == SQLITE_ROW || result == SQLITE_DONE
                                   ? SPOOL_OK
                                   : spool_failed(spool, &spool->reader);
    pthread_mutex_unlock(&spool->reader.mutex);
    return status;
}

enum spool_status spool_belongs(struct spool *spool, const uint8_t *fingerprint, size_t len,
                                bool *ret_belongs)
{
    struct arena arena;
    const char *known;
    size_t known_len = 0;
    arena_init(&arena, 256);
    enum spool_status status = spool_recall(spool, &arena, fingerprint_name, &known, &known_len);
    if (status == SPOOL_OK) {
        *ret_belongs = known && known_len == len && memcmp(known, fingerprint, len) == 0;
        if (!*ret_belongs && spool_state(spool).waiting == 0) {
            status = spool_remember(spool, fingerprint_name, fingerprint, len);
            *ret_belongs = status == SPOOL_OK;
        }
    }
    arena_done(&arena);
    return status;
}
