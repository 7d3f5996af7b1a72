/* In which language a snippet asks. What it looks like is a matter of tests/api/test_links.c. */
#include "npsd/api/link_snippet.h"
#include "suite.h"

static const struct survey_text several[] = {{"de", "Wie?"}, {"en", "How?"}, {"pt-BR", "Como?"}};

static void expect(size_t first, size_t count, const char *wanted, const char *question,
                   const char *language)
{
    const struct survey_question score = {.id = "q", .text = {several + first, count}};
    const struct survey survey = {.questions = &score, .question_count = 1};
    struct link_words words = link_snippet_words(&survey, wanted);
    ck_assert_str_eq(words.question, question);
    ck_assert_str_eq(words.language, language);
    ck_assert(*words.low && *words.high && *words.of_ten);
}

START_TEST(languages)
{
    expect(0, 3, NULL, "Wie?", "de");
    expect(0, 3, "PT-br", "Como?", "pt-BR");
    expect(0, 3, "pt", "Como?", "pt-BR");
    expect(0, 3, "fr", "How?", "en");
    expect(2, 1, "fr", "Como?", "pt-BR");
}
END_TEST

/* npsd makes none like it, but takes it from tables that were written by hand. */
START_TEST(a_question_without_texts)
{
    expect(0, 0, NULL, "", "en");
    expect(0, 0, "fr", "", "en");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {languages, a_question_without_texts};
    return suite_run("link_snippet", tests, COUNT_OF(tests));
}
