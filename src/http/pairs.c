#include "pairs.h"
#include "npsd/base/text.h"
#include "npsd/http/call.h"
#include <string.h>

static bool utf8_is_valid(const char *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t size = (bytes[at] & 0x80) == 0 ? 1 : text_utf8_size(bytes + at, len - at);
        if (size == 0)
            return false;
        at += size;
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

const char *call_escape(struct arena *arena, const char *text)
{
    static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    struct buf out = buf_make(arena, strlen(text) + 1);

    for (; *text; text++) {
        if (strchr(kept, *text))
            buf_char(&out, *text);
        else
            buf_printf(&out, "%%%02X", (unsigned char)*text);
    }
    return out.data;
}
