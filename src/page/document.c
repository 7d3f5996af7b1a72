#include "document.h"

#include "npsd/base/crypto.h"
#include "npsd/page/assets.h"
#include "npsd/page/colour.h"
#include "npsd/page/language.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_SIZE = 32 * 1024, BASE64_SIZE = 45 };

/* The ground that text in the brand's colour stands on, in page.css: of each theme the one with
 * less contrast to it. */
static const struct colour light_ground = {0xf4, 0xf5, 0xf7}, dark_ground = {0x1b, 0x1f, 0x26};
static const double TEXT_CONTRAST = 4.5;

const char *document_word(const struct document *document, enum word word)
{
    return words_get(document->words, word);
}

/* --- style --- */

static void put_colour(struct buf *style, const char *name, struct colour c)
{
    buf_printf(style, "--%s:#%02x%02x%02x;", name, c.red, c.green, c.blue);
}

static void put_shade(struct buf *style, struct colour brand, struct colour ground)
{
    buf_text(style, ":root{");
    put_colour(style, "accent", colour_readable(brand, ground, TEXT_CONTRAST));
    put_colour(style, "fill", brand);
    put_colour(style, "on-fill", colour_ink(brand, TEXT_CONTRAST));
    buf_text(style, "}");
}

/* The brand's own colour fills what can be tapped; words, edges and focus have a shade of it that
 * can be seen. */
static void put_brand_style(struct buf *style, const struct survey *survey)
{
    struct colour brand;
    if (!survey || !survey->brand.colour || !colour_parse(survey->brand.colour, &brand))
        return;
    put_shade(style, brand, light_ground);
    buf_text(style, "@media(prefers-color-scheme:dark){");
    put_shade(style, brand, dark_ground);
    buf_text(style, "}");
}

/* Standard base64, which policies have. */
static void hash_style(const char *style, size_t len, char text[static PAGE_STYLE_HASH_SIZE])
{
    struct crypto_hash hash = crypto_sha256(style, len);
    char base64[BASE64_SIZE];

    crypto_base64url(hash.bytes, sizeof hash.bytes, base64);
    for (char *c = base64; *c; c++)
        *c = (char)(*c == '-' ? '+' : *c == '_' ? '/' : *c);
    snprintf(text, PAGE_STYLE_HASH_SIZE, "sha256-%s=", base64);
}

static void put_style(struct document *document)
{
    struct buf *out = &document->page.html;
    const struct page_asset *asset = page_asset("page.css");

    buf_text(out, "<style>");
    size_t start = out->len;
    buf_add(out, asset->bytes, asset->len);
    put_brand_style(out, document->frame->survey);
    hash_style(out->data + start, out->len - start, document->page.style_hash);
    buf_text(out, "</style>\n");
}

/* --- head --- */

static void put_asset_url(struct buf *out, const char *name)
{
    html_put(out, "/assets/%s?v=%s", name, page_asset(name)->hash);
}

static void put_title(struct document *document, const char *title)
{
    struct buf *out = &document->page.html;
    const struct survey *survey = document->frame->survey;
    const struct survey_text *text =
        survey ? language_text(&survey->title, document->frame->language) : NULL;

    html_put(out, "<title>%s", title ? title : text ? text->text : "npsd");
    if (survey && survey->brand.name)
        html_put(out, " · %s", survey->brand.name);
    buf_text(out, "</title>\n");
}

static void put_head(struct document *document, const char *title, const char *script)
{
    struct buf *out = &document->page.html;

    html_put(out, "<!doctype html>\n<html lang=\"%s\"", document->frame->language);
    buf_text(out, document->frame->kiosk ? " data-kiosk>\n" : ">\n");
    buf_text(out, "<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n"
                  "<meta name=\"robots\" content=\"noindex\">\n");
    put_title(document, title);
    buf_text(out, "<link rel=\"icon\" type=\"image/svg+xml\" href=\"");
    put_asset_url(out, "icon.svg");
    buf_text(out, "\">\n");
    put_style(document);
    if (script && page_asset(script)) {
        buf_text(out, "<script src=\"");
        put_asset_url(out, script);
        buf_text(out, "\" defer></script>\n");
    }
    buf_text(out, "</head>\n");
}

static void put_brand(struct document *document)
{
    struct buf *out = &document->page.html;
    const struct survey *survey = document->frame->survey;

    if (!survey || (!survey->brand.name && !survey->brand.logo))
        return;
    const char *name = survey->brand.name ? survey->brand.name : "";
    if (survey->brand.logo)
        html_put(out, "<header class=\"brand\"><img src=\"/s/%s/logo?v=%s\" alt=\"%s\"></header>\n",
                 survey->slug, survey->brand.logo_hash, name);
    else
        html_put(out, "<header class=\"brand\"><p>%s</p></header>\n", name);
}

struct document document_begin(const struct page_frame *frame, const char *title,
                               const char *script)
{
    struct document document = {
        .frame = frame,
        .words = language_words(frame->language),
        .page = {.html = buf_make(frame->arena, FIRST_SIZE)},
    };

    put_head(&document, title, script);
    buf_text(&document.page.html, "<body>\n");
    put_brand(&document);
    buf_text(&document.page.html, "<main>\n");
    return document;
}

/* --- foot --- */

static void put_language(struct document *document, const char *tag)
{
    const struct page_frame *frame = document->frame;
    struct buf *out = &document->page.html;
    bool current = language_same(tag, frame->language);

    html_put(out, "<a href=\"%s?%slang=%s\" hreflang=\"%s\" lang=\"%s\"", frame->path, frame->query,
             tag, tag, tag);
    if (current)
        buf_text(out, " aria-current=\"true\"");
    html_put(out, ">%s</a>\n", language_name(tag));
}

/* Whether the survey has a language that one of ours is not. */
static bool is_further(const struct survey *survey, size_t i)
{
    const char *tag = survey->title.items[i].language;
    return !language_same(tag, language_tag(language_words(tag)));
}

static void put_languages(struct document *document)
{
    const struct survey *survey = document->frame->survey;
    struct buf *out = &document->page.html;

    html_put(out, "<footer><nav class=\"languages\" aria-label=\"%s\">\n",
             document_word(document, WORD_LANGUAGES));
    for (enum words_language i = 0; i < WORDS_LANGUAGES; i++)
        put_language(document, language_tag(i));
    for (size_t i = 0; survey && i < survey->title.count; i++)
        if (is_further(survey, i))
            put_language(document, survey->title.items[i].language);
    buf_text(out, "</nav></footer>\n");
}

void document_end(struct document *document)
{
    buf_text(&document->page.html, "</main>\n");
    if (document->frame->path)
        put_languages(document);
    buf_text(&document->page.html, "</body>\n</html>\n");
}

/* --- pieces --- */

void document_lang(struct document *document, const struct survey_text *text)
{
    if (!language_same(text->language, document->frame->language))
        html_put(&document->page.html, " lang=\"%s\"", text->language);
}

void document_texts(struct document *document, const struct survey_texts *texts)
{
    const struct survey_text *text = language_text(texts, document->frame->language);
    struct buf *out = &document->page.html;

    if (!text)
        return;
    if (language_same(text->language, document->frame->language))
        html_text(out, text->text);
    else
        html_put(out, "<span lang=\"%s\">%s</span>", text->language, text->text);
}

void document_message(struct document *document, const char *picture, enum word heading,
                      enum word more)
{
    struct buf *out = &document->page.html;

    buf_text(out, "<div class=\"message\">\n"
                  "<svg viewBox=\"0 0 48 48\" aria-hidden=\"true\" fill=\"none\""
                  " stroke=\"currentColor\" stroke-width=\"3\" stroke-linecap=\"round\""
                  " stroke-linejoin=\"round\">");
    buf_text(out, picture);
    html_put(out, "</svg>\n<h1 tabindex=\"-1\">%s</h1>\n<p>%s</p>\n</div>\n",
             document_word(document, heading), document_word(document, more));
}

void document_thanks(struct document *document, bool dismissed)
{
    if (dismissed)
        document_message(document, "<path d=\"M14 27c4 6 16 6 20 0M17 18v1M31 18v1\"/>",
                         WORD_DISMISSED, WORD_DISMISSED_MORE);
    else
        document_message(document, "<path d=\"m14 25 7 7 14-16\"/>", WORD_THANKS, WORD_THANKS_MORE);
}
