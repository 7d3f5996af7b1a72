/* Rows and journal entries as they are written, and what the careful way says it met. */
#include "npsd/store/answers.h"

#include "npsd/base/clock.h"
#include "suite.h"
#include "support/unit_cuts.h"
#include "support/unit_ingest.h"

#include <stdio.h>
#include <string.h>

static struct answer_row row_of_march(void)
{
    return ingest_item()->row;
}

/* Sorted, as they must be. */
static const struct answer_row **batch_of(struct answer_row *rows, size_t count)
{
    const struct answer_row **batch = arena_alloc(unit_folds_arena(), count * sizeof *batch);
    for (size_t i = 0; i < count; i++)
        batch[i] = &rows[i];
    unit_cuts_sort(batch, count);
    return batch;
}

static enum db_status append_rows(struct answer_row *rows, size_t count)
{
    return answers_append(unit_folds_pg(), unit_folds_arena(), batch_of(rows, count), count, NULL);
}

static enum db_status carefully(const struct answer_row *const *batch, size_t count,
                                struct answer_found *found)
{
    return answers_append_carefully(unit_folds_pg(), unit_folds_arena(), batch, count, found);
}

static void expect_text(const char *sql, const char *expected)
{
    ck_assert_str_eq(unit_pg_value("select (%s)::text from response where survey_id = s()", sql),
                     expected);
}

static void expect_null(const char *columns)
{
    ck_assert_int_eq(
        unit_pg_number("select num_nonnulls(%s) from response where survey_id = s()", columns), 0);
}

static struct answer_row full_row(void)
{
    static const int64_t cuts[] = {(INT64_C(13) << 32) | 2};
    struct answer_row row = {
        .survey_id = unit_folds_survey(),
        .id = uuid_derive("s", "full"),
        .answered_us = -1,
        .received_us = INT64_C(253402300799999999),
        .score = 10,
        .channel = CHANNEL_PHONE,
        .agent = INT32_MAX,
        .facets = {0, 2, 3, 4, 5, 6, 7, 8},
        .external_id = "\"{,}\\ 'x'",
        .language = "",
        .respondent = "\xd0\x96",
        .answers = "{\"why\": \"\\\"quoted\\\" \\u2028 \xf0\x9f\x98\x80\"}",
        .properties = "{\"branch\": \"\"}",
        .question_cuts = cuts,
        .question_cut_count = 1,
    };
    memset(row.hash, 0xA5, sizeof row.hash);
    row.hash[3] = 0;
    row.answers_len = strlen(row.answers);
    row.properties_len = strlen(row.properties);
    return row;
}

START_TEST(every_column_is_written_as_given)
{
    struct answer_row row = full_row(), *rows = &row;
    struct answer_found found;
    char id[UUID_TEXT_SIZE];
    if (_i == 0)
        ck_assert_int_eq(append_rows(rows, 1), DB_OK);
    else
        ck_assert_int_eq(carefully(batch_of(rows, 1), 1, &found), DB_OK);
    expect_text("id", uuid_format(&row.id, id));
    expect_text("answered_at at time zone 'UTC'", "1969-12-31 23:59:59.999999");
    expect_text("received_at at time zone 'UTC'", "9999-12-31 23:59:59.999999");
    expect_text("array[score, channel, agent, f1, f2, f3, f4, f5, f6, f7, f8]",
                "{10,4,2147483647,0,2,3,4,5,6,7,8}");
    expect_text("encode(body_hash, 'hex')", "a5a5a500a5a5a5a5a5a5a5a5a5a5a5a5");
    expect_text("external_id", "\"{,}\\ 'x'");
    expect_text("language", "");
    expect_text("respondent", "\xd0\x96");
    expect_text("answers ->> 'why'", "\"quoted\" \xe2\x80\xa8 \xf0\x9f\x98\x80");
    expect_text("properties", "{\"branch\": \"\"}");
    expect_text("excluded or erased", "false");
    expect_null("updated_at, exclusion_reason");
    ck_assert_str_eq(unit_pg_value("select slot || ' ' || score || ' ' || weight || ' ' ||"
                                   " string_agg((cut >> 32) || ':' || (cut & 4294967295), ' '"
                                   "  order by cut) from journal_cell where survey_id = s()"
                                   " group by slot, score, weight"),
                     "-1 10 1 0:0 1:4 2:2147483647 3:0 4:2 5:3 6:4 7:5 8:6 9:7 10:8 13:2");
}
END_TEST

START_TEST(what_is_not_given_is_null)
{
    struct answer_row row = full_row();
    struct answer_found found;
    row.agent = ANSWER_UNSET;
    for (size_t slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        row.facets[slot] = ANSWER_UNSET;
    row.external_id = row.language = row.respondent = row.answers = row.properties = NULL;
    row.answers_len = row.properties_len = row.question_cut_count = 0;
    if (_i == 0)
        ck_assert_int_eq(append_rows(&row, 1), DB_OK);
    else
        ck_assert_int_eq(carefully(batch_of(&row, 1), 1, &found), DB_OK);
    expect_null("agent, f1, f2, f3, f4, f5, f6, f7, f8, external_id, language, respondent,"
                " answers, properties");
    ck_assert(ingest_is_counted());
}
END_TEST

/* Its answer was sent without a key; our own second try still finds it the same. */
START_TEST(no_hash_is_stored_as_none)
{
    struct answer_row row = full_row();
    struct answer_found found;
    memset(row.hash, 0, sizeof row.hash);
    ck_assert_int_eq(append_rows(&row, 1), DB_OK);
    expect_text("length(body_hash)", "0");
    ck_assert_int_eq(carefully(batch_of(&row, 1), 1, &found), DB_OK);
    ck_assert_int_eq(found.outcome, ANSWER_REPLAYED);
    ck_assert_mem_eq(found.hash, row.hash, sizeof row.hash);
    row.hash[15] = 1;
    ck_assert_int_eq(carefully(batch_of(&row, 1), 1, &found), DB_OK);
    ck_assert_int_eq(found.outcome, ANSWER_REUSED);
}
END_TEST

/* Columns that only some rows of a batch have. */
START_TEST(sparse_columns)
{
    enum { COUNT = 64 };
    struct answer_row rows[COUNT];
    struct answer_found found[COUNT];
    for (int i = 0; i < COUNT; i++) {
        rows[i] = row_of_march();
        rows[i].respondent = i % 7 ? NULL : arena_printf(unit_folds_arena(), "r%d", i);
        rows[i].external_id = i % 5 ? NULL : rows[i].respondent;
        rows[i].facets[7] = i == COUNT - 1 ? 9 : ANSWER_UNSET;
        rows[i].received_us = i;
    }
    ck_assert_int_eq(
        _i == 0 ? append_rows(rows, COUNT) : carefully(batch_of(rows, COUNT), COUNT, found), DB_OK);
    ck_assert_int_eq(number_of("select count(*) from response r where survey_id = s() and"
                               " respondent = 'r' || extract(epoch from received_at) * 1000000"),
                     0);
    ck_assert_int_eq(
        number_of("select count(*) from response where survey_id = s() and respondent ="
                  " 'r' || (extract(epoch from received_at) * 1000000)::int"),
        10);
    ck_assert_int_eq(number_of("select count(external_id) from response where survey_id = s()"), 2);
    ck_assert_int_eq(number_of("select count(f8) from response where survey_id = s() and f8 = 9"),
                     1);
    ck_assert(ingest_is_counted());
}
END_TEST

START_TEST(a_conflict_writes_nothing)
{
    struct answer_row rows[3] = {row_of_march(), row_of_march(), row_of_march()};
    ck_assert_int_eq(append_rows(&rows[1], 1), DB_OK);
    ck_assert_int_eq(append_rows(rows, 3), DB_CONFLICT);
    ck_assert_int_eq(ingest_rows(), 1);
    ck_assert(ingest_is_counted());
}
END_TEST

START_TEST(a_refused_row_writes_nothing)
{
    struct answer_row rows[2] = {row_of_march(), row_of_march()};
    rows[1].score = -1;
    ck_assert_int_eq(append_rows(rows, 2), DB_REFUSED);
    rows[1] = row_of_march();
    rows[1].answered_us = INT64_MIN + 1; /* earlier than PostgreSQL can say */
    ck_assert_int_eq(append_rows(rows, 2), DB_REFUSED);
    ck_assert_int_eq(ingest_rows(), 0);
    ck_assert(ingest_is_counted());
}
END_TEST

START_TEST(the_careful_way_says_what_it_met)
{
    struct answer_row rows[5];
    struct answer_found found[5];
    for (size_t i = 0; i < 5; i++)
        rows[i] = row_of_march();
    const struct answer_row **batch = batch_of(rows, 5), *sorted[5];
    ck_assert_int_eq(answers_append(unit_folds_pg(), unit_folds_arena(), batch + 1, 3, NULL),
                     DB_OK);
    struct answer_row again[5];
    for (size_t i = 0; i < 5; i++) {
        again[i] = *batch[i];
        again[i].received_us += 5;
        sorted[i] = &again[i];
    }
    again[2].hash[15] ^= 1;
    char id[UUID_TEXT_SIZE];
    unit_pg_sql("update response set erased = true, excluded = true where id = '%s'",
                uuid_format(&again[3].id, id));
    ck_assert_int_eq(carefully(sorted, 5, found), DB_OK);
    static const enum answer_outcome expected[] = {ANSWER_CREATED, ANSWER_REPLAYED, ANSWER_REUSED,
                                                   ANSWER_ERASED, ANSWER_CREATED};
    for (size_t i = 0; i < 5; i++) {
        bool created = expected[i] == ANSWER_CREATED;
        ck_assert_int_eq(found[i].outcome, expected[i]);
        ck_assert_int_eq(found[i].received_us, again[i].received_us - (created ? 0 : 5));
    }
    ck_assert_int_eq(ingest_rows(), 5);
    ck_assert_int_eq(
        number_of("select sum(weight) from journal_cell where survey_id = s() and cut = 0"), 5);
    ck_assert_int_eq(carefully(sorted, 5, found), DB_OK); /* harmless to repeat */
    ck_assert_int_eq(found[0].outcome, ANSWER_REPLAYED);
    ck_assert_int_eq(
        number_of("select sum(weight) from journal_cell where survey_id = s() and cut = 0"), 5);
}
END_TEST

/* The same id in two surveys names two answers. */
START_TEST(ids_are_of_a_survey)
{
    struct answer_row rows[2] = {row_of_march(), row_of_march()};
    struct answer_found found[2];
    rows[1].id = rows[0].id;
    rows[1].survey_id = unit_cuts_survey(_i ? "other1" : "other0");
    ck_assert_int_eq(append_rows(rows, 1), DB_OK);
    rows[0].hash[0] ^= 1;
    ck_assert_int_eq(carefully(batch_of(rows, 2), 2, found), DB_OK);
    ck_assert_int_eq(found[0].outcome, ANSWER_REUSED);
    ck_assert_int_eq(found[1].outcome, ANSWER_CREATED);
    ck_assert_int_eq(
        unit_pg_number("select sum(weight) from journal_cell where survey_id = %d and cut = 0",
                       rows[1].survey_id),
        1);
}
END_TEST

START_TEST(answers_of_a_quarter_hour_share_a_journal_row)
{
    enum { COUNT = 100 };
    struct answer_row rows[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        struct answer_row alike = full_row();
        alike.id = uuid_v7(clock_now_us());
        alike.answered_us = 899999999 - (int64_t)i; /* one quarter hour */
        rows[i] = alike;
    }
    rows[7].score = 9;
    rows[8].channel = CHANNEL_WEB;
    rows[9].facets[3] = ANSWER_UNSET;
    rows[10].question_cut_count = 0;
    rows[11].answered_us = 900000000;
    ck_assert_int_eq(append_rows(rows, COUNT), DB_OK);
    ck_assert_int_eq(journal_rows(), 2);
    ck_assert_int_eq(number_of("select max(weight) from journal_cell where survey_id = s()"), 98);
    ck_assert_int_eq(
        number_of("select sum(weight) from journal_cell where survey_id = s() and cut = 0"), 100);
}
END_TEST

/* Marked answers among others: every row is written, what is set aside is excluded and counts
 * nowhere. */
START_TEST(what_is_set_aside_does_not_count)
{
    struct answer_row rows[5];
    struct answer_found found[5];
    for (int i = 0; i < 5; i++) {
        rows[i] = row_of_march();
        rows[i].score = i;
    }
    rows[1].suspect = SUSPECT_HONEYPOT | SUSPECT_TOO_FAST;
    rows[1].set_aside = true;
    rows[2].suspect = SUSPECT_STALE_PAGE;
    rows[4].suspect = SUSPECT_TOO_FAST;
    rows[4].set_aside = true;
    ck_assert_int_eq(_i == 0 ? append_rows(rows, 5) : carefully(batch_of(rows, 5), 5, found),
                     DB_OK);
    ck_assert_str_eq(
        unit_pg_value("select string_agg(concat_ws(' ', score, suspect, excluded, updated_at,"
                      " exclusion_reason), '; ' order by score) from response"
                      " where survey_id = s()"),
        "0 0 f; 1 3 t suspect: honeypot, too_fast; 2 4 f; 3 0 f; 4 2 t suspect: too_fast");
    ck_assert_str_eq(unit_pg_value("select string_agg(score || ':' || weight, ' ' order by score)"
                                   " from journal_cell where survey_id = s() and cut = 0"),
                     "0:1 2:1 3:1");
    ck_assert(ingest_is_counted());
}
END_TEST

/* A batch may have nothing that counts. */
START_TEST(all_set_aside)
{
    struct answer_row row = full_row();
    struct answer_found found;
    row.suspect = SUSPECT_HONEYPOT;
    row.set_aside = true;
    ck_assert_int_eq(_i == 0 ? append_rows(&row, 1) : carefully(batch_of(&row, 1), 1, &found),
                     DB_OK);
    ck_assert_int_eq(ingest_rows(), 1);
    ck_assert_int_eq(journal_rows(), 0);
    /* the same answer again, not marked this time: the first one stands */
    row.suspect = 0;
    row.set_aside = false;
    ck_assert_int_eq(append_rows(&row, 1), DB_CONFLICT);
    ck_assert_int_eq(carefully(batch_of(&row, 1), 1, &found), DB_OK);
    ck_assert_int_eq(found.outcome, ANSWER_REPLAYED);
    ck_assert_int_eq(journal_rows(), 0);
}
END_TEST

/* A thousand rows take the careful way in no more than a moment, whatever the plan. */
START_TEST(the_careful_way_is_quick)
{
    enum { COUNT = 1000 };
    struct answer_row rows[COUNT];
    struct answer_found found[COUNT];
    for (int round = 0; round < 8; round++) {
        for (size_t i = 0; i < COUNT; i++)
            rows[i] = row_of_march();
        const struct answer_row **batch = batch_of(rows, COUNT);
        ck_assert_int_eq(append_rows(rows, COUNT / 2), DB_OK);
        int64_t began = clock_monotonic_us();
        ck_assert_int_eq(carefully(batch, COUNT, found), DB_OK);
        int64_t took = clock_monotonic_us() - began;
        ck_assert_msg(took < 800000, "took %lld us", (long long)took);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("answers");
    TCase *tcase = unit_folds_case("answers");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, every_column_is_written_as_given, 0, 2);
    tcase_add_loop_test(tcase, what_is_not_given_is_null, 0, 2);
    tcase_add_test(tcase, no_hash_is_stored_as_none);
    tcase_add_loop_test(tcase, sparse_columns, 0, 2);
    tcase_add_test(tcase, a_conflict_writes_nothing);
    tcase_add_test(tcase, a_refused_row_writes_nothing);
    tcase_add_test(tcase, the_careful_way_says_what_it_met);
    tcase_add_loop_test(tcase, ids_are_of_a_survey, 0, 2);
    tcase_add_test(tcase, answers_of_a_quarter_hour_share_a_journal_row);
    tcase_add_loop_test(tcase, what_is_set_aside_does_not_count, 0, 2);
    tcase_add_loop_test(tcase, all_set_aside, 0, 2);
    tcase_add_test(tcase, the_careful_way_is_quick);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
