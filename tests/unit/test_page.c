/* The pages as documents: what stands in them, whatever people wrote into a survey. */
#include "npsd/base/crypto.h"
#include "npsd/page/language.h"
#include "npsd/page/page.h"
#include "suite.h"
#include <string.h>

static struct arena arena;

#define HOSTILE "</textarea></style><script>alert(1)</script>\" onload='x' &"
#define ESCAPED                                                                                    \
    "&lt;/textarea&gt;&lt;/style&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x"     \
    "&#39; &amp;"

static const struct survey_text hostile_texts[] = {{"en", HOSTILE}}, russian[] = {{"ru", "Ж"}},
                                both[] = {{"en", "E"}, {"ru", "Р"}};
#define HOSTILE_TEXTS                                                                              \
    {                                                                                              \
        hostile_texts, 1                                                                           \
    }

static const struct survey_option options[] = {
    {.id = "one", .number = 1, .active = true, .text = HOSTILE_TEXTS},
    {.id = "gone", .number = 2, .active = false, .text = HOSTILE_TEXTS},
    {.id = "two", .number = 3, .active = true, .text = {both, 2}},
};

enum { ALL = 7, CRITICS = 1 << NPS_CRITIC };

static const struct survey_question questions[] = {
    {.id = "recommend", .active = true, .type = QUESTION_NPS, .ask = ALL, .text = HOSTILE_TEXTS},
    {.id = "why",
     .active = true,
     .type = QUESTION_TEXT,
     .ask = ALL,
     .text = {both, 2},
     .text_by_group = {[NPS_CRITIC] = HOSTILE_TEXTS, [NPS_PROMOTER] = {russian, 1}}},
    {.id = "speed",
     .active = true,
     .type = QUESTION_SCALE,
     .min = 9,
     .max = 10,
     .ask = CRITICS,
     .text = {both, 2}},
    {.id = "again", .active = true, .type = QUESTION_YES_NO, .ask = ALL, .text = {russian, 1}},
    {.id = "liked",
     .active = true,
     .type = QUESTION_CHOICES,
     .ask = ALL,
     .text = {both, 2},
     .options = options,
     .option_count = COUNT_OF(options)},
    {.id = "retired", .active = false, .type = QUESTION_TEXT, .ask = ALL, .text = {both, 2}},
};

static struct survey survey = {
    .slug = "shop",
    .title = HOSTILE_TEXTS,
    .edit_minutes = 30,
    .facets = {{"branch", true}, {"product", true}},
    .facet_count = 2,
    .questions = questions,
    .question_count = COUNT_OF(questions),
};

static struct page_frame frame_in(const char *language)
{
    return (struct page_frame){.arena = &arena,
                               .survey = &survey,
                               .language = language,
                               .path = "/s/shop",
                               .query = "branch=%22%3E&"};
}

static const struct page_form form = {.action = "/s/shop",
                                      .channel = CHANNEL_WEB,
                                      .facets = {"\"><b>", NULL},
                                      .score = -1,
                                      .key = "0193e5a0-0000-7000-8000-000000000000",
                                      .stamp = "abc.DEF",
                                      .now_us = INT64_C(1763740800123456)};

static const char *page_in(const char *language)
{
    struct page_frame frame = frame_in(language);
    return page_survey(&frame, &form).html.data;
}

static void expect(const char *html, const char *part)
{
    ck_assert_msg(strstr(html, part) != NULL, "no %s in %s", part, html);
}

static void expect_not(const char *html, const char *part)
{
    ck_assert_msg(strstr(html, part) == NULL, "%s in %s", part, html);
}

static size_t count_of(const char *html, const char *part)
{
    size_t count = 0;
    for (; (html = strstr(html, part)); html += strlen(part))
        count++;
    return count;
}

/* --- what strangers wrote --- */

START_TEST(hostile_texts_stay_texts)
{
    survey.brand = (struct survey_brand){HOSTILE, "#ff0000", "data:...", "0a1b2c3d"};
    const char *html = page_in("en");
    expect_not(html, HOSTILE);
    expect_not(html, "<script>alert");
    ck_assert_uint_eq(count_of(html, "<style>"), 1);
    ck_assert_uint_eq(count_of(html, "</style>"), 1);
    ck_assert_uint_eq(count_of(html, "</textarea>"), 1);
    expect(html, "<title>" ESCAPED " · " ESCAPED "</title>");
    expect(html, "<legend>" ESCAPED "</legend>");
    expect(html, "data-text-critic=\"" ESCAPED "\"");
    expect(html, "<img src=\"/s/shop/logo?v=0a1b2c3d\" alt=\"" ESCAPED "\">");
    expect(html, "name=\"properties.branch\" value=\"&quot;&gt;&lt;b&gt;\"");
    expect(html, "href=\"/s/shop?branch=%22%3E&amp;lang=ru\"");
    survey.brand = (struct survey_brand){0};
}
END_TEST

/* Nothing inline but the one style: no handler, no style attribute, no javascript: URL. */
START_TEST(nothing_inline)
{
    const char *html = page_in("ru");
    static const char *const never[] = {" style=",     " onclick", " onsubmit", " onload=\"",
                                        "javascript:", "http://",  "https://",  "<iframe"};
    for (size_t i = 0; i < COUNT_OF(never); i++)
        expect_not(html, never[i]);
    ck_assert_uint_le(count_of(html, "<script"), 1);
    ck_assert_uint_eq(count_of(html, "<script>"), 0);
}
END_TEST

START_TEST(style_is_named)
{
    struct page_frame frame = frame_in("en");
    static const char *const colours[] = {NULL, "#ffb300"};
    for (size_t i = 0; i < COUNT_OF(colours); i++) {
        survey.brand.colour = colours[i];
        struct page page = page_survey(&frame, &form);
        const char *begin = strstr(page.html.data, "<style>") + strlen("<style>");
        const char *end = strstr(begin, "</style>");
        struct crypto_hash hash = crypto_sha256(begin, (size_t)(end - begin)), named;
        size_t len;
        ck_assert_int_eq(strncmp(page.style_hash, "sha256-", 7), 0);
        ck_assert(crypto_base64_decode(page.style_hash + 7, strlen(page.style_hash + 7), &named,
                                       sizeof named, &len));
        ck_assert(len == sizeof named && memcmp(&named, &hash, len) == 0);
        ck_assert((strstr(begin, "--fill:#ffb300") != NULL) == (i == 1));
    }
    survey.brand.colour = NULL;
}
END_TEST

/* --- what is asked --- */

START_TEST(the_form)
{
    const char *html = page_in("en");
    expect(html, "<html lang=\"en\">");
    expect(html, "<form id=\"survey\" method=\"post\" action=\"/s/shop\" data-survey=\"shop\""
                 " data-channel=\"web\" data-api=\"/v1/surveys/shop\" data-now=\"1763740800123\""
                 " data-edit-minutes=\"30\" data-saving=\"");
    expect_not(html, "data-link");
    expect(html, "name=\"channel\" value=\"web\"");
    expect(html, "name=\"language\" value=\"en\"");
    expect(html, "name=\"page\" value=\"abc.DEF\"");
    expect(html, "name=\"idempotency_key\" value=\"0193e5a0-0000-7000-8000-000000000000\"");
    expect_not(html, "properties.product");
    expect(html, "<input name=\"website\" tabindex=\"-1\" autocomplete=\"off\">");
    expect(html, "<p class=\"state\" role=\"status\" aria-live=\"polite\"></p>");
    expect(html, "<button type=\"submit\" class=\"send\">Send</button>");
    expect(html, "name=\"dismiss\" value=\"1\" formnovalidate class=\"dismiss\">No, thank you<");
    expect(html, "<template id=\"thanks\">");
    expect(html, "<template id=\"dismissed\">");
}
END_TEST

START_TEST(the_score)
{
    const char *html = page_in("en");
    ck_assert_uint_eq(count_of(html, "name=\"score\" value="), 11);
    ck_assert_uint_eq(count_of(html, " required"), 11);
    expect_not(html, " checked");
    expect(html, "value=\"9\" required data-group=\"promoter\" aria-label=\"9 of 10, likely\">");
    expect(html, "value=\"0\" required data-group=\"critic\""
                 " aria-label=\"0 of 10, not at all likely\">");
    expect(page_in("ru"), "value=\"7\" required data-group=\"neutral\""
                          " aria-label=\"7 из 10, вероятно\">");

    struct page_frame frame = frame_in("en");
    struct page_form chosen = form;
    for (chosen.score = 0; chosen.score <= 10; chosen.score++) {
        html = page_survey(&frame, &chosen).html.data;
        ck_assert_uint_eq(count_of(html, " checked"), 1);
        expect(html, arena_printf(&arena, "\" checked><span>%d</span>", chosen.score));
    }
}
END_TEST

START_TEST(the_rest)
{
    const char *html = page_in("en");
    expect(html, "<div class=\"question follow\" data-question=\"why\" data-type=\"text\""
                 " data-ask=\"critic neutral promoter\" data-text-critic=\"");
    expect(html, "<label class=\"text\" for=\"answers.why\">E</label>\n"
                 "<textarea id=\"answers.why\" name=\"answers.why\" rows=\"3\""
                 " maxlength=\"4000\"></textarea>");
    expect(html, "data-question=\"speed\" data-type=\"scale\" data-ask=\"critic\">");
    ck_assert_uint_eq(count_of(html, "name=\"answers.speed\""), 2);
    expect(html, "<input type=\"radio\" name=\"answers.speed\" value=\"10\"><span>10</span>");
    expect(html, "name=\"answers.again\" value=\"true\"><span>Yes</span>");
    expect(html, "name=\"answers.again\" value=\"false\"><span>No</span>");
    ck_assert_uint_eq(count_of(html, "type=\"checkbox\" name=\"answers.liked\""), 2);
    expect_not(html, "gone");
    expect_not(html, "retired");
}
END_TEST

/* A text that is not in the page's language says which it is in. */
START_TEST(languages)
{
    const char *html = page_in("ru");
    expect(html, "<html lang=\"ru\">");
    expect(html, "<h1><span lang=\"en\">" ESCAPED "</span></h1>");
    expect(html, "<label class=\"text\" for=\"answers.why\">Р</label>");
    expect(html, "value=\"one\"><span lang=\"en\">");
    expect(html, "value=\"two\"><span>Р</span>");
    expect(html, ">Нет, спасибо</button>");
    expect(html, "hreflang=\"ru\" lang=\"ru\" aria-current=\"true\">Русский</a>");
    expect(html, "hreflang=\"en\" lang=\"en\">English</a>");
    html = page_in("en");
    expect(html, "<span lang=\"ru\">Ж</span></legend>");
    expect(html, "data-text-promoter=\"Ж\"");
}
END_TEST

/* --- the other ways to get there --- */

START_TEST(by_link_and_kiosk)
{
    struct page_frame frame = frame_in("en");
    struct page_form linked = form;
    frame.kiosk = true;
    linked.link = "abc.def";
    linked.action = "/s/abc.def";
    linked.key = NULL;
    const char *html = page_survey(&frame, &linked).html.data;
    expect(html, "<html lang=\"en\" data-kiosk>");
    expect(html, "action=\"/s/abc.def\" data-survey=\"shop\"");
    expect(html, " data-link=\"abc.def\"");
    expect_not(html, "idempotency_key");
}
END_TEST

START_TEST(other_pages)
{
    struct page_frame frame = frame_in("ru");
    const char *html = page_thanks(&frame, false).html.data;
    expect(html, "<h1 tabindex=\"-1\">Спасибо!</h1>");
    expect_not(html, "<form");
    expect_not(html, "<script");
    expect(page_thanks(&frame, true).html.data, "Больше не спросим");
    static const struct {
        int status;
        const char *words;
    } cases[] = {
        {401, "by the personal link"}, {403, "survey is closed"}, {404, "no survey here"},
        {409, "answered already"},     {410, "has expired"},      {422, "not understand"},
        {429, "in a minute"},          {500, "Nothing is lost"},  {503, "Nothing is lost"}};
    frame = (struct page_frame){.arena = &arena, .language = "en", .query = ""};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        html = page_refusal(&frame, cases[i].status).html.data;
        expect(html, cases[i].words);
        expect(html, "</html>");
        expect_not(html, "class=\"languages\"");
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {hostile_texts_stay_texts,
                                  nothing_inline,
                                  style_is_named,
                                  the_form,
                                  the_score,
                                  the_rest,
                                  languages,
                                  by_link_and_kiosk,
                                  other_pages};

    if (!crypto_init())
        return EXIT_FAILURE;
    arena_init(&arena, 1 << 16);
    int status = suite_run("page", tests, COUNT_OF(tests));
    arena_done(&arena);
    return status;
}
