#include "support/fixture.h"
#include "support/database.h"
#include "support/expect.h"
#include "support/text.h"
#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { TEST_SECONDS = 120, KEY_SIZE = 128, KEY_ARGS_MAX = 16 };

static struct daemon daemon_of_program;
static char prefix[48], template[64], database[64]; /* all databases begin with the prefix */
static char keys[ROLE_COUNT][KEY_SIZE];

static const char *const role_names[ROLE_COUNT] = {
    [NONE] = "none",     [SUBMIT] = "submit",   [AGENT] = "agent",
    [VIEWER] = "viewer", [ANALYST] = "analyst", [ADMIN] = "admin"};

const struct daemon *fixture_daemon(void)
{
    return &daemon_of_program;
}

const char *fixture_database(void)
{
    return database;
}

const char *fixture_key(enum fixture_role role)
{
    return role == NONE ? NULL : keys[role];
}

const char *fixture_role_name(enum fixture_role role)
{
    return role_names[role];
}

/* --- commands and keys --- */

struct command fixture_run_command(const char *name, const char *const *args)
{
    const char *folder = daemon_of_program.folder; /* "" before it was started */
    const char *settings[] = {text("NPSD_DATABASE_URL=%s", database_url(name)),
                              text("NPSD_VAR=%s", *folder ? folder : "/nonexistent"),
                              "NPSD_ALLOW_UNSAFE_DURABILITY=1", NULL};
    return command_run(settings, args);
}

const char *fixture_command(const char *const *args)
{
    struct command command = fixture_run_command(database, args);
    ck_assert_msg(command.status == 0, "npsd %s ended with %d: %s", args[0], command.status,
                  command.err);
    return text("%.*s", (int)strcspn(command.out, "\n"), command.out);
}

const char *fixture_new_key(const char *role, ...)
{
    const char *args[KEY_ARGS_MAX] = {"key", "create", "--role", role};
    size_t count = 4;
    va_list more;
    va_start(more, role);
    for (const char *arg; (arg = va_arg(more, const char *));) {
        ck_assert_uint_lt(count, KEY_ARGS_MAX - 1);
        args[count++] = arg;
    }
    va_end(more);
    return fixture_command(args);
}

static bool make_key(enum fixture_role role)
{
    const char *args[] = {"key",    "create",
                          "--role", role_names[role],
                          "--name", role == AGENT ? AGENT_NAME : role_names[role],
                          NULL};
    struct command command = fixture_run_command(database, args);
    if (command.status != 0)
        fprintf(stderr, "npsd key create: %s\n", command.err);
    snprintf(keys[role], KEY_SIZE, "%.*s", (int)strcspn(command.out, "\n"), command.out);
    return command.status == 0;
}

/* --- databases --- */

static unsigned random_number(void)
{
    unsigned number = 0;
    return getrandom(&number, sizeof(number), 0) == sizeof(number) ? number : (unsigned)getpid();
}

static bool make_template(void)
{
    snprintf(prefix, sizeof(prefix), "npsd_test_%d_%08x_", (int)getpid(), random_number());
    snprintf(template, sizeof(template), "%stemplate", prefix);
    if (!database_make(template, NULL))
        return false;
    struct command command = fixture_run_command(template, (const char *const[]){"migrate", NULL});
    if (command.status != 0)
        fprintf(stderr, "npsd migrate ended with %d: %s\n", command.status, command.err);
    return command.status == 0;
}

const char *fixture_new_database(bool migrated)
{
    const char *name = text("%s%d_%08x", prefix, (int)getpid(), random_number());
    ck_assert(database_make(name, migrated ? template : NULL));
    return name;
}

/* --- the program --- */

static bool begin(const char *const *settings)
{
    if (!getenv("NPSD_TEST_DATABASE_URL")) {
        fprintf(stderr, "NPSD_TEST_DATABASE_URL is not set: use tests/run.sh\n");
        return false;
    }
    if (!make_template())
        return false;
    snprintf(database, sizeof(database), "%smain", prefix);
    if (!database_make(database, template) ||
        !daemon_start(&daemon_of_program, database_url(database), settings))
        return false;
    client_use(daemon_of_program.url);
    for (int role = SUBMIT; role < ROLE_COUNT; role++)
        if (!make_key(role))
            return false;
    return true;
}

static bool end(void)
{
    const char *complaint = daemon_of_program.pid > 0 ? daemon_stop(&daemon_of_program) : NULL;
    if (complaint)
        fprintf(stderr, "%s\n", complaint);
    if (*prefix)
        database_drop_all(prefix);
    return complaint == NULL;
}

static void after_test(void)
{
    client_reset();
    text_reset();
}

static int run_tests(const char *name, const struct fixture_test *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, TEST_SECONDS);
    tcase_add_checked_fixture(tcase, NULL, after_test);
    for (size_t i = 0; i < count; i++)
        tcase_add_loop_test(tcase, tests[i].test, 0, tests[i].rows ? (int)tests[i].rows : 1);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed;
}

int fixture_run(const char *name, const char *const *settings, const struct fixture_test *tests,
                size_t count)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    bool good = begin(settings);
    good = good && run_tests(name, tests, count) == 0;
    good = end() && good;
    text_reset();
    curl_global_cleanup();
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- surveys and answers --- */

const char *fixture_survey(const char *members)
{
    static int number;
    const char *id = text("s-%d-%d", (int)getpid(), ++number);
    const char *body =
        text_json("{'id':'%s','title':{'en':'Test'}%s%s}", id, *members ? "," : "", members);
    expect_status(client_post(fixture_key(ADMIN), body, "/v1/surveys"), 201);
    return id;
}

struct reply *fixture_answer(const char *survey, int score, const char *members)
{
    const char *body = text_json("{'score':%d%s%s}", score, *members ? "," : "", members);
    return expect_status(client_post(fixture_key(ADMIN), body, "/v1/surveys/%s/responses", survey),
                         201);
}
