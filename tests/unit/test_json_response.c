#include "json_response_cases.h"

static struct arena arena;

/* --- what is taken --- */

static const struct {
    enum role role;
    const char *json, *response;
} taken[] = {
    {ROLE_NONE, "{\"score\":9}", "9 web - -"},
    {ROLE_NONE, "{\"score\":0}", "0 web - -"},
    {ROLE_NONE, "{\"score\":10}", "10 web - -"},
    {ROLE_NONE, "{\"score\":-0}", "0 web - -"},
    {ROLE_AGENT, "{\"score\":3}", "3 phone - - agent=Anna"},
    {ROLE_ANALYST, "{\"score\":3}", "3 web - -"},
    {ROLE_NONE, "{\"score\":9,\"answers\":{}}", "9 web - -"},
    {ROLE_NONE,
     "{\"score\":9,\"answers\":null,\"channel\":null,\"language\":null,\"respondent\":null,"
     "\"properties\":null,\"answered_at\":null,\"external_id\":null,\"agent\":null}",
     "9 web - -"},
    /* answers, in the order of the questions */
    {ROLE_NONE, "{\"score\":9,\"answers\":{\"why\":\"Fast\"}}", "9 web {\"why\":\"Fast\"} -"},
    {ROLE_NONE,
     "{\"answers\":{\"improve\":\"wait\",\"likes\":[\"wait\",\"price\"],\"again\":false,"
     "\"speed\":5,\"why\":\"\\\"Ж\\\"\\n\"},\"score\":9}",
     "9 web {\"why\":\"\\\"Ж\\\"\\n\",\"speed\":5,\"again\":false,\"likes\":[\"price\",\"wait\"],"
     "\"improve\":\"wait\"} -"},
    {ROLE_NONE, "{\"score\":10,\"answers\":{\"again\":true}}", "10 web {\"again\":true} -"},
    {ROLE_NONE, "{\"score\":1,\"answers\":{\"speed\":1}}", "1 web {\"speed\":1} -"},
    {ROLE_NONE, "{\"score\":1,\"answers\":{\"improve\":\"price\"}}",
     "1 web {\"improve\":\"price\"} -"},
    {ROLE_NONE, "{\"score\":1,\"answers\":{\"likes\":[\"staff\"]}}",
     "1 web {\"likes\":[\"staff\"]} -"},
    /* not answered */
    {ROLE_NONE, "{\"score\":1,\"answers\":{\"why\":\"\",\"likes\":[],\"speed\":null}}",
     "1 web - -"},
    {ROLE_NONE, "{\"score\":1,\"answers\":{\"why\":\" \\t\\r\\n\",\"again\":null}}", "1 web - -"},
    {ROLE_NONE, "{\"score\":1,\"answers\":{\"why\":null,\"improve\":null,\"likes\":null}}",
     "1 web - -"},
    /* properties, by name */
    {ROLE_NONE, "{\"score\":1,\"properties\":{\"branch\":\"north\",\"area\":\"Север\"}}",
     "1 web - {\"area\":\"Север\",\"branch\":\"north\"}"},
    {ROLE_NONE,
     "{\"score\":1,\"properties\":{\"c\":7,\"b\":-7.5,\"a\":true,\"d\":false,\"e\":null,"
     "\"f\":0.1,\"g\":1e300,\"h\":9223372036854775807}}",
     "1 web - {\"a\":\"true\",\"b\":\"-7.5\",\"c\":\"7\",\"d\":\"false\",\"f\":\"0.1\","
     "\"g\":\"1e+300\",\"h\":\"9223372036854775807\"}"},
    {ROLE_NONE, "{\"score\":1,\"properties\":{\"a\":null}}", "1 web - -"},
    {ROLE_NONE, "{\"score\":1,\"properties\":{\"a\":\"\"}}", "1 web - -"},
    {ROLE_NONE, "{\"score\":1,\"properties\":{\"a\":\"\",\"b\":\" \"}}", "1 web - {\"b\":\" \"}"},
    /* channels */
    {ROLE_NONE, "{\"score\":1,\"channel\":\"web\"}", "1 web - -"},
    {ROLE_NONE, "{\"score\":1,\"channel\":\"email\"}", "1 email - -"},
    {ROLE_NONE, "{\"score\":1,\"channel\":\"link\"}", "1 link - -"},
    {ROLE_NONE, "{\"score\":1,\"channel\":\"sms\"}", "1 sms - -"},
    {ROLE_SUBMIT, "{\"score\":1,\"channel\":\"phone\"}", "1 phone - -"},
    {ROLE_SUBMIT, "{\"score\":1,\"channel\":\"kiosk\"}", "1 kiosk - -"},
    {ROLE_SUBMIT, "{\"score\":1,\"channel\":\"chat\"}", "1 chat - -"},
    {ROLE_SUBMIT, "{\"score\":1,\"channel\":\"app\"}", "1 app - -"},
    {ROLE_ADMIN, "{\"score\":1,\"channel\":\"import\"}", "1 import - -"},
    {ROLE_AGENT, "{\"score\":1,\"channel\":\"phone\"}", "1 phone - - agent=Anna"},
    /* who */
    {ROLE_ANALYST, "{\"score\":1,\"agent\":\"Boris\"}", "1 web - - agent=Boris"},
    {ROLE_NONE, "{\"score\":1,\"respondent\":\"c-17 / Ж\"}", "1 web - - respondent=c-17 / Ж"},
    {ROLE_AGENT, "{\"score\":1,\"external_id\":\"call 7\"}",
     "1 phone - - agent=Anna external_id=call 7"},
    {ROLE_ADMIN, "{\"score\":1,\"external_id\":\"x\"}", "1 web - - external_id=x"},
    {ROLE_NONE, "{\"score\":1,\"language\":\"pt-BR\"}", "1 web - - language=pt-BR"},
    /* when: now is 2026-11-20T14:03:00Z */
    {ROLE_NONE, "{\"score\":1,\"answered_at\":\"2026-11-20T14:03:00Z\"}",
     "1 web - - given=2026-11-20T14:03:00Z"},
    {ROLE_NONE, "{\"score\":1,\"answered_at\":\"2026-11-18T17:03:00+03:00\"}",
     "1 web - - given=2026-11-18T14:03:00Z answered=2026-11-18T14:03:00Z"},
    {ROLE_NONE, "{\"score\":1,\"answered_at\":\"2026-11-20T14:08:00Z\"}",
     "1 web - - given=2026-11-20T14:08:00Z"},
    {ROLE_AGENT, "{\"score\":1,\"answered_at\":\"2001-01-01T00:00:00.5Z\"}",
     "1 phone - - agent=Anna given=2001-01-01T00:00:00.5Z answered=2001-01-01T00:00:00.5Z"},
};

START_TEST(responses_taken)
{
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        struct problem_errors errors = {.arena = &arena};
        struct response_rules rules = case_rules(taken[i].role);
        struct response response;
        bool ok =
            response_decode(case_json(&arena, taken[i].json), "", &rules, &errors, &response, NULL);

        ck_assert_msg(ok, "%s: %s", taken[i].json, case_places(&arena, &errors));
        ck_assert_str_eq(case_response(&arena, &response), taken[i].response);
        ck_assert_ptr_eq(response.survey, &case_survey);
    }
}
END_TEST

START_TEST(numbers_of_options)
{
    struct problem_errors errors = {.arena = &arena};
    struct response_rules rules = case_rules(ROLE_NONE);
    struct response response;
    json_t *value = case_json(&arena, "{\"score\":1,\"answers\":{\"improve\":\"price\",\"likes\":"
                                      "[\"wait\",\"staff\"],\"again\":true}}");

    ck_assert(response_decode(value, "", &rules, &errors, &response, NULL));
    ck_assert_uint_eq(response.answer_count, 3);
    ck_assert_int_eq(response.answers[0].number, 1);
    ck_assert_uint_eq(response.answers[1].option_count, 2);
    ck_assert_ptr_eq(response.answers[1].options[0], &case_likes[1]);
    ck_assert_ptr_eq(response.answers[1].options[1], &case_likes[2]);
    ck_assert_int_eq(response.answers[2].number, 7);
}
END_TEST

/* --- limits --- */

/* Whether this text of count characters is taken where the format has its %s. */
static bool takes_long(enum role role, const char *format_before, const char *character,
                       size_t count, const char *after)
{
    struct problem_errors errors = {.arena = &arena};
    struct response_rules rules = case_rules(role);
    struct response response;
    const char *json = case_long(&arena, format_before, character, count, after);

    return response_decode(case_json(&arena, json), "", &rules, &errors, &response, NULL);
}

START_TEST(lengths)
{
    static const char why[] = "{\"score\":9,\"answers\":{\"why\":\"";
    static const char respondent[] = "{\"score\":9,\"respondent\":\"";
    static const char external_id[] = "{\"score\":9,\"external_id\":\"";
    static const char agent[] = "{\"score\":9,\"agent\":\"";
    static const char property[] = "{\"score\":9,\"properties\":{\"a\":\"";
    static const char name[] = "{\"score\":9,\"properties\":{\"";

    ck_assert(takes_long(ROLE_NONE, why, "ж", 4000, "\"}}"));
    ck_assert(!takes_long(ROLE_NONE, why, "ж", 4001, "\"}}"));
    ck_assert(takes_long(ROLE_NONE, why, "😀", 4000, "\"}}"));
    ck_assert(takes_long(ROLE_NONE, respondent, "ж", 128, "\"}"));
    ck_assert(!takes_long(ROLE_NONE, respondent, "ж", 129, "\"}"));
    ck_assert(takes_long(ROLE_AGENT, external_id, "x", 256, "\"}"));
    ck_assert(!takes_long(ROLE_AGENT, external_id, "x", 257, "\"}"));
    ck_assert(takes_long(ROLE_ADMIN, agent, "x", 256, "\"}"));
    ck_assert(!takes_long(ROLE_ADMIN, agent, "x", 257, "\"}"));
    ck_assert(takes_long(ROLE_NONE, property, "x", 256, "\"}}"));
    ck_assert(!takes_long(ROLE_NONE, property, "x", 257, "\"}}"));
    ck_assert(takes_long(ROLE_NONE, name, "x", 32, "\":1}}"));
    ck_assert(!takes_long(ROLE_NONE, name, "x", 33, "\":1}}"));
}
END_TEST

/* "p0":1, ... of count members, the first one null if wanted. */
static const char *properties_of(size_t count, bool first_null)
{
    struct buf buf = buf_make(&arena, 512);

    buf_text(&buf, "{\"score\":9,\"properties\":{");
    for (size_t i = 0; i < count; i++)
        buf_printf(&buf, "%s\"p%zu\":%s", i > 0 ? "," : "", count - i,
                   i == 0 && first_null ? "null" : "1");
    buf_text(&buf, "}}");
    return buf.data;
}

START_TEST(sixteen_properties)
{
    struct problem_errors errors = {.arena = &arena};
    struct response_rules rules = case_rules(ROLE_NONE);
    struct response response;

    ck_assert(response_decode(case_json(&arena, properties_of(16, false)), "", &rules, &errors,
                              &response, NULL));
    ck_assert_uint_eq(response.property_count, 16);
    for (size_t i = 1; i < 16; i++)
        ck_assert_int_lt(strcmp(response.properties[i - 1].name, response.properties[i].name), 0);
    ck_assert(response_decode(case_json(&arena, properties_of(17, true)), "", &rules, &errors,
                              &response, NULL));
    ck_assert(!response_decode(case_json(&arena, properties_of(18, false)), "", &rules, &errors,
                               &response, NULL));
    ck_assert_str_eq(case_places(&arena, &errors), "/properties/p2 /properties/p1");
}
END_TEST

START_TEST(many_choices)
{
    struct problem_errors errors = {.arena = &arena};
    struct response_rules rules = case_rules(ROLE_NONE);
    struct response response;
    const char *json = case_long(&arena, "{\"score\":9,\"answers\":{\"likes\":[\"wait\"",
                                 ",\"wait\"", 100000, "]}}");

    ck_assert(!response_decode(case_json(&arena, json), "", &rules, &errors, &response, NULL));
    ck_assert_str_eq(case_places(&arena, &errors), "/answers/likes");
}
END_TEST

/* --- batches --- */

START_TEST(items_of_a_batch)
{
    struct problem_errors errors = {.arena = &arena};
    struct response_rules rules = case_rules(ROLE_ANALYST);
    struct response response;
    const char *key = "before";

    rules.batch = true;
    ck_assert(response_decode(case_json(&arena, "{\"score\":9,\"idempotency_key\":\"a~\\\"!\"}"),
                              "/0", &rules, &errors, &response, &key));
    ck_assert_str_eq(key, "a~\"!");
    ck_assert(response_decode(case_json(&arena, "{\"score\":9}"), "/0", &rules, &errors, &response,
                              &key));
    ck_assert_ptr_null(key);

    key = "before";
    json_t *wrong = case_json(&arena, "{\"score\":9,\"idempotency_key\":\"a b\",\"x\":1,"
                                      "\"answers\":{\"why\":1},\"properties\":{\"A\":1}}");
    ck_assert(!response_decode(wrong, "/7", &rules, &errors, &response, &key));
    ck_assert_str_eq(case_places(&arena, &errors),
                     "/7/x /7/answers/why /7/properties/A /7/idempotency_key");
    ck_assert_str_eq(key, "before");
}
END_TEST

START_TEST(keys_of_items)
{
    struct response_rules rules = case_rules(ROLE_NONE);
    static const char before[] = "{\"score\":9,\"idempotency_key\":\"";
    static const struct {
        const char *character, *after;
        size_t count;
        bool ok;
    } keys[] = {
        {"k", "\"}", 1, true},   {"k", "\"}", 255, true}, {"k", "\"}", 256, false},
        {"", "\"}", 1, false},   {"ж", "\"}", 1, false},  {"\\t", "\"}", 1, false},
        {" ", "k\"}", 1, false},
    };

    rules.batch = true;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct problem_errors errors = {.arena = &arena};
        struct response response;
        const char *key;
        const char *json =
            case_long(&arena, before, keys[i].character, keys[i].count, keys[i].after);

        ck_assert_msg(response_decode(case_json(&arena, json), "", &rules, &errors, &response,
                                      &key) == keys[i].ok,
                      "row %zu", i);
    }
}
END_TEST

/* The texts of a response are those of its document: nothing is copied on the way of every answer.
 */
START_TEST(texts_are_borrowed)
{
    struct problem_errors errors = {.arena = &arena};
    struct response_rules rules = case_rules(ROLE_NONE);
    struct response response;
    json_t *value = case_json(&arena, "{\"score\":1,\"answers\":{\"why\":\"x\"}}");

    ck_assert(response_decode(value, "", &rules, &errors, &response, NULL));
    ck_assert_ptr_eq(response.answers[0].text,
                     json_string_value(json_object_get(json_object_get(value, "answers"), "why")));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        responses_taken, numbers_of_options, lengths,       sixteen_properties,
        many_choices,    items_of_a_batch,   keys_of_items, texts_are_borrowed,
    };
    json_read_init();
    arena_init(&arena, 1 << 16);
    int status = suite_run("json_response", tests, COUNT_OF(tests));
    arena_done(&arena);
    return status;
}
