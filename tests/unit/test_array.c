/* PostgreSQL itself says what it takes our arrays for. */
#include "npsd/db/array.h"
#include "npsd/db/pg.h"
#include "support/unit_pg.h"

static struct pg *pg;
static struct arena arena;
static struct buf array;

static void setup(void)
{
    static struct pg_options options;
    options = (struct pg_options){.url = unit_pg_url(), .allow_unsafe = true};
    pg = pg_new(&options);
    arena_init(&arena, 256);
}

static void teardown(void)
{
    pg_free(pg);
    arena_done(&arena);
}

/* What the array reads in PostgreSQL, as the given type. */
static const char *reads(const char *type)
{
    const struct db_stmt stmt = {"reads", type, "text", "SELECT $1::text"};
    const struct db_param param = P_BUF(&array);
    DB_RESULT r = NULL;
    enum db_status status = pg_exec_unprepared(pg, &stmt, &param, 1, &r);
    ck_assert_msg(status == DB_OK, "%s: %s", db_status_name(status), pg_error(pg));
    return db_text(r, 0, 0, &arena);
}

START_TEST(test_numbers)
{
    array = db_array_begin(&arena, DB_ARRAY_INT2, 3);
    db_array_int2(&array, INT16_MIN);
    db_array_null(&array);
    db_array_int2(&array, INT16_MAX);
    ck_assert_str_eq(reads("int2[]"), "{-32768,NULL,32767}");
    array = db_array_begin(&arena, DB_ARRAY_INT4, 2);
    db_array_int4(&array, INT32_MIN);
    db_array_int4(&array, INT32_MAX);
    ck_assert_str_eq(reads("int4[]"), "{-2147483648,2147483647}");
    array = db_array_begin(&arena, DB_ARRAY_INT8, 2);
    db_array_int8(&array, INT64_MIN);
    db_array_int8(&array, INT64_MAX);
    ck_assert_str_eq(reads("int8[]"), "{-9223372036854775808,9223372036854775807}");
    array = db_array_begin(&arena, DB_ARRAY_BOOL, 3);
    db_array_bool(&array, true);
    db_array_bool(&array, false);
    db_array_null(&array);
    ck_assert_str_eq(reads("bool[]"), "{t,f,NULL}");
}
END_TEST

START_TEST(test_texts)
{
    array = db_array_begin(&arena, DB_ARRAY_TEXT, 4);
    db_array_text(&array, "");
    db_array_text(&array, NULL);
    db_array_text(&array, "NULL");
    db_array_text(&array, "a,\"b\" \xd1\x8f");
    ck_assert_str_eq(reads("text[]"), "{\"\",NULL,\"NULL\",\"a,\\\"b\\\" \xd1\x8f\"}");
}
END_TEST

START_TEST(test_bytes)
{
    array = db_array_begin(&arena, DB_ARRAY_BYTEA, 3);
    db_array_bytea(&array, "\0\377", 2);
    db_array_bytea(&array, "", 0);
    db_array_bytea(&array, NULL, 0);
    ck_assert_str_eq(reads("bytea[]"), "{\"\\\\x00ff\",\"\\\\x\",NULL}");
}
END_TEST

START_TEST(test_uuids)
{
    struct uuid id;
    ck_assert(uuid_parse("0189d6c2-7d3c-7abc-8def-0123456789ab", 36, &id));
    array = db_array_begin(&arena, DB_ARRAY_UUID, 2);
    db_array_uuid(&array, &id);
    db_array_null(&array);
    ck_assert_str_eq(reads("uuid[]"), "{0189d6c2-7d3c-7abc-8def-0123456789ab,NULL}");
}
END_TEST

START_TEST(test_instants)
{
    array = db_array_begin(&arena, DB_ARRAY_TIMESTAMPTZ, 5);
    db_array_time(&array, 0);
    db_array_time(&array, -1);
    db_array_time(&array, INT64_C(1795269783123456));
    db_array_time(&array, INT64_MAX);
    db_array_time(&array, INT64_MIN);
    ck_assert_str_eq(reads("timestamptz[]"),
                     "{\"1970-01-01 00:00:00+00\",\"1969-12-31 23:59:59.999999+00\","
                     "\"2026-11-21 14:03:03.123456+00\",infinity,-infinity}");
}
END_TEST

START_TEST(test_json)
{
    array = db_array_begin(&arena, DB_ARRAY_JSONB, 3);
    db_array_jsonb(&array, "{\"a\":1} not this", 7);
    db_array_jsonb(&array, NULL, 0);
    db_array_jsonb(&array, "null", 4);
    ck_assert_str_eq(reads("jsonb[]"), "{\"{\\\"a\\\": 1}\",NULL,\"null\"}");
}
END_TEST

START_TEST(test_empty)
{
    for (int type = DB_ARRAY_BOOL; type <= DB_ARRAY_JSONB; type++) {
        static const char *const words[] = {"bool[]",        "int2[]",  "int4[]",
                                            "int8[]",        "text[]",  "uuid[]",
                                            "timestamptz[]", "bytea[]", "jsonb[]"};
        array = db_array_begin(&arena, type, 0);
        ck_assert_str_eq(reads(words[type]), "{}");
    }
}
END_TEST

START_TEST(test_many)
{
    enum { MANY = 100000 };
    array = db_array_begin(&arena, DB_ARRAY_INT4, MANY);
    for (int i = 0; i < MANY; i++)
        db_array_int4(&array, i);
    static const struct db_stmt sum = {"sum", "int4[]", "int8 int8",
                                       "SELECT sum(n), count(*) FROM unnest($1) n"};
    const struct db_param param = P_BUF(&array);
    DB_RESULT r = NULL;
    ck_assert_int_eq(pg_exec_unprepared(pg, &sum, &param, 1, &r), DB_OK);
    ck_assert_int_eq(db_int(r, 0, 0), INT64_C(4999950000));
    ck_assert_int_eq(db_int(r, 0, 1), MANY);
}
END_TEST

START_TEST(test_wrong_element_type_is_refused)
{
    const struct db_stmt stmt = {"wrong", "text[]", "text", "SELECT $1::text"};
    array = db_array_begin(&arena, DB_ARRAY_INT4, 1);
    db_array_int4(&array, 1);
    const struct db_param param = P_BUF(&array);
    ck_assert_int_ne(pg_exec_unprepared(pg, &stmt, &param, 1, NULL), DB_OK);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        test_numbers, test_texts,    test_bytes,
        test_uuids,   test_instants, test_json,
        test_empty,   test_many,     test_wrong_element_type_is_refused,
    };
    Suite *suite = suite_create("array");
    TCase *tcase = tcase_create("array");
    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_pg_run(suite);
}
