/*
 * The widget and the page around it leave each other alone, whatever the page is like.
 */
import assert from "node:assert/strict";
import http from "node:http";
import { countOf, onHost, widgetTag } from "./support/hosts.mjs";
import { test } from "./support/harness.mjs";
import { answersOf, eventually, makeSurvey, newKey, service } from "./support/service.mjs";

const now = { "data-after": "0" };
const survey = () => makeSurvey();
const card = (page) => page.getByRole("dialog");
const number = (page, n) => page.getByRole("radio", { name: new RegExp(`^${n} of 10`) });
const aWhile = (page) => page.waitForTimeout(700);

/* --- styles --- */

const hostile = `<style>
* { all: unset !important; font-size: 50px !important; opacity: .3 !important; color: red !important; float: left !important; }
html { letter-spacing: 9px !important; text-transform: uppercase !important; line-height: 4 !important; direction: rtl !important; }
body { transform: rotate(3deg) !important; display: flex !important; }
npsd-survey { display: none !important; visibility: hidden !important; position: absolute !important; }
:root { --paper: red !important; --ink: red !important; --accent: red !important; --accent-light: red !important; }
div, button, p, h2, .card, .close { border: 9px solid lime !important; background: lime !important; }
</style>`;

/* Every element of the widget: where it is and how it looks. */
const looks = (page) =>
    page.evaluate(() =>
        [...document.querySelector("npsd-survey").shadowRoot.querySelectorAll("*")].map((element) => {
            const { x, y, width, height } = element.getBoundingClientRect();
            const style = Object.entries(getComputedStyle(element)).filter(([name]) => !/^\d+$/.test(name));
            /* What depends on the size of the host page's root is not used by the widget. */
            return JSON.stringify([element.localName, element.className, x, y, width, height, style]);
        }),
    );

const calmLooks = [];
test(
    "how it looks on a calm page",
    onHost({ survey, open: true, attributes: now }, async (page) => {
        await card(page).waitFor();
        calmLooks.push(...(await looks(page)));
        assert.ok(calmLooks.length > 15);
    }),
);
test(
    "the page's styles do not reach it",
    onHost({ survey, open: true, attributes: now, head: hostile }, async (page) => {
        await card(page).waitFor();
        assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector("h1")).fontSize), "50px");
        assert.deepEqual(await looks(page), calmLooks);
        await number(page, 9).click();
        await page.getByRole("textbox").waitFor();
    }),
);

/* Everything of the page that a script or a person could notice. */
const inventory = (page) =>
    page.evaluate(() => ({
        names: Object.getOwnPropertyNames(window).sort(),
        attributes: [document.documentElement, document.body].map((one) => one.getAttributeNames().join()),
        sheets: document.styleSheets.length + document.adoptedStyleSheets.length,
        elements: [...document.querySelectorAll("*")].map((one) => one.localName),
        looks: [...document.querySelectorAll("body, body *")].map((element) => {
            const { x, y, width, height } = element.getBoundingClientRect();
            return JSON.stringify([x, y, width, height, Object.entries(getComputedStyle(element))]);
        }),
        cookie: document.cookie,
        scroll: [document.documentElement.scrollWidth, document.documentElement.scrollHeight],
        focus: document.activeElement.localName,
    }));

const plainPages = [];
test(
    "a page without it",
    onHost({ survey, tags: () => "<script></script>" }, async (page) => {
        plainPages.push(await inventory(page));
    }),
);
test(
    "the page is as it was, but for one element and one name",
    onHost({ survey, attributes: now }, async (page) => {
        await page.locator("npsd-survey").waitFor({ state: "attached" });
        await eventually(() => countOf(page, "shown"));
        const seen = await inventory(page);
        assert.ok(seen.elements.includes("npsd-survey"));
        seen.elements = seen.elements.filter((name) => name !== "npsd-survey");
        assert.ok(seen.names.includes("npsd"));
        seen.names = seen.names.filter((name) => name !== "npsd");
        assert.deepEqual(seen, plainPages[0]);
        assert.equal(await page.evaluate(() => document.querySelector("npsd-survey").shadowRoot), null);
        assert.deepEqual(await page.evaluate(() => Object.keys(window.npsd).sort()), ["hide", "show"]);
    }),
);

test(
    "two script elements show one widget",
    onHost(
        {
            survey,
            open: true,
            tags: async (slug) => (await widgetTag({ "data-survey": slug, ...now, "data-shadow": "open" })).repeat(2),
        },
        async (page) => {
            await card(page).waitFor();
            await aWhile(page);
            assert.equal(await page.locator("npsd-survey").count(), 1);
            assert.equal(countOf(page, "shown"), 1);
        },
    ),
);

test(
    "an element of the page that is called npsd does not stop it",
    onHost({ survey, open: true, attributes: now, body: `<p id="npsd">npsd</p>` }, (page) => card(page).waitFor()),
);

test(
    "a script element without a survey, or in a module's way, breaks nothing",
    onHost({ survey, tags: async () => widgetTag({ "data-survey": "Not A Slug" }) }, async (page) => {
        await aWhile(page);
        assert.equal(await page.evaluate(() => typeof window.npsd), "undefined");
    }),
);

/* --- strict content security policies --- */

const strictPolicy = async () => {
    const { url } = await service();
    return {
        "Content-Security-Policy":
            `default-src 'none'; script-src ${url}; connect-src ${url}; img-src data:; style-src 'none'; form-action 'none'; ` +
            "base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    };
};

test(
    "it works under a strict content security policy with trusted types",
    onHost({ survey, open: true, attributes: now, headers: strictPolicy }, async (page, { survey: slug }) => {
        await number(page, 0).click();
        await page.getByRole("textbox").fill("Strict");
        const [row] = await answersOf(slug, 1);
        assert.equal(row.score, 0);
        const paper = await page.evaluate(() => {
            const { shadowRoot } = document.querySelector("npsd-survey");
            return getComputedStyle(shadowRoot.querySelector(".card")).backgroundColor;
        });
        assert.equal(paper, "rgb(255, 255, 255)");
        assert.deepEqual(await page.evaluate(() => window.violations), []);
    }),
);

/* --- keys and origins --- */

const keyed = () => makeSurvey({ access: "key" });
const withKey =
    (...origins) =>
    async (slug, own) => {
        const named = origins.map((origin) => (origin === "own" ? own : origin));
        const options = named.flatMap((origin) => ["--origin", origin]);
        return { ...now, "data-key": await newKey("submit", "--survey", slug, ...options) };
    };

const showsNothing = async (page) => {
    await page.waitForLoadState("networkidle");
    await aWhile(page);
    assert.equal(await page.locator("npsd-survey").count(), 0);
    await page.evaluate(() => window.npsd.show());
    await aWhile(page);
    assert.equal(await page.locator("npsd-survey").count(), 0);
    assert.equal(await page.locator("h1").innerText(), "A page");
};

test(
    "a publishable key works on pages of its origins",
    onHost({ survey: keyed, open: true, attributes: withKey("own") }, async (page, { survey: slug }) => {
        await number(page, 6).click();
        await page.getByRole("textbox").fill("With a key");
        const [row] = await eventually(
            () => answersOf(slug, 1),
            ([one]) => one.answers && one.answers.why === "With a key",
        );
        assert.equal(row.score, 6);
    }),
);
test(
    "a publishable key shows nothing on pages of other origins",
    onHost({ survey: keyed, open: true, attributes: withKey("https://shop.example") }, showsNothing),
);
test(
    "a publishable key of another origin shows nothing for an open survey, too",
    onHost({ survey, open: true, attributes: withKey("https://shop.example") }, showsNothing),
);
test(
    "a wrong key shows nothing",
    onHost({ survey: keyed, open: true, attributes: { ...now, "data-key": "npsd_submit_wrong" } }, showsNothing),
);

/* --- what it weighs --- */

const fetchRaw = async (path) => {
    const { url } = await service();
    return new Promise((resolve, reject) => {
        const request = http.get(url + path, { headers: { "Accept-Encoding": "gzip" } }, (reply) => {
            let length = 0;
            reply.on("data", (chunk) => (length += chunk.length));
            reply.on("end", () => resolve({ status: reply.statusCode, headers: reply.headers, length }));
        });
        request.on("error", reject);
    });
};

test("the script is under 12 KB gzipped, kept by caches, and for pages of all origins", async () => {
    const { status, headers, length } = await fetchRaw("/embed.js");
    assert.equal(status, 200);
    assert.equal(headers["content-encoding"], "gzip");
    assert.ok(length <= 12 * 1024, `${length} bytes`);
    assert.match(headers["content-type"], /javascript/);
    assert.match(headers["cache-control"], /public, max-age=3600/);
    assert.equal(headers["access-control-allow-origin"], "*");
    assert.equal(headers["cross-origin-resource-policy"], "cross-origin");
    assert.ok(headers.etag);
});
