/* What is around the survey page: refusals for people and for programs, brands, words for each
 * group, files. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/links.h"
#include "support/page.h"
#include "support/text.h"

#include <string.h>

/* A picture that says no more than what it is. */
#define LOGO "data:image/png;base64,iVBORw0KGgoAAA=="

/* --- refusals --- */

static void expect_refusal(const char *path, long status, const char *slug, const char *words)
{
    struct reply *reply = expect_status(page_get(path, HTML, NULL), status);
    expect_header(reply, "Content-Type", "text/html; charset=utf-8");
    page_expect(reply, words);
    page_expect_style(reply);
    expect_problem(page_get(path, NULL, NULL), status, slug, NULL);
    expect_problem(page_get(path, "Accept: application/json", NULL), status, slug, NULL);
    reply = expect_status(page_get(path, HTML, RUSSIAN), status);
    page_expect(reply, "<html lang=\"ru\">");
}

START_TEST(kind_refusals)
{
    expect_refusal("/s/there-is-none", 404, "not-found", "There is no survey here");
    expect_refusal("/s/there-is-none/thanks", 404, "not-found", "There is no survey here");
    expect_refusal("/s/NOT%20ONE", 404, "not-found", "There is no survey here");
    const char *closed = text("/s/%s", fixture_survey("'open':false"));
    expect_refusal(closed, 403, "survey-closed", "This survey is closed");
    expect_refusal(text("%s?a=%%FF", closed), 400, "bad-query", "There is no survey here");
    const char *keyed = text("/s/%s", fixture_survey("'access':'key'"));
    expect_refusal(keyed, 401, "unauthorized", "By invitation");
    ck_assert_ptr_nonnull(header_of(page_get(keyed, HTML, NULL), "WWW-Authenticate"));
    const char *linked = text("/s/%s", fixture_survey("'access':'link'"));
    expect_refusal(linked, 401, "unauthorized", "By invitation");
    expect_status(client_get(fixture_key(ADMIN), "%s", keyed), 200);
    /* Programs, and paths of programs, get problem+json. */
    expect_problem(page_get("/v1/surveys/there-is-none", HTML, NULL), 404, "not-found", NULL);
}
END_TEST

START_TEST(a_wrong_form_is_told_kindly)
{
    const char *survey = fixture_survey("");
    struct request request = {.path = text("/s/%s", survey),
                              .type = FORM,
                              .body = "score=eleven",
                              .headers = {HTML, RUSSIAN}};
    struct reply *reply = expect_status(client_send(&request), 422);
    page_expect(reply, "Мы не поняли этот ответ");
    page_expect_no(reply, "class=\"languages\"");
    request.headers[0] = "Accept: */*";
    expect_problem(client_send(&request), 422, "invalid", "/score");
    request.headers[0] = HTML;
    request.type = "text/plain";
    page_expect(expect_status(client_send(&request), 415), "Мы не поняли этот ответ");
}
END_TEST

/* --- by link --- */

/* The page behind a link: its form goes back to the link, which is good for one answer anyway. */
START_TEST(by_link)
{
    const char *survey = link_survey("'facets':['branch']");
    const char *token = link_token(survey, "c-17");
    struct reply *page = page_open(token, "?score=9&branch=north&channel=email");
    page_expect(page, text("action=\"/s/%s\" data-survey=\"%s\"", token, survey));
    page_expect(page, text("data-api=\"/v1/surveys/%s\"", survey));
    page_expect(page, text(" data-link=\"%s\"", token));
    page_expect(page, "data-channel=\"email\"");
    page_expect(
        page, text("href=\"/s/%s?score=9&amp;branch=north&amp;channel=email&amp;lang=ru\"", token));
    page_expect_no(page, "idempotency_key");
    page_expect_no(page, "c-17");
    expect_header(page, "Referrer-Policy", "no-referrer");
    expect_header(page, "Cache-Control", "no-store");
    page_expect(page_open(token, ""), "data-channel=\"link\"");
    const char *stamp = page_between(page->body, "name=\"page\" value=\"", "\"");
    const char *body =
        text("score=9&properties.branch=north&channel=email&language=en&website=&page=%s", stamp);
    expect_status(link_form(token, body), 303);
    expect_status(link_form(token, body), 303);
    struct reply *row = link_only_row(survey);
    expect_string(row, "/items/0/respondent", "c-17");
    expect_string(row, "/items/0/channel", "email");
}
END_TEST

START_TEST(links_that_are_not_good)
{
    const char *survey = link_survey("");
    const char *token = link_token(survey, "c-17");
    expect_refusal(text("/s/%s", link_forge(survey, "c-17", -3600)), 410, "link-expired",
                   "This link has expired");
    expect_refusal(text("/s/%.*sAA", (int)strlen(token) - 2, token), 404, "not-found",
                   "There is no survey here");
    expect_refusal("/s/a.b", 404, "not-found", "There is no survey here");
    expect_status(client_patch(fixture_key(ADMIN), "{\"open\":false}", "/v1/surveys/%s", survey),
                  200);
    expect_refusal(text("/s/%s", token), 403, "survey-closed", "This survey is closed");
}
END_TEST

/* --- brands and words --- */

START_TEST(brand)
{
    const char *survey = fixture_survey("'brand':{'name':'Shop & Co','logo':'" LOGO "'}");
    struct reply *reply = page_open(survey, "");
    page_expect(reply, "<title>");
    page_expect(reply, " · Shop &amp; Co</title>");
    const char *logo = page_between(reply->body, "<img src=\"", "\"");
    reply = expect_status(client_get(NULL, "%s", logo), 200);
    expect_header(reply, "Content-Type", "image/png");
    expect_header(reply, "Content-Security-Policy", "default-src 'none'; sandbox");
    expect_header(reply, "X-Content-Type-Options", "nosniff");
    expect_header(reply, "Cache-Control", "public, max-age=31536000, immutable");
    ck_assert_uint_eq(reply->size, 10);
    ck_assert(memcmp(reply->body, "\x89PNG\r\n\x1a\n\0\0", 10) == 0);
    expect_header(client_get(NULL, "/s/%s/logo?v=old", survey), "Cache-Control", "no-cache");
    expect_string(client_get(NULL, "/v1/surveys/%s", survey), "/brand/logo", logo);
    struct reply *whole = client_get(fixture_key(ADMIN), "/v1/surveys/%s", survey);
    expect_json(whole, "/brand", "{\"name\":\"Shop & Co\",\"colour\":null,\"logo\":\"" LOGO "\"}");
    expect_problem(client_patch(fixture_key(ADMIN), text_json("{'brand':{'colour':'blue'}}"),
                                "/v1/surveys/%s", survey),
                   422, "invalid", "/brand/colour");
    expect_status(
        client_patch(fixture_key(ADMIN), text_json("{'brand':null}"), "/v1/surveys/%s", survey),
        200);
    expect_status(client_get(NULL, "/s/%s/logo", survey), 404);
    page_expect_no(page_open(survey, ""), "class=\"brand\"");
}
END_TEST

START_TEST(texts_by_group)
{
    const char *survey = fixture_survey("");
    struct reply *whole = client_get(fixture_key(ADMIN), "/v1/surveys/%s", survey);
    expect_string(whole, "/questions/1/text_by_group/critic/en", "What went wrong?");
    page_expect(page_open(survey, ""), "data-text-promoter=\"What did you like most?\"");
    const char *patch =
        text_json("{'questions':[{'id':'recommend','type':'nps','text':{'en':'?'}},{'id':'why',"
                  "'type':'text','text':{'en':'Why?'},'text_by_group':{'neutral':{'en':'So?'}}}]}");
    struct reply *changed = client_patch(fixture_key(ADMIN), patch, "/v1/surveys/%s", survey);
    expect_json(expect_status(changed, 200), "/questions/1/text_by_group",
                "{\"neutral\":{\"en\":\"So?\"}}");
    struct reply *reply = page_open(survey, "");
    page_expect(reply, "data-text-neutral=\"So?\"");
    page_expect_no(reply, "data-text-critic");
}
END_TEST

/* --- files --- */

START_TEST(assets)
{
    struct reply *page = page_open(fixture_survey(""), "");
    const char *icon = page_between(page->body, "href=\"/assets/", "\"");
    const char *version = strstr(icon, "?v=") + 3;
    struct reply *reply = expect_status(client_get(NULL, "/assets/%s", icon), 200);
    expect_header(reply, "Content-Type", "image/svg+xml");
    expect_header(reply, "Cache-Control", "public, max-age=31536000, immutable");
    expect_header(reply, "Content-Security-Policy", "default-src 'none'; sandbox");
    expect_header(reply, "Vary", "Accept-Encoding");
    ck_assert_int_eq(strncmp(reply->body, "<svg", 4), 0);
    const char *tag = header_of(reply, "ETag");
    reply = page_get("/assets/icon.svg", text("If-None-Match: %s", tag), NULL);
    ck_assert_uint_eq(expect_status(reply, 304)->size, 0);
    reply = expect_status(page_get("/assets/icon.svg?v=00000000", GZIP, NULL), 200);
    expect_header(reply, "Cache-Control", "no-cache");
    expect_header(reply, "Content-Encoding", "gzip");
    ck_assert_str_ne(header_of(reply, "ETag"), tag);
    ck_assert_uint_eq(strlen(version), 8);
    expect_problem(client_get(NULL, "/assets/nothing.js"), 404, "not-found", NULL);
    expect_problem(client_get(NULL, "/assets/..%%2fpage.css"), 400, "bad-request", NULL);
}
END_TEST

/* Any page may load the widget, and a page of its own origin nothing but what it needs. */
START_TEST(widget)
{
    struct reply *reply = expect_status(client_get(NULL, "/embed.js"), 200);
    expect_header(reply, "Content-Type", "text/javascript; charset=utf-8");
    expect_header(reply, "Cache-Control", "public, max-age=3600");
    expect_header(reply, "Access-Control-Allow-Origin", "*");
    expect_header(reply, "Cross-Origin-Resource-Policy", "cross-origin");
    expect_header(reply, "Vary", "Accept-Encoding");
    const char *tag = text("If-None-Match: %s", header_of(reply, "ETag"));
    reply = page_get("/embed.js", tag, NULL);
    ck_assert_uint_eq(expect_status(reply, 304)->size, 0);
    expect_header(reply, "Access-Control-Allow-Origin", "*");
    reply = expect_status(page_get("/embed.js", tag, GZIP), 200); /* other bytes, another tag */
    expect_header(reply, "Content-Encoding", "gzip");
}
END_TEST

START_TEST(worker)
{
    struct reply *reply = expect_status(client_get(NULL, "/s/worker.js"), 200);
    expect_header(reply, "Content-Type", "text/javascript; charset=utf-8");
    expect_header(reply, "Cache-Control", "no-cache");
    expect_header(reply, "Content-Security-Policy", "default-src 'none'; connect-src 'self'");
    const char *tag = text("If-None-Match: %s", header_of(reply, "ETag"));
    expect_status(page_get("/s/worker.js", tag, NULL), 304);
}
END_TEST

START_TEST(demo)
{
    struct reply *reply = expect_status(client_get(NULL, "/demo"), 200);
    expect_header(reply, "Content-Type", "text/html; charset=utf-8");
    expect_header(reply, "Cache-Control", "no-cache");
    expect_header(reply, "Referrer-Policy", "no-referrer");
    const char *policy = header_of(reply, "Content-Security-Policy");
    ck_assert(policy && strstr(policy, "default-src 'none'; script-src 'self'") &&
              strstr(policy, "frame-ancestors 'none'") && !strstr(policy, "unsafe"));
    page_expect(reply, "/assets/demo.js");
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = kind_refusals}, {.test = a_wrong_form_is_told_kindly},
        {.test = by_link},       {.test = links_that_are_not_good},
        {.test = brand},         {.test = texts_by_group},
        {.test = assets},        {.test = widget},
        {.test = worker},        {.test = demo},
    };
    return fixture_run("page_around", NULL, tests, COUNT_OF(tests));
}
