/* Kiosks that were offline all send the same queue, at once: every answer is counted once. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <time.h>

enum { QUEUE = 8, REPLAYS = 1000, CONNECTIONS = 64 };

struct kiosks {
    const char *path;
    const char *headers[QUEUE], *bodies[QUEUE];
    long created[QUEUE], replayed[QUEUE];
};

/* Neighbours send the same answer, so that many are on their way together. */
static size_t answer_of(size_t number)
{
    return number / REPLAYS;
}

static void fill(void *closure, size_t number, struct request *ret_request)
{
    const struct kiosks *kiosks = closure;
    size_t answer = answer_of(number);
    *ret_request = (struct request){
        .path = kiosks->path, .body = kiosks->bodies[answer], .headers = {kiosks->headers[answer]}};
}

static void done(void *closure, size_t number, const struct reply *reply)
{
    struct kiosks *kiosks = closure;
    size_t answer = answer_of(number);
    ck_assert_msg(reply->status == 201 || reply->status == 200, "%ld: %s", reply->status,
                  reply->body);
    kiosks->created[answer] += reply->status == 201;
    kiosks->replayed[answer] += reply->status == 200;
}

/* An hour ago, and each answer a minute after the one before. */
static const char *answered_at(int answer)
{
    char at[32];
    time_t when = time(NULL) - 3600 + answer * 60;
    struct tm utc;
    gmtime_r(&when, &utc);
    strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return text("%s", at);
}

START_TEST(every_answer_once)
{
    const char *survey = fixture_survey("");
    struct kiosks kiosks = {.path = text("/v1/surveys/%s/responses", survey)};
    for (int answer = 0; answer < QUEUE; answer++) {
        kiosks.headers[answer] = text("Idempotency-Key: kiosk-7-%d", answer);
        kiosks.bodies[answer] = text_json("{'score':%d,'channel':'kiosk','answered_at':'%s'}",
                                          answer, answered_at(answer));
    }
    client_send_many(CONNECTIONS, (size_t)QUEUE * REPLAYS, fill, done, &kiosks);
    for (int answer = 0; answer < QUEUE; answer++) {
        ck_assert_int_eq(kiosks.created[answer], 1);
        ck_assert_int_eq(kiosks.replayed[answer], REPLAYS - 1);
    }
    struct reply *nps = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps?period=all", survey);
    expect_json(expect_status(nps, 200), "/histogram", "[1,1,1,1,1,1,1,1,0,0,0]");
    ck_assert_int_eq(database_number(fixture_database(), "SELECT count(*) FROM response"), QUEUE);
    struct command check =
        fixture_run_command(fixture_database(), (const char *const[]){"check", NULL});
    ck_assert_msg(check.status == 0, "%s%s", check.out, check.err);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {{.test = every_answer_once}};
    return fixture_run("replays", NULL, tests, COUNT_OF(tests));
}
