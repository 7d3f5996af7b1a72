import assert from "node:assert/strict";
import { test } from "./support/harness.mjs";
import { makeStorage, makeWorld, parts, reply } from "./support/fakes.mjs";

const target = { url: "/v1/surveys/demo/responses", edit: 30 * 60 * 1000 };
const tap = (score, more) => ({ score, channel: "web", ...more });

const begin = (options) => {
  const world = makeWorld(options);
  return { world, server: world.server, outbox: world.open() };
};

const onlyAnswer = (server) => {
  assert.equal(server.taken.size, 1);
  return [...server.taken.values()][0].body;
};
const stored = (world) => Object.keys(world.items).filter((name) => /^npsd\.(outbox|sent)/.test(name));

test("keys are UUIDs of version 7 and sort by time", () => {
  const random = (count) => new Array(count).fill(255);
  const key = parts.makeKey(Date.UTC(2026, 0, 1), random);
  assert.match(key, /^[0-9a-f]{8}-[0-9a-f]{4}-7fff-bfff-ffffffffffff$/);
  assert.equal(parseInt(key.replace(/-/g, "").slice(0, 12), 16), Date.UTC(2026, 0, 1));
  assert.ok(parts.makeKey(Date.UTC(2026, 0, 1) + 1, () => new Array(10).fill(0)) > key);
});

test("bodies merge, and what is known is taken away", () => {
  const body = parts.mergeAnswer(tap(9), { answers: { why: "a" } });
  const later = parts.mergeAnswer(body, { score: 3, answers: { why: null, more: ["x"] } });
  assert.deepEqual(later, tap(3, { answers: { why: null, more: ["x"] } }));
  assert.deepEqual(parts.subtractAnswer(later, body), { score: 3, answers: { why: null, more: ["x"] } });
  assert.deepEqual(parts.subtractAnswer(body, body), {});
  assert.equal(parts.wholeAnswer(later), '{"score":3,"channel":"web","answers":{"more":["x"]}}');
  assert.equal(parts.wholeAnswer(tap(0)), '{"score":0,"channel":"web"}');
});

test("storage that is forbidden or full is replaced by memory", () => {
  const forbidden = parts.openStorage(() => {
    throw new Error("SecurityError");
  });
  forbidden.set("npsd.a", { b: 1 });
  assert.deepEqual(forbidden.get("npsd.a"), { b: 1 });
  assert.deepEqual(forbidden.names("npsd."), ["npsd.a"]);
  forbidden.remove("npsd.a");
  assert.equal(forbidden.get("npsd.a"), null);
  const items = makeStorage();
  items["npsd.broken"] = "{";
  const full = parts.openStorage(() => ({ getItem: items.getItem, setItem: () => assert.fail("full") }));
  full.set("npsd.c", 2);
  assert.equal(full.get("npsd.c"), 2);
  assert.equal(full.get("npsd.broken"), null);
});

test("a tap is posted at once with its key and without a time, and nothing of it stays", async () => {
  const { world, server, outbox } = begin();
  const key = outbox.put(target, tap(9));
  await world.settle();
  const [request] = server.requests;
  assert.equal(request.headers["Idempotency-Key"], key);
  assert.deepEqual(request.body, tap(9));
  assert.ok(request.keepalive);
  assert.deepEqual(world.states, ["saving", "saved"]);
  assert.deepEqual(JSON.parse(world.items[`npsd.outbox.${key}`]).body, {});
  await world.pass(31 * 60);
  await outbox.flush();
  assert.deepEqual(stored(world), []);
});

test("changes before the first attempt are one request", async () => {
  let grant;
  const locks = { request: async (name, work) => new Promise((go) => (grant = go)).then(work) };
  const { world, server, outbox } = begin({ locks });
  const key = outbox.put(target, tap(9));
  outbox.change(key, { score: 8, answers: { why: "quick" } });
  grant();
  await world.settle();
  assert.equal(server.requests.length, 1);
  assert.deepEqual(onlyAnswer(server), tap(8, { answers: { why: "quick" } }));
});

test("changes while the answer is on its way, and after, are amendments", async () => {
  const { world, server, outbox } = begin();
  let arrive;
  server.plan = [() => new Promise((go) => (arrive = go))];
  const key = outbox.put(target, tap(9));
  await world.settle();
  outbox.change(key, { score: 4, answers: { why: "slow" } });
  arrive();
  await world.settle();
  outbox.change(key, { answers: { why: null } });
  await world.settle();
  assert.deepEqual(server.requests.map(({ method }) => method), ["POST", "PATCH", "PATCH"]);
  assert.deepEqual(server.changes, [{ score: 4, answers: { why: "slow" } }, { answers: { why: null } }]);
  assert.equal(world.states[world.states.length - 1], "saved");
  assert.deepEqual(stored(world).length, 2);
});

test("a lost request is sent again, with growing pauses, as one answer", async () => {
  const { world, server, outbox } = begin();
  server.plan = ["lost", "lost", "lost", "lost"];
  outbox.put(target, tap(7));
  await world.settle();
  assert.deepEqual(world.states, ["saving", "waiting"]);
  await world.pass(50);
  assert.equal(onlyAnswer(server).score, 7);
  assert.equal(new Set(server.requests.map(({ headers }) => headers["Idempotency-Key"])).size, 1);
  assert.equal(world.states.pop(), "saved");
});

test("a reply lost after the commit is one answer, and what was added meanwhile follows", async () => {
  const { world, server, outbox } = begin();
  server.plan = ["cut"];
  const key = outbox.put(target, tap(7));
  await world.settle();
  outbox.change(key, { score: 6, answers: { why: "late" } });
  await world.pass(5);
  assert.deepEqual(server.requests[1].body, server.requests[0].body);
  assert.deepEqual(onlyAnswer(server), tap(6, { answers: { why: "late" } }));
});

test("an answer that waited for long carries its time and all that was added", async () => {
  const { world, server, outbox } = begin();
  world.offline = true;
  const key = outbox.put(target, tap(7));
  const told = new Date(world.time).toISOString();
  await world.pass(5);
  outbox.change(key, { answers: { why: "rain" } });
  await world.pass(3600);
  world.offline = false;
  await world.pass(31);
  assert.deepEqual(onlyAnswer(server), tap(7, { answers: { why: "rain" }, answered_at: told }));
  assert.deepEqual(server.changes, []);
});

test("when the first attempt had arrived after all, the answer with its time gives way to it", async () => {
  const { world, server, outbox } = begin();
  server.plan = ["cut"];
  const key = outbox.put(target, tap(7));
  await world.settle();
  world.offline = true;
  outbox.change(key, { answers: { why: "rain" } });
  await world.pass(3600);
  world.offline = false;
  await world.pass(31);
  assert.deepEqual(onlyAnswer(server), tap(7, { answers: { why: "rain" } }));
  assert.deepEqual(server.changes, [{ answers: { why: "rain" } }]);
  assert.equal(world.items["npsd.refused"], undefined);
});

test("an answer older than the service takes is sent without its time", async () => {
  for (const hours of [47.5, 49, 200]) {
    const { world, server, outbox } = begin();
    world.offline = true;
    outbox.put(target, tap(3));
    await world.settle();
    world.timers = [];
    world.time += hours * 3600e3;
    world.offline = false;
    outbox.flush();
    await world.pass(31);
    assert.deepEqual(onlyAnswer(server), tap(3));
  }
});

test("a time that the service refuses is left out", async () => {
  const { world, server, outbox } = begin();
  world.offline = true;
  outbox.put(target, tap(3));
  await world.pass(600);
  world.ahead = 60 * 3600e3;
  world.offline = false;
  await world.pass(31);
  assert.deepEqual(onlyAnswer(server), tap(3));
  assert.equal(world.states.pop(), "saved");
});

test("time is the server's, by the page and by its replies", async () => {
  const { world, outbox } = begin();
  outbox.setClock(world.time + 3600e3);
  assert.equal(outbox.serverNow(), world.time + 3600e3);
  await world.pass(600);
  outbox.setClock(world.time - 600e3 + 3600e3);
  assert.equal(outbox.serverNow(), world.time + 3600e3, "the same page out of a cache");
  world.server.plan = [reply(201, { id: "a" }, { date: new Date(world.time - 60e3).toUTCString() })];
  outbox.put(target, tap(1));
  await world.settle();
  assert.equal(outbox.serverNow(), world.time - 60e3);
});

test("a Retry-After is respected, also when the network returns", async () => {
  const { world, server, outbox } = begin();
  server.plan = [reply(503, {}, { "retry-after": "120" })];
  outbox.put(target, tap(9));
  await world.pass(100);
  outbox.flush();
  await world.settle();
  assert.equal(server.requests.length, 1);
  await world.pass(40);
  assert.equal(onlyAnswer(server).score, 9);
});

test("429, 500, a page of somebody between, and a reply without an id are no word of the service", async () => {
  const { world, server, outbox } = begin();
  const html = { "content-type": "text/html" };
  server.plan = [
    reply(429, {}, { "retry-after": "1" }),
    reply(500, {}),
    reply(403, "<p>Log in", html),
    reply(404, {}, { "content-type": "application/json" }),
    reply(200, "<p>Log in", html),
    reply(200, {}),
  ];
  outbox.put(target, tap(9));
  await world.pass(200);
  assert.equal(server.requests.length, 7);
  assert.equal(onlyAnswer(server).score, 9);
  assert.equal(world.items["npsd.refused"], undefined);
});

test("a refused answer is set aside and does not hold up the next", async () => {
  const { world, server, outbox } = begin();
  server.plan = [reply(422, { type: "/problems/invalid" }), reply(403, { type: "/problems/survey-closed" })];
  for (const score of [1, 2, 3]) outbox.put(target, tap(score));
  await world.pass(1);
  assert.equal(onlyAnswer(server).score, 3);
  assert.deepEqual(world.states, ["saving", "saving", "saving", "failed", "closed", "saved"]);
  const refused = JSON.parse(world.items["npsd.refused"]);
  assert.deepEqual(refused.map(({ answer }) => answer.body.score), [1, 2]);
});

test("of refused answers the last twenty stay", async () => {
  const { world, server, outbox } = begin();
  server.plan = new Array(25).fill(reply(422, {}));
  for (let i = 0; i < 25; i++) {
    outbox.put(target, tap(i % 11, { n: i }));
    await world.pass(1);
  }
  const refused = JSON.parse(world.items["npsd.refused"]);
  assert.deepEqual([refused.length, refused[0].answer.body.n, refused[19].answer.body.n], [20, 5, 24]);
});

test("a refused amendment is set aside, the answer stays", async () => {
  const { world, server, outbox } = begin();
  const key = outbox.put(target, tap(9));
  await world.settle();
  server.plan = [reply(403, { type: "/problems/edit-over" })];
  outbox.change(key, { score: 2 });
  await world.settle();
  assert.equal(onlyAnswer(server).score, 9);
  assert.deepEqual(world.states, ["saving", "saved", "saving", "failed"]);
  assert.deepEqual(server.requests.length, 2);
});

test("fifty answers of a day offline arrive once each, in order, with their times", async () => {
  const { world, server, outbox } = begin();
  world.offline = true;
  for (let i = 0; i < 50; i++) {
    const key = outbox.put(target, tap(i % 11, { n: i }));
    await world.pass(600);
    outbox.close(key);
  }
  world.offline = false;
  await world.pass(31);
  assert.deepEqual([...server.taken.values()].map(({ body }) => body.n), [...new Array(50).keys()]);
  const times = [...server.taken.values()].map(({ body }) => Date.parse(body.answered_at));
  for (let i = 1; i < 50; i++) assert.equal(times[i] - times[i - 1], 600e3);
  assert.deepEqual(stored(world), []);
});

test("another page takes over what the first left behind", async () => {
  const { world, server, outbox } = begin();
  world.offline = true;
  const key = outbox.put(target, tap(5));
  await world.settle();
  world.offline = false;
  world.timers = [];
  const next = world.open();
  next.flush();
  await world.settle();
  assert.equal(onlyAnswer(server).score, 5);
  assert.ok(next.change(key, { score: 6 }));
  await world.settle();
  assert.equal(onlyAnswer(server).score, 6);
});

test("two tabs without locks send the same answers, which stay one each", async () => {
  const { world, server, outbox } = begin();
  world.offline = true;
  for (let i = 0; i < 10; i++) outbox.put(target, tap(i));
  await world.settle();
  world.offline = false;
  const other = world.open();
  await Promise.all([other.flush(), world.pass(31)]);
  assert.equal(server.taken.size, 10);
  assert.equal(world.items["npsd.refused"], undefined);
});

test("the answer by a signed link carries the link instead of a key", async () => {
  const { world, server, outbox } = begin();
  outbox.put({ ...target, bearer: "payload.tag", link: true }, tap(9));
  await world.settle();
  const { headers } = server.requests[0];
  assert.equal(headers.Authorization, "Bearer payload.tag");
  assert.equal(headers["Idempotency-Key"], undefined);
});

test("a page that closes sends what has not been tried", async () => {
  const locks = { request: () => new Promise(() => {}) };
  const { world, server, outbox } = begin({ locks });
  outbox.put(target, tap(9));
  await world.settle();
  assert.equal(server.requests.length, 0);
  outbox.depart();
  await world.settle();
  assert.equal(onlyAnswer(server).score, 9);
});

test("after its time an answer cannot be changed", async () => {
  const { world, outbox } = begin();
  const key = outbox.put(target, tap(9));
  await world.pass(31 * 60);
  assert.equal(outbox.change(key, { score: 1 }), false);
  assert.equal(outbox.change("unknown", { score: 1 }), false);
});

test("what nobody takes for sixty days is given up", async () => {
  const { world, server, outbox } = begin();
  world.offline = true;
  outbox.put(target, tap(9));
  await world.settle();
  world.timers = [];
  world.time += 61 * 24 * 3600e3;
  outbox.flush();
  await world.settle();
  assert.equal(server.taken.size, 0);
  assert.deepEqual(stored(world), []);
  assert.equal(JSON.parse(world.items["npsd.refused"]).length, 1);
});
