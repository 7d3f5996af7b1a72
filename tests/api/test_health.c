/* Health on both listeners, metrics on one, and what they say while the database is away. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <math.h>
#include <regex.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct reply *get_at(const char *base, const char *path)
{
    client_use(base);
    struct reply *reply = client_get(NULL, "%s", path);
    client_use(fixture_daemon()->url);
    return reply;
}

/* Both listeners tell of the process and of being ready, and are asked by HEAD, too. */
START_TEST(health_on_both_listeners)
{
    const char *const bases[] = {fixture_daemon()->url, fixture_daemon()->admin};
    for (size_t i = 0; i < COUNT_OF(bases); i++) {
        expect_status(get_at(bases[i], "/healthz"), 200);
        struct reply *ready = expect_status(get_at(bases[i], "/readyz"), 200);
        expect_header(ready, "Content-Type", "application/json");
        expect_string(ready, "/status", "ready");
        ck_assert_ptr_nonnull(header_of(ready, "X-Request-Id"));
    }
}
END_TEST

/* The admin listener has no service, the service no metrics. */
START_TEST(listeners_are_apart)
{
    expect_problem(get_at(fixture_daemon()->url, "/metrics"), 404, "not-found", NULL);
    static const char *const paths[] = {"/v1/surveys", "/v1/surveys/a/nps", "/s/a/thanks", "/"};
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        expect_problem(get_at(fixture_daemon()->admin, paths[i]), 404, "not-found", NULL);
    client_use(fixture_daemon()->admin);
    expect_problem(client_post(NULL, "{}", "/metrics"), 405, "method-not-allowed", NULL);
    client_use(fixture_daemon()->url);
}
END_TEST

static const char *metrics(void)
{
    struct reply *reply = expect_status(get_at(fixture_daemon()->admin, "/metrics"), 200);
    const char *type = header_of(reply, "Content-Type");
    ck_assert_msg(type && strncmp(type, "text/plain; version=0.0.4", 25) == 0, "%s", type);
    return reply->body;
}

/* The value of the first sample that begins like this; -1 without one. */
static double sample(const char *body, const char *begin)
{
    const char *found = strncmp(body, begin, strlen(begin)) == 0 ? body : NULL;
    const char *line = strstr(body, text("\n%s", begin));
    found = found ? found : line ? line + 1 : NULL;
    return found ? strtod(strrchr(text("%.*s", (int)strcspn(found, "\n"), found), ' '), NULL) : -1;
}

static bool matches(const char *string, const char *pattern)
{
    regex_t regex;
    ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool match = regexec(&regex, string, 0, NULL, 0) == 0;
    regfree(&regex);
    return match;
}

#define NAME "[a-zA-Z_:][a-zA-Z0-9_:]*"
#define LABEL "[a-zA-Z_][a-zA-Z0-9_]*=\"([^\"\\\\]|\\\\[\\\\\"n])*\""
#define VALUE "([-+]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?Inf|NaN)"

/* Of the metric whose samples are being read. */
struct metric {
    char name[128], type[32];
    const char *seen; /* the names so far, each with blanks around it */
};

/* A comment opens a metric: HELP, then TYPE, once each. */
static void read_comment(struct metric *metric, const char *line)
{
    char kind[8], name[128], rest[32];
    ck_assert_msg(sscanf(line, "# %7s %127s %31s", kind, name, rest) == 3, "%s", line);
    if (strcmp(kind, "HELP") == 0) {
        ck_assert_msg(!strstr(metric->seen, text(" %s ", name)), "twice: %s", line);
        metric->seen = text("%s %s ", metric->seen, name);
        snprintf(metric->name, sizeof(metric->name), "%s", name);
        metric->type[0] = '\0';
        return;
    }
    ck_assert_str_eq(kind, "TYPE");
    ck_assert_str_eq(name, metric->name);
    ck_assert_str_eq(metric->type, "");
    ck_assert_msg(strstr("counter gauge histogram", rest) != NULL, "%s", line);
    snprintf(metric->type, sizeof(metric->type), "%s", rest);
    if (strcmp(rest, "counter") == 0)
        ck_assert_msg(matches(name, "_total$"), "a counter's name: %s", name);
}

static void read_sample(const struct metric *metric, const char *line)
{
    ck_assert_msg(matches(line, "^" NAME "(\\{" LABEL "(," LABEL ")*\\})? " VALUE "$"), "%s", line);
    const char *name = text("%.*s", (int)strcspn(line, "{ "), line);
    const char *rest = name + strlen(metric->name);
    ck_assert_msg(strncmp(name, metric->name, strlen(metric->name)) == 0 && *metric->type,
                  "%s is not of %s", line, metric->name);
    if (strcmp(metric->type, "histogram") == 0)
        ck_assert_msg(matches(rest, "^_(bucket|sum|count)$"), "%s", line);
    else
        ck_assert_msg(*rest == '\0', "%s", line);
}

/* The text is what Prometheus reads. */
START_TEST(metrics_are_well_formed)
{
    expect_status(client_get(NULL, "/v1/nothing"), 404);
    fixture_answer(fixture_survey(""), 5, "");
    const char *body = metrics();
    ck_assert_int_eq(body[strlen(body) - 1], '\n');
    ck_assert_ptr_null(strchr(body, '\r'));
    struct metric metric = {.seen = " "};
    for (const char *at = body; *at;) {
        const char *line = text("%.*s", (int)strcspn(at, "\n"), at);
        if (*line == '#')
            read_comment(&metric, line);
        else
            read_sample(&metric, line);
        at += strlen(line) + 1;
    }
    static const char *const expected[] = {"npsd_http_requests_total",
                                           "npsd_http_request_duration_seconds",
                                           "npsd_responses_acked_total",
                                           "npsd_responses_duplicate_total",
                                           "npsd_commit_batch_size",
                                           "npsd_commit_duration_seconds",
                                           "npsd_queue_depth",
                                           "npsd_queue_rejected_total",
                                           "npsd_db_connected",
                                           "npsd_db_reconnects_total",
                                           "npsd_db_outcome_unknown_total",
                                           "npsd_poison_rows_total",
                                           "npsd_build_info"};
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        ck_assert_msg(strstr(metric.seen, text(" %s ", expected[i])), "no %s", expected[i]);
}
END_TEST

static void expect_histogram(const char *body, const char *name)
{
    double bound = -INFINITY, count = 0;
    const char *prefix = text("\n%s_bucket{", name);
    for (const char *at = body; (at = strstr(at, prefix)); at++) {
        const char *le = strstr(at, "le=\"") + 4;
        double next = strncmp(le, "+Inf", 4) == 0 ? INFINITY : strtod(le, NULL);
        double value = strtod(strstr(le, "} ") + 2, NULL);
        if (next <= bound) /* the next series of the same metric */
            count = 0;
        ck_assert_msg(value >= count, "%s falls at le=%g", name, next);
        bound = next;
        count = value;
    }
    ck_assert_msg(isinf(bound), "%s has no +Inf", name);
    ck_assert_double_eq(sample(body, text("%s_count", name)), count);
    ck_assert_double_ge(sample(body, text("%s_sum", name)), 0);
}

/* Buckets are cumulative, the last one is +Inf and equals the count. */
START_TEST(histograms_add_up)
{
    for (int i = 0; i < 20; i++)
        fixture_answer(fixture_survey(""), 5, "");
    const char *body = metrics();
    expect_histogram(body, "npsd_commit_batch_size");
    expect_histogram(body, "npsd_commit_duration_seconds");
}
END_TEST

/* Counters count, and no label holds what strangers choose. */
START_TEST(counters_count)
{
    const char *survey = fixture_survey("");
    const char *series = text("npsd_http_requests_total{method=\"POST\","
                              "route=\"/v1/surveys/{survey}/responses\",code=\"201\"}");
    const char *before = metrics();
    for (int i = 0; i < 7; i++)
        fixture_answer(survey, 5, "");
    const char *path = text("/v1/surveys/%s/responses", survey);
    for (int i = 0; i < 3; i++)
        client_send(&(struct request){
            .path = path, .body = "{\"score\":5}", .headers = {"Idempotency-Key: counted"}});
    const char *after = metrics();
    double was = sample(before, series);
    ck_assert_double_eq(sample(after, series) - (was < 0 ? 0 : was), 8);
    const char *acked = "npsd_responses_acked_total", *twice = "npsd_responses_duplicate_total";
    ck_assert_double_eq(sample(after, acked) - sample(before, acked), 8);
    ck_assert_double_eq(sample(after, twice) - sample(before, twice), 2);
    ck_assert_ptr_null(strstr(after, survey));
    ck_assert_double_eq(sample(after, "npsd_db_connected"), 1);
    ck_assert_double_eq(sample(after, "npsd_queue_depth"), 0);
}
END_TEST

/* An empty NPSD_ADMIN_LISTEN turns the second listener off. */
START_TEST(no_admin_listener)
{
    struct daemon daemon;
    const char *settings[] = {"NPSD_ADMIN_LISTEN=", NULL};
    ck_assert(daemon_start(&daemon, database_url(fixture_database()), settings));
    expect_status(get_at(daemon.url, "/healthz"), 200);
    expect_status(get_at(daemon.url, "/metrics"), 404);
    const char *log = text_file(text("%s/log", daemon.folder));
    ck_assert_ptr_nonnull(strstr(log, "event=listening"));
    ck_assert_ptr_null(strstr(log, "admin=127"));
    ck_assert_pstr_eq(daemon_stop(&daemon), NULL);
}
END_TEST

/* `npsd healthcheck` tells by its exit code. */
START_TEST(healthcheck)
{
    const char *ready[] = {text("NPSD_LISTEN=%s", fixture_daemon()->url + 7),
                           text("NPSD_ADMIN_LISTEN=%s", fixture_daemon()->admin + 7), NULL};
    const char *const args[] = {"healthcheck", NULL};
    struct command command = command_run(ready, args);
    ck_assert_msg(command.status == 0, "%s", command.err);
    const char *nobody[] = {"NPSD_LISTEN=127.0.0.1:1", "NPSD_ADMIN_LISTEN=127.0.0.1:1", NULL};
    ck_assert_int_ne(command_run(nobody, args).status, 0);
}
END_TEST

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Waits for the readiness to be so, which takes two seconds at most (more on a slow machine). */
static void expect_ready_within(bool ready, double seconds)
{
    double start = seconds_now();
    for (;;) {
        struct reply *reply = client_get(NULL, "/readyz");
        expect_status(client_get(NULL, "/healthz"), 200);
        bool is_ready =
            reply->status == 200 && strcmp(reply_string(reply, "/status"), "ready") == 0;
        if (is_ready == ready)
            return;
        if (reply->status != 200)
            expect_status(reply, 503);
        ck_assert_msg(seconds_now() - start < seconds, "still %ld %s", reply->status, reply->body);
        usleep(50000);
    }
}

static void set_connectable(const char *name, bool connectable)
{
    database_sql("postgres", "ALTER DATABASE %s ALLOW_CONNECTIONS %s", name,
                 connectable ? "true" : "false");
    if (!connectable)
        database_sql("postgres",
                     "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                     " WHERE datname = '%s'",
                     name);
}

/* A terminal that goes ends it as SIGTERM does. */
START_TEST(a_hangup_drains)
{
    struct daemon daemon;
    ck_assert(daemon_start(&daemon, database_url(fixture_database()), NULL));
    siginfo_t ended;
    kill(daemon.pid, SIGHUP);
    ck_assert_int_eq(waitid(P_PID, (id_t)daemon.pid, &ended, WEXITED | WNOWAIT), 0);
    ck_assert_pstr_eq(daemon_stop(&daemon), NULL);
}
END_TEST

/* While the database is away the process lives and says so; answers are refused with a time to come
 * back, or spooled; when it is back, all goes on, without one lost or counted twice. */
START_TEST(database_away)
{
    const char *name = fixture_new_database(true);
    struct daemon daemon;
    ck_assert(daemon_start(&daemon, database_url(name), NULL));
    struct command made =
        fixture_run_command(name, (const char *const[]){"key", "create", "--role", "admin", NULL});
    const char *key = text("%.*s", (int)strcspn(made.out, "\n"), made.out);
    client_use(daemon.url);
    expect_status(client_post(key, "{\"id\":\"a\",\"title\":{\"en\":\"A\"}}", "/v1/surveys"), 201);
    const char *body = "{\"score\":9}";
    expect_status(client_post(NULL, body, "/v1/surveys/a/responses"), 201);
    set_connectable(name, false);
    expect_ready_within(false, 10);
    struct request post = {
        .path = "/v1/surveys/a/responses", .body = body, .headers = {"Idempotency-Key: away"}};
    struct reply *reply = client_send(&post);
    if (reply->status != 202) {
        expect_status(reply, 503);
        const char *retry = header_of(reply, "Retry-After");
        ck_assert(retry && strspn(retry, "0123456789") == strlen(retry) && *retry);
    }
    reply = client_get(key, "/v1/surveys/a/nps");
    ck_assert_msg(reply->status == 503 || reply->status == 200, "%ld", reply->status);
    set_connectable(name, true);
    expect_ready_within(true, 10);
    ck_assert_int_lt(client_send(&post)->status, 300);
    expect_status(client_send(&post), 200);
    reply = expect_status(client_get(key, "/v1/surveys/a/nps?period=all"), 200);
    expect_int(reply, "/responses", 2);
    ck_assert_pstr_eq(daemon_stop(&daemon), NULL);
    client_use(fixture_daemon()->url);
    database_drop(name);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = health_on_both_listeners},
        {.test = listeners_are_apart},
        {.test = metrics_are_well_formed},
        {.test = histograms_add_up},
        {.test = counters_count},
        {.test = no_admin_listener},
        {.test = healthcheck},
        {.test = a_hangup_drains},
        {.test = database_away},
    };
    return fixture_run("health", NULL, tests, COUNT_OF(tests));
}
