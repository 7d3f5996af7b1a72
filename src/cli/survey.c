#include "npsd/cli/cli.h"

#include "npsd/api/survey_change.h"
#include "npsd/base/buf.h"
#include "npsd/cli/table.h"
#include "npsd/json/read.h"
#include "npsd/json/survey.h"
#include "npsd/state/directory.h"
#include "npsd/store/surveys.h"

#include <errno.h>
#include <string.h>

static const char usage[] = "usage: npsd survey create FILE\n"
                            "       npsd survey list\n"
                            "       npsd survey show S\n"
                            "\n"
                            "create takes the definition (JSON) from a file, or from standard "
                            "input with -,\n"
                            "and prints the survey's id. show prints a definition that create "
                            "takes.\n";

enum { FILE_MAX = 256 * 1024 };

static int run(int argc, char **argv, struct pg *pg, struct arena *arena);

static const struct cli_group group = {"survey", usage, "create FILE, list, or show S?", run};

static int misused(const char *detail)
{
    return cli_group_misused(&group, detail);
}

/* --- create --- */

/* False after telling why. */
static bool read_stream(FILE *file, const char *name, struct buf *content)
{
    char piece[8192];
    size_t len;

    while ((len = fread(piece, 1, sizeof(piece), file)) > 0 && content->len <= FILE_MAX)
        buf_add(content, piece, len);
    if (ferror(file)) {
        fprintf(stderr, "npsd survey create: %s: %s\n", name, strerror(errno));
        return false;
    }
    if (content->len > FILE_MAX) {
        fprintf(stderr, "npsd survey create: %s: more than %d KiB\n", name, FILE_MAX / 1024);
        return false;
    }
    return true;
}

static bool read_file(const char *name, struct buf *content)
{
    if (strcmp(name, "-") == 0)
        return read_stream(stdin, "standard input", content);
    FILE *file = fopen(name, "rb");
    if (!file) {
        fprintf(stderr, "npsd survey create: %s: %s\n", name, strerror(errno));
        return false;
    }
    bool good = read_stream(file, name, content);
    fclose(file);
    return good;
}

static int tell_outcome(const struct survey_change *change, const json_t *definition)
{
    switch (change->outcome) {
    case SURVEY_DONE:
        printf("%s\n", change->survey->slug);
        return fflush(stdout) == 0 ? CLI_OK : CLI_REFUSED;
    case SURVEY_TAKEN:
        fprintf(stderr, "npsd survey create: there is a survey %s already\n",
                json_string_value(json_object_get(definition, "id")));
        return CLI_REFUSED;
    default:
        for (size_t i = 0; i < change->errors.count; i++)
            fprintf(stderr, "%s: %s\n", change->errors.items[i].where,
                    change->errors.items[i].detail);
        return CLI_REFUSED;
    }
}

static int create(struct pg *pg, struct arena *arena, const char *name)
{
    struct survey_change change = {.arena = arena, .actor = "command line"};
    struct buf content = buf_make(arena, 8192);
    const char *detail = NULL;

    if (!read_file(name, &content))
        return CLI_REFUSED;
    const json_t *definition = json_read(arena, content.data, content.len, &detail);
    if (!definition) {
        fprintf(stderr, "npsd survey create: %s: %s\n", name, detail);
        return CLI_REFUSED;
    }
    enum db_status status = survey_create(pg, &change, definition);
    if (status != DB_OK)
        return cli_database_error(pg, status);
    return tell_outcome(&change, definition);
}

/* --- list --- */

static void add_row(struct table *table, const struct survey *survey)
{
    size_t questions = 0;

    for (size_t i = 0; i < survey->question_count; i++)
        questions += survey->questions[i].active;
    table_add(table, survey->slug);
    table_add(table, survey->title.count > 0 ? survey->title.items[0].text : "");
    table_add(table, survey_access_name(survey->access));
    table_add(table, survey->open ? "yes" : "no");
    table_add(table, arena_printf(table->arena, "%zu", questions));
    table_add(table, survey->time_zone);
    table_add_time(table, survey->created_us);
}

static int list(struct pg *pg, struct arena *arena)
{
    static const char *const headings[] = {"ID",        "TITLE",     "ACCESS", "OPEN",
                                           "QUESTIONS", "TIME ZONE", "CREATED"};
    struct table table = table_make(arena, headings, sizeof(headings) / sizeof(headings[0]));
    struct survey_record *records;
    size_t count;

    enum db_status status = surveys_read_all(pg, arena, &records, &count);
    if (status != DB_OK)
        return cli_database_error(pg, status);
    for (size_t i = 0; i < count; i++) {
        const struct survey *survey = survey_from_record(arena, &records[i]);
        if (survey)
            add_row(&table, survey);
        else
            fprintf(stderr, "npsd survey list: %s cannot be read\n", records[i].slug);
    }
    table_print(&table, stdout);
    return CLI_OK;
}

/* --- show --- */

/* Indented, and without what create does not take. */
static int print_definition(struct arena *arena, const struct survey *survey)
{
    struct json_writer w = json_writer(arena);

    survey_write(&w, NULL, survey);
    json_auto_t *value = json_loadb(w.buf.data, w.buf.len, 0, NULL);
    json_object_del(value, "created_at");
    json_object_del(value, "updated_at");
    bool good = value && json_dumpf(value, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF &&
                fflush(stdout) == 0;
    return good ? CLI_OK : CLI_REFUSED;
}

static int show(struct pg *pg, struct arena *arena, const char *slug)
{
    struct survey_record *records;
    size_t count;

    enum db_status status = surveys_read_all(pg, arena, &records, &count);
    if (status != DB_OK)
        return cli_database_error(pg, status);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(records[i].slug, slug) != 0)
            continue;
        const struct survey *survey = survey_from_record(arena, &records[i]);
        if (survey)
            return print_definition(arena, survey);
        fprintf(stderr, "npsd survey show: %s cannot be read\n", slug);
        return CLI_REFUSED;
    }
    fprintf(stderr, "npsd survey show: there is no survey %s\n", slug);
    return CLI_REFUSED;
}

/* --- which of them --- */

static int run(int argc, char **argv, struct pg *pg, struct arena *arena)
{
    if (strcmp(argv[0], "create") == 0 && argc == 2)
        return create(pg, arena, argv[1]);
    if (strcmp(argv[0], "list") == 0 && argc == 1)
        return list(pg, arena);
    if (strcmp(argv[0], "show") == 0 && argc == 2)
        return show(pg, arena, argv[1]);
    return misused(group.choices);
}

int cli_survey(int argc, char **argv, const struct config *config)
{
    return cli_run_group(&group, argc, argv, config);
}
