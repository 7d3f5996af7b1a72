#include "json_response_cases.h"

static struct arena arena;

/* What is refused, and where. */
static const struct {
    enum role role;
    const char *json, *places;
} refused[] = {
    {ROLE_NONE, "[]", "."},
    {ROLE_NONE, "{}", "/score"},
    {ROLE_NONE, "{\"score\":\"9\"}", "/score"},
    {ROLE_NONE, "{\"score\":9.0}", "/score"},
    {ROLE_NONE, "{\"score\":1e1}", "/score"},
    {ROLE_NONE, "{\"score\":6.5}", "/score"},
    {ROLE_NONE, "{\"score\":true}", "/score"},
    {ROLE_NONE, "{\"score\":11}", "/score"},
    {ROLE_NONE, "{\"score\":-1}", "/score"},
    {ROLE_NONE, "{\"score\":null}", "/score"},
    {ROLE_NONE, "{\"score\":[9]}", "/score"},
    {ROLE_NONE, "{\"score\":4294967303}", "/score"},
    {ROLE_NONE, "{\"score\":-4294967289}", "/score"},
    {ROLE_NONE, "{\"Score\":9}", "/Score /score"},
    {ROLE_NONE, "{\"score\":9,\"group\":\"promoter\"}", "/group"},
    {ROLE_NONE, "{\"score\":9,\"id\":\"x\"}", "/id"},
    {ROLE_NONE, "{\"score\":9,\"idempotency_key\":\"k\"}", "/idempotency_key"},
    {ROLE_NONE, "{\"score\":9,\"a/b\":1}", "/a~1b"},
    /* answers */
    {ROLE_NONE, "{\"score\":9,\"answers\":[]}", "/answers"},
    {ROLE_NONE, "{\"score\":9,\"answers\":\"Fast\"}", "/answers"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"recommend\":9}}", "/answers/recommend"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"recommend\":null}}", "/answers/recommend"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"what\":\"x\"}}", "/answers/what"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"what\":null}}", "/answers/what"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"a/~b\":1}}", "/answers/a~1~0b"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"retired\":\"x\"}}", "/answers/retired"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"retired\":null}}", "/answers/retired"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"why\":5}}", "/answers/why"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"why\":true}}", "/answers/why"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"why\":[\"x\"]}}", "/answers/why"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"why\":{}}}", "/answers/why"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"why\":\"a\\u0007\"}}", "/answers/why"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"speed\":0}}", "/answers/speed"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"speed\":6}}", "/answers/speed"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"speed\":3.0}}", "/answers/speed"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"speed\":\"3\"}}", "/answers/speed"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"speed\":4294967299}}", "/answers/speed"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"again\":1}}", "/answers/again"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"again\":\"yes\"}}", "/answers/again"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"improve\":\"\"}}", "/answers/improve"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"improve\":\"Wait\"}}", "/answers/improve"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"improve\":\"smell\"}}", "/answers/improve"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"improve\":1}}", "/answers/improve"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"improve\":[\"wait\"]}}", "/answers/improve"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"likes\":\"wait\"}}", "/answers/likes"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"likes\":[\"wait\",\"wait\"]}}", "/answers/likes"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"likes\":[\"wait\",\"price\",\"staff\",\"price\"]}}",
     "/answers/likes"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"likes\":[\"music\"]}}", "/answers/likes"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"likes\":[\"wait\",null]}}", "/answers/likes"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"likes\":[1]}}", "/answers/likes"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"likes\":{}}}", "/answers/likes"},
    /* properties */
    {ROLE_NONE, "{\"score\":9,\"properties\":[]}", "/properties"},
    {ROLE_NONE, "{\"score\":9,\"properties\":\"north\"}", "/properties"},
    {ROLE_NONE, "{\"score\":9,\"properties\":{\"Branch\":\"x\"}}", "/properties/Branch"},
    {ROLE_NONE, "{\"score\":9,\"properties\":{\"\":\"x\"}}", "/properties/"},
    {ROLE_NONE, "{\"score\":9,\"properties\":{\"a.b\":\"x\"}}", "/properties/a.b"},
    {ROLE_NONE, "{\"score\":9,\"properties\":{\"a-b\":null}}", "/properties/a-b"},
    {ROLE_NONE, "{\"score\":9,\"properties\":{\"a-b\":\"\"}}", "/properties/a-b"},
    {ROLE_NONE, "{\"score\":9,\"properties\":{\"branch\":\"a\\nb\"}}", "/properties/branch"},
    {ROLE_NONE, "{\"score\":9,\"properties\":{\"branch\":\"\\u0001\"}}", "/properties/branch"},
    {ROLE_NONE, "{\"score\":9,\"properties\":{\"branch\":[\"a\"]}}", "/properties/branch"},
    {ROLE_NONE, "{\"score\":9,\"properties\":{\"branch\":{}}}", "/properties/branch"},
    /* the rest */
    {ROLE_NONE, "{\"score\":9,\"channel\":\"fax\"}", "/channel"},
    {ROLE_NONE, "{\"score\":9,\"channel\":\"\"}", "/channel"},
    {ROLE_NONE, "{\"score\":9,\"channel\":\"Web\"}", "/channel"},
    {ROLE_NONE, "{\"score\":9,\"channel\":1}", "/channel"},
    {ROLE_NONE, "{\"score\":9,\"channel\":\"import\"}", "/channel"},
    {ROLE_SUBMIT, "{\"score\":9,\"channel\":\"import\"}", "/channel"},
    {ROLE_AGENT, "{\"score\":9,\"channel\":\"web\"}", "/channel"},
    {ROLE_AGENT, "{\"score\":9,\"channel\":\"import\"}", "/channel"},
    {ROLE_NONE, "{\"score\":9,\"agent\":\"Boris\"}", "/agent"},
    {ROLE_SUBMIT, "{\"score\":9,\"agent\":\"Boris\"}", "/agent"},
    {ROLE_VIEWER, "{\"score\":9,\"agent\":\"Boris\"}", "/agent"},
    {ROLE_AGENT, "{\"score\":9,\"agent\":\"Anna\"}", "/agent"},
    {ROLE_ANALYST, "{\"score\":9,\"agent\":\"\"}", "/agent"},
    {ROLE_ANALYST, "{\"score\":9,\"agent\":7}", "/agent"},
    {ROLE_NONE, "{\"score\":9,\"external_id\":\"x\"}", "/external_id"},
    {ROLE_SUBMIT, "{\"score\":9,\"external_id\":\"x\"}", "/external_id"},
    {ROLE_VIEWER, "{\"score\":9,\"external_id\":\"x\"}", "/external_id"},
    {ROLE_AGENT, "{\"score\":9,\"external_id\":\"\"}", "/external_id"},
    {ROLE_AGENT, "{\"score\":9,\"external_id\":\"a\\tb\"}", "/external_id"},
    {ROLE_AGENT, "{\"score\":9,\"external_id\":5}", "/external_id"},
    {ROLE_NONE, "{\"score\":9,\"respondent\":\"\"}", "/respondent"},
    {ROLE_NONE, "{\"score\":9,\"respondent\":17}", "/respondent"},
    {ROLE_NONE, "{\"score\":9,\"respondent\":\"a\\u001f\"}", "/respondent"},
    {ROLE_NONE, "{\"score\":9,\"language\":\"\"}", "/language"},
    {ROLE_NONE, "{\"score\":9,\"language\":\"english\"}", "/language"},
    {ROLE_NONE, "{\"score\":9,\"language\":\"en_US\"}", "/language"},
    {ROLE_NONE, "{\"score\":9,\"language\":[\"en\"]}", "/language"},
    {ROLE_NONE, "{\"score\":9,\"answered_at\":\"yesterday\"}", "/answered_at"},
    {ROLE_NONE, "{\"score\":9,\"answered_at\":1795183380}", "/answered_at"},
    {ROLE_NONE, "{\"score\":9,\"answered_at\":\"2026-11-20T14:03:00\"}", "/answered_at"},
    {ROLE_NONE, "{\"score\":9,\"answered_at\":\"2026-11-18T14:02:59.999999Z\"}", "/answered_at"},
    {ROLE_SUBMIT, "{\"score\":9,\"answered_at\":\"2001-01-01T00:00:00Z\"}", "/answered_at"},
    {ROLE_VIEWER, "{\"score\":9,\"answered_at\":\"2001-01-01T00:00:00Z\"}", "/answered_at"},
    {ROLE_NONE, "{\"score\":9,\"answered_at\":\"2026-11-20T14:08:00.000001Z\"}", "/answered_at"},
    {ROLE_ADMIN, "{\"score\":9,\"answered_at\":\"9999-12-31T23:59:59Z\"}", "/answered_at"},
    /* all at once, in the order sent, what is missing last */
    {ROLE_NONE,
     "{\"x\":1,\"answers\":{\"why\":1,\"speed\":\"1\",\"who\":1},\"channel\":\"fax\","
     "\"language\":1,\"respondent\":\"\",\"properties\":{\"A\":1,\"b\":{}},"
     "\"external_id\":\"x\",\"agent\":\"y\",\"answered_at\":0}",
     "/x /answered_at /score /answers/why /answers/speed /answers/who /channel /language "
     "/respondent /properties/A /properties/b /external_id /agent"},
};

START_TEST(responses_refused)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct problem_errors errors = {.arena = &arena};
        struct response_rules rules = case_rules(refused[i].role);
        struct response response = {.score = 77};
        bool ok = response_decode(case_json(&arena, refused[i].json), "", &rules, &errors,
                                  &response, NULL);

        ck_assert_msg(!ok && strcmp(case_places(&arena, &errors), refused[i].places) == 0, "%s: %s",
                      refused[i].json, case_places(&arena, &errors));
        ck_assert_int_eq(response.score, 77);
    }
}
END_TEST

static const struct {
    enum role role;
    const char *json, *detail;
} details[] = {
    {ROLE_NONE, "{}", "is required"},
    {ROLE_NONE, "{\"score\":9.0}", "must be an integer from 0 to 10"},
    {ROLE_NONE, "{\"score\":9,\"x\":1}", "is not known here"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"x\":1}}", "is not known here"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"recommend\":1}}", "is given as score"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"why\":1}}", "must be text of 1 to 4000 characters"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"speed\":9}}", "must be an integer from 1 to 5"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"again\":1}}", "must be true or false"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"improve\":1}}",
     "must be the id of one of the options"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"likes\":1}}",
     "must be a list of ids of different options"},
    {ROLE_NONE, "{\"score\":9,\"properties\":{\"a\":\"\\n\"}}", "must not have control characters"},
    {ROLE_NONE, "{\"score\":9,\"properties\":{\"a\":[]}}", "must be text, a number, true or false"},
    {ROLE_NONE, "{\"score\":9,\"answered_at\":\"2026-11-18T00:00:00Z\"}",
     "must not be more than 48 hours ago"},
    {ROLE_ADMIN, "{\"score\":9,\"answered_at\":\"2026-11-20T15:00:00Z\"}",
     "must not be more than 5 minutes later than it is received"},
    {ROLE_AGENT, "{\"score\":9,\"agent\":\"Anna\"}", "is set by the agent key"},
    {ROLE_AGENT, "{\"score\":9,\"channel\":\"web\"}", "must be phone when an agent key is used"},
};

START_TEST(details_told)
{
    for (size_t i = 0; i < COUNT_OF(details); i++) {
        struct problem_errors errors = {.arena = &arena};
        struct response_rules rules = case_rules(details[i].role);
        struct response response;

        ck_assert(!response_decode(case_json(&arena, details[i].json), "", &rules, &errors,
                                   &response, NULL));
        ck_assert_uint_eq(errors.count, 1);
        ck_assert_str_eq(errors.items[0].detail, details[i].detail);
    }
}
END_TEST

/* The list in the error must name every channel. */
START_TEST(channels_named)
{
    struct problem_errors errors = {.arena = &arena};
    struct response_rules rules = case_rules(ROLE_NONE);
    struct response response;

    response_decode(case_json(&arena, "{\"score\":9,\"channel\":\"\"}"), "", &rules, &errors,
                    &response, NULL);
    for (enum channel channel = 0; channel < CHANNEL_COUNT; channel++)
        ck_assert_ptr_nonnull(strstr(errors.items[0].detail, channel_name(channel)));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {responses_refused, details_told, channels_named};

    json_read_init();
    arena_init(&arena, 1 << 16);
    int status = suite_run("json_response_refused", tests, COUNT_OF(tests));
    arena_done(&arena);
    return status;
}
