#include "npsd/page/language.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const spoken[WORDS_LANGUAGES] = {[WORDS_EN] = "en", [WORDS_RU] = "ru"};

static const struct {
    const char *tag, *name;
} names[] = {
    {"en", "English"},   {"ru", "Русский"},    {"de", "Deutsch"},    {"fr", "Français"},
    {"es", "Español"},   {"it", "Italiano"},   {"pt", "Português"},  {"nl", "Nederlands"},
    {"pl", "Polski"},    {"uk", "Українська"}, {"be", "Беларуская"}, {"kk", "Қазақша"},
    {"uz", "Oʻzbekcha"}, {"tr", "Türkçe"},     {"cs", "Čeština"},    {"sv", "Svenska"},
    {"fi", "Suomi"},     {"zh", "中文"},       {"ja", "日本語"},     {"ko", "한국어"},
};

static size_t primary_length(const char *tag)
{
    return strcspn(tag, "-");
}

bool language_same(const char *a, const char *b)
{
    size_t length = primary_length(a);
    return length == primary_length(b) && strncasecmp(a, b, length) == 0;
}

const char *language_name(const char *tag)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(names[i].tag, tag) == 0)
            return names[i].name;
    return tag;
}

enum words_language language_words(const char *language)
{
    for (enum words_language i = 0; i < WORDS_LANGUAGES; i++)
        if (language_same(spoken[i], language))
            return i;
    return WORDS_EN;
}

const char *language_tag(enum words_language language)
{
    return spoken[language];
}

static const struct survey_text *find_text(const struct survey_texts *texts, const char *tag)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcasecmp(texts->items[i].language, tag) == 0)
            return &texts->items[i];
    for (size_t i = 0; i < texts->count; i++)
        if (language_same(texts->items[i].language, tag))
            return &texts->items[i];
    return NULL;
}

const struct survey_text *language_text(const struct survey_texts *texts, const char *language)
{
    const struct survey_text *found = find_text(texts, language);
    if (!found)
        found = find_text(texts, spoken[WORDS_EN]);
    return found || texts->count == 0 ? found : &texts->items[0];
}

/* A language that a page can have, for a wish of so many bytes; NULL: none. */
static const char *offer(const struct survey *survey, const char *wish, size_t length)
{
    char tag[36];
    if (length == 0 || length >= sizeof tag)
        return NULL;
    memcpy(tag, wish, length);
    tag[length] = '\0';
    const struct survey_text *text = survey ? find_text(&survey->title, tag) : NULL;
    if (text)
        return text->language;
    for (enum words_language i = 0; i < WORDS_LANGUAGES; i++)
        if (language_same(spoken[i], tag))
            return spoken[i];
    return NULL;
}

/* The weight after ";q=", 0 to 1; what is malformed weighs nothing. */
static double weight_of(const char *parameters, size_t length)
{
    const char *q = memchr(parameters, '=', length);
    if (!q)
        return 1;
    char *end;
    double weight = strtod(q + 1, &end);
    return end > q + 1 && weight >= 0 && weight <= 1 ? weight : 0;
}

/* The one that the header likes best, the first of equals (RFC 9110, 12.5.4); NULL: none. */
static const char *best_accepted(const struct survey *survey, const char *accept)
{
    const char *best = NULL;
    double best_weight = 0;
    while (*accept) {
        accept += strspn(accept, " \t,");
        size_t whole = strcspn(accept, ","), tag = strcspn(accept, " \t,;");
        double weight = weight_of(accept + tag, whole - tag);
        const char *offered = offer(survey, accept, tag);
        if (offered && weight > best_weight) {
            best = offered;
            best_weight = weight;
        }
        accept += whole;
    }
    return best;
}

static const char *first_spoken(const struct survey *survey)
{
    for (size_t i = 0; survey && i < survey->title.count; i++)
        for (enum words_language j = 0; j < WORDS_LANGUAGES; j++)
            if (language_same(survey->title.items[i].language, spoken[j]))
                return survey->title.items[i].language;
    return spoken[WORDS_EN];
}

const char *language_choose(const struct survey *survey, const char *asked, const char *accept)
{
    const char *chosen = asked ? offer(survey, asked, strlen(asked)) : NULL;
    if (!chosen && accept)
        chosen = best_accepted(survey, accept);
    return chosen ? chosen : first_spoken(survey);
}
