/* The survey page with script. */
import assert from "node:assert/strict";
import { test } from "./support/harness.mjs";
import { visit } from "./support/browser.mjs";
import {
  choose, dismiss, expectAnswer, hasHeading, hasState, record, score, send, tap, why,
} from "./support/actions.mjs";
import { answers, answersOf, api, makeSurvey, startDaemon, stopDaemon } from "./support/service.mjs";

/* A test on the page of a survey of its own. */
const survey = (name, body, { query = "", members, ...options } = {}) =>
  test(name, visit("", options, async (page, context) => {
    const slug = await makeSurvey(members);
    await page.goto(`/s/${slug}${query}`);
    await body(page, slug, context);
  }));

survey("a tap saves at once", async (page, slug) => {
  assert.equal(await page.locator("input:checked").count(), 0);
  await tap(page, 9);
  await hasState(page, "saved");
  assert.match(await page.getByRole("status").textContent(), /^Saved/);
  await expectAnswer(slug, { score: 9 });
});

survey("zero counts", async (page, slug) => {
  await tap(page, 0);
  await hasState(page, "saved");
  await expectAnswer(slug, { score: 0 });
});

survey("questions are added as they are answered, without the button", async (page, slug) => {
  const seen = record(page);
  await tap(page, 9);
  await hasState(page, "saved");
  await choose(page, "improve", "price");
  await expectAnswer(slug, { score: 9, answers: { improve: "price" } }); /* what comes sooner goes with it */
  await why(page).fill("Fast");
  await why(page).blur();
  await expectAnswer(slug, { score: 9, answers: { why: "Fast", improve: "price" } });
  assert.deepEqual(seen.filter((one) => one.endsWith("responses")), [
    "POST responses",
    "PATCH responses",
    "PATCH responses",
  ]);
}, { query: "?channel=web" });

survey("what is being typed is saved in a pause, and taken back when it is deleted", async (page, slug) => {
  await tap(page, 2);
  await why(page).pressSequentially("slow");
  await expectAnswer(slug, { score: 2, answers: { why: "slow" } });
  await why(page).fill("");
  await expectAnswer(slug, { score: 2 });
});

survey("closing the page loses nothing of what was typed", async (page, slug) => {
  await tap(page, 2);
  await hasState(page, "saved");
  await why(page).pressSequentially("slow");
  await page.close({ runBeforeUnload: true });
  await expectAnswer(slug, { score: 2, answers: { why: "slow" } });
});

survey("closing the page right after the tap sends it", async (page, slug) => {
  await tap(page, 2);
  await page.close({ runBeforeUnload: true });
  await expectAnswer(slug, { score: 2 });
});

const byGroup = {
  questions: [
    { id: "recommend", type: "nps", text: { en: "How likely?" } },
    {
      id: "why", type: "text", text: { en: "Why?" },
      text_by_group: { critic: { en: "What went wrong?" }, promoter: { en: "What did you like?" } },
    },
    { id: "back", type: "yes_no", text: { en: "May we call?" }, ask: ["critic"] },
    { id: "ease", type: "scale", text: { en: "How easy?" }, min: 1, max: 5, ask: ["neutral", "promoter"] },
    {
      id: "liked", type: "choices", text: { en: "What else?" }, ask: ["promoter"],
      options: [{ id: "food", text: { en: "Food" } }, { id: "room", text: { en: "Room" } }],
    },
  ],
};

const asked = async (page) => {
  const seen = [];
  for (const one of await page.locator(".follow").all())
    if (await one.isVisible()) seen.push((await one.locator(".text").textContent()).trim());
  return seen;
};

survey("each group is asked its own questions, in its own words", async (page) => {
  assert.deepEqual(await asked(page), []);
  await tap(page, 3);
  assert.deepEqual(await asked(page), ["What went wrong?", "May we call?"]);
  await tap(page, 7);
  assert.deepEqual(await asked(page), ["Why?", "How easy?"]);
  await tap(page, 10);
  assert.deepEqual(await asked(page), ["What did you like?", "How easy?", "What else?"]);
}, { members: byGroup });

survey("all types of questions", async (page, slug) => {
  await tap(page, 3);
  await choose(page, "back", "false");
  await tap(page, 10);
  await choose(page, "ease", "4");
  await choose(page, "liked", "food");
  await choose(page, "liked", "room");
  await expectAnswer(slug, { score: 10, answers: { back: false, ease: 4, liked: ["food", "room"] } });
  await choose(page, "liked", "food");
  await choose(page, "liked", "room");
  await expectAnswer(slug, { score: 10, answers: { back: false, ease: 4 } });
}, { members: byGroup });

survey("a reload shows answers of all types again", async (page, slug) => {
  await tap(page, 3);
  await choose(page, "back", "false");
  await tap(page, 10);
  await choose(page, "ease", "4");
  await choose(page, "liked", "room");
  await hasState(page, "saved");
  await page.reload();
  const checked = await page.locator(".follow input:checked").evaluateAll((all) => all.map(({ value }) => value));
  assert.deepEqual(checked, ["false", "4", "room"]);
  await expectAnswer(slug, { score: 10, answers: { back: false, ease: 4, liked: ["room"] } });
}, { members: byGroup });

survey("a changed score is a change of the same answer", async (page, slug) => {
  await tap(page, 9);
  await hasState(page, "saved");
  await tap(page, 4);
  await expectAnswer(slug, { score: 4 });
  const [{ id }] = await answers(slug);
  const { items } = await api("GET", `/v1/surveys/${slug}/responses/${id}/history`);
  assert.ok(items.length >= 1);
});

survey("many quick taps are one answer, the last of them", async (page, slug) => {
  for (const value of [1, 9, 3, 7, 10, 2, 8]) await tap(page, value);
  await page.locator("label:has([name=score][value='8'])").dblclick();
  await hasState(page, "saved");
  await expectAnswer(slug, { score: 8 });
});

survey("done says thanks, and the answer can still be changed", async (page, slug) => {
  await tap(page, 9);
  await why(page).fill("Fast");
  await send(page);
  await hasHeading(page, "Thank you!");
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1");
  await expectAnswer(slug, { score: 9, answers: { why: "Fast" } });
  await page.reload();
  await hasHeading(page, "Thank you!");
  await page.getByRole("button", { name: "Change my answer" }).click();
  assert.ok(await score(page, 9).isChecked());
  assert.equal(await why(page).inputValue(), "Fast");
  await tap(page, 10);
  await expectAnswer(slug, { score: 10, answers: { why: "Fast" } });
});

survey("a reload in the middle shows what was said, and goes on with it", async (page, slug) => {
  await tap(page, 5);
  await hasState(page, "saved");
  await why(page).fill("So so");
  await why(page).blur();
  await page.reload();
  assert.ok(await score(page, 5).isChecked());
  assert.equal(await why(page).inputValue(), "So so");
  await tap(page, 6);
  await expectAnswer(slug, { score: 6, answers: { why: "So so" } });
});

survey("the back button comes back to the same answer", async (page, slug) => {
  await tap(page, 5);
  await hasState(page, "saved");
  await page.goto("/s/nowhere");
  await page.goBack();
  assert.ok(await score(page, 5).isChecked());
  await tap(page, 6);
  await expectAnswer(slug, { score: 6 });
});

survey("two tabs are one person", async (page, slug, context) => {
  const other = await context.newPage();
  await other.goto(`/s/${slug}`);
  await tap(page, 9);
  await hasState(page, "saved");
  await tap(other, 4);
  await hasState(other, "saved");
  await expectAnswer(slug, { score: 4 });
  await send(other);
  const third = await context.newPage();
  await third.goto(`/s/${slug}`);
  await hasHeading(third, "Thank you!");
});

survey("no, thank you is final in this browser", async (page, slug, context) => {
  const seen = record(page);
  await dismiss(page);
  await hasHeading(page, "All right!");
  await page.reload();
  await hasHeading(page, "All right!");
  const other = await context.newPage();
  await other.goto(`/s/${slug}`);
  await hasHeading(other, "All right!");
  assert.equal(await other.locator("form").isVisible(), false);
  assert.deepEqual(await answers(slug), []);
  assert.deepEqual(seen, ["POST displays"]);
});

survey("a display is counted once, by whatever reloads", async (page, slug) => {
  const seen = record(page);
  await page.reload();
  await tap(page, 9);
  await hasState(page, "saved");
  await page.reload();
  assert.deepEqual(seen.filter((one) => one.endsWith("displays")), []);
});

survey("a number in the link is marked and recorded by a click alone", async (page, slug) => {
  const button = page.getByRole("button", { name: "Send 9" });
  assert.ok(await score(page, 9).isChecked());
  await button.waitFor();
  await page.reload();
  assert.deepEqual(await answers(slug), []);
  await button.click();
  await hasState(page, "saved");
  await expectAnswer(slug, { score: 9 });
  assert.ok(await why(page).isVisible());
  await page.getByRole("button", { name: "Done" }).click();
  await hasHeading(page, "Thank you!");
}, { query: "?score=9" });

survey("a tap on the marked number records it too", async (page, slug) => {
  await tap(page, 9);
  await expectAnswer(slug, { score: 9 });
}, { query: "?score=9" });

survey("without a network the answer waits, and is sent once when it returns", async (page, slug, context) => {
  await context.setOffline(true);
  await tap(page, 9);
  await hasState(page, "waiting");
  await why(page).fill("On a train");
  await send(page);
  await hasHeading(page, "Thank you!");
  assert.match(await page.locator(".message p").textContent(), /^Saved on this device/);
  assert.deepEqual(await answers(slug), []);
  await context.setOffline(false);
  await expectAnswer(slug, { score: 9, answers: { why: "On a train" } });
  await page.locator(".message p", { hasText: "has reached us" }).waitFor();
});

survey("an answer given without a network is sent by the next visit", async (page, slug, context) => {
  await context.setOffline(true);
  await tap(page, 1);
  await hasState(page, "waiting");
  await page.close();
  await context.setOffline(false);
  const next = await context.newPage();
  await next.goto(`/s/${slug}`);
  await expectAnswer(slug, { score: 1 });
});

survey("while the service is away the answer waits", async (page, slug) => {
  await stopDaemon();
  try {
    await tap(page, 7);
    await hasState(page, "waiting");
    await tap(page, 6);
  } finally {
    await startDaemon();
  }
  await hasState(page, "saved");
  await expectAnswer(slug, { score: 6 });
});

survey("a reply that is lost after the commit is one answer", async (page, slug) => {
  let lost = 0;
  await page.route("**/responses", async (route) => {
    if (lost++ > 1) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await tap(page, 7);
  await hasState(page, "waiting");
  await tap(page, 8);
  await answersOf(slug, 1);
  await hasState(page, "saved");
  await expectAnswer(slug, { score: 8 });
  assert.ok(lost > 2);
});

survey("a survey that closes meanwhile says so", async (page, slug) => {
  await api("PATCH", `/v1/surveys/${slug}`, { open: false });
  await tap(page, 7);
  await hasState(page, "closed");
  assert.equal(await page.getByRole("status").textContent(), "This survey is closed");
  assert.deepEqual(await answers(slug), []);
});

survey("where answers cannot be changed all of it is sent at the end", async (page, slug) => {
  const seen = record(page);
  await tap(page, 7);
  await tap(page, 8);
  await why(page).fill("All at once");
  await send(page);
  await hasHeading(page, "Thank you!");
  await expectAnswer(slug, { score: 8, answers: { why: "All at once" } });
  assert.deepEqual(seen.filter((one) => one.endsWith("responses")), ["POST responses"]);
}, { members: { edit_minutes: 0 } });

survey("where answers cannot be changed, closing the page sends what there is", async (page, slug) => {
  await tap(page, 7);
  await page.close({ runBeforeUnload: true });
  await expectAnswer(slug, { score: 7 });
}, { members: { edit_minutes: 0 } });

survey("another language in the middle keeps the answer", async (page, slug) => {
  await tap(page, 8);
  await hasState(page, "saved");
  await page.getByRole("link", { name: "Русский" }).click();
  assert.equal(await page.locator("html").getAttribute("lang"), "ru");
  assert.ok(await score(page, 8).isChecked());
  await why(page).fill("Хорошо");
  await send(page);
  await hasHeading(page, "Спасибо!");
  await expectAnswer(slug, { score: 8, answers: { why: "Хорошо" } });
});

survey("the keyboard alone is enough", async (page, slug) => {
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  await press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.name), "score");
  await press("Space", "ArrowRight", "ArrowRight", "ArrowRight");
  await hasState(page, "saved");
  assert.ok(await score(page, 3).isChecked());
  await press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.name), "answers.why");
  await page.keyboard.type("By keys");
  await press("Tab", "Space", "Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Done");
  await press("Enter");
  await hasHeading(page, "Thank you!");
  await expectAnswer(slug, { score: 3, answers: { why: "By keys", improve: "wait" } });
});

survey("arrow keys choose where they stop, not on their way", async (page, slug) => {
  const seen = record(page);
  await score(page, 0).focus();
  for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowRight");
  await hasState(page, "saved");
  await expectAnswer(slug, { score: 6 });
  assert.deepEqual(seen.filter((one) => one.endsWith("responses")), ["POST responses"]);
});

survey("without storage it still works", async (page, slug) => {
  await tap(page, 9);
  await why(page).fill("Private");
  await send(page);
  await hasHeading(page, "Thank you!");
  await expectAnswer(slug, { score: 9, answers: { why: "Private" } });
}, { forbidStorage: true });

survey("nothing that was said stays in the browser after thanks", async (page, slug) => {
  await tap(page, 9);
  await why(page).fill("My secret");
  await send(page);
  await expectAnswer(slug, { score: 9, answers: { why: "My secret" } });
  const kept = await page.evaluate(() => JSON.stringify(Object.entries(localStorage)));
  assert.doesNotMatch(kept, /secret/);
});
