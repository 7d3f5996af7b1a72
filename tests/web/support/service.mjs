/*
 * A daemon with a database of its own, started when the first test asks for it and stopped at the end.
 *
 *   const { url } = await service();
 *   const slug = await makeSurvey({edit_minutes: 5});
 *   const rows = await answers(slug);        what is in the database, by the API, oldest first
 *   await stopDaemon(); await startDaemon(); the same address
 */
import { execFile, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";

const run = promisify(execFile);
const binary = process.env.NPSD_TEST_BINARY || "build/npsd";
const serverUrl = process.env.NPSD_TEST_DATABASE_URL || "";
const database = `npsd_web_${process.pid}_${randomBytes(4).toString("hex")}`;

let starting = null;
let folder = "";
let daemon = null;
let address = "127.0.0.1:0";
let key = "";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const withSetting = (url, setting) => url + (url.includes("?") ? "&" : "?") + setting;
const databaseUrl = () => withSetting(serverUrl, `dbname=${database}`);
export const sql = async (text, url = databaseUrl()) =>
  (await run("psql", [url, "--no-psqlrc", "-qAtc", text])).stdout.trim();

const environment = (more) => {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("NPSD_") || name.startsWith("NPSD_TEST_"),
  );
  return {
    ...Object.fromEntries(inherited),
    NPSD_DATABASE_URL: databaseUrl(),
    NPSD_VAR: folder,
    NPSD_ALLOW_UNSAFE_DURABILITY: "1",
    ...more,
  };
};

const command = async (...args) => (await run(binary, args, { env: environment({}) })).stdout.trim();

/* --- the daemon --- */

const listeningAddress = async () => {
  const log = await readFile(join(folder, "log"), "utf8");
  if (daemon.exitCode !== null) throw new Error(`the daemon ended with ${daemon.exitCode}:\n${log}`);
  const found = log.split("\n").filter((line) => line.includes("event=listening")).pop();
  return found && / address=(\S+)/.exec(found)[1];
};

const isReady = async () => {
  const found = await listeningAddress();
  if (!found) return false;
  address = found;
  const reply = await fetch(`http://${address}/readyz`).catch(() => ({ ok: false }));
  return reply.ok;
};

export const startDaemon = async () => {
  const log = openSync(join(folder, "log"), "w");
  const settings = { NPSD_LISTEN: address, NPSD_ADMIN_LISTEN: "", NPSD_RATE_PUBLIC: "0", NPSD_RATE_KEY: "0" };
  daemon = spawn(binary, ["serve"], { env: environment(settings), stdio: ["ignore", log, log] });
  closeSync(log);
  for (let i = 0; i < 600; i++) {
    if (await isReady()) return;
    await pause(50);
  }
  throw new Error("the daemon did not become ready");
};

export const stopDaemon = async () => {
  if (!daemon || daemon.exitCode !== null) return;
  const ended = new Promise((resolve) => daemon.once("exit", resolve));
  daemon.kill("SIGTERM");
  const code = await ended;
  if (code !== 0) throw new Error(`the daemon ended with ${code}`);
};

const begin = async () => {
  if (!serverUrl) throw new Error("NPSD_TEST_DATABASE_URL is not set: use tests/run.sh");
  folder = await mkdtemp(join(tmpdir(), "npsd-web."));
  await sql(`CREATE DATABASE ${database}`, serverUrl);
  await command("migrate");
  key = await command("key", "create", "--role", "admin", "--name", "web");
  await startDaemon();
};

/* Its address; started when it is not there. */
export const service = async () => {
  starting = starting || begin();
  await starting;
  return { url: `http://${address}` };
};

export const stopService = async () => {
  if (!starting) return;
  await stopDaemon().catch((error) => console.log(error.message));
  if (daemon && daemon.exitCode === null) daemon.kill("SIGKILL");
  await sql(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`, serverUrl).catch(() => {});
  await rm(folder, { recursive: true, force: true });
};

/* --- what is in it --- */

export const newKey = (role, ...options) => command("key", "create", "--role", role, "--name", role, ...options);

export const api = async (method, path, body) => {
  const { url } = await service();
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const reply = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
  return text && JSON.parse(text);
};

let surveys = 0;

/* A survey of its own for a test; the slug. */
export const makeSurvey = async (members = {}) => {
  const id = members.id || `survey-${++surveys}`;
  const title = { en: "Your visit", ru: "Ваш визит" };
  await api("POST", "/v1/surveys", { id, title, facets: ["branch"], ...members });
  return id;
};

export const answers = async (slug) => {
  const { items } = await api("GET", `/v1/surveys/${slug}/responses?limit=1000&period=all`);
  return items.reverse();
};

/* Once the condition holds, what it gave; fails when it does not come to hold. */
export const eventually = async (look, holds = Boolean, seconds = 15) => {
  let seen;
  for (let i = 0; i < seconds * 20; i++) {
    seen = await look();
    if (holds(seen)) return seen;
    await pause(50);
  }
  throw new Error(`it did not come to be: ${JSON.stringify(seen)}`);
};

/* The answers, when there are so many. */
export const answersOf = (slug, count) => eventually(() => answers(slug), (rows) => rows.length === count);
