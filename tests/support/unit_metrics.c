#include "support/unit_metrics.h"

#include <check.h>
#include <math.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_SIZE = 512, FAMILIES_MAX = 128 };

struct family {
    char name[128], type[16];
    double bound, count; /* of a histogram's last bucket */
    bool finished;       /* its +Inf has been seen */
};

struct reader {
    struct family families[FAMILIES_MAX];
    size_t count;
    char helped[128]; /* the name of the HELP before */
    char samples[FAMILIES_MAX * 8][LINE_MAX_SIZE];
    size_t sample_count;
};

static bool fits(const char *text, const char *pattern)
{
    regex_t regex;
    ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool fits = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return fits;
}

static void read_help(struct reader *reader, const char *line)
{
    ck_assert_msg(fits(line, "^# HELP [a-z_][a-z0-9_]* [^ ].*[.]$"), "%s", line);
    snprintf(reader->helped, sizeof reader->helped, "%.*s", (int)strcspn(line + 7, " "), line + 7);
    for (size_t i = 0; i < reader->count; i++)
        ck_assert_msg(strcmp(reader->families[i].name, reader->helped) != 0, "again: %s", line);
}

/* Counters end in _total, nothing else does; no unit is but a base one. */
static void check_name(const char *name, const char *type)
{
    bool total = fits(name, "_total$");
    ck_assert_msg(total == (strcmp(type, "counter") == 0), "%s %s", name, type);
    ck_assert_msg(!fits(name, "_(ms|us|milliseconds|minutes|hours|kb|mb|count|sum|bucket)$"), "%s",
                  name);
    ck_assert_msg(fits(name, "^(npsd|process)_"), "%s", name);
}

static void read_type(struct reader *reader, const char *line)
{
    struct family family = {.bound = -1};
    ck_assert_int_eq(sscanf(line, "# TYPE %127s %15s", family.name, family.type), 2);
    ck_assert_msg(fits(line, "^# TYPE [a-z0-9_]+ (counter|gauge|histogram)$"), "%s", line);
    ck_assert_msg(strcmp(family.name, reader->helped) == 0, "no HELP before: %s", line);
    check_name(family.name, family.type);
    ck_assert_uint_lt(reader->count, FAMILIES_MAX);
    reader->families[reader->count++] = family;
}

static void check_bucket(struct family *family, const char *line, double value)
{
    const char *le = strstr(line, "le=\"") + 4;
    double bound = strncmp(le, "+Inf", 4) == 0 ? INFINITY : strtod(le, NULL);
    ck_assert_msg(!family->finished && bound > family->bound, "%s", line);
    ck_assert_msg(value >= family->count, "%s", line);
    family->bound = bound;
    family->count = value;
    family->finished = isinf(bound);
}

static void check_histogram(struct family *family, const char *suffix, const char *line,
                            double value)
{
    if (strcmp(suffix, "_bucket") == 0) {
        check_bucket(family, line, value);
        return;
    }
    ck_assert_msg(strcmp(suffix, "_sum") == 0 || strcmp(suffix, "_count") == 0, "%s", line);
    ck_assert_msg(family->finished, "%s", line);
    ck_assert_msg(strcmp(suffix, "_sum") == 0 || value == family->count, "%s", line);
}

static void read_sample(struct reader *reader, const char *line)
{
    static const char sample[] =
        "^[a-z_][a-z0-9_]*([{][a-z]+=\"[^\"\\]*\"(,[a-z]+=\"[^\"\\]*\")*[}])? "
        "-?[0-9]+([.][0-9]+)?(e[-+][0-9]+)?$";
    ck_assert_msg(fits(line, sample), "%s", line);
    ck_assert_msg(reader->count > 0, "%s", line);
    struct family *family = &reader->families[reader->count - 1];
    char name[128];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(line, "{ "), line);
    size_t len = strlen(family->name);
    ck_assert_msg(strncmp(name, family->name, len) == 0, "%s belongs not to %s", line,
                  family->name);
    double value = strtod(strrchr(line, ' '), NULL);
    if (strcmp(family->type, "histogram") == 0)
        check_histogram(family, name + len, line, value);
    else
        ck_assert_msg(name[len] == '\0' && (value >= 0 || *family->type == 'g'), "%s", line);
    for (size_t i = 0; i < reader->sample_count; i++)
        ck_assert_msg(strncmp(reader->samples[i], line, (size_t)(strrchr(line, ' ') - line + 1)),
                      "again: %s", line);
    ck_assert_uint_lt(reader->sample_count, FAMILIES_MAX * 8);
    snprintf(reader->samples[reader->sample_count++], sizeof reader->samples[0], "%s", line);
}

void unit_metrics_check(const char *text, size_t len)
{
    static struct reader reader;
    char line[LINE_MAX_SIZE];
    reader = (struct reader){0};
    ck_assert_uint_eq(strlen(text), len);
    ck_assert(len > 0 && text[len - 1] == '\n');
    for (const char *at = text; *at; at += strcspn(at, "\n") + 1) {
        size_t size = strcspn(at, "\n");
        ck_assert_uint_lt(size, sizeof line);
        snprintf(line, sizeof line, "%.*s", (int)size, at);
        if (strncmp(line, "# HELP ", 7) == 0)
            read_help(&reader, line);
        else if (*line == '#')
            read_type(&reader, line);
        else
            read_sample(&reader, line);
    }
    for (size_t i = 0; i < reader.count; i++)
        ck_assert_msg(reader.families[i].type[0] != 'h' || reader.families[i].finished, "%s",
                      reader.families[i].name);
}

double unit_metrics_value(const char *text, const char *sample)
{
    size_t len = strlen(sample);
    for (const char *at = text; *at; at += strcspn(at, "\n") + 1)
        if (strncmp(at, sample, len) == 0 && at[len] == ' ')
            return strtod(at + len, NULL);
    ck_abort_msg("no %s in\n%s", sample, text);
}
