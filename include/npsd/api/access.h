/*
 * access: who asks, and may they? Derived from the route's access, the key or edit token, and the
 * survey; nothing else in the api decides it, except that an edit token is good for edit_minutes
 * only (amend.c).
 *
 * Order of refusal: 401 (a wrong key is 401 even where none is needed, and 429 from an address that
 * has shown too many: failures.h), 404 (a survey that is not, or that the key is not for), 403 (the
 * role, the origin, a closed survey).
 */
#ifndef NPSD_API_ACCESS_H
#define NPSD_API_ACCESS_H

#include "npsd/api/world.h"

/* For server_app.admit. Fills call->identity. *ret_ask: key or survey is not in the directory as it
 * is remembered, and the address has not asked too often (world->asks). */
struct reply access_admit(struct call *call, bool *ret_ask);
/* The same on a worker, after reading the directory anew: decides. */
struct reply access_admit_fresh(struct call *call);
/* A key that came in a form instead of a header; as access_admit_fresh. NULL key: none. */
struct reply access_admit_form(struct call *call, const char *key);
/* For handlers on a worker that must know the survey at least as well as what they have just read
 * of its answers: reads the directory anew and points the identity's survey there. */
struct reply access_renew_survey(struct call *call);
/* For server_app.cors. */
const char *access_cors(struct call *call);

/* The text of the key or token sent: Bearer, or the user name of Basic. NULL: none. *ret_malformed:
 * an Authorization that is neither. */
const char *access_credentials(const struct call *call, bool *ret_malformed);

#endif
