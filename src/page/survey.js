/*
 * The survey page with script: a tap on a number is saved at once, the questions for that group
 * appear, and what is said there is added as it is said. Without this file the page is a plain form.
 *
 * Remembered in the browser, for the survey or the link that was opened:
 *   npsd.done.NAME   {at, key, finished} of an answer, {at, dismissed} of a "no, thank you"
 *   npsd.form.NAME   in the tab's own storage: what was chosen, so that a reload shows it again
 *   npsd.shown.NAME  there too: that the display has been counted
 */

/* Somebody who goes through the numbers by the arrow keys has not chosen yet. */
const ARROW_PAUSE = 700;
const TYPING_PAUSE = 1200;
/* For so long the same browser is not asked again after an answer. */
const AGAIN_AFTER = DAY;

const capital = (word) => word[0].toUpperCase() + word.slice(1);

/* Work that waits for a pause; `now` does at once what waits. */
const makePause = (ms) => {
  let waiting = null;
  let timer = 0;
  const now = () => {
    const work = waiting;
    clearTimeout(timer);
    waiting = null;
    if (work) work();
  };
  const later = (work) => {
    clearTimeout(timer);
    waiting = work;
    timer = setTimeout(now, ms);
  };
  return { now, later };
};

/* --- what people put into the form --- */

/* As the API takes it; null: nothing. */
const readAnswer = (question) => {
  const text = question.querySelector("textarea");
  if (text) return text.value.trim() || null;
  const values = [...question.querySelectorAll("input:checked")].map((input) => input.value);
  if (!values.length) return null;
  const only = {
    choices: () => values,
    scale: () => Number(values[0]),
    yes_no: () => values[0] === "true",
  }[question.dataset.type];
  return only ? only() : values[0];
};

const writeAnswer = (question, value) => {
  const text = question.querySelector("textarea");
  if (text) text.value = value || "";
  else
    question.querySelectorAll("input").forEach((input) => {
      input.checked = [].concat(value === null ? [] : value).map(String).includes(input.value);
    });
};

/* What every answer of this page has beside the score: channel, language, properties. */
const commonMembers = (form) => {
  const members = { channel: form.dataset.channel };
  form.querySelectorAll("input[type=hidden]").forEach(({ name, value }) => {
    const [group, property] = name.split(".");
    if (name === "language") members.language = value;
    if (group === "properties") members.properties = Object.assign({ [property]: value }, members.properties);
  });
  return members;
};

const isAskedOf = (question, group) => question.dataset.ask.split(" ").includes(group);

/* Shows what is asked of a group, in the words for it; without a group nothing. */
const showQuestions = (questions, group) =>
  questions.forEach(({ element, label, words }) => {
    const special = group && element.dataset["text" + capital(group)];
    element.hidden = !group || !isAskedOf(element, group);
    if (special) label.textContent = special;
    else label.replaceChildren(...words.map((node) => node.cloneNode(true)));
  });

const findQuestions = (form) =>
  [...form.querySelectorAll(".follow")].map((element) => {
    const label = element.querySelector(".text");
    return { element, label, words: [...label.childNodes] };
  });

/* --- the page's last words --- */

/* In the form's place; `more` replaces the second sentence while it is not true yet. */
const showMessage = (form, name) => {
  const holder = document.createElement("div");
  holder.append(document.getElementById(name).content.cloneNode(true));
  form.hidden = true;
  form.after(holder);
  const detail = holder.querySelector("p");
  const words = detail.textContent;
  return {
    focus: () => holder.querySelector("h1").focus(),
    say: (more) => {
      detail.textContent = more || words;
    },
    addButton: (text, work) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "change";
      button.textContent = text;
      button.addEventListener("click", work);
      holder.querySelector(".message").append(button);
    },
    remove: () => {
      holder.remove();
      form.hidden = false;
    },
  };
};

/* --- one form, one answer --- */

/*
 * `memory` is what the browser knows of this survey (see remember below), `onfinish` is called when
 * the person is done. What it returns: tell (for the outbox), leave (saves what is being typed), depart
 * (saves all there is) and key (of the answer; null: none).
 */
const openSurvey = (form, outbox, memory, onfinish) => {
  const { dataset } = form;
  const find = (selector) => form.querySelector(selector);
  const questions = findQuestions(form);
  const arrows = makePause(ARROW_PAUSE);
  const typing = makePause(TYPING_PAUSE);
  const target = {
    url: dataset.api + "/responses",
    bearer: dataset.link,
    link: Boolean(dataset.link),
    edit: Number(dataset.editMinutes) * MINUTE,
  };
  const said = { score: null, answers: {} };
  let key = null;
  let byArrow = false;
  let state = "";
  let message = null;

  const chosen = () => find("[name=score]:checked");

  const tell = (about, news) => {
    if (about !== key) return;
    state = news;
    dataset.state = news;
    find(".state").textContent = dataset[news];
    if (message) message.say(["waiting", "failed", "closed"].includes(news) && dataset[news]);
  };

  /* --- saving --- */

  const put = (body) => {
    key = outbox.put(target, Object.assign(body, commonMembers(form)));
    tell(key, "saving");
  };

  /* Where answers cannot be changed all is sent at once, by sendWhole. */
  const send = (part) => {
    if (!target.edit) return;
    key = key || memory.key();
    if (!key) put(part);
    else if (!outbox.change(key, part)) tell(key, "failed");
  };

  const sendWhole = () => {
    if (!target.edit && !key && said.score !== null) put(said);
  };

  const showGroup = (input) => {
    showQuestions(questions, input && input.dataset.group);
    find(".send").textContent = dataset.done;
    find(".dismiss").hidden = true;
  };

  const saveScore = (input) => {
    const score = Number(input.value);
    if (score === said.score) return;
    said.score = score;
    send({ score });
    memory.save(key, said);
    showGroup(input);
  };

  const saveAnswer = (element) => {
    const id = element.dataset.question;
    const answer = readAnswer(element);
    const before = id in said.answers ? said.answers[id] : null;
    if (said.score === null || JSON.stringify(answer) === JSON.stringify(before)) return;
    said.answers[id] = answer;
    send({ answers: { [id]: answer } });
    memory.save(key, said);
  };

  const leave = () => {
    arrows.now();
    typing.now();
  };

  const depart = () => {
    leave();
    sendWhole();
  };

  /* --- the end --- */

  const reopen = () => {
    message.remove();
    message = null;
    chosen() ? chosen().focus() : find("[name=score]").focus();
  };

  const showThanks = () => {
    message = showMessage(form, "thanks");
    if (state) tell(key, state);
    if (dataset.change && memory.key()) message.addButton(dataset.change, reopen);
  };

  const finish = () => {
    depart();
    memory.save(key, said);
    memory.finish();
    showThanks();
    message.focus();
    onfinish();
  };

  const dismiss = (event) => {
    event.preventDefault();
    memory.dismiss();
    outbox.count(dataset.api + "/displays", "dismissed", dataset.channel, dataset.link);
    message = showMessage(form, "dismissed");
    message.focus();
    onfinish();
  };

  /* --- what people do --- */

  const choose = (input) => (byArrow ? arrows.later(() => saveScore(input)) : saveScore(input));

  /* The number of a link is only marked; the button, or a tap on it, says it. */
  const submit = (event) => {
    const isFirst = said.score === null;
    event.preventDefault();
    leave();
    if (isFirst) saveScore(chosen());
    if (!isFirst || questions.every(({ element }) => element.hidden)) finish();
  };

  const questionOf = (event) => event.target.closest(".follow");

  const listen = () => {
    form.addEventListener("keydown", (event) => {
      byArrow = event.key.startsWith("Arrow");
    });
    form.addEventListener("pointerdown", () => {
      byArrow = false;
    });
    form.addEventListener("click", (event) => event.target.name === "score" && choose(event.target));
    form.addEventListener("focusout", ({ relatedTarget: next }) => next && next.name === "score" || leave());
    form.addEventListener("input", (event) => {
      if (event.target.type === "textarea") typing.later(() => saveAnswer(questionOf(event)));
    });
    form.addEventListener("change", (event) => questionOf(event) && saveAnswer(questionOf(event)));
    form.addEventListener("submit", submit);
    find(".dismiss").addEventListener("click", dismiss);
  };

  /* --- the beginning --- */

  const restore = ({ score, answers }) => {
    Object.assign(said, { score, answers });
    questions.forEach(({ element }) => {
      const id = element.dataset.question;
      writeAnswer(element, id in answers ? answers[id] : null);
    });
    const input = find(`[name=score][value="${score}"]`);
    input.checked = true;
    showGroup(input);
  };

  const begin = () => {
    const marked = chosen();
    form.classList.add("live");
    showQuestions(questions, null);
    listen();
    key = memory.key();
    if (key && memory.form()) restore(memory.form());
    else if (marked) find(".send").textContent = dataset.sendScore.replace("{score}", marked.value);
    if (memory.dismissed()) showMessage(form, "dismissed");
    else if (memory.finished()) showThanks();
  };

  begin();
  return { tell, leave, depart, key: () => key };
};

/* --- what the browser remembers --- */

const remember = (name, outbox, tab) => {
  const done = () => outbox.storage.get("npsd.done." + name) || {};
  const setDone = (record) => outbox.storage.set("npsd.done." + name, record);
  const isRecent = () => done().at > outbox.serverNow() - AGAIN_AFTER;
  const key = () => (outbox.canChange(done().key) ? done().key : null);
  return {
    key,
    dismissed: () => done().dismissed,
    finished: () => isRecent() && done().key && (done().finished || !key()),
    form: () => tab.get("npsd.form." + name),
    save: (ofAnswer, said) => {
      setDone({ at: outbox.serverNow(), key: ofAnswer });
      tab.set("npsd.form." + name, said);
    },
    finish: () => setDone(Object.assign(done(), { finished: true })),
    dismiss: () => setDone({ at: outbox.serverNow(), dismissed: true }),
    isShown: () => tab.get("npsd.shown." + name),
    setShown: () => tab.set("npsd.shown." + name, 1),
  };
};

/* A page in a tab behind has not been shown yet. */
const countDisplay = (form, outbox, memory) => {
  if (document.visibilityState !== "visible" || form.hidden || memory.isShown()) return;
  memory.setShown();
  outbox.count(form.dataset.api + "/displays", "shown", form.dataset.channel, form.dataset.link);
};

/* Two links to one survey are two questions to two people. */
const nameOf = ({ survey, link }) => (link ? survey + "." + link.slice(-16) : survey);

const startPage = (form) => {
  let survey = null;
  const outbox = openOutbox(browserEnvironment(), (key, state) => survey && survey.tell(key, state));
  const memory = remember(nameOf(form.dataset), outbox, openStorage(() => window.sessionStorage));
  outbox.setClock(Number(form.dataset.now));
  survey = openSurvey(form, outbox, memory, () => {});
  countDisplay(form, outbox, memory);
  document.addEventListener("visibilitychange", () => {
    survey.leave();
    countDisplay(form, outbox, memory);
  });
  window.addEventListener("pagehide", survey.depart);
  keepSending(outbox);
};
