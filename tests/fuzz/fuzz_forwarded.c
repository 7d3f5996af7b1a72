/* Addresses behind proxies: lists of networks, X-Forwarded-For, Forwarded. Parts are separated by
 * line feeds. */
#include "fuzz/fuzz.h"
#include "npsd/http/client_address.h"
#include <string.h>

static void check_address(const char *text)
{
    struct address address, again;
    char printed[ADDRESS_TEXT_SIZE];
    if (!address_parse(text, strlen(text), &address))
        return;
    address_format(&address, printed);
    fuzz_require(address_parse(printed, strlen(printed), &again));
    fuzz_require(memcmp(&address, &again, sizeof address) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct networks listed, trusted;
    struct address peer;
    char *text = arena_strndup(fuzz_arena(), (const char *)bytes, size);
    char *one = strchr(text, '\n');
    char *two = one ? strchr(one + 1, '\n') : NULL;
    if (one)
        *one++ = '\0';
    if (two)
        *two++ = '\0';
    networks_parse(text, &listed);
    check_address(text);
    fuzz_require(networks_parse("10.0.0.0/8, ::1", &trusted));
    fuzz_require(address_parse("10.1.2.3", 8, &peer));
    struct address client = client_address(&trusted, &peer, one, two);
    /* What is not the peer was said by somebody; without headers it is the peer. */
    fuzz_require(one || memcmp(&client, &peer, sizeof peer) == 0);
    return 0;
}
