#include "support/unit_ingest.h"

#include "npsd/base/clock.h"
#include "npsd/db/array.h"
#include "npsd/ingest/batch.h"
#include "support/unit_cuts.h"

#include <string.h>
#include <unistd.h>

enum { SECONDS_TO_GO = 8 };

#define MARK "poison"

static const struct db_stmt find_items = {
    "find_items", "int4 uuid[] bytea[] timestamptz[]", "bool bool bool",
    "select r.id is not null and not r.erased,"
    " coalesce(r.body_hash = b.hash and r.received_at = b.received, false),"
    " coalesce(r.erased, false)"
    " from unnest($2, $3, $4) with ordinality b (id, hash, received, n)"
    " left join response r on r.survey_id = $1 and r.id = b.id order by b.n"};
static const struct db_stmt count_again = {
    "count_again", "int4", "int8 int8",
    "select count(*) filter (where weight <> 0), (select count(*) from response where survey_id = $1)"
    " from (select sum(weight) as weight from ("
    "  select slot, score, cut, weight from journal_cell where survey_id = $1"
    "  union all"
    "  select slot, score, unnest(cuts), -1 from response_cuts($1, '-infinity', 'infinity')) one"
    " group by slot, score, cut) cell"};
static const struct db_stmt *const own[] = {&find_items, &count_again, NULL};
static const struct db_stmt *const *const own_sets[] = {own, NULL};
static const struct db_stmt *const *const lane_sets[] = {answers_statements, values_statements,
                                                         NULL};
static const char *const lane_settings[] = {"enable_seqscan=off", NULL};

static unsigned seed = 1;

struct pg_options ingest_options(const char *url)
{
    return (struct pg_options){.url = url,
                               .sets = lane_sets,
                               .settings = lane_settings,
                               .role = "npsd_app",
                               .allow_unsafe = true};
}

static struct pg_options batch_options;
static struct batch_tools tools;
static struct arena batch_arena;

void ingest_begin(void)
{
    batch_options = ingest_options(unit_pg_url());
    arena_init(&batch_arena, 65536);
    tools = (struct batch_tools){
        .pg = pg_new(&batch_options), .arena = &batch_arena, .values = values_new()};
}

void ingest_end(void)
{
    pg_free(tools.pg);
    values_free(tools.values);
    arena_done(&batch_arena);
}

void ingest_settings(const char *const *settings)
{
    batch_options.settings = settings;
}

void ingest_tell(struct freshness *freshness)
{
    tools.freshness = freshness;
}

void ingest_drop(void)
{
    pg_drop(tools.pg);
}

void ingest_commit(struct lane_item *const *items, size_t count)
{
    batch_commit(&tools, items, count);
    arena_reset(&batch_arena);
}

static void nothing(struct lane_item *item)
{
    (void)item;
}

static int64_t deadline(void)
{
    return clock_monotonic_us() + SECONDS_TO_GO * CLOCK_SECOND_US;
}

struct lane_item *ingest_item(void)
{
    static const int64_t march_us = INT64_C(1772323200) * CLOCK_SECOND_US;
    struct lane_item *item = arena_calloc(unit_folds_arena(), 1, sizeof *item);
    item->row = unit_cuts_random(unit_folds_arena(), &seed, unit_folds_survey(), march_us,
                                 march_us + 31 * CLOCK_DAY_US);
    item->deadline_us = deadline();
    item->done = nothing;
    return item;
}

struct lane_item *ingest_again(const struct lane_item *item)
{
    struct lane_item *again = arena_memdup(unit_folds_arena(), item, sizeof *item);
    again->row.received_us = item->row.received_us + 1000;
    again->deadline_us = deadline();
    again->outcome = LANE_PENDING;
    return again;
}

struct lane_item *ingest_other(const struct lane_item *item)
{
    struct lane_item *other = ingest_again(item);
    other->row.hash[0] ^= 1;
    other->row.score = (item->row.score + 1) % 11;
    return other;
}

struct lane_item **ingest_items(size_t count)
{
    struct lane_item **items = arena_calloc(unit_folds_arena(), count, sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i] = ingest_item();
    return items;
}

void ingest_mark(struct lane_item *item)
{
    item->row.respondent = MARK;
}

/* Triggers stay for the tests that follow; without a mark they are harmless. */
void ingest_poison(const char *sqlstate)
{
    unit_pg_sql("create or replace function poison() returns trigger language plpgsql as $$ begin"
                " if new.respondent = '" MARK
                "' then raise exception 'refused' using errcode = '%s';"
                " end if; return new; end $$;"
                "create or replace trigger poison before insert on response for each row"
                " execute function poison()",
                sqlstate);
}

size_t ingest_count(struct lane_item *const *items, size_t count, enum lane_outcome outcome)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += items[i]->outcome == outcome;
    return found;
}

/* What an item says, and whether there is an answer, the one that it says. */
static bool is_true(enum lane_outcome outcome, bool there, bool same, bool erased)
{
    switch (outcome) {
    case LANE_CREATED:
    case LANE_REPLAYED:
    case LANE_REUSED: /* which says what is there */
        return there && same;
    case LANE_ERASED:
        return erased;
    case LANE_REFUSED:
    case LANE_UNAVAILABLE:
    case LANE_UNFIT:
    case LANE_EXPIRED:
        return !same;
    case LANE_UNKNOWN:
    case LANE_SPOOLED: /* and perhaps committed before */
    case LANE_SPOOLED_AGAIN:
        return true;
    case LANE_PENDING:
        break;
    }
    return false;
}

static struct pg *side(void)
{
    static struct pg *pg;
    if (!pg)
        pg = unit_database_connect(own_sets);
    return pg;
}

void ingest_check(struct lane_item *const *items, size_t count)
{
    struct arena *arena = unit_folds_arena();
    struct buf ids = db_array_begin(arena, DB_ARRAY_UUID, count);
    struct buf hashes = db_array_begin(arena, DB_ARRAY_BYTEA, count);
    struct buf times = db_array_begin(arena, DB_ARRAY_TIMESTAMPTZ, count);
    DB_RESULT found = NULL;
    for (size_t i = 0; i < count; i++) {
        db_array_uuid(&ids, &items[i]->row.id);
        db_array_bytea(&hashes, items[i]->row.hash, RESPONSE_HASH_SIZE);
        db_array_time(&times, items[i]->row.received_us);
    }
    ck_assert_int_eq(PG_EXEC(side(), &find_items, &found, P_INT4(unit_folds_survey()), P_BUF(&ids),
                             P_BUF(&hashes), P_BUF(&times)),
                     DB_OK);
    for (size_t i = 0; i < count; i++) {
        bool there = db_bool(found, (int)i, 0), same = db_bool(found, (int)i, 1);
        bool erased = db_bool(found, (int)i, 2);
        ck_assert_msg(is_true(items[i]->outcome, there, same, erased),
                      "item %zu says %d, and is there %d, the same %d", i, items[i]->outcome, there,
                      same);
    }
    ck_assert(ingest_is_counted());
}

static int64_t count_column(int column)
{
    DB_RESULT cells = NULL;
    ck_assert_int_eq(PG_EXEC(side(), &count_again, &cells, P_INT4(unit_folds_survey())), DB_OK);
    return db_int(cells, 0, column);
}

bool ingest_is_counted(void)
{
    return count_column(0) == 0;
}

int64_t ingest_rows(void)
{
    return count_column(1);
}

void ingest_forget(void)
{
    run("delete from response where survey_id = s(); delete from journal where survey_id = s()");
}

pid_t ingest_end_later(struct pg *pg, const char *how)
{
    pid_t pid = fork();
    if (pid == 0) {
        usleep(300000);
        _exit(pg_command(pg, how) == DB_OK ? 0 : 1);
    }
    return pid;
}
