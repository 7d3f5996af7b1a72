/* In which language a page speaks, and what it says. */
#include "npsd/page/language.h"
#include "suite.h"
#include <string.h>

#define TEXTS(...)                                                                                 \
    {                                                                                              \
        (const struct survey_text[]){__VA_ARGS__},                                                 \
            sizeof((const struct survey_text[]){__VA_ARGS__}) / sizeof(struct survey_text)         \
    }

static const struct survey german_first = {.title = TEXTS({"de", "D"}, {"ru", "Ж"})};
static const struct survey brazilian = {.title = TEXTS({"pt-BR", "P"}, {"fr", "F"})};

START_TEST(chosen)
{
    static const struct {
        const struct survey *survey;
        const char *asked, *accept, *chosen;
    } cases[] = {
        {NULL, NULL, NULL, "en"},
        {NULL, "ru", NULL, "ru"},
        {NULL, "RU", "en", "ru"},
        {NULL, "ru-RU", "en", "ru"},
        {NULL, "de", "ru", "ru"}, /* what is not there is not asked for */
        {NULL, "", "ru", "ru"},
        {NULL, "\"><script>", NULL, "en"},
        {NULL, NULL, "ru-RU,ru;q=0.9,en;q=0.8", "ru"},
        {NULL, NULL, "en;q=0.2, ru;q=0.7", "ru"},
        {NULL, NULL, "ru;q=0.7, en", "en"},
        {NULL, NULL, "ru;q=0", "en"},
        {NULL, NULL, "ru;q=0.000, en;q=0.001", "en"},
        {NULL, NULL, "en;q=0.5,ru;q=0.5", "en"},
        {NULL, NULL, "ru;q=2,en;q=0.1", "en"},
        {NULL, NULL, "ru;q=,en;q=0.1", "en"},
        {NULL, NULL, "fr, de", "en"},
        {NULL, NULL, "*", "en"},
        {NULL, NULL, ",,;;,, ru", "ru"},
        {NULL, NULL, "russian", "en"},
        {&german_first, NULL, NULL, "ru"}, /* its first that npsd speaks */
        {&german_first, NULL, "de-AT,en;q=0.5", "de"},
        {&german_first, "de", "ru", "de"},
        {&german_first, NULL, "fr", "ru"},
        {&german_first, NULL, "en", "en"},
        {&brazilian, NULL, NULL, "en"},
        {&brazilian, "pt", NULL, "pt-BR"},
        {&brazilian, "pt-PT", NULL, "pt-BR"},
        {&brazilian, NULL, "pt-br;q=0.1", "pt-BR"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_str_eq(language_choose(cases[i].survey, cases[i].asked, cases[i].accept),
                         cases[i].chosen);
}
END_TEST

START_TEST(long_wishes)
{
    char wish[4096];
    memset(wish, 'r', sizeof wish - 1);
    wish[sizeof wish - 1] = '\0';
    ck_assert_str_eq(language_choose(&brazilian, wish, wish), "en");
    memset(wish, ',', sizeof wish - 1);
    ck_assert_str_eq(language_choose(&brazilian, NULL, wish), "en");
}
END_TEST

START_TEST(texts_fall_back)
{
    const struct survey_texts all = TEXTS({"fr", "F"}, {"en-GB", "E"}, {"ru", "Ж"}),
                              few = TEXTS({"fr", "F"}, {"de", "D"}), none = {0};
    ck_assert_str_eq(language_text(&all, "ru")->text, "Ж");
    ck_assert_str_eq(language_text(&all, "RU-ru")->text, "Ж");
    ck_assert_str_eq(language_text(&all, "en")->text, "E");
    ck_assert_str_eq(language_text(&all, "it")->language, "en-GB");
    ck_assert_str_eq(language_text(&few, "it")->language, "fr");
    ck_assert_ptr_null(language_text(&none, "en"));
}
END_TEST

START_TEST(names)
{
    ck_assert_str_eq(language_name("ru"), "Русский");
    ck_assert_str_eq(language_name("tlh"), "tlh");
    ck_assert(language_same("pt-BR", "PT"));
    ck_assert(!language_same("p", "pt"));
    ck_assert_int_eq(language_words("ru-RU"), WORDS_RU);
    ck_assert_int_eq(language_words("rus"), WORDS_EN);
    ck_assert_str_eq(language_tag(WORDS_RU), "ru");
}
END_TEST

/* No word is missing, and none was forgotten to be translated. */
START_TEST(every_word)
{
    for (enum word word = 0; word < WORDS_COUNT; word++) {
        const char *english = words_get(WORDS_EN, word), *russian = words_get(WORDS_RU, word);
        ck_assert(english && *english && russian && *russian);
        ck_assert_str_ne(english, russian);
        ck_assert((strstr(english, "{score}") != NULL) == (strstr(russian, "{score}") != NULL));
    }
    for (int score = 0; score <= 10; score++)
        ck_assert_str_ne(words_likelihood(WORDS_EN, score), words_likelihood(WORDS_RU, score));
    ck_assert_str_eq(words_likelihood(WORDS_EN, 9), "likely");
    ck_assert_str_eq(words_likelihood(WORDS_RU, 0), "совсем не вероятно");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {chosen, long_wishes, texts_fall_back, names, every_word};
    return suite_run("language", tests, COUNT_OF(tests));
}
