/*
 * uuid: identifiers of responses (RFC 9562).
 *
 * Version 7 for answers without a key: 48 bits of milliseconds, then random bits, so that new rows
 * go to the right end of the index. Version 8 for answers with a key: derived from survey and key,
 * so the same key has the same id everywhere and for ever. A key that is itself a UUIDv7 lends its
 * first 48 bits to the derived id, which keeps the index local; all other bits come from the hash.
 */
#ifndef NPSD_BASE_UUID_H
#define NPSD_BASE_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UUID_SIZE = 16, UUID_TEXT_SIZE = 37 };

struct uuid {
    uint8_t bytes[UUID_SIZE];
};

/* Thread-safe and cheap: a thread draws its random bytes in blocks. So a process that makes ids
 * must not fork a child that makes ids too. Ids of one millisecond are in no order. */
struct uuid uuid_v7(int64_t now_us);
/* UUIDv8 of SHA-256("k:" survey ":" key). */
struct uuid uuid_derive(const char *survey, const char *key);
/* The canonical form of 36 characters, either case; false for anything else. */
bool uuid_parse(const char *text, size_t len, struct uuid *ret_id);
/* Lower case; returns text. */
char *uuid_format(const struct uuid *id, char text[static UUID_TEXT_SIZE]);

#endif
