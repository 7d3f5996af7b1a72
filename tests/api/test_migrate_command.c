/* `npsd migrate`: each file once, however many run at once; nothing changed or unknown is passed
 * over. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>

enum { AT_ONCE = 8 };

static struct command migrate(const char *name, const char *option)
{
    return fixture_run_command(name, (const char *const[]){"migrate", option, NULL});
}

/* Eight on an empty database: all end well, each file is applied once. */
START_TEST(eight_at_once)
{
    const char *name = fixture_new_database(false);
    const char *settings[] = {text("NPSD_DATABASE_URL=%s", database_url(name)),
                              "NPSD_ALLOW_UNSAFE_DURABILITY=1", NULL};
    struct running running[AT_ONCE];
    for (int i = 0; i < AT_ONCE; i++)
        running[i] = command_start(settings, (const char *const[]){"migrate", NULL});
    for (int i = 0; i < AT_ONCE; i++) {
        struct command command = command_wait(running[i]);
        ck_assert_msg(command.status == 0, "%d: %s", command.status, command.err);
    }
    ck_assert_int_ge(database_number(name, "SELECT count(*) FROM schema_migrations"), 1);
    ck_assert_int_eq(database_number(name, "SELECT count(*) - count(DISTINCT name)"
                                           " FROM schema_migrations"),
                     0);
    struct command again = migrate(name, NULL);
    ck_assert_msg(again.status == 0, "%s", again.err);
    database_drop(name);
}
END_TEST

/* --dry-run tells the files and changes nothing. */
START_TEST(dry_run)
{
    const char *name = fixture_new_database(false);
    struct command command = migrate(name, "--dry-run");
    ck_assert_msg(command.status == 0, "%s", command.err);
    ck_assert_ptr_nonnull(strstr(command.out, "0001_"));
    ck_assert_int_eq(database_number(name, "SELECT count(*) FROM pg_tables"
                                           " WHERE schemaname NOT IN"
                                           " ('pg_catalog', 'information_schema')"),
                     0);
    database_drop(name);
}
END_TEST

/* A file that is not what was applied, and one that this npsd does not know. */
START_TEST(changed_and_unknown_files)
{
    static const char *const spoil[] = {
        "UPDATE schema_migrations SET sha256 = reverse(sha256) WHERE version = 1",
        "UPDATE schema_migrations SET name = '0001_other.sql' WHERE version = 1",
        "INSERT INTO schema_migrations (version, name, sha256)"
        " SELECT 9999, '9999_future.sql', sha256 FROM schema_migrations LIMIT 1",
    };
    for (size_t i = 0; i < COUNT_OF(spoil); i++) {
        const char *name = fixture_new_database(true);
        database_sql(name, "%s", spoil[i]);
        struct command command = migrate(name, NULL);
        ck_assert_msg(command.status != 0, "%s: it went on: %s", spoil[i], command.out);
        const char *told = text("%s%s", command.out, command.err);
        ck_assert_msg(strstr(told, i == 2 ? "9999" : "0001") != NULL, "%s", told);
        database_drop(name);
    }
}
END_TEST

/* A database that is not there, and arguments that are none. */
START_TEST(wrong_calls)
{
    ck_assert_int_ne(migrate("there_is_none", NULL).status, 0);
    ck_assert_int_ne(migrate(fixture_database(), "--now").status, 0);
    ck_assert_int_ne(migrate(fixture_database(), "extra").status, 0);
}
END_TEST

/* The daemon does not migrate unless asked to. */
START_TEST(serve_migrates_when_asked)
{
    const char *name = fixture_new_database(false);
    struct daemon daemon;
    const char *settings[] = {"NPSD_TEST_SERVE=--migrate", NULL};
    ck_assert(daemon_start(&daemon, database_url(name), settings));
    ck_assert_int_ge(database_number(name, "SELECT count(*) FROM schema_migrations"), 1);
    ck_assert_pstr_eq(daemon_stop(&daemon), NULL);
    database_drop(name);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = eight_at_once},
        {.test = dry_run},
        {.test = changed_and_unknown_files},
        {.test = wrong_calls},
        {.test = serve_migrates_when_asked},
    };
    return fixture_run("migrate", NULL, tests, COUNT_OF(tests));
}
