/*
 * Debian's chromium, started for the first test that asks for it.
 *
 *   test("...", visit("/s/slug", {javaScriptEnabled: false}, async (page, context) => { ... }));
 *
 * Every page is watched for what none may do: requests elsewhere, cookies, violations of its content
 * security policy, errors of scripts.
 */
import { chromium } from "playwright-core";
import { existsSync } from "node:fs";
import { service } from "./service.mjs";

let launching = null;

const executable = () =>
  process.env.NPSD_TEST_CHROMIUM || ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);

const launch = () =>
  chromium.launch({
    executablePath: executable(),
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none", "--disable-lcd-text"],
  });

export const browser = () => {
  launching = launching || launch();
  return launching;
};

export const stopBrowser = async () => {
  if (launching) await (await launching).close().catch(() => {});
};

/* Violations are kept by the page itself, from before its first script. */
const watchPage = () => {
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) =>
    window.violations.push(`${event.violatedDirective} ${event.blockedURI}`),
  );
};

const watch = (page, origin) => {
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(`script error: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== origin) page.complaints.push(`request to ${url.origin}`);
  });
  page.on("console", (message) => {
    if (/Content.Security.Policy/i.test(message.text())) page.complaints.push(message.text());
  });
};

/* As browsers that are told to keep nothing do. */
const refuseStorage = () => {
  for (const name of ["localStorage", "sessionStorage"])
    Object.defineProperty(window, name, {
      get: () => {
        throw new DOMException("denied", "SecurityError");
      },
    });
};

/* A new browser profile; its pages are watched. Playwright's own options, and forbidStorage. */
export const newContext = async ({ forbidStorage, ...options } = {}) => {
  const { url } = await service();
  const context = await (await browser()).newContext({
    baseURL: url,
    locale: "en-GB",
    reducedMotion: "reduce",
    viewport: { width: 390, height: 800 },
    ...options,
  });
  context.setDefaultTimeout(5000);
  await context.addInitScript(watchPage);
  if (forbidStorage) await context.addInitScript(refuseStorage);
  context.on("page", (page) => watch(page, url));
  return context;
};

/* What was wrong in all pages of the context. */
export const complaints = async (context) => {
  const found = [];
  for (const page of context.pages()) {
    found.push(...page.complaints);
    found.push(...(await page.evaluate(() => window.violations || []).catch(() => [])));
  }
  for (const cookie of await context.cookies()) found.push(`cookie ${cookie.name}`);
  return found;
};

/* Runs `body(page, context)` on a page of its own, and fails when a page did what none may. */
export const visit = (path, options, body) => async () => {
  const context = await newContext(options);
  try {
    const page = await context.newPage();
    const target = typeof path === "function" ? await path() : path;
    if (target) await page.goto(target);
    await body(page, context);
    const found = await complaints(context);
    if (found.length) throw new Error(`complaints: ${found.join("; ")}`);
  } finally {
    await context.close();
  }
};
