#include "json_cases.h"
#include "npsd/json/survey.h"

static struct arena arena;

/* --- surveys that nobody thought of --- */

static const char *random_name(uint64_t *random)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t len = (size_t)suite_between(random, 1, 32);
    char *name = arena_alloc(&arena, len + 1);

    name[0] = (char)suite_between(random, 'a', 'z');
    for (size_t i = 1; i < len; i++)
        name[i] = characters[suite_between(random, 0, sizeof(characters) - 2)];
    name[len] = '\0';
    return name;
}

static struct survey_texts random_texts(uint64_t *random)
{
    static const char *const languages[] = {"ru", "en", "de-AT", "zz", "fil", "a1"};
    static const char *const pieces[] = {"a", "\"", "\\", "Ж", "😀", "\n", "</", "%s"};
    size_t count = (size_t)suite_between(random, 1, COUNT_OF(languages));
    size_t first = (size_t)suite_between(random, 0, COUNT_OF(languages) - 1);
    struct survey_text *items = arena_calloc(&arena, count, sizeof(*items));

    for (size_t i = 0; i < count; i++) {
        struct buf buf = buf_make(&arena, 32);

        for (int64_t n = suite_between(random, 0, 9); n > 0; n--)
            buf_text(&buf, pieces[suite_between(random, 0, COUNT_OF(pieces) - 1)]);
        items[i] = (struct survey_text){languages[(first + i) % COUNT_OF(languages)], buf.data};
    }
    return (struct survey_texts){items, count};
}

static struct survey_question random_question(uint64_t *random)
{
    size_t count = (size_t)suite_between(random, 0, 60);
    struct survey_option *options = arena_calloc(&arena, count + 1, sizeof(*options));

    for (size_t i = 0; i < count; i++)
        options[i] = (struct survey_option){.id = random_name(random),
                                            .number = (int)suite_between(random, 1, INT32_MAX),
                                            .active = suite_random(random) & 1,
                                            .text = random_texts(random)};
    return (struct survey_question){
        .id = random_name(random),
        .n = (int)suite_between(random, 1, 1000),
        .active = suite_random(random) & 1,
        .type = (enum question_type)suite_between(random, QUESTION_NPS, QUESTION_TEXT),
        .min = (int)suite_between(random, 0, 10),
        .max = (int)suite_between(random, 0, 10),
        .ask = (unsigned)suite_between(random, 0, 7),
        .text = random_texts(random),
        .text_by_group = {[NPS_NEUTRAL] = random_texts(random),
                          [NPS_PROMOTER] = suite_random(random) & 1 ? random_texts(random)
                                                                    : (struct survey_texts){0}},
        .options = options,
        .option_count = count};
}

static void assert_same_texts(const struct survey_texts *a, const struct survey_texts *b)
{
    ck_assert_uint_eq(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        ck_assert_str_eq(a->items[i].language, b->items[i].language);
        ck_assert_str_eq(a->items[i].text, b->items[i].text);
    }
}

static void assert_same_question(const struct survey_question *a, const struct survey_question *b)
{
    ck_assert(a->type == b->type && a->min == b->min && a->max == b->max && a->ask == b->ask);
    assert_same_texts(&a->text, &b->text);
    for (enum nps_group group = 0; group < NPS_GROUPS; group++)
        assert_same_texts(&a->text_by_group[group], &b->text_by_group[group]);
    ck_assert_uint_eq(a->option_count, b->option_count);
    for (size_t i = 0; i < a->option_count; i++) {
        ck_assert_str_eq(a->options[i].id, b->options[i].id);
        ck_assert_int_eq(a->options[i].number, b->options[i].number);
        ck_assert(a->options[i].active == b->options[i].active);
        assert_same_texts(&a->options[i].text, &b->options[i].text);
    }
}

START_TEST(random_questions_round_trip)
{
    uint64_t random = 3;

    for (int i = 0; i < 500; i++) {
        struct survey_question in = random_question(&random), out = {.id = "own", .n = 77};
        struct json_writer w = json_writer(&arena);

        survey_question_write_stored(&w, &in);
        json_t *value = json_loads(w.buf.data, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_ptr_nonnull(value);
        ck_assert(survey_question_read_stored(&arena, value, &out));
        json_decref(value); /* nothing is borrowed from it */
        assert_same_question(&in, &out);
        ck_assert_str_eq(out.id, "own");
        ck_assert(out.n == 77 && !out.active);
        arena_reset(&arena);
    }
}
END_TEST

START_TEST(random_texts_round_trip)
{
    uint64_t random = 4;

    for (int i = 0; i < 500; i++) {
        struct survey_texts in = random_texts(&random), out;
        struct json_writer w = json_writer(&arena);

        survey_texts_write(&w, NULL, &in);
        ck_assert(survey_texts_read_stored(&arena, case_json(&arena, w.buf.data), &out));
        assert_same_texts(&in, &out);
        arena_reset(&arena);
    }
}
END_TEST

/* --- what nobody has written --- */

#define BEFORE_OPTIONS "{\"type\":\"text\",\"text\":{},\"min\":0,\"max\":10,\"ask\":7,\"options\":["

static const char *const spoiled[] = {
    "[]",
    "{}",
    "{\"type\":\"text\",\"text\":{},\"min\":0,\"max\":10,\"ask\":7}",
    "{\"type\":\"what\",\"text\":{},\"min\":0,\"max\":10,\"ask\":7,\"options\":[]}",
    "{\"type\":\"text\",\"text\":[],\"min\":0,\"max\":10,\"ask\":7,\"options\":[]}",
    "{\"type\":\"text\",\"text\":{\"en\":1},\"min\":0,\"max\":10,\"ask\":7,\"options\":[]}",
    "{\"type\":\"text\",\"text\":{},\"min\":\"0\",\"max\":10,\"ask\":7,\"options\":[]}",
    "{\"type\":\"text\",\"text\":{},\"min\":0,\"max\":10,\"ask\":8,\"options\":[]}",
    "{\"type\":\"text\",\"text\":{},\"min\":0,\"max\":10,\"ask\":7,\"options\":{}}",
    "{\"type\":\"text\",\"text\":{},\"min\":0,\"max\":10,\"ask\":7,\"options\":[],\"x\":1}",
    BEFORE_OPTIONS "1]}",
    BEFORE_OPTIONS "{\"id\":\"a\",\"number\":0,\"active\":true,\"text\":{}}]}",
    BEFORE_OPTIONS "{\"id\":\"a\",\"number\":1,\"active\":1,\"text\":{}}]}",
    BEFORE_OPTIONS "{\"id\":\"a\",\"number\":1,\"active\":true,\"text\":\"T\"}]}",
};

START_TEST(spoiled_questions)
{
    for (size_t i = 0; i < COUNT_OF(spoiled); i++) {
        struct survey_question question = {.min = 77};

        ck_assert_msg(
            !survey_question_read_stored(&arena, case_json(&arena, spoiled[i]), &question), "%s",
            spoiled[i]);
        ck_assert(question.min == 77 && !question.text.items && !question.options);
    }
}
END_TEST

START_TEST(smallest_question)
{
    struct survey_question question = {0};
    const char *json = BEFORE_OPTIONS "{\"id\":\"a\",\"number\":1,\"active\":true,\"text\":{}}]}";

    ck_assert(survey_question_read_stored(&arena, case_json(&arena, json), &question));
    ck_assert_uint_eq(question.option_count, 1);
}
END_TEST

/* --- what clients get is what they may send --- */

START_TEST(written_definitions_decode)
{
    struct problem_errors errors = {.arena = &arena};
    static const char first[] = "{\"id\":\"s\",\"title\":{\"ru\":\"Ж\",\"en\":\"T\"}}";
    const struct survey *survey = survey_decode(case_json(&arena, first), &errors);
    struct json_writer once = json_writer(&arena), twice = json_writer(&arena);

    survey_write(&once, NULL, survey);
    json_t *value = case_json(&arena, once.buf.data);
    json_object_del(value, "created_at");
    json_object_del(value, "updated_at");
    const struct survey *again = survey_decode(value, &errors);
    ck_assert_ptr_nonnull(again);
    survey_write(&twice, NULL, again);
    ck_assert_str_eq(once.buf.data, twice.buf.data);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {random_questions_round_trip, random_texts_round_trip,
                                  spoiled_questions, smallest_question, written_definitions_decode};

    json_read_init();
    arena_init(&arena, 1 << 16);
    int status = suite_run("json_survey_stored", tests, COUNT_OF(tests));
    arena_done(&arena);
    return status;
}
