#include "npsd/base/clock.h"
#include "npsd/json/read.h"
#include "npsd/json/survey.h"
#include "npsd/state/directory.h"
#include "npsd/store/audit.h"
#include "npsd/store/folds.h"
#include "npsd/store/keys.h"
#include "suite.h"
#include "support/unit_database.h"
#include <pthread.h>
#include <string.h>

static const struct db_stmt *const *const sets[] = {directory_statements, folds_statements,
                                                    surveys_statements,   keys_statements,
                                                    audit_statements,     NULL};

static struct pg *pg;
static struct arena arena;
static struct directory *directory;

static void setup(void)
{
    unit_pg_sql("truncate survey, question, api_key, secret, tally_state, audit");
    unit_pg_sql("update directory set version = version + 1");
    pg = unit_database_connect(sets);
    arena_init(&arena, 4096);
    directory = directory_new();
}

static void teardown(void)
{
    directory_free(directory);
    arena_done(&arena);
    pg_free(pg);
}

static struct survey *make_survey(const char *slug)
{
    const char *text =
        arena_printf(&arena,
                     "{\"id\": \"%s\", \"title\": {\"ru\": \"\xd0\x96\", \"en\": \"Visit\"},"
                     "\"access\": \"key\", \"facets\": [\"branch\"], \"keep_text_days\": 9}",
                     slug);
    struct problem_errors errors = {.arena = &arena};
    const char *detail = NULL;
    const json_t *value = json_read(&arena, text, strlen(text), &detail);
    ck_assert_msg(value != NULL, "%s", detail);
    struct survey *survey = survey_decode(value, &errors);
    ck_assert_msg(survey != NULL, "%s", errors.count ? errors.items[0].detail : "");
    return survey;
}

static int32_t add_survey(const char *slug)
{
    int32_t id = 0;
    ck_assert_int_eq(surveys_insert(pg, survey_to_record(&arena, make_survey(slug)), &id), DB_OK);
    return id;
}

static struct crypto_hash hash_of(const char *text)
{
    return crypto_sha256(text, strlen(text));
}

static int32_t add_key(const char *name, const int32_t *surveys, size_t survey_count)
{
    static const char *const origins[] = {"https://a.example"};
    const struct key_record record = {.role = ROLE_SUBMIT,
                                      .name = name,
                                      .hint = "hint",
                                      .all_surveys = !surveys,
                                      .surveys = surveys,
                                      .survey_count = survey_count,
                                      .origins = origins,
                                      .origin_count = 1,
                                      .hash = hash_of(name)};
    int32_t id = 0;
    ck_assert_int_eq(keys_insert(pg, &record, &id), DB_OK);
    return id;
}

static void refresh(void)
{
    ck_assert_int_eq(directory_refresh(directory, pg), DB_OK);
}

static const struct directory_key *find_key(const struct directory_snapshot *snapshot,
                                            const char *name)
{
    const struct crypto_hash hash = hash_of(name);
    return directory_key(snapshot, &hash);
}

START_TEST(nothing_read_yet)
{
    ck_assert_ptr_null(directory_acquire(directory));
    directory_release(NULL);
    directory_free(NULL);
    ck_assert_int_eq(directory_touch(directory, pg), DB_OK);
}
END_TEST

START_TEST(an_empty_database)
{
    refresh();
    struct directory_snapshot *snapshot = directory_acquire(directory);
    ck_assert_uint_eq(snapshot->survey_count, 0);
    ck_assert_uint_eq(snapshot->key_count, 0);
    ck_assert_ptr_null(directory_survey(snapshot, "one"));
    ck_assert_ptr_null(directory_survey_by_id(snapshot, 1));
    ck_assert_ptr_null(find_key(snapshot, "one"));
    ck_assert_int_eq(snapshot->version, unit_pg_number("select version from directory"));
    directory_release(snapshot);
}
END_TEST

START_TEST(surveys_are_found)
{
    static const char *const slugs[] = {"m", "b", "zz", "a", "z", "0", "-", "m-1"};
    int32_t ids[COUNT_OF(slugs)];
    for (size_t i = 0; i < COUNT_OF(slugs); i++)
        ids[i] = add_survey(slugs[i]);
    unit_pg_sql("delete from survey where slug = 'z'");

    refresh();
    struct directory_snapshot *snapshot = directory_acquire(directory);
    ck_assert_uint_eq(snapshot->survey_count, COUNT_OF(slugs) - 1);
    for (size_t i = 1; i < snapshot->survey_count; i++)
        ck_assert_int_lt(strcmp(snapshot->surveys[i - 1]->slug, snapshot->surveys[i]->slug), 0);
    for (size_t i = 0; i < COUNT_OF(slugs); i++) {
        const struct survey *survey = directory_survey(snapshot, slugs[i]);
        ck_assert_ptr_eq(survey, directory_survey_by_id(snapshot, ids[i]));
        if (strcmp(slugs[i], "z") == 0)
            ck_assert_ptr_null(survey);
        else
            ck_assert_int_eq(survey->id, ids[i]);
    }
    ck_assert_ptr_null(directory_survey(snapshot, ""));
    ck_assert_ptr_null(directory_survey(snapshot, "zzz"));
    directory_release(snapshot);
}
END_TEST

static const char *written(const struct survey *survey)
{
    struct json_writer w = json_writer(&arena);
    struct survey copy = *survey;
    copy.created_us = copy.updated_us = 0;
    survey_write(&w, NULL, &copy);
    return w.buf.data;
}

/* As it was defined, what is retired included, with the numbers of the database. */
START_TEST(survey_comes_back_whole)
{
    struct survey *defined = make_survey("one");
    struct survey_question *questions =
        arena_memdup(&arena, defined->questions, defined->question_count * sizeof(*questions));
    ck_assert_uint_eq(defined->question_count, 3);
    questions[2].active = false;
    questions[0].n = 7;
    defined->questions = questions;
    defined->facets[0].active = false;
    defined->facets[1] = (struct survey_facet){"team", true};
    defined->facet_count = 2;
    int32_t id = 0;
    ck_assert_int_eq(surveys_insert(pg, survey_to_record(&arena, defined), &id), DB_OK);

    refresh();
    struct directory_snapshot *snapshot = directory_acquire(directory);
    const struct survey *survey = directory_survey(snapshot, "one");
    ck_assert_str_eq(written(survey), written(defined));
    ck_assert_int_eq(survey->id, id);
    ck_assert_int_lt(llabs(survey->created_us - clock_now_us()), CLOCK_DAY_US);
    ck_assert_uint_eq(survey->question_count, 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_str_eq(survey->questions[i].id, questions[i].id);
        ck_assert_int_eq(survey->questions[i].n, questions[i].n);
        ck_assert_int_eq(survey->questions[i].active, i < 2);
        ck_assert_uint_eq(survey->questions[i].option_count, questions[i].option_count);
    }
    ck_assert_uint_eq(survey->facet_count, 2);
    ck_assert(!survey->facets[0].active && survey->facets[1].active);
    directory_release(snapshot);
}
END_TEST

START_TEST(keys_are_found)
{
    int32_t one = add_survey("one"), two = add_survey("two"), three = add_survey("three");
    const int32_t some[] = {three, one};
    add_key("all", NULL, 0);
    add_key("some", some, COUNT_OF(some));
    int32_t gone = add_key("gone", some, 0);
    unit_pg_sql("update api_key set revoked_at = now() where id = %d", gone);

    refresh();
    struct directory_snapshot *snapshot = directory_acquire(directory);
    const struct directory_key *key = find_key(snapshot, "some");
    ck_assert_str_eq(key->name, "some");
    ck_assert_int_eq(key->role, ROLE_SUBMIT);
    ck_assert_uint_eq(key->origin_count, 1);
    ck_assert_str_eq(key->origins[0], "https://a.example");
    ck_assert(directory_key_covers(key, one));
    ck_assert(!directory_key_covers(key, two));
    ck_assert(directory_key_covers(key, three));
    key = find_key(snapshot, "all");
    ck_assert(directory_key_covers(key, two) && directory_key_covers(key, 12345));
    ck_assert_ptr_null(find_key(snapshot, "gone"));
    ck_assert_ptr_null(find_key(snapshot, "never"));
    ck_assert_uint_eq(snapshot->key_count, 2);
    ck_assert_int_lt(snapshot->keys[0].id, snapshot->keys[1].id);
    directory_release(snapshot);
}
END_TEST

START_TEST(many_keys_are_found)
{
    unit_pg_sql("insert into api_key (role, name, hash, hint) select 'viewer', n, sha256(n::bytea),"
                " '' from (select 'k' || i as n from generate_series(1, 2000) i) t");
    refresh();
    struct directory_snapshot *snapshot = directory_acquire(directory);
    ck_assert_uint_eq(snapshot->key_count, 2000);
    for (int i = 1; i <= 2000; i++) {
        const char *name = arena_printf(&arena, "k%d", i);
        ck_assert_str_eq(find_key(snapshot, name)->name, name);
    }
    ck_assert_ptr_null(find_key(snapshot, "k0"));
    directory_release(snapshot);
}
END_TEST

START_TEST(read_again_only_when_moved)
{
    refresh();
    struct directory_snapshot *first = directory_acquire(directory);
    refresh();
    struct directory_snapshot *second = directory_acquire(directory);
    ck_assert_ptr_eq(first, second);
    add_survey("one");
    refresh();
    struct directory_snapshot *third = directory_acquire(directory);
    ck_assert_ptr_ne(first, third);
    ck_assert_ptr_nonnull(directory_survey(third, "one"));
    ck_assert_ptr_null(directory_survey(first, "one")); /* what is held does not change */
    directory_release(first);
    directory_release(second);
    directory_release(third);
}
END_TEST

/* A restored database may have an older version: other content all the same. */
START_TEST(read_again_when_moved_back)
{
    add_survey("one");
    refresh();
    unit_pg_sql("delete from survey");
    unit_pg_sql("update directory set version = 1");
    refresh();
    struct directory_snapshot *snapshot = directory_acquire(directory);
    ck_assert_uint_eq(snapshot->survey_count, 0);
    directory_release(snapshot);
}
END_TEST

START_TEST(every_change_moves_it)
{
    static const char *const changes[] = {
        "update survey set open = false",
        "update question set position = null where n = 3",
        "update api_key set revoked_at = now()",
        "update api_key set origins = '{}'",
        "delete from question where n = 3",
        "delete from api_key",
        "delete from survey",
    };
    add_survey("one");
    add_key("key", NULL, 0);
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        refresh();
        struct directory_snapshot *before = directory_acquire(directory);
        unit_pg_sql("%s", changes[i]);
        refresh();
        struct directory_snapshot *after = directory_acquire(directory);
        ck_assert_msg(before != after, "%s", changes[i]);
        directory_release(before);
        directory_release(after);
    }
}
END_TEST

static struct crypto_hash tag(const struct crypto_mac_key *secret)
{
    return crypto_mac(secret, "text", 4);
}

/* What the secret that stands in the database under this name makes of the text. */
static struct crypto_hash stored_tag(const char *name)
{
    uint8_t bytes[32];
    struct crypto_mac_key secret;
    const char *text = unit_pg_value("select rtrim(translate(encode(value, 'base64'), '+/', '-_'),"
                                     " '=') from secret where name = '%s'",
                                     name);
    ck_assert(crypto_base64url_decode(text, strlen(text), bytes, sizeof(bytes)));
    secret = crypto_mac_key(bytes, sizeof(bytes));
    return tag(&secret);
}

static bool same(struct crypto_hash a, struct crypto_hash b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

START_TEST(secrets_are_shared_and_stay)
{
    struct directory *other = directory_new();
    refresh();
    add_survey("one");
    refresh();
    ck_assert_int_eq(directory_refresh(other, pg), DB_OK);
    struct directory_snapshot *mine = directory_acquire(directory), *its = directory_acquire(other);

    ck_assert(same(tag(&mine->edit_secret), stored_tag("edit")));
    ck_assert(same(tag(&mine->cursor_secret), stored_tag("cursor")));
    ck_assert(same(tag(&its->edit_secret), stored_tag("edit")));
    ck_assert(same(tag(&its->cursor_secret), stored_tag("cursor")));
    ck_assert(!same(stored_tag("edit"), stored_tag("cursor")));
    ck_assert_int_eq(unit_pg_number("select count(distinct value) from secret"), 3);
    directory_release(mine);
    directory_release(its);
    directory_free(other);
}
END_TEST

START_TEST(a_broken_secret_is_not_replaced)
{
    static const char *const names[] = {"edit", "link.0"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        unit_pg_sql("truncate secret");
        unit_pg_sql("insert into secret values ('%s', '\\x00')", names[i]);
        ck_assert_int_eq(directory_refresh(directory, pg), DB_SCHEMA);
        ck_assert_ptr_null(directory_acquire(directory));
        ck_assert_int_eq(
            unit_pg_number("select length(value) from secret where name = '%s'", names[i]), 1);
    }
}
END_TEST

/* A database of before has no key for links. */
START_TEST(missing_secrets_are_added)
{
    refresh();
    unit_pg_sql("delete from secret where name = 'link.0'");
    struct directory_snapshot *before = directory_acquire(directory);
    refresh();
    struct directory_snapshot *after = directory_acquire(directory);
    ck_assert_uint_eq(after->link_keys.count, 1);
    ck_assert(same(tag(&before->edit_secret), tag(&after->edit_secret)));
    ck_assert_mem_ne(&before->link_keys.items[0], &after->link_keys.items[0],
                     sizeof(struct link_key));
    directory_release(before);
    directory_release(after);
}
END_TEST

static void expect_link_keys(size_t count, int newest, int other)
{
    refresh();
    struct directory_snapshot *snapshot = directory_acquire(directory);
    const struct link_keys *keys = &snapshot->link_keys;
    ck_assert_uint_eq(keys->count, count);
    ck_assert_int_eq(keys->items[0].kid, newest);
    if (count > 1) {
        ck_assert_int_eq(keys->items[1].kid, other);
        ck_assert_mem_ne(keys->items[0].bytes, keys->items[1].bytes, LINK_KEY_SIZE);
    }
    directory_release(snapshot);
}

/* The two newest are good, by number and not by the alphabet, and the directory hears of them. */
START_TEST(link_keys_rotate)
{
    int32_t number = -1;
    expect_link_keys(1, 0, 0);
    for (int i = 1; i <= 11; i++) {
        ck_assert_int_eq(directory_rotate_link_key(pg, "test", &number), DB_OK);
        ck_assert_int_eq(number, i);
        expect_link_keys(2, i, i - 1);
    }
    unit_pg_sql("insert into secret select 'link.255', value from secret where name = 'link.0'");
    ck_assert_int_eq(directory_rotate_link_key(pg, "test", &number), DB_OK);
    ck_assert_int_eq(number, 256);
    expect_link_keys(2, 0, 255);
    /* What is no key of a link is nobody's business. */
    unit_pg_sql("insert into secret select n.name, value from secret,"
                " unnest(array['link.', 'link.x', 'link.9999999999', 'links.3']) as n (name)"
                " where secret.name = 'edit'");
    expect_link_keys(2, 0, 255);
    ck_assert_int_eq(unit_pg_number("select count(*) from audit where actor = 'test'"
                                    " and action = 'secret.rotate' and subject = 'link key 256'"),
                     1);
}
END_TEST

/* Who comes first to an empty database is the first key. */
START_TEST(rotation_before_any_daemon)
{
    int32_t number = -1;
    ck_assert_int_eq(directory_rotate_link_key(pg, "test", &number), DB_OK);
    ck_assert_int_eq(number, 0);
    expect_link_keys(1, 0, 0);
    ck_assert_int_eq(unit_pg_number("select count(*) from secret"), 3);
}
END_TEST

START_TEST(an_unreadable_survey_costs_no_other)
{
    add_survey("bad-question");
    add_survey("good");
    add_survey("bad-title");
    unit_pg_sql("update survey set title = '7' where slug = 'bad-title'");
    unit_pg_sql("update question set definition = '{\"type\": \"new\"}' where n = 2 and survey_id ="
                " (select id from survey where slug = 'bad-question')");
    refresh();
    struct directory_snapshot *snapshot = directory_acquire(directory);
    ck_assert_uint_eq(snapshot->survey_count, 1);
    ck_assert_ptr_nonnull(directory_survey(snapshot, "good"));
    ck_assert_ptr_nonnull(directory_survey_by_id(snapshot, directory_survey(snapshot, "good")->id));
    directory_release(snapshot);
}
END_TEST

START_TEST(the_last_stays_good_when_the_database_fails)
{
    add_survey("one");
    refresh();
    add_survey("two");
    unit_pg_sql("alter table survey rename column title to titel");
    ck_assert_int_ne(directory_refresh(directory, pg), DB_OK);
    struct directory_snapshot *snapshot = directory_acquire(directory);
    ck_assert_uint_eq(snapshot->survey_count, 1);
    directory_release(snapshot);
    unit_pg_sql("alter table survey rename column titel to title");
}
END_TEST

/* --- when keys were used --- */

static void use(const char *name)
{
    struct directory_snapshot *snapshot = directory_acquire(directory);
    atomic_store(find_key(snapshot, name)->used, true);
    directory_release(snapshot);
}

static const char *used_keys(void)
{
    return unit_pg_value("select coalesce(string_agg(name, ',' order by id), '') from api_key"
                         " where last_used_at is not null");
}

/* A flag set under one snapshot is not lost with it; keys come and go around it. */
START_TEST(use_outlives_snapshots)
{
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        add_key(names[i], NULL, 0);
    refresh();
    use("b");
    use("d");
    unit_pg_sql("update api_key set revoked_at = now() where name = 'a'");
    refresh();
    unit_pg_sql("update api_key set revoked_at = now() where name = 'c'");
    add_key("f", NULL, 0);
    refresh();
    use("f");
    ck_assert_int_eq(directory_touch(directory, pg), DB_OK);
    ck_assert_str_eq(used_keys(), "b,d,f");
}
END_TEST

START_TEST(touched_once_a_minute)
{
    add_key("a", NULL, 0);
    add_key("b", NULL, 0);
    refresh();
    use("a");
    ck_assert_int_eq(directory_touch(directory, pg), DB_OK);
    use("b");
    ck_assert_int_eq(directory_touch(directory, pg), DB_OK);
    ck_assert_str_eq(used_keys(), "a");
}
END_TEST

/* It is not waited for. */
START_TEST(a_key_that_is_locked_is_not_touched)
{
    struct pg *other = unit_database_connect(NULL);
    add_key("a", NULL, 0);
    add_key("b", NULL, 0);
    refresh();
    use("a");
    use("b");
    ck_assert_int_eq(pg_command(other, "begin"), DB_OK);
    ck_assert_int_eq(pg_command(other, "update api_key set last_used_at = null where name = 'a'"),
                     DB_OK);
    int64_t began_us = clock_monotonic_us();
    ck_assert_int_eq(directory_touch(directory, pg), DB_OK);
    ck_assert_int_lt(clock_monotonic_us() - began_us, CLOCK_SECOND_US);
    ck_assert_str_eq(used_keys(), "b");
    pg_free(other);
}
END_TEST

START_TEST(a_failed_touch_is_made_up_for)
{
    add_key("a", NULL, 0);
    add_key("b", NULL, 0);
    refresh();
    use("b");
    unit_pg_sql("revoke update on api_key from npsd_app");
    ck_assert_int_ne(directory_touch(directory, pg), DB_OK);
    unit_pg_sql("grant update on api_key to npsd_app");
    ck_assert_int_eq(directory_touch(directory, pg), DB_OK);
    ck_assert_str_eq(used_keys(), "b");
}
END_TEST

/* --- threads --- */

enum { READERS = 4, REFRESHERS = 3, ROUNDS = 60 };

static atomic_bool stop;
static atomic_int reads;

static void *reader(void *unused)
{
    int64_t last = 0;
    (void)unused;
    while (!atomic_load(&stop)) {
        struct directory_snapshot *snapshot = directory_acquire(directory);
        ck_assert_int_ge(snapshot->version, last); /* never back */
        last = snapshot->version;
        ck_assert_str_eq(directory_survey(snapshot, "fixed")->slug, "fixed");
        const struct directory_key *key = find_key(snapshot, "fixed");
        if (!atomic_load_explicit(key->used, memory_order_relaxed))
            atomic_store_explicit(key->used, true, memory_order_relaxed);
        directory_release(snapshot);
        atomic_fetch_add(&reads, 1);
    }
    return NULL;
}

static void *refresher(void *connection)
{
    while (!atomic_load(&stop)) {
        ck_assert_int_eq(directory_refresh(directory, connection), DB_OK);
        ck_assert_int_eq(directory_touch(directory, connection), DB_OK);
    }
    return NULL;
}

/* What was committed before a refresh began is there when it is done, whoever does the reading. */
START_TEST(many_threads)
{
    pthread_t readers[READERS], refreshers[REFRESHERS];
    struct pg *connections[REFRESHERS];
    add_survey("fixed");
    add_key("fixed", NULL, 0);
    refresh();
    for (int i = 0; i < REFRESHERS; i++) {
        connections[i] = unit_database_connect(sets);
        pthread_create(&refreshers[i], NULL, refresher, connections[i]);
    }
    for (int i = 0; i < READERS; i++)
        pthread_create(&readers[i], NULL, reader, NULL);

    for (int i = 0; i < ROUNDS; i++) {
        const char *name = arena_printf(&arena, "key-%d", i);
        add_key(name, NULL, 0);
        refresh();
        struct directory_snapshot *snapshot = directory_acquire(directory);
        ck_assert_msg(find_key(snapshot, name) != NULL, "%s", name);
        directory_release(snapshot);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    for (int i = 0; i < REFRESHERS; i++) {
        pthread_join(refreshers[i], NULL);
        pg_free(connections[i]);
    }
    ck_assert_int_gt(atomic_load(&reads), 0);
}
END_TEST

/* A copy restores all that requests ask for, until the database is read. */
START_TEST(a_copy_restores_it)
{
    struct directory *other = directory_new();
    size_t len;
    const int32_t id = add_survey("one");
    add_key("bound", &id, 1);
    add_key("free", NULL, 0);
    refresh();
    struct directory_snapshot *was = directory_acquire(directory);
    const char *copy = directory_copy(&arena, was, &len);
    for (size_t part = 0; part < len; part += 7)
        ck_assert(!directory_restore(other, copy, part));
    ck_assert_ptr_null(directory_acquire(other));
    ck_assert(directory_restore(other, copy, len));
    struct directory_snapshot *is = directory_acquire(other);
    ck_assert_int_eq(is->version, DIRECTORY_RESTORED);
    ck_assert_mem_eq(&is->secrets, &was->secrets, sizeof is->secrets);
    size_t again_len;
    ck_assert_str_eq(directory_copy(&arena, is, &again_len), copy);
    const struct survey *survey = directory_survey(is, "one");
    ck_assert_ptr_eq(directory_survey_by_id(is, id), survey);
    ck_assert_str_eq(survey->questions[0].id, directory_survey(was, "one")->questions[0].id);
    ck_assert_str_eq(survey->title.items[0].text, "\xd0\x96");
    ck_assert(directory_key_covers(find_key(is, "bound"), id));
    ck_assert(!directory_key_covers(find_key(is, "bound"), id + 1));
    ck_assert(directory_key_covers(find_key(is, "free"), id + 1));
    ck_assert_str_eq(find_key(is, "free")->origins[0], "https://a.example");
    directory_release(is);
    ck_assert_int_eq(directory_refresh(other, pg), DB_OK);
    is = directory_acquire(other);
    ck_assert_int_eq(is->version, was->version);
    ck_assert(directory_restore(other, "", 0)); /* not any more */
    directory_release(is);
    directory_release(was);
    directory_free(other);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {nothing_read_yet,
                                  an_empty_database,
                                  surveys_are_found,
                                  survey_comes_back_whole,
                                  keys_are_found,
                                  many_keys_are_found,
                                  read_again_only_when_moved,
                                  read_again_when_moved_back,
                                  every_change_moves_it,
                                  secrets_are_shared_and_stay,
                                  a_copy_restores_it,
                                  a_broken_secret_is_not_replaced,
                                  missing_secrets_are_added,
                                  link_keys_rotate,
                                  rotation_before_any_daemon,
                                  an_unreadable_survey_costs_no_other,
                                  the_last_stays_good_when_the_database_fails,
                                  use_outlives_snapshots,
                                  touched_once_a_minute,
                                  a_key_that_is_locked_is_not_touched,
                                  a_failed_touch_is_made_up_for,
                                  many_threads};
    Suite *suite = suite_create("directory");
    TCase *tcase = tcase_create("directory");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 20);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
