#include "npsd/db/migrate.h"
#include "migrate_internal.h"

/* The files of this binary. */
static struct migrate_files embedded(void)
{
    return (struct migrate_files){
        .files = migrations,
        .count = migrations_count,
        .repeatable = repeatable_sql,
        .repeatable_count = repeatable_sql_count,
    };
}

enum migrate_result migrate_run(const char *url, bool dry_run,
                                void (*say)(void *context, const char *line), void *context)
{
    const struct migrate_files files = embedded();
    return migrate_run_files(url, &files, dry_run, say, context);
}

enum migrate_result migrate_check(const char *url, bool pooled,
                                  void (*say)(void *context, const char *line), void *context)
{
    const struct migrate_files files = embedded();
    return migrate_check_files(url, pooled, &files, say, context);
}
