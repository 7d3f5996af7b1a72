/*
 * windows (store): from what a client asked ("last=30d", "period=this_quarter", dates, a zone) to
 * instants. PostgreSQL does the calendar and the zones.
 *
 * last:    to is the next quarter hour (an instant on a quarter hour is its own next... no: answers
 * are taken up to 5 minutes ahead as now, so the next quarter hour strictly after now), from is to
 * minus the span by the calendar of the zone. period:  running periods end at their calendar end;
 * "all" is open at both ends. dates:   the start of the day in the zone. previous: of a period the
 * whole period before, of others the same length before; none for "all".
 */
#ifndef NPSD_STORE_WINDOWS_H
#define NPSD_STORE_WINDOWS_H

#include "npsd/db/pg.h"
#include "npsd/domain/slots.h"

enum window_form { WINDOW_LAST, WINDOW_PERIOD, WINDOW_SPAN };

struct window_request {
    enum window_form form;
    const char *last_unit; /* WINDOW_LAST: "hours", "days", "weeks", "months", "years" */
    int last_count;
    const char *period; /* WINDOW_PERIOD: as in the API */
    const char *from,
        *to; /* WINDOW_SPAN: RFC 3339 (normalised) or a date; to NULL: the next quarter hour */
    const char *time_zone;
    int64_t now_us;
};

struct window {
    int64_t from_us, to_us; /* SLOTS_OPEN_FROM, SLOTS_OPEN_TO: open */
};

extern const struct db_stmt *const windows_statements[];

/* *ret_zone_known false: no such time zone, nothing else is set. *ret_has_previous is false for
 * "all". */
enum db_status windows_resolve(struct pg *pg, const struct window_request *request,
                               bool *ret_zone_known, struct window *ret_window,
                               bool *ret_has_previous, struct window *ret_previous);

#endif
