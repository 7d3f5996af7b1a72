/*
 * embed_card: the card on the screen: a non-modal dialog in a corner, or a region in the page's own flow.
 * It shows one step at a time and reports what the person does; it knows no network and no memory.
 *
 *   on.score(n)         a number was pressed
 *   on.answer(id, v)    an answer to a further question changed
 *   on.next(), on.back(), on.close()
 */

const embedFrame = (survey, language, { inline, position, theme, shadow }, close) => {
  const brand = survey.brand || {};
  const title = embedText(survey.title, language);
  const host = document.createElement("npsd-survey");
  const root = host.attachShadow({ mode: shadow });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(embedStyle);
  root.adoptedStyleSheets = [sheet];

  const heard = embedMake("p", { class: "unseen", role: "status" });
  const state = embedMake("p", { class: "state", role: "status" });
  const body = embedMake("div", { class: "body" });
  const cross = embedButton({ class: "close" }, embedDrawing("M6 6l12 12M18 6L6 18"), close);
  const head = embedMake("div", { class: "head" }, embedMake("p", { class: "brand" }, brand.name || title), cross);
  const card = embedMake(
    "div",
    {
      class: inline ? "card" : `card corner ${position}`,
      role: inline ? "region" : "dialog",
      "aria-label": brand.name ? `${brand.name}: ${title}` : title,
      lang: language,
      dir: /^(ar|fa|he|ps|ur|yi)\b/.test(language) ? "rtl" : "ltr",
      "data-theme": theme,
    },
    embedMake("div", { class: "inside" }, heard, head, body, state),
  );
  for (const one in embedPaper) {
    card.style.setProperty(`--accent-${one}`, embedShade(brand.colour || embedAccent, embedPaper[one]));
  }
  root.append(card);
  return { host, root, card, body, cross, heard, state };
};

const embedCard = ({ survey, words, language, options, on }) => {
  const { host, root, card, body, cross, heard, state } = embedFrame(survey, language, options, on.close);

  /* The page sees only that a key was pressed somewhere here, and might take it for a shortcut. */
  for (const type of ["keydown", "keypress", "keyup"])
    card.addEventListener(type, (event) => event.stopPropagation());
  card.addEventListener("keydown", (event) => event.key === "Escape" && on.close());

  /* Steps follow what the person did, so the focus goes along, to what is new. */
  const turn = (closing, ...children) => {
    const moves = body.contains(root.activeElement);
    cross.setAttribute("aria-label", closing);
    cross.title = closing;
    body.replaceChildren(...children);
    if (moves) body.querySelector("h2").focus();
  };

  const heading = (text) => embedMake("h2", { id: "question", tabindex: -1 }, text);

  const chosen = (score) =>
    embedMake(
      "p",
      { class: "chosen" },
      embedMake("b", { "aria-hidden": true }, score),
      embedMake("span", { class: "unseen" }, embedScoreLabel(words, score)),
      embedButton({}, words.change, on.back),
    );

  return {
    host,
    card,

    askScore: (question, score) =>
      turn(
        words.decline,
        heading(embedText(question.text, language)),
        embedNumbers({
          from: 0,
          to: 10,
          chosen: score,
          label: (n) => embedScoreLabel(words, n),
          ends: [words.low, words.high],
          choose: on.score,
        }),
      ),

    askMore: (question, { group, score, value, place, all }) => {
      card.classList.add("begun");
      turn(
        words.close,
        chosen(score),
        heading(embedText((question.text_by_group || {})[group] || question.text, language)),
        embedField(question, { words, language, value, changed: (answer) => on.answer(question.id, answer) }),
        embedMake(
          "div",
          { class: "foot" },
          embedMake("span", { class: "place" }, all > 1 ? words.of(place, all) : ""),
          embedButton({ class: "next" }, place === all ? words.done : words.next, on.next),
        ),
      );
    },

    thank: () => {
      card.classList.add("over");
      turn(words.close, embedDrawing("M4 12.5l5.2 5.2L20 7"), heading(words.thanks), embedMake("p", {}, words.helps));
    },

    say: (text, isBad) => {
      if (state.textContent !== text) state.textContent = text;
      state.classList.toggle("bad", isBad);
    },
    announce: (text) => setTimeout(() => (heard.textContent = text), 500),
    focus: () => body.querySelector("h2").focus(),
    leave: () => {
      card.classList.add("leaving");
      setTimeout(() => host.remove(), 220);
    },
  };
};
