/* The badge over HTTP: who may embed it, and what a browser gets. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"

#include <string.h>

static struct reply *badge(const char *key, const char *survey, const char *query)
{
    return client_get(key, "/v1/surveys/%s/nps.svg%s", survey, query);
}

static void expect_title(const struct reply *reply, const char *title)
{
    ck_assert_msg(strstr(reply->body, text("<title>%s</title>", title)) != NULL, "no %s in %s",
                  title, reply->body);
}

START_TEST(embedded_without_a_key)
{
    const char *survey = fixture_survey("'badge':'public','access':'key'");
    struct reply *reply = expect_status(badge(NULL, survey, ""), 200);
    expect_title(reply, "NPS: no responses");
    ck_assert_ptr_nonnull(strstr(reply->body, ">-</text>"));
    for (int i = 0; i < 3; i++)
        fixture_answer(survey, i < 2 ? 0 : 9, "");
    reply = expect_status(badge(NULL, survey, ""), 200);
    expect_header(reply, "Content-Type", "image/svg+xml");
    expect_header(reply, "Cache-Control", "private, no-cache");
    expect_header(reply, "X-Content-Type-Options", "nosniff");
    expect_header(reply, "Content-Security-Policy", "default-src 'none'; sandbox");
    expect_title(reply, "NPS -33 from 3 responses");
    ck_assert_ptr_nonnull(strstr(reply->body, ">-33</text>"));
    expect_title(expect_status(badge(NULL, survey, "?from=2020-01-01&to=2020-02-01"), 200),
                 "NPS: no responses");
}
END_TEST

/* Private unless the survey says otherwise, and again when it says so no more. */
START_TEST(private_needs_a_key)
{
    const char *survey = fixture_survey("");
    expect_problem(badge(NULL, survey, ""), 401, "unauthorized", NULL);
    expect_status(badge(fixture_key(VIEWER), survey, ""), 200);
    expect_problem(badge(fixture_key(AGENT), survey, ""), 403, "forbidden", NULL);
    expect_problem(badge(NULL, "no-such-survey", ""), 404, "not-found", NULL);
    expect_status(
        client_patch(fixture_key(ADMIN), "{\"badge\":\"public\"}", "/v1/surveys/%s", survey), 200);
    expect_status(badge(NULL, survey, ""), 200);
    expect_status(badge(fixture_key(SUBMIT), survey, ""), 200);
    expect_problem(badge("npsd_viewer_wrong", survey, ""), 401, "unauthorized", NULL);
    /* The number is public; what it is made of, and everything else, is not. */
    expect_problem(badge(NULL, survey, "?where.channel=web"), 401, "unauthorized", NULL);
    expect_problem(badge(NULL, survey, "?from=2026-03-01T10:00:00Z"), 401, "unauthorized", NULL);
    expect_status(badge(fixture_key(VIEWER), survey, "?where.channel=web"), 200);
    expect_problem(client_get(NULL, "/v1/surveys/%s/nps", survey), 401, "unauthorized", NULL);
    expect_problem(client_get(NULL, "/v1/surveys/%s/comments", survey), 401, "unauthorized", NULL);
    expect_problem(client_get(NULL, "/v1/nps"), 401, "unauthorized", NULL);
    expect_status(
        client_patch(fixture_key(ADMIN), "{\"badge\":\"private\"}", "/v1/surveys/%s", survey), 200);
    expect_problem(badge(NULL, survey, ""), 401, "unauthorized", NULL);
}
END_TEST

START_TEST(labels)
{
    const char *survey = fixture_survey("'badge':'public'");
    fixture_answer(survey, 10, "");
    expect_title(expect_status(badge(NULL, survey, "?label=%3C%26%22%27%3E+%D0%AF"), 200),
                 "&lt;&amp;&quot;&#39;&gt; Я 100 from 1 response");
    const char *forty = text_repeat("%E6%BC%A2", 40);
    expect_status(badge(NULL, survey, text("?label=%s", forty)), 200);
    expect_problem(badge(NULL, survey, text("?label=%sx", forty)), 422, "invalid", "label");
    expect_problem(badge(NULL, survey, "?label="), 422, "invalid", "label");
    expect_problem(badge(NULL, survey, "?label=a%0Ab"), 422, "invalid", "label");
    expect_problem(badge(NULL, survey, "?label=%FF"), 400, "bad-query", NULL);
    expect_problem(badge(NULL, survey, "?label=a%00b"), 400, "bad-query", NULL);
    expect_problem(badge(NULL, survey, "?label=a&label=b"), 400, "bad-query", "label");
    expect_errors(badge(NULL, survey, "?label=&colour=red&last=x"), 422, "invalid",
                  "label colour last");
}
END_TEST

/* What proxies and browsers do with pictures: HEAD, and asking whether theirs is still good. */
START_TEST(head_and_tags)
{
    const char *survey = fixture_survey("'badge':'public'");
    struct reply *whole = expect_status(badge(NULL, survey, ""), 200);
    const char *path = text("/v1/surveys/%s/nps.svg", survey), *tag = header_of(whole, "ETag");
    struct reply *head = client_send(&(struct request){.method = "HEAD", .path = path});
    expect_status(head, 200);
    ck_assert_uint_eq(head->size, 0);
    expect_header(head, "ETag", tag);
    expect_header(head, "Content-Length", text("%zu", whole->size));
    expect_header(head, "Content-Type", "image/svg+xml");
    const struct request again = {.path = path, .headers = {text("If-None-Match: %s", tag)}};
    ck_assert_uint_eq(expect_status(client_send(&again), 304)->size, 0);
    fixture_answer(survey, 0, "");
    expect_status(client_send(&again), 200);
}
END_TEST

/* Whoever has no secret key cannot make the database work without end; what is remembered stays
 * free, and who has one is not held up. */
START_TEST(strangers_are_limited)
{
    const char *survey = fixture_survey("'badge':'public'");
    const char *const keys[] = {NULL, fixture_key(SUBMIT)};
    for (size_t k = 0; k < COUNT_OF(keys); k++) {
        struct reply *reply = NULL;
        for (int i = 0; i < 1500 && (!reply || reply->status == 200); i++) {
            reply = badge(keys[k], survey, text("?label=%zu+%d", k, i));
            if (i % 10 == 0)
                expect_status(badge(NULL, survey, ""), 200);
        }
        expect_problem(reply, 429, "too-many-requests", NULL);
        ck_assert_ptr_nonnull(header_of(reply, "Retry-After"));
        expect_status(badge(NULL, survey, ""), 200);
        expect_status(badge(fixture_key(VIEWER), survey, text("?label=mine+%zu", k)), 200);
    }
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = embedded_without_a_key}, {.test = private_needs_a_key},   {.test = labels},
        {.test = head_and_tags},          {.test = strangers_are_limited},
    };
    return fixture_run("badge", NULL, tests, COUNT_OF(tests));
}
