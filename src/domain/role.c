#include "npsd/domain/role.h"
#include "npsd/base/text.h"

static const char *const names[ROLE_COUNT] = {
    [ROLE_NONE] = "none",     [ROLE_SUBMIT] = "submit",   [ROLE_AGENT] = "agent",
    [ROLE_VIEWER] = "viewer", [ROLE_ANALYST] = "analyst", [ROLE_ADMIN] = "admin",
};

/* clang-format off */
static const bool rights[ACCESS_COUNT][ROLE_COUNT] = {
    /*                   none submit agent viewer analyst admin */
    [ACCESS_ANYONE]     = {1, 1,     1,    1,     1,      1},
    [ACCESS_PAGE]       = {1, 1,     1,    1,     1,      1},
    [ACCESS_DEFINITION] = {1, 1,     1,    1,     1,      1},
    [ACCESS_LIST]       = {0, 0,     1,    1,     1,      1},
    [ACCESS_POST]       = {1, 1,     1,    0,     1,      1},
    [ACCESS_FORM]       = {1, 1,     1,    0,     1,      1},
    [ACCESS_AMEND]      = {1, 0,     0,    0,     1,      1},
    [ACCESS_NUMBERS]    = {0, 0,     0,    1,     1,      1},
    [ACCESS_BADGE]      = {1, 0,     0,    1,     1,      1},
    [ACCESS_ROWS]       = {0, 0,     0,    0,     1,      1},
    [ACCESS_MANAGE]     = {0, 0,     0,    0,     0,      1},
};
/* clang-format on */

const char *role_name(enum role role)
{
    return names[role];
}

bool role_parse(const char *name, size_t len, enum role *ret_role)
{
    int index = text_index(names, ROLE_COUNT, name, len);
    if (index <= ROLE_NONE)
        return false;
    *ret_role = (enum role)index;
    return true;
}

bool role_may(enum role role, enum access access)
{
    return rights[access][role];
}

bool role_is_secret(enum role role)
{
    return role >= ROLE_AGENT;
}

bool role_is_staff(enum role role)
{
    return role == ROLE_AGENT || role == ROLE_ANALYST || role == ROLE_ADMIN;
}
