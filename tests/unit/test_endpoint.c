#include "npsd/base/endpoint.h"
#include "suite.h"
#include <string.h>

START_TEST(good)
{
    static const struct {
        const char *text, *host, *port;
    } cases[] = {
        {"127.0.0.1:8080", "127.0.0.1", "8080"},   {"[::1]:0", "::1", "0"},
        {"localhost:65535", "localhost", "65535"}, {"[fe80::1%eth0]:80", "fe80::1%eth0", "80"},
        {"nps.example:1", "nps.example", "1"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct endpoint endpoint;
        ck_assert_msg(endpoint_parse(cases[i].text, &endpoint), "%s", cases[i].text);
        ck_assert_str_eq(endpoint.host, cases[i].host);
        ck_assert_str_eq(endpoint.port, cases[i].port);
    }
}
END_TEST

START_TEST(wrong)
{
    static const char *const cases[] = {
        "",        ":",          ":80",         "8080",     "host",      "host:",   "host:x",
        "host:-1", "host:65536", "host:80 ",    "::1:80",   "[::1]",     "[]:80",   "[::1:80",
        "::1]:80", "a b:80",     "[::1]:80:80", "host:080", "[[::1]]:8", "host:+8",
    };
    char text[400] = "";
    struct endpoint endpoint = {.port = "untouched"};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_msg(!endpoint_parse(cases[i], &endpoint), "%s", cases[i]);
    memset(text, 'a', 255);
    memcpy(text + 255, ":80", 4);
    ck_assert(endpoint_parse(text, &endpoint));
    endpoint.port = "untouched";
    memset(text, 'a', 256);
    memcpy(text + 256, ":80", 4);
    ck_assert(!endpoint_parse(text, &endpoint));
    ck_assert_str_eq(endpoint.port, "untouched");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {good, wrong};
    return suite_run("endpoint", tests, COUNT_OF(tests));
}
