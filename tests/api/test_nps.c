/* The number: its body, its arithmetic, its filters and its ETag. Windows are in test_windows.c. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MARCH "from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z"

static struct reply *nps(const char *survey, const char *query)
{
    return client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps?%s", survey, query);
}

/* So many answers of each score, at this time, in batches. */
static void post_histogram(const char *survey, const int *histogram, const char *at_time)
{
    int left[11], total = 0;
    for (int score = 0; score <= 10; score++)
        total += left[score] = histogram[score];
    for (int score = 0; total > 0;) {
        char *body = text_space(1000 * 80), *at = body;
        int count = 0;
        for (; count < 1000 && total > 0; count++, total--) {
            while (left[score] == 0)
                score++;
            left[score]--;
            at += snprintf(at, 80, "%s{\"score\":%d,\"answered_at\":\"%s\"}", count ? "," : "[",
                           score, at_time);
        }
        snprintf(at, 2, "]");
        expect_status(
            client_post(fixture_key(ADMIN), body, "/v1/surveys/%s/responses/batch", survey), 200);
    }
}

static void post_groups(const char *survey, int promoters, int neutrals, int critics,
                        const char *at_time)
{
    int histogram[11] = {[9] = promoters, [7] = neutrals, [0] = critics};
    post_histogram(survey, histogram, at_time);
}

/* The documented example, member by member and as text. */
START_TEST(documented_body)
{
    const char *survey = fixture_survey("'time_zone':'Europe/Moscow'");
    const int histogram[11] = {0, 0, 1, 0, 2, 1, 2, 5, 8, 12, 20};
    post_histogram(survey, histogram, "2026-03-10T12:00:00Z");
    post_groups(survey, 20, 14, 6, "2026-02-20T12:00:00Z");
    struct reply *reply = expect_status(nps(survey, MARCH "&compare=previous"), 200);
    const char *wanted = text_json(
        "{'survey':'%s','window':{'from':'2026-03-01T00:00:00Z','to':'2026-04-01T00:00:00Z',"
        "'time_zone':'Europe/Moscow'},'responses':51,'promoters':32,'neutrals':13,'critics':6,"
        "'promoter_share':62.7451,'neutral_share':25.4902,'critic_share':11.7647,'nps':51,"
        "'nps_exact':50.9804,'mean':8.5098,'histogram':[0,0,1,0,2,1,2,5,8,12,20],"
        "'interval':{'method':'adjusted_wald','level':0.95,'low':29.2949,'high':67.0014},"
        "'enough':true,'min_responses':30,'previous':{'responses':40,'nps_exact':35},"
        "'change':{'nps_exact':15.9804,'low':-13.2559,'high':44.4359,'z':1.0593,'p':0.289472}}",
        survey);
    expect_header(reply, "Content-Type", "application/json");
    /* 35 and 35.0 are the same number. */
    const char *body = reply->body;
    const char *real = strstr(body, "\"nps_exact\":35.0");
    if (real)
        body = text("%.*s\"nps_exact\":35%s", (int)(real - body), body, real + 16);
    json_t *found = json_loads(body, 0, NULL), *expected = json_loads(wanted, 0, NULL);
    ck_assert_msg(json_equal(found, expected), "got %s", reply->body);
    json_decref(found);
    json_decref(expected);
    static const char *const texts[] = {"62.7451", "25.4902", "11.7647",  "8.5098",
                                        "29.2949", "67.0014", "0.289472", "15.9804"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *at = strstr(reply->body, texts[i]);
        ck_assert_msg(at && strcspn(at, ",}") == strlen(texts[i]), "%s is not in %s", texts[i],
                      reply->body);
    }
    reply = nps(survey, MARCH);
    expect_none(reply, "/previous");
    expect_none(reply, "/change");
}
END_TEST

static json_t *vectors(void)
{
    json_t *all = json_load_file(text("%s/nps_vectors.json", getenv("NPSD_TEST_DATA")), 0, NULL);
    ck_assert_ptr_nonnull(all);
    return all;
}

static int number_at(json_t *json, const char *name)
{
    return (int)json_integer_value(json_object_get(json, name));
}

static double real_at(json_t *json, const char *name)
{
    return json_number_value(json_object_get(json, name));
}

/* The published vectors of single windows. */
START_TEST(single_vectors)
{
    json_t *all = vectors(), *vector;
    size_t i;
    json_array_foreach(json_object_get(all, "single"), i, vector)
    {
        const char *survey = fixture_survey("");
        post_groups(survey, number_at(vector, "promoters"), number_at(vector, "passives"),
                    number_at(vector, "detractors"), "2026-03-10T12:00:00Z");
        struct reply *reply = expect_status(nps(survey, MARCH), 200);
        expect_int(reply, "/responses", number_at(vector, "n"));
        expect_int(reply, "/nps", number_at(vector, "nps_rounded"));
        expect_real(reply, "/nps_exact", real_at(vector, "nps"));
        expect_real(reply, "/promoter_share", real_at(vector, "promoter_pct"));
        expect_real(reply, "/neutral_share", real_at(vector, "passive_pct"));
        expect_real(reply, "/critic_share", real_at(vector, "detractor_pct"));
        json_t *interval = json_object_get(vector, "adj_wald_clamped");
        expect_real(reply, "/interval/low", json_number_value(json_array_get(interval, 0)));
        expect_real(reply, "/interval/high", json_number_value(json_array_get(interval, 1)));
        expect_json(reply, "/enough", number_at(vector, "n") >= 30 ? "true" : "false");
    }
    json_decref(all);
}
END_TEST

static void post_pair(const char *survey, json_t *groups, const char *at_time)
{
    int counts[3];
    for (size_t i = 0; i < 3; i++)
        counts[i] = (int)json_integer_value(json_array_get(groups, i));
    post_groups(survey, counts[0], counts[1], counts[2], at_time);
}

/* The published vectors of pairs of windows; the change itself is the raw difference. */
START_TEST(pair_vectors)
{
    json_t *all = vectors(), *vector;
    size_t i;
    json_array_foreach(json_object_get(all, "two_window"), i, vector)
    {
        const char *survey = fixture_survey("");
        post_pair(survey, json_object_get(vector, "a"), "2026-02-20T12:00:00Z");
        post_pair(survey, json_object_get(vector, "b"), "2026-03-10T12:00:00Z");
        struct reply *reply = expect_status(nps(survey, MARCH "&compare=previous"), 200);
        json_t *adjusted = json_object_get(vector, "adj");
        json_t *ends = json_object_get(adjusted, "ci");
        expect_real(reply, "/change/nps_exact", real_at(json_object_get(vector, "wald"), "diff"));
        expect_real(reply, "/change/low", json_number_value(json_array_get(ends, 0)));
        expect_real(reply, "/change/high", json_number_value(json_array_get(ends, 1)));
        expect_real(reply, "/change/z", real_at(adjusted, "z"));
        double p = json_number_value(reply_at(reply, "/change/p"));
        ck_assert_double_eq_tol(p, real_at(adjusted, "p"), 0.0000005);
    }
    json_decref(all);
}
END_TEST

/* Without answers counts are 0 and everything computed is null, never 0 and never a division. */
START_TEST(empty_window)
{
    const char *survey = fixture_survey("");
    struct reply *reply = expect_status(nps(survey, MARCH "&compare=previous"), 200);
    static const char *const zeros[] = {"/responses", "/promoters", "/neutrals", "/critics"};
    for (size_t i = 0; i < COUNT_OF(zeros); i++)
        expect_int(reply, zeros[i], 0);
    static const char *const nulls[] = {
        "/promoter_share", "/neutral_share", "/critic_share", "/nps", "/nps_exact", "/mean"};
    for (size_t i = 0; i < COUNT_OF(nulls); i++)
        expect_json(reply, nulls[i], "null");
    ck_assert(json_is_null(reply_at(reply, "/interval")) ||
              (json_is_null(reply_at(reply, "/interval/low")) &&
               json_is_null(reply_at(reply, "/interval/high"))));
    expect_json(reply, "/histogram", "[0,0,0,0,0,0,0,0,0,0,0]");
    expect_json(reply, "/enough", "false");
    expect_int(reply, "/previous/responses", 0);
    expect_json(reply, "/previous/nps_exact", "null");
    expect_json(reply, "/change", "null");
    post_groups(survey, 1, 0, 0, "2026-03-10T12:00:00Z");
    expect_json(nps(survey, MARCH "&compare=previous"), "/change", "null");
    reply = nps(survey, "from=2026-04-01T00:00:00Z&to=2026-05-01T00:00:00Z&compare=previous");
    expect_json(reply, "/change", "null");
    expect_int(reply, "/previous/responses", 1);
    expect_real(reply, "/previous/nps_exact", 100);
}
END_TEST

/* A skipped question is nobody's answer: it dilutes no share. */
START_TEST(skipped_questions_dilute_nothing)
{
    const char *survey = fixture_survey("");
    fixture_answer(survey, 10, "");
    fixture_answer(survey, 10, "'answers':{'why':'x','improve':'wait'}");
    fixture_answer(survey, 0, "'answers':{}");
    struct reply *reply = nps(survey, "last=30d");
    expect_int(reply, "/responses", 3);
    expect_real(reply, "/promoter_share", 66.6667);
    expect_real(reply, "/nps_exact", 33.3333);
    expect_int(reply, "/nps", 33);
    expect_real(reply, "/mean", 6.6667);
}
END_TEST

/* Enough is the survey's own threshold, reached and not passed. */
START_TEST(enough)
{
    const char *survey = fixture_survey("'min_responses':3");
    for (int i = 1; i <= 4; i++) {
        fixture_answer(survey, 5, "");
        struct reply *reply = nps(survey, "last=30d");
        expect_int(reply, "/min_responses", 3);
        expect_json(reply, "/enough", i >= 3 ? "true" : "false");
    }
}
END_TEST

/* Any facet, channel and agent, alone and together. */
START_TEST(filters)
{
    const char *survey = fixture_survey("'facets':['branch','product']");
    fixture_answer(survey, 0, "'properties':{'branch':'north','product':'a'},'channel':'web'");
    fixture_answer(survey, 1, "'properties':{'branch':'north','product':'b'},'channel':'kiosk'");
    fixture_answer(survey, 2, "'properties':{'branch':'Süd & 1/2','product':'a'},'agent':'Ivan'");
    fixture_answer(survey, 3, "'properties':{'product':'a','shop':'x'}");
    fixture_answer(survey, 4, "'channel':'kiosk'");
    static const struct {
        const char *query, *histogram;
    } cases[] = {
        {"where.branch=north", "[1,1,0,0,0,0,0,0,0,0,0]"},
        {"where.branch=North", "[0,0,0,0,0,0,0,0,0,0,0]"},
        {"where.branch=S%C3%BCd+%26+1%2F2", "[0,0,1,0,0,0,0,0,0,0,0]"},
        {"where.product=a", "[1,0,1,1,0,0,0,0,0,0,0]"},
        {"where.channel=kiosk", "[0,1,0,0,1,0,0,0,0,0,0]"},
        {"where.agent=Ivan", "[0,0,1,0,0,0,0,0,0,0,0]"},
        {"where.agent=Nobody", "[0,0,0,0,0,0,0,0,0,0,0]"},
        {"where.branch=north&where.product=a", "[1,0,0,0,0,0,0,0,0,0,0]"},
        {"where.branch=north&where.channel=kiosk", "[0,1,0,0,0,0,0,0,0,0,0]"},
        {"where.channel=web&where.agent=Ivan&where.product=a", "[0,0,1,0,0,0,0,0,0,0,0]"},
        {"where.branch=north&where.agent=Ivan", "[0,0,0,0,0,0,0,0,0,0,0]"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reply *reply = expect_status(nps(survey, cases[i].query), 200);
        expect_json(reply, "/histogram", cases[i].histogram);
        reply = nps(survey, text("period=all&%s", cases[i].query));
        expect_json(reply, "/histogram", cases[i].histogram);
    }
    expect_problem(nps(survey, "where.shop=x"), 422, "invalid", "where.shop");
    expect_problem(nps(survey, "where.why=x"), 422, "invalid", "where.why");
    expect_problem(nps(survey, "where.channel=fax"), 422, "invalid", "where.channel");
}
END_TEST

/* Beyond a thousand values a facet counts no more of them, yet each is answered exactly. */
START_TEST(many_values)
{
    const char *survey = fixture_survey("");
    for (int batch = 0; batch < 3; batch++) {
        char *body = text_space(500 * 80), *at = body;
        for (int i = 0; i < 500; i++)
            at += snprintf(at, 80, "%s{\"score\":%d,\"properties\":{\"branch\":\"b-%d\"}}",
                           i ? "," : "[", i % 11, batch * 500 + i);
        snprintf(at, 2, "]");
        struct reply *reply = expect_status(
            client_post(fixture_key(ADMIN), body, "/v1/surveys/%s/responses/batch", survey), 200);
        for (int i = 0; i < 500; i++) /* a machine too busy for it would spool them */
            expect_int(reply, text("/results/%d/status", i), 201);
    }
    static const int values[] = {0, 499, 998, 999, 1000, 1001, 1499};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct reply *reply = nps(survey, text("where.branch=b-%d", values[i]));
        expect_int(expect_status(reply, 200), "/responses", 1);
        expect_int(reply, text("/histogram/%d", values[i] % 500 % 11), 1);
    }
    expect_int(nps(survey, "last=30d"), "/responses", 1500);
    ck_assert_int_le(database_number(fixture_database(),
                                     "SELECT max(c) FROM (SELECT count(*) c FROM facet_value"
                                     " GROUP BY survey_id, facet) x"),
                     1001);
}
END_TEST

static struct reply *conditional(const char *survey, const char *header)
{
    const char *path = text("/v1/surveys/%s/nps?period=all", survey);
    return client_send(
        &(struct request){.path = path, .key = fixture_key(VIEWER), .headers = {header}});
}

/* A strong ETag; whoever has it gets 304 without a body, until an answer comes. */
START_TEST(etags)
{
    const char *survey = fixture_survey("");
    fixture_answer(survey, 9, "");
    struct reply *first = expect_status(nps(survey, "period=all"), 200);
    const char *tag = header_of(first, "ETag");
    ck_assert(tag && tag[0] == '"' && strlen(tag) > 2 && tag[strlen(tag) - 1] == '"');
    expect_header(first, "Cache-Control", "private, no-cache");
    const char *const same[] = {
        text("If-None-Match: %s", tag), "If-None-Match: *", text("If-None-Match: \"x\", %s", tag),
        text("If-None-Match: \"a,b\",%s,\"y\"", tag), text("If-None-Match: W/%s", tag)};
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        struct reply *reply = expect_status(conditional(survey, same[i]), 304);
        ck_assert_uint_eq(reply->size, 0);
        expect_header(reply, "ETag", tag);
        expect_header(reply, "Cache-Control", "private, no-cache");
        ck_assert_ptr_nonnull(header_of(reply, "Date"));
        ck_assert_ptr_nonnull(header_of(reply, "X-Request-Id"));
    }
    const char *const other[] = {"If-None-Match: \"x\"", "If-None-Match: x", "If-None-Match: \"",
                                 text("If-None-Match: %.*s", (int)strlen(tag) - 2, tag + 1),
                                 "If-None-Match: \"*\""};
    for (size_t i = 0; i < COUNT_OF(other); i++)
        ck_assert_str_eq(expect_status(conditional(survey, other[i]), 200)->body, first->body);
    fixture_answer(survey, 9, "");
    struct reply *changed = expect_status(conditional(survey, same[0]), 200);
    expect_int(changed, "/responses", 2);
    ck_assert_str_ne(header_of(changed, "ETag"), tag);
    ck_assert_str_ne(header_of(nps(survey, "period=all&tz=Asia/Tokyo"), "ETag"),
                     header_of(changed, "ETag"));
}
END_TEST

/* Whoever may not see the number may not learn by its ETag either. */
START_TEST(etag_needs_the_key)
{
    const char *survey = fixture_survey("");
    struct request request = {.path = text("/v1/surveys/%s/nps", survey),
                              .headers = {"If-None-Match: *"}};
    expect_problem(client_send(&request), 401, "unauthorized", NULL);
    request.key = fixture_key(SUBMIT);
    expect_problem(client_send(&request), 403, "forbidden", NULL);
}
END_TEST

/* Wrong queries, each parameter named. */
static const struct {
    const char *query;
    long status;
    const char *where;
} wrong[] = {
    {"tz=Mars/Phobos", 422, "tz"},
    {"tz=", 422, "tz"},
    {"tz=FOO5BAR", 422, "tz"},
    {"tz=../../etc/passwd", 422, "tz"},
    {"where.nothing=x", 422, "where.nothing"},
    {"where.=x", 422, "where."},
    {"where=x", 422, "where"},
    {"colour=red", 422, "colour"},
    {"Last=30d", 422, "Last"},
    {"compare=next", 422, "compare"},
    {"compare=", 422, "compare"},
    {"last=30d&last=30d", 400, "last"},
    {"last=30d&last=7d", 400, "last"},
    {"where.branch=a&where.branch=b", 400, "where.branch"},
    {"tz=UTC&tz=UTC", 400, "tz"},
    {"colour=red&colour=red", 400, "colour"},
};

START_TEST(wrong_queries)
{
    const char *survey = fixture_survey("");
    expect_problem(nps(survey, wrong[_i].query), wrong[_i].status,
                   wrong[_i].status == 400 ? "bad-query" : "invalid", wrong[_i].where);
}
END_TEST

START_TEST(wrong_queries_at_once)
{
    expect_errors(nps(fixture_survey(""), "colour=red&where.nothing=x&tz=Mars/Phobos&compare=no"
                                          "&last=30x"),
                  422, "invalid", "colour where.nothing tz compare last");
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = documented_body},
        {.test = single_vectors},
        {.test = pair_vectors},
        {.test = empty_window},
        {.test = skipped_questions_dilute_nothing},
        {.test = enough},
        {.test = filters},
        {.test = many_values},
        {.test = etags},
        {.test = etag_needs_the_key},
        {.test = wrong_queries, .rows = COUNT_OF(wrong)},
        {.test = wrong_queries_at_once},
    };
    return fixture_run("nps", NULL, tests, COUNT_OF(tests));
}
