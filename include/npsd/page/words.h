/*
 * words: what npsd's own pages say, in the languages it speaks. What a survey asks comes from the
 * survey.
 */
#ifndef NPSD_PAGE_WORDS_H
#define NPSD_PAGE_WORDS_H

enum words_language { WORDS_EN, WORDS_RU, WORDS_LANGUAGES };

/* name, English, Russian */
/* clang-format off */
#define WORDS_TABLE(X) \
    X(WORD_LEAST, "Not at all likely", "Совсем не вероятно") \
    X(WORD_MOST, "Extremely likely", "Очень вероятно") \
    X(WORD_OF_TEN, "of 10", "из 10") \
    X(WORD_YES, "Yes", "Да") \
    X(WORD_NO, "No", "Нет") \
    X(WORD_SEND, "Send", "Отправить") \
    X(WORD_SEND_SCORE, "Send {score}", "Отправить {score}") \
    X(WORD_DONE, "Done", "Готово") \
    X(WORD_DISMISS, "No, thank you", "Нет, спасибо") \
    X(WORD_LEAVE_EMPTY, "Leave this empty", "Оставьте это поле пустым") \
    X(WORD_LANGUAGES, "Language", "Язык") \
    X(WORD_SAVING, "Saving…", "Сохраняем…") \
    X(WORD_SAVED, "Saved. You can still change it.", "Сохранено. Ответ ещё можно изменить.") \
    X(WORD_WAITING, "Saved on this device, will be sent when the network returns.", \
      "Сохранено на этом устройстве, отправим, когда появится сеть.") \
    X(WORD_FAILED, "This answer could not be taken.", "Этот ответ не удалось принять.") \
    X(WORD_CHANGE, "Change my answer", "Изменить ответ") \
    X(WORD_THANKS, "Thank you!", "Спасибо!") \
    X(WORD_THANKS_MORE, "Your answer has reached us. It helps us to do better.", \
      "Ваш ответ получен. Он поможет нам стать лучше.") \
    X(WORD_DISMISSED, "All right!", "Хорошо!") \
    X(WORD_DISMISSED_MORE, "We will not ask again. Have a good day.", \
      "Больше не спросим. Хорошего дня!") \
    X(WORD_CLOSED, "This survey is closed", "Опрос закрыт") \
    X(WORD_CLOSED_MORE, "It takes no answers any more. Thank you for wanting to help.", \
      "Ответы больше не принимаются. Спасибо, что хотели помочь.") \
    X(WORD_MISSING, "There is no survey here", "Здесь нет опроса") \
    X(WORD_MISSING_MORE, "Perhaps the address was cut short on its way to you. Please open the link once more.", \
      "Возможно, адрес дошёл до вас не целиком. Откройте ссылку ещё раз.") \
    X(WORD_INVITED, "By invitation", "По приглашению") \
    X(WORD_INVITED_MORE, "This survey is answered by the personal link in an invitation. Please open yours.", \
      "На этот опрос отвечают по личной ссылке из приглашения. Откройте, пожалуйста, свою.") \
    X(WORD_EXPIRED, "This link has expired", "Срок ссылки истёк") \
    X(WORD_EXPIRED_MORE, "It was good for some time only. Thank you for wanting to help.", \
      "Она действовала ограниченное время. Спасибо, что хотели помочь.") \
    X(WORD_ANSWERED, "You have answered already", "Вы уже ответили") \
    X(WORD_ANSWERED_MORE, "Your answer has reached us, and the time for changes is over. Thank you.", \
      "Ваш ответ получен, а время для изменений прошло. Спасибо.") \
    X(WORD_WRONG, "We did not understand this answer", "Мы не поняли этот ответ") \
    X(WORD_WRONG_MORE, "Nothing is lost: please go back, look it over and send it once more.", \
      "Ничего не потеряно: вернитесь назад, проверьте ответ и отправьте ещё раз.") \
    X(WORD_BUSY, "One moment, please", "Одну минуту") \
    X(WORD_BUSY_MORE, "Many answers come from your network right now. Please go back and send yours again in a minute.", \
      "Из вашей сети сейчас приходит много ответов. Вернитесь назад и отправьте свой ещё раз через минуту.") \
    X(WORD_AWAY, "We cannot take this right now", "Сейчас не получается принять ответ") \
    X(WORD_AWAY_MORE, "Nothing is lost: please go back and send it once more in a moment. It counts once.", \
      "Ничего не потеряно: вернитесь назад и отправьте ещё раз через минуту. Ответ учтётся один раз.")
/* clang-format on */

enum word {
#define WORDS_NAME(name, en, ru) name,
    WORDS_TABLE(WORDS_NAME)
#undef WORDS_NAME
        WORDS_COUNT
};

const char *words_get(enum words_language language, enum word word);
/* How likely a score is, for those who hear it: "likely". */
const char *words_likelihood(enum words_language language, int score);

#endif
