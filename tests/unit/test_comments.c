/* Lists of comments: whose words are there, in which order, and where a cursor leads. */
#include "suite.h"
#include "support/unit_call.h"
#include "support/unit_database.h"
#include <string.h>

static struct unit_call c;

#define QUESTIONS                                                                                  \
    "'facets': ['branch'], 'questions': [{'id': 'recommend', 'type': 'nps', 'text': {'en': 'R'}}," \
    "{'id': 'why', 'type': 'text', 'text': {'en': 'W'}},"                                          \
    "{'id': 'ease', 'type': 'scale', 'min': 1, 'max': 5, 'text': {'en': 'E'}},"                    \
    "{'id': 'more', 'type': 'text', 'text': {'en': 'M'}}]"

/* Answers of the last hours, the newest first: each is told apart by its score. */
static void fill(const char *slug)
{
    unit_pg_sql(
        "insert into facet_value select id, 2, 1, 'Olga' from survey where slug = '%s';"
        "insert into facet_value select id, 3, 1, 'north' from survey where slug = '%s';"
        "insert into response (survey_id, score, channel, answered_at, received_at, id, body_hash,"
        " agent, f1, excluded, erased, language, respondent, answers, properties)"
        " select s.id, score, channel, now() - n * interval '1 h', now(), gen_random_uuid(),"
        "  '\\x00', agent, f1, excluded or erased, erased, 'en', 'Ivan Petrov', answers::jsonb,"
        "  properties::jsonb from survey s, (values"
        " (1, 10, 0, null::int, 1, false, false, '{\"why\":\"Fast\"}', '{\"branch\":\"north\"}'),"
        " (2, 9, 4, 1, null, false, false, '{\"more\":\"Kind\",\"why\":\"Good\"}', null),"
        " (3, 8, 0, null, 0, false, false, '{\"more\":\"Hm\"}', '{\"branch\":\"rare\"}'),"
        " (4, 7, 0, null, 1, true, false, '{\"why\":\"Test\"}', '{\"branch\":\"north\"}'),"
        " (5, 6, 0, null, null, false, true, null, null),"
        " (6, 5, 0, null, null, false, false, '{\"ease\":3}', null),"
        " (7, 4, 0, null, 1, false, false, null, null),"
        " (8, 3, 0, null, 0, false, false, '{\"why\":\"Slow\",\"ease\":1}',"
        "  '{\"branch\":\"rarer\"}'),"
        " (24 * 40, 2, 0, null, null, false, false, '{\"why\":\"Old\"}', null))"
        " v (n, score, channel, agent, f1, excluded, erased, answers, properties)"
        " where slug = '%s'",
        slug, slug, slug);
}

static void setup(void)
{
    unit_call_open(&c);
    unit_call_survey(&c, "one", QUESTIONS);
    unit_call_survey(&c, "two", QUESTIONS);
    fill("one");
    fill("two");
    unit_call_bearer(&c, unit_call_key(&c, ROLE_ANALYST, NULL, NULL));
    unit_call_refresh(&c);
}

static void teardown(void)
{
    unit_call_done(&c);
}

static struct reply get(const char *survey, const char *query)
{
    unit_call_to(&c, HTTP_GET, arena_printf(&c.arena, "/v1/surveys/%s/comments?%s", survey, query));
    return unit_call_run(&c);
}

static const char *tells(const char *survey, const char *query)
{
    struct reply reply = get(survey, query);
    return unit_reply_tells(&c.arena, &reply);
}

static const json_t *body(const char *query)
{
    struct reply reply = get("one", query);
    ck_assert_msg(reply.status == 200, "%s: %s", query, unit_reply_tells(&c.arena, &reply));
    return unit_reply_json(&c.arena, &reply);
}

/* "10 9 8 3 " */
static const char *scores(const char *query)
{
    const json_t *comments = json_object_get(body(query), "items");
    struct buf text = buf_make(&c.arena, 64);
    for (size_t i = 0; i < json_array_size(comments); i++)
        buf_printf(&text, "%d ",
                   (int)json_integer_value(json_object_get(json_array_get(comments, i), "score")));
    return text.data;
}

/* Excluded, erased and silent ones are not there. */
static const struct {
    const char *query, *scores;
} filters[] = {
    {"", "10 9 8 3 "},
    {"period=all", "10 9 8 3 2 "},
    {"last=2h", "10 "},
    {"question=why", "10 9 3 "},
    {"question=more", "9 8 "},
    {"question=more&period=all&group=promoter", "9 "},
    {"group=promoter", "10 9 "},
    {"group=neutral", "8 "},
    {"group=critic", "3 "},
    {"group=critic&period=all", "3 2 "},
    {"where.channel=phone", "9 "},
    {"where.channel=sms", ""},
    {"where.agent=Olga", "9 "},
    {"where.agent=Pavel", ""},
    {"where.branch=north", "10 "},
    {"where.branch=rare", "8 "},
    {"where.branch=rarest", ""},
    {"where.branch=(other)", "8 3 "},
    {"where.branch=north&where.channel=web", "10 "},
    {"where.branch=north&where.agent=Olga", ""},
};

START_TEST(every_filter)
{
    for (size_t i = 0; i < COUNT_OF(filters); i++)
        ck_assert_msg(strcmp(scores(filters[i].query), filters[i].scores) == 0, "%s: %s, not %s",
                      filters[i].query, scores(filters[i].query), filters[i].scores);
}
END_TEST

static const char *without_id(const char *json)
{
    const char *id = strstr(json, "\"id\""), *score = strstr(json, "\"score\"");
    return arena_printf(&c.arena, "%.*s%s", (int)(id - json), json, score);
}

/* Who wrote it is not told; texts come in the order of the questions. */
START_TEST(what_a_comment_says)
{
    struct reply reply = get("one", "where.agent=Olga");
    ck_assert_str_eq(without_id(reply.body),
                     "{\"items\":[{\"score\":9,\"group\":\"promoter\",\"texts\":"
                     "{\"why\":\"Good\",\"more\":\"Kind\"},\"channel\":\"phone\","
                     "\"agent\":\"Olga\",\"language\":\"en\",\"properties\":{}}],"
                     "\"next_cursor\":null}");
    ck_assert_ptr_null(strstr(reply.body, "Ivan"));
    reply = get("one", "where.agent=Olga&question=more");
    ck_assert_ptr_nonnull(strstr(reply.body, "\"texts\":{\"more\":\"Kind\"}"));
    reply = get("one", "where.branch=rarer");
    ck_assert_str_eq(without_id(reply.body),
                     "{\"items\":[{\"score\":3,\"group\":\"critic\",\"texts\":"
                     "{\"why\":\"Slow\"},\"channel\":\"web\",\"agent\":null,\"language\":\"en\","
                     "\"properties\":{\"branch\": \"rarer\"}}],\"next_cursor\":null}");
}
END_TEST

/* What was said to a question that is asked no more stays; nobody finds it by name. */
START_TEST(retired_questions)
{
    unit_pg_sql("update question set position = null where id = 'more'");
    unit_pg_sql("update directory set version = version + 1");
    unit_call_refresh(&c);
    ck_assert_str_eq(scores(""), "10 9 8 3 ");
    ck_assert_str_eq(tells("one", "question=more"), "422 invalid question");
}
END_TEST

START_TEST(without_text_questions)
{
    unit_call_survey(&c, "bare", "'questions': [{'id': 'r', 'type': 'nps', 'text': {'en': 'R'}}]");
    unit_call_refresh(&c);
    ck_assert_str_eq(get("bare", "").body, "{\"items\":[],\"next_cursor\":null}");
    ck_assert_str_eq(tells("bare", "question=r"), "422 invalid question");
}
END_TEST

static const char *const wrong[][2] = {
    {"question=", "question"},
    {"question=nope", "question"},
    {"question=ease", "question"},
    {"question=recommend", "question"},
    {"question=Why", "question"},
    {"group=detractor", "group"},
    {"group=", "group"},
    {"limit=0", "limit"},
    {"limit=1001", "limit"},
    {"limit=", "limit"},
    {"cursor=", "cursor"},
    {"cursor=x", "cursor"},
    {"last=30x", "last"},
    {"period=soon", "period"},
    {"tz=Mars/Olympus", "tz"},
    {"from=2026-01-02&to=2026-01-01", "from"},
    {"where.nothing=x", "where.nothing"},
    {"where.channel=fax", "where.channel"},
    {"channel=web", "channel"},
    {"has_text=true", "has_text"},
    {"compare=previous", "compare"},
};

START_TEST(wrong_queries)
{
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        const char *expected = arena_printf(&c.arena, "422 invalid %s", wrong[i][1]);
        ck_assert_msg(strcmp(tells("one", wrong[i][0]), expected) == 0, "%s: %s", wrong[i][0],
                      tells("one", wrong[i][0]));
    }
    struct reply reply = get("one", "limit=0&group=x&colour=red&question=y&tz=FOO");
    const json_t *refused = unit_reply_json(&c.arena, &reply);
    ck_assert_uint_eq(json_array_size(json_object_get(refused, "errors")), 5);
}
END_TEST

/* --- cursors --- */

static const char *cursor_of(const char *query)
{
    const char *cursor = json_string_value(json_object_get(body(query), "next_cursor"));
    ck_assert_msg(cursor != NULL, "%s", query);
    return cursor;
}

static const char *with(const char *query, const char *cursor)
{
    return arena_printf(&c.arena, "%s%scursor=%s", query, *query ? "&" : "", cursor);
}

START_TEST(pages)
{
    ck_assert_str_eq(scores("limit=2"), "10 9 ");
    const char *cursor = cursor_of("limit=2");
    ck_assert_str_eq(scores(with("limit=1", cursor)), "8 ");
    ck_assert_str_eq(scores(with("", cursor)), "8 3 ");
    ck_assert_str_eq(scores(with("limit=1", cursor_of(with("limit=1", cursor)))), "3 ");
    ck_assert(json_is_null(json_object_get(body(with("", cursor)), "next_cursor")));
    ck_assert(json_is_null(json_object_get(body("limit=4"), "next_cursor")));
}
END_TEST

/* A cursor is for the survey and the parameters it was given for, in any order. */
START_TEST(cursors_are_for_their_list)
{
    const char *query = "group=promoter&period=all&where.channel=web&limit=1";
    unit_pg_sql("update response set channel = 0 where score = 9");
    const char *cursor = cursor_of(query);
    ck_assert_str_eq(scores(with("period=all&where.channel=web&group=promoter", cursor)), "9 ");
    static const char *const others[] = {
        "",
        "period=all&where.channel=web",
        "period=all&where.channel=web&group=critic",
        "period=all&where.channel=phone&group=promoter",
        "period=all&where.channel=web&group=promoter&question=why",
        "where.channel=web&group=promoter",
    };
    for (size_t i = 0; i < COUNT_OF(others); i++)
        ck_assert_msg(strcmp(tells("one", with(others[i], cursor)), "422 invalid cursor") == 0,
                      "%s: %s", others[i], tells("one", with(others[i], cursor)));
    ck_assert_str_eq(tells("two", with("group=promoter&period=all&where.channel=web", cursor)),
                     "422 invalid cursor");
}
END_TEST

/* A walk stays in the window it began in, though last= has moved on, and new answers are not in
 * it. */
START_TEST(walks_stay_in_their_window)
{
    const char *cursor = cursor_of("last=9h&limit=3");
    c.call.received_us += INT64_C(6) * 3600 * 1000000;
    ck_assert_str_eq(scores("last=9h"), "10 9 ");
    ck_assert_str_eq(scores(with("last=9h", cursor)), "3 ");
    unit_pg_sql("insert into response (survey_id, score, channel, answered_at, received_at, id,"
                " body_hash, answers) select id, 0, 0, now(), now(), gen_random_uuid(), '\\x00',"
                " '{\"why\":\"New\"}' from survey where slug = 'one'");
    ck_assert_str_eq(scores(with("last=9h", cursor)), "3 ");
    unit_pg_sql("update response set excluded = true where score in (8, 9)");
    ck_assert_str_eq(scores(with("last=9h", cursor)), "3 ");
}
END_TEST

START_TEST(links_and_tags)
{
    struct reply reply = get("one", "question=why&limit=2");
    const char *link = unit_reply_header(&reply, "Link"), *tag = unit_reply_header(&reply, "ETag");
    ck_assert(link && tag);
    ck_assert_str_eq(unit_reply_header(&reply, "Cache-Control"), "private, no-cache");
    ck_assert_ptr_nonnull(strstr(link, "/v1/surveys/one/comments?cursor="));
    ck_assert_ptr_nonnull(strstr(link, "&question=why&limit=2>; rel=\"next\""));
    const char *query = strchr(link, '?') + 1;
    ck_assert_str_eq(scores(arena_printf(&c.arena, "%.*s", (int)strcspn(query, ">"), query)), "3 ");
    unit_call_header(&c, "If-None-Match", tag);
    ck_assert_int_eq(get("one", "question=why&limit=2").status, 304);
    ck_assert_int_eq(get("one", "question=why").status, 200);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_filter,
                                  what_a_comment_says,
                                  retired_questions,
                                  without_text_questions,
                                  wrong_queries,
                                  pages,
                                  cursors_are_for_their_list,
                                  walks_stay_in_their_window,
                                  links_and_tags};
    return unit_database_run_checked("comments", setup, teardown, tests, COUNT_OF(tests));
}
