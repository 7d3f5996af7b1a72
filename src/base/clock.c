#include "npsd/base/clock.h"
#include <string.h>
#include <time.h>

/* What is left of a text being read. A reader takes what it wants or returns false. */
struct cursor {
    const char *at, *end;
};

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return now.tv_sec * CLOCK_SECOND_US + now.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_coarse_us(void)
{
    return read_clock(CLOCK_MONOTONIC_COARSE);
}

int64_t clock_floor_div(int64_t dividend, int64_t divisor)
{
    int64_t quotient = dividend / divisor;
    return dividend % divisor < 0 ? quotient - 1 : quotient;
}

/*
 * Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years that begin in March, so that
 * the leap day is the last; eras of 400 years, which all have 146097 days.
 */
int32_t clock_days_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? (int64_t)year - 1 : year;
    int64_t era = clock_floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int32_t)(era * 146097 + day_of_era - 719468);
}

void clock_civil_from_days(int32_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t z = (int64_t)days + 719468;
    int64_t era = clock_floor_div(z, 146097);
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    int month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    *ret_day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    *ret_month = month;
    *ret_year = (int)(era * 400 + year_of_era + (month <= 2));
}

static bool take_char(struct cursor *in, const char *any_of)
{
    if (in->at == in->end || *in->at == '\0' || !strchr(any_of, *in->at))
        return false;
    in->at++;
    return true;
}

/* Exactly so many digits, with a value from min to max. */
static bool take_number(struct cursor *in, int digits, int min, int max, int *ret_value)
{
    int value = 0;
    if (in->end - in->at < digits)
        return false;
    for (int i = 0; i < digits; i++) {
        if (in->at[i] < '0' || in->at[i] > '9')
            return false;
        value = value * 10 + (in->at[i] - '0');
    }
    if (value < min || value > max)
        return false;
    in->at += digits;
    *ret_value = value;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool take_date(struct cursor *in, int32_t *ret_days)
{
    int year, month, day;
    if (!take_number(in, 4, 1, 9999, &year) || !take_char(in, "-") ||
        !take_number(in, 2, 1, 12, &month) || !take_char(in, "-") ||
        !take_number(in, 2, 1, days_in_month(year, month), &day))
        return false;
    *ret_days = clock_days_from_civil(year, month, day);
    return true;
}

/* "HH:MM:SS" as seconds since midnight; a leap second counts as 60. */
static bool take_time(struct cursor *in, int *ret_seconds, bool *ret_leap)
{
    int hour, minute, second;
    if (!take_number(in, 2, 0, 23, &hour) || !take_char(in, ":") ||
        !take_number(in, 2, 0, 59, &minute) || !take_char(in, ":") ||
        !take_number(in, 2, 0, 60, &second))
        return false;
    *ret_seconds = hour * 3600 + minute * 60 + second;
    *ret_leap = second == 60;
    return true;
}

/* ".5" and so on; nothing at all is 0. */
static bool take_fraction(struct cursor *in, int *ret_us)
{
    int us = 0, scale = 100000, digit;
    if (take_char(in, ".")) {
        if (!take_number(in, 1, 0, 9, &digit))
            return false;
        do {
            us += digit * scale;
            scale /= 10;
        } while (take_number(in, 1, 0, 9, &digit));
    }
    *ret_us = us;
    return true;
}

/* "Z" or "+03:00" as seconds east of Greenwich. */
static bool take_offset(struct cursor *in, int *ret_seconds)
{
    int hours, minutes, sign = 1;
    if (take_char(in, "Zz")) {
        *ret_seconds = 0;
        return true;
    }
    if (take_char(in, "-"))
        sign = -1;
    else if (!take_char(in, "+"))
        return false;
    if (!take_number(in, 2, 0, 23, &hours) || !take_char(in, ":") ||
        !take_number(in, 2, 0, 59, &minutes))
        return false;
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

/* A leap second ends a month of UTC: the second after it begins one. */
static bool begins_month(int64_t seconds)
{
    int year, month, day;
    clock_civil_from_days((int32_t)clock_floor_div(seconds, 86400), &year, &month, &day);
    return seconds % 86400 == 0 && day == 1;
}

static int64_t first_second(int year)
{
    return clock_days_from_civil(year, 1, 1) * INT64_C(86400);
}

bool clock_parse(const char *text, size_t len, int64_t *ret_us)
{
    struct cursor in = {text, text + len};
    int32_t days;
    int time, fraction_us, offset;
    bool leap;
    if (!take_date(&in, &days) || !take_char(&in, "Tt ") || !take_time(&in, &time, &leap) ||
        !take_fraction(&in, &fraction_us) || !take_offset(&in, &offset) || in.at != in.end)
        return false;
    int64_t seconds = days * INT64_C(86400) + time - offset;
    if (leap && !begins_month(seconds))
        return false;
    if (seconds < first_second(1) || seconds >= first_second(10000))
        return false;
    *ret_us = seconds * CLOCK_SECOND_US + fraction_us;
    return true;
}

bool clock_parse_date(const char *text, size_t len, int32_t *ret_days)
{
    struct cursor in = {text, text + len};
    int32_t days;
    if (!take_date(&in, &days) || in.at != in.end)
        return false;
    *ret_days = days;
    return true;
}

static char *put_number(char *at, int value, int digits, char after)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    at[digits] = after;
    return at + digits + 1;
}

static char *put_fraction(char *at, int us)
{
    if (us == 0)
        return at;
    at[-1] = '.';
    at = put_number(at, us, 6, 'Z');
    while (at[-2] == '0')
        at--;
    at[-1] = 'Z';
    return at;
}

static int64_t nearest_year_of_four_digits(int64_t instant_us)
{
    int64_t first = first_second(1) * CLOCK_SECOND_US;
    int64_t last = first_second(10000) * CLOCK_SECOND_US - 1;
    if (instant_us < first)
        return first;
    return instant_us > last ? last : instant_us;
}

char *clock_format(int64_t instant_us, char text[static CLOCK_TEXT_SIZE])
{
    int year, month, day;
    instant_us = nearest_year_of_four_digits(instant_us);
    int32_t days = (int32_t)clock_floor_div(instant_us, CLOCK_DAY_US);
    int64_t of_day_us = instant_us - days * CLOCK_DAY_US;
    int seconds = (int)(of_day_us / CLOCK_SECOND_US);
    clock_civil_from_days(days, &year, &month, &day);
    char *at = put_number(text, year, 4, '-');
    at = put_number(at, month, 2, '-');
    at = put_number(at, day, 2, 'T');
    at = put_number(at, seconds / 3600, 2, ':');
    at = put_number(at, seconds / 60 % 60, 2, ':');
    at = put_number(at, seconds % 60, 2, 'Z');
    at = put_fraction(at, (int)(of_day_us % CLOCK_SECOND_US));
    *at = '\0';
    return text;
}
