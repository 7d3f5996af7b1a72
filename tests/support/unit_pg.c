#include "support/unit_pg.h"
#include "npsd/base/crypto.h"
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URL_SIZE = 1024, SQL_SIZE = 4096, VALUE_SIZE = 1024 };

static char database[64];
static char url[URL_SIZE];

/* The first value of the result into value, which may be NULL. False after telling why. */
static bool run_sql(const char *target, const char *sql, char *value)
{
    PGconn *conn = PQconnectdb(target);
    PQclear(PQexec(conn, "SET client_min_messages = warning"));
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!good)
        fprintf(stderr, "%s: %s\n", sql, PQerrorMessage(conn));
    if (good && value) {
        good = PQntuples(result) > 0;
        snprintf(value, VALUE_SIZE, "%s", good ? PQgetvalue(result, 0, 0) : "");
    }
    PQclear(result);
    PQfinish(conn);
    return good;
}

static void add_setting(char *target, size_t size, const char *setting, const char *value)
{
    size_t len = strlen(target);
    const char *joint = !strstr(target, "://") ? " " : strchr(target, '?') ? "&" : "?";
    snprintf(target + len, size - len, "%s%s=%s", joint, setting, value);
}

static int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int unit_pg_run(Suite *suite)
{
    return unit_pg_run_prepared(suite, NULL);
}

static bool pooled;

bool unit_pg_is_pooled(void)
{
    return pooled;
}

static void begin_pooled(void)
{
    pooled = true;
}

int unit_pg_run_twice(const char *name, void (*setup)(void), void (*teardown)(void),
                      const TTest *const *tests, size_t count)
{
    enum { SECONDS = 20 };
    Suite *suite = suite_create(name);
    TCase *tcases[] = {tcase_create("sessions"), tcase_create("pooled")};
    tcase_add_checked_fixture(tcases[1], begin_pooled, NULL);
    for (size_t i = 0; i < 2; i++) {
        tcase_set_timeout(tcases[i], SECONDS);
        tcase_add_checked_fixture(tcases[i], setup, teardown);
        for (size_t j = 0; j < count; j++)
            tcase_add_test(tcases[i], tests[j]);
        suite_add_tcase(suite, tcases[i]);
    }
    return unit_pg_run(suite);
}

int unit_pg_run_prepared(Suite *suite, bool (*prepare)(const char *url))
{
    const char *server = getenv("NPSD_TEST_DATABASE_URL");
    if (!server || !*server || !crypto_init()) {
        fprintf(stderr, "NPSD_TEST_DATABASE_URL is not set\n");
        return EXIT_FAILURE;
    }
    uint64_t random;
    crypto_random(&random, sizeof(random));
    snprintf(database, sizeof(database), "npsd_db_%016llx", (unsigned long long)random);
    snprintf(url, sizeof(url), "%s", server);
    add_setting(url, sizeof(url), "dbname", database);
    char sql[SQL_SIZE];
    snprintf(sql, sizeof(sql), "CREATE DATABASE %s", database);
    if (!run_sql(server, sql, NULL))
        return EXIT_FAILURE;
    int status = !prepare || prepare(url) ? run_suite(suite) : EXIT_FAILURE;
    snprintf(sql, sizeof(sql), "DROP DATABASE %s WITH (FORCE)", database);
    return run_sql(server, sql, NULL) ? status : EXIT_FAILURE;
}

const char *unit_pg_url(void)
{
    return url;
}

const char *unit_pg_url_with(const char *setting, const char *value)
{
    static char other[URL_SIZE];
    snprintf(other, sizeof(other), "%s", url);
    add_setting(other, sizeof(other), setting, value);
    return other;
}

void unit_pg_sql(const char *format, ...)
{
    char sql[SQL_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(sql, sizeof(sql), format, args);
    va_end(args);
    ck_assert(run_sql(url, sql, NULL));
}

static const char *value_of(const char *format, va_list args)
{
    static char value[VALUE_SIZE];
    char sql[SQL_SIZE];
    vsnprintf(sql, sizeof(sql), format, args);
    ck_assert(run_sql(url, sql, value));
    return value;
}

const char *unit_pg_value(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *value = value_of(format, args);
    va_end(args);
    return value;
}

long unit_pg_number(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    long number = strtol(value_of(format, args), NULL, 10);
    va_end(args);
    return number;
}
