/* Signed links: made for many, good for one answer each. */
#include "npsd/base/crypto.h"
#include "npsd/domain/link.h"
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>
#include <time.h>

#define FORM "application/x-www-form-urlencoded"
#define MINUTE 60
#define NEWEST_KEY                                                                                 \
    " from secret where name like 'link.%%' order by substr(name, 6)::int desc limit 1"

/* Whatever is logged, no token is. */
static const char *const settings[] = {"NPSD_LOG=debug", NULL};

static const char *linked(const char *members)
{
    return fixture_survey(text("'access':'link'%s%s", *members ? "," : "", members));
}

static struct reply *order(const char *survey, const char *body)
{
    return client_post(fixture_key(ANALYST), text_json("%s", body), "/v1/surveys/%s/links", survey);
}

/* The token in a URL. */
static const char *token_in(const char *url)
{
    const char *at = strstr(url, "/s/");
    ck_assert_msg(at != NULL, "%s", url);
    return text("%.*s", (int)strcspn(at + 3, "?"), at + 3);
}

static const char *new_token(const char *survey, const char *respondent)
{
    struct reply *reply = order(survey, text("{'respondents':['%s']}", respondent));
    return token_in(reply_string(expect_status(reply, 200), "/items/0/url"));
}

static struct reply *answer(const char *survey, const char *token, const char *body)
{
    return client_post(token, text_json("%s", body), "/v1/surveys/%s/responses", survey);
}

static struct reply *submit(const char *token, const char *body)
{
    return client_send(&(struct request){.path = text("/s/%s", token), .type = FORM, .body = body});
}

static struct reply *only_row(const char *survey)
{
    struct reply *list = client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses", survey);
    ck_assert_uint_eq(json_array_size(reply_at(expect_status(list, 200), "/items")), 1);
    return list;
}

static void expect_count(const char *survey, int count)
{
    struct reply *nps = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps?period=all", survey);
    expect_int(nps, "/responses", count);
}

static void expect_sound(const char *survey)
{
    ck_assert_int_eq(database_number(fixture_database(),
                                     "select count(*) from v_response where survey = '%s'", survey),
                     1);
    expect_count(survey, 1);
}

/* A token as the daemon would have made it, with its newest key. */
static const char *forge(const char *survey, const char *respondent, long expires_in_s)
{
    struct link link = {.expires_s = (uint32_t)(time(NULL) + expires_in_s)};
    struct link_key key;
    const char *name = fixture_database();
    const char *bytes = database_value(
        name, "select rtrim(translate(encode(value, 'base64'), '+/', '-_'), '=')" NEWEST_KEY);
    ck_assert(crypto_base64url_decode(bytes, strlen(bytes), key.bytes, sizeof key.bytes));
    key.kid = (uint8_t)database_number(name, "select substr(name, 6)::int" NEWEST_KEY);
    link.survey_id =
        (int32_t)database_number(name, "select id from survey where slug = '%s'", survey);
    crypto_random(link.id, sizeof link.id);
    snprintf(link.respondent, sizeof link.respondent, "%s", respondent);
    return link_write(&link, &key, text_space(LINK_TOKEN_SIZE));
}

/* As if the answer had come so long ago. */
static void age_answers(const char *survey, int seconds)
{
    database_sql(fixture_database(),
                 "update response set received_at = received_at - interval '%d s'"
                 " where survey_id = (select id from survey where slug = '%s')",
                 seconds, survey);
}

/* --- making links --- */

START_TEST(links_for_many)
{
    const char *survey = linked("'facets':['branch']");
    struct reply *reply =
        order(survey, "{'respondents':['c-1',{'respondent':'c 2/é','properties':"
                      "{'branch':'Nord & Süd'}},{}],'expires_in_days':7,'channel':'email',"
                      "'language':'ru'}");
    expect_header(expect_status(reply, 200), "Cache-Control", "no-store");
    ck_assert_uint_eq(json_array_size(reply_at(reply, "/items")), 3);
    expect_string(reply, "/items/0/respondent", "c-1");
    expect_string(reply, "/items/1/respondent", "c 2/é");
    expect_json(reply, "/items/2/respondent", "null");
    const char *base = text("%s/s/", fixture_daemon()->url);
    for (int i = 0; i < 3; i++) {
        const char *url = reply_string(reply, text("/items/%d/url", i));
        ck_assert_int_eq(strncmp(url, base, strlen(base)), 0);
        const char *query = strchr(url, '?');
        ck_assert_pstr_eq(query, i == 1 ? "?channel=email&lang=ru&branch=Nord%20%26%20S%C3%BCd"
                                        : "?channel=email&lang=ru");
        long long expires_us = expect_time(reply, text("/items/%d/expires_at", i));
        ck_assert_int_le(llabs(expires_us / 1000000 - time(NULL) - 7 * 86400), 60);
        expect_none(reply, text("/items/%d/html", i));
        expect_none(reply, text("/items/%d/text", i));
    }
    ck_assert_str_ne(token_in(reply_string(reply, "/items/0/url")),
                     token_in(reply_string(reply, "/items/1/url")));
}
END_TEST

/* A thousand at once, each with the snippet, all of them different. */
START_TEST(a_thousand)
{
    const char *survey = linked("");
    char *body = text_space(32 * 1024);
    size_t len = (size_t)snprintf(body, 64, "{\"snippet\":true,\"respondents\":[\"c-0\"");
    for (int i = 1; i < 1000; i++)
        len += (size_t)snprintf(body + len, 32, ",\"c-%d\"", i);
    snprintf(body + len, 8, "]}");
    struct reply *reply = client_post(fixture_key(ADMIN), body, "/v1/surveys/%s/links", survey);
    ck_assert_uint_eq(json_array_size(reply_at(expect_status(reply, 200), "/items")), 1000);
    json_t *seen = json_object();
    for (int i = 0; i < 1000; i++)
        json_object_set_new(seen, reply_string(reply, text("/items/%d/url", i)), json_true());
    ck_assert_uint_eq(json_object_size(seen), 1000);
    json_decref(seen);
    snprintf(body + len, 16, ",\"c-1000\"]}");
    reply = client_post(fixture_key(ADMIN), body, "/v1/surveys/%s/links", survey);
    expect_problem(reply, 422, "invalid", "/respondents");
}
END_TEST

static size_t count_of(const char *string, const char *part)
{
    size_t count = 0;
    for (const char *at = string; (at = strstr(at, part)); at += strlen(part))
        count++;
    return count;
}

START_TEST(snippets)
{
    const char *survey = linked("'facets':['branch'],'questions':[{'id':'recommend','type':'nps',"
                                "'text':{'en':'Would <you> & \\\"yours\\\"?','ru':'А вы?'}}]");
    static const char body[] = "{'respondents':[{'respondent':'c-1','properties':{'branch':'n'}}],"
                               "'snippet':true%s}";
    struct reply *reply = expect_status(order(survey, text(body, "")), 200);
    const char *url = reply_string(reply, "/items/0/url");
    const char *html = reply_string(reply, "/items/0/html");
    const char *plain = reply_string(reply, "/items/0/text");
    ck_assert_pstr_eq(strchr(url, '?'), "?channel=email&branch=n");
    ck_assert_ptr_nonnull(strstr(html, "Would &lt;you&gt; &amp; &quot;yours&quot;?"));
    ck_assert_ptr_nonnull(strstr(html, "lang=\"en\""));
    ck_assert_ptr_nonnull(strstr(plain, "Would <you> & \"yours\"?\n"));
    ck_assert_uint_eq(count_of(html, "<a href=\""), 11);
    ck_assert_uint_eq(count_of(plain, url), 11);
    const char *address = text("/s/%s?channel=email&amp;branch=n&amp;score=", token_in(url));
    ck_assert_uint_eq(count_of(html, address), 11);
    for (int score = 0; score <= 10; score++) {
        ck_assert_uint_eq(
            count_of(html, text("%s%d\" aria-label=\"%d of 10\"", address, score, score)), 1);
        ck_assert_uint_eq(count_of(plain, text("%s&score=%d\n", url, score)), 1);
    }
    static const char *const never[] = {"<script", "<img", "<style", "javascript:", "class="};
    for (size_t i = 0; i < COUNT_OF(never); i++)
        ck_assert_ptr_null(strstr(html, never[i]));
    reply = expect_status(order(survey, text(body, ",'language':'ru-RU','channel':'sms'")), 200);
    ck_assert_ptr_nonnull(strstr(reply_string(reply, "/items/0/html"), "А вы?"));
    ck_assert_ptr_nonnull(strstr(reply_string(reply, "/items/0/text"), "10 (Очень вероятно): "));
    ck_assert_ptr_nonnull(strstr(reply_string(reply, "/items/0/url"), "?channel=sms&lang=ru-RU&"));
    reply = expect_status(order(survey, text(body, ",'language':'de'")), 200);
    ck_assert_ptr_nonnull(strstr(reply_string(reply, "/items/0/text"), "Would <you>"));
}
END_TEST

static const struct {
    const char *body, *errors;
} wrong_orders[] = {
    {"{}", "/respondents"},
    {"[]", ""},
    {"{'respondents':[]}", "/respondents"},
    {"{'respondents':'c-1'}", "/respondents"},
    {"{'respondents':['c-1'],'who':1}", "/who"},
    {"{'respondents':['c-1','',7,null,['x']]}",
     "/respondents/1 /respondents/2 /respondents/3 /respondents/4"},
    {"{'respondents':['a\\nb']}", "/respondents/0"},
    {"{'respondents':[{'respondent':'','properties':{'nothing':'x','branch':[]},'name':'x'}]}",
     "/respondents/0/name /respondents/0/respondent /respondents/0/properties/branch "
     "/respondents/0/properties/nothing"},
    {"{'respondents':[{'properties':{'score':'9','lang':'x','branch':'x'}}]}",
     "/respondents/0/properties/score /respondents/0/properties/lang"},
    {"{'respondents':[{'respondent':'c-1','properties':[]}]}", "/respondents/0/properties"},
    {"{'respondents':['c-1'],'expires_in_days':0}", "/expires_in_days"},
    {"{'respondents':['c-1'],'expires_in_days':3651}", "/expires_in_days"},
    {"{'respondents':['c-1'],'expires_in_days':1.5}", "/expires_in_days"},
    {"{'respondents':['c-1'],'channel':'phone'}", "/channel"},
    {"{'respondents':['c-1'],'channel':'fax'}", "/channel"},
    {"{'respondents':['c-1'],'channel':1}", "/channel"},
    {"{'respondents':['c-1'],'language':'Русский'}", "/language"},
    {"{'respondents':['c-1'],'snippet':'yes'}", "/snippet"},
};

START_TEST(orders_refused)
{
    const char *survey = linked("'facets':['branch','score','lang']");
    struct reply *reply = order(survey, wrong_orders[_i].body);
    if (*wrong_orders[_i].errors)
        expect_errors(reply, 422, "invalid", wrong_orders[_i].errors);
    else
        expect_problem(reply, 422, "invalid", "");
}
END_TEST

START_TEST(other_orders_refused)
{
    const char *survey = linked("'facets':['branch']");
    expect_problem(order(survey, "{"), 400, "bad-json", NULL);
    const char *longest = text_repeat("r", 256), *wide = text_repeat("%", 200);
    expect_status(order(survey, text("{'respondents':['%s']}", longest)), 200);
    expect_problem(order(survey, text("{'respondents':['%sr']}", longest)), 422, "invalid",
                   "/respondents/0");
    /* Eight facets of the longest kind make no link that a mail program keeps whole. */
    const char *many = linked("'facets':['a','b','c','d','e','f','g','h']");
    const char *body = text("{'respondents':['x',{'properties':{'a':'%s','b':'%s','c':'%s',"
                            "'d':'%s'}}]}",
                            wide, wide, wide, wide);
    expect_errors(
        client_post(fixture_key(ADMIN), text_json("%s", body), "/v1/surveys/%s/links", many), 422,
        "invalid", "/respondents/1");
    expect_problem(order(fixture_survey("'access':'key'"), "{'respondents':['c-1']}"), 422,
                   "invalid", "");
    expect_problem(order("there-is-none", "{'respondents':['c-1']}"), 404, "not-found", NULL);
}
END_TEST

/* --- answering --- */

START_TEST(an_answer)
{
    const char *survey = linked("'facets':['branch']"), *token = new_token(survey, "c-17");
    struct reply *reply = answer(survey, token,
                                 "{'score':9,'answers':{'why':'Fast'},'respondent':'c-17',"
                                 "'properties':{'branch':'north'}}");
    expect_status(reply, 201);
    const char *id = reply_string(reply, "/id");
    expect_header(reply, "Location", text("/v1/surveys/%s/responses/%s", survey, id));
    struct reply *row = only_row(survey);
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
    const char *survey = linked(""), *token = new_token(survey, "c-17");
    struct reply *reply = submit(token, "score=9&answers.why=Fast&channel=email&language=ru");
    expect_header(expect_status(reply, 303), "Location", text("/s/%s/thanks", survey));
    struct reply *row = only_row(survey);
    expect_string(row, "/items/0/respondent", "c-17");
    expect_string(row, "/items/0/channel", "email");
    /* The same link by JSON is the same answer; another key does not make it another one. */
    reply = answer(survey, token,
                   "{'score':9,'answers':{'why':'Fast'},'channel':'email','language':'ru'}");
    expect_header(expect_status(reply, 200), "Idempotent-Replayed", "true");
    expect_string(row, "/items/0/id", reply_string(reply, "/id"));
    expect_status(submit(token, "score=9&idempotency_key=k-1"), 303);
    expect_status(submit(token, "score=4&idempotency_key=k-2"), 303);
    expect_int(only_row(survey), "/items/0/score", 4);
    expect_string(only_row(survey), "/items/0/answers/why", "Fast");
    expect_sound(survey);
    expect_status(client_get(NULL, "/s/%s/thanks", token), 200);
}
END_TEST

START_TEST(respondents_are_the_links)
{
    const char *survey = linked(""), *named = new_token(survey, "c-17");
    const char *nobody = token_in(
        reply_string(expect_status(order(survey, "{'respondents':[{}]}"), 200), "/items/0/url"));
    expect_errors(answer(survey, named, "{'score':9,'respondent':'c-18'}"), 422, "invalid",
                  "/respondent");
    expect_errors(answer(survey, named, "{'score':9,'respondent':'c-1'}"), 422, "invalid",
                  "/respondent");
    expect_errors(answer(survey, nobody, "{'score':9,'respondent':'c-17'}"), 422, "invalid",
                  "/respondent");
    expect_errors(answer(survey, named, "{'score':9,'respondent':''}"), 422, "invalid",
                  "/respondent");
    expect_problem(submit(named, "score=9&respondent=c-18"), 422, "invalid", "/respondent");
    expect_problem(answer(survey, named, "{'score':9,'external_id':'x'}"), 422, "invalid",
                   "/external_id");
    expect_count(survey, 0);
    expect_status(answer(survey, nobody, "{'score':9}"), 201);
    expect_json(only_row(survey), "/items/0/respondent", "null");
}
END_TEST

/* By link, by JSON and by form: the same row, down to the hash of what was said. */
START_TEST(same_row_as_others)
{
    const char *survey = fixture_survey("'facets':['branch']");
    static const char body[] = "{'score':7,'answers':{'why':'So so','improve':'wait'},"
                               "'language':'ru','properties':{'branch':'n','table':'4'}%s}";
    const char *token = new_token(survey, "c-17");
    expect_status(answer(survey, token, text(body, "")), 201);
    expect_status(answer(survey, NULL, text(body, ",'respondent':'c-17','channel':'link'")), 201);
    static const char form[] = "score=7&answers.why=So+so&answers.improve=wait&language=ru"
                               "&properties.branch=n&properties.table=4";
    expect_status(submit(new_token(survey, "c-17"), form), 303);
    expect_status(submit(survey, text("%s&respondent=c-17&channel=link", form)), 303);
    ck_assert_int_eq(
        database_number(fixture_database(),
                        "select count(distinct (score, channel, body_hash, agent, f1, language,"
                        " respondent, external_id, answers::text, properties::text, excluded)) * 10"
                        " + count(*) from response"
                        " where survey_id = (select id from survey where slug = '%s')",
                        survey),
        14);
}
END_TEST

/* The same again is a replay; something else corrects the first one, and what it does not say
 * stays. */
START_TEST(corrections)
{
    const char *survey = linked(""), *token = new_token(survey, "c-17");
    struct reply *first = answer(survey, token, "{'score':9,'answers':{'why':'Fast'}}");
    expect_status(first, 201);
    struct reply *again = answer(survey, token, "{'answers':{'why':'Fast'},'score':9}");
    expect_header(expect_status(again, 200), "Idempotent-Replayed", "true");
    ck_assert_str_eq(again->body, first->body);

    struct reply *other = answer(survey, token, "{'score':3,'answers':{'improve':'wait'}}");
    ck_assert_ptr_null(header_of(expect_status(other, 200), "Idempotent-Replayed"));
    expect_int(other, "/score", 3);
    expect_string(other, "/group", "critic");
    static const char *const kept[] = {"/id", "/received_at", "/answered_at", "/edit_token"};
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        expect_string(other, kept[i], reply_string(first, kept[i]));
    expect_header(other, "Location", header_of(first, "Location"));
    expect_json(only_row(survey), "/items/0/answers", "{\"why\":\"Fast\",\"improve\":\"wait\"}");

    again = answer(survey, token, "{'score':3,'answers':{'improve':'wait'}}");
    expect_header(expect_status(again, 200), "Idempotent-Replayed", "true");
    /* Who changes their mind back is believed, although it is the first body. */
    ck_assert_ptr_null(
        header_of(expect_status(answer(survey, token, "{'score':9,'answers':{'why':'Fast'}}"), 200),
                  "Idempotent-Replayed"));
    expect_int(only_row(survey), "/items/0/score", 9);

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
    const char *survey = linked(""), *token = new_token(survey, "c-17");
    expect_status(answer(survey, token, "{'score':9}"), 201);
    expect_problem(answer(survey, token, "{'score':11}"), 422, "invalid", "/score");
    expect_problem(answer(survey, token, "{'answers':{'why':'x'}}"), 422, "invalid", "/score");
    expect_problem(answer(survey, token, "{'score':3,'respondent':'c-1'}"), 422, "invalid",
                   "/respondent");
    expect_problem(answer(survey, token, "{"), 400, "bad-json", NULL);
    expect_int(only_row(survey), "/items/0/score", 9);
    expect_json(only_row(survey), "/items/0/updated_at", "null");
}
END_TEST

START_TEST(too_late_for_corrections)
{
    const char *survey = linked(""), *token = new_token(survey, "c-17");
    struct reply *first = answer(survey, token, "{'score':9}");
    expect_status(first, 201);
    age_answers(survey, 29 * MINUTE);
    expect_status(answer(survey, token, "{'score':8}"), 200);
    age_answers(survey, 2 * MINUTE);
    expect_problem(answer(survey, token, "{'score':7}"), 409, "already-answered", NULL);
    expect_problem(submit(token, "score=6"), 409, "already-answered", NULL);
    /* What has been said before is a replay for ever. */
    expect_header(expect_status(answer(survey, token, "{'score':8}"), 200), "Idempotent-Replayed",
                  "true");
    expect_header(expect_status(answer(survey, token, "{'score':9}"), 200), "Idempotent-Replayed",
                  "true");
    expect_int(only_row(survey), "/items/0/score", 8);
    expect_sound(survey);

    const char *strict = linked("'edit_minutes':0");
    token = new_token(strict, "c-17");
    expect_status(answer(strict, token, "{'score':9}"), 201);
    expect_problem(answer(strict, token, "{'score':8}"), 409, "already-answered", NULL);
    expect_status(answer(strict, token, "{'score':9}"), 200);
}
END_TEST

START_TEST(an_erased_answer_stays_erased)
{
    const char *survey = linked(""), *token = new_token(survey, "c-17");
    struct reply *first = expect_status(answer(survey, token, "{'score':9}"), 201);
    expect_status(client_delete(fixture_key(ADMIN), "/v1/surveys/%s/responses/%s", survey,
                                reply_string(first, "/id")),
                  204);
    expect_problem(answer(survey, token, "{'score':9}"), 410, "erased", NULL);
    expect_problem(answer(survey, token, "{'score':1}"), 410, "erased", NULL);
    expect_count(survey, 0);
}
END_TEST

/* No key of a client's own leads to the answer of a link. */
START_TEST(keys_do_not_name_links)
{
    const char *survey = fixture_survey(""), *token = new_token(survey, "c-17");
    struct reply *first = expect_status(answer(survey, token, "{'score':9}"), 201);
    const char *const keys[] = {token, text("link:%s", token), reply_string(first, "/id")};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct reply *reply =
            client_send(&(struct request){.path = text("/v1/surveys/%s/responses", survey),
                                          .body = "{\"score\":9}",
                                          .headers = {text("Idempotency-Key: %.250s", keys[i])}});
        ck_assert_str_ne(reply_string(expect_status(reply, 201), "/id"),
                         reply_string(first, "/id"));
    }
    expect_count(survey, 4);
}
END_TEST

/* --- who may --- */

/* Without a good link nobody but staff gets in; open surveys take links too. */
START_TEST(surveys_of_links)
{
    const char *survey = linked("");
    expect_problem(answer(survey, NULL, "{'score':9}"), 401, "unauthorized", NULL);
    expect_problem(answer(survey, fixture_key(SUBMIT), "{'score':9}"), 403, "forbidden", NULL);
    expect_problem(answer(survey, fixture_key(VIEWER), "{'score':9}"), 403, "forbidden", NULL);
    expect_problem(client_send(&(struct request){
                       .path = text("/s/%s", survey), .type = FORM, .body = "score=9"}),
                   401, "unauthorized", NULL);
    expect_problem(
        client_send(&(struct request){.path = text("/s/%s", survey),
                                      .type = FORM,
                                      .body = text("score=9&key=%s", fixture_key(SUBMIT))}),
        403, "forbidden", NULL);
    expect_problem(client_get(NULL, "/v1/surveys/%s", survey), 401, "unauthorized", NULL);
    expect_count(survey, 0);
    const char *token = new_token(survey, "c-17");
    expect_string(expect_status(client_get(token, "/v1/surveys/%s", survey), 200), "/id", survey);
    expect_none(client_get(token, "/v1/surveys/%s", survey), "/min_responses");
    expect_problem(client_post(token, "[{\"score\":9}]", "/v1/surveys/%s/responses/batch", survey),
                   403, "forbidden", NULL);
    static const char *const others[] = {"nps", "responses", "comments", "nps.svg"};
    for (size_t i = 0; i < COUNT_OF(others); i++)
        expect_problem(client_get(token, "/v1/surveys/%s/%s", survey, others[i]), 401,
                       "unauthorized", NULL);
    expect_status(answer(survey, fixture_key(AGENT), "{'score':9}"), 201);
    const char *open = fixture_survey("");
    token = new_token(open, "c-17");
    expect_status(answer(open, token, "{'score':9}"), 201);
    expect_string(only_row(open), "/items/0/respondent", "c-17");
}
END_TEST

START_TEST(closed_and_changed_surveys)
{
    const char *survey = linked(""), *token = new_token(survey, "c-17");
    const char *admin = fixture_key(ADMIN);
    expect_status(client_patch(admin, "{\"open\":false}", "/v1/surveys/%s", survey), 200);
    expect_problem(answer(survey, token, "{'score':9}"), 403, "survey-closed", NULL);
    expect_problem(submit(token, "score=9"), 403, "survey-closed", NULL);
    expect_status(
        client_patch(admin, "{\"open\":true,\"access\":\"key\"}", "/v1/surveys/%s", survey), 200);
    expect_problem(answer(survey, token, "{'score':9}"), 401, "unauthorized", NULL);
    expect_problem(submit(token, "score=9"), 401, "unauthorized", NULL);
    expect_status(client_patch(admin, "{\"access\":\"open\"}", "/v1/surveys/%s", survey), 200);
    expect_status(answer(survey, token, "{'score':9}"), 201);
    /* A new survey of the old name is another one. */
    expect_status(client_delete(admin, "/v1/surveys/%s?with_responses=true", survey), 204);
    expect_problem(answer(survey, token, "{'score':9}"), 404, "not-found", NULL);
    expect_status(client_post(admin,
                              text_json("{'id':'%s','title':{'en':'T'},'access':'link'}", survey),
                              "/v1/surveys"),
                  201);
    expect_problem(answer(survey, token, "{'score':9}"), 404, "not-found", NULL);
    expect_problem(submit(token, "score=9"), 404, "not-found", NULL);
}
END_TEST

START_TEST(links_of_other_surveys)
{
    const char *one = linked(""), *two = linked("");
    const char *token = new_token(one, "c-17");
    expect_problem(answer(two, token, "{'score':9}"), 404, "not-found", NULL);
    expect_problem(answer("there-is-none", token, "{'score':9}"), 404, "not-found", NULL);
    expect_status(answer(one, token, "{'score':9}"), 201);
    expect_count(two, 0);
}
END_TEST

/* Every byte is looked at, in both ways in; a letter of the tag is as good a place as any. */
START_TEST(tampering)
{
    const char *survey = linked(""), *token = new_token(survey, "c-17");
    size_t len = strlen(token);
    for (size_t i = 0; i < len; i++) {
        char *changed = text_space(len);
        memcpy(changed, token, len);
        changed[i] = token[i] == 'A' ? 'B' : token[i] == '.' ? '-' : 'A';
        struct reply *reply = answer(survey, changed, "{'score':9}");
        expect_problem(reply, 401, "unauthorized", NULL);
        reply = submit(changed, "score=9");
        expect_problem(reply, 404, "not-found", NULL);
    }
    const char *const wrong[] = {".",
                                 "a.b",
                                 "..",
                                 text("%s.", token),
                                 text("%sA", token),
                                 text("A%s", token),
                                 text("%.*s", (int)len - 1, token),
                                 text_repeat("A", 43),
                                 text(".%s", text_repeat("A", 43)),
                                 text("%s.%s", text_repeat("A", 30), text_repeat("A", 43)),
                                 text_repeat("a.", 1000)};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        expect_problem(answer(survey, wrong[i], "{'score':9}"), 401, "unauthorized", NULL);
        if (strcmp(wrong[i], ".") != 0 && strcmp(wrong[i], "..") != 0) /* curl tidies those up */
            expect_problem(submit(wrong[i], "score=9"), 404, "not-found", NULL);
    }
    expect_count(survey, 0);
    expect_status(answer(survey, token, "{'score':9}"), 201);
}
END_TEST

START_TEST(expiry)
{
    const char *survey = linked("");
    /* Clocks may differ by a minute. */
    expect_status(answer(survey, forge(survey, "c-1", 5), "{'score':9}"), 201);
    expect_status(answer(survey, forge(survey, "c-2", -40), "{'score':9}"), 201);
    const char *late = forge(survey, "c-3", -62);
    expect_problem(answer(survey, late, "{'score':9}"), 410, "link-expired", NULL);
    expect_problem(submit(late, "score=9"), 410, "link-expired", NULL);
    expect_problem(client_get(late, "/v1/surveys/%s", survey), 410, "link-expired", NULL);
    /* Also of a survey that is no more. */
    expect_problem(answer("there-is-none", late, "{'score':9}"), 410, "link-expired", NULL);
    expect_count(survey, 2);
}
END_TEST

static void rotate(void)
{
    fixture_command((const char *const[]){"secret", "rotate", "link", NULL});
}

/* The key before signs no more and opens still; the one before that opens nothing. */
START_TEST(rotation)
{
    const char *survey = linked("");
    const char *first = forge(survey, "c-1", 60);
    rotate();
    /* The daemon need not have heard of the key: it asks. */
    expect_status(answer(survey, forge(survey, "c-2", 60), "{'score':9}"), 201);
    expect_status(answer(survey, first, "{'score':9}"), 201);
    const char *second = new_token(survey, "c-3");
    rotate();
    expect_status(submit(forge(survey, "c-4", 60), "score=9"), 303);
    expect_status(answer(survey, second, "{'score':9}"), 201);
    expect_problem(answer(survey, first, "{'score':9}"), 401, "unauthorized", NULL);
    expect_problem(submit(first, "score=9"), 404, "not-found", NULL);
    expect_status(answer(survey, new_token(survey, "c-5"), "{'score':9}"), 201);
    expect_count(survey, 5);
}
END_TEST

START_TEST(the_command)
{
    const char *const rotate_link[] = {"secret", "rotate", "link", NULL};
    const char *name = fixture_new_database(true);
    struct command run = fixture_run_command(name, rotate_link);
    ck_assert_int_eq(run.status, 0);
    ck_assert_str_eq(run.out, "link key 0 signs\n");
    run = fixture_run_command(name, rotate_link);
    ck_assert_str_eq(run.out, "link key 1 signs, link key 0 is good still\n");
    ck_assert_int_eq(database_number(name, "select count(*) from audit where actor = 'command line'"
                                           " and action = 'secret.rotate'"),
                     2);
    const char *const wrong[][4] = {{"secret", NULL},
                                    {"secret", "rotate", NULL},
                                    {"secret", "rotate", "edit", NULL},
                                    {"secret", "show", "link", NULL}};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        run = fixture_run_command(name, wrong[i]);
        ck_assert_int_eq(run.status, 2);
        ck_assert_ptr_nonnull(strstr(run.err, "usage: npsd secret"));
    }
    run = fixture_run_command(name, (const char *const[]){"secret", "--help", NULL});
    ck_assert_int_eq(run.status, 0);
    ck_assert_ptr_nonnull(strstr(run.out, "rotate twice"));
    database_drop(name);
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
        const char *survey = linked("");
        struct race race = {.path = text("/v1/surveys/%s/responses", survey),
                            .token = new_token(survey, "c-17"),
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

/* --- the log --- */

/* The daemon's log tells of refused links by their first characters, which all links of a survey
 * have in common, and never has a whole one. */
START_TEST(tokens_are_not_logged)
{
    const char *survey = linked(""), *token = new_token(survey, "c-17");
    const char *late = forge(survey, "c-1", -100);
    char *changed = text_space(strlen(token));
    memcpy(changed, token, strlen(token));
    changed[strlen(token) - 2] ^= 1;
    const char *const tokens[] = {token, late, changed};
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        answer(survey, tokens[i], "{'score':9}");
        submit(tokens[i], "score=4");
        client_get(tokens[i], "/v1/surveys/%s/nps", survey);
        client_get(NULL, "/s/%s/nowhere", tokens[i]);
        client_get(NULL, "/s/%s?score=x&score=y", tokens[i]);
    }
    const char *log = text_file(text("%s/log", fixture_daemon()->folder));
    ck_assert_ptr_nonnull(strstr(log, text(" link=%.6s reason=expired\n", late)));
    ck_assert_ptr_nonnull(strstr(log, text(" link=%.6s reason=wrong\n", changed)));
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        ck_assert_ptr_null(strstr(log, text("%.8s", tokens[i])));
        ck_assert_ptr_null(strstr(log, strchr(tokens[i], '.') + 1));
    }
    ck_assert_ptr_null(strstr(log, "c-17"));
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = links_for_many},
        {.test = a_thousand},
        {.test = snippets},
        {.test = orders_refused, .rows = COUNT_OF(wrong_orders)},
        {.test = other_orders_refused},
        {.test = an_answer},
        {.test = an_answer_by_form},
        {.test = respondents_are_the_links},
        {.test = same_row_as_others},
        {.test = corrections},
        {.test = wrong_corrections},
        {.test = too_late_for_corrections},
        {.test = an_erased_answer_stays_erased},
        {.test = keys_do_not_name_links},
        {.test = surveys_of_links},
        {.test = closed_and_changed_surveys},
        {.test = links_of_other_surveys},
        {.test = tampering},
        {.test = expiry},
        {.test = rotation},
        {.test = the_command},
        {.test = races},
        {.test = tokens_are_not_logged},
    };
    return fixture_run("links", settings, tests, COUNT_OF(tests));
}
