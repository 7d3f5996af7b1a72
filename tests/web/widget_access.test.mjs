/*
 * The widget for everybody: keyboard, screen reader, small screens, both themes and languages.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { countOf, onHost } from "./support/hosts.mjs";
import { test } from "./support/harness.mjs";
import { answers, answersOf, eventually, makeSurvey } from "./support/service.mjs";

const now = { "data-after": "0" };
const survey = () => makeSurvey();
const card = (page) => page.getByRole("dialog");
const numbers = (page) => page.getByRole("radio", { name: /^\d+ (of|из) 10/ });
const aWhile = (page) => page.waitForTimeout(700);

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const violations = async (page) => {
    if (!(await page.evaluate(() => Boolean(window.axe)))) await page.evaluate(axe);
    /* axe measures contrast within the body only. */
    const { violations: found, passes } = await page.evaluate(() => {
        const host = document.querySelector("npsd-survey");
        if (!document.body.contains(host)) document.body.append(host);
        return window.axe.run(host);
    });
    assert.ok(
        passes.some(({ id }) => id === "color-contrast"),
        "axe looked inside",
    );
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`);
};

/* Goes through all steps, calling look at each. */
const walk = async (page, look) => {
    await numbers(page).first().waitFor();
    await look("score");
    await numbers(page).nth(4).click();
    await page.getByRole("textbox").waitFor();
    await page.getByText(/^(Saved|Сохранено)$/).waitFor();
    await look("text");
    await page.getByRole("button", { name: /Next|Дальше/ }).click();
    await page.getByRole("radio").nth(1).check();
    await look("choice");
    await page.getByRole("button", { name: /Done|Готово/ }).click();
    await page.getByRole("heading", { name: /Thank you|Спасибо/ }).waitFor();
    await look("thanks");
};

for (const lang of ["en", "ru"]) {
    for (const colorScheme of ["light", "dark"]) {
        const head = `<style>html { color-scheme: ${colorScheme} }</style>`;
        test(
            `axe finds nothing in it: ${lang}, ${colorScheme}`,
            onHost({ survey, open: true, lang, head, attributes: now, context: { colorScheme } }, async (page) => {
                await walk(page, async (step) => assert.deepEqual(await violations(page), [], step));
            }),
        );
    }
}

test(
    "axe finds nothing in it in the page's flow",
    onHost({ survey, open: true, attributes: { "data-mode": "inline", "data-target": "main" } }, async (page) => {
        await walk(page, async (step) => assert.deepEqual(await violations(page), [], step));
    }),
);

test(
    "a colour of the brand that nobody could read is made readable, in both themes",
    onHost(
        { survey: () => makeSurvey({ brand: { name: "Sun", colour: "#ffee00" } }), open: true, attributes: now },
        async (page) => {
            await page.getByText("Sun", { exact: true }).waitFor();
            await walk(page, async (step) => assert.deepEqual(await violations(page), [], step));
            await page.evaluate(() => window.npsd.hide());
            await page.emulateMedia({ colorScheme: "dark" });
            await page.evaluate(() => window.npsd.show());
            assert.deepEqual(await violations(page), []);
        },
    ),
);

/* --- keyboard --- */

test(
    "with the keyboard alone: looking at numbers chooses none, Escape leaves",
    onHost({ survey, open: true, attributes: now }, async (page, { survey: slug }) => {
        await page.evaluate(() => {
            window.keys = [];
            document.addEventListener("keydown", (event) => window.keys.push(event.key));
        });
        await numbers(page).first().waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.localName), "body");
        await page.locator("#own").focus();
        await page.keyboard.press("Tab");
        await page.keyboard.press("Tab");
        for (const key of ["End", "ArrowLeft", "ArrowLeft", "ArrowRight"]) await page.keyboard.press(key);
        await aWhile(page);
        assert.deepEqual(await answers(slug), []);
        await page.keyboard.press("Space");
        const [row] = await answersOf(slug, 1);
        assert.equal(row.score, 9);
        await page.keyboard.press("Tab");
        await page.keyboard.type("Keys s");
        await page.keyboard.press("Tab");
        await page.keyboard.press("Enter");
        await page.keyboard.press("Tab");
        await page.keyboard.press("ArrowDown");
        await eventually(
            () => answers(slug),
            ([one]) => one.answers && one.answers.why === "Keys s" && one.answers.improve,
        );
        await page.keyboard.press("Escape");
        await card(page).waitFor({ state: "detached" });
        assert.equal(countOf(page, "dismissed"), 0);
        assert.deepEqual(await page.evaluate(() => window.keys), ["Tab"]);
    }),
);

test(
    "Escape declines, also when nothing of the page has the focus; but not over the page's own use of it",
    onHost({ survey, open: true, attributes: now }, async (page) => {
        await card(page).waitFor();
        await page.locator("#own").focus();
        await page.keyboard.press("Escape");
        await page.evaluate(() => document.activeElement.blur());
        await page.evaluate(() => {
            const own = (event) => event.preventDefault();
            document.body.addEventListener("keydown", own, { once: true });
        });
        await page.keyboard.press("Escape");
        assert.equal(await card(page).count(), 1);
        await page.keyboard.press("Escape");
        await card(page).waitFor({ state: "detached" });
        assert.equal(countOf(page, "dismissed"), 1);
    }),
);

/* --- screen reader --- */

test(
    "what a screen reader says",
    onHost({ survey, open: true, attributes: now }, async (page) => {
        await card(page).waitFor();
        await page.waitForTimeout(600);
        assert.equal(await card(page).getAttribute("aria-modal"), null);
        assert.equal(await page.getByRole("dialog", { name: "Your visit" }).count(), 1);
        const tree = await card(page).ariaSnapshot();
        assert.match(tree, /radiogroup "How likely are you to recommend us[^"]*"/);
        assert.match(tree, /radio "9 of 10, likely"/);
        assert.match(tree, /radio "0 of 10, not at all likely"/);
        assert.match(tree, /radio "10 of 10, extremely likely"/);
        assert.match(tree, /button "No, thank you"/);
        assert.match(tree, /status: How likely are you to recommend us/);
    }),
);

test(
    "it speaks the page's language, and that of the survey's texts is marked",
    onHost({ survey, open: true, lang: "ru-RU", attributes: now }, async (page, { survey: slug }) => {
        await page.getByRole("radio", { name: "9 из 10, вероятно" }).click();
        assert.equal(await card(page).getAttribute("lang"), "ru");
        const [row] = await answersOf(slug, 1);
        assert.equal(row.language, "ru");
    }),
);
test(
    "data-language goes before the page's language, and falls back to the survey's own",
    onHost(
        {
            survey: () =>
                makeSurvey({
                    title: { ar: "زيارتك" },
                    questions: [{ id: "recommend", type: "nps", text: { ar: "هل توصي بنا؟" } }],
                }),
            open: true,
            lang: "ru",
            attributes: { ...now, "data-language": "de" },
        },
        async (page) => {
            await page.getByRole("heading", { name: "هل توصي بنا؟" }).waitFor();
            assert.equal(await card(page).getAttribute("dir"), "rtl");
            assert.equal(await card(page).getAttribute("lang"), "ar");
            await numbers(page).nth(9).click();
            await page.getByRole("heading", { name: "Thank you!" }).waitFor();
        },
    ),
);

/* --- sizes and wishes --- */

for (const width of [320, 390]) {
    test(
        `at ${width} px it is a sheet at the bottom, with targets for fingers`,
        onHost(
            { survey, open: true, attributes: now, context: { viewport: { width, height: 568 } } },
            async (page) => {
                await walk(page, async (step) => {
                    const box = await card(page).boundingBox();
                    assert.equal(box.x, 0, step);
                    assert.equal(box.width, width, step);
                    assert.equal(Math.round(box.y + box.height), 568, step);
                    assert.ok(box.y >= 0, step);
                    for (const target of await card(page)
                        .getByRole("button")
                        .or(card(page).getByRole("radio"))
                        .all()) {
                        const { width: wide, height } = await target.boundingBox();
                        const label = target.locator("xpath=ancestor::label");
                        const { height: tall } = (await label.count()) ? await label.boundingBox() : { height };
                        assert.ok(tall >= 24 && (wide >= 24 || tall > height), `${step}: ${wide} x ${tall}`);
                    }
                    const wider = await page.evaluate(() => {
                        const inside = document.querySelector("npsd-survey").shadowRoot.querySelector(".card");
                        return (
                            inside.scrollWidth > inside.clientWidth ||
                            document.documentElement.scrollWidth > innerWidth
                        );
                    });
                    assert.equal(wider, false, step);
                });
            },
        ),
    );
}

test(
    "at 200 % of text size on a low screen it can be scrolled",
    onHost(
        { survey, open: true, attributes: now, context: { viewport: { width: 640, height: 256 } } },
        async (page) => {
            await numbers(page).first().click();
            await page.getByRole("button", { name: "Next" }).click();
            const box = await card(page).boundingBox();
            assert.ok(box.y >= 0 && box.y + box.height <= 256, JSON.stringify(box));
            await page.getByRole("button", { name: "Done" }).click();
            await page.getByRole("heading", { name: "Thank you!" }).waitFor();
        },
    ),
);

const animation = (page) => card(page).evaluate((element) => getComputedStyle(element).animationName);
test(
    "it does not move for those who asked for less of it",
    onHost({ survey, open: true, attributes: now, context: { reducedMotion: "reduce" } }, async (page) => {
        assert.equal(await animation(page), "none");
    }),
);
test(
    "it comes softly for the others",
    onHost({ survey, open: true, attributes: now, context: { reducedMotion: "no-preference" } }, async (page) => {
        assert.equal(await animation(page), "rise");
    }),
);

test(
    "a theme that the page asks for goes before the device's",
    onHost({ survey, open: true, attributes: { ...now, "data-theme": "dark" } }, async (page) => {
        const paper = await card(page).evaluate((element) => getComputedStyle(element).backgroundColor);
        assert.equal(paper, "rgb(28, 31, 38)");
    }),
);

/* --- in the page's flow --- */

const longPage = `<main><h1>A page</h1><div style="height: 3000px"></div><div id="place"></div></main>`;
test(
    "in the page's flow it is a region that counts as shown when it comes into view",
    onHost(
        { survey, open: true, body: longPage, attributes: { "data-mode": "inline", "data-target": "#place" } },
        async (page) => {
            const region = page.getByRole("region", { name: "Your visit" });
            await region.waitFor();
            await aWhile(page);
            assert.equal(countOf(page, "shown"), 0);
            await region.scrollIntoViewIfNeeded();
            await eventually(() => countOf(page, "shown"));
            assert.equal(await page.locator("#place > npsd-survey").count(), 1);
            await numbers(page).nth(10).click();
            await page.getByRole("button", { name: "Next" }).click();
            await page.getByRole("button", { name: "Done" }).click();
            await page.getByRole("heading", { name: "Thank you!" }).waitFor();
            await page.waitForTimeout(5500);
            assert.equal(await region.count(), 1);
        },
    ),
);
test(
    "a place that is not there breaks nothing",
    onHost({ survey, open: true, attributes: { "data-mode": "inline", "data-target": "#[" } }, async (page) => {
        await aWhile(page);
        assert.equal(await page.locator("npsd-survey").count(), 0);
    }),
);
