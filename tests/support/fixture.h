/*
 * fixture: the world of an API test program: a database made by `npsd migrate`, a daemon on it, and
 * a key of every role. All tests of a program share them; each makes a survey of its own.
 *
 * Programs may run at once: databases, ports and folders are their own. Databases are copies of one
 * template, so a second world inside a program costs little.
 */
#ifndef SUPPORT_FIXTURE_H
#define SUPPORT_FIXTURE_H

#include "support/client.h"
#include "support/daemon.h"
#include <check.h>
#include <stdbool.h>
#include <stddef.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum fixture_role { NONE, SUBMIT, AGENT, VIEWER, ANALYST, ADMIN, ROLE_COUNT };
/* The name of the agent's key, which is what its answers have as "agent". */
#define AGENT_NAME "Anna K"

/* Run once, or as often as it has rows, with the row's number as _i. */
struct fixture_test {
    const TTest *test;
    size_t rows;
};

/* main of a program: makes the world, runs the tests, ends the world. A daemon that does not end as
 * it should is a failure of the program. The daemon's settings are NULL or end with NULL. */
int fixture_run(const char *name, const char *const *settings, const struct fixture_test *tests,
                size_t count);

/* The program's daemon, database, and keys for all surveys (NULL for NONE). */
const struct daemon *fixture_daemon(void);
const char *fixture_database(void);
const char *fixture_key(enum fixture_role role);
const char *fixture_role_name(enum fixture_role role);

/* A new database, migrated (a copy of the template) or empty, to be dropped by the test. */
const char *fixture_new_database(bool migrated);
/* `npsd ARGS...` on a database, whatever comes of it. */
struct command fixture_run_command(const char *name, const char *const *args);
/* Runs a command against the program's database, which must succeed; what it printed, without the
 * line's end. */
const char *fixture_command(const char *const *args);
/* A new key: more arguments of `npsd key create`, ended by NULL. */
const char *fixture_new_key(const char *role, ...) __attribute__((sentinel));

/* A new survey with these further members ("" or `"access":"key","facets":["branch"]`); gives its
 * id. */
const char *fixture_survey(const char *members);
/* Posts an answer with the admin's key, which must be taken with 201; members as above. */
struct reply *fixture_answer(const char *survey, int score, const char *members);

#endif
