/* access_internal: what access.c and access_cors.c share. */
#ifndef NPSD_API_ACCESS_INTERNAL_H
#define NPSD_API_ACCESS_INTERNAL_H

#include "npsd/state/directory.h"

/* Whether the key is good in pages of this origin: one of those it names, or it names none. */
bool access_origin_listed(const struct directory_key *key, const char *origin);

#endif
