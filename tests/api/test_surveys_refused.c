/* Definitions of surveys that are refused: each wrong member is named, all of them at once. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>

static struct reply *create(const char *body)
{
    return client_post(fixture_key(ADMIN), body, "/v1/surveys");
}

#define NPS "{'id':'q','type':'nps','text':{'en':'?'}}"
/* A second question made of these members. */
#define SECOND(members) "'questions':[" NPS ",{" members "}]"
#define TEXT "'text':{'en':'?'}"
#define A_AND_B "[{'id':'a','text':{'en':'A'}},{'id':'b','text':{'en':'B'}}]"
#define CHOICE(options) SECOND("'id':'r','type':'choice'," TEXT ",'options':" options)
#define SCALE(limits) SECOND("'id':'r','type':'scale'," TEXT limits)

/* Members that join a right id and title, and where the error is. */
static const struct {
    const char *members, *where;
} wrong[] = {
    {"'time_zone':'Mars/Phobos'", "/time_zone"},
    {"'time_zone':''", "/time_zone"},
    {"'time_zone':5", "/time_zone"},
    {"'time_zone':'../UTC'", "/time_zone"},
    {"'time_zone':'FOO5BAR'", "/time_zone"},
    {"'time_zone':'<+03>-3'", "/time_zone"},
    {"'time_zone':'+03:00'", "/time_zone"},
    {"'access':'public'", "/access"},
    {"'access':''", "/access"},
    {"'access':true", "/access"},
    {"'open':'true'", "/open"},
    {"'open':1", "/open"},
    {"'facets':'branch'", "/facets"},
    {"'facets':{'branch':1}", "/facets"},
    {"'facets':['a','b','c','d','e','f','g','h','i']", "/facets"},
    {"'facets':[5]", "/facets/0"},
    {"'facets':['ok','Branch']", "/facets/1"},
    {"'facets':['1a']", "/facets/0"},
    {"'facets':['']", "/facets/0"},
    {"'facets':['a-b']", "/facets/0"},
    {"'facets':['abcdefghijklmnopqrstuvwxyz0123456']", "/facets/0"},
    {"'facets':['ok','ok']", "/facets/1"},
    {"'facets':['channel']", "/facets/0"},
    {"'facets':['agent']", "/facets/0"},
    {"'facets':['why']", "/facets/0"},
    {"'min_responses':-1", "/min_responses"},
    {"'min_responses':'30'", "/min_responses"},
    {"'min_responses':1.5", "/min_responses"},
    {"'min_responses':null", "/min_responses"},
    {"'edit_minutes':-1", "/edit_minutes"},
    {"'edit_minutes':true", "/edit_minutes"},
    {"'badge':'visible'", "/badge"},
    {"'badge':true", "/badge"},
    {"'keep_text_days':-1", "/keep_text_days"},
    {"'keep_text_days':'30'", "/keep_text_days"},
    {"'colour':'red'", "/colour"},
    {"'Title':{'en':'T'}", "/Title"},
    {"'questions':[]", "/questions"},
    {"'questions':{}", "/questions"},
    {"'questions':'three'", "/questions"},
    {"'questions':['nps']", "/questions/0"},
    {"'questions':[{'id':'why','type':'text'," TEXT "}]", "/questions/0/type"},
    {"'questions':[{'id':'q','type':'nps'}]", "/questions/0/text"},
    {"'questions':[{'id':'q','type':'nps','text':{}}]", "/questions/0/text"},
    {"'questions':[{'id':'q','type':'nps','text':'?'}]", "/questions/0/text"},
    {"'questions':[{'id':'q'," TEXT "}]", "/questions/0/type"},
    {"'questions':[{'type':'nps'," TEXT "}]", "/questions/0/id"},
    {"'questions':[{'id':'Q','type':'nps'," TEXT "}]", "/questions/0/id"},
    {"'questions':[{'id':'q q','type':'nps'," TEXT "}]", "/questions/0/id"},
    {SECOND("'id':'q','type':'text'," TEXT), "/questions/1/id"},
    {SECOND("'id':'r','type':'essay'," TEXT), "/questions/1/type"},
    {SECOND("'id':'r','type':'text','colour':'red'," TEXT), "/questions/1/colour"},
    {"'facets':['r']," SECOND("'id':'r','type':'text'," TEXT), "/facets/0"},
    {SECOND("'id':'r','type':'choice'," TEXT), "/questions/1/options"},
    {SECOND("'id':'r','type':'choices'," TEXT), "/questions/1/options"},
    {CHOICE("[]"), "/questions/1/options"},
    {CHOICE("[{'id':'a','text':{'en':'A'}}]"), "/questions/1/options"},
    {CHOICE("{}"), "/questions/1/options"},
    {CHOICE("['a','b']"), "/questions/1/options/0"},
    {CHOICE("[{'id':'a'},{'id':'b','text':{'en':'B'}}]"), "/questions/1/options/0/text"},
    {CHOICE("[{'id':'a','text':{'en':'A'}},{'id':'B','text':{'en':'B'}}]"),
     "/questions/1/options/1/id"},
    {CHOICE("[{'id':'a','text':{'en':'A'}},{'id':'a','text':{'en':'B'}}]"),
     "/questions/1/options/1/id"},
    {SECOND("'id':'r','type':'text'," TEXT ",'ask':'critic'"), "/questions/1/ask"},
    {SECOND("'id':'r','type':'text'," TEXT ",'ask':['nobody']"), "/questions/1/ask"},
    {SCALE(",'min':-1,'max':5"), "/questions/1/min"},
    {SCALE(",'min':1,'max':11"), "/questions/1/max"},
    {SCALE(",'min':'1','max':5"), "/questions/1/min"},
    {SCALE(",'min':1.5,'max':5"), "/questions/1/min"},
};

START_TEST(wrong_members)
{
    const char *body =
        text_json("{'id':'refused-%d','title':{'en':'T'},%s}", _i, wrong[_i].members);
    expect_problem(create(body), 422, "invalid", wrong[_i].where);
    expect_problem(client_get(fixture_key(ADMIN), "/v1/surveys/refused-%d", _i), 404, "not-found",
                   NULL);
}
END_TEST

/* The smallest scale that is none, with the error at either end. */
START_TEST(scale_upside_down)
{
    struct reply *reply =
        create(text_json("{'id':'refused','title':{'en':'T'}," SCALE(",'min':5,'max':1") "}"));
    expect_status(reply, 422);
    ck_assert(strstr(reply->body, "/questions/1/min") || strstr(reply->body, "/questions/1/max"));
}
END_TEST

/* What is too long or too many. */
START_TEST(beyond_the_limits)
{
    const char *long_text = text_repeat("x", 501), *languages = "'en':'T'", *options = "";
    for (int c = 'a'; c < 'a' + 20; c++)
        languages = text("%s,'x%c':'T'", languages, c);
    for (int i = 0; i < 51; i++)
        options = text("%s%s{'id':'o%d','text':{'en':'O'}}", options, i ? "," : "", i);
    const char *questions = NPS;
    for (int i = 0; i < 5; i++)
        questions = text("%s,{'id':'r%d','type':'text'," TEXT "}", questions, i);
    const struct {
        const char *body, *where;
    } cases[] = {
        {text_json("{'id':'x','title':{'en':'%s'}}", long_text), "/title/en"},
        {text_json("{'id':'x','title':{%s}}", languages), "/title"},
        {text_json("{'id':'x','title':{'en':'T'}," CHOICE("[%s]") "}", options),
         "/questions/1/options"},
        {text_json("{'id':'x','title':{'en':'T'},'questions':[%s]}", questions), "/questions"},
        {text_json("{'id':'x','title':{'en':'T'}," SECOND("'id':'r','type':'text',"
                                                          "'text':{'en':'%s'}") "}",
                   long_text),
         "/questions/1/text/en"},
        {text_json("{'id':'%s','title':{'en':'T'}}", text_repeat("x", 65)), "/id"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_problem(create(cases[i].body), 422, "invalid", cases[i].where);
}
END_TEST

/* Ids and titles, which are required. */
START_TEST(wrong_ids_and_titles)
{
    static const struct {
        const char *body, *where;
    } cases[] = {
        {"{'title':{'en':'T'}}", "/id"},
        {"{'id':'','title':{'en':'T'}}", "/id"},
        {"{'id':'A','title':{'en':'T'}}", "/id"},
        {"{'id':'a_b','title':{'en':'T'}}", "/id"},
        {"{'id':'a b','title':{'en':'T'}}", "/id"},
        {"{'id':'a/b','title':{'en':'T'}}", "/id"},
        {"{'id':'визит','title':{'en':'T'}}", "/id"},
        {"{'id':'a\\n','title':{'en':'T'}}", "/id"},
        {"{'id':5,'title':{'en':'T'}}", "/id"},
        {"{'id':null,'title':{'en':'T'}}", "/id"},
        {"{'id':['a'],'title':{'en':'T'}}", "/id"},
        {"{'id':'a'}", "/title"},
        {"{'id':'a','title':null}", "/title"},
        {"{'id':'a','title':'T'}", "/title"},
        {"{'id':'a','title':['T']}", "/title"},
        {"{'id':'a','title':{}}", "/title"},
        {"{'id':'a','title':{'en':''}}", "/title/en"},
        {"{'id':'a','title':{'en':5}}", "/title/en"},
        {"{'id':'a','title':{'en':null}}", "/title/en"},
        {"{'id':'a','title':{'en':'T','ru':''}}", "/title/ru"},
        {"{'id':'a','title':{'en':'a\\u0001b'}}", "/title/en"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_problem(create(text_json("%s", cases[i].body)), 422, "invalid", cases[i].where);
}
END_TEST

/* One reply names everything that is wrong. */
START_TEST(all_errors_at_once)
{
    struct reply *reply = create(
        text_json("{'id':'No','title':{},'time_zone':'x','access':1,'open':0,'facets':['A'],"
                  "'min_responses':-1,'edit_minutes':-1,'badge':0,'keep_text_days':-1,'colour':1,"
                  "'questions':[{'id':'Q','type':'nps','text':{}}]}"));
    expect_errors(reply, 422, "invalid",
                  "/id /title /time_zone /access /open /facets/0 /min_responses /edit_minutes"
                  " /badge /keep_text_days /colour /questions/0/id /questions/0/text");
}
END_TEST

/* What is no JSON is 400, and tells nothing of the body. */
START_TEST(not_json)
{
    const char *const bodies[] = {"",
                                  " ",
                                  "{",
                                  "{\"id\":\"a\"",
                                  "{'id':'a'}",
                                  "{\"id\":\"a\",}",
                                  "{\"id\":\"a\"} x",
                                  "{\"id\":\"a\"}{}",
                                  "\xef\xbb\xbf{}",
                                  "nul",
                                  "{\"id\":\"a\",\"id\":\"b\"}",
                                  "{\"title\":{\"en\":\"a\",\"en\":\"b\"}}",
                                  "{\"min_responses\":007}",
                                  "{\"min_responses\":99999999999999999999}",
                                  "{\"min_responses\":1e999}",
                                  "{\"id\":\"\\ud800\"}",
                                  "{\"id\":\"\xff\"}",
                                  "{\"id\":\"a\\u0000\"}",
                                  "{\"id\":\"a\nb\"}",
                                  "/* secret */ {}",
                                  "{\"id\":NaN}",
                                  text_repeat("[", 3000)};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct reply *reply = create(bodies[i]);
        ck_assert_msg(reply->status == 400, "%.40s: %ld", bodies[i], reply->status);
        expect_problem(reply, 400, "bad-json", NULL);
        ck_assert_ptr_null(strstr(reply->body, "secret"));
    }
    static const char *const scalars[] = {"null", "5", "\"a\"", "[]", "true"};
    for (size_t i = 0; i < COUNT_OF(scalars); i++) {
        struct reply *reply = create(scalars[i]);
        ck_assert_msg(reply->status == 400 || reply->status == 422, "%s: %ld", scalars[i],
                      reply->status);
    }
}
END_TEST

/* Media types other than JSON's. */
START_TEST(media_types)
{
    const char *body = "{\"id\":\"typed\",\"title\":{\"en\":\"T\"}}";
    static const char *const bad[] = {"text/plain",
                                      "application/x-www-form-urlencoded",
                                      "application/jsonx",
                                      "application",
                                      "*/*",
                                      ""};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct reply *reply = client_send(&(struct request){
            .path = "/v1/surveys", .key = fixture_key(ADMIN), .type = bad[i], .body = body});
        expect_problem(reply, 415, "unsupported-media-type", NULL);
    }
    struct reply *reply = client_send(&(struct request){.path = "/v1/surveys",
                                                        .key = fixture_key(ADMIN),
                                                        .type = "Application/JSON; charset=utf-8",
                                                        .body = body});
    expect_status(reply, 201);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = wrong_members, .rows = COUNT_OF(wrong)},
        {.test = scale_upside_down},
        {.test = beyond_the_limits},
        {.test = wrong_ids_and_titles},
        {.test = all_errors_at_once},
        {.test = not_json},
        {.test = media_types},
    };
    return fixture_run("surveys_refused", NULL, tests, COUNT_OF(tests));
}
