/*
 * The widget: one line in any page.
 *
 *   <script src="https://nps.example/embed.js" data-survey="checkout" defer></script>
 *
 * Attributes (all but data-survey may be left out):
 *   data-key           a publishable key (role submit), for surveys that are not open to everybody
 *   data-mode          corner, or inline: in the page's flow, in data-target or after the script element
 *   data-target        a selector, for inline
 *   data-after         seconds until it shows (5; 0 for inline or with data-on)
 *   data-on            shows on this event, dispatched on document or on an element of it
 *   data-again         days of rest after an answer, a dismissal, or three displays without either (90)
 *   data-respect-dnt   "1": Do Not Track or Global Privacy Control of the browser mean: never show
 *   data-language      else the page's language, else the browser's, as far as the survey speaks it
 *   data-channel       web; data-respondent, data-property-NAME: go into the answer
 *   data-position      right or left; data-theme: auto, light or dark
 *   data-shadow        "open" lets tests look inside
 *
 * window.npsd.show() shows it at once, whatever was answered before, and moves the focus to it;
 * window.npsd.hide() hides it and counts nothing.
 *
 * It asks its own server only, sets no cookie, and leaves the page as it was: one element at the end of
 * the document, a closed shadow root, one name (npsd), and items npsd.* in localStorage.
 */

const embedWarn = (text) => console.warn(`npsd: ${text}`);

const embedSilentDisplays = 3;

/* The public definition, or null when the survey is not for this page now. */
const embedLoad = async ({ base, survey, key }) => {
  try {
    const reply = await fetch(`${base}v1/surveys/${survey}`, {
      credentials: "omit",
      headers: key ? { Authorization: `Bearer ${key}` } : {},
    });
    const body = await reply.json();
    if (reply.ok) return body.open ? body : null;
    embedWarn(`survey ${survey}: ${body.detail || body.title || reply.status}`);
  } catch (error) {
    embedWarn(`survey ${survey} could not be read: ${error.message}`);
  }
  return null;
};

/* When this page was met before: {shown, at}; at is when the rest began. */
const embedMemory = ({ survey, againMs }, storage) => {
  const name = `npsd.widget.${survey}`;
  const read = () => storage.get(name) || {};
  return {
    name,
    isResting: () => Date.now() - read().at < againMs,
    rest: () => storage.set(name, { at: Date.now() }),
    seen: () => {
      const shown = (read().shown || 0) + 1;
      storage.set(name, shown < embedSilentDisplays ? { shown } : { at: Date.now() });
    },
  };
};

/* Who cannot be remembered would be asked on every page. */
const embedCanRemember = () => {
  try {
    localStorage.setItem("npsd.widget", "1");
    localStorage.removeItem("npsd.widget");
    return true;
  } catch (error) {
    return false;
  }
};

const embedPlace = (host, { inline, target, script }) => {
  if (!inline) {
    document.documentElement.append(host);
    return;
  }
  const into = target && document.querySelector(target);
  if (into) into.append(host);
  else if (!target && document.body.contains(script)) script.after(host);
  else embedWarn(`there is no place ${target || "for an inline survey: name one in data-target"}`);
};

/* Calls once the page is looked at: it may have been opened in a background tab. */
const embedWhenVisible = (work) => {
  if (document.visibilityState === "visible") {
    work();
    return;
  }
  document.addEventListener("visibilitychange", () => embedWhenVisible(work), { once: true });
};

/* Calls when the page wants to be asked. The window hears events on document that do not bubble, too. */
const embedWait = ({ event, afterMs }, work) => {
  const start = () => embedWhenVisible(() => setTimeout(work, afterMs));
  if (event) window.addEventListener(event, start, { once: true, capture: true });
  else start();
};

/* What the page can ask for: {show(asked), hide()}; asked means at the page's own word. */
const embedWidget = (options, outbox, memory, talks) => {
  let loading = null;
  let isHidden = false;
  let returnTo = null;

  /* The focus goes back where it came from, unless it has gone elsewhere since. */
  const giveBack = (host) => {
    if (returnTo && document.activeElement === host) returnTo.focus({ preventScroll: true });
    returnTo = null;
  };

  const ended = (host) => {
    talks.current = null;
    giveBack(host);
  };

  const begin = (survey) => {
    const talk = embedTalk({ survey, options, outbox, on: { reacted: memory.rest, ended } });
    talk.watch(() => talk.hasAnswer() || memory.seen());
    talks.current = talk;
  };

  const appear = (talk, asked) => {
    const isNew = !talk.host.isConnected;
    if (isNew) embedPlace(talk.host, options);
    if (asked) {
      returnTo = document.activeElement;
      talk.focus();
    } else if (isNew && !options.inline) {
      talk.announce();
    }
  };

  const show = async (asked) => {
    isHidden = false;
    if (!talks.current) {
      loading = loading || embedLoad(options);
      const survey = await loading;
      loading = null;
      if (!survey || isHidden || (!asked && memory.isResting())) return;
      if (!talks.current) begin(survey);
    }
    appear(talks.current, asked);
  };

  const hide = () => {
    isHidden = true;
    if (!talks.current) return;
    giveBack(talks.current.host);
    talks.current.host.remove();
  };

  /* An error of ours is no error of the page. */
  return { show: (asked) => show(asked).catch((error) => embedWarn(error.message)), hide };
};

/* What happens to the page while the card may be there. */
const embedListen = (options, memory, talks) => {
  const settle = () => document.visibilityState === "hidden" && talks.current && talks.current.settle();
  window.addEventListener("pagehide", settle);
  document.addEventListener("visibilitychange", settle);
  window.addEventListener("storage", ({ key }) => {
    const talk = talks.current;
    if (key === memory.name && talk && !talk.hasAnswer() && memory.isResting()) talk.withdraw();
  });
  document.addEventListener("keydown", (event) => {
    const talk = talks.current;
    const isFree = !event.defaultPrevented && [null, document.body].includes(document.activeElement);
    if (event.key === "Escape" && isFree && talk && talk.host.isConnected && !options.inline) talk.close();
  });
};

const embedNothing = () => {};
const embedPublish = (show, hide) => Object.defineProperty(window, "npsd", { value: Object.freeze({ show, hide }) });

const embedStart = (options) => {
  const talks = { current: null };
  const outbox = openOutbox(browserEnvironment(), (key, state) => talks.current && talks.current.tell(key, state));
  const memory = embedMemory(options, outbox.storage);
  const widget = embedWidget(options, outbox, memory, talks);
  embedPublish(() => void widget.show(true), widget.hide);
  embedListen(options, memory, talks);
  keepSending(outbox);
  if (embedCanRemember() && !memory.isResting()) embedWait(options, () => memory.isResting() || widget.show(false));
};

const embedMain = (script) => {
  const options = embedRead(script);
  if (!/^[a-z0-9-]{1,64}$/.test(options.survey)) embedWarn("the script element needs data-survey");
  else if (options.respectDnt && embedIsPrivate()) embedPublish(embedNothing, embedNothing);
  else embedStart(options);
};

/* A module has no current script. The first of two script elements is the one that counts. */
const embedScript = document.currentScript || document.querySelector("script[src*='embed.js'][data-survey]");
if (embedScript && !(window.npsd && window.npsd.show)) embedMain(embedScript);
