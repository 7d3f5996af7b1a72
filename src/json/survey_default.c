#include "survey_parts.h"

#define TEXTS(english, russian)                                                                    \
    {                                                                                              \
        (const struct survey_text[]){{"en", english}, {"ru", russian}}, 2                          \
    }

#define OPTION(number_, id_, english, russian)                                                     \
    {                                                                                              \
        .id = (id_), .number = (number_), .active = true, .text = TEXTS(english, russian)          \
    }

static const struct survey_option improve_options[] = {
    OPTION(1, "wait", "Waiting time", "Время ожидания"),
    OPTION(2, "price", "Price", "Цена"),
    OPTION(3, "quality", "Quality", "Качество"),
    OPTION(4, "staff", "Staff", "Работа сотрудников"),
    OPTION(5, "other", "Something else", "Другое"),
};

const struct survey_question survey_model_questions[SURVEY_MODEL_QUESTIONS] = {
    {.id = "recommend",
     .n = 1,
     .active = true,
     .type = QUESTION_NPS,
     .ask = SURVEY_ASK_ALL,
     .text = TEXTS("How likely are you to recommend us to a friend or colleague?",
                   "Насколько вероятно, что вы порекомендуете нас другу или коллеге?")},
    {.id = "why",
     .n = 2,
     .active = true,
     .type = QUESTION_TEXT,
     .ask = SURVEY_ASK_ALL,
     .text = TEXTS("What is the main reason for your score?",
                   "Почему вы поставили именно такую оценку?"),
     .text_by_group = {[NPS_CRITIC] = TEXTS("What went wrong?", "Что пошло не так?"),
                       [NPS_NEUTRAL] = TEXTS("What did you miss?", "Чего вам не хватило?"),
                       [NPS_PROMOTER] =
                           TEXTS("What did you like most?", "Что понравилось больше всего?")}},
    {.id = "improve",
     .n = 3,
     .active = true,
     .type = QUESTION_CHOICE,
     .ask = SURVEY_ASK_ALL,
     .text = TEXTS("What should we improve first?", "Что нам стоит улучшить в первую очередь?"),
     .options = improve_options,
     .option_count = sizeof(improve_options) / sizeof(improve_options[0])},
};
