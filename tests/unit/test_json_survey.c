#include "json_cases.h"
#include "npsd/json/survey.h"

static struct arena arena;

#define REQUIRED "\"id\":\"s\",\"title\":{\"en\":\"T\"}"
#define TEXT "\"text\":{\"en\":\"T\"}"
#define SCORE "{\"id\":\"score\",\"type\":\"nps\"," TEXT "}"
#define OPTION(id) "{\"id\":\"" id "\"," TEXT "}"

static const char *written(const struct survey *survey)
{
    struct json_writer w = json_writer(&arena);

    survey_write(&w, NULL, survey);
    return w.buf.data;
}

static const char *written_public(const struct survey *survey)
{
    struct json_writer w = json_writer(&arena);

    survey_write_public(&w, NULL, survey);
    return w.buf.data;
}

static struct survey *decoded(const char *json)
{
    struct problem_errors errors = {.arena = &arena};
    struct survey *survey = survey_decode(case_json(&arena, json), &errors);

    ck_assert_msg(survey, "%s: %s", json, case_places(&arena, &errors));
    return survey;
}

/* --- what is taken --- */

START_TEST(defaults)
{
    const struct survey *survey = decoded("{\"id\":\"shop-1\",\"title\":{\"en\":\"Your visit\"}}");

    ck_assert_str_eq(
        written(survey),
        "{\"id\":\"shop-1\",\"title\":{\"en\":\"Your visit\"},\"time_zone\":\"UTC\","
        "\"access\":\"open\",\"open\":true,\"facets\":[\"branch\",\"product\"],"
        "\"min_responses\":30,\"edit_minutes\":30,\"badge\":\"private\",\"suspects\":\"count\","
        "\"keep_text_days\":null,\"brand\":null,"
        "\"questions\":["
        "{\"id\":\"recommend\",\"type\":\"nps\",\"text\":"
        "{\"en\":\"How likely are you to recommend us to a friend or colleague?\","
        "\"ru\":\"Насколько вероятно, что вы порекомендуете нас другу или коллеге?\"}},"
        "{\"id\":\"why\",\"type\":\"text\",\"text\":"
        "{\"en\":\"What is the main reason for your score?\","
        "\"ru\":\"Почему вы поставили именно такую оценку?\"},\"text_by_group\":{"
        "\"critic\":{\"en\":\"What went wrong?\",\"ru\":\"Что пошло не так?\"},"
        "\"neutral\":{\"en\":\"What did you miss?\",\"ru\":\"Чего вам не хватило?\"},"
        "\"promoter\":{\"en\":\"What did you like most?\","
        "\"ru\":\"Что понравилось больше всего?\"}}},"
        "{\"id\":\"improve\",\"type\":\"choice\",\"text\":"
        "{\"en\":\"What should we improve first?\","
        "\"ru\":\"Что нам стоит улучшить в первую очередь?\"},\"options\":["
        "{\"id\":\"wait\",\"text\":{\"en\":\"Waiting time\",\"ru\":\"Время ожидания\"}},"
        "{\"id\":\"price\",\"text\":{\"en\":\"Price\",\"ru\":\"Цена\"}},"
        "{\"id\":\"quality\",\"text\":{\"en\":\"Quality\",\"ru\":\"Качество\"}},"
        "{\"id\":\"staff\",\"text\":{\"en\":\"Staff\",\"ru\":\"Работа сотрудников\"}},"
        "{\"id\":\"other\",\"text\":{\"en\":\"Something else\",\"ru\":\"Другое\"}}]}],"
        "\"created_at\":\"1970-01-01T00:00:00Z\",\"updated_at\":\"1970-01-01T00:00:00Z\"}");
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(survey->questions[i].n, (int)i + 1);
    for (size_t i = 0; i < 5; i++)
        ck_assert_int_eq(survey->questions[2].options[i].number, (int)i + 1);
}
END_TEST

/* A definition that says everything, as it is written again. */
#define EVERYTHING                                                                                 \
    "\"time_zone\":\"America/Argentina/Buenos_Aires\",\"access\":\"key\",\"open\":false,"          \
    "\"facets\":[\"shop\"],\"min_responses\":1000000,\"edit_minutes\":0,\"badge\":\"public\","     \
    "\"suspects\":\"exclude\",\"keep_text_days\":36500,"
#define BRAND(logo)                                                                                \
    "\"brand\":{\"name\":\"<Shop> & Co\",\"colour\":\"#00Aa77\",\"logo\":\"" logo "\"},"
/* A picture that says no more than what it is. */
#define SMALL_PNG "iVBORw0KGgoAAA=="
#define BY_GROUP                                                                                   \
    ",\"text_by_group\":{\"critic\":{\"ru\":\"Ж\",\"en\":\"C\"},\"promoter\":{\"en\":\"P\"}}"
#define QUESTIONS                                                                                  \
    "\"questions\":[" SCORE ",{\"id\":\"speed\",\"type\":\"scale\"," TEXT                          \
    ",\"min\":1,\"max\":5,\"ask\":[\"critic\",\"neutral\"]},"                                      \
    "{\"id\":\"again\",\"type\":\"yes_no\"," TEXT ",\"ask\":[\"promoter\"]},"                      \
    "{\"id\":\"likes\",\"type\":\"choices\",\"text\":{\"ru\":\"Ж\",\"en\":\"T\"},"                \
    "\"options\":[" OPTION("a") "," OPTION("b") "]},"                                              \
                                                "{\"id\":\"why\",\"type\":\"text\"," TEXT BY_GROUP \
                                                "}]"

START_TEST(everything_said)
{
    const struct survey *survey = decoded(
        "{" REQUIRED "," EVERYTHING BRAND("data:image/png;base64," SMALL_PNG) QUESTIONS "}");

    ck_assert_str_eq(written(survey),
                     "{" REQUIRED "," EVERYTHING BRAND("data:image/png;base64," SMALL_PNG) QUESTIONS
                     ",\"created_at\":\"1970-01-01T00:00:00Z\","
                     "\"updated_at\":\"1970-01-01T00:00:00Z\"}");
    ck_assert_str_eq(written_public(survey),
                     "{" REQUIRED ",\"access\":\"key\",\"open\":false,\"edit_minutes\":0," BRAND(
                         "/s/s/logo?v=e1758244") QUESTIONS ",\"facets\":[\"shop\"]}");
}
END_TEST

static const char *const taken[] = {
    "\"id\":\"0-a\",\"title\":{\"en\":\"T\",\"pt-BR\":\"T\"}",
    REQUIRED ",\"time_zone\":\"Etc/GMT+3\"",
    REQUIRED ",\"time_zone\":\"CET\"",
    REQUIRED ",\"access\":\"link\"",
    REQUIRED ",\"facets\":[]",
    REQUIRED ",\"facets\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\"]",
    REQUIRED ",\"min_responses\":1,\"edit_minutes\":525600,\"keep_text_days\":1",
    REQUIRED ",\"keep_text_days\":null",
    REQUIRED ",\"questions\":[" SCORE "]",
    /* the facets of a survey that names none give way to its questions */
    REQUIRED ",\"questions\":[" SCORE ",{\"id\":\"branch\",\"type\":\"text\"," TEXT "}]",
    REQUIRED ",\"questions\":[" SCORE ",{\"id\":\"x\",\"type\":\"scale\"," TEXT
             ",\"min\":null,\"max\":1}]",
    REQUIRED ",\"questions\":[" SCORE ",{\"id\":\"x\",\"type\":\"text\"," TEXT
             ",\"ask\":[\"promoter\",\"critic\",\"neutral\"],\"options\":null}]",
};

START_TEST(definitions_taken)
{
    for (size_t i = 0; i < COUNT_OF(taken); i++)
        decoded(arena_printf(&arena, "{%s}", taken[i]));
}
END_TEST

/* --- what is refused, and where --- */

static const struct {
    const char *members, *places;
} refused[] = {
    {"", "/id /title"},
    {"\"id\":null,\"title\":null", "/id /title"},
    {REQUIRED ",\"x\":1", "/x"},
    {REQUIRED ",\"created_at\":\"2026-01-01T00:00:00Z\"", "/created_at"},
    {"\"id\":\"\",\"title\":{\"en\":\"T\"}", "/id"},
    {"\"id\":\"A\",\"title\":{\"en\":\"T\"}", "/id"},
    {"\"id\":\"a_b\",\"title\":{\"en\":\"T\"}", "/id"},
    {"\"id\":\"a/b\",\"title\":{\"en\":\"T\"}", "/id"},
    {"\"id\":7,\"title\":{\"en\":\"T\"}", "/id"},
    {"\"id\":\"s\",\"title\":\"T\"", "/title"},
    {"\"id\":\"s\",\"title\":[\"T\"]", "/title"},
    {"\"id\":\"s\",\"title\":{}", "/title"},
    {"\"id\":\"s\",\"title\":{\"english\":\"T\"}", "/title/english"},
    {"\"id\":\"s\",\"title\":{\"\":\"T\"}", "/title/"},
    {"\"id\":\"s\",\"title\":{\"e/n\":\"T\"}", "/title/e~1n"},
    {"\"id\":\"s\",\"title\":{\"en\":\"\"}", "/title/en"},
    {"\"id\":\"s\",\"title\":{\"en\":\"\\u0002\"}", "/title/en"},
    {"\"id\":\"s\",\"title\":{\"en\":null,\"ru\":5}", "/title/en /title/ru"},
    {REQUIRED ",\"time_zone\":\"\"", "/time_zone"},
    {REQUIRED ",\"time_zone\":null", "/time_zone"},
    {REQUIRED ",\"time_zone\":\"Europe Moscow\"", "/time_zone"},
    {REQUIRED ",\"time_zone\":\"a';--\"", "/time_zone"},
    {REQUIRED ",\"time_zone\":3", "/time_zone"},
    {REQUIRED ",\"time_zone\":\"x\"", "/time_zone"},
    {REQUIRED ",\"time_zone\":\"MSK\"", "/time_zone"},
    {REQUIRED ",\"time_zone\":\"FOO5BAR\"", "/time_zone"},
    {REQUIRED ",\"time_zone\":\"posix/UTC\"", "/time_zone"},
    {REQUIRED ",\"time_zone\":\"MSK\",\"access\":\"\"", "/access /time_zone"},
    {REQUIRED ",\"access\":\"closed\"", "/access"},
    {REQUIRED ",\"access\":\"Open\"", "/access"},
    {REQUIRED ",\"access\":true", "/access"},
    {REQUIRED ",\"open\":1", "/open"},
    {REQUIRED ",\"open\":null", "/open"},
    {REQUIRED ",\"facets\":\"branch\"", "/facets"},
    {REQUIRED ",\"facets\":{}", "/facets"},
    {REQUIRED ",\"facets\":null", "/facets"},
    {REQUIRED ",\"facets\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\"]", "/facets"},
    {REQUIRED ",\"facets\":[\"A\",\"b\",\"b-c\",7,\"b\"]",
     "/facets/0 /facets/2 /facets/3 /facets/4"},
    {REQUIRED ",\"facets\":[\"channel\",\"agent\"]", "/facets/0 /facets/1"},
    {REQUIRED ",\"facets\":[\"shop\",\"why\"]", "/facets/1"},
    {REQUIRED ",\"min_responses\":0", "/min_responses"},
    {REQUIRED ",\"min_responses\":1000001", "/min_responses"},
    {REQUIRED ",\"min_responses\":\"30\"", "/min_responses"},
    {REQUIRED ",\"edit_minutes\":-1", "/edit_minutes"},
    {REQUIRED ",\"edit_minutes\":525601", "/edit_minutes"},
    {REQUIRED ",\"edit_minutes\":1.0", "/edit_minutes"},
    {REQUIRED ",\"badge\":\"secret\"", "/badge"},
    {REQUIRED ",\"badge\":true", "/badge"},
    {REQUIRED ",\"suspects\":\"drop\"", "/suspects"},
    {REQUIRED ",\"suspects\":false", "/suspects"},
    {REQUIRED ",\"suspects\":null", "/suspects"},
    {REQUIRED ",\"keep_text_days\":0", "/keep_text_days"},
    {REQUIRED ",\"keep_text_days\":36501", "/keep_text_days"},
    {REQUIRED ",\"keep_text_days\":4294967297", "/keep_text_days"},
    {REQUIRED ",\"keep_text_days\":\"never\"", "/keep_text_days"},
    {REQUIRED ",\"questions\":null", "/questions"},
    {REQUIRED ",\"questions\":{}", "/questions"},
    {REQUIRED ",\"questions\":[]", "/questions"},
    {REQUIRED ",\"questions\":[1,2,3,4,5,6]", "/questions"},
    {REQUIRED ",\"questions\":[\"recommend\"]", "/questions/0"},
    {REQUIRED ",\"questions\":[{}]", "/questions/0/id /questions/0/type /questions/0/text"},
    {REQUIRED ",\"questions\":[{\"id\":\"x\",\"type\":\"text\"," TEXT "}]", "/questions/0/type"},
    {REQUIRED ",\"questions\":[" SCORE "," SCORE "]", "/questions/1/type /questions/1/id"},
    {REQUIRED ",\"questions\":[{\"id\":\"s\",\"type\":\"nps\"," TEXT ",\"ask\":[\"critic\"]}]",
     "/questions/0/ask"},
    {REQUIRED ",\"questions\":[{\"id\":\"s\",\"type\":\"nps\"," TEXT BY_GROUP "}]",
     "/questions/0/text_by_group"},
    {REQUIRED ",\"facets\":[\"x\",\"y\"],\"questions\":[" SCORE
              ",{\"id\":\"y\",\"type\":\"what\"," TEXT "},{\"id\":\"x\",\"type\":\"text\"," TEXT
              "}]",
     "/questions/1/type /facets/1 /facets/0"},
    /* all at once */
    {"\"id\":\"S\",\"title\":{\"e\":\"T\"},\"time_zone\":\" \",\"access\":\"\",\"open\":0,"
     "\"facets\":[1],\"min_responses\":0,\"edit_minutes\":-1,\"badge\":\"\","
     "\"keep_text_days\":0,\"questions\":[1]",
     "/access /open /min_responses /edit_minutes /badge /id /title/e /time_zone /keep_text_days "
     "/questions/0 /facets/0"},
};

START_TEST(definitions_refused)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct problem_errors errors = {.arena = &arena};
        json_t *value = case_json(&arena, arena_printf(&arena, "{%s}", refused[i].members));

        ck_assert_msg(!survey_decode(value, &errors), "%s", refused[i].members);
        ck_assert_str_eq(case_places(&arena, &errors), refused[i].places);
    }
}
END_TEST

#define QUESTION(rest) "\"id\":\"x\"," TEXT "," rest

/* The second question of a survey; places are within it. */
static const struct {
    const char *members, *places;
} wrong_questions[] = {
    {"\"type\":\"text\"," TEXT, "/id"},
    {"\"id\":\"x\"," TEXT, "/type"},
    {"\"id\":\"x\",\"type\":\"text\"", "/text"},
    {"\"id\":\"X\",\"type\":\"text\"," TEXT, "/id"},
    {"\"id\":\"1x\",\"type\":\"text\"," TEXT, "/id"},
    {"\"id\":\"x-y\",\"type\":\"text\"," TEXT, "/id"},
    {"\"id\":\"score\",\"type\":\"text\"," TEXT, "/id"},
    {"\"id\":5,\"type\":5,\"text\":5", "/id /type /text"},
    {QUESTION("\"type\":\"nps\""), "/type"},
    {QUESTION("\"type\":\"Text\""), "/type"},
    {QUESTION("\"type\":\"stars\",\"options\":[]"), "/type"},
    {QUESTION("\"type\":\"text\",\"required\":true"), "/required"},
    {QUESTION("\"type\":\"text\",\"min\":1"), "/min"},
    {QUESTION("\"type\":\"yes_no\",\"min\":1,\"max\":2"), "/min /max"},
    {QUESTION("\"type\":\"scale\",\"min\":-1"), "/min"},
    {QUESTION("\"type\":\"scale\",\"max\":11"), "/max"},
    {QUESTION("\"type\":\"scale\",\"max\":\"5\""), "/max"},
    {QUESTION("\"type\":\"scale\",\"min\":5,\"max\":5"), "/max"},
    {QUESTION("\"type\":\"scale\",\"min\":10"), "/min"},
    {QUESTION("\"type\":\"scale\",\"max\":0"), "/max"},
    {QUESTION("\"type\":\"scale\",\"options\":[]"), "/options"},
    {QUESTION("\"type\":\"text\",\"options\":[" OPTION("a") "," OPTION("b") "]"), "/options"},
    {QUESTION("\"type\":\"choice\""), "/options"},
    {QUESTION("\"type\":\"choices\",\"options\":null"), "/options"},
    {QUESTION("\"type\":\"choice\",\"options\":[]"), "/options"},
    {QUESTION("\"type\":\"choice\",\"options\":[" OPTION("a") "]"), "/options"},
    {QUESTION("\"type\":\"choice\",\"options\":{\"a\":1,\"b\":2}"), "/options"},
    {QUESTION("\"type\":\"choice\",\"options\":[\"a\"," OPTION("b") "]"), "/options/0"},
    {QUESTION("\"type\":\"choice\",\"options\":[" OPTION("a") "," OPTION("a") "]"),
     "/options/1/id"},
    {QUESTION("\"type\":\"choice\",\"options\":[" OPTION("A") "," OPTION("") "]"),
     "/options/0/id /options/1/id"},
    {QUESTION("\"type\":\"choice\",\"options\":[{\"id\":\"a\"},{" TEXT "}]"),
     "/options/0/text /options/1/id"},
    {QUESTION("\"type\":\"choice\",\"options\":[" OPTION("a") ",{\"id\":\"b\",\"text\":{\"en\":1},"
                                                              "\"number\":1}]"),
     "/options/1/number /options/1/text/en"},
    {QUESTION("\"type\":\"text\",\"ask\":[]"), "/ask"},
    {QUESTION("\"type\":\"text\",\"ask\":\"critic\""), "/ask"},
    {QUESTION("\"type\":\"text\",\"ask\":[\"passive\"]"), "/ask"},
    {QUESTION("\"type\":\"text\",\"ask\":[\"critic\",\"critic\"]"), "/ask"},
    {QUESTION("\"type\":\"text\",\"ask\":[\"critic\",null]"), "/ask"},
    {QUESTION("\"type\":\"text\",\"text_by_group\":{}"), "/text_by_group"},
    {QUESTION("\"type\":\"text\",\"text_by_group\":[\"critic\"]"), "/text_by_group"},
    {QUESTION("\"type\":\"text\",\"text_by_group\":{\"critics\":{\"en\":\"T\"},"
              "\"critic\":{},\"neutral\":{\"e\":\"T\"}}"),
     "/text_by_group/critics /text_by_group/critic /text_by_group/neutral/e"},
    {"\"id\":\"x\",\"type\":\"text\",\"text\":\"T\"", "/text"},
    {"\"id\":\"x\",\"type\":\"text\",\"text\":{\"en\":\"\",\"x\":\"T\"}", "/text/en /text/x"},
};

START_TEST(questions_refused)
{
    for (size_t i = 0; i < COUNT_OF(wrong_questions); i++) {
        struct problem_errors errors = {.arena = &arena};
        struct buf places = buf_make(&arena, 64);
        json_t *value =
            case_json(&arena, arena_printf(&arena, "{" REQUIRED ",\"questions\":[" SCORE ",{%s}]}",
                                           wrong_questions[i].members));

        ck_assert_msg(!survey_decode(value, &errors), "%s", wrong_questions[i].members);
        for (const char *c = wrong_questions[i].places; *c; c++)
            buf_printf(&places,
                       c[0] == '/' && (c == wrong_questions[i].places || c[-1] == ' ')
                           ? "/questions/1%c"
                           : "%c",
                       *c);
        ck_assert_str_eq(case_places(&arena, &errors), places.data);
    }
}
END_TEST

/* --- limits --- */

static bool takes_long(const char *before, const char *character, size_t count, const char *after)
{
    struct problem_errors errors = {.arena = &arena};
    const char *json = case_long(&arena, before, character, count, after);

    return survey_decode(case_json(&arena, json), &errors) != NULL;
}

START_TEST(lengths)
{
    static const char id[] = "{\"title\":{\"en\":\"T\"},\"id\":\"";
    static const char title[] = "{\"id\":\"s\",\"title\":{\"en\":\"";
    static const char zone[] = "{" REQUIRED ",\"time_zone\":\"A/";
    static const char facet[] = "{" REQUIRED ",\"facets\":[\"";

    ck_assert(takes_long(id, "a", 64, "\"}"));
    ck_assert(!takes_long(id, "a", 65, "\"}"));
    ck_assert(takes_long(title, "ж", 500, "\"}}"));
    ck_assert(!takes_long(title, "ж", 501, "\"}}"));
    ck_assert(takes_long(zone, "Z", 62, "\"}"));
    ck_assert(!takes_long(zone, "Z", 63, "\"}"));
    ck_assert(takes_long(facet, "a", 32, "\"]}"));
    ck_assert(!takes_long(facet, "a", 33, "\"]}"));
}
END_TEST

/* A list with a printf format for its items, which take a number. */
static const char *list_of(size_t count, const char *before, const char *item, const char *after)
{
    struct buf buf = buf_make(&arena, 4096);
    const char *hole = strchr(item, '#');

    buf_text(&buf, before);
    for (size_t i = 0; i < count; i++)
        buf_printf(&buf, "%s%.*s%zu%s", i > 0 ? "," : "", (int)(hole - item), item, i, hole + 1);
    buf_text(&buf, after);
    return buf.data;
}

START_TEST(counts)
{
    struct problem_errors errors = {.arena = &arena};
    static const char options[] = "{" REQUIRED ",\"questions\":[" SCORE
                                  ",{\"id\":\"x\",\"type\":\"choice\"," TEXT ",\"options\":[";
    static const char title[] = "{\"id\":\"s\",\"title\":{";

    decoded(list_of(50, options, OPTION("o#"), "]}]}"));
    decoded(list_of(20, title, "\"en-#\":\"T\"", "}}"));
    const char *options_over = list_of(51, options, OPTION("o#"), "]}]}");
    const char *title_over = list_of(21, title, "\"en-#\":\"T\"", "}}");
    ck_assert_ptr_null(survey_decode(case_json(&arena, options_over), &errors));
    ck_assert_ptr_null(survey_decode(case_json(&arena, title_over), &errors));
    ck_assert_str_eq(case_places(&arena, &errors), "/questions/1/options /title");
}
END_TEST

START_TEST(no_object)
{
    struct problem_errors errors = {.arena = &arena};

    ck_assert_ptr_null(survey_decode(case_json(&arena, "[]"), &errors));
    ck_assert_str_eq(case_places(&arena, &errors), ".");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        defaults, everything_said, definitions_taken, definitions_refused, questions_refused,
        lengths,  counts,          no_object};

    json_read_init();
    arena_init(&arena, 1 << 16);
    int status = suite_run("json_survey", tests, COUNT_OF(tests));
    arena_done(&arena);
    return status;
}
