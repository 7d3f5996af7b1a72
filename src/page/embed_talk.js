/*
 * embed_talk: one conversation with one person: the score, the further questions of their group, thanks.
 * What they say is in the outbox as soon as it is said.
 *
 *   on.reacted()   they answered or declined: the page rests from now on
 *   on.ended(host) the card goes
 */

const embedGroup = (score) => (score <= 6 ? "critic" : score <= 8 ? "neutral" : "promoter");

const embedThanksMs = 5000;
const embedTypingMs = 400;
/* How long an answer may be changed if the survey does not say. */
const embedEditMinutes = 30;

const embedTalk = ({ survey, options, outbox, on }) => {
  const [first, ...further] = survey.questions;
  const language = embedLanguage(first.text, [
    options.language,
    document.documentElement.lang,
    ...navigator.languages,
  ]);
  const words = embedWords[embedPrimary(language)] || embedWords.en;
  const url = `${options.base}v1/surveys/${options.survey}`;
  const edit = 60000 * (survey.edit_minutes === undefined ? embedEditMinutes : survey.edit_minutes);
  const answers = {};
  let key, score, timer;
  let unsaved = {};
  let asked = [];
  let place = 0;

  const count = (event) => outbox.count(`${url}/displays`, event, options.channel, options.key);

  const put = () => {
    const { channel, respondent, properties, key: bearer } = options;
    const body = { score, channel, language, respondent, properties, answers: { ...answers } };
    key = outbox.put({ url: `${url}/responses`, bearer, edit }, body);
  };

  /* What has been written so far. Where answers cannot be changed they go together, by settle. */
  const save = () => {
    clearTimeout(timer);
    if (key && Object.keys(unsaved).length) outbox.change(key, { answers: unsaved });
    unsaved = {};
  };

  const settle = () => {
    save();
    if (!key && score !== undefined) put();
  };

  const leave = () => {
    settle();
    if (key) outbox.close(key);
    card.leave();
    on.ended(card.host);
  };

  const go = (to) => {
    save();
    place = to;
    const question = asked[place];
    if (question) {
      const value = answers[question.id];
      card.askMore(question, { group: embedGroup(score), score, value, place: place + 1, all: asked.length });
      return;
    }
    settle();
    card.thank();
    if (!options.inline) setTimeout(leave, embedThanksMs);
  };

  const choose = (n) => {
    const before = score;
    score = n;
    if (before === undefined) on.reacted();
    if (!key && edit) put();
    else if (key && n !== before) outbox.change(key, { score });
    asked = further.filter((question) => !question.ask || question.ask.includes(embedGroup(n)));
    go(0);
  };

  const answer = (id, value) => {
    answers[id] = unsaved[id] = value;
    clearTimeout(timer);
    timer = setTimeout(save, embedTypingMs);
  };

  const close = () => {
    if (score === undefined) {
      count("dismissed");
      on.reacted();
    }
    leave();
  };

  const card = embedCard({
    survey,
    words,
    language,
    options,
    on: { score: choose, answer, next: () => go(place + 1), back: () => card.askScore(first, score), close },
  });

  card.askScore(first);
  return {
    host: card.host,
    focus: card.focus,
    settle,
    close,
    announce: () => card.announce(embedText(first.text, language)),
    hasAnswer: () => score !== undefined,
    withdraw: leave,
    tell: (about, state) => {
      const isBad = state === "failed" || state === "closed";
      if (about === key) card.say(isBad ? words.failed : words[state] || "", isBad);
    },
    /* Counts the display once the card can really be seen. */
    watch: (seen) => {
      const observer = new IntersectionObserver(
        (entries) => {
          if (!entries.some((entry) => entry.isIntersecting)) return;
          observer.disconnect();
          count("shown");
          seen();
        },
        { threshold: 0.5 },
      );
      observer.observe(card.card);
    },
  };
};
