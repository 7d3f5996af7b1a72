/* Answers while PostgreSQL is away: taken with 202, kept through everything, moved in exactly once
 * when it is back. The program's cluster is its own, so that it can be stopped and killed. */
#include "support/away.h"
#include "support/cluster.h"
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPIED_US = 800000 }; /* within which the daemon has copied what it knows into its spool */

static struct reply *get(const struct away *away, const char *id)
{
    client_use(away->daemon.url);
    return client_get(away->admin, "/v1/surveys/%s/responses/%s", away->survey, id);
}

/* Taken with the id it keeps; the same again is the same, another body under the key is refused. */
START_TEST(one_answer)
{
    struct away away;
    away_begin(&away, NULL);
    expect_status(away_post(&away, "before", 9, ""), 201);
    cluster_stop();
    const char *members = "'answers':{'why':'Fast'},'properties':{'branch':'north'}";
    struct reply *taken = expect_status(away_post(&away, "k", 8, members), 202);
    expect_string(taken, "/status", "spooled");
    expect_int(taken, "/score", 8);
    const char *id = reply_string(taken, "/id"), *received = reply_string(taken, "/received_at");
    const char *token = reply_string(taken, "/edit_token");
    ck_assert_ptr_nonnull(header_of(taken, "Location"));
    ck_assert_ptr_null(header_of(taken, "Idempotent-Replayed"));
    struct reply *again = expect_status(away_post(&away, "k", 8, members), 202);
    expect_header(again, "Idempotent-Replayed", "true");
    expect_string(again, "/id", id);
    expect_string(again, "/received_at", received);
    expect_string(again, "/edit_token", token);
    expect_problem(away_post(&away, "k", 7, members), 422, "key-reused", NULL);
    expect_status(away_post(&away, NULL, 3, ""), 202);
    away_wait(&away, "/status", "degraded");
    away_wait(&away, "/database", "away");
    away_wait(&away, "/spool/waiting", "2");
    cluster_start();
    away_wait_moved(&away);
    again = expect_status(away_post(&away, "k", 8, members), 200);
    expect_string(again, "/id", id);
    expect_string(again, "/received_at", received);
    struct reply *row = expect_status(get(&away, id), 200);
    expect_string(row, "/answers/why", "Fast");
    expect_string(row, "/properties/branch", "north");
    expect_string(row, "/received_at", received);
    expect_status(away_post(&away, "after", 1, ""), 201);
    away_expect_count(&away, 4);
    away_end(&away);
}
END_TEST

/* Batches and forms are taken likewise; a wrong item does not stop the others. */
START_TEST(batches_and_forms)
{
    struct away away;
    away_begin(&away, NULL);
    cluster_stop();
    const char *path = text("/v1/surveys/%s/responses/batch", away.survey);
    const char *body = text_json("[{'score':9,'idempotency_key':'a'},{'score':11},"
                                 "{'score':9,'idempotency_key':'a'},"
                                 "{'score':1,'idempotency_key':'a'},{'score':2}]");
    struct reply *batch = expect_status(client_post(NULL, body, "%s", path), 200);
    expect_int(batch, "/results/0/status", 202);
    expect_int(batch, "/results/1/status", 422);
    expect_int(batch, "/results/2/status", 202);
    expect_json(batch, "/results/2/replayed", "true");
    expect_string(batch, "/results/2/id", reply_string(batch, "/results/0/id"));
    expect_int(batch, "/results/3/status", 422);
    expect_int(batch, "/results/4/status", 202);
    struct request form = {.method = "POST",
                           .path = text("/s/%s", away.survey),
                           .type = "application/x-www-form-urlencoded",
                           .body = "score=10&properties.branch=south"};
    expect_status(client_send(&form), 303);
    cluster_start();
    away_wait_moved(&away);
    away_expect_count(&away, 3);
    away_end(&away);
}
END_TEST

/* What was acknowledged survives kill -9, and a daemon that starts while PostgreSQL is away serves
 * definitions, knows keys, and takes answers. */
START_TEST(restart_while_away)
{
    struct away away;
    away_begin(&away, NULL);
    usleep(COPIED_US);
    cluster_kill();
    const char *ids[20];
    for (int i = 0; i < 20; i++) {
        if (i % 5 == 4) {
            away_kill(&away);
            away_restart(&away, NULL);
        }
        struct reply *reply = away_post(&away, text("k%d", i), i % 11, "");
        ids[i] = reply_string(expect_status(reply, 202), "/id");
    }
    struct reply *survey = client_get(away.admin, "/v1/surveys/%s", away.survey);
    expect_string(expect_status(survey, 200), "/id", away.survey);
    expect_status(client_get(NULL, "/v1/surveys/%s", away.survey), 200);
    away_expect_retry(client_get(fixture_key(ADMIN), "/v1/surveys"), "unavailable"); /* not known */
    expect_header(expect_status(away_post(&away, "k3", 3, ""), 202), "Idempotent-Replayed", "true");
    struct stat stat_of;
    ck_assert_int_eq(stat(away.spool, &stat_of), 0);
    ck_assert_uint_eq(stat_of.st_mode & 0777, 0600);
    cluster_start();
    away_wait_moved(&away);
    for (int i = 0; i < 20; i++)
        expect_int(expect_status(get(&away, ids[i]), 200), "/score", i % 11);
    away_expect_count(&away, 20);
    away_end(&away);
}
END_TEST

/* Two daemons take different answers under one key: the first to commit is the answer, the other is
 * kept aside, told, and can be looked at and ended by hand. */
START_TEST(two_daemons_one_key)
{
    struct away first, second;
    away_begin(&first, NULL);
    away_beside(&first, &second);
    /* Both know the survey. */
    expect_status(away_post(&second, "both", 5, ""), 201);
    cluster_stop();
    struct reply *one = expect_status(away_post(&first, "k", 9, ""), 202);
    struct reply *other = expect_status(away_post(&second, "k", 2, ""), 202);
    expect_string(other, "/id", reply_string(one, "/id"));
    expect_status(away_post(&first, "same", 4, ""), 202);
    expect_status(away_post(&second, "same", 4, ""), 202);
    expect_status(away_post(&second, "both", 1, ""), 202); /* whose 201 it has forgotten */
    cluster_start();
    away_wait_moved(&first);
    away_wait_moved(&second);
    client_use(first.daemon.url);
    json_int_t mine = json_integer_value(reply_at(client_get(NULL, "/readyz"), "/spool/conflicts"));
    away_wait(&second, "/spool/conflicts", mine ? "1" : "2");
    const struct away *loser = mine ? &first : &second;
    const char *listed = away_spool(loser, (const char *const[]){"conflicts", NULL});
    ck_assert_ptr_nonnull(strstr(listed, "\"reason\":\"key-reused\""));
    ck_assert_ptr_nonnull(strstr(listed, reply_string(one, "/id")));
    client_use(loser->daemon.admin);
    ck_assert_ptr_nonnull(strstr(client_get(NULL, "/metrics")->body, "\nnpsd_spool_conflicts "));
    away_expect_count(&first, 3);
    away_spool(loser, (const char *const[]){"discard", "1", NULL});
    away_wait(loser, "/spool/conflicts", mine ? "" : "1");
    away_end_beside(&second);
    away_end(&first);
}
END_TEST

/* What PostgreSQL refuses is kept aside, alone, and can be tried again. */
START_TEST(poison_in_the_spool)
{
    struct away away;
    away_begin(&away, NULL);
    database_sql(away.database,
                 "create function poison() returns trigger language plpgsql as $$ begin"
                 " if new.respondent = 'poison' then raise exception 'no' using errcode = '22000';"
                 " end if; return new; end $$; create trigger poison before insert on response"
                 " for each row execute function poison()");
    cluster_stop();
    for (int i = 0; i < 30; i++)
        expect_status(away_post(&away, text("k%d", i), 7, i == 17 ? "'respondent':'poison'" : ""),
                      202);
    cluster_start();
    away_wait_moved(&away);
    away_wait(&away, "/spool/conflicts", "1");
    away_wait(&away, "/status", "ready");
    away_expect_count(&away, 29);
    const char *listed = away_spool(&away, (const char *const[]){"conflicts", NULL});
    ck_assert_ptr_nonnull(strstr(listed, "\"reason\":\"refused\""));
    database_sql(away.database, "drop trigger poison on response");
    away_spool(&away, (const char *const[]){"retry", "1", NULL});
    away_wait(&away, "/spool/conflicts", "");
    away_wait_moved(&away);
    away_expect_count(&away, 30);
    away_end(&away);
}
END_TEST

/* An answer of a survey that is deleted before it could be moved. */
START_TEST(survey_deleted_meanwhile)
{
    struct away away, other;
    away_begin(&away, NULL);
    usleep(COPIED_US);
    cluster_stop();
    expect_status(away_post(&away, "k", 9, ""), 202);
    away_kill(&away);
    cluster_start();
    away_beside(&away, &other);
    expect_status(client_delete(away.admin, "/v1/surveys/%s", away.survey), 204);
    away_restart(&away, NULL);
    away_wait(&away, "/spool/conflicts", "1");
    const char *listed = away_spool(&away, (const char *const[]){"conflicts", NULL});
    ck_assert_ptr_nonnull(strstr(listed, "\"reason\":\"survey-unknown\""));
    ck_assert_int_eq(database_number(away.database, "select count(*) from response"), 0);
    away_end_beside(&other);
    away_end(&away);
}
END_TEST

/* What is still in the spool can be neither read nor changed, and that is said. */
START_TEST(a_spooled_answer_is_not_changed)
{
    struct away away;
    away_begin(&away, NULL);
    cluster_stop();
    struct reply *taken = expect_status(away_post(&away, "k", 9, ""), 202);
    const char *path = text("/v1/surveys/%s/responses/%s", away.survey, reply_string(taken, "/id"));
    const char *patch = text_json("{'answers':{'why':'late'}}");
    const char *token = reply_string(taken, "/edit_token");
    away_expect_retry(client_patch(token, patch, "%s", path), "unavailable");
    cluster_start();
    away_wait_moved(&away);
    expect_status(client_patch(token, patch, "%s", path), 200);
    away_expect_count(&away, 1);
    away_end(&away);
}
END_TEST

/* Last known numbers are marked; what was never asked is not made up. */
START_TEST(results_meanwhile)
{
    struct away away;
    away_begin(&away, NULL);
    expect_status(away_post(&away, "a", 9, ""), 201);
    const char *path = text("/v1/surveys/%s/nps?period=all", away.survey);
    struct reply *fresh = expect_status(client_get(away.admin, "%s", path), 200);
    expect_none(fresh, "/stale");
    cluster_stop();
    struct reply *reply = expect_status(client_get(away.admin, "%s", path), 200);
    if (reply_at(reply, "/stale")) /* else it still held */
        expect_json(reply, "/stale", "true");
    away_wait(&away, "/database", "away");
    expect_status(away_post(&away, "b", 1, ""), 202);
    usleep(2500000);
    reply = expect_status(client_get(away.admin, "%s", path), 200);
    expect_json(reply, "/stale", "true");
    expect_time(reply, "/as_of");
    expect_int(reply, "/responses", 1);
    expect_json(reply, "/nps_exact", "100");
    ck_assert_ptr_null(header_of(reply, "ETag"));
    away_expect_retry(client_get(away.admin, "%s&compare=previous", path), "unavailable");
    expect_problem(client_get(NULL, "%s", path), 401, "unauthorized", NULL);
    away_expect_retry(client_get(away.admin,
                                 "/v1/surveys/%s/nps/series?last=2d&interval=day&shape=array",
                                 away.survey),
                      "unavailable");
    cluster_start();
    away_wait_moved(&away);
    reply = expect_status(client_get(away.admin, "%s", path), 200);
    expect_none(reply, "/stale");
    expect_int(reply, "/responses", 2);
    away_end(&away);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = one_answer},
        {.test = batches_and_forms},
        {.test = restart_while_away},
        {.test = two_daemons_one_key},
        {.test = poison_in_the_spool},
        {.test = survey_deleted_meanwhile},
        {.test = a_spooled_answer_is_not_changed},
        {.test = results_meanwhile},
    };
    int status = cluster_make() ? fixture_run("spool", NULL, tests, COUNT_OF(tests)) : 1;
    cluster_remove();
    return status;
}
