/*
 * The service worker of kiosks: the survey page opens without a network, as it was last seen. It
 * touches nothing else: no answers, and no page that is not a kiosk's.
 */

const KEPT = "npsd-kiosk";
const PATIENCE = 4000;

const isKiosk = (url) => url.searchParams.get("kiosk") === "1";

const find = (request) => caches.match(request, { ignoreVary: true });

/* A file that has changed has another query: its older ones are of no use. */
const keep = async (request, reply) => {
  const kept = await caches.open(KEPT);
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/assets/"))
    await Promise.all(
      (await kept.keys())
        .filter((other) => new URL(other.url).pathname === pathname && other.url !== request.url)
        .map((other) => kept.delete(other)),
    );
  await kept.put(request, reply);
};

const load = async (request) => {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), PATIENCE);
  const reply = await fetch(request, { signal: controller.signal });
  clearTimeout(timer);
  if (reply.ok) await keep(request, reply.clone());
  return reply;
};

/* Fresh if possible; a survey that was closed says so, a network or service that is away does not count. */
const page = async (request) => {
  const reply = await load(request).catch(() => null);
  if (reply && reply.status < 500) return reply;
  return (await find(request)) || reply || Response.error();
};

const file = async (request) => (await find(request)) || load(request);

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate" && isKiosk(url)) event.respondWith(page(request));
  else if (url.pathname.startsWith("/assets/") || url.pathname.endsWith("/logo")) event.respondWith(file(request));
});
