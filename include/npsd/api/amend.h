/*
 * amend: changing a response that is there. With its edit token within edit_minutes, or an
 * analyst's or admin's key: merging answers, correcting the score; analysts and admins also exclude
 * and include, correct properties, and erase. Every number follows in the same transaction.
 */
#ifndef NPSD_API_AMEND_H
#define NPSD_API_AMEND_H

#include "npsd/http/reply.h"

struct reply amend_response(struct call *call);
struct reply amend_erase(struct call *call);

#endif
