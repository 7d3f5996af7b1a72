/* The copy of the directory that the spool keeps: what is no copy is refused as a whole. */
#include "npsd/state/directory.h"
#include "suite.h"
#include <stdio.h>
#include <string.h>

#define SECRET "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define QUESTION(n, type)                                                                          \
    "{\"n\":" #n ",\"position\":" #n ",\"id\":\"q" #n                                              \
    "\",\"definition\":\"{\\\"type\\\":\\\"" type                                                  \
    "\\\",\\\"text\\\":{\\\"en\\\":\\\"Why?\\\"},\\\"min\\\":0,\\\"max\\\":0,\\\"ask\\\":7,"       \
    "\\\"options\\\":[]}\"}"
#define SURVEY(id, slug)                                                                           \
    "{\"id\":" #id ",\"slug\":\"" slug "\",\"title\":\"{\\\"en\\\":\\\"T\\\"}\",\"brand\":null,"   \
    "\"time_zone\":\"UTC\",\"access\":\"open\",\"open\":true,\"badge_public\":false,"              \
    "\"suspects\":\"count\",\"min_responses\":30,\"edit_minutes\":29,\"keep_text_days\":0,"        \
    "\"created\":1763740800000000,\"updated\":1763740800000001,\"facets\":[{\"name\":\"branch\","  \
    "\"active\":true}],\"questions\":[" QUESTION(1, "nps") "," QUESTION(2, "text") "]}"
#define KEY(id, hash)                                                                              \
    "{\"id\":" #id ",\"role\":\"submit\",\"name\":\"N" #id "\",\"hash\":\"" hash                   \
    "\",\"all_surveys\":false,\"surveys\":[1,2],\"origins\":[\"https://a.example\"]}"

static const char copy[] =
    "{\"format\":1,\"edit\":\"" SECRET "\",\"cursor\":\"" SECRET "\",\"link_keys\":[{\"kid\":3,"
    "\"key\":\"" SECRET "\"}],\"surveys\":[" SURVEY(1, "shop") "," SURVEY(
        2, "app") "],"
                  "\"keys\":[" KEY(1, SECRET) "," KEY(
                      2, "BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8") "]}";

static bool restores(const char *text, size_t len)
{
    struct directory *directory = directory_new();
    bool good = directory_restore(directory, text, len);
    struct directory_snapshot *snapshot = directory_acquire(directory);
    ck_assert_int_eq(good, snapshot != NULL);
    if (snapshot)
        directory_release(snapshot);
    directory_free(directory);
    return good;
}

START_TEST(whole)
{
    struct directory *directory = directory_new();
    ck_assert(directory_restore(directory, copy, sizeof copy - 1));
    struct directory_snapshot *snapshot = directory_acquire(directory);
    ck_assert_uint_eq(snapshot->survey_count, 2);
    ck_assert_uint_eq(snapshot->key_count, 2);
    ck_assert_int_eq(directory_survey(snapshot, "app")->id, 2);
    ck_assert_str_eq(directory_survey_by_id(snapshot, 1)->slug, "shop");
    directory_release(snapshot);
    directory_free(directory);
}
END_TEST

static int64_t end_of(const struct directory_snapshot *snapshot, size_t key)
{
    return directory_key_end(&snapshot->keys[key]);
}

/* Those that do not are written as they were before keys could end. */
START_TEST(keys_that_end)
{
    char text[sizeof copy + 64];
    struct arena arena;
    arena_init(&arena, 4096);
    const char *rest = strstr(strstr(copy, "\"name\":\"N2\""), "\"all_surveys\"");
    snprintf(text, sizeof text, "%.*s\"expires\":1763740800000002,%s", (int)(rest - copy), copy,
             rest);
    const char *kept = text;
    for (int again = 0; again < 2; again++) {
        struct directory *directory = directory_new();
        ck_assert(directory_restore(directory, kept, strlen(kept)));
        struct directory_snapshot *snapshot = directory_acquire(directory);
        ck_assert_int_eq(end_of(snapshot, 0), INT64_MAX);
        ck_assert_int_eq(end_of(snapshot, 1), 1763740800000002);
        size_t len;
        kept = directory_copy(&arena, snapshot, &len);
        directory_release(snapshot);
        directory_free(directory);
    }
    arena_done(&arena);
}
END_TEST

START_TEST(cut_and_lengthened)
{
    for (size_t len = 0; len < sizeof copy - 1; len++)
        ck_assert_msg(!restores(copy, len), "%zu", len);
    ck_assert(!restores(copy, sizeof copy));
}
END_TEST

/* In its last place, which for some is the second survey or key. */
static bool restores_with(const char *from, const char *to)
{
    char text[sizeof copy + 128];
    const char *place = NULL;
    for (const char *at = copy; (at = strstr(at, from)); at++)
        place = at;
    ck_assert_msg(place != NULL, "%s", from);
    int len = snprintf(text, sizeof text, "%.*s%s%s", (int)(place - copy), copy, to,
                       place + strlen(from));
    ck_assert_int_lt(len, (int)sizeof text);
    return restores(text, (size_t)len);
}

START_TEST(other_values)
{
    ck_assert(restores_with("\"edit_minutes\":29", "\"edit_minutes\":30"));
    ck_assert(restores_with("\"slug\":\"app\"", "\"slug\":\"aqp\""));
    ck_assert(restores_with("\"name\":\"N2\"", "\"name\":\"Anna\""));
    ck_assert(restores_with("{\"n\":2,\"position\":2", "{\"n\":2,\"position\":0"));
}
END_TEST

START_TEST(damaged)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"\"format\":1", "\"format\":2"},
        {"\"format\":1", "\"format\": 1"},
        {"\"format\":1", "\"format\":4294967297"},
        {"\"kid\":3", "\"kid\":259"},
        {"\"kid\":3", "\"kid\":-1"},
        {"\"all_surveys\":false", "\"expires\":-1,\"all_surveys\":false"},
        {"\"all_surveys\":false", "\"expires\":\"1\",\"all_surveys\":false"},
        {"\"all_surveys\":false", "\"expires\":0,\"all_surveys\":false"},
        {"\"id\":2,\"slug\"", "\"id\":4294967298,\"slug\""},
        {"\"id\":2,\"slug\"", "\"id\":0,\"slug\""},
        {"\"id\":2,\"slug\"", "\"id\":1,\"slug\""},
        {"\"slug\":\"app\"", "\"slug\":\"shop\""},
        {"\"slug\":\"app\"", "\"slug\":\"a p\""},
        {"\"slug\":\"app\"", "\"slug\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                             "aaaaaaaaa\""},
        {"\"access\":\"open\"", "\"access\":\"opem\""},
        {"\"suspects\":\"count\"", "\"suspects\":\"counu\""},
        {"\"open\":true", "\"open\":1"},
        {"\"name\":\"branch\"", "\"name\":\"br nch\""},
        {"\"min_responses\":30", "\"min_responses\":4294967326"},
        {"{\"n\":2,\"position\":2", "{\"n\":1,\"position\":2"},
        {"{\"n\":2,\"position\":2", "{\"n\":-2147483648,\"position\":2"},
        {"{\"n\":2,\"position\":2", "{\"n\":2,\"position\":3"},
        {"{\"n\":1,\"position\":1", "{\"n\":1,\"position\":0"},
        {QUESTION(1, "nps"), QUESTION(1, "scale")},
        {"[" QUESTION(1, "nps") "," QUESTION(2, "text") "]", "[]"},
        {"\"role\":\"submit\"", "\"role\":\"sumbit\""},
        {"\"id\":2,\"role\"", "\"id\":1,\"role\""},
        {"\"surveys\":[1,2]", "\"surveys\":[1,\"2\"]"},
        {"\"surveys\":[1,2]", "\"surveys\":[1,4294967298]"},
        {"\"hash\":\"BAEC", "\"hash\":\"AAEC"},
        {"\"hash\":\"BAEC", "\"hash\":\"!AEC"},
        {"\"origins\":[\"https://a.example\"]", "\"origins\":[7]"},
        {"\"name\":\"N2\"", "\"name\":\"N2\",\"more\":1"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_msg(!restores_with(cases[i].from, cases[i].to), "%s", cases[i].to);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {whole, keys_that_end, cut_and_lengthened, other_values, damaged};
    if (!crypto_init())
        return EXIT_FAILURE;
    return suite_run("directory_copy", tests, COUNT_OF(tests));
}
