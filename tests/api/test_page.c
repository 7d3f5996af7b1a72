/* The survey page over HTTP: what stands in it, what it weighs, and that its form arrives. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/page.h"
#include "support/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FORM "application/x-www-form-urlencoded"

enum { FIRST_VIEW_MAX = 14 * 1024, SCRIPT_MAX = 10 * 1024, WIDGET_MAX = 12 * 1024 };

/* --- the document --- */

START_TEST(headers)
{
    const char *survey = fixture_survey("'brand':{'name':'Shop','colour':'#ffb300'}");
    const char *const paths[] = {text("/s/%s", survey), text("/s/%s/thanks", survey),
                                 text("/s/%s/thanks?dismissed=1", survey), "/s/there-is-none"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct reply *reply = expect_status(page_get(paths[i], HTML, NULL), i < 3 ? 200 : 404);
        page_expect_style(reply);
        expect_header(reply, "Content-Type", "text/html; charset=utf-8");
        expect_header(reply, "Cache-Control", "no-store");
        expect_header(reply, "X-Content-Type-Options", "nosniff");
        expect_header(reply, "Referrer-Policy", "no-referrer");
        expect_header(reply, "Cross-Origin-Opener-Policy", "same-origin");
        ck_assert_ptr_nonnull(header_of(reply, "Permissions-Policy"));
        ck_assert_ptr_nonnull(header_of(reply, "X-Request-Id"));
        ck_assert_ptr_nonnull(strstr(header_of(reply, "Vary"), "Accept-Language"));
        ck_assert_ptr_null(header_of(reply, "Set-Cookie"));
        ck_assert_ptr_null(header_of(reply, "Access-Control-Allow-Origin"));
    }
    const char *policy = header_of(page_open(survey, "?kiosk=1"), "Content-Security-Policy");
    ck_assert(policy && strstr(policy, "; worker-src 'self'"));
}
END_TEST

/* Other sites' scripts may post, and read the definition, but the page is for people. */
START_TEST(not_for_other_origins)
{
    const char *survey = fixture_survey("");
    struct reply *reply =
        page_get(text("/s/%s", survey), HTML, "Origin: https://elsewhere.example");
    ck_assert_ptr_null(header_of(expect_status(reply, 200), "Access-Control-Allow-Origin"));
}
END_TEST

START_TEST(head)
{
    const char *path = text("/s/%s", fixture_survey(""));
    struct reply *reply = client_send(&(struct request){.method = "HEAD", .path = path});
    expect_status(reply, 200);
    ck_assert_uint_eq(reply->size, 0);
    expect_header(reply, "Content-Type", "text/html; charset=utf-8");
}
END_TEST

/* Nothing that strangers wrote becomes markup, and nothing is inline but the style. */
START_TEST(hostile_texts)
{
    const char *survey = fixture_survey(
        "'brand':{'name':'</title><script>alert(1)</script>'},'facets':['branch'],"
        "'questions':[{'id':'a','type':'nps','text':{'en':'</legend><img src=x onerror=alert(2)>'"
        "}},{'id':'b','type':'text','text':{'en':'\\\" autofocus onfocus=alert(3) x=\\\"'},"
        "'text_by_group':{'critic':{'en':'\\\"><script>alert(4)</script>'}}}]");
    struct reply *reply = page_open(
        survey,
        "?branch=%22%3E%3Cscript%3Ealert(5)%3C/script%3E&lang=%22%3E%3Cb%3E&x=%22%3E%3Cu%3E");
    page_expect_style(reply);
    page_expect_no(reply, "<script>");
    page_expect_no(reply, "<img");
    page_expect_no(reply, "\" autofocus");
    page_expect_no(reply, "<b>");
    page_expect_no(reply, "<u>");
    page_expect_no(reply, " style=");
    page_expect(reply, "value=\"&quot;&gt;&lt;script&gt;alert(5)&lt;/script&gt;\"");
    page_expect(reply, "data-text-critic=\"&quot;&gt;&lt;script&gt;");
}
END_TEST

/* --- languages and what comes with the link --- */

START_TEST(languages)
{
    const char *survey = fixture_survey("");
    const char *path = text("/s/%s", survey);
    expect_status(client_patch(fixture_key(ADMIN),
                               text_json("{'title':{'de':'Titel','en':'Title','ru':'Имя'}}"),
                               "/v1/surveys/%s", survey),
                  200);
    page_expect(page_get(path, HTML, NULL), "<html lang=\"en\">");
    struct reply *reply = page_get(path, HTML, RUSSIAN);
    page_expect(reply, "<html lang=\"ru\">");
    page_expect(reply, "<h1>Имя</h1>");
    page_expect(reply, "Насколько вероятно, что вы порекомендуете нас");
    page_expect(reply, "data-text-critic=\"Что пошло не так?\"");
    page_expect(reply, "name=\"language\" value=\"ru\"");
    reply = page_get(text("%s?lang=en&score=3&utm_source=a%%26b", path), HTML, RUSSIAN);
    page_expect(reply, "<html lang=\"en\">");
    page_expect(reply, text("href=\"%s?score=3&amp;utm_source=a%%26b&amp;lang=ru\"", path));
    reply = page_get(text("%s?lang=de", path), HTML, RUSSIAN);
    page_expect(reply, "<html lang=\"de\">");
    page_expect(reply, "<h1>Titel</h1>");
    page_expect(reply, "<span lang=\"en\">How likely");
    page_expect(page_get(text("%s/thanks?lang=ru", path), HTML, NULL), "Спасибо!");
    page_expect(page_get(text("%s/thanks?dismissed=1", path), HTML, NULL), "We will not ask again");
}
END_TEST

START_TEST(prefilled)
{
    const char *survey = fixture_survey("'facets':['branch','product']");
    struct reply *reply = page_open(survey, "?score=9&channel=email&branch=north&utm_campaign=x");
    page_expect(reply, "value=\"9\" required data-group=\"promoter\" aria-label=\"9 of 10, likely\""
                       " checked>");
    page_expect(reply, "data-channel=\"email\"");
    page_expect(reply, "name=\"channel\" value=\"email\"");
    page_expect(reply, "name=\"properties.branch\" value=\"north\"");
    page_expect_no(reply, "properties.product");
    page_expect_no(reply, "properties.utm");
    page_expect(page_open(survey, "?kiosk=1"), "data-kiosk>");
    page_expect(page_open(survey, "?kiosk=1"), "data-channel=\"kiosk\"");
    page_expect(page_open(survey, "?kiosk=1&channel=app"), "data-channel=\"app\"");
    /* Links gather parameters on their way; the first counts. */
    reply = page_open(survey, "?branch=north&utm_source=a&utm_source=b&branch=south");
    page_expect(reply, "name=\"properties.branch\" value=\"north\"");
    /* What makes no sense is nobody's mistake who follows a link. */
    const char *const senseless[] = {"?score=11",     "?score=-1", "?score=9.5",      "?score=",
                                     "?channel=mars", "?kiosk=0",  "?channel=import", "?branch="};
    for (size_t i = 0; i < COUNT_OF(senseless); i++) {
        reply = page_open(survey, senseless[i]);
        page_expect_no(reply, " checked>");
        page_expect(reply, "data-channel=\"web\"");
        page_expect_no(reply, "properties.");
    }
    reply = page_open(survey, text("?branch=%s", text_repeat("a", 257)));
    page_expect_no(reply, "properties.branch");
    page_expect(page_open(survey, text("?branch=%s", text_repeat("a", 256))), "properties.branch");
}
END_TEST

/* A page that is opened, by a person or by a scanner of mails, counts nothing. */
START_TEST(get_never_records)
{
    const char *survey = fixture_survey("");
    for (int i = 0; i < 3; i++)
        page_open(survey, "?score=9");
    struct reply *numbers = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps", survey);
    expect_int(expect_status(numbers, 200), "/responses", 0);
}
END_TEST

/* --- the form arrives --- */

static const char *hidden(const struct reply *page, const char *name)
{
    return page_between(page->body, text("name=\"%s\" value=\"", name), "\"");
}

/* What a browser without script would send. */
static struct reply *send_form(const char *survey, const struct reply *page, const char *rest)
{
    const char *body = text("channel=%s&language=%s&page=%s&idempotency_key=%s&website=&%s",
                            hidden(page, "channel"), hidden(page, "language"), hidden(page, "page"),
                            hidden(page, "idempotency_key"), rest);
    return client_send(&(struct request){
        .path = text("/s/%s", survey), .type = FORM, .body = body, .headers = {HTML}});
}

START_TEST(posted_without_script)
{
    const char *survey = fixture_survey("'facets':['branch']");
    struct reply *page = page_open(survey, "?branch=north&channel=email&lang=ru");
    struct reply *other = page_open(survey, "?branch=north");
    ck_assert_str_ne(hidden(page, "idempotency_key"), hidden(other, "idempotency_key"));
    const char *answer = "score=9&answers.why=Fast&answers.improve=wait&properties.branch=north";
    /* Sent twice, as by a reload: one answer. */
    for (int i = 0; i < 2; i++) {
        const char *location =
            header_of(expect_status(send_form(survey, page, answer), 303), "Location");
        ck_assert_msg(strstr(location, text("/s/%s/thanks", survey)) != NULL, "%s", location);
        page_expect(expect_status(page_get(location, HTML, NULL), 200), "Спасибо!");
    }
    struct reply *rows = client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses", survey);
    expect_int(rows, "/items/0/score", 9);
    expect_string(rows, "/items/0/channel", "email");
    expect_string(rows, "/items/0/language", "ru");
    expect_string(rows, "/items/0/answers/why", "Fast");
    expect_string(rows, "/items/0/properties/branch", "north");
    expect_none(rows, "/items/1");
}
END_TEST

/* --- weight --- */

START_TEST(weight)
{
    const char *survey = fixture_survey("'brand':{'name':'Shop','colour':'#ffb300'}");
    const char *path = text("/s/%s?lang=ru", survey);
    struct reply *plain = expect_status(page_get(path, HTML, NULL), 200);
    ck_assert_ptr_null(header_of(plain, "Content-Encoding"));
    struct reply *packed = expect_status(page_get(path, HTML, GZIP), 200);
    expect_header(packed, "Content-Encoding", "gzip");
    ck_assert_uint_le(packed->size, FIRST_VIEW_MAX);
    ck_assert_uint_lt(packed->size, plain->size / 2);
    ck_assert(memcmp(packed->body, "\x1f\x8b\x08", 3) == 0);
    ck_assert_ptr_null(
        header_of(page_get(path, HTML, "Accept-Encoding: gzip;q=0"), "Content-Encoding"));
    const struct {
        const char *path;
        size_t max;
    } scripts[] = {{"/assets/survey.js", SCRIPT_MAX}, {"/embed.js", WIDGET_MAX}};
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        struct reply *script = page_get(scripts[i].path, GZIP, NULL);
        ck_assert_msg(script->status == 404 || script->size <= scripts[i].max, "%s: %zu bytes",
                      scripts[i].path, script->size);
    }
}
END_TEST

/* One request for what is seen first: what else a page names is deferred, or an icon. */
START_TEST(one_trip)
{
    struct reply *reply = page_open(fixture_survey(""), "");
    page_expect_no(reply, "rel=\"stylesheet\"");
    page_expect_no(reply, "@import");
    page_expect_no(reply, "url(");
    for (const char *at = reply->body; (at = strstr(at, "<script")); at++)
        ck_assert_ptr_nonnull(strstr(page_between(at, "<script", ">"), " defer"));
}
END_TEST

static int by_value(const void *a, const void *b)
{
    const double *first = a, *second = b;
    return (*first > *second) - (*first < *second);
}

/* From the request to the whole page, by a client on the same machine: more than the server alone
 * takes. Told, and held to a bound that a busy machine keeps. */
START_TEST(time_of_a_page)
{
    enum { TIMES = 301 };
    double ms[TIMES];
    const char *path = text("/s/%s", fixture_survey(""));
    for (int i = 0; i < TIMES; i++) {
        struct timespec begin, end;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        expect_status(page_get(path, HTML, GZIP), 200);
        clock_gettime(CLOCK_MONOTONIC, &end);
        ms[i] =
            (double)(end.tv_sec - begin.tv_sec) * 1e3 + (double)(end.tv_nsec - begin.tv_nsec) / 1e6;
    }
    qsort(ms, TIMES, sizeof ms[0], by_value);
    printf("survey page: median %.3f ms, 90 %% within %.3f ms\n", ms[TIMES / 2],
           ms[TIMES * 9 / 10]);
    ck_assert_double_lt(ms[TIMES / 2], 20);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = headers},
        {.test = not_for_other_origins},
        {.test = head},
        {.test = hostile_texts},
        {.test = languages},
        {.test = prefilled},
        {.test = get_never_records},
        {.test = posted_without_script},
        {.test = weight},
        {.test = one_trip},
        {.test = time_of_a_page},
    };
    return fixture_run("page", NULL, tests, COUNT_OF(tests));
}
