/*
 * Everything that moves numbers at once, at random, for a while: two writers that append, two that
 * correct, exclude and erase, two folders, one rebuild after the other, and somebody who ends the
 * connections of folds and rebuilds in the middle. Meanwhile recount after recount, each in one
 * snapshot: none may differ.
 */
#include "npsd/base/clock.h"
#include "npsd/base/log.h"
#include "npsd/domain/slots.h"
#include "npsd/ingest/folder.h"
#include "npsd/store/audit.h"
#include "npsd/store/responses.h"
#include "support/unit_cuts.h"
#include "support/unit_folds.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum {
    SECONDS = 15,
    SECONDS_MOST = 90,
    BATCH_MAX = 40,
    SENT_MAX = 65536,
    RECENT = 500,
    MONTHS = 3 /* from MARCH_2026 */
};

static const struct db_stmt *const *const sets[] = {
    folds_statements,     answers_statements,
    responses_statements, responses_change_statements,
    audit_statements,     NULL};

static atomic_bool stopping;
static atomic_size_t appended, repeated, changed, erased, rebuilt, kills, samples, wrong;
/* What was appended, for writers to send again and to change: a writer takes the next place, fills
 * it and marks it. */
static struct answer_row sent[SENT_MAX];
static atomic_bool is_sent[SENT_MAX];
static atomic_size_t sent_count;

struct actor {
    pthread_t thread;
    void (*act)(struct actor *actor); /* again and again, until stopping */
    struct pg *pg;
    struct arena arena; /* of one act */
    unsigned seed;
};

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

static int64_t month_start(int32_t month)
{
    return slot_start_us(SLOT_MONTH, month);
}

/* Every other time one of the last, which a rebuild may not have seen yet. */
static const struct answer_row *random_sent(struct actor *actor)
{
    size_t count = atomic_load(&sent_count);
    size_t last = count > RECENT && unit_random(&actor->seed, 2) ? count - RECENT : 0;
    size_t place = count ? last + unit_random(&actor->seed, (unsigned)(count - last)) : 0;
    return count && atomic_load(&is_sent[place]) ? &sent[place] : NULL;
}

/* A third of the answers lie in the busy month's middle day; some came before the facets. */
static struct answer_row new_answer(struct actor *actor)
{
    bool busy = unit_random(&actor->seed, 3) == 0;
    int64_t from_us =
        busy ? month_start(MARCH_2026 + 1) + 15 * CLOCK_DAY_US : month_start(MARCH_2026);
    int64_t to_us = busy ? from_us + CLOCK_DAY_US : month_start(MARCH_2026 + MONTHS);
    struct answer_row row =
        unit_cuts_random(&actor->arena, &actor->seed, unit_folds_survey(), from_us, to_us);
    if (unit_random(&actor->seed, 4) == 0)
        row.facets[0] = row.facets[1] = ANSWER_UNSET;
    return row;
}

static void remember(const struct answer_row *const *rows, size_t count)
{
    size_t place = atomic_fetch_add(&sent_count, count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_lt(place + i, SENT_MAX);
        sent[place + i] = *rows[i];
        /* The texts belong to the arena: what is sent again has the id and the hash. */
        sent[place + i].properties = NULL;
        sent[place + i].properties_len = 0;
        atomic_store(&is_sent[place + i], true);
    }
}

static void append_batch(struct actor *actor)
{
    size_t count = 1 + unit_random(&actor->seed, BATCH_MAX);
    struct answer_row *rows = arena_calloc(&actor->arena, count, sizeof *rows);
    const struct answer_row *batch[BATCH_MAX];
    for (size_t i = 0; i < count; i++) {
        rows[i] = new_answer(actor);
        batch[i] = &rows[i];
    }
    unit_cuts_sort(batch, count);
    ck_assert_int_eq(answers_append(actor->pg, &actor->arena, batch, count, NULL), DB_OK);
    remember(batch, count);
    atomic_fetch_add(&appended, count);
}

/* New ones and ones that were sent before, the careful way. */
static void append_again(struct actor *actor)
{
    struct answer_row *rows = arena_calloc(&actor->arena, 2, sizeof *rows);
    const struct answer_row *old = random_sent(actor);
    const struct answer_row *batch[2] = {&rows[0], &rows[1]};
    struct answer_found found[2];
    if (!old)
        return;
    rows[0] = new_answer(actor);
    rows[1] = *old;
    unit_cuts_sort(batch, 2);
    ck_assert_int_eq(answers_append_carefully(actor->pg, &actor->arena, batch, 2, found), DB_OK);
    size_t new = batch[0] == &rows[0] ? 0 : 1;
    ck_assert_int_eq(found[new].outcome, ANSWER_CREATED);
    ck_assert(found[1 - new].outcome == ANSWER_REPLAYED || found[1 - new].outcome == ANSWER_ERASED);
    remember(&batch[new], 1);
    atomic_fetch_add(&appended, 1);
    atomic_fetch_add(&repeated, 1);
}

static void act_append(struct actor *actor)
{
    if (unit_random(&actor->seed, 4) == 0)
        append_again(actor);
    else
        append_batch(actor);
    pause_ms(20);
}

static void move_answer(struct actor *actor, struct stored_response *response)
{
    struct answer_row *row = &response->row;
    switch (unit_random(&actor->seed, 6)) {
    case 0:
        row->score = (int)unit_random(&actor->seed, 11);
        break;
    case 1:
        row->answered_us =
            month_start(MARCH_2026) + unit_random(&actor->seed, 90 * 24) * 3600 * CLOCK_SECOND_US;
        break;
    case 2:
        response->excluded = !response->excluded;
        break;
    case 3:
        unit_cuts_place(&actor->arena, &actor->seed, row);
        break;
    case 4:
        unit_cuts_say(&actor->seed, row);
        break;
    default:
        row->language = "en"; /* moves no number */
    }
}

static void act_change(struct actor *actor)
{
    const struct answer_row *old = random_sent(actor);
    struct stored_response before, after;
    bool found = false, stale = false;
    int64_t updated_us;
    enum db_status status = DB_OK;
    if (!old)
        return;
    status = responses_read(actor->pg, &actor->arena, old->survey_id, &old->id, &found, &before);
    ck_assert_int_eq(status, DB_OK);
    ck_assert(found);
    if (before.erased)
        return;
    unit_cuts_recognise(&before.row);
    after = before;
    move_answer(actor, &after);
    pause_ms((int)unit_random(&actor->seed, 10)); /* for others to come between */
    bool erase = unit_random(&actor->seed, 20) == 0;
    const struct response_change change = {&before, &after, "test", "response.correct"};
    status = erase ? responses_erase(actor->pg, &actor->arena, &before, "test", &stale)
                   : responses_change(actor->pg, &actor->arena, &change, &stale, &updated_us);
    ck_assert_int_eq(status, DB_OK);
    if (!stale)
        atomic_fetch_add(erase ? &erased : &changed, 1);
}

/* Its connection is ended at times: then the month is left to the next round. */
static void act_rebuild(struct actor *actor)
{
    int32_t month = MARCH_2026 + (int32_t)unit_random(&actor->seed, MONTHS);
    enum db_status status = folds_rebuild_month(actor->pg, unit_folds_survey(), month);
    ck_assert(status == DB_OK || status == DB_LOST || status == DB_AWAY || status == DB_RETRY);
    atomic_fetch_add(&rebuilt, status == DB_OK);
    pause_ms(30);
}

/* Ends one connection that folds or rebuilds at this moment. */
static void act_kill(struct actor *actor)
{
    pause_ms(100 + (int)unit_random(&actor->seed, 800));
    int64_t ended = number_of(
        "select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity"
        " where datname = current_database() and state = 'active' and pid <> pg_backend_pid()"
        " and query ~ '^with (until|quarter|gone|due|made)' limit 1) a");
    atomic_fetch_add(&kills, (size_t)ended);
}

/* The view that people read, against rows: what one of them does not know of the other. */
static const struct db_stmt compare_view = {
    "compare_view", "int4", "int8",
    "select count(*) from ("
    " select value, day, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10 from v_tally"
    "  where survey_id = $1 and facet = 0 and n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7 + n8 + n9 + n10"
    "   <> 0"
    ") t full join ("
    " select floor(extract(epoch from answered_at) / 86400)::int as day, count(*) as n,"
    "  count(*) filter (where score = 10) as n10, count(*) filter (where score = 0) as n0"
    " from response where survey_id = $1 and not excluded group by 1) r using (day)"
    " where r.n is distinct from t.n0 + t.n1 + t.n2 + t.n3 + t.n4 + t.n5 + t.n6 + t.n7 + t.n8"
    "  + t.n9 + t.n10 or r.n10 is distinct from t.n10 or r.n0 is distinct from t.n0"};

static void count_sample(int64_t different)
{
    atomic_fetch_add(&samples, 1);
    atomic_fetch_add(&wrong, different != 0);
}

static void act_check(struct actor *actor)
{
    DB_RESULT result = NULL;
    int64_t cells = -1;
    /* The busy month every other time. */
    int32_t month = MARCH_2026 +
                    (int32_t)(unit_random(&actor->seed, 2) ? 1 : unit_random(&actor->seed, MONTHS));
    ck_assert_int_eq(folds_check_month(actor->pg, unit_folds_survey(), month, &cells), DB_OK);
    count_sample(cells);
    const struct db_param params[] = {P_INT4(unit_folds_survey())};
    ck_assert_int_eq(pg_exec_unprepared(actor->pg, &compare_view, params, 1, &result), DB_OK);
    count_sample(db_int(result, 0, 0));
}

static void *actor_main(void *argument)
{
    struct actor *actor = argument;
    arena_init(&actor->arena, 65536);
    while (!atomic_load(&stopping)) {
        actor->act(actor);
        arena_reset(&actor->arena);
    }
    arena_done(&actor->arena);
    return NULL;
}

/* A test in which little happened proves little. */
static bool is_enough(void)
{
    return atomic_load(&appended) > 1000 && atomic_load(&repeated) > 10 &&
           atomic_load(&changed) > 100 && atomic_load(&erased) > 5 && atomic_load(&rebuilt) > 1 &&
           atomic_load(&kills) > 3 && atomic_load(&samples) > 20;
}

/* A busy machine gets more time. */
static bool is_over(int tenths)
{
    return atomic_load(&wrong) > 0 || (tenths >= SECONDS * 10 && is_enough()) ||
           tenths >= SECONDS_MOST * 10;
}

static void act_all(struct actor *actors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        actors[i].pg = unit_database_connect(sets);
        actors[i].seed = (unsigned)i * 7919;
    }
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(pthread_create(&actors[i].thread, NULL, actor_main, &actors[i]), 0);
    for (int i = 0; !is_over(i); i++)
        pause_ms(100);
    atomic_store(&stopping, true);
    for (size_t i = 0; i < count; i++) {
        pthread_join(actors[i].thread, NULL);
        pg_free(actors[i].pg);
    }
}

/* Says how often each happened. */
static void tell(void)
{
    printf("%zu answers, %zu sent again, %zu changed, %zu erased, %zu months rebuilt, "
           "%zu connections ended, %zu samples, %zu wrong\n",
           atomic_load(&appended), atomic_load(&repeated), atomic_load(&changed),
           atomic_load(&erased), atomic_load(&rebuilt), atomic_load(&kills), atomic_load(&samples),
           atomic_load(&wrong));
    ck_assert_uint_eq(atomic_load(&wrong), 0);
    ck_assert(is_enough());
}

START_TEST(every_number_is_right_at_every_moment)
{
    struct actor actors[] = {{.act = act_append},  {.act = act_append}, {.act = act_change},
                             {.act = act_change},  {.act = act_check},  {.act = act_check},
                             {.act = act_rebuild}, {.act = act_kill}};
    const struct pg_options database = {
        .url = unit_pg_url(), .sets = sets, .role = "npsd_app", .allow_unsafe = true};
    struct folder *folders[2];
    unit_pg_sql("grant select on v_tally to npsd_app"); /* for compare_view */
    log_set_level("error");
    for (int i = 0; i < 2; i++)
        ck_assert_ptr_nonnull(folders[i] = folder_start(&database, NULL));
    act_all(actors, sizeof actors / sizeof actors[0]);
    for (int i = 0; i < 2; i++)
        folder_stop(folders[i]);
    tell();
    for (int32_t month = MARCH_2026; month < MARCH_2026 + MONTHS; month++)
        ck_assert_int_eq(differing(month), 0);
    ck_assert_int_eq(number_of("select count(*) from response where survey_id = s()"),
                     (int64_t)atomic_load(&appended));
    /* Sessions have told their deadlocks when they ended. */
    ck_assert_int_eq(
        number_of("select deadlocks from pg_stat_database where datname = current_database()"), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("folds together");
    TCase *test_case = unit_folds_case("together");
    tcase_set_timeout(test_case, 60);
    tcase_add_test(test_case, every_number_is_right_at_every_moment);
    suite_add_tcase(suite, test_case);
    return unit_database_run(suite);
}
