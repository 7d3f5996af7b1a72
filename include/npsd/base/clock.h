/*
 * clock: instants and deadlines.
 *
 * An instant is an int64_t of microseconds since 1970-01-01T00:00:00Z (names end in _us); it can
 * step when the clock is set. Deadlines and durations use the monotonic clock (clock_monotonic_us),
 * never the wall clock.
 */
#ifndef NPSD_BASE_CLOCK_H
#define NPSD_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_SECOND_US INT64_C(1000000)
#define CLOCK_DAY_US (INT64_C(86400) * CLOCK_SECOND_US)

enum { CLOCK_TEXT_SIZE = 32 };

int64_t clock_now_us(void);
int64_t clock_monotonic_us(void);
/* The same as of the last tick, up to 10 ms ago, for a fraction of the price. */
int64_t clock_coarse_us(void);

/*
 * RFC 3339 date-time with "Z" or an offset, any number of fraction digits (cut after microseconds),
 * years 0001 to 9999 (also after the offset is taken off), a real date, a leap second (at the end
 * of a month of UTC, where they are) taken as the second after it. "t" and "z" and a space for the
 * "T" are accepted as the RFC allows. False, and *ret_us untouched, for anything else.
 */
bool clock_parse(const char *text, size_t len, int64_t *ret_us);

/* A calendar date "YYYY-MM-DD", as days since 1970-01-01. */
bool clock_parse_date(const char *text, size_t len, int32_t *ret_days);

/* RFC 3339 in UTC with "Z"; microseconds only where there are any, without trailing zeros. An
 * instant outside of the years 0001 to 9999 is printed as the nearest inside. Returns text. */
char *clock_format(int64_t instant_us, char text[static CLOCK_TEXT_SIZE]);

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back. */
int32_t clock_days_from_civil(int year, int month, int day);
void clock_civil_from_days(int32_t days, int *ret_year, int *ret_month, int *ret_day);

/* Division that rounds towards minus infinity (instants before 1970 are negative). divisor > 0. */
int64_t clock_floor_div(int64_t dividend, int64_t divisor);

#endif
