/*
 * unit_pg: an empty database of its own for a test program of the db layer, made and dropped with
 * plain libpq, so that the layer under test does not vouch for itself. The server is the one that
 * NPSD_TEST_DATABASE_URL names, a superuser's URL.
 */
#ifndef SUPPORT_UNIT_PG_H
#define SUPPORT_UNIT_PG_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

/* Makes the database, runs the suite, drops the database. main's exit status. */
int unit_pg_run(Suite *suite);
/* The same, with prepare(its URL) called before the tests begin; false ends it. */
int unit_pg_run_prepared(Suite *suite, bool (*prepare)(const char *url));
/* A suite whose tests run twice: with sessions, and as behind a pooler (see pg.h), which
 * unit_pg_is_pooled tells their setup. */
int unit_pg_run_twice(const char *name, void (*setup)(void), void (*teardown)(void),
                      const TTest *const *tests, size_t count);
bool unit_pg_is_pooled(void);
/* Of that database. */
const char *unit_pg_url(void);
/* The URL of another database of that server, or of another server (settings of a URL that come
 * last count), for the length of the test. */
const char *unit_pg_url_with(const char *setting, const char *value);
/* Runs SQL; fails the test if that fails. */
void unit_pg_sql(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The first column of the first row; fails the test if there is none. Lives until the next call. */
const char *unit_pg_value(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* As unit_pg_value, as a number. */
long unit_pg_number(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
