/*
 * JSON that is read back from where it was stored. The first byte says which: an answer's answers
 * and properties, one a line (a), a question (q), texts by language (t), a brand (b), or the copy
 * of the directory in the spool (d). What is taken is written and read again the same; a directory
 * that is taken can be looked up, shown and changed.
 */
#include "fuzz/fuzz.h"
#include "npsd/api/link_snippet.h"
#include "npsd/api/stamp.h"
#include "npsd/base/log.h"
#include "npsd/json/read.h"
#include "npsd/json/response.h"
#include "npsd/json/survey.h"
#include "npsd/page/language.h"
#include "npsd/page/page.h"
#include "npsd/state/directory.h"
#include <string.h>

void fuzz_begin(void)
{
    log_set_level("none");
}

/* --- answers --- */

static void read_response(struct arena *arena, const char *answers, size_t answers_len,
                          const char *properties, size_t properties_len,
                          struct response *ret_response)
{
    *ret_response = (struct response){.survey = fuzz_survey(), .score = 7};
    fuzz_require(response_read_stored(arena, fuzz_survey(), answers, answers_len, properties,
                                      properties_len, ret_response));
}

static void check_answers(struct arena *arena, const char *text, size_t size)
{
    struct response response = {.survey = fuzz_survey(), .score = 7}, again;
    uint8_t before[RESPONSE_HASH_SIZE], after[RESPONSE_HASH_SIZE];
    const char *end = memchr(text, '\n', size);
    size_t len = end ? (size_t)(end - text) : size, rest = end ? size - len - 1 : 0;
    if (!response_read_stored(arena, fuzz_survey(), text, len, end ? end + 1 : NULL, rest,
                              &response))
        return;
    fuzz_require(response.answer_count <= SURVEY_QUESTIONS_MAX);
    fuzz_require(response.property_count <= RESPONSE_PROPERTIES_MAX);
    const char *answers = response_answers_json(arena, &response, &len);
    const char *properties = response_properties_json(arena, &response, &rest);
    read_response(arena, answers, len, properties, rest, &again);
    response_hash(&response, before);
    response_hash(&again, after);
    fuzz_require(memcmp(before, after, sizeof before) == 0);
}

/* --- parts of surveys --- */

static const json_t *parse(struct arena *arena, const char *text, size_t size)
{
    const char *detail;
    return json_read(arena, text, size, &detail);
}

static const json_t *parse_written(struct arena *arena, const struct json_writer *w)
{
    const json_t *value = parse(arena, w->buf.data, w->buf.len);
    fuzz_require(value != NULL);
    return value;
}

/* Nothing that was taken is lost. */
static void check_members(const json_t *value, const json_t *written)
{
    static const char *const names[] = {"type", "text", "min", "max", "ask", "options"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        fuzz_require(
            json_equal(json_object_get(value, names[i]), json_object_get(written, names[i])));
}

static void check_question(struct arena *arena, const json_t *value)
{
    struct survey_question question = {.id = "q", .n = 1, .active = true}, again = question;
    struct json_writer one = json_writer(arena), two = json_writer(arena);
    if (!survey_question_read_stored(arena, value, &question))
        return;
    survey_question_write_stored(&one, &question);
    const json_t *written = parse_written(arena, &one);
    check_members(value, written);
    fuzz_require(survey_question_read_stored(arena, written, &again));
    survey_question_write_stored(&two, &again);
    fuzz_require(strcmp(one.buf.data, two.buf.data) == 0);
}

static void check_texts(struct arena *arena, const json_t *value)
{
    struct survey_texts texts, again;
    struct json_writer one = json_writer(arena), two = json_writer(arena);
    if (!survey_texts_read_stored(arena, value, &texts))
        return;
    fuzz_require((language_text(&texts, "pt-BR") != NULL) == (texts.count > 0));
    survey_texts_write(&one, NULL, &texts);
    const json_t *written = parse_written(arena, &one);
    fuzz_require(json_equal(value, written));
    fuzz_require(survey_texts_read_stored(arena, written, &again));
    survey_texts_write(&two, NULL, &again);
    fuzz_require(strcmp(one.buf.data, two.buf.data) == 0);
}

static void check_brand(struct arena *arena, const json_t *value)
{
    struct survey_brand brand, again;
    struct json_writer one = json_writer(arena), two = json_writer(arena);
    if (!survey_brand_read_stored(arena, value, &brand))
        return;
    survey_brand_write(&one, NULL, &brand);
    if (strcmp(one.buf.data, "null") == 0)
        return;
    fuzz_require(survey_brand_read_stored(arena, parse_written(arena, &one), &again));
    survey_brand_write(&two, NULL, &again);
    fuzz_require(strcmp(one.buf.data, two.buf.data) == 0);
}

/* --- the directory --- */

/* What requests do with a survey. */
static void use_survey(struct arena *arena, const struct directory_snapshot *snapshot,
                       const struct survey *survey)
{
    char stamp[STAMP_SIZE];
    struct problem_errors errors = {.arena = arena};
    struct json_writer w = json_writer(arena);
    stamp_make(snapshot, survey->slug, FUZZ_NOW_US, stamp);
    const struct page_frame frame = {
        .arena = arena, .survey = survey, .language = language_choose(survey, NULL, "ru")};
    const struct page_form form = {
        .action = "/", .score = -1, .stamp = stamp, .now_us = FUZZ_NOW_US};
    fuzz_require(page_survey(&frame, &form).html.len > 0);
    fuzz_require(survey->questions[0].active && survey->questions[0].type == QUESTION_NPS);
    fuzz_require(link_snippet_words(survey, "pt").question != NULL);
    survey_write(&w, NULL, survey);
    fuzz_require(parse_written(arena, &w) != NULL);
    fuzz_require(survey_patch(survey, json_read(arena, "{}", 2, &(const char *){NULL}), NULL,
                              &errors) != NULL);
}

static void check_snapshot(struct arena *arena, const struct directory_snapshot *snapshot)
{
    fuzz_require(snapshot->version == DIRECTORY_RESTORED);
    fuzz_require(snapshot->link_keys.count >= 1 && snapshot->link_keys.count <= LINK_KEYS);
    for (size_t i = 0; i < snapshot->survey_count; i++) {
        const struct survey *survey = snapshot->surveys[i];
        fuzz_require(directory_survey(snapshot, survey->slug) == survey);
        fuzz_require(directory_survey_by_id(snapshot, survey->id) == survey);
        use_survey(arena, snapshot, survey);
    }
    for (size_t i = 0; i < snapshot->key_count; i++)
        fuzz_require(directory_key(snapshot, &snapshot->keys[i].hash) == &snapshot->keys[i]);
}

/* What is taken is what would be written of it. */
static void check_copy(struct arena *arena, const char *text, size_t size)
{
    struct directory *directory = directory_new();
    bool good = directory_restore(directory, text, size);
    struct directory_snapshot *snapshot = directory_acquire(directory);
    fuzz_require(good == (snapshot != NULL));
    if (good) {
        size_t len;
        const char *copy = directory_copy(arena, snapshot, &len);
        fuzz_require(len == size && memcmp(copy, text, len) == 0);
        check_snapshot(arena, snapshot);
        directory_release(snapshot);
    }
    directory_free(directory);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = fuzz_arena();
    if (size == 0)
        return 0;
    const char *text = arena_strndup(arena, (const char *)bytes + 1, --size);
    const json_t *value = strchr("qtb", bytes[0]) ? parse(arena, text, size) : NULL;
    if (bytes[0] == 'a')
        check_answers(arena, text, size);
    else if (bytes[0] == 'd')
        check_copy(arena, text, size);
    else if (value && bytes[0] == 'q')
        check_question(arena, value);
    else if (value && bytes[0] == 't')
        check_texts(arena, value);
    else if (value && bytes[0] == 'b')
        check_brand(arena, value);
    return 0;
}
