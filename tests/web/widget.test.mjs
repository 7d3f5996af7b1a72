/*
 * The widget on pages of other people: when it shows, what it asks, what it sends.
 */
import assert from "node:assert/strict";
import { countOf, onHost } from "./support/hosts.mjs";
import { test } from "./support/harness.mjs";
import { answers, answersOf, api, eventually, makeSurvey } from "./support/service.mjs";

const words = { en: "How likely are you to recommend us?", ru: "Порекомендуете ли вы нас?" };

const questions = [
    { id: "recommend", type: "nps", text: words },
    { id: "why", type: "text", text: { en: "Why is that?", ru: "Почему?" } },
    {
        id: "improve",
        type: "choice",
        ask: ["critic", "neutral"],
        text: { en: "What should we improve?", ru: "Что улучшить?" },
        options: [
            { id: "wait", text: { en: "Waiting time", ru: "Ожидание" } },
            { id: "price", text: { en: "Price", ru: "Цену" } },
        ],
    },
    { id: "again", type: "yes_no", ask: ["critic"], text: { en: "Will you come again?", ru: "Придёте ещё?" } },
];

const survey = () => makeSurvey({ questions });
const now = { "data-after": "0" };
const card = (page) => page.getByRole("dialog");
const number = (page, n) => page.getByRole("radio", { name: new RegExp(`^${n} of 10`) });
const button = (page, name) => page.getByRole("button", { name });
const saved = (page) => page.getByText("Saved", { exact: true }).waitFor();

/* Long enough for what must not happen to happen. */
const aWhile = (page) => page.waitForTimeout(700);

test(
    "a tap is an answer: score, channel, language, respondent and properties",
    onHost(
        {
            survey,
            open: true,
            attributes: {
                ...now,
                "data-respondent": "c-17",
                "data-property-branch": "north",
                "data-property-order-id": "A 1",
            },
        },
        async (page, { survey: slug }) => {
            await number(page, 9).click();
            const [row] = await answersOf(slug, 1);
            assert.equal(row.score, 9);
            assert.equal(row.group, "promoter");
            assert.equal(row.channel, "web");
            assert.equal(row.language, "en");
            assert.equal(row.respondent, "c-17");
            assert.deepEqual(row.properties, { branch: "north", order_id: "A 1" });
        },
    ),
);

test(
    "the further questions are those of the person's group, and the end closes by itself",
    onHost({ survey, open: true, attributes: now }, async (page, { survey: slug }) => {
        await number(page, 3).click();
        await page.getByRole("textbox", { name: "Why is that?" }).fill("Slow\nand cold");
        await button(page, "Next").click();
        await page.getByRole("radio", { name: "Price" }).check();
        await button(page, "Next").click();
        await page.getByRole("radio", { name: "No" }).check();
        await button(page, "Done").click();
        await page.getByRole("heading", { name: "Thank you!" }).waitFor();
        await eventually(
            () => answers(slug),
            ([row]) => row && row.score === 3 && row.answers.again === false,
        );
        const [row] = await answers(slug);
        assert.deepEqual(row.answers, { why: "Slow\nand cold", improve: "price", again: false });
        await card(page).waitFor({ state: "detached", timeout: 8000 });
        assert.equal(await page.locator("npsd-survey").count(), 0);
        const kept = await page.evaluate(() => Object.keys(localStorage).sort().join());
        assert.equal(kept, `npsd.widget.${slug}`);
    }),
);

test(
    "a promoter is asked one thing more, and may leave it empty",
    onHost({ survey, open: true, attributes: now }, async (page, { survey: slug }) => {
        await number(page, 10).click();
        await page.getByRole("heading", { name: "Why is that?" }).waitFor();
        await button(page, "Done").click();
        await page.getByRole("heading", { name: "Thank you!" }).waitFor();
        const [row] = await answersOf(slug, 1);
        assert.equal(row.score, 10);
        assert.deepEqual(row.answers || {}, {});
    }),
);

test(
  "critics read another question than promoters",
  onHost(
    {
      survey: () => {
        const text_by_group = { critic: { en: "What went wrong?" }, promoter: { en: "What did you like?" } };
        return makeSurvey({ questions: [questions[0], { ...questions[1], text_by_group }] });
      },
      open: true,
      attributes: now,
    },
    async (page) => {
      const texts = ["What went wrong?", "Why is that?", "What did you like?"];
      for (const [at, n] of [0, 8, 9].entries()) {
        await number(page, n).click();
        await page.getByRole("heading", { name: texts[at] }).waitFor();
        await button(page, "Change").click();
      }
    },
  ),
);

test(
    "all types of questions can be answered, and answers taken back",
    onHost(
        {
            survey: () =>
                makeSurvey({
                    questions: [
                        questions[0],
                        { id: "ease", type: "scale", min: 1, max: 5, text: { en: "How easy was it?" } },
                        {
                            id: "used",
                            type: "choices",
                            text: { en: "What did you use?" },
                            options: [
                                { id: "app", text: { en: "App" } },
                                { id: "site", text: { en: "Site" } },
                                { id: "desk", text: { en: "Desk" } },
                            ],
                        },
                    ],
                }),
            open: true,
            attributes: now,
        },
        async (page, { survey: slug }) => {
            await number(page, 7).click();
            await page.getByRole("radio", { name: "4 of 5" }).click();
            assert.equal(await page.getByRole("radio", { name: "4 of 5" }).getAttribute("aria-checked"), "true");
            await button(page, "Next").click();
            await page.getByRole("checkbox", { name: "App" }).check();
            await page.getByRole("checkbox", { name: "Desk" }).check();
            const used = (row) => row && row.answers && row.answers.used;
            await eventually(
                () => answers(slug),
                ([row]) => used(row) && row.answers.ease === 4 && row.answers.used.join() === "app,desk",
            );
            await page.getByRole("checkbox", { name: "App" }).uncheck();
            await page.getByRole("checkbox", { name: "Desk" }).uncheck();
            await eventually(
                () => answers(slug),
                ([row]) => !used(row),
            );
        },
    ),
);

test(
    "a score can be changed, and a double click is one answer",
    onHost({ survey, open: true, attributes: now }, async (page, { survey: slug }) => {
        await number(page, 2).dblclick();
        await saved(page);
        await button(page, "Change").click();
        assert.equal(await number(page, 2).getAttribute("aria-checked"), "true");
        await number(page, 9).click();
        await eventually(
            () => answers(slug),
            ([row]) => row && row.score === 9,
        );
        assert.equal((await answers(slug)).length, 1);
    }),
);

test(
    "where answers cannot be changed, all goes together at the end",
    onHost(
        { survey: () => makeSurvey({ questions, edit_minutes: 0 }), open: true, attributes: now },
        async (page, { survey: slug }) => {
            await number(page, 3).click();
            await page.getByRole("textbox").fill("Slow");
            await button(page, "Next").click();
            await button(page, "Change").click();
            await number(page, 10).click();
            await aWhile(page);
            assert.deepEqual(await answers(slug), []);
            await button(page, "Done").click();
            const [row] = await answersOf(slug, 1);
            assert.equal(row.score, 10);
            assert.deepEqual(row.answers, { why: "Slow" });
            await aWhile(page);
            assert.equal((await answers(slug)).length, 1);
        },
    ),
);
test(
    "or when the person leaves",
    onHost(
        { survey: () => makeSurvey({ questions, edit_minutes: 0 }), open: true, attributes: now },
        async (page, { survey: slug }) => {
            await number(page, 3).click();
            await page.getByRole("textbox").fill("Gone");
            await page.goto("/another");
            await page.goto("/a-third");
            const [row] = await answersOf(slug, 1);
            assert.deepEqual(row.answers, { why: "Gone" });
        },
    ),
);

test(
    "the row is that of the API, but for what is the person's own",
    onHost(
        { survey, open: true, attributes: { ...now, "data-channel": "app", "data-property-branch": "north" } },
        async (page, { survey: slug }) => {
            const same = {
                score: 6,
                channel: "app",
                language: "en",
                properties: { branch: "north" },
                answers: { why: "Fine" },
            };
            await api("POST", `/v1/surveys/${slug}/responses`, same);
            await number(page, 6).click();
            await page.getByRole("textbox").fill("Fine");
            const rows = await eventually(
                () => answers(slug),
                ([, second]) => second && second.answers && second.answers.why === "Fine",
            );
            const plain = ({ id, answered_at, received_at, updated_at, revision, ...rest }) => rest;
            assert.deepEqual(plain(rows[0]), plain(rows[1]));
        },
    ),
);

/* --- when it shows --- */

test(
    "it shows after so many seconds, and not before",
    onHost({ survey, open: true, attributes: { "data-after": "2" } }, async (page) => {
        await page.waitForTimeout(1200);
        assert.equal(await page.locator("npsd-survey").count(), 0);
        assert.equal(page.asked.length, 0);
        await card(page).waitFor({ timeout: 3000 });
    }),
);

test(
    "it shows on an event of the page, wherever in the document that happens",
    onHost({ survey, open: true, attributes: { "data-on": "order-placed" } }, async (page) => {
        await aWhile(page);
        assert.equal(await page.locator("npsd-survey").count(), 0);
        await page.evaluate(() => document.getElementById("own").dispatchEvent(new CustomEvent("order-placed")));
        await card(page).waitFor();
    }),
);

test(
    "without data-after it waits five seconds, and never shows in a page that nobody looks at",
    onHost({ survey, open: true, goto: false }, async (page) => {
        await page.addInitScript(() => {
            let hidden = true;
            Object.defineProperty(document, "visibilityState", { get: () => (hidden ? "hidden" : "visible") });
            window.reveal = () => {
                hidden = false;
                document.dispatchEvent(new Event("visibilitychange"));
            };
        });
        await page.clock.install();
        await page.goto("/");
        await page.clock.runFor(60000);
        assert.equal(page.asked.length, 0);
        await page.evaluate(() => window.reveal());
        await page.clock.runFor(4000);
        assert.equal(page.asked.length, 0);
        await page.clock.runFor(1500);
        await eventually(() => page.asked.length);
    }),
);

const isQuiet = async (page) => {
    await page.reload();
    await aWhile(page);
    assert.equal(await page.locator("npsd-survey").count(), 0);
    assert.equal(page.asked.length, 0);
};

const passDays = (page, days) =>
    page.evaluate((ms) => {
        const name = Object.keys(localStorage).find((one) => one.startsWith("npsd.widget."));
        const { at } = JSON.parse(localStorage.getItem(name));
        localStorage.setItem(name, JSON.stringify({ at: at - ms }));
    }, days * 86400000);

test(
    "after an answer it rests for so many days",
    onHost({ survey, open: true, attributes: { ...now, "data-again": "30" } }, async (page, { survey: slug }) => {
        await number(page, 8).click();
        await answersOf(slug, 1);
        await saved(page);
        page.asked = [];
        await isQuiet(page);
        await passDays(page, 29.9);
        await isQuiet(page);
        await passDays(page, 0.2);
        await page.reload();
        await card(page).waitFor();
    }),
);

test(
    "a dismissal is counted once, is final, and is no answer",
    onHost({ survey, open: true, attributes: now }, async (page, { survey: slug }) => {
        await button(page, "No, thank you").click();
        await card(page).waitFor({ state: "detached" });
        await eventually(() => countOf(page, "dismissed"));
        assert.equal(countOf(page, "shown"), 1);
        assert.equal(countOf(page, "dismissed"), 1);
        page.asked = [];
        await isQuiet(page);
        await passDays(page, 89.9);
        await isQuiet(page);
        assert.deepEqual(await answers(slug), []);
        const rates = await eventually(
            () => api("GET", `/v1/surveys/${slug}/rates`),
            ({ dismissed }) => dismissed > 0,
        );
        assert.equal(rates.shown, 1);
        assert.equal(rates.dismissed, 1);
        assert.equal(rates.answered, 0);
    }),
);

test(
    "displays without any reaction: after the third it rests",
    onHost({ survey, open: true, attributes: now }, async (page) => {
        for (let i = 1; i <= 3; i++) {
            await eventually(() => countOf(page, "shown") === i);
            if (i < 3) await page.reload();
        }
        page.asked = [];
        await isQuiet(page);
    }),
);

for (const [name, wish] of [
    ["Do Not Track", { doNotTrack: "1" }],
    ["Global Privacy Control", { globalPrivacyControl: true }],
]) {
    const before = (context) =>
        context.addInitScript((members) => {
            for (const [member, value] of Object.entries(members))
                Object.defineProperty(navigator, member, { value });
        }, wish);
    test(
        `${name} is honoured where the page says so`,
        onHost({ survey, open: true, before, attributes: { ...now, "data-respect-dnt": "1" } }, async (page) => {
            await page.evaluate(() => window.npsd.show());
            await isQuiet(page);
            assert.equal(await page.evaluate(() => localStorage.length), 0);
        }),
    );
    test(
        `${name} changes nothing where the page does not`,
        onHost({ survey, open: true, before, attributes: now }, (page) => card(page).waitFor()),
    );
}

test(
    "who cannot be remembered is only asked at the page's own word",
    onHost(
        {
            survey,
            open: true,
            attributes: now,
            before: (context) =>
                context.addInitScript(() => {
                    const forbidden = () => {
                        throw new DOMException("no", "SecurityError");
                    };
                    Object.defineProperty(window, "localStorage", { get: forbidden });
                }),
        },
        async (page, { survey: slug }) => {
            await aWhile(page);
            assert.equal(await page.locator("npsd-survey").count(), 0);
            await page.evaluate(() => window.npsd.show());
            await number(page, 4).click();
            await answersOf(slug, 1);
        },
    ),
);

test(
    "show() moves the focus to it and hide() counts nothing; what was said stays",
    onHost({ survey, open: true, attributes: { "data-on": "never" } }, async (page, { survey: slug }) => {
        await page.locator("#own").focus();
        await page.evaluate(() => window.npsd.show());
        await card(page).waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.localName), "npsd-survey");
        await number(page, 5).click();
        await answersOf(slug, 1);
        await page.evaluate(() => window.npsd.hide());
        await card(page).waitFor({ state: "detached" });
        await page.evaluate(() => window.npsd.show());
        await page.getByRole("heading", { name: "Why is that?" }).waitFor();
        await button(page, "Close").click();
        await card(page).waitFor({ state: "detached" });
        assert.equal(await page.evaluate(() => document.activeElement.id), "own");
        assert.equal(countOf(page, "dismissed"), 0);
        assert.equal((await answers(slug)).length, 1);
    }),
);

test(
    "dismissed in one tab, it goes from the other",
    onHost({ survey, open: true, attributes: now }, async (page, { context }) => {
        const other = await context.newPage();
        await other.goto("/");
        await card(other).waitFor();
        await card(page).waitFor();
        await button(other, "No, thank you").click();
        await card(page).waitFor({ state: "detached" });
        assert.equal(countOf(page, "dismissed"), 0);
    }),
);

/* --- who may --- */

const keyed = () => makeSurvey({ access: "key", questions });

test(
    "nothing shows for a survey that is closed, unknown, or not for strangers",
    onHost({ survey: () => makeSurvey({ open: false }), open: true, attributes: now }, async (page) => {
        await eventually(() => page.asked.length);
        await aWhile(page);
        assert.equal(await page.locator("npsd-survey").count(), 0);
    }),
);
test(
    "an unknown survey shows nothing",
    onHost({ survey: "no-such-survey", open: true, attributes: now }, async (page) => {
        await eventually(() => page.asked.length);
        await aWhile(page);
        assert.equal(await page.locator("npsd-survey").count(), 0);
        assert.equal(await page.locator("h1").innerText(), "A page");
    }),
);
test(
    "a survey for keys shows nothing without one",
    onHost({ survey: keyed, open: true, attributes: now }, async (page) => {
        await eventually(() => page.asked.length);
        await aWhile(page);
        assert.equal(await page.locator("npsd-survey").count(), 0);
    }),
);

/* --- the network --- */

test(
    "offline the answer waits, and arrives once when the network returns",
    onHost({ survey, open: true, attributes: now }, async (page, { context, survey: slug }) => {
        await card(page).waitFor();
        await context.setOffline(true);
        await number(page, 1).click();
        await page.getByRole("textbox").fill("No network");
        await page.getByText("Saved on this device").waitFor();
        assert.deepEqual(await answers(slug), []);
        await context.setOffline(false);
        await eventually(
            () => answers(slug),
            ([row]) => row && row.answers && row.answers.why === "No network",
        );
        await saved(page);
        assert.equal((await answers(slug)).length, 1);
    }),
);

test(
    "an answer given offline is sent by the next page of the site",
    onHost({ survey, open: true, attributes: now }, async (page, { context, survey: slug }) => {
        await card(page).waitFor();
        await context.setOffline(true);
        await number(page, 8).click();
        await page.getByText("Saved on this device").waitFor();
        await page.close();
        await context.setOffline(false);
        const next = await context.newPage();
        await next.goto("/another");
        await answersOf(slug, 1);
        assert.equal(await next.locator("npsd-survey").count(), 0);
    }),
);

test(
    "what is being written is kept when the person leaves the page",
    onHost({ survey, open: true, attributes: now }, async (page, { survey: slug }) => {
        await number(page, 8).click();
        await saved(page);
        await page.getByRole("textbox").fill("Half a th");
        await page.goto("/another");
        await eventually(
            () => answers(slug),
            ([row]) => row && row.answers && row.answers.why === "Half a th",
        );
    }),
);
