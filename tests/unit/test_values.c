/* Numbers for the values of facets, seen by two daemons at once. */
#include "npsd/state/values.h"

#include "npsd/domain/survey.h"
#include "suite.h"
#include "support/unit_database.h"
#include "support/unit_proxy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FACET = SURVEY_FACET_FIRST, SURVEY = 5 };

static const struct db_stmt *const *const sets[] = {values_statements, NULL};

/* A daemon: its connection and what it remembers. */
struct side {
    struct pg *pg;
    struct values *values;
};

static struct side one, two;

static struct side side_new(void)
{
    return (struct side){unit_database_connect(sets), values_new()};
}

static void side_free(struct side *side)
{
    pg_free(side->pg);
    values_free(side->values);
}

static void setup(void)
{
    unit_pg_sql("truncate facet_value");
    one = side_new();
    two = side_new();
}

static void teardown(void)
{
    side_free(&one);
    side_free(&two);
}

static int32_t resolve(struct side *side, int facet, const char *value)
{
    int32_t id = -2;
    ck_assert_int_eq(values_resolve(side->values, side->pg, SURVEY, facet, value, &id), DB_OK);
    return id;
}

/* -2: not in memory. */
static int32_t remembered(struct side *side, int facet, const char *value)
{
    int32_t id = -2;
    return values_find(side->values, SURVEY, facet, value, &id) ? id : -2;
}

/* -2: not known. */
static int32_t look_up(struct side *side, int facet, const char *value)
{
    bool known;
    int32_t id;
    ck_assert_int_eq(values_look_up(side->values, side->pg, SURVEY, facet, value, &known, &id),
                     DB_OK);
    ck_assert(known || id == VALUES_OTHER);
    return known ? id : -2;
}

static long rows(void)
{
    return unit_pg_number("select count(*) from facet_value");
}

static void fill(int facet, int count)
{
    unit_pg_sql("insert into facet_value select %d, %d, n, 'v' || n from generate_series(1, %d) n",
                SURVEY, facet, count);
}

START_TEST(numbers_are_given_in_order_and_kept)
{
    ck_assert_int_eq(remembered(&one, FACET, "north"), -2);
    ck_assert_int_eq(resolve(&one, FACET, "north"), 1);
    ck_assert_int_eq(resolve(&one, FACET, "south"), 2);
    ck_assert_int_eq(resolve(&one, FACET, "north"), 1);
    ck_assert_int_eq(remembered(&one, FACET, "south"), 2);
    ck_assert_int_eq(resolve(&one, FACET + 1, "south"), 1); /* each facet by itself */
    ck_assert_int_eq(resolve(&one, SURVEY_FACET_AGENT, "south"), 1);
    ck_assert_int_eq(rows(), 4);
}
END_TEST

START_TEST(values_are_bytes)
{
    static const char *const values[] = {"a", "A", "a ", "", "\xc3\xa9", "e\xcc\x81", "'", "\\"};
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(resolve(&one, FACET, values[i]), i + 1);
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(resolve(&two, FACET, values[i]), i + 1);
}
END_TEST

/* Surveys that share a bucket of the table. */
START_TEST(surveys_are_apart)
{
    int32_t id = -2;
    ck_assert_int_eq(resolve(&one, FACET, "x"), 1);
    ck_assert(!values_find(one.values, SURVEY + 64, FACET, "x", &id));
    for (int n = 1; n <= 3; n++) {
        char value[32];
        snprintf(value, sizeof value, "y%d", n);
        ck_assert_int_eq(values_resolve(one.values, one.pg, SURVEY + 64, FACET, value, &id), DB_OK);
        ck_assert_int_eq(id, n);
    }
    ck_assert_int_eq(remembered(&one, FACET, "y1"), -2);
    ck_assert_int_eq(remembered(&one, FACET, "x"), 1);
}
END_TEST

START_TEST(what_another_daemon_has_added)
{
    ck_assert_int_eq(look_up(&one, FACET, "x"), -2);
    ck_assert_int_eq(resolve(&two, FACET, "x"), 1);
    ck_assert_int_eq(look_up(&one, FACET, "x"), 1);
    ck_assert_int_eq(remembered(&one, FACET, "x"), 1);
    ck_assert_int_eq(resolve(&two, FACET, "y"), 2);
    ck_assert_int_eq(resolve(&one, FACET, "y"), 2);
    ck_assert_int_eq(rows(), 2);
}
END_TEST

START_TEST(looking_up_adds_nothing)
{
    ck_assert_int_eq(look_up(&one, FACET, "x"), -2);
    ck_assert_int_eq(look_up(&one, FACET, VALUES_OTHER_NAME), VALUES_OTHER);
    ck_assert_int_eq(look_up(&one, SURVEY_FACET_AGENT, "x"), -2);
    ck_assert_int_eq(rows(), 0);
}
END_TEST

START_TEST(the_cap)
{
    fill(FACET, VALUES_MAX - 2);
    ck_assert_int_eq(resolve(&one, FACET, "first"), VALUES_MAX - 1);
    ck_assert_int_eq(resolve(&two, FACET, "last"), VALUES_MAX);
    ck_assert_int_eq(resolve(&one, FACET, "late"), VALUES_OTHER);
    ck_assert_int_eq(remembered(&one, FACET, "never seen"), VALUES_OTHER); /* no need to ask */
    ck_assert_int_eq(remembered(&one, FACET, "last"), VALUES_MAX);
    ck_assert_int_eq(resolve(&two, FACET, "late"), VALUES_OTHER);
    ck_assert_int_eq(look_up(&one, FACET, "late"), -2);
    ck_assert_int_eq(look_up(&one, FACET, "last"), VALUES_MAX);
    ck_assert_int_eq(resolve(&one, FACET + 1, "late"), 1);
    ck_assert_int_eq(rows(), VALUES_MAX + 1);
}
END_TEST

START_TEST(other_is_not_a_value)
{
    ck_assert_int_eq(resolve(&one, FACET, VALUES_OTHER_NAME), VALUES_OTHER);
    ck_assert_int_eq(remembered(&one, FACET, VALUES_OTHER_NAME), VALUES_OTHER);
    ck_assert_int_eq(rows(), 0);
}
END_TEST

/* An agent's name stands nowhere but in the table. */
START_TEST(agents_have_no_cap_and_any_name)
{
    fill(SURVEY_FACET_AGENT, VALUES_MAX + 100);
    ck_assert_int_eq(resolve(&one, SURVEY_FACET_AGENT, "Olga"), VALUES_MAX + 101);
    ck_assert_int_eq(resolve(&two, SURVEY_FACET_AGENT, "Olga"), VALUES_MAX + 101);
    ck_assert_int_eq(resolve(&one, SURVEY_FACET_AGENT, "v7"), 7);
    ck_assert_int_eq(remembered(&one, SURVEY_FACET_AGENT, "nobody"), -2);
    ck_assert_int_eq(look_up(&two, SURVEY_FACET_AGENT, VALUES_OTHER_NAME), -2);
    ck_assert_int_eq(resolve(&one, SURVEY_FACET_AGENT, VALUES_OTHER_NAME), VALUES_MAX + 102);
    ck_assert_int_eq(look_up(&two, SURVEY_FACET_AGENT, VALUES_OTHER_NAME), VALUES_MAX + 102);
}
END_TEST

enum { RACERS = 3, RACED = 300 };

struct racer {
    pthread_t thread;
    struct side side;
    int number;
    int32_t ids[RACED];
};

/* Every racer sees all values, each in an order of its own. */
static void *race(void *argument)
{
    struct racer *racer = argument;
    for (int i = 0; i < RACED; i++) {
        int n = (i * 7 + racer->number * 101) % RACED;
        char value[32];
        int32_t id;
        snprintf(value, sizeof value, "r%d", n);
        racer->ids[n] =
            values_resolve(racer->side.values, racer->side.pg, SURVEY, FACET, value, &id) == DB_OK
                ? id
                : -1;
    }
    return NULL;
}

/* Two of the racers share their memory, as the lanes of a daemon do. */
START_TEST(writers_race_for_the_last_places)
{
    static struct racer racers[RACERS];
    static bool taken[VALUES_MAX + 1];
    int others = 0;
    fill(FACET, VALUES_MAX - RACED / 2);
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.number = i, .side = side_new()};
        if (i == 1)
            values_free(racers[1].side.values);
        if (i == 1)
            racers[1].side.values = racers[0].side.values;
        ck_assert_int_eq(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++)
        pthread_join(racers[i].thread, NULL);
    for (int n = 0; n < RACED; n++) {
        int32_t id = racers[0].ids[n];
        ck_assert_int_eq(id, racers[1].ids[n]);
        ck_assert_int_eq(id, racers[2].ids[n]);
        ck_assert(id == VALUES_OTHER || (id > VALUES_MAX - RACED / 2 && id <= VALUES_MAX));
        ck_assert(id == VALUES_OTHER || !taken[id]);
        taken[id] = true;
        others += id == VALUES_OTHER;
    }
    ck_assert_int_eq(others, RACED - RACED / 2);
    ck_assert_int_eq(rows(), VALUES_MAX);
    racers[1].side.values = NULL;
    for (int i = 0; i < RACERS; i++)
        side_free(&racers[i].side);
}
END_TEST

struct reader {
    struct values *values;
    atomic_bool stop;
    atomic_int wrong;
};

static void *read_on(void *argument)
{
    struct reader *reader = argument;
    while (!atomic_load(&reader->stop))
        for (int n = 1; n <= 200; n++) {
            char value[32];
            int32_t id;
            snprintf(value, sizeof value, "w%d", n);
            if (values_find(reader->values, SURVEY, FACET, value, &id) && id != n)
                atomic_fetch_add(&reader->wrong, 1);
        }
    return NULL;
}

START_TEST(readers_while_the_table_grows)
{
    struct reader reader = {.values = one.values};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, read_on, &reader), 0);
    for (int n = 1; n <= 200; n++) {
        char value[32];
        snprintf(value, sizeof value, "w%d", n);
        ck_assert_int_eq(resolve(&one, FACET, value), n);
    }
    atomic_store(&reader.stop, true);
    pthread_join(thread, NULL);
    ck_assert_int_eq(atomic_load(&reader.wrong), 0);
}
END_TEST

START_TEST(names_of_numbers)
{
    static const int32_t ids[] = {2, 7, VALUES_OTHER, 1, 2};
    const char *names[5];
    struct arena arena;
    arena_init(&arena, 256);
    resolve(&one, FACET, "north");
    resolve(&one, FACET, "");
    resolve(&one, SURVEY_FACET_AGENT, "Olga");
    ck_assert_int_eq(values_names(two.pg, &arena, SURVEY, FACET, ids, 5, names), DB_OK);
    ck_assert_str_eq(names[0], "");
    ck_assert_ptr_null(names[1]);
    ck_assert_str_eq(names[2], VALUES_OTHER_NAME);
    ck_assert_str_eq(names[3], "north");
    ck_assert_str_eq(names[4], "");
    /* Agents have no cap, so none is the others. */
    ck_assert_int_eq(values_names(two.pg, &arena, SURVEY, SURVEY_FACET_AGENT, ids, 5, names),
                     DB_OK);
    ck_assert_ptr_null(names[2]);
    ck_assert_str_eq(names[3], "Olga");
    ck_assert_int_eq(values_names(two.pg, &arena, SURVEY, FACET, ids, 0, names), DB_OK);
    arena_done(&arena);
}
END_TEST

START_TEST(a_broken_connection)
{
    static struct pg_options options;
    int32_t id = -2;
    options = (struct pg_options){
        .url = unit_proxy_start(), .sets = sets, .role = "npsd_app", .allow_unsafe = true};
    struct pg *pg = pg_new(&options);
    ck_assert_int_eq(pg_connect(pg), DB_OK);
    for (long bytes = 0; bytes < 400; bytes += 5) { /* the connection breaks, and is back at once */
        char value[32];
        snprintf(value, sizeof value, "c%ld", bytes);
        unit_proxy_cut(PROXY_REPLY, bytes, 0);
        ck_assert_int_eq(values_resolve(one.values, pg, SURVEY, FACET, value, &id), DB_OK);
        unit_proxy_uncut();
        ck_assert_int_eq(id, look_up(&two, FACET, value));
    }
    unit_proxy_away(100000);
    unit_proxy_cut(PROXY_REPLY, 0, 100000);
    enum db_status status = values_resolve(one.values, pg, SURVEY, FACET, "away", &id);
    ck_assert(status == DB_AWAY || status == DB_RETRY);
    ck_assert_int_eq(values_resolve(one.values, pg, SURVEY, FACET, "c0", &id), DB_OK);
    ck_assert_int_eq(id, 1);
    ck_assert_int_eq(look_up(&two, FACET, "away"), -2);
    pg_free(pg);
    unit_proxy_stop();
}
END_TEST

START_TEST(values_that_postgresql_refuses)
{
    int32_t id = -2;
    ck_assert_int_eq(values_resolve(one.values, one.pg, SURVEY, FACET, "\xff", &id), DB_REFUSED);
    ck_assert_int_eq(id, -2);
    ck_assert_int_eq(resolve(&one, FACET, "good"), 1);
}
END_TEST

START_TEST(nothing_to_free)
{
    values_free(NULL);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {numbers_are_given_in_order_and_kept,
                                  values_are_bytes,
                                  surveys_are_apart,
                                  what_another_daemon_has_added,
                                  looking_up_adds_nothing,
                                  the_cap,
                                  other_is_not_a_value,
                                  agents_have_no_cap_and_any_name,
                                  writers_race_for_the_last_places,
                                  readers_while_the_table_grows,
                                  names_of_numbers,
                                  a_broken_connection,
                                  values_that_postgresql_refuses,
                                  nothing_to_free};
    return unit_database_run_checked("values", setup, teardown, tests, COUNT_OF(tests));
}
