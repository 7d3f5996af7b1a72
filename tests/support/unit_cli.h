/*
 * unit_cli: a command, called as main calls it, and what it printed.
 */
#ifndef SUPPORT_UNIT_CLI_H
#define SUPPORT_UNIT_CLI_H

#include "npsd/base/arena.h"
#include "npsd/cli/cli.h"

typedef int unit_cli_command(int argc, char **argv, const struct config *config);

struct unit_cli {
    int status;
    const char *out, *err; /* in the arena */
};

/* words: the command line, separated by single spaces, the command's name first; input: what it
 * reads from standard input. */
struct unit_cli unit_cli_run(struct arena *arena, unit_cli_command *command,
                             const struct config *config, const char *words, const char *input);

/* What every command keeps. Each of the command lines prints its usage and needs no database ... */
void unit_cli_helps(unit_cli_command *command, struct config config, const char *const *words,
                    size_t count);
/* ... and each of these says in one line that the database is away, or not named. */
void unit_cli_is_away(unit_cli_command *command, struct config config, const char *const *words,
                      size_t count, const char *input);

#endif
