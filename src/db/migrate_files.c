#include "migrate_internal.h"
#include "npsd/base/crypto.h"
#include "pg_internal.h"
#include <string.h>

/*
 * A record with a version is a file sql/NNNN_*.sql; one without is a repeatable file. The
 * statements are not prepared: when the connection begins their table may not be there.
 */
static const struct db_stmt table_exists = {
    "table exists", "", "bool", "SELECT to_regclass('public.schema_migrations') IS NOT NULL"};
static const char create_table[] =
    "CREATE TABLE public.schema_migrations ("
    " name text PRIMARY KEY, version int UNIQUE, sha256 text NOT NULL,"
    " applied_at timestamptz NOT NULL DEFAULT now());"
    "COMMENT ON TABLE public.schema_migrations IS"
    " 'The SQL files that made this schema; those without a version run again when they change.'";
static const struct db_stmt read_records = {
    "read records", "", "text text bool",
    "SELECT name, sha256, version IS NULL FROM public.schema_migrations ORDER BY version, name"};
static const struct db_stmt write_record = {
    "write record", "text int4 text", "",
    "INSERT INTO public.schema_migrations (name, version, sha256) VALUES ($1, $2, $3)"
    " ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, applied_at = now()"};

/* "npsd"; one key for all databases, because each has advisory locks of its own. */
static const char take_lock[] = "SELECT pg_advisory_lock(1852863332)";

enum { HEX_SIZE = 2 * CRYPTO_HASH_SIZE + 1, DAY_MS = 86400000, TRIES = 5 };

struct run {
    struct pg *pg;
    struct arena arena;
    const struct migrate_files *files;
    struct db_result *records; /* NULL: there is no table of records */
    size_t applied;            /* how many of files are recorded; they are the first ones */
    bool dry_run, met_another;
    int try;
    size_t changes;
    void (*say)(void *context, const char *line);
    void *context;
};

static void tell(struct run *run, const char *what, const char *name)
{
    run->say(run->context, arena_printf(&run->arena, "%s %s", name, what));
}

static enum migrate_result failed(struct run *run, const char *doing, enum db_status status)
{
    run->say(run->context, arena_printf(&run->arena, "%s: %s: %s %s", doing, db_status_name(status),
                                        pg_sqlstate(run->pg), pg_error(run->pg)));
    bool away =
        status == DB_AWAY || status == DB_LOST || (status == DB_RETRY && !pg_is_connected(run->pg));
    return away ? MIGRATE_AWAY : MIGRATE_FAILED;
}

static const char *hash_of(struct run *run, const struct migration *file)
{
    struct crypto_hash hash = crypto_sha256(file->begin, (size_t)(file->end - file->begin));
    return crypto_hex(hash.bytes, sizeof(hash.bytes), arena_alloc(&run->arena, HEX_SIZE));
}

/* --- What is there --- */

static enum db_status read_state(struct run *run)
{
    DB_RESULT exists = NULL;
    enum db_status status = pg_exec_unprepared(run->pg, &table_exists, NULL, 0, &exists);
    if (status != DB_OK || !db_bool(exists, 0, 0))
        return status;
    return pg_exec_unprepared(run->pg, &read_records, NULL, 0, &run->records);
}

static int record_count(const struct run *run)
{
    return run->records ? db_rows(run->records) : 0;
}

static const char *record_name(const struct run *run, int row)
{
    return db_bytes(run->records, row, 0, NULL);
}

static const char *record_hash(const struct run *run, int row)
{
    return db_bytes(run->records, row, 1, NULL);
}

static bool record_is_repeatable(const struct run *run, int row)
{
    return db_bool(run->records, row, 2);
}

/* The records with a version must be the first files of this binary, unchanged. */
static enum migrate_result check_records(struct run *run)
{
    for (int row = 0; row < record_count(run); row++) {
        if (record_is_repeatable(run, row))
            continue;
        const char *name = record_name(run, row);
        const struct migration *file =
            run->applied < run->files->count ? &run->files->files[run->applied] : NULL;
        if (!file || strcmp(file->name, name) != 0) {
            tell(run, "is applied but unknown here: the database is newer, or of other making",
                 name);
            return MIGRATE_REFUSED;
        }
        if (strcmp(hash_of(run, file), record_hash(run, row)) != 0) {
            tell(run, "was changed after it was applied", name);
            return MIGRATE_REFUSED;
        }
        run->applied++;
    }
    return MIGRATE_OK;
}

static bool is_current(struct run *run, const struct migration *repeatable)
{
    for (int row = 0; row < record_count(run); row++)
        if (strcmp(record_name(run, row), repeatable->name) == 0)
            return strcmp(record_hash(run, row), hash_of(run, repeatable)) == 0;
    return false;
}

/* --- Applying --- */

static struct db_param version_of(const struct migration *file, bool repeatable)
{
    int32_t version = 0;
    for (const char *c = file->name; *c >= '0' && *c <= '9'; c++)
        version = version * 10 + (*c - '0');
    return repeatable ? P_NULL : P_INT4(version);
}

/* Runs a file inside the open transaction. One that ends the transaction cannot be undone. */
static enum db_status run_file(struct run *run, const struct migration *file, bool repeatable)
{
    size_t size = (size_t)(file->end - file->begin);
    const char *sql = arena_strndup(&run->arena, (const char *)file->begin, size);
    enum db_status status = pg_command(run->pg, sql);
    if (status != DB_OK)
        return status;
    if (!pg_in_transaction(run->pg)) {
        pg_note(run->pg, NULL, "the file ends its transaction");
        return DB_SCHEMA;
    }
    const struct db_param params[] = {P_TEXT(file->name), version_of(file, repeatable),
                                      P_TEXT(hash_of(run, file))};
    return pg_exec_unprepared(run->pg, &write_record, params, 3, NULL);
}

/* Roles and their members are the cluster's, so the lock of a database does not keep the migration
 * of another one away: what both make at once fails for one of them, and is there for its next try.
 */
static bool is_of_another(const struct pg *pg)
{
    const char *sqlstate = pg_sqlstate(pg);
    return strcmp(sqlstate, "23505") == 0 || strcmp(sqlstate, "XX000") == 0;
}

static enum migrate_result apply(struct run *run, const struct migration *file, bool repeatable)
{
    run->changes++;
    if (run->dry_run) {
        tell(run, "would be applied", file->name);
        return MIGRATE_OK;
    }
    enum db_status status = pg_command(run->pg, "BEGIN; SET LOCAL lock_timeout = '5s'");
    if (status == DB_OK)
        status = run_file(run, file, repeatable);
    if (status == DB_OK)
        status = pg_command(run->pg, "COMMIT");
    /* After a failure the connection ends, and with it the transaction. */
    run->met_another = status != DB_OK && is_of_another(run->pg);
    if (run->met_another && run->try < TRIES)
        return MIGRATE_FAILED;
    if (status != DB_OK)
        return failed(run, file->name, status);
    tell(run, "applied", file->name);
    return MIGRATE_OK;
}

static enum migrate_result apply_all(struct run *run)
{
    enum migrate_result result = MIGRATE_OK;
    const struct migrate_files *files = run->files;
    for (size_t i = run->applied; result == MIGRATE_OK && i < files->count; i++)
        result = apply(run, &files->files[i], false);
    for (size_t i = 0; result == MIGRATE_OK && i < files->repeatable_count; i++)
        if (!is_current(run, &files->repeatable[i]))
            result = apply(run, &files->repeatable[i], true);
    return result;
}

static enum migrate_result migrate(struct run *run)
{
    enum db_status status = pg_connect(run->pg);
    if (status != DB_OK)
        return failed(run, "connecting", status);
    pg_hold(run->pg); /* the lock lives in this connection */
    status = pg_command(run->pg, take_lock);
    if (status == DB_OK)
        status = read_state(run);
    if (status != DB_OK)
        return failed(run, "reading what is applied", status);
    enum migrate_result result = check_records(run);
    if (result != MIGRATE_OK)
        return result;
    if (!run->records && !run->dry_run) {
        status = pg_command(run->pg, create_table);
        if (status != DB_OK)
            return failed(run, "making schema_migrations", status);
    }
    result = apply_all(run);
    if (result == MIGRATE_OK && run->changes == 0)
        run->say(run->context, "the schema is up to date");
    return result;
}

static enum migrate_result with_connection(struct run *run, const struct pg_options *options,
                                           enum migrate_result (*body)(struct run *run))
{
    run->pg = pg_new(options);
    if (!run->pg)
        return MIGRATE_AWAY;
    arena_init(&run->arena, 8192);
    enum migrate_result result = body(run);
    db_result_free(run->records);
    arena_done(&run->arena);
    pg_free(run->pg);
    return result;
}

enum migrate_result migrate_run_files(const char *url, const struct migrate_files *files,
                                      bool dry_run, void (*say)(void *context, const char *line),
                                      void *context)
{
    /* Waits as long as it takes for another run, and for its own statements; gives up its locks
     * soon after its process has died. */
    static const char *const settings[] = {"lock_timeout=0", "client_min_messages=notice",
                                           "client_connection_check_interval=1s", NULL};
    const struct pg_options options = {
        .url = url, .settings = settings, .allow_unsafe = true, .statement_timeout_ms = DAY_MS};
    for (int try = 1;; try++) {
        struct run run = {
            .files = files, .dry_run = dry_run, .try = try, .say = say, .context = context};
        enum migrate_result result = with_connection(&run, &options, migrate);
        if (result != MIGRATE_FAILED || !run.met_another || try == TRIES)
            return result;
    }
}

/* --- Checking --- */

static enum migrate_result check(struct run *run)
{
    enum db_status status = read_state(run);
    if (status != DB_OK) {
        enum migrate_result result = failed(run, "reading what is applied", status);
        return result == MIGRATE_FAILED ? MIGRATE_REFUSED : result;
    }
    enum migrate_result result = check_records(run);
    if (result != MIGRATE_OK)
        return result;
    return apply_all(run) == MIGRATE_OK && run->changes == 0 ? MIGRATE_OK : MIGRATE_REFUSED;
}

enum migrate_result migrate_check_files(const char *url, bool pooled,
                                        const struct migrate_files *files,
                                        void (*say)(void *context, const char *line), void *context)
{
    const struct pg_options options = {.url = url, .allow_unsafe = true, .pooled = pooled};
    struct run run = {.files = files, .dry_run = true, .say = say, .context = context};
    return with_connection(&run, &options, check);
}
