/* The survey page by signed link: one answer a link, whose it is comes from the link. */
import assert from "node:assert/strict";
import { test } from "./support/harness.mjs";
import { visit } from "./support/browser.mjs";
import { expectAnswer, hasHeading, hasState, send, tap, why } from "./support/actions.mjs";
import { answersOf, api, makeSurvey } from "./support/service.mjs";

const members = { access: "link" };

/* The path of a new link for a person, with what it brings. */
const linkTo = async (slug, person) => {
  const { items: [{ url }] } = await api("POST", `/v1/surveys/${slug}/links`, {
    respondents: [person], channel: "email", language: "en",
  });
  const { pathname, search } = new URL(url);
  return pathname + search;
};

const byLink = (name, body, options = {}) =>
  test(name, visit("", options, async (page, context) => {
    const slug = await makeSurvey(members);
    const path = await linkTo(slug, { respondent: "c-17", properties: { branch: "north" } });
    await page.goto(path);
    await body(page, slug, path, context);
  }));

byLink("a tap and what follows are one person's answer", async (page, slug) => {
  await tap(page, 4);
  await hasState(page, "saved");
  await why(page).fill("Cold");
  await send(page);
  await hasHeading(page, "Thank you");
  await expectAnswer(slug, { score: 4, channel: "email", properties: { branch: "north" }, answers: { why: "Cold" } });
  assert.equal((await answersOf(slug, 1))[0].respondent, "c-17");
});

byLink("another browser with the same link changes the answer and adds none", async (page, slug, path, context) => {
  await tap(page, 4);
  await hasState(page, "saved");
  const other = await context.browser().newContext({ baseURL: new URL(page.url()).origin, locale: "en-GB" });
  const second = await other.newPage();
  await second.goto(path);
  await tap(second, 10);
  await hasState(second, "saved");
  await other.close();
  const [answer] = await answersOf(slug, 1);
  assert.equal(answer.score, 10);
});

byLink("a number of the e-mail's is shown and not recorded", async (page, slug, path) => {
  await page.goto(`${path}&score=9`);
  assert.equal(await page.locator("[name=score]:checked").getAttribute("value"), "9");
  await answersOf(slug, 0);
  await send(page); // "Send 9"
  await hasState(page, "saved");
  assert.equal((await answersOf(slug, 1))[0].score, 9);
});

byLink("without script it is one answer as well", async (page, slug) => {
  await tap(page, 7);
  await send(page);
  await hasHeading(page, "Thank you");
  const [answer] = await answersOf(slug, 1);
  assert.equal(answer.score, 7);
  assert.equal(answer.respondent, "c-17");
}, { javaScriptEnabled: false });
