/* The key is the id: an answer that is sent again is counted once. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>

static struct reply *post_keyed(const char *survey, const char *key, const char *body)
{
    const char *path = text("/v1/surveys/%s/responses", survey);
    const char *header = text("Idempotency-Key: %s", key);
    return client_send(&(struct request){.path = path, .body = body, .headers = {header}});
}

static void expect_replay(struct reply *again, const struct reply *first)
{
    expect_header(expect_status(again, 200), "Idempotent-Replayed", "true");
    ck_assert_str_eq(again->body, first->body);
}

static void expect_count(const char *survey, int count)
{
    struct reply *nps = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps?period=all", survey);
    expect_int(nps, "/responses", count);
}

/* The same again: the same reply with 200; the first one does not say that it is a replay. */
START_TEST(replay)
{
    const char *survey = fixture_survey("");
    const char *body = "{\"score\":9,\"answers\":{\"why\":\"Fast\"}}";
    struct reply *first = expect_status(post_keyed(survey, "order-1", body), 201);
    ck_assert_ptr_null(header_of(first, "Idempotent-Replayed"));
    ck_assert_int_eq(reply_string(first, "/id")[14], '8');
    for (int i = 0; i < 3; i++)
        expect_replay(post_keyed(survey, "order-1", body), first);
    expect_count(survey, 1);
}
END_TEST

/* The body is what it says, not how it is written. */
START_TEST(replay_written_otherwise)
{
    const char *survey = fixture_survey("");
    struct reply *first = post_keyed(
        survey, "k",
        "{\"score\":9,\"answers\":{\"why\":\"é\",\"improve\":\"wait\"},\"channel\":\"web\"}");
    expect_status(first, 201);
    expect_replay(post_keyed(survey, "k",
                             "{ \"channel\" : \"web\",\n\"answers\": {\"improve\":\"wait\","
                             "\"why\":\"\\u00e9\"}, \"score\": 9 }"),
                  first);
    expect_count(survey, 1);
}
END_TEST

/* Another body under the same key is refused and changes nothing. */
START_TEST(another_body)
{
    const char *survey = fixture_survey("");
    struct reply *first = expect_status(post_keyed(survey, "k", "{\"score\":9}"), 201);
    static const char *const others[] = {
        "{\"score\":8}",
        "{\"score\":9,\"channel\":\"kiosk\"}",
        "{\"score\":9,\"answers\":{\"why\":\"x\"}}",
        "{\"score\":9,\"properties\":{\"branch\":\"x\"}}",
        "{\"score\":9,\"language\":\"en\"}",
        "{\"score\":9,\"respondent\":\"c-1\"}",
    };
    for (size_t i = 0; i < COUNT_OF(others); i++)
        expect_problem(post_keyed(survey, "k", others[i]), 422, "key-reused", NULL);
    expect_replay(post_keyed(survey, "k", "{\"score\":9}"), first);
    expect_count(survey, 1);
}
END_TEST

/* Quoted, as the draft has it, and bare, as clients send it, are one key. */
START_TEST(bare_and_quoted)
{
    const char *survey = fixture_survey("");
    struct reply *first = expect_status(post_keyed(survey, "8e03978e-40d5", "{\"score\":9}"), 201);
    expect_replay(post_keyed(survey, "\"8e03978e-40d5\"", "{\"score\":9}"), first);
    expect_replay(post_keyed(survey, "  8e03978e-40d5  ", "{\"score\":9}"), first);
    const char *longest = text_repeat("k", 255);
    first = expect_status(post_keyed(survey, longest, "{\"score\":9}"), 201);
    expect_replay(post_keyed(survey, text("\"%s\"", longest), "{\"score\":9}"), first);
    expect_status(post_keyed(survey, "!#$%&()*+,-./:;<=>?@[]^_`{|}~", "{\"score\":9}"), 201);
    expect_status(post_keyed(survey, "x", "{\"score\":9}"), 201);
    expect_status(post_keyed(survey, "X", "{\"score\":9}"), 201);
    expect_count(survey, 5);
}
END_TEST

/* What is no key is 400, and nothing is counted. */
START_TEST(malformed_keys)
{
    const char *survey = fixture_survey("");
    const char *const wrong[] = {"\"\"",
                                 "two words",
                                 "tab\there",
                                 "ключ",
                                 "\"a\" \"b\"",
                                 text_repeat("k", 256),
                                 text("\"%s\"", text_repeat("k", 256)),
                                 text_repeat("k", 5000)};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        expect_problem(post_keyed(survey, wrong[i], "{\"score\":9}"), 400, "bad-idempotency-key",
                       NULL);
    /* An empty one, and two of them. */
    struct request request = {.path = text("/v1/surveys/%s/responses", survey),
                              .body = "{\"score\":9}",
                              .headers = {"Idempotency-Key;"}};
    expect_problem(client_send(&request), 400, "bad-idempotency-key", NULL);
    request.headers[0] = "Idempotency-Key: a";
    request.headers[1] = "Idempotency-Key: b";
    expect_status(client_send(&request), 400);
    expect_count(survey, 0);
}
END_TEST

/* A wrong body stores nothing under its key. */
START_TEST(key_of_a_refused_body_is_free)
{
    const char *survey = fixture_survey("");
    expect_problem(post_keyed(survey, "k", "{\"score\":11}"), 422, "invalid", "/score");
    expect_problem(post_keyed(survey, "k", "{\"score\":"), 400, "bad-json", NULL);
    expect_status(post_keyed(survey, "k", "{\"score\":10}"), 201);
    expect_count(survey, 1);
}
END_TEST

/* A key is of one survey. */
START_TEST(key_of_another_survey)
{
    const char *one = fixture_survey(""), *two = fixture_survey("");
    struct reply *first = expect_status(post_keyed(one, "k", "{\"score\":9}"), 201);
    struct reply *second = expect_status(post_keyed(two, "k", "{\"score\":1}"), 201);
    ck_assert_str_ne(reply_string(first, "/id"), reply_string(second, "/id"));
}
END_TEST

/* The external id of those who may give one is a key, and wins over the header. */
START_TEST(external_ids)
{
    const char *survey = fixture_survey("");
    const char *path = text("/v1/surveys/%s/responses", survey);
    const enum fixture_role roles[] = {AGENT, ANALYST, ADMIN};
    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        const char *body = text_json("{'score':9,'external_id':'call-%zu'}", i);
        struct request request = {.path = path, .key = fixture_key(roles[i]), .body = body};
        struct reply *first = expect_status(client_send(&request), 201);
        expect_replay(client_send(&request), first);
        request.headers[0] = "Idempotency-Key: something";
        expect_replay(client_send(&request), first);
        request.headers[0] = "Idempotency-Key: something-else";
        expect_replay(client_send(&request), first);
        request.body = text_json("{'score':8,'external_id':'call-%zu'}", i);
        expect_problem(client_send(&request), 422, "key-reused", NULL);
    }
    expect_count(survey, 3);
    expect_status(post_keyed(survey, "something", "{\"score\":1}"), 201);
}
END_TEST

/* After a correction, the replay tells what was said at first, and the correction stays. */
START_TEST(replay_after_a_correction)
{
    const char *survey = fixture_survey("");
    struct reply *first = expect_status(post_keyed(survey, "k", "{\"score\":2}"), 201);
    const char *id = reply_string(first, "/id");
    expect_status(client_patch(fixture_key(ANALYST), "{\"score\":10}",
                               "/v1/surveys/%s/responses/%s", survey, id),
                  200);
    expect_replay(post_keyed(survey, "k", "{\"score\":2}"), first);
    struct reply *nps = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps", survey);
    expect_int(nps, "/promoters", 1);
    expect_int(nps, "/responses", 1);
}
END_TEST

/* An erased answer does not come back. */
START_TEST(erased)
{
    const char *survey = fixture_survey("");
    struct reply *first = expect_status(post_keyed(survey, "k", "{\"score\":2}"), 201);
    struct reply *gone = client_delete(fixture_key(ADMIN), "/v1/surveys/%s/responses/%s", survey,
                                       reply_string(first, "/id"));
    expect_status(gone, 204);
    expect_problem(post_keyed(survey, "k", "{\"score\":2}"), 410, "erased", NULL);
    expect_problem(post_keyed(survey, "k", "{\"score\":3}"), 410, "erased", NULL);
    expect_count(survey, 0);
}
END_TEST

/* Without a key every post is an answer. */
START_TEST(no_key)
{
    const char *survey = fixture_survey("");
    for (int i = 0; i < 3; i++)
        expect_status(client_post(NULL, "{\"score\":9}", "/v1/surveys/%s/responses", survey), 201);
    expect_count(survey, 3);
}
END_TEST

/* The id depends on survey and key alone, also with another daemon and another database. */
START_TEST(same_id_everywhere)
{
    const char *survey = fixture_survey("");
    struct reply *first = expect_status(post_keyed(survey, "k", "{\"score\":2}"), 201);
    const char *other = fixture_new_database(true);
    struct daemon daemon;
    ck_assert(daemon_start(&daemon, database_url(other), NULL));
    struct command key =
        fixture_run_command(other, (const char *const[]){"key", "create", "--role", "admin", NULL});
    const char *admin = text("%.*s", (int)strcspn(key.out, "\n"), key.out);
    client_use(daemon.url);
    const char *definition = text_json("{'id':'%s','title':{'en':'T'}}", survey);
    expect_status(client_post(admin, definition, "/v1/surveys"), 201);
    struct reply *second = expect_status(post_keyed(survey, "k", "{\"score\":7}"), 201);
    ck_assert_str_eq(reply_string(first, "/id"), reply_string(second, "/id"));
    ck_assert_pstr_eq(daemon_stop(&daemon), NULL);
    database_drop(other);
    client_use(fixture_daemon()->url);
}
END_TEST

enum { CLIENTS = 32 };

struct race {
    const char *path;
    const char *bodies[CLIENTS];
    size_t created, replayed, reused;
    char id[64];
};

static void race_fill(void *closure, size_t number, struct request *ret_request)
{
    struct race *race = closure;
    *ret_request = (struct request){.path = race->path,
                                    .body = race->bodies[number % CLIENTS],
                                    .headers = {"Idempotency-Key: race"}};
}

static void race_done(void *closure, size_t number, const struct reply *reply)
{
    (void)number;
    struct race *race = closure;
    race->created += reply->status == 201;
    race->replayed += reply->status == 200;
    race->reused += reply->status == 422;
    ck_assert_msg(reply->status == 201 || reply->status == 200 || reply->status == 422, "%ld %s",
                  reply->status, reply->body);
    if (reply->status == 422)
        return;
    if (!*race->id)
        snprintf(race->id, sizeof(race->id), "%s", reply_string(reply, "/id"));
    ck_assert_str_eq(race->id, reply_string(reply, "/id"));
}

/* Many at once with one key: one is counted, the others are told of it; nobody gets a 409. */
START_TEST(race_of_the_same)
{
    for (int round = 0; round < 5; round++) {
        const char *survey = fixture_survey("");
        struct race race = {.path = text("/v1/surveys/%s/responses", survey)};
        for (int i = 0; i < CLIENTS; i++)
            race.bodies[i] = "{\"score\":9}";
        client_send_many(CLIENTS, 3 * CLIENTS, race_fill, race_done, &race);
        ck_assert_uint_eq(race.created, 1);
        ck_assert_uint_eq(race.replayed, 3 * CLIENTS - 1);
        expect_count(survey, 1);
    }
}
END_TEST

/* Many at once with one key and different bodies: the first one wins, and only its body is
 * replayed. */
START_TEST(race_of_different_bodies)
{
    const char *survey = fixture_survey("");
    struct race race = {.path = text("/v1/surveys/%s/responses", survey)};
    for (int i = 0; i < CLIENTS; i++)
        race.bodies[i] = text_json("{'score':9,'respondent':'c-%d'}", i);
    client_send_many(CLIENTS, 2 * CLIENTS, race_fill, race_done, &race);
    ck_assert_uint_eq(race.created, 1);
    ck_assert_uint_eq(race.replayed, 1);
    ck_assert_uint_eq(race.reused, 2 * (CLIENTS - 1));
    expect_count(survey, 1);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = replay},
        {.test = replay_written_otherwise},
        {.test = another_body},
        {.test = bare_and_quoted},
        {.test = malformed_keys},
        {.test = key_of_a_refused_body_is_free},
        {.test = key_of_another_survey},
        {.test = external_ids},
        {.test = replay_after_a_correction},
        {.test = erased},
        {.test = no_key},
        {.test = same_id_everywhere},
        {.test = race_of_the_same},
        {.test = race_of_different_bodies},
    };
    return fixture_run("idempotency", NULL, tests, COUNT_OF(tests));
}
