#include "npsd/page/html.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

static const char *escape_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static bool is_control(char c)
{
    unsigned char byte = (unsigned char)c;
    return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

void html_text(struct buf *out, const char *utf8)
{
    for (; *utf8; utf8++) {
        const char *escape = escape_of(*utf8);
        if (escape)
            buf_text(out, escape);
        else if (!is_control(*utf8))
            buf_char(out, *utf8);
    }
}

void html_put(struct buf *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    while (*format) {
        size_t plain = strcspn(format, "%");
        buf_add(out, format, plain);
        format += plain;
        if (!*format)
            break;
        switch (format[1]) {
        case 's':
            html_text(out, va_arg(args, const char *));
            break;
        case 'd':
            buf_printf(out, "%d", va_arg(args, int));
            break;
        case '%':
            buf_char(out, '%');
            break;
        default:
            abort();
        }
        format += 2;
    }
    va_end(args);
}
