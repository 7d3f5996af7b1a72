/*
 * embed_parts: the controls of the widget. Every element is made by hand and every text is a text node,
 * so that neither the page's Trusted Types nor a survey's texts can do harm.
 */

const embedMake = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
};

const embedDrawing = (viewBox, path) => {
  const [svg, line] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  svg.setAttribute("viewBox", viewBox);
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
};

/* Where an arrow key leads in a row of buttons; undefined for other keys. */
const embedStep = (key, at, last) =>
  ({
    ArrowRight: Math.min(at + 1, last),
    ArrowDown: Math.min(at + 1, last),
    ArrowLeft: Math.max(at - 1, 0),
    ArrowUp: Math.max(at - 1, 0),
    Home: 0,
    End: last,
  })[key];

/*
 * A row of numbers, one of which may be chosen. Arrow keys move the focus and choose nothing: a number is
 * recorded when it is pressed, so looking around must not press.
 */
const embedNumbers = ({ from, to, chosen, label, ends, choose }) => {
  const buttons = [];
  const mark = (number) =>
    buttons.forEach((button, at) => {
      button.setAttribute("aria-checked", String(from + at === number));
      button.tabIndex = from + at === (number == null ? from : number) ? 0 : -1;
    });
  for (let n = from; n <= to; n++) {
    const button = embedMake("button", { type: "button", role: "radio", "aria-label": label(n) }, String(n));
    button.addEventListener("click", () => {
      mark(n);
      choose(n);
    });
    buttons.push(button);
  }
  mark(chosen);
  const row = embedMake(
    "div",
    { class: "numbers", role: "radiogroup", "aria-labelledby": "question", "aria-describedby": ends && "ends" },
    ...buttons
  );
  row.style.setProperty("--all", buttons.length);
  row.style.setProperty("--few", Math.min(6, buttons.length));
  row.addEventListener("keydown", (event) => {
    const next = embedStep(event.key, buttons.indexOf(event.target), buttons.length - 1);
    if (next === undefined) return;
    event.preventDefault();
    buttons.forEach((button, at) => (button.tabIndex = at === next ? 0 : -1));
    buttons[next].focus();
  });
  const legend = ends && embedMake("p", { class: "ends", id: "ends" }, ...ends.map((end) => embedMake("span", null, end)));
  return embedMake("div", null, row, legend);
};

const embedTextField = (value, changed) => {
  const field = embedMake("textarea", { "aria-labelledby": "question", maxlength: 4000, rows: 3 });
  field.value = value || "";
  field.addEventListener("input", () => changed(field.value.trim() || null));
  return field;
};

/* options: [{id, text}]; value and what changed() gets: an id, or with many an array of them, or null. */
const embedChoices = ({ options, many, value, changed }) => {
  const inputs = options.map(({ id }) => {
    const input = embedMake("input", { type: many ? "checkbox" : "radio", name: "option", value: id });
    input.checked = many ? (value || []).includes(id) : value === id;
    return input;
  });
  const labels = options.map(({ text }, at) => embedMake("label", null, inputs[at], embedMake("span", null, text)));
  const list = embedMake(
    "div",
    { class: "options", role: many ? "group" : "radiogroup", "aria-labelledby": "question" },
    ...labels
  );
  list.addEventListener("change", () => {
    const ids = inputs.filter((input) => input.checked).map((input) => input.value);
    changed(many ? (ids.length ? ids : null) : ids[0]);
  });
  return list;
};

/* The control of one question. changed(value) is told every new answer, null when it was taken back. */
const embedField = (question, { words, language, value, changed }) => {
  switch (question.type) {
    case "text":
      return embedTextField(value, changed);
    case "yes_no":
      return embedChoices({
        options: [
          { id: "true", text: words.yes },
          { id: "false", text: words.no },
        ],
        value: value == null ? value : String(value),
        changed: (id) => changed(id === "true"),
      });
    case "choice":
    case "choices":
      return embedChoices({
        options: question.options.map(({ id, text }) => ({ id, text: embedText(text, language) })),
        many: question.type === "choices",
        value,
        changed,
      });
    default: {
      const [from, to] = question.type === "scale" ? [question.min, question.max] : [0, 10];
      return embedNumbers({ from, to, chosen: value, label: (n) => words.of(n, to), choose: changed });
    }
  }
};
