#include "npsd/page/assets.h"
#include "npsd/api/etag.h"
#include "npsd/api/negotiate.h"
#include "npsd/api/pages.h"
#include "npsd/api/world.h"

#include <string.h>

#define FOR_A_YEAR "public, max-age=31536000, immutable"
#define FOR_AN_HOUR "public, max-age=3600"
#define ASK_AGAIN "no-cache"

static const char *etag_of_asset(const struct call *call, const struct page_asset *asset, bool gz)
{
    return arena_printf(call->arena, "\"%s%s\"", asset->hash, gz ? "-gz" : "");
}

static struct reply asset_reply(const struct call *call, const struct page_asset *asset,
                                const char *cache)
{
    bool gz = negotiate_names(call_header(call, "Accept-Encoding"), "gzip");
    const char *etag = etag_of_asset(call, asset, gz);
    struct reply reply = gz ? reply_text(200, asset->type, (const char *)asset->gz, asset->gz_len)
                            : reply_text(200, asset->type, (const char *)asset->bytes, asset->len);

    if (etag_matches(call_header(call, "If-None-Match"), etag))
        reply.status = 304;
    if (gz)
        reply_header(&reply, "Content-Encoding", "gzip");
    reply_header(&reply, "ETag", etag);
    reply_header(&reply, "Cache-Control", cache);
    reply_header(&reply, "Vary", "Accept-Encoding");
    return reply;
}

static struct reply missing(const struct call *call)
{
    return reply_problem(call, PROBLEM_NOT_FOUND, NULL);
}

struct reply pages_asset(struct call *call)
{
    const struct page_asset *asset = page_asset(call->params[0]);
    const char *version = call_query(call, "v");

    if (!asset)
        return missing(call);
    bool exact = version && strcmp(version, asset->hash) == 0;
    struct reply reply = asset_reply(call, asset, exact ? FOR_A_YEAR : ASK_AGAIN);
    /* A picture or page that is opened on its own is a document, which needs nothing. */
    reply_header(&reply, "Content-Security-Policy", "default-src 'none'; sandbox");
    return reply;
}

struct reply pages_embed(struct call *call)
{
    const struct page_asset *asset = page_asset("embed.js");

    if (!asset)
        return missing(call);
    struct reply reply = asset_reply(call, asset, FOR_AN_HOUR);
    reply_header(&reply, "Access-Control-Allow-Origin", "*");
    reply_header(&reply, "Cross-Origin-Resource-Policy", "cross-origin");
    return reply;
}

struct reply pages_worker(struct call *call)
{
    const struct page_asset *asset = page_asset("worker.js");
    if (!asset)
        return missing(call);
    struct reply reply = asset_reply(call, asset, ASK_AGAIN);
    /* A worker has a policy of its own. */
    reply_header(&reply, "Content-Security-Policy", "default-src 'none'; connect-src 'self'");
    return reply;
}

struct reply pages_demo(struct call *call)
{
    const struct page_asset *asset = page_asset("demo.html");

    if (!asset)
        return missing(call);
    struct reply reply = asset_reply(call, asset, ASK_AGAIN);
    reply_header(&reply, "Content-Security-Policy",
                 "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
                 " connect-src 'self'; form-action 'self'; base-uri 'none';"
                 " frame-ancestors 'none'");
    reply_header(&reply, "Referrer-Policy", "no-referrer");
    return reply;
}
