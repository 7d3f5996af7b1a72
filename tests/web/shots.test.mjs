/*
 * Every page beside the picture of it in shots/, where somebody has looked at it: both languages, both
 * themes, a small phone and a large screen. UPDATE_SHOTS=1 renews the pictures that have changed.
 *
 * Text is drawn a little differently from one version of fonts and browsers to the next, so what is
 * compared are small pictures in which a letter is a grey stripe: layout, colours and what is there.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { visit } from "./support/browser.mjs";
import { test } from "./support/harness.mjs";
import { each, languages, pages, themes } from "./support/pages.mjs";
import { quantize, shrink } from "./support/picture.mjs";

const folder = new URL("shots/", import.meta.url);
const failed = new URL("../../build/web/shots/", import.meta.url);
const widths = [320, 1280];
/* Whatever fonts a machine has: letters are as wide everywhere. */
const useOneFont = () => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('* { font-family: "DejaVu Sans" !important }');
  document.adoptedStyleSheets = [sheet];
};

/* The part of the picture that may differ; what is renewed is renewed for less. */
const TOLERANCE = process.env.UPDATE_SHOTS ? 0.002 : 0.02;

const difference = (before, after) => {
  if (Math.abs(before.height - after.height) > before.height * 0.05) return 1;
  const height = Math.min(before.height, after.height);
  const cut = ({ data, width }) => data.subarray(0, width * height * 4);
  const wrong = pixelmatch(cut(before), cut(after), null, before.width, height, { threshold: 0.2 });
  return wrong / (before.width * height);
};

/* What is wrong with a picture; nothing when it is as it was, or has been renewed. */
const compare = (name, picture) => {
  const file = new URL(`${name}.png`, folder);
  const known = existsSync(file) && PNG.sync.read(readFileSync(file));
  const differs = known ? difference(known, picture) : 1;
  if (differs <= TOLERANCE) return null;
  const target = process.env.UPDATE_SHOTS ? folder : failed;
  mkdirSync(target, { recursive: true });
  writeFileSync(new URL(`${name}.png`, target), quantize(picture));
  return process.env.UPDATE_SHOTS ? null : `${(100 * differs).toFixed(1)} % of ${name}`;
};

const take = async (page, width) => {
  const shot = PNG.sync.read(await page.screenshot({ fullPage: true, animations: "disabled", caret: "hide" }));
  return shrink(shot, width > 640 ? 4 : 2);
};

/* A busy browser may not have painted all of a page yet: what really differs does so again. */
const check = async (name, page, width) => {
  for (let tries = 1; ; tries++) {
    const wrong = compare(name, await take(page, width));
    if (!wrong || tries === 3) return wrong;
    await page.waitForTimeout(500);
  }
};

each(pages, languages, (name, open, locale) =>
  test(`${name}, ${locale}`, visit("", { locale }, async (page) => {
    const wrong = [];
    await open(page);
    await page.evaluate(useOneFont);
    await page.evaluate(() => document.activeElement.blur());
    await page.mouse.move(0, 0);
    for (const theme of themes)
      for (const width of widths) {
        await page.emulateMedia({ colorScheme: theme });
        await page.setViewportSize({ width, height: 640 });
        wrong.push(await check(`${name}-${locale.slice(0, 2)}-${theme}-${width}`, page, width));
      }
    assert.deepEqual(wrong.filter(Boolean), [], "see build/web/shots; UPDATE_SHOTS=1 renews them");
  })),
);
