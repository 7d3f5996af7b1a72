#include "pairs.h"
#include "npsd/http/call.h"
#include <string.h>

/* Length of the sequence that starts with this byte, and the range of its second byte; 0: no
 * sequence starts so. The table is the one of the Unicode standard (3-7, "Well-Formed UTF-8"). */
static size_t utf8_sequence(unsigned char first, unsigned char *ret_low, unsigned char *ret_high)
{
    *ret_low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    *ret_high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if (first >= 0xE0 && first <= 0xEF)
        return 3;
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

bool utf8_is_valid(const char *bytes, size_t len)
{
    const unsigned char *at = (const unsigned char *)bytes, *end = at + len;
    while (at < end) {
        unsigned char low, high;
        size_t need = utf8_sequence(*at, &low, &high);
        if (need == 0 || need > (size_t)(end - at))
            return false;
        if (need > 1 && (at[1] < low || at[1] > high))
            return false;
        for (size_t i = 2; i < need; i++)
            if ((at[i] & 0xC0) != 0x80)
                return false;
        at += need;
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool percent_decode(const char *from, size_t len, bool plus, char *text, size_t *ret_len)
{
    size_t out = 0;
    for (size_t i = 0; i < len; i++) {
        char c = from[i];
        if (c == '%') {
            int high = len - i > 2 ? hex_digit(from[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(from[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c == '\0')
            return false;
        text[out++] = c;
    }
    text[out] = '\0';
    *ret_len = out;
    return utf8_is_valid(text, out);
}

static bool decode_part(struct arena *arena, const char *from, size_t len, const char **ret_text)
{
    char *text = arena_alloc(arena, len + 1);
    size_t text_len;
    if (!percent_decode(from, len, true, text, &text_len))
        return false;
    *ret_text = text;
    return true;
}

bool call_parse_pairs(struct arena *arena, const char *text, size_t len, struct query_pair *pairs,
                      size_t max, size_t *ret_count)
{
    size_t count = 0;
    for (const char *at = text, *end = text + len; at < end;) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        if (!stop)
            stop = end;
        size_t size = (size_t)(stop - at);
        if (size > 0) {
            const char *equals = memchr(at, '=', size);
            size_t name_len = equals ? (size_t)(equals - at) : size;
            const char *value = equals ? equals + 1 : stop;
            if (count == max || !decode_part(arena, at, name_len, &pairs[count].name) ||
                !decode_part(arena, value, (size_t)(stop - value), &pairs[count].value))
                return false;
            count++;
        }
        at = stop + 1;
    }
    *ret_count = count;
    return true;
}
