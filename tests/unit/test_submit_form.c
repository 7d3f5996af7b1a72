/* Answers from plain forms: where they lead, whose key they take, how much they may hold. */
#include "form_calls.h"
#include "npsd/api/limits.h"
#include <string.h>

START_TEST(thanks)
{
    ck_assert_str_eq(leads("open", "score=9"), "/s/open/thanks");
    ck_assert_str_eq(leads("open", "score=9&redirect="), "/s/open/thanks");
    ck_assert_int_eq(answers(), 2);
}
END_TEST

/* Without a key a form leads nowhere but here. */
START_TEST(redirects)
{
    static const char *const good[] = {"/",        "/x",         "/thanks?a=b%20c#d",
                                       "/x//y",    "/x/../y",    "/@evil.example",
                                       "/a:b@c/d", "/%2Fevil/x", "/http://evil.example"};
    static const char *const evil[] = {"//evil.example",
                                       "///evil.example",
                                       "/\\evil.example",
                                       "\\\\evil.example",
                                       "/\t/evil.example",
                                       "/\n/evil.example",
                                       "/x\r\nSet-Cookie: a=b",
                                       " /x",
                                       "/x y",
                                       "/x\x7f",
                                       "x",
                                       "?x",
                                       "#x",
                                       ".",
                                       "evil.example",
                                       "https://evil.example",
                                       "https://shop.example",
                                       "https://shop.example/",
                                       "https:evil.example",
                                       "https:/evil.example",
                                       "javascript:alert(1)",
                                       "data:text/html,x",
                                       "HTTPS://shop.example/"};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        const char *body =
            arena_printf(&c.arena, "score=9&redirect=%s", call_escape(&c.arena, good[i]));
        ck_assert_str_eq(leads("open", body), good[i]);
    }
    for (size_t i = 0; i < COUNT_OF(evil); i++) {
        const char *body =
            arena_printf(&c.arena, "score=9&redirect=%s", call_escape(&c.arena, evil[i]));
        ck_assert_msg(strcmp(leads("open", body), "422 invalid /redirect") == 0, "%s", evil[i]);
    }
    ck_assert_int_eq(answers(), COUNT_OF(good));
}
END_TEST

/* A form's key may lead to its own origins, letter by letter. */
START_TEST(redirects_of_a_key)
{
    const char *key = unit_call_key(&c, ROLE_SUBMIT, NULL, "https://shop.example");
    static const struct {
        const char *target;
        bool good;
    } cases[] = {
        {"https://shop.example", true},
        {"https://shop.example/", true},
        {"https://shop.example/done?x=1#y", true},
        {"https://shop.example?x", true},
        {"https://shop.example#x", true},
        {"/here", true},
        {"https://shop.example.evil", false},
        {"https://shop.example@evil", false},
        {"https://shop.example:443/", false},
        {"https://shop.example:pw@evil/", false},
        {"https://shop.example\\@evil", false},
        {"https://shop.exampl", false},
        {"https://shop.example\xE3\x80\x82"
         "evil",
         false},
        {"http://shop.example/", false},
        {"//shop.example/", false},
        {"https://SHOP.example/", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *body = arena_printf(&c.arena, "score=9&key=%s&redirect=%s", key,
                                        call_escape(&c.arena, cases[i].target));
        const char *expected = cases[i].good ? cases[i].target : "422 invalid /redirect";
        ck_assert_str_eq(leads("keyed", body), expected);
    }
    /* A key without origins is good in any page, but leads nowhere. */
    const char *any = unit_call_key(&c, ROLE_SUBMIT, NULL, NULL);
    ck_assert_str_eq(
        leads("keyed",
              arena_printf(&c.arena, "score=9&key=%s&redirect=https://shop.example/", any)),
        "422 invalid /redirect");
}
END_TEST

/* What is not ASCII goes into the header as a browser would send it. */
START_TEST(redirects_in_other_letters)
{
    ck_assert_str_eq(leads("open", "score=9&redirect=/%D1%81%D0%BF%D0%B0%D1%81?%C3%A9=%41%2520"),
                     "/%D1%81%D0%BF%D0%B0%D1%81?%C3%A9=A%20");
}
END_TEST

START_TEST(keys)
{
    const char *submit = unit_call_key(&c, ROLE_SUBMIT, "keyed", NULL);
    const char *viewer = unit_call_key(&c, ROLE_VIEWER, NULL, NULL);
    ck_assert_str_eq(leads("keyed", "score=9"), "401 unauthorized");
    ck_assert_str_eq(leads("keyed", "score=9&key=npsd_submit_x"), "401 unauthorized");
    ck_assert_str_eq(leads("keyed", arena_printf(&c.arena, "score=9&key=%s", viewer)),
                     "403 forbidden");
    ck_assert_str_eq(leads("open", arena_printf(&c.arena, "score=9&key=%s", submit)),
                     "404 not-found");
    ck_assert_str_eq(leads("keyed", arena_printf(&c.arena, "score=9&key=%s", submit)),
                     "/s/keyed/thanks");
    unit_call_bearer(&c, submit);
    ck_assert_str_eq(leads("keyed", "score=9"), "/s/keyed/thanks");
    ck_assert_int_eq(answers(), 2);
}
END_TEST

START_TEST(given_once)
{
    static const struct {
        const char *body, *told;
    } cases[] = {
        {"score=9&score=9", "422 invalid /score"},
        {"score=9&redirect=/a&redirect=/a", "422 invalid /redirect"},
        {"score=9&redirect=&redirect=/a", "422 invalid /redirect"},
        {"score=9&key=&key=x", "422 invalid /key"},
        {"score=9&idempotency_key=a&idempotency_key=b", "422 invalid /idempotency_key"},
        {"score=9&colour=red", "422 invalid /colour"},
        {"score=11", "422 invalid /score"},
        {"", "422 invalid /score"},
        {"score=%zz", "400 bad-request"},
        {"score=9&idempotency_key=a%20b", "400 bad-idempotency-key"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_msg(strcmp(leads("open", cases[i].body), cases[i].told) == 0, "%s: %s",
                      cases[i].body, leads("open", cases[i].body));
    ck_assert_int_eq(answers(), 0);
}
END_TEST

/* Sent twice, by header or by field, it is one answer. */
START_TEST(idempotency_keys)
{
    ck_assert_str_eq(leads("open", "score=9&idempotency_key=k"), "/s/open/thanks");
    ck_assert_str_eq(leads("open", "score=9&idempotency_key=k"), "/s/open/thanks");
    unit_call_header(&c, "Idempotency-Key", "\"k\"");
    ck_assert_str_eq(leads("open", "score=9"), "/s/open/thanks");
    ck_assert_str_eq(leads("open", "score=8"), "422 key-reused");
    ck_assert_int_eq(answers(), 1);
}
END_TEST

/* The largest form that a survey may have: every option of every question, and all properties. */
START_TEST(the_largest_form)
{
    struct buf members = buf_make(&c.arena, 16384), body = buf_make(&c.arena, 16384);
    buf_text(&members, "'questions': [{'id': 'recommend', 'type': 'nps', 'text': {'en': 'x'}}");
    buf_text(&body, "score=9&channel=web&language=en&respondent=r&redirect=/x&idempotency_key=k");
    for (int question = 0; question < 4; question++) {
        buf_printf(&members, ", {'id': 'q%d', 'type': 'choices', 'text': {'en': 'x'}, 'options': [",
                   question);
        for (int option = 0; option < 50; option++) {
            buf_printf(&members, "%s{'id': 'o%d', 'text': {'en': 'x'}}", option ? ", " : "",
                       option);
            buf_printf(&body, "&answers.q%d=o%d", question, option);
        }
        buf_text(&members, "]}");
    }
    for (int property = 0; property < 16; property++)
        buf_printf(&body, "&properties.p%d=x", property);
    buf_char(&members, ']');
    unit_call_survey(&c, "large", members.data);
    ck_assert_str_eq(leads("large", body.data), "/x");
    ck_assert_int_eq(
        unit_pg_number("select sum(jsonb_array_length(value)) from response, jsonb_each(answers)"),
        200);
}
END_TEST

START_TEST(too_many_fields)
{
    struct buf body = buf_make(&c.arena, 65536);
    buf_text(&body, "score=9");
    for (int i = 0; i < 5000; i++)
        buf_printf(&body, "&properties.p%d=x", i);
    ck_assert_str_eq(leads("open", body.data), "400 bad-request");
}
END_TEST

START_TEST(limited)
{
    limits_free(c.world.limits);
    c.world.limits = limits_new(2);
    ck_assert_str_eq(leads("open", "score=9"), "/s/open/thanks");
    ck_assert_str_eq(leads("open", "score=wrong"), "422 invalid /score");
    ck_assert_str_eq(leads("open", "score=9"), "429 too-many-requests");
    ck_assert_str_eq(leads("open", arena_printf(&c.arena, "score=9&key=%s",
                                                unit_call_key(&c, ROLE_ADMIN, NULL, NULL))),
                     "/s/open/thanks");
    ck_assert_str_eq(leads("open", arena_printf(&c.arena, "score=9&key=%s",
                                                unit_call_key(&c, ROLE_SUBMIT, NULL, NULL))),
                     "429 too-many-requests");
}
END_TEST

START_TEST(closed)
{
    unit_call_survey(&c, "shut", "'open': false");
    ck_assert_str_eq(leads("shut", "score=9"), "403 survey-closed");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        thanks,
        redirects,
        redirects_of_a_key,
        redirects_in_other_letters,
        keys,
        given_once,
        idempotency_keys,
        the_largest_form,
        too_many_fields,
        limited,
        closed,
    };
    return unit_database_run_checked("submit_form", setup, teardown, tests, COUNT_OF(tests));
}
