/*
 * comments: what people wrote, newest first, with the score they gave: for whoever reads why.
 *
 * An answer is here if it counts (it is not excluded) and says something to a text question, or to
 * the one that question= names. group= and where. choose among them; the window is that of a
 * result (window_query.h). Who wrote it is not told.
 *
 * A cursor goes on in the window that the first page had, so that a page does not end earlier
 * because last=30d has moved on meanwhile, and only with the parameters of that page.
 */
#ifndef NPSD_API_COMMENTS_H
#define NPSD_API_COMMENTS_H

#include "npsd/http/call.h"
#include "npsd/http/reply.h"

/* GET /v1/surveys/{survey}/comments */
struct reply comments_list(struct call *call);

#endif
