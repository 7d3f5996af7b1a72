#include "npsd/config.h"
#include "npsd/cli/cli.h"

static const char help[] =
    "usage: npsd config [--markdown]\n\n"
    "Prints every setting with its value, where it comes from and what it means. Passwords are masked.\n\n"
    "  --markdown   the table of settings and defaults, as README has it\n";

int cli_config(int argc, char **argv, const struct config *config)
{
    bool markdown;
    int status;
    if (!cli_flag(argc, argv, help, "markdown", &markdown, &status))
        return status;
    if (markdown)
        config_markdown(stdout);
    else
        config_print(config, stdout);
    return CLI_OK;
}
