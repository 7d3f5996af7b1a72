#include "support/database.h"
#include "support/text.h"
#include <check.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first value, "" when there is none; NULL after telling why. */
static const char *run_sql(const char *url, const char *sql)
{
    PGconn *conn = PQconnectdb(url);
    PQclear(PQexec(conn, "SET client_min_messages = warning"));
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    const char *value = NULL;
    if (status == PGRES_TUPLES_OK && PQntuples(result) > 0)
        value = text("%s", PQgetvalue(result, 0, 0));
    else if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        value = "";
    else
        fprintf(stderr, "%s: %s\n", sql, PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
    return value;
}

/* In a libpq URL, as in a key/value string, the last setting of a name counts. */
static const char *add_setting(const char *url, const char *setting, const char *value)
{
    const char *joint = !strstr(url, "://") ? " " : strchr(url, '?') ? "&" : "?";
    return text("%s%s%s=%s", url, joint, setting, value);
}

static const char *server_url(void)
{
    const char *url = getenv("NPSD_TEST_DATABASE_URL");
    return url ? url : "";
}

static bool owner_exists(void)
{
    const char *found =
        run_sql(server_url(), "SELECT count(*) FROM pg_roles WHERE rolname = 'npsd_owner'");
    return found && strcmp(found, "1") == 0;
}

bool database_make(const char *name, const char *template)
{
    return run_sql(server_url(),
                   text("CREATE DATABASE %s TEMPLATE %s%s", name, template ? template : "template1",
                        owner_exists() ? " OWNER npsd_owner" : "")) != NULL;
}

bool database_drop(const char *name)
{
    return run_sql(server_url(), text("DROP DATABASE IF EXISTS %s WITH (FORCE)", name)) != NULL;
}

void database_drop_all(const char *prefix)
{
    const char *find = text("SELECT datname FROM pg_database WHERE starts_with(datname, '%s')"
                            " ORDER BY datname LIMIT 1",
                            prefix);
    const char *name;
    while ((name = run_sql(server_url(), find)) && *name && database_drop(name))
        ;
}

const char *database_superuser_url(const char *name)
{
    return add_setting(server_url(), "dbname", name);
}

const char *database_url_as(const char *name, const char *user)
{
    return add_setting(database_superuser_url(name), "user", user);
}

const char *database_url(const char *name)
{
    return owner_exists() ? database_url_as(name, "npsd_owner") : database_superuser_url(name);
}

static const char *value_of(const char *name, const char *format, va_list args)
{
    char sql[4096];
    int size = vsnprintf(sql, sizeof(sql), format, args);
    ck_assert_int_lt(size, (int)sizeof(sql));
    const char *value = run_sql(database_superuser_url(name), sql);
    ck_assert_msg(value != NULL, "failed: %s", sql);
    return value;
}

void database_sql(const char *name, const char *sql, ...)
{
    va_list args;
    va_start(args, sql);
    value_of(name, sql, args);
    va_end(args);
}

struct database_session *database_sql_begin(const char *name, const char *sql)
{
    PGconn *conn = PQconnectdb(database_superuser_url(name));
    ck_assert_msg(PQsendQuery(conn, sql), "failed: %s: %s", sql, PQerrorMessage(conn));
    return (struct database_session *)conn;
}

void database_await(struct database_session *session)
{
    PGconn *conn = (PGconn *)session;
    for (PGresult *result; (result = PQgetResult(conn));) {
        ExecStatusType status = PQresultStatus(result);
        ck_assert_msg(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK, "failed: %s",
                      PQresultErrorMessage(result));
        PQclear(result);
    }
    PQfinish(conn);
}

const char *database_value(const char *name, const char *sql, ...)
{
    va_list args;
    va_start(args, sql);
    const char *value = value_of(name, sql, args);
    va_end(args);
    ck_assert_msg(*value != '\0', "no row: %s", sql);
    return value;
}

long database_number(const char *name, const char *sql, ...)
{
    va_list args;
    va_start(args, sql);
    const char *value = value_of(name, sql, args);
    va_end(args);
    ck_assert_msg(*value != '\0', "no row: %s", sql);
    return strtol(value, NULL, 10);
}
