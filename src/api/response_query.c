#include "npsd/api/response_query.h"

#include "npsd/json/write.h"

#include <string.h>

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 1000 };

struct response_filter response_query_any(const struct survey *survey)
{
    struct response_filter filter = {
        .survey_id = survey->id,
        .from_us = SLOTS_OPEN_FROM,
        .to_us = SLOTS_OPEN_TO,
        .channel = RESPONSE_FILTER_ANY,
        .max_score = NPS_SCORES - 1,
        .agent = RESPONSE_FILTER_ANY,
        .has_text = RESPONSE_FILTER_ANY,
        .suspect = RESPONSE_FILTER_ANY,
    };
    for (size_t slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        filter.facets[slot] = RESPONSE_FILTER_ANY;
    return filter;
}

void response_query_limit(const struct call *call, struct response_filter *filter,
                          struct problem_errors *errors)
{
    int64_t limit = LIMIT_DEFAULT;
    call_query_int(call, "limit", 1, LIMIT_MAX, &limit, errors);
    filter->limit = (int)limit + 1;
}

void response_query_group(const struct call *call, struct response_filter *filter,
                          struct problem_errors *errors)
{
    static const int bounds[NPS_GROUPS][2] = {
        [NPS_CRITIC] = {0, 6}, [NPS_NEUTRAL] = {7, 8}, [NPS_PROMOTER] = {9, 10}};
    const char *name = call_query(call, "group");
    if (!name)
        return;
    for (int group = 0; group < NPS_GROUPS; group++)
        if (strcmp(name, nps_group_name(group)) == 0) {
            filter->min_score = bounds[group][0];
            filter->max_score = bounds[group][1];
            return;
        }
    problem_add(errors, "must be critic, neutral or promoter", "group");
}

void response_query_choose(struct arena *arena, const struct window_choice *choice,
                           struct response_filter *filter)
{
    struct json_writer w = json_writer(arena);
    bool texts = false;
    filter->from_us = choice->window.from_us;
    filter->to_us = choice->window.to_us;
    json_object_begin(&w, NULL);
    for (size_t i = 0; i < choice->filter_count; i++) {
        const struct number_filter *f = &choice->filters[i];
        if (f->facet == SURVEY_FACET_CHANNEL)
            filter->channel = f->value;
        else if (f->facet == SURVEY_FACET_AGENT)
            filter->agent = f->value;
        else
            filter->facets[f->facet - SURVEY_FACET_FIRST] = f->value;
        if (f->text)
            json_put_text(&w, f->name, f->text);
        texts |= f->text != NULL;
    }
    json_object_end(&w);
    if (texts)
        filter->properties = w.buf.data;
}
