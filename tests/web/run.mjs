#!/usr/bin/env node
/*
 * Runs the tests of the pages in a real browser, against a real daemon.
 *
 *   tests/run.sh tests/web/run.mjs           all, with a private PostgreSQL (what `make test-web` does)
 *   tests/web/run.mjs outbox                 those with that word in their file's name or their own
 *   UPDATE_SHOTS=1 tests/run.sh tests/web/run.mjs    renews the pictures in shots/
 *
 * NPSD_TEST_BINARY is the daemon (build/npsd), NPSD_TEST_DATABASE_URL a superuser's URL,
 * NPSD_TEST_CHROMIUM the browser (chromium), NPSD_TEST_WORDS does what the arguments do.
 */
import { readdirSync } from "node:fs";
import { stopBrowser } from "./support/browser.mjs";
import { stopService } from "./support/service.mjs";
import { loading, runAll } from "./support/harness.mjs";

const folder = new URL(".", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".test.mjs"));
for (const name of files.sort()) {
  loading(name.replace(".test.mjs", ""));
  await import(new URL(name, folder));
}
const words = [...process.argv.slice(2), ...(process.env.NPSD_TEST_WORDS || "").split(" ")].filter(Boolean);

const end = async (code) => {
  await stopBrowser();
  await stopService();
  process.exit(code);
};
process.on("SIGTERM", () => end(143));
process.on("SIGINT", () => end(130));
const passed = await runAll(words).catch((error) => console.log(error));
await end(passed ? 0 : 1);
