#include "npsd/api/window_query.h"

#include "npsd/base/clock.h"
#include "npsd/base/text.h"
#include "npsd/domain/channel.h"
#include "npsd/domain/zone.h"

#include <string.h>

enum { VALUE_MAX = 256, NOBODY = -1 };

struct unit {
    const char *suffix, *name;
    int64_t max; /* so that a window stays within a hundred years */
};

static const struct unit units[] = {
    {"h", "hours", 10000},  {"d", "days", 10000}, {"w", "weeks", 5200},
    {"mo", "months", 1200}, {"y", "years", 100},
};

static const char last_default[] = "30d";

void window_query_read_length(const char *parameter, const char *text, int *ret_count,
                              const char **ret_unit, struct problem_errors *errors)
{
    size_t digits = strspn(text, "0123456789");
    int64_t count;

    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (strcmp(text + digits, units[i].suffix) == 0 &&
            text_to_number(text, digits, 1, units[i].max, &count)) {
            *ret_unit = units[i].name;
            *ret_count = (int)count;
            return;
        }
    problem_add(errors,
                "must be a whole number and a unit, at most 100 years (hours: 10000): 24h, "
                "30d, 12w, 6mo, 1y",
                "%s", parameter);
}

static bool is_end_of_span(const char *text)
{
    int64_t at_us;
    int32_t day;
    return clock_parse(text, strlen(text), &at_us) || clock_parse_date(text, strlen(text), &day);
}

static void read_span(const char *from, const char *to, struct window_request *request,
                      struct problem_errors *errors)
{
    static const char wrong[] = "must be a date, or a time by RFC 3339 with Z or an offset";

    if (!from)
        problem_add(errors, "is missing: to alone is no window", "from");
    else if (!is_end_of_span(from))
        problem_add(errors, wrong, "from");
    if (to && !is_end_of_span(to))
        problem_add(errors, wrong, "to");
    request->form = WINDOW_SPAN;
    request->from = from;
    request->to = to;
}

static void refuse_forms(const struct call *call, struct problem_errors *errors)
{
    static const char *const names[] = {"last", "period", "from", "to"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (call_query(call, names[i]))
            problem_add(errors, "only one of last, period, and from with to may be given", "%s",
                        names[i]);
}

static void read_form(const struct call *call, struct window_request *request,
                      struct problem_errors *errors)
{
    const char *last = call_query(call, "last"), *period = call_query(call, "period");
    const char *from = call_query(call, "from"), *to = call_query(call, "to");

    if ((last != NULL) + (period != NULL) + (from || to) > 1) {
        refuse_forms(call, errors);
    } else if (from || to) {
        read_span(from, to, request, errors);
    } else if (period) {
        request->form = WINDOW_PERIOD;
        request->period = period;
        if (!windows_period_exists(period))
            problem_add(errors,
                        "must be today, yesterday, this_ or last_ with week, month, quarter or "
                        "year, or all",
                        "period");
    } else {
        request->form = WINDOW_LAST;
        window_query_read_length("last", last ? last : last_default, &request->last_count,
                                 &request->last_unit, errors);
    }
}

/* --- where --- */

static bool is_asked(const struct window_query *query, int facet)
{
    for (size_t i = 0; i < query->where_count; i++)
        if (query->where[i].facet == facet)
            return true;
    return false;
}

static const char *value_fault(int facet, const char *value)
{
    enum channel channel;

    if (facet == SURVEY_FACET_CHANNEL && !channel_parse(value, strlen(value), &channel))
        return "must be web, email, link, sms, phone, kiosk, chat, app or import";
    if (strlen(value) > VALUE_MAX)
        return "must be at most 256 bytes";
    return NULL;
}

static const char *no_facet(const struct survey *survey)
{
    return survey ? "is no facet of this survey" : "only channel and agent are in all surveys";
}

static void read_where(const struct survey *survey, const struct query_pair *pair,
                       struct window_query *query, struct problem_errors *errors)
{
    const char *name = pair->name + strlen(WINDOW_QUERY_PREFIX);
    static const struct survey any = {.facet_count = 0};
    int facet = survey_facet_tallied(survey ? survey : &any, name);
    const char *fault = facet < 0                ? no_facet(survey)
                        : is_asked(query, facet) ? "may be given once"
                                                 : value_fault(facet, pair->value);
    if (fault) {
        problem_add(errors, fault, "%s", pair->name);
        return;
    }
    query->where[query->where_count].facet = facet;
    query->where[query->where_count].name = name;
    query->where[query->where_count].text = pair->value;
    query->where_count++;
}

void window_query_read(const struct call *call, const struct survey *survey,
                       struct window_query *ret_query, struct problem_errors *errors)
{
    struct window_query query = {
        .request = {.time_zone = call_query(call, "tz"), .now_us = call->received_us}};

    if (!query.request.time_zone && survey)
        query.request.time_zone = survey->time_zone;
    read_form(call, &query.request, errors);
    for (size_t i = 0; i < call->query_count; i++)
        if (strncmp(call->query[i].name, WINDOW_QUERY_PREFIX, strlen(WINDOW_QUERY_PREFIX)) == 0)
            read_where(survey, &call->query[i], &query, errors);
    *ret_query = query;
}

/* --- resolving --- */

static int32_t channel_number(const char *name)
{
    enum channel channel = CHANNEL_WEB;

    channel_parse(name, strlen(name), &channel);
    return channel;
}

/* In: facet, name and text as asked. */
static enum db_status resolve_filter(struct pg *pg, struct values *values, int32_t survey_id,
                                     struct number_filter *filter)
{
    bool known = true;
    enum db_status status = DB_OK;

    if (filter->facet == SURVEY_FACET_CHANNEL)
        filter->value = channel_number(filter->text);
    else
        status = values_look_up(values, pg, survey_id, filter->facet, filter->text, &known,
                                &filter->value);
    if (status != DB_OK)
        return status;
    if (!known && filter->facet == SURVEY_FACET_AGENT)
        filter->value = NOBODY;
    if (known || filter->facet == SURVEY_FACET_AGENT)
        filter->text = NULL;
    return DB_OK;
}

static enum db_status resolve_filters(struct pg *pg, struct values *values, int32_t survey_id,
                                      const struct window_query *query,
                                      struct window_choice *choice)
{
    for (size_t i = 0; i < query->where_count; i++) {
        struct number_filter *filter = &choice->filters[choice->filter_count++];
        filter->facet = query->where[i].facet;
        filter->name = query->where[i].name;
        filter->text = query->where[i].text;
        enum db_status status = resolve_filter(pg, values, survey_id, filter);
        if (status != DB_OK)
            return status;
    }
    return DB_OK;
}

static const char no_such_zone[] = "is no time zone of the IANA database";

enum db_status window_query_check_zone(struct pg *pg, const struct window_query *query,
                                       struct problem_errors *errors)
{
    struct window_request all = query->request;
    struct window window, previous;
    bool known, has_previous;

    all.form = WINDOW_PERIOD;
    all.period = "all";
    enum db_status status = windows_resolve(pg, &all, &known, &window, &has_previous, &previous);
    if (status == DB_OK && !known)
        problem_add(errors, no_such_zone, "tz");
    return status;
}

enum db_status window_query_resolve(struct pg *pg, struct values *values, int32_t survey_id,
                                    const struct window_query *query,
                                    struct window_choice *ret_choice, struct problem_errors *errors)
{
    struct window_choice choice = {.filter_count = 0};
    bool zone_known;
    enum db_status status = windows_resolve(pg, &query->request, &zone_known, &choice.window,
                                            &choice.has_previous, &choice.previous);
    if (status != DB_OK)
        return status;
    if (!zone_known) {
        problem_add(errors, no_such_zone, "tz");
        return DB_OK;
    }
    if (query->request.form == WINDOW_SPAN && choice.window.from_us >= choice.window.to_us) {
        problem_add(errors, "must be before to", "from");
        return DB_OK;
    }
    status = resolve_filters(pg, values, survey_id, query, &choice);
    if (status == DB_OK)
        *ret_choice = choice;
    return status;
}
