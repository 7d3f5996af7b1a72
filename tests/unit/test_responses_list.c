/* Lists of responses: cursors that were not given here, and filters that contradict each other. */
#include "npsd/base/clock.h"
#include "suite.h"
#include "support/unit_call.h"
#include "support/unit_database.h"
#include <string.h>

static struct unit_call c;

static void fill(const char *survey)
{
    unit_call_survey(&c, survey, "");
    unit_pg_sql("insert into response (survey_id, score, channel, answered_at, received_at, id,"
                " body_hash) select id, n %% 11, 0, now() - n * interval '1 h', now(),"
                " gen_random_uuid(), '\\x00' from survey, generate_series(1, 30) n"
                " where slug = '%s'",
                survey);
}

static void setup(void)
{
    unit_call_open(&c);
    fill("one");
    fill("two");
    unit_call_bearer(&c, unit_call_key(&c, ROLE_ANALYST, NULL, NULL));
}

static void teardown(void)
{
    unit_call_done(&c);
}

static struct reply get(const char *survey, const char *query)
{
    unit_call_to(&c, HTTP_GET,
                 arena_printf(&c.arena, "/v1/surveys/%s/responses?%s", survey, query));
    return unit_call_run(&c);
}

static const char *tells(const char *survey, const char *query)
{
    struct reply reply = get(survey, query);
    return unit_reply_tells(&c.arena, &reply);
}

static const char *cursor_of(const char *survey)
{
    struct reply reply = get(survey, "limit=10");
    const json_t *body = unit_reply_json(&c.arena, &reply);
    const char *cursor = json_string_value(json_object_get(body, "next_cursor"));
    ck_assert_ptr_nonnull(cursor);
    return cursor;
}

static const char *tells_of_cursor(const char *survey, const char *cursor)
{
    return tells(survey, arena_printf(&c.arena, "cursor=%s", cursor));
}

START_TEST(cursors_are_for_their_list)
{
    const char *cursor = cursor_of("one");
    ck_assert_str_eq(tells_of_cursor("one", cursor), "200");
    ck_assert_str_eq(tells_of_cursor("two", cursor), "422 invalid cursor");
    ck_assert_str_eq(tells("one", arena_printf(&c.arena, "group=critic&cursor=%s", cursor)), "200");
}
END_TEST

/* No character of it can be changed, left out or added. */
START_TEST(cursors_are_not_made_by_hand)
{
    const char *cursor = cursor_of("one");
    size_t len = strlen(cursor);
    for (size_t i = 0; i < len; i++) {
        char *changed = arena_strdup(&c.arena, cursor);
        changed[i] = changed[i] == 'A' ? 'Q' : 'A';
        ck_assert_msg(strcmp(tells_of_cursor("one", changed), "422 invalid cursor") == 0, "%zu", i);
    }
    static const char *const wrong[] = {"", "x", "..", "%20", "%2B%2F%3D"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        ck_assert_str_eq(tells_of_cursor("one", wrong[i]), "422 invalid cursor");
    ck_assert_str_eq(tells_of_cursor("one", arena_printf(&c.arena, "%sA", cursor)),
                     "422 invalid cursor");
    ck_assert_str_eq(tells_of_cursor("one", arena_printf(&c.arena, "%.*s", (int)len - 1, cursor)),
                     "422 invalid cursor");
}
END_TEST

/* A link goes on where the list ended, with the filters it had, escaped. */
START_TEST(links)
{
    struct reply reply = get("one", "where.channel=web&limit=5&updated_since=2020-01-01T00:00:00Z");
    const char *link = unit_reply_header(&reply, "Link");
    ck_assert_ptr_nonnull(link);
    ck_assert_msg(strncmp(link, "<https://nps.example/v1/surveys/one/responses?cursor=", 53) == 0,
                  "%s", link);
    ck_assert_ptr_nonnull(strstr(link, "&where.channel=web&limit=5&updated_since="
                                       "2020-01-01T00%3A00%3A00Z>; rel=\"next\""));
    const char *query = strchr(link, '?') + 1;
    reply = get("one", arena_printf(&c.arena, "%.*s", (int)strcspn(query, ">"), query));
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_ne(unit_reply_header(&reply, "Link"), link);
}
END_TEST

START_TEST(contradictions)
{
    ck_assert_str_eq(tells("one", "channel=web&where.channel=web"), "422 invalid channel");
    ck_assert_str_eq(tells("one", "channel=web&where.channel=phone"), "422 invalid channel");
    ck_assert_str_eq(tells("one", "channel=web"), "200");
    ck_assert_str_eq(tells("one", "where.channel=web"), "200");
}
END_TEST

START_TEST(kept_by_nobody)
{
    struct reply reply = get("one", "");
    ck_assert_ptr_nonnull(unit_reply_header(&reply, "Cache-Control"));
    ck_assert_ptr_null(strstr(unit_reply_header(&reply, "Cache-Control"), "public"));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {cursors_are_for_their_list, cursors_are_not_made_by_hand, links,
                                  contradictions, kept_by_nobody};
    return unit_database_run_checked("responses_list", setup, teardown, tests, COUNT_OF(tests));
}
