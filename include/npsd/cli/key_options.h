/* key_options: the options of "npsd key create", checked as far as can be without the database. */
#ifndef NPSD_CLI_KEY_OPTIONS_H
#define NPSD_CLI_KEY_OPTIONS_H

#include "npsd/domain/role.h"
#include <stdbool.h>
#include <stddef.h>

enum { KEY_LIST_MAX = 100, KEY_DAYS_MAX = 3650 };

struct key_options {
    enum role role; /* ROLE_NONE: not given */
    const char *name;
    const char *surveys[KEY_LIST_MAX]; /* slugs */
    size_t survey_count;
    const char *origins[KEY_LIST_MAX];
    size_t origin_count;
    int expires_in_days; /* 0: never */
    bool help;
};

/* False after telling what is wrong on stderr. argv[0] is "create". */
bool key_options_read(int argc, char **argv, struct key_options *ret_options);
/* scheme://host[:port] as browsers send it: lower case, no path, no default port. Returns what is
 * wrong, or NULL. */
const char *key_origin_fault(const char *origin);

#endif
