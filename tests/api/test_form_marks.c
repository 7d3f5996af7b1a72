/* Answers that may be no person's: always stored and told, counted or set aside as the survey wants
 * it, and taken back by an analyst. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>
#include <unistd.h>

#define FORM "application/x-www-form-urlencoded"

static struct reply *submit(const char *survey, const char *body)
{
    const char *path = text("/s/%s", survey);
    return client_send(&(struct request){.path = path, .type = FORM, .body = body});
}

static struct reply *list(const char *survey, const char *query)
{
    return expect_status(
        client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses?%s", survey, query), 200);
}

static const char *newest_id(const char *survey)
{
    return reply_string(list(survey, "limit=1"), "/items/0/id");
}

static struct reply *amend(const char *survey, const char *id, const char *body)
{
    return expect_status(client_patch(fixture_key(ANALYST), text_json("%s", body),
                                      "/v1/surveys/%s/responses/%s", survey, id),
                         200);
}

static void expect_count(const char *survey, int count)
{
    struct reply *nps = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps?period=all", survey);
    expect_int(nps, "/responses", count);
    struct reply *by =
        client_get(fixture_key(VIEWER), "/v1/surveys/%s/questions/improve?period=all", survey);
    expect_int(by, "/responses", count);
}

/* Tallies and journal are what a recount finds. */
static void expect_sound(const char *survey, const char *option)
{
    struct command check = fixture_run_command(
        fixture_database(), (const char *const[]){"check", "--survey", survey, option, NULL});
    ck_assert_msg(check.status == 0, "%s%s", check.out, check.err);
}

/* Whoever sent it is told the same, and it counts. */
START_TEST(counted)
{
    const char *survey = fixture_survey("");
    struct reply *plain = expect_status(submit(survey, "score=9&website="), 303);
    struct reply *marked = expect_status(submit(survey, "score=1&website=spam&page=x"), 303);
    ck_assert_str_eq(header_of(marked, "Location"), header_of(plain, "Location"));
    expect_count(survey, 2);
    struct reply *all = list(survey, "");
    expect_json(all, "/items/0/suspect", "[\"honeypot\"]");
    expect_json(all, "/items/0/excluded", "false");
    expect_none(all, "/items/1/suspect");
    ck_assert_ptr_null(strstr(all->body, "spam"));
    struct reply *some = list(survey, "suspect=true");
    expect_int(some, "/items/0/score", 1);
    expect_none(some, "/items/1");
    some = list(survey, "suspect=false");
    expect_int(some, "/items/0/score", 9);
    expect_none(some, "/items/1");
    expect_errors(
        client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses?suspect=maybe", survey), 422,
        "invalid", "suspect");
    expect_sound(survey, NULL);
}
END_TEST

/* Set aside when it came, corrected, taken back, set aside again, taken back and erased: numbers
 * follow. */
START_TEST(set_aside_and_taken_back)
{
    const char *survey = fixture_survey("'suspects':'exclude'");
    expect_status(submit(survey, "score=9&answers.improve=wait&properties.branch=north"), 303);
    expect_status(submit(survey, "score=2&answers.improve=wait&properties.branch=north&website=x"),
                  303);
    const char *id = newest_id(survey);
    struct reply *response =
        client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses/%s", survey, id);
    expect_json(response, "/suspect", "[\"honeypot\"]");
    expect_json(response, "/excluded", "true");
    expect_string(response, "/reason", "suspect: honeypot");
    expect_json(response, "/updated_at", "null");
    expect_count(survey, 1);
    expect_sound(survey, NULL);
    amend(survey, id, "{'score':3,'answers':{'improve':'price'}}");
    expect_count(survey, 1);
    expect_sound(survey, NULL);
    response = amend(survey, id, "{'excluded':false}");
    expect_json(response, "/suspect", "[\"honeypot\"]");
    expect_json(response, "/reason", "null");
    expect_count(survey, 2);
    expect_sound(survey, NULL);
    expect_sound(survey, "--rebuild");
    expect_count(survey, 2);
    amend(survey, id, "{'excluded':true,'reason':'a robot'}");
    expect_count(survey, 1);
    amend(survey, id, "{'excluded':false}");
    expect_status(client_delete(fixture_key(ANALYST), "/v1/surveys/%s/responses/%s", survey, id),
                  204);
    expect_count(survey, 1);
    expect_sound(survey, NULL);
}
END_TEST

/* The setting holds for what comes after it. */
START_TEST(the_setting_changes)
{
    const char *survey = fixture_survey("");
    static const char *const settings[] = {"exclude", "count"};
    expect_status(submit(survey, "score=1&website=x"), 303);
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        expect_status(client_patch(fixture_key(ADMIN), text_json("{'suspects':'%s'}", settings[i]),
                                   "/v1/surveys/%s", survey),
                      200);
        expect_status(submit(survey, "score=1&website=x"), 303);
    }
    expect_count(survey, 2);
    ck_assert_ptr_null(strstr(client_get(NULL, "/v1/surveys/%s", survey)->body, "suspects"));
    expect_sound(survey, NULL);
}
END_TEST

/* The page's own stamp: nobody reads and answers within two seconds of it. */
START_TEST(too_fast_for_a_person)
{
    static const char field[] = "name=\"page\" value=\"";
    const char *survey = fixture_survey("");
    struct reply *page = expect_status(client_get(NULL, "/s/%s", survey), 200);
    const char *stamp = strstr(page->body, field);
    ck_assert_ptr_nonnull(stamp);
    stamp += strlen(field);
    stamp = text("%.*s", (int)strcspn(stamp, "\""), stamp);
    expect_status(submit(survey, text("score=9&page=%s", stamp)), 303);
    expect_json(list(survey, "limit=1"), "/items/0/suspect", "[\"too_fast\"]");
    usleep(2100000);
    expect_status(submit(survey, text("score=9&page=%s", stamp)), 303);
    expect_none(list(survey, "limit=1"), "/items/0/suspect");
    expect_count(survey, 2);
}
END_TEST

/* A person who made the robot's mistake may still correct the own answer; it stays set aside. */
START_TEST(corrected_by_its_sender)
{
    const char *survey = fixture_survey("'suspects':'exclude'");
    expect_status(submit(survey, "score=2&website=x&idempotency_key=k"), 303);
    struct request retry = {.path = text("/v1/surveys/%s/responses", survey),
                            .body = "{\"score\":2}",
                            .headers = {"Idempotency-Key: k"}};
    struct reply *replayed = expect_status(client_send(&retry), 200);
    struct reply *response =
        client_patch(reply_string(replayed, "/edit_token"), "{\"score\":3}",
                     "/v1/surveys/%s/responses/%s", survey, reply_string(replayed, "/id"));
    expect_int(expect_status(response, 200), "/score", 3);
    expect_none(response, "/suspect");
    expect_json(list(survey, ""), "/items/0/excluded", "true");
    expect_count(survey, 0);
    expect_sound(survey, NULL);
}
END_TEST

/* An option that only such answers have chosen may not be dropped: they may come back. */
START_TEST(options_of_set_aside_answers)
{
    const char *survey = fixture_survey("'suspects':'exclude'");
    expect_status(submit(survey, "score=2&answers.improve=wait&website=x"), 303);
    const char *questions = "{'questions':[{'id':'recommend','type':'nps','text':{'en':'?'}},"
                            "{'id':'improve','type':'yes_no','text':{'en':'?'}}]}";
    expect_problem(
        client_patch(fixture_key(ADMIN), text_json("%s", questions), "/v1/surveys/%s", survey), 422,
        "invalid", "/questions/1/type");
}
END_TEST

/* Everything of a row but what names it, and what a channel is. */
static const char *row_of(const char *survey)
{
    return database_value(
        fixture_database(),
        "SELECT (to_jsonb(r) - '{survey_id,id,answered_at,received_at,channel,body_hash}'::text[])"
        " || jsonb_build_object('live', r.answered_at = r.received_at) FROM response r"
        " JOIN survey s ON s.id = r.survey_id WHERE s.slug = '%s'",
        survey);
}

/* The token of a link that names nobody. */
static const char *link_of(const char *survey)
{
    struct reply *made =
        client_post(fixture_key(ADMIN), "{\"respondents\":[{}]}", "/v1/surveys/%s/links", survey);
    const char *url = reply_string(expect_status(made, 200), "/items/0/url");
    return text("%.*s", (int)strcspn(strstr(url, "/s/") + 3, "?"), strstr(url, "/s/") + 3);
}

/* The same answer by JSON, by a page's script, from another site, by a plain form and by signed
 * link: the same row. */
START_TEST(one_row_by_all_ways)
{
    const char *json = text_json("{'score':3,'answers':{'why':'Slow & «cold»','improve':'wait'},"
                                 "'language':'ru','properties':{'branch':'north'}%s}",
                                 ",'channel':'kiosk'");
    const char *form = "score=3&answers.why=Slow+%26+%C2%ABcold%C2%BB&answers.improve=wait"
                       "&language=ru&properties.branch=north&channel=web&website=&page=x.y"
                       "&idempotency_key=0193e5a0-0000-7000-8000-000000000000&dismiss=&key=";
    const char *surveys[5];
    for (size_t i = 0; i < COUNT_OF(surveys); i++)
        surveys[i] = fixture_survey("");
    expect_status(client_post(NULL, json, "/v1/surveys/%s/responses", surveys[0]), 201);
    expect_status(submit(surveys[1], form), 303);
    struct request widget = {
        .path = text("/v1/surveys/%s/responses", surveys[2]),
        .key = fixture_key(SUBMIT),
        .body = json,
        .headers = {"Origin: https://shop.example", "Idempotency-Key: 0193e5a0"}};
    expect_status(client_send(&widget), 201);
    struct request by_link = {.path = text("/v1/surveys/%s/responses", surveys[3]),
                              .key = link_of(surveys[3]),
                              .body = json};
    expect_status(client_send(&by_link), 201);
    expect_status(submit(link_of(surveys[4]), form), 303);
    const char *first = row_of(surveys[0]);
    ck_assert_ptr_nonnull(strstr(first, "north"));
    for (size_t i = 1; i < COUNT_OF(surveys); i++)
        ck_assert_str_eq(row_of(surveys[i]), first);
}
END_TEST

/* A form on a site of another origin: it is led back there, with a key that names the origin. */
START_TEST(forms_of_other_sites)
{
    const char *survey = fixture_survey("'access':'key'");
    const char *key =
        fixture_new_key("submit", "--survey", survey, "--origin", "https://shop.example", NULL);
    struct request request = {
        .path = text("/s/%s", survey),
        .type = FORM,
        .headers = {"Origin: https://shop.example", "Referer: https://shop.example/order"}};
    request.body = text("score=9&key=%s&redirect=https%%3A%%2F%%2Fshop.example%%2Fbye", key);
    expect_header(expect_status(client_send(&request), 303), "Location",
                  "https://shop.example/bye");
    request.body = text("dismiss=1&key=%s&redirect=https%%3A%%2F%%2Fshop.example%%2Fbye", key);
    expect_header(expect_status(client_send(&request), 303), "Location",
                  "https://shop.example/bye");
    request.body = text("dismiss=1&key=%s&redirect=https%%3A%%2F%%2Fevil.example%%2Fbye", key);
    expect_problem(client_send(&request), 422, "invalid", "/redirect");
    request.headers[0] = "Origin: https://evil.example";
    request.body = text("score=9&key=%s", key);
    expect_problem(client_send(&request), 403, "origin-not-allowed", NULL);
    request.body = text("dismiss=1&key=%s", key);
    expect_problem(client_send(&request), 403, "origin-not-allowed", NULL);
    expect_count(survey, 1);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = counted},
        {.test = set_aside_and_taken_back},
        {.test = the_setting_changes},
        {.test = too_fast_for_a_person},
        {.test = corrected_by_its_sender},
        {.test = options_of_set_aside_answers},
        {.test = one_row_by_all_ways},
        {.test = forms_of_other_sites},
    };
    return fixture_run("form_marks", NULL, tests, COUNT_OF(tests));
}
