/* The numbers by facet, by question and by answer: breakdown, questions, drivers. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>

#define QUESTIONS                                                                                  \
    "'facets':['branch','product'],'questions':["                                                  \
    "{'id':'recommend','type':'nps','text':{'en':'Q'}},"                                           \
    "{'id':'improve','type':'choice','text':{'en':'Q'},'options':["                                \
    "{'id':'wait','text':{'en':'W'}},{'id':'price','text':{'en':'P'}}]},"                          \
    "{'id':'used','type':'choices','text':{'en':'Q'},'options':["                                  \
    "{'id':'a','text':{'en':'A'}},{'id':'b','text':{'en':'B'}}]},"                                 \
    "{'id':'calm','type':'scale','min':0,'max':2,'text':{'en':'Q'}},"                              \
    "{'id':'again','type':'yes_no','text':{'en':'Q'}}]"

static struct reply *get(const char *survey, const char *path)
{
    return expect_status(client_get(fixture_key(VIEWER), "/v1/surveys/%s/%s", survey, path), 200);
}

/* Five answers: NPS (3 - 1) / 5 = 40. North 2 promoters, 1 critic; south 1 neutral; one nowhere. */
static const char *five(void)
{
    const char *survey = fixture_survey(QUESTIONS);
    fixture_answer(survey, 10,
                   "'properties':{'branch':'north'},'answers':{'improve':'wait','used':['a','b'],"
                   "'calm':2,'again':true}");
    fixture_answer(survey, 9,
                   "'properties':{'branch':'north'},'channel':'kiosk','answers':{'used':['a'],"
                   "'calm':0,'again':true}");
    fixture_answer(survey, 2,
                   "'properties':{'branch':'north'},'answers':{'improve':'wait','calm':0,"
                   "'again':false}");
    fixture_answer(survey, 7, "'properties':{'branch':'south'},'answers':{'improve':'price'}");
    fixture_answer(survey, 10, "'channel':'kiosk'");
    return survey;
}

START_TEST(breakdown)
{
    const char *survey = five();
    struct reply *reply = get(survey, "nps/breakdown?by=branch&last=1d&tz=Asia/Kathmandu");
    expect_string(reply, "/survey", survey);
    expect_string(reply, "/window/time_zone", "Asia/Kathmandu");
    expect_string(reply, "/by", "branch");
    expect_int(reply, "/total/responses", 5);
    expect_real(reply, "/total/nps_exact", 40);
    expect_string(reply, "/values/0/value", "north");
    expect_int(reply, "/values/0/responses", 3);
    expect_real(reply, "/values/0/nps_exact", 33.3333);
    expect_json(reply, "/values/0/histogram", "[0,0,1,0,0,0,0,0,0,1,1]");
    /* The rest of north: the neutral of the south and the promoter of nowhere. */
    expect_int(reply, "/values/0/rest/responses", 2);
    expect_real(reply, "/values/0/rest/nps_exact", 50);
    expect_real(reply, "/values/0/difference/nps_exact", -16.6667);
    expect_json(reply, "/values/0/difference/differs", "false");
    expect_string(reply, "/values/1/value", "south");
    expect_int(reply, "/values/1/rest/responses", 4);
    expect_real(reply, "/values/1/difference/nps_exact", -50);
    expect_none(reply, "/values/2");
    expect_json(reply, "/hidden", text_json("{'values':0,'responses':0}"));
    expect_string(reply, "/correction/method", "holm");
    expect_int(reply, "/correction/comparisons", 2);
    reply = get(survey, "nps/breakdown?by=channel&min_group=3&compare=previous");
    expect_string(reply, "/values/0/value", "web");
    expect_none(reply, "/values/1");
    expect_json(reply, "/hidden", text_json("{'values':1,'responses':2}"));
    expect_json(reply, "/values/0/previous", text_json("{'responses':0,'nps_exact':null}"));
    expect_json(reply, "/values/0/change", "null");
}
END_TEST

/* Options, numbers and truths are told as they are sent. */
START_TEST(by_question)
{
    const char *survey = five();
    struct reply *reply = get(survey, "nps/breakdown?by=improve");
    expect_string(reply, "/values/0/value", "wait");
    expect_real(reply, "/values/0/nps_exact", 0);
    expect_string(reply, "/values/1/value", "price");
    reply = get(survey, "nps/breakdown?by=used");
    expect_string(reply, "/values/0/value", "a");
    expect_int(reply, "/values/0/responses", 2);
    expect_int(reply, "/values/1/responses", 1);
    expect_none(reply, "/values/2");
    reply = get(survey, "nps/breakdown?by=calm");
    expect_int(reply, "/values/0/value", 0);
    expect_int(reply, "/values/0/responses", 2);
    expect_int(reply, "/values/1/value", 2);
    reply = get(survey, "nps/breakdown?by=again&where.branch=north");
    expect_json(reply, "/values/0/value", "true");
    expect_json(reply, "/values/1/value", "false");
    expect_int(reply, "/values/1/critics", 1);
}
END_TEST

START_TEST(questions)
{
    const char *survey = five();
    struct reply *reply = get(survey, "questions/used");
    expect_string(reply, "/type", "choices");
    expect_int(reply, "/responses", 5);
    expect_int(reply, "/answered", 2);
    expect_json(
        reply, "/groups",
        text_json("{'promoter':{'responses':3,'answered':2},'neutral':{'responses':1,'answered':0},"
                  "'critic':{'responses':1,'answered':0}}"));
    expect_real(reply, "/values/0/share", 100);
    expect_real(reply, "/values/1/share", 50);
    expect_json(reply, "/values/1/critic_share", "null");
    reply = get(survey, "questions/calm");
    expect_int(reply, "/answered", 3);
    expect_real(reply, "/mean", 0.6667);
    expect_int(reply, "/values/1/value", 1);
    expect_int(reply, "/values/1/answered", 0);
    expect_real(reply, "/values/0/share", 66.6667);
    expect_real(reply, "/values/0/critic_share", 100);
    reply = get(survey, "questions/recommend");
    expect_int(reply, "/values/10/answered", 2);
    expect_none(reply, "/values/11");
    reply = get(survey, "questions/again?where.channel=kiosk");
    expect_int(reply, "/responses", 2);
    expect_int(reply, "/answered", 1);
    expect_json(reply, "/values/0/value", "true");
    expect_json(reply, "/values/1/promoter_share", "0");
}
END_TEST

START_TEST(drivers)
{
    const char *survey = five();
    struct reply *reply = get(survey, "drivers");
    expect_int(reply, "/total/responses", 5);
    expect_json(
        reply, "/drivers/0",
        text_json("{'question':'improve','value':'wait','responses':2,'share':40,'promoters':1,"
                  "'neutrals':0,'critics':1,'nps':0,'nps_exact':0,'gain':20}"));
    expect_string(reply, "/drivers/1/question", "calm");
    expect_int(reply, "/drivers/1/value", 0);
    expect_string(reply, "/drivers/2/question", "again");
    expect_json(reply, "/drivers/2/value", "false");
    expect_int(reply, "/drivers/3/gain", 0);
    expect_string(reply, "/drivers/7/question", "again");
    expect_none(reply, "/drivers/8");
}
END_TEST

/* A text is counted, not shown. */
START_TEST(texts)
{
    const char *survey = fixture_survey("");
    fixture_answer(survey, 9, "'answers':{'why':'Fast'}");
    fixture_answer(survey, 1, "'answers':{'improve':'wait'}");
    struct reply *reply = get(survey, "questions/why");
    expect_int(reply, "/answered", 1);
    expect_int(reply, "/groups/promoter/answered", 1);
    expect_int(reply, "/groups/critic/answered", 0);
    expect_none(reply, "/values");
    ck_assert_ptr_null(strstr(reply->body, "Fast"));
    expect_problem(client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps/breakdown?by=why", survey),
                   422, "invalid", "by");
}
END_TEST

START_TEST(what_is_not_there)
{
    const char *survey = fixture_survey(QUESTIONS), *viewer = fixture_key(VIEWER);
    static const char *const names[] = {"nothing", "why", "branch", "channel", "Improve"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        expect_problem(client_get(viewer, "/v1/surveys/%s/questions/%s", survey, names[i]), 404,
                       "not-found", NULL);
    expect_errors(client_get(viewer, "/v1/surveys/%s/nps/breakdown?min_group=x&last=x", survey),
                  422, "invalid", "by min_group last");
    expect_errors(client_get(viewer, "/v1/surveys/%s/drivers?by=improve&tz=x", survey), 422,
                  "invalid", "by tz");
    expect_problem(client_get(viewer, "/v1/surveys/%s/nps/breakdown?by=branch&by=x", survey), 400,
                   "bad-query", NULL);
    expect_problem(client_get(viewer, "/v1/surveys/none-at-all/drivers"), 404, "not-found", NULL);
}
END_TEST

/* A question that was taken off has no name any more; it is whole when it comes back. */
START_TEST(retired_question)
{
    const char *survey = five(), *viewer = fixture_key(VIEWER);
    const char *path = text("/v1/surveys/%s", survey);
    const char *less =
        text_json("{'questions':[{'id':'recommend','type':'nps','text':{'en':'Q'}}]}");
    expect_status(client_patch(fixture_key(ADMIN), less, "%s", path), 200);
    expect_problem(client_get(viewer, "%s/questions/again", path), 404, "not-found", NULL);
    expect_problem(client_get(viewer, "%s/nps/breakdown?by=again", path), 422, "invalid", "by");
    expect_json(get(survey, "drivers"), "/drivers", "[]");
    const char *back = text_json("{'questions':[{'id':'recommend','type':'nps','text':{'en':'Q'}},"
                                 "{'id':'again','type':'yes_no','text':{'en':'Q'}}]}");
    expect_status(client_patch(fixture_key(ADMIN), back, "%s", path), 200);
    expect_int(get(survey, "questions/again"), "/answered", 3);
}
END_TEST

/* A facet with more values than it counts: the rest are one group, and each is still exact. */
START_TEST(past_the_cap)
{
    enum { BATCH = 550 };
    const char *survey = fixture_survey("");
    for (int batch = 0; batch < 2; batch++) {
        char *body = text_space(BATCH * 80), *at = body;
        for (int i = 0; i < BATCH; i++)
            at += snprintf(at, 80, "%s{\"score\":%d,\"properties\":{\"branch\":\"b-%d\"}}",
                           i ? "," : "[", i % 11, batch * BATCH + i);
        snprintf(at, 2, "]");
        expect_status(
            client_post(fixture_key(ADMIN), body, "/v1/surveys/%s/responses/batch", survey), 200);
    }
    struct reply *reply = get(survey, "nps/breakdown?by=branch");
    ck_assert_uint_eq(json_array_size(reply_at(reply, "/values")), 1001);
    expect_string(reply, "/values/0/value", "(other)");
    expect_int(reply, "/values/0/responses", 2 * BATCH - 1000);
    expect_int(reply, "/values/1000/responses", 1);
    expect_int(reply, "/correction/comparisons", 1001);
    reply = get(survey, "nps/breakdown?by=branch&min_group=2");
    expect_none(reply, "/values/1");
    expect_json(reply, "/hidden", text_json("{'values':1000,'responses':1000}"));
    const char *late = text("b-%d", 2 * BATCH - 1);
    reply = get(survey, text("nps/breakdown?by=branch&where.branch=%s", late));
    expect_string(reply, "/values/0/value", late);
    expect_int(reply, "/values/0/responses", 1);
    expect_none(reply, "/values/1");
}
END_TEST

/* Corrections, exclusions and erasures are followed at once, by whoever has the old ETag. */
START_TEST(changes)
{
    const char *survey = fixture_survey(QUESTIONS), *analyst = fixture_key(ANALYST);
    const char *id =
        reply_string(fixture_answer(survey, 2, "'answers':{'improve':'wait','used':['a']}"), "/id");
    fixture_answer(survey, 9, "'answers':{'improve':'wait'}");
    static const char *const paths[] = {"nps/breakdown?by=improve", "questions/improve",
                                        "questions/used", "drivers", "nps/series?shape=array"};
    const char *response = text("/v1/surveys/%s/responses/%s", survey, id);
    const char *const steps[] = {"{'answers':{'improve':'price','used':['a','b']}}", "{'score':10}",
                                 "{'excluded':true,'reason':'test'}"};
    for (size_t step = 0; step < COUNT_OF(steps); step++) {
        const char *headers[COUNT_OF(paths)];
        for (size_t i = 0; i < COUNT_OF(paths); i++)
            headers[i] = text("If-None-Match: %s", header_of(get(survey, paths[i]), "ETag"));
        for (int changed = 0; changed <= 1; changed++) {
            for (size_t i = 0; i < COUNT_OF(paths); i++) {
                const char *path = text("/v1/surveys/%s/%s", survey, paths[i]);
                struct request request = {
                    .path = path, .key = fixture_key(VIEWER), .headers = {headers[i]}};
                /* What is said of whom does not show in a series. */
                bool same = !changed || (step == 0 && i == 4);
                expect_status(client_send(&request), same ? 304 : 200);
            }
            if (!changed)
                expect_status(client_patch(analyst, text_json("%s", steps[step]), "%s", response),
                              200);
        }
    }
    expect_int(get(survey, "questions/improve"), "/answered", 1);
    expect_int(get(survey, "questions/used"), "/answered", 0);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = breakdown},        {.test = by_question},  {.test = questions},
        {.test = drivers},          {.test = texts},        {.test = what_is_not_there},
        {.test = retired_question}, {.test = past_the_cap}, {.test = changes},
    };
    return fixture_run("cuts", NULL, tests, COUNT_OF(tests));
}
