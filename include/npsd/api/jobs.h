/* jobs: calls that need the database, on their way through the worker pool. */
#ifndef NPSD_API_JOBS_H
#define NPSD_API_JOBS_H

#include "npsd/http/call.h"

/* For server_app.submit. asked: access could not be decided without the database. */
bool jobs_submit(struct call *call, bool asked);

#endif
