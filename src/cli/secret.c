#include "npsd/cli/cli.h"

#include "npsd/state/directory.h"

#include <string.h>

static const char usage[] =
    "usage: npsd secret rotate link\n"
    "\n"
    "Makes a new key for signed links; daemons sign with it within a second. Links signed with the\n"
    "key before it stay good, those of older keys do not: after a leak, rotate twice.\n";

static int misused(const char *detail)
{
    fprintf(stderr, "npsd secret: %s\n%s", detail, usage);
    return CLI_USAGE;
}

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

int cli_secret(int argc, char **argv, const struct config *config)
{
    struct pg_options options = cli_database(config);

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return CLI_OK;
        }
    }
    if (argc != 3 || strcmp(argv[1], "rotate") != 0 || strcmp(argv[2], "link") != 0)
        return misused("rotate link?");
    if (!cli_has_database(config))
        return CLI_AWAY;
    struct pg *pg = pg_new(&options); /* connects with its first statement */
    int status = rotate(pg);
    pg_free(pg);
    return status;
}
