/*
 * failures: wrong keys, edit tokens and links, and how many of them an address may show a minute.
 *
 * One above FAILURES_A_MINUTE is answered with 429 instead of 401, as long as it is wrong: a right
 * key is looked up by its hash whatever came before it, so one bad client does not lock out those
 * who share its address. No key at all is no failure, nor is a link that has expired, or one that
 * is opened as a page (404).
 *
 * The first of an address that is above, and then at most one a minute, is told to the log (a
 * warning, login-failures) and to the audit table, by a hash of the address under a key that ends
 * with the process. The row is written by a worker; while the database is away, or many rows wait,
 * there is the line alone.
 */
#ifndef NPSD_API_FAILURES_H
#define NPSD_API_FAILURES_H

#include "npsd/api/world.h"
#include "npsd/http/reply.h"

enum { FAILURES_A_MINUTE = 60 };

struct failures;

struct failures *failures_new(int per_minute);
/* Not while the pool may still have its rows. */
void failures_free(struct failures *failures);

/* The refusal of what a call shows: 401 with this detail, or 429. Once a call. */
struct reply failures_refuse(const struct call *call, const char *detail);

#endif
