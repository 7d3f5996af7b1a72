/* The spool's limits: full, turned off, shared, of another database; and databases that are there
 * but do not write. The program's cluster is its own. */
#include "support/away.h"
#include "support/cluster.h"
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COPIED_US = 800000 }; /* within which the daemon has copied what it knows into its spool */

/* Failed over: everything is refused but reading. */
START_TEST(read_only)
{
    struct away away;
    away_begin(&away, NULL);
    database_sql("postgres", "alter system set default_transaction_read_only = on");
    database_sql("postgres", "select pg_reload_conf()");
    usleep(300000);
    expect_status(away_post(&away, "k", 9, ""), 202);
    away_wait(&away, "/status", "degraded");
    database_sql("postgres", "alter system reset default_transaction_read_only");
    database_sql("postgres", "select pg_reload_conf()");
    away_wait_moved(&away);
    expect_status(away_post(&away, "k", 9, ""), 200);
    away_expect_count(&away, 1);
    away_end(&away);
}
END_TEST

/* Nobody can write for a while: what waits longer than a lock may is spooled. */
START_TEST(slow_database)
{
    struct away away;
    away_begin(&away, NULL);
    ck_assert_int_eq(
        system(text("psql -qX '%s' -c 'begin; lock table response; select pg_sleep(6)' "
                    ">/dev/null 2>&1 &",
                    database_superuser_url(away.database))),
        0);
    while (database_number(away.database,
                           "select count(*) from pg_locks where granted and"
                           " relation = 'response'::regclass and mode = 'AccessExclusiveLock'") ==
           0)
        usleep(20000);
    expect_status(away_post(&away, "k", 9, ""), 202);
    expect_status(away_post(&away, "l", 9, ""), 202);
    away_wait_moved(&away);
    away_expect_count(&away, 2);
    away_end(&away);
}
END_TEST

/* Without room answers are refused, and nothing is lost. */
START_TEST(full)
{
    struct away away;
    const char *settings[] = {"NPSD_SPOOL_MAX_MB=1", NULL};
    away_begin(&away, settings);
    cluster_stop();
    const char *why = text_repeat("word ", 700);
    int taken = 0;
    for (; taken < 2000; taken++) {
        struct reply *reply = away_post(&away, NULL, 9, text("'answers':{'why':'%s'}", why));
        if (reply->status != 202) {
            away_expect_retry(reply, "unavailable");
            break;
        }
        if (taken % 50 == 49)
            client_reset();
    }
    ck_assert_int_gt(taken, 200);
    ck_assert_int_lt(taken, 400);
    away_wait(&away, "/reason", "spool-full");
    cluster_start();
    away_wait_moved(&away);
    expect_status(away_post(&away, NULL, 9, ""), 201);
    away_expect_count(&away, taken + 1);
    away_end(&away);
}
END_TEST

/* NPSD_SPOOL= turns it off. */
START_TEST(turned_off)
{
    struct away away;
    const char *settings[] = {"NPSD_SPOOL=", NULL};
    away_begin(&away, settings);
    cluster_stop();
    away_expect_retry(away_post(&away, "k", 9, ""), "unavailable");
    away_wait(&away, "/reason", "database-away");
    cluster_start();
    away_wait(&away, "/status", "ready");
    expect_status(away_post(&away, "k", 9, ""), 201);
    away_end(&away);
}
END_TEST

/* A second daemon on the same file runs without it until the first has ended, then takes it over:
 * so one can replace another. */
START_TEST(one_file_two_daemons)
{
    struct away first, second;
    away_begin(&first, NULL);
    second = first;
    away_restart(&second, NULL);
    away_wait(&second, "/spool/status", "locked");
    cluster_stop();
    expect_status(away_post(&first, "k", 9, ""), 202);
    away_expect_retry(away_post(&second, "l", 9, ""), "unavailable");
    away_kill(&first);
    away_wait(&second, "/status", "degraded");
    expect_status(away_post(&second, "l", 9, ""), 202);
    expect_header(expect_status(away_post(&second, "k", 9, ""), 202), "Idempotent-Replayed",
                  "true");
    cluster_start();
    away_wait_moved(&second);
    away_expect_count(&second, 2);
    away_end(&second);
}
END_TEST

/* Answers of one database are not moved into another. */
START_TEST(another_database)
{
    struct away away, other;
    away_begin(&away, NULL);
    usleep(COPIED_US);
    cluster_stop();
    expect_status(away_post(&away, "k", 9, ""), 202);
    away_kill(&away);
    cluster_start();
    other = away;
    other.database = fixture_new_database(true);
    away_restart(&other, NULL);
    away_wait(&other, "/spool/status", "foreign");
    away_wait(&other, "/spool/waiting", "1");
    away_kill(&other);
    database_drop(other.database);
    away_restart(&away, NULL);
    away_wait_moved(&away);
    away_expect_count(&away, 1);
    away_end(&away);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = read_only},  {.test = slow_database},        {.test = full},
        {.test = turned_off}, {.test = one_file_two_daemons}, {.test = another_database},
    };
    int status = cluster_make() ? fixture_run("spool_limits", NULL, tests, COUNT_OF(tests)) : 1;
    cluster_remove();
    return status;
}
