/* Breakdowns, questions and drivers of one small survey, worked out by hand; and that nobody is
 * shown what is no longer so. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <stdlib.h>
#include <string.h>

#define QUESTIONS                                                                                  \
    "'facets':['branch','product'],'min_responses':2,'questions':["                                \
    "{'id':'recommend','type':'nps','text':{'en':'Q'}},"                                           \
    "{'id':'improve','type':'choice','text':{'en':'Q'},'options':["                                \
    "{'id':'wait','text':{'en':'W'}},{'id':'price','text':{'en':'P'}},"                            \
    "{'id':'staff','text':{'en':'S'}}]},"                                                          \
    "{'id':'used','type':'choices','text':{'en':'Q'},'options':["                                  \
    "{'id':'till','text':{'en':'T'}},{'id':'app','text':{'en':'A'}}]},"                            \
    "{'id':'calm','type':'scale','min':0,'max':10,'text':{'en':'Q'}},"                             \
    "{'id':'again','type':'yes_no','text':{'en':'Q'}}]"

static struct reply *get(const char *survey, const char *path)
{
    return expect_status(client_get(fixture_key(VIEWER), "/v1/surveys/%s/%s", survey, path), 200);
}

/* --- a survey of nine answers --- */

/* NPS (3 - 4) / 9 = -11.1111. Of the nine, six say what to improve. */
static const char *const nine[][2] = {
    {"10", "'channel':'kiosk','answers':{'improve':'wait','used':['app','till'],'calm':10}"},
    {"9", "'channel':'kiosk','answers':{'improve':'price','used':['app'],'again':true}"},
    {"9", "'agent':'Zoë & Co','channel':'phone'"},
    {"8", "'answers':{'improve':'price','calm':0,'again':true}"},
    {"7", "'answers':{'used':['till'],'calm':5}"},
    {"6", "'answers':{'improve':'wait','again':false}"},
    {"0", "'answers':{'improve':'wait','used':['app'],'calm':0,'again':false}"},
    {"0", "'answers':{'improve':'price','used':[]}"},
    {"3", "'agent':'Zoë & Co','channel':'phone','answers':{'again':true}"},
};

static const char *survey_of_nine(void)
{
    const char *survey = fixture_survey(QUESTIONS);
    for (size_t i = 0; i < COUNT_OF(nine); i++)
        fixture_answer(survey, (int)strtol(nine[i][0], NULL, 10), nine[i][1]);
    return survey;
}

/* Each row: "value promoters/neutrals/critics". */
static const char *rows_of(const struct reply *reply)
{
    const char *rows = "";
    size_t i;
    json_t *row;
    json_array_foreach(reply_at(reply, "/values"), i, row)
    {
        char *value = json_dumps(json_object_get(row, "value"), JSON_ENCODE_ANY);
        rows = text("%s%s%s %d/%d/%d", rows, i ? ", " : "", value,
                    (int)json_integer_value(json_object_get(row, "promoters")),
                    (int)json_integer_value(json_object_get(row, "neutrals")),
                    (int)json_integer_value(json_object_get(row, "critics")));
        free(value);
    }
    return rows;
}

START_TEST(by_all_kinds)
{
    static const char *const expected[][2] = {
        {"channel", "'web' 0/2/3, 'kiosk' 2/0/0, 'phone' 1/0/1"},
        {"agent", "'Zoë & Co' 1/0/1"},
        {"product", ""},
        {"improve", "'price' 1/1/1, 'wait' 1/0/2"},
        {"used", "'app' 2/0/1, 'till' 1/1/0"},
        {"calm", "0 0/1/1, 5 0/1/0, 10 1/0/0"},
        {"again", "true 1/1/1, false 0/0/2"},
        {"again&where.channel=phone", "true 0/0/1"},
        {"used&where.channel=kiosk&where.agent=none", ""},
        {"agent&where.agent=Zo%C3%AB+%26+Co", "'Zoë & Co' 1/0/1"},
        {"calm&min_group=2", "0 0/1/1"},
    };
    const char *survey = survey_of_nine();
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        ck_assert_str_eq(rows_of(get(survey, text("nps/breakdown?by=%s", expected[i][0]))),
                         text_json("%s", expected[i][1]));
    struct reply *reply = get(survey, "nps/breakdown?by=used");
    expect_int(reply, "/total/responses", 9);
    expect_real(reply, "/values/0/nps_exact", 33.3333);
    expect_json(reply, "/values/0/enough", "true");
    /* The rest of app: 1/2/3. */
    expect_json(reply, "/values/0/rest", text_json("{'responses':6,'nps_exact':-33.3333}"));
}
END_TEST

struct distribution {
    const char *question, *groups, *values;
    int answered;
};

#define VALUE(value, answered, share, p, ps, n, ns, c, cs)                                         \
    "{'value':" value ",'answered':" #answered ",'share':" #share ",'promoters':" #p               \
    ",'promoter_share':" #ps ",'neutrals':" #n ",'neutral_share':" #ns ",'critics':" #c            \
    ",'critic_share':" #cs "}"
#define GROUPS(p, n, c)                                                                            \
    "{'promoter':{'responses':3,'answered':" #p "},'neutral':{'responses':2,'answered':" #n        \
    "},'critic':{'responses':4,'answered':" #c "}}"

/* Who skipped a question is in none of its shares. */
static const struct distribution distributions[] = {
    {"improve", GROUPS(2, 1, 3),
     "[" VALUE("'wait'", 3, 50, 1, 50, 0, 0, 2,
               66.6667) "," VALUE("'price'", 3, 50, 1, 50, 1, 100, 1,
                                  33.3333) "," VALUE("'staff'", 0, 0, 0, 0, 0, 0, 0, 0) "]",
     6},
    {"used", GROUPS(2, 1, 1),
     "[" VALUE("'till'", 2, 50, 1, 50, 1, 100, 0, 0) "," VALUE("'app'", 3, 75, 2, 100, 0, 0, 1,
                                                               100) "]",
     4},
    {"again", GROUPS(1, 1, 3),
     "[" VALUE("true", 3, 60, 1, 100, 1, 100, 1, 33.3333) "," VALUE("false", 2, 40, 0, 0, 0, 0, 2,
                                                                    66.6667) "]",
     5},
};

/* JSON knows 50 and 50.0 as two kinds of numbers; a reader does not. */
static json_t *as_reals(json_t *json)
{
    const char *name;
    size_t i;
    json_t *value, *copy;
    if (json_is_number(json))
        return json_real(json_number_value(json));
    if (json_is_array(json)) {
        copy = json_array();
        json_array_foreach(json, i, value) json_array_append_new(copy, as_reals(value));
        return copy;
    }
    if (!json_is_object(json))
        return json_incref(json);
    copy = json_object();
    json_object_foreach(json, name, value) json_object_set_new(copy, name, as_reals(value));
    return copy;
}

static void expect_like(struct reply *reply, const char *pointer, const char *quoted)
{
    json_t *wanted = json_loads(text_json("%s", quoted), JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(wanted);
    json_t *a = as_reals(wanted), *b = as_reals(reply_at(reply, pointer));
    ck_assert_msg(json_equal(a, b), "%s: %s is not %s: %s", reply->request, pointer, quoted,
                  reply->body);
    json_decref(wanted);
    json_decref(a);
    json_decref(b);
}

START_TEST(questions)
{
    const char *survey = survey_of_nine();
    for (size_t i = 0; i < COUNT_OF(distributions); i++) {
        const struct distribution *wanted = &distributions[i];
        struct reply *reply = get(survey, text("questions/%s", wanted->question));
        expect_int(reply, "/responses", 9);
        expect_int(reply, "/answered", wanted->answered);
        expect_like(reply, "/groups", wanted->groups);
        expect_like(reply, "/values", wanted->values);
        expect_none(reply, "/mean");
    }
    struct reply *calm = get(survey, "questions/calm");
    expect_real(calm, "/mean", 3.75);
    ck_assert_uint_eq(json_array_size(reply_at(calm, "/values")), 11);
    expect_like(calm, "/values/0", VALUE("0", 2, 50, 0, 0, 1, 50, 1, 100));
    struct reply *recommend = get(survey, "questions/recommend");
    expect_int(recommend, "/answered", 9);
    expect_like(recommend, "/groups", GROUPS(3, 2, 4));
    expect_like(recommend, "/values/0", VALUE("0", 2, 22.2222, 0, 0, 0, 0, 2, 50));
    expect_like(recommend, "/values/9", VALUE("9", 2, 22.2222, 2, 66.6667, 0, 0, 0, 0));
    struct reply *kiosk = get(survey, "questions/used?where.channel=kiosk");
    expect_int(kiosk, "/responses", 2);
    expect_like(kiosk, "/values/0", VALUE("'till'", 1, 50, 1, 50, 0, null, 0, null));
    struct reply *nobody = get(survey, "questions/calm?where.channel=email");
    expect_json(nobody, "/mean", "null");
    expect_like(nobody, "/values/10", VALUE("10", 0, null, 0, null, 0, null, 0, null));
}
END_TEST

/* "question value gain" of each. */
static const char *drivers_of(const struct reply *reply)
{
    const char *rows = "";
    size_t i;
    json_t *row;
    json_array_foreach(reply_at(reply, "/drivers"), i, row)
    {
        char *value = json_dumps(json_object_get(row, "value"), JSON_ENCODE_ANY);
        rows = text("%s%s%s %s %.4f", rows, i ? ", " : "",
                    json_string_value(json_object_get(row, "question")), value,
                    json_number_value(json_object_get(row, "gain")));
        free(value);
    }
    return rows;
}

/* A critic more or less is 100 / 9 points. */
START_TEST(drivers)
{
    const char *survey = survey_of_nine();
    struct reply *reply = get(survey, "drivers");
    expect_real(reply, "/total/nps_exact", -11.1111);
    ck_assert_str_eq(
        drivers_of(reply),
        text_json("improve 'wait' 22.2222, again false 22.2222, improve 'price' 11.1111, "
                  "used 'app' 11.1111, calm 0 11.1111, again true 11.1111, used 'till' 0.0000, "
                  "calm 5 0.0000, calm 10 0.0000"));
    expect_like(reply, "/drivers/0",
                "{'question':'improve','value':'wait','responses':3,'share':33.3333,"
                "'promoters':1,'neutrals':0,'critics':2,'nps':-33,'nps_exact':-33.3333,"
                "'gain':22.2222}");
    ck_assert_str_eq(drivers_of(get(survey, "drivers?where.channel=phone")), "again true 50.0000");
    reply = get(survey, "drivers?where.channel=email");
    expect_json(reply, "/drivers", "[]");
    expect_json(reply, "/total/nps", "null");
}
END_TEST

/* --- what is no longer so --- */

static const char *const results[] = {"nps/series?period=this_year&interval=year",
                                      "nps/breakdown?by=improve", "questions/improve", "drivers"};
enum { RESULTS = COUNT_OF(results) };

/* Does this, and finds that who had the results before gets new ones. */
static void patch_and_expect_news(const char *survey, const char *path, const char *quoted)
{
    const char *tags[RESULTS];
    for (size_t i = 0; i < RESULTS; i++)
        tags[i] = text("If-None-Match: %s", header_of(get(survey, results[i]), "ETag"));
    expect_status(client_patch(fixture_key(ADMIN), text_json("%s", quoted), "%s", path), 200);
    for (size_t i = 0; i < RESULTS; i++) {
        const char *of = text("/v1/surveys/%s/%s", survey, results[i]);
        struct request request = {.path = of, .key = fixture_key(VIEWER), .headers = {tags[i]}};
        expect_status(client_send(&request), 200);
    }
}

START_TEST(changes)
{
    const char *survey = fixture_survey(QUESTIONS);
    struct reply *posted = fixture_answer(survey, 0, "'answers':{'improve':'wait'}");
    const char *path = text("/v1/surveys/%s/responses/%s", survey, reply_string(posted, "/id"));
    fixture_answer(survey, 10, "'answers':{'improve':'wait','again':true}");
    ck_assert_str_eq(rows_of(get(survey, "nps/breakdown?by=improve")), text_json("'wait' 1/0/1"));
    patch_and_expect_news(survey, path, "{'score':8,'answers':{'improve':'price'}}");
    ck_assert_str_eq(rows_of(get(survey, "nps/breakdown?by=improve")),
                     text_json("'price' 0/1/0, 'wait' 1/0/0"));
    ck_assert_str_eq(drivers_of(get(survey, "drivers")),
                     text_json("improve 'price' 0.0000, improve 'wait' 0.0000, "
                               "again true 0.0000"));
    patch_and_expect_news(survey, path, "{'score':3,'answers':{'improve':null,'again':true}}");
    expect_int(get(survey, "questions/improve"), "/answered", 1);
    expect_int(get(survey, "questions/again"), "/groups/critic/answered", 1);
    expect_real(get(survey, "drivers"), "/drivers/0/gain", 50);
    expect_status(
        client_patch(fixture_key(ANALYST), "{\"excluded\":true,\"reason\":\"test\"}", "%s", path),
        200);
    expect_int(get(survey, results[0]), "/points/0/responses", 1);
    expect_int(get(survey, "nps/breakdown?by=again"), "/total/responses", 1);
    ck_assert_str_eq(rows_of(get(survey, "nps/breakdown?by=again")), "true 1/0/0");
    expect_int(get(survey, "questions/again"), "/groups/critic/responses", 0);
    expect_int(get(survey, "questions/recommend"), "/values/3/answered", 0);
    expect_none(get(survey, "drivers"), "/drivers/2");
    expect_status(client_delete(fixture_key(ADMIN), "%s", path), 204);
    expect_int(get(survey, "drivers"), "/total/responses", 1);
}
END_TEST

/* A changed definition shows in results at once, though no answer came. */
START_TEST(changed_survey)
{
    const char *survey = survey_of_nine(), *path = text("/v1/surveys/%s", survey);
    patch_and_expect_news(survey, path, "{'time_zone':'Asia/Kathmandu'}");
    expect_string(get(survey, "drivers"), "/window/time_zone", "Asia/Kathmandu");
    expect_json(get(survey, "drivers"), "/total/enough", "true");
    expect_status(client_patch(fixture_key(ADMIN), "{\"min_responses\":10}", "%s", path), 200);
    expect_json(get(survey, "drivers"), "/total/enough", "false");
    expect_json(get(survey, results[0]), "/points/0/enough", "false");
    expect_json(get(survey, results[1]), "/values/0/enough", "false");
    const char *more = "{'questions':[{'id':'recommend','type':'nps','text':{'en':'Q'}},"
                       "{'id':'improve','type':'choice','text':{'en':'Q'},'options':["
                       "{'id':'queue','text':{'en':'Q'}},{'id':'wait','text':{'en':'W'}},"
                       "{'id':'price','text':{'en':'P'}},{'id':'staff','text':{'en':'S'}}]}]}";
    expect_status(client_patch(fixture_key(ADMIN), text_json("%s", more), "%s", path), 200);
    ck_assert_str_eq(rows_of(get(survey, "questions/improve")),
                     text_json("'queue' 0/0/0, 'wait' 1/0/2, 'price' 1/1/1, 'staff' 0/0/0"));
    ck_assert_str_eq(drivers_of(get(survey, "drivers")),
                     text_json("improve 'wait' 22.2222, improve 'price' 11.1111"));
    expect_problem(client_get(fixture_key(VIEWER), "%s/questions/again", path), 404, "not-found",
                   NULL);
    expect_problem(client_get(fixture_key(VIEWER), "%s/nps/breakdown?by=again", path), 422,
                   "invalid", "by");
}
END_TEST

/* An acknowledged answer is in the very next reply, of whatever kind. */
START_TEST(nothing_is_late)
{
    const char *survey = fixture_survey(QUESTIONS);
    for (int i = 1; i <= 20; i++) {
        fixture_answer(survey, 0, "'answers':{'improve':'wait'}");
        expect_int(get(survey, results[0]), "/points/0/critics", i);
        expect_int(get(survey, results[1]), "/values/0/critics", i);
        expect_int(get(survey, results[2]), "/values/0/critics", i);
        expect_int(get(survey, results[3]), "/drivers/0/critics", i);
    }
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = by_all_kinds}, {.test = questions},      {.test = drivers},
        {.test = changes},      {.test = changed_survey}, {.test = nothing_is_late},
    };
    return fixture_run("results_contract", NULL, tests, COUNT_OF(tests));
}
