/* Whether what others commit is seen, and nothing that happens between two polls is missed. */
#include "npsd/state/freshness.h"

#include "npsd/base/clock.h"
#include "npsd/store/folds.h"
#include "npsd/store/keys.h"
#include "suite.h"
#include "support/unit_database.h"

#include <unistd.h>

static const struct db_stmt *const *const sets[] = {directory_statements, freshness_statements,
                                                    keys_statements,      surveys_statements,
                                                    folds_statements,     NULL};

static struct pg *pg;
static struct directory *directory;
static struct freshness *freshness;
static int32_t first, second;

static int32_t add_survey(const char *slug)
{
    unit_pg_sql("insert into survey (slug, title) values ('%s', '{}');"
                "insert into question (survey_id, n, id, position, definition)"
                " select id, 1, 'recommend', 1, '{\"type\":\"nps\",\"text\":{},\"min\":0,\"max\":0,"
                "\"ask\":7,\"options\":[]}' from survey where slug = '%s'",
                slug, slug);
    return (int32_t)unit_pg_number("select id from survey where slug = '%s'", slug);
}

static void setup(void)
{
    unit_pg_sql("truncate survey, question, journal, tally_state");
    first = add_survey("first");
    second = add_survey("second");
    pg = unit_database_connect(sets);
    directory = directory_new();
    ck_assert_int_eq(directory_refresh(directory, pg), DB_OK);
    freshness = freshness_new();
}

static void teardown(void)
{
    freshness_free(freshness);
    directory_free(directory);
    pg_free(pg);
}

static void poll(void)
{
    struct directory_snapshot *snapshot = directory_acquire(directory);
    ck_assert_int_eq(freshness_poll(freshness, pg, snapshot), DB_OK);
    directory_release(snapshot);
}

#define ENTRY                                                                                      \
    "insert into journal (survey_id, slot, cuts, scores, weights) values (%d, 1, '{0}', '{9}', '{1}')"

static uint64_t generation(int32_t survey)
{
    return freshness_generation(freshness, survey);
}

START_TEST(a_quiet_survey_stays)
{
    ck_assert(!freshness_is_current(freshness));
    generation(first);
    poll();
    ck_assert(freshness_is_current(freshness));
    uint64_t before = generation(first);
    poll();
    poll();
    ck_assert_uint_eq(generation(first), before);
}
END_TEST

START_TEST(own_commits_move_at_once)
{
    uint64_t before = generation(first), other = generation(second);
    freshness_move(freshness, first);
    ck_assert_uint_gt(generation(first), before);
    ck_assert_uint_eq(generation(second), other);
    freshness_move(NULL, first);
}
END_TEST

START_TEST(others_commits_move_with_the_poll)
{
    generation(first);
    generation(second);
    poll();
    uint64_t before = generation(first), other = generation(second);
    unit_pg_sql(ENTRY, first);
    ck_assert_uint_eq(generation(first), before);
    poll();
    ck_assert_uint_gt(generation(first), before);
    ck_assert_uint_eq(generation(second), other);
    before = generation(first);
    poll();
    ck_assert_uint_eq(generation(first), before);
}
END_TEST

/* Written and folded by others between two polls: the journal is empty again. */
START_TEST(what_is_folded_is_seen)
{
    generation(first);
    poll();
    uint64_t before = generation(first);
    bool done;
    unit_pg_sql(ENTRY, first);
    ck_assert_int_eq(folds_fold(pg, first, &done), DB_OK);
    ck_assert_int_eq(unit_pg_number("select count(*) from journal"), 0);
    poll();
    ck_assert_uint_gt(generation(first), before);
}
END_TEST

/* The one that begins first commits last: a comparison of numbers would miss it. */
START_TEST(late_commits_are_seen)
{
    struct pg *early = unit_database_connect(NULL);
    char entry[200];
    snprintf(entry, sizeof entry, ENTRY, (int)first);
    generation(first);
    generation(second);
    ck_assert_int_eq(pg_command(early, "begin"), DB_OK);
    ck_assert_int_eq(pg_command(early, entry), DB_OK);
    unit_pg_sql(ENTRY, second);
    poll();
    uint64_t before = generation(first), other = generation(second);
    poll();
    ck_assert_uint_eq(generation(first), before);
    ck_assert_int_eq(pg_command(early, "commit"), DB_OK);
    poll();
    ck_assert_uint_gt(generation(first), before);
    ck_assert_uint_eq(generation(second), other);
    pg_free(early);
}
END_TEST

/* Nobody asked about it when the poll ran, so the poll knows nothing about it. */
START_TEST(what_was_not_polled_does_not_stay)
{
    struct directory_snapshot *snapshot = directory_acquire(directory);
    generation(first);
    poll();
    uint64_t before = generation(second);
    ck_assert_int_eq(freshness_poll(freshness, pg, NULL), DB_OK);
    ck_assert_uint_gt(generation(second), before);
    directory_release(snapshot);
}
END_TEST

START_TEST(trouble_ends_what_is_known)
{
    generation(first);
    poll();
    uint64_t before = generation(first);
    unit_pg_sql("alter table tally_state rename to away");
    struct directory_snapshot *snapshot = directory_acquire(directory);
    ck_assert_int_ne(freshness_poll(freshness, pg, snapshot), DB_OK);
    directory_release(snapshot);
    unit_pg_sql("alter table away rename to tally_state");
    ck_assert(!freshness_is_current(freshness));
    poll();
    ck_assert(freshness_is_current(freshness));
    ck_assert_uint_gt(generation(first), before);
}
END_TEST

/* It may lead to another server. */
START_TEST(a_new_connection_knows_nothing)
{
    generation(first);
    poll();
    uint64_t before = generation(first);
    pg_drop(pg);
    poll();
    ck_assert_uint_gt(generation(first), before);
    before = generation(first);
    poll();
    ck_assert_uint_eq(generation(first), before);
}
END_TEST

START_TEST(a_poll_is_good_for_a_second)
{
    poll();
    ck_assert(freshness_is_current(freshness));
    usleep(1050000);
    ck_assert(!freshness_is_current(freshness));
    poll();
    ck_assert(freshness_is_current(freshness));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("freshness");
    TCase *tcase = tcase_create("freshness");
    const TTest *const tests[] = {a_quiet_survey_stays,
                                  own_commits_move_at_once,
                                  others_commits_move_with_the_poll,
                                  what_is_folded_is_seen,
                                  late_commits_are_seen,
                                  what_was_not_polled_does_not_stay,
                                  trouble_ends_what_is_known,
                                  a_new_connection_knows_nothing,
                                  a_poll_is_good_for_a_second};
    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
