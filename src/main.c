/* npsd: a self-hosted Net Promoter Score service. This file finds the command; src/cli has one file
 * a command. */
#include "npsd/base/crypto.h"
#include "npsd/cli/cli.h"
#include "npsd/json/read.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct cli_command commands[] = {
    {"serve", "the daemon", cli_serve},
    {"migrate", "bring the database's schema up to this version", cli_migrate},
    {"check", "prove that the tallies equal a recount; repair them", cli_check},
    {"key", "create, list and revoke keys", cli_key},
    {"secret", "change the key that signs links", cli_secret},
    {"survey", "create, list and show surveys", cli_survey},
    {"report", "the numbers of a survey as a table", cli_report},
    {"spool", "answers that wait for PostgreSQL, and those that it cannot take", cli_spool},
    {"config", "effective settings and where each comes from", cli_config},
    {"healthcheck", "exit 0 when the daemon is ready", cli_healthcheck},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out)
{
    fprintf(out, "npsd " NPSD_VERSION ": answers in, an honest number out\n\n"
                 "usage: npsd COMMAND [OPTIONS]\n\nCommands (each has --help):\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].summary);
    fputc('\n', out);
    config_help(out);
}

static const struct cli_command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* Which is given whatever the settings are. */
static bool asks_for_help(int argc, char **argv)
{
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

/* What could not be printed (a full disk) is a failure too. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "npsd: standard output cannot be written\n");
    return status == CLI_OK ? CLI_REFUSED : status;
}

int main(int argc, char **argv)
{
    struct config config;
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("npsd " NPSD_VERSION);
        return finish(CLI_OK);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return finish(CLI_OK);
    }
    const struct cli_command *command = find_command(argv[1]);
    if (!command) {
        fprintf(stderr, "npsd: there is no command %s (npsd --help lists them)\n", argv[1]);
        return CLI_USAGE;
    }
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write, not our end */
    if (!config_load(&config, stderr) && !asks_for_help(argc, argv))
        return CLI_USAGE;
    if (!crypto_init()) {
        fprintf(stderr, "npsd: the system gives no random numbers\n");
        return CLI_REFUSED;
    }
    json_read_init();
    return finish(command->run(argc - 1, argv + 1, &config));
}
