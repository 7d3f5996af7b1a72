/*
 * embed_parts: the controls of the widget. Every element is made by hand and every text is a text node,
 * so that neither the page's Trusted Types nor a survey's texts can do harm.
 */

/* Attributes and children that are undefined are left out. */
const embedMake = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  for (const name in attributes) if (attributes[name] !== undefined) element.setAttribute(name, attributes[name]);
  element.append(...children.filter((child) => child !== undefined));
  return element;
};

const embedButton = (attributes, content, press) => {
  const button = embedMake("button", { type: "button", ...attributes }, content);
  button.addEventListener("click", press);
  return button;
};

const embedDrawing = (path) => {
  const [svg, line] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
};

/* How far a key leads in a row of buttons. */
const embedSteps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -99, End: 99 };

/*
 * A row of numbers, one of which may be chosen. Arrow keys move the focus and choose nothing: a number is
 * recorded when it is pressed, so looking around must not press.
 */
const embedNumbers = ({ from, to, chosen, label, ends, choose }) => {
  const buttons = [];
  const reach = (at) => buttons.forEach((button, place) => (button.tabIndex = place === at ? 0 : -1));
  const mark = (n) => buttons.forEach((button, at) => button.setAttribute("aria-checked", from + at === n));
  for (let n = from; n <= to; n++) {
    const press = () => {
      mark(n);
      reach(n - from);
      choose(n);
    };
    buttons.push(embedButton({ role: "radio", "aria-label": label(n) }, n, press));
  }
  mark(chosen);
  reach(chosen === undefined ? 0 : chosen - from);
  const row = embedMake(
    "div",
    { class: "numbers", role: "radiogroup", "aria-labelledby": "question", "aria-describedby": ends && "ends" },
    ...buttons,
  );
  row.style.setProperty("--all", buttons.length);
  row.style.setProperty("--few", Math.min(6, buttons.length));
  row.addEventListener("keydown", (event) => {
    const step = embedSteps[event.key];
    if (!step) return;
    event.preventDefault();
    const at = Math.max(0, Math.min(buttons.length - 1, buttons.indexOf(event.target) + step));
    reach(at);
    buttons[at].focus();
  });
  const legend =
    ends && embedMake("p", { class: "ends", id: "ends" }, ...ends.map((end) => embedMake("span", {}, end)));
  return embedMake("div", {}, row, legend);
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
  const labels = options.map(({ text }, at) => embedMake("label", {}, inputs[at], embedMake("span", {}, text)));
  const list = embedMake(
    "div",
    { class: "options", role: many ? "group" : "radiogroup", "aria-labelledby": "question" },
    ...labels,
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
        value: String(value),
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
