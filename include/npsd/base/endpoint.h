/* endpoint: where to listen or connect: "127.0.0.1:8080", "[::1]:8080", "localhost:0". Pure. */
#ifndef NPSD_BASE_ENDPOINT_H
#define NPSD_BASE_ENDPOINT_H

#include <stdbool.h>

struct endpoint {
    char host[256];   /* without brackets */
    const char *port; /* points into the text; a number from 0 to 65535 */
};

/* False if malformed. */
bool endpoint_parse(const char *text, struct endpoint *ret_endpoint);

#endif
