/*
 * keytext: the text of a key: npsd_<role>_<30 base62 characters><6 base62 characters of CRC-32>.
 * About 178 random bits; the checksum tells typos from keys without a look into the database, and
 * lets scanners recognise a leaked one. Pure but for the random bytes.
 */
#ifndef NPSD_STATE_KEYTEXT_H
#define NPSD_STATE_KEYTEXT_H

#include "npsd/domain/role.h"
#include <stdbool.h>
#include <stddef.h>

enum { KEYTEXT_SIZE = 64, KEYTEXT_HINT_SIZE = 32 };

char *keytext_make(enum role role, char text[static KEYTEXT_SIZE]);
/* True if it has the form and the checksum of a key. */
bool keytext_is_valid(const char *text, size_t len);
/* Its first characters up to 4 of the random part, "...", and the last 4. */
char *keytext_hint(const char *key, char hint[static KEYTEXT_HINT_SIZE]);

#endif
