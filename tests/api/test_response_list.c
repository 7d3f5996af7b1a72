/* The list of answers: its filters, and walking it page by page. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>
#include <time.h>

static struct reply *list(const char *survey, const char *query)
{
    return client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses%s", survey, query);
}

/* The answers of the scene; the number is the score, so that a list of scores names them. */
static const char *const scene[] = {
    "'answered_at':'2026-03-01T00:00:00Z','channel':'web','properties':{'branch':'north'}",
    "'answered_at':'2026-03-02T00:00:00Z','channel':'kiosk','properties':{'branch':'south'}",
    "'answered_at':'2026-03-03T00:00:00Z','channel':'web','answers':{'why':'Slow'}",
    "'answered_at':'2026-03-03T21:00:00Z','channel':'phone','agent':'Ivan'",
    "'answered_at':'2026-03-04T00:00:00Z','channel':'phone','agent':'Anna K'",
    "'answered_at':'2026-03-05T00:00:00Z','channel':'web','answers':{'improve':'wait'}",
    "'answered_at':'2026-03-06T00:00:00Z','channel':'web','properties':{'branch':'north'}",
    "'answered_at':'2026-03-07T00:00:00Z','channel':'web','answers':{'why':'So so'}",
    "'answered_at':'2026-03-08T00:00:00.000001Z','channel':'web','properties':{'branch':'O&M/1'}",
    "'answered_at':'2026-03-09T00:00:00Z','channel':'web','properties':{'product':'north'}",
    ("'answered_at':'2026-03-10T00:00:00Z','channel':'kiosk','properties':{'branch':'north'},"
     "'answers':{'why':'Fast'}"),
};

static const char *make_scene(void)
{
    const char *survey = fixture_survey("'time_zone':'Europe/Moscow'");
    for (int score = 0; score <= 10; score++)
        fixture_answer(survey, score, scene[score]);
    return survey;
}

/* A query and the scores it gives, newest first. */
static const struct {
    const char *query, *scores;
} filters[] = {
    {"", "[10,9,8,7,6,5,4,3,2,1,0]"},
    {"?period=all", "[10,9,8,7,6,5,4,3,2,1,0]"},
    {"?limit=2", "[10,9]"},
    {"?channel=kiosk", "[10,1]"},
    {"?channel=sms", "[]"},
    {"?group=promoter", "[10,9]"},
    {"?group=neutral", "[8,7]"},
    {"?group=critic", "[6,5,4,3,2,1,0]"},
    {"?where.branch=north", "[10,6,0]"},
    {"?where.branch=O%26M%2F1", "[8]"},
    {"?where.branch=nowhere", "[]"},
    {"?where.product=north", "[9]"},
    {"?where.channel=phone", "[4,3]"},
    {"?where.agent=Ivan", "[3]"},
    {"?where.agent=Anna+K", "[4]"},
    {"?where.branch=north&where.channel=kiosk", "[10]"},
    {"?has_text=true", "[10,7,2]"},
    {"?has_text=false", "[9,8,6,5,4,3,1,0]"},
    {"?has_text=true&group=critic", "[2]"},
    {"?from=2026-03-03T00:00:00Z&to=2026-03-05T00:00:00Z", "[4,3,2]"},
    {"?from=2026-03-08T00:00:00.000001Z&to=2026-03-08T00:00:00.000002Z", "[8]"},
    {"?from=2026-03-08T00:00:00.000002Z&to=2026-03-09T00:00:00Z", "[]"},
    /* A date is its start in the zone, here three hours before that in UTC. */
    {"?from=2026-03-04&to=2026-03-05", "[4,3]"},
    {"?from=2026-03-04&to=2026-03-05&tz=UTC", "[4]"},
    {"?from=2026-03-09&tz=UTC", "[10,9]"},
    {"?from=2026-03-01&to=2026-03-31&channel=web&group=critic&where.branch=north&has_text=false",
     "[6,0]"},
    {"?updated_since=2026-01-01T00:00:00Z", "[10,9,8,7,6,5,4,3,2,1,0]"},
    {"?updated_since=2100-01-01T00:00:00Z", "[]"},
};

START_TEST(every_filter)
{
    const char *survey = make_scene();
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        struct reply *reply = expect_status(list(survey, filters[i].query), 200);
        json_t *scores = json_array(), *item;
        size_t j;
        json_array_foreach(reply_at(reply, "/items"), j, item)
            json_array_append(scores, json_object_get(item, "score"));
        json_t *wanted = json_loads(filters[i].scores, 0, NULL);
        ck_assert_msg(json_equal(scores, wanted), "%s: %s, not %s", filters[i].query,
                      json_dumps(scores, 0), filters[i].scores);
        json_decref(scores);
        json_decref(wanted);
    }
}
END_TEST

/* What was changed lately is found by the time of the change. */
START_TEST(updated_since)
{
    const char *survey = make_scene();
    const char *first = reply_string(list(survey, "?channel=kiosk"), "/items/0/id");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const char *since = text_time_us(now.tv_sec * 1000000LL + now.tv_nsec / 1000);
    ck_assert_uint_eq(
        json_array_size(reply_at(list(survey, text("?updated_since=%s", since)), "/items")), 0);
    expect_status(client_patch(fixture_key(ANALYST), "{\"score\":2}", "/v1/surveys/%s/responses/%s",
                               survey, first),
                  200);
    struct reply *reply = list(survey, text("?updated_since=%s", since));
    ck_assert_uint_eq(json_array_size(reply_at(reply, "/items")), 1);
    expect_string(reply, "/items/0/id", first);
}
END_TEST

/* Parameters that are wrong are named. */
static const struct {
    const char *query;
    long status;
    const char *where;
} wrong[] = {
    {"?limit=0", 422, "limit"},
    {"?limit=1001", 422, "limit"},
    {"?limit=ten", 422, "limit"},
    {"?limit=1&limit=1", 400, "limit"},
    {"?cursor=x", 422, "cursor"},
    {"?cursor=", 422, "cursor"},
    {"?cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 422, "cursor"},
    {"?channel=fax", 422, "channel"},
    {"?channel=web&channel=kiosk", 400, "channel"},
    {"?group=detractor", 422, "group"},
    {"?group=", 422, "group"},
    {"?has_text=maybe", 422, "has_text"},
    {"?updated_since=yesterday", 422, "updated_since"},
    {"?updated_since=2026-13-01T00:00:00Z", 422, "updated_since"},
    {"?where.nothing=x", 422, "where.nothing"},
    {"?where.=x", 422, "where."},
    {"?from=x", 422, "from"},
    {"?from=2026-03-05&to=2026-03-04", 422, NULL},
    {"?last=30d&from=2026-03-05", 422, NULL},
    {"?last=30x", 422, "last"},
    {"?period=soon", 422, "period"},
    {"?tz=Mars/Phobos", 422, "tz"},
    {"?colour=red", 422, "colour"},
    {"?limit=0&group=x&colour=red", 422, "group"},
};

START_TEST(wrong_parameters)
{
    const char *survey = fixture_survey("");
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        expect_problem(list(survey, wrong[i].query), wrong[i].status,
                       wrong[i].status == 400 ? "bad-query" : "invalid", wrong[i].where);
    expect_errors(list(survey, "?limit=0&group=x&colour=red&has_text=1&where.nothing=x"), 422,
                  "invalid", "limit group colour has_text where.nothing");
}
END_TEST

enum { WALKED = 250, PAGE = 30, SECONDS_APART = 60 };

/* 250 answers, three at each moment, so that a page's end falls among equals. */
static const char *make_many(void)
{
    const char *survey = fixture_survey("");
    char *body = text_space(WALKED * 120), *at = body;
    for (int i = 0; i < WALKED; i++)
        at += snprintf(at, 120, "%s{\"score\":%d,\"external_id\":\"w-%d\",\"answered_at\":\"%s\"}",
                       i ? "," : "[", i % 11, i, text_time(1767225600 + i / 3 * SECONDS_APART));
    snprintf(at, 2, "]");
    struct reply *reply =
        client_post(fixture_key(ADMIN), body, "/v1/surveys/%s/responses/batch", survey);
    expect_status(reply, 200);
    return survey;
}

static void disturb(const char *survey, int page)
{
    fixture_answer(survey, 1, "");
    fixture_answer(survey, 1, text("'answered_at':'%s'", text_time(1767225600 - page)));
    fixture_answer(survey, 1, "'answered_at':'2026-01-01T01:00:00Z'");
}

/* Each answer that was there at the start comes once, newest first, whatever comes meanwhile. */
START_TEST(walk_is_stable)
{
    const char *survey = make_many();
    char seen[WALKED] = {0};
    const char *query = text("?limit=%d", PAGE);
    long long previous = INT64_MAX;
    for (int page = 0; query; page++) {
        struct reply *reply = expect_status(list(survey, query), 200);
        size_t count = json_array_size(reply_at(reply, "/items"));
        ck_assert_uint_le(count, PAGE);
        for (size_t i = 0; i < count; i++) {
            long long at = expect_time(reply, text("/items/%zu/answered_at", i));
            ck_assert_int_le(at, previous);
            previous = at;
            const char *name =
                json_string_value(reply_at(reply, text("/items/%zu/external_id", i)));
            if (name)
                ck_assert_int_eq(seen[strtol(name + 2, NULL, 10)]++, 0);
        }
        const char *link = header_of(reply, "Link");
        const char *cursor = json_string_value(reply_at(reply, "/next_cursor"));
        ck_assert((cursor != NULL) == (link != NULL && strstr(link, "rel=\"next\"")));
        query = cursor ? text("?limit=%d&cursor=%s", PAGE, cursor) : NULL;
        disturb(survey, page + 1);
        ck_assert_int_lt(page, 100);
    }
    for (int i = 0; i < WALKED; i++)
        ck_assert_msg(seen[i] == 1, "w-%d came %d times", i, seen[i]);
}
END_TEST

/* The Link leads to the next page as it stands, with the same filters. */
START_TEST(link_to_the_next_page)
{
    const char *survey = make_many();
    struct reply *reply = expect_status(list(survey, "?limit=10&group=promoter"), 200);
    const char *link = header_of(reply, "Link");
    ck_assert(link && link[0] == '<' && strchr(link, '>'));
    const char *url = text("%.*s", (int)(strchr(link, '>') - link - 1), link + 1);
    const char *path = strstr(url, "/v1/");
    ck_assert_ptr_nonnull(path);
    struct reply *next = expect_status(client_get(fixture_key(ANALYST), "%s", path), 200);
    ck_assert_uint_eq(json_array_size(reply_at(next, "/items")), 10);
    for (int i = 0; i < 10; i++)
        expect_string(next, text("/items/%d/group", i), "promoter");
    ck_assert_str_ne(reply_string(next, "/items/0/id"), reply_string(reply, "/items/9/id"));
    ck_assert_int_le(expect_time(next, "/items/0/answered_at"),
                     expect_time(reply, "/items/9/answered_at"));
}
END_TEST

/* Behind a proxy, links begin with the address that clients know. */
START_TEST(link_of_a_public_url)
{
    const char *survey = make_many();
    struct daemon daemon;
    const char *settings[] = {"NPSD_PUBLIC_URL=https://nps.example", NULL};
    ck_assert(daemon_start(&daemon, database_url(fixture_database()), settings));
    client_use(daemon.url);
    const char *link = header_of(expect_status(list(survey, "?limit=10"), 200), "Link");
    const char *begin = text("<https://nps.example/v1/surveys/%s/responses?", survey);
    ck_assert_msg(link && strncmp(link, begin, strlen(begin)) == 0, "Link: %s",
                  link ? link : "none");
    client_use(fixture_daemon()->url);
    ck_assert_pstr_eq(daemon_stop(&daemon), NULL);
}
END_TEST

/* A list is for its survey alone, and a hundred long unless asked. */
START_TEST(lengths)
{
    const char *survey = make_many();
    ck_assert_uint_eq(json_array_size(reply_at(list(survey, ""), "/items")), 100);
    struct reply *all = list(survey, "?limit=1000");
    ck_assert_uint_eq(json_array_size(reply_at(all, "/items")), WALKED);
    expect_json(all, "/next_cursor", "null");
    struct reply *exact = list(survey, text("?limit=%d", WALKED));
    expect_json(exact, "/next_cursor", "null");
    expect_json(list(fixture_survey(""), ""), "/items", "[]");
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = every_filter},   {.test = updated_since},         {.test = wrong_parameters},
        {.test = walk_is_stable}, {.test = link_to_the_next_page}, {.test = link_of_a_public_url},
        {.test = lengths},
    };
    return fixture_run("response_list", NULL, tests, COUNT_OF(tests));
}
