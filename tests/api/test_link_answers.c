/* Answers by signed link: one each, that later ones correct for a while. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/links.h"
#include "support/text.h"
#include <string.h>

#define MINUTE 60

static void expect_sound(const char *survey)
{
    ck_assert_int_eq(database_number(fixture_database(),
                                     "select count(*) from v_response where survey = '%s'", survey),
                     1);
    link_expect_count(survey, 1);
}

/* As if the answer had come so long ago. */
static void age_answers(const char *survey, int seconds)
{
    database_sql(fixture_database(),
                 "update response set received_at = received_at - interval '%d s'"
                 " where survey_id = (select id from survey where slug = '%s')",
                 seconds, survey);
}

/* --- answering --- */

START_TEST(an_answer)
{
    const char *survey = link_survey("'facets':['branch']"), *token = link_token(survey, "c-17");
    struct reply *reply = link_answer(survey, token,
                                      "{'score':9,'answers':{'why':'Fast'},'respondent':'c-17',"
                                      "'properties':{'branch':'north'}}");
    expect_status(reply, 201);
    const char *id = reply_string(reply, "/id");
    expect_header(reply, "Location", text("/v1/surveys/%s/responses/%s", survey, id));
    struct reply *row = link_only_row(survey);
    expect_string(row, "/items/0/id", id);
    expect_string(row, "/items/0/respondent", "c-17");
    expect_string(row, "/items/0/channel", "link");
    expect_string(row, "/items/0/properties/branch", "north");
    /* The edit token is as good as with any other answer. */
    struct reply *change = client_patch(reply_string(reply, "/edit_token"), "{\"score\":10}",
                                        "/v1/surveys/%s/responses/%s", survey, id);
    expect_int(expect_status(change, 200), "/score", 10);
    /* The link itself is none. */
    expect_problem(client_patch(token, "{\"score\":3}", "/v1/surveys/%s/responses/%s", survey, id),
                   401, "unauthorized", NULL);
    expect_sound(survey);
}
END_TEST

START_TEST(an_answer_by_form)
{
    const char *survey = link_survey(""), *token = link_token(survey, "c-17");
    struct reply *reply = link_form(token, "score=9&answers.why=Fast&channel=email&language=ru");
    expect_header(expect_status(reply, 303), "Location", text("/s/%s/thanks?lang=ru", survey));
    struct reply *row = link_only_row(survey);
    expect_string(row, "/items/0/respondent", "c-17");
    expect_string(row, "/items/0/channel", "email");
    /* The same link by JSON is the same answer; another key does not make it another one. */
    reply = link_answer(survey, token,
                        "{'score':9,'answers':{'why':'Fast'},'channel':'email','language':'ru'}");
    expect_header(expect_status(reply, 200), "Idempotent-Replayed", "true");
    expect_string(row, "/items/0/id", reply_string(reply, "/id"));
    expect_status(link_form(token, "score=9&idempotency_key=k-1"), 303);
    expect_status(link_form(token, "score=4&idempotency_key=k-2"), 303);
    expect_int(link_only_row(survey), "/items/0/score", 4);
    expect_string(link_only_row(survey), "/items/0/answers/why", "Fast");
    expect_sound(survey);
    expect_status(client_get(NULL, "/s/%s/thanks", token), 200);
}
END_TEST

START_TEST(respondents_are_the_links)
{
    const char *survey = link_survey(""), *named = link_token(survey, "c-17");
    const char *nobody = link_token_in(reply_string(
        expect_status(link_order(survey, "{'respondents':[{}]}"), 200), "/items/0/url"));
    expect_errors(link_answer(survey, named, "{'score':9,'respondent':'c-18'}"), 422, "invalid",
                  "/respondent");
    expect_errors(link_answer(survey, named, "{'score':9,'respondent':'c-1'}"), 422, "invalid",
                  "/respondent");
    expect_errors(link_answer(survey, nobody, "{'score':9,'respondent':'c-17'}"), 422, "invalid",
                  "/respondent");
    expect_errors(link_answer(survey, named, "{'score':9,'respondent':''}"), 422, "invalid",
                  "/respondent");
    expect_problem(link_form(named, "score=9&respondent=c-18"), 422, "invalid", "/respondent");
    expect_problem(link_answer(survey, named, "{'score':9,'external_id':'x'}"), 422, "invalid",
                   "/external_id");
    link_expect_count(survey, 0);
    expect_status(link_answer(survey, nobody, "{'score':9}"), 201);
    expect_json(link_only_row(survey), "/items/0/respondent", "null");
}
END_TEST

/* By link, by JSON and by form: the same row, down to the hash of what was said. */
START_TEST(same_row_as_others)
{
    const char *survey = fixture_survey("'facets':['branch']");
    static const char body[] = "{'score':7,'answers':{'why':'So so','improve':'wait'},"
                               "'language':'ru','properties':{'branch':'n','table':'4'}%s}";
    const char *token = link_token(survey, "c-17");
    expect_status(link_answer(survey, token, text(body, "")), 201);
    expect_status(link_answer(survey, NULL, text(body, ",'respondent':'c-17','channel':'link'")),
                  201);
    static const char form[] = "score=7&answers.why=So+so&answers.improve=wait&language=ru"
                               "&properties.branch=n&properties.table=4";
    expect_status(link_form(link_token(survey, "c-17"), form), 303);
    expect_status(link_form(survey, text("%s&respondent=c-17&channel=link", form)), 303);
    ck_assert_int_eq(
        database_number(fixture_database(),
                        "select count(distinct (score, channel, agent, f1, language, respondent,"
                        " external_id, answers::text, properties::text, excluded)) * 100"
                        " + count(distinct body_hash) filter (where body_hash <> '') * 10"
                        " + count(*) from response"
                        " where survey_id = (select id from survey where slug = '%s')",
                        survey),
        114);
}
END_TEST

/* The same again is a replay; something else corrects the first one, and what it does not say
 * stays. */
START_TEST(corrections)
{
    const char *survey = link_survey(""), *token = link_token(survey, "c-17");
    struct reply *first = link_answer(survey, token, "{'score':9,'answers':{'why':'Fast'}}");
    expect_status(first, 201);
    struct reply *again = link_answer(survey, token, "{'answers':{'why':'Fast'},'score':9}");
    expect_header(expect_status(again, 200), "Idempotent-Replayed", "true");
    ck_assert_str_eq(again->body, first->body);

    struct reply *other = link_answer(survey, token, "{'score':3,'answers':{'improve':'wait'}}");
    ck_assert_ptr_null(header_of(expect_status(other, 200), "Idempotent-Replayed"));
    expect_int(other, "/score", 3);
    expect_string(other, "/group", "critic");
    static const char *const kept[] = {"/id", "/received_at", "/answered_at", "/edit_token"};
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        expect_string(other, kept[i], reply_string(first, kept[i]));
    expect_header(other, "Location", header_of(first, "Location"));
    expect_json(link_only_row(survey), "/items/0/answers",
                "{\"why\":\"Fast\",\"improve\":\"wait\"}");

    again = link_answer(survey, token, "{'score':3,'answers':{'improve':'wait'}}");
    expect_header(expect_status(again, 200), "Idempotent-Replayed", "true");
    /* Who changes their mind back is believed, although it is the first body. */
    ck_assert_ptr_null(header_of(
        expect_status(link_answer(survey, token, "{'score':9,'answers':{'why':'Fast'}}"), 200),
        "Idempotent-Replayed"));
    expect_int(link_only_row(survey), "/items/0/score", 9);

    struct reply *history = client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses/%s/history",
                                       survey, reply_string(first, "/id"));
    ck_assert_uint_eq(json_array_size(reply_at(expect_status(history, 200), "/items")), 2);
    expect_string(history, "/items/0/changed_by", "link");
    expect_int(history, "/items/0/score", 9);
    expect_int(history, "/items/1/score", 3);
    expect_sound(survey);
    ck_assert_int_eq(database_number(fixture_database(),
                                     "select count(*) from audit where actor = 'link' and action ="
                                     " 'response.correct' and subject = '%s'",
                                     reply_string(first, "/id")),
                     2);
}
END_TEST

/* A wrong second answer changes nothing. */
START_TEST(wrong_corrections)
{
    const char *survey = link_survey(""), *token = link_token(survey, "c-17");
    expect_status(link_answer(survey, token, "{'score':9}"), 201);
    expect_problem(link_answer(survey, token, "{'score':11}"), 422, "invalid", "/score");
    expect_problem(link_answer(survey, token, "{'answers':{'why':'x'}}"), 422, "invalid", "/score");
    expect_problem(link_answer(survey, token, "{'score':3,'respondent':'c-1'}"), 422, "invalid",
                   "/respondent");
    expect_problem(link_answer(survey, token, "{"), 400, "bad-json", NULL);
    expect_int(link_only_row(survey), "/items/0/score", 9);
    expect_json(link_only_row(survey), "/items/0/updated_at", "null");
}
END_TEST

START_TEST(too_late_for_corrections)
{
    const char *survey = link_survey(""), *token = link_token(survey, "c-17");
    struct reply *first = link_answer(survey, token, "{'score':9}");
    expect_status(first, 201);
    age_answers(survey, 29 * MINUTE);
    expect_status(link_answer(survey, token, "{'score':8}"), 200);
    age_answers(survey, 2 * MINUTE);
    expect_problem(link_answer(survey, token, "{'score':7}"), 409, "already-answered", NULL);
    expect_problem(link_form(token, "score=6"), 409, "already-answered", NULL);
    /* What has been said before is a replay for ever. */
    expect_header(expect_status(link_answer(survey, token, "{'score':8}"), 200),
                  "Idempotent-Replayed", "true");
    expect_header(expect_status(link_answer(survey, token, "{'score':9}"), 200),
                  "Idempotent-Replayed", "true");
    expect_int(link_only_row(survey), "/items/0/score", 8);
    expect_sound(survey);

    const char *strict = link_survey("'edit_minutes':0");
    token = link_token(strict, "c-17");
    expect_status(link_answer(strict, token, "{'score':9}"), 201);
    expect_problem(link_answer(strict, token, "{'score':8}"), 409, "already-answered", NULL);
    expect_status(link_answer(strict, token, "{'score':9}"), 200);
}
END_TEST

START_TEST(an_erased_answer_stays_erased)
{
    const char *survey = link_survey(""), *token = link_token(survey, "c-17");
    struct reply *first = expect_status(link_answer(survey, token, "{'score':9}"), 201);
    expect_status(client_delete(fixture_key(ADMIN), "/v1/surveys/%s/responses/%s", survey,
                                reply_string(first, "/id")),
                  204);
    expect_problem(link_answer(survey, token, "{'score':9}"), 410, "erased", NULL);
    expect_problem(link_answer(survey, token, "{'score':1}"), 410, "erased", NULL);
    link_expect_count(survey, 0);
}
END_TEST

/* No key of a client's own leads to the answer of a link. */
START_TEST(keys_do_not_name_links)
{
    const char *survey = fixture_survey(""), *token = link_token(survey, "c-17");
    struct reply *first = expect_status(link_answer(survey, token, "{'score':9}"), 201);
    const char *const keys[] = {token, text("link:%s", token), reply_string(first, "/id")};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct reply *reply =
            client_send(&(struct request){.path = text("/v1/surveys/%s/responses", survey),
                                          .body = "{\"score\":9}",
                                          .headers = {text("Idempotency-Key: %.250s", keys[i])}});
        ck_assert_str_ne(reply_string(expect_status(reply, 201), "/id"),
                         reply_string(first, "/id"));
    }
    link_expect_count(survey, 4);
}
END_TEST

/* --- races --- */

enum { CLIENTS = 32 };

struct race {
    const char *path, *token;
    bool different;
    size_t created, others;
    char id[64];
};

static void race_fill(void *closure, size_t number, struct request *ret_request)
{
    const struct race *race = closure;
    const char *body = race->different
                           ? text_json("{'score':%zu,'answers':{'why':'%zu'}}", number % 11, number)
                           : "{\"score\":9}";
    *ret_request = (struct request){.path = race->path, .key = race->token, .body = body};
}

static void race_done(void *closure, size_t number, const struct reply *reply)
{
    (void)number;
    struct race *race = closure;
    race->created += reply->status == 201;
    race->others += reply->status == 200;
    if (!*race->id)
        snprintf(race->id, sizeof race->id, "%s", reply_string(reply, "/id"));
    ck_assert_str_eq(race->id, reply_string(reply, "/id"));
}

/* Thirty-two devices with one link: one answer; of different ones each is kept in the history. */
START_TEST(races)
{
    for (int round = 0; round < 4; round++) {
        const char *survey = link_survey("");
        struct race race = {.path = text("/v1/surveys/%s/responses", survey),
                            .token = link_token(survey, "c-17"),
                            .different = round % 2};
        client_send_many(CLIENTS, CLIENTS, race_fill, race_done, &race);
        ck_assert_uint_eq(race.created, 1);
        ck_assert_uint_eq(race.others, CLIENTS - 1);
        ck_assert_int_eq(database_number(fixture_database(),
                                         "select count(*) from response_history where id = '%s'",
                                         race.id),
                         race.different ? CLIENTS - 1 : 0);
        expect_sound(survey);
    }
    const char *const check[] = {"check", NULL};
    ck_assert_int_eq(fixture_run_command(fixture_database(), check).status, 0);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = an_answer},
        {.test = an_answer_by_form},
        {.test = respondents_are_the_links},
        {.test = same_row_as_others},
        {.test = corrections},
        {.test = wrong_corrections},
        {.test = too_late_for_corrections},
        {.test = an_erased_answer_stays_erased},
        {.test = keys_do_not_name_links},
        {.test = races},
    };
    return fixture_run("link_answers", NULL, tests, COUNT_OF(tests));
}
