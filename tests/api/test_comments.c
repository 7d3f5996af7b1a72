/* What people wrote: which answers are there, and walking through them page by page. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"

#include <string.h>

static struct reply *comments(const char *survey, const char *query)
{
    return client_get(fixture_key(ANALYST), "/v1/surveys/%s/comments?%s", survey, query);
}

/* "[9,3]": the scores of the comments, which name them. */
static void expect_scores(const char *survey, const char *query, const char *scores)
{
    struct reply *reply = expect_status(comments(survey, query), 200);
    json_t *found = json_array(), *wanted = json_loads(scores, 0, NULL), *item;
    size_t i;
    json_array_foreach(reply_at(reply, "/items"), i, item)
        json_array_append(found, json_object_get(item, "score"));
    ck_assert_msg(json_equal(found, wanted), "%s: %s, not %s", query, reply->body, scores);
    json_decref(found);
    json_decref(wanted);
}

START_TEST(one_comment)
{
    const char *survey = fixture_survey("");
    fixture_answer(
        survey, 6,
        "'answers':{'why':'Слишком <медленно> & \\'дорого\\'','improve':'wait'},"
        "'answered_at':'2026-03-01T10:00:00.25Z','channel':'phone','agent':'Ivan','language':'ru',"
        "'respondent':'c-17','external_id':'x-1','properties':{'branch':'north'}");
    struct reply *reply = expect_status(comments(survey, "period=all"), 200);
    expect_header(reply, "Content-Type", "application/json");
    expect_header(reply, "Cache-Control", "private, no-cache");
    expect_json(reply, "/next_cursor", "null");
    ck_assert_uint_eq(json_array_size(reply_at(reply, "/items")), 1);
    ck_assert_uint_eq(json_object_size(reply_at(reply, "/items/0")), 9);
    expect_string(reply, "/items/0/answered_at", "2026-03-01T10:00:00.25Z");
    expect_int(reply, "/items/0/score", 6);
    expect_string(reply, "/items/0/group", "critic");
    expect_string(reply, "/items/0/channel", "phone");
    expect_string(reply, "/items/0/agent", "Ivan");
    expect_string(reply, "/items/0/language", "ru");
    expect_json(reply, "/items/0/properties", "{\"branch\":\"north\"}");
    ck_assert_uint_eq(json_object_size(reply_at(reply, "/items/0/texts")), 1);
    const char *id = reply_string(reply, "/items/0/id");
    struct reply *row = expect_status(
        client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses/%s", survey, id), 200);
    expect_string(reply, "/items/0/texts/why", reply_string(row, "/answers/why"));
    /* Who it was stays with the row. */
    expect_string(row, "/respondent", "c-17");
    ck_assert_ptr_null(strstr(reply->body, "c-17"));
    ck_assert_ptr_null(strstr(reply->body, "x-1"));
}
END_TEST

/* Silence, blanks, what was taken back, excluded or erased is no comment. */
START_TEST(what_is_no_comment)
{
    const char *survey = fixture_survey("");
    fixture_answer(survey, 1, "");
    fixture_answer(survey, 2, "'answers':{'improve':'wait'}");
    fixture_answer(survey, 3, "'answers':{'why':''}");
    fixture_answer(survey, 4, "'answers':{'why':' \\t\\n '}");
    const char *changed = reply_string(fixture_answer(survey, 5, "'answers':{'why':'a'}"), "/id");
    const char *excluded = reply_string(fixture_answer(survey, 6, "'answers':{'why':'b'}"), "/id");
    const char *erased = reply_string(fixture_answer(survey, 7, "'answers':{'why':'c'}"), "/id");
    fixture_answer(survey, 8, "'answers':{'why':'d'}");
    expect_scores(survey, "", "[8,7,6,5]");
    expect_status(client_patch(fixture_key(ANALYST), "{\"answers\":{\"why\":null}}",
                               "/v1/surveys/%s/responses/%s", survey, changed),
                  200);
    expect_scores(survey, "", "[8,7,6]");
    expect_status(client_patch(fixture_key(ANALYST), "{\"excluded\":true,\"reason\":\"test\"}",
                               "/v1/surveys/%s/responses/%s", survey, excluded),
                  200);
    expect_scores(survey, "", "[8,7]");
    expect_status(
        client_delete(fixture_key(ANALYST), "/v1/surveys/%s/responses/%s", survey, erased), 204);
    expect_scores(survey, "", "[8]");
    expect_status(client_patch(fixture_key(ANALYST), "{\"excluded\":false}",
                               "/v1/surveys/%s/responses/%s", survey, excluded),
                  200);
    expect_scores(survey, "", "[8,6]");
}
END_TEST

START_TEST(filters)
{
    const char *survey = fixture_survey("");
    fixture_answer(survey, 10, "'answers':{'why':'a'},'properties':{'branch':'O&M/1'}");
    fixture_answer(survey, 8, "'answers':{'why':'b'},'channel':'kiosk'");
    fixture_answer(survey, 3, "'answers':{'why':'c'},'answered_at':'2026-03-01T00:00:00Z'");
    expect_scores(survey, "", "[8,10]");
    expect_scores(survey, "period=all", "[8,10,3]");
    expect_scores(survey, "period=all&group=critic", "[3]");
    expect_scores(survey, "from=2026-03-01&to=2026-03-02", "[3]");
    expect_scores(survey, "where.branch=O%26M%2F1", "[10]");
    expect_scores(survey, "where.channel=kiosk", "[8]");
    expect_scores(survey, "question=why&where.channel=web&group=promoter", "[10]");
    expect_problem(comments(survey, "question=improve"), 422, "invalid", "question");
    expect_problem(comments(survey, "group=detractor"), 422, "invalid", "group");
    expect_problem(comments(survey, "limit=1001"), 422, "invalid", "limit");
    expect_problem(comments(survey, "group=critic&group=critic"), 400, "bad-query", "group");
    expect_errors(comments(survey, "limit=0&cursor=x&colour=red&where.shop=x&last=5"), 422,
                  "invalid", "limit cursor colour where.shop last");
}
END_TEST

enum { WALKED = 130, PAGE = 20 };

/* 130 comments, three at each moment, so that a page's end falls among equals. */
static const char *make_many(void)
{
    const char *survey = fixture_survey("");
    char *body = text_space(WALKED * 150), *at = body;
    for (int i = 0; i < WALKED; i++)
        at +=
            snprintf(at, 150, "%s{\"score\":5,\"answers\":{\"why\":\"%d\"},\"answered_at\":\"%s\"}",
                     i ? "," : "[", i, text_time(1767225600 + i / 3));
    snprintf(at, 2, "]");
    expect_status(client_post(fixture_key(ADMIN), body, "/v1/surveys/%s/responses/batch", survey),
                  200);
    return survey;
}

/* The path of a Link. */
static const char *next_of(const struct reply *reply)
{
    const char *link = header_of(reply, "Link");
    return link
               ? text("%.*s", (int)(strchr(link, '>') - strstr(link, "/v1/")), strstr(link, "/v1/"))
               : NULL;
}

static void disturb(const char *survey, int page)
{
    fixture_answer(survey, 5, "'answers':{'why':'new'}");
    fixture_answer(
        survey, 5,
        text("'answers':{'why':'new'},'answered_at':'%s'", text_time(1767225600 + page)));
}

/* Each comment that was there at the start comes once, whatever comes meanwhile. */
START_TEST(walk_is_stable)
{
    const char *survey = make_many();
    char seen[WALKED] = {0};
    const char *path =
        text("/v1/surveys/%s/comments?limit=%d&group=critic&period=all", survey, PAGE);
    for (int page = 0; path; page++) {
        struct reply *reply = expect_status(client_get(fixture_key(ANALYST), "%s", path), 200);
        json_t *item;
        size_t i;
        json_array_foreach(reply_at(reply, "/items"), i, item)
        {
            const char *why = json_string_value(json_at(item, "/texts/why"));
            if (strcmp(why, "new") != 0)
                ck_assert_int_eq(seen[strtol(why, NULL, 10)]++, 0);
        }
        ck_assert_uint_le(i, PAGE);
        path = next_of(reply);
        ck_assert((path != NULL) == json_is_string(reply_at(reply, "/next_cursor")));
        disturb(survey, page);
        ck_assert_int_lt(page, 50);
    }
    for (int i = 0; i < WALKED; i++)
        ck_assert_msg(seen[i] == 1, "comment %d came %d times", i, seen[i]);
}
END_TEST

START_TEST(etags)
{
    const char *survey = fixture_survey("");
    fixture_answer(survey, 5, "'answers':{'why':'a'}");
    const char *path = text("/v1/surveys/%s/comments?period=all", survey);
    const char *tag =
        header_of(expect_status(client_get(fixture_key(ANALYST), "%s", path), 200), "ETag");
    const struct request request = {
        .path = path, .key = fixture_key(ANALYST), .headers = {text("If-None-Match: %s", tag)}};
    ck_assert_uint_eq(expect_status(client_send(&request), 304)->size, 0);
    fixture_answer(survey, 5, "'answers':{'why':'b'}");
    expect_status(client_send(&request), 200);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = one_comment}, {.test = what_is_no_comment},
        {.test = filters},     {.test = walk_is_stable},
        {.test = etags},
    };
    return fixture_run("comments", NULL, tests, COUNT_OF(tests));
}
