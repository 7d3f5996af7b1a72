#include "npsd/api/overview.h"

#include "npsd/api/database.h"
#include "npsd/api/etag.h"
#include "npsd/api/results.h"
#include "npsd/api/world.h"
#include "npsd/domain/channel.h"
#include "npsd/json/survey.h"
#include "npsd/store/overview.h"

#include <string.h>

struct zone {
    const char *name;
    struct window_choice choice;
};

struct overview {
    struct window_query query;
    bool compare;
    const struct survey **surveys; /* of the key, by slug */
    size_t survey_count;
    struct zone *zones; /* of the surveys, each once */
    size_t zone_count;
    struct overview_survey *rows; /* a survey each */
    size_t windows_each;          /* 2: with the window before */
    struct nps_counts *counts;
};

/* --- what is asked --- */

static void read_query(const struct call *call, struct overview *overview,
                       struct problem_errors *errors)
{
    static const char *const known[] = {WINDOW_QUERY_NAMES, "compare", NULL};

    call_query_known(call, known, WINDOW_QUERY_PREFIX, errors);
    window_query_read(call, NULL, &overview->query, errors);
    overview->compare = inquiry_read_compare(call, errors);
}

static size_t find_zone(struct overview *overview, const char *name)
{
    size_t z = 0;

    while (z < overview->zone_count && strcmp(overview->zones[z].name, name) != 0)
        z++;
    if (z == overview->zone_count)
        overview->zones[overview->zone_count++].name = name;
    return z;
}

/* Without surveys there is still a zone, so that what is wrong with the window is told. */
static void find_surveys(const struct call *call, struct overview *overview)
{
    const struct identity *who = call_identity(call);
    const char *asked = overview->query.request.time_zone;
    size_t all = who->snapshot->survey_count, count = 0;

    overview->surveys = arena_alloc(call->arena, (all + 1) * sizeof(*overview->surveys));
    overview->rows = arena_calloc(call->arena, all + 1, sizeof(*overview->rows));
    overview->zones = arena_calloc(call->arena, all + 1, sizeof(*overview->zones));
    for (size_t i = 0; i < all; i++) {
        const struct survey *survey = who->snapshot->surveys[i];
        if (!directory_key_covers(who->key, survey->id))
            continue;
        overview->rows[count].id = survey->id;
        overview->rows[count].zone = find_zone(overview, asked ? asked : survey->time_zone);
        overview->surveys[count++] = survey;
    }
    overview->survey_count = count;
    if (count == 0)
        find_zone(overview, asked ? asked : "UTC");
}

/* --- resolving and counting --- */

/* The windows of each zone; filters are the store's to resolve. */
static enum db_status resolve_zones(const struct call *call, struct overview *overview,
                                    struct problem_errors *errors)
{
    struct window_query query = overview->query;
    enum db_status status = DB_OK;

    query.where_count = 0;
    for (size_t z = 0; status == DB_OK && errors->count == 0 && z < overview->zone_count; z++) {
        struct zone *zone = &overview->zones[z];
        query.request.time_zone = zone->name;
        status = window_query_resolve(call->db, call_world(call)->values, 0, &query, &zone->choice,
                                      errors);
    }
    return status;
}

/* Of all zones or of none there is a window before. */
static struct window *list_windows(const struct call *call, struct overview *overview)
{
    const struct zone *zones = overview->zones;
    size_t each = overview->compare && zones->choice.has_previous ? 2 : 1;
    struct window *windows =
        arena_alloc(call->arena, overview->zone_count * each * sizeof *windows);

    for (size_t z = 0; z < overview->zone_count; z++) {
        windows[z * each] = zones[z].choice.window;
        if (each == 2)
            windows[z * each + 1] = zones[z].choice.previous;
    }
    overview->windows_each = each;
    return windows;
}

static void take_filters(const struct window_query *query, struct overview_query *numbers)
{
    for (size_t i = 0; i < query->where_count; i++) {
        const char *text = query->where[i].text;
        enum channel channel;

        if (query->where[i].facet == SURVEY_FACET_AGENT)
            numbers->agent = text;
        else if (channel_parse(text, strlen(text), &channel))
            numbers->channel = (int)channel;
    }
}

static enum db_status count(const struct call *call, struct overview *overview)
{
    struct overview_query numbers = {
        .surveys = overview->rows,
        .survey_count = overview->survey_count,
        .windows = list_windows(call, overview),
        .zone_count = overview->zone_count,
        .windows_each = overview->windows_each,
        .channel = OVERVIEW_ANY,
    };

    take_filters(&overview->query, &numbers);
    overview->counts =
        arena_calloc(call->arena, overview->survey_count * overview->windows_each + 1,
                     sizeof(*overview->counts));
    return overview_count(call->db, call->arena, &numbers, overview->counts);
}

static enum db_status resolve_and_count(const struct call *call, struct overview *overview,
                                        struct problem_errors *errors)
{
    enum db_status status = resolve_zones(call, overview, errors);
    return status == DB_OK && errors->count == 0 ? count(call, overview) : status;
}

static enum db_status ask(const struct call *call, struct overview *overview,
                          struct problem_errors *errors)
{
    read_query(call, overview, errors);
    if (errors->count > 0)
        return overview->query.request.time_zone
                   ? window_query_check_zone(call->db, &overview->query, errors)
                   : DB_OK;
    find_surveys(call, overview);
    enum db_status status = resolve_and_count(call, overview, errors);
    /* The connection broke, and reading may be done twice. */
    if (status == DB_LOST)
        status = resolve_and_count(call, overview, errors);
    return status;
}

/* --- the reply --- */

static void write_row(struct json_writer *w, const struct overview *overview, size_t row)
{
    const struct survey *survey = overview->surveys[row];
    const struct zone *zone = &overview->zones[overview->rows[row].zone];
    const struct nps_counts *counts = &overview->counts[row * overview->windows_each];

    json_object_begin(w, NULL);
    json_put_text(w, "survey", survey->slug);
    survey_texts_write(w, "title", &survey->title);
    results_write_window(w, &zone->choice.window, zone->name);
    results_write(w, &counts[0], survey->min_responses);
    if (overview->compare)
        results_write_comparison(w, overview->windows_each == 2 ? &counts[1] : NULL, &counts[0]);
    json_object_end(w);
}

static struct reply make_reply(const struct call *call, const struct overview *overview)
{
    struct json_writer w = json_writer(call->arena);

    json_object_begin(&w, NULL);
    json_array_begin(&w, "items");
    for (size_t row = 0; row < overview->survey_count; row++)
        write_row(&w, overview, row);
    json_array_end(&w);
    json_object_end(&w);
    return etag_reply(call, "application/json", w.buf.data, w.buf.len);
}

struct reply overview_nps(struct call *call)
{
    struct overview overview = {.compare = false};
    struct problem_errors errors = {.arena = call->arena};

    enum db_status status = ask(call, &overview, &errors);
    if (status != DB_OK)
        return database_refusal(call, status, "overview-failed");
    if (errors.count > 0)
        return reply_problem_errors(call, PROBLEM_INVALID, NULL, &errors, true);
    return make_reply(call, &overview);
}
