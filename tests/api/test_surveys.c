/* Surveys: creating, reading, listing, changing and deleting them. What is refused when creating
 * one is in test_surveys_refused.c. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>

static struct reply *create(const char *body)
{
    return client_post(fixture_key(ADMIN), body, "/v1/surveys");
}

static struct reply *get(const char *survey)
{
    return client_get(fixture_key(ADMIN), "/v1/surveys/%s", survey);
}

static struct reply *patch(const char *survey, const char *members)
{
    return client_patch(fixture_key(ADMIN), text_json("{%s}", members), "/v1/surveys/%s", survey);
}

/* An id and a title are enough: the rest has the documented defaults, and the three model
 * questions. */
START_TEST(defaults)
{
    struct reply *created = create("{\"id\":\"plain\",\"title\":{\"en\":\"Your visit\"}}");
    expect_status(created, 201);
    const char *location = header_of(created, "Location");
    ck_assert(location && strstr(location, "/v1/surveys/plain"));
    struct reply *const both[] = {created, expect_status(get("plain"), 200)};
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        struct reply *reply = both[i];
        expect_string(reply, "/id", "plain");
        expect_json(reply, "/title", "{\"en\":\"Your visit\"}");
        expect_string(reply, "/time_zone", "UTC");
        expect_string(reply, "/access", "open");
        expect_json(reply, "/open", "true");
        expect_json(reply, "/facets", "[\"branch\",\"product\"]");
        expect_int(reply, "/min_responses", 30);
        expect_int(reply, "/edit_minutes", 30);
        expect_string(reply, "/badge", "private");
        expect_string(reply, "/suspects", "count");
        expect_json(reply, "/keep_text_days", "null");
        ck_assert_uint_eq(json_array_size(reply_at(reply, "/questions")), 3);
        expect_string(reply, "/questions/0/id", "recommend");
        expect_string(reply, "/questions/0/type", "nps");
        expect_string(reply, "/questions/0/text/en",
                      "How likely are you to recommend us to a friend or colleague?");
        expect_string(reply, "/questions/1/id", "why");
        expect_string(reply, "/questions/1/type", "text");
        expect_string(reply, "/questions/1/text/en", "What is the main reason for your score?");
        expect_string(reply, "/questions/2/id", "improve");
        expect_string(reply, "/questions/2/type", "choice");
        expect_string(reply, "/questions/2/text/en", "What should we improve first?");
        expect_string(reply, "/questions/2/options/0/id", "wait");
        expect_string(reply, "/questions/2/options/1/id", "price");
        for (int question = 0; question < 3; question++)
            reply_string(reply, text("/questions/%d/text/ru", question));
    }
}
END_TEST

/* What is given comes back as it was given. */
static const struct {
    const char *member;
    const char *value;
} accepted[] = {
    {"title", "{'en':'Your visit','ru':'Ваш визит'}"},
    {"title", "{'pt-BR':'Sua visita'}"},
    {"time_zone", "'Europe/Moscow'"},
    {"time_zone", "'Asia/Kathmandu'"},
    {"time_zone", "'America/Argentina/Buenos_Aires'"},
    {"access", "'open'"},
    {"access", "'link'"},
    {"access", "'key'"},
    {"open", "false"},
    {"facets", "[]"},
    {"facets", "['a','b_2','c','d','e','f','g','h']"},
    {"facets", "['abcdefghijklmnopqrstuvwxyz012345']"},
    {"min_responses", "1"},
    {"min_responses", "100"},
    {"edit_minutes", "0"},
    {"edit_minutes", "1440"},
    {"badge", "'public'"},
    {"suspects", "'exclude'"},
    {"suspects", "'count'"},
    {"keep_text_days", "365"},
    {"questions", "[{'id':'recommend','type':'nps','text':{'en':'How likely?'}}]"},
    {"questions", "[{'id':'q','type':'nps','text':{'en':'?'}},"
                  "{'id':'speed','type':'scale','min':1,'max':5,'text':{'en':'?'}},"
                  "{'id':'again','type':'yes_no','text':{'en':'?'}},"
                  "{'id':'liked','type':'choices','text':{'en':'?'},"
                  "'options':[{'id':'a','text':{'en':'A'}},{'id':'b','text':{'en':'B'}}]},"
                  "{'id':'why','type':'text','ask':['critic','neutral'],'text':{'en':'?'}}]"},
    {"questions", "[{'id':'q','type':'nps','text':{'en':'?'}},"
                  "{'id':'speed','type':'scale','min':0,'max':10,'text':{'en':'?'}}]"},
};

START_TEST(members_come_back)
{
    const char *id = text("member-%d", _i), *member = accepted[_i].member;
    const char *title = strcmp(member, "title") == 0 ? "" : "'title':{'en':'T'},";
    const char *body = text_json("{'id':'%s',%s'%s':%s}", id, title, member, accepted[_i].value);
    expect_json(expect_status(create(body), 201), text("/%s", member),
                text_json("%s", accepted[_i].value));
    expect_json(expect_status(get(id), 200), text("/%s", member),
                text_json("%s", accepted[_i].value));
}
END_TEST

/* The limits themselves are within. */
START_TEST(limits_are_within)
{
    const char *const ids[] = {"a", "0", "a-b", text_repeat("z", 64)};
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        expect_status(create(text_json("{'id':'%s','title':{'en':'T'}}", ids[i])), 201);
    /* Characters, not bytes. */
    const char *title = text_repeat("\xf0\x9f\x99\x82", 500);
    struct reply *reply = create(text_json("{'id':'long-title','title':{'en':'%s'}}", title));
    expect_string(expect_status(reply, 201), "/title/en", title);
    const char *languages = "'en':'T'";
    for (int c = 'a'; c < 'a' + 19; c++)
        languages = text("%s,'x%c':'T'", languages, c);
    expect_status(create(text_json("{'id':'languages','title':{%s}}", languages)), 201);
    const char *options = "{'id':'o','text':{'en':'O'}}";
    for (int i = 1; i < 50; i++)
        options = text("%s,{'id':'o%d','text':{'en':'O'}}", options, i);
    reply = create(text_json("{'id':'options','title':{'en':'T'},'questions':["
                             "{'id':'q','type':'nps','text':{'en':'?'}},"
                             "{'id':'r','type':'choice','text':{'en':'?'},'options':[%s]}]}",
                             options));
    ck_assert_uint_eq(json_array_size(reply_at(reply, "/questions/1/options")), 50);
}
END_TEST

/* An id is taken once. */
START_TEST(taken_id_is_a_conflict)
{
    const char *survey = fixture_survey("");
    const char *body = text_json("{'id':'%s','title':{'en':'Other'}}", survey);
    expect_problem(create(body), 409, "conflict", NULL);
    expect_string(get(survey), "/title/en", "Test");
}
END_TEST

/* PATCH changes what it names and nothing else. */
START_TEST(patch_changes_what_it_names)
{
    const char *survey = fixture_survey("'time_zone':'Europe/Moscow','min_responses':5");
    struct reply *reply = expect_status(patch(survey, "'title':{'ru':'Другое'},'open':false"), 200);
    expect_json(reply, "/title", "{\"ru\":\"Другое\"}");
    expect_status(patch(survey, "'keep_text_days':90,'edit_minutes':0"), 200);
    expect_status(patch(survey, ""), 200);
    expect_status(patch(survey, "'keep_text_days':null"), 200);
    reply = expect_status(get(survey), 200);
    expect_json(reply, "/title", "{\"ru\":\"Другое\"}");
    expect_json(reply, "/open", "false");
    expect_json(reply, "/keep_text_days", "null");
    expect_int(reply, "/edit_minutes", 0);
    expect_int(reply, "/min_responses", 5);
    expect_string(reply, "/time_zone", "Europe/Moscow");
    expect_problem(client_patch(fixture_key(ADMIN), "{}", "/v1/surveys/there-is-none"), 404,
                   "not-found", NULL);
}
END_TEST

/* A wrong change names its member and changes nothing. */
START_TEST(patch_refuses_wrong_values)
{
    const char *survey = fixture_survey("");
    const char *before = get(survey)->body;
    static const struct {
        const char *members, *where;
    } wrong[] = {
        {"'title':{}", "/title"},
        {"'title':null", "/title"},
        {"'time_zone':'Mars/Phobos'", "/time_zone"},
        {"'access':'all'", "/access"},
        {"'open':1", "/open"},
        {"'facets':['why']", "/facets/0"},
        {"'min_responses':-1", "/min_responses"},
        {"'edit_minutes':'30'", "/edit_minutes"},
        {"'badge':true", "/badge"},
        {"'keep_text_days':-1", "/keep_text_days"},
        {"'questions':[]", "/questions"},
        {"'questions':null", "/questions"},
        {"'id':'other'", "/id"},
        {"'created_at':'2026-01-01T00:00:00Z'", "/created_at"},
        {"'colour':'red'", "/colour"},
        {"'min_responses':7,'colour':'red'", "/colour"},
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        expect_problem(patch(survey, wrong[i].members), 422, "invalid", wrong[i].where);
    ck_assert_str_eq(get(survey)->body, before);
}
END_TEST

#define NPS_QUESTION "{'id':'recommend','type':'nps','text':{'en':'?'}}"
#define OPTION(id, label) "{'id':'" id "','text':{'en':'" label "'}}"
#define CHOICE(options) "{'id':'improve','type':'choice','text':{'en':'?'},'options':[" options "]}"

static void expect_kept(const char *survey, const char *questions)
{
    struct reply *reply = patch(survey, text("'questions':[" NPS_QUESTION ",%s]", questions));
    ck_assert_msg(reply->status == 409 || reply->status == 422, "%s: %ld %s", questions,
                  reply->status, reply->body);
}

/* A question that has answers keeps its type and its options; new options may come, and a question
 * without answers may change. */
START_TEST(answered_questions_are_kept)
{
    const char *survey =
        fixture_survey("'questions':[" NPS_QUESTION "," CHOICE(OPTION("wait", "Wait") "," OPTION(
            "price", "Price")) ",{'id':'why','type':'text','text':{'en':'?'}}]");
    fixture_answer(survey, 3, "'answers':{'improve':'wait'}");
    expect_kept(survey, "{'id':'improve','type':'text','text':{'en':'?'}}");
    expect_kept(survey, "{'id':'improve','type':'choices','text':{'en':'?'},'options':[" OPTION(
                            "wait", "Wait") "," OPTION("price", "Price") "]}");
    expect_kept(survey, CHOICE(OPTION("price", "Price") "," OPTION("staff", "Staff")));
    struct reply *reply =
        patch(survey, "'questions':[" NPS_QUESTION
                      "," CHOICE(OPTION("wait", "Wait") "," OPTION("price", "Price") "," OPTION(
                          "staff", "Staff")) ","
                                             "{'id':'why','type':'yes_no','text':{'en':'?'}}]");
    expect_string(expect_status(reply, 200), "/questions/1/options/2/id", "staff");
    expect_string(reply, "/questions/2/type", "yes_no");
    fixture_answer(survey, 3, "'answers':{'improve':'staff','why':true}");
}
END_TEST

/* A closed survey takes no answer from anyone, shows its numbers, and opens again. */
START_TEST(closed_survey)
{
    const char *survey = fixture_survey("");
    fixture_answer(survey, 10, "");
    expect_status(patch(survey, "'open':false"), 200);
    const enum fixture_role roles[] = {NONE, SUBMIT, AGENT, ANALYST, ADMIN};
    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        const char *key = fixture_key(roles[i]);
        struct reply *reply = client_post(key, "{\"score\":1}", "/v1/surveys/%s/responses", survey);
        expect_problem(reply, 403, "survey-closed", NULL);
        reply = client_post(key, "[{\"score\":1}]", "/v1/surveys/%s/responses/batch", survey);
        expect_problem(reply, 403, "survey-closed", NULL);
    }
    struct reply *nps = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps", survey);
    expect_int(expect_status(nps, 200), "/responses", 1);
    expect_status(client_get(NULL, "/v1/surveys/%s", survey), 200);
    expect_status(patch(survey, "'open':true"), 200);
    expect_status(client_post(NULL, "{\"score\":1}", "/v1/surveys/%s/responses", survey), 201);
}
END_TEST

/* Deleted without answers it is gone; with answers it stays. */
START_TEST(deletion)
{
    const char *empty = fixture_survey(""), *used = fixture_survey("");
    fixture_answer(used, 10, "");
    expect_status(client_delete(fixture_key(ADMIN), "/v1/surveys/%s", empty), 204);
    expect_problem(get(empty), 404, "not-found", NULL);
    expect_problem(client_delete(fixture_key(ADMIN), "/v1/surveys/%s", empty), 404, "not-found",
                   NULL);
    expect_problem(client_post(NULL, "{\"score\":1}", "/v1/surveys/%s/responses", empty), 404,
                   "not-found", NULL);
    expect_problem(client_delete(fixture_key(ADMIN), "/v1/surveys/%s", used), 409, "survey-in-use",
                   NULL);
    expect_status(get(used), 200);
}
END_TEST

/* The list is walked page by page, newest first, each survey once, also while new ones come. */
START_TEST(list_is_walked)
{
    const char *made[7];
    for (size_t i = 0; i < COUNT_OF(made); i++)
        made[i] = fixture_survey("");
    const char *path = "/v1/surveys?limit=3";
    size_t found = 0;
    for (int page = 0; found < COUNT_OF(made); page++) {
        struct reply *reply = expect_status(client_get(fixture_key(ADMIN), "%s", path), 200);
        ck_assert_uint_eq(json_array_size(reply_at(reply, "/items")), 3);
        for (size_t i = 0; i < 3 && found < COUNT_OF(made); i++, found++)
            expect_string(reply, text("/items/%zu/id", i), made[COUNT_OF(made) - 1 - found]);
        path = text("/v1/surveys?limit=3&cursor=%s", reply_string(reply, "/next_cursor"));
        const char *link = header_of(reply, "Link");
        ck_assert_msg(link && strstr(link, "rel=\"next\"") && strstr(link, "cursor="), "Link: %s",
                      link ? link : "none");
        fixture_survey("");
    }
}
END_TEST

/* A page that holds all says so, and wrong parameters are named. */
START_TEST(list_parameters)
{
    const char *key = fixture_key(ADMIN);
    struct reply *all = expect_status(client_get(key, "/v1/surveys?limit=1000"), 200);
    expect_json(all, "/next_cursor", "null");
    ck_assert_ptr_null(header_of(all, "Link"));
    static const char *const limits[] = {"0", "-1", "1001", "x", "", "1.5", "99999999999999999999"};
    for (size_t i = 0; i < COUNT_OF(limits); i++)
        expect_problem(client_get(key, "/v1/surveys?limit=%s", limits[i]), 422, "invalid", "limit");
    static const char *const cursors[] = {"", "x", "AAAA", "%22", "null"};
    for (size_t i = 0; i < COUNT_OF(cursors); i++)
        expect_problem(client_get(key, "/v1/surveys?cursor=%s", cursors[i]), 422, "invalid",
                       "cursor");
    expect_problem(client_get(key, "/v1/surveys?limit=1&limit=2"), 400, "bad-query", "limit");
    expect_problem(client_get(key, "/v1/surveys?colour=red"), 422, "invalid", "colour");
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = defaults},
        {.test = members_come_back, .rows = COUNT_OF(accepted)},
        {.test = limits_are_within},
        {.test = taken_id_is_a_conflict},
        {.test = patch_changes_what_it_names},
        {.test = patch_refuses_wrong_values},
        {.test = answered_questions_are_kept},
        {.test = closed_survey},
        {.test = deletion},
        {.test = list_is_walked},
        {.test = list_parameters},
    };
    return fixture_run("surveys", NULL, tests, COUNT_OF(tests));
}
