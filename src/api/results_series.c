#include "npsd/api/results.h"

#include "npsd/base/text.h"
#include "npsd/store/numbers.h"

#include <string.h>

enum { POINTS_MAX = 5000 };

struct series {
    struct inquiry asked;
    struct window_series cut;
    const char *interval, *rolling;        /* as asked; rolling NULL: no moving windows */
    bool bare;                             /* nothing but the array of points */
    const struct window *points, *counted; /* counted: the moving windows, or the points */
    const struct nps_counts *counts;
    size_t count;
};

static const char *const intervals[] = {
    [WINDOW_HOUR] = "hour",   [WINDOW_DAY] = "day",         [WINDOW_WEEK] = "week",
    [WINDOW_MONTH] = "month", [WINDOW_QUARTER] = "quarter", [WINDOW_YEAR] = "year",
};

static void read_interval(const struct call *call, struct series *series,
                          struct problem_errors *errors)
{
    const char *name = call_query(call, "interval");
    int interval = WINDOW_DAY;

    if (name)
        interval =
            text_index(intervals, sizeof(intervals) / sizeof(*intervals), name, strlen(name));
    if (interval < 0) {
        problem_add(errors, "must be hour, day, week, month, quarter or year", "interval");
        return;
    }
    series->cut.interval = (enum window_interval)interval;
    series->interval = intervals[interval];
}

static void read_own(const struct call *call, struct inquiry *inquiry,
                     struct problem_errors *errors)
{
    struct series *series = (struct series *)inquiry;
    const char *shape = call_query(call, "shape");

    read_interval(call, series, errors);
    series->rolling = call_query(call, "rolling");
    if (series->rolling)
        window_query_read_length("rolling", series->rolling, &series->cut.rolling_count,
                                 &series->cut.rolling_unit, errors);
    if (shape && strcmp(shape, "array") != 0)
        problem_add(errors, "must be array, or be left out", "shape");
    series->bare = shape != NULL;
}

/* All time is as long as there are answers. Without any it is empty. */
static enum db_status close_window(const struct call *call, const struct series *series,
                                   struct window *window)
{
    bool any = false;

    if (window->from_us != SLOTS_OPEN_FROM && window->to_us != SLOTS_OPEN_TO)
        return DB_OK;
    enum db_status status =
        numbers_span(call->db, series->asked.survey->id, &window->from_us, &window->to_us, &any);
    if (status == DB_OK && !any)
        *window = (struct window){0, 0};
    return status;
}

/* All points in one statement, so that they are of one moment. */
static enum db_status count_points(const struct call *call, struct series *series)
{
    struct number_query numbers = inquiry_numbers(&series->asked, series->counted, series->count);
    struct nps_counts *counts = arena_calloc(call->arena, series->count, sizeof(*counts));

    series->counts = counts;
    return series->count > 0 ? numbers_count(call->db, call->arena, &numbers, counts) : DB_OK;
}

static enum db_status count(const struct call *call, struct inquiry *inquiry,
                            struct problem_errors *errors)
{
    struct series *series = (struct series *)inquiry;
    struct window window = inquiry->choice.window;
    struct window *points, *moving;
    bool too_many = false;
    enum db_status status = close_window(call, series, &window);

    if (status == DB_OK)
        status =
            windows_series(call->db, call->arena, &inquiry->query.request, &window, &series->cut,
                           POINTS_MAX, &too_many, &points, &moving, &series->count);
    if (status == DB_OK && too_many)
        problem_add(errors, "is too short for this window: a series has at most 5000 points",
                    "interval");
    if (status != DB_OK || too_many)
        return status;
    series->points = points;
    series->counted = moving;
    return count_points(call, series);
}

static void write_point(struct json_writer *w, const struct series *series, size_t i)
{
    json_object_begin(w, NULL);
    json_put_time(w, "from", series->points[i].from_us);
    json_put_time(w, "to", series->points[i].to_us);
    if (series->rolling && series->counted[i].from_us < series->counted[i].to_us)
        json_put_time(w, "rolling_from", series->counted[i].from_us);
    else if (series->rolling)
        json_put_null(w, "rolling_from");
    results_write(w, &series->counts[i], series->asked.survey->min_responses);
    json_object_end(w);
}

static void write_points(struct json_writer *w, const char *name, const struct series *series)
{
    json_array_begin(w, name);
    for (size_t i = 0; i < series->count; i++)
        write_point(w, series, i);
    json_array_end(w);
}

static void write_body(struct json_writer *w, const struct inquiry *inquiry)
{
    const struct series *series = (const struct series *)inquiry;

    if (series->bare) {
        write_points(w, NULL, series);
        return;
    }
    json_object_begin(w, NULL);
    results_write_head(w, inquiry);
    json_put_text(w, "interval", series->interval);
    json_put_text(w, "rolling", series->rolling);
    write_points(w, "points", series);
    json_object_end(w);
}

struct reply results_series(struct call *call)
{
    static const char *const parameters[] = {WINDOW_QUERY_NAMES, "interval", "rolling", "shape",
                                             NULL};
    static const struct inquiry_kind kind = {parameters, read_own, count, write_body};
    struct series series = {.count = 0};

    return inquiry_reply(call, &kind, &series.asked);
}
