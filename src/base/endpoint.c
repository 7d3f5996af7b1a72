#include "npsd/base/endpoint.h"

#include "npsd/base/text.h"

#include <string.h>

bool endpoint_parse(const char *text, struct endpoint *ret_endpoint)
{
    struct endpoint endpoint = {0};
    int64_t port;
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    bool bracketed = len > 2 && text[0] == '[' && colon[-1] == ']';
    if (bracketed)
        text++, len -= 2;
    if (len == 0 || len >= sizeof endpoint.host || strcspn(text, "[] \t\r\n") < len ||
        (!bracketed && memchr(text, ':', len)) ||
        !text_to_number(colon + 1, strlen(colon + 1), 0, 65535, &port))
        return false;
    memcpy(endpoint.host, text, len);
    endpoint.port = colon + 1;
    *ret_endpoint = endpoint;
    return true;
}
