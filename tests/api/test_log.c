/* The daemon's log at its most talkative: whatever strangers send, there is no line but the
 * daemon's own, and no key, token or word of an answer. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/links.h"
#include "support/raw.h"
#include "support/text.h"
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const settings[] = {"NPSD_LOG=debug", NULL};

/* What nothing in the log may have: it stands in every place that is a stranger's to fill. */
#define CANARY "Canary7f3"

/* What tries to begin a line of its own: as bytes, and as escapes of a path, a query or a form.
 * U+0085, U+2028 and U+2029 end lines for many readers; U+202E turns them round; ESC is obeyed by
 * terminals. */
static const char *const breaks[] = {
    "\n",           "\r\n",         "\v",           "\x1b[2K\r", "\xc2\x85",
    "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xae", "\x7f",      "\t"};
static const char *const escapes[] = {"%0a",    "%0d%0a",    "%0b",       "%1b%5b2K%0d",
                                      "%c2%85", "%e2%80%a8", "%e2%80%a9", "%e2%80%ae",
                                      "%7f",    "%00",       "%250a"};

/* The tail of a line that would look like the daemon's. */
#define FORGED "ts=2026-01-01T00:00:00.000000Z level=error event=forged "

static const char *read_log(void)
{
    const char *log = text_file(text("%s/log", fixture_daemon()->folder));
    ck_assert_ptr_nonnull(log);
    return log;
}

/* "ts=2026-11-20T14:03:00.123Z level=info event=..." */
static bool is_ours(const char *line)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    size_t time = strncmp(line, "ts=2", 4) == 0 ? strspn(line + 3, "0123456789-T:.Z") : 0;
    const char *rest = line + 3 + time;
    if (time < 20 || rest[-1] != 'Z' || strncmp(rest, " level=", 7) != 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        const char *event = rest + 7 + strlen(levels[i]);
        if (strncmp(rest + 7, levels[i], strlen(levels[i])) == 0 &&
            strncmp(event, " event=", 7) == 0)
            return strncmp(event + 7, "forged", 6) != 0;
    }
    return false;
}

static void expect_clean_log(void)
{
    const char *log = read_log();
    for (const char *line = log; *line; line += strcspn(line, "\n") + 1)
        ck_assert_msg(is_ours(line), "%.*s", (int)strcspn(line, "\n"), line);
    for (const char *at = log; *at; at++)
        ck_assert_msg((unsigned char)*at >= 0x20 || *at == '\n', "%.200s", at);
    for (size_t i = 0; i < COUNT_OF(breaks); i++)
        ck_assert_msg(i < 2 || !strstr(log, breaks[i]), "%zu", i);
    const char *found = strcasestr(log, CANARY);
    ck_assert_msg(!found, "%.*s", 200, found ? found - 20 : "");
    static const char *const roles[] = {"npsd_submit_", "npsd_agent_", "npsd_viewer_",
                                        "npsd_analyst_", "npsd_admin_"};
    for (size_t i = 0; i < COUNT_OF(roles); i++)
        ck_assert_ptr_null(strstr(log, roles[i]));
}

/* --- by bytes --- */

static void send_raw(const char *bytes)
{
    int fd = raw_connect_address(fixture_daemon()->url);
    ck_assert_int_ge(fd, 0);
    raw_send(fd, bytes);
    shutdown(fd, SHUT_WR);
    raw_read(fd, false);
    close(fd);
}

START_TEST(headers)
{
    static const char *const names[] = {
        "X-Request-Id",    "User-Agent",    "Origin",          "Referer",   "Authorization",
        "Idempotency-Key", "Content-Type",  "X-Forwarded-For", "Forwarded", "Accept-Language",
        "Prefer",          "If-None-Match", "traceparent",     "Cookie",    "X-Canary7f3"};
    const char *survey = fixture_survey("");
    for (size_t i = 0; i < COUNT_OF(breaks); i++)
        for (size_t j = 0; j < COUNT_OF(names); j++) {
            send_raw(text("POST /v1/surveys/%s/responses HTTP/1.1\r\nHost: x\r\n"
                          "Content-Length: 11\r\n%s: " CANARY "%s" FORGED CANARY
                          "\r\n\r\n{\"score\":9}",
                          survey, names[j], breaks[i]));
            send_raw(
                text("GET /v1/nps HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer npsd_admin_" CANARY
                     "\r\n%s: a%s" FORGED "\r\n\r\n",
                     names[j], breaks[i]));
        }
    expect_clean_log();
}
END_TEST

START_TEST(request_lines)
{
    for (size_t i = 0; i < COUNT_OF(breaks); i++) {
        send_raw(text("GET /s/" CANARY "%s" FORGED " HTTP/1.1\r\nHost: x\r\n\r\n", breaks[i]));
        send_raw(text("GET%s /s/" CANARY " HTTP/1.1\r\nHost: x\r\n\r\n", breaks[i]));
        send_raw(text(CANARY " /s/x HTTP/%s1.1\r\nHost: x\r\n\r\n", breaks[i]));
        send_raw(text("GET /v1/nps HTTP/1.1\r\nHost: " CANARY "%s" FORGED "\r\n\r\n", breaks[i]));
    }
    expect_clean_log();
}
END_TEST

/* --- by escapes --- */

START_TEST(paths_and_queries)
{
    const char *survey = fixture_survey("'badge':'public'");
    for (size_t i = 0; i < COUNT_OF(escapes); i++) {
        const char *tail = text("%s" FORGED CANARY, escapes[i]);
        char *escaped = text_space(strlen(tail) * 3);
        for (size_t from = 0, to = 0; tail[from]; from++)
            to += (size_t)snprintf(escaped + to, 4, tail[from] == ' ' ? "%%20" : "%c", tail[from]);
        client_get(NULL, "/v1/surveys/%s", escaped);
        client_get(NULL, "/v1/surveys/x%s/nps", escaped);
        client_get(NULL, "/s/%s", escaped);
        client_get(NULL, "/assets/%s", escaped);
        /* As links, whose first characters are told. */
        client_get(NULL, "/s/%sa.b", escaped);
        client_get(NULL, "/s/a%s.b", escaped);
        client_get(fixture_key(ADMIN), "/v1/surveys/%s/nps?last=%s", survey, escaped);
        client_get(fixture_key(ADMIN), "/v1/surveys/%s/nps?where.%s=1", survey, escaped);
        client_get(fixture_key(ADMIN), "/v1/surveys/%s/comments?cursor=%s", survey, escaped);
        client_get(NULL, "/v1/surveys/%s/nps.svg?label=%s", survey, escaped);
        client_get(NULL, "/s/%s?score=%s&lang=%s&channel=%s", survey, escaped, escaped, escaped);
        link_form(survey, text("score=%s&answers.why=%s&redirect=%s&key=%s", escaped, escaped,
                               escaped, escaped));
        link_form(survey, text("score=9&answers.why=%s", escaped));
    }
    expect_clean_log();
}
END_TEST

/* --- by bodies --- */

START_TEST(bodies)
{
    static const char *const forms[] = {
        "{'score':'%s'}",
        "{'score':9%s}",
        "{'score':9,'answers':{'why':'%s'}}",
        "{'score':9,'answers':{'%s':'x'}}",
        "{'score':9,'%s':1}",
        "{'score':9,'respondent':'%s','properties':{'branch':'%s'}}",
        "{'score':9,'language':'%s'}",
        "%s",
    };
    const char *survey = fixture_survey("'facets':['branch']");
    for (size_t i = 0; i < COUNT_OF(breaks) + 2; i++)
        for (size_t j = 0; j < COUNT_OF(forms); j++) {
            static const char *const written[] = {"\\n", "\\u2028"};
            const char *mark = i < COUNT_OF(breaks) ? breaks[i] : written[i - COUNT_OF(breaks)];
            const char *body = text_json("%s", forms[j]);
            const char *value = text("%s" FORGED CANARY, mark);
            for (const char *at; (at = strstr(body, "%s"));)
                body = text("%.*s%s%s", (int)(at - body), body, value, at + 2);
            client_post(NULL, body, "/v1/surveys/%s/responses", survey);
            client_post(NULL, text("[%s]", body), "/v1/surveys/%s/responses/batch", survey);
            client_post(fixture_key(ADMIN), body, "/v1/surveys");
        }
    expect_clean_log();
}
END_TEST

/* --- what others say of it --- */

/* PostgreSQL quotes the whole row when it refuses one. */
START_TEST(refusals_of_the_database)
{
    const char *name = fixture_database(), *survey = fixture_survey("");
    const char *id =
        reply_string(fixture_answer(survey, 9, text_json("'respondent':'" CANARY "'")), "/id");
    database_sql(name, "alter table response add constraint refusal check (score <> 3)");
    const char *body = "{\"score\":3,\"answers\":{\"why\":\"" CANARY "\"}}";
    struct reply *posted = client_post(NULL, body, "/v1/surveys/%s/responses", survey);
    struct reply *changed =
        client_patch(fixture_key(ADMIN), body, "/v1/surveys/%s/responses/%s", survey, id);
    database_sql(name, "alter table response drop constraint refusal");
    ck_assert_int_ge(posted->status, 400);
    ck_assert_int_ge(changed->status, 400);
    ck_assert_ptr_null(strstr(posted->body, CANARY));
    ck_assert_ptr_null(strstr(changed->body, CANARY));
    ck_assert_ptr_nonnull(strstr(read_log(), "23514"));
    expect_clean_log();
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = headers},
        {.test = request_lines},
        {.test = paths_and_queries},
        {.test = bodies},
        {.test = refusals_of_the_database},
    };
    return fixture_run("log", settings, tests, COUNT_OF(tests));
}
