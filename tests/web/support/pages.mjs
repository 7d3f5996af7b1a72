/*
 * Every page people see, by name: how to open it and bring it into the state that is looked at.
 * Widths and themes are the callers'.
 */
import { makeSurvey } from "./service.mjs";
import { hasState, send, tap } from "./actions.mjs";

export const languages = ["en-GB", "ru-RU"];
export const themes = ["light", "dark"];

const logo =
  "data:image/svg+xml;base64," +
  Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"><rect width="40" height="40" rx="8" fill="#0a7"/>' +
      '<rect x="52" y="14" width="68" height="12" fill="#0a7"/></svg>',
  ).toString("base64");

const questions = [
  { id: "recommend", type: "nps", text: {
    en: "How likely are you to recommend us to a friend or colleague?",
    ru: "Насколько вероятно, что вы порекомендуете нас друзьям или коллегам?" } },
  { id: "why", type: "text", text: {
    en: "What is the main reason for your score?", ru: "Какова главная причина вашей оценки?" } },
  { id: "ease", type: "scale", min: 1, max: 10, text: { en: "How easy was it?", ru: "Насколько это было легко?" } },
  { id: "liked", type: "choices", text: { en: "What did you like?", ru: "Что вам понравилось?" }, options: [
    { id: "speed", text: { en: "The speed", ru: "Скорость" } },
    { id: "people", text: { en: "The people who work there", ru: "Люди, которые там работают" } } ] },
  { id: "back", type: "yes_no", text: { en: "May we call you?", ru: "Можно вам позвонить?" } },
];

const made = new Map();

/* The surveys of these pages are made once, each when the first page asks for it. */
const survey = (id, members) => {
  if (!made.has(id)) made.set(id, makeSurvey({ id, ...members }));
  return made.get(id);
};

const open = (path) => async (page) => {
  await page.goto(path);
};

export const pages = {
  survey: async (page) => page.goto(`/s/${await survey("looks")}`),
  answered: async (page) => {
    await page.goto(`/s/${await survey("looks")}`);
    await tap(page, 9);
    await hasState(page, "saved");
  },
  marked: async (page) => page.goto(`/s/${await survey("looks")}?score=2`),
  questions: async (page) => {
    await page.goto(`/s/${await survey("all-types", { questions })}`);
    await tap(page, 4);
    await hasState(page, "saved");
  },
  branded: async (page) =>
    page.goto(`/s/${await survey("branded", { brand: { name: "Shop & Co", colour: "#ffcc00", logo } })}?score=10`),
  done: async (page) => {
    await page.goto(`/s/${await survey("looks")}`);
    await tap(page, 9);
    await hasState(page, "saved");
    await send(page);
  },
  thanks: async (page) => page.goto(`/s/${await survey("looks")}/thanks`),
  dismissed: async (page) => page.goto(`/s/${await survey("looks")}/thanks?dismissed=1`),
  kiosk: async (page) => page.goto(`/s/${await survey("looks")}?kiosk=1`),
  closed: async (page) => page.goto(`/s/${await survey("over", { open: false })}`),
  missing: open("/s/nowhere"),
};

/* `work` for every page in every one of the variants. */
export const each = (which, variants, work) =>
  Object.entries(which).forEach(([name, bring]) => variants.forEach((variant) => work(name, bring, variant)));
