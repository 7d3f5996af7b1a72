/*
 * unit_database: a database for a unit test program, made and migrated before its tests run and
 * dropped after them. The program's main is one line:
 *
 *     return unit_database_run(suite);
 *
 * The server is the one that NPSD_TEST_DATABASE_URL names, a superuser's URL. No connection is open
 * when the tests begin, because Check runs each in a child: a test connects by itself, in a checked
 * fixture, and finds what earlier tests have left.
 */
#ifndef SUPPORT_UNIT_DATABASE_H
#define SUPPORT_UNIT_DATABASE_H

#include "npsd/db/pg.h"
#include <check.h>

/* main's exit status. */
int unit_database_run(Suite *suite);
/* Of that database, with a superuser's rights. */
const char *unit_database_url(void);
/* A connection with these statements (NULL: none), as the application's role or, with role NULL, as
 * the superuser. Fails the test if there is none. sets and role outlive the connection. */
struct pg *unit_database_connect(const struct db_stmt *const *const *sets, const char *role);
/* Runs SQL without result as the superuser; fails the test if that fails. */
void unit_database_sql(const char *sql);
/* The first column of the first row, a number, of a query; fails the test if there is none. */
int64_t unit_database_number(const char *sql);

#endif
