/*
 * calendar: local time by the C library, to check PostgreSQL's with. Time zones are those of the
 * system's database; calendar_zone changes the process, so it is for tests that fork.
 */
#ifndef SUPPORT_CALENDAR_H
#define SUPPORT_CALENDAR_H

#include <time.h>

/* tz is an IANA name. */
void calendar_zone(const char *tz);
/* The moment at which the day begins that lies so many days, months and years from the day of now;
 * months are shortened where they have no such day. */
time_t calendar_start(time_t now, int years, int months, int days);
/* The same time of day, so many years, months and days from then. */
time_t calendar_shift(time_t moment, int years, int months, int days);
/* The days since Monday, and the months since the quarter's and the year's begin. */
int calendar_weekday(time_t moment);
int calendar_month(time_t moment);
int calendar_day(time_t moment);

#endif
