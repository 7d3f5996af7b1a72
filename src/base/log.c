#include "npsd/base/log.h"
#include "npsd/base/clock.h"
#include "npsd/base/flood.h"
#include "npsd/base/text.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* LOG_LINE_ROOM is what is kept free for LOG_CUT and the line end. */
enum { LOG_LINE_SIZE = 2048, LOG_LINE_ROOM = 8, LOG_VALUE_MAX = 256, LOG_LEVELS = LOG_DEBUG + 1 };

#define LOG_CUT " cut=1"

static const char *const level_names[LOG_LEVELS] = {"error", "warning", "info", "debug"};
static atomic_int max_level = LOG_INFO;

/* A line being built. What does not fit sets full, and the field it belongs to is taken back. */
struct line {
    char text[LOG_LINE_SIZE];
    size_t len;
    bool full;
};

static void line_add(struct line *line, const char *bytes, size_t len)
{
    if (line->full || len > sizeof line->text - LOG_LINE_ROOM - line->len) {
        line->full = true;
        return;
    }
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
}

static void line_text(struct line *line, const char *text)
{
    line_add(line, text, strlen(text));
}

/* C1 controls (U+0080 to U+009F) steer terminals as the ASCII ones do. */
static bool is_control(unsigned code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

/* What ends a line for some readers (U+2028, U+2029), or shows the rest of it turned round. */
static bool is_misleading(unsigned code)
{
    return (code >= 0x2028 && code <= 0x202E) || code == 0x200E || code == 0x200F ||
           (code >= 0x2066 && code <= 0x2069) || code == 0x061C;
}

/* Of a sequence of that size; what is escaped has at most three bytes. */
static unsigned code_of(const unsigned char *at, size_t size)
{
    switch (size) {
    case 2:
        return (at[0] & 0x1FU) << 6 | (at[1] & 0x3FU);
    case 3:
        return (at[0] & 0x0FU) << 12 | (at[1] & 0x3FU) << 6 | (at[2] & 0x3FU);
    default:
        return *at; /* ASCII, a wrong byte, or the first of four */
    }
}

/* Writes the character at the beginning of text; returns how many bytes it took. */
static size_t add_character(struct line *line, const char *text, size_t len)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t size = text_utf8_size(text, len);
    unsigned code = code_of(at, size);
    char escape[8];
    if (size > 0 && !is_control(code) && !is_misleading(code)) {
        if (*at == '"' || *at == '\\')
            line_text(line, "\\");
        line_add(line, text, size);
        return size;
    }
    snprintf(escape, sizeof escape, "\\u%04x", code & 0xFFFFU);
    line_text(line, escape);
    return size > 0 ? size : 1;
}

static bool is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~' || strchr("\"=\\", text[i]))
            return false;
    return len > 0;
}

/* The first LOG_VALUE_MAX bytes, without a character that would be cut in two. */
static size_t value_length(const char *text)
{
    size_t len = strnlen(text, LOG_VALUE_MAX + 1);
    if (len <= LOG_VALUE_MAX)
        return len;
    len = LOG_VALUE_MAX;
    while (len > LOG_VALUE_MAX - 4 && (text[len] & 0xC0) == 0x80)
        len--;
    return len;
}

static void line_value(struct line *line, const char *text)
{
    size_t len = value_length(text), at = 0;
    if (is_plain(text, len)) {
        line_add(line, text, len);
        return;
    }
    line_text(line, "\"");
    while (at < len)
        at += add_character(line, text + at, len - at);
    line_text(line, "\"");
}

static void line_field(struct line *line, const struct log_field *field)
{
    char number[24];
    size_t before = line->len;
    line_text(line, " ");
    line_text(line, field->key);
    line_text(line, "=");
    if (field->text) {
        line_value(line, field->text);
    } else {
        snprintf(number, sizeof number, "%" PRId64, field->number);
        line_text(line, number);
    }
    if (line->full)
        line->len = before;
}

static void line_end(struct line *line)
{
    size_t cut = line->full ? strlen(LOG_CUT) : 0;
    memcpy(line->text + line->len, LOG_CUT, cut);
    line->text[line->len + cut] = '\n';
    line->len += cut + 1;
}

bool log_set_level(const char *name)
{
    int level = text_index(level_names, LOG_LEVELS, name, strlen(name));
    if (level >= 0)
        atomic_store_explicit(&max_level, level, memory_order_relaxed);
    return level >= 0;
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&max_level, memory_order_relaxed);
}

static void write_line(enum log_level level, const char *request_id, const char *event,
                       int64_t left_out, const struct log_field *fields)
{
    char time[CLOCK_TEXT_SIZE];
    struct line line = {.len = 0};
    int saved = errno;
    line_text(&line, "ts=");
    line_text(&line, clock_format(clock_now_us(), time));
    line_field(&line, &(struct log_field)LOG_TEXT("level", level_names[level]));
    line_field(&line, &(struct log_field)LOG_TEXT("event", event));
    if (left_out > 0)
        line_field(&line, &(struct log_field)LOG_NUMBER("left_out", left_out));
    if (request_id)
        line_field(&line, &(struct log_field)LOG_TEXT("request_id", request_id));
    for (int i = 0; i < LOG_FIELDS_MAX && fields[i].key; i++)
        line_field(&line, &fields[i]);
    line_end(&line);
    while (write(STDERR_FILENO, line.text, line.len) < 0 && errno == EINTR)
        ;
    errno = saved;
}

void log_write(enum log_level level, const char *request_id, const char *event,
               const struct log_field *fields)
{
    int64_t left_out = 0;
    if (log_enabled(level) &&
        (level > LOG_WARNING || flood_admit(event, clock_monotonic_us(), &left_out)))
        write_line(level, request_id, event, left_out, fields);
}

void log_rest(bool at_once)
{
    int64_t now_us = at_once ? INT64_MAX : clock_monotonic_us(), left_out;
    const char *event;
    while (flood_rest(now_us, &event, &left_out))
        write_line(LOG_WARNING, NULL, "left-out", left_out, LOG_FIELDS(LOG_TEXT("of", event)));
}
