/*
 * mask: connection strings without their secrets, for people to read: "postgresql://u:***@host/db",
 * "host=h password=*** user=u". Rather too much is hidden than too little: a password may hold "@",
 * ":" or "/" as they are.
 */
#ifndef NPSD_BASE_MASK_H
#define NPSD_BASE_MASK_H

#include "npsd/base/arena.h"

/* A URL or a libpq key/value string; passwords by userinfo, and by any parameter that ends in
 * "password". */
const char *mask_url(struct arena *arena, const char *text);

#endif
