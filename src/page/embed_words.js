/*
 * embed_words: what the widget says by itself, in English and Russian, and how a language is chosen.
 * The texts of a survey are its own and come with it.
 */

const embedWords = {
  en: {
    low: "Not at all likely",
    high: "Extremely likely",
    of: (n, all) => `${n} of ${all}`,
    likely:
      "not at all likely,unlikely,rather unlikely,neither likely nor unlikely,rather likely,likely,extremely likely",
    decline: "No, thank you",
    close: "Close",
    change: "Change",
    next: "Next",
    done: "Done",
    yes: "Yes",
    no: "No",
    saved: "Saved",
    waiting: "Saved on this device. It will be sent as soon as the network allows.",
    failed: "Your answer could not be saved.",
    thanks: "Thank you!",
    helps: "Your answer helps us get better.",
  },
  ru: {
    low: "Совсем не вероятно",
    high: "Очень вероятно",
    of: (n, all) => `${n} из ${all}`,
    likely:
      "совсем не вероятно,маловероятно,скорее маловероятно,ни да ни нет,скорее вероятно,вероятно,очень вероятно",
    decline: "Нет, спасибо",
    close: "Закрыть",
    change: "Изменить",
    next: "Дальше",
    done: "Готово",
    yes: "Да",
    no: "Нет",
    saved: "Сохранено",
    waiting: "Сохранено на этом устройстве. Отправим, как только позволит сеть.",
    failed: "Не удалось сохранить ответ.",
    thanks: "Спасибо!",
    helps: "Ваш ответ поможет нам стать лучше.",
  },
};

const embedPrimary = (language) => language.toLowerCase().split(/[-_]/)[0];

/* What a screen reader says for a number of the score: "9 of 10, likely", as on the survey page. */
const embedScoreLabel = (words, n) => `${words.of(n, 10)}, ${words.likely.split(",")["01112345556"[n]]}`;

/* The first wish that the survey speaks, else the survey's own first language. */
const embedLanguage = (texts, wishes) => {
  const spoken = Object.keys(texts);
  for (const wish of wishes.filter(Boolean)) {
    const found =
      spoken.find((one) => one.toLowerCase() === wish.toLowerCase()) ||
      spoken.find((one) => embedPrimary(one) === embedPrimary(wish));
    if (found) return found;
  }
  return spoken[0];
};

const embedText = (texts, language) =>
  texts[language] || texts[embedPrimary(language)] || texts.en || Object.values(texts)[0];
