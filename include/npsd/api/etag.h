/*
 * etag: conditional requests (RFC 9110). The strong ETag of a body is a hash of it, so it is equal
 * across daemons and restarts.
 */
#ifndef NPSD_API_ETAG_H
#define NPSD_API_ETAG_H

#include "npsd/http/call.h"
#include "npsd/http/reply.h"
#include <stdbool.h>

/* "\"" hex of a digest (crypto_digest) "\"", in the arena. */
const char *etag_of(struct arena *arena, const char *body, size_t len);
/* Whether an If-None-Match (NULL: not sent) names the ETag: "*", or a list compared weakly. */
bool etag_matches(const char *if_none_match, const char *etag);
/*
 * A 200 of this body that may be kept by its reader but must be asked for again (Cache-Control:
 * private, no-cache; Vary: Authorization), or 304 if the request says that its reader has it: then
 * the body is there too, for whoever keeps it, and is not sent.
 */
struct reply etag_reply(const struct call *call, const char *type, const char *body, size_t len);

#endif
