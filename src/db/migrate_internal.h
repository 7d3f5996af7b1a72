/*
 * migrate_internal: migrate with tables of files of one's own, for tests.
 */
#ifndef NPSD_DB_MIGRATE_INTERNAL_H
#define NPSD_DB_MIGRATE_INTERNAL_H

#include "npsd/db/migrate.h"

struct migrate_files {
    const struct migration *files;
    size_t count;
    const struct migration *repeatable;
    size_t repeatable_count;
};

enum migrate_result migrate_run_files(const char *url, const struct migrate_files *files,
                                      bool dry_run, void (*say)(void *context, const char *line),
                                      void *context);
enum migrate_result migrate_check_files(const char *url, bool pooled,
                                        const struct migrate_files *files,
                                        void (*say)(void *context, const char *line),
                                        void *context);

#endif
