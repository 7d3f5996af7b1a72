/* The settings: right and wrong, where they come from, what is shown of them. */
#include "npsd/base/log.h"
#include "npsd/config.h"
#include "unit/suite.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/npsd-config-XXXXXX";
static char *told, *printed;
static char data[4096]; /* NPSD_TEST_DATA */

static void setup(void)
{
    const char *given = getenv("NPSD_TEST_DATA");
    snprintf(data, sizeof data, "%s", given ? given : "tests/data");
    clearenv();
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("NPSD_VAR", folder, 1);
}

static void teardown(void)
{
    char path[64];
    snprintf(path, sizeof path, "%s/database.url", folder);
    unlink(path);
    rmdir(folder);
    free(told);
    free(printed);
    told = printed = NULL;
}

/* What is said goes to told. */
static bool load(struct config *config)
{
    size_t size;
    free(told);
    FILE *err = open_memstream(&told, &size);
    bool good = config_load(config, err);
    fclose(err);
    return good;
}

static const char *print(const struct config *config)
{
    size_t size;
    free(printed);
    FILE *out = open_memstream(&printed, &size);
    config_print(config, out);
    fclose(out);
    return printed;
}

static void write_url(const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "%s/database.url", folder);
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

START_TEST(defaults)
{
    struct config config;
    unsetenv("NPSD_VAR");
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_msg(load(&config), "%s", told);
    ck_assert_str_eq(told, "");
    ck_assert_str_eq(config.listen, "127.0.0.1:8080");
    ck_assert_str_eq(config.admin_listen, "127.0.0.1:9180");
    ck_assert_ptr_null(config.database_url);
    ck_assert_str_eq(config.var, "var");
    ck_assert_str_eq(config.public_url, "");
    ck_assert_str_eq(config.trusted_proxies, "");
    ck_assert_int_eq(config.rate_public, 600);
    ck_assert_int_eq(config.rate_key, 6000);
    ck_assert_int_eq(config.connections, 4096);
    ck_assert_int_eq(config.connections_per_address, 0);
    ck_assert_int_ge(config.http_threads, 1);
    ck_assert_int_eq(config.db_workers, 4);
    ck_assert_int_eq(config.queue, 16384);
    ck_assert_str_eq(config.spool, "var/spool.db");
    ck_assert_int_eq(config.spool_max_mb, 1024);
    ck_assert_str_eq(config.log, "info");
    ck_assert(!config.allow_unsafe_durability);
}
END_TEST

static const struct {
    const char *name;
    const char *good[6], *wrong[14];
} cases[] = {
    {"NPSD_LISTEN",
     {"127.0.0.1:0", "[::]:80", "localhost:8080", "0.0.0.0:65535"},
     {"", "8080", "127.0.0.1", "127.0.0.1:", ":8080", "127.0.0.1:65536", "::1:80", "a b:80"}},
    {"NPSD_ADMIN_LISTEN", {"", "127.0.0.1:9180"}, {"off", "9180", "127.0.0.1:x"}},
    {"NPSD_DATABASE_URL", {"", "postgresql:///npsd", "host=/run dbname=npsd"}, {NULL}},
    {"NPSD_VAR", {"/tmp", "var", "."}, {""}},
    {"NPSD_PUBLIC_URL",
     {"", "https://nps.example", "http://127.0.0.1:8080", "https://nps.example/nps",
      "https://nps.example/"},
     {"nps.example", "//nps.example", "ftp://nps.example", "https://", "https:///x", "https:/x",
      "https://a b", "https://a?b", "https://a#b", "https://a\"b", "https://a\n", "javascript:x"}},
    {"NPSD_TRUSTED_PROXIES",
     {"", "10.0.0.0/8", "10.0.0.0/8, ::1, 192.0.2.7"},
     {"10.0.0.0/33", "proxy.example", "10.0.0.0/8;::1", "10.0.0"}},
    {"NPSD_RATE_PUBLIC",
     {"0", "1", "1000000"},
     {"", "-1", "1000001", "x", "1.5", " 1", "1 ", "0x10", "+1", "01", "99999999999999999999"}},
    {"NPSD_RATE_KEY", {"0", "1", "1000000"}, {"", "-1", "1000001", "x", "1.5", " 1", "+1"}},
    {"NPSD_CONNECTIONS", {"16", "1000000"}, {"", "0", "15", "1000001"}},
    {"NPSD_CONNECTIONS_PER_ADDRESS", {"0", "10"}, {"", "-1"}},
    {"NPSD_HTTP_THREADS", {"1", "256"}, {"", "0", "257", "cores"}},
    {"NPSD_DB_WORKERS", {"1", "256"}, {"", "0", "257"}},
    {"NPSD_QUEUE", {"16", "10000000"}, {"", "0", "15", "10000001"}},
    {"NPSD_SPOOL", {"", "/tmp/spool.db"}, {NULL}},
    {"NPSD_SPOOL_MAX_MB", {"1", "1000000"}, {"", "0", "1000001"}},
    {"NPSD_LOG", {"error", "warning", "info", "debug"}, {"", "warn", "INFO", "5"}},
    {"NPSD_TRANSACTION_POOLING", {"0", "1"}, {"", "2", "on"}},
    {"NPSD_ALLOW_UNSAFE_DURABILITY", {"0", "1"}, {"", "2", "yes", "true"}},
};

START_TEST(right_values)
{
    struct config config;
    for (size_t i = 0; cases[_i].good[i]; i++) {
        setenv(cases[_i].name, cases[_i].good[i], 1);
        ck_assert_msg(load(&config), "%s=%s: %s", cases[_i].name, cases[_i].good[i], told);
        ck_assert_str_eq(told, "");
        print(&config);
    }
}
END_TEST

/* Each is told by its name, and leaves the result alone. */
START_TEST(wrong_values)
{
    for (size_t i = 0; cases[_i].wrong[i]; i++) {
        struct config config = {.queue = 77};
        setenv(cases[_i].name, cases[_i].wrong[i], 1);
        ck_assert_msg(!load(&config), "%s=%s", cases[_i].name, cases[_i].wrong[i]);
        ck_assert_msg(strncmp(told, "npsd: ", 6) == 0 && strstr(told, cases[_i].name), "%s", told);
        ck_assert_msg(strstr(told, " must "), "%s", told);
        ck_assert_int_eq(config.queue, 77);
    }
}
END_TEST

/* No setting is without a case above. */
START_TEST(every_setting_has_its_cases)
{
    struct config config;
    ck_assert(load(&config));
    print(&config);
    char *rest = printed;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *line = strsep(&rest, "\n");
        ck_assert_ptr_nonnull(line);
        ck_assert_msg(strncmp(line, cases[i].name, strcspn(line, "=")) == 0, "%s", line);
    }
    ck_assert_str_eq(rest, "");
}
END_TEST

START_TEST(all_that_is_wrong_is_told)
{
    struct config config;
    setenv("NPSD_QUEUE", "x", 1);
    setenv("NPSD_LOG", "x", 1);
    setenv("NPSD_QEUE", "1", 1);
    ck_assert(!load(&config));
    ck_assert_ptr_nonnull(strstr(told, "NPSD_QUEUE must be a whole number from 16 to 10000000\n"));
    ck_assert_ptr_nonnull(strstr(told, "NPSD_LOG must"));
    ck_assert_ptr_nonnull(strstr(told, "NPSD_QEUE"));
}
END_TEST

START_TEST(unknown_names)
{
    static const char *const unknown[] = {"NPSD_", "NPSD_LISTENX", "NPSD_LISTE", "NPSD_listen",
                                          "NPSD_TEST"};
    static const char *const others[] = {"NPSD_TEST_X", "NPSD", "NPSDX", "XNPSD_LISTEN", "PGHOST"};
    struct config config;
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        setenv(unknown[i], "x", 1);
        ck_assert_msg(!load(&config), "%s", unknown[i]);
        ck_assert_ptr_nonnull(strstr(told, unknown[i]));
        unsetenv(unknown[i]);
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        setenv(others[i], "x", 1);
        ck_assert_msg(load(&config), "%s: %s", others[i], told);
    }
}
END_TEST

START_TEST(the_level_holds_at_once)
{
    struct config config;
    setenv("NPSD_LOG", "error", 1);
    ck_assert(load(&config));
    ck_assert(!log_enabled(LOG_INFO));
    setenv("NPSD_LOG", "debug", 1);
    ck_assert(load(&config));
    ck_assert(log_enabled(LOG_DEBUG));
}
END_TEST

START_TEST(paths_below_var)
{
    char expected[64], too_long[5000] = "";
    struct config config;
    snprintf(expected, sizeof expected, "%s/spool.db", folder);
    ck_assert(load(&config));
    ck_assert_str_eq(config.spool, expected);
    memset(too_long, 'x', sizeof too_long - 1);
    setenv("NPSD_VAR", too_long, 1);
    ck_assert(!load(&config));
    ck_assert_ptr_nonnull(strstr(told, "NPSD_VAR"));
}
END_TEST

START_TEST(url_of_the_private_cluster)
{
    char line[128];
    struct config config;
    ck_assert(load(&config));
    ck_assert_ptr_null(config.database_url);
    ck_assert_ptr_nonnull(strstr(print(&config), "\nNPSD_DATABASE_URL=    # not set; "));
    write_url("\n");
    ck_assert(load(&config));
    ck_assert_ptr_null(config.database_url);
    write_url("postgresql://owner:SECRET@/npsd?host=/run\n");
    ck_assert(load(&config));
    ck_assert_str_eq(config.database_url, "postgresql://owner:SECRET@/npsd?host=/run");
    snprintf(line, sizeof line,
             "\nNPSD_DATABASE_URL=postgresql://owner:***@/npsd?host=/run    # %s/database.url; ",
             folder);
    ck_assert_ptr_nonnull(strstr(print(&config), line));
    setenv("NPSD_DATABASE_URL", "", 1);
    ck_assert(load(&config));
    ck_assert_str_eq(config.database_url, "postgresql://owner:SECRET@/npsd?host=/run");
    setenv("NPSD_DATABASE_URL", "postgresql:///other", 1);
    ck_assert(load(&config));
    ck_assert_str_eq(config.database_url, "postgresql:///other");
    ck_assert_ptr_nonnull(
        strstr(print(&config), "NPSD_DATABASE_URL=postgresql:///other    # environment; "));
}
END_TEST

START_TEST(secrets_are_not_printed)
{
    static const char *const urls[] = {"postgresql://u:SECRET@h/db", "host=h password=SECRET",
                                       "postgresql://u:SEC@SECRET@h/db",
                                       "password = 'a SECRET' host=h"};
    struct config config;
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        setenv("NPSD_DATABASE_URL", urls[i], 1);
        ck_assert(load(&config));
        ck_assert_msg(!strstr(print(&config), "SECRET"), "%s", urls[i]);
    }
}
END_TEST

START_TEST(sources)
{
    struct config config;
    setenv("NPSD_QUEUE", "16384", 1);
    ck_assert(load(&config));
    ck_assert_ptr_nonnull(strstr(print(&config), "\nNPSD_QUEUE=16384    # environment; "));
    ck_assert_ptr_nonnull(strstr(printed, "\nNPSD_DB_WORKERS=4    # default; "));
    ck_assert_ptr_nonnull(strstr(printed, "\nNPSD_ALLOW_UNSAFE_DURABILITY=0    # default; "));
}
END_TEST

START_TEST(readme_has_this_table)
{
    static char readme[1 << 20];
    char path[4200], *table;
    size_t size;
    snprintf(path, sizeof path, "%s/../../README.md", data);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s", path);
    readme[fread(readme, 1, sizeof readme - 1, file)] = '\0';
    fclose(file);
    const char *begin = strstr(readme, "<!-- settings");
    const char *end = strstr(readme, "<!-- end of settings");
    ck_assert(begin && end);
    begin = strchr(begin, '\n') + 1;
    FILE *out = open_memstream(&table, &size);
    config_markdown(out);
    fclose(out);
    ck_assert_msg((size_t)(end - begin) == size && memcmp(begin, table, size) == 0,
                  "README.md differs from: npsd config --markdown");
    free(table);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        defaults,
        every_setting_has_its_cases,
        all_that_is_wrong_is_told,
        unknown_names,
        the_level_holds_at_once,
        paths_below_var,
        url_of_the_private_cluster,
        secrets_are_not_printed,
        sources,
        readme_has_this_table,
    };
    Suite *suite = suite_create("config");
    TCase *tcase = tcase_create("config");
    tcase_set_timeout(tcase, SUITE_SECONDS);
    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    tcase_add_loop_test(tcase, right_values, 0, COUNT_OF(cases));
    tcase_add_loop_test(tcase, wrong_values, 0, COUNT_OF(cases));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
