/*
 * unit_database: for tests of the layers above db: unit_pg's database with the schema in it. The
 * program's main is one line:
 *
 *     return unit_database_run(suite);
 *
 * No connection is open when the tests begin, because Check runs each in a child: a test connects
 * by itself, in a checked fixture, and finds what earlier tests have left. SQL on the side, as the
 * superuser, is unit_pg_sql and unit_pg_number.
 */
#ifndef SUPPORT_UNIT_DATABASE_H
#define SUPPORT_UNIT_DATABASE_H

#include "npsd/db/pg.h"
#include "support/unit_pg.h"

/* main's exit status. */
int unit_database_run(Suite *suite);
/* The same with a suite of one case, of these tests, with this fixture. */
int unit_database_run_checked(const char *name, SFun setup, SFun teardown,
                              const TTest *const *tests, size_t count);
/* A connection as the daemon has it, with these sets of statements (see pg_options; NULL: none),
 * which outlive it. Fails the test if there is none. */
struct pg *unit_database_connect(const struct db_stmt *const *const *sets);

#endif
