#include "npsd/api/negotiate.h"

#include <string.h>
#include <strings.h>

/* ";q=0", ";q=0.0" ... among the parameters of an item. */
static bool weighs_nothing(const char *parameters, size_t len)
{
    for (const char *at = parameters; (at = memchr(at, ';', len - (size_t)(at - parameters)));) {
        at += 1 + strspn(at + 1, " \t");
        if (strncasecmp(at, "q=", 2) != 0)
            continue;
        size_t digits = strspn(at + 2, "0.");
        return digits > 0 && strspn(at + 2 + digits, "123456789") == 0;
    }
    return false;
}

bool negotiate_names(const char *list, const char *name)
{
    size_t length = strlen(name);
    while (list && *list) {
        list += strspn(list, " \t,");
        size_t item = strcspn(list, ","), token = strcspn(list, " \t,;");
        if (token == length && strncasecmp(list, name, length) == 0)
            return !weighs_nothing(list + token, item - token);
        list += item;
    }
    return false;
}
