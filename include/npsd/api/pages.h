/*
 * pages: what people see who answer: the survey page, its thanks, and the files that they need.
 * Pages are made from the request's snapshot, so they need no database.
 */
#ifndef NPSD_API_PAGES_H
#define NPSD_API_PAGES_H

#include "npsd/http/call.h"
#include "npsd/http/reply.h"

struct reply pages_survey(struct call *call); /* GET /s/{survey} */
struct reply pages_thanks(struct call *call); /* GET /s/{survey}/thanks */
struct reply pages_logo(struct call *call);   /* GET /s/{survey}/logo */

struct reply pages_asset(struct call *call);  /* GET /assets/{name} */
struct reply pages_embed(struct call *call);  /* GET /embed.js */
struct reply pages_worker(struct call *call); /* GET /s/worker.js */
struct reply pages_demo(struct call *call);   /* GET /demo */

/*
 * A refusal as people can read it: a page with the same status and headers, if it is problem+json
 * and the request prefers text/html; else the reply as it is. For the paths under /s/ the server
 * does it to every reply (pages_dress), so handlers need not.
 */
struct reply pages_refusal(const struct call *call, struct reply reply);
/* For server_app.dress. */
struct reply pages_dress(const struct call *call, struct reply reply);

#endif
