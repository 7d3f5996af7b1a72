/* Answers that are refused: what is wrong is named, and nothing is counted. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>

#define QUESTIONS                                                                                  \
    "'questions':[{'id':'recommend','type':'nps','text':{'en':'?'}},"                              \
    "{'id':'speed','type':'scale','min':1,'max':5,'text':{'en':'?'}},"                             \
    "{'id':'again','type':'yes_no','text':{'en':'?'}},"                                            \
    "{'id':'liked','type':'choices','text':{'en':'?'},'options':["                                 \
    "{'id':'price','text':{'en':'P'}},{'id':'staff','text':{'en':'S'}}]},"                         \
    "{'id':'why','type':'text','text':{'en':'?'}}]"

static struct reply *post_body(enum fixture_role role, const char *survey, const char *body)
{
    return client_post(fixture_key(role), body, "/v1/surveys/%s/responses", survey);
}

static void expect_nothing_counted(const char *survey)
{
    struct reply *reply = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps?period=all", survey);
    expect_int(reply, "/responses", 0);
}

/* Wrong scores; only a JSON integer from 0 to 10 is one. */
static const char *const wrong_scores[] = {
    "'9'",
    "9.0",
    "6.5",
    "8.5",
    "true",
    "false",
    "11",
    "-1",
    "null",
    "1e1",
    "0.0",
    "''",
    "[9]",
    "{}",
    "10.0",
    "100",
    "4294967303",
    "-4294967289",
    "9223372036854775807",
    "-9223372036854775808",
    "'ten'",
    "65545",
};

START_TEST(scores)
{
    const char *survey = fixture_survey("");
    const char *body = text_json("{'score':%s}", wrong_scores[_i]);
    expect_errors(post_body(NONE, survey, body), 422, "invalid", "/score");
    expect_nothing_counted(survey);
}
END_TEST

/* Bodies that are wrong in one place. */
static const struct {
    const char *body, *where;
} wrong[] = {
    {"{}", "/score"},
    {"{'Score':9}", "/score"},
    {"{'answers':{'why':'x'}}", "/score"},
    {"{'score':9,'colour':'red'}", "/colour"},
    {"{'score':9,'id':'0193e5a0-0000-7000-8000-000000000000'}", "/id"},
    {"{'score':9,'received_at':'2026-01-01T00:00:00Z'}", "/received_at"},
    {"{'score':9,'group':'promoter'}", "/group"},
    {"{'score':9,'excluded':true}", "/excluded"},
    {"{'score':9,'answers':{'recommend':9}}", "/answers/recommend"},
    {"{'score':9,'answers':{'unknown':'x'}}", "/answers/unknown"},
    {"{'score':9,'answers':[]}", "/answers"},
    {"{'score':9,'answers':'why'}", "/answers"},
    {"{'score':9,'answers':{'speed':0}}", "/answers/speed"},
    {"{'score':9,'answers':{'speed':6}}", "/answers/speed"},
    {"{'score':9,'answers':{'speed':'3'}}", "/answers/speed"},
    {"{'score':9,'answers':{'speed':3.0}}", "/answers/speed"},
    {"{'score':9,'answers':{'speed':true}}", "/answers/speed"},
    {"{'score':9,'answers':{'speed':4294967299}}", "/answers/speed"},
    {"{'score':9,'answers':{'again':'true'}}", "/answers/again"},
    {"{'score':9,'answers':{'again':1}}", "/answers/again"},
    {"{'score':9,'answers':{'again':'yes'}}", "/answers/again"},
    {"{'score':9,'answers':{'liked':'price'}}", "/answers/liked"},
    {"{'score':9,'answers':{'liked':{'price':true}}}", "/answers/liked"},
    {"{'score':9,'answers':{'liked':['price','nothing']}}", "/answers/liked"},
    {"{'score':9,'answers':{'liked':[5]}}", "/answers/liked"},
    {"{'score':9,'answers':{'liked':['price','price']}}", "/answers/liked"},
    {"{'score':9,'answers':{'why':5}}", "/answers/why"},
    {"{'score':9,'answers':{'why':['a']}}", "/answers/why"},
    {"{'score':9,'answers':{'why':true}}", "/answers/why"},
    {"{'score':9,'answers':{'why':'a\\u0001b'}}", "/answers/why"},
    {"{'score':9,'answers':{'why':'a\\u001b[31mb'}}", "/answers/why"},
    {"{'score':9,'properties':[]}", "/properties"},
    {"{'score':9,'properties':{'Branch':'x'}}", "/properties/Branch"},
    {"{'score':9,'properties':{'a b':'x'}}", "/properties/a b"},
    {"{'score':9,'properties':{'':'x'}}", "/properties/"},
    {"{'score':9,'properties':{'branch':['x']}}", "/properties/branch"},
    {"{'score':9,'properties':{'branch':{}}}", "/properties/branch"},
    {"{'score':9,'properties':{'branch':'a\\u0000b'}}", NULL},
    {"{'score':9,'channel':'fax'}", "/channel"},
    {"{'score':9,'channel':'WEB'}", "/channel"},
    {"{'score':9,'channel':''}", "/channel"},
    {"{'score':9,'channel':5}", "/channel"},
    {"{'score':9,'language':''}", "/language"},
    {"{'score':9,'language':5}", "/language"},
    {"{'score':9,'language':'not a language'}", "/language"},
    {"{'score':9,'respondent':5}", "/respondent"},
    {"{'score':9,'respondent':{}}", "/respondent"},
    {"{'score':9,'external_id':5}", "/external_id"},
    {"{'score':9,'external_id':''}", "/external_id"},
    {"{'score':9,'agent':5}", "/agent"},
    {"{'score':9,'answered_at':5}", "/answered_at"},
    {"{'score':9,'answered_at':''}", "/answered_at"},
    {"{'score':9,'answered_at':'now'}", "/answered_at"},
    {"{'score':9,'answered_at':'2026-01-02'}", "/answered_at"},
    {"{'score':9,'answered_at':'2026-01-02T03:04:05'}", "/answered_at"},
    {"{'score':9,'answered_at':'2026-01-02 03:04:05'}", "/answered_at"},
    {"{'score':9,'answered_at':'2026-02-29T03:04:05Z'}", "/answered_at"},
    {"{'score':9,'answered_at':'2026-01-02T24:00:01Z'}", "/answered_at"},
    {"{'score':9,'answered_at':'2026-13-02T03:04:05Z'}", "/answered_at"},
    {"{'score':9,'answered_at':'2026-01-02T03:60:05Z'}", "/answered_at"},
    {"{'score':9,'answered_at':'2026-01-02T03:04:05+25:00'}", "/answered_at"},
    {"{'score':9,'answered_at':'2026-01-02T03:04:05Zjunk'}", "/answered_at"},
    {"{'score':9,'answered_at':'2026-01-02T03:04:05.Z'}", "/answered_at"},
    {"{'score':9,'answered_at':'20260102T030405Z'}", "/answered_at"},
    {"{'score':9,'answered_at':'9999-01-02T03:04:05Z'}", "/answered_at"},
};

START_TEST(one_wrong_place)
{
    const char *survey = fixture_survey(QUESTIONS);
    struct reply *reply = post_body(ADMIN, survey, text_json("%s", wrong[_i].body));
    if (wrong[_i].where)
        expect_problem(reply, 422, "invalid", wrong[_i].where);
    else
        expect_problem(reply, 400, "bad-json", NULL);
    expect_nothing_counted(survey);
}
END_TEST

/* A choice is one of its options. */
START_TEST(choices)
{
    const char *survey = fixture_survey("");
    static const char *const values[] = {"'nothing'", "'Waiting time'", "''",    "['wait']",
                                         "5",         "true",           "'WAIT'"};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        const char *body = text_json("{'score':9,'answers':{'improve':%s}}", values[i]);
        expect_errors(post_body(NONE, survey, body), 422, "invalid", "/answers/improve");
    }
    expect_nothing_counted(survey);
}
END_TEST

/* Too long and too many. */
START_TEST(beyond_the_limits)
{
    const char *survey = fixture_survey("");
    const char *many = "'p0':0";
    for (int i = 1; i < 17; i++)
        many = text("%s,'p%d':%d", many, i, i);
    const struct {
        const char *body, *where;
    } cases[] = {
        {text_json("{'score':1,'answers':{'why':'%s'}}", text_repeat("x", 4001)), "/answers/why"},
        {text_json("{'score':1,'properties':{'a':'%s'}}", text_repeat("x", 257)), "/properties/a"},
        {text_json("{'score':1,'properties':{'a':'%s'}}", text_repeat("я", 129)), "/properties/a"},
        {text_json("{'score':1,'properties':{'%s':'x'}}", text_repeat("x", 33)),
         text("/properties/%s", text_repeat("x", 33))},
        {text_json("{'score':1,'properties':{%s}}", many), "/properties/p16"},
        {text_json("{'score':1,'external_id':'%s'}", text_repeat("x", 5000)), "/external_id"},
        {text_json("{'score':1,'respondent':'%s'}", text_repeat("x", 5000)), "/respondent"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_problem(post_body(ADMIN, survey, cases[i].body), 422, "invalid", cases[i].where);
    expect_nothing_counted(survey);
}
END_TEST

/* What only some roles may say. */
START_TEST(members_of_other_roles)
{
    const char *survey = fixture_survey("");
    static const struct {
        enum fixture_role role;
        const char *members, *where;
    } cases[] = {
        {NONE, "'external_id':'x'", "/external_id"},  {SUBMIT, "'external_id':'x'", "/external_id"},
        {NONE, "'agent':'Ivan'", "/agent"},           {SUBMIT, "'agent':'Ivan'", "/agent"},
        {AGENT, "'agent':'Somebody else'", "/agent"}, {AGENT, "'channel':'web'", "/channel"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *body = text_json("{'score':9,%s}", cases[i].members);
        struct reply *reply = post_body(cases[i].role, survey, body);
        expect_problem(reply, 422, "invalid", cases[i].where);
    }
    expect_nothing_counted(survey);
}
END_TEST

/* One reply names everything that is wrong. */
START_TEST(all_errors_at_once)
{
    const char *body = text_json(
        "{'score':11,'answers':{'speed':9,'again':'no','liked':['x'],'why':5,'recommend':1,"
        "'else':1},'properties':{'A':'x','b':[]},'channel':'fax','language':5,'respondent':5,"
        "'answered_at':'x','external_id':5,'colour':1}");
    expect_errors(post_body(ADMIN, fixture_survey(QUESTIONS), body), 422, "invalid",
                  "/score /answers/speed /answers/again /answers/liked /answers/why"
                  " /answers/recommend /answers/else /properties/A /properties/b /channel /language"
                  " /respondent /answered_at /external_id /colour");
}
END_TEST

/* A slash and a tilde in a member's name are escaped in the pointer (RFC 6901). */
START_TEST(pointers_are_escaped)
{
    const char *body = "{\"score\":9,\"a/b~c\":1}";
    expect_errors(post_body(NONE, fixture_survey(""), body), 422, "invalid", "/a~1b~0c");
}
END_TEST

/* What is no JSON is 400; so are duplicate members and numbers that no parser holds. */
START_TEST(not_json)
{
    const char *survey = fixture_survey("");
    const char *const bodies[] = {"",
                                  "   ",
                                  "{",
                                  "{\"score\":9",
                                  "{\"score\":9}}",
                                  "{\"score\":9} {\"score\":9}",
                                  "{\"score\":9,}",
                                  "{score:9}",
                                  "{'score':9}",
                                  "score=9",
                                  "{\"score\":09}",
                                  "{\"score\":+9}",
                                  "{\"score\":NaN}",
                                  "{\"score\":9,\"score\":9}",
                                  "{\"score\":1,\"score\":10}",
                                  "{\"score\":9,\"answers\":{\"why\":\"a\",\"why\":\"b\"}}",
                                  "{\"score\":9,\"properties\":{\"a\":1,\"a\":1}}",
                                  "{\"score\":9223372036854775808}",
                                  "{\"score\":1e400}",
                                  "\xef\xbb\xbf{\"score\":9}",
                                  "{\"score\":9,\"answers\":{\"why\":\"\\ud800\"}}",
                                  "{\"score\":9,\"answers\":{\"why\":\"\xff\"}}",
                                  "{\"score\":9,\"answers\":{\"why\":\"\xc0\x80\"}}",
                                  "{\"score\":9,\"answers\":{\"why\":\"\xed\xa0\x80\"}}",
                                  "{\"score\":9,\"answers\":{\"why\":\"a\nb\"}}",
                                  "{\"score\":9,\"answers\":{\"why\":\"\\u0000\"}}",
                                  "{\"score\":9,\"answers\":{\"wh\\u0000y\":\"a\"}}",
                                  text_repeat("[", 100),
                                  text_repeat("{\"a\":", 3000),
                                  "//\n{\"score\":9}"};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct reply *reply = post_body(NONE, survey, bodies[i]);
        ck_assert_msg(reply->status == 400, "%.60s: %ld %s", bodies[i], reply->status, reply->body);
        expect_problem(reply, 400, "bad-json", NULL);
    }
    /* A NUL behind the document, and one inside. */
    struct request request = {
        .path = text("/v1/surveys/%s/responses", survey), .body = "{\"score\":9}\0", .length = 12};
    expect_problem(client_send(&request), 400, "bad-json", NULL);
    request.body = "{\"score\":\0009}";
    expect_problem(client_send(&request), 400, "bad-json", NULL);
    expect_nothing_counted(survey);
}
END_TEST

/* A refusal repeats nothing of what was sent but the names of members. */
START_TEST(refusals_repeat_nothing)
{
    const char *survey = fixture_survey("");
    static const char *const bodies[] = {"{\"score\":\"S3CRET\"}",
                                         "{\"score\":9,\"answers\":{\"why\":\"S3CRET",
                                         "{\"score\":9,\"channel\":\"S3CRET\"}",
                                         "{\"score\":9,\"answered_at\":\"S3CRET\"}",
                                         "{\"score\":9} S3CRET",
                                         "{\"score\":9,\"answers\":{\"improve\":\"S3CRET\"}}"};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct reply *reply = post_body(NONE, survey, bodies[i]);
        ck_assert_int_ge(reply->status, 400);
        ck_assert_ptr_null(strstr(reply->body, "S3CRET"));
    }
}
END_TEST

/* Media types other than JSON's; none at all. */
START_TEST(media_types)
{
    const char *path = text("/v1/surveys/%s/responses", fixture_survey(""));
    static const char *const types[] = {"text/plain",
                                        "application/xml",
                                        "multipart/form-data",
                                        "application/x-www-form-urlencoded",
                                        "json",
                                        ""};
    for (size_t i = 0; i < COUNT_OF(types); i++)
        expect_problem(
            client_send(&(struct request){.path = path, .type = types[i], .body = "{\"score\":9}"}),
            415, "unsupported-media-type", NULL);
}
END_TEST

/* What there is none of, or cannot be. */
START_TEST(no_such_survey)
{
    static const char *const surveys[] = {"there-is-none", "No",  "a_b", "..",
                                          "a%00b",         "%ff", "%2f", "x%27%3B%20DROP%20TABLE"};
    for (size_t i = 0; i < COUNT_OF(surveys); i++)
        for (int role = NONE; role < ROLE_COUNT; role += ADMIN) {
            struct reply *reply = post_body(role, surveys[i], "{\"score\":9}");
            ck_assert_msg(reply->status == 404 || reply->status == 400, "%s: %ld", surveys[i],
                          reply->status);
        }
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = scores, .rows = COUNT_OF(wrong_scores)},
        {.test = one_wrong_place, .rows = COUNT_OF(wrong)},
        {.test = choices},
        {.test = beyond_the_limits},
        {.test = members_of_other_roles},
        {.test = all_errors_at_once},
        {.test = pointers_are_escaped},
        {.test = not_json},
        {.test = refusals_repeat_nothing},
        {.test = media_types},
        {.test = no_such_survey},
    };
    return fixture_run("responses_refused", NULL, tests, COUNT_OF(tests));
}
