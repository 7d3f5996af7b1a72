#include "npsd/db/pg_status.h"
#include <string.h>

/* The first row whose prefix fits decides: single codes stand before their class. */
static const struct {
    const char *prefix;
    struct pg_verdict verdict;
} verdicts[] = {
    {"08", {.status = DB_LOST, .drop = true}},
    {"0A", {.status = DB_SCHEMA, .again = true}}, /* a prepared plan whose result has changed */
    {"21", {.status = DB_REFUSED}},
    {"22", {.status = DB_REFUSED}},
    {"23505", {.status = DB_CONFLICT}},
    {"23", {.status = DB_REFUSED}},
    {"25006", {.status = DB_READ_ONLY, .drop = true}},
    {"25P03",
     {.status = DB_RETRY, .drop = true}}, /* was idle in a transaction, which is rolled back */
    {"26", {.status = DB_SCHEMA, .again = true}}, /* a prepared statement that is gone */
    {"28", {.status = DB_AWAY, .drop = true}},
    {"3D", {.status = DB_AWAY, .drop = true}},
    {"40003", {.status = DB_LOST, .drop = true}},
    {"40", {.status = DB_RETRY}},
    {"44", {.status = DB_REFUSED}},
    {"53300", {.status = DB_AWAY, .drop = true}},
    {"53", {.status = DB_RESOURCES}},
    {"54", {.status = DB_REFUSED}},
    {"55P03", {.status = DB_RETRY}},
    {"57014", {.status = DB_RETRY}},
    {"57P03", {.status = DB_AWAY, .drop = true}},
    {"57P", {.status = DB_LOST, .drop = true}},
    {"58", {.status = DB_RESOURCES}},
    {"72", {.status = DB_RETRY}},
    {"P0001", {.status = DB_REFUSED}}, /* raised by a function of ours that does not take a value */
    {"XX", {.status = DB_RESOURCES}},
};

struct pg_verdict pg_status_of(const char *sqlstate)
{
    if (!sqlstate || !*sqlstate)
        return (struct pg_verdict){.status = DB_LOST, .drop = true};
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++)
        if (strncmp(sqlstate, verdicts[i].prefix, strlen(verdicts[i].prefix)) == 0)
            return verdicts[i].verdict;
    return (struct pg_verdict){.status = DB_SCHEMA};
}

const char *db_status_name(enum db_status status)
{
    static const char *const names[] = {
        [DB_OK] = "ok",
        [DB_LOST] = "lost",
        [DB_AWAY] = "away",
        [DB_RETRY] = "retry",
        [DB_RESOURCES] = "resources",
        [DB_READ_ONLY] = "read-only",
        [DB_CONFLICT] = "conflict",
        [DB_REFUSED] = "refused",
        [DB_SCHEMA] = "schema",
        [DB_UNSAFE] = "unsafe",
    };
    return names[status];
}
