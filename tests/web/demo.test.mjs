/*
 * /demo: the shop that shows the widget. visit() sees to it that nothing leaves the daemon's origin and
 * that the page's own policy is kept.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { visit } from "./support/browser.mjs";
import { test } from "./support/harness.mjs";
import { answers, answersOf, makeSurvey } from "./support/service.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const demo = JSON.parse(readFileSync(new URL("../../deploy/demo.json", import.meta.url), "utf8"));

let made = null;
const demoAt =
    (query = "") =>
    async () => {
        /* Other tests may have made it. */
        made = made || makeSurvey(demo).catch((error) => assert.match(error.message, /409/));
        await made;
        return `/demo${query}`;
    };

const order = (page) => page.getByRole("button", { name: /Place the order|Оформить заказ/ }).click();
/* The root is closed here as everywhere, so what is inside is reached by the keyboard. */
const widget = (page) => page.locator("npsd-survey");
const press = async (page, ...keys) => {
    for (const key of keys) await page.keyboard.press(key);
};

test(
    "an order shows the survey, and its answer is counted",
    visit(demoAt("?lang=en"), {}, async (page) => {
        assert.equal(await widget(page).count(), 0);
        await order(page);
        await widget(page).waitFor({ state: "attached" });
        const before = (await answers("demo")).length;
        await page.evaluate(() => window.npsd.show());
        await press(page, "Tab", "End", "Space");
        const rows = await answersOf("demo", before + 1);
        const row = rows[before];
        assert.equal(row.score, 10);
        assert.equal(row.language, "en");
        assert.deepEqual(row.properties, { branch: "demo" });
    }),
);

test(
    "in the page, in Russian",
    visit(demoAt("?lang=ru&place=inline"), { locale: "ru-RU" }, async (page) => {
        assert.equal(await page.title(), "Кофе у маяка: демонстрация npsd");
        assert.match(await page.locator("#line").innerText(), /data-mode="inline" data-target="#survey"/);
        await order(page);
        await page.locator("#survey > npsd-survey").waitFor({ state: "attached" });
        assert.equal(await page.getByText("Заказ принят. Спасибо!").count(), 1);
    }),
);

test(
    "its choices are links that can be shared",
    visit(demoAt(), { locale: "ru-RU" }, async (page) => {
        assert.equal(await page.evaluate(() => document.documentElement.lang), "ru");
        await page.locator("select[name=lang]").selectOption("en");
        await page.locator("select[name=when]").selectOption("2");
        await page.locator("select[name=theme]").selectOption("dark");
        await page.getByRole("button", { name: "Загрузить страницу заново" }).click();
        await page.waitForURL(/lang=en/);
        assert.equal(await page.locator("select[name=theme]").inputValue(), "dark");
        await widget(page).waitFor({ state: "attached" });
    }),
);

for (const lang of ["en", "ru"]) {
    for (const colorScheme of ["light", "dark"]) {
        for (const width of [320, 1280]) {
            test(
                `axe finds nothing in the shop: ${lang}, ${colorScheme}, ${width} px`,
                visit(
                    demoAt(`?lang=${lang}`),
                    { colorScheme, viewport: { width, height: 800 }, bypassCSP: true },
                    async (page) => {
                        await page.evaluate(axe);
                        const { violations } = await page.evaluate(() => window.axe.run());
                        assert.deepEqual(
                            violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`),
                            [],
                        );
                        const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
                        assert.ok(wider <= 0, `${wider} px too wide`);
                    },
                ),
            );
        }
    }
}

test(
    "without script the shop is there, and says what is missing",
    visit(demoAt(), { javaScriptEnabled: false }, async (page) => {
        assert.match(await page.locator("noscript").innerText(), /needs JavaScript/);
    }),
);
