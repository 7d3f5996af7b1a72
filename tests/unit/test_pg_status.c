#include "npsd/db/pg_status.h"
#include "suite.h"

static const struct {
    const char *sqlstate;
    struct pg_verdict verdict;
} cases[] = {
    /* the connection broke, or libpq says so itself */
    {NULL, {.status = DB_LOST, .drop = true}},
    {"", {.status = DB_LOST, .drop = true}},
    {"08000", {.status = DB_LOST, .drop = true}},
    {"08006", {.status = DB_LOST, .drop = true}},
    {"08007", {.status = DB_LOST, .drop = true}},
    {"08P01", {.status = DB_LOST, .drop = true}},
    {"40003", {.status = DB_LOST, .drop = true}},
    {"57P01", {.status = DB_LOST, .drop = true}},
    {"57P02", {.status = DB_LOST, .drop = true}},
    {"57P04", {.status = DB_LOST, .drop = true}},
    {"57P05", {.status = DB_LOST, .drop = true}},
    /* not now */
    {"57P03", {.status = DB_AWAY, .drop = true}},
    {"53300", {.status = DB_AWAY, .drop = true}},
    {"28000", {.status = DB_AWAY, .drop = true}},
    {"28P01", {.status = DB_AWAY, .drop = true}},
    {"3D000", {.status = DB_AWAY, .drop = true}},
    /* again */
    {"40000", {.status = DB_RETRY}},
    {"40001", {.status = DB_RETRY}},
    {"40P01", {.status = DB_RETRY}},
    {"55P03", {.status = DB_RETRY}},
    {"57014", {.status = DB_RETRY}},
    {"25P03", {.status = DB_RETRY, .drop = true}},
    {"72000", {.status = DB_RETRY}},
    /* the server is in need */
    {"53000", {.status = DB_RESOURCES}},
    {"53100", {.status = DB_RESOURCES}},
    {"53200", {.status = DB_RESOURCES}},
    {"53400", {.status = DB_RESOURCES}},
    {"58030", {.status = DB_RESOURCES}},
    {"58P01", {.status = DB_RESOURCES}},
    {"XX000", {.status = DB_RESOURCES}},
    {"XX001", {.status = DB_RESOURCES}},
    {"25006", {.status = DB_READ_ONLY, .drop = true}},
    /* the value */
    {"23505", {.status = DB_CONFLICT}},
    {"23502", {.status = DB_REFUSED}},
    {"23503", {.status = DB_REFUSED}},
    {"23514", {.status = DB_REFUSED}},
    {"23P01", {.status = DB_REFUSED}},
    {"21000", {.status = DB_REFUSED}},
    {"22003", {.status = DB_REFUSED}},
    {"22021", {.status = DB_REFUSED}},
    {"22P05", {.status = DB_REFUSED}},
    {"44000", {.status = DB_REFUSED}},
    {"54000", {.status = DB_REFUSED}},
    {"P0001", {.status = DB_REFUSED}},
    /* our statement */
    {"0A000", {.status = DB_SCHEMA, .again = true}},
    {"26000", {.status = DB_SCHEMA, .again = true}},
    {"25P02", {.status = DB_SCHEMA}},
    {"42601", {.status = DB_SCHEMA}},
    {"42501", {.status = DB_SCHEMA}},
    {"42P01", {.status = DB_SCHEMA}},
    {"3F000", {.status = DB_SCHEMA}},
    {"P0004", {.status = DB_SCHEMA}},
    {"ZZZZZ", {.status = DB_SCHEMA}},
    {"4", {.status = DB_SCHEMA}},
};

START_TEST(test_codes)
{
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pg_verdict verdict = pg_status_of(cases[i].sqlstate);
        const char *code = cases[i].sqlstate ? cases[i].sqlstate : "none";
        ck_assert_msg(verdict.status == cases[i].verdict.status, "%s: %s", code,
                      db_status_name(verdict.status));
        ck_assert_msg(verdict.drop == cases[i].verdict.drop, "%s: drop", code);
        ck_assert_msg(verdict.again == cases[i].verdict.again, "%s: again", code);
    }
}
END_TEST

START_TEST(test_names)
{
    for (int status = DB_OK; status <= DB_UNSAFE; status++)
        ck_assert_ptr_nonnull(db_status_name(status));
    ck_assert_str_eq(db_status_name(DB_READ_ONLY), "read-only");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {test_codes, test_names};
    return suite_run("pg_status", tests, COUNT_OF(tests));
}
