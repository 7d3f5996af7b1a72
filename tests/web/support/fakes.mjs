/*
 * The outbox without a browser: storage, clock, timers and a server that are all ours.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";

const source = readFileSync(new URL("../../../src/page/outbox.js", import.meta.url), "utf8");
const names = ["openOutbox", "openStorage", "makeKey", "mergeAnswer", "subtractAnswer", "wholeAnswer"];

export const parts = new Function(`"use strict"; ${source}; return {${names.join(", ")}};`)();

/* localStorage: it keeps strings, and may be told to refuse. */
export const makeStorage = () => {
  const items = {};
  const methods = {
    getItem: (name) => (name in items ? items[name] : null),
    setItem: (name, value) => {
      items[name] = String(value);
    },
    removeItem: (name) => delete items[name],
  };
  for (const name of Object.keys(methods)) Object.defineProperty(items, name, { value: methods[name] });
  return items;
};

const headersOf = (headers) => ({
  get: (name) => headers[name.toLowerCase()] || null,
});

export const reply = (status, body, headers = {}) => ({
  status,
  ok: status >= 200 && status < 300,
  headers: headersOf({
    "content-type": status >= 400 ? "application/problem+json" : "application/json",
    ...headers,
  }),
  json: async () => JSON.parse(typeof body === "string" ? body : JSON.stringify(body)),
});

const sortedText = (value) =>
  JSON.stringify(value, (_, inner) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort())
      : inner,
  );

/*
 * A server that keeps what it takes as the service does: a key is one answer, the same body again is a
 * replay, another one is refused. `plan` is a list of what happens to the next requests: "lost" (never
 * arrives), "cut" (is done, the reply is lost) or a reply.
 */
export const makeServer = (world) => {
  const server = { plan: [], requests: [], taken: new Map(), changes: [] };

  const post = (key, body) => {
    const known = server.taken.get(key);
    if (known && known.text !== sortedText(body)) return reply(422, { type: "/problems/key-reused" });
    const late = body.answered_at && Math.abs(Date.parse(body.answered_at) - world.serverTime()) > 48 * 3600e3;
    if (late && !known) return reply(422, { type: "/problems/invalid", errors: [{ pointer: "/answered_at" }] });
    if (!known) server.taken.set(key, { text: sortedText(body), body: { ...body } });
    return reply(known ? 200 : 201, { id: `id-${key}`, edit_token: `token-${key}` });
  };

  const patch = (id, bearer, change) => {
    const key = id.slice(3);
    if (bearer !== `Bearer token-${key}`) return reply(401, { type: "/problems/unauthorized" });
    const { body } = server.taken.get(key);
    if ("score" in change) body.score = change.score;
    body.answers = { ...body.answers, ...change.answers };
    server.changes.push(change);
    return reply(200, { id });
  };

  const serve = (url, options) => {
    const body = JSON.parse(options.body);
    if (options.method === "PATCH") return patch(url.split("/").pop(), options.headers.Authorization, body);
    return post(options.headers["Idempotency-Key"] || options.headers.Authorization, body);
  };

  server.fetch = async (url, options) => {
    server.requests.push({ url, ...options, body: JSON.parse(options.body) });
    if (server.requests.length > 50000) return new Promise(() => {}); /* a loop without end */
    const next = server.plan.shift() || "serve";
    if (next === "lost" || world.offline) throw new TypeError("Failed to fetch");
    if (typeof next === "function") await next();
    else if (typeof next === "object") return next;
    const answer = serve(url, options);
    if (next === "cut") throw new TypeError("Failed to fetch");
    return answer;
  };
  return server;
};

/* A browser with a clock that only moves by `pass`, which also runs what is due. */
export const makeWorld = ({ locks, start = Date.UTC(2026, 10, 20, 12) } = {}) => {
  const world = { time: start, ahead: 0, offline: false, timers: [], states: [], items: makeStorage() };
  world.serverTime = () => world.time + world.ahead;
  world.server = makeServer(world);
  world.environment = () => ({
    storage: parts.openStorage(() => world.items),
    fetch: world.server.fetch,
    locks,
    now: () => world.time,
    later: (work, ms) => world.timers.push({ at: world.time + ms, work }),
    random: (count) => randomBytes(count),
  });
  world.open = () => parts.openOutbox(world.environment(), (key, state) => world.states.push(state));
  /* Promises have gone as far as they can when the event loop has come round. */
  world.settle = async () => {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  world.pass = async (seconds) => {
    const end = world.time + seconds * 1000;
    await world.settle();
    for (;;) {
      const due = world.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      world.timers.splice(world.timers.indexOf(due), 1);
      world.time = Math.max(world.time, due.at);
      due.work();
      await world.settle();
    }
    world.time = end;
    await world.settle();
  };
  return world;
};
