/* The plain form: the same answers as by JSON, and a way on to the next page. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>

#define FORM "application/x-www-form-urlencoded"

static struct reply *submit(const char *survey, const char *body)
{
    const char *path = text("/s/%s", survey);
    return client_send(&(struct request){.path = path, .type = FORM, .body = body});
}

static void expect_count(const char *survey, int count)
{
    struct reply *nps = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps?period=all", survey);
    expect_int(nps, "/responses", count);
}

/* Gives the Location. */
static const char *expect_redirect(struct reply *reply)
{
    expect_status(reply, 303);
    const char *location = header_of(reply, "Location");
    ck_assert_ptr_nonnull(location);
    return location;
}

static struct reply *newest(const char *survey)
{
    struct reply *list =
        client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses?limit=1", survey);
    return expect_status(list, 200);
}

/* 303 to the page of thanks, which is there. */
START_TEST(thanks)
{
    const char *survey = fixture_survey("");
    const char *location = expect_redirect(submit(survey, "score=9"));
    const char *path = text("/s/%s/thanks", survey);
    ck_assert_msg(strlen(location) >= strlen(path) &&
                      strcmp(location + strlen(location) - strlen(path), path) == 0,
                  "Location: %s", location);
    struct reply *page = expect_status(client_get(NULL, "%s", path), 200);
    ck_assert(strncmp(header_of(page, "Content-Type"), "text/html", 9) == 0);
    const char *policy = header_of(page, "Content-Security-Policy");
    ck_assert(policy && strstr(policy, "default-src 'none'") && !strstr(policy, "unsafe"));
    expect_count(survey, 1);
    expect_problem(client_get(NULL, "/s/there-is-none/thanks"), 404, "not-found", NULL);
}
END_TEST

#define TYPES                                                                                      \
    "'questions':[{'id':'recommend','type':'nps','text':{'en':'?'}},"                              \
    "{'id':'speed','type':'scale','min':1,'max':5,'text':{'en':'?'}},"                             \
    "{'id':'again','type':'yes_no','text':{'en':'?'}},"                                            \
    "{'id':'liked','type':'choices','text':{'en':'?'},'options':["                                 \
    "{'id':'price','text':{'en':'P'}},{'id':'staff','text':{'en':'S'}}]},"                         \
    "{'id':'why','type':'text','text':{'en':'?'}}]"

/* A form and the JSON that says the same. */
static const struct {
    const char *form, *json;
} same[] = {
    {"score=0", "{'score':0}"},
    {"score=10&channel=kiosk&language=ru", "{'score':10,'channel':'kiosk','language':'ru'}"},
    {"score=3&answers.speed=4&answers.again=true&answers.liked=price&answers.liked=staff",
     "{'score':3,'answers':{'speed':4,'again':true,'liked':['price','staff']}}"},
    {"score=3&answers.again=false&answers.liked=staff",
     "{'score':3,'answers':{'again':false,'liked':['staff']}}"},
    {"score=7&answers.why=So+so%2C+a+%2B+%26+%D0%B1+%F0%9F%99%82",
     "{'score':7,'answers':{'why':'So so, a + & б 🙂'}}"},
    {"score=7&answers.why=one%0D%0Atwo", "{'score':7,'answers':{'why':'one\\r\\ntwo'}}"},
    {"properties.branch=north&properties.n=5&score=8",
     "{'score':8,'properties':{'branch':'north','n':'5'}}"},
    /* A browser sends every field, also those left empty. */
    {"score=8&answers.why=&answers.speed=&language=&channel=&redirect=", "{'score':8}"},
};

/* What is stored is the same, but for the id and the times. */
START_TEST(same_as_json)
{
    const char *survey = fixture_survey(TYPES);
    expect_redirect(submit(survey, same[_i].form));
    json_t *by_form = json_deep_copy(reply_at(newest(survey), "/items/0"));
    expect_status(
        client_post(NULL, text_json("%s", same[_i].json), "/v1/surveys/%s/responses", survey), 201);
    json_t *by_json = json_deep_copy(reply_at(newest(survey), "/items/0"));
    static const char *const own[] = {"id", "answered_at", "received_at"};
    for (size_t i = 0; i < COUNT_OF(own); i++) {
        ck_assert_int_eq(json_object_del(by_form, own[i]), 0);
        ck_assert_int_eq(json_object_del(by_json, own[i]), 0);
    }
    ck_assert_msg(json_equal(by_form, by_json), "%s is not %s", same[_i].form, same[_i].json);
    json_decref(by_form);
    json_decref(by_json);
}
END_TEST

/* A key makes a form that is sent twice one answer, and the same one as by JSON. */
START_TEST(sent_twice)
{
    const char *survey = fixture_survey("");
    expect_redirect(submit(survey, "score=9&idempotency_key=form-1"));
    expect_redirect(submit(survey, "score=9&idempotency_key=form-1"));
    expect_redirect(submit(survey, "idempotency_key=form-1&score=9"));
    expect_count(survey, 1);
    expect_problem(submit(survey, "score=8&idempotency_key=form-1"), 422, "key-reused", NULL);
    const char *path = text("/v1/surveys/%s/responses", survey);
    struct reply *json = client_send(&(struct request){
        .path = path, .body = "{\"score\":9}", .headers = {"Idempotency-Key: form-1"}});
    expect_header(expect_status(json, 200), "Idempotent-Replayed", "true");
    expect_count(survey, 1);
    expect_problem(submit(survey, "score=9&idempotency_key=two+words"), 400, "bad-idempotency-key",
                   NULL);
}
END_TEST

/* A form cannot set a header: its publishable key is a field. */
START_TEST(key_as_a_field)
{
    const char *survey = fixture_survey("'access':'key'");
    expect_problem(submit(survey, "score=9"), 401, "unauthorized", NULL);
    expect_problem(submit(survey, "score=9&key=npsd_submit_wrong"), 401, "unauthorized", NULL);
    expect_redirect(submit(survey, text("score=9&key=%s", fixture_key(SUBMIT))));
    expect_count(survey, 1);
    const char *elsewhere = fixture_new_key("submit", "--survey", fixture_survey(""), NULL);
    expect_problem(submit(survey, text("score=9&key=%s", elsewhere)), 404, "not-found", NULL);
    const char *viewer = fixture_key(VIEWER);
    expect_problem(submit(survey, text("score=9&key=%s", viewer)), 403, "forbidden", NULL);
    expect_problem(
        client_send(&(struct request){.path = text("/s/%s?key=%s", survey, fixture_key(SUBMIT)),
                                      .type = FORM,
                                      .body = "score=9"}),
        401, "unauthorized", NULL);
    expect_count(survey, 1);
}
END_TEST

/* Fields that are wrong are named, and nothing is counted. */
static const struct {
    const char *form, *where;
} wrong[] = {
    {"", "/score"},
    {"score=", "/score"},
    {"score=11", "/score"},
    {"score=-1", "/score"},
    {"score=9.0", "/score"},
    {"score=+9", "/score"},
    {"score=%209", "/score"},
    {"score=9+", "/score"},
    {"score=09x", "/score"},
    {"score=nine", "/score"},
    {"score=0x9", "/score"},
    {"score=4294967305", "/score"},
    {"score=99999999999999999999", "/score"},
    {"score", "/score"},
    {"score=9&colour=red", "/colour"},
    {"score=9&answers.nothing=x", "/answers/nothing"},
    {"score=9&answers.recommend=9", "/answers/recommend"},
    {"score=9&answers.speed=6", "/answers/speed"},
    {"score=9&answers.speed=x", "/answers/speed"},
    {"score=9&answers.again=maybe", "/answers/again"},
    {"score=9&answers.liked=price&answers.liked=nothing", "/answers/liked"},
    {"score=9&channel=fax", "/channel"},
    {"score=9&properties.Branch=x", "/properties/Branch"},
    {"score=9&answers.why=a%01b", "/answers/why"},
    {"score=9&external_id=x", "/external_id"},
    {"score=9&score=9", "/score"},
    {"score=9&answers.why=a&answers.why=b", "/answers/why"},
    {"score=9&channel=web&channel=web", "/channel"},
    {"score=9&properties.branch=a&properties.branch=b", "/properties/branch"},
};

START_TEST(wrong_fields)
{
    const char *survey = fixture_survey(TYPES);
    expect_problem(submit(survey, wrong[_i].form), 422, "invalid", wrong[_i].where);
    expect_count(survey, 0);
}
END_TEST

/* What is no form at all. */
START_TEST(malformed)
{
    const char *survey = fixture_survey("");
    static const char *const bodies[] = {"score=9&answers.why=%",
                                         "score=9&answers.why=%4",
                                         "score=9&answers.why=%zz",
                                         "score=9&answers.why=%2",
                                         "%=9",
                                         "score=9&answers.why=a%00b",
                                         "score=9%00",
                                         "score=9&answers.why=%ff",
                                         "score=9&answers.why=%c0%80",
                                         "score=9&answers.why=%ed%a0%80"};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct reply *reply = submit(survey, bodies[i]);
        ck_assert_msg(reply->status == 400, "%s: %ld %s", bodies[i], reply->status, reply->body);
        expect_problem(reply, 400, "bad-request", NULL);
    }
    struct request request = {
        .path = text("/s/%s", survey), .type = FORM, .body = "score=9\0&x", .length = 10};
    expect_problem(client_send(&request), 400, "bad-request", NULL);
    expect_count(survey, 0);
}
END_TEST

/* The own site is a target, nobody else's is: there is no open redirect. */
START_TEST(redirects)
{
    const char *survey = fixture_survey("");
    static const struct {
        const char *encoded, *location;
    } good[] = {
        {"%2F", "/"}, {"/done.html", "/done.html"}, {"/a/b%3Fc%3Dd%26e%3Df", "/a/b?c=d&e=f"}};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct reply *reply = submit(survey, text("score=9&redirect=%s", good[i].encoded));
        ck_assert_str_eq(expect_redirect(reply), good[i].location);
    }
    static const char *const bad[] = {"https%3A%2F%2Fevil.example%2F",
                                      "%2F%2Fevil.example",
                                      "%2F%5Cevil.example",
                                      "%5C%5Cevil.example",
                                      "javascript%3Aalert%281%29",
                                      "http%3Aevil.example",
                                      "%2F%09%2Fevil.example",
                                      "%09%2F%2Fevil.example",
                                      "evil.example",
                                      "%2Fa%0D%0ASet-Cookie%3A+a%3Db",
                                      "%2Fa%0Ab",
                                      "%20%2F%2Fevil.example",
                                      "%2F%2F%2Fevil.example",
                                      "data%3Atext%2Fhtml%2Cx",
                                      "%2F%0D%2Fevil.example"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct reply *reply = submit(survey, text("score=9&redirect=%s", bad[i]));
        const char *location = header_of(reply, "Location");
        ck_assert_msg(reply->status == 422 ||
                          (reply->status == 303 && location && strstr(location, "/thanks") &&
                           !strstr(location, "evil")),
                      "%s: %ld %s", bad[i], reply->status, location ? location : "");
        ck_assert_ptr_null(header_of(reply, "Set-Cookie"));
    }
}
END_TEST

/* Surveys that take no form from everybody. */
START_TEST(other_surveys)
{
    expect_problem(submit(fixture_survey("'open':false"), "score=9"), 403, "survey-closed", NULL);
    expect_problem(submit("there-is-none", "score=9"), 404, "not-found", NULL);
    const char *keyed = fixture_survey("'access':'key'");
    expect_problem(submit(keyed, "score=9"), 401, "unauthorized", NULL);
    struct request request = {
        .path = text("/s/%s", keyed), .key = fixture_key(SUBMIT), .type = FORM, .body = "score=9"};
    expect_redirect(client_send(&request));
}
END_TEST

/* Forms are urlencoded, with or without a charset. */
START_TEST(media_types)
{
    struct request request = {.path = text("/s/%s", fixture_survey("")), .body = "score=9"};
    static const char *const bad[] = {"application/json", "text/plain", "multipart/form-data", ""};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        request.type = bad[i];
        expect_problem(client_send(&request), 415, "unsupported-media-type", NULL);
    }
    request.type = FORM "; charset=UTF-8";
    expect_redirect(client_send(&request));
}
END_TEST

/* 256 KiB, as everywhere. */
START_TEST(large_forms)
{
    const char *survey = fixture_survey("");
    const char *body = text("score=9&answers.why=%s", text_repeat("%F0%9F%99%82", 4000));
    expect_redirect(submit(survey, body));
    body = text("score=9&answers.why=%s", text_repeat("x", 256 * 1024));
    expect_problem(submit(survey, body), 413, "too-large", NULL);
    expect_count(survey, 1);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = thanks},
        {.test = same_as_json, .rows = COUNT_OF(same)},
        {.test = sent_twice},
        {.test = key_as_a_field},
        {.test = wrong_fields, .rows = COUNT_OF(wrong)},
        {.test = malformed},
        {.test = redirects},
        {.test = other_surveys},
        {.test = media_types},
        {.test = large_forms},
    };
    return fixture_run("form", NULL, tests, COUNT_OF(tests));
}
