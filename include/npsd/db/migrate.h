/*
 * migrate: brings the schema up to the binary's version.
 *
 * The files sql/NNNN_*.sql are embedded at build time. They are applied in order, each in one
 * transaction together with its record in schema_migrations (version, name, sha256, applied_at),
 * under a session advisory lock: any number of runs at once all succeed and each file is applied
 * once, in several databases of one cluster, too. A file whose recorded hash differs, or a record
 * that this binary does not know, is refused before anything is changed. The repeatable files
 * (functions, views, rights) are run again whenever their hash changed.
 */
#ifndef NPSD_DB_MIGRATE_H
#define NPSD_DB_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>

struct migration {
    const char *name; /* "0001_init.sql" */
    const unsigned char *begin, *end;
};

extern const struct migration migrations[]; /* generated at build time, by name */
extern const size_t migrations_count;
extern const struct migration repeatable_sql[]; /* functions, views, rights: those there are */
extern const size_t repeatable_sql_count;

enum migrate_result {
    MIGRATE_OK,
    MIGRATE_AWAY,    /* the database cannot be reached */
    MIGRATE_REFUSED, /* a file was changed after it was applied, or the database is newer than this
                        binary */
    MIGRATE_FAILED   /* a file failed; its transaction was rolled back */
};

/* Tells each step (applied, would apply, up to date) to say; dry_run changes nothing. Its lock
 * lives in its session, so the URL must lead to PostgreSQL itself, not to a pooler in transaction
 * mode. */
enum migrate_result migrate_run(const char *url, bool dry_run,
                                void (*say)(void *context, const char *line), void *context);

/* Whether the database's schema is exactly this binary's: MIGRATE_OK, MIGRATE_AWAY or
 * MIGRATE_REFUSED (older, newer, changed). Tells what does not fit to say. pooled: see pg.h. */
enum migrate_result migrate_check(const char *url, bool pooled,
                                  void (*say)(void *context, const char *line), void *context);

#endif
