#include "npsd/cli/report.h"

#include "npsd/api/world.h"
#include "npsd/base/clock.h"
#include "npsd/cli/cli.h"
#include "npsd/state/directory.h"
#include "npsd/store/surveys.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: npsd report S [--last 30d | --period P | --from TIME [--to TIME]] [--tz ZONE]\n"
    "                   [--where NAME=VALUE]... [--compare]\n"
    "\n"
    "  --last N     24h, 30d (the default), 12w, 6mo or 1y up to now\n"
    "  --period P   today, yesterday, this_week, last_week, this_month, last_month, this_quarter,\n"
    "               last_quarter, this_year, last_year or all\n"
    "  --from, --to dates, or times by RFC 3339\n"
    "  --tz ZONE    an IANA name (default: the survey's)\n"
    "  --where      channel, agent or a facet of the survey\n"
    "  --compare    with the window before\n";

static int misused(const char *detail)
{
    fprintf(stderr, "npsd report: %s\n%s", detail, usage);
    return CLI_USAGE;
}

/* --- options, as the query that a client would send --- */

static const struct option long_options[] = {
    {"last", required_argument, NULL, 'q'},
    {"period", required_argument, NULL, 'q'},
    {"from", required_argument, NULL, 'q'},
    {"to", required_argument, NULL, 'q'},
    {"tz", required_argument, NULL, 'q'},
    {"where", required_argument, NULL, 'w'},
    {"compare", no_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* NULL, or what is wrong. */
static const char *add_pair(struct call *call, const char *name, const char *value)
{
    if (call_query(call, name))
        return arena_printf(call->arena, "%s may be given once", name);
    if (call->query_count == CALL_QUERY_MAX)
        return "too many options";
    call->query[call->query_count++] = (struct query_pair){name, value};
    return NULL;
}

static const char *add_where(struct call *call, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals)
        return "--where takes NAME=VALUE";
    return add_pair(
        call, arena_printf(call->arena, WINDOW_QUERY_PREFIX "%.*s", (int)(equals - text), text),
        equals + 1);
}

/* What is wrong with the options, or NULL. */
static const char *read_options(int argc, char **argv, struct call *call, bool *ret_help,
                                const char **ret_slug)
{
    const char *fault = NULL;
    int index = 0, option;

    optind = 1;
    opterr = 0;
    while (!fault && (option = getopt_long(argc, argv, "h", long_options, &index)) != -1) {
        if (option == 'q')
            fault = add_pair(call, long_options[index].name, optarg);
        else if (option == 'w')
            fault = add_where(call, optarg);
        else if (option == 'c')
            fault = add_pair(call, "compare", "previous");
        else if (option == 'h')
            *ret_help = true;
        else
            fault = arena_printf(call->arena, "%s: no such option, or its value is missing",
                                 argv[optind - 1]);
    }
    if (!fault && !*ret_help && optind + 1 != argc)
        fault = "which survey?";
    if (!fault && !*ret_help)
        *ret_slug = argv[optind];
    return fault;
}

/* --- asking --- */

/* NULL, after telling why: there is none, it cannot be read, or the database refused
 * (*ret_status). */
static const struct survey *find_survey(struct pg *pg, struct arena *arena, const char *slug,
                                        int *ret_status)
{
    struct survey_record *records;
    size_t count;
    enum db_status status = surveys_read_all(pg, arena, &records, &count);

    if (status != DB_OK) {
        *ret_status = cli_database_error(pg, status);
        return NULL;
    }
    *ret_status = CLI_REFUSED;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(records[i].slug, slug) != 0)
            continue;
        const struct survey *survey = survey_from_record(arena, &records[i]);
        if (!survey)
            fprintf(stderr, "npsd report: %s cannot be read\n", slug);
        return survey;
    }
    fprintf(stderr, "npsd report: there is no survey %s\n", slug);
    return NULL;
}

static int tell_errors(const struct problem_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++)
        fprintf(stderr, "npsd report: %s: %s\n", errors->items[i].where, errors->items[i].detail);
    return CLI_USAGE;
}

static bool wants_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && (!no_colour || !*no_colour);
}

static int ask(const struct call *call)
{
    struct results results;
    struct problem_errors errors = {.arena = call->arena};

    enum db_status status = results_ask(call, &results, &errors);
    if (status != DB_OK)
        return cli_database_error(call->db, status);
    if (errors.count > 0)
        return tell_errors(&errors);
    report_print(&results, wants_colour(), stdout);
    return fflush(stdout) == 0 ? CLI_OK : CLI_REFUSED;
}

static int report(struct call call, const char *slug)
{
    struct world world = {.values = values_new()};
    struct identity identity = {0};
    int status = CLI_REFUSED;

    identity.survey = find_survey(call.db, call.arena, slug, &status);
    call.world = &world;
    call.identity = &identity;
    call.received_us = clock_now_us();
    if (identity.survey && world.values)
        status = ask(&call);
    values_free(world.values);
    return status;
}

int cli_report(int argc, char **argv, const struct config *config)
{
    struct pg_options options = cli_database(config);
    struct arena arena;
    struct call call = {.arena = &arena};
    const char *slug = NULL;
    bool help = false;

    arena_init(&arena, 16 * 1024);
    const char *fault = read_options(argc, argv, &call, &help, &slug);
    int status = CLI_OK;
    if (fault) {
        status = misused(fault);
    } else if (help) {
        fputs(usage, stdout);
    } else if (!cli_has_database(config)) {
        status = CLI_AWAY;
    } else {
        call.db = pg_new(&options); /* connects with its first statement */
        status = report(call, slug);
        pg_free(call.db);
    }
    arena_done(&arena);
    return status;
}
