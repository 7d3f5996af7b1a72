/* responses: reading single answers: one, a list, and the earlier versions of one. */
#ifndef NPSD_API_RESPONSES_H
#define NPSD_API_RESPONSES_H

#include "npsd/http/reply.h"
#include "npsd/store/responses.h"

struct reply responses_list_handle(struct call *call);
struct reply response_get(struct call *call);
struct reply response_history(struct call *call);

/* The response as analysts see it, as an object under name. */
void response_write(struct json_writer *w, const char *name, const char *survey,
                    const struct stored_response *response);

/* The response as the one who gave it may see it: without what others have added. */
void response_write_own(struct json_writer *w, const char *survey,
                        const struct stored_response *response);

/*
 * Reads the response of the path's {id}. Status 0: *ret_response is set; else the refusal (404; 410
 * of an erased one).
 */
struct reply response_find(struct call *call, struct stored_response *ret_response);
/* The same of this id. */
struct reply response_find_id(struct call *call, const struct uuid *id,
                              struct stored_response *ret_response);

#endif
