#include "support/away.h"
#include "support/cluster.h"
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SETTINGS_MAX = 16, PATIENCE_S = 30 };

static const char *new_spool(void)
{
    char *folder = text_space(40);
    snprintf(folder, 40, "/tmp/npsd-spool.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    return text("%s/spool.db", folder);
}

void away_restart(struct away *away, const char *const *settings)
{
    const char *all[SETTINGS_MAX] = {text("NPSD_SPOOL=%s", away->spool)};
    for (size_t i = 0; settings && settings[i]; i++)
        all[i + 1] = settings[i];
    ck_assert(daemon_start(&away->daemon, database_url(away->database), all));
    client_use(away->daemon.url);
}

static const char *new_key(const char *database)
{
    struct command made = fixture_run_command(
        database, (const char *const[]){"key", "create", "--role", "admin", NULL});
    ck_assert_msg(made.status == 0, "%s", made.err);
    return text("%.*s", (int)strcspn(made.out, "\n"), made.out);
}

void away_begin(struct away *away, const char *const *settings)
{
    cluster_start();
    *away = (struct away){.database = fixture_new_database(true), .spool = new_spool()};
    away->admin = new_key(away->database);
    away_restart(away, settings);
    away->survey = "away";
    const char *survey =
        text_json("{'id':'%s','title':{'en':'Away'},'facets':['branch']}", away->survey);
    expect_status(client_post(away->admin, survey, "/v1/surveys"), 201);
}

void away_beside(const struct away *first, struct away *ret_second)
{
    *ret_second = *first;
    ret_second->spool = new_spool();
    away_restart(ret_second, NULL);
}

void away_kill(struct away *away)
{
    daemon_kill(&away->daemon);
}

void away_end_beside(struct away *away)
{
    if (away->daemon.pid > 0)
        ck_assert_pstr_eq(daemon_stop(&away->daemon), NULL);
    const char *folder = text("%.*s", (int)(strrchr(away->spool, '/') - away->spool), away->spool);
    ck_assert_int_eq(system(text("rm -rf -- %s", folder)), 0);
    client_use(fixture_daemon()->url);
}

void away_end(struct away *away)
{
    away_end_beside(away);
    cluster_start();
    database_drop(away->database);
}

struct reply *away_post(const struct away *away, const char *key, int score, const char *members)
{
    client_use(away->daemon.url);
    return client_send(&(struct request){
        .path = text("/v1/surveys/%s/responses", away->survey),
        .body = text_json("{'score':%d%s%s}", score, *members ? "," : "", members),
        .headers = {key ? text("Idempotency-Key: %s", key) : NULL}});
}

/* What stands there as text; "" for nothing. */
static const char *member(const struct reply *reply, const char *pointer)
{
    json_t *value = reply_at(reply, pointer);
    if (json_is_string(value))
        return json_string_value(value);
    return json_is_integer(value) ? text("%lld", json_integer_value(value)) : "";
}

void away_wait(const struct away *away, const char *pointer, const char *value)
{
    time_t end = time(NULL) + PATIENCE_S;
    client_use(away->daemon.url);
    for (;;) {
        struct reply *reply = client_get(NULL, "/readyz");
        if (strcmp(member(reply, pointer), value) == 0)
            return;
        ck_assert_msg(time(NULL) < end, "%s is not %s: %s", pointer, value, reply->body);
        usleep(20000);
    }
}

void away_wait_moved(const struct away *away)
{
    away_wait(away, "/status", "ready");
    time_t end = time(NULL) + PATIENCE_S;
    for (;;) {
        struct reply *reply = client_get(NULL, "/readyz");
        const char *waiting = member(reply, "/spool/waiting");
        if (!*waiting || strcmp(waiting, "0") == 0)
            return;
        ck_assert_msg(time(NULL) < end, "%s", reply->body);
        usleep(20000);
    }
}

void away_expect_count(const struct away *away, long responses)
{
    client_use(away->daemon.url);
    struct reply *reply = client_get(away->admin, "/v1/surveys/%s/nps?period=all", away->survey);
    expect_int(expect_status(reply, 200), "/responses", responses);
    struct command check =
        fixture_run_command(away->database, (const char *const[]){"check", NULL});
    ck_assert_msg(check.status == 0, "%s%s", check.out, check.err);
}

void away_expect_retry(struct reply *reply, const char *slug)
{
    expect_problem(reply, 503, slug, NULL);
    const char *after = header_of(reply, "Retry-After");
    ck_assert(after && *after && strspn(after, "0123456789") == strlen(after));
}

const char *away_spool(const struct away *away, const char *const *args)
{
    const char *all[8] = {"spool"};
    for (size_t i = 0; args[i]; i++)
        all[i + 1] = args[i];
    const char *settings[] = {text("NPSD_SPOOL=%s", away->spool), NULL};
    struct command command = command_run(settings, all);
    ck_assert_msg(command.status == 0, "%s", command.err);
    return command.out;
}
