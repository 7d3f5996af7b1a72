/* Whatever the way to a number, it is the same: each row and point against the single window. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <stdint.h>
#include <string.h>

enum { ANSWERS = 400, HOUR = 3600, DAY = 24 * HOUR };
/* 2026-03-01T00:00:00Z; the answers lie in the 40 days from then. */
#define BEGIN 1772323200
#define WINDOW "from=2026-03-03T07:10:00Z&to=2026-04-02T19:50:00Z"

static const char definition[] =
    "'time_zone':'Europe/Berlin','facets':['branch','product'],'questions':["
    "{'id':'recommend','type':'nps','text':{'en':'Q'}},"
    "{'id':'improve','type':'choice','text':{'en':'Q'},'options':["
    "{'id':'wait','text':{'en':'W'}},{'id':'price','text':{'en':'P'}}]},"
    "{'id':'used','type':'choices','text':{'en':'Q'},'options':["
    "{'id':'a','text':{'en':'A'}},{'id':'b','text':{'en':'B'}},{'id':'c','text':{'en':'C'}}]},"
    "{'id':'calm','type':'scale','min':0,'max':4,'text':{'en':'Q'}},"
    "{'id':'again','type':'yes_no','text':{'en':'Q'}}]";

static uint64_t state = 7;

static unsigned dice(unsigned sides)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33) % sides;
}

/* One of the texts; the last may be "". */
static const char *pick(const char *const *texts, unsigned count)
{
    return texts[dice(count)];
}

static const char *random_answer(void)
{
    static const char *const channels[] = {"'channel':'web'", "'channel':'kiosk'",
                                           "'channel':'phone','agent':'Ivan'",
                                           "'channel':'phone','agent':'Anna K'"};
    static const char *const branches[] = {"'branch':'north'", "'branch':'south'",
                                           "'branch':'west','product':'x'", "'product':'y'"};
    static const char *const improve[] = {"'improve':'wait',", "'improve':'price',", ""};
    static const char *const used[] = {"'used':['a'],", "'used':['b','c'],", "'used':['c'],", ""};
    return text("{'score':%u,'answered_at':'%s',%s,'properties':{%s},'answers':{%s%s'calm':%u,"
                "'again':%s}}",
                dice(11), text_time(BEGIN + (time_t)dice(40 * DAY)), pick(channels, 4),
                pick(branches, 4), pick(improve, 3), pick(used, 4), dice(5),
                dice(2) ? "true" : "false");
}

/* Some are corrected, taken out or erased. */
static void change_some(const char *survey, const json_t *results)
{
    const char *admin = fixture_key(ADMIN);
    static const char *const patches[] = {
        "{'score':0}", "{'answers':{'used':['a','b'],'calm':null}}", "{'answers':{'again':null}}",
        "{'excluded':true,'reason':'test'}"};
    for (size_t i = 0; i < 40; i++) {
        const char *id =
            json_string_value(json_object_get(json_array_get(results, i * ANSWERS / 40), "id"));
        const char *path = text("/v1/surveys/%s/responses/%s", survey, id);
        if (i % 5 == 4)
            expect_status(client_delete(admin, "%s", path), 204);
        else
            expect_status(client_patch(admin, text_json("%s", patches[i % 5]), "%s", path), 200);
    }
}

static const char *filled(void)
{
    const char *survey = fixture_survey(definition);
    char *body = text_space(ANSWERS * 300), *at = body;
    for (int i = 0; i < ANSWERS; i++)
        at += snprintf(at, 300, "%s%s", i ? "," : "[", random_answer());
    snprintf(at, 2, "]");
    struct reply *reply = client_post(fixture_key(ADMIN), text_json("%s", body),
                                      "/v1/surveys/%s/responses/batch", survey);
    expect_status(reply, 200);
    change_some(survey, reply_at(reply, "/results"));
    return survey;
}

static struct reply *get(const char *survey, const char *path)
{
    return expect_status(client_get(fixture_key(VIEWER), "/v1/surveys/%s/%s", survey, path), 200);
}

/* Every field of a result in the row is that of the single window. */
static void expect_same(const struct reply *whole, const json_t *row, const struct reply *single)
{
    static const char *const fields[] = {
        "responses",     "promoters",    "neutrals", "critics",      "promoter_share",
        "neutral_share", "critic_share", "nps",      "nps_exact",    "mean",
        "histogram",     "interval",     "enough",   "min_responses"};
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        const json_t *mine = json_object_get(row, fields[i]);
        const json_t *other = json_object_get(single->json, fields[i]);
        ck_assert_msg(mine && json_equal(mine, other), "%s in %s\n%s\n%s", fields[i],
                      whole->request, single->request, json_dumps(row, 0));
    }
}

static long long responses_of(const json_t *row)
{
    return json_integer_value(json_object_get(row, "responses"));
}

static const char *const windows[] = {WINDOW, "period=all", WINDOW "&where.channel=phone",
                                      "period=all&where.branch=north&where.channel=web"};

static void check_breakdown(const char *survey, const char *by, const char *window)
{
    struct reply *whole = get(survey, text("nps/breakdown?by=%s&%s", by, window));
    expect_same(whole, reply_at(whole, "/total"), get(survey, text("nps?%s", window)));
    json_t *row;
    size_t i;
    json_array_foreach(reply_at(whole, "/values"), i, row)
    {
        const char *value = json_string_value(json_object_get(row, "value"));
        const char *name = text("where.%s=", by);
        if (strstr(window, name))
            continue;
        value = strcmp(value, "Anna K") == 0 ? "Anna+K" : value;
        struct reply *single = get(survey, text("nps?%s&%s%s", window, name, value));
        expect_same(whole, row, single);
        ck_assert_int_eq(responses_of(row) + responses_of(json_object_get(row, "rest")),
                         responses_of(reply_at(whole, "/total")));
    }
}

START_TEST(breakdowns)
{
    static const char *const names[] = {"channel", "agent", "branch", "product"};
    const char *survey = filled();
    for (size_t i = 0; i < COUNT_OF(names); i++)
        for (size_t j = 0; j < COUNT_OF(windows); j++)
            check_breakdown(survey, names[i], windows[j]);
}
END_TEST

static const char *value_text(const json_t *row)
{
    char found[64] = {0};
    json_dumpb(json_object_get(row, "value"), found, sizeof found - 1, JSON_ENCODE_ANY);
    return text("%s", found);
}

/* The row of a value, or NULL. question: of drivers, where it must fit too. */
static json_t *find_row(json_t *rows, const char *question, const char *value)
{
    json_t *row;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        const char *named = json_string_value(json_object_get(row, "question"));
        if ((!question || strcmp(named, question) == 0) && strcmp(value_text(row), value) == 0)
            return row;
    }
    return NULL;
}

static void expect_groups(const json_t *row, const json_t *other)
{
    static const char *const groups[] = {"promoters", "neutrals", "critics"};
    for (size_t i = 0; i < COUNT_OF(groups); i++)
        ck_assert_int_eq(json_integer_value(json_object_get(row, groups[i])),
                         json_integer_value(json_object_get(other, groups[i])));
}

static void check_question(const char *survey, const char *question, const char *window)
{
    struct reply *whole = get(survey, text("nps/breakdown?by=%s&%s", question, window));
    struct reply *told = get(survey, text("questions/%s?%s", question, window));
    struct reply *drivers = get(survey, text("drivers?%s", window));
    json_t *row;
    size_t i;
    json_array_foreach(reply_at(told, "/values"), i, row)
    {
        const char *value = value_text(row);
        json_t *cut = find_row(reply_at(whole, "/values"), NULL, value);
        json_t *driver = find_row(reply_at(drivers, "/drivers"), question, value);
        long long answered = json_integer_value(json_object_get(row, "answered"));
        ck_assert_int_eq(answered, cut ? responses_of(cut) : 0);
        ck_assert_int_eq(answered, driver ? responses_of(driver) : 0);
        expect_groups(row, cut);
        expect_groups(row, driver);
    }
    ck_assert(json_equal(reply_at(drivers, "/total"), reply_at(whole, "/total")));
    ck_assert_int_eq(responses_of(told->json), responses_of(reply_at(whole, "/total")));
}

START_TEST(questions)
{
    static const char *const names[] = {"improve", "used", "calm", "again"};
    const char *survey = filled();
    for (size_t i = 0; i < COUNT_OF(names); i++)
        for (size_t j = 0; j < COUNT_OF(windows); j++)
            check_question(survey, names[i], windows[j]);
}
END_TEST

/* The points, moving windows too, and that the points make up the whole. */
static void check_series(const char *survey, const char *series, const char *filter)
{
    struct reply *whole =
        get(survey, text("nps/series?shape=array&" WINDOW "&%s%s", series, filter));
    long long sum = 0;
    json_t *point;
    size_t i;
    json_array_foreach(whole->json, i, point)
    {
        const char *from = json_string_value(json_object_get(point, "rolling_from"));
        if (!from)
            from = json_string_value(json_object_get(point, "from"));
        const char *to = json_string_value(json_object_get(point, "to"));
        sum += responses_of(point);
        if (i % 7 == 0 || i < 3 || i + 3 > json_array_size(whole->json))
            expect_same(whole, point, get(survey, text("nps?from=%s&to=%s%s", from, to, filter)));
    }
    if (!strstr(series, "rolling"))
        ck_assert_int_eq(sum, responses_of(get(survey, text("nps?" WINDOW "%s", filter))->json));
}

START_TEST(points)
{
    static const char *const series[] = {"interval=hour",
                                         "interval=day",
                                         "interval=week&tz=Asia/Kathmandu",
                                         "interval=month",
                                         "rolling=7d",
                                         "rolling=1mo&interval=week",
                                         "rolling=48h&interval=day&tz=Asia/Kathmandu"};
    const char *survey = filled();
    for (size_t i = 0; i < COUNT_OF(series); i++) {
        check_series(survey, series[i], "");
        check_series(survey, series[i], "&where.branch=south");
    }
    check_series(survey, "interval=day", "&where.branch=south&where.channel=phone");
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = breakdowns}, {.test = questions}, {.test = points}};
    return fixture_run("results-agree", NULL, tests, COUNT_OF(tests));
}
