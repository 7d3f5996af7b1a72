/*
 * window_query: the part of a query string that all results share: which time, which time zone,
 * which answers.
 *
 *     last=30d | period=this_week | from=...&to=...    at most one form; default last=30d
 *     tz=Europe/Moscow                                 default: the survey's
 *     where.NAME=VALUE                                 channel, agent or a facet of the survey
 *
 * A value that a facet has not seen, or one past its 1,000 counted ones, is searched in the rows
 * that are counted as "(other)"; where.NAME=(other) is all of those. Agents are not capped: each
 * has a number, so a name without one has no answers.
 */
#ifndef NPSD_API_WINDOW_QUERY_H
#define NPSD_API_WINDOW_QUERY_H

#include "npsd/domain/problem.h"
#include "npsd/domain/survey.h"
#include "npsd/http/call.h"
#include "npsd/state/values.h"
#include "npsd/store/numbers.h"

/* Names for call_query_known, whose prefix is WINDOW_QUERY_PREFIX. */
#define WINDOW_QUERY_NAMES "last", "period", "from", "to", "tz"
#define WINDOW_QUERY_PREFIX "where."

/* What was asked. */
struct window_query {
    struct window_request request;
    struct {
        int facet;
        const char *name, *text;
    } where[NUMBER_FILTERS_MAX];
    size_t where_count;
};

/* What that means: instants and numbers. */
struct window_choice {
    struct window window;
    bool has_previous;
    struct window previous;
    struct number_filter filters[NUMBER_FILTERS_MAX];
    size_t filter_count;
};

/*
 * What can be said without the database: adds an error for each parameter that is wrong. Texts are
 * the call's. survey NULL: of all surveys, so where. has channel and agent only, and time_zone is
 * NULL unless tz names one.
 */
void window_query_read(const struct call *call, const struct survey *survey,
                       struct window_query *ret_query, struct problem_errors *errors);

/* A length of time as last= has it, "30d": how many of which unit ("days"). Adds an error for the
 * parameter if it is none. */
void window_query_read_length(const char *parameter, const char *text, int *ret_count,
                              const char **ret_unit, struct problem_errors *errors);

/* The rest. Adds errors too (no such zone, from not before to): then *ret_choice is not set. */
enum db_status window_query_resolve(struct pg *pg, struct values *values, int32_t survey_id,
                                    const struct window_query *query,
                                    struct window_choice *ret_choice,
                                    struct problem_errors *errors);

/* What is left to say of a query that was refused already, so that all errors are told at once:
 * whether its time zone exists. */
enum db_status window_query_check_zone(struct pg *pg, const struct window_query *query,
                                       struct problem_errors *errors);

#endif
