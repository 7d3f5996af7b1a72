/* The badge: what is drawn, that it is XML whatever the label, and who may see it. */
#include "npsd/api/access.h"
#include "npsd/api/badge.h"
#include "npsd/base/text.h"
#include "suite.h"
#include "support/unit_call.h"
#include "support/unit_database.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct unit_call c;

/* --- drawing --- */

static const char *draw(const char *label, int promoters, int critics)
{
    struct nps_counts counts = {.score = {[10] = promoters, [0] = critics}};
    struct nps_result result = nps_compute(&counts);
    return badge_draw(&c.arena, label, &result, 30).data;
}

/* What stands between two texts, the first time. */
static const char *between(const char *text, const char *begin, const char *end)
{
    const char *from = strstr(text, begin);
    ck_assert_msg(from != NULL, "no %s in %s", begin, text);
    from += strlen(begin);
    const char *to = strstr(from, end);
    ck_assert_msg(to != NULL, "no %s in %s", end, from);
    return arena_printf(&c.arena, "%.*s", (int)(to - from), from);
}

/* The characters of a text or an attribute: no "<", and "&" only in the five names. */
static size_t check_characters(const char *text, char end)
{
    static const char *const names[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"};
    size_t len = 0;
    while (text[len] && text[len] != end) {
        size_t size = text_utf8_size(text + len, strlen(text + len)), name = 0;
        ck_assert_msg(size > 0 && text[len] != '<' && (unsigned char)text[len] >= 0x20, "%s", text);
        while (text[len] == '&' && strncmp(text + len, names[name], strlen(names[name])) != 0)
            ck_assert_msg(++name < COUNT_OF(names), "%s", text);
        len += size;
    }
    return len;
}

/* name="value"s, each name once; returns what follows. */
static const char *check_attributes(const char *at)
{
    const char *begin = at;
    while (*at == ' ') {
        size_t len = strcspn(++at, "=");
        ck_assert_msg(len > 0 && at[len + 1] == '"', "%s", at);
        const char *name = arena_printf(&c.arena, " %.*s=\"", (int)len, at);
        ck_assert_msg(strstr(begin, name) == at - 1, "%s", at);
        at += len + 2;
        at += check_characters(at, '"') + 1;
    }
    return at;
}

/* One element after another, each ended, and text in them. */
static void check_xml(const char *at)
{
    const char *open[8];
    size_t depth = 0;
    ck_assert_int_eq(at[strlen(at) - 1], '\n');
    while (*at != '\n') {
        ck_assert_msg(*at == '<', "%s", at);
        bool end = *++at == '/';
        const char *name = at + end;
        size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz");
        ck_assert_msg(len > 0, "%s", at);
        at = check_attributes(name + len);
        if (end)
            ck_assert_msg(depth-- > 0 && strncmp(open[depth], name, len) == 0, "%s", name);
        else if (*at == '/')
            at++;
        else
            open[depth++] = name;
        ck_assert_msg(*at == '>' && depth < COUNT_OF(open), "%s", at);
        at++;
        at += depth > 0 ? check_characters(at, '<') : 0;
    }
    ck_assert_uint_eq(depth, 0);
}

static const struct {
    int promoters, critics;
    const char *value, *title, *ground;
} drawn[] = {
    {0, 0, "-", "NPS: no responses", "#59636e"},
    {1, 0, "100", "NPS 100 from 1 response", "#59636e"},
    {29, 0, "100", "NPS 100 from 29 responses", "#59636e"},
    {30, 0, "100", "NPS 100 from 30 responses", "#1a7f37"},
    {65, 35, "30", "NPS 30 from 100 responses", "#1a7f37"},
    {129, 71, "29", "NPS 29 from 200 responses", "#8a5a00"},
    {50, 50, "0", "NPS 0 from 100 responses", "#8a5a00"},
    {44, 56, "-12", "NPS -12 from 100 responses", "#b3261e"},
    {0, 1000000, "-100", "NPS -100 from 1000000 responses", "#b3261e"},
};

START_TEST(values)
{
    for (size_t i = 0; i < COUNT_OF(drawn); i++) {
        const char *svg = draw("NPS", drawn[i].promoters, drawn[i].critics);
        check_xml(svg);
        ck_assert_str_eq(between(svg, "<title>", "</title>"), drawn[i].title);
        ck_assert_str_eq(between(svg, "aria-label=\"", "\""), drawn[i].title);
        ck_assert_msg(strstr(svg, arena_printf(&c.arena, ">%s</text></g></svg>", drawn[i].value)) !=
                          NULL,
                      "%s: %s", drawn[i].value, svg);
        ck_assert_msg(strstr(svg, drawn[i].ground) != NULL, "%s: %s", drawn[i].value, svg);
        ck_assert_ptr_nonnull(strstr(svg, "height=\"20\""));
        ck_assert_ptr_nonnull(strstr(svg, "role=\"img\""));
        ck_assert_ptr_null(strstr(svg, "script"));
        ck_assert_ptr_null(strstr(svg, "href"));
        ck_assert_ptr_null(strstr(svg, " id="));
        ck_assert_ptr_null(strstr(svg, "style"));
    }
}
END_TEST

static double channel_luminance(unsigned value)
{
    double part = value / 255.0;
    return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4);
}

/* WCAG 2.2: of white on this colour. */
static double contrast(const char *colour)
{
    unsigned red, green, blue;
    ck_assert_int_eq(sscanf(colour, "#%2x%2x%2x", &red, &green, &blue), 3);
    double luminance = 0.2126 * channel_luminance(red) + 0.7152 * channel_luminance(green) +
                       0.0722 * channel_luminance(blue);
    return 1.05 / (luminance + 0.05);
}

START_TEST(contrasts)
{
    for (size_t i = 0; i < COUNT_OF(drawn); i++) {
        const char *svg = draw("NPS", drawn[i].promoters, drawn[i].critics);
        ck_assert_ptr_nonnull(strstr(svg, "<g fill=\"#fff\""));
        for (const char *at = svg; (at = strstr(at, "path fill=\"")); at += 11)
            ck_assert_msg(contrast(at + 11) >= 4.5, "%.7s: %f", at + 11, contrast(at + 11));
    }
}
END_TEST

static int number_after(const char *svg, const char *begin)
{
    return (int)strtol(between(svg, begin, "\""), NULL, 10);
}

/* The label lies on its ground with a margin, and the value beside it. */
static void check_room(const char *svg)
{
    int width = number_after(svg, "width=\""), middle = number_after(svg, "d=\"M");
    int label = number_after(svg, "textLength=\"");
    double at = strtod(between(svg, "<text x=\"", "\""), NULL);
    const char *second = strstr(strstr(svg, "<text") + 1, "<text");
    int value = number_after(second, "textLength=\"");
    ck_assert_msg(label > 0 && middle == label + 12 && width == middle + value + 12, "%s", svg);
    ck_assert_double_eq(at, 6 + label / 2.0);
    ck_assert_double_eq(strtod(between(second, "<text x=\"", "\""), NULL),
                        middle + 6 + value / 2.0);
}

static const char *repeat(const char *piece, size_t count)
{
    struct buf text = buf_make(&c.arena, 256);
    for (size_t i = 0; i < count; i++)
        buf_text(&text, piece);
    return text.data;
}

static int label_width(const char *label)
{
    const char *svg = draw(label, 1, 0);
    ck_assert_msg(badge_label_is_good(label), "%s", label);
    check_xml(svg);
    check_room(svg);
    return number_after(svg, "textLength=\"");
}

/* A label keeps to the room that its letters take in a common font, whatever the script. */
START_TEST(widths)
{
    ck_assert_int_eq(label_width("NPS"), 22);
    ck_assert_int_eq(label_width(repeat("W", 40)), 436);
    ck_assert_int_eq(label_width(repeat("i", 40)), 124);
    ck_assert_int_eq(label_width(repeat("Щ", 40)), 480);
    ck_assert_int_eq(label_width(repeat("г", 40)), 234);
    ck_assert_int_eq(label_width(repeat("漢", 40)), 440);
    ck_assert_int_eq(label_width(repeat("é", 10)), 71);
    ck_assert_int_eq(label_width(repeat("e\u0301", 10)), label_width(repeat("e", 10)));
    ck_assert_int_eq(label_width("👍"), 16);
    ck_assert_int_eq(label_width("👍🏽"), 16);
    ck_assert_int_eq(label_width("👩‍👩‍👧"), 16);
    ck_assert_int_eq(label_width("\u0301"), 5);
    ck_assert_int_eq(label_width("\U0010FFFF"), 5);
    ck_assert_int_gt(label_width("\uFFFD"), 5);
}
END_TEST

/* Nothing that a label says becomes markup. */
START_TEST(escaping)
{
    static const char label[] = "<&\"'>]]><script>&lt;&#x41;<!--";
    static const char escaped[] = "&lt;&amp;&quot;&#39;&gt;]]&gt;&lt;script&gt;&amp;lt;"
                                  "&amp;#x41;&lt;!--";
    const char *svg = draw(label, 3, 1);
    check_xml(svg);
    check_room(svg);
    ck_assert_str_eq(between(svg, "<title>", "</title>"),
                     arena_printf(&c.arena, "%s 50 from 4 responses", escaped));
    ck_assert_str_eq(between(strstr(svg, "<text"), ">", "</text>"), escaped);
}
END_TEST

START_TEST(labels)
{
    static const char *const good[] = {" ",      "NPS",        "Ёж",    "\u00A0",
                                       "\uFFFD", "\U0001F600", "\u202E"};
    static const char *const wrong[] = {"",     "a\nb",     "\t",       "\x01",   "\x1f",
                                        "\x7f", "\xC2\x80", "\xC2\x9F", "\uFFFE", "a\uFFFF"};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        ck_assert_msg(badge_label_is_good(good[i]), "%zu", i);
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        ck_assert_msg(!badge_label_is_good(wrong[i]), "%zu", i);
    ck_assert(badge_label_is_good(repeat("漢", 40)));
    ck_assert(!badge_label_is_good(repeat("漢", 41)));
    ck_assert(!badge_label_is_good(repeat("x", 41)));
}
END_TEST

/* --- asking --- */

static void fill(const char *slug)
{
    unit_pg_sql("insert into journal (survey_id, slot, cuts, scores, weights)"
                " select id, floor(extract(epoch from now()) / 900)::int, '{0,0}', '{10,0}',"
                " '{44,56}' from survey where slug = '%s'",
                slug);
}

static void setup(void)
{
    unit_call_open(&c);
    unit_call_survey(&c, "public", "'badge': 'public', 'access': 'key', 'facets': ['branch']");
    unit_call_survey(&c, "private", "'access': 'open'");
    unit_call_survey(&c, "empty", "'badge': 'public'");
    fill("public");
    fill("private");
    unit_call_refresh(&c);
}

static void teardown(void)
{
    unit_call_done(&c);
}

static struct reply get(const char *survey, const char *query)
{
    unit_call_to(&c, HTTP_GET, arena_printf(&c.arena, "/v1/surveys/%s/nps.svg?%s", survey, query));
    struct reply reply = access_admit_fresh(&c.call);
    return reply.status ? reply : c.call.route->handle(&c.call);
}

static const char *tells(const char *survey, const char *query)
{
    struct reply reply = get(survey, query);
    return unit_reply_tells(&c.arena, &reply);
}

START_TEST(public_badge)
{
    struct reply reply = get("public", "");
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_eq(reply.type, "image/svg+xml");
    ck_assert_str_eq(reply.body, draw("NPS", 44, 56));
    ck_assert_uint_eq(reply.body_len, strlen(reply.body));
    ck_assert_str_eq(unit_reply_header(&reply, "Content-Security-Policy"),
                     "default-src 'none'; sandbox");
    ck_assert_str_eq(unit_reply_header(&reply, "Cache-Control"), "private, no-cache");
    ck_assert_str_eq(get("public", "label=%D0%AF+%26").body, draw("Я &", 44, 56));
    ck_assert_str_eq(get("public", "period=all&tz=Asia/Tokyo").body, draw("NPS", 44, 56));
    ck_assert_str_eq(get("public", "from=2020-01-01&to=2020-01-02").body, draw("NPS", 0, 0));
    ck_assert_str_eq(get("empty", "").body, draw("NPS", 0, 0));
}
END_TEST

/* The whole number is public, what it is made of is not. */
START_TEST(parts_need_a_key)
{
    static const char *const parts[] = {"where.channel=web", "where.agent=Olga", "where.branch=x",
                                        "where.nothing=x", "where."};
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        ck_assert_str_eq(tells("public", parts[i]), "401 unauthorized");
    unit_call_bearer(&c, unit_call_key(&c, ROLE_SUBMIT, NULL, NULL));
    ck_assert_str_eq(tells("public", "where.channel=web"), "403 forbidden");
    unit_call_bearer(&c, unit_call_key(&c, ROLE_VIEWER, NULL, NULL));
    ck_assert_str_eq(tells("public", "where.channel=web"), "200");
    ck_assert_str_eq(tells("public", "where.nothing=x"), "422 invalid where.nothing");
}
END_TEST

/* For each role: of a public and of a private badge. */
START_TEST(who_may_see_it)
{
    static const char *const cells[ROLE_COUNT][2] = {
        [ROLE_NONE] = {"200", "401 unauthorized"}, [ROLE_SUBMIT] = {"200", "403 forbidden"},
        [ROLE_AGENT] = {"200", "403 forbidden"},   [ROLE_VIEWER] = {"200", "200"},
        [ROLE_ANALYST] = {"200", "200"},           [ROLE_ADMIN] = {"200", "200"}};
    for (enum role role = ROLE_NONE; role < ROLE_COUNT; role++) {
        unit_call_bearer(&c, role == ROLE_NONE ? NULL : unit_call_key(&c, role, NULL, NULL));
        ck_assert_msg(strcmp(tells("public", ""), cells[role][0]) == 0, "%s", role_name(role));
        ck_assert_msg(strcmp(tells("private", ""), cells[role][1]) == 0, "%s", role_name(role));
    }
    unit_call_bearer(&c, unit_call_key(&c, ROLE_VIEWER, "private", NULL));
    ck_assert_str_eq(tells("public", ""), "404 not-found");
    unit_call_bearer(&c, "npsd_admin_wrong");
    ck_assert_str_eq(tells("public", ""), "401 unauthorized");
    unit_call_bearer(&c, NULL);
    ck_assert_str_eq(tells("no-such-survey", ""), "404 not-found");
}
END_TEST

/* A badge that is taken back is gone, for who has it too. */
START_TEST(tags)
{
    struct reply reply = get("public", "");
    unit_call_header(&c, "If-None-Match", unit_reply_header(&reply, "ETag"));
    ck_assert_int_eq(get("public", "").status, 304);
    ck_assert_int_eq(get("public", "label=x").status, 200);
    unit_pg_sql("update survey set badge_public = false where slug = 'public'");
    ck_assert_str_eq(tells("public", ""), "401 unauthorized");
}
END_TEST

static const char *const wrong_queries[][2] = {
    {"label=", "label"},
    {"label=a%0Ab", "label"},
    {"label=%EF%BF%BF", "label"},
    {"last=30x", "last"},
    {"period=soon", "period"},
    {"tz=FOO", "tz"},
    {"compare=previous", "compare"},
    {"colour=red", "colour"},
    {"to=2026-01-01", "from"},
    {"from=2026-01-02&to=2026-01-01", "from"},
};

START_TEST(wrong)
{
    for (size_t i = 0; i < COUNT_OF(wrong_queries); i++)
        ck_assert_str_eq(tells("public", wrong_queries[i][0]),
                         arena_printf(&c.arena, "422 invalid %s", wrong_queries[i][1]));
    ck_assert_str_eq(tells("public", arena_printf(&c.arena, "label=%s", repeat("x", 41))),
                     "422 invalid label");
    struct reply reply = get("public", "label=&last=x&colour=red&tz=FOO");
    const json_t *refused = unit_reply_json(&c.arena, &reply);
    ck_assert_uint_eq(json_array_size(json_object_get(refused, "errors")), 4);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {values,       contrasts,        widths,         escaping, labels,
                                  public_badge, parts_need_a_key, who_may_see_it, tags,     wrong};
    return unit_database_run_checked("badge", setup, teardown, tests, COUNT_OF(tests));
}
