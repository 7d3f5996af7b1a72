/* Every page by axe-core, in both languages and both themes; small windows and large letters. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expectNoSidewaysScroll } from "./support/actions.mjs";
import { visit } from "./support/browser.mjs";
import { test } from "./support/harness.mjs";
import { each, languages, pages, themes } from "./support/pages.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const findings = async (page) => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate((values) => window.axe.run(document, { runOnly: values }), rules);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
};

/* A window of 1280 px at 400 % is one of 320 px, at 200 % one of 640; and letters alone may be larger. */
const expectToFit = async (page) => {
  for (const width of [320, 640, 1280]) {
    await page.setViewportSize({ width, height: 640 });
    await expectNoSidewaysScroll(page);
  }
  await page.setViewportSize({ width: 640, height: 640 });
  await page.evaluate(() => {
    document.documentElement.style.fontSize = "200%";
  });
  await expectNoSidewaysScroll(page);
};

each(pages, languages, (name, open, locale) =>
  test(`axe-core finds nothing, and all fits: ${name}, ${locale}`, visit("", { locale }, async (page) => {
    await open(page);
    for (const theme of themes) {
      await page.emulateMedia({ colorScheme: theme });
      assert.deepEqual(await findings(page), [], theme);
    }
    await expectToFit(page);
  })),
);
