/* What a client is told when the database did not do what was asked of it. */
#include "npsd/api/database.h"
#include "npsd/json/read.h"
#include "suite.h"

#include <string.h>

static struct arena arena;
static struct pg *pg;

static void setup(void)
{
    static const struct pg_options nowhere = {.url = "host=/nonexistent"};
    arena_init(&arena, 4096);
    pg = pg_new(&nowhere);
    ck_assert_ptr_nonnull(pg);
}

static void teardown(void)
{
    pg_free(pg);
    arena_done(&arena);
}

static struct reply refuse(enum http_method method, enum db_status status)
{
    struct route route = {.method = method};
    struct call call = {.arena = &arena, .request_id = "r", .route = &route, .db = pg};
    return database_refusal(&call, status, "test");
}

static const char *detail_of(enum http_method method, enum db_status status)
{
    struct reply reply = refuse(method, status);
    const char *fault = NULL;
    const json_t *body = json_read(&arena, reply.body, reply.body_len, &fault);
    return json_string_value(json_object_get(body, "detail"));
}

START_TEST(statuses)
{
    static const struct {
        enum db_status status;
        int http;
    } cases[] = {
        {DB_LOST, 503},      {DB_AWAY, 503},      {DB_RETRY, 503},
        {DB_RESOURCES, 503}, {DB_READ_ONLY, 503}, {DB_UNSAFE, 503},
        {DB_CONFLICT, 500},  {DB_REFUSED, 500},   {DB_SCHEMA, 500},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reply reply = refuse(HTTP_POST, cases[i].status);
        ck_assert_msg(reply.status == cases[i].http, "%s", db_status_name(cases[i].status));
        bool retry = false;
        for (size_t j = 0; j < reply.header_count; j++)
            retry |= strcmp(reply.headers[j].name, "Retry-After") == 0;
        ck_assert_msg(retry == (reply.status == 503), "%s", db_status_name(cases[i].status));
    }
}
END_TEST

/* Only a change may have happened although its connection broke. */
START_TEST(lost_connections)
{
    static const enum http_method changing[] = {HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE};
    for (size_t i = 0; i < COUNT_OF(changing); i++)
        ck_assert_ptr_nonnull(strstr(detail_of(changing[i], DB_LOST), "look whether it was done"));
    ck_assert_ptr_nonnull(strstr(detail_of(HTTP_GET, DB_LOST), "nothing was changed"));
    ck_assert_ptr_nonnull(strstr(detail_of(HTTP_GET, DB_LOST), "again"));
    ck_assert_ptr_null(strstr(detail_of(HTTP_GET, DB_LOST), "look"));
    ck_assert_ptr_nonnull(strstr(detail_of(HTTP_POST, DB_AWAY), "nothing was done"));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {statuses, lost_connections};
    json_read_init();
    return suite_run_checked("database", setup, teardown, tests, COUNT_OF(tests));
}
