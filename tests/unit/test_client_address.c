#include "npsd/http/client_address.h"
#include "suite.h"
#include <string.h>

START_TEST(addresses)
{
    static const struct {
        const char *text, *canonical; /* NULL: refused */
    } cases[] = {
        {"192.0.2.7", "192.0.2.7"},
        {"0.0.0.0", "0.0.0.0"},
        {"::1", "::1"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"::ffff:c000:207", "192.0.2.7"},
        {"", NULL},
        {"1.2.3", NULL},
        {"1.2.3.4.5", NULL},
        {"256.1.1.1", NULL},
        {"01.2.3.4", NULL},
        {" 1.2.3.4", NULL},
        {"1.2.3.4 ", NULL},
        {"[::1]", NULL},
        {"fe80::1%eth0", NULL},
        {"localhost", NULL},
        {"1.2.3.4:80", NULL},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct address address;
        char text[ADDRESS_TEXT_SIZE];
        bool good = address_parse(cases[i].text, strlen(cases[i].text), &address);
        ck_assert_msg(good == (cases[i].canonical != NULL), "%s", cases[i].text);
        if (good)
            ck_assert_str_eq(address_format(&address, text), cases[i].canonical);
    }
    struct address address;
    ck_assert(!address_parse("1.2.3.4\0x", 9, &address));
}
END_TEST

START_TEST(networks)
{
    static const char *const wrong[] = {
        "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/",   "::/129",         "10/8",
        "a",           ",10.0.0.0/8", "10.0.0.0/08", "10.0.0.0/8 ::1", " "};
    struct networks set;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        ck_assert_msg(!networks_parse(wrong[i], &set), "%s", wrong[i]);
    }
    ck_assert(networks_parse(NULL, &set));
    ck_assert_uint_eq(set.count, 0);
    ck_assert(networks_parse("", &set));
    ck_assert_uint_eq(set.count, 0);
    ck_assert(networks_parse("10.0.0.0/8, 192.0.2.4/30 ,::1,2001:db8::/33, 0.0.0.0/0,", &set));
    ck_assert_uint_eq(set.count, 5);
}
END_TEST

static bool is_in(const char *networks_text, const char *address_text)
{
    struct networks set;
    struct address address;
    ck_assert(networks_parse(networks_text, &set));
    ck_assert(address_parse(address_text, strlen(address_text), &address));
    return networks_have(&set, &address);
}

START_TEST(membership)
{
    ck_assert(is_in("10.0.0.0/8", "10.255.0.1"));
    ck_assert(!is_in("10.0.0.0/8", "11.0.0.1"));
    ck_assert(is_in("192.0.2.4/30", "192.0.2.7"));
    ck_assert(!is_in("192.0.2.4/30", "192.0.2.8"));
    ck_assert(is_in("192.0.2.4", "::ffff:192.0.2.4"));
    ck_assert(is_in("::ffff:192.0.2.0/120", "192.0.2.4"));
    ck_assert(is_in("0.0.0.0/0", "8.8.8.8"));
    ck_assert(!is_in("0.0.0.0/0", "2001:db8::1"));
    ck_assert(is_in("::/0", "8.8.8.8"));
    ck_assert(is_in("2001:db8:8000::/33", "2001:db8:ffff::1"));
    ck_assert(!is_in("2001:db8:8000::/33", "2001:db8:7fff::1"));
    ck_assert(!is_in("", "127.0.0.1"));
}
END_TEST

/* Peer 127.0.0.1 and 10.0.0.0/8 are proxies of ours. */
START_TEST(clients_behind_proxies)
{
    static char huge[8192 + 32];
    memset(huge, '1', 8192);
    memcpy(huge + 8192, ", 192.0.2.1", 12);
    static const struct {
        const char *forwarded_for, *forwarded, *client;
    } cases[] = {
        {NULL, NULL, "127.0.0.1"},
        {"", NULL, "127.0.0.1"},
        {" ", NULL, "127.0.0.1"},
        {"192.0.2.1", NULL, "192.0.2.1"},
        {"  192.0.2.1\t", NULL, "192.0.2.1"},
        {"6.6.6.6, 192.0.2.1", NULL, "192.0.2.1"},
        {"6.6.6.6,192.0.2.1,10.1.2.3", NULL, "192.0.2.1"},
        {"nonsense, 192.0.2.1", NULL, "192.0.2.1"},
        {"10.0.0.1, 10.0.0.2", NULL, "10.0.0.1"},
        {"192.0.2.1, nonsense", NULL, "127.0.0.1"},
        {"192.0.2.1, unknown, 10.0.0.2", NULL, "127.0.0.1"},
        {"192.0.2.1,", NULL, "127.0.0.1"},
        {"192.0.2.1,,10.0.0.1", NULL, "127.0.0.1"},
        {"192.0.2.1:4711", NULL, "192.0.2.1"},
        {"192.0.2.1:", NULL, "127.0.0.1"},
        {"192.0.2.1:99999", NULL, "127.0.0.1"},
        {"192.0.2.1:x", NULL, "127.0.0.1"},
        {"2001:db8::7", NULL, "2001:db8::7"},
        {"[2001:db8::7]", NULL, "2001:db8::7"},
        {"[2001:db8::7]:443", NULL, "2001:db8::7"},
        {"[2001:db8::7]443", NULL, "127.0.0.1"},
        {"[2001:db8::7", NULL, "127.0.0.1"},
        {"[192.0.2.1]", NULL, "127.0.0.1"},
        {"::ffff:192.0.2.1", NULL, "192.0.2.1"},
        {"192.0.2.1, ::ffff:10.0.0.1", NULL, "192.0.2.1"},
        {"127.0.0.1", NULL, "127.0.0.1"},
        {"192.0.2.1 192.0.2.2", NULL, "127.0.0.1"},
        {huge, NULL, "192.0.2.1"},
        {NULL, "for=192.0.2.1", "192.0.2.1"},
        {NULL, "For=\"192.0.2.1:80\"; proto=http;by=10.0.0.1", "192.0.2.1"},
        {NULL, "proto=http; FOR=\"[2001:db8::7]:4711\"", "2001:db8::7"},
        {NULL, "for=6.6.6.6, for=192.0.2.1, for=10.0.0.1", "192.0.2.1"},
        {NULL, "for=unknown", "127.0.0.1"},
        {NULL, "for=_hidden, for=10.0.0.1", "127.0.0.1"},
        {NULL, "proto=https", "127.0.0.1"},
        {NULL, "for=", "127.0.0.1"},
        {NULL, "for=\"", "127.0.0.1"},
        {NULL, "", "127.0.0.1"},
        {"192.0.2.1", "for=192.0.2.9", "192.0.2.1"},
    };
    struct networks trusted;
    struct address peer;
    ck_assert(networks_parse("127.0.0.0/8, 10.0.0.0/8", &trusted));
    ck_assert(address_parse("127.0.0.1", 9, &peer));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct address client =
            client_address(&trusted, &peer, cases[i].forwarded_for, cases[i].forwarded);
        char text[ADDRESS_TEXT_SIZE];
        ck_assert_msg(strcmp(address_format(&client, text), cases[i].client) == 0,
                      "case %zu: %s, not %s", i, text, cases[i].client);
    }
}
END_TEST

/* What limits count: all of a subscriber's addresses are one. */
START_TEST(subscribers)
{
    static const struct {
        const char *address, *subscriber;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
        {"2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"},
        {"2001:db8:1:3::1", "2001:db8:1:3::"},
        {"::1", "::"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct address address;
        char text[ADDRESS_TEXT_SIZE];
        ck_assert(address_parse(cases[i].address, strlen(cases[i].address), &address));
        address = address_subscriber(&address);
        ck_assert_str_eq(address_format(&address, text), cases[i].subscriber);
    }
}
END_TEST

START_TEST(a_stranger_is_not_believed)
{
    struct networks trusted;
    struct address peer;
    ck_assert(networks_parse("10.0.0.0/8", &trusted));
    ck_assert(address_parse("192.0.2.5", 9, &peer));
    struct address client = client_address(&trusted, &peer, "6.6.6.6", "for=6.6.6.6");
    ck_assert_mem_eq(client.bytes, peer.bytes, sizeof peer.bytes);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        addresses,   networks,
        membership,  clients_behind_proxies,
        subscribers, a_stranger_is_not_believed,
    };
    return suite_run("client_address", tests, COUNT_OF(tests));
}
