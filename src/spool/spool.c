#include "npsd/base/clock.h"
#include "spool_internal.h"

#include <string.h>

static void begin_write(struct spool *spool)
{
    pthread_mutex_lock(&spool->writer.mutex);
}

/* After a failure nothing of the transaction stays; what SQLite said is remembered first. */
static enum spool_status end_write(struct spool *spool, bool good)
{
    struct spool_db *writer = &spool->writer;
    enum spool_status status = good ? SPOOL_OK : spool_failed(spool, writer);
    if (!good && !sqlite3_get_autocommit(writer->db))
        spool_db_run(spool_db_statement(writer, ROLLBACK));
    atomic_store(&spool->broken, !good);
    pthread_mutex_unlock(&writer->mutex);
    return status;
}

static bool run(struct spool *spool, enum statement which)
{
    return spool_db_run(spool_db_statement(&spool->writer, which));
}

/* Needs the writer's mutex. Figures for people: a failure costs their truth, not the operation. */
static void measure(struct spool *spool)
{
    int64_t number;
    if (spool_db_number(&spool->writer, OLDEST, &number))
        atomic_store(&spool->oldest_us, number);
    if (spool_db_number(&spool->writer, BYTES, &number))
        atomic_store(&spool->bytes, number);
}

/* --- adding --- */

static bool read_found(sqlite3_stmt *statement, struct spool_found *found)
{
    if (sqlite3_step(statement) != SQLITE_ROW ||
        sqlite3_column_bytes(statement, 0) != sizeof found->hash)
        return false;
    memcpy(found->hash, sqlite3_column_blob(statement, 0), sizeof found->hash);
    found->received_us = sqlite3_column_int64(statement, 1);
    return true;
}

/* SQLITE_ROW: found is set; SQLITE_DONE: it is not there. */
static int find(struct spool_db *db, int32_t survey_id, const struct uuid *id,
                struct spool_found *found)
{
    sqlite3_stmt *statement = spool_db_statement(db, FIND);
    if (!statement)
        return SQLITE_ERROR;
    sqlite3_bind_blob(statement, 1, id->bytes, UUID_SIZE, SQLITE_STATIC);
    sqlite3_bind_int(statement, 2, survey_id);
    bool there = read_found(statement, found);
    int result = sqlite3_reset(statement);
    return result != SQLITE_OK ? result : there ? SQLITE_ROW : SQLITE_DONE;
}

/* What is there already, or nothing for want of room. */
static bool meet(struct spool *spool, const struct spool_answer *answer, struct spool_found *found)
{
    int result = find(&spool->writer, answer->row.survey_id, &answer->row.id, found);
    if (result == SQLITE_ROW)
        found->met = memcmp(found->hash, answer->row.hash, sizeof found->hash) == 0 ? SPOOL_SAME
                                                                                    : SPOOL_OTHER;
    else
        found->met = SPOOL_NO_ROOM;
    return result == SQLITE_ROW || result == SQLITE_DONE;
}

static bool insert(struct spool *spool, struct arena *arena, const struct spool_answer *answer,
                   struct spool_found *found)
{
    sqlite3_stmt *statement = spool_db_statement(&spool->writer, ADD);
    if (!statement)
        return false;
    spool_answer_bind(statement, arena, answer);
    if (!spool_db_run(statement))
        return false;
    if (sqlite3_changes(spool->writer.db) == 0)
        return meet(spool, answer, found);
    found->met = SPOOL_ADDED;
    found->received_us = answer->row.received_us;
    memcpy(found->hash, answer->row.hash, sizeof found->hash);
    return true;
}

/* *ret_added counts those that were added. */
static bool insert_all(struct spool *spool, const struct spool_answer *const *answers, size_t count,
                       struct spool_found *found, size_t *ret_added)
{
    struct arena arena;
    int64_t left = spool->max_bytes - atomic_load(&spool->bytes);
    size_t added = 0;
    bool good = true, full = false;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < count && good; i++) {
        int64_t size = spool_answer_size(answers[i]);
        good = size <= left ? insert(spool, &arena, answers[i], &found[i])
                            : meet(spool, answers[i], &found[i]);
        left -= found[i].met == SPOOL_ADDED ? size : 0;
        added += found[i].met == SPOOL_ADDED;
        full |= found[i].met == SPOOL_NO_ROOM;
        arena_reset(&arena);
    }
    arena_done(&arena);
    atomic_store(&spool->full, full);
    *ret_added = added;
    return good;
}

enum spool_status spool_add(struct spool *spool, const struct spool_answer *const *answers,
                            size_t count, struct spool_found *ret_found, bool *ret_unknown)
{
    size_t added = 0;
    begin_write(spool);
    bool good = run(spool, BEGIN) && insert_all(spool, answers, count, ret_found, &added);
    bool committed = good && run(spool, COMMIT);
    *ret_unknown = good && !committed;
    if (committed && added > 0) {
        atomic_fetch_add(&spool->waiting, (int64_t)added);
        measure(spool);
    }
    return end_write(spool, committed);
}

/* --- reading --- */

/* Ends an operation of the reader. */
static enum spool_status end_read(struct spool *spool, bool good)
{
    enum spool_status status = good ? SPOOL_OK : spool_failed(spool, &spool->reader);
    pthread_mutex_unlock(&spool->reader.mutex);
    return status;
}

enum spool_status spool_find(struct spool *spool, int32_t survey_id, const struct uuid *id,
                             bool *ret_there, struct spool_found *ret_found)
{
    pthread_mutex_lock(&spool->reader.mutex);
    int result = find(&spool->reader, survey_id, id, ret_found);
    *ret_there = result == SQLITE_ROW;
    return end_read(spool, result == SQLITE_ROW || result == SQLITE_DONE);
}

enum spool_status spool_peek(struct spool *spool, struct arena *arena, size_t max,
                             struct spool_answer **ret_answers, size_t *ret_count)
{
    struct spool_answer *answers = arena_calloc(arena, max, sizeof *answers);
    size_t count = 0;
    int result = SQLITE_ERROR;
    pthread_mutex_lock(&spool->reader.mutex);
    sqlite3_stmt *statement = spool_db_statement(&spool->reader, PEEK);
    if (statement) {
        sqlite3_bind_int64(statement, 1, (int64_t)max);
        while ((result = sqlite3_step(statement)) == SQLITE_ROW && count < max) {
            answers[count].seq = sqlite3_column_int64(statement, 0);
            spool_answer_read(statement, 1, arena, &answers[count++]);
        }
        sqlite3_reset(statement);
    }
    *ret_answers = answers;
    *ret_count = count;
    return end_read(spool, result == SQLITE_DONE);
}

/* --- leaving --- */

static bool set_aside(struct spool *spool, const struct spool_end *end)
{
    sqlite3_stmt *statement = spool_db_statement(&spool->writer, SET_ASIDE);
    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, end->seq);
    sqlite3_bind_text(statement, 2, end->conflict, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, clock_now_us());
    return spool_db_run(statement);
}

static bool settle_one(struct spool *spool, const struct spool_end *end, int64_t *removed,
                       int64_t *aside)
{
    if (end->conflict && !set_aside(spool, end))
        return false;
    sqlite3_stmt *statement = spool_db_statement(&spool->writer, REMOVE);
    if (!statement)
        return false;
    sqlite3_bind_int64(statement, 1, end->seq);
    if (!spool_db_run(statement))
        return false;
    *removed += sqlite3_changes(spool->writer.db);
    *aside += end->conflict != NULL;
    return true;
}

enum spool_status spool_settle(struct spool *spool, const struct spool_end *ends, size_t count)
{
    int64_t removed = 0, aside = 0;
    begin_write(spool);
    bool good = run(spool, BEGIN);
    for (size_t i = 0; i < count && good; i++)
        good = settle_one(spool, &ends[i], &removed, &aside);
    good = good && run(spool, COMMIT);
    if (good) {
        atomic_fetch_sub(&spool->waiting, removed);
        atomic_fetch_add(&spool->conflicts, aside);
        atomic_store(&spool->full, false);
        /* Nothing of what has left stays in the log either; tried again by the next one. */
        if (atomic_load(&spool->waiting) == 0)
            run(spool, CHECKPOINT);
        measure(spool);
    }
    return end_write(spool, good);
}

/* --- figures --- */

/* Under the writer's mutex, so that nobody counts on meanwhile. */
enum spool_status spool_look(struct spool *spool)
{
    struct spool_db *writer = &spool->writer;
    int64_t conflicts, waiting;
    pthread_mutex_lock(&writer->mutex);
    bool good = spool_db_number(writer, COUNT_CONFLICTS, &conflicts);
    if (good && conflicts < atomic_load(&spool->conflicts)) {
        good = spool_db_number(writer, COUNT_ANSWERS, &waiting);
        if (good)
            atomic_store(&spool->waiting, waiting);
        measure(spool);
    }
    if (good)
        atomic_store(&spool->conflicts, conflicts);
    enum spool_status status = good ? SPOOL_OK : spool_failed(spool, writer);
    pthread_mutex_unlock(&writer->mutex);
    return status;
}

struct spool_state spool_state(const struct spool *spool)
{
    return (struct spool_state){
        .waiting = atomic_load(&spool->waiting),
        .conflicts = atomic_load(&spool->conflicts),
        .oldest_us = atomic_load(&spool->oldest_us),
        .bytes = atomic_load(&spool->bytes),
        .max_bytes = spool->max_bytes,
        .full = atomic_load(&spool->full),
        .broken = atomic_load(&spool->broken),
    };
}
