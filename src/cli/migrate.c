#include "npsd/db/migrate.h"
#include "npsd/cli/cli.h"

#include <stdio.h>

static const char help[] =
    "usage: npsd migrate [--dry-run]\n\n"
    "Brings the schema of NPSD_DATABASE_URL up to this version. Any number of runs at once all succeed,\n"
    "and each file is applied once. A file that was changed after it was applied, or a database newer than\n"
    "this binary, is refused before anything is changed.\n\n"
    "  --dry-run   say what would be done, change nothing\n";

/* The last step told, which is the one that failed if one did. */
struct told {
    char line[1024];
};

static void say(void *context, const char *line)
{
    struct told *told = context;
    if (*told->line)
        puts(told->line);
    snprintf(told->line, sizeof told->line, "%s", line);
}

int cli_migrate(int argc, char **argv, const struct config *config)
{
    bool dry_run;
    int status;
    if (!cli_flag(argc, argv, help, "dry-run", &dry_run, &status))
        return status;
    if (!cli_can_migrate(config))
        return CLI_USAGE;
    if (!cli_has_database(config))
        return CLI_AWAY;
    struct told told = {0};
    enum migrate_result result = migrate_run(config->database_url, dry_run, say, &told);
    if (result == MIGRATE_OK) {
        puts(told.line);
        return CLI_OK;
    }
    fprintf(stderr, "npsd migrate: %s\n", told.line);
    return result == MIGRATE_AWAY ? CLI_AWAY : CLI_REFUSED;
}
