#include "npsd/http/client_address.h"
#include "npsd/base/text.h"
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static const uint8_t v4_prefix[12] = {[10] = 0xFF, [11] = 0xFF};

static bool is_v4(const struct address *address)
{
    return memcmp(address->bytes, v4_prefix, sizeof v4_prefix) == 0;
}

bool address_parse(const char *text, size_t len, struct address *ret_address)
{
    char copy[INET6_ADDRSTRLEN];
    if (len == 0 || len >= sizeof copy || memchr(text, '\0', len))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    struct address address;
    memcpy(address.bytes, v4_prefix, sizeof v4_prefix);
    if (inet_pton(AF_INET, copy, address.bytes + sizeof v4_prefix) != 1 &&
        inet_pton(AF_INET6, copy, address.bytes) != 1)
        return false;
    *ret_address = address;
    return true;
}

char *address_format(const struct address *address, char text[static ADDRESS_TEXT_SIZE])
{
    bool v4 = is_v4(address);
    inet_ntop(v4 ? AF_INET : AF_INET6, address->bytes + (v4 ? sizeof v4_prefix : 0), text,
              ADDRESS_TEXT_SIZE);
    return text;
}

struct address address_subscriber(const struct address *address)
{
    struct address subscriber = *address;
    if (!is_v4(address))
        memset(subscriber.bytes + 8, 0, 8);
    return subscriber;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

/* A piece of text without the blanks around it. */
struct piece {
    const char *at;
    size_t len;
};

static struct piece trim(const char *at, const char *end)
{
    at = skip_blanks(at, end);
    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (struct piece){at, (size_t)(end - at)};
}

static bool network_parse(struct piece text, struct network *ret_network)
{
    const char *slash = memchr(text.at, '/', text.len);
    size_t len = slash ? (size_t)(slash - text.at) : text.len;
    struct network network;
    if (!address_parse(text.at, len, &network.address))
        return false;
    int64_t most = is_v4(&network.address) && !memchr(text.at, ':', len) ? 32 : 128;
    int64_t bits = most;
    if (slash && !text_to_number(slash + 1, text.len - len - 1, 0, most, &bits))
        return false;
    network.bits = (int)(bits + 128 - most);
    *ret_network = network;
    return true;
}

bool networks_parse(const char *text, struct networks *ret_networks)
{
    struct networks networks = {.count = 0};
    for (const char *at = text; at && *at;) {
        const char *stop = strchrnul(at, ',');
        if (networks.count == NETWORKS_MAX ||
            !network_parse(trim(at, stop), &networks.items[networks.count++]))
            return false;
        at = *stop ? stop + 1 : stop;
    }
    *ret_networks = networks;
    return true;
}

static bool network_has(const struct network *network, const struct address *address)
{
    int bytes = network->bits / 8, rest = network->bits % 8;
    if (memcmp(network->address.bytes, address->bytes, (size_t)bytes) != 0)
        return false;
    return rest == 0 ||
           ((network->address.bytes[bytes] ^ address->bytes[bytes]) & (0xFF00 >> rest) & 0xFF) == 0;
}

bool networks_have(const struct networks *networks, const struct address *address)
{
    for (size_t i = 0; i < networks->count; i++)
        if (network_has(&networks->items[i], address))
            return true;
    return false;
}

static bool is_port(const char *text, size_t len)
{
    int64_t port;
    return text_to_number(text, len, 0, 65535, &port);
}

/* "192.0.2.7", "192.0.2.7:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80". */
static bool hop_parse(struct piece hop, struct address *ret_address)
{
    if (hop.len > 0 && hop.at[0] == '[') {
        const char *close = memchr(hop.at, ']', hop.len);
        if (!close)
            return false;
        size_t rest = hop.len - (size_t)(close - hop.at) - 1;
        if (rest > 0 && !(close[1] == ':' && is_port(close + 2, rest - 1)))
            return false;
        const char *inside = hop.at + 1;
        return memchr(inside, ':', (size_t)(close - inside)) &&
               address_parse(inside, (size_t)(close - inside), ret_address);
    }
    const char *colon = memchr(hop.at, ':', hop.len);
    bool one_colon = colon && !memchr(colon + 1, ':', hop.len - (size_t)(colon + 1 - hop.at));
    if (!one_colon)
        return address_parse(hop.at, hop.len, ret_address);
    size_t len = (size_t)(colon - hop.at);
    return is_port(colon + 1, hop.len - len - 1) && address_parse(hop.at, len, ret_address);
}

/* The "for" parameter of an element of Forwarded, as text of a hop. */
static bool forwarded_for(struct piece element, struct piece *ret_hop)
{
    const char *end = element.at + element.len;
    for (const char *at = element.at; at < end;) {
        const char *stop = memchr(at, ';', (size_t)(end - at));
        struct piece pair = trim(at, stop ? stop : end);
        if (pair.len > 4 && strncasecmp(pair.at, "for=", 4) == 0) {
            struct piece value = {pair.at + 4, pair.len - 4};
            bool quoted = value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"';
            *ret_hop = quoted ? (struct piece){value.at + 1, value.len - 2} : value;
            return true;
        }
        at = stop ? stop + 1 : end;
    }
    return false;
}

/* Takes the right-most element off a list; false when there is none left. */
static bool pop_element(const char *list, size_t *len, struct piece *ret_element)
{
    if (*len == 0)
        return false;
    const char *end = list + *len;
    const char *comma = memrchr(list, ',', *len);
    *ret_element = trim(comma ? comma + 1 : list, end);
    *len = comma ? (size_t)(comma - list) : 0;
    return true;
}

struct address client_address(const struct networks *trusted, const struct address *peer,
                              const char *forwarded_for_value, const char *forwarded_value)
{
    struct address client = *peer;
    const char *list = forwarded_for_value ? forwarded_for_value : forwarded_value;
    if (!list || !networks_have(trusted, peer))
        return client;
    size_t len = strlen(list);
    for (struct piece hop; networks_have(trusted, &client) && pop_element(list, &len, &hop);) {
        if ((!forwarded_for_value && !forwarded_for(hop, &hop)) || !hop_parse(hop, &client))
            return *peer;
    }
    return client;
}
