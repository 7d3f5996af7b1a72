/* Signed links: made for many, and who may do what with one. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/links.h"
#include "support/text.h"
#include <string.h>
#include <time.h>

/* Whatever is logged, no token is. */
static const char *const settings[] = {"NPSD_LOG=debug", NULL};

/* --- making links --- */

START_TEST(links_for_many)
{
    const char *survey = link_survey("'facets':['branch']");
    struct reply *reply =
        link_order(survey, "{'respondents':['c-1',{'respondent':'c 2/é','properties':"
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
    ck_assert_str_ne(link_token_in(reply_string(reply, "/items/0/url")),
                     link_token_in(reply_string(reply, "/items/1/url")));
}
END_TEST

/* A thousand at once, each with the snippet, all of them different. */
START_TEST(a_thousand)
{
    const char *survey = link_survey("");
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
    const char *survey =
        link_survey("'facets':['branch'],'questions':[{'id':'recommend','type':'nps',"
                    "'text':{'en':'Would <you> & \\\"yours\\\"?','ru':'А вы?'}}]");
    static const char body[] = "{'respondents':[{'respondent':'c-1','properties':{'branch':'n'}}],"
                               "'snippet':true%s}";
    struct reply *reply = expect_status(link_order(survey, text(body, "")), 200);
    const char *url = reply_string(reply, "/items/0/url");
    const char *html = reply_string(reply, "/items/0/html");
    const char *plain = reply_string(reply, "/items/0/text");
    ck_assert_pstr_eq(strchr(url, '?'), "?channel=email&branch=n");
    ck_assert_ptr_nonnull(strstr(html, "Would &lt;you&gt; &amp; &quot;yours&quot;?"));
    ck_assert_ptr_nonnull(strstr(html, "lang=\"en\""));
    ck_assert_ptr_nonnull(strstr(plain, "Would <you> & \"yours\"?\n"));
    ck_assert_uint_eq(count_of(html, "<a href=\""), 11);
    ck_assert_uint_eq(count_of(plain, url), 11);
    const char *address = text("/s/%s?channel=email&amp;branch=n&amp;score=", link_token_in(url));
    ck_assert_uint_eq(count_of(html, address), 11);
    for (int score = 0; score <= 10; score++) {
        ck_assert_uint_eq(
            count_of(html, text("%s%d\" aria-label=\"%d of 10\"", address, score, score)), 1);
        ck_assert_uint_eq(count_of(plain, text("%s&score=%d\n", url, score)), 1);
    }
    static const char *const never[] = {"<script", "<img", "<style", "javascript:", "class="};
    for (size_t i = 0; i < COUNT_OF(never); i++)
        ck_assert_ptr_null(strstr(html, never[i]));
    reply =
        expect_status(link_order(survey, text(body, ",'language':'ru-RU','channel':'sms'")), 200);
    ck_assert_ptr_nonnull(strstr(reply_string(reply, "/items/0/html"), "А вы?"));
    ck_assert_ptr_nonnull(strstr(reply_string(reply, "/items/0/text"), "10 (Очень вероятно): "));
    ck_assert_ptr_nonnull(strstr(reply_string(reply, "/items/0/url"), "?channel=sms&lang=ru-RU&"));
    reply = expect_status(link_order(survey, text(body, ",'language':'de'")), 200);
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
    const char *survey = link_survey("'facets':['branch','score','lang']");
    struct reply *reply = link_order(survey, wrong_orders[_i].body);
    if (*wrong_orders[_i].errors)
        expect_errors(reply, 422, "invalid", wrong_orders[_i].errors);
    else
        expect_problem(reply, 422, "invalid", "");
}
END_TEST

START_TEST(other_orders_refused)
{
    const char *survey = link_survey("'facets':['branch']");
    expect_problem(link_order(survey, "{"), 400, "bad-json", NULL);
    const char *longest = text_repeat("r", 256), *wide = text_repeat("%", 200);
    expect_status(link_order(survey, text("{'respondents':['%s']}", longest)), 200);
    expect_problem(link_order(survey, text("{'respondents':['%sr']}", longest)), 422, "invalid",
                   "/respondents/0");
    /* Eight facets of the longest kind make no link that a mail program keeps whole. */
    const char *many = link_survey("'facets':['a','b','c','d','e','f','g','h']");
    const char *body = text("{'respondents':['x',{'properties':{'a':'%s','b':'%s','c':'%s',"
                            "'d':'%s'}}]}",
                            wide, wide, wide, wide);
    expect_errors(
        client_post(fixture_key(ADMIN), text_json("%s", body), "/v1/surveys/%s/links", many), 422,
        "invalid", "/respondents/1");
    expect_problem(link_order(fixture_survey("'access':'key'"), "{'respondents':['c-1']}"), 422,
                   "invalid", "");
    expect_problem(link_order("there-is-none", "{'respondents':['c-1']}"), 404, "not-found", NULL);
}
END_TEST

/* --- who may --- */

/* Without a good link nobody but staff gets in; open surveys take links too. */
START_TEST(surveys_of_links)
{
    const char *survey = link_survey("");
    expect_problem(link_answer(survey, NULL, "{'score':9}"), 401, "unauthorized", NULL);
    expect_problem(link_answer(survey, fixture_key(SUBMIT), "{'score':9}"), 403, "forbidden", NULL);
    expect_problem(link_answer(survey, fixture_key(VIEWER), "{'score':9}"), 403, "forbidden", NULL);
    expect_problem(client_send(&(struct request){
                       .path = text("/s/%s", survey), .type = FORM, .body = "score=9"}),
                   401, "unauthorized", NULL);
    expect_problem(
        client_send(&(struct request){.path = text("/s/%s", survey),
                                      .type = FORM,
                                      .body = text("score=9&key=%s", fixture_key(SUBMIT))}),
        403, "forbidden", NULL);
    expect_problem(client_get(NULL, "/v1/surveys/%s", survey), 401, "unauthorized", NULL);
    link_expect_count(survey, 0);
    const char *token = link_token(survey, "c-17");
    expect_string(expect_status(client_get(token, "/v1/surveys/%s", survey), 200), "/id", survey);
    expect_none(client_get(token, "/v1/surveys/%s", survey), "/min_responses");
    expect_problem(client_post(token, "[{\"score\":9}]", "/v1/surveys/%s/responses/batch", survey),
                   403, "forbidden", NULL);
    static const char *const others[] = {"nps", "responses", "comments", "nps.svg"};
    for (size_t i = 0; i < COUNT_OF(others); i++)
        expect_problem(client_get(token, "/v1/surveys/%s/%s", survey, others[i]), 401,
                       "unauthorized", NULL);
    /* Pages with a link tell that they were seen. */
    static const char shown[] = "{\"event\":\"shown\",\"channel\":\"email\"}";
    expect_status(client_post(token, shown, "/v1/surveys/%s/displays", survey), 204);
    expect_problem(client_post(NULL, shown, "/v1/surveys/%s/displays", survey), 401, "unauthorized",
                   NULL);
    expect_status(link_form(token, "dismiss=1&channel=email"), 303);
    link_expect_count(survey, 0);
    expect_status(link_answer(survey, fixture_key(AGENT), "{'score':9}"), 201);
    const char *open = fixture_survey("");
    token = link_token(open, "c-17");
    expect_status(link_answer(open, token, "{'score':9}"), 201);
    expect_string(link_only_row(open), "/items/0/respondent", "c-17");
}
END_TEST

START_TEST(closed_and_changed_surveys)
{
    const char *survey = link_survey(""), *token = link_token(survey, "c-17");
    const char *admin = fixture_key(ADMIN);
    expect_status(client_patch(admin, "{\"open\":false}", "/v1/surveys/%s", survey), 200);
    expect_problem(link_answer(survey, token, "{'score':9}"), 403, "survey-closed", NULL);
    expect_problem(link_form(token, "score=9"), 403, "survey-closed", NULL);
    expect_status(
        client_patch(admin, "{\"open\":true,\"access\":\"key\"}", "/v1/surveys/%s", survey), 200);
    expect_problem(link_answer(survey, token, "{'score':9}"), 401, "unauthorized", NULL);
    expect_problem(link_form(token, "score=9"), 401, "unauthorized", NULL);
    expect_status(client_patch(admin, "{\"access\":\"open\"}", "/v1/surveys/%s", survey), 200);
    expect_status(link_answer(survey, token, "{'score':9}"), 201);
    /* A new survey of the old name is another one. */
    expect_status(client_delete(admin, "/v1/surveys/%s?with_responses=true", survey), 204);
    expect_problem(link_answer(survey, token, "{'score':9}"), 404, "not-found", NULL);
    expect_status(client_post(admin,
                              text_json("{'id':'%s','title':{'en':'T'},'access':'link'}", survey),
                              "/v1/surveys"),
                  201);
    expect_problem(link_answer(survey, token, "{'score':9}"), 404, "not-found", NULL);
    expect_problem(link_form(token, "score=9"), 404, "not-found", NULL);
}
END_TEST

START_TEST(links_of_other_surveys)
{
    const char *one = link_survey(""), *two = link_survey("");
    const char *token = link_token(one, "c-17");
    expect_problem(link_answer(two, token, "{'score':9}"), 404, "not-found", NULL);
    expect_problem(link_answer("there-is-none", token, "{'score':9}"), 404, "not-found", NULL);
    expect_status(link_answer(one, token, "{'score':9}"), 201);
    link_expect_count(two, 0);
}
END_TEST

/* Every byte is looked at, in both ways in; a letter of the tag is as good a place as any. */
START_TEST(tampering)
{
    const char *survey = link_survey(""), *token = link_token(survey, "c-17");
    size_t len = strlen(token);
    for (size_t i = 0; i < len; i++) {
        char *changed = text_space(len);
        memcpy(changed, token, len);
        changed[i] = token[i] == 'A' ? 'B' : token[i] == '.' ? '-' : 'A';
        struct reply *reply = link_answer(survey, changed, "{'score':9}");
        expect_wrong_key(reply);
        reply = link_form(changed, "score=9");
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
        expect_wrong_key(link_answer(survey, wrong[i], "{'score':9}"));
        if (strcmp(wrong[i], ".") != 0 && strcmp(wrong[i], "..") != 0) /* curl tidies those up */
            expect_problem(link_form(wrong[i], "score=9"), 404, "not-found", NULL);
    }
    link_expect_count(survey, 0);
    expect_status(link_answer(survey, token, "{'score':9}"), 201);
}
END_TEST

START_TEST(expiry)
{
    const char *survey = link_survey("");
    /* Clocks may differ by a minute. */
    expect_status(link_answer(survey, link_forge(survey, "c-1", 5), "{'score':9}"), 201);
    expect_status(link_answer(survey, link_forge(survey, "c-2", -40), "{'score':9}"), 201);
    const char *late = link_forge(survey, "c-3", -62);
    expect_problem(link_answer(survey, late, "{'score':9}"), 410, "link-expired", NULL);
    expect_problem(link_form(late, "score=9"), 410, "link-expired", NULL);
    expect_problem(client_get(late, "/v1/surveys/%s", survey), 410, "link-expired", NULL);
    /* Also of a survey that is no more. */
    expect_problem(link_answer("there-is-none", late, "{'score':9}"), 410, "link-expired", NULL);
    link_expect_count(survey, 2);
}
END_TEST

static void rotate(void)
{
    fixture_command((const char *const[]){"secret", "rotate", "link", NULL});
}

/* The key before signs no more and opens still; the one before that opens nothing. */
START_TEST(rotation)
{
    const char *survey = link_survey("");
    const char *first = link_forge(survey, "c-1", 60);
    rotate();
    /* The daemon need not have heard of the key: it asks. */
    expect_status(link_answer(survey, link_forge(survey, "c-2", 60), "{'score':9}"), 201);
    expect_status(link_answer(survey, first, "{'score':9}"), 201);
    const char *second = link_token(survey, "c-3");
    rotate();
    expect_status(link_form(link_forge(survey, "c-4", 60), "score=9"), 303);
    expect_status(link_answer(survey, second, "{'score':9}"), 201);
    expect_wrong_key(link_answer(survey, first, "{'score':9}"));
    expect_problem(link_form(first, "score=9"), 404, "not-found", NULL);
    expect_status(link_answer(survey, link_token(survey, "c-5"), "{'score':9}"), 201);
    link_expect_count(survey, 5);
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

/* --- the log --- */

/* The daemon's log tells of refused links by their first characters, which all links of a survey
 * have in common, and never has a whole one. */
START_TEST(tokens_are_not_logged)
{
    const char *survey = link_survey(""), *token = link_token(survey, "c-17");
    const char *late = link_forge(survey, "c-1", -100);
    char *changed = text_space(strlen(token));
    memcpy(changed, token, strlen(token));
    changed[strlen(token) - 2] ^= 1;
    const char *const tokens[] = {token, late, changed};
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        link_answer(survey, tokens[i], "{'score':9}");
        link_form(tokens[i], "score=4");
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
        {.test = surveys_of_links},
        {.test = closed_and_changed_surveys},
        {.test = links_of_other_surveys},
        {.test = tampering},
        {.test = expiry},
        {.test = rotation},
        {.test = the_command},
        {.test = tokens_are_not_logged},
    };
    return fixture_run("links", settings, tests, COUNT_OF(tests));
}
