/* The survey page without script: a plain form. */
import assert from "node:assert/strict";
import { test } from "./support/harness.mjs";
import { visit } from "./support/browser.mjs";
import { choose, dismiss, expectAnswer, hasHeading, score, send, tap, why } from "./support/actions.mjs";
import { answers, makeSurvey } from "./support/service.mjs";

const plain = { javaScriptEnabled: false };

test("a form is filled in and sent", visit("", plain, async (page) => {
  const slug = await makeSurvey();
  await page.goto(`/s/${slug}?branch=north&utm_source=receipt`);
  await tap(page, 9);
  await why(page).fill("Quick & <kind>");
  await choose(page, "improve", "wait");
  await send(page);
  await hasHeading(page, "Thank you!");
  assert.equal(new URL(page.url()).pathname, `/s/${slug}/thanks`);
  await expectAnswer(slug, {
    score: 9,
    answers: { why: "Quick & <kind>", improve: "wait" },
    properties: { branch: "north" },
  });
}));

test("nothing is preselected, and without a score nothing is sent", visit("", plain, async (page) => {
  const slug = await makeSurvey();
  await page.goto(`/s/${slug}`);
  assert.equal(await page.locator("input:checked").count(), 0);
  await page.locator("form").evaluate((form) => form.requestSubmit && form.checkValidity()).then((valid) =>
    assert.equal(valid, false),
  );
  assert.deepEqual(await answers(slug), []);
}));

test("a number in the link is marked, and recorded by the button alone", visit("", plain, async (page) => {
  const slug = await makeSurvey();
  await page.goto(`/s/${slug}?score=9`);
  assert.ok(await score(page, 9).isChecked());
  await page.reload();
  assert.deepEqual(await answers(slug), []);
  await send(page);
  await hasHeading(page, "Thank you!");
  await expectAnswer(slug, { score: 9 });
}));

test("a double click is one answer", visit("", plain, async (page) => {
  const slug = await makeSurvey();
  await page.goto(`/s/${slug}`);
  await tap(page, 3);
  await page.locator(".send").dblclick();
  await hasHeading(page, "Thank you!");
  await expectAnswer(slug, { score: 3 });
}));

test("no, thank you records nothing", visit("", plain, async (page) => {
  const slug = await makeSurvey();
  await page.goto(`/s/${slug}`);
  await tap(page, 3);
  await dismiss(page);
  await hasHeading(page, "All right!");
  assert.deepEqual(await answers(slug), []);
}));

test("the language of the browser, and another by choice", visit("", { ...plain, locale: "ru-RU" }, async (page) => {
  const slug = await makeSurvey();
  await page.goto(`/s/${slug}?score=8&branch=north`);
  assert.equal(await page.locator("html").getAttribute("lang"), "ru");
  await page.getByRole("link", { name: "English" }).click();
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  assert.ok(await score(page, 8).isChecked());
  await send(page);
  await hasHeading(page, "Thank you!");
  await expectAnswer(slug, { score: 8, properties: { branch: "north" } });
}));

test("pages that cannot be had say so kindly, with the right status", visit("", plain, async (page) => {
  const closed = await makeSurvey({ open: false });
  const keyed = await makeSurvey({ access: "key" });
  const seen = [];
  for (const slug of [closed, "nowhere", keyed]) {
    const reply = await page.goto(`/s/${slug}`);
    seen.push([reply.status(), await page.locator("h1").textContent()]);
  }
  assert.deepEqual(seen.map(([status]) => status).slice(0, 2), [403, 404]);
  assert.deepEqual(
    seen.map(([, heading]) => heading),
    ["This survey is closed", "There is no survey here", "By invitation"],
  );
}));
