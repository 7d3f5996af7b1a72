#include "support/unit_database.h"

#include "npsd/db/migrate.h"
#include "npsd/json/read.h"
#include "unit/suite.h"

#include <stdio.h>

enum { CONNECTIONS_MAX = 64 };

static void say(void *context, const char *line)
{
    (void)context;
    puts(line);
}

static bool migrate(const char *url)
{
    return migrate_run(url, false, say, NULL) == MIGRATE_OK;
}

int unit_database_run(Suite *suite)
{
    json_read_init();
    return unit_pg_run_prepared(suite, migrate);
}

int unit_database_run_checked(const char *name, SFun setup, SFun teardown,
                              const TTest *const *tests, size_t count)
{
    return unit_database_run(suite_checked(name, setup, teardown, tests, count));
}

struct pg *unit_database_connect(const struct db_stmt *const *const *sets)
{
    static struct pg_options options[CONNECTIONS_MAX]; /* a connection borrows them for its life */
    static size_t used;

    ck_assert_uint_lt(used, CONNECTIONS_MAX);
    /* Patience for busy machines: whoever tests limits of time has options of its own. */
    options[used] = (struct pg_options){.url = unit_pg_url(),
                                        .sets = sets,
                                        .role = "npsd_app",
                                        .allow_unsafe = true,
                                        .statement_timeout_ms = 60000};
    struct pg *pg = pg_new(&options[used++]);
    enum db_status status = pg_connect(pg);
    ck_assert_msg(status == DB_OK, "%s: %s", db_status_name(status), pg_error(pg));
    return pg;
}
