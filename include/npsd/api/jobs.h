/* jobs: calls that need the database, on their way through the worker pool. */
#ifndef NPSD_API_JOBS_H
#define NPSD_API_JOBS_H

#include "npsd/http/call.h"
#include "npsd/http/reply.h"

/* For server_app.submit. asked: access could not be decided without the database. */
bool jobs_submit(struct call *call, bool asked);

/* To run(call, work) with all that a worker does around a handler: for what a handler has put off
 * and what needs the database. */
bool jobs_submit_work(struct call *call, struct reply (*run)(struct call *call, void *work),
                      void *work);

/* To run(call, work) in place of the route's handler, not before a monotonic time (0: at once). run
 * must not allocate in the call's arena: there is no landing (see arena.h). */
bool jobs_submit_to(struct call *call, struct reply (*run)(struct call *call, void *work),
                    void *work, int64_t not_before_us);
/* The route's handler with all that a worker does around it; for run of the above. */
struct reply jobs_handle(struct call *call);

#endif
