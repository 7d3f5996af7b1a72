/*
 * cli: the commands. Each reads its own options (getopt_long, --help), writes results to stdout and
 * what went wrong to stderr.
 *
 * Exit status: 0 done, 1 refused or not found, 2 wrong usage, 3 the database cannot be reached.
 */
#ifndef NPSD_CLI_CLI_H
#define NPSD_CLI_CLI_H

#include "npsd/base/arena.h"
#include "npsd/config.h"
#include "npsd/db/pg.h"

enum { CLI_OK = 0, CLI_REFUSED = 1, CLI_USAGE = 2, CLI_AWAY = 3 };

struct cli_command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv,
               const struct config *config); /* argv[0] is the command's name */
};

int cli_serve(int argc, char **argv, const struct config *config);
int cli_migrate(int argc, char **argv, const struct config *config);
int cli_key(int argc, char **argv, const struct config *config);
int cli_secret(int argc, char **argv, const struct config *config);
int cli_survey(int argc, char **argv, const struct config *config);
int cli_report(int argc, char **argv, const struct config *config);
int cli_check(int argc, char **argv, const struct config *config);
int cli_spool(int argc, char **argv, const struct config *config);
int cli_config(int argc, char **argv, const struct config *config);
int cli_healthcheck(int argc, char **argv, const struct config *config);

/*
 * The options of a command that takes no other words than --help and one flag (NULL: none): true,
 * with *ret_given telling of the flag, if the command is to go on; else *ret_status is set, after
 * the help was printed or the wrong word was told.
 */
bool cli_flag(int argc, char **argv, const char *help, const char *flag, bool *ret_given,
              int *ret_status);
/* Tells that the command knows no such word; CLI_USAGE. */
int cli_misused(const char *command, const char *word);

/* Whether one of the first two words asks for the usage, which is printed then. */
bool cli_helped(int argc, char **argv, const char *usage);

/*
 * Commands that are several, on the database: npsd key create, list, revoke. run has the words
 * after the first; pg connects with its first statement.
 */
struct cli_group {
    const char *name, *usage;
    const char *choices; /* "create, list or revoke?" */
    int (*run)(int argc, char **argv, struct pg *pg, struct arena *arena);
};
int cli_run_group(const struct cli_group *group, int argc, char **argv,
                  const struct config *config);
/* Says what was wrong, and the usage; CLI_USAGE. */
int cli_group_misused(const struct cli_group *group, const char *detail);

/* False after saying so: NPSD_DATABASE_URL is not set, and there is no private cluster. */
bool cli_has_database(const struct config *config);
/* False after saying so: a migration needs a session, which a pooler does not give. */
bool cli_can_migrate(const struct config *config);
/* The options of a connection for commands: the daemon's rights, every statement of the store. */
struct pg_options cli_database(const struct config *config);
/* Says on stderr what the database had against it; returns the exit status that fits. */
int cli_database_error(const struct pg *pg, enum db_status status);

#endif
