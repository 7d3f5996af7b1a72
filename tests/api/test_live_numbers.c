/* Numbers that go on with what is committed, without a query for each answer: whoever polls while
 * answers come sees all that was acknowledged before, nothing that was not sent, and corrections
 * and others' answers as soon as ever. */
#include "npsd/base/clock.h"
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLACK_US INT64_C(300000) /* for machines that have other work: on top of a second */

/* --- a connection of a thread's own: client.h has one a process --- */

struct wire {
    CURL *curl;
    struct curl_slist *headers;
    char body[32768]; /* of the last reply */
    size_t size;
    char wrong[400]; /* the first thing that was; a thread cannot fail the test */
};

static size_t take(char *bytes, size_t size, size_t count, void *closure)
{
    struct wire *wire = closure;
    if (wire->size + size * count >= sizeof wire->body)
        return 0;
    memcpy(wire->body + wire->size, bytes, size * count);
    wire->size += size * count;
    wire->body[wire->size] = '\0';
    return size * count;
}

static void wire_open(struct wire *wire, const char *key)
{
    char line[256];
    *wire = (struct wire){.curl = curl_easy_init()};
    snprintf(line, sizeof line, "Authorization: Bearer %s", key);
    wire->headers = curl_slist_append(NULL, line);
    wire->headers = curl_slist_append(wire->headers, "Content-Type: application/json");
    wire->headers = curl_slist_append(wire->headers, "Expect:");
    curl_easy_setopt(wire->curl, CURLOPT_HTTPHEADER, wire->headers);
    curl_easy_setopt(wire->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(wire->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(wire->curl, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(wire->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(wire->curl, CURLOPT_WRITEDATA, wire);
}

static void wire_close(struct wire *wire)
{
    curl_easy_cleanup(wire->curl);
    curl_slist_free_all(wire->headers);
}

/* To the program's daemon. The status, or 0; body NULL: GET. */
static long wire_send(struct wire *wire, const char *path, const char *body)
{
    char url[512];
    long status = 0;
    snprintf(url, sizeof url, "%s/v1/surveys/%s", fixture_daemon()->url, path);
    wire->size = 0;
    curl_easy_setopt(wire->curl, CURLOPT_URL, url);
    if (body)
        curl_easy_setopt(wire->curl, CURLOPT_POSTFIELDS, body);
    else
        curl_easy_setopt(wire->curl, CURLOPT_HTTPGET, 1L);
    if (curl_easy_perform(wire->curl) == CURLE_OK)
        curl_easy_getinfo(wire->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* The number at a place of the last reply, -1 if there is none. */
static long wire_number(const struct wire *wire, const char *pointer)
{
    json_t *json = json_loadb(wire->body, wire->size, 0, NULL);
    json_t *found = json_at(json, pointer);
    long number = json_is_integer(found) ? (long)json_integer_value(found) : -1;
    json_decref(json);
    return number;
}

static void complain(struct wire *wire, const char *what, const char *path, long a, long b)
{
    char wrong[sizeof wire->wrong];
    snprintf(wrong, sizeof wrong, "%.150s: %s: %ld, %ld: %.150s", path, what, a, b, wire->body);
    if (!*wire->wrong)
        memcpy(wire->wrong, wrong, sizeof wrong);
}

/* --- what is asked, and what is sent --- */

/* A number of a reply, and the rows of response r that it counts. */
struct number {
    const char *query, *pointer, *rows;
};

enum { TOTAL, OF_CHANNEL, OF_BRANCH, OF_AGENT, CURRENT, PREVIOUS, NUMBERS };

static const struct number numbers[NUMBERS] = {
    [TOTAL] = {"period=all", "/responses", "true"},
    [OF_CHANNEL] = {"period=all&where.channel=email", "/responses", "channel = 1"},
    [OF_BRANCH] = {"period=all&where.branch=north", "/responses",
                   "properties->>'branch' = 'north'"},
    [OF_AGENT] = {"period=all&where.agent=Olga", "/responses",
                  "agent = (select id from facet_value f where f.survey_id = r.survey_id"
                  " and facet = 2 and value = 'Olga')"},
    [CURRENT] = {"last=30d&compare=previous", "/responses",
                 "answered_at > now() - interval '20 days'"},
    [PREVIOUS] = {"last=30d&compare=previous", "/previous/responses",
                  "answered_at < now() - interval '20 days'"},
};

/* Of answers, which are numbered: each third has a channel, and so on. */
static bool is_in(int number, long answer)
{
    const bool in[NUMBERS] = {true,           answer % 3 == 1, answer % 5 < 2,
                              answer % 7 < 3, answer % 4 != 3, answer % 4 == 3};
    return in[number];
}

static size_t print_answer(char *text, size_t size, long answer, const char *before)
{
    static const char *const channels[] = {"web", "email", "kiosk"};
    int len = snprintf(
        text, size, "{\"score\":%ld,\"channel\":\"%s\",\"properties\":{\"branch\":\"%s\"}%s%s%s",
        answer * 7 % 11, channels[answer % 3], is_in(OF_BRANCH, answer) ? "north" : "south",
        is_in(OF_AGENT, answer) ? ",\"agent\":\"Olga\"" : "",
        is_in(PREVIOUS, answer) ? ",\"answered_at\":" : "", is_in(PREVIOUS, answer) ? before : "");
    return (size_t)len + (size_t)snprintf(text + len, size - (size_t)len, "}");
}

/* --- those who send and those who poll --- */

enum { WRITERS = 3, READERS = 3, ROUNDS = 120, BATCH = 7, BODY_SIZE = 4096 };

struct flow {
    const char *survey;
    char before[40]; /* a time in the window before, as JSON */
    atomic_long next;
    atomic_long sent[NUMBERS], acknowledged[NUMBERS];
    atomic_int writing;
    struct wire wires[WRITERS + READERS];
    pthread_t threads[WRITERS + READERS];
    atomic_int started;
};

static void add_up(atomic_long *counts, long first, long count)
{
    for (int number = 0; number < NUMBERS; number++)
        for (long answer = first; answer < first + count; answer++)
            atomic_fetch_add(&counts[number], is_in(number, answer));
}

/* One answer, or a batch of them. */
static void post_some(struct flow *flow, struct wire *wire, long count)
{
    char body[BODY_SIZE], path[128];
    size_t len = 0;
    long first = atomic_fetch_add(&flow->next, count);
    for (long i = 0; i < count; i++) {
        if (count > 1)
            body[len++] = i == 0 ? '[' : ',';
        len += print_answer(body + len, sizeof body - len, first + i, flow->before);
    }
    snprintf(body + len, sizeof body - len, "%s", count > 1 ? "]" : "");
    snprintf(path, sizeof path, "%s/responses%s", flow->survey, count > 1 ? "/batch" : "");
    add_up(flow->sent, first, count);
    long status = wire_send(wire, path, body);
    if (status != (count > 1 ? 200 : 201))
        complain(wire, "not taken", path, status, count);
    add_up(flow->acknowledged, first, count);
}

static void *write_answers(void *closure)
{
    struct flow *flow = closure;
    int own = atomic_fetch_add(&flow->started, 1);
    for (int i = 0; i < ROUNDS; i++)
        post_some(flow, &flow->wires[own], i % 4 == own ? BATCH : 1);
    atomic_fetch_sub(&flow->writing, 1);
    return NULL;
}

/* Between what was acknowledged before it began and what was sent before it ended, and never less
 * than this connection has seen. */
static void poll_number(struct flow *flow, struct wire *wire, int number, long *last)
{
    char path[128];
    snprintf(path, sizeof path, "%s/nps?%s", flow->survey, numbers[number].query);
    long least = atomic_load(&flow->acknowledged[number]);
    long status = wire_send(wire, path, NULL);
    long most = atomic_load(&flow->sent[number]);
    long found = wire_number(wire, numbers[number].pointer);
    if (status != 200)
        complain(wire, "no number", path, status, 0);
    if (found < least)
        complain(wire, "less than was acknowledged", path, found, least);
    if (found > most)
        complain(wire, "more than was sent", path, found, most);
    if (found < *last)
        complain(wire, "less than before", path, found, *last);
    *last = found;
}

static void *poll_numbers(void *closure)
{
    struct flow *flow = closure;
    struct wire *wire = &flow->wires[atomic_fetch_add(&flow->started, 1)];
    long last[NUMBERS] = {0};
    while (atomic_load(&flow->writing) > 0)
        for (int number = 0; number < NUMBERS; number++)
            poll_number(flow, wire, number, &last[number]);
    return NULL;
}

static void flow_start(struct flow *flow, const char *survey)
{
    const char *before = text_time(time(NULL) - 45 * 86400);
    *flow = (struct flow){.survey = survey, .writing = WRITERS};
    snprintf(flow->before, sizeof flow->before, "\"%s\"", before);
    for (int i = 0; i < WRITERS + READERS; i++)
        wire_open(&flow->wires[i], fixture_key(ADMIN));
    for (int i = 0; i < WRITERS; i++)
        pthread_create(&flow->threads[i], NULL, write_answers, flow);
    while (atomic_load(&flow->started) < WRITERS)
        usleep(1000);
    for (int i = WRITERS; i < WRITERS + READERS; i++)
        pthread_create(&flow->threads[i], NULL, poll_numbers, flow);
}

static void flow_join(struct flow *flow)
{
    for (int i = 0; i < WRITERS + READERS; i++)
        pthread_join(flow->threads[i], NULL);
    for (int i = 0; i < WRITERS + READERS; i++) {
        wire_close(&flow->wires[i]);
        ck_assert_msg(!*flow->wires[i].wrong, "%s", flow->wires[i].wrong);
    }
}

/* --- this test's own connection --- */

static struct reply *ask(const char *survey, const char *query)
{
    return expect_status(client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps?%s", survey, query),
                         200);
}

static json_int_t at(const struct reply *reply, const char *pointer)
{
    return json_integer_value(reply_at(reply, pointer));
}

static json_int_t count_of(const char *survey, const char *query)
{
    return at(ask(survey, query), "/responses");
}

static struct reply *patch(const char *survey, const char *id, const char *body)
{
    return expect_status(client_patch(fixture_key(ADMIN), text_json("%s", body),
                                      "/v1/surveys/%s/responses/%s", survey, id),
                         200);
}

static long metric(const char *name)
{
    const char *service = fixture_daemon()->url;
    client_use(fixture_daemon()->admin);
    const char *found =
        strstr(expect_status(client_get(NULL, "/metrics"), 200)->body, text("\n%s ", name));
    client_use(service);
    ck_assert_msg(found, "there is no %s", name);
    return strtol(found + strlen(name) + 2, NULL, 10);
}

static long moved_on(void)
{
    return metric("npsd_results_moved_on_total");
}

/* How many answers each score has, by PostgreSQL. */
static const char *histogram(const char *survey, const char *rows)
{
    return database_value(
        fixture_database(),
        "select '[' || string_agg(n::text, ',' order by s) || ']' from (select s, (select count(*)"
        " from response r where r.survey_id = v.id and r.score = s and not r.excluded and (%s)) n"
        " from generate_series(0, 10) s cross join survey v where v.slug = '%s') t",
        rows, survey);
}

static long rows_of(const char *survey, const char *rows)
{
    return database_number(fixture_database(),
                           "select count(*) from response r join survey v on v.id = r.survey_id"
                           " where v.slug = '%s' and not r.excluded and (%s)",
                           survey, rows);
}

/* The replies first, so that nothing has time to be read again. */
static void expect_what_sql_counts(const char *survey)
{
    struct reply *replies[NUMBERS];
    for (int number = 0; number < NUMBERS; number++)
        replies[number] = ask(survey, numbers[number].query);
    for (int number = 0; number < NUMBERS; number++) {
        expect_int(replies[number], numbers[number].pointer, rows_of(survey, numbers[number].rows));
        if (number != PREVIOUS)
            expect_json(replies[number], "/histogram", histogram(survey, numbers[number].rows));
    }
}

/* --- a flow --- */

START_TEST(a_poll_lacks_nothing_acknowledged_and_has_nothing_that_was_not_sent)
{
    struct flow *flow = calloc(1, sizeof *flow);
    const char *survey = fixture_survey("'facets':['branch']");
    long before = moved_on();
    flow_start(flow, survey);
    flow_join(flow);
    expect_what_sql_counts(survey);
    ck_assert_int_eq(count_of(survey, "period=all"), atomic_load(&flow->sent[TOTAL]));
    ck_assert_int_gt(moved_on(), before);
    free(flow);
}
END_TEST

/* Each correction, of what no number counts by, has all numbers read again in the middle of
 * commits: so what a query has seen and what has arrived overlap again and again. */
START_TEST(nothing_is_counted_twice_where_a_query_and_arrivals_meet)
{
    struct flow *flow = calloc(1, sizeof *flow);
    const char *survey = fixture_survey("'facets':['branch']");
    flow_start(flow, survey);
    const char *id = NULL;
    while (!id) {
        struct reply *list =
            client_get(fixture_key(ADMIN), "/v1/surveys/%s/responses?limit=1", survey);
        id = json_string_value(reply_at(list, "/items/0/id"));
    }
    for (int i = 0; i < 1000 && atomic_load(&flow->writing) > 0; i++) {
        patch(survey, id, i % 2 ? "{'language':'de'}" : "{'language':'en'}");
        usleep(2000);
    }
    flow_join(flow);
    expect_what_sql_counts(survey);
    free(flow);
}
END_TEST

/* Whatever the machine: a number is read again twice a second or so, not for each of 300. */
START_TEST(few_polls_need_a_query)
{
    const char *survey = fixture_survey("");
    long before = moved_on();
    for (int i = 1; i <= 300; i++) {
        fixture_answer(survey, i % 11, "");
        ck_assert_int_eq(count_of(survey, "period=all"), i);
    }
    ck_assert_int_ge(moved_on() - before, 75);
}
END_TEST

/* --- what is not an answer that comes, while promoters come all the time --- */

enum { PROMOTERS_MAX = 20000 };

struct background {
    const char *survey;
    pthread_t thread;
    struct wire wire;
    atomic_bool stop;
};

static void *post_promoters(void *closure)
{
    struct background *background = closure;
    char path[128];
    snprintf(path, sizeof path, "%s/responses", background->survey);
    for (int i = 0; i < PROMOTERS_MAX && !atomic_load(&background->stop); i++) {
        long status = wire_send(&background->wire, path, "{\"score\":10}");
        if (status != 201)
            complain(&background->wire, "not taken", path, status, i);
        usleep(1000);
    }
    return NULL;
}

static void background_start(struct background *background, const char *survey)
{
    *background = (struct background){.survey = survey};
    wire_open(&background->wire, fixture_key(ADMIN));
    pthread_create(&background->thread, NULL, post_promoters, background);
}

static void background_stop(struct background *background)
{
    atomic_store(&background->stop, true);
    pthread_join(background->thread, NULL);
    wire_close(&background->wire);
    ck_assert_msg(!*background->wire.wrong, "%s", background->wire.wrong);
}

/* Among promoters of the web: at once, and it stays. */
static void expect_critics(const char *survey, int critics, int of_kiosk)
{
    for (int i = 0; i < 4; i++) {
        expect_int(ask(survey, "period=all"), "/critics", critics);
        struct reply *kiosk = ask(survey, "period=all&where.channel=kiosk");
        expect_int(kiosk, "/critics", critics);
        expect_int(kiosk, "/responses", of_kiosk);
    }
}

static void change_one(const char *survey)
{
    expect_critics(survey, 0, 0);
    const char *id = reply_string(fixture_answer(survey, 0, "'channel':'kiosk'"), "/id");
    expect_critics(survey, 1, 1);
    patch(survey, id, "{'score':10}");
    expect_critics(survey, 0, 1);
    patch(survey, id, "{'score':0,'channel':'kiosk'}");
    expect_critics(survey, 1, 1);
    patch(survey, id, "{'excluded':true,'reason':'test'}");
    expect_critics(survey, 0, 0);
    patch(survey, id, "{'excluded':false}");
    expect_critics(survey, 1, 1);
    expect_status(client_delete(fixture_key(ADMIN), "/v1/surveys/%s/responses/%s", survey, id),
                  204);
    expect_critics(survey, 0, 0);
}

START_TEST(corrections_exclusions_and_erasures_show_at_once_and_stay)
{
    struct background background;
    const char *survey = fixture_survey("");
    background_start(&background, survey);
    for (int i = 0; i < 12; i++)
        change_one(survey);
    background_stop(&background);
    expect_json(ask(survey, "period=all"), "/histogram", histogram(survey, "true"));
}
END_TEST

START_TEST(a_changed_definition_shows_at_once)
{
    struct background background;
    const char *survey = fixture_survey("");
    background_start(&background, survey);
    for (int i = 1; i <= 10; i++) {
        ask(survey, "period=all");
        expect_status(client_patch(fixture_key(ADMIN), text_json("{'min_responses':%d}", i),
                                   "/v1/surveys/%s", survey),
                      200);
        expect_int(ask(survey, "period=all"), "/min_responses", i);
    }
    background_stop(&background);
}
END_TEST

/* --- others --- */

static int64_t post_to_other(const struct daemon *other, const char *survey)
{
    client_use(other->url);
    fixture_answer(survey, 0, "");
    int64_t acknowledged_us = clock_monotonic_us();
    client_use(fixture_daemon()->url);
    return acknowledged_us;
}

static void expect_soon(const char *survey, int critics, int64_t acknowledged_us)
{
    for (bool found = false; !found;) {
        int64_t asked_us = clock_monotonic_us();
        found = at(ask(survey, "period=all"), "/critics") == critics;
        ck_assert(found || asked_us < acknowledged_us + CLOCK_SECOND_US + SLACK_US);
    }
}

/* While this one posts all the time, and when it has posted just before. */
START_TEST(an_answer_of_another_daemon_shows_within_a_second)
{
    struct background background;
    struct daemon other;
    const char *survey = fixture_survey("");
    ck_assert(daemon_start(&other, database_url(fixture_database()), NULL));
    if (_i == 0)
        background_start(&background, survey);
    for (int critics = 1; critics <= 3; critics++) {
        ask(survey, "period=all");
        fixture_answer(survey, 10, "");
        ask(survey, "period=all");
        expect_soon(survey, critics, post_to_other(&other, survey));
    }
    if (_i == 0)
        background_stop(&background);
    ck_assert_ptr_null(daemon_stop(&other));
}
END_TEST

enum { WAITING = 4 };

/* Those who ask until they see a critic. */
struct watch {
    const char *survey;
    pthread_t thread;
    struct wire wire;
    int64_t lacked_us; /* when the last began that lacked it */
};

static void *watch(void *closure)
{
    struct watch *watch = closure;
    char path[128];
    snprintf(path, sizeof path, "%s/nps?period=all", watch->survey);
    for (int i = 0; i < 20000; i++) {
        int64_t asked_us = clock_monotonic_us();
        long status = wire_send(&watch->wire, path, NULL);
        long critics = wire_number(&watch->wire, "/critics");
        if (critics > 0)
            return NULL;
        /* One that says that it is stale is no number of now. */
        if (status == 200 && !strstr(watch->wire.body, "\"stale\""))
            watch->lacked_us = asked_us;
        usleep(2000);
    }
    complain(&watch->wire, "never there", path, 0, 0);
    return NULL;
}

/* Numbers cannot be read while it holds; answers can be taken. Less than a query waits for it. */
static struct database_session *lock_tallies(void)
{
    struct database_session *session = database_sql_begin(
        fixture_database(),
        "begin; lock table tally_year in access exclusive mode; select pg_sleep(1.7); commit");
    while (database_number(fixture_database(),
                           "select count(*) from pg_locks where relation = 'tally_year'::regclass"
                           " and mode = 'AccessExclusiveLock' and granted") == 0)
        usleep(5000);
    return session;
}

static void watch_start(struct watch *watches, const char *survey)
{
    for (int i = 0; i < WAITING; i++) {
        watches[i] = (struct watch){.survey = survey};
        wire_open(&watches[i].wire, fixture_key(VIEWER));
        pthread_create(&watches[i].thread, NULL, watch, &watches[i]);
    }
}

static void watch_end(struct watch *watches, int64_t acknowledged_us)
{
    for (int i = 0; i < WAITING; i++) {
        pthread_join(watches[i].thread, NULL);
        wire_close(&watches[i].wire);
        ck_assert_msg(!*watches[i].wire.wrong, "%s", watches[i].wire.wrong);
        ck_assert_int_lt(watches[i].lacked_us, acknowledged_us + CLOCK_SECOND_US + SLACK_US);
    }
}

/* A number goes on while it is read again, but not for long: who asks later waits. */
START_TEST(a_number_that_cannot_be_read_again_ends)
{
    struct background background;
    struct watch *watches = calloc(WAITING, sizeof *watches);
    struct daemon other;
    const char *survey = fixture_survey("");
    ck_assert(daemon_start(&other, database_url(fixture_database()), NULL));
    background_start(&background, survey);
    watch_start(watches, survey);
    struct database_session *locked = lock_tallies();
    int64_t acknowledged_us = post_to_other(&other, survey);
    watch_end(watches, acknowledged_us);
    database_await(locked);
    background_stop(&background);
    ck_assert_ptr_null(daemon_stop(&other));
    free(watches);
}
END_TEST

/* --- what does not count --- */

static struct reply *post_keyed(const char *survey, const char *key, const char *body)
{
    return client_send(&(struct request){.path = text("/v1/surveys/%s/responses", survey),
                                         .key = fixture_key(ADMIN),
                                         .body = body,
                                         .headers = {text("Idempotency-Key: %s", key)}});
}

/* Three of one key, and one that was there: so the new one comes by the careful way. */
static void post_batch_again(const char *survey, const char *key, const char *known)
{
    const char *batch = text_json("[{'score':9,'external_id':'%s'},{'score':9,'external_id':'%s'},"
                                  "{'score':0,'external_id':'%s'},{'score':9,'external_id':'%s'}]",
                                  key, key, key, known);
    expect_status(client_post(fixture_key(ADMIN), batch, "/v1/surveys/%s/responses/batch", survey),
                  200);
}

static void expect_promoters(const char *survey, int count)
{
    struct reply *reply = ask(survey, "period=all");
    expect_int(reply, "/responses", count);
    expect_int(reply, "/promoters", count);
}

START_TEST(what_is_sent_again_counts_once)
{
    const char *survey = fixture_survey("");
    fixture_answer(survey, 9, "'external_id':'b-0'");
    for (int i = 1; i <= 30; i++) {
        const char *key = text("k-%d", i);
        expect_status(post_keyed(survey, key, "{\"score\":9}"), 201);
        expect_promoters(survey, 2 * i);
        expect_status(post_keyed(survey, key, "{\"score\":9}"), 200);
        expect_promoters(survey, 2 * i);
        expect_problem(post_keyed(survey, key, "{\"score\":0}"), 422, "key-reused", NULL);
        expect_promoters(survey, 2 * i);
        post_batch_again(survey, text("b-%d", i), text("b-%d", i - 1));
        expect_promoters(survey, 2 * i + 1);
        post_batch_again(survey, text("b-%d", i), text("b-%d", i - 1));
        expect_promoters(survey, 2 * i + 1);
    }
}
END_TEST

struct echo {
    const char *survey;
    int round;
    size_t created, replayed;
};

static void fill_echo(void *closure, size_t number, struct request *ret_request)
{
    const struct echo *echo = closure;
    (void)number;
    *ret_request = (struct request){.path = text("/v1/surveys/%s/responses", echo->survey),
                                    .key = fixture_key(ADMIN),
                                    .body = "{\"score\":9}",
                                    .headers = {text("Idempotency-Key: e-%d", echo->round)}};
}

static void echo_done(void *closure, size_t number, const struct reply *reply)
{
    struct echo *echo = closure;
    (void)number;
    echo->created += reply->status == 201;
    echo->replayed += reply->status == 200;
}

START_TEST(what_many_send_at_the_same_time_counts_once)
{
    struct echo echo = {.survey = fixture_survey("")};
    for (echo.round = 1; echo.round <= 20; echo.round++) {
        count_of(echo.survey, "period=all");
        client_send_many(16, 32, fill_echo, echo_done, &echo);
        ck_assert_int_eq(count_of(echo.survey, "period=all"), echo.round);
    }
    ck_assert_uint_eq(echo.created, 20);
    ck_assert_uint_eq(echo.replayed, 20 * 31);
}
END_TEST

static void submit_form(const char *survey, const char *body)
{
    expect_status(client_send(&(struct request){.path = text("/s/%s", survey),
                                                .type = "application/x-www-form-urlencoded",
                                                .body = body}),
                  303);
}

/* Alone in its transaction, and among others. */
START_TEST(what_is_set_aside_does_not_count)
{
    struct background background;
    const char *survey = fixture_survey("'suspects':'exclude'");
    for (int i = 1; i <= 20; i++) {
        submit_form(survey, "score=1&website=spam");
        ck_assert_int_eq(count_of(survey, "period=all"), i - 1);
        submit_form(survey, "score=9");
        ck_assert_int_eq(count_of(survey, "period=all"), i);
    }
    background_start(&background, survey);
    for (int i = 0; i < 40; i++) {
        submit_form(survey, "score=1&website=spam");
        expect_int(ask(survey, "period=all"), "/critics", 0);
    }
    background_stop(&background);
    expect_json(ask(survey, "period=all"), "/histogram", histogram(survey, "true"));
}
END_TEST

/* --- values of facets --- */

static void expect_of_branch(const char *survey, const char *branch, int count)
{
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(count_of(survey, text("period=all&where.branch=%s", branch)), count);
}

START_TEST(a_value_that_is_new_counts_at_once)
{
    const char *survey = fixture_survey("'facets':['branch']");
    for (int i = 0; i < 30; i++) {
        const char *branch = text("b-%d", i);
        expect_of_branch(survey, branch, 0);
        for (int n = 1; n <= 3; n++) {
            fixture_answer(survey, 9, text("'properties':{'branch':'%s'}", branch));
            fixture_answer(survey, 9, "'properties':{'branch':'other'}");
            expect_of_branch(survey, branch, n);
        }
        expect_of_branch(survey, "other", 3 * i + 3);
        ck_assert_int_eq(count_of(survey, "period=all"), 6 * i + 6);
    }
}
END_TEST

/* Nobody's answers are not those of an agent who is not known yet. */
START_TEST(an_agent_who_is_new_counts_at_once)
{
    const char *survey = fixture_survey("");
    for (int i = 0; i < 20; i++) {
        const char *query = text("period=all&where.agent=A%d", i);
        for (int n = 0; n < 3; n++) {
            ck_assert_int_eq(count_of(survey, query), 0);
            fixture_answer(survey, 9, "");
            ck_assert_int_eq(count_of(survey, query), 0);
        }
        for (int n = 1; n <= 3; n++) {
            fixture_answer(survey, 9, text("'agent':'A%d'", i));
            ck_assert_int_eq(count_of(survey, query), n);
        }
    }
}
END_TEST

/* Without a number of their own they are told apart by what their rows say, and counted together.
 */
START_TEST(values_beyond_the_limit_count_at_once)
{
    const char *survey = fixture_survey("'facets':['branch']");
    database_sql(fixture_database(),
                 "insert into facet_value (survey_id, facet, id, value)"
                 " select s.id, 3, n, 'v-' || n from survey s, generate_series(1, 1000) n"
                 " where s.slug = '%s'",
                 survey);
    for (int n = 1; n <= 20; n++) {
        fixture_answer(survey, 9, "'properties':{'branch':'one'}");
        fixture_answer(survey, 9, "'properties':{'branch':'two'}");
        fixture_answer(survey, 9, "'properties':{'branch':'v-7'}");
        expect_of_branch(survey, "one", n);
        expect_of_branch(survey, "v-7", n);
        expect_of_branch(survey, "(other)", 2 * n);
    }
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = a_poll_lacks_nothing_acknowledged_and_has_nothing_that_was_not_sent},
        {.test = nothing_is_counted_twice_where_a_query_and_arrivals_meet},
        {.test = few_polls_need_a_query},
        {.test = corrections_exclusions_and_erasures_show_at_once_and_stay},
        {.test = a_changed_definition_shows_at_once},
        {.test = an_answer_of_another_daemon_shows_within_a_second, .rows = 2},
        {.test = a_number_that_cannot_be_read_again_ends},
        {.test = what_is_sent_again_counts_once},
        {.test = what_many_send_at_the_same_time_counts_once},
        {.test = what_is_set_aside_does_not_count},
        {.test = a_value_that_is_new_counts_at_once},
        {.test = an_agent_who_is_new_counts_at_once},
        {.test = values_beyond_the_limit_count_at_once},
    };
    return fixture_run("live_numbers", NULL, tests, COUNT_OF(tests));
}
