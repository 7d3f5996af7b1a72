#include "npsd/json/write.h"
#include "npsd/base/clock.h"
#include <math.h>
#include <string.h>

enum { WRITER_FIRST_SIZE = 512, DIGITS_MAX = 20 };

/* From here on a double holds whole numbers only, so there is nothing to round. */
static const double WHOLE_FROM = 4503599627370496.0; /* 2^52 */

struct json_writer json_writer(struct arena *arena)
{
    return (struct json_writer){.buf = buf_make(arena, WRITER_FIRST_SIZE)};
}

struct json_writer json_writer_after(struct arena *arena, const char *text, size_t len)
{
    struct json_writer w = json_writer(arena);
    buf_add(&w.buf, text, len);
    w.comma = true;
    return w;
}

static void add_escape(struct buf *buf, unsigned char c)
{
    static const char short_form[32] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
    };
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', (char)c};
    size_t len = 2;
    if (c < 0x20 && short_form[c]) {
        text[1] = short_form[c];
    } else if (c != '"' && c != '\\') {
        memcpy(text + 1, "u00", 3);
        text[4] = hex[c >> 4];
        text[5] = hex[c & 15];
        len = 6;
    }
    buf_add(buf, text, len);
}

/* What stands in a string as it is: everything but quote, backslash and control characters. */
static bool is_plain(unsigned char c)
{
    static const bool special[256] = {
        [0 ... 0x1F] = true, ['"'] = true, ['\\'] = true, [0x7F] = true};
    return !special[c];
}

/* Copies what is plain of utf8, and says how many bytes that were. */
static size_t copy_plain(char *to, const char *utf8, size_t len)
{
    size_t i = 0;
    for (; i < len && is_plain((unsigned char)utf8[i]); i++)
        to[i] = utf8[i];
    return i;
}

/* Room for all of it is made at once, and given back when something is to be escaped. */
static void add_quoted(struct buf *buf, const char *utf8, size_t len)
{
    buf_char(buf, '"');
    for (;;) {
        char *at = buf_reserve(buf, len + 1);
        size_t plain = copy_plain(at, utf8, len);
        if (plain == len) {
            at[plain] = '"';
            return;
        }
        buf->len -= len + 1 - plain;
        add_escape(buf, (unsigned char)utf8[plain]);
        utf8 += plain + 1;
        len -= plain + 1;
    }
}

/* The comma before, and the name with its colon. */
static void begin_value(struct json_writer *w, const char *name)
{
    if (w->comma)
        buf_char(&w->buf, ',');
    w->comma = true;
    if (!name)
        return;
    add_quoted(&w->buf, name, strlen(name));
    buf_char(&w->buf, ':');
}

static void open_bracket(struct json_writer *w, const char *name, char bracket)
{
    begin_value(w, name);
    buf_char(&w->buf, bracket);
    w->comma = false;
}

static void close_bracket(struct json_writer *w, char bracket)
{
    buf_char(&w->buf, bracket);
    w->comma = true;
}

void json_object_begin(struct json_writer *w, const char *name)
{
    open_bracket(w, name, '{');
}

void json_object_end(struct json_writer *w)
{
    close_bracket(w, '}');
}

void json_array_begin(struct json_writer *w, const char *name)
{
    open_bracket(w, name, '[');
}

void json_array_end(struct json_writer *w)
{
    close_bracket(w, ']');
}

void json_put_text(struct json_writer *w, const char *name, const char *utf8)
{
    if (utf8)
        json_put_textn(w, name, utf8, strlen(utf8));
    else
        json_put_null(w, name);
}

void json_put_textn(struct json_writer *w, const char *name, const char *utf8, size_t len)
{
    begin_value(w, name);
    add_quoted(&w->buf, utf8, len);
}

/* The decimal digits of value, at least as many as asked for, right-aligned before end. */
static const char *digits_before(char *end, uint64_t value, int at_least)
{
    char *at = end;
    for (; value > 0 || at_least > 0; value /= 10, at_least--)
        *--at = (char)('0' + value % 10);
    return at;
}

static void add_digits(struct buf *buf, uint64_t value, int at_least)
{
    char digits[DIGITS_MAX];
    const char *first = digits_before(digits + sizeof digits, value, at_least);
    buf_add(buf, first, (size_t)(digits + sizeof digits - first));
}

void json_put_int(struct json_writer *w, const char *name, int64_t value)
{
    begin_value(w, name);
    if (value < 0)
        buf_char(&w->buf, '-');
    add_digits(&w->buf, value < 0 ? -(uint64_t)value : (uint64_t)value, 1);
}

void json_put_bool(struct json_writer *w, const char *name, bool value)
{
    begin_value(w, name);
    buf_text(&w->buf, value ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *name)
{
    begin_value(w, name);
    buf_text(&w->buf, "null");
}

/*
 * Half away from zero, where half is meant as people read the number: 1.005 lies a hair below in
 * binary and is rounded up to 1.01 all the same.
 */
static uint64_t round_half_up(double scaled)
{
    double whole = floor(scaled);
    double tolerance = scaled * 0x1p-51;
    return (uint64_t)whole + (scaled - whole >= 0.5 - tolerance);
}

static void add_fraction(struct buf *buf, uint64_t fraction, int decimals)
{
    for (; decimals > 0 && fraction % 10 == 0; decimals--)
        fraction /= 10;
    if (decimals == 0)
        return;
    buf_char(buf, '.');
    add_digits(buf, fraction, decimals);
}

void json_put_number(struct json_writer *w, const char *name, double value, int decimals)
{
    static const uint64_t power[] = {1,      10,      100,      1000,      10000,
                                     100000, 1000000, 10000000, 100000000, 1000000000};
    if (!isfinite(value)) {
        json_put_null(w, name);
        return;
    }
    begin_value(w, name);
    double scaled = fabs(value) * (double)power[decimals];
    if (scaled >= WHOLE_FROM) {
        buf_printf(&w->buf, "%.17g", value);
        return;
    }
    uint64_t units = round_half_up(scaled);
    if (value < 0 && units > 0)
        buf_char(&w->buf, '-');
    add_digits(&w->buf, units / power[decimals], 1);
    add_fraction(&w->buf, units % power[decimals], decimals);
}

void json_put_time(struct json_writer *w, const char *name, int64_t instant_us)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format(instant_us, text);
    begin_value(w, name);
    buf_char(&w->buf, '"');
    buf_text(&w->buf, text);
    buf_char(&w->buf, '"');
}

void json_put_raw(struct json_writer *w, const char *name, const char *json, size_t len)
{
    begin_value(w, name);
    buf_add(&w->buf, json, len);
}
