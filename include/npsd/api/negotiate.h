/* negotiate: what a request's reader takes (RFC 9110, 12.5). Pure. */
#ifndef NPSD_API_NEGOTIATE_H
#define NPSD_API_NEGOTIATE_H

#include <stdbool.h>

/* Whether a list such as "gzip, br;q=0" (NULL: not sent) names it, and not with the weight 0.
 * Wildcards name nothing: who sends them takes what there is anyway. */
bool negotiate_names(const char *list, const char *name);

#endif
