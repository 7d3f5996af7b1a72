/*
 * embed_card: the card on the screen: a non-modal dialog in a corner, or a region in the page's own flow.
 * It shows one step at a time and reports what the person does; it knows no network and no memory.
 *
 *   on.score(n)         a number was pressed
 *   on.answer(id, v)    an answer to a further question changed
 *   on.next(), on.back(), on.close()
 */

const embedCard = ({ survey, words, language, options, on }) => {
  const brand = survey.brand || {};
  const title = embedText(survey.title, language);
  const host = document.createElement("npsd-survey");
  const root = host.attachShadow({ mode: options.shadow });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(embedStyle);
  root.adoptedStyleSheets = [sheet];

  const heard = embedMake("p", { class: "unseen", role: "status" });
  const state = embedMake("p", { class: "state", role: "status" });
  const body = embedMake("div", { class: "body" });
  const close = embedMake("button", { type: "button", class: "close" }, embedDrawing("0 0 24 24", "M6 6l12 12M18 6L6 18"));
  const card = embedMake(
    "div",
    {
      class: options.inline ? "card inline" : `card corner ${options.position}`,
      role: options.inline ? "region" : "dialog",
      "aria-label": brand.name ? `${brand.name}: ${title}` : title,
      lang: language,
      dir: embedRightToLeft.includes(embedPrimary(language)) ? "rtl" : "ltr",
      "data-theme": options.theme,
    },
    embedMake(
      "div",
      { class: "inside" },
      heard,
      embedMake("div", { class: "head" }, embedMake("p", { class: "brand" }, brand.name || title), close),
      body,
      state
    )
  );
  for (const theme of ["light", "dark"]) {
    card.style.setProperty(`--accent-${theme}`, embedShade(brand.colour || embedAccent, embedPaper[theme]));
  }
  root.append(card);

  close.addEventListener("click", () => on.close());
  /* The page sees only that a key was pressed somewhere here, and might take it for a shortcut. */
  for (const type of ["keydown", "keypress", "keyup"]) card.addEventListener(type, (event) => event.stopPropagation());
  card.addEventListener("keydown", (event) => event.key === "Escape" && on.close());

  const nameClose = (text) => {
    close.setAttribute("aria-label", text);
    close.title = text;
  };

  /* Steps follow what the person did, so the focus goes along, to the question that is new. */
  const turn = (...children) => {
    const moves = root.activeElement && body.contains(root.activeElement);
    body.replaceChildren(...children.filter(Boolean));
    if (moves) body.querySelector("h2").focus();
  };

  const heading = (text) => embedMake("h2", { id: "question", tabindex: -1 }, text);

  const askScore = (question, chosen) => {
    nameClose(words.decline);
    turn(
      heading(embedText(question.text, language)),
      embedNumbers({
        from: 0,
        to: 10,
        chosen,
        label: (n) => embedScoreLabel(words, n),
        ends: [words.low, words.high],
        choose: on.score,
      })
    );
  };

  const chosenLine = (score) => {
    const change = embedMake("button", { type: "button" }, words.change);
    change.addEventListener("click", () => on.back());
    return embedMake(
      "p",
      { class: "chosen" },
      embedMake("b", { "aria-hidden": "true" }, String(score)),
      embedMake("span", { class: "unseen" }, embedScoreLabel(words, score)),
      change
    );
  };

  const askMore = (question, { group, score, value, place, all }) => {
    nameClose(words.close);
    const next = embedMake("button", { type: "button", class: "next" }, place === all ? words.done : words.next);
    next.addEventListener("click", () => on.next());
    turn(
      chosenLine(score),
      heading(embedText((question.text_by_group || {})[group] || question.text, language)),
      embedField(question, { words, language, value, changed: (answer) => on.answer(question.id, answer) }),
      embedMake("div", { class: "foot" }, embedMake("span", { class: "place" }, all > 1 ? words.of(place, all) : ""), next)
    );
  };

  const thank = () => {
    nameClose(words.close);
    card.classList.add("over");
    turn(
      embedDrawing("0 0 24 24", "M4 12.5l5.2 5.2L20 7"),
      embedMake("h2", { tabindex: -1 }, words.thanks),
      embedMake("p", null, words.helps)
    );
  };

  return {
    host,
    card,
    askScore,
    askMore,
    thank,
    say: (text, bad) => {
      if (state.textContent !== text) state.textContent = text;
      state.classList.toggle("bad", Boolean(bad));
    },
    announce: (text) => setTimeout(() => (heard.textContent = text), 500),
    focus: () => body.querySelector("h2").focus(),
    leave: () => {
      card.classList.add("leaving");
      setTimeout(() => host.remove(), 220);
    },
  };
};
