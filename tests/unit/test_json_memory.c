/* Where documents live. The address sanitizer sees what is lost, and what is used after its end. */
#include "../../src/json/memory.h"
#include "json_cases.h"
#include "npsd/json/response.h"

#include <sys/resource.h>

/* The address sanitizer is to refuse huge requests as malloc does, not to stop at them. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static const char sample[] = "{\"a\":[1,2.5,\"text\",null,true],\"b\":{\"c\":\"\\u0416\"}}";

static json_t *load(struct arena *arena, const char *text)
{
    json_error_t error;
    return json_load_into(arena, text, strlen(text), JSON_REJECT_DUPLICATES, &error);
}

static void assert_sample(const json_t *document)
{
    const json_t *list = json_object_get(document, "a");
    ck_assert_uint_eq(json_array_size(list), 5);
    ck_assert_int_eq(json_integer_value(json_array_get(list, 0)), 1);
    ck_assert_str_eq(json_string_value(json_array_get(list, 2)), "text");
    const json_t *inner = json_object_get(json_object_get(document, "b"), "c");
    ck_assert_str_eq(json_string_value(inner), "\xD0\x96");
}

START_TEST(a_document_goes_with_its_arena)
{
    struct arena arena;
    arena_init(&arena, 256);
    for (int i = 0; i < 3; i++) {
        assert_sample(load(&arena, sample));
        ck_assert_ptr_null(load(&arena, "{\"a\":[1,2,\"text\",")); /* half a document neither */
        arena_reset(&arena);
    }
    arena_done(&arena);
}
END_TEST

START_TEST(giving_it_up_is_harmless)
{
    struct arena arena;
    arena_init(&arena, 256);
    json_t *document = load(&arena, sample), *other = load(&arena, sample);
    json_decref(document);
    assert_sample(other);
    json_t *inner = json_incref(json_object_get(other, "b"));
    json_decref(other);
    ck_assert_str_eq(json_string_value(json_object_get(inner, "c")), "\xD0\x96");
    json_decref(inner);
    assert_sample(load(&arena, sample));
    arena_done(&arena);
}
END_TEST

/* What is made elsewhere has its own life, also when a document of an arena is put into it. */
START_TEST(other_values_come_from_malloc)
{
    struct arena arena;
    arena_init(&arena, 256);
    json_t *own = json_pack("{s:[i,i]}", "list", 1, 2);
    ck_assert_ptr_nonnull(own);
    ck_assert_int_eq(json_object_set_new(own, "sample", load(&arena, sample)), 0);
    assert_sample(json_object_get(own, "sample"));
    ck_assert_int_eq(json_object_del(own, "sample"), 0);
    arena_done(&arena);
    ck_assert_uint_eq(json_array_size(json_object_get(own, "list")), 2);
    json_t *copy = json_deep_copy(own);
    json_decref(own);
    ck_assert_uint_eq(json_array_size(json_object_get(copy, "list")), 2);
    json_decref(copy);
}
END_TEST

static json_t *build_sample(void *context)
{
    ++*(int *)context;
    return json_pack("{s:[i,f,s,n,b],s:{s:s}}", "a", 1, 2.5, "text", 1, "b", "c", "\xD0\x96");
}

START_TEST(a_built_document_goes_with_its_arena)
{
    struct arena arena;
    int calls = 0;
    arena_init(&arena, 256);
    assert_sample(json_build_into(&arena, build_sample, &calls));
    ck_assert_int_eq(calls, 1);
    arena_reset(&arena);
    json_t *own = json_string("afterwards");
    arena_done(&arena);
    ck_assert_str_eq(json_string_value(own), "afterwards");
    json_decref(own);
}
END_TEST

START_TEST(a_form_goes_with_its_arena)
{
    static const struct survey_question questions[] = {
        {.id = "score", .n = 1, .active = true, .type = QUESTION_NPS},
        {.id = "likes", .n = 2, .active = true, .type = QUESTION_CHOICES}};
    static const struct survey survey = {.questions = questions, .question_count = 2};
    static const struct form_pair pairs[] = {{"score", "9", 5, 1},
                                             {"answers.likes", "a", 13, 1},
                                             {"answers.likes", "b", 13, 1},
                                             {"properties.x", "y", 12, 1},
                                             {"properties.x", "z", 12, 1}};
    struct arena arena;
    arena_init(&arena, 256);
    struct problem_errors errors = {.arena = &arena};
    const json_t *form = response_from_form(&survey, pairs, 4, &errors);
    const json_t *answers = json_object_get(form, "answers");
    ck_assert_uint_eq(json_array_size(json_object_get(answers, "likes")), 2);
    ck_assert_ptr_null(response_from_form(&survey, pairs, 5, &errors));
    arena_done(&arena);
}
END_TEST

/* --- out of memory --- */

static json_t *build_nothing(void *context)
{
    (void)context;
    return NULL;
}

/* The landing is taken, and the next document finds everything as it was. */
START_TEST(building_leads_to_the_landing)
{
    struct arena arena;
    jmp_buf landing;
    volatile bool landed = false;
    arena_init(&arena, 256);
    arena.landing = &landing;
    if (setjmp(landing) == 0)
        json_build_into(&arena, build_nothing, NULL);
    else
        landed = true;
    ck_assert(landed);
    json_t *own = json_string("from malloc");
    assert_sample(load(&arena, sample));
    arena_done(&arena);
    ck_assert_str_eq(json_string_value(own), "from malloc");
    json_decref(own);
}
END_TEST

#ifndef __SANITIZE_ADDRESS__
/* A list that takes far more than the arena and malloc have left. */
static char *long_list(size_t count)
{
    char *text = malloc(2 * count + 2), *at = text;
    ck_assert_ptr_nonnull(text);
    *at++ = '[';
    for (size_t i = 0; i < count; i++) {
        *at++ = '1';
        *at++ = i + 1 < count ? ',' : ']';
    }
    *at = '\0';
    return text;
}

START_TEST(reading_leads_to_the_landing)
{
    struct arena arena;
    struct rlimit before;
    jmp_buf landing;
    const char *detail = NULL;
    char *text = long_list(100000);
    size_t len = strlen(text);
    volatile bool landed = false;
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &before), 0);
    const struct rlimit none = {.rlim_cur = 4096, .rlim_max = before.rlim_max};
    arena_init(&arena, 256);
    arena.landing = &landing;
    setrlimit(RLIMIT_AS, &none);
    if (setjmp(landing) == 0)
        json_read(&arena, text, len, &detail);
    else
        landed = true;
    setrlimit(RLIMIT_AS, &before);
    ck_assert_msg(landed, "%s", detail ? detail : "read");
    arena_reset(&arena);
    json_t *own = json_string("from malloc");
    ck_assert_uint_eq(json_array_size(json_read(&arena, text, len, &detail)), 100000);
    arena_done(&arena);
    ck_assert_str_eq(json_string_value(own), "from malloc");
    json_decref(own);
    free(text);
}
END_TEST
#endif

int main(void)
{
    const TTest *const tests[] = {
        a_document_goes_with_its_arena, giving_it_up_is_harmless,
        other_values_come_from_malloc,  a_built_document_goes_with_its_arena,
        a_form_goes_with_its_arena,
#ifndef __SANITIZE_ADDRESS__
        reading_leads_to_the_landing,
#endif
        building_leads_to_the_landing};
    json_read_init();
    return suite_run("json_memory", tests, COUNT_OF(tests));
}
