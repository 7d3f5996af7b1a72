#include "json_response_cases.h"

static struct arena arena;

enum { PAIRS_MAX = 16 };

/* "a=b&c=d" as pairs; nothing is escaped. */
static size_t pairs_of(const char *form, struct form_pair pairs[static PAIRS_MAX])
{
    size_t count = 0;

    while (*form) {
        size_t len = strcspn(form, "&"), name_len = strcspn(form, "=");

        ck_assert_uint_lt(count, PAIRS_MAX);
        pairs[count++] =
            (struct form_pair){form, form + name_len + 1, name_len, len - name_len - 1};
        form += len + (form[len] == '&');
    }
    return count;
}

static bool decode(const char *form, struct problem_errors *errors, struct response *ret_response)
{
    struct response_rules rules = case_rules(ROLE_NONE);
    struct form_pair pairs[PAIRS_MAX];
    json_t *value = response_from_form(&case_survey, pairs, pairs_of(form, pairs), errors);

    return value && response_decode(value, "", &rules, errors, ret_response, NULL);
}

static const struct {
    const char *form, *response;
} taken[] = {
    {"score=9", "9 web - -"},
    {"score=0", "0 web - -"},
    {"score=10&channel=kiosk&language=ru&respondent=c 17",
     "10 kiosk - - language=ru respondent=c 17"},
    {"score=9&answers.why=Быстро", "9 web {\"why\":\"Быстро\"} -"},
    {"answers.why=007&score=9", "9 web {\"why\":\"007\"} -"},
    {"score=9&answers.speed=3", "9 web {\"speed\":3} -"},
    {"score=9&answers.again=true", "9 web {\"again\":true} -"},
    {"score=9&answers.again=1", "9 web {\"again\":true} -"},
    {"score=9&answers.again=yes", "9 web {\"again\":true} -"},
    {"score=9&answers.again=on", "9 web {\"again\":true} -"},
    {"score=9&answers.again=false", "9 web {\"again\":false} -"},
    {"score=9&answers.again=0", "9 web {\"again\":false} -"},
    {"score=9&answers.again=no", "9 web {\"again\":false} -"},
    {"score=9&answers.improve=wait", "9 web {\"improve\":\"wait\"} -"},
    {"score=9&answers.likes=wait", "9 web {\"likes\":[\"wait\"]} -"},
    {"answers.likes=wait&score=9&answers.likes=price", "9 web {\"likes\":[\"price\",\"wait\"]} -"},
    {"score=9&properties.branch=north&properties.n=7",
     "9 web - {\"branch\":\"north\",\"n\":\"7\"}"},
    {"score=9&properties.score=8", "9 web - {\"score\":\"8\"}"},
    /* what is empty was not filled in */
    {"score=9&answers.why=&answers.again=&answers.likes=&properties.branch=&channel=&language=",
     "9 web - -"},
    {"score=9&score=", "9 web - -"},
    {"score=&score=9&answers.again=&answers.again=1", "9 web {\"again\":true} -"},
    {"score=9&answered_at=2026-11-20T14:00:00Z",
     "9 web - - given=2026-11-20T14:00:00Z answered=2026-11-20T14:00:00Z"},
};

START_TEST(forms_taken)
{
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        struct problem_errors errors = {.arena = &arena};
        struct response response;

        ck_assert_msg(decode(taken[i].form, &errors, &response), "%s: %s", taken[i].form,
                      case_places(&arena, &errors));
        ck_assert_str_eq(case_response(&arena, &response), taken[i].response);
    }
}
END_TEST

static const struct {
    const char *form, *places;
} refused[] = {
    {"", "/score"},
    {"score=", "/score"},
    {"score=11", "/score"},
    {"score=-1", "/score"},
    {"score=+9", "/score"},
    {"score=09", "/score"},
    {"score=9.0", "/score"},
    {"score= 9", "/score"},
    {"score=9x", "/score"},
    {"score=4294967305", "/score"},
    {"score=true", "/score"},
    {"score=9&score=9", "/score"},
    {"score=9&answers.recommend=9", "/answers/recommend"},
    {"score=9&answers.speed=6", "/answers/speed"},
    {"score=9&answers.speed=3.0", "/answers/speed"},
    {"score=9&answers.speed=3&answers.speed=3", "/answers/speed"},
    {"score=9&answers.again=maybe", "/answers/again"},
    {"score=9&answers.again=TRUE", "/answers/again"},
    {"score=9&answers.again=1&answers.again=1", "/answers/again"},
    {"score=9&answers.improve=music", "/answers/improve"},
    {"score=9&answers.improve=wait&answers.improve=price", "/answers/improve"},
    {"score=9&answers.likes=music", "/answers/likes"},
    {"score=9&answers.likes=wait&answers.likes=wait", "/answers/likes"},
    {"score=9&answers.what=x", "/answers/what"},
    {"score=9&answers.=x", "/answers/"},
    {"score=9&answers.why.not=x", "/answers/why.not"},
    {"score=9&answers.why=a&answers.why=b", "/answers/why"},
    {"score=9&answers.why=\x01", "/answers/why"},
    {"score=9&answers=x", "/answers"},
    {"score=9&answers=", "/answers"},
    {"score=9&properties=x", "/properties"},
    {"score=9&answers=x&answers.why=y", "/answers"},
    {"score=9&properties.branch=a&properties.branch=b", "/properties/branch"},
    {"score=9&properties.a/b=x", "/properties/a~1b"},
    {"score=9&properties.=x", "/properties/"},
    {"score=9&why=x", "/why"},
    {"score=9&=x", "/"},
    {"score=9&channel=web&channel=web", "/channel"},
    {"score=9&channel=fax", "/channel"},
    {"score=9&agent=Anna", "/agent"},
    {"score=9&external_id=x", "/external_id"},
    {"score=9&idempotency_key=k", "/idempotency_key"},
    {"score=9&answers.why=\xFF", "/answers/why"},
    {"score=9&answers.why=\xC0\x80", "/answers/why"},
    {"score=9&properties.branch=\xED\xA0\x80", "/properties/branch"},
    {"score=9&\xFF=x", "."},
    /* all at once, as far as one can go on */
    {"score=9&score=8&answers.why=\xFF&x\xFF=1&channel=a&channel=b",
     "/score /answers/why . /channel"},
    {"score=11&answers.speed=x&answers.what=1&channel=fax&y=1",
     "/score /y /answers/speed /answers/what /channel"},
};

START_TEST(forms_refused)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct problem_errors errors = {.arena = &arena};
        struct response response;
        bool ok = decode(refused[i].form, &errors, &response);

        ck_assert_msg(!ok && strcmp(case_places(&arena, &errors), refused[i].places) == 0, "%s: %s",
                      refused[i].form, case_places(&arena, &errors));
    }
}
END_TEST

START_TEST(nul_is_refused)
{
    struct problem_errors errors = {.arena = &arena};
    const struct form_pair pairs[] = {
        {"score", "9", 5, 1},
        {"answers.why", "a\0b", 11, 3},
        {"sc\0re", "9", 5, 1},
    };

    ck_assert_ptr_null(response_from_form(&case_survey, pairs, COUNT_OF(pairs), &errors));
    ck_assert_str_eq(case_places(&arena, &errors), "/answers/why .");
}
END_TEST

/* The same answer is the same content, however it came. */
START_TEST(forms_hash_as_json)
{
    struct problem_errors errors = {.arena = &arena};
    struct response_rules rules = case_rules(ROLE_NONE);
    struct response form, json;
    uint8_t form_hash[RESPONSE_HASH_SIZE], json_hash[RESPONSE_HASH_SIZE];

    ck_assert(decode("answers.likes=wait&score=6&answers.likes=price&answers.again=on&"
                     "answers.speed=2&answers.why=Ж&properties.n=7&answers.improve=",
                     &errors, &form));
    ck_assert(response_decode(case_json(&arena, "{\"properties\":{\"n\":7},\"score\":6,\"answers\":"
                                                "{\"why\":\"Ж\",\"speed\":2,\"again\":true,"
                                                "\"likes\":[\"price\",\"wait\"]}}"),
                              "", &rules, &errors, &json, NULL));
    response_hash(&form, form_hash);
    response_hash(&json, json_hash);
    ck_assert_mem_eq(form_hash, json_hash, sizeof(form_hash));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {forms_taken, forms_refused, nul_is_refused, forms_hash_as_json};

    json_read_init();
    arena_init(&arena, 1 << 16);
    int status = suite_run("json_response_form", tests, COUNT_OF(tests));
    arena_done(&arena);
    return status;
}
