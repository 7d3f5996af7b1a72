/* Which texts may name a time zone. (test_windows asks PostgreSQL about all the zones it knows.) */
#include "npsd/domain/zone.h"
#include "suite.h"

#include <string.h>

START_TEST(names)
{
    static const char *const good[] = {
        "UTC",
        "GMT",
        "Zulu",
        "EST5EDT",
        "GMT+0",
        "W-SU",
        "Etc/GMT",
        "Etc/GMT0",
        "Etc/GMT-14",
        "Etc/GMT+12",
        "Asia/Tokyo",
        "Etc/UTC",
        "America/Argentina/Buenos_Aires",
        "Africa/Porto-Novo",
        "Mars/Phobos",
    };
    for (size_t i = 0; i < COUNT_OF(good); i++)
        ck_assert_msg(zone_region(good[i]) == good[i], "%s", good[i]);
}
END_TEST

START_TEST(links_lead_to_their_region)
{
    ck_assert_str_eq(zone_region("CET"), "Europe/Brussels");
    ck_assert_str_eq(zone_region("MET"), "Europe/Brussels");
    ck_assert_str_eq(zone_region("EET"), "Europe/Athens");
    ck_assert_str_eq(zone_region("WET"), "Europe/Lisbon");
}
END_TEST

START_TEST(no_names)
{
    static const char *const bad[] = {
        "",          " ",          "x",          "MSK",       "CEST",      "utc",
        "Local",     "FOO+3",      "FOO5BAR",    "<+03>-3",   "+03:00",    "3",
        "-03",       "/",          "posix/UTC",  "right/UTC", "localtime", "posixrules",
        "Etc/GMT15", "Etc/GMT-15", "Etc/GMT+13", "Etc/GMT+",  "Etc/GMT 1", "A/B5",
        "../UTC",    "A/B C",      "A/\xD0\x96", "A/'--",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        ck_assert_msg(!zone_region(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(length)
{
    char name[66] = "A/";
    memset(name + 2, 'b', sizeof(name) - 3);
    ck_assert_ptr_null(zone_region(name)); /* 65 */
    name[64] = '\0';
    ck_assert_ptr_nonnull(zone_region(name));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {names, links_lead_to_their_region, no_names, length};
    return suite_run("zone", tests, COUNT_OF(tests));
}
