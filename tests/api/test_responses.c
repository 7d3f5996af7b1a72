/* Answers that are taken, and what is kept of them. What is refused is in test_responses_refused.c,
 * keys of idempotency are in test_idempotency.c. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <regex.h>
#include <string.h>
#include <time.h>

enum { HOUR = 3600 };

static struct reply *post(enum fixture_role role, const char *survey, const char *members)
{
    return client_post(fixture_key(role), text_json("{%s}", members), "/v1/surveys/%s/responses",
                       survey);
}

/* The stored answer, as an analyst sees it. */
static struct reply *stored(const char *survey, const struct reply *created)
{
    struct reply *reply = client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses/%s", survey,
                                     reply_string(created, "/id"));
    return expect_status(reply, 200);
}

static bool matches(const char *string, const char *pattern)
{
    regex_t regex;
    ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool match = regexec(&regex, string, 0, NULL, 0) == 0;
    regfree(&regex);
    return match;
}

/* Not time(), which may be a few milliseconds behind. */
static long long now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

/* 201 with a Location that can be read, and the documented members. */
START_TEST(created)
{
    const char *survey = fixture_survey("");
    long long before = now_us();
    struct reply *reply = expect_status(post(NONE, survey, "'score':9"), 201);
    long long after = now_us();
    expect_header(reply, "Content-Type", "application/json");
    const char *id = reply_string(reply, "/id");
    ck_assert_msg(
        matches(id, "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"),
        "%s is no UUIDv7", id);
    expect_string(reply, "/survey", survey);
    expect_int(reply, "/score", 9);
    expect_string(reply, "/group", "promoter");
    long long answered = expect_time(reply, "/answered_at");
    long long received = expect_time(reply, "/received_at");
    ck_assert_int_eq(answered, received);
    ck_assert(received >= before && received <= after);
    ck_assert_uint_ge(strlen(reply_string(reply, "/edit_token")), 22);
    const char *location = header_of(reply, "Location");
    const char *path = text("/v1/surveys/%s/responses/%s", survey, id);
    ck_assert_msg(location && strlen(location) >= strlen(path) &&
                      strcmp(location + strlen(location) - strlen(path), path) == 0,
                  "Location: %s", location ? location : "none");
    struct reply *got = expect_status(client_get(fixture_key(ANALYST), "%s", path), 200);
    expect_string(got, "/id", id);
    expect_int(got, "/score", 9);
    expect_string(got, "/answered_at", reply_string(reply, "/answered_at"));
    expect_none(got, "/edit_token");
}
END_TEST

/* Every score, its group, and that 0 counts. */
START_TEST(every_score)
{
    const char *group = _i >= 9 ? "promoter" : _i >= 7 ? "neutral" : "critic";
    const char *survey = fixture_survey("");
    struct reply *reply = expect_status(post(NONE, survey, text("'score':%d", _i)), 201);
    expect_int(reply, "/score", _i);
    expect_string(reply, "/group", group);
    struct reply *nps = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps", survey);
    expect_int(nps, "/responses", 1);
    expect_int(nps, text("/histogram/%d", _i), 1);
    expect_int(nps, text("/%ss", group), 1);
}
END_TEST

#define TYPES                                                                                      \
    "'questions':[{'id':'recommend','type':'nps','text':{'en':'?'}},"                              \
    "{'id':'speed','type':'scale','min':1,'max':5,'text':{'en':'?'}},"                             \
    "{'id':'again','type':'yes_no','text':{'en':'?'}},"                                            \
    "{'id':'liked','type':'choices','text':{'en':'?'},'options':["                                 \
    "{'id':'price','text':{'en':'P'}},{'id':'staff','text':{'en':'S'}},"                           \
    "{'id':'place','text':{'en':'L'}}]},"                                                          \
    "{'id':'why','type':'text','ask':['critic'],'text':{'en':'?'}}]"

/* Right answers of every type come back as they were given; all but the score are optional. */
static const char *const right_answers[] = {
    "{}",
    "{'speed':1}",
    "{'speed':5,'again':true,'liked':['staff'],'why':'Slow'}",
    "{'again':false}",
    "{'liked':['price','staff','place']}",
    "{'why':'Быстро и вежливо 🙂'}",
    "{'why':'line one\\nline two\\ttab'}",
    "{'why':'<script>alert(1)</script> & \\u0022quotes\\u0022 \\\\ %s %n'}",
};

START_TEST(answers_of_every_type)
{
    const char *survey = fixture_survey(TYPES);
    const char *answers = right_answers[_i];
    struct reply *reply = post(NONE, survey, text("'score':10,'answers':%s", answers));
    expect_json(stored(survey, expect_status(reply, 201)), "/answers", text_json("%s", answers));
}
END_TEST

/* 4,000 characters, not bytes. */
START_TEST(long_texts)
{
    const char *survey = fixture_survey("");
    const char *const letters[] = {"x", "я", "\xf0\x9f\x99\x82"};
    for (size_t i = 0; i < COUNT_OF(letters); i++) {
        const char *why = text_repeat(letters[i], 4000);
        struct reply *reply = post(NONE, survey, text("'score':1,'answers':{'why':'%s'}", why));
        expect_string(stored(survey, expect_status(reply, 201)), "/answers/why", why);
    }
}
END_TEST

/* Properties: numbers and booleans are kept as text; a field left empty is none. */
START_TEST(properties)
{
    const char *survey = fixture_survey("");
    const char *value = text_repeat("я", 128);
    struct reply *reply =
        post(NONE, survey,
             text("'score':8,'properties':{'branch':'north','n':5,'minus':-7,'yes':true,'no':false,"
                  "'half':1.5,'empty':'','long':'%s'}",
                  value));
    reply = stored(survey, expect_status(reply, 201));
    expect_json(reply, "/properties",
                text_json("{'branch':'north','n':'5','minus':'-7','yes':'true','no':'false',"
                          "'half':'1.5','long':'%s'}",
                          value));
    const char *many = "'p0':0";
    for (int i = 1; i < 16; i++)
        many = text("%s,'p%d':%d", many, i, i);
    reply = expect_status(post(NONE, survey, text("'score':8,'properties':{%s}", many)), 201);
    ck_assert_uint_eq(json_object_size(reply_at(stored(survey, reply), "/properties")), 16);
}
END_TEST

/* What else is told is kept. */
START_TEST(other_members)
{
    const char *survey = fixture_survey("");
    struct reply *reply = post(ANALYST, survey,
                               "'score':6,'language':'ru','respondent':'c-17','channel':'kiosk',"
                               "'external_id':'call-88123','agent':'Ivan'");
    reply = stored(survey, expect_status(reply, 201));
    expect_string(reply, "/language", "ru");
    expect_string(reply, "/respondent", "c-17");
    expect_string(reply, "/channel", "kiosk");
    expect_string(reply, "/external_id", "call-88123");
    expect_string(reply, "/agent", "Ivan");
    expect_json(reply, "/excluded", "false");
}
END_TEST

/* Every channel; without one, a call for an agent and the web for everybody else. */
START_TEST(every_channel)
{
    static const char *const channels[] = {"web",   "email", "link", "sms",   "phone",
                                           "kiosk", "chat",  "app",  "import"};
    const char *survey = fixture_survey("");
    for (size_t i = 0; i < COUNT_OF(channels); i++) {
        struct reply *reply = post(ADMIN, survey, text("'score':5,'channel':'%s'", channels[i]));
        expect_string(stored(survey, expect_status(reply, 201)), "/channel", channels[i]);
    }
    const enum fixture_role roles[] = {NONE, SUBMIT, AGENT, ANALYST, ADMIN};
    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        struct reply *reply =
            stored(survey, expect_status(post(roles[i], survey, "'score':5"), 201));
        expect_string(reply, "/channel", roles[i] == AGENT ? "phone" : "web");
        if (roles[i] == AGENT)
            expect_string(reply, "/agent", AGENT_NAME);
        else
            expect_json(reply, "/agent", "null");
    }
}
END_TEST

/* Backwards: freely with an agent's, analyst's or admin's key, 48 hours for the public. */
START_TEST(backdating)
{
    const char *survey = fixture_survey("");
    const enum fixture_role known[] = {AGENT, ANALYST, ADMIN}, public[] = {NONE, SUBMIT};
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        struct reply *reply =
            post(known[i], survey, "'score':5,'answered_at':'2001-02-03T04:05:06.789Z'");
        expect_status(reply, 201);
        ck_assert_int_eq(expect_time(reply, "/answered_at"), 981173106789000);
        ck_assert_int_gt(expect_time(reply, "/received_at"), 1700000000000000);
    }
    for (size_t i = 0; i < COUNT_OF(public); i++) {
        const char *recent = text_time(time(NULL) - 48 * HOUR + 60);
        struct reply *reply = post(public[i], survey, text("'score':5,'answered_at':'%s'", recent));
        expect_string(expect_status(reply, 201), "/answered_at", recent);
        const char *old = text_time(time(NULL) - 48 * HOUR - 60);
        expect_problem(post(public[i], survey, text("'score':5,'answered_at':'%s'", old)), 422,
                       "invalid", "/answered_at");
    }
}
END_TEST

/* Up to five minutes ahead is now; more is wrong for everybody. */
START_TEST(clocks_that_are_ahead)
{
    const char *survey = fixture_survey("");
    const enum fixture_role roles[] = {NONE, AGENT, ADMIN};
    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        const char *ahead = text_time(time(NULL) + 290);
        struct reply *reply = post(roles[i], survey, text("'score':5,'answered_at':'%s'", ahead));
        long long answered = expect_time(expect_status(reply, 201), "/answered_at");
        ck_assert_int_le(answered, now_us());
        ck_assert_int_eq(answered, expect_time(reply, "/received_at"));
        const char *beyond = text_time(time(NULL) + 330);
        expect_problem(post(roles[i], survey, text("'score':5,'answered_at':'%s'", beyond)), 422,
                       "invalid", "/answered_at");
    }
    struct reply *nps = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps", survey);
    expect_int(nps, "/responses", 3);
}
END_TEST

/* RFC 3339 in, UTC out, to the microsecond. */
static const struct {
    const char *in;
    long long us;
} times[] = {
    {"2026-01-02T03:04:05Z", 1767323045000000},
    {"2026-01-02T03:04:05z", 1767323045000000},
    {"2026-01-02t03:04:05Z", 1767323045000000},
    {"2026-01-02T03:04:05.5Z", 1767323045500000},
    {"2026-01-02T03:04:05.123456Z", 1767323045123456},
    {"2026-01-02T03:04:05.000001+00:00", 1767323045000001},
    {"2026-01-02T06:04:05+03:00", 1767323045000000},
    {"2026-01-02T08:49:05+05:45", 1767323045000000},
    {"2026-01-01T23:34:05-03:30", 1767323045000000},
    {"2026-01-01T23:04:05-04:00", 1767323045000000},
    {"2024-02-29T00:00:00Z", 1709164800000000},
    {"1970-01-01T00:00:00Z", 0},
};

START_TEST(forms_of_time)
{
    struct reply *reply =
        post(ADMIN, fixture_survey(""), text("'score':5,'answered_at':'%s'", times[_i].in));
    ck_assert_int_eq(expect_time(expect_status(reply, 201), "/answered_at"), times[_i].us);
}
END_TEST

/* Prefer: return=minimal leaves the body out. */
START_TEST(minimal_reply)
{
    const char *path = text("/v1/surveys/%s/responses", fixture_survey(""));
    struct reply *reply = client_send(&(struct request){
        .path = path, .body = "{\"score\":3}", .headers = {"Prefer: return=minimal"}});
    expect_status(reply, 201);
    ck_assert_uint_eq(reply->size, 0);
    expect_header(reply, "Preference-Applied", "return=minimal");
    const char *location = header_of(reply, "Location");
    ck_assert(location && strstr(location, path));
}
END_TEST

/* An answer with blanks around it, up to the limit of the body; beyond it 413, and the connection
 * is kept as long as the body is no more than 4 MiB. */
START_TEST(sizes_of_bodies)
{
    const char *path = text("/v1/surveys/%s/responses", fixture_survey(""));
    const struct {
        size_t size;
        long status;
        bool kept;
    } cases[] = {{256 * 1024, 201, true},
                 {256 * 1024 + 1, 413, true},
                 {1024 * 1024, 413, true},
                 {4 * 1024 * 1024, 413, true},
                 {12 * 1024 * 1024, 413, false}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *body = text_space(cases[i].size);
        memset(body, ' ', cases[i].size);
        memcpy(body, "{\"score\":3}", 11);
        client_get(NULL, "/healthz");
        struct reply *reply =
            client_send(&(struct request){.path = path, .body = body, .length = cases[i].size});
        if (cases[i].status == 413)
            expect_problem(reply, 413, "too-large", NULL);
        expect_status(reply, cases[i].status);
        if (cases[i].kept)
            ck_assert_msg(client_get(NULL, "/healthz")->connects == 0,
                          "the connection is gone after %zu bytes", cases[i].size);
    }
}
END_TEST

/* Who asks first is told at once, and need not send the body. */
START_TEST(expect_continue)
{
    const char *path = text("/v1/surveys/%s/responses", fixture_survey(""));
    struct request request = {
        .path = path, .body = text_repeat(" ", 300 * 1024), .headers = {"Expect: 100-continue"}};
    expect_problem(client_send(&request), 413, "too-large", NULL);
    request.body = "{\"score\":3}";
    expect_status(client_send(&request), 201);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = created},
        {.test = every_score, .rows = 11},
        {.test = answers_of_every_type, .rows = COUNT_OF(right_answers)},
        {.test = long_texts},
        {.test = properties},
        {.test = other_members},
        {.test = every_channel},
        {.test = backdating},
        {.test = clocks_that_are_ahead},
        {.test = forms_of_time, .rows = COUNT_OF(times)},
        {.test = minimal_reply},
        {.test = sizes_of_bodies},
        {.test = expect_continue},
    };
    return fixture_run("responses", NULL, tests, COUNT_OF(tests));
}
