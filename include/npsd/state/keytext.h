/*
 * keytext: the text of a key: npsd_<role>_<30 base62 characters><6 base62 characters of CRC-32 of
 * all that precedes, highest digit first; digits, capitals, small letters>. About 178 random bits;
 * the checksum tells typos from keys without a look into the database, and lets scanners recognise
 * a leaked one. Pure but for the random bytes.
 */
#ifndef NPSD_STATE_KEYTEXT_H
#define NPSD_STATE_KEYTEXT_H

#include "npsd/domain/role.h"
#include <stdbool.h>
#include <stddef.h>

/* Both with the NUL. */
enum { KEYTEXT_SIZE = 64, KEYTEXT_HINT_SIZE = 32 };

/* Of a role that keys have. Returns text. */
char *keytext_make(enum role role, char text[static KEYTEXT_SIZE]);
/* True if it has the form and the checksum of a key. */
bool keytext_is_valid(const char *text, size_t len);
/* Of a valid key: its first characters up to 4 of the random part, "...", and the last 4. Returns
 * hint. */
char *keytext_hint(const char *key, char hint[static KEYTEXT_HINT_SIZE]);

#endif
