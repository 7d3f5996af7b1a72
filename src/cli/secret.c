#include "npsd/cli/cli.h"

#include "npsd/state/directory.h"

#include <string.h>

static const char usage[] =
    "usage: npsd secret rotate link\n"
    "\n"
    "Makes a new key for signed links; daemons sign with it within a second. Links signed with the\n"
    "key before it stay good, those of older keys do not: after a leak, rotate twice.\n";

static int rotate(struct pg *pg)
{
    int32_t number = 0;
    enum db_status status = directory_rotate_link_key(pg, "command line", &number);
    if (status != DB_OK)
        return cli_database_error(pg, status);
    if (number == 0)
        printf("link key 0 signs\n");
    else
        printf("link key %d signs, link key %d is good still\n", number, number - 1);
    return CLI_OK;
}

static int run(int argc, char **argv, struct pg *pg, struct arena *arena);

static const struct cli_group group = {"secret", usage, "rotate link?", run};

static int run(int argc, char **argv, struct pg *pg, struct arena *arena)
{
    (void)arena;
    if (argc != 2 || strcmp(argv[0], "rotate") != 0 || strcmp(argv[1], "link") != 0)
        return cli_group_misused(&group, group.choices);
    return rotate(pg);
}

int cli_secret(int argc, char **argv, const struct config *config)
{
    return cli_run_group(&group, argc, argv, config);
}
