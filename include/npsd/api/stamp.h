/*
 * stamp: when a survey page was made, signed, so that its form can bring it back: an answer that
 * comes within a second or two, or days later, may be no person's.
 *
 * "SECONDS.MAC": seconds since 1970 in base 36, and the first 96 bits of a MAC of survey and
 * seconds under the directory's edit secret, in base64url. It is no secret and not bound to a
 * person.
 */
#ifndef NPSD_API_STAMP_H
#define NPSD_API_STAMP_H

#include "npsd/state/directory.h"
#include <stdbool.h>
#include <stdint.h>

enum { STAMP_SIZE = 32 };

/* Returns text. now_us is after 1970. */
char *stamp_make(const struct directory_snapshot *snapshot, const char *slug, int64_t now_us,
                 char text[static STAMP_SIZE]);
/* How long ago (below 0: ahead) a stamp of this survey was made; false, and *ret_age_us untouched:
 * it is not ours. */
bool stamp_age(const struct directory_snapshot *snapshot, const char *slug, const char *text,
               int64_t now_us, int64_t *ret_age_us);

#endif
