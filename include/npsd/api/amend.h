/*
 * amend: changing a response that is there. With its edit token within edit_minutes, or an
 * analyst's or admin's key: merging answers, correcting the score; analysts and admins also exclude
 * and include, correct properties, and erase. Every number follows in the same transaction.
 */
#ifndef NPSD_API_AMEND_H
#define NPSD_API_AMEND_H

#include "npsd/http/reply.h"

struct submission;

struct reply amend_response(struct call *call);
struct reply amend_erase(struct call *call);

/*
 * An answer by link that has found another one there, in the outcome of its item: within
 * edit_minutes its score, answers and language are merged into that one. Status 0: done, the
 * outcome is LANE_REPLAYED, and submission->corrected tells whether anything changed; what changes
 * nothing, or is the first answer once more, is fine at any time. Else the refusal.
 */
struct reply amend_again(struct call *call, struct submission *submission);

#endif
