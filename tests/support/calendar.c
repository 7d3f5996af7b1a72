#include "support/calendar.h"
#include "support/must.h"
#include <stdlib.h>

void calendar_zone(const char *tz)
{
    must(setenv("TZ", tz, 1) == 0);
    tzset();
}

static struct tm local(time_t moment)
{
    struct tm tm;
    must(localtime_r(&moment, &tm));
    return tm;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = month == 1 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    return days[month] + leap;
}

/* mktime would make 3 March of 31 February: the month is set first, and the day fitted into it. */
static void add(struct tm *tm, int years, int months, int days)
{
    int total = (tm->tm_year + years) * 12 + tm->tm_mon + months;
    tm->tm_year = total / 12;
    tm->tm_mon = total % 12;
    int last = days_of_month(tm->tm_year + 1900, tm->tm_mon);
    if (tm->tm_mday > last)
        tm->tm_mday = last;
    tm->tm_mday += days;
    tm->tm_isdst = -1;
}

time_t calendar_shift(time_t moment, int years, int months, int days)
{
    struct tm tm = local(moment);
    add(&tm, years, months, days);
    return mktime(&tm);
}

time_t calendar_start(time_t now, int years, int months, int days)
{
    struct tm tm = local(now);
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    add(&tm, years, months, days);
    return mktime(&tm);
}

int calendar_weekday(time_t moment)
{
    return (local(moment).tm_wday + 6) % 7;
}

int calendar_month(time_t moment)
{
    return local(moment).tm_mon;
}

int calendar_day(time_t moment)
{
    return local(moment).tm_mday;
}
