/* Keys: making, listing and revoking them, and how a request shows one. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <regex.h>
#include <sodium.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const all_roles[] = {"submit", "agent", "viewer", "analyst", "admin"};

static bool matches(const char *string, const char *pattern)
{
    regex_t regex;
    ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool match = regexec(&regex, string, 0, NULL, 0) == 0;
    regfree(&regex);
    return match;
}

static struct command run(const char *const *args)
{
    return fixture_run_command(fixture_database(), args);
}

static const char *basic(const char *user_and_password)
{
    size_t size = strlen(user_and_password);
    char *encoded = text_space(sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL));
    return sodium_bin2base64(
        encoded, sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL),
        (const unsigned char *)user_and_password, size, sodium_base64_VARIANT_ORIGINAL);
}

/* The line of `key list` that holds this; NULL without one. */
static const char *list_line(const char *part)
{
    struct command list = run((const char *const[]){"key", "list", NULL});
    ck_assert_int_eq(list.status, 0);
    const char *found = strstr(list.out, part);
    if (!found)
        return NULL;
    while (found > list.out && found[-1] != '\n')
        found--;
    return text("%.*s", (int)strcspn(found, "\n"), found);
}

static const char *id_of(const char *name)
{
    const char *line = list_line(name);
    ck_assert_msg(line != NULL, "key list does not name %s", name);
    line += strspn(line, " ");
    return text("%.*s", (int)strcspn(line, " \t"), line);
}

/* A key that cannot be guessed, of the documented form, and nothing else on stdout. */
START_TEST(create_prints_the_key_alone)
{
    for (size_t i = 0; i < COUNT_OF(all_roles); i++) {
        const char *args[] = {"key", "create", "--role", all_roles[i], "--name", "Anna K", NULL};
        struct command first = run(args), second = run(args);
        ck_assert_msg(first.status == 0, "%s", first.err);
        /* 160 bits are 27 characters of a base of 62 or 64. */
        ck_assert_msg(matches(first.out, text("^npsd_%s_[A-Za-z0-9_-]{27,}\n$", all_roles[i])),
                      "%s", first.out);
        ck_assert_str_ne(first.out, second.out);
    }
}
END_TEST

/* Wrong arguments make no key: an exit code, a reason on stderr, nothing on stdout. */
START_TEST(create_refuses_wrong_arguments)
{
    static const char *const wrong[][8] = {
        {"key", "create"},
        {"key", "create", "--role"},
        {"key", "create", "--role", "root"},
        {"key", "create", "--role", "none"},
        {"key", "create", "--role", "admin", "--survey", "no-such-survey"},
        {"key", "create", "--role", "admin", "--survey", "No Slug"},
        {"key", "create", "--role", "submit", "--origin", "shop.example"},
        {"key", "create", "--role", "submit", "--origin", "https://shop.example/path"},
        {"key", "create", "--role", "admin", "--colour", "red"},
        {"key", "create", "--role", "admin", "extra"},
        {"key", "create", "--role", "admin", "--expires-in-days", "0"},
        {"key", "create", "--role", "admin", "--expires-in-days", "3651"},
        {"key", "create", "--role", "admin", "--expires-in-days", "a week"},
        {"key", "create", "--role", "admin", "--expires-in-days"},
        {"key", "revoke"},
        {"key", "revoke", "no-such-id"},
        {"key", "explode"},
        {"key"},
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct command command = run(wrong[i]);
        const char *last = wrong[i][0];
        for (size_t j = 0; wrong[i][j]; j++)
            last = wrong[i][j];
        ck_assert_msg(command.status != 0, "key ... %s ended with 0", last);
        ck_assert_msg(!strstr(command.out, "npsd_"), "key ... %s printed %s", last, command.out);
        ck_assert_msg(*command.err != '\0', "key ... %s said nothing", last);
    }
}
END_TEST

/* The list tells id, role and name, never the key. */
START_TEST(list_hides_the_key)
{
    const char *key = fixture_new_key("viewer", "--name", "wallboard-7", NULL);
    const char *line = list_line("wallboard-7");
    ck_assert_ptr_nonnull(line);
    ck_assert_ptr_nonnull(strstr(line, "viewer"));
    struct command list = run((const char *const[]){"key", "list", NULL});
    const char *secret = key + strlen("npsd_viewer_");
    ck_assert_ptr_null(strstr(list.out, secret));
    ck_assert_ptr_null(strstr(list.err, secret));
}
END_TEST

/* No table holds a key in the clear. */
START_TEST(database_holds_no_key)
{
    const char *key = fixture_new_key("admin", NULL);
    long found = database_number(
        fixture_database(),
        "SELECT count(*) FROM pg_tables t, query_to_xml(format('SELECT * FROM %%I.%%I',"
        " schemaname, tablename), true, false, '') x"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND x::text LIKE '%%%s%%'",
        key + strlen("npsd_admin_"));
    ck_assert_int_eq(found, 0);
}
END_TEST

/* Bearer and Basic, with and without the colon, and schemes in any case. */
START_TEST(every_way_to_show_a_key)
{
    const char *path = text("/v1/surveys/%s", fixture_survey("'access':'key'"));
    const char *key = fixture_key(ADMIN);
    expect_status(client_get(key, "%s", path), 200);
    const char *const lines[] = {
        text("Authorization: bearer %s", key),
        text("Authorization: Basic %s", basic(key)),
        text("Authorization: basic %s", basic(text("%s:", key))),
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        expect_status(client_send(&(struct request){.path = path, .headers = {lines[i]}}), 200);
    expect_problem(client_get(NULL, "%s", path), 401, "unauthorized", NULL);
}
END_TEST

static const char *changed(const char *key, size_t at)
{
    char *copy = text_space(strlen(key));
    memcpy(copy, key, strlen(key));
    copy[at] = copy[at] == 'a' ? 'b' : 'a';
    return copy;
}

/* Well made, but of another installation. */
static const char *foreign_key(void)
{
    const char *name = fixture_new_database(true);
    struct command made =
        fixture_run_command(name, (const char *const[]){"key", "create", "--role", "admin", NULL});
    ck_assert_int_eq(made.status, 0);
    database_drop(name);
    return text("%.*s", (int)strcspn(made.out, "\n"), made.out);
}

/* Any wrong key is 401, even where no key is needed. */
START_TEST(wrong_keys_are_refused)
{
    const char *survey = fixture_survey("");
    const char *key = fixture_key(ADMIN);
    size_t size = strlen(key);
    const char *const wrong[] = {
        text("Authorization: Bearer %s", changed(key, size - 1)),
        text("Authorization: Bearer %s", changed(key, size - 10)),
        text("Authorization: Bearer %s", changed(key, strlen("npsd_admin_"))),
        text("Authorization: Bearer npsd_viewer_%s", key + strlen("npsd_admin_")),
        text("Authorization: Bearer %s", foreign_key()),
        text("Authorization: Bearer %.*s", (int)size - 1, key),
        text("Authorization: Bearer %sx", key),
        text("Authorization: Bearer %s%s", key, key),
        text("Authorization: Bearer %s", text_repeat("k", 4000)),
        text("Authorization: Bearer npsd_admin_"),
        text("Authorization: Bearer npsd_root_%s", key + strlen("npsd_admin_")),
        text("Authorization: Bearer x"),
        text("Authorization: %s", key),
        text("Authorization: Digest %s", key),
        text("Authorization: Basic %s", key),
        text("Authorization: Basic !!!!"),
        text("Authorization: Basic %s", basic(text(":%s", key))),
        text("Authorization: Basic %s", basic("admin:admin")),
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct request get = {.path = text("/v1/surveys/%s", survey), .headers = {wrong[i]}};
        struct reply *reply = client_send(&get);
        ck_assert_msg(reply->status == 401, "%s: %ld", wrong[i], reply->status);
        expect_problem(reply, 401, "unauthorized", NULL);
        expect_header(reply, "WWW-Authenticate", "Bearer realm=\"npsd\"");
        struct request post = {.path = text("/v1/surveys/%s/responses", survey),
                               .body = "{\"score\":1}",
                               .headers = {wrong[i]}};
        expect_problem(client_send(&post), 401, "unauthorized", NULL);
    }
    expect_int(client_get(key, "/v1/surveys/%s/nps?period=all", survey), "/responses", 0);
}
END_TEST

/* A key in the query is no key. */
START_TEST(query_is_no_place_for_keys)
{
    const char *path = text("/v1/surveys/%s", fixture_survey("'access':'key'"));
    static const char *const names[] = {"key", "api_key", "access_token", "token", "authorization"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        expect_problem(client_get(NULL, "%s?%s=%s", path, names[i], fixture_key(ADMIN)), 401,
                       "unauthorized", NULL);
}
END_TEST

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A new key works in the very next request, a revoked one stops within two seconds and for good. */
START_TEST(new_at_once_and_revoked_in_two_seconds)
{
    const char *path = text("/v1/surveys/%s", fixture_survey("'access':'key'"));
    for (int i = 0; i < 3; i++) {
        const char *name = text("short-lived-%d", i);
        const char *key = fixture_new_key("admin", "--name", name, NULL);
        expect_status(client_get(key, "%s", path), 200);
        const char *id = id_of(name);
        ck_assert_int_eq(run((const char *const[]){"key", "revoke", id, NULL}).status, 0);
        double start = seconds_now();
        while (client_get(key, "%s", path)->status == 200) {
            ck_assert_msg(seconds_now() - start < 2, "a revoked key still works after 2 s");
            usleep(20000);
        }
        for (int again = 0; again < 50; again++)
            expect_wrong_key(client_get(key, "%s", path));
        expect_status(client_get(fixture_key(ADMIN), "%s", path), 200);
    }
}
END_TEST

/* A key ends at its time, also for who is answered from memory. The service hears of the change
 * below a second after it, and has nothing more to hear when the time comes. */
START_TEST(a_key_expires)
{
    const char *survey = fixture_survey("'access':'key'");
    const char *number = text("/v1/surveys/%s/nps?period=all", survey);
    const char *key = fixture_new_key("viewer", "--name", survey, "--expires-in-days", "1", NULL);
    expect_status(client_get(key, "%s", number), 200);
    database_sql(fixture_database(),
                 "update api_key set expires_at = now() + interval '3s' where name = '%s'", survey);
    double start = seconds_now();
    while (client_get(key, "%s", number)->status == 200) {
        ck_assert_msg(seconds_now() - start < 4, "an expired key still works");
        usleep(20000);
    }
    double lived = seconds_now() - start;
    ck_assert_msg(lived > 2.8, "it ended after %f s", lived);
    expect_wrong_key(client_get(key, "%s", number));
    ck_assert_ptr_nonnull(list_line(survey));
}
END_TEST

/* A key for some surveys does not see that others exist. */
START_TEST(key_is_for_its_surveys)
{
    const char *one = fixture_survey("'access':'key'"), *two = fixture_survey("'access':'key'");
    const char *other = fixture_survey("'access':'key'"), *open = fixture_survey("");
    const char *key = fixture_new_key("admin", "--survey", one, "--survey", two, NULL);
    expect_status(client_get(key, "/v1/surveys/%s", one), 200);
    expect_status(client_get(key, "/v1/surveys/%s", two), 200);
    const char *const hidden[] = {other, open, "there-is-none"};
    for (size_t i = 0; i < COUNT_OF(hidden); i++) {
        const char *s = hidden[i];
        struct reply *replies[] = {
            client_get(key, "/v1/surveys/%s", s),
            client_get(key, "/v1/surveys/%s/nps", s),
            client_get(key, "/v1/surveys/%s/responses", s),
            client_post(key, "{\"score\":1}", "/v1/surveys/%s/responses", s),
            client_post(key, "[{\"score\":1}]", "/v1/surveys/%s/responses/batch", s),
            client_patch(key, "{\"open\":false}", "/v1/surveys/%s", s),
            client_delete(key, "/v1/surveys/%s", s),
        };
        for (size_t j = 0; j < COUNT_OF(replies); j++)
            expect_problem(replies[j], 404, "not-found", NULL);
    }
    struct reply *list = expect_status(client_get(key, "/v1/surveys?limit=1000"), 200);
    ck_assert_uint_eq(json_array_size(reply_at(list, "/items")), 2);
    expect_status(client_get(fixture_key(ADMIN), "/v1/surveys/%s", other), 200);
}
END_TEST

static struct reply *post_from(const char *origin, const char *key, const char *survey)
{
    const char *path = text("/v1/surveys/%s/responses", survey);
    const char *header = origin ? text("Origin: %s", origin) : NULL;
    return client_send(
        &(struct request){.path = path, .key = key, .body = "{\"score\":7}", .headers = {header}});
}

/* A publishable key works from its origins, and from programs, which send no Origin. */
START_TEST(origins_of_a_publishable_key)
{
    const char *survey = fixture_survey("'access':'key'");
    const char *key = fixture_new_key("submit", "--origin", "https://shop.example", "--origin",
                                      "http://localhost:3000", NULL);
    static const char *const good[] = {"https://shop.example", "http://localhost:3000"};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct reply *reply = expect_status(post_from(good[i], key, survey), 201);
        expect_header(reply, "Access-Control-Allow-Origin", good[i]);
        ck_assert_ptr_null(header_of(reply, "Access-Control-Allow-Credentials"));
        const char *vary = header_of(reply, "Vary");
        ck_assert_msg(vary && strstr(vary, "Origin"), "Vary: %s", vary ? vary : "none");
    }
    expect_status(post_from(NULL, key, survey), 201);
    static const char *const bad[] = {"https://shop.example.evil.example",
                                      "https://evil.example",
                                      "http://shop.example",
                                      "https://shop.example:8443",
                                      "https://www.shop.example",
                                      "http://localhost",
                                      "null",
                                      "https://"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct reply *reply = post_from(bad[i], key, survey);
        expect_problem(reply, 403, "origin-not-allowed", NULL);
        ck_assert_ptr_null(header_of(reply, "Access-Control-Allow-Origin"));
    }
    struct reply *nps = client_get(fixture_key(ADMIN), "/v1/surveys/%s/nps", survey);
    expect_int(nps, "/responses", 3);
}
END_TEST

/* A publishable key that names no origin works from any. */
START_TEST(no_origins_named_is_any)
{
    const char *survey = fixture_survey("'access':'key'");
    struct reply *reply = post_from("https://anywhere.example", fixture_key(SUBMIT), survey);
    expect_header(expect_status(reply, 201), "Access-Control-Allow-Origin",
                  "https://anywhere.example");
}
END_TEST

/* An open survey takes posts from any origin, without a key. */
START_TEST(open_survey_takes_any_origin)
{
    const char *survey = fixture_survey("");
    struct reply *reply = expect_status(post_from("https://anywhere.example", NULL, survey), 201);
    const char *allowed = header_of(reply, "Access-Control-Allow-Origin");
    ck_assert_msg(
        allowed && (strcmp(allowed, "*") == 0 || strcmp(allowed, "https://anywhere.example") == 0),
        "Access-Control-Allow-Origin: %s", allowed ? allowed : "none");
    ck_assert_ptr_null(header_of(reply, "Access-Control-Allow-Credentials"));
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = create_prints_the_key_alone},
        {.test = create_refuses_wrong_arguments},
        {.test = list_hides_the_key},
        {.test = database_holds_no_key},
        {.test = every_way_to_show_a_key},
        {.test = wrong_keys_are_refused},
        {.test = query_is_no_place_for_keys},
        {.test = new_at_once_and_revoked_in_two_seconds},
        {.test = a_key_expires},
        {.test = key_is_for_its_surveys},
        {.test = origins_of_a_publishable_key},
        {.test = no_origins_named_is_any},
        {.test = open_survey_takes_any_origin},
    };
    return fixture_run("keys", NULL, tests, COUNT_OF(tests));
}
