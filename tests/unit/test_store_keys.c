#include "npsd/base/clock.h"
#include "npsd/store/keys.h"
#include "suite.h"
#include "support/unit_database.h"
#include <string.h>

static const struct db_stmt *const *const sets[] = {keys_statements, NULL};

static struct pg *pg;
static struct arena arena;
static struct key_record *keys;
static size_t key_count;

static void setup(void)
{
    unit_pg_sql("truncate api_key");
    pg = unit_database_connect(sets);
    arena_init(&arena, 4096);
}

static void teardown(void)
{
    arena_done(&arena);
    pg_free(pg);
}

static struct crypto_hash hash_of(const char *text)
{
    return crypto_sha256(text, strlen(text));
}

static int32_t add(enum role role, const char *name)
{
    const struct key_record record = {.role = role,
                                      .name = name,
                                      .hint = "npsd_x_abcd...wxyz",
                                      .all_surveys = true,
                                      .hash = hash_of(name)};
    int32_t id = 0;
    ck_assert_int_eq(keys_insert(pg, &record, &id), DB_OK);
    ck_assert_int_gt(id, 0);
    return id;
}

static void read_keys(bool with_revoked)
{
    ck_assert_int_eq(keys_read_all(pg, &arena, with_revoked, &keys, &key_count), DB_OK);
}

START_TEST(none_there)
{
    key_count = 99;
    read_keys(true);
    ck_assert_uint_eq(key_count, 0);
}
END_TEST

START_TEST(inserted_is_read_back)
{
    static const int32_t surveys[] = {3, 1, 2};
    static const char *const origins[] = {"https://a.example", "http://b.example:8080"};
    const struct key_record record = {.role = ROLE_AGENT,
                                      .name = "\xd0\x9e\xd0\xbb\xd1\x8f",
                                      .hint = "npsd_agent_abcd...wxyz",
                                      .surveys = surveys,
                                      .survey_count = 3,
                                      .origins = origins,
                                      .origin_count = 2,
                                      .expires_in_days = 30,
                                      .hash = hash_of("x")};
    int32_t id = 0;

    ck_assert_int_eq(keys_insert(pg, &record, &id), DB_OK);
    read_keys(false);
    ck_assert_uint_eq(key_count, 1);
    ck_assert_int_eq(keys[0].id, id);
    ck_assert_int_eq(keys[0].role, ROLE_AGENT);
    ck_assert_str_eq(keys[0].name, record.name);
    ck_assert_str_eq(keys[0].hint, record.hint);
    ck_assert(!keys[0].all_surveys);
    ck_assert_uint_eq(keys[0].survey_count, 3);
    for (size_t i = 0; i < COUNT_OF(surveys); i++)
        ck_assert_int_eq(keys[0].surveys[i], surveys[i]);
    ck_assert_uint_eq(keys[0].origin_count, 2);
    ck_assert_str_eq(keys[0].origins[0], origins[0]);
    ck_assert_str_eq(keys[0].origins[1], origins[1]);
    ck_assert(memcmp(&keys[0].hash, &record.hash, sizeof(record.hash)) == 0);
    ck_assert_int_lt(llabs(clock_now_us() - keys[0].created_us), CLOCK_DAY_US);
    ck_assert_int_eq(keys[0].last_used_us, 0);
    ck_assert_int_eq(keys[0].expires_us, keys[0].created_us + 30 * CLOCK_DAY_US);
    ck_assert_int_eq(keys[0].revoked_us, 0);
}
END_TEST

/* By hand, say, to end it now. */
START_TEST(an_end_before_all_time_is_an_end)
{
    static const char *const ends[] = {"to_timestamp(0)", "'-infinity'", "'1969-12-31Z'"};
    add(ROLE_ADMIN, "ended");
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        unit_pg_sql("update api_key set expires_at = %s", ends[i]);
        read_keys(false);
        ck_assert_int_eq(keys[0].expires_us, 1);
    }
}
END_TEST

START_TEST(every_role)
{
    for (enum role role = ROLE_SUBMIT; role < ROLE_COUNT; role++)
        add(role, role_name(role));
    read_keys(false);
    ck_assert_uint_eq(key_count, ROLE_COUNT - ROLE_SUBMIT);
    for (size_t i = 0; i < key_count; i++) {
        ck_assert_int_eq(keys[i].role, (int)(ROLE_SUBMIT + i));
        ck_assert(keys[i].all_surveys);
        ck_assert_int_eq(keys[i].expires_us, 0);
        ck_assert_uint_eq(keys[i].origin_count, 0);
    }
}
END_TEST

/* For no survey at all is not for all surveys. */
START_TEST(an_empty_list_is_not_all)
{
    const struct key_record record = {
        .role = ROLE_VIEWER, .name = "n", .hint = "h", .hash = hash_of("x")};
    int32_t id;
    ck_assert_int_eq(keys_insert(pg, &record, &id), DB_OK);
    read_keys(false);
    ck_assert(!keys[0].all_surveys);
    ck_assert_uint_eq(keys[0].survey_count, 0);
}
END_TEST

START_TEST(the_same_hash_conflicts)
{
    add(ROLE_ADMIN, "same");
    const struct key_record record = {
        .role = ROLE_VIEWER, .name = "n", .hint = "h", .hash = hash_of("same")};
    int32_t id = -1;
    ck_assert_int_eq(keys_insert(pg, &record, &id), DB_CONFLICT);
    ck_assert_int_eq(id, -1);
}
END_TEST

START_TEST(revoked_once)
{
    int32_t first = add(ROLE_ADMIN, "first"), second = add(ROLE_ADMIN, "second");
    bool found = false;

    ck_assert_int_eq(keys_revoke(pg, first, &found), DB_OK);
    ck_assert(found);
    ck_assert_int_eq(keys_revoke(pg, first, &found), DB_OK);
    ck_assert(!found);
    ck_assert_int_eq(keys_revoke(pg, second + 1000, &found), DB_OK);
    ck_assert(!found);
    read_keys(false);
    ck_assert_uint_eq(key_count, 1);
    ck_assert_int_eq(keys[0].id, second);
    read_keys(true);
    ck_assert_uint_eq(key_count, 2);
    ck_assert_int_gt(keys[0].revoked_us, 0);
    ck_assert_int_eq(keys[1].revoked_us, 0);
}
END_TEST

START_TEST(touch_does_not_move_the_directory)
{
    int32_t ids[3] = {add(ROLE_ADMIN, "a"), add(ROLE_ADMIN, "b"), add(ROLE_ADMIN, "c")};
    long version = unit_pg_number("select version from directory");

    ids[1] = ids[2];
    ck_assert_int_eq(keys_touch(pg, ids, 2), DB_OK);
    ck_assert_int_eq(keys_touch(pg, ids, 0), DB_OK);
    read_keys(false);
    ck_assert_int_lt(llabs(clock_now_us() - keys[0].last_used_us), CLOCK_DAY_US);
    ck_assert_int_eq(keys[1].last_used_us, 0);
    ck_assert_int_gt(keys[2].last_used_us, 0);
    ck_assert_int_eq(unit_pg_number("select version from directory"), version);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {none_there,
                                  inserted_is_read_back,
                                  every_role,
                                  an_end_before_all_time_is_an_end,
                                  an_empty_list_is_not_all,
                                  the_same_hash_conflicts,
                                  revoked_once,
                                  touch_does_not_move_the_directory};
    Suite *suite = suite_create("store_keys");
    TCase *tcase = tcase_create("store_keys");

    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
