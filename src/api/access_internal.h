/* access_internal: what access.c, access_cors.c and access_link.c share. */
#ifndef NPSD_API_ACCESS_INTERNAL_H
#define NPSD_API_ACCESS_INTERNAL_H

#include "npsd/api/world.h"
#include "npsd/http/reply.h"

/* Whether the key is good in pages of this origin: one of those it names, or it names none. */
bool access_origin_listed(const struct directory_key *key, const char *origin);

/* Whether the path's {survey} is the token of a link: it has a dot, which no survey's name has. */
bool access_link_in_path(const struct call *call);
/* Whether what stands where a key would is the token of a link, on a route that takes one. */
bool access_is_link(const struct call *call, const char *credentials);
/*
 * Status 0: who->link is the token's (or, with *ret_ask, might be: the key that signed it is not
 * known here). Else it is expired, 410; or it is none: 401, and in a path 404.
 */
struct reply access_take_link(const struct call *call, struct identity *who, const char *token,
                              bool *ret_ask);

#endif
