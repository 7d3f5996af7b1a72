#include "npsd/base/mask.h"

#include "npsd/base/buf.h"

#include <stdbool.h>
#include <string.h>

static const char HIDDEN[] = "***";

/* Of "password=", perhaps with spaces around the "=", if text begins so; else 0. */
static size_t name_length(const char *text)
{
    static const char name[] = "password";
    if (strncmp(text, name, sizeof name - 1) != 0)
        return 0;
    size_t len = sizeof name - 1;
    len += strspn(text + len, " ");
    if (text[len] != '=')
        return 0;
    return len + 1 + strspn(text + len + 1, " ");
}

/* Of a value of key=value: a word, or what stands in single quotes; "\" takes the next character
 * as it is. */
static size_t value_length(const char *text)
{
    bool quoted = *text == '\'';
    size_t len = quoted;
    for (; text[len] && (quoted ? text[len] != '\'' : !strchr(" \t\r\n", text[len])); len++)
        if (text[len] == '\\' && text[len + 1])
            len++;
    return len + (quoted && text[len] == '\'');
}

static const char *hide_parameters(struct arena *arena, const char *text, bool is_url)
{
    struct buf out = buf_make(arena, strlen(text) + 16);
    while (*text) {
        size_t len = name_length(text);
        if (len == 0) {
            buf_char(&out, *text++);
            continue;
        }
        buf_add(&out, text, len);
        buf_text(&out, HIDDEN);
        text += len;
        text += is_url ? strcspn(text, "&") : value_length(text);
    }
    return out.data;
}

/* From the first ":" to the last "@" behind the scheme. */
static const char *hide_userinfo(struct arena *arena, const char *text, const char *authority)
{
    const char *at = strrchr(authority, '@');
    const char *colon = at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
    if (!colon)
        return text;
    return arena_printf(arena, "%.*s:%s%s", (int)(colon - text), text, HIDDEN, at);
}

const char *mask_url(struct arena *arena, const char *text)
{
    const char *masked = hide_parameters(arena, text, strstr(text, "://") != NULL);
    const char *scheme = strstr(masked, "://");
    return scheme ? hide_userinfo(arena, masked, scheme + 3) : masked;
}
