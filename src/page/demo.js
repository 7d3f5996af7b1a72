/*
 * demo: the demonstration shop. The page's own choices become attributes of the widget's script element,
 * which is also shown, ready to be copied. It may be answered again at once (data-again="0"), which no
 * real page should do.
 */

const russian = {
  shop: "Кофе у маяка",
  note: "Магазин выдуман. Опрос настоящий.",
  goods: "Обжарено сегодня утром",
  first: "Утренняя вахта",
  "first-more": "Яркий, с абрикосом и мёдом. 250 г",
  second: "Тихая гавань",
  "second-more": "Мягкий, с фундуком и какао. 250 г",
  third: "Ночной рейс",
  "third-more": "Тёмный, с патокой и дымом. 250 г",
  basket: "Ваша корзина",
  delivery: "Доставка",
  free: "бесплатно",
  sum: "Итого",
  order: "Оформить заказ",
  try: "Попробуйте иначе",
  language: "Язык",
  place: "Место",
  right: "В углу справа",
  left: "В углу слева",
  inline: "На самой странице",
  when: "Момент",
  "on-order": "Когда заказ оформлен",
  "on-time": "Через две секунды",
  theme: "Тема",
  auto: "Как на устройстве",
  light: "Светлая",
  dark: "Тёмная",
  again: "Загрузить страницу заново",
  line: "Эта строка ставит опрос на любую страницу:",
  title: "Кофе у маяка: демонстрация npsd",
  placed: "Заказ принят. Спасибо!",
};

const query = new URLSearchParams(location.search);
const one = (name, known) => (known.includes(query.get(name)) ? query.get(name) : known[0]);
const choice = {
  lang: one("lang", navigator.language.startsWith("ru") ? ["ru", "en"] : ["en", "ru"]),
  place: one("place", ["right", "left", "inline"]),
  when: one("when", ["order", "2"]),
  theme: one("theme", ["auto", "light", "dark"]),
};
const survey = /^[a-z0-9-]{1,64}$/.test(query.get("survey") || "") ? query.get("survey") : "demo";

const speak = () => {
  document.documentElement.lang = choice.lang;
  document.documentElement.dataset.theme = choice.theme;
  if (choice.lang !== "ru") return;
  document.title = russian.title;
  document.querySelectorAll("[data-word]").forEach((element) => {
    const word = russian[element.dataset.word];
    if (word) element.textContent = word;
  });
};

const attributes = () => ({
  src: new URL("/embed.js", location.href).href,
  "data-survey": survey,
  "data-language": choice.lang,
  ...(choice.place === "inline"
    ? { "data-mode": "inline", "data-target": "#survey" }
    : { "data-position": choice.place }),
  ...(choice.when === "order" ? { "data-on": "order-placed" } : { "data-after": choice.when }),
  ...(choice.theme === "auto" ? {} : { "data-theme": choice.theme }),
  "data-property-branch": "demo",
  "data-again": "0",
});

const addWidget = () => {
  const script = document.createElement("script");
  const wanted = attributes();
  Object.keys(wanted).forEach((name) => script.setAttribute(name, wanted[name]));
  const text = Object.keys(wanted)
    .filter((name) => name !== "data-again")
    .map((name) => ` ${name}="${wanted[name]}"`);
  document.getElementById("line").textContent = `<script${text.join("")} defer></script>`;
  document.head.append(script);
};

const addShop = () => {
  const order = document.getElementById("order");
  const placed = document.getElementById("placed");
  order.addEventListener("click", () => {
    order.disabled = true;
    placed.textContent = choice.lang === "ru" ? russian.placed : "Your order is placed. Thank you!";
    placed.hidden = false;
    document.dispatchEvent(new CustomEvent("order-placed"));
  });
  const form = document.querySelector("form");
  Object.keys(choice).forEach((name) => (form.elements[name].value = choice[name]));
};

speak();
addShop();
addWidget();
