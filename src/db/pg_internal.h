/*
 * pg_internal: what the files of the connection share.
 *
 *     pg.c           one statement, from its parameters to its result
 *     pg_params.c    parameters in PostgreSQL's binary form
 *     pg_types.c     type words, OIDs, instants
 *     pg_exchange.c  waiting for results, with a deadline, and judging them
 *     pg_connect.c   connecting, with a deadline and back-off
 *     pg_session.c   what is asked, set and prepared on a fresh connection
 *     pg_settings.c  the settings and the role that statements run with
 */
#ifndef NPSD_DB_PG_INTERNAL_H
#define NPSD_DB_PG_INTERNAL_H

#include "npsd/db/pg.h"
#include "npsd/db/pg_status.h"
#include <libpq-fe.h>

struct pg {
    const struct pg_options *options;
    PGconn *conn; /* NULL: not connected */
    bool held;    /* a transaction or a lock lives in this connection: never replace it silently */
    bool dying;   /* the server has announced that it ends this connection */
    bool well;    /* the last exchange found PostgreSQL at work */
    uint64_t connections;   /* how many have been made */
    unsigned attempt;       /* how many attempts to connect have failed */
    enum db_status refused; /* how the last attempt to connect ended */
    int backoff_ms;
    int64_t retry_at_us; /* monotonic */
    char server[32];     /* who answered when it connected: when it was started */
    char sqlstate[6];
    char error[256];
};

/* --- pg_exchange.c --- */

/* When an exchange that begins now must be over. */
int64_t pg_deadline(const struct pg *pg);
/* Waits for events (POLLIN, POLLOUT) on fd; false once the deadline has passed. */
bool pg_wait(int fd, short events, int64_t deadline_us);
/* False if the connection is known to be dead: found out without sending anything. */
bool pg_alive(struct pg *pg);
/* Keeps an error's text, without its newline; sqlstate may be NULL. */
void pg_note(struct pg *pg, const char *sqlstate, const char *text);
/* Calls send with a usable connection, and once more with a fresh one if its verdict asks for it.
 * DB_RETRY if the connection that would be replaced was held. */
enum db_status pg_run(struct pg *pg, struct pg_verdict (*send)(struct pg *pg, void *context),
                      void *context);
/* What to make of an attempt to send of which the server has seen no complete command. */
struct pg_verdict pg_unsent(struct pg *pg);
/* Reads the results of what was sent outside a pipeline. *ret_result, set on DB_OK, is the last. */
struct pg_verdict pg_finish(struct pg *pg, int64_t deadline_us, PGresult **ret_result);
/* Reads the results of a pipeline up to its Sync and leaves pipeline mode. each, which may be NULL,
 * sees every result and the number of its command. */
struct pg_verdict pg_collect(struct pg *pg, int64_t deadline_us,
                             void (*each)(void *context, size_t command, const PGresult *result),
                             void *context);

/* --- pg_connect.c --- */

/* A usable connection: connects if need be, unless the connection that is gone was held (DB_RETRY:
 * what it held is undone). */
enum db_status pg_ready(struct pg *pg);
/* Whether the last exchange found PostgreSQL at work. */
static inline bool pg_is_well(const struct pg *pg)
{
    return pg->well;
}
/* From now on the connection is never replaced (a session's lock lives in it). */
static inline void pg_hold(struct pg *pg)
{
    pg->held = true;
}

/* Whether a transaction is open and has not failed. */
static inline bool pg_in_transaction(const struct pg *pg)
{
    return pg->conn && PQtransactionStatus(pg->conn) == PQTRANS_INTRANS;
}

/* --- pg_session.c --- */

/* Sets up a fresh connection: DB_OK, DB_AWAY, DB_SCHEMA or DB_UNSAFE. */
enum db_status pg_session_begin(struct pg *pg, int64_t deadline_us);

/* --- pg_settings.c --- */

/* Within a pipeline: a statement that is not prepared. */
bool pg_send_unprepared(struct pg *pg, struct arena *arena, const struct db_stmt *stmt,
                        const struct db_param *params, size_t count);
/*
 * Within a pipeline: so many commands, which set what statements run with: for the session, or,
 * where sessions are pooled, for this transaction. The first tells who the server is, and fails if
 * it is not the one that was expected ("": any); the last has a row if the role was taken.
 */
enum { PG_SETTINGS = 3 };
bool pg_send_settings(struct pg *pg, struct arena *arena, const char *server);

/* --- pg_params.c --- */

/* Parameters as libpq takes them; borrowed from the arena and from the caller's values. */
struct pg_values {
    int count;
    const Oid *types;
    const char *const *values;
    const int *lengths;
    const int *formats;
};

/* DB_SCHEMA if the parameters are not those that the statement declares, DB_REFUSED if one is
 * larger than PostgreSQL can take. */
enum db_status pg_encode(struct pg *pg, struct arena *arena, const struct db_stmt *stmt,
                         const struct db_param *params, size_t count, struct pg_values *ret_values);

/* --- pg.c --- */

/* Sends a statement of the options' sets: prepared, or, where sessions are pooled, as it stands. */
bool pg_send(struct pg *pg, const struct db_stmt *stmt, const struct pg_values *values);

/* --- pg_types.c --- */

enum {
    PG_BOOL = 16,
    PG_BYTEA = 17,
    PG_INT8 = 20,
    PG_INT2 = 21,
    PG_INT4 = 23,
    PG_TEXT = 25,
    PG_INT4_ARRAY = 1007,
    PG_TEXT_ARRAY = 1009,
    PG_INT8_ARRAY = 1016,
    PG_TIMESTAMPTZ = 1184,
    PG_UUID = 2950,
    PG_JSONB = 3802,
    PG_SNAPSHOT = 5038,
    PG_XID8 = 5069
};

/* jsonb's binary form is its text after this byte. */
enum { PG_JSONB_VERSION = 1 };

/* Takes the next word off a list of types; false at its end. A word that is none gives
 * InvalidOid. */
bool pg_next_type(const char **words, Oid *ret_type);
size_t pg_count_types(const char *words);
/* The word of a type, "another type" for one without. */
const char *pg_type_word(Oid type);

/* Whether a result has the columns that a statement declares. What is prepared keeps to them, or
 * PostgreSQL refuses it; what is not is compared. */
bool pg_fits(const char *columns, const PGresult *result);

/* Microseconds since 1970 to PostgreSQL's since 2000, and back; INT64_MIN and INT64_MAX are
 * infinite in both. An instant out of reach becomes one that PostgreSQL refuses. */
int64_t pg_from_instant(int64_t instant_us);
int64_t pg_to_instant(int64_t pg_us);

/* Numbers in network byte order. */
void pg_put(char *bytes, uint64_t value, int size);
uint64_t pg_get(const char *bytes, int size);

#endif
