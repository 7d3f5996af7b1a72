/*
 * text: strings that a test need not free. They live until text_reset, which the fixture calls
 * after every test.
 */
#ifndef SUPPORT_TEXT_H
#define SUPPORT_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <time.h>

const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *text_va(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
/* The same for JSON that is easy to read in C: every ' becomes ". */
const char *text_json(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* size bytes and a NUL behind them, to be filled by the caller. */
char *text_space(size_t size);
/* count times the piece. */
const char *text_repeat(const char *piece, size_t count);
/* RFC 3339 in UTC with Z: seconds since 1970, whole or with microseconds. */
const char *text_time(time_t seconds);
const char *text_time_us(long long microseconds);
/* The other way round; -1 when it is not of the form 2026-11-20T14:03:00[.123456]Z. */
long long text_parse_us(const char *time);
/* A file as a whole; NULL when it cannot be read. */
const char *text_file(const char *path);
void text_reset(void);

#endif
