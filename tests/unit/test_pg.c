/* Statements, parameters and results. */
#include "npsd/base/clock.h"
#include "npsd/db/array.h"
#include "npsd/db/pg.h"
#include "support/unit_pg.h"
#include <string.h>

static const struct db_stmt round_trip = {
    "round_trip", "bool int2 int4 int8 text uuid timestamptz bytea jsonb xid8",
    "bool int2 int4 int8 text uuid timestamptz bytea jsonb xid8",
    "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10"};
static const struct db_stmt insert = {"insert", "int4 text", "int4",
                                      "INSERT INTO item VALUES ($1, $2) RETURNING id"};
static const struct db_stmt touch_all = {"touch", "", "", "UPDATE item SET name = name"};
static const struct db_stmt snapshot = {"snapshot", "", "pg_snapshot xid8",
                                        "SELECT pg_current_snapshot(), pg_current_xact_id()"};
static const struct db_stmt sees = {"sees", "xid8 pg_snapshot", "bool",
                                    "SELECT pg_visible_in_snapshot($1, $2)"};
static const struct db_stmt arrays = {"arrays", "int4[] text[]", "int4[] text[]", "SELECT $1, $2"};
static const struct db_stmt longs = {"longs", "int8[]", "int8[]", "SELECT $1"};
static const struct db_stmt length = {"length", "text jsonb", "int4 text",
                                      "SELECT length($1), $2::text"};
static const struct db_stmt *const set[] = {&round_trip, &insert, &touch_all, &snapshot, &sees,
                                            &arrays,     &longs,  &length,    NULL};
static const struct db_stmt *const *const sets[] = {set, NULL};

static struct pg_options options;
static struct pg *pg;
static struct arena arena;

static void setup(void)
{
    unit_pg_sql("DROP TABLE IF EXISTS item;"
                "CREATE TABLE item (id int4 PRIMARY KEY, name text CHECK (name <> 'bad'))");
    options = (struct pg_options){
        .url = unit_pg_url(), .sets = sets, .allow_unsafe = true, .pooled = unit_pg_is_pooled()};
    pg = pg_new(&options);
    arena_init(&arena, 1024);
}

static void teardown(void)
{
    pg_free(pg);
    arena_done(&arena);
}

/* Asserts a status and tells PostgreSQL's words if it is another. */
static void expect(enum db_status expected, enum db_status status)
{
    ck_assert_msg(status == expected, "%s instead of %s: %s %s", db_status_name(status),
                  db_status_name(expected), pg_sqlstate(pg), pg_error(pg));
}

START_TEST(test_every_type_goes_there_and_back)
{
    const struct uuid id = uuid_v7(clock_now_us());
    const char bytes[] = {0, 1, (char)255};
    DB_RESULT r = NULL;
    expect(DB_OK, PG_EXEC(pg, &round_trip, &r, P_BOOL(true), P_INT2(-2), P_INT4(-70000),
                          P_INT8(INT64_MIN), P_TEXT("na\xc3\xafve"), P_UUID(&id), P_TIME(-1),
                          P_BYTES(bytes, 3), P_TEXT("{\"a\": 1}"), P_INT8(77)));
    ck_assert_int_eq(db_rows(r), 1);
    ck_assert(db_bool(r, 0, 0));
    ck_assert_int_eq(db_int(r, 0, 1), -2);
    ck_assert_int_eq(db_int(r, 0, 2), -70000);
    ck_assert(db_int(r, 0, 3) == INT64_MIN);
    ck_assert_str_eq(db_text(r, 0, 4, &arena), "na\xc3\xafve");
    const struct uuid back = db_uuid(r, 0, 5);
    ck_assert_mem_eq(back.bytes, id.bytes, UUID_SIZE);
    ck_assert_int_eq(db_time(r, 0, 6), -1);
    size_t len;
    const char *bytea = db_bytes(r, 0, 7, &len);
    ck_assert_uint_eq(len, 3);
    ck_assert_mem_eq(bytea, bytes, 3);
    ck_assert_str_eq(db_bytes(r, 0, 8, &len), "{\"a\": 1}");
    ck_assert_uint_eq(len, 8);
    ck_assert_int_eq(db_int(r, 0, 9), 77);
}
END_TEST

START_TEST(test_null_is_null_in_every_type)
{
    DB_RESULT r = NULL;
    expect(DB_OK, PG_EXEC(pg, &round_trip, &r, P_NULL, P_NULL, P_NULL, P_NULL, P_TEXT(NULL),
                          P_BYTES(NULL, 16), P_NULL, P_NULL, P_NULL, P_NULL));
    for (int column = 0; column < 10; column++)
        ck_assert(db_is_null(r, 0, column));
    ck_assert(!db_bool(r, 0, 0));
    ck_assert_int_eq(db_int(r, 0, 3), 0);
    ck_assert_ptr_null(db_text(r, 0, 4, &arena));
    ck_assert_int_eq(db_uuid(r, 0, 5).bytes[0], 0);
    ck_assert_int_eq(db_time(r, 0, 6), 0);
    size_t len = 1;
    ck_assert_ptr_null(db_bytes(r, 0, 8, &len));
    ck_assert_uint_eq(len, 0);
}
END_TEST

START_TEST(test_instants_up_to_infinity)
{
    const int64_t instants[] = {INT64_MIN, INT64_MAX, 0, INT64_C(1795000000123456)};
    for (size_t i = 0; i < 4; i++) {
        DB_RESULT r = NULL;
        expect(DB_OK, PG_EXEC(pg, &round_trip, &r, P_NULL, P_NULL, P_NULL, P_NULL, P_NULL, P_NULL,
                              P_TIME(instants[i]), P_NULL, P_NULL, P_NULL));
        ck_assert(db_time(r, 0, 6) == instants[i]);
    }
    expect(DB_REFUSED, PG_EXEC(pg, &round_trip, NULL, P_NULL, P_NULL, P_NULL, P_NULL, P_NULL,
                               P_NULL, P_TIME(INT64_MIN + 1), P_NULL, P_NULL, P_NULL));
}
END_TEST

START_TEST(test_empty_text_is_not_null)
{
    DB_RESULT r = NULL;
    expect(DB_OK, PG_EXEC(pg, &length, &r, P_TEXT(""), P_TEXT("\"\"")));
    ck_assert(!db_is_null(r, 0, 0));
    ck_assert_int_eq(db_int(r, 0, 0), 0);
}
END_TEST

START_TEST(test_snapshots_travel_as_bytes)
{
    DB_RESULT r = NULL;
    expect(DB_OK, PG_EXEC(pg, &snapshot, &r));
    size_t len;
    const char *bytes = db_bytes(r, 0, 0, &len);
    DB_RESULT seen = NULL;
    expect(DB_OK, PG_EXEC(pg, &sees, &seen, P_INT8(db_int(r, 0, 1)), P_BYTES(bytes, len)));
    ck_assert(!db_bool(seen, 0, 0));
}
END_TEST

START_TEST(test_arrays_are_read)
{
    struct buf numbers = db_array_begin(&arena, DB_ARRAY_INT4, 2);
    db_array_int4(&numbers, -5);
    db_array_int4(&numbers, 7);
    struct buf texts = db_array_begin(&arena, DB_ARRAY_TEXT, 2);
    db_array_text(&texts, "");
    db_array_text(&texts, "two");
    DB_RESULT r = NULL;
    expect(DB_OK, PG_EXEC(pg, &arrays, &r, P_BUF(&numbers), P_BUF(&texts)));
    size_t count;
    const int32_t *n = db_int4_array(r, 0, 0, &arena, &count);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(n[0], -5);
    ck_assert_int_eq(n[1], 7);
    const char *const *t = db_text_array(r, 0, 1, &arena, &count);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(t[0], "");
    ck_assert_str_eq(t[1], "two");
}
END_TEST

START_TEST(test_arrays_of_a_known_length)
{
    int64_t values[3];
    struct buf numbers = db_array_begin(&arena, DB_ARRAY_INT8, 3);
    db_array_int8(&numbers, INT64_MIN);
    db_array_null(&numbers);
    db_array_int8(&numbers, INT64_MAX);
    DB_RESULT r = NULL;
    DB_RESULT none = NULL;
    expect(DB_OK, PG_EXEC(pg, &longs, &r, P_BUF(&numbers)));
    db_int8s(r, 0, 0, values, 3);
    ck_assert_int_eq(values[0], INT64_MIN);
    ck_assert_int_eq(values[1], 0);
    ck_assert_int_eq(values[2], INT64_MAX);
    expect(DB_OK, PG_EXEC(pg, &longs, &none, P_NULL));
    db_int8s(none, 0, 0, values, 3);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(values[i], 0);
}
END_TEST

START_TEST(test_empty_and_null_arrays)
{
    struct buf none = db_array_begin(&arena, DB_ARRAY_INT4, 0);
    DB_RESULT r = NULL;
    expect(DB_OK, PG_EXEC(pg, &arrays, &r, P_BUF(&none), P_NULL));
    size_t count = 9;
    ck_assert_ptr_nonnull(db_int4_array(r, 0, 0, &arena, &count));
    ck_assert_uint_eq(count, 0);
    count = 9;
    ck_assert_ptr_null(db_text_array(r, 0, 1, &arena, &count));
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(test_rows_are_counted)
{
    for (int i = 0; i < 3; i++)
        expect(DB_OK, PG_EXEC(pg, &insert, NULL, P_INT4(i), P_TEXT("x")));
    DB_RESULT r = NULL;
    expect(DB_OK, PG_EXEC(pg, &touch_all, &r));
    ck_assert_int_eq(db_affected(r), 3);
    ck_assert_int_eq(db_rows(r), 0);
}
END_TEST

START_TEST(test_errors_have_a_status)
{
    expect(DB_OK, PG_EXEC(pg, &insert, NULL, P_INT4(1), P_TEXT("x")));
    struct db_result *untouched = NULL;
    expect(DB_CONFLICT, PG_EXEC(pg, &insert, &untouched, P_INT4(1), P_TEXT("x")));
    ck_assert_ptr_null(untouched);
    ck_assert_str_eq(pg_sqlstate(pg), "23505");
    ck_assert_ptr_nonnull(strstr(pg_error(pg), "item_pkey"));
    expect(DB_REFUSED, PG_EXEC(pg, &insert, NULL, P_INT4(2), P_TEXT("bad")));
    expect(DB_REFUSED, PG_EXEC(pg, &insert, NULL, P_NULL, P_TEXT("x")));
    expect(DB_REFUSED, PG_EXEC(pg, &insert, NULL, P_INT4(3), P_TEXT("\xff")));
    expect(DB_SCHEMA, pg_command(pg, "SELECT nothing FROM nowhere"));
    ck_assert(pg_is_connected(pg));
}
END_TEST

START_TEST(test_parameters_that_were_not_declared)
{
    const struct uuid id = {{0}};
    expect(DB_SCHEMA, PG_EXEC(pg, &insert, NULL, P_INT4(1)));
    expect(DB_SCHEMA, PG_EXEC(pg, &insert, NULL, P_INT8(1), P_TEXT("x")));
    expect(DB_SCHEMA, PG_EXEC(pg, &insert, NULL, P_TEXT("1"), P_TEXT("x")));
    expect(DB_SCHEMA, PG_EXEC(pg, &round_trip, NULL, P_NULL, P_NULL, P_NULL, P_NULL, P_NULL,
                              P_BYTES(id.bytes, 15), P_NULL, P_NULL, P_NULL, P_NULL));
    ck_assert_ptr_nonnull(strstr(pg_error(pg), "parameter 6"));
    expect(DB_REFUSED, PG_EXEC(pg, &insert, NULL, P_INT4(1), P_BYTES("", (size_t)1 << 31)));
}
END_TEST

START_TEST(test_unprepared_statements)
{
    static const struct db_stmt once = {"once", "int4", "int8", "SELECT $1::int8 * 2"};
    DB_RESULT r = NULL;
    expect(DB_OK, pg_exec_unprepared(pg, &once, (const struct db_param[]){P_INT4(21)}, 1, &r));
    ck_assert_int_eq(db_int(r, 0, 0), 42);
}
END_TEST

START_TEST(test_commands_of_several_statements)
{
    expect(DB_OK, pg_command(pg, "INSERT INTO item VALUES (1); INSERT INTO item VALUES (2)"));
    ck_assert_int_eq(unit_pg_number("SELECT count(*) FROM item"), 2);
    expect(DB_CONFLICT, pg_command(pg, "INSERT INTO item VALUES (3); INSERT INTO item VALUES (1)"));
    ck_assert_int_eq(unit_pg_number("SELECT count(*) FROM item"), 2);
    expect(DB_OK, pg_command(pg, ""));
}
END_TEST

START_TEST(test_copy_does_not_hang)
{
    expect(DB_SCHEMA, pg_command(pg, "COPY item TO STDOUT"));
    expect(DB_SCHEMA, pg_command(pg, "COPY item FROM STDIN"));
    expect(DB_OK, pg_command(pg, "SELECT 1"));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        test_every_type_goes_there_and_back,
        test_null_is_null_in_every_type,
        test_instants_up_to_infinity,
        test_empty_text_is_not_null,
        test_snapshots_travel_as_bytes,
        test_arrays_are_read,
        test_arrays_of_a_known_length,
        test_empty_and_null_arrays,
        test_rows_are_counted,
        test_errors_have_a_status,
        test_parameters_that_were_not_declared,
        test_unprepared_statements,
        test_commands_of_several_statements,
        test_copy_does_not_hang,
    };
    return unit_pg_run_twice("pg", setup, teardown, tests, sizeof(tests) / sizeof(*tests));
}
