/*
 * The outbox: answers on their way to the server. An answer is stored in the browser before it is
 * sent, and goes when it has been acknowledged, so closing the page or losing the network loses
 * nothing; its key makes it one answer however often it is sent.
 *
 *   const outbox = openOutbox(browserEnvironment(), (key, state) => ...);
 *   const key = outbox.put({url: ".../responses", bearer, link}, {score: 9, channel: "web"});
 *   outbox.change(key, {score: 8, answers: {why: "Fast", improve: null}});
 *
 * `url` takes the POST; `bearer` is a publishable key or, with `link: true`, the token of a signed
 * link, which is its own key. A state is saving, saved, waiting (stored here, to be sent later),
 * closed (the survey is) or failed (refused; kept under npsd.refused).
 *
 * In the storage an answer is two items, so that two tabs never write the same one:
 *   npsd.outbox.KEY  {url, bearer, link, at, body}: what the person said, by the page that asks.
 *     Before the first acknowledgement body is the whole answer, after it only what has changed since.
 *   npsd.sent.KEY    {sent, id, token, until}: how far it has come, by whoever holds the lock.
 *     Once acknowledged both stay until `until`, without the answer's content, so that it can be
 *     changed while the service allows it.
 */

const MINUTE = 60 * 1000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/* What is older is sent without its time: the service takes 48 hours from the public. */
const TIME_LIMIT = 47 * HOUR;
/* What no server has ever taken or refused is given up. */
const GIVE_UP = 60 * DAY;
const REPLY_LIMIT = 20 * 1000;
const REFUSED_KEPT = 20;
/* Browsers allow 64 KiB to requests that outlive their page; a character is three bytes at most. */
const KEEPALIVE_LENGTH = 16000;

/* Storage of JSON that never fails: what is forbidden or full is replaced by the page's memory. */
const openStorage = (real) => {
  const memory = new Map();
  const attempt = (work) => {
    try {
      return work(real());
    } catch (error) {
      return undefined;
    }
  };
  const parse = (text) => {
    try {
      return JSON.parse(text);
    } catch (error) {
      return null;
    }
  };
  return {
    get: (name) => parse(memory.has(name) ? memory.get(name) : attempt((it) => it.getItem(name)) || null),
    set: (name, value) => {
      const text = JSON.stringify(value);
      memory.delete(name);
      attempt((it) => it.setItem(name, text) || true) || memory.set(name, text);
    },
    remove: (name) => {
      memory.delete(name);
      attempt((it) => it.removeItem(name));
    },
    names: (prefix) =>
      [...new Set([...memory.keys(), ...(attempt((it) => Object.keys(it)) || [])])]
        .filter((name) => name.startsWith(prefix))
        .sort(),
  };
};

const browserEnvironment = () => ({
  storage: openStorage(() => window.localStorage),
  fetch: (url, options) => window.fetch(url, options),
  locks: navigator.locks,
  now: () => Date.now(),
  later: (work, ms) => setTimeout(work, ms),
  random: (count) => crypto.getRandomValues(new Uint8Array(count)),
});

/* A UUIDv7: keys sort by the time they were made, so the oldest answer goes first. */
const makeKey = (ms, random) => {
  const bytes = [40, 32, 24, 16, 8, 0].map((bit) => Math.floor(ms / 2 ** bit) % 256).concat(...random(10));
  bytes[6] = (bytes[6] % 16) + 0x70;
  bytes[8] = (bytes[8] % 64) + 0x80;
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
};

/* Later words win; a null stays, since it takes back what may have been sent. */
const mergeAnswer = (body, change) =>
  Object.assign({}, body, change, { answers: Object.assign({}, body.answers, change.answers) });

/* What of a body the server does not know yet: score and answers, the rest never changes. */
const subtractAnswer = (body, known) => {
  const rest = {};
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const answers = Object.keys(body.answers || {}).filter(
    (id) => !same(body.answers[id], (known.answers || {})[id]),
  );
  if (body.score !== undefined && body.score !== known.score) rest.score = body.score;
  if (answers.length) rest.answers = Object.assign({}, ...answers.map((id) => ({ [id]: body.answers[id] })));
  return rest;
};

/* The body of a first POST. */
const wholeAnswer = (body, time) => {
  const whole = Object.assign({}, body, { answers: {} }, time);
  Object.keys(body.answers || {})
    .filter((id) => body.answers[id] !== null)
    .forEach((id) => (whole.answers[id] = body.answers[id]));
  if (!Object.keys(whole.answers).length) delete whole.answers;
  return JSON.stringify(whole);
};

const openOutbox = (environment, tell) => {
  const { storage } = environment;
  let failures = 0;
  let notBefore = 0; /* by the browser's clock: what a Retry-After asked for */
  let running = null;
  let again = false;
  let timer = 0; /* counts: an older timer than the last does nothing */
  let requests = 0; /* in flight */
  let lastKeyMs = 0;
  const untold = new Set(); /* keys of this page that are not known to be saved */

  /* --- the server's clock --- */

  const clock = () => storage.get("npsd.clock") || { skew: 0 };
  const serverNow = () => environment.now() + clock().skew;

  /* By the time a page says it was made at; a page that comes out of a cache says nothing new. */
  const setClock = (pageMs) => {
    if (clock().page !== pageMs) storage.set("npsd.clock", { page: pageMs, skew: pageMs - environment.now() });
  };

  const adjustClock = (date) => {
    const skew = Date.parse(date) - environment.now();
    if (Math.abs(skew - clock().skew) > 5000) storage.set("npsd.clock", Object.assign(clock(), { skew }));
  };

  /* --- what is stored --- */

  const answerOf = (key) => storage.get("npsd.outbox." + key);
  const setAnswer = (key, answer) => storage.set("npsd.outbox." + key, answer);
  const progressOf = (key) => storage.get("npsd.sent." + key) || { sent: [] };
  const setProgress = (key, progress) => storage.set("npsd.sent." + key, progress);
  const keys = () => storage.names("npsd.outbox.").map((name) => name.slice("npsd.outbox.".length));
  const forget = (key) => ["npsd.outbox.", "npsd.sent."].forEach((prefix) => storage.remove(prefix + key));
  const isPending = (key) => !progressOf(key).id || Object.keys(answerOf(key).body).length > 0;
  /* Until its time is over, by the browser's clock. */
  const canChange = (key) => Boolean(key && answerOf(key)) && !(progressOf(key).until < environment.now());
  const sweep = () => keys().filter((key) => progressOf(key).until < environment.now() && !isPending(key)).forEach(forget);

  /* --- one request --- */

  /* The service's own word, or {retry: seconds} when there was none or it asked to come again. */
  const read = async (reply) => {
    const problem = /^application\/problem\+json/.test(reply.headers.get("Content-Type") || "");
    const again = { retry: Number(reply.headers.get("Retry-After")) || 0 };
    adjustClock(reply.headers.get("Date"));
    /* A refusal by somebody between us and the service is no refusal. */
    if (!reply.ok && (!problem || reply.status === 429 || reply.status >= 500)) return again;
    const body = await reply.json();
    if (!reply.ok) return { refusal: body };
    return body.id ? { taken: body } : again;
  };

  const request = async (method, url, headers, text) => {
    const controller = new AbortController();
    environment.later(() => controller.abort(), REPLY_LIMIT);
    requests += 1;
    try {
      return await read(
        await environment.fetch(url, {
          method,
          headers: Object.assign({ "Content-Type": "application/json" }, headers),
          body: text,
          keepalive: text.length < KEEPALIVE_LENGTH,
          redirect: "error",
          signal: controller.signal,
        }),
      );
    } catch (error) {
      return { retry: 0 };
    } finally {
      requests -= 1;
    }
  };

  const bearerOf = (token) => (token ? { Authorization: "Bearer " + token } : {});
  const isAbout = (refusal, slug) => String(refusal.type).endsWith("/" + slug);

  const setAside = (key, refusal) => {
    const kept = (storage.get("npsd.refused") || []).concat({ key, refusal, answer: answerOf(key) });
    storage.set("npsd.refused", kept.slice(-REFUSED_KEPT));
    untold.delete(key);
    tell(key, isAbout(refusal, "survey-closed") ? "closed" : "failed");
  };

  /* --- one answer --- */

  /*
   * What to POST. A body that may have arrived is sent again as it was, since the key stands for it
   * alone. Only an answer that has waited gets a second body, with the time it was given and all that
   * was added: if the first one did arrive, the service says so (key-reused) and the first is repeated.
   */
  const textToPost = (answer, progress) => {
    const waited = serverNow() - answer.at;
    const { sent, first, timeless } = progress;
    if (first || sent.length > 1 || (sent.length === 1 && waited <= MINUTE)) return sent[sent.length - 1];
    const timed = waited > MINUTE && waited < TIME_LIMIT && !timeless;
    return wholeAnswer(answer.body, timed ? { answered_at: new Date(answer.at).toISOString() } : {});
  };

  /* The server knows this much: what the person said meanwhile stays to be sent. */
  const settle = (key, known) => {
    const answer = answerOf(key);
    if (!answer) return; /* by another tab's work */
    setAnswer(key, Object.assign(answer, { body: subtractAnswer(answer.body, known) }));
    if (!answer.edit && !isPending(key)) forget(key);
  };

  const acknowledge = (key, text, reply, edit) => {
    setProgress(key, { id: reply.id, token: reply.edit_token, until: environment.now() + edit });
    settle(key, JSON.parse(text));
  };

  /* True when there is something else to try. */
  const reconsider = (progress, text, refusal) => {
    if (isAbout(refusal, "key-reused") && progress.sent.length > 1) {
      progress.sent.pop();
      progress.first = true;
      return true;
    }
    const about = (refusal.errors || []).some((error) => error.pointer === "/answered_at");
    if (!about || !JSON.parse(text).answered_at) return false;
    progress.sent = progress.sent.filter((other) => other !== text);
    progress.timeless = true;
    return true;
  };

  const post = async (key, answer, progress) => {
    const text = textToPost(answer, progress);
    if (!progress.sent.includes(text)) progress.sent.push(text);
    setProgress(key, progress);
    const headers = Object.assign(bearerOf(answer.bearer), answer.link ? {} : { "Idempotency-Key": key });
    const { taken, refusal, retry } = await request("POST", answer.url, headers, text);
    if (taken) acknowledge(key, text, taken, answer.edit);
    else if (!refusal) return retry;
    else if (reconsider(progress, text, refusal)) setProgress(key, progress);
    else {
      setAside(key, refusal);
      forget(key);
    }
    return null;
  };

  const amend = async (key, answer, progress) => {
    const change = answer.body;
    const url = answer.url + "/" + progress.id;
    const { taken, refusal, retry } = await request("PATCH", url, bearerOf(progress.token), JSON.stringify(change));
    if (!taken && !refusal) return retry;
    if (refusal) setAside(key, refusal);
    settle(key, change);
    return null;
  };

  /* Null when the answer has come further, else in how many seconds at least to try again. */
  const advance = async (key) => {
    const answer = answerOf(key);
    const progress = progressOf(key);
    const old = serverNow() - answer.at > GIVE_UP;
    const retry = await (progress.id ? amend : post)(key, answer, progress);
    if (retry === null || !old) return retry;
    setAside(key, { type: "given-up" });
    forget(key);
    return null;
  };

  /* --- all of them --- */

  const postpone = (seconds) => {
    const pause = Math.min(30, 2 ** failures) * (0.5 + environment.random(1)[0] / 512);
    const wait = 1000 * Math.max(pause, seconds ? seconds + pause / 4 : 0);
    const mine = ++timer;
    failures += 1;
    notBefore = seconds ? environment.now() + wait : 0;
    environment.later(() => {
      if (mine !== timer) return;
      notBefore = 0;
      flush();
    }, wait);
    keys().filter(isPending).forEach((key) => tell(key, "waiting"));
  };

  const tellSaved = () =>
    [...untold].filter((key) => !answerOf(key) || !isPending(key)).forEach((key) => {
      untold.delete(key);
      tell(key, "saved");
    });

  /* In order, one at a time: what comes later waits for what cannot be sent. */
  const sendAll = async () => {
    for (let key; (key = keys().find(isPending)); failures = 0) {
      const retry = await advance(key);
      tellSaved();
      if (retry !== null) return postpone(retry);
    }
    tellSaved(); /* another tab may have sent them */
    return sweep();
  };

  /* Two tabs would not do harm, but the same work. */
  const sendAlone = () =>
    environment.locks ? environment.locks.request("npsd.outbox", sendAll) : sendAll();

  const send = async () => {
    do {
      again = false;
      await sendAlone().catch(() => postpone(0));
    } while (again);
    running = null;
  };

  const flush = () => {
    again = true;
    if (environment.now() < notBefore) return Promise.resolve();
    running = running || send();
    return running;
  };

  const accept = (key, answer) => {
    setAnswer(key, answer);
    untold.add(key);
    tell(key, "saving");
    flush();
  };

  return {
    storage,
    flush,
    setClock,
    serverNow,
    canChange,

    /* Takes a new answer; `edit` is how long, in milliseconds, it can be changed. */
    put: (target, body) => {
      lastKeyMs = Math.max(environment.now(), lastKeyMs + 1);
      const key = makeKey(lastKeyMs, environment.random);
      accept(key, Object.assign({ edit: 0, at: serverNow(), body }, target));
      return key;
    },

    /* False when it can no longer be changed. */
    change: (key, change) => {
      const answer = answerOf(key);
      if (!canChange(key)) return false;
      accept(key, Object.assign(answer, { body: mergeAnswer(answer.body, change) }));
      return true;
    },

    /* Nobody will change it any more: it goes as soon as it has been acknowledged. */
    close: (key) => {
      const answer = answerOf(key);
      if (!answer) return;
      setAnswer(key, Object.assign(answer, { edit: 0 }));
      if (!isPending(key)) forget(key);
    },

    /* The page is going away: the newest answer is sent without waiting for its turn. */
    depart: () => {
      const key = keys().filter(isPending).pop();
      if (key && !requests) advance(key);
    },

    /* Counts a display or a dismissal; that one is lost now and then does not matter. */
    count: (url, event, channel, bearer) => {
      const headers = Object.assign({ "Content-Type": "application/json" }, bearerOf(bearer));
      const body = JSON.stringify({ event, channel });
      environment.fetch(url, { method: "POST", headers, body, keepalive: true }).catch(() => {});
    },
  };
};

/* Sends when there is hope: now, when the network returns, when somebody looks at the page. */
const keepSending = (outbox) => {
  window.addEventListener("online", outbox.flush);
  document.addEventListener("visibilitychange", () =>
    document.visibilityState === "visible" ? outbox.flush() : outbox.depart(),
  );
  window.addEventListener("pagehide", outbox.depart);
  outbox.flush();
};
