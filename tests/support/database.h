/*
 * database: databases of their own for the API tests, on the server that NPSD_TEST_DATABASE_URL
 * names (a superuser's URL), and a look into them past the daemon. Each call has a connection of
 * its own, so nothing is shared across Check's forks.
 */
#ifndef SUPPORT_DATABASE_H
#define SUPPORT_DATABASE_H

#include <stdbool.h>

/* Makes a database as a copy of the template, an empty one when that is NULL. It belongs to the
 * role npsd_owner where the server has it, as in production. False after telling why. */
bool database_make(const char *name, const char *template);
bool database_drop(const char *name);
/* All whose names begin so: also what tests that failed have left. */
void database_drop_all(const char *prefix);
/* What the daemon gets: the owner's URL, and the superuser's. Live like text(). */
const char *database_url(const char *name);
/* The same for another role. */
const char *database_url_as(const char *name, const char *user);
const char *database_superuser_url(const char *name);

/* Runs SQL as superuser; fails the test if that fails. */
void database_sql(const char *name, const char *sql, ...) __attribute__((format(printf, 2, 3)));
/* The same without waiting for it: it has its own session, until database_await ends it. */
struct database_session;
struct database_session *database_sql_begin(const char *name, const char *sql);
void database_await(struct database_session *session);
/* The first column of the first row; fails the test if there is none. Lives like text(). */
const char *database_value(const char *name, const char *sql, ...)
    __attribute__((format(printf, 2, 3)));
/* The same as a number. */
long database_number(const char *name, const char *sql, ...) __attribute__((format(printf, 2, 3)));

#endif
