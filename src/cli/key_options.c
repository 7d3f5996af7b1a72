#include "npsd/cli/key_options.h"

#include "npsd/base/text.h"
#include "npsd/domain/response.h"
#include "npsd/domain/survey.h"

#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool refuse(const char *what, const char *detail)
{
    fprintf(stderr, "npsd key create: %s: %s\n", what, detail);
    return false;
}

/* --- origins --- */

static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
static const char digits[] = "0123456789";

/* The part of text that consists of two sets of characters. */
static size_t span(const char *text, const char *set, const char *more)
{
    size_t len = 0;
    while (text[len] && (strchr(set, text[len]) || strchr(more, text[len])))
        len++;
    return len;
}

static size_t host_length(const char *text)
{
    if (text[0] != '[')
        return span(text, "abcdefghijklmnopqrstuvwxyz.-_", digits);
    size_t len = 1 + span(text + 1, "abcdef:.", digits);
    return text[len] == ']' ? len + 1 : 0;
}

static bool port_is_default(const char *origin, const char *port)
{
    return (strncmp(origin, "http://", 7) == 0 && strcmp(port, "80") == 0) ||
           (strncmp(origin, "https://", 8) == 0 && strcmp(port, "443") == 0);
}

const char *key_origin_fault(const char *origin)
{
    static const char form[] = "an origin is scheme://host or scheme://host:port, lower case, "
                               "without a path: https://www.example.com";
    int64_t number;
    size_t scheme = span(origin, lower, "0123456789+.-");
    if (scheme == 0 || !strchr(lower, origin[0]) || strncmp(origin + scheme, "://", 3) != 0)
        return form;
    const char *host = origin + scheme + 3;
    size_t len = host_length(host);
    if (len == 0)
        return form;
    const char *rest = host + len;
    if (*rest == '\0')
        return NULL;
    if (*rest != ':' || !text_to_number(rest + 1, strlen(rest + 1), 1, 65535, &number))
        return form;
    return port_is_default(origin, rest + 1) ? "browsers leave the default port out" : NULL;
}

/* --- names --- */

static bool name_is_good(const char *name)
{
    size_t len = strlen(name), at = 0, size;

    if (len == 0 || len > RESPONSE_VALUE_MAX)
        return false;
    while (at < len && (size = text_utf8_size(name + at, len - at)) > 0) {
        if ((unsigned char)name[at] < 0x20 || name[at] == 0x7F)
            return false;
        at += size;
    }
    return at == len;
}

/* --- options --- */

static bool take_item(const char *what, const char *item, const char **list, size_t *count)
{
    if (*count == KEY_LIST_MAX)
        return refuse(what, "too many");
    list[(*count)++] = item;
    return true;
}

static bool take_days(const char *value, int *ret_days)
{
    int64_t days;
    if (!text_to_number(value, strlen(value), 1, KEY_DAYS_MAX, &days))
        return refuse("--expires-in-days", "a whole number from 1 to 3650");
    *ret_days = (int)days;
    return true;
}

static bool take(int option, const char *value, struct key_options *options)
{
    const char *fault;

    switch (option) {
    case 'h':
        options->help = true;
        return true;
    case 'r':
        return role_parse(value, strlen(value), &options->role) ||
               refuse("--role", "submit, agent, viewer, analyst or admin");
    case 'n':
        options->name = value;
        return name_is_good(value) || refuse("--name", "1 to 256 bytes of UTF-8 on one line");
    case 's':
        return text_is_slug(value, strlen(value))
                   ? take_item("--survey", value, options->surveys, &options->survey_count)
                   : refuse("--survey", "the id of a survey: 1 to 64 of a-z, 0-9 and -");
    case 'e':
        return take_days(value, &options->expires_in_days);
    case 'o':
        fault = key_origin_fault(value);
        return fault ? refuse("--origin", fault)
                     : take_item("--origin", value, options->origins, &options->origin_count);
    default:
        return false; /* getopt has said why */
    }
}

static bool check(const struct key_options *options)
{
    if (options->help)
        return true;
    if (options->role == ROLE_NONE)
        return refuse("--role", "is needed");
    if (options->role == ROLE_AGENT && !options->name)
        return refuse("--name", "an agent's key needs the agent's name: answers are counted by it");
    return true;
}

bool key_options_read(int argc, char **argv, struct key_options *ret_options)
{
    static const struct option known[] = {{"role", required_argument, NULL, 'r'},
                                          {"name", required_argument, NULL, 'n'},
                                          {"survey", required_argument, NULL, 's'},
                                          {"origin", required_argument, NULL, 'o'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"expires-in-days", required_argument, NULL, 'e'},
                                          {NULL, 0, NULL, 0}};
    struct key_options options = {.role = ROLE_NONE};
    int option;

    optind = 0; /* of glibc: begin anew */
    while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1)
        if (!take(option, optarg, &options))
            return false;
    if (optind < argc)
        return refuse(argv[optind], "what is this? See npsd key create --help");
    if (!check(&options))
        return false;
    *ret_options = options;
    return true;
}
