#include "npsd/cli/cli.h"

#include "npsd/state/directory.h"
#include "npsd/state/freshness.h"
#include "npsd/state/values.h"
#include "npsd/store/answers.h"
#include "npsd/store/audit.h"
#include "npsd/store/displays.h"
#include "npsd/store/folds.h"
#include "npsd/store/keys.h"
#include "npsd/store/numbers.h"
#include "npsd/store/overview.h"
#include "npsd/store/responses.h"
#include "npsd/store/surveys.h"
#include "npsd/store/windows.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* Every statement there is, prepared by every connection of a worker and a command: a typo stops
 * the start, not a customer. */
static const struct db_stmt *const *const statements[] = {
    answers_statements,   audit_statements,     displays_statements,
    folds_statements,     keys_statements,      numbers_statements,
    overview_statements,  responses_statements, responses_change_statements,
    surveys_statements,   windows_statements,   directory_statements,
    freshness_statements, values_statements,    NULL};

/*
 * Every statement goes by an index: a sequential scan is only ever chosen by mistake, as of the
 * journal, which looks empty whenever it is analyzed after a fold.
 */
static const char *const settings[] = {"enable_seqscan=off", NULL};

int cli_misused(const char *command, const char *word)
{
    fprintf(stderr, "npsd %s: %s is not understood here (see npsd %s --help)\n", command, word,
            command);
    return CLI_USAGE;
}

bool cli_flag(int argc, char **argv, const char *help, const char *flag, bool *ret_given,
              int *ret_status)
{
    const struct option options[] = {
        {"help", no_argument, NULL, 'h'}, {flag, no_argument, NULL, 'f'}, {0}};
    bool given = false;
    int option;
    optind = 0; /* of glibc: begin anew */
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            *ret_status = CLI_OK;
            return false;
        }
        if (option != 'f') {
            *ret_status = cli_misused(argv[0], argv[optind - 1]);
            return false;
        }
        given = true;
    }
    if (optind < argc) {
        *ret_status = cli_misused(argv[0], argv[optind]);
        return false;
    }
    *ret_given = given;
    return true;
}

bool cli_helped(int argc, char **argv, const char *usage)
{
    for (int i = 1; i < argc && i < 3; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return true;
        }
    return false;
}

int cli_group_misused(const struct cli_group *group, const char *detail)
{
    fprintf(stderr, "npsd %s: %s\n%s", group->name, detail, group->usage);
    return CLI_USAGE;
}

int cli_run_group(const struct cli_group *group, int argc, char **argv, const struct config *config)
{
    struct pg_options options = cli_database(config);
    struct arena arena;

    if (cli_helped(argc, argv, group->usage))
        return CLI_OK;
    if (argc < 2)
        return cli_group_misused(group, group->choices);
    if (!cli_has_database(config))
        return CLI_AWAY;
    arena_init(&arena, 16 * 1024);
    struct pg *pg = pg_new(&options);
    int status = group->run(argc - 1, argv + 1, pg, &arena);
    pg_free(pg);
    arena_done(&arena);
    return status;
}

bool cli_has_database(const struct config *config)
{
    if (config->database_url)
        return true;
    fprintf(stderr,
            "npsd: NPSD_DATABASE_URL is not set, and %s/database.url cannot be read "
            "(make run starts a private cluster)\n",
            config->var);
    return false;
}

bool cli_can_migrate(const struct config *config)
{
    if (config->transaction_pooling)
        fprintf(stderr,
                "npsd: a migration needs a session of its own: run `npsd migrate` without "
                "NPSD_TRANSACTION_POOLING and with the URL of PostgreSQL itself, and `npsd serve` "
                "without --migrate\n");
    return !config->transaction_pooling;
}

struct pg_options cli_database(const struct config *config)
{
    return (struct pg_options){
        .url = config->database_url,
        .settings = settings,
        .sets = statements,
        .role = "npsd_app",
        .allow_unsafe = config->allow_unsafe_durability,
        .pooled = config->transaction_pooling,
    };
}

int cli_database_error(const struct pg *pg, enum db_status status)
{
    switch (status) {
    case DB_UNSAFE:
        fprintf(stderr,
                "npsd: PostgreSQL runs with fsync, full_page_writes or synchronous_commit off; "
                "answers could be lost. NPSD_ALLOW_UNSAFE_DURABILITY=1 allows it for tests.\n");
        return CLI_REFUSED;
    case DB_SCHEMA:
        fprintf(stderr, "npsd: the database's schema is not this version's (npsd migrate): %s\n",
                pg_error(pg));
        return CLI_REFUSED;
    case DB_LOST:
    case DB_AWAY:
        fprintf(stderr, "npsd: the database cannot be reached: %s\n", pg_error(pg));
        return CLI_AWAY;
    default:
        fprintf(stderr, "npsd: the database refused (%s): %s\n", db_status_name(status),
                pg_error(pg));
        return CLI_REFUSED;
    }
}
