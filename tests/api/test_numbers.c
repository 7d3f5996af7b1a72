/* The numbers are exact at every moment: right after each 201, under load, for any window, and also
 * with a second daemon. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Numbers that look random and are the same in every run (splitmix64). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static struct reply *nps(const char *survey, const char *query)
{
    return expect_status(client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps?%s", survey, query),
                         200);
}

/* After every 201 the answer is in the next reply, on the same connection and on a new one. */
START_TEST(read_your_write)
{
    const char *survey = fixture_survey("");
    const char *path = text("/v1/surveys/%s/nps?last=1d", survey);
    for (int i = 1; i <= 200; i++) {
        const char *body = text_json("{'score':%d,'properties':{'branch':'b-%d'}}", i % 11, i % 3);
        expect_status(client_post(NULL, body, "/v1/surveys/%s/responses", survey), 201);
        struct request request = {.path = path, .key = fixture_key(VIEWER)};
        if (i % 2)
            request.headers[0] = "Connection: close";
        expect_int(expect_status(client_send(&request), 200), "/responses", i);
        struct reply *branch = nps(survey, text("where.branch=b-%d", i % 3));
        expect_int(branch, "/responses", (i + (i % 3 ? 3 - i % 3 : 0)) / 3);
    }
}
END_TEST

enum { LOADED = 3000 };

struct load {
    const char *post, *get;
    long sent, acknowledged;
    long floor[LOADED]; /* what was acknowledged when a question was asked; -1 for an answer */
};

static void load_fill(void *closure, size_t number, struct request *ret_request)
{
    struct load *load = closure;
    bool asks = number % 3 == 2;
    load->floor[number] = asks ? load->acknowledged : -1;
    if (asks)
        *ret_request = (struct request){.path = load->get, .key = fixture_key(VIEWER)};
    else
        *ret_request = (struct request){.path = load->post, .body = "{\"score\":9}"};
    load->sent += !asks;
}

static void load_done(void *closure, size_t number, const struct reply *reply)
{
    struct load *load = closure;
    if (load->floor[number] < 0) {
        ck_assert_int_eq(reply->status, 201);
        load->acknowledged++;
        return;
    }
    ck_assert_int_eq(reply->status, 200);
    long count = (long)json_integer_value(reply_at(reply, "/responses"));
    ck_assert_msg(count >= load->floor[number] && count <= load->sent,
                  "%ld counted, %ld acknowledged before, %ld sent", count, load->floor[number],
                  load->sent);
}

/* Many connections post and ask at once: no reply omits what was acknowledged before the question.
 */
START_TEST(numbers_under_load)
{
    const char *survey = fixture_survey("");
    struct load load = {.post = text("/v1/surveys/%s/responses", survey),
                        .get = text("/v1/surveys/%s/nps?last=1d", survey)};
    client_send_many(24, LOADED, load_fill, load_done, &load);
    expect_int(nps(survey, "last=1d"), "/responses", load.sent);
}
END_TEST

enum { KEPT = 2000, WINDOWS = 100 };

struct kept {
    long long at; /* microseconds */
    int score, branch, channel;
    const char *path;
    bool gone; /* taken out or erased */
};

static const char *const channels[] = {"web", "phone", "kiosk"};

/* Over two years, many of them at the very ends of quarter hours, days and months. */
static void make_kept(struct kept *kept, uint64_t *state)
{
    static const long long steps[] = {1, 900, 3600, 86400, 86400 * 31LL};
    long long begin = 1704067200LL, span = 2 * 365 * 86400LL;
    for (int i = 0; i < KEPT; i++) {
        long long step = steps[next_random(state) % 5];
        long long at = begin + (long long)(next_random(state) % (uint64_t)span) / step * step;
        long long us = (long long)(next_random(state) % 3) - 1;
        kept[i] = (struct kept){.at = at * 1000000 + us,
                                .score = (int)(next_random(state) % 11),
                                .branch = (int)(next_random(state) % 4),
                                .channel = (int)(next_random(state) % 3)};
    }
}

static void post_kept(const char *survey, struct kept *kept)
{
    for (int i = 0; i < KEPT; i += 500) {
        char *body = text_space(500 * 160), *at = body;
        for (int j = i; j < i + 500; j++)
            at += snprintf(at, 160,
                           "%s{\"score\":%d,\"channel\":\"%s\",\"properties\":{\"branch\":\"b%d\"},"
                           "\"answered_at\":\"%s\"}",
                           j == i ? "[" : ",", kept[j].score, channels[kept[j].channel],
                           kept[j].branch, text_time_us(kept[j].at));
        snprintf(at, 2, "]");
        struct reply *reply =
            client_post(fixture_key(ADMIN), body, "/v1/surveys/%s/responses/batch", survey);
        for (int j = i; j < i + 500; j++)
            kept[j].path = text("/v1/surveys/%s/responses/%s", survey,
                                reply_string(reply, text("/results/%d/id", j - i)));
    }
}

/* Some are corrected, taken out, or erased. */
static void change_kept(struct kept *kept)
{
    for (int i = 0; i < KEPT; i++)
        if (i % 20 == 1) {
            kept[i].score = 10 - kept[i].score;
            const char *body = text_json("{'score':%d}", kept[i].score);
            expect_status(client_patch(fixture_key(ANALYST), body, "%s", kept[i].path), 200);
        } else if (i % 20 == 2) {
            kept[i].gone = true;
            const char *body = text_json("{'excluded':true,'reason':'test'}");
            expect_status(client_patch(fixture_key(ANALYST), body, "%s", kept[i].path), 200);
        } else if (i % 20 == 3) {
            kept[i].gone = true;
            expect_status(client_delete(fixture_key(ADMIN), "%s", kept[i].path), 204);
        }
}

struct window {
    long long from, to;
    int branch, channel; /* -1: any */
};

static const char *window_query(const struct window *window)
{
    return text("from=%s&to=%s%s%s", text_time_us(window->from), text_time_us(window->to),
                window->branch < 0 ? "" : text("&where.branch=b%d", window->branch),
                window->channel < 0 ? "" : text("&where.channel=%s", channels[window->channel]));
}

static const char *recount(const struct kept *kept, const struct window *window)
{
    int counts[11] = {0};
    for (int i = 0; i < KEPT; i++)
        if (!kept[i].gone && kept[i].at >= window->from && kept[i].at < window->to &&
            (window->branch < 0 || window->branch == kept[i].branch) &&
            (window->channel < 0 || window->channel == kept[i].channel))
            counts[kept[i].score]++;
    const char *histogram = "";
    for (int score = 0; score <= 10; score++)
        histogram = text("%s%c%d", histogram, score ? ',' : '[', counts[score]);
    return text("%s]", histogram);
}

/* An end is that of an answer, or one beside it, so that every kind of edge is cut. */
static long long random_end(const struct kept *kept, uint64_t *state)
{
    return kept[next_random(state) % KEPT].at + (long long)(next_random(state) % 3) - 1;
}

static void expect_recount(const char *survey, const struct kept *kept, uint64_t *state)
{
    for (int i = 0; i < WINDOWS; i++) {
        struct window window = {.from = random_end(kept, state),
                                .to = random_end(kept, state),
                                .branch = (int)(next_random(state) % 6) - 2,
                                .channel = (int)(next_random(state) % 6) - 3};
        if (window.from > window.to) {
            long long from = window.to;
            window.to = window.from;
            window.from = from;
        }
        if (window.from == window.to)
            window.to++;
        expect_json(nps(survey, window_query(&window)), "/histogram", recount(kept, &window));
    }
}

/* Random windows and filters equal a recount of what was sent: at once, after corrections, and
 * after the fold. */
START_TEST(windows_equal_a_recount)
{
    static struct kept kept[KEPT];
    uint64_t state = 20261120;
    const char *survey = fixture_survey("");
    make_kept(kept, &state);
    post_kept(survey, kept);
    expect_recount(survey, kept, &state);
    change_kept(kept);
    expect_recount(survey, kept, &state);
    usleep(1500000);
    expect_recount(survey, kept, &state);
}
END_TEST

/* A second daemon on the same database sees an answer no later than a second after its 201, gives
 * the same ETag for the same body, and replays the same key. */
START_TEST(two_daemons)
{
    const char *survey = fixture_survey("");
    const char *query = text("/v1/surveys/%s/nps?period=all", survey);
    struct daemon other;
    ck_assert(daemon_start(&other, database_url(fixture_database()), NULL));
    for (int i = 1; i <= 5; i++) {
        const char *key = text("Idempotency-Key: two-%d", i);
        struct request post = {.path = text("/v1/surveys/%s/responses", survey),
                               .body = "{\"score\":10}",
                               .headers = {key}};
        struct reply *first = expect_status(client_send(&post), 201);
        client_use(other.url);
        if (i == 5)
            expect_string(expect_status(client_send(&post), 200), "/id",
                          reply_string(first, "/id"));
        usleep(1000000);
        struct reply *there = expect_status(client_get(fixture_key(VIEWER), "%s", query), 200);
        expect_int(there, "/responses", i);
        client_use(fixture_daemon()->url);
        struct reply *here = expect_status(client_get(fixture_key(VIEWER), "%s", query), 200);
        ck_assert_str_eq(here->body, there->body);
        ck_assert_str_eq(header_of(here, "ETag"), header_of(there, "ETag"));
    }
    ck_assert_pstr_eq(daemon_stop(&other), NULL);
}
END_TEST

/* `npsd check` proves the tallies of all that these tests have left. */
START_TEST(check_agrees)
{
    const char *survey = fixture_survey("");
    for (int i = 0; i < 20; i++) {
        struct reply *reply = fixture_answer(survey, i % 11, "");
        const char *path = text("/v1/surveys/%s/responses/%s", survey, reply_string(reply, "/id"));
        if (i % 4 == 1)
            expect_status(client_patch(fixture_key(ADMIN), "{\"score\":3}", "%s", path), 200);
        if (i % 4 == 2)
            expect_status(client_delete(fixture_key(ADMIN), "%s", path), 204);
    }
    struct command check =
        fixture_run_command(fixture_database(), (const char *const[]){"check", NULL});
    ck_assert_msg(check.status == 0, "%s%s", check.out, check.err);
    /* It can fail: a tally that was tampered with is found, and repaired on demand. */
    usleep(1500000);
    database_sql(fixture_database(), "UPDATE tally_month SET n3 = n3 + 1");
    check = fixture_run_command(fixture_database(), (const char *const[]){"check", NULL});
    ck_assert_msg(check.status != 0, "a wrong tally was not found: %s%s", check.out, check.err);
    check =
        fixture_run_command(fixture_database(), (const char *const[]){"check", "--rebuild", NULL});
    ck_assert_msg(check.status == 0, "%s%s", check.out, check.err);
    check = fixture_run_command(fixture_database(), (const char *const[]){"check", NULL});
    ck_assert_msg(check.status == 0, "%s%s", check.out, check.err);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = read_your_write}, {.test = numbers_under_load}, {.test = windows_equal_a_recount},
        {.test = two_daemons},     {.test = check_agrees},
    };
    return fixture_run("numbers", NULL, tests, COUNT_OF(tests));
}
