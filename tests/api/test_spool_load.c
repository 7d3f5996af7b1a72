/* Answers under load while PostgreSQL is killed, stopped and started and the daemon is killed: of
 * each client's ledger no acknowledged answer is missing, doubled or changed. */
#include "support/away.h"
#include "support/cluster.h"
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLIENTS = 4, ID_SIZE = 36 };

static volatile sig_atomic_t over;

static void note_end(int number)
{
    (void)number;
    over = 1;
}

/* --- a client: sends each key until it is acknowledged, and writes down what was said --- */

struct client {
    CURL *curl;
    char url[256], body[512];
    size_t size; /* of body */
    FILE *ledger;
};

static size_t take_body(const char *bytes, size_t size, size_t count, void *closure)
{
    struct client *client = closure;
    size_t room = sizeof(client->body) - 1 - client->size;
    size_t len = size * count < room ? size * count : room;
    memcpy(client->body + client->size, bytes, len);
    client->size += len;
    client->body[client->size] = '\0';
    return size * count;
}

static long send_one(struct client *client, const char *key, int score)
{
    char header[64], body[64];
    long status = 0;
    snprintf(header, sizeof(header), "Idempotency-Key: %s", key);
    snprintf(body, sizeof(body), "{\"score\":%d}", score);
    struct curl_slist *headers = curl_slist_append(NULL, header);
    headers = curl_slist_append(headers, "Content-Type: application/json");
    client->size = 0;
    curl_easy_setopt(client->curl, CURLOPT_URL, client->url);
    curl_easy_setopt(client->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, client);
    if (curl_easy_perform(client->curl) == CURLE_OK)
        curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    return status;
}

/* 201, 200 and 202 are acknowledgements; 503 and a lost connection are not; nothing else may come.
 */
static bool write_down(struct client *client, const char *key, int score, long status)
{
    const char *id = strstr(client->body, "\"id\":\"");
    if (status == 0 || status == 503)
        return false;
    if ((status != 200 && status != 201 && status != 202) || !id)
        fprintf(client->ledger, "wrong\t%s\t%ld\t0\n", key, status);
    else
        fprintf(client->ledger, "%s\t%.*s\t%ld\t%d\n", key, ID_SIZE, id + 6, status, score);
    fflush(client->ledger);
    return true;
}

static void run_client(const struct away *away, int number, const char *ledger)
{
    struct client client = {.curl = curl_easy_init(), .ledger = fopen(ledger, "w")};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTERM, note_end);
    snprintf(client.url, sizeof(client.url), "%s/v1/surveys/%s/responses", away->daemon.url,
             away->survey);
    for (int n = 0; !over; n++) {
        char key[32];
        int score = n % 11;
        snprintf(key, sizeof(key), "c%d-%d", number, n);
        while (!write_down(&client, key, score, send_one(&client, key, score)))
            usleep(5000);
        if (n % 10 == 0) /* a retry of what was acknowledged */
            write_down(&client, key, score, send_one(&client, key, score));
    }
    fclose(client.ledger);
    _exit(0);
}

/* --- the verdict --- */

static void psql(const char *database, const char *command)
{
    const char *line = text("psql -qX -v ON_ERROR_STOP=1 '%s' -c \"%s\"",
                            database_superuser_url(database), command);
    ck_assert_int_eq(system(line), 0);
}

static void expect_zero(const char *database, const char *what, const char *sql)
{
    long found = database_number(database, "%s", sql);
    ck_assert_msg(found == 0, "%ld %s", found, what);
}

static void judge(const struct away *away, const char *folder)
{
    const char *database = away->database;
    database_sql(database, "create table ledger (key text, id uuid, status int, score int)");
    ck_assert_int_eq(system(text("! grep -h wrong %s/ledger*", folder)), 0);
    for (int c = 0; c < CLIENTS; c++)
        psql(database, text("\\copy ledger from '%s/ledger%d'", folder, c));
    printf("%ld acknowledged, %ld of them by the spool\n",
           database_number(database, "select count(distinct key) from ledger"),
           database_number(database, "select count(*) from ledger where status = 202"));
    expect_zero(database, "lost",
                "select count(*) from ledger l left join response r using (id) where r.id is null");
    expect_zero(
        database, "changed",
        "select count(*) from ledger l join response r using (id) where l.score <> r.score");
    expect_zero(database, "keys with two ids",
                "select count(*) from (select from ledger group by key having"
                " count(distinct id) > 1) two");
    expect_zero(database, "rows that nobody sent",
                "select greatest(0, (select count(*) from response) -"
                " (select count(distinct key) from ledger))");
    ck_assert_int_gt(database_number(database, "select count(*) from ledger where status = 202"),
                     100);
    ck_assert_int_gt(database_number(database, "select count(*) from ledger where status = 201"),
                     100);
}

/* --- what happens meanwhile --- */

static void kill_and_restart(struct away *away)
{
    const char *settings[] = {text("NPSD_LISTEN=%s", away->daemon.url + strlen("http://")), NULL};
    away_kill(away);
    away_restart(away, settings);
}

static void make_trouble(struct away *away)
{
    sleep(1);
    cluster_kill();
    sleep(2);
    kill_and_restart(away);
    sleep(1);
    cluster_start();
    usleep(100000);
    kill_and_restart(away); /* perhaps in the middle of moving */
    sleep(2);
    cluster_stop();
    sleep(1);
    cluster_start();
    sleep(1);
    cluster_kill();
    usleep(300000);
    cluster_start();
    sleep(2);
}

START_TEST(nothing_is_lost_or_doubled)
{
    struct away away;
    pid_t clients[CLIENTS];
    char folder[] = "/tmp/npsd-ledger.XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    away_begin(&away, NULL);
    usleep(800000);
    for (int c = 0; c < CLIENTS; c++) {
        clients[c] = fork();
        if (clients[c] == 0)
            run_client(&away, c, text("%s/ledger%d", folder, c));
    }
    make_trouble(&away);
    for (int c = 0; c < CLIENTS; c++)
        kill(clients[c], SIGTERM);
    for (int c = 0; c < CLIENTS; c++)
        waitpid(clients[c], NULL, 0);
    away_wait_moved(&away);
    judge(&away, folder);
    away_expect_count(&away, database_number(away.database, "select count(*) from response"));
    ck_assert_int_eq(system(text("rm -rf -- %s", folder)), 0);
    away_end(&away);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {{.test = nothing_is_lost_or_doubled}};
    int status = cluster_make() ? fixture_run("spool_load", NULL, tests, COUNT_OF(tests)) : 1;
    cluster_remove();
    return status;
}
