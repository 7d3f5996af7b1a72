#include "directory_read.h"

#include "npsd/base/crypto.h"
#include "npsd/store/audit.h"

#include <stdio.h>
#include <string.h>

enum { KIDS = 256 };

#define LINK_NUMBER "substr(name, 6)::int4"
#define IS_LINK "name ~ '^link\\.[0-9]{1,9}$'"

/* Several daemons may start at once: the first one's secrets are everybody's. */
const struct db_stmt directory_secret_stmts[] = {
    [SECRET_READ] = {"directory_secrets", "", "text bytea",
                     "select name, value from secret where name in ('cursor', 'edit')"
                     " and length(value) = 32 order by name"},
    [SECRET_READ_LINKS] = {"directory_link_keys", "", "int4 bytea",
                           "select " LINK_NUMBER ", value from secret where " IS_LINK
                           " and length(value) = 32 order by 1 desc limit 2"},
    [SECRET_ADD] = {"directory_add_secrets", "bytea bytea bytea", "",
                    "insert into secret (name, value)"
                    " values ('cursor', $1), ('edit', $2), ('link.0', $3) on conflict do nothing"},
    [SECRET_ADD_LINK] = {"directory_add_link_key", "bytea", "int4",
                         "insert into secret (name, value)"
                         " select 'link.' || (coalesce(max(" LINK_NUMBER "), -1) + 1)::text, $1"
                         " from secret where " IS_LINK " returning " LINK_NUMBER},
};

/* Of a secret whose length the query has checked. */
static void take_secret(const struct db_result *result, int row, uint8_t *secret)
{
    size_t len;
    const char *bytes = db_bytes(result, row, 1, &len);
    memcpy(secret, bytes, DIRECTORY_SECRET_SIZE);
}

static enum db_status read_link_keys(struct pg *pg, struct link_keys *keys)
{
    DB_RESULT result = NULL;
    enum db_status status =
        pg_exec(pg, &directory_secret_stmts[SECRET_READ_LINKS], NULL, 0, &result);
    if (status != DB_OK)
        return status;
    keys->count = (size_t)db_rows(result);
    for (size_t i = 0; i < keys->count; i++) {
        size_t len;
        const char *bytes = db_bytes(result, (int)i, 1, &len);
        keys->items[i].kid = (uint8_t)(db_int(result, (int)i, 0) % KIDS);
        memcpy(keys->items[i].bytes, bytes, LINK_KEY_SIZE);
    }
    return DB_OK;
}

enum db_status directory_read_secrets(struct pg *pg, struct directory_snapshot *snapshot,
                                      bool *ret_complete)
{
    DB_RESULT result = NULL;
    enum db_status status = pg_exec(pg, &directory_secret_stmts[SECRET_READ], NULL, 0, &result);
    if (status == DB_OK)
        status = read_link_keys(pg, &snapshot->link_keys);
    if (status != DB_OK)
        return status;
    *ret_complete = db_rows(result) == 2 && snapshot->link_keys.count > 0;
    if (*ret_complete) {
        take_secret(result, 0, snapshot->secrets.cursor);
        take_secret(result, 1, snapshot->secrets.edit);
    }
    return DB_OK;
}

enum db_status directory_add_secrets(struct pg *pg)
{
    struct directory_secrets secrets;
    uint8_t link[LINK_KEY_SIZE];

    crypto_random(&secrets, sizeof(secrets));
    crypto_random(link, sizeof(link));
    return PG_EXEC(pg, &directory_secret_stmts[SECRET_ADD], NULL,
                   P_BYTES(secrets.cursor, DIRECTORY_SECRET_SIZE),
                   P_BYTES(secrets.edit, DIRECTORY_SECRET_SIZE), P_BYTES(link, LINK_KEY_SIZE));
}

/* --- a new key for links --- */

struct rotation {
    const char *actor;
    uint8_t bytes[LINK_KEY_SIZE];
    int32_t number;
};

static enum db_status rotate(struct pg *pg, void *context)
{
    struct rotation *rotation = context;
    DB_RESULT result = NULL;
    char subject[32];
    enum db_status status = PG_EXEC(pg, &directory_secret_stmts[SECRET_ADD_LINK], &result,
                                    P_BYTES(rotation->bytes, sizeof(rotation->bytes)));
    if (status != DB_OK)
        return status;
    rotation->number = (int32_t)db_int(result, 0, 0);
    snprintf(subject, sizeof(subject), "link key %d", rotation->number);
    return audit_add(pg, rotation->actor, "secret.rotate", 0, subject, NULL);
}

enum db_status directory_rotate_link_key(struct pg *pg, const char *actor, int32_t *ret_number)
{
    struct rotation rotation = {.actor = actor};

    crypto_random(rotation.bytes, sizeof(rotation.bytes));
    enum db_status status =
        pg_transaction(pg, "link-key-rotate", DB_READ_COMMITTED, rotate, &rotation);
    if (status == DB_OK)
        *ret_number = rotation.number;
    return status;
}
