/*
 * cursor: where the next page of a list begins, as an opaque text: base64url of the place (bytes
 * that only the list understands) and of the first 8 bytes of a MAC over the list's label and the
 * place. So nobody mistakes it for something to be made by hand, and what cursor_take gives was
 * made here, for the same list.
 *
 * The secret is shared by all daemons of a database: a page may come from another one than the page
 * before. The call must have a snapshot.
 */
#ifndef NPSD_API_CURSOR_H
#define NPSD_API_CURSOR_H

#include "npsd/http/call.h"
#include "npsd/http/reply.h"

/* The cursor of a place of size bytes in the list that label names. */
const char *cursor_make(const struct call *call, const char *label, const void *place, size_t size);

/*
 * True: the request's parameter "cursor" leads to this place. False, with the place untouched: none
 * was sent, or (after adding an error) it is not one of this list.
 */
bool cursor_take(const struct call *call, const char *label, void *ret_place, size_t size,
                 struct problem_errors *errors);

/* Adds the header Link to the next page: this request with that cursor. NULL: there is none. */
void cursor_link(const struct call *call, struct reply *reply, const char *cursor);

#endif
