/*
 * pg: one connection to PostgreSQL. The only layer that knows libpq; SQLSTATE is read in one
 * function.
 *
 * A statement declares its parameter and column types; all statements of a connection are prepared
 * when it connects and their declared types are checked against PostgreSQL's, so a typo or a
 * drifted schema stops the start, not a customer. Parameters and results are binary.
 *
 * A session is set up as: role NPSD_APP if permitted, search_path pinned to public, TimeZone UTC,
 * statement_timeout 5 s (unless asked otherwise), lock_timeout 2 s,
 * idle_in_transaction_session_timeout 10 s, synchronous_commit on, jit off, enable_seqscan off
 * where asked, application_name npsd, client_min_messages warning; its backend keeps
 * some megabytes of memory from one statement to the next. It refuses to work (DB_UNSAFE)
 * when fsync, full_page_writes or synchronous_commit is off, unless told to allow it. Tcp:
 * keepalives and tcp_user_timeout 5 s. Connecting is bounded by 3 s, each exchange by its deadline:
 * all waiting is poll() on a non-blocking socket, so a silent network cannot hold a thread.
 *
 * A lost connection is replaced by the next call, with back-off (10 ms doubling to 250 ms, full
 * jitter); while it backs off calls return what connecting returned, mostly DB_AWAY, at once. Of
 * several hosts in the URL each attempt begins with the next, so one that keeps silent does not
 * keep us from the others. One connection belongs to one thread.
 *
 * Pooled: a pooler in transaction mode (PgBouncer) gives each transaction any of its sessions, so
 * nothing may be left in one. Then nothing is prepared, each statement and transaction brings the
 * settings and the role with it, for itself alone. If the pooler has gone on with another server,
 * or this one has been started anew (not if only its backends have, after a crash of one), that is
 * DB_RETRY and the end of the connection, so pg_connections moves. pg_command outside a transaction
 * has no settings at all.
 */
#ifndef NPSD_DB_PG_H
#define NPSD_DB_PG_H

#include "npsd/base/arena.h"
#include "npsd/base/uuid.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum db_status {
    DB_OK,
    DB_LOST,  /* the connection broke: what was sent may or may not have happened */
    DB_AWAY,  /* not now: cannot connect, too many connections, starting up; nothing happened */
    DB_RETRY, /* serialization, deadlock, lock or statement timeout: nothing happened, run it again
               */
    DB_RESOURCES, /* disk full, out of memory, I/O error: nothing happened */
    DB_READ_ONLY, /* failed over: reconnects by itself; nothing happened */
    DB_CONFLICT,  /* a unique key is taken (23505) */
    DB_REFUSED,   /* PostgreSQL does not take this value (22, 23, 54) */
    DB_SCHEMA,    /* our statement does not fit the schema (42, 0A000 after one retry) or rights are
                     missing */
    DB_UNSAFE     /* durability is switched off and that was not allowed */
};

const char *db_status_name(enum db_status status);

/*
 * Types of parameters and columns, as text: one word each, separated by spaces:
 *   bool int2 int4 int8 text uuid timestamptz bytea jsonb xid8 pg_snapshot, and arrays of them:
 * int4[] ... columns is "" for a statement without result.
 */
struct db_stmt {
    const char *name;
    const char *params;
    const char *columns;
    const char *sql;
};

/* A set of statements: what one file of the store brings. The list ends with NULL. */
struct pg_options {
    const char *url;
    const char *const
        *settings; /* "name=value" run as SET after connecting, NULL-terminated; may be NULL */
    const struct db_stmt *const *const
        *sets;        /* NULL-terminated list of NULL-terminated lists; may be NULL */
    const char *role; /* SET ROLE if the role exists and may be taken, else a warning; NULL: none */
    bool allow_unsafe;
    bool pooled;
    int statement_timeout_ms; /* 0: 5000 */
};

struct pg;

/* Does not connect yet (the first call does). NULL when memory is out. The options and what they
 * point to must outlive the connection. */
struct pg *pg_new(const struct pg_options *options);
void pg_free(struct pg *pg);
/*
 * Closes the connection without waiting for anybody; the next call makes a new one.
 */
void pg_drop(struct pg *pg);
/* The same for one that a jump has left in the middle of a transaction (see arena.h). */
void pg_abandon(struct pg *pg);

/* Connects if need be: DB_OK, DB_AWAY, DB_SCHEMA or DB_UNSAFE. */
enum db_status pg_connect(struct pg *pg);
/* The same for a connection that has been idle; pooled it asks whether the server is still the
 * same, so that the next statement need not find out. */
enum db_status pg_look_after(struct pg *pg);
bool pg_is_connected(const struct pg *pg);
/* How many connections have been made: moves when the next answer may come from another server. */
uint64_t pg_connections(const struct pg *pg);
/* What PostgreSQL said last, for the log only (never for clients). Never NULL. */
const char *pg_error(const struct pg *pg);
/* The five characters of the last error, "" if none. */
const char *pg_sqlstate(const struct pg *pg);

/* A parameter. Borrowed memory. Text "" and NULL differ: NULL data is SQL NULL. */
struct db_param {
    enum { DB_P_BOOL, DB_P_INT2, DB_P_INT4, DB_P_INT8, DB_P_TIME, DB_P_BYTES } kind;
    int64_t number;
    const void *data; /* DB_P_BYTES: text, uuid, bytea, jsonb (without its version byte), arrays
                         made by db/array */
    size_t len;
    bool null;
};

#define P_BOOL(value) ((struct db_param){.kind = DB_P_BOOL, .number = (value)})
#define P_INT2(value) ((struct db_param){.kind = DB_P_INT2, .number = (value)})
#define P_INT4(value) ((struct db_param){.kind = DB_P_INT4, .number = (value)})
#define P_INT8(value) ((struct db_param){.kind = DB_P_INT8, .number = (value)})
#define P_TIME(us)                                                                                 \
    ((struct db_param){.kind = DB_P_TIME,                                                          \
                       .number = (us)}) /* INT64_MIN, INT64_MAX: -infinity, infinity */
static inline struct db_param db_param_bytes(const void *bytes, size_t size)
{
    return (struct db_param){.kind = DB_P_BYTES, .data = bytes, .len = size, .null = !bytes};
}
#define P_BYTES(bytes, size) db_param_bytes(bytes, size)
#define P_UUID(id) P_BYTES((id)->bytes, UUID_SIZE)
#define P_NULL ((struct db_param){.kind = DB_P_BYTES, .null = true})
struct db_param P_TEXT(const char *text); /* NULL: SQL NULL */
struct db_param P_BUF(const void *buf); /* a struct buf *, whose bytes are borrowed: an array or any
                                           other binary value */

struct db_result;
void db_result_free(struct db_result *result);
static inline void db_result_cleanup(struct db_result **result)
{
    db_result_free(*result);
}
#define DB_RESULT __attribute__((cleanup(db_result_cleanup))) struct db_result *

/*
 * Runs one prepared statement. ret_result may be NULL when the rows do not matter; it is set on
 * DB_OK only. Reconnects first if need be. DB_LOST: it may have happened.
 */
enum db_status pg_exec(struct pg *pg, const struct db_stmt *stmt, const struct db_param *params,
                       size_t count, struct db_result **ret_result);
#define PG_EXEC(pg, stmt, ret, ...)                                                                \
    pg_exec(pg, stmt, (const struct db_param[]){__VA_ARGS__},                                      \
            sizeof((const struct db_param[]){__VA_ARGS__}) / sizeof(struct db_param), ret)

/* SQL text without parameters and result (several statements allowed): migrations, SET. Not BEGIN:
 * outside pg_transaction a lost connection is replaced, and what follows would run without it. */
enum db_status pg_command(struct pg *pg, const char *sql);

/*
 * A statement that is planned anew for its values (not prepared): for the few whose best plan
 * depends on them. Types as declared.
 */
enum db_status pg_exec_unprepared(struct pg *pg, const struct db_stmt *stmt,
                                  const struct db_param *params, size_t count,
                                  struct db_result **ret_result);

int db_rows(const struct db_result *result);
int db_affected(const struct db_result *result);
/* Readers of cell (row, column). The column's declared type must fit (asserted); NULL cells read as
 * 0, false, NULL. */
bool db_is_null(const struct db_result *result, int row, int column);
bool db_bool(const struct db_result *result, int row, int column);
int64_t db_int(const struct db_result *result, int row, int column); /* int2, int4, int8, xid8 */
int64_t db_time(const struct db_result *result, int row,
                int column); /* microseconds since 1970; +-infinity: INT64_MAX/MIN */
struct uuid db_uuid(const struct db_result *result, int row, int column);
/* text, bytea, jsonb (without its version byte), pg_snapshot as bytes; NUL-terminated; lives as
 * long as the result. */
const char *db_bytes(const struct db_result *result, int row, int column, size_t *ret_len);
/* The same copied into an arena; NULL for NULL. */
char *db_text(const struct db_result *result, int row, int column, struct arena *arena);
/* All elements of an int8[] column, which must be so many; 0 each for NULL. */
void db_int8s(const struct db_result *result, int row, int column, int64_t *ret_values,
              size_t count);
/* An int4[] or text[] column without NULL elements, copied into an arena. */
const int32_t *db_int4_array(const struct db_result *result, int row, int column,
                             struct arena *arena, size_t *ret_count);
const char *const *db_text_array(const struct db_result *result, int row, int column,
                                 struct arena *arena, size_t *ret_count);

/*
 * BEGIN (with the given isolation), body, COMMIT; ROLLBACK if body does not return DB_OK. On
 * DB_RETRY, and when the connection broke before COMMIT was sent, nothing happened and the whole is
 * run again, after a short random pause: at most 10 times, and not once statement_timeout + 3 s
 * have passed. So DB_LOST means that a COMMIT was sent and not answered. A body only talks to the
 * database and its own results: it may run several times. It returns the status of the first
 * statement that failed; one that calls a failure DB_OK gets DB_SCHEMA. name is for the log.
 */
enum db_isolation { DB_READ_COMMITTED, DB_REPEATABLE_READ };
enum db_status pg_transaction(struct pg *pg, const char *name, enum db_isolation isolation,
                              enum db_status (*body)(struct pg *pg, void *context), void *context);

/*
 * Statements sent in one pipeline with one Sync, so in one implicit transaction and one round trip.
 * All or nothing: the status of the first that failed; DB_LOST: unknown. *ret_last, set on DB_OK
 * only, is the result of the last statement; the others are dropped. NULL is fine.
 */
struct db_call {
    const struct db_stmt *stmt;
    const struct db_param *params;
    size_t count;
};
enum db_status pg_pipeline(struct pg *pg, const struct db_call *calls, size_t count,
                           struct db_result **ret_last);

#endif
