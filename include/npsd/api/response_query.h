/*
 * response_query: the parts of a query string that lists of responses and of comments share, as a
 * filter for the store.
 */
#ifndef NPSD_API_RESPONSE_QUERY_H
#define NPSD_API_RESPONSE_QUERY_H

#include "npsd/api/window_query.h"
#include "npsd/store/responses.h"

/* Everything of a survey, in the order of the list; limit is not set. */
struct response_filter response_query_any(const struct survey *survey);

/* limit=100: what the filter asks for is one more, which tells whether there is a next page. */
void response_query_limit(const struct call *call, struct response_filter *filter,
                          struct problem_errors *errors);
/* group=critic, neutral or promoter. */
void response_query_group(const struct call *call, struct response_filter *filter,
                          struct problem_errors *errors);
/* The window, and the facets asked for, as numbers; those that have none as properties. */
void response_query_choose(struct arena *arena, const struct window_choice *choice,
                           struct response_filter *filter);

#endif
