#include "npsd/domain/zone.h"

#include "npsd/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { ZONE_NAME_MAX = 64 };

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Names without an area. Those that PostgreSQL takes for abbreviations mean the same as such. */
static const char *const plain_names[] = {
    "UTC",      "GMT",     "CST6CDT", "Cuba",      "EST",   "EST5EDT", "Egypt",   "Eire",
    "GB",       "GB-Eire", "GMT+0",   "GMT-0",     "GMT0",  "HST",     "Iceland", "Greenwich",
    "Hongkong", "Iran",    "Israel",  "Jamaica",   "Japan", "Libya",   "MST",     "Kwajalein",
    "MST7MDT",  "NZ",      "NZ-CHAT", "Navajo",    "PRC",   "PST8PDT", "Poland",  "Portugal",
    "ROC",      "ROK",     "Turkey",  "Singapore", "UCT",   "W-SU",    "Zulu",    "Universal",
};

/* Names that as abbreviations would have no summer time, and what they are links to. */
static const char *const links[][2] = {
    {"CET", "Europe/Brussels"},
    {"EET", "Europe/Athens"},
    {"MET", "Europe/Brussels"},
    {"WET", "Europe/Lisbon"},
};

/* "Etc/GMT", "Etc/GMT0" or with the hours west (+) or east of it: the only names of areas with
 * digits. PostgreSQL would take any others as POSIX rules. */
static bool is_offset(const char *name)
{
    static const char prefix[] = "Etc/GMT";
    int64_t hours;
    if (strncmp(name, prefix, strlen(prefix)) != 0)
        return false;
    name += strlen(prefix);
    if (*name == '-' || *name == '+')
        return text_to_number(name + 1, strlen(name + 1), 0, *name == '-' ? 14 : 12, &hours);
    return strcmp(name, "0") == 0 || !*name;
}

/* Without digits it is no POSIX rule, with an area no abbreviation. The copies that Debian keeps
 * under posix and right begin with a small letter. */
static bool is_area_and_place(const char *name)
{
    size_t len = strlen(name);
    return len <= ZONE_NAME_MAX && *name >= 'A' && *name <= 'Z' && strchr(name, '/') &&
           strspn(name, LETTERS "/_-") == len;
}

const char *zone_region(const char *name)
{
    for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
        if (strcmp(name, links[i][0]) == 0)
            return links[i][1];
    for (size_t i = 0; i < sizeof(plain_names) / sizeof(*plain_names); i++)
        if (strcmp(name, plain_names[i]) == 0)
            return name;
    return is_offset(name) || is_area_and_place(name) ? name : NULL;
}
