#include "npsd/config.h"
#include "npsd/cli/cli.h"

#include <getopt.h>

static const char help[] =
    "usage: npsd config [--markdown]\n\n"
    "Prints every setting with its value, where it comes from and what it means. Passwords are masked.\n\n"
    "  --markdown   the table of settings and defaults, as README has it\n";

int cli_config(int argc, char **argv, const struct config *config)
{
    static const struct option options[] = {
        {"markdown", no_argument, NULL, 'm'}, {"help", no_argument, NULL, 'h'}, {0}};
    int option = getopt_long(argc, argv, "", options, NULL);
    if (option == -1)
        config_print(config, stdout);
    else if (option == 'm')
        config_markdown(stdout);
    else if (option == 'h')
        fputs(help, stdout);
    return option == '?' ? CLI_USAGE : CLI_OK;
}
