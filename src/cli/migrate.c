#include "npsd/db/migrate.h"
#include "npsd/cli/cli.h"

#include <stdio.h>

static const char help[] =
    "usage: npsd migrate [--dry-run]\n\n"
    "Brings the schema of NPSD_DATABASE_URL up to this version. Any number of runs at once all succeed,\n"
    "and each file is applied once. A file that was changed after it was applied, or a database newer than\n"
    "this binary, is refused before anything is changed.\n\n"
    "  --dry-run   say what would be done, change nothing\n";

static void say(void *context, const char *line)
{
    (void)context;
    puts(line);
}

int cli_migrate(int argc, char **argv, const struct config *config)
{
    bool dry_run;
    int status;
    if (!cli_flag(argc, argv, help, "dry-run", &dry_run, &status))
        return status;
    if (!cli_has_database(config))
        return CLI_AWAY;
    switch (migrate_run(config->database_url, dry_run, say, NULL)) {
    case MIGRATE_OK:
        return CLI_OK;
    case MIGRATE_AWAY:
        return CLI_AWAY;
    default:
        return CLI_REFUSED;
    }
}
