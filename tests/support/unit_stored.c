#include "support/unit_stored.h"

#include "npsd/store/audit.h"
#include "support/unit_cuts.h"

const struct db_stmt *const *const unit_stored_sets[] = {
    responses_statements, responses_change_statements, answers_statements, audit_statements, NULL};

static struct pg *pg;

struct pg *unit_stored_connect(void)
{
    return unit_database_connect(unit_stored_sets);
}

static void begin(void)
{
    pg = unit_stored_connect();
}

static void end(void)
{
    pg_free(pg);
}

TCase *unit_stored_case(const char *name)
{
    TCase *tcase = unit_folds_case(name);
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_set_timeout(tcase, 60);
    return tcase;
}

struct pg *unit_stored_pg(void)
{
    return pg;
}

struct uuid stored_add(const struct answer_row *row)
{
    ck_assert_int_eq(answers_append(pg, unit_folds_arena(), &row, 1, NULL), DB_OK);
    return row->id;
}

struct stored_response stored_read(const struct uuid *id)
{
    struct stored_response response;
    bool found = false;
    ck_assert_int_eq(
        responses_read(pg, unit_folds_arena(), unit_folds_survey(), id, &found, &response), DB_OK);
    ck_assert(found);
    unit_cuts_recognise(&response.row);
    return response;
}

bool stored_change(const struct stored_response *before, struct stored_response *after)
{
    const struct response_change change = {before, after, "key 3 Olga", "response.correct"};
    bool stale = true;
    ck_assert_int_eq(responses_change(pg, unit_folds_arena(), &change, &stale, &after->updated_us),
                     DB_OK);
    return !stale;
}

bool stored_erase(const struct stored_response *before)
{
    bool stale = true;
    ck_assert_int_eq(responses_erase(pg, unit_folds_arena(), before, "key 3 Olga", &stale), DB_OK);
    return !stale;
}
