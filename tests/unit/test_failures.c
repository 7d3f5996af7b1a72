/* Wrong keys: how many an address may show, what becomes of right ones meanwhile, and who is told.
 */
#include "npsd/api/access.h"
#include "npsd/api/failures.h"
#include "npsd/base/metrics.h"
#include "npsd/db/pool.h"
#include "npsd/state/keytext.h"
#include "suite.h"
#include "support/unit_call.h"
#include "support/unit_database.h"
#include "support/unit_log.h"
#include <string.h>

#define RESPONSE "/v1/surveys/open/responses/0193e5a0-0000-7000-8000-000000000000"

enum { A_MINUTE = 5 };

static struct unit_call c;

static void setup(void)
{
    unit_call_open(&c);
    unit_call_survey(&c, "open", "'access': 'open'");
    unit_call_refresh(&c);
    c.world.failures = failures_new(A_MINUTE);
    c.world.pool = pool_start(&c.database, 1, 100);
    ck_assert_ptr_nonnull(c.world.pool);
    unit_call_to(&c, HTTP_GET, "/v1/surveys/open");
}

static void teardown(void)
{
    pool_stop(c.world.pool);
    unit_call_done(&c);
}

/* What is queued is written. */
static void settle(void)
{
    pool_stop(c.world.pool);
    c.world.pool = NULL;
}

/* As the server does: on its thread, and on a worker if that asks. */
static struct reply admit(const char *key)
{
    bool ask = false;
    unit_call_bearer(&c, key);
    struct reply reply = access_admit(&c.call, &ask);
    return ask ? access_admit_fresh(&c.call) : reply;
}

static const char *tells(const char *key)
{
    struct reply reply = admit(key);
    return unit_reply_tells(&c.arena, &reply);
}

/* Well made, and nobody's. */
static const char *stranger(void)
{
    return keytext_make(ROLE_ADMIN, arena_alloc(&c.arena, KEYTEXT_SIZE));
}

static void use_up(void)
{
    for (int i = 0; i < A_MINUTE; i++)
        ck_assert_str_eq(tells(i % 2 ? stranger() : "npsd_wrong"), "401 unauthorized");
}

START_TEST(too_many_are_429)
{
    uint64_t failures = metrics_read(METRIC_AUTH_FAILURES);
    uint64_t limited = metrics_read(METRIC_LIMITED);
    use_up();
    struct reply reply = admit(stranger());
    ck_assert_str_eq(unit_reply_tells(&c.arena, &reply), "429 too-many-requests");
    ck_assert_str_eq(unit_reply_header(&reply, "Retry-After"), "12");
    ck_assert_ptr_null(unit_reply_header(&reply, "WWW-Authenticate"));
    ck_assert_ptr_nonnull(strstr(reply.body, "\"violated-policies\":[\"wrong-keys\"]"));
    ck_assert_str_eq(tells("npsd_wrong"), "429 too-many-requests");
    ck_assert_uint_eq(metrics_read(METRIC_AUTH_FAILURES) - failures, A_MINUTE + 2);
    ck_assert_uint_eq(metrics_read(METRIC_LIMITED) - limited, 2);
}
END_TEST

/* Behind one address are others, who have done nothing wrong. */
START_TEST(right_ones_pass_meanwhile)
{
    const char *old = unit_call_key(&c, ROLE_VIEWER, NULL, NULL);
    unit_call_refresh(&c);
    use_up();
    ck_assert_str_eq(tells(stranger()), "429 too-many-requests");
    for (int i = 0; i < 20; i++) {
        ck_assert_str_eq(tells(old), "go on");
        ck_assert_str_eq(tells(NULL), "go on");
    }
    ck_assert_str_eq(tells(unit_call_key(&c, ROLE_ADMIN, NULL, NULL)), "go on");
    ck_assert_str_eq(tells(stranger()), "429 too-many-requests");
    c.call.client = "192.0.2.2";
    ck_assert_str_eq(tells(stranger()), "401 unauthorized");
}
END_TEST

/* A survey that needs a key, or a right that a key has not, is nobody's guess. */
START_TEST(what_is_no_failure)
{
    const char *viewer = unit_call_key(&c, ROLE_VIEWER, NULL, NULL);
    unit_call_survey(&c, "keyed", "'access': 'key'");
    uint64_t failures = metrics_read(METRIC_AUTH_FAILURES);
    for (int i = 0; i < 2 * A_MINUTE; i++) {
        unit_call_to(&c, HTTP_GET, "/v1/surveys/keyed");
        ck_assert_str_eq(tells(NULL), "401 unauthorized");
        unit_call_to(&c, HTTP_GET, "/s/x.y");
        ck_assert_str_eq(tells(NULL), "404 not-found");
        unit_call_to(&c, HTTP_POST, "/v1/surveys");
        ck_assert_str_eq(tells(viewer), "403 forbidden");
    }
    ck_assert_uint_eq(metrics_read(METRIC_AUTH_FAILURES), failures);
}
END_TEST

/* Every way to show what is wrong counts, and counts once. */
START_TEST(every_kind_counts)
{
    static const struct {
        enum http_method method;
        const char *path, *credentials;
    } kinds[] = {
        {HTTP_GET, "/healthz", "Bearer npsd_wrong"},
        {HTTP_PATCH, RESPONSE, "Bearer no-token"},
        {HTTP_POST, "/v1/surveys/open/responses", "Bearer no.link"},
        {HTTP_GET, "/v1/surveys", "Digest x"},
        {HTTP_GET, "/v1/surveys", "Basic YWRtaW46YWRtaW4="},
    };
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        uint64_t failures = metrics_read(METRIC_AUTH_FAILURES);
        bool ask = false;
        unit_call_to(&c, kinds[i].method, kinds[i].path);
        unit_call_header(&c, "Authorization", kinds[i].credentials);
        struct reply reply = access_admit(&c.call, &ask);
        if (ask)
            reply = access_admit_fresh(&c.call);
        ck_assert_msg(reply.status == 401, "%s: %d", kinds[i].credentials, reply.status);
        ck_assert_uint_eq(metrics_read(METRIC_AUTH_FAILURES) - failures, 1);
    }
    unit_call_to(&c, HTTP_POST, "/s/open");
    unit_call_header(&c, "Authorization", NULL);
    struct reply reply = access_admit_form(&c.call, stranger());
    ck_assert_str_eq(unit_reply_tells(&c.arena, &reply), "429 too-many-requests");
}
END_TEST

/* Once, however many come; another address is told of for itself. Neither says which it is. */
START_TEST(log_and_audit)
{
    unit_log_begin();
    use_up();
    ck_assert_int_eq(unit_log_count("login-failures"), 0);
    for (int i = 0; i < 20; i++)
        ck_assert_str_eq(tells(stranger()), "429 too-many-requests");
    ck_assert_int_eq(unit_log_count("level=warning event=login-failures"), 1);
    c.call.client = "2001:db8::2";
    use_up();
    for (int i = 0; i < 20; i++)
        tells(stranger());
    settle();
    ck_assert_int_eq(unit_log_count("event=login-failures request_id=r address_hash="), 2);
    ck_assert_int_eq(unit_log_count("login-failures-not-audited"), 0);
    ck_assert_int_eq(unit_log_count("192.0.2"), 0);
    ck_assert_int_eq(unit_log_count("2001:"), 0);
    ck_assert_int_eq(unit_pg_number("select count(*) from audit where action = 'login-failures'"),
                     2);
    ck_assert_int_eq(unit_pg_number("select count(distinct subject) from audit"
                                    " where action = 'login-failures' and actor = 'anyone'"
                                    " and survey_id is null"
                                    " and subject ~ '^address [0-9a-f]{8}$'"
                                    " and detail = 'more than 5 wrong keys in a minute'"),
                     2);
}
END_TEST

/* With rows that nobody can write the refusals go on, and the log has it all. */
START_TEST(the_database_is_away)
{
    static const struct pg_options nowhere = {.url = "host=/nonexistent"};
    settle();
    c.world.pool = pool_start(&nowhere, 1, 100);
    unit_log_begin();
    use_up();
    ck_assert_str_eq(tells("npsd_wrong"), "429 too-many-requests");
    settle();
    ck_assert_int_eq(unit_log_count("event=login-failures "), 1);
    ck_assert_int_eq(unit_log_count("login-failures-not-audited"), 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        too_many_are_429, right_ones_pass_meanwhile, what_is_no_failure, every_kind_counts,
        log_and_audit,    the_database_is_away,
    };
    return unit_database_run_checked("failures", setup, teardown, tests, COUNT_OF(tests));
}
