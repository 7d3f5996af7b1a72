#include "npsd/domain/suspect.h"

#include <stdio.h>
#include <string.h>

static const char *const names[SUSPECT_MARKS] = {"honeypot", "too_fast", "stale_page"};

const char *suspect_name(int n)
{
    return names[n];
}

char *suspect_reason(int marks, char text[static SUSPECT_REASON_SIZE])
{
    size_t len = 0;
    const char *separator = "suspect: ";
    text[0] = '\0';
    for (int n = 0; n < SUSPECT_MARKS; n++) {
        if (!(marks & 1 << n))
            continue;
        len += (size_t)snprintf(text + len, SUSPECT_REASON_SIZE - len, "%s%s", separator, names[n]);
        separator = ", ";
    }
    return text;
}
