/* Dashboards that poll: a number from memory costs no query, and lacks no answer that it must have.
 */
#include "npsd/base/clock.h"
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long metric(const char *name)
{
    const char *service = fixture_daemon()->url;
    client_use(fixture_daemon()->admin);
    const char *at =
        strstr(expect_status(client_get(NULL, "/metrics"), 200)->body, text("\n%s ", name));
    client_use(service);
    ck_assert_msg(at, "there is no %s", name);
    return strtol(at + strlen(name) + 2, NULL, 10);
}

static long recalled(void)
{
    return metric("npsd_results_recalled_total");
}

static struct reply *ask(const char *survey, const char *query, const char *known)
{
    const struct request request = {
        .path = text("/v1/surveys/%s/nps%s", survey, query),
        .key = fixture_key(VIEWER),
        .headers = {known ? text("If-None-Match: %s", known) : NULL},
    };
    return client_send(&request);
}

static json_int_t responses(const char *survey)
{
    return json_integer_value(reply_at(expect_status(ask(survey, "", NULL), 200), "/responses"));
}

/* Asks until a reply comes from memory: a poll of the daemon or a quarter hour may lie between. */
static struct reply *ask_until_recalled(const char *survey, const char *query, const char *known)
{
    for (int i = 0; i < 200; i++) {
        long before = recalled();
        struct reply *reply = ask(survey, query, known);
        if (recalled() > before)
            return reply;
        usleep(10000);
    }
    ck_abort_msg("never from memory");
}

START_TEST(from_memory_it_is_the_same)
{
    const char *survey = fixture_survey("");
    fixture_answer(survey, 9, "");
    struct reply *first = expect_status(ask(survey, "?last=30d", NULL), 200);
    const char *tag = header_of(first, "ETag");
    struct reply *again = expect_status(ask_until_recalled(survey, "?last=30d", NULL), 200);
    expect_header(again, "ETag", tag);
    expect_header(again, "Content-Type", "application/json");
    expect_header(again, "Cache-Control", "private, no-cache");
    expect_header(again, "Vary", "Authorization, Origin");
    ck_assert_uint_eq(again->size, first->size);
    ck_assert_mem_eq(again->body, first->body, first->size);
    struct reply *same = expect_status(ask_until_recalled(survey, "?last=30d", tag), 304);
    expect_header(same, "ETag", tag);
    ck_assert_uint_eq(same->size, 0);
    const char *length = header_of(same, "Content-Length");
    /* Any other length has small clients wait for a body. */
    ck_assert_msg(!length || strcmp(length, "0") == 0, "%s", length);
    expect_status(ask_until_recalled(survey, "?last=30d", "\"other\""), 200);
}
END_TEST

static long scans(void)
{
    return database_number(fixture_database(),
                           "select coalesce(sum(idx_scan), 0) from pg_stat_user_tables"
                           " where relname in ('tally_day', 'tally_month', 'response')");
}

/* As PostgreSQL counts it. Sessions tell their counts within a second of their last transaction. */
START_TEST(a_304_costs_no_query)
{
    const char *survey = fixture_survey("");
    fixture_answer(survey, 9, "");
    const char *tag = header_of(ask_until_recalled(survey, "", NULL), "ETag");
    sleep(3);
    long before = scans(), memory = recalled();
    int asked = 0;
    for (; asked < 500; asked++)
        expect_status(ask(survey, "", tag), 304);
    sleep(3);
    long missed = asked - (recalled() - memory);
    ck_assert_int_le(missed, 20); /* a quarter hour may have passed, a poll may have come late */
    ck_assert_int_le(scans() - before, 20 * missed);
}
END_TEST

START_TEST(an_own_answer_is_there_at_once)
{
    const char *survey = fixture_survey("");
    for (int i = 1; i <= 300; i++) {
        fixture_answer(survey, i % 11, "");
        ck_assert_int_eq(responses(survey), i);
        ck_assert_int_eq(responses(survey), i);
    }
}
END_TEST

START_TEST(a_batch_is_there_at_once)
{
    const char *survey = fixture_survey("");
    for (int i = 1; i <= 50; i++) {
        expect_status(client_post(fixture_key(ADMIN), "[{\"score\":9},{\"score\":1}]",
                                  "/v1/surveys/%s/responses/batch", survey),
                      200);
        ck_assert_int_eq(responses(survey), 2 * i);
    }
}
END_TEST

START_TEST(changes_are_there_at_once)
{
    const char *survey = fixture_survey("");
    fixture_answer(survey, 10, "");
    const char *id = reply_string(fixture_answer(survey, 9, ""), "/id");
    for (int i = 0; i < 20; i++) {
        expect_real(ask(survey, "", NULL), "/nps_exact", 100);
        const char *path = text("/v1/surveys/%s/responses/%s", survey, id);
        expect_status(client_patch(fixture_key(ADMIN), "{\"score\":0}", "%s", path), 200);
        expect_real(ask(survey, "", NULL), "/nps_exact", 0);
        expect_status(
            client_patch(fixture_key(ADMIN), "{\"excluded\":true,\"reason\":\"test\"}", "%s", path),
            200);
        ck_assert_int_eq(responses(survey), 1);
        expect_status(
            client_patch(fixture_key(ADMIN), "{\"excluded\":false,\"score\":9}", "%s", path), 200);
    }
    expect_status(client_delete(fixture_key(ADMIN), "/v1/surveys/%s/responses/%s", survey, id),
                  204);
    ck_assert_int_eq(responses(survey), 1);
}
END_TEST

/* What another daemon acknowledged more than a second ago is there, however often it was asked. */
START_TEST(others_answers_are_there_within_a_second)
{
    struct daemon other;
    const char *survey = fixture_survey("");
    ck_assert(daemon_start(&other, database_url(fixture_database()), NULL));
    for (int i = 1; i <= 8; i++) {
        client_use(other.url);
        fixture_answer(survey, 9, "");
        int64_t acknowledged = clock_monotonic_us();
        client_use(fixture_daemon()->url);
        while (clock_monotonic_us() - acknowledged < CLOCK_SECOND_US + 1000 * (i % 5))
            ck_assert_int_ge(responses(survey), i - 1);
        ck_assert_int_eq(responses(survey), i);
    }
    ck_assert_ptr_null(daemon_stop(&other));
}
END_TEST

START_TEST(definitions_are_followed)
{
    const char *survey = fixture_survey("");
    fixture_answer(survey, 9, "");
    ask_until_recalled(survey, "", NULL);
    expect_status(
        client_patch(fixture_key(ADMIN), "{\"min_responses\":1}", "/v1/surveys/%s", survey), 200);
    expect_int(ask(survey, "", NULL), "/min_responses", 1);
    expect_status(client_delete(fixture_key(ADMIN), "/v1/surveys/%s?with_responses=true", survey),
                  204);
    expect_status(ask(survey, "", NULL), 404);
}
END_TEST

START_TEST(questions_are_told_apart)
{
    const char *survey = fixture_survey("'facets':['branch']");
    fixture_answer(survey, 9, "'properties':{'branch':'north'}");
    fixture_answer(survey, 0, "'properties':{'branch':'south'}");
    for (int i = 0; i < 50; i++) {
        expect_real(ask(survey, "?where.branch=north", NULL), "/nps_exact", 100);
        expect_real(ask(survey, "?where.branch=south", NULL), "/nps_exact", -100);
        expect_int(ask(survey, "?where.branch=", NULL), "/responses", 0);
        expect_int(ask(survey, "", NULL), "/responses", 2);
        expect_string(ask(survey, "?tz=Asia/Kathmandu", NULL), "/window/time_zone",
                      "Asia/Kathmandu");
        expect_problem(ask(survey, "?last=0d", NULL), 422, "invalid", "last");
    }
}
END_TEST

/* Who may not see it does not see it from memory either. */
START_TEST(access_comes_first)
{
    const char *survey = fixture_survey("");
    ask_until_recalled(survey, "", NULL);
    for (int i = 0; i < 20; i++) {
        ask(survey, "", NULL);
        expect_status(client_get(NULL, "/v1/surveys/%s/nps", survey), 401);
        expect_status(client_get(fixture_key(SUBMIT), "/v1/surveys/%s/nps", survey), 403);
    }
}
END_TEST

/* Although the same request was answered from memory a moment ago, again and again. */
START_TEST(a_revoked_key_stops)
{
    const char *path = text("/v1/surveys/%s/nps", fixture_survey(""));
    const char *key = fixture_new_key("viewer", NULL);
    const char *id =
        text("%ld", database_number(fixture_database(), "select max(id) from api_key"));
    long before = recalled();
    for (int i = 0; i < 50; i++)
        expect_status(client_get(key, "%s", path), 200);
    ck_assert_int_gt(recalled(), before);
    fixture_command((const char *const[]){"key", "revoke", id, NULL});
    int64_t revoked = clock_monotonic_us();
    while (client_get(key, "%s", path)->status != 401)
        ck_assert_int_lt(clock_monotonic_us() - revoked, 2 * CLOCK_SECOND_US);
    for (int i = 0; i < 50; i++)
        expect_status(client_get(key, "%s", path), 401);
    expect_status(client_get(fixture_key(VIEWER), "%s", path), 200);
}
END_TEST

/* --- many at once --- */

struct crowd {
    const char *survey, *what;
    size_t refused;
    json_int_t least, most;
};

static void fill_read(void *closure, size_t number, struct request *ret_request)
{
    const struct crowd *crowd = closure;
    (void)number;
    *ret_request =
        (struct request){.path = text("/v1/surveys/%s/nps%s", crowd->survey, crowd->what),
                         .key = fixture_key(VIEWER)};
}

/* Of a number, or of all points of a series. */
static json_int_t responses_of(const struct reply *reply)
{
    const json_t *points = json_object_get(reply->json, "points"), *point;
    json_int_t sum = 0;
    size_t i;
    if (!points)
        return json_integer_value(reply_at(reply, "/responses"));
    json_array_foreach(points, i, point)
    {
        sum += json_integer_value(json_object_get(point, "responses"));
    }
    return sum;
}

static void read_done(void *closure, size_t number, const struct reply *reply)
{
    struct crowd *crowd = closure;
    (void)number;
    crowd->refused += reply->status != 200;
    json_int_t n = responses_of(reply);
    crowd->least = n < crowd->least ? n : crowd->least;
    crowd->most = n > crowd->most ? n : crowd->most;
}

/* Each after another answer; none is older than its request. */
static void read_by_many(const char *what)
{
    struct crowd crowd = {.survey = fixture_survey(""), .what = what};
    for (int i = 1; i <= 30; i++) {
        fixture_answer(crowd.survey, 9, "");
        crowd.least = 1000000;
        crowd.most = 0;
        client_send_many(32, 96, fill_read, read_done, &crowd);
        ck_assert_int_eq(crowd.least, i);
        ck_assert_int_eq(crowd.most, i);
    }
    ck_assert_uint_eq(crowd.refused, 0);
}

START_TEST(many_readers_share_queries)
{
    long shared = metric("npsd_results_shared_total");
    read_by_many("/series?last=2d&interval=day");
    ck_assert_int_gt(metric("npsd_results_shared_total"), shared);
}
END_TEST

START_TEST(a_number_goes_on_for_many_readers)
{
    long moved_on = metric("npsd_results_moved_on_total");
    read_by_many("?last=2d");
    ck_assert_int_gt(metric("npsd_results_moved_on_total"), moved_on);
}
END_TEST

struct wrong {
    const char *survey;
    size_t told;
};

static void fill_wrong(void *closure, size_t number, struct request *ret_request)
{
    const struct wrong *wrong = closure;
    (void)number;
    *ret_request =
        (struct request){.path = text("/v1/surveys/%s/nps?tz=Nowhere/Else", wrong->survey),
                         .key = fixture_key(VIEWER)};
}

static void wrong_done(void *closure, size_t number, const struct reply *reply)
{
    struct wrong *wrong = closure;
    (void)number;
    wrong->told += reply->status == 422 && strstr(reply->body, header_of(reply, "X-Request-Id"));
}

START_TEST(each_is_refused_in_its_own_name)
{
    struct wrong wrong = {.survey = fixture_survey("")};
    client_send_many(32, 96, fill_wrong, wrong_done, &wrong);
    ck_assert_uint_eq(wrong.told, 96);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = from_memory_it_is_the_same},
        {.test = a_304_costs_no_query},
        {.test = an_own_answer_is_there_at_once},
        {.test = a_batch_is_there_at_once},
        {.test = changes_are_there_at_once},
        {.test = others_answers_are_there_within_a_second},
        {.test = definitions_are_followed},
        {.test = questions_are_told_apart},
        {.test = access_comes_first},
        {.test = a_revoked_key_stops},
        {.test = many_readers_share_queries},
        {.test = a_number_goes_on_for_many_readers},
        {.test = each_is_refused_in_its_own_name},
    };
    return fixture_run("polling", NULL, tests, COUNT_OF(tests));
}
