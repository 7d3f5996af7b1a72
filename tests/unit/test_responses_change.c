/* Corrections, exclusions and erasures: the row, its history, and what is counted. */
#include "npsd/store/responses.h"

#include "npsd/base/clock.h"
#include "suite.h"
#include "support/unit_cuts.h"
#include "support/unit_proxy.h"
#include "support/unit_stored.h"

#include <jansson.h>

static struct stored_response new_response(void)
{
    struct uuid id = stored_add(&ingest_item()->row);
    return stored_read(&id);
}

static int64_t journal_sum(void)
{
    return number_of(
        "select coalesce(sum(weight), 0) from journal_cell where survey_id = s() and cut = 0");
}

static void expect_same_text(const char *a, const char *b)
{
    ck_assert((a == NULL) == (b == NULL));
    if (a)
        ck_assert_str_eq(a, b);
}

/* jsonb keeps neither spaces nor order. */
static void expect_same_json(const char *a, const char *b)
{
    json_t *x = a ? json_loads(a, JSON_DECODE_ANY, NULL) : NULL;
    json_t *y = b ? json_loads(b, JSON_DECODE_ANY, NULL) : NULL;
    ck_assert(x == y || json_equal(x, y));
    json_decref(x);
    json_decref(y);
}

static void expect_same(const struct stored_response *a, const struct stored_response *b)
{
    const struct answer_row *x = &a->row, *y = &b->row;
    ck_assert_int_eq(x->score, y->score);
    ck_assert_int_eq(x->channel, y->channel);
    ck_assert_int_eq(x->answered_us, y->answered_us);
    ck_assert_int_eq(a->excluded, b->excluded);
    expect_same_text(a->agent, b->agent);
    expect_same_text(x->language, y->language);
    expect_same_text(x->respondent, y->respondent);
    expect_same_text(a->exclusion_reason, b->exclusion_reason);
    expect_same_json(x->answers, y->answers);
    expect_same_json(x->properties, y->properties);
}

/* Moves the answer in every way there is. */
static void change_at_random(unsigned *seed, struct stored_response *response)
{
    struct answer_row *row = &response->row;
    unsigned what = unit_random(seed, 64);
    if (what & 1)
        row->score = (int)unit_random(seed, 11);
    if (what & 2)
        row->answered_us += ((int64_t)unit_random(seed, 4000) - 2000) * 60 * CLOCK_SECOND_US;
    if (what & 4)
        unit_cuts_place(unit_folds_arena(), seed, row);
    if (what & 8)
        unit_cuts_say(seed, row);
    if (what & 16) {
        row->agent = (int32_t)unit_random(seed, 4) - 1;
        row->channel = (enum channel)unit_random(seed, 9);
    }
    if (what & 32) {
        response->excluded = !response->excluded;
        response->exclusion_reason = response->excluded ? "test" : NULL;
    }
}

START_TEST(numbers_follow_every_change)
{
    enum { COUNT = 12, CHANGES = 150 };
    struct uuid ids[COUNT];
    unsigned seed = 11;
    for (int i = 0; i < COUNT; i++)
        ids[i] = stored_add(&ingest_item()->row);
    for (int i = 0; i < CHANGES; i++) {
        const struct stored_response before = stored_read(&ids[unit_random(&seed, COUNT)]);
        struct stored_response after = before;
        if (before.erased)
            continue;
        if (unit_random(&seed, 40) == 0) {
            ck_assert(stored_erase(&before));
        } else {
            change_at_random(&seed, &after);
            ck_assert(stored_change(&before, &after));
            after.agent = NULL; /* has no name in the table */
            const struct stored_response now = stored_read(&before.row.id);
            expect_same(&now, &after);
            ck_assert_int_eq(now.updated_us, after.updated_us);
            ck_assert_mem_eq(now.row.facets, after.row.facets, sizeof now.row.facets);
        }
        ck_assert(ingest_is_counted());
    }
    ck_assert_int_eq(journal_sum(), number_of("select count(*) from response where survey_id = s()"
                                              " and not excluded"));
    ck_assert_int_gt(number_of("select count(*) from response where survey_id = s() and erased"),
                     0);
}
END_TEST

START_TEST(of_two_editors_one_is_stale)
{
    const struct stored_response before = new_response();
    struct stored_response mine = before, theirs = before;
    mine.row.score = (before.row.score + 1) % 11;
    theirs.row.score = (before.row.score + 2) % 11;
    int64_t entries = journal_rows();
    ck_assert(stored_change(&before, &mine));
    ck_assert(!stored_change(&before, &theirs));
    ck_assert(!stored_erase(&before));
    ck_assert_int_eq(stored_read(&before.row.id).row.score, mine.row.score);
    ck_assert_int_eq(journal_rows(), entries + 2);
    ck_assert_int_eq(number_of("select count(*) from response_history where survey_id = s()"), 1);
    ck_assert_int_eq(number_of("select count(*) from audit where survey_id = s()"), 1);
    ck_assert(ingest_is_counted());
    const struct stored_response again = stored_read(&before.row.id);
    ck_assert(stored_change(&again, &theirs));
    ck_assert(ingest_is_counted());
}
END_TEST

/* The second waits for the first to commit, and then finds another version. */
START_TEST(two_editors_at_once)
{
    const struct stored_response before = new_response();
    struct stored_response after = before;
    struct pg *other = unit_stored_connect();
    char id[UUID_TEXT_SIZE];
    uuid_format(&before.row.id, id);
    const char *touch = arena_printf(unit_folds_arena(),
                                     "update response set updated_at = now() where id = '%s'", id);
    ck_assert_int_eq(pg_command(other, "begin"), DB_OK);
    ck_assert_int_eq(pg_command(other, touch), DB_OK);
    ck_assert_int_eq(pg_command(unit_stored_pg(), "set lock_timeout = 50"), DB_OK);
    const struct response_change change = {&before, &after, "x", "response.correct"};
    bool stale = false;
    int64_t updated;
    ck_assert_int_eq(
        responses_change(unit_stored_pg(), unit_folds_arena(), &change, &stale, &updated),
        DB_RETRY);
    ck_assert_int_eq(pg_command(other, "commit"), DB_OK);
    ck_assert(!stored_change(&before, &after));
    ck_assert_int_eq(journal_rows(), 1);
    pg_free(other);
}
END_TEST

START_TEST(each_version_is_later_than_the_last)
{
    struct stored_response last = new_response();
    unit_pg_sql("update response set received_at = now() + interval '1 day' where survey_id = s()");
    last = stored_read(&last.row.id);
    for (int i = 0; i < 5; i++) {
        struct stored_response next = last;
        next.row.respondent = i % 2 ? "a" : "b";
        ck_assert(stored_change(&last, &next));
        ck_assert_int_gt(next.updated_us, last.updated_us);
        ck_assert_int_gt(next.updated_us, last.row.received_us);
        last = stored_read(&last.row.id);
        ck_assert_int_eq(last.updated_us, next.updated_us);
    }
}
END_TEST

START_TEST(what_moves_no_number_is_noticed_too)
{
    struct stored_response before = new_response(), after = before;
    unit_pg_sql("delete from journal where survey_id = s()");
    after.row.respondent = "c-18";
    ck_assert(stored_change(&before, &after));
    ck_assert_int_eq(journal_rows(), 1);
    ck_assert_int_eq(number_of("select cardinality(cuts) from journal where survey_id = s()"), 0);
    before = after = stored_read(&before.row.id);
    after.excluded = true;
    ck_assert(stored_change(&before, &after));
    ck_assert_int_eq(journal_rows(), 2);
    ck_assert_int_eq(journal_sum(), -1);
    before = after = stored_read(&before.row.id);
    after.row.score = (after.row.score + 1) % 11; /* of an excluded one */
    ck_assert(stored_change(&before, &after));
    ck_assert_int_eq(journal_rows(), 3);
    ck_assert_int_eq(journal_sum(), -1);
}
END_TEST

START_TEST(exclusion_and_back)
{
    const struct stored_response first = new_response();
    struct stored_response excluded = first, included;
    excluded.excluded = true;
    excluded.exclusion_reason = "test call";
    ck_assert(stored_change(&first, &excluded));
    ck_assert_int_eq(journal_sum(), 0);
    ck_assert(ingest_is_counted());
    excluded = included = stored_read(&first.row.id);
    ck_assert_str_eq(excluded.exclusion_reason, "test call");
    included.excluded = false;
    included.exclusion_reason = NULL;
    ck_assert(stored_change(&excluded, &included));
    ck_assert_int_eq(journal_sum(), 1);
    ck_assert(ingest_is_counted());
    included = stored_read(&first.row.id);
    expect_same(&included, &first);
}
END_TEST

/* An answer that was set aside when it came: corrected, taken back, erased; its marks stay as long
 * as it does. */
START_TEST(set_aside_and_taken_back)
{
    struct answer_row row = ingest_item()->row;
    row.suspect = SUSPECT_TOO_FAST;
    row.set_aside = true;
    const struct uuid id = stored_add(&row);
    struct stored_response before = stored_read(&id), after = before;
    ck_assert(before.excluded);
    ck_assert_str_eq(before.exclusion_reason, "suspect: too_fast");
    ck_assert_int_eq(before.row.suspect, SUSPECT_TOO_FAST);
    ck_assert_int_eq(before.updated_us, 0);
    ck_assert_int_eq(journal_rows(), 0);
    after.row.score = (before.row.score + 1) % 11;
    ck_assert(stored_change(&before, &after));
    ck_assert_int_eq(journal_sum(), 0);
    ck_assert(ingest_is_counted());
    before = after = stored_read(&id);
    after.excluded = false;
    after.exclusion_reason = NULL;
    ck_assert(stored_change(&before, &after));
    ck_assert_int_eq(journal_sum(), 1);
    ck_assert(ingest_is_counted());
    before = stored_read(&id);
    ck_assert_int_eq(before.row.suspect, SUSPECT_TOO_FAST);
    ck_assert(stored_erase(&before));
    ck_assert_int_eq(journal_sum(), 0);
    ck_assert(ingest_is_counted());
    ck_assert_int_eq(stored_read(&id).row.suspect, 0);
}
END_TEST

START_TEST(history_keeps_what_was)
{
    unsigned seed = 5;
    struct stored_response versions[4];
    struct response_version *found;
    size_t count;
    versions[0] = new_response();
    for (int i = 1; i < 4; i++) {
        versions[i] = versions[i - 1];
        change_at_random(&seed, &versions[i]);
        versions[i].row.language = i % 2 ? "en" : NULL;
        versions[i].row.respondent = i % 2 ? NULL : "\xd0\x96 \"x\"";
        versions[i].agent = i == 2 ? "Olga" : NULL;
        ck_assert(stored_change(&versions[i - 1], &versions[i]));
    }
    ck_assert_int_eq(responses_history(unit_stored_pg(), unit_folds_arena(), unit_folds_survey(),
                                       &versions[0].row.id, &found, &count),
                     DB_OK);
    ck_assert_uint_eq(count, 3);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(found[i].version, (int)i + 1);
        ck_assert_str_eq(found[i].changed_by, "key 3 Olga");
        ck_assert_int_le(llabs(found[i].changed_us - versions[i + 1].updated_us), CLOCK_SECOND_US);
        expect_same(&found[i].response, &versions[i]);
    }
    struct uuid unknown = uuid_derive("s", "unknown");
    ck_assert_int_eq(responses_history(unit_stored_pg(), unit_folds_arena(), unit_folds_survey(),
                                       &unknown, &found, &count),
                     DB_OK);
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(erasure_leaves_a_tombstone)
{
    struct answer_row row = ingest_item()->row;
    row.external_id = "call-1";
    row.respondent = "c-17";
    row.language = "en";
    const struct uuid id = stored_add(&row);
    struct stored_response before = stored_read(&id), after = before;
    after.row.score = (after.row.score + 1) % 11;
    ck_assert(stored_change(&before, &after));
    before = stored_read(&id);
    ck_assert(stored_erase(&before));
    ck_assert_int_eq(journal_sum(), 0);
    ck_assert(ingest_is_counted());
    ck_assert_int_eq(number_of("select count(*) from response_history where survey_id = s()"), 0);
    ck_assert_int_eq(
        number_of("select count(*) from response where survey_id = s() and erased"
                  " and excluded and score = 0 and channel = 0"
                  " and answered_at = 'epoch' and updated_at is not null"
                  " and num_nonnulls(agent, f1, f2, f3, f4, f5, f6, f7, f8, external_id,"
                  " language, respondent, exclusion_reason, answers, properties) = 0"),
        1);
    ck_assert_int_eq(number_of("select count(*) from audit where survey_id = s()"
                               " and action = 'response.erase' and actor = 'key 3 Olga'"),
                     1);
    const struct stored_response gone = stored_read(&id);
    ck_assert(gone.erased);
    ck_assert_int_eq(gone.row.received_us, row.received_us);
    ck_assert(!stored_erase(&gone));
    ck_assert(!stored_change(&gone, &after));
    const struct answer_row *again = &row; /* a late retry */
    struct answer_found found;
    ck_assert_int_eq(
        answers_append_carefully(unit_stored_pg(), unit_folds_arena(), &again, 1, &found), DB_OK);
    ck_assert_int_eq(found.outcome, ANSWER_ERASED);
}
END_TEST

START_TEST(an_excluded_one_is_erased)
{
    struct stored_response before = new_response(), after = before;
    after.excluded = true;
    ck_assert(stored_change(&before, &after));
    before = stored_read(&before.row.id);
    ck_assert(stored_erase(&before));
    ck_assert_int_eq(journal_sum(), 0);
    ck_assert(ingest_is_counted());
}
END_TEST

/* Wherever the connection breaks, row, history and journal go together. */
START_TEST(all_or_nothing_when_the_connection_breaks)
{
    static struct pg_options options;
    struct stored_response before = new_response();
    options = ingest_options(unit_proxy_start());
    options.sets = unit_stored_sets;
    struct pg *pg = pg_new(&options);
    int lost = 0;
    ck_assert_int_eq(pg_connect(pg), DB_OK);
    for (long bytes = 0; bytes < 700; bytes += 7) {
        struct stored_response after = before;
        const struct response_change change = {&before, &after, "x", "response.correct"};
        bool stale = false;
        int64_t updated = 0;
        after.row.score = (before.row.score + 1) % 11;
        unit_proxy_cut(PROXY_REPLY, bytes, 0);
        enum db_status status = responses_change(pg, unit_folds_arena(), &change, &stale, &updated);
        unit_proxy_uncut();
        ck_assert(status == DB_OK || status == DB_LOST || status == DB_AWAY);
        const struct stored_response now = stored_read(&before.row.id);
        if (status == DB_OK)
            ck_assert(!stale && now.updated_us == updated);
        if (status == DB_AWAY)
            ck_assert_int_eq(now.updated_us, before.updated_us);
        ck_assert_int_eq(now.row.score,
                         now.updated_us == before.updated_us ? before.row.score : after.row.score);
        lost += status == DB_LOST;
        before = now;
        ck_assert(ingest_is_counted());
    }
    ck_assert_int_gt(lost, 0);
    pg_free(pg);
    unit_proxy_stop();
}
END_TEST

int main(void)
{
    const TTest *tests[] = {numbers_follow_every_change,
                            of_two_editors_one_is_stale,
                            two_editors_at_once,
                            each_version_is_later_than_the_last,
                            what_moves_no_number_is_noticed_too,
                            exclusion_and_back,
                            set_aside_and_taken_back,
                            history_keeps_what_was,
                            erasure_leaves_a_tombstone,
                            an_excluded_one_is_erased,
                            all_or_nothing_when_the_connection_breaks};
    Suite *suite = suite_create("responses_change");
    TCase *tcase = unit_stored_case("responses_change");
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
