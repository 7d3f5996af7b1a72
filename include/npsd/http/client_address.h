/*
 * client_address: who is at the other end, when proxies stand between. Pure.
 *
 * X-Forwarded-For and Forwarded (RFC 7239) are written by whoever likes to, so they are read only
 * if the peer of the connection is a trusted proxy. Then the right-most address that is not a
 * trusted proxy is the client: what stands left of it was sent by the client itself. When all are
 * trusted it is the left-most. Anything malformed on the way makes it the peer.
 *
 * With both headers X-Forwarded-For counts, so a trusted proxy must set it, or set Forwarded and
 * remove X-Forwarded-For.
 */
#ifndef NPSD_HTTP_CLIENT_ADDRESS_H
#define NPSD_HTTP_CLIENT_ADDRESS_H

#include "npsd/base/arena.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* IPv6, or IPv4 as ::ffff:a.b.c.d: so the two spellings of an IPv4 address are one. */
struct address {
    uint8_t bytes[16];
};

enum { ADDRESS_TEXT_SIZE = 46, NETWORKS_MAX = 64 };

/* "192.0.2.7", "2001:db8::1"; false for anything else (ports, brackets, zones, names). */
bool address_parse(const char *text, size_t len, struct address *ret_address);
/* IPv4 in dotted form, IPv6 as RFC 5952 has it. Returns text. */
char *address_format(const struct address *address, char text[static ADDRESS_TEXT_SIZE]);

/* Whom limits count an address as: IPv4 as itself, IPv6 as its /64 (no subscriber has less). */
struct address address_subscriber(const struct address *address);

struct network {
    struct address address;
    int bits; /* of 128 */
};

struct networks {
    struct network items[NETWORKS_MAX];
    size_t count;
};

/* "10.0.0.0/8, ::1, 192.0.2.7"; NULL and "" are no networks. False if malformed or too many. */
bool networks_parse(const char *text, struct networks *ret_networks);
bool networks_have(const struct networks *networks, const struct address *address);

/*
 * The client behind a trusted peer. forwarded_for and forwarded are the values of the headers,
 * those of repeated headers joined by commas in their order; NULL: not sent.
 */
struct address client_address(const struct networks *trusted, const struct address *peer,
                              const char *forwarded_for, const char *forwarded);

#endif
