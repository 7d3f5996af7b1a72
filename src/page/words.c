#include "npsd/page/words.h"

/* clang-format off */
#define WORDS_ROW(name, en, ru) [name] = {en, ru},
/* clang-format on */

static const char *const words[WORDS_COUNT][WORDS_LANGUAGES] = {WORDS_TABLE(WORDS_ROW)};

/* By score. */
static const char *const likelihoods[][WORDS_LANGUAGES] = {
    {"not at all likely", "совсем не вероятно"},
    {"unlikely", "маловероятно"},
    {"unlikely", "маловероятно"},
    {"unlikely", "маловероятно"},
    {"rather unlikely", "скорее маловероятно"},
    {"neither likely nor unlikely", "ни да ни нет"},
    {"rather likely", "скорее вероятно"},
    {"likely", "вероятно"},
    {"likely", "вероятно"},
    {"likely", "вероятно"},
    {"extremely likely", "очень вероятно"},
};

const char *words_get(enum words_language language, enum word word)
{
    return words[word][language];
}

const char *words_likelihood(enum words_language language, int score)
{
    return likelihoods[score][language];
}
