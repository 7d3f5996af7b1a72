/* The commands beside the daemon: their help, their settings, and surveys by the command line. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const commands[] = {"serve",  "migrate", "check",  "key",   "secret",
                                       "survey", "report",  "config", "spool", "healthcheck"};

static const char *const settings[] = {"NPSD_LISTEN",
                                       "NPSD_ADMIN_LISTEN",
                                       "NPSD_DATABASE_URL",
                                       "NPSD_VAR",
                                       "NPSD_PUBLIC_URL",
                                       "NPSD_TRUSTED_PROXIES",
                                       "NPSD_RATE_PUBLIC",
                                       "NPSD_RATE_KEY",
                                       "NPSD_CONNECTIONS",
                                       "NPSD_CONNECTIONS_PER_ADDRESS",
                                       "NPSD_HTTP_THREADS",
                                       "NPSD_DB_WORKERS",
                                       "NPSD_QUEUE",
                                       "NPSD_SPOOL",
                                       "NPSD_SPOOL_MAX_MB",
                                       "NPSD_LOG",
                                       "NPSD_ALLOW_UNSAFE_DURABILITY"};

static struct command run(const char *const *args)
{
    return fixture_run_command(fixture_database(), args);
}

/* Every command explains itself, and the whole names every command and every setting. */
START_TEST(help)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        struct command command = run((const char *const[]){commands[i], "--help", NULL});
        ck_assert_msg(command.status == 0, "%s --help: %d %s", commands[i], command.status,
                      command.err);
        ck_assert_msg(strstr(command.out, commands[i]) != NULL, "%s --help: %s", commands[i],
                      command.out);
        command = command_run((const char *const[]){"NPSD_QUEUE=wrong", NULL},
                              (const char *const[]){commands[i], "--help", NULL});
        ck_assert_int_eq(command.status, 0);
        ck_assert_ptr_nonnull(strstr(command.out, commands[i]));
    }
    struct command all = run((const char *const[]){"--help", NULL});
    ck_assert_int_eq(all.status, 0);
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        ck_assert_ptr_nonnull(strstr(all.out, commands[i]));
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        ck_assert_ptr_nonnull(strstr(all.out, settings[i]));
}
END_TEST

/* The version alone, and what is no command. */
START_TEST(version_and_nonsense)
{
    struct command command = run((const char *const[]){"--version", NULL});
    ck_assert_int_eq(command.status, 0);
    ck_assert_ptr_nonnull(strstr(command.out, "npsd "));
    static const char *const wrong[][3] = {{NULL},           {"explode"}, {"--explode"},
                                           {"serve", "now"}, {""},        {"config", "x"}};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        command = run(wrong[i]);
        ck_assert_msg(command.status != 0, "npsd %s ended with 0", wrong[i][0] ? wrong[i][0] : "");
        ck_assert_msg(*command.err != '\0', "npsd %s said nothing", wrong[i][0] ? wrong[i][0] : "");
    }
}
END_TEST

/* Wrong settings stop the daemon, and the setting or its value is named. */
static const struct {
    const char *setting, *name;
} wrong_values[] = {
    {"NPSD_COLOUR=red", "NPSD_COLOUR"},
    {"NPSD_DATABASE=x", "NPSD_DATABASE"},
    {"NPSD_=x", "NPSD_"},
    {"NPSD_LISTEN=nowhere", "NPSD_LISTEN"},
    {"NPSD_LISTEN=", "NPSD_LISTEN"},
    {"NPSD_LISTEN=127.0.0.1:65536", "NPSD_LISTEN"},
    {"NPSD_LISTEN=127.0.0.1:-1", "NPSD_LISTEN"},
    {"NPSD_LISTEN=127.0.0.1:80x", "NPSD_LISTEN"},
    {"NPSD_ADMIN_LISTEN=127.0.0.1", "NPSD_ADMIN_LISTEN"},
    {"NPSD_RATE_PUBLIC=many", "NPSD_RATE_PUBLIC"},
    {"NPSD_RATE_PUBLIC=-1", "NPSD_RATE_PUBLIC"},
    {"NPSD_CONNECTIONS=0", "NPSD_CONNECTIONS"},
    {"NPSD_HTTP_THREADS=0", "NPSD_HTTP_THREADS"},
    {"NPSD_DB_WORKERS=4.5", "NPSD_DB_WORKERS"},
    {"NPSD_QUEUE=", "NPSD_QUEUE"},
    {"NPSD_QUEUE=99999999999999999999", "NPSD_QUEUE"},
    {"NPSD_SPOOL_MAX_MB=1G", "NPSD_SPOOL_MAX_MB"},
    {"NPSD_LOG=loud", "NPSD_LOG"},
    {"NPSD_ALLOW_UNSAFE_DURABILITY=yes", "NPSD_ALLOW_UNSAFE_DURABILITY"},
    {"NPSD_TRUSTED_PROXIES=10.0.0.0/33", "NPSD_TRUSTED_PROXIES"},
    {"NPSD_TRUSTED_PROXIES=everybody", "NPSD_TRUSTED_PROXIES"},
    {"NPSD_PUBLIC_URL=not a url", "NPSD_PUBLIC_URL"},
    {"NPSD_PUBLIC_URL=javascript:alert(1)", "NPSD_PUBLIC_URL"},
};

START_TEST(wrong_settings)
{
    const char *name = wrong_values[_i].name, *wrong = wrong_values[_i].setting;
    const char *others[] = {"NPSD_LISTEN=127.0.0.1:0",
                            "NPSD_ADMIN_LISTEN=127.0.0.1:0",
                            "NPSD_ALLOW_UNSAFE_DURABILITY=1",
                            text("NPSD_DATABASE_URL=%s", database_url(fixture_database())),
                            wrong,
                            NULL};
    struct command command = command_run(others, (const char *const[]){"serve", NULL});
    ck_assert_msg(command.status != 0, "serve took %s", wrong);
    const char *value = strchr(wrong, '=') + 1;
    ck_assert_msg(strstr(command.err, name) || strstr(command.err, text("=%s", value)), "%s: %s",
                  wrong, command.err);
}
END_TEST

/* What is not known stops every command, except the tests' own. */
START_TEST(unknown_settings)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        const char *with[] = {"NPSD_COLOUR=red", NULL};
        struct command command = command_run(with, (const char *const[]){commands[i], NULL});
        ck_assert_msg(command.status != 0, "%s took it", commands[i]);
        ck_assert_msg(strstr(command.err, "NPSD_COLOUR") != NULL, "%s: %s", commands[i],
                      command.err);
    }
    const char *free_for_tests[] = {"NPSD_TEST_ANYTHING=x", NULL};
    ck_assert_int_eq(command_run(free_for_tests, (const char *const[]){"config", NULL}).status, 0);
}
END_TEST

/* The effective settings, where each comes from, and no password in any form of URL. */
START_TEST(config)
{
    static const char *const urls[] = {
        "postgresql://user:S3CRET@db.example:5432/npsd?sslmode=require",
        "postgres://user:S3%43RET%20x@db.example/npsd",
        "postgresql://db.example/npsd?user=user&password=S3CRET&sslmode=require",
        "host=db.example user=user password=S3CRET dbname=npsd",
        "host=db.example password = 'S3CRET \\' more S3CRET' user=user",
    };
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        const char *with[] = {text("NPSD_DATABASE_URL=%s", urls[i]), "NPSD_QUEUE=77", NULL};
        struct command command = command_run(with, (const char *const[]){"config", NULL});
        ck_assert_msg(command.status == 0, "%s", command.err);
        ck_assert_msg(!strstr(command.out, "S3"), "%s", command.out);
        ck_assert_msg(!strstr(command.err, "S3"), "%s", command.err);
        ck_assert_msg(strstr(command.out, "db.example") != NULL, "%s", command.out);
        for (size_t j = 0; j < COUNT_OF(settings); j++)
            ck_assert_ptr_nonnull(strstr(command.out, settings[j]));
        const char *queue = strstr(command.out, "NPSD_QUEUE");
        queue = text("%.*s", (int)strcspn(queue, "\n"), queue);
        ck_assert_msg(strstr(queue, "77") && !strstr(queue, "default"), "%s", queue);
        ck_assert_ptr_nonnull(strstr(strstr(command.out, "NPSD_LOG"), "default"));
    }
}
END_TEST

/* The table of README. */
START_TEST(config_as_a_table)
{
    struct command command = run((const char *const[]){"config", "--markdown", NULL});
    ck_assert_int_eq(command.status, 0);
    ck_assert_ptr_eq(strstr(command.out, "| setting | default | meaning |\n"), command.out);
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        ck_assert_ptr_nonnull(strstr(command.out, text("\n| `%s` | ", settings[i])));
    ck_assert_ptr_null(strstr(command.out, fixture_database()));
}
END_TEST

static const char *definition_file(const char *content)
{
    const char *path = text("%s/definition.json", fixture_daemon()->folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
    return path;
}

/* A command whose output goes to a full disk; what it says of that. */
static int run_into_nothing(const char *words, const char **ret_said)
{
    const char *said = text("%s/said", fixture_daemon()->folder);
    const char *with = text("NPSD_ALLOW_UNSAFE_DURABILITY=1 NPSD_DATABASE_URL='%s'",
                            database_url(fixture_database()));
    const char *binary = getenv("NPSD_TEST_BINARY");
    int status = system(
        text("%s '%s' %s >/dev/full 2>'%s'", with, binary ? binary : "build/npsd", words, said));
    *ret_said = text_file(said);
    unlink(said);
    ck_assert(WIFEXITED(status) && *ret_said);
    return WEXITSTATUS(status);
}

/* Nobody takes the output for whole, and a key that nobody has seen is told of. */
START_TEST(output_that_cannot_be_written)
{
    static const char *const words[] = {"--help",     "--version",   "config",  "config --markdown",
                                        "key list",   "survey list", "migrate", "survey show full",
                                        "report full"};
    const char *said;
    const char *path = definition_file("{\"id\":\"full\",\"title\":{\"en\":\"Full\"}}");
    ck_assert_int_eq(run((const char *const[]){"survey", "create", path, NULL}).status, 0);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        ck_assert_msg(run_into_nothing(words[i], &said) == 1, "%s: %s", words[i], said);
        ck_assert_msg(strstr(said, "cannot be written") != NULL, "%s: %s", words[i], said);
    }
    ck_assert_int_eq(run_into_nothing("key create --role viewer", &said), 1);
    ck_assert_ptr_nonnull(strstr(said, "revoke it"));
}
END_TEST

/* A cluster that may lose answers is refused, unless that is allowed. */
START_TEST(unsafe_durability)
{
    const char *name = fixture_database();
    if (strcmp(database_value(name, "SHOW fsync"), "on") == 0 &&
        strcmp(database_value(name, "SHOW synchronous_commit"), "on") == 0)
        return;
    const char *with[] = {text("NPSD_DATABASE_URL=%s", database_url(name)),
                          "NPSD_LISTEN=127.0.0.1:0",
                          "NPSD_ADMIN_LISTEN=", "NPSD_ALLOW_UNSAFE_DURABILITY=0", NULL};
    struct command command = command_run(with, (const char *const[]){"serve", NULL});
    ck_assert_int_ne(command.status, 0);
    ck_assert_ptr_nonnull(strstr(command.err, "NPSD_ALLOW_UNSAFE_DURABILITY"));
}
END_TEST

/* A survey made by the command is there for the daemon at once; what show prints, create takes. */
START_TEST(survey_commands)
{
    const char *path = definition_file("{\"id\":\"by-command\",\"title\":{\"en\":\"Command\"},"
                                       "\"facets\":[\"branch\"],\"min_responses\":3}");
    struct command create = run((const char *const[]){"survey", "create", path, NULL});
    ck_assert_msg(create.status == 0, "%s", create.err);
    struct reply *reply = client_get(fixture_key(ADMIN), "/v1/surveys/by-command");
    expect_int(expect_status(reply, 200), "/min_responses", 3);
    ck_assert_int_ne(run((const char *const[]){"survey", "create", path, NULL}).status, 0);
    struct command list = run((const char *const[]){"survey", "list", NULL});
    ck_assert(list.status == 0 && strstr(list.out, "by-command"));
    struct command show = run((const char *const[]){"survey", "show", "by-command", NULL});
    ck_assert_int_eq(show.status, 0);
    json_t *shown = json_loads(show.out, 0, NULL);
    ck_assert_ptr_nonnull(shown);
    json_object_set_new(shown, "id", json_string("by-copy"));
    char *copy = json_dumps(shown, 0);
    struct command again =
        run((const char *const[]){"survey", "create", definition_file(copy), NULL});
    ck_assert_msg(again.status == 0, "%s", again.err);
    free(copy);
    json_decref(shown);
    expect_status(client_post(NULL, "{\"score\":9}", "/v1/surveys/by-copy/responses"), 201);
}
END_TEST

/* Definitions that are wrong, and surveys that are not there. */
START_TEST(wrong_surveys)
{
    static const char *const wrong[] = {"",
                                        "{",
                                        "[]",
                                        "{\"id\":\"x\"}",
                                        "{\"id\":\"X\",\"title\":{\"en\":\"T\"}}",
                                        "{\"id\":\"x\",\"title\":{\"en\":\"T\"},\"colour\":1}",
                                        "{\"id\":\"x\",\"id\":\"y\",\"title\":{\"en\":\"T\"}}"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        const char *path = definition_file(wrong[i]);
        struct command create = run((const char *const[]){"survey", "create", path, NULL});
        ck_assert_msg(create.status != 0, "%s was taken", wrong[i]);
        ck_assert_msg(*create.err != '\0', "%s: no reason", wrong[i]);
    }
    ck_assert_int_ne(run((const char *const[]){"survey", "create", "/nowhere.json", NULL}).status,
                     0);
    ck_assert_int_ne(run((const char *const[]){"survey", "show", "there-is-none", NULL}).status, 0);
    ck_assert_int_ne(run((const char *const[]){"survey", "show", NULL}).status, 0);
    ck_assert_int_ne(run((const char *const[]){"survey", NULL}).status, 0);
    ck_assert_int_ne(run((const char *const[]){"report", "there-is-none", NULL}).status, 0);
    ck_assert_int_ne(run((const char *const[]){"report", NULL}).status, 0);
}
END_TEST

/* The report in the terminal holds the numbers of the API. */
START_TEST(report)
{
    const char *survey = fixture_survey("");
    static const int scores[] = {10, 9, 8, 0};
    for (size_t i = 0; i < COUNT_OF(scores); i++)
        fixture_answer(survey, scores[i], "");
    const char *const calls[][5] = {{"report", survey},
                                    {"report", survey, "--last", "30d"},
                                    {"report", survey, "--last", "24h"}};
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        struct command command = run(calls[i]);
        ck_assert_msg(command.status == 0, "%s", command.err);
        ck_assert_msg(strstr(command.out, "25") && strstr(command.out, "50"), "%s", command.out);
    }
    ck_assert_int_ne(run((const char *const[]){"report", survey, "--last", "30x", NULL}).status, 0);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = help},
        {.test = version_and_nonsense},
        {.test = wrong_settings, .rows = COUNT_OF(wrong_values)},
        {.test = unknown_settings},
        {.test = config},
        {.test = config_as_a_table},
        {.test = output_that_cannot_be_written},
        {.test = unsafe_durability},
        {.test = survey_commands},
        {.test = wrong_surveys},
        {.test = report},
    };
    return fixture_run("commands", NULL, tests, COUNT_OF(tests));
}
