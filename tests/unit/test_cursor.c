/* Cursors of lists: what one list makes it takes, and nobody else's. */
#include "npsd/api/cursor.h"
#include "npsd/api/world.h"
#include "suite.h"

#include <string.h>

static struct arena arena;
static struct directory_snapshot snapshot;
static struct identity who = {.snapshot = &snapshot};

enum { PLACE_SIZE = 24 };

static const uint8_t place[PLACE_SIZE] = "the last one, 24 bytes.";

static struct call make_call(const char *query)
{
    struct call call = {.arena = &arena,
                        .identity = &who,
                        .path = "/v1/things",
                        .public_url = "https://nps.example"};
    ck_assert(call_parse_pairs(&arena, query, strlen(query), call.query, CALL_QUERY_MAX,
                               &call.query_count));
    return call;
}

static void use_secret(const char *secret)
{
    snapshot.cursor_secret = crypto_mac_key(secret, strlen(secret));
}

static const char *make(const char *label)
{
    struct call call = make_call("");
    use_secret("secret");
    return cursor_make(&call, label, place, PLACE_SIZE);
}

/* What a list says to a cursor: 't' taken, 'r' refused, '-' nothing was sent. */
static char take(const char *label, const char *query, size_t size)
{
    struct problem_errors errors = {.arena = &arena};
    struct call call = make_call(query);
    uint8_t got[PLACE_SIZE + 8], before[PLACE_SIZE + 8];

    memset(got, 0x55, sizeof(got));
    memcpy(before, got, sizeof(got));
    bool taken = cursor_take(&call, label, got, size, &errors);
    ck_assert_mem_eq(got, taken ? place : before, size);
    ck_assert_uint_eq(errors.count, taken || call.query_count == 0 ? 0 : 1);
    if (errors.count > 0)
        ck_assert_str_eq(errors.items[0].where, "cursor");
    return taken ? 't' : errors.count > 0 ? 'r' : '-';
}

static const char *query_of(const char *cursor)
{
    return arena_printf(&arena, "cursor=%s", cursor);
}

START_TEST(taken_by_its_list)
{
    const char *cursor = make("things");

    ck_assert_uint_eq(strlen(cursor), 43); /* 24 + 8 bytes */
    ck_assert_int_eq(take("things", query_of(cursor), PLACE_SIZE), 't');
    ck_assert_int_eq(take("things", "", PLACE_SIZE), '-');
}
END_TEST

START_TEST(refused_by_others)
{
    const char *query = query_of(make("things"));

    ck_assert_int_eq(take("thing", query, PLACE_SIZE), 'r');
    ck_assert_int_eq(take("things ", query, PLACE_SIZE), 'r');
    ck_assert_int_eq(take("things", query, PLACE_SIZE - 1), 'r');
    ck_assert_int_eq(take("things", query, PLACE_SIZE + 8), 'r');
    use_secret("another");
    ck_assert_int_eq(take("things", query, PLACE_SIZE), 'r');
}
END_TEST

/* Any character changed, left out or added. */
START_TEST(refused_when_changed)
{
    const char *cursor = make("things");
    size_t len = strlen(cursor);

    for (size_t i = 0; i < len; i++) {
        char *other = arena_strdup(&arena, cursor);
        other[i] = cursor[i] == 'A' ? 'B' : 'A';
        ck_assert_msg(take("things", query_of(other), PLACE_SIZE) == 'r', "%zu", i);
        other[i] = '\0';
        ck_assert_msg(take("things", query_of(other), PLACE_SIZE) == 'r', "%zu", i);
    }
    ck_assert_int_eq(take("things", arena_printf(&arena, "cursor=%sA", cursor), PLACE_SIZE), 'r');
    ck_assert_int_eq(take("things", arena_printf(&arena, "cursor=%s=", cursor), PLACE_SIZE), 'r');
    ck_assert_int_eq(take("things", "cursor=", PLACE_SIZE), 'r');
    ck_assert_int_eq(take("things", "cursor=%D0%96", PLACE_SIZE), 'r');
}
END_TEST

static const char *link_of(const char *query, const char *cursor)
{
    struct reply reply = {0};
    struct call call = make_call(query);

    cursor_link(&call, &reply, cursor);
    if (reply.header_count == 0)
        return "none";
    ck_assert_str_eq(reply.headers[0].name, "Link");
    return reply.headers[0].value;
}

START_TEST(linked_with_the_same_query)
{
    ck_assert_str_eq(link_of("limit=2", NULL), "none");
    ck_assert_str_eq(link_of("", "AB-_"),
                     "<https://nps.example/v1/things?cursor=AB-_>; rel=\"next\"");
    ck_assert_str_eq(link_of("limit=2&cursor=old&where.a=x%26y%3E%22%20%D0%96", "new"),
                     "<https://nps.example/v1/things?cursor=new&limit=2"
                     "&where.a=x%26y%3E%22%20%D0%96>; rel=\"next\"");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {taken_by_its_list, refused_by_others, refused_when_changed,
                                  linked_with_the_same_query};

    if (!crypto_init())
        return EXIT_FAILURE;
    arena_init(&arena, 4096);
    int status = suite_run("cursor", tests, COUNT_OF(tests));
    arena_done(&arena);
    return status;
}
