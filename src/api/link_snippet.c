#include "npsd/api/link_snippet.h"

#include <string.h>
#include <strings.h>

#define FONT "Arial,Helvetica,sans-serif"
#define INK "#1b2733"
#define NUMBER_INK "#12324f"
#define NUMBER_PAPER "#e3ebf3"

static const struct {
    const char *language, *low, *high, *of_ten;
} words_of[] = {
    {"en", "Not at all likely", "Extremely likely", "of 10"},
    {"ru", "Совсем не вероятно", "Очень вероятно", "из 10"},
};
enum { LANGUAGES = sizeof words_of / sizeof words_of[0] };

static size_t family_length(const char *language)
{
    return strcspn(language, "-");
}

static bool is_family(const char *a, const char *b)
{
    size_t len = family_length(a);
    return len == family_length(b) && strncasecmp(a, b, len) == 0;
}

static const struct survey_text *find_text(const struct survey_texts *texts, const char *language)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcasecmp(texts->items[i].language, language) == 0)
            return &texts->items[i];
    for (size_t i = 0; i < texts->count; i++)
        if (is_family(texts->items[i].language, language))
            return &texts->items[i];
    return NULL;
}

struct link_words link_snippet_words(const struct survey *survey, const char *language)
{
    static const struct survey_text nothing = {"en", ""}; /* somebody wrote the tables by hand */
    const struct survey_texts *texts = &survey->questions[0].text;
    const struct survey_text *text = language ? find_text(texts, language) : NULL;
    size_t n = 0;
    if (language && !text)
        text = find_text(texts, "en");
    if (!text)
        text = texts->count > 0 ? &texts->items[0] : &nothing;
    for (size_t i = 0; i < LANGUAGES; i++)
        if (is_family(words_of[i].language, text->language))
            n = i;
    return (struct link_words){text->text, text->language, words_of[n].low, words_of[n].high,
                               words_of[n].of_ten};
}

static void add_escaped(struct buf *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            buf_text(out, "&amp;");
            break;
        case '<':
            buf_text(out, "&lt;");
            break;
        case '>':
            buf_text(out, "&gt;");
            break;
        case '"':
            buf_text(out, "&quot;");
            break;
        default:
            buf_char(out, *text);
        }
    }
}

static void add_number(struct buf *out, const struct link_words *words, const char *url, int score)
{
    buf_text(out, "<td width=\"9%\" align=\"center\" bgcolor=\"" NUMBER_PAPER
                  "\" style=\"border:2px solid #ffffff;border-radius:6px\"><a href=\"");
    add_escaped(out, url);
    buf_printf(out, "&amp;score=%d\" aria-label=\"%d %s\"", score, score, words->of_ten);
    buf_printf(out,
               " style=\"display:block;padding:12px 0;font:bold 16px/20px " FONT
               ";color:" NUMBER_INK ";text-decoration:none\">%d</a></td>\n",
               score);
}

static void add_end(struct buf *out, const char *columns, const char *align, const char *text)
{
    buf_printf(out,
               "<td colspan=\"%s\" align=\"%s\" style=\"padding:6px 2px;font:13px/18px " FONT
               ";color:" INK "\">",
               columns, align);
    add_escaped(out, text);
    buf_text(out, "</td>\n");
}

void link_snippet_html(struct buf *out, const struct link_words *words, const char *url)
{
    buf_text(out, "<table role=\"presentation\" lang=\"");
    add_escaped(out, words->language);
    buf_text(out, "\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\""
                  " bgcolor=\"#ffffff\" style=\"max-width:560px;table-layout:fixed\">\n<tr>"
                  "<td colspan=\"11\" style=\"padding:8px 2px 12px;font:16px/24px " FONT
                  ";color:" INK "\">");
    add_escaped(out, words->question);
    buf_text(out, "</td></tr>\n<tr>\n");
    for (int score = 0; score < NPS_SCORES; score++)
        add_number(out, words, url, score);
    buf_text(out, "</tr>\n<tr>\n");
    add_end(out, "5", "left", words->low);
    add_end(out, "6", "right", words->high);
    buf_text(out, "</tr>\n</table>\n");
}

void link_snippet_text(struct buf *out, const struct link_words *words, const char *url)
{
    buf_printf(out, "%s\n\n", words->question);
    for (int score = 0; score < NPS_SCORES; score++) {
        const char *end = score == 0 ? words->low : score == NPS_SCORES - 1 ? words->high : NULL;
        buf_printf(out, "%d", score);
        if (end)
            buf_printf(out, " (%s)", end);
        buf_printf(out, ": %s&score=%d\n", url, score);
    }
}
