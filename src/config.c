#include "npsd/config.h"

#include "npsd/base/endpoint.h"
#include "npsd/base/log.h"
#include "npsd/base/mask.h"
#include "npsd/base/text.h"
#include "npsd/http/client_address.h"

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
    const char *(*fault)(const char *value); /* TEXT: what is wrong, or NULL */
};

/* --- what a text must be --- */

static const char *fault_of_listen(const char *value)
{
    struct endpoint endpoint;
    return endpoint_parse(value, &endpoint)
               ? NULL
               : "must be an address and a port, such as 127.0.0.1:8080 or [::1]:8080";
}

static const char *fault_of_admin_listen(const char *value)
{
    return *value ? fault_of_listen(value) : NULL;
}

static const char *fault_of_var(const char *value)
{
    return *value ? NULL : "must name a folder";
}

static const char *fault_of_public_url(const char *value)
{
    bool http = strncmp(value, "http://", 7) == 0 || strncmp(value, "https://", 8) == 0;
    const char *host = http ? strstr(value, "://") + 3 : value;
    bool plain = text_is_visible(value, strlen(value), 2000) && !strpbrk(value, "?#\"\\<>");
    return !*value || (http && *host && *host != '/' && plain)
               ? NULL
               : "must begin with http:// or https:// and a host, such as https://nps.example";
}

static const char *fault_of_proxies(const char *value)
{
    struct networks networks;
    return networks_parse(value, &networks)
               ? NULL
               : "must be addresses and networks with commas between, such as 10.0.0.0/8, ::1";
}

/* The level that is asked for holds from now on, also for what the commands log. */
static const char *fault_of_log(const char *value)
{
    return log_set_level(value) ? NULL : "must be error, warning, info or debug";
}

/* --- the table --- */

#define AT(member) offsetof(struct config, member)
#define TEXT_SETTING(name, member, value, shown, fault, help)                                      \
    {                                                                                              \
        name, TEXT, AT(member), 0, 0, value, shown, help, fault                                    \
    }
#define NUMBER_SETTING(name, member, min, max, value, shown, help)                                 \
    {                                                                                              \
        name, NUMBER, AT(member), min, max, value, shown, help, NULL                               \
    }
#define SWITCH_SETTING(name, member, value, help)                                                  \
    {                                                                                              \
        name, SWITCH, AT(member), 0, 1, value, NULL, help, NULL                                    \
    }

static const struct setting settings[] = {
    TEXT_SETTING("NPSD_LISTEN", listen, "127.0.0.1:8080", NULL, fault_of_listen,
                 "address of the service"),
    TEXT_SETTING("NPSD_ADMIN_LISTEN", admin_listen, "127.0.0.1:9180", NULL, fault_of_admin_listen,
                 "address of /healthz, /readyz and /metrics; empty turns it off"),
    TEXT_SETTING("NPSD_DATABASE_URL", database_url, NULL, "private cluster", NULL,
                 "libpq URI or key/value string"),
    TEXT_SETTING("NPSD_VAR", var, "var", NULL, fault_of_var,
                 "state: private cluster, admin key, spool"),
    TEXT_SETTING("NPSD_PUBLIC_URL", public_url, "", "from the request", fault_of_public_url,
                 "base of links in e-mails, Link headers and permalinks"),
    TEXT_SETTING("NPSD_TRUSTED_PROXIES", trusted_proxies, "", "none", fault_of_proxies,
                 "networks whose X-Forwarded-For or Forwarded is believed (right-most untrusted "
                 "address)"),
    NUMBER_SETTING("NPSD_RATE_PUBLIC", rate_public, 0, 1000000, "600", NULL,
                   "answers a minute and address (IPv6: /64) without a secret key, changes "
                   "included; 0 is no limit"),
    NUMBER_SETTING("NPSD_RATE_KEY", rate_key, 0, 1000000, "6000", NULL,
                   "answers a minute and publishable key (role submit), from all addresses "
                   "together; 0 is no limit"),
    NUMBER_SETTING("NPSD_CONNECTIONS", connections, 16, 1000000, "4096", NULL, "open connections"),
    NUMBER_SETTING(
        "NPSD_CONNECTIONS_PER_ADDRESS", connections_per_address, 0, 1000000, "0", NULL,
        "open connections of one address (IPv6: /64; trusted proxies: any number); 0 is no limit"),
    NUMBER_SETTING("NPSD_HTTP_THREADS", http_threads, 1, 256, NULL, "cores",
                   "threads that speak HTTP"),
    NUMBER_SETTING("NPSD_DB_WORKERS", db_workers, 1, 256, "4", NULL,
                   "connections to the database for everything but new answers"),
    NUMBER_SETTING("NPSD_QUEUE", queue, 16, 10000000, "16384", NULL,
                   "answers waiting for a commit; above it 503"),
    TEXT_SETTING("NPSD_SPOOL", spool, NULL, "$NPSD_VAR/spool.db", NULL,
                 "file for answers that come while the database is away; empty turns it off"),
    NUMBER_SETTING("NPSD_SPOOL_MAX_MB", spool_max_mb, 1, 1000000, "1024", NULL,
                   "size of the spool; above it 503"),
    TEXT_SETTING("NPSD_LOG", log, "info", NULL, fault_of_log,
                 "error, warning, info or debug; logfmt on stderr"),
    SWITCH_SETTING("NPSD_TRANSACTION_POOLING", transaction_pooling, "0",
                   "1 if a pooler in transaction mode (PgBouncer) stands before PostgreSQL; "
                   "migrate needs PostgreSQL itself"),
    SWITCH_SETTING("NPSD_ALLOW_UNSAFE_DURABILITY", allow_unsafe_durability, "0",
                   "start although fsync, full_page_writes or synchronous_commit is off (tests "
                   "only)"),
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

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
        const char *fault = setting->fault ? setting->fault(value) : NULL;
        if (fault)
            fprintf(err, "npsd: %s %s\n", setting->name, fault);
        else
            memcpy(target, &value, sizeof value);
        return !fault;
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

/* "make run" leaves the URL of its private cluster in this file. False if NPSD_VAR is too long. */
static bool url_path(const struct config *config, char *path, size_t size)
{
    return snprintf(path, size, "%s/database.url", config->var) < (int)size;
}

/* NULL: there is none. */
static const char *read_url(const char *path)
{
    static char url[4096];
    FILE *file = fopen(path, "re");
    bool good = file && fgets(url, sizeof url, file);
    if (file)
        fclose(file);
    if (!good)
        return NULL;
    url[strcspn(url, "\r\n")] = '\0';
    return *url ? url : NULL;
}

/* What is worked out: the number of cores, paths below NPSD_VAR. Lives as long as the process. */
static bool work_out(struct config *config, FILE *err)
{
    static char spool[4096];
    char path[4096];
    if (config->http_threads == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        config->http_threads = cores < 1 ? 1 : cores > 256 ? 256 : (int)cores;
    }
    if (!url_path(config, path, sizeof path)) {
        fprintf(err, "npsd: NPSD_VAR is too long\n");
        return false;
    }
    snprintf(spool, sizeof spool, "%s/spool.db", config->var);
    if (!config->spool)
        config->spool = spool;
    if (!config->database_url || !*config->database_url)
        config->database_url = read_url(path);
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
    good = good && work_out(&config, err);
    if (good)
        *ret_config = config;
    return good;
}

static void print_value(const struct setting *setting, const struct config *config, FILE *out)
{
    const char *target = (const char *)config + setting->target;
    if (setting->type == TEXT) {
        struct arena arena;
        const char *text;
        memcpy(&text, target, sizeof text);
        arena_init(&arena, 1024);
        fputs(mask_url(&arena, text ? text : ""), out);
        arena_done(&arena);
    } else if (setting->type == SWITCH) {
        fputs(*(const bool *)target ? "1" : "0", out);
    } else {
        fprintf(out, "%d", *(const int *)target);
    }
}

static void print_source(const struct setting *setting, const struct config *config, FILE *out)
{
    const char *value = getenv(setting->name);
    char path[4096];
    if (setting->target != AT(database_url))
        fputs(value ? "environment" : "default", out);
    else if (value && *value)
        fputs("environment", out);
    else if (config->database_url && url_path(config, path, sizeof path))
        fputs(path, out);
    else
        fputs("not set", out);
}

void config_print(const struct config *config, FILE *out)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        fprintf(out, "%s=", settings[i].name);
        print_value(&settings[i], config, out);
        fputs("    # ", out);
        print_source(&settings[i], config, out);
        fprintf(out, "; %s\n", settings[i].help);
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
