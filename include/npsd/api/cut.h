/*
 * cut: by what the answers of a window are told apart, under the name that clients know it by:
 * channel, agent, a facet of the survey, or a question; and the values of that, with their counts.
 */
#ifndef NPSD_API_CUT_H
#define NPSD_API_CUT_H

#include "npsd/domain/survey.h"
#include "npsd/http/call.h"
#include "npsd/json/write.h"
#include "npsd/store/numbers.h"

struct cut {
    int facet;                              /* as numbers_break has it */
    const struct survey_question *question; /* NULL: channel, agent or a facet */
};

struct cut_value {
    int32_t number;   /* of a scale the value itself, of yes_no 1 and 0 */
    const char *text; /* a channel, agent, value of a facet, id of an option; else NULL */
    const struct nps_counts *counts; /* one a window */
};

struct cut_counts {
    const struct nps_counts *total;    /* all answers, one a window */
    const struct nps_counts *answered; /* of choices and text: those who answered; else NULL */
    struct cut_value *values;          /* with an answer in some window, in no order */
    size_t count;
};

/* Facets and active questions whose answers are counted. Adds an error for the parameter if the
 * name is of nothing else, or NULL. */
bool cut_find(const struct survey *survey, const char *parameter, const char *name,
              struct cut *ret_cut, struct problem_errors *errors);
struct cut cut_by_question(const struct survey_question *question);

/*
 * Counts, in one snapshot. Values without a name are left out: an option that another daemon has
 * just added, and that this one learns of within a second. Values past the cap of a facet are
 * "(other)", or what was asked for if the query asks for one of them.
 */
enum db_status cut_count(const struct call *call, const struct cut *cut,
                         const struct number_query *query, struct cut_counts *ret_counts);

/* As clients know it: a text, a number of a scale, true or false. */
void cut_write_value(struct json_writer *w, const char *name, const struct cut *cut,
                     const struct cut_value *value);
/* Orders values of one cut: texts by their bytes, numbers by size, false before true. */
int cut_compare_values(const struct cut_value *a, const struct cut_value *b);

#endif
