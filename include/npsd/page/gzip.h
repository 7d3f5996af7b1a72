/* gzip: compressed pages (RFC 1952). The only module that includes zlib.h. */
#ifndef NPSD_PAGE_GZIP_H
#define NPSD_PAGE_GZIP_H

#include "npsd/base/arena.h"
#include <stdbool.h>
#include <stddef.h>

/* The bytes compressed, in the arena; false when there is no memory for it. The same bytes always
 * give the same bytes: no time stands in them. */
bool gzip_pack(struct arena *arena, const void *bytes, size_t len, const char **ret_packed,
               size_t *ret_len);

#endif
