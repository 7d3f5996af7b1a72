#include "support/unit_database.h"

#include "npsd/base/crypto.h"
#include "npsd/db/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URL_SIZE = 1024, NAME_SIZE = 64, CONNECTIONS_MAX = 64, TIMEOUT_MS = 60000 };

static char database_name[NAME_SIZE];
static char database_url[URL_SIZE];

static void say(void *context, const char *line)
{
    (void)context;
    printf("%s\n", line);
}

/* As the superuser, on a connection of its own. False after telling what the server said. */
static bool run_sql(const char *url, const char *format, const char *name)
{
    char sql[NAME_SIZE + 64];
    struct pg_options options = {
        .url = url, .allow_unsafe = true, .statement_timeout_ms = TIMEOUT_MS};
    struct pg *pg = pg_new(&options);

    snprintf(sql, sizeof(sql), "%s%s%s", format, name,
             strncmp(format, "drop", 4) == 0 ? " with (force)" : "");
    bool good = pg_command(pg, sql) == DB_OK;
    if (!good)
        fprintf(stderr, "%s: %s\n", sql, pg_error(pg));
    pg_free(pg);
    return good;
}

/* The same server, another database: of a setting given twice the last counts. */
static bool make_url(const char *server)
{
    bool is_uri = strstr(server, "://") != NULL;
    const char *joint = !is_uri ? " " : strchr(server, '?') ? "&" : "?";
    int len =
        snprintf(database_url, sizeof(database_url), "%s%sdbname=%s", server, joint, database_name);
    return len > 0 && (size_t)len < sizeof(database_url);
}

static bool make_database(const char *server)
{
    uint8_t random[8];
    char hex[2 * sizeof(random) + 1];

    crypto_random(random, sizeof(random));
    snprintf(database_name, sizeof(database_name), "npsd_unit_%s",
             crypto_hex(random, sizeof(random), hex));
    return make_url(server) && run_sql(server, "create database ", database_name);
}

static int run_tests(Suite *suite)
{
    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int unit_database_run(Suite *suite)
{
    const char *server = getenv("NPSD_TEST_DATABASE_URL");
    int status = EXIT_FAILURE;

    if (!server || !*server)
        fprintf(stderr, "NPSD_TEST_DATABASE_URL is not set\n");
    else if (crypto_init() && make_database(server)) {
        if (migrate_run(database_url, false, say, NULL) == MIGRATE_OK)
            status = run_tests(suite);
        if (!run_sql(server, "drop database ", database_name))
            status = EXIT_FAILURE;
    }
    return status;
}

const char *unit_database_url(void)
{
    return database_url;
}

struct pg *unit_database_connect(const struct db_stmt *const *const *sets, const char *role)
{
    static struct pg_options options[CONNECTIONS_MAX]; /* a connection borrows them for its life */
    static size_t used;

    ck_assert_uint_lt(used, CONNECTIONS_MAX);
    struct pg_options *mine = &options[used++];
    *mine =
        (struct pg_options){.url = database_url, .sets = sets, .role = role, .allow_unsafe = true};
    struct pg *pg = pg_new(mine);
    enum db_status status = pg_connect(pg);
    ck_assert_msg(status == DB_OK, "%s: %s", db_status_name(status), pg_error(pg));
    return pg;
}

void unit_database_sql(const char *sql)
{
    struct pg *pg = unit_database_connect(NULL, NULL);
    enum db_status status = pg_command(pg, sql);

    ck_assert_msg(status == DB_OK, "%s: %s: %s", sql, db_status_name(status), pg_error(pg));
    pg_free(pg);
}

int64_t unit_database_number(const char *sql)
{
    char text[URL_SIZE];
    struct pg *pg = unit_database_connect(NULL, NULL);
    DB_RESULT result = NULL;

    snprintf(text, sizeof(text), "select (%s)::int8", sql);
    struct db_stmt stmt = {"number", "", "int8", text};
    enum db_status status = pg_exec_unprepared(pg, &stmt, NULL, 0, &result);
    ck_assert_msg(status == DB_OK, "%s: %s: %s", sql, db_status_name(status), pg_error(pg));
    ck_assert_int_eq(db_rows(result), 1);
    int64_t number = db_int(result, 0, 0);
    pg_free(pg);
    return number;
}
