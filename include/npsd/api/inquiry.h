/*
 * inquiry: how every result is asked for. The query is read, windows and values resolved, answers
 * counted, a body written; what differs from route to route is a struct inquiry_kind.
 *
 * What a route knows of its own stands in a struct whose first member is its struct inquiry: the
 * functions of its kind get that one.
 *
 * Counting is tried once more when the connection broke: reading may be done twice.
 */
#ifndef NPSD_API_INQUIRY_H
#define NPSD_API_INQUIRY_H

#include "npsd/api/window_query.h"
#include "npsd/http/call.h"
#include "npsd/http/reply.h"
#include "npsd/json/write.h"

struct inquiry {
    const struct survey *survey;
    struct window_query query;   /* as asked */
    struct window_choice choice; /* as resolved */
};

struct inquiry_kind {
    /* All names that the query may have, WINDOW_QUERY_NAMES among them; ends with NULL. Names that
     * begin with WINDOW_QUERY_PREFIX may stand in any. */
    const char *const *parameters;
    /* Reads the parameters of its own; adds an error for each that is wrong. NULL: it has none. */
    void (*read)(const struct call *call, struct inquiry *inquiry, struct problem_errors *errors);
    /* Everything is read and right: asks the database. May add errors. */
    enum db_status (*count)(const struct call *call, struct inquiry *inquiry,
                            struct problem_errors *errors);
    /* The whole body. */
    void (*write)(struct json_writer *w, const struct inquiry *inquiry);
};

/*
 * All but the body. Needs the call's arena, query, received_us, db, and of identity and world the
 * survey and the values. If the query is wrong there are errors, and the status is DB_OK.
 */
enum db_status inquiry_ask(const struct call *call, const struct inquiry_kind *kind,
                           struct inquiry *inquiry, struct problem_errors *errors);
/* The reply to a call: with an ETag, or 304, or a refusal. */
struct reply inquiry_reply(const struct call *call, const struct inquiry_kind *kind,
                           struct inquiry *inquiry);

/* For the functions of a kind. */

/* compare=previous: true if it was asked for. Adds an error for any other value. */
bool inquiry_read_compare(const struct call *call, struct problem_errors *errors);
/* The window, and the window before if that is wanted and there is one; how many these are. */
size_t inquiry_windows(const struct inquiry *inquiry, bool compare,
                       struct window ret_windows[static 2]);
/* What to count: these windows with the filters of the query. Windows are borrowed. */
struct number_query inquiry_numbers(const struct inquiry *inquiry, const struct window *windows,
                                    size_t count);

#endif
