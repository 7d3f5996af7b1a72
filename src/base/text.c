#include "npsd/base/text.h"
#include <string.h>

enum { UTF8_MAX = 4 }; /* bytes of a sequence */

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool is_continuation(unsigned char byte)
{
    return byte >> 6 == 2;
}

size_t text_length(const char *utf8, size_t bytes)
{
    size_t length = 0;
    for (size_t i = 0; i < bytes; i++)
        length += !is_continuation((unsigned char)utf8[i]);
    return length;
}

/* How many bytes the first byte announces; 0 if no sequence begins with it. */
static size_t announced(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* The second byte's range is narrower after four first bytes: no overlong forms, no surrogates,
 * nothing above U+10FFFF (RFC 3629). */
static bool second_fits(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xE0:
        return second >= 0xA0;
    case 0xED:
        return second <= 0x9F;
    case 0xF0:
        return second >= 0x90;
    case 0xF4:
        return second <= 0x8F;
    default:
        return true;
    }
}

size_t text_utf8_size(const char *text, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t size = len > 0 ? announced(bytes[0]) : 0;
    if (size > len)
        return 0;
    for (size_t i = 1; i < size; i++)
        if (!is_continuation(bytes[i]))
            return 0;
    return size > 1 && !second_fits(bytes[0], bytes[1]) ? 0 : size;
}

/* In UTF-8 the C1 controls (U+0080 to U+009F) have two bytes; they steer terminals as well. */
size_t text_printable(const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t size = text_utf8_size(text, strnlen(text, UTF8_MAX));
    bool control = size == 1 ? bytes[0] < 0x20 || bytes[0] == 0x7F
                             : size == 2 && bytes[0] == 0xC2 && bytes[1] < 0xA0;
    return control ? 0 : size;
}

bool text_has_control(const char *utf8, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)utf8[i];
        if (c == 0x7F || (c < 0x20 && c != '\t' && c != '\n' && c != '\r'))
            return true;
    }
    return false;
}

bool text_is_name(const char *text, size_t len)
{
    if (len < 1 || len > 32 || !is_lower(text[0]))
        return false;
    for (size_t i = 1; i < len; i++)
        if (!is_lower(text[i]) && !is_digit(text[i]) && text[i] != '_')
            return false;
    return true;
}

bool text_is_slug(const char *text, size_t len)
{
    if (len < 1 || len > 64)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_lower(text[i]) && !is_digit(text[i]) && text[i] != '-')
            return false;
    return true;
}

bool text_is_language(const char *text, size_t len)
{
    size_t i = 0, group;
    while (i < len && is_letter(text[i]))
        i++;
    if (len > 35 || i < 2 || i > 3)
        return false;
    while (i < len) {
        if (text[i++] != '-')
            return false;
        for (group = 0; i < len && (is_letter(text[i]) || is_digit(text[i])); group++)
            i++;
        if (group < 1 || group > 8)
            return false;
    }
    return true;
}

bool text_is_visible(const char *text, size_t len, size_t max)
{
    if (len < 1 || len > max)
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x21 || text[i] > 0x7E)
            return false;
    return true;
}

bool text_to_number(const char *text, size_t len, int64_t min, int64_t max, int64_t *ret_value)
{
    int64_t value = 0;
    if (len < 1 || (len > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!is_digit(text[i]) || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text[i] - '0', &value))
            return false;
    }
    if (value < min || value > max)
        return false;
    *ret_value = value;
    return true;
}

uint64_t text_hash(const char *text, size_t len)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return hash;
}

int text_index(const char *const *names, size_t count, const char *text, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(names[i]) == len && memcmp(names[i], text, len) == 0)
            return (int)i;
    return -1;
}
