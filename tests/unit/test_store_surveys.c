#include "npsd/base/buf.h"
#include "npsd/base/clock.h"
#include "npsd/store/audit.h"
#include "npsd/store/surveys.h"
#include "suite.h"
#include "support/unit_database.h"
#include <string.h>

static const struct db_stmt *const *const sets[] = {surveys_statements, audit_statements, NULL};

static struct pg *pg;
static struct arena arena;

static void setup(void)
{
    unit_pg_sql(
        "truncate survey, question, response, response_history, facet_value, journal,"
        " tally_state, tally_quarter, tally_hour, tally_six_hours, tally_day, tally_month, tally_year, audit");
    pg = unit_database_connect(sets);
    arena_init(&arena, 4096);
}

static void teardown(void)
{
    arena_done(&arena);
    pg_free(pg);
}

static struct question_record questions[] = {
    {.n = 1, .position = 1, .id = "recommend", .definition = "{\"type\": \"nps\"}"},
    {.n = 3, .position = 2, .id = "why", .definition = "{\"b\": 1, \"a\": \"\\u0416\"}"},
    {.n = 2, .position = 0, .id = "old", .definition = "{}"},
};

static struct survey_record sample(const char *slug)
{
    return (struct survey_record){
        .slug = slug,
        .title = "{\"ru\": \"\xd0\x96\", \"en\": \"Visit\"}",
        .time_zone = "Europe/Moscow",
        .access = "link",
        .open = false,
        .badge_public = true,
        .suspects = "exclude",
        .min_responses = 7,
        .edit_minutes = 0,
        .keep_text_days = 90,
        .facets = {{"branch", true}, {"product", false}},
        .facet_count = 2,
        .questions = questions,
        .question_count = COUNT_OF(questions),
    };
}

static int32_t add(const struct survey_record *record)
{
    int32_t id = 0;
    ck_assert_int_eq(surveys_insert(pg, record, &id), DB_OK);
    ck_assert_int_gt(id, 0);
    return id;
}

static void assert_question(const struct question_record *is, const struct question_record *want)
{
    ck_assert_int_eq(is->n, want->n);
    ck_assert_int_eq(is->position, want->position);
    ck_assert_str_eq(is->id, want->id);
    ck_assert_str_eq(is->definition, want->definition);
}

/* The questions come by n. */
static void assert_sample(const struct survey_record *is, int32_t id, const char *slug)
{
    const struct survey_record want = sample(slug);

    ck_assert_int_eq(is->id, id);
    ck_assert_str_eq(is->slug, slug);
    ck_assert_str_eq(is->title, want.title);
    ck_assert_str_eq(is->time_zone, want.time_zone);
    ck_assert_str_eq(is->access, want.access);
    ck_assert(!is->open && is->badge_public);
    ck_assert_str_eq(is->suspects, "exclude");
    ck_assert_int_eq(is->min_responses, 7);
    ck_assert_int_eq(is->edit_minutes, 0);
    ck_assert_int_eq(is->keep_text_days, 90);
    ck_assert_uint_eq(is->facet_count, 2);
    ck_assert_str_eq(is->facets[0].name, "branch");
    ck_assert_str_eq(is->facets[1].name, "product");
    ck_assert(is->facets[0].active && !is->facets[1].active);
    ck_assert_int_lt(llabs(clock_now_us() - is->created_us), CLOCK_DAY_US);
    ck_assert_int_eq(is->created_us, is->updated_us);
    ck_assert_uint_eq(is->question_count, 3);
    assert_question(&is->questions[0], &questions[0]);
    assert_question(&is->questions[1], &questions[2]);
    assert_question(&is->questions[2], &questions[1]);
}

START_TEST(nothing_there)
{
    struct survey_record *records = NULL;
    size_t count = 99;
    ck_assert_int_eq(surveys_read_all(pg, &arena, &records, &count), DB_OK);
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(inserted_is_read_back)
{
    struct survey_record first = sample("one"), second = sample("two"), bare = sample("bare");
    struct survey_record *records = NULL;
    size_t count = 0;
    bare.facet_count = bare.question_count = 0;
    bare.keep_text_days = 0;
    int32_t first_id = add(&first), bare_id = add(&bare), second_id = add(&second);

    ck_assert_int_eq(surveys_read_all(pg, &arena, &records, &count), DB_OK);
    ck_assert_uint_eq(count, 3);
    assert_sample(&records[0], first_id, "one");
    ck_assert_int_eq(records[1].id, bare_id);
    ck_assert_uint_eq(records[1].question_count, 0);
    ck_assert_uint_eq(records[1].facet_count, 0);
    ck_assert_int_eq(records[1].keep_text_days, 0);
    assert_sample(&records[2], second_id, "two");
    ck_assert_int_eq(unit_pg_number("select count(*) from tally_state"), 3);
    ck_assert_int_eq(unit_pg_number("select count(*) from survey where keep_text_days is null"), 1);
    ck_assert_int_eq(unit_pg_number("select count(*) from question where position is null"), 2);
}
END_TEST

static enum db_status insert_twice(struct pg *conn, void *context)
{
    int32_t id = 0;
    enum db_status status = surveys_insert(conn, context, &id);
    return status == DB_OK ? surveys_insert(conn, context, &id) : status;
}

START_TEST(taken_slug_conflicts_and_leaves_nothing)
{
    struct survey_record record = sample("same");
    int32_t id = -1;
    add(&record);
    ck_assert_int_eq(surveys_insert(pg, &record, &id), DB_CONFLICT);
    ck_assert_int_eq(id, -1);
    record.slug = "other";
    ck_assert_int_eq(pg_transaction(pg, "test", DB_READ_COMMITTED, insert_twice, &record),
                     DB_CONFLICT);
    ck_assert_int_eq(unit_pg_number("select count(*) from survey"), 1);
    ck_assert_int_eq(unit_pg_number("select count(*) from tally_state"), 1);
}
END_TEST

START_TEST(database_refuses_what_is_no_survey)
{
    struct survey_record record = sample("Capital");
    int32_t id;
    ck_assert_int_eq(surveys_insert(pg, &record, &id), DB_REFUSED);
    record = sample("title");
    record.title = "no json";
    ck_assert_int_eq(surveys_insert(pg, &record, &id), DB_REFUSED);
    record = sample("access");
    record.access = "all";
    ck_assert_int_eq(surveys_insert(pg, &record, &id), DB_REFUSED);
    record = sample("suspects");
    record.suspects = "drop";
    ck_assert_int_eq(surveys_insert(pg, &record, &id), DB_REFUSED);
    ck_assert_int_eq(unit_pg_number("select count(*) from survey"), 0);
}
END_TEST

START_TEST(lock_reads_one)
{
    struct survey_record first = sample("one"), second = sample("two"), found = {.id = -1};
    bool is_there = true;
    add(&first);
    int32_t id = add(&second);

    ck_assert_int_eq(surveys_lock(pg, &arena, "three", &is_there, &found), DB_OK);
    ck_assert(!is_there);
    ck_assert_int_eq(found.id, -1);
    ck_assert_int_eq(surveys_lock(pg, &arena, "two", &is_there, &found), DB_OK);
    ck_assert(is_there);
    assert_sample(&found, id, "two");
}
END_TEST

static enum db_status lock_both_ways(struct pg *conn, void *context)
{
    struct survey_record record;
    bool found;
    struct pg *other = context;
    enum db_status status = surveys_lock(conn, &arena, "one", &found, &record);
    if (status == DB_OK && found)
        ck_assert_int_eq(surveys_lock(other, &arena, "one", &found, &record), DB_RETRY);
    return status;
}

START_TEST(lock_excludes_others)
{
    struct survey_record record = sample("one");
    struct pg *other = unit_database_connect(sets);
    add(&record);
    ck_assert_int_eq(pg_transaction(pg, "test", DB_READ_COMMITTED, lock_both_ways, other), DB_OK);
    pg_free(other);
}
END_TEST

START_TEST(update_replaces_by_number)
{
    struct survey_record record = sample("one"), found;
    struct question_record changed[] = {
        {.n = 1, .position = 2, .id = "recommend", .definition = "{\"new\": true}"},
        {.n = 3, .position = 0, .id = "why", .definition = "{}"},
        {.n = 4, .position = 1, .id = "more", .definition = "[]"},
    };
    bool is_there;
    record.id = add(&record);
    unit_pg_sql("update survey set created_at = created_at - interval '1 day',"
                " updated_at = updated_at - interval '1 day'");

    record.title = "{\"en\": \"Other\"}";
    record.time_zone = "UTC";
    record.access = "key";
    record.open = true;
    record.badge_public = false;
    record.suspects = "count";
    record.min_responses = 1;
    record.edit_minutes = 5;
    record.keep_text_days = 0;
    record.facets[2] = (struct survey_facet){"agent_team", true};
    record.facet_count = 3;
    record.questions = changed;
    record.question_count = COUNT_OF(changed);
    ck_assert_int_eq(surveys_update(pg, &record), DB_OK);

    ck_assert_int_eq(surveys_lock(pg, &arena, "one", &is_there, &found), DB_OK);
    ck_assert_str_eq(found.title, record.title);
    ck_assert_str_eq(found.time_zone, "UTC");
    ck_assert_str_eq(found.access, "key");
    ck_assert(found.open && !found.badge_public);
    ck_assert_str_eq(found.suspects, "count");
    ck_assert_int_eq(found.min_responses, 1);
    ck_assert_int_eq(found.edit_minutes, 5);
    ck_assert_int_eq(found.keep_text_days, 0);
    ck_assert_uint_eq(found.facet_count, 3);
    ck_assert_str_eq(found.facets[2].name, "agent_team");
    ck_assert_int_gt(found.updated_us, found.created_us);
    ck_assert_uint_eq(found.question_count, 4);
    assert_question(&found.questions[0], &changed[0]);
    assert_question(&found.questions[1], &questions[2]);
    assert_question(&found.questions[2], &changed[1]);
    assert_question(&found.questions[3], &changed[2]);
}
END_TEST

static void add_responses(int32_t survey, int count)
{
    unit_pg_sql("insert into response (survey_id, score, channel, answered_at, received_at, id,"
                " body_hash) select %d, 9, 0, now(), now(), gen_random_uuid(), '\\x00'"
                " from generate_series(1, %d)",
                survey, count);
}

START_TEST(responses_are_noticed)
{
    struct survey_record first = sample("one"), second = sample("two");
    int32_t id = add(&first), other = add(&second);
    bool has = true;

    add_responses(other, 1);
    ck_assert_int_eq(surveys_has_responses(pg, id, &has), DB_OK);
    ck_assert(!has);
    add_responses(id, 1);
    ck_assert_int_eq(surveys_has_responses(pg, id, &has), DB_OK);
    ck_assert(has);
    unit_pg_sql("update response set excluded = true");
    ck_assert_int_eq(surveys_has_responses(pg, id, &has), DB_OK);
    ck_assert(has);
    unit_pg_sql("update response set erased = true");
    ck_assert_int_eq(surveys_has_responses(pg, id, &has), DB_OK);
    ck_assert(!has);
}
END_TEST

static const struct survey_question asked[] = {
    {.id = "score", .n = 1, .type = QUESTION_NPS},
    {.id = "why", .n = 2, .type = QUESTION_TEXT},
    {.id = "speed", .n = 3, .type = QUESTION_SCALE},
    {.id = "likes", .n = 4, .type = QUESTION_CHOICES},
    {.id = "again", .n = 5, .type = QUESTION_YES_NO},
};

/* A survey with these questions; *ret_survey is what surveys_answered takes. */
static void add_asking(const char *slug, struct survey *ret_survey)
{
    struct survey_record record = sample(slug);
    struct question_record records[COUNT_OF(asked)];

    for (size_t i = 0; i < COUNT_OF(asked); i++)
        records[i] = (struct question_record){
            .n = asked[i].n,
            .position = asked[i].n == 5 ? 0 : asked[i].n,
            .id = asked[i].id,
            .definition =
                arena_printf(&arena, "{\"type\":\"%s\"}", question_type_name(asked[i].type)),
        };
    record.questions = records;
    record.question_count = COUNT_OF(records);
    *ret_survey =
        (struct survey){.id = add(&record), .questions = asked, .question_count = COUNT_OF(asked)};
}

/* "score,likes" */
static const char *answered(const struct survey *survey)
{
    bool found[COUNT_OF(asked)] = {true, true, true, true, true};
    struct buf buf = buf_make(&arena, 32);

    ck_assert_int_eq(surveys_answered(pg, survey, found), DB_OK);
    for (size_t i = 0; i < COUNT_OF(asked); i++)
        if (found[i])
            buf_printf(&buf, "%s%s", buf.len > 0 ? "," : "", asked[i].id);
    return buf.data;
}

START_TEST(answered_questions_are_found)
{
    struct survey survey, other;
    add_asking("one", &survey);
    add_asking("two", &other);

    ck_assert_str_eq(answered(&survey), "");
    add_responses(survey.id, 1);
    ck_assert_str_eq(answered(&survey), "score");
    unit_pg_sql("update response set answers = '{\"why\": \"Slow\"}'");
    ck_assert_str_eq(answered(&survey), "score,why");
    /* in the journal, not yet folded; then in the tallies */
    unit_pg_sql(
        "insert into journal (survey_id, slot, cuts, scores, weights)"
        " values (%d, 1, array[0, 1::int8 << 32, 13::int8 << 32 | 4], '{9,9,9}', '{1,1,1}')",
        survey.id);
    ck_assert_str_eq(answered(&survey), "score,why,speed");
    unit_pg_sql("update tally_state set low = '99999999'");
    ck_assert_str_eq(answered(&survey), "score,why");
    unit_pg_sql("insert into tally_month values (%d, 14, 2, 600, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0)",
                survey.id);
    ck_assert_str_eq(answered(&survey), "score,why,likes");
    unit_pg_sql("update tally_month set n9 = 0");
    ck_assert_str_eq(answered(&survey), "score,why");
    /* a retired question, of an answer that is excluded */
    unit_pg_sql(
        "update response set excluded = true, updated_at = now(), answers = '{\"again\": true}'");
    ck_assert_str_eq(answered(&survey), "score,again");
    /* set aside when it came, so that it was never counted nor changed */
    unit_pg_sql("update response set updated_at = null");
    ck_assert_str_eq(answered(&survey), "score");
    unit_pg_sql("update response set suspect = 1");
    ck_assert_str_eq(answered(&survey), "score,again");
    unit_pg_sql("update response set erased = true, answers = null");
    ck_assert_str_eq(answered(&survey), "");
    ck_assert_str_eq(answered(&other), "");
}
END_TEST

static void fill_tables(int32_t survey)
{
    static const char *const tallies[] = {"tally_quarter", "tally_hour",  "tally_six_hours",
                                          "tally_day",     "tally_month", "tally_year"};
    add_responses(survey, 41000); /* three pieces */
    /* Of days and six hours two pieces. */
    for (size_t i = 0; i < COUNT_OF(tallies); i++)
        unit_pg_sql("insert into %s select %d, facet, value, slot, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1"
                    " from generate_series(0, 11) facet, generate_series(0, %d) value,"
                    " generate_series(-50, 50) slot",
                    tallies[i], survey, i == 2 || i == 3 ? 84 : 1);
    unit_pg_sql("insert into facet_value values (%d, 2, 1, 'Olga')", survey);
    unit_pg_sql("insert into journal (survey_id, slot, cuts, scores, weights)"
                " values (%d, 1, '{0}', '{9}', '{1}')",
                survey);
    unit_pg_sql("insert into response_history (survey_id, id, version, changed_at, changed_by,"
                " score, channel, answered_at, excluded)"
                " values (%d, gen_random_uuid(), 1, now(), 'me', 1, 1, now(), false)",
                survey);
    unit_pg_sql("insert into display values (%d, 1, 2, 3, 0)", survey);
}

static enum db_status delete_it(struct pg *conn, void *context)
{
    return surveys_delete(conn, *(int32_t *)context, "key 3 Olga", NULL);
}

START_TEST(delete_takes_all_that_belongs_to_it)
{
    static const char *const tables[] = {
        "question",    "response",      "response_history", "facet_value",     "journal",
        "tally_state", "tally_quarter", "tally_hour",       "tally_six_hours", "tally_day",
        "tally_month", "tally_year",    "display"};
    struct survey_record first = sample("one"), second = sample("two");
    int32_t id = add(&first), other = add(&second);

    fill_tables(id);
    fill_tables(other);
    ck_assert_int_eq(pg_transaction(pg, "test", DB_READ_COMMITTED, delete_it, &id), DB_OK);
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        ck_assert_msg(
            unit_pg_number("select count(*) from %s where survey_id = %d", tables[i], id) == 0,
            "%s", tables[i]);
        ck_assert_msg(
            unit_pg_number("select count(*) from %s where survey_id = %d", tables[i], other) > 0,
            "%s", tables[i]);
    }
    ck_assert_int_eq(unit_pg_number("select count(*) from response"), 41000);
    ck_assert_int_eq(unit_pg_number("select count(*) from survey where id = %d", other), 1);
    ck_assert_int_eq(unit_pg_number("select count(*) from survey"), 1);
    ck_assert_str_eq(unit_pg_value("select concat_ws('|', actor, subject, detail) from audit"
                                   " where action = 'survey.delete' and survey_id = %d",
                                   id),
                     "key 3 Olga|one");
}
END_TEST

START_TEST(time_zones)
{
    static const struct {
        const char *name;
        bool exists;
    } zones[] = {
        {"UTC", true},
        {"Europe/Moscow", true},
        {"Asia/Kathmandu", true},
        {"europe/moscow", false},
        {"Europe/Nowhere", false},
        {"", false},
        {"posix/UTC", false},
        {"right/UTC", false},
        {"localtime", false},
        {"Foo+3", false},
        {"MSK", false},
        {"' or true --", false},
    };
    for (size_t i = 0; i < COUNT_OF(zones); i++) {
        bool exists = !zones[i].exists;
        ck_assert_int_eq(surveys_time_zone_exists(pg, zones[i].name, &exists), DB_OK);
        ck_assert_msg(exists == zones[i].exists, "%s", zones[i].name);
    }
}
END_TEST

START_TEST(audit_is_written)
{
    ck_assert_int_eq(audit_add(pg, "key 3 Olga", "survey.create", 7, "one", "more"), DB_OK);
    ck_assert_int_eq(audit_add(pg, "command line", "key.revoke", 0, NULL, NULL), DB_OK);
    ck_assert_str_eq(unit_pg_value("select concat_ws('|', actor, action, survey_id, subject,"
                                   " detail) from audit order by id limit 1"),
                     "key 3 Olga|survey.create|7|one|more");
    ck_assert_int_eq(unit_pg_number("select count(*) from audit where survey_id is null"
                                    " and subject is null and detail is null"),
                     1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {nothing_there,
                                  inserted_is_read_back,
                                  taken_slug_conflicts_and_leaves_nothing,
                                  database_refuses_what_is_no_survey,
                                  lock_reads_one,
                                  lock_excludes_others,
                                  update_replaces_by_number,
                                  responses_are_noticed,
                                  answered_questions_are_found,
                                  delete_takes_all_that_belongs_to_it,
                                  time_zones,
                                  audit_is_written};
    Suite *suite = suite_create("store_surveys");
    TCase *tcase = tcase_create("store_surveys");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 20);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
