/*
 * The survey page of a kiosk: it returns to its start by itself, keeps nothing of the person before,
 * and works without a network for as long as it takes (worker.js keeps the page, outbox.js the
 * answers).
 */

const KIOSK_THANKS = 6 * 1000;
const KIOSK_IDLE = 45 * 1000;
/* So old a page is made anew when nobody is there: the survey may have changed. */
const KIOSK_RELOAD = 6 * HOUR;

/* A kiosk knows nobody: every form is the first. */
const noMemory = {
  key: () => null,
  dismissed: () => false,
  finished: () => false,
  form: () => null,
  save: () => {},
  finish: () => {},
  dismiss: () => {},
};

/* The page as it is opened, in every language, and what it is made of; for worker.js. */
const keepForOffline = async () => {
  const parts = document.querySelectorAll("script[src], img[src]");
  const pages = document.querySelectorAll("a[hreflang]");
  await navigator.serviceWorker.register("/s/worker.js", { scope: "/s/" });
  const kept = await caches.open("npsd-kiosk");
  await kept.addAll([
    location.href,
    ...new Set([...pages].map((link) => link.href).concat([...parts].map((part) => part.src))),
  ]);
};

const startKiosk = (first) => {
  const pristine = first.cloneNode(true);
  const tab = openStorage(() => window.sessionStorage);
  const start = tab.get("npsd.kiosk") || location.href;
  const opened = performance.now();
  let form = first;
  let survey = null;
  let timer = 0;
  const outbox = openOutbox(browserEnvironment(), (key, state) => survey && survey.tell(key, state));

  const returnAfter = (ms) => {
    clearTimeout(timer);
    timer = setTimeout(restart, ms);
  };

  /* The next person may read another language. */
  const renew = () => {
    if (location.href !== start) location.replace(start);
    else if (performance.now() - opened > KIOSK_RELOAD && navigator.onLine) location.reload();
  };

  /* A new form in place of the old one: with it goes even what Ctrl+Z would bring back. */
  const open = () => {
    form = pristine.cloneNode(true);
    form.querySelectorAll("[name=score]").forEach((input) => input.removeAttribute("checked"));
    document.querySelector("main > form").replaceWith(form);
    survey = openSurvey(form, outbox, noMemory, () => returnAfter(KIOSK_THANKS));
    form.addEventListener(
      "pointerdown",
      () => outbox.count(form.dataset.api + "/displays", "shown", form.dataset.channel),
      { once: true },
    );
  };

  const restart = () => {
    clearTimeout(timer);
    survey.depart();
    if (survey.key()) outbox.close(survey.key());
    form.nextElementSibling.matches("div") && form.nextElementSibling.remove();
    open();
    window.scrollTo(0, 0);
    renew();
  };

  const stay = () => form.hidden || returnAfter(KIOSK_IDLE);

  tab.set("npsd.kiosk", start);
  outbox.setClock(Number(first.dataset.now));
  open();
  ["pointerdown", "keydown", "input"].forEach((event) => document.addEventListener(event, stay));
  document.addEventListener("contextmenu", (event) => event.preventDefault());
  window.addEventListener("pagehide", () => survey.depart());
  keepSending(outbox);
  if (navigator.serviceWorker) keepForOffline().catch(() => {});
};

const start = () => {
  const form = document.getElementById("survey");
  if (!form) return;
  if ("kiosk" in document.documentElement.dataset) startKiosk(form);
  else startPage(form);
};

start();
