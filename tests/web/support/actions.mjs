/*
 * What people do on a survey page, and what a test looks at.
 */
import assert from "node:assert/strict";
import { answersOf } from "./service.mjs";

export const score = (page, value) => page.locator(`[name=score][value="${value}"]`);
/* People tap what they see: the words, not the input behind them. */
export const tap = (page, value) => page.locator(`label:has([name=score][value="${value}"])`).click();
export const follow = (page, question) => page.locator(`.follow[data-question=${question}]`);
export const choose = (page, question, value) => follow(page, question).locator(`label:has([value="${value}"])`).click();
export const send = (page) => page.locator(".send").click();
export const dismiss = (page) => page.locator(".dismiss").click();
export const why = (page) => page.locator("[name='answers.why']");

export const hasState = (page, state) => page.waitForSelector(`form[data-state=${state}]`, { state: "attached" });
export const hasHeading = (page, text) => page.getByRole("heading", { name: text }).waitFor();

/* The one answer of a survey, without what differs from run to run. */
export const theAnswer = async (slug) => {
  const [{ score: value, answers, channel, language, properties }] = await answersOf(slug, 1);
  return { score: value, answers, channel, language, properties };
};

const usual = { channel: "web", language: "en", answers: {}, properties: {} };

export const expectAnswer = async (slug, expected) => {
  const deadline = Date.now() + 8000;
  for (;;) {
    try {
      return assert.deepEqual(await theAnswer(slug), { ...usual, ...expected });
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
};

/* Requests of a page to the API, as "METHOD last-part", from now on. */
export const record = (page) => {
  const seen = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/v1/")) seen.push(`${request.method()} ${pathname.split("/")[4]}`);
  });
  return seen;
};

/* Nothing is wider than the window. */
export const expectNoSidewaysScroll = async (page) => {
  const [content, window_] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(content <= window_, `the page is ${content} px wide in a window of ${window_}`);
};
