/* What a request's reader takes, from headers as they come. */
#include "npsd/api/negotiate.h"
#include "suite.h"

START_TEST(named)
{
    static const struct {
        const char *list, *name;
        bool named;
    } cases[] = {
        {NULL, "gzip", false},
        {"", "gzip", false},
        {"gzip", "gzip", true},
        {"GZip", "gzip", true},
        {"br, gzip", "gzip", true},
        {"br,gzip;q=0.1", "gzip", true},
        {"gzip;q=0", "gzip", false},
        {"gzip; q=0.000", "gzip", false},
        {"gzip ;Q=0", "gzip", false},
        {"gzip;q=0.001", "gzip", true},
        {"gzip;level=9;q=0", "gzip", false},
        {"gzip;q=0, br", "br", true},
        {"x-gzip", "gzip", false},
        {"gzipped", "gzip", false},
        {"*", "gzip", false},
        {"identity;q=0, *", "gzip", false},
        {",,, gzip,", "gzip", true},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html", true},
        {"application/json, text/html;q=0", "text/html", false},
        {"*/*", "text/html", false},
        {"text/html;charset=utf-8", "text/html", true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_msg(negotiate_names(cases[i].list, cases[i].name) == cases[i].named, "%s in %s",
                      cases[i].name, cases[i].list ? cases[i].list : "NULL");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {named};
    return suite_run("negotiate", tests, COUNT_OF(tests));
}
