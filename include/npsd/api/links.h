/* links: signed survey links for up to a thousand people at once. Nothing of them is stored. */
#ifndef NPSD_API_LINKS_H
#define NPSD_API_LINKS_H

#include "npsd/http/reply.h"

/* Longer ones are cut by mail programs and browsers. */
enum { LINK_URL_MAX = 2000 };

struct reply links_create(struct call *call);

#endif
