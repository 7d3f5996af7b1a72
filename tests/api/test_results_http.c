/* Breakdowns, questions, drivers and series as HTTP: polling, who may see them, what is refused. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"

#define QUESTIONS                                                                                  \
    "'facets':['branch'],'questions':[{'id':'recommend','type':'nps','text':{'en':'Q'}},"          \
    "{'id':'improve','type':'choice','text':{'en':'Q'},'options':["                                \
    "{'id':'wait','text':{'en':'W'}},{'id':'price','text':{'en':'P'}}]}]"

static const char *const results[] = {"nps/series?period=this_year&interval=year",
                                      "nps/breakdown?by=improve", "questions/improve", "drivers"};
enum { RESULTS = COUNT_OF(results) };

START_TEST(polling)
{
    const char *survey = fixture_survey(QUESTIONS);
    fixture_answer(survey, 0, "'answers':{'improve':'wait'}");
    for (size_t i = 0; i < RESULTS; i++) {
        const char *path = text("/v1/surveys/%s/%s", survey, results[i]);
        struct reply *full = expect_status(client_get(fixture_key(VIEWER), "%s", path), 200);
        const char *tag = header_of(full, "ETag");
        ck_assert(tag && *tag == '"');
        expect_header(full, "Cache-Control", "private, no-cache");
        expect_header(full, "Content-Type", "application/json");
        struct request request = {.path = path, .key = fixture_key(VIEWER), .method = "HEAD"};
        struct reply *head = expect_status(client_send(&request), 200);
        expect_header(head, "ETag", tag);
        expect_header(head, "Content-Length", text("%zu", full->size));
        ck_assert_uint_eq(head->size, 0);
        const char *matching[] = {tag, "*", text("\"x\", %s", tag), text("W/%s", tag)};
        for (size_t j = 0; j < 2 * COUNT_OF(matching); j++) {
            request.method = j % 2 ? "HEAD" : "GET";
            request.headers[0] = text("If-None-Match: %s", matching[j / 2]);
            struct reply *same = expect_status(client_send(&request), 304);
            ck_assert_uint_eq(same->size, 0);
            expect_header(same, "ETag", tag);
            expect_header(same, "Cache-Control", "private, no-cache");
            ck_assert_ptr_nonnull(header_of(same, "Vary"));
        }
        request.method = "GET";
        request.headers[0] = "If-None-Match: \"x\"";
        expect_status(client_send(&request), 200);
        request.method = "POST";
        expect_header(expect_problem(client_send(&request), 405, "method-not-allowed", NULL),
                      "Allow", "GET, HEAD, OPTIONS");
        /* Who may not see it does not learn that it is the same. */
        request = (struct request){.path = path, .headers = {text("If-None-Match: %s", tag)}};
        expect_problem(client_send(&request), 401, "unauthorized", NULL);
        request.key = fixture_key(SUBMIT);
        expect_problem(client_send(&request), 403, "forbidden", NULL);
    }
}
END_TEST

START_TEST(who_may)
{
    static const long statuses[] = {[NONE] = 401,   [SUBMIT] = 403,  [AGENT] = 403,
                                    [VIEWER] = 200, [ANALYST] = 200, [ADMIN] = 200};
    const char *survey = fixture_survey(QUESTIONS), *other = fixture_survey(QUESTIONS);
    const char *theirs = fixture_new_key("viewer", "--survey", other, NULL);
    for (size_t i = 0; i < RESULTS; i++) {
        for (int role = NONE; role < ROLE_COUNT; role++)
            expect_status(client_get(fixture_key((enum fixture_role)role), "/v1/surveys/%s/%s",
                                     survey, results[i]),
                          statuses[role]);
        expect_status(client_get("npsd_viewer_none", "/v1/surveys/%s/%s", survey, results[i]), 401);
        expect_status(client_get(theirs, "/v1/surveys/%s/%s", other, results[i]), 200);
        expect_problem(client_get(theirs, "/v1/surveys/%s/%s", survey, results[i]), 404,
                       "not-found", NULL);
        expect_problem(client_get(fixture_key(VIEWER), "/v1/surveys/nobody/%s", results[i]), 404,
                       "not-found", NULL);
    }
}
END_TEST

static const struct {
    const char *path, *parameters;
} wrong[] = {
    {"nps/breakdown", "by"},
    {"nps/breakdown?by=", "by"},
    {"nps/breakdown?by=recommend", "by"},
    {"nps/breakdown?by=nothing", "by"},
    {"nps/breakdown?by=Improve", "by"},
    {"nps/breakdown?by=where.branch", "by"},
    {"nps/breakdown?by=branch,channel", "by"},
    {"nps/breakdown?by=branch&min_group=-1", "min_group"},
    {"nps/breakdown?by=branch&min_group=1.5", "min_group"},
    {"nps/breakdown?by=branch&min_group=", "min_group"},
    {"nps/breakdown?by=branch&min_group=1000001", "min_group"},
    {"nps/breakdown?by=branch&min_group=18446744073709551616", "min_group"},
    {"nps/breakdown?by=branch&compare=x", "compare"},
    {"nps/breakdown?by=branch&compare=", "compare"},
    {"nps/breakdown?by=branch&interval=day&rolling=7d&shape=array", "interval rolling shape"},
    {"nps/breakdown?min_group=x&compare=x&tz=x&where.improve=wait&last=x",
     "by min_group compare tz where.improve last"},
    {"questions/improve?by=branch&min_group=1&compare=previous", "by min_group compare"},
    {"questions/improve?tz=Mars/Base&period=decade", "tz period"},
    {"questions/improve?where.nothing=1&where.channel=pigeon", "where.nothing where.channel"},
    {"drivers?limit=5&compare=previous&gain=1", "limit compare gain"},
    {"drivers?last=7d&from=2026-01-01", "last from"},
    {"drivers?from=2026-01-02&to=2026-01-01", "from"},
};

START_TEST(refused)
{
    const char *survey = fixture_survey(QUESTIONS), *viewer = fixture_key(VIEWER);
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        expect_errors(client_get(viewer, "/v1/surveys/%s/%s", survey, wrong[i].path), 422,
                      "invalid", wrong[i].parameters);
    static const char *const repeated[] = {"nps/breakdown?by=branch&by=branch",
                                           "questions/improve?by=x&by=x", "drivers?by=x&by=x"};
    for (size_t i = 0; i < COUNT_OF(repeated); i++)
        expect_problem(client_get(viewer, "/v1/surveys/%s/%s", survey, repeated[i]), 400,
                       "bad-query", "by");
    static const char *const unknown[] = {"nothing", "why",      "branch",       "channel",
                                          "IMPROVE", "improve/", "improve/wait", "%20improve"};
    for (size_t i = 0; i < COUNT_OF(unknown); i++)
        expect_problem(client_get(viewer, "/v1/surveys/%s/questions/%s", survey, unknown[i]), 404,
                       "not-found", NULL);
    const char *texts = fixture_survey("");
    expect_errors(client_get(viewer, "/v1/surveys/%s/nps/breakdown?by=why", texts), 422, "invalid",
                  "by");
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {{.test = polling}, {.test = who_may}, {.test = refused}};
    return fixture_run("results_http", NULL, tests, COUNT_OF(tests));
}
