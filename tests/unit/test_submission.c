/* An answer on its way to a lane: its id, its row, its edit token, what is told of it. */
#include "npsd/api/submission.h"
#include "npsd/base/crypto.h"
#include "npsd/json/read.h"
#include "npsd/json/response.h"
#include "npsd/json/survey.h"
#include "unit/suite.h"
#include <string.h>

static struct arena arena;
static struct directory_snapshot snapshot;
static struct identity who;
static struct call call;
static const char *key_header;

static const char *header(const struct call *unused, const char *name)
{
    (void)unused;
    return strcmp(name, "Idempotency-Key") == 0 ? key_header : NULL;
}

static json_t *json(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Single quotes stand for double ones. */
static json_t *json(const char *format, ...)
{
    const char *detail = NULL;
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(&arena, format, args);
    va_end(args);
    for (char *at = text; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    json_t *value = json_read(&arena, text, strlen(text), &detail);
    ck_assert_msg(value != NULL, "%s: %s", text, detail);
    return value;
}

/* Numbers as the database gives them: question n, options and facets from 1 and 0. */
static const struct survey *make_survey(const char *slug)
{
    struct problem_errors errors = {.arena = &arena};
    struct survey *survey = survey_decode(
        json("{'id': '%s', 'title': {'en': 'x'}, 'facets': ['branch', 'product'], 'questions': ["
             "{'id': 'recommend', 'type': 'nps', 'text': {'en': 'x'}},"
             "{'id': 'grade', 'type': 'scale', 'min': 1, 'max': 5, 'text': {'en': 'x'}},"
             "{'id': 'again', 'type': 'yes_no', 'text': {'en': 'x'}},"
             "{'id': 'improve', 'type': 'choices', 'text': {'en': 'x'}, 'options':"
             " [{'id': 'wait', 'text': {'en': 'x'}}, {'id': 'price', 'text': {'en': 'x'}}]},"
             "{'id': 'why', 'type': 'text', 'text': {'en': 'x'}}]}",
             slug),
        &errors);
    ck_assert_ptr_nonnull(survey);
    struct survey_question *questions =
        arena_memdup(&arena, survey->questions, survey->question_count * sizeof *questions);
    for (size_t q = 0; q < survey->question_count; q++) {
        struct survey_option *options =
            arena_memdup(&arena, questions[q].options, questions[q].option_count * sizeof *options);
        for (size_t i = 0; i < questions[q].option_count; i++)
            options[i].number = 5 + (int)i;
        questions[q].n = 1 + (int)q;
        questions[q].options = options;
    }
    survey->questions = questions;
    survey->id = 7;
    return survey;
}

static void setup(void)
{
    arena_init(&arena, 4096);
    snapshot.edit_secret = crypto_mac_key("secret", 6);
    who = (struct identity){.survey = make_survey("one"), .snapshot = &snapshot};
    call =
        (struct call){.arena = &arena, .identity = &who, .header = header, .received_us = 1000000};
    key_header = NULL;
}

static void teardown(void)
{
    arena_done(&arena);
}

static struct submission *submit(const char *body, const char *key)
{
    struct problem_errors errors = {.arena = &arena};
    struct submission *submission = arena_calloc(&arena, 1, sizeof *submission);
    const struct response_rules rules = submission_rules(&call, false);
    ck_assert_msg(
        response_decode(json("%s", body), "", &rules, &errors, &submission->response, NULL), "%s",
        errors.count ? errors.items[0].detail : "");
    submission->key = key;
    submission_prepare(&call, submission);
    return submission;
}

static const char *id_of(const struct submission *submission)
{
    return uuid_format(&submission->item.row.id, arena_alloc(&arena, UUID_TEXT_SIZE));
}

static const char *id(const char *body, const char *key)
{
    return id_of(submit(body, key));
}

START_TEST(the_key_is_the_id)
{
    who.role = ROLE_ADMIN;
    const char *one = id("{'score': 9}", "k");
    ck_assert_str_eq(one, id("{'score': 1}", "k"));
    ck_assert_str_eq(one, id("{'score': 1, 'external_id': 'k'}", NULL));
    ck_assert_str_eq(one, id("{'score': 1, 'external_id': 'k'}", "other"));
    ck_assert_str_ne(one, id("{'score': 9}", "other"));
    ck_assert_str_ne(one, id("{'score': 9}", NULL));
    ck_assert_str_ne(id("{'score': 9}", NULL), id("{'score': 9}", NULL));
    ck_assert_int_eq(one[14], '8');
    ck_assert_int_eq(id("{'score': 9}", NULL)[14], '7');
    who.survey = make_survey("two");
    ck_assert_str_ne(one, id("{'score': 9}", "k"));
}
END_TEST

/* What nobody can send again is not compared, so nothing is kept to compare it with. */
START_TEST(only_what_has_a_key_has_a_hash)
{
    static const uint8_t none[RESPONSE_HASH_SIZE];
    who.role = ROLE_ADMIN;
    ck_assert_mem_eq(submit("{'score': 9}", NULL)->item.row.hash, none, sizeof none);
    ck_assert_mem_ne(submit("{'score': 9}", "k")->item.row.hash, none, sizeof none);
    ck_assert_mem_ne(submit("{'score': 9, 'external_id': 'k'}", NULL)->item.row.hash, none,
                     sizeof none);
}
END_TEST

/* Survey and key do not run together. */
START_TEST(ids_of_surveys_are_apart)
{
    who.survey = make_survey("one");
    const char *one = id("{'score': 9}", "-a");
    who.survey = make_survey("one-");
    ck_assert_str_ne(one, id("{'score': 9}", "a"));
}
END_TEST

static const char *form_id(const char *score, const char *why, uint8_t *hash)
{
    struct problem_errors errors = {.arena = &arena};
    const struct form_pair pairs[] = {
        {"score", score, 5, strlen(score)},  {"answers.why", why, 11, strlen(why)},
        {"answers.improve", "price", 15, 5}, {"answers.improve", "wait", 15, 4},
        {"answers.again", "on", 13, 2},      {"properties.branch", "north", 17, 5}};
    struct submission submission = {.key = "k"};
    const struct response_rules rules = submission_rules(&call, false);
    json_t *body = response_from_form(who.survey, pairs, COUNT_OF(pairs), &errors);
    ck_assert(response_decode(body, "", &rules, &errors, &submission.response, NULL));
    submission_prepare(&call, &submission);
    memcpy(hash, submission.item.row.hash, RESPONSE_HASH_SIZE);
    return id_of(&submission);
}

/* The same answer is the same, whichever way it came. */
START_TEST(json_and_form)
{
    uint8_t hash[RESPONSE_HASH_SIZE];
    struct submission *submission =
        submit("{'properties': {'branch': 'north'}, 'answers': {'improve': ['wait', 'price'],"
               " 'again': true, 'why': 'Fast'}, 'score': 9}",
               "k");
    ck_assert_str_eq(form_id("9", "Fast", hash), id_of(submission));
    ck_assert_mem_eq(hash, submission->item.row.hash, RESPONSE_HASH_SIZE);
    form_id("9", "Slow", hash);
    ck_assert_mem_ne(hash, submission->item.row.hash, RESPONSE_HASH_SIZE);
    form_id("8", "Fast", hash);
    ck_assert_mem_ne(hash, submission->item.row.hash, RESPONSE_HASH_SIZE);
}
END_TEST

static void expect_cuts(const char *answers, const int64_t *cuts, size_t count)
{
    const struct answer_row *row =
        &submit(arena_printf(&arena, "{'score': 9, 'answers': %s}", answers), NULL)->item.row;
    ck_assert_msg(row->question_cut_count == count, "%s: %zu", answers, row->question_cut_count);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(row->question_cuts[i] == cuts[i], "%s: %zu: %llx", answers, i,
                      (long long)row->question_cuts[i]);
}

/* What is counted by answer: each question's facet, and the number of the answer. */
START_TEST(cuts_of_all_types)
{
    const int64_t why = INT64_C(15) << 32, grade = INT64_C(12) << 32;
    const int64_t again = INT64_C(13) << 32, improve = INT64_C(14) << 32;
    expect_cuts("{}", NULL, 0);
    expect_cuts("{'why': 'x'}", (int64_t[]){why}, 1);
    expect_cuts("{'why': ' '}", NULL, 0);
    expect_cuts("{'grade': 1}", (int64_t[]){grade | 1}, 1);
    expect_cuts("{'grade': 5}", (int64_t[]){grade | 5}, 1);
    expect_cuts("{'again': false}", (int64_t[]){again}, 1);
    expect_cuts("{'again': true}", (int64_t[]){again | 1}, 1);
    expect_cuts("{'improve': []}", NULL, 0);
    expect_cuts("{'improve': ['price']}", (int64_t[]){improve, improve | 6}, 2);
    expect_cuts("{'why': 'x', 'improve': ['price', 'wait'], 'again': true, 'grade': 3}",
                (int64_t[]){grade | 3, again | 1, improve, improve | 5, improve | 6, why}, 6);
}
END_TEST

START_TEST(facets_by_slot)
{
    static const struct directory_key key = {.name = "Olga"};
    who.role = ROLE_AGENT;
    who.key = &key;
    const struct lane_item *item =
        &submit("{'score': 9, 'properties': {'product': 'tea', 'colour': 'red'}}", NULL)->item;
    ck_assert_uint_eq(item->facet_count, 2);
    ck_assert_int_eq(item->facets[0].facet, SURVEY_FACET_AGENT);
    ck_assert_str_eq(item->facets[0].value, "Olga");
    ck_assert_int_eq(item->facets[1].facet, SURVEY_FACET_FIRST + 1);
    ck_assert_str_eq(item->facets[1].value, "tea");
    ck_assert_int_eq(item->row.agent, ANSWER_UNSET);
    for (size_t slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        ck_assert_int_eq(item->row.facets[slot], ANSWER_UNSET);
    ck_assert_str_eq(item->row.properties, "{\"colour\":\"red\",\"product\":\"tea\"}");
    ck_assert_ptr_null(item->row.answers);
    ck_assert_int_eq(item->row.channel, CHANNEL_PHONE);
    ck_assert_int_eq(item->row.survey_id, 7);
    ck_assert_int_eq(item->row.received_us, 1000000);
}
END_TEST

/* --- the key of the header --- */

START_TEST(key_headers)
{
    static const struct {
        const char *header, *key; /* NULL: malformed */
    } cases[] = {
        {"abc", "abc"},        {"\"abc\"", "abc"}, {"\"", "\""},       {"a\"b", "a\"b"},
        {"\"a\"b\"", "a\"b"},  {"!#~", "!#~"},     {"'abc'", "'abc'"}, {"", NULL},
        {"\"\"", NULL},        {"a b", NULL},      {"\"a b\"", NULL},  {"a\tb", NULL},
        {"caf\xC3\xA9", NULL}, {"a\x7f", NULL},
    };
    const char *key = "untouched";
    ck_assert(submission_key_header(&call, &key));
    ck_assert_ptr_null(key);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        key_header = cases[i].header;
        bool good = submission_key_header(&call, &key);
        ck_assert_msg(good == (cases[i].key != NULL), "%s", key_header);
        if (good)
            ck_assert_str_eq(key, cases[i].key);
    }
}
END_TEST

START_TEST(length_of_key_headers)
{
    char text[300] = "";
    const char *key;
    key_header = text;
    memset(text, 'k', 255);
    ck_assert(submission_key_header(&call, &key));
    text[255] = 'k';
    ck_assert(!submission_key_header(&call, &key));
    text[0] = text[256] = '"';
    ck_assert(submission_key_header(&call, &key));
    ck_assert_uint_eq(strlen(key), 255);
}
END_TEST

/* --- edit tokens --- */

static const char *token(const char *slug, uint8_t byte)
{
    struct uuid uuid = {.bytes = {byte}};
    return submission_edit_token(&snapshot, slug, &uuid, arena_alloc(&arena, EDIT_TOKEN_SIZE));
}

START_TEST(edit_tokens)
{
    char longest[SURVEY_SLUG_MAX + 1] = "";
    memset(longest, 'a', SURVEY_SLUG_MAX);
    const char *one = token("one", 1);
    ck_assert_uint_eq(strlen(one), EDIT_TOKEN_SIZE - 1);
    ck_assert_str_eq(one, token("one", 1));
    ck_assert_str_ne(one, token("one", 2));
    ck_assert_str_ne(one, token("two", 1));
    ck_assert_str_ne(one, token("", 1));
    ck_assert_uint_eq(strlen(token(longest, 1)), EDIT_TOKEN_SIZE - 1);
    /* It is never taken for a key. */
    ck_assert_int_ne(strncmp(one, "npsd_", 5), 0);
    snapshot.edit_secret = crypto_mac_key("Secret", 6);
    ck_assert_str_ne(one, token("one", 1));
}
END_TEST

/* --- what is told --- */

/* As the daemons of this installation have always made it: links in old e-mails must go on. */
START_TEST(edit_tokens_stay)
{
    uint8_t bytes[13 + 4 + 16] = "npsd-edit-v1\0one\0";
    char expected[EDIT_TOKEN_SIZE];
    bytes[17] = 1;
    struct crypto_hash mac = crypto_mac(&snapshot.edit_secret, bytes, sizeof bytes);
    ck_assert_str_eq(token("one", 1), crypto_base64url(mac.bytes, sizeof mac.bytes, expected));
}
END_TEST

START_TEST(outcomes)
{
    static const struct {
        enum lane_outcome outcome;
        int status;
    } cases[] = {
        {LANE_PENDING, 503}, {LANE_REUSED, 422},      {LANE_ERASED, 410},  {LANE_REFUSED, 422},
        {LANE_UNKNOWN, 503}, {LANE_UNAVAILABLE, 503}, {LANE_EXPIRED, 503}, {LANE_UNFIT, 503},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *detail = NULL;
        ck_assert(!submission_succeeded(cases[i].outcome));
        enum problem problem = submission_problem(cases[i].outcome, &detail);
        ck_assert_int_eq(problem_info(problem)->status, cases[i].status);
        ck_assert_ptr_nonnull(detail);
    }
    ck_assert(submission_succeeded(LANE_CREATED) && submission_succeeded(LANE_REPLAYED));
    ck_assert(submission_succeeded(LANE_SPOOLED) && submission_succeeded(LANE_SPOOLED_AGAIN));
    ck_assert_int_eq(submission_status(LANE_CREATED), 201);
    ck_assert_int_eq(submission_status(LANE_REPLAYED), 200);
    ck_assert_int_eq(submission_status(LANE_SPOOLED), 202);
    ck_assert_int_eq(submission_status(LANE_SPOOLED_AGAIN), 202);
    ck_assert(submission_is_replay(LANE_REPLAYED) && submission_is_replay(LANE_SPOOLED_AGAIN));
    ck_assert(!submission_is_replay(LANE_CREATED) && !submission_is_replay(LANE_SPOOLED));
}
END_TEST

/* A replay tells what the first reply told, with the first one's times. */
START_TEST(replies)
{
    struct submission *submission = submit("{'score': 6, 'channel': 'kiosk'}", "k");
    submission->item.row.received_us = 500000;
    struct json_writer w = json_writer(&arena);
    json_object_begin(&w, NULL);
    submission_write(&w, &call, submission);
    json_object_end(&w);
    const char *detail;
    const json_t *told = json_read(&arena, w.buf.data, w.buf.len, &detail);
    const json_t *expected =
        json("{'id': '%s', 'survey': 'one', 'score': 6, 'group': 'critic',"
             " 'answered_at': '1970-01-01T00:00:00.5Z', 'received_at': '1970-01-01T00:00:00.5Z',"
             " 'edit_token': '%s'}",
             id_of(submission),
             submission_edit_token(&snapshot, "one", &submission->item.row.id,
                                   arena_alloc(&arena, EDIT_TOKEN_SIZE)));
    ck_assert_msg(json_equal(told, expected), "%s", w.buf.data);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        the_key_is_the_id,
        only_what_has_a_key_has_a_hash,
        ids_of_surveys_are_apart,
        json_and_form,
        cuts_of_all_types,
        facets_by_slot,
        key_headers,
        length_of_key_headers,
        edit_tokens,
        edit_tokens_stay,
        outcomes,
        replies,
    };
    Suite *suite = suite_create("submission");
    TCase *tcase = tcase_create("submission");
    tcase_set_timeout(tcase, SUITE_SECONDS);
    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    if (!crypto_init())
        return EXIT_FAILURE;
    json_read_init();
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
