#include "npsd/config.h"

#include "npsd/base/text.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum type { TEXT, NUMBER, SWITCH };

struct setting {
    const char *name;
    enum type type;
    size_t target;
    int64_t min, max;
    const char *value; /* the default; NULL: worked out (see shown) */
    const char *shown; /* how the default is called where it is worked out; NULL: as it stands */
    const char *help;
};

#define AT(member) offsetof(struct config, member)

static const struct setting settings[] = {
    {"NPSD_LISTEN", TEXT, AT(listen), 0, 0, "127.0.0.1:8080", NULL, "address of the service"},
    {"NPSD_ADMIN_LISTEN", TEXT, AT(admin_listen), 0, 0, "127.0.0.1:9180", NULL,
     "address of /healthz, /readyz and /metrics; empty turns it off"},
    {"NPSD_DATABASE_URL", TEXT, AT(database_url), 0, 0, NULL, "private cluster",
     "libpq URI or key/value string"},
    {"NPSD_VAR", TEXT, AT(var), 0, 0, "var", NULL, "state: private cluster, admin key, spool"},
    {"NPSD_PUBLIC_URL", TEXT, AT(public_url), 0, 0, "", "from the request",
     "base of links in e-mails, Link headers and permalinks"},
    {"NPSD_TRUSTED_PROXIES", TEXT, AT(trusted_proxies), 0, 0, "", "none",
     "networks whose X-Forwarded-For or Forwarded is believed (right-most untrusted address)"},
    {"NPSD_RATE_PUBLIC", NUMBER, AT(rate_public), 0, 1000000, "600", NULL,
     "answers a minute and address (IPv6: /64) without a secret key; 0 is no limit"},
    {"NPSD_CONNECTIONS", NUMBER, AT(connections), 16, 1000000, "4096", NULL, "open connections"},
    {"NPSD_CONNECTIONS_PER_ADDRESS", NUMBER, AT(connections_per_address), 0, 1000000, "0", NULL,
     "open connections of one address; 0 is no limit"},
    {"NPSD_HTTP_THREADS", NUMBER, AT(http_threads), 1, 256, NULL, "cores",
     "threads that speak HTTP"},
    {"NPSD_DB_WORKERS", NUMBER, AT(db_workers), 1, 256, "4", NULL,
     "connections to the database for everything but new answers"},
    {"NPSD_QUEUE", NUMBER, AT(queue), 16, 10000000, "16384", NULL,
     "answers waiting for a commit; above it 503"},
    {"NPSD_SPOOL", TEXT, AT(spool), 0, 0, NULL, "$NPSD_VAR/spool.db", "empty turns it off"},
    {"NPSD_SPOOL_MAX_MB", NUMBER, AT(spool_max_mb), 1, 1000000, "1024", NULL,
     "size of the spool; above it 503"},
    {"NPSD_LOG", TEXT, AT(log), 0, 0, "info", NULL,
     "error, warning, info or debug; logfmt on stderr"},
    {"NPSD_ALLOW_UNSAFE_DURABILITY", SWITCH, AT(allow_unsafe_durability), 0, 1, "0", NULL,
     "start although fsync, full_page_writes or synchronous_commit is off (tests only)"},
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

extern char **environ;

static const struct setting *find_setting(const char *name, size_t len)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (strlen(settings[i].name) == len && strncmp(settings[i].name, name, len) == 0)
            return &settings[i];
    return NULL;
}

static bool check_names(FILE *err)
{
    bool good = true;
    for (char **entry = environ; *entry; entry++) {
        size_t len = strcspn(*entry, "=");
        if (strncmp(*entry, "NPSD_", 5) != 0 || strncmp(*entry, "NPSD_TEST_", 10) == 0)
            continue;
        if (find_setting(*entry, len))
            continue;
        fprintf(err, "npsd: there is no setting %.*s (npsd config lists them)\n", (int)len, *entry);
        good = false;
    }
    return good;
}

static bool take_value(const struct setting *setting, const char *value, struct config *config,
                       FILE *err)
{
    char *target = (char *)config + setting->target;
    int64_t number;
    if (setting->type == TEXT) {
        memcpy(target, &value, sizeof value);
        return true;
    }
    if (!text_to_number(value, strlen(value), setting->min, setting->max, &number)) {
        fprintf(err, "npsd: %s must be a whole number from %lld to %lld\n", setting->name,
                (long long)setting->min, (long long)setting->max);
        return false;
    }
    if (setting->type == SWITCH)
        *(bool *)target = number != 0;
    else
        *(int *)target = (int)number;
    return true;
}

/* What is worked out: the number of cores, paths below NPSD_VAR. Lives as long as the process. */
static bool work_out(struct config *config, FILE *err)
{
    static char spool[4096], url[4096];
    if (config->http_threads == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        config->http_threads = cores < 1 ? 1 : cores > 256 ? 256 : (int)cores;
    }
    if (!config->spool) {
        if (snprintf(spool, sizeof spool, "%s/spool.db", config->var) >= (int)sizeof spool) {
            fprintf(err, "npsd: NPSD_VAR is too long\n");
            return false;
        }
        config->spool = spool;
    }
    if (!config->database_url) {
        /* "make run" leaves the URL of its private cluster here. */
        char path[4096];
        if (snprintf(path, sizeof path, "%s/database.url", config->var) < (int)sizeof path) {
            FILE *file = fopen(path, "re");
            if (file && fgets(url, sizeof url, file)) {
                url[strcspn(url, "\n")] = '\0';
                config->database_url = url;
            }
            if (file)
                fclose(file);
        }
    }
    return true;
}

bool config_load(struct config *ret_config, FILE *err)
{
    struct config config = {0};
    bool good = check_names(err);
    for (size_t i = 0; i < SETTINGS; i++) {
        const char *value = getenv(settings[i].name);
        if (!value)
            value = settings[i].value;
        if (value)
            good &= take_value(&settings[i], value, &config, err);
    }
    good &= work_out(&config, err);
    if (good)
        *ret_config = config;
    return good;
}

/* A URL without its password: "postgresql://user:***@host/db"; of key/value strings the word after
 * password=. */
static void print_masked(const char *value, FILE *out)
{
    const char *scheme = strstr(value, "://");
    const char *at = scheme ? strchr(scheme + 3, '@') : NULL;
    const char *colon = at ? memchr(scheme + 3, ':', (size_t)(at - scheme - 3)) : NULL;
    const char *word = strstr(value, "password=");
    if (colon)
        fprintf(out, "%.*s:***%s", (int)(colon - value), value, at);
    else if (word)
        fprintf(out, "%.*s***%s", (int)(word + 9 - value), value,
                word + 9 + strcspn(word + 9, " &"));
    else
        fputs(value, out);
}

static void print_value(const struct setting *setting, const struct config *config, FILE *out)
{
    const char *target = (const char *)config + setting->target;
    if (setting->type == TEXT) {
        const char *text;
        memcpy(&text, target, sizeof text);
        print_masked(text ? text : "", out);
    } else if (setting->type == SWITCH) {
        fputs(*(const bool *)target ? "1" : "0", out);
    } else {
        fprintf(out, "%d", *(const int *)target);
    }
}

void config_print(const struct config *config, FILE *out)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        fprintf(out, "%s=", settings[i].name);
        print_value(&settings[i], config, out);
        fprintf(out, "    # %s; %s\n", getenv(settings[i].name) ? "environment" : "default",
                settings[i].help);
    }
}

static const char *default_of(const struct setting *setting)
{
    return setting->shown ? setting->shown : setting->value;
}

void config_help(FILE *out)
{
    fprintf(out, "Settings (environment variables):\n");
    for (size_t i = 0; i < SETTINGS; i++)
        fprintf(out, "  %-30s %s [%s]\n", settings[i].name, settings[i].help,
                default_of(&settings[i]));
}

void config_markdown(FILE *out)
{
    fprintf(out, "| setting | default | meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < SETTINGS; i++)
        fprintf(out, "| `%s` | %s | %s |\n", settings[i].name, default_of(&settings[i]),
                settings[i].help);
}
