/*
 * Pages of other people, on another origin than the service, with the widget on them.
 *
 *   test("...", onHost({ survey, attributes: {"data-after": "0"} }, async (page, host) => { ... }));
 *
 * The shadow root is closed as it is for everybody, unless `open: true`; then page.locator() sees
 * into it. Every page is watched for errors of scripts.
 */
import { createServer } from "node:http";
import { newContext } from "./browser.mjs";
import { service } from "./service.mjs";

const escape = (text) => String(text).replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");

/* The one line. */
export const widgetTag = async (attributes) => {
    const { url } = await service();
    const text = Object.entries(attributes).map(([name, value]) => ` ${name}="${escape(value)}"`);
    return `<script src="${url}/embed.js"${text.join("")} defer></script>`;
};

const someText = `<main><h1>A page</h1><p>Some <a href="#here">text</a> of a page.</p><button id="own">Own</button></main>`;

const hostPage = ({ head = "", body = someText, tags, lang = "en" }) =>
    `<!doctype html><html lang="${lang}"><head><meta charset="utf-8"><title>A page</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
${head}${tags}</head><body>${body}</body></html>`;

/* A web server that has one page at every path: host.page. */
export const startHost = async () => {
    const host = { page: "", headers: {} };
    const server = createServer((request, reply) => {
        reply.writeHead(200, { "Content-Type": "text/html; charset=utf-8", ...host.headers });
        reply.end(host.page);
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    host.url = `http://127.0.0.1:${server.address().port}`;
    host.close = () => {
        server.closeAllConnections();
        server.close();
    };
    return host;
};

/* Errors of scripts in a page; what the network or the widget says about itself is none. */
const watchErrors = (page) => {
    page.errors = [];
    page.on("pageerror", (error) => page.errors.push(error.message));
};

/* What the page's own requests to the service were: "POST /v1/surveys/s/displays shown". */
const watchRequests = (page) => {
    page.asked = [];
    page.on("request", (request) => {
        const { pathname } = new URL(request.url());
        if (!pathname.startsWith("/v1/")) return;
        const event = /\/displays$/.test(pathname) ? ` ${request.postDataJSON().event}` : "";
        page.asked.push(`${request.method()} ${pathname}${event}`);
    });
};

export const countOf = (page, words) => page.asked.filter((line) => line.includes(words)).length;

/* Members that are functions are called with what is known by then. */
const resolved = (value, ...known) => (typeof value === "function" ? value(...known) : value);

/*
 * Runs body(page, {host, context, survey}) on a page with the widget. Settings: survey (a slug or a
 * function that makes one), attributes (of the script element, or a function of the survey and the
 * page's origin), tags (instead of the one line), open, headers, head, body, lang, context
 * (playwright's options), before(context), goto (false: the test goes by itself).
 */
export const onHost = (settings, body) => async () => {
    const host = await startHost();
    const survey = await resolved(settings.survey);
    const given = await resolved(settings.attributes, survey, host.url);
    const attributes = { "data-survey": survey, ...(settings.open ? { "data-shadow": "open" } : {}), ...given };
    const tags = settings.tags ? await settings.tags(survey) : await widgetTag(attributes);
    host.page = hostPage({ ...settings, tags });
    host.headers = (await resolved(settings.headers)) || {};
    const context = await newContext({ baseURL: host.url, ...settings.context });
    context.on("page", (page) => {
        watchErrors(page);
        watchRequests(page);
    });
    try {
        if (settings.before) await settings.before(context);
        const page = await context.newPage();
        if (settings.goto !== false) await page.goto("/");
        await body(page, { host, context, survey });
        const errors = context.pages().flatMap((one) => one.errors);
        if (errors.length) throw new Error(`errors in the page: ${errors.join("; ")}`);
    } finally {
        await context.close();
        host.close();
    }
};
