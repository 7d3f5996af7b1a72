/* What a peer can do with bytes alone: the table of vectors, asked directly and through proxies
 * that share their connections to npsd among clients. */
#include "support/database.h"
#include "support/fixture.h"
#include "support/front.h"
#include "support/text.h"
#include "support/vector.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWERS_MAX = 1000000, SETTLE_MS = 5000, UNSURE_MAX = 2, UNSURE_US = 200000, HIDDEN = 9 };

static struct vector vectors[VECTORS_MAX];

/* Where a way's vectors go, and what was counted there before the one at hand. */
struct target {
    enum vector_way way;
    const char *address, *survey;
    long requests, answers;
};

/* --- what the daemon has seen --- */

/* Requests that the daemon has answered, but for those for this number. */
static long requests_seen(void)
{
    client_use(fixture_daemon()->admin);
    const struct reply *metrics = client_get(NULL, "/metrics");
    client_use(fixture_daemon()->url);
    long sum = 0;
    for (const char *at = metrics->body; (at = strstr(at, "\nnpsd_http_requests_total{"));) {
        const char *end = at + 1 + strcspn(at + 1, "\n");
        const char *value = strstr(at, "} ") + 2;
        bool other = !memmem(at, (size_t)(end - at), "\"/metrics\"", 10) &&
                     !memmem(at, (size_t)(end - at), "\"/readyz\"", 9);
        sum += other ? strtol(value, NULL, 10) : 0;
        at = end;
    }
    client_reset();
    return sum;
}

/* A reply is counted when it has been sent, so a moment later than the client may have it. */
static long requests_settled(long wanted)
{
    long seen = requests_seen();
    for (int ms = 0; seen < wanted && ms < SETTLE_MS; ms++) {
        usleep(1000);
        seen = requests_seen();
    }
    return seen;
}

/* So many of our own, and so many that may not be, times ANSWERS_MAX. */
static long answers_stored(const char *survey)
{
    return database_number(fixture_database(),
                           "select count(*) filter (where score = %d)"
                           " + %ld * count(*) filter (where score <> %d)"
                           " from response join survey on survey.id = survey_id where slug = '%s'",
                           OWN_SCORE, (long)ANSWERS_MAX, OWN_SCORE, survey);
}

/* --- a row --- */

/* NULL, or what went wrong. */
static const char *check_stored(struct target *target, const struct vector_outcome *outcome)
{
    long answers = answers_stored(target->survey) - target->answers;
    long unsure = outcome->unsure ? UNSURE_MAX : 0;
    target->answers += answers;
    if (answers >= ANSWERS_MAX)
        return "a smuggled answer was stored";
    if (answers < (long)outcome->taken || answers > (long)outcome->taken + unsure)
        return text("%ld answers stored, %zu acknowledged", answers, outcome->taken);
    return NULL;
}

static const char *check_requests(struct target *target, const struct vector_outcome *outcome,
                                  size_t asked)
{
    long wanted = target->requests + (long)(outcome->from_npsd + asked);
    long seen = requests_settled(wanted);
    long unsure = outcome->unsure ? UNSURE_MAX : 0;
    const char *wrong = seen < wanted || seen > wanted + unsure
                            ? text("%ld requests seen, %ld answered", seen - target->requests,
                                   wanted - target->requests)
                            : NULL;
    target->requests = seen;
    return wrong;
}

static const char *run_row(struct target *target, const struct vector *vector)
{
    struct vector_outcome outcome =
        vector_run(vector, target->way, target->address, target->survey);
    const char *expected = vector->expected[target->way];
    bool proxied = target->way != DIRECT;
    if (outcome.unsure)
        usleep(UNSURE_US); /* what is under way must not count for the next row */
    bool undisturbed = !proxied || vector_bystander(target->address, target->survey);
    const char *stored = check_stored(target, &outcome);
    const char *seen = check_requests(target, &outcome, proxied ? 1 : 0);
    if (!vector_matches(expected, outcome.seen))
        return text("%s, not %s%s%s", outcome.seen, expected, stored ? "; " : "",
                    stored ? stored : "");
    if (outcome.out_of_order || outcome.ill_formed)
        return outcome.ill_formed ? "an answer lacks a header" : "answers out of order";
    if (!undisturbed)
        return "another client did not get its answer";
    return stored ? stored : seen;
}

/* How many rows went wrong. */
static size_t run_table(enum vector_way way, const char *address)
{
    long before = requests_seen();
    struct target target = {.way = way, .address = address, .survey = fixture_survey("")};
    size_t count = vector_table(vectors), failed = 0;
    const char *only = getenv("NPSD_TEST_VECTOR"); /* a name: that row alone */
    target.requests = requests_settled(before + 1);
    for (size_t i = 0; i < count; i++) {
        const char *wrong =
            only && strcmp(only, vectors[i].name) != 0 ? NULL : run_row(&target, &vectors[i]);
        if (wrong)
            fprintf(stderr, "%s: %s\n", vectors[i].name, wrong);
        failed += wrong != NULL;
    }
    return failed + (answers_stored(target.survey) >= ANSWERS_MAX);
}

/* --- the tests --- */

START_TEST(the_table_is_whole)
{
    size_t count = vector_table(vectors), hidden = 0;
    ck_assert_uint_ge(count, 120);
    for (size_t i = 0; i < count; i++) {
        hidden += vectors[i].hidden;
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(vectors[i].name, vectors[j].name);
    }
    ck_assert_uint_eq(hidden, HIDDEN); /* no more than deploy/SECURITY.md owns up to */
}
END_TEST

START_TEST(directly)
{
    ck_assert_uint_eq(run_table(DIRECT, fixture_daemon()->url), 0);
}
END_TEST

START_TEST(through_nginx)
{
    struct front front;
    front_start_nginx(&front, fixture_daemon()->url);
    size_t failed = run_table(NGINX, front.address);
    front_stop(&front);
    ck_assert_uint_eq(failed, 0);
}
END_TEST

START_TEST(through_haproxy)
{
    struct front front;
    front_start_haproxy(&front, fixture_daemon()->url);
    size_t failed = run_table(HAPROXY, front.address);
    front_stop(&front);
    ck_assert_uint_eq(failed, 0);
}
END_TEST

int main(void)
{
    const char *const settings[] = {"NPSD_TRUSTED_PROXIES=127.0.0.1", NULL};
    const struct fixture_test tests[] = {
        {the_table_is_whole, 1}, {directly, 1}, {through_nginx, 1}, {through_haproxy, 1}};
    return fixture_run("http_vectors", settings, tests, COUNT_OF(tests));
}
