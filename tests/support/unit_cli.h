/*
 * unit_cli: a command, called as main calls it, and what it printed.
 */
#ifndef SUPPORT_UNIT_CLI_H
#define SUPPORT_UNIT_CLI_H

#include "npsd/base/arena.h"
#include "npsd/cli/cli.h"

struct unit_cli {
    int status;
    const char *out, *err; /* in the arena */
};

/* words: the command line, separated by single spaces, the command's name first; input: what it
 * reads from standard input. */
struct unit_cli unit_cli_run(struct arena *arena,
                             int (*command)(int argc, char **argv, const struct config *config),
                             const struct config *config, const char *words, const char *input);

#endif
