#include "npsd/base/clock.h"
#include "npsd/cli/cli.h"
#include "npsd/domain/slots.h"
#include "npsd/store/folds.h"
#include "npsd/store/surveys.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: npsd check [--rebuild] [--survey S] [--month YYYY-MM]\n\n"
    "Recounts the answers of every survey, month by month, and compares them with the tallies that all\n"
    "numbers come from. The daemon goes on meanwhile. Prints a line for each month (UTC) that differs:\n"
    "survey, month, how many cells. Exit status 0: all is equal, or was repaired; 1: differences remain;\n"
    "3: the database cannot be reached.\n\n"
    "  --rebuild    write the tallies of months that differ anew, and check them again; answers that came\n"
    "               before a facet was added to their survey are counted under it from then on\n"
    "  --survey S   this survey only\n"
    "  --month M    this month (UTC) only, such as 2026-11\n";

enum { TIMEOUT_MS = 600000, MONTH_TEXT_SIZE = 16 };

/* A month's answers are grouped in memory. */
static const char *const settings[] = {"work_mem=64MB", NULL};
static const struct db_stmt *const *const statements[] = {folds_statements, surveys_statements,
                                                          NULL};

struct check {
    struct pg *pg;
    struct arena arena;
    const char *only; /* NULL: all surveys */
    bool of_month;
    int32_t month; /* of_month: this one only */
    bool rebuild, progress;
    size_t checked, differing, remaining;
};

static char *month_text(int32_t month, char text[static MONTH_TEXT_SIZE])
{
    char instant[CLOCK_TEXT_SIZE];
    clock_format(slot_start_us(SLOT_MONTH, month), instant);
    snprintf(text, MONTH_TEXT_SIZE, "%.7s", instant);
    return text;
}

/* One line that is written over and over; what is printed for good clears it first. */
static void show_progress(const struct check *check, const char *slug, const char *month,
                          size_t done, size_t count)
{
    if (check->progress)
        fprintf(stderr, "\r\033[K%s %s %zu %%", slug, month, 100 * done / count);
}

static void clear_progress(const struct check *check)
{
    if (check->progress)
        fputs("\r\033[K", stderr);
}

static enum db_status repair(struct check *check, int32_t survey_id, int32_t month,
                             int64_t *ret_cells)
{
    enum db_status status = folds_rebuild_month(check->pg, survey_id, month);
    return status == DB_OK ? folds_check_month(check->pg, survey_id, month, ret_cells) : status;
}

static void tell_month(struct check *check, const char *slug, const char *month, int64_t cells,
                       int64_t unnumbered)
{
    clear_progress(check);
    if (cells > 0)
        printf("%s %s differing cells: %lld", slug, month, (long long)cells);
    else
        printf("%s %s answers from before a facet: %lld", slug, month, (long long)unnumbered);
}

static enum db_status check_month(struct check *check, const struct survey_record *survey,
                                  int32_t month)
{
    char name[MONTH_TEXT_SIZE];
    int64_t cells = 0, unnumbered = 0;
    enum db_status status = folds_check_month(check->pg, survey->id, month, &cells);
    if (status == DB_OK)
        status = folds_unnumbered(check->pg, survey->id, month, &unnumbered);
    if (status != DB_OK)
        return status;
    check->checked++;
    if (cells == 0 && unnumbered == 0)
        return DB_OK;
    check->differing += cells > 0;
    tell_month(check, survey->slug, month_text(month, name), cells, unnumbered);
    if (check->rebuild) {
        status = repair(check, survey->id, month, &cells);
        fputs(status != DB_OK ? "" : cells == 0 ? ", rebuilt" : ", rebuilt and still so", stdout);
    }
    putchar('\n');
    check->remaining += cells > 0;
    return status;
}

static enum db_status check_survey(struct check *check, const struct survey_record *survey)
{
    int32_t *months = NULL;
    size_t count = 0;
    char name[MONTH_TEXT_SIZE];
    enum db_status status = folds_months(check->pg, &check->arena, survey->id, &months, &count);
    for (size_t i = 0; i < count && status == DB_OK; i++) {
        if (check->of_month && months[i] != check->month)
            continue;
        show_progress(check, survey->slug, month_text(months[i], name), i, count);
        status = check_month(check, survey, months[i]);
    }
    clear_progress(check);
    return status;
}

/* *ret_found false: the survey asked for is not there. */
static enum db_status check_all(struct check *check, bool *ret_found)
{
    struct survey_record *surveys = NULL;
    size_t count = 0;
    enum db_status status = check->rebuild ? folds_guard(check->pg) : DB_OK;
    if (status == DB_OK)
        status = surveys_read_all(check->pg, &check->arena, &surveys, &count);
    *ret_found = !check->only;
    for (size_t i = 0; i < count && status == DB_OK; i++) {
        if (check->only && strcmp(check->only, surveys[i].slug) != 0)
            continue;
        *ret_found = true;
        status = check_survey(check, &surveys[i]);
    }
    return status;
}

static void tell_sum(const struct check *check)
{
    if (check->checked == 0) {
        puts("there are no answers to check");
        return;
    }
    printf("%zu month%s checked: ", check->checked, check->checked == 1 ? "" : "s");
    if (check->differing == 0)
        puts("all equal");
    else if (check->remaining == 0)
        printf("%zu differed, all equal now\n", check->differing);
    else if (check->rebuild)
        printf("%zu differed, %zu still differ%s\n", check->differing, check->remaining,
               check->remaining == 1 ? "s" : "");
    else
        printf("%zu differ%s\n", check->differing, check->differing == 1 ? "s" : "");
}

static int finish(const struct check *check, enum db_status status, bool found)
{
    if (status != DB_OK)
        return cli_database_error(check->pg, status);
    if (!found) {
        fprintf(stderr, "npsd: there is no survey %s\n", check->only);
        return CLI_REFUSED;
    }
    tell_sum(check);
    return check->remaining == 0 ? CLI_OK : CLI_REFUSED;
}

static int run(struct check *check, const struct config *config)
{
    bool found = false;
    struct pg_options options = cli_database(config);
    options.settings = settings;
    options.sets = statements;
    options.statement_timeout_ms = TIMEOUT_MS;
    check->pg = pg_new(&options);
    check->progress = isatty(STDERR_FILENO);
    arena_init(&check->arena, 65536);
    enum db_status status = check_all(check, &found);
    int result = finish(check, status, found);
    arena_done(&check->arena);
    pg_free(check->pg);
    return result;
}

static bool read_month(const char *text, struct check *check)
{
    char date[MONTH_TEXT_SIZE];
    int32_t day;
    int written = snprintf(date, sizeof(date), "%s-01", text);
    if (written < 0 || written >= (int)sizeof(date) || !clock_parse_date(date, strlen(date), &day))
        return false;
    check->of_month = true;
    check->month = slot_of(SLOT_MONTH, day * CLOCK_DAY_US);
    return true;
}

int cli_check(int argc, char **argv, const struct config *config)
{
    static const struct option options[] = {{"rebuild", no_argument, NULL, 'r'},
                                            {"survey", required_argument, NULL, 's'},
                                            {"month", required_argument, NULL, 'm'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    struct check check = {0};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'h':
            fputs(help, stdout);
            return CLI_OK;
        case 'r':
            check.rebuild = true;
            break;
        case 's':
            check.only = optarg;
            break;
        case 'm':
            if (!read_month(optarg, &check))
                return cli_misused(argv[0], argv[optind - 1]);
            break;
        default:
            return cli_misused(argv[0], argv[optind - 1]);
        }
    }
    if (optind < argc)
        return cli_misused(argv[0], argv[optind]);
    if (!cli_has_database(config))
        return CLI_AWAY;
    return run(&check, config);
}
