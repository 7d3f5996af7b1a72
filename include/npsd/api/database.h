/* database: what a client is told when the database did not do what a handler asked of it. */
#ifndef NPSD_API_DATABASE_H
#define NPSD_API_DATABASE_H

#include "npsd/db/pg.h"
#include "npsd/http/call.h"
#include "npsd/http/reply.h"

/*
 * 503 for what passes (away, too busy, full, failed over), 500 for our own mistakes; logs what
 * PostgreSQL said as event. Only for statuses other than DB_OK that the handler has no better
 * answer for.
 */
struct reply database_refusal(const struct call *call, enum db_status status, const char *event);

#endif
