/*
 * pg_status: what an error of PostgreSQL means to us. The one place that reads SQLSTATE.
 *
 * Codes are described in PostgreSQL's manual, appendix A.
 */
#ifndef NPSD_DB_PG_STATUS_H
#define NPSD_DB_PG_STATUS_H

#include "npsd/db/pg.h"
#include <stdbool.h>

struct pg_verdict {
    enum db_status status;
    bool drop;  /* the connection is of no use any more */
    bool again; /* nothing happened, and on a fresh connection it may well go through */
};

/* The verdict on an error. NULL or "": an error that libpq itself has made up, so what became of
 * the statement is unknown. */
struct pg_verdict pg_status_of(const char *sqlstate);

#endif
