#include "npsd/api/pages.h"

#include "npsd/api/negotiate.h"
#include "npsd/api/stamp.h"
#include "npsd/api/world.h"
#include "npsd/base/crypto.h"
#include "npsd/base/text.h"
#include "npsd/base/uuid.h"
#include "npsd/domain/response.h"
#include "npsd/page/gzip.h"
#include "npsd/page/language.h"
#include "npsd/page/page.h"

#include <string.h>

/* --- from the request --- */

static bool is_kiosk(const struct call *call)
{
    const char *kiosk = call_query(call, "kiosk");
    return kiosk && strcmp(kiosk, "1") == 0;
}

/* The query without the language, to be followed by it. */
static const char *rest_of_query(const struct call *call)
{
    struct buf out = buf_make(call->arena, 128);
    for (size_t i = 0; i < call->query_count; i++) {
        if (strcmp(call->query[i].name, "lang") == 0)
            continue;
        buf_text(&out, call_escape(call->arena, call->query[i].name));
        buf_char(&out, '=');
        buf_text(&out, call_escape(call->arena, call->query[i].value));
        buf_char(&out, '&');
    }
    return out.data;
}

static const struct survey *survey_of(const struct call *call)
{
    const struct identity *who = call_identity(call);
    return who ? who->survey : NULL;
}

static struct page_frame frame_of(const struct call *call)
{
    const struct survey *survey = survey_of(call);
    bool get = call->route && call->route->method == HTTP_GET;
    return (struct page_frame){
        .arena = call->arena,
        .survey = survey,
        .language =
            language_choose(survey, call_query(call, "lang"), call_header(call, "Accept-Language")),
        .kiosk = is_kiosk(call),
        .path = get ? call->path : NULL,
        .query = rest_of_query(call),
    };
}

/* What an answer can have; anything else is nobody's business, since links come from everywhere. */
static enum channel channel_of(const struct call *call, const char *link)
{
    const char *name = call_query(call, "channel");
    enum channel channel;
    if (name && channel_parse(name, strlen(name), &channel) && channel != CHANNEL_IMPORT)
        return channel;
    return is_kiosk(call) ? CHANNEL_KIOSK : link ? CHANNEL_LINK : CHANNEL_WEB;
}

static int score_of(const struct call *call)
{
    const char *text = call_query(call, "score");
    int64_t score;
    return text && text_to_number(text, strlen(text), 0, 10, &score) ? (int)score : -1;
}

static void take_facets(const struct call *call, const struct survey *survey,
                        struct page_form *form)
{
    for (size_t i = 0; i < survey->facet_count; i++) {
        if (!survey->facets[i].active)
            continue;
        const char *value = call_query(call, survey->facets[i].name);
        if (value && *value && strlen(value) <= RESPONSE_VALUE_MAX)
            form->facets[i] = value;
    }
}

/* --- to the reply --- */

static const char *policy_of(const struct call *call, const struct page *page)
{
    return arena_printf(call->arena,
                        "default-src 'none'; script-src 'self'; style-src '%s'; img-src 'self';"
                        " connect-src 'self'; form-action 'self'; base-uri 'none';"
                        " frame-ancestors 'none'%s",
                        page->style_hash, is_kiosk(call) ? "; worker-src 'self'" : "");
}

static void set_body(const struct call *call, struct reply *reply, const struct page *page)
{
    reply->type = "text/html; charset=utf-8";
    reply->body = page->html.data;
    reply->body_len = page->html.len;
    if (negotiate_names(call_header(call, "Accept-Encoding"), "gzip") &&
        gzip_pack(call->arena, page->html.data, page->html.len, &reply->body, &reply->body_len))
        reply_header(reply, "Content-Encoding", "gzip");
}

/* The page in place of what the reply has, whose status and headers stay. */
static struct reply put_page(const struct call *call, struct reply reply, const struct page *page)
{
    set_body(call, &reply, page);
    reply_header(&reply, "Content-Security-Policy", policy_of(call, page));
    reply_header(&reply, "Referrer-Policy", "no-referrer");
    reply_header(&reply, "Cross-Origin-Opener-Policy", "same-origin");
    reply_header(&reply, "Permissions-Policy",
                 "camera=(), geolocation=(), microphone=(), payment=()");
    reply_header(&reply, "Vary", "Accept, Accept-Encoding, Accept-Language");
    return reply;
}

static struct reply page_reply(const struct call *call, const struct page *page)
{
    struct reply reply = reply_empty(200);
    reply_header(&reply, "Cache-Control", "no-store");
    return put_page(call, reply, page);
}

/* --- the pages --- */

struct reply pages_survey(struct call *call)
{
    const struct identity *who = call_identity(call);
    const struct survey *survey = who->survey;
    const char *token = strchr(call->params[0], '.') ? call->params[0] : NULL;
    char stamp[STAMP_SIZE], key[UUID_TEXT_SIZE];

    if (!survey->open)
        return pages_refusal(call, reply_problem(call, PROBLEM_SURVEY_CLOSED, NULL));
    struct uuid id = uuid_v7(call->received_us);
    struct page_frame frame = frame_of(call);
    struct page_form form = {
        .action = call->path,
        .link = token,
        .channel = channel_of(call, token),
        .score = score_of(call),
        .key = token ? NULL : uuid_format(&id, key), /* a link is good for one answer anyway */
        .stamp = stamp_make(who->snapshot, survey->slug, call->received_us, stamp),
        .now_us = call->received_us,
    };
    take_facets(call, survey, &form);
    struct page page = page_survey(&frame, &form);
    return page_reply(call, &page);
}

struct reply pages_thanks(struct call *call)
{
    const char *dismissed = call_query(call, "dismissed");
    struct page_frame frame = frame_of(call);
    struct page page = page_thanks(&frame, dismissed && strcmp(dismissed, "1") == 0);
    return page_reply(call, &page);
}

/* "data:image/png;base64,..." was checked when the survey was told of it. */
static bool decode_logo(const struct call *call, const char *uri, struct reply *reply)
{
    const char *type = uri + strlen("data:"), *data = strchr(uri, ',') + 1;
    size_t room = strlen(data) / 4 * 3, len;
    char *bytes = arena_alloc(call->arena, room + 1);
    if (!crypto_base64_decode(data, strlen(data), bytes, room, &len))
        return false;
    *reply = reply_text(200, arena_strndup(call->arena, type, strcspn(type, ";")), bytes, len);
    return true;
}

struct reply pages_logo(struct call *call)
{
    const struct survey_brand *brand = &call_identity(call)->survey->brand;
    const char *version = call_query(call, "v");
    struct reply reply;

    if (!brand->logo || !decode_logo(call, brand->logo, &reply))
        return reply_problem(call, PROBLEM_NOT_FOUND, NULL);
    bool exact = version && strcmp(version, brand->logo_hash) == 0;
    reply_header(&reply, "Cache-Control",
                 exact ? "public, max-age=31536000, immutable" : "no-cache");
    reply_header(&reply, "Content-Security-Policy", "default-src 'none'; sandbox");
    /* The widget shows it in pages of other origins. */
    reply_header(&reply, "Cross-Origin-Resource-Policy", "cross-origin");
    return reply;
}

/* --- refusals --- */

static bool is_problem(const struct reply *reply)
{
    return reply->type && strcmp(reply->type, "application/problem+json") == 0;
}

struct reply pages_refusal(const struct call *call, struct reply reply)
{
    if (!is_problem(&reply) || !negotiate_names(call_header(call, "Accept"), "text/html"))
        return reply;
    struct page_frame frame = frame_of(call);
    /* Who only opened an address sent no answer that could be wrong. */
    bool address = reply.status == 400 && frame.path;
    struct page page = page_refusal(&frame, address ? 404 : reply.status);
    return put_page(call, reply, &page);
}

struct reply pages_dress(const struct call *call, struct reply reply)
{
    return strncmp(call->path, "/s/", 3) == 0 ? pages_refusal(call, reply) : reply;
}
