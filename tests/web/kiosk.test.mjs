/* The survey page of a kiosk. */
import assert from "node:assert/strict";
import { test } from "./support/harness.mjs";
import { newContext, visit } from "./support/browser.mjs";
import { choose, expectAnswer, hasHeading, hasState, score, send, tap, why } from "./support/actions.mjs";
import { answers, answersOf, eventually, makeSurvey } from "./support/service.mjs";

const tablet = { viewport: { width: 1024, height: 768 }, hasTouch: true };

/* A test on a kiosk of its own; its clock is the test's: it stands but for page.clock.runFor. */
const kiosk = (name, body, { clock = false, ...options } = {}) =>
  test(name, visit("", { ...tablet, ...options }, async (page, context) => {
    const slug = await makeSurvey();
    if (clock) await page.clock.install();
    await page.goto(`/s/${slug}?kiosk=1&branch=north`);
    await body(page, slug, context);
  }), { seconds: 120 });

const isKept = (page) =>
  eventually(() => page.evaluate(async () => {
    const kept = await caches.open("npsd-kiosk");
    const registration = await navigator.serviceWorker.getRegistration("/s/");
    return Boolean(registration && registration.active) && (await kept.keys()).length > 2;
  }));

const isAtStart = async (page) => {
  await page.locator("form.live:not([hidden])").waitFor();
  assert.equal(await page.locator("input:checked").count(), 0);
};

kiosk("an answer is a kiosk's, with its branch", async (page, slug) => {
  await tap(page, 9);
  await choose(page, "improve", "staff");
  await expectAnswer(slug, {
    score: 9, answers: { improve: "staff" }, channel: "kiosk", properties: { branch: "north" },
  });
});

kiosk("targets are large", async (page) => {
  for (const one of await page.locator(".points label").all()) {
    const { width, height } = await one.boundingBox();
    assert.ok(width >= 64 && height >= 64, `${width} x ${height}`);
  }
});

kiosk("after thanks it returns to the start, and nothing of the person stays", async (page, slug) => {
  await tap(page, 3);
  await why(page).fill("My name is Smith");
  await send(page);
  await hasHeading(page, "Thank you!");
  await eventually(() => answers(slug), (rows) => rows.length === 1 && rows[0].answers.why);
  await page.clock.runFor(6100);
  await isAtStart(page);
  assert.equal(await page.locator(".message").count(), 0);
  await page.keyboard.press("Control+Z");
  const seen = await page.evaluate(
    () => document.documentElement.outerHTML + [...document.querySelectorAll("textarea")].map((text) => text.value),
  );
  assert.doesNotMatch(seen, /Smith/);
  const kept = await page.evaluate(() => JSON.stringify(Object.entries(localStorage)));
  assert.doesNotMatch(kept, /Smith|npsd\.(outbox|sent|done)/);
}, { clock: true });

kiosk("the next person is another answer", async (page, slug) => {
  for (const value of [3, 9, 9]) {
    await tap(page, value);
    await hasState(page, "saved");
    await send(page);
    await page.clock.runFor(6100);
    await isAtStart(page);
  }
  const rows = await answersOf(slug, 3);
  assert.deepEqual(rows.map(({ score: value }) => value), [3, 9, 9]);
}, { clock: true });

kiosk("who walks away has answered with what was tapped", async (page, slug) => {
  await tap(page, 6);
  await why(page).pressSequentially("half a sen");
  await page.clock.runFor(44000);
  assert.ok(await score(page, 6).isChecked());
  await page.clock.runFor(2000);
  await isAtStart(page);
  await expectAnswer(slug, {
    score: 6, answers: { why: "half a sen" }, channel: "kiosk", properties: { branch: "north" },
  });
}, { clock: true });

kiosk("it returns to its own language", async (page) => {
  const start = page.url();
  await page.getByRole("link", { name: "Русский" }).click();
  await tap(page, 9);
  await hasState(page, "saved");
  await send(page);
  await hasHeading(page, "Спасибо!");
  await page.clock.runFor(6100);
  await page.waitForURL(start);
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
}, { clock: true });

const HOUR = 3600 * 1000;

/* As if the page had been opened so long ago, by the service's clock. */
const openedEarlier = (page, ms) =>
  page.evaluate((skew) => {
    const opened = Number(document.querySelector("form").dataset.now);
    localStorage.setItem("npsd.clock", JSON.stringify({ page: opened, skew }));
  }, -ms);

kiosk("a day offline: it works, also after a reload, and fifty answers arrive once, with their times", async (page, slug, context) => {
  await isKept(page);
  await openedEarlier(page, 13 * HOUR);
  await context.setOffline(true);
  for (let i = 0; i < 25; i++) await answerAndLeave(page, i % 11);
  await page.clock.fastForward(12 * HOUR);
  await page.reload();
  for (let i = 25; i < 50; i++) await answerAndLeave(page, i % 11);
  assert.deepEqual(await answers(slug), []);
  await context.setOffline(false);
  const rows = await answersOf(slug, 50);
  const times = rows.map(({ answered_at: time }) => Date.now() - Date.parse(time));
  assert.equal(times.filter((age) => age > 12 * HOUR && age < 14 * HOUR).length, 25);
  const byTime = [...rows].sort((a, b) => a.answered_at.localeCompare(b.answered_at));
  assert.deepEqual(byTime.map(({ score: value }) => value), Array.from({ length: 50 }, (_, i) => i % 11));
  await eventually(() => page.evaluate(() => Object.keys(localStorage).filter((name) => name.startsWith("npsd.outbox"))),
    (left) => left.length === 0);
}, { clock: true });

const answerAndLeave = async (page, value) => {
  await tap(page, value);
  await send(page);
  await page.clock.runFor(6100);
};

test("a page that is no kiosk's is not kept", async () => {
  const context = await newContext(tablet);
  try {
    const page = await context.newPage();
    const slug = await makeSurvey();
    await page.goto(`/s/${slug}?kiosk=1`);
    await isKept(page);
    await page.goto(`/s/${slug}`);
    const kept = await page.evaluate(async () =>
      (await (await caches.open("npsd-kiosk")).keys()).map(({ url }) => url).filter((url) => url.includes("/s/")),
    );
    assert.ok(kept.length > 0 && kept.every((url) => url.includes("kiosk=1")), kept.join());
    await context.setOffline(true);
    await assert.rejects(page.goto(`/s/${slug}`));
    const other = await context.newPage();
    await other.goto(`/s/${slug}?kiosk=1`);
    await isAtStart(other);
  } finally {
    await context.close();
  }
});
