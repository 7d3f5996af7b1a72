/*
 * link: the token of a signed survey link, for one answer of one person to one survey. Nothing is
 * stored of it until it is used.
 *
 *   token    base64url(payload) "." base64url(tag), no padding
 *   payload  version (1) | kid | survey id (4) | jti (16) | expiry (4) | respondent (0..256)
 *   tag      HMAC-SHA-256 with the key kid over "npsd-link-v1", NUL, payload: all 32 bytes
 *
 * Numbers are big-endian, the expiry counts seconds since 1970 (until 2106). The jti is random; the
 * id of the answer derives from it, so a link can have but one. Two keys are good at a time, so
 * that links in people's mail outlive a change of keys. Pure.
 */
#ifndef NPSD_DOMAIN_LINK_H
#define NPSD_DOMAIN_LINK_H

#include "npsd/domain/response.h"
#include <stddef.h>
#include <stdint.h>

enum {
    LINK_KEYS = 2,
    LINK_KEY_SIZE = 32,
    LINK_ID_SIZE = 16,
    LINK_RESPONDENT_MAX = RESPONSE_VALUE_MAX, /* bytes */
    LINK_PAYLOAD_MIN = 1 + 1 + 4 + LINK_ID_SIZE + 4,
    LINK_PAYLOAD_MAX = LINK_PAYLOAD_MIN + LINK_RESPONDENT_MAX,
    LINK_TAG_CHARS = 43,
    LINK_TOKEN_SIZE = (LINK_PAYLOAD_MAX * 4 + 2) / 3 + 1 + LINK_TAG_CHARS + 1, /* with the NUL */
    LINK_ANSWER_KEY_SIZE = 32,
    /* What may be told of a token in a log; the same for all links of a survey and a key. */
    LINK_HINT_CHARS = 6
};

/* How far clocks may differ. */
#define LINK_GRACE_US (60 * INT64_C(1000000))

struct link_key {
    uint8_t kid;
    uint8_t bytes[LINK_KEY_SIZE];
};

struct link_keys {
    struct link_key items[LINK_KEYS]; /* the newest first: it signs */
    size_t count;
};

struct link {
    int32_t survey_id;
    uint8_t id[LINK_ID_SIZE];
    uint32_t expires_s;
    char respondent[LINK_RESPONDENT_MAX + 1]; /* "": nobody in particular */
};

enum link_status {
    LINK_GOOD,
    LINK_EXPIRED,     /* ours, but too late */
    LINK_UNKNOWN_KEY, /* of a kid that is not among the keys */
    LINK_WRONG        /* not a token of ours */
};

/* Returns text. */
char *link_write(const struct link *link, const struct link_key *key,
                 char text[static LINK_TOKEN_SIZE]);

/* *ret_link is set if it is good or expired. now_us: wall clock. Whatever is wrong with the tag is
 * found in constant time, before anything of the payload but version and kid is believed. */
enum link_status link_read(const struct link_keys *keys, const char *text, size_t len,
                           int64_t now_us, struct link *ret_link);

/* The key from which the id of the link's answer derives (uuid_derive). It begins with a control
 * character, so nobody can send it as a key of their own. Returns text. */
char *link_answer_key(const struct link *link, char text[static LINK_ANSWER_KEY_SIZE]);

#endif
