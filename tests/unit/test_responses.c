/* Reading one answer, and lists of them: filters, order, pages. */
#include "npsd/store/responses.h"

#include "npsd/base/buf.h"
#include "npsd/base/clock.h"
#include "npsd/domain/slots.h"
#include "suite.h"
#include "support/unit_stored.h"

#include <stdio.h>
#include <string.h>

#define START_US (INT64_C(1772323200) * CLOCK_SECOND_US) /* 2026-03-01 */

static struct response_filter any(void)
{
    struct response_filter filter = {
        .survey_id = unit_folds_survey(),
        .from_us = SLOTS_OPEN_FROM,
        .to_us = SLOTS_OPEN_TO,
        .channel = RESPONSE_FILTER_ANY,
        .max_score = 10,
        .agent = RESPONSE_FILTER_ANY,
        .has_text = RESPONSE_FILTER_ANY,
        .suspect = RESPONSE_FILTER_ANY,
        .limit = 1000,
    };
    for (size_t slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        filter.facets[slot] = RESPONSE_FILTER_ANY;
    return filter;
}

/* A plain answer of a number of minutes after START_US. */
static struct answer_row plain(int minutes)
{
    struct answer_row row = ingest_item()->row;
    row.answered_us = START_US + minutes * 60 * CLOCK_SECOND_US;
    row.score = 5;
    row.channel = CHANNEL_WEB;
    row.agent = ANSWER_UNSET;
    for (size_t slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        row.facets[slot] = ANSWER_UNSET;
    row.answers = row.properties = NULL;
    row.answers_len = row.properties_len = row.question_cut_count = 0;
    return row;
}

static void add_json(struct answer_row *row, const char *answers, const char *properties)
{
    row->answers = answers;
    row->answers_len = answers ? strlen(answers) : 0;
    row->properties = properties;
    row->properties_len = properties ? strlen(properties) : 0;
}

static struct stored_response *list(const struct response_filter *filter, size_t *ret_count)
{
    struct stored_response *found = NULL;
    ck_assert_int_eq(
        responses_list(unit_stored_pg(), unit_folds_arena(), filter, &found, ret_count), DB_OK);
    return found;
}

/* The scores of what is listed, which tell the answers of a test apart: "10 3 ". */
static const char *scores(const struct response_filter *filter)
{
    size_t count;
    const struct stored_response *found = list(filter, &count);
    struct buf text = buf_make(unit_folds_arena(), 64);
    for (size_t i = 0; i < count; i++)
        buf_printf(&text, "%d ", found[i].row.score);
    return text.data;
}

START_TEST(one_that_is_not_there)
{
    struct uuid id = uuid_derive("s", "not there");
    struct stored_response response;
    bool found = true;
    ck_assert_int_eq(responses_read(unit_stored_pg(), unit_folds_arena(), unit_folds_survey(), &id,
                                    &found, &response),
                     DB_OK);
    ck_assert(!found);
    id = stored_add(&ingest_item()->row);
    ck_assert_int_eq(responses_read(unit_stored_pg(), unit_folds_arena(), unit_folds_survey() + 1,
                                    &id, &found, &response),
                     DB_OK);
    ck_assert(!found); /* in that survey */
}
END_TEST

START_TEST(all_columns_are_read)
{
    struct answer_row row = plain(1);
    unit_pg_sql("insert into facet_value values (s(), 2, 4, 'Olga'), (s(), 3, 7, 'no agent')");
    row.agent = 4;
    row.facets[0] = 0;
    row.facets[7] = 9;
    row.external_id = "x-1";
    row.language = "en";
    row.respondent = "";
    add_json(&row, "{\"why\":\"\xd0\x96 \\\"q\\\"\"}", "{\"branch\":\"b\"}");
    const struct uuid id = stored_add(&row);
    const struct stored_response read = stored_read(&id);
    ck_assert_mem_eq(&read.row.id, &id, sizeof id);
    ck_assert_int_eq(read.row.survey_id, row.survey_id);
    ck_assert_int_eq(read.row.answered_us, row.answered_us);
    ck_assert_int_eq(read.row.received_us, row.received_us);
    ck_assert_int_eq(read.row.score, 5);
    ck_assert_int_eq(read.row.channel, CHANNEL_WEB);
    ck_assert_int_eq(read.row.agent, 4);
    ck_assert_str_eq(read.agent, "Olga");
    ck_assert_mem_eq(read.row.facets, row.facets, sizeof row.facets);
    ck_assert_str_eq(read.row.external_id, "x-1");
    ck_assert_str_eq(read.row.language, "en");
    ck_assert_str_eq(read.row.respondent, "");
    ck_assert_str_eq(read.row.answers, "{\"why\": \"\xd0\x96 \\\"q\\\"\"}");
    ck_assert_uint_eq(read.row.answers_len, strlen(read.row.answers));
    ck_assert_str_eq(read.row.properties, "{\"branch\": \"b\"}");
    ck_assert_int_eq(read.updated_us, 0);
    ck_assert(!read.excluded && !read.erased && !read.exclusion_reason);
}
END_TEST

START_TEST(what_is_not_there_reads_as_none)
{
    const struct answer_row row = plain(1);
    const struct uuid id = stored_add(&row);
    const struct stored_response read = stored_read(&id);
    ck_assert_int_eq(read.row.agent, ANSWER_UNSET);
    ck_assert_ptr_null(read.agent);
    ck_assert_mem_eq(read.row.facets, row.facets, sizeof row.facets);
    ck_assert(!read.row.external_id && !read.row.language && !read.row.respondent);
    ck_assert(!read.row.answers && !read.row.properties);
    ck_assert_uint_eq(read.row.answers_len + read.row.properties_len, 0);
}
END_TEST

/* Scores 0 to 10, each with something of its own. */
static void add_eleven(void)
{
    for (int i = 0; i <= 10; i++) {
        struct answer_row row = plain(i);
        row.score = i;
        row.received_us = START_US + i * CLOCK_SECOND_US;
        if (i == 1)
            row.channel = CHANNEL_PHONE;
        if (i == 2)
            row.agent = 7;
        if (i == 3)
            row.facets[0] = 0;
        if (i == 3 || i == 4)
            row.facets[7] = 12;
        if (i == 5)
            add_json(&row, "{\"why\":\"x\"}", "{\"branch\":\"b\",\"n\":\"1\"}");
        if (i == 6)
            add_json(&row, "{\"ease\":3}", "{\"branch\":\"bb\"}");
        stored_add(&row);
    }
    unit_pg_sql(
        "update response set excluded = true where survey_id = s() and score = 8;"
        "update response set erased = true, excluded = true where survey_id = s()"
        " and score = 9;"
        "update response set updated_at = '2026-03-05' where survey_id = s() and score = 0");
}

START_TEST(filters)
{
    static const char *const texts[] = {"why", "more"};
    add_eleven();
    struct response_filter f = any();
    ck_assert_str_eq(scores(&f), "10 8 7 6 5 4 3 2 1 0 "); /* excluded ones too, erased ones not */
    f.from_us = START_US + 60 * CLOCK_SECOND_US;
    f.to_us = START_US + 180 * CLOCK_SECOND_US;
    ck_assert_str_eq(scores(&f), "2 1 ");
    f = any();
    f.channel = CHANNEL_PHONE;
    ck_assert_str_eq(scores(&f), "1 ");
    f = any();
    f.agent = 7;
    ck_assert_str_eq(scores(&f), "2 ");
    f = any();
    f.min_score = 7;
    f.max_score = 8;
    ck_assert_str_eq(scores(&f), "8 7 ");
    f = any();
    f.facets[7] = 12;
    ck_assert_str_eq(scores(&f), "4 3 ");
    f.facets[0] = 0;
    ck_assert_str_eq(scores(&f), "3 ");
    f = any();
    f.properties = "{\"branch\":\"b\"}";
    ck_assert_str_eq(scores(&f), "5 ");
    f = any();
    f.text_questions = texts;
    f.text_question_count = 2;
    f.has_text = 1;
    ck_assert_str_eq(scores(&f), "5 ");
    f.has_text = 0;
    ck_assert_str_eq(scores(&f), "10 8 7 6 4 3 2 1 0 ");
    f.text_question_count = 0;
    f.has_text = 1;
    ck_assert_str_eq(scores(&f), "");
    f = any();
    f.counted = true;
    ck_assert_str_eq(scores(&f), "10 7 6 5 4 3 2 1 0 ");
    f = any();
    unit_pg_sql(
        "update response set suspect = score where survey_id = s() and score between 3 and 4");
    f.suspect = 1;
    ck_assert_str_eq(scores(&f), "4 3 ");
    f.suspect = 0;
    ck_assert_str_eq(scores(&f), "10 8 7 6 5 2 1 0 ");
    f = any();
    f.updated_since_us = START_US + 7 * CLOCK_SECOND_US;
    ck_assert_str_eq(scores(&f), "10 8 7 0 ");
    f.survey_id++;
    ck_assert_str_eq(scores(&f), "");
}
END_TEST

/* Who asks for an agent or a value that has no number must not get everything. */
START_TEST(a_number_that_nobody_has_finds_nothing)
{
    add_eleven();
    struct response_filter f = any();
    f.agent = ANSWER_UNSET;
    ck_assert_str_eq(scores(&f), "");
    f = any();
    f.facets[0] = ANSWER_UNSET;
    ck_assert_str_eq(scores(&f), "");
}
END_TEST

/* Pages of every size hold everything once, in one order, although many times are equal. */
START_TEST(pages_are_one_list)
{
    enum { COUNT = 60 };
    size_t count, got;
    for (int i = 0; i < COUNT; i++) {
        const struct answer_row row = plain(i % 4);
        stored_add(&row);
    }
    struct response_filter f = any();
    const struct stored_response *whole = list(&f, &count);
    ck_assert_uint_eq(count, COUNT);
    for (size_t i = 1; i < count; i++) {
        const struct answer_row *a = &whole[i - 1].row, *b = &whole[i].row;
        ck_assert(a->answered_us > b->answered_us ||
                  (a->answered_us == b->answered_us && memcmp(&a->id, &b->id, sizeof a->id) > 0));
    }
    for (f.limit = 1; f.limit <= COUNT + 1; f.limit += 7) {
        f.after_set = false;
        for (size_t seen = 0; seen < COUNT; seen += got) {
            const struct stored_response *page = list(&f, &got);
            size_t left = COUNT - seen;
            ck_assert_uint_eq(got, left < (size_t)f.limit ? left : (size_t)f.limit);
            for (size_t i = 0; i < got; i++)
                ck_assert_mem_eq(&page[i].row.id, &whole[seen + i].row.id, sizeof(struct uuid));
            f.after_set = true;
            f.after_us = page[got - 1].row.answered_us;
            f.after_id = page[got - 1].row.id;
        }
        list(&f, &got);
        ck_assert_uint_eq(got, 0);
    }
}
END_TEST

START_TEST(new_answers_do_not_move_pages)
{
    struct response_filter f = any();
    for (int i = 0; i < 6; i++) {
        struct answer_row row = plain(i);
        row.score = i;
        stored_add(&row);
    }
    f.limit = 3;
    ck_assert_str_eq(scores(&f), "5 4 3 ");
    size_t count;
    const struct stored_response *page = list(&f, &count);
    f.after_set = true;
    f.after_us = page[2].row.answered_us;
    f.after_id = page[2].row.id;
    struct answer_row late = plain(100);
    stored_add(&late);
    ck_assert_str_eq(scores(&f), "2 1 0 ");
}
END_TEST

START_TEST(values_are_parameters)
{
    struct response_filter f = any();
    add_eleven();
    f.properties = "{\"branch\":\"'; drop table response; --\"}";
    ck_assert_str_eq(scores(&f), "");
    f.properties = "not json";
    struct stored_response *found;
    size_t count;
    ck_assert_int_eq(responses_list(unit_stored_pg(), unit_folds_arena(), &f, &found, &count),
                     DB_REFUSED);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {one_that_is_not_there,
                            all_columns_are_read,
                            what_is_not_there_reads_as_none,
                            filters,
                            a_number_that_nobody_has_finds_nothing,
                            pages_are_one_list,
                            new_answers_do_not_move_pages,
                            values_are_parameters};
    Suite *suite = suite_create("responses");
    TCase *tcase = unit_stored_case("responses");
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
