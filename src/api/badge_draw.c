#include "npsd/api/badge.h"

#include "npsd/base/buf.h"
#include "npsd/base/text.h"

#include <stdio.h>
#include <string.h>

enum { FONT_SIZE = 11, PADDING = 6, GOOD_FROM = 30 };

/* --- how wide a text is --- */

/* Advance widths of DejaVu Sans (Verdana's are alike), in hundredths of the font's size. */
static const unsigned char ascii[] = {
    32, 40, 46, 84, 64, 95, 78, 27, 39,  39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79,
    60, 79, 69, 63, 61, 73, 68, 99, 69,  61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63,
    63, 28, 28, 58, 28, 97, 63, 61, 63,  63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84};

static const unsigned char cyrillic[] = {
    68, 69, 69,  61,  78, 63, 108, 64, 75,  75, 71, 75, 86, 75, 79, 75, 60, 70, 61, 61, 86, 69,
    78, 69, 107, 109, 83, 88, 69,  70, 108, 69, 61, 62, 59, 53, 69, 62, 90, 53, 65, 65, 60, 64,
    75, 65, 61,  65,  63, 55, 58,  59, 85,  59, 68, 59, 92, 94, 71, 79, 59, 55, 84, 60};

enum { ASCII_FIRST = 0x20, CYRILLIC_FIRST = 0x410, ZERO_WIDTH_JOINER = 0x200D };
_Static_assert(sizeof ascii == 95 && sizeof cyrillic == 64, "a width for each");

/* Other characters: the mean of a block, or the width of its cells; marks that stand on the
 * character before them have none. In order. */
static const struct {
    uint32_t last;
    int width;
} blocks[] = {
    {0x02FF, 64},   {0x036F, 0},   {0x0482, 72},   {0x0489, 0},   {0x0590, 72},   {0x05BD, 0},
    {0x05FF, 56},   {0x064A, 70},  {0x0652, 0},    {0x10FF, 70},  {0x11FF, 100},  {0x1FFF, 68},
    {0x200A, 50},   {0x200F, 0},   {0x2029, 60},   {0x202E, 0},   {0x205F, 60},   {0x206F, 0},
    {0x2E7F, 90},   {0xA4CF, 100}, {0xABFF, 75},   {0xD7FF, 100}, {0xF8FF, 100},  {0xFAFF, 100},
    {0xFDFF, 90},   {0xFE0F, 0},   {0xFE1F, 100},  {0xFE2F, 0},   {0xFF60, 100},  {0xFFDF, 60},
    {0x1F1E5, 100}, {0x1F1FF, 68}, {0x1F3FA, 137}, {0x1F3FF, 0},  {0x1FAFF, 137}, {0x3FFFF, 105},
    {0x10FFFF, 0},
};

static int width_of(uint32_t c)
{
    size_t i = 0;

    if (c >= ASCII_FIRST && c - ASCII_FIRST < sizeof ascii)
        return ascii[c - ASCII_FIRST];
    if (c >= CYRILLIC_FIRST && c - CYRILLIC_FIRST < sizeof cyrillic)
        return cyrillic[c - CYRILLIC_FIRST];
    while (c > blocks[i].last)
        i++;
    return blocks[i].width;
}

/* The code point that valid UTF-8 begins with; *ret_size: its bytes. */
static uint32_t code_point(const char *utf8, size_t *ret_size)
{
    static const unsigned char first_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t size = text_utf8_size(utf8, strlen(utf8));
    uint32_t c = (unsigned char)utf8[0] & first_bits[size];

    for (size_t i = 1; i < size; i++)
        c = c << 6 | ((unsigned char)utf8[i] & 0x3F);
    *ret_size = size;
    return c;
}

/* In pixels, rounded up; never nothing, as a text cannot be told to take no room. What a joiner
 * joins is one picture. */
static int text_width(const char *utf8)
{
    int hundredths = 0;
    bool joined = false;

    for (size_t size; *utf8; utf8 += size) {
        uint32_t c = code_point(utf8, &size);
        if (!joined)
            hundredths += width_of(c);
        joined = c == ZERO_WIDTH_JOINER;
    }
    int width = (hundredths * FONT_SIZE + 99) / 100;
    return width > FONT_SIZE / 2 ? width : FONT_SIZE / 2;
}

/* --- the label --- */

static bool is_drawable(uint32_t c)
{
    bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
    return !control && c != 0xFFFE && c != 0xFFFF;
}

bool badge_label_is_good(const char *utf8)
{
    size_t length = text_length(utf8, strlen(utf8));

    if (length < 1 || length > BADGE_LABEL_MAX)
        return false;
    for (size_t size; *utf8; utf8 += size)
        if (!is_drawable(code_point(utf8, &size)))
            return false;
    return true;
}

/* --- drawing --- */

static void put_escaped(struct buf *svg, const char *text)
{
    for (; *text; text++) {
        static const char special[] = "<>&\"'";
        static const char *const names[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"};
        const char *found = strchr(special, *text);
        if (found)
            buf_text(svg, names[found - special]);
        else
            buf_char(svg, *text);
    }
}

static const char *ground(const struct nps_result *result, int min_responses)
{
    if (!result->known || result->responses < min_responses)
        return "#59636e";
    return result->nps >= GOOD_FROM ? "#1a7f37" : result->nps >= 0 ? "#8a5a00" : "#b3261e";
}

/* "NPS 51 from 120 responses": what is read to those who do not see it. */
static const char *describe(struct arena *arena, const char *label, const char *value,
                            const struct nps_result *result)
{
    if (!result->known)
        return arena_printf(arena, "%s: no responses", label);
    return arena_printf(arena, "%s %s from %lld response%s", label, value,
                        (long long)result->responses, result->responses == 1 ? "" : "s");
}

static void put_text(struct buf *svg, const char *text, int left, int width)
{
    buf_printf(svg, "<text x=\"%g\" y=\"14\" textLength=\"%d\" lengthAdjust=\"spacingAndGlyphs\">",
               left + width / 2.0, width);
    put_escaped(svg, text);
    buf_text(svg, "</text>");
}

/* Only the outer corners are round. Without ids, so that several may stand in one document. */
static void put_grounds(struct buf *svg, int middle, int width, const char *colour)
{
    buf_printf(svg, "<path fill=\"#3d444d\" d=\"M%d 0H3a3 3 0 0 0-3 3v14a3 3 0 0 0 3 3H%dz\"/>",
               middle, middle);
    buf_printf(svg, "<path fill=\"%s\" d=\"M%d 0H%da3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H%dz\"/>", colour,
               middle, width - 3, middle);
}

struct buf badge_draw(struct arena *arena, const char *label, const struct nps_result *result,
                      int min_responses)
{
    const char *value = result->known ? arena_printf(arena, "%d", result->nps) : "-";
    const char *description = describe(arena, label, value, result);
    int label_width = text_width(label), value_width = text_width(value);
    int middle = label_width + 2 * PADDING, width = middle + value_width + 2 * PADDING;
    struct buf svg = buf_make(arena, 1024);

    buf_printf(&svg,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"20\""
               " viewBox=\"0 0 %d 20\" role=\"img\" aria-label=\"",
               width, width);
    put_escaped(&svg, description);
    buf_text(&svg, "\"><title>");
    put_escaped(&svg, description);
    buf_text(&svg, "</title>");
    put_grounds(&svg, middle, width, ground(result, min_responses));
    buf_printf(&svg,
               "<g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,Geneva,sans-serif\""
               " font-size=\"%d\" text-anchor=\"middle\">",
               FONT_SIZE);
    put_text(&svg, label, PADDING, label_width);
    put_text(&svg, value, middle + PADDING, value_width);
    buf_text(&svg, "</g></svg>\n");
    return svg;
}
