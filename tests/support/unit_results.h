/*
 * unit_results: a survey with answers whose numbers were worked out by hand, for tests of the
 * handlers of results. It is 2026-11-20T14:03Z; the survey "shop" is in Europe/Moscow, has the
 * facets branch and product, and asks
 *
 *     recommend nps, improve choice (wait, price, staff), used choices (a, b, c),
 *     ease scale 1..5, again yes_no
 *
 * A program's main is unit_results_run.
 */
#ifndef SUPPORT_UNIT_RESULTS_H
#define SUPPORT_UNIT_RESULTS_H

#include "support/unit_call.h"
#include "support/unit_database.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A suite of one case, in which each test has an empty "shop". main's exit status. */
int unit_results_run(const char *name, const TTest *const *tests, size_t count);
/* The call, for what is special. */
struct unit_call *unit_results_call(void);

/* Posts answers, which must be taken: members as JSON without braces, quotes turned. */
void unit_results_post(const char *survey, const char *const *answers, size_t count);
/* Ten answers of 2026-11-10 of the shop, as the source says: NPS 20. */
void unit_results_post_ten(void);

/* GET /v1/surveys/ and what follows, as a viewer. */
struct reply unit_results_get(const char *path);
/* The body is this, quotes turned. */
void unit_results_assert(const char *path, const char *body);
/* What stands there is this JSON, quotes turned; pointer "/values/0/share". */
void unit_results_assert_at(const char *path, const char *pointer, const char *json);
/* Of each row of an array of the body these members, as JSON: "\"web\" 7, \"email\" 2". members:
 * "value responses". */
const char *unit_results_rows(const char *path, const char *array, const char *members);
/* All are refused with 422, and name the parameters. */
struct unit_results_wrong {
    const char *query, *parameters;
};
void unit_results_assert_wrong(const char *path, const struct unit_results_wrong *wrong,
                               size_t count);

#endif
