#include "directory_read.h"

#include "npsd/base/log.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

enum { SNAPSHOT_BLOCK = 16 * 1024 };

static const struct db_stmt read_version = {"directory_version", "", "int8",
                                            "select version from directory"};

const struct db_stmt *const directory_statements[] = {&read_version,
                                                      &directory_secret_stmts[SECRET_READ],
                                                      &directory_secret_stmts[SECRET_READ_LINKS],
                                                      &directory_secret_stmts[SECRET_ADD],
                                                      &directory_secret_stmts[SECRET_ADD_LINK],
                                                      NULL};

/* What one transaction reads. */
struct reading {
    struct directory_content content;
    struct arena *scratch; /* of the surveys */
    bool has_secrets;
};

enum db_status directory_read_version(struct pg *pg, int64_t *ret_version)
{
    DB_RESULT result = NULL;
    enum db_status status = pg_exec(pg, &read_version, NULL, 0, &result);
    if (status == DB_OK)
        *ret_version = db_int(result, 0, 0);
    return status;
}

/* May run several times: it begins anew. */
static enum db_status read_all(struct pg *pg, void *context)
{
    struct reading *reading = context;
    struct directory_content *content = &reading->content;

    arena_reset(content->arena);
    arena_reset(reading->scratch);
    content->snapshot = arena_calloc(content->arena, 1, sizeof(*content->snapshot));
    content->snapshot->arena = content->arena;
    enum db_status status = directory_read_version(pg, &content->snapshot->version);
    if (status == DB_OK)
        status = directory_read_secrets(pg, content->snapshot, &reading->has_secrets);
    if (status == DB_OK)
        status = surveys_read_all(pg, reading->scratch, &content->surveys, &content->survey_count);
    if (status == DB_OK)
        status = keys_read_all(pg, content->arena, false, &content->keys, &content->key_count);
    return status;
}

static int order_by_slug(const void *a, const void *b)
{
    const struct survey *const *first = a, *const *second = b;
    return strcmp((*first)->slug, (*second)->slug);
}

static int order_by_hash(const void *a, const void *b)
{
    const struct directory_key *const *first = a, *const *second = b;
    return memcmp(&(*first)->hash, &(*second)->hash, sizeof((*first)->hash));
}

/* A definition that cannot be read (somebody wrote into the tables by hand) costs one survey. */
static void index_surveys(const struct directory_content *content)
{
    struct directory_snapshot *snapshot = content->snapshot;
    const struct survey **by_id =
        arena_calloc(content->arena, content->survey_count, sizeof(*by_id));
    size_t count = 0;

    for (size_t i = 0; i < content->survey_count; i++) {
        by_id[count] = survey_from_record(content->arena, &content->surveys[i]);
        if (by_id[count])
            count++;
        else
            log_error(NULL, "survey-unreadable", LOG_TEXT("survey", content->surveys[i].slug));
    }
    const struct survey **sorted = arena_memdup(content->arena, by_id, count * sizeof(*by_id));
    qsort(sorted, count, sizeof(*sorted), order_by_slug);
    snapshot->surveys = sorted;
    snapshot->survey_count = count;
    snapshot->index->surveys_by_id = by_id;
}

static struct directory_key key_from_record(struct arena *arena, const struct key_record *record,
                                            atomic_bool *used)
{
    return (struct directory_key){
        .id = record->id,
        .role = record->role,
        .name = record->name,
        .actor = arena_printf(arena, "key %d %s", record->id, record->name),
        .all_surveys = record->all_surveys,
        .surveys = record->surveys,
        .survey_count = record->survey_count,
        .origins = record->origins,
        .origin_count = record->origin_count,
        .expires_us = record->expires_us,
        .hash = record->hash,
        .used = used,
    };
}

static atomic_bool *make_flag(struct arena *flags)
{
    atomic_bool *flag = arena_alloc(flags, sizeof(*flag));
    atomic_init(flag, false);
    return flag;
}

/* Both snapshots have their keys by id, so the flags are found in one pass. */
static void index_keys(const struct directory_content *content, struct arena *flags,
                       const struct directory_snapshot *last)
{
    struct directory_snapshot *snapshot = content->snapshot;
    size_t count = content->key_count, at = 0, last_count = last ? last->key_count : 0;
    struct directory_key *keys = arena_calloc(content->arena, count, sizeof(*keys));
    const struct directory_key **by_hash = arena_calloc(content->arena, count, sizeof(*by_hash));

    for (size_t i = 0; i < count; i++) {
        const struct key_record *record = &content->keys[i];
        while (at < last_count && last->keys[at].id < record->id)
            at++;
        bool known = at < last_count && last->keys[at].id == record->id;
        keys[i] =
            key_from_record(content->arena, record, known ? last->keys[at].used : make_flag(flags));
        by_hash[i] = &keys[i];
    }
    qsort(by_hash, count, sizeof(*by_hash), order_by_hash);
    snapshot->keys = keys;
    snapshot->key_count = count;
    snapshot->index->keys_by_hash = by_hash;
}

void directory_make(struct directory_content *content, struct arena *flags,
                    const struct directory_snapshot *last)
{
    struct directory_snapshot *snapshot = content->snapshot;
    snapshot->index = arena_calloc(content->arena, 1, sizeof(*snapshot->index));
    snapshot->edit_secret = crypto_mac_key(snapshot->secrets.edit, DIRECTORY_SECRET_SIZE);
    snapshot->cursor_secret = crypto_mac_key(snapshot->secrets.cursor, DIRECTORY_SECRET_SIZE);
    index_surveys(content);
    index_keys(content, flags, last);
    atomic_init(&snapshot->references, 1);
}

static enum db_status read_with_secrets(struct pg *pg, struct reading *reading)
{
    enum db_status status = pg_transaction(pg, "directory", DB_REPEATABLE_READ, read_all, reading);
    if (status == DB_OK && !reading->has_secrets) {
        status = directory_add_secrets(pg);
        if (status == DB_OK)
            status = pg_transaction(pg, "directory", DB_REPEATABLE_READ, read_all, reading);
        if (status == DB_OK && !reading->has_secrets)
            status = DB_SCHEMA; /* there is one, but not of 32 bytes */
    }
    return status;
}

/* False: memory is out. Everything is read by then, so there is nothing to leave in the middle. */
__attribute__((noinline)) static bool make_content(struct directory_content *content,
                                                   struct arena *flags,
                                                   const struct directory_snapshot *last)
{
    jmp_buf landing;
    if (setjmp(landing) != 0) {
        content->arena->landing = flags->landing = NULL;
        return false;
    }
    content->arena->landing = flags->landing = &landing;
    directory_make(content, flags, last);
    content->arena->landing = flags->landing = NULL;
    return true;
}

enum db_status directory_read(struct pg *pg, struct arena *flags,
                              const struct directory_snapshot *last,
                              struct directory_snapshot **ret_snapshot)
{
    struct arena scratch, *arena = malloc(sizeof(*arena));
    if (!arena)
        return DB_RESOURCES;
    arena_init(arena, SNAPSHOT_BLOCK);
    arena_init(&scratch, SNAPSHOT_BLOCK);

    struct reading reading = {.content.arena = arena, .scratch = &scratch};
    enum db_status status = read_with_secrets(pg, &reading);
    if (status == DB_OK && !make_content(&reading.content, flags, last))
        status = DB_RESOURCES;
    if (status == DB_OK) {
        *ret_snapshot = reading.content.snapshot;
    } else {
        arena_done(arena);
        free(arena);
    }
    arena_done(&scratch);
    return status;
}
