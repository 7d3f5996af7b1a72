#include "support/unit_call.h"

#include "npsd/api/access.h"
#include "npsd/api/failures.h"
#include "npsd/api/limits.h"
#include "npsd/api/routes.h"
#include "npsd/api/survey_change.h"
#include "npsd/base/clock.h"
#include "npsd/cli/cli.h"
#include "npsd/ingest/display_meter.h"
#include "npsd/ingest/lane.h"
#include "npsd/json/read.h"
#include "npsd/state/keytext.h"
#include "npsd/store/keys.h"
#include "support/unit_database.h"

#include <string.h>

static const char *header_of(const struct call *call, const char *name)
{
    const struct unit_call *c = call->edge;
    for (size_t i = 0; i < UNIT_HEADERS_MAX; i++)
        if (c->headers[i].name && strcasecmp(c->headers[i].name, name) == 0)
            return c->headers[i].value;
    return NULL;
}

static void resume(struct call *call)
{
    struct unit_call *c = call->edge;
    sem_post(&c->resumed);
}

void unit_call_open(struct unit_call *c)
{
    *c = (struct unit_call){
        .config = {.database_url = unit_pg_url(), .queue = 100, .allow_unsafe_durability = true}};
    unit_pg_sql("truncate survey, question, response, response_history, journal, facet_value,"
                " tally_state, api_key, audit, display");
    unit_pg_sql("update directory set version = version + 1");
    c->database = cli_database(&c->config);
    arena_init(&c->arena, 4096);
    c->world = (struct world){.config = &c->config,
                              .directory = directory_new(),
                              .values = values_new(),
                              .limits = limits_new(0),
                              .looks = limits_new(0),
                              .asks = limits_new(0),
                              .displays = display_meter_new()};
    c->call = (struct call){.arena = &c->arena,
                            .request_id = "r",
                            .client = "192.0.2.1",
                            .received_us = clock_now_us(),
                            .world = &c->world,
                            .header = header_of,
                            .resume = resume,
                            .public_url = "https://nps.example",
                            .body = "",
                            .db = pg_new(&c->database),
                            .edge = c};
    ck_assert_int_eq(sem_init(&c->resumed, 0, 0), 0);
    unit_call_refresh(c);
}

void unit_call_done(struct unit_call *c)
{
    lane_stop(c->world.single);
    for (int i = 0; i < BATCH_LANES; i++)
        lane_stop(c->world.batch[i]);
    sem_destroy(&c->resumed);
    arena_done(&c->arena);
    limits_free(c->world.limits);
    limits_free(c->world.key_limits);
    limits_free(c->world.looks);
    limits_free(c->world.asks);
    failures_free(c->world.failures);
    display_meter_free(c->world.displays);
    values_free(c->world.values);
    directory_free(c->world.directory);
    pg_free(c->call.db);
}

void unit_call_refresh(struct unit_call *c)
{
    enum db_status status = directory_refresh(c->world.directory, c->call.db);
    ck_assert_msg(status == DB_OK, "%s: %s", db_status_name(status), pg_error(c->call.db));
}

static char *with_quotes(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);
    for (char *at = copy; *at; at++)
        if (*at == '\'')
            *at = '"';
    return copy;
}

void unit_call_survey(struct unit_call *c, const char *slug, const char *members)
{
    struct survey_change change = {.arena = &c->arena, .actor = "test"};
    const char *detail = NULL;
    const char *text =
        with_quotes(&c->arena, arena_printf(&c->arena, "{'id': '%s', 'title': {'en': 'Visit'}%s%s}",
                                            slug, *members ? ", " : "", members));
    const json_t *definition = json_read(&c->arena, text, strlen(text), &detail);
    ck_assert_msg(definition != NULL, "%s: %s", text, detail);
    change.errors.arena = &c->arena;
    ck_assert_int_eq(survey_create(c->call.db, &change, definition), DB_OK);
    ck_assert_int_eq(change.outcome, SURVEY_DONE);
}

const char *unit_call_key(struct unit_call *c, enum role role, const char *slug, const char *origin)
{
    char *text = arena_alloc(&c->arena, KEYTEXT_SIZE);
    int32_t survey =
                slug ? (int32_t)unit_pg_number("select id from survey where slug = '%s'", slug) : 0,
            id;
    keytext_make(role, text);
    const struct key_record record = {.role = role,
                                      .name = "Olga",
                                      .hint = "hint",
                                      .all_surveys = !slug,
                                      .surveys = &survey,
                                      .survey_count = slug ? 1 : 0,
                                      .origins = &origin,
                                      .origin_count = origin ? 1 : 0,
                                      .hash = crypto_sha256(text, strlen(text))};
    ck_assert_int_eq(keys_insert(c->call.db, &record, &id), DB_OK);
    return text;
}

void unit_call_to(struct unit_call *c, enum http_method method, const char *path)
{
    struct call *call = &c->call;
    const char *query = strchrnul(path, '?');
    call->path = arena_strndup(&c->arena, path, (size_t)(query - path));
    query += *query == '?';
    ck_assert(call_parse_pairs(&c->arena, query, strlen(query), call->query, CALL_QUERY_MAX,
                               &call->query_count));
    struct route_match match =
        route_find(&api_routes, LISTENER_SERVICE | LISTENER_ADMIN, method, call->path, &c->arena);
    ck_assert_msg(match.route != NULL, "%s: no such route", path);
    call->route = match.route;
    memcpy(call->params, match.params, sizeof match.params);
}

void unit_call_header(struct unit_call *c, const char *name, const char *value)
{
    for (size_t i = 0; i < UNIT_HEADERS_MAX; i++) {
        if (!c->headers[i].name || strcasecmp(c->headers[i].name, name) == 0) {
            c->headers[i].name = name;
            c->headers[i].value = value;
            return;
        }
    }
    ck_abort_msg("too many headers");
}

void unit_call_bearer(struct unit_call *c, const char *key)
{
    unit_call_header(c, "Authorization", key ? arena_printf(&c->arena, "Bearer %s", key) : NULL);
}

void unit_call_body(struct unit_call *c, unsigned media, const char *body)
{
    c->call.media = media;
    c->call.body = with_quotes(&c->arena, body);
    c->call.body_len = strlen(body);
}

void unit_call_admit(struct unit_call *c)
{
    struct reply reply = access_admit_fresh(&c->call);
    ck_assert_msg(reply.status == 0, "%s", unit_reply_tells(&c->arena, &reply));
}

void unit_call_lanes(struct unit_call *c, size_t room)
{
    const struct lane_options options = {.name = "npsd-test",
                                         .database = &c->database,
                                         .values = c->world.values,
                                         .freshness = c->world.freshness,
                                         .spooler = c->world.spooler,
                                         .queue_max = room,
                                         .batch_max = room};
    c->world.single = lane_start(&options);
    ck_assert_ptr_nonnull(c->world.single);
    for (int i = 0; i < BATCH_LANES; i++)
        ck_assert_ptr_nonnull(c->world.batch[i] = lane_start(&options));
}

struct reply unit_call_run(struct unit_call *c)
{
    unit_call_admit(c);
    struct reply reply = c->call.route->handle(&c->call);
    if (reply.status)
        return reply;
    if (reply.start(&c->call, reply.work))
        sem_wait(&c->resumed);
    return reply.finish(&c->call, reply.work);
}

const char *unit_reply_header(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, name) == 0)
            return reply->headers[i].value;
    return NULL;
}

json_t *unit_reply_json(struct arena *arena, const struct reply *reply)
{
    const char *detail = NULL;
    json_t *value = json_read(arena, reply->body, reply->body_len, &detail);
    ck_assert_msg(value != NULL, "%s: %.*s", detail, (int)reply->body_len, reply->body);
    return value;
}

const char *unit_reply_parameters(struct arena *arena, const struct reply *reply)
{
    struct buf names = buf_make(arena, 64);
    static const char key[] = "\"parameter\":\"";

    for (const char *at = reply->body; (at = strstr(at, key));) {
        at += strlen(key);
        if (names.len > 0)
            buf_char(&names, ' ');
        buf_add(&names, at, strcspn(at, "\""));
    }
    return names.data;
}

const char *unit_reply_tells(struct arena *arena, const struct reply *reply)
{
    if (reply->status == 0)
        return reply->start ? "later" : "go on";
    if (reply->status < 400 || !reply->type || !strstr(reply->type, "problem"))
        return arena_printf(arena, "%d", reply->status);
    const json_t *body = unit_reply_json(arena, reply);
    const json_t *error = json_array_get(json_object_get(body, "errors"), 0);
    const char *place = json_string_value(json_object_get(error, "pointer"));
    if (!place)
        place = json_string_value(json_object_get(error, "parameter"));
    const char *type = json_string_value(json_object_get(body, "type"));
    ck_assert_ptr_nonnull(type);
    return arena_printf(arena, "%d %s%s%s", reply->status, strrchr(type, '/') + 1, place ? " " : "",
                        place ? place : "");
}
