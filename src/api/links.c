#include "npsd/api/links.h"

#include "npsd/api/link_snippet.h"
#include "npsd/api/world.h"
#include "npsd/base/clock.h"
#include "npsd/json/link_request.h"
#include "npsd/json/read.h"

#include <string.h>

static struct link make_link(const struct survey *survey, const struct link_wish *wish,
                             uint32_t expires_s)
{
    struct link link = {.survey_id = survey->id, .expires_s = expires_s};
    crypto_random(link.id, sizeof link.id);
    if (wish->respondent)
        memcpy(link.respondent, wish->respondent, strlen(wish->respondent));
    return link;
}

static void add_parameter(struct call *call, struct buf *url, const char *name, const char *value)
{
    buf_printf(url, "&%s=%s", name, call_escape(call->arena, value));
}

/* What the survey page is told by its query, so that the token need not carry it. */
static const char *make_url(struct call *call, const struct link_request *request,
                            const struct link_wish *wish, const struct link *link)
{
    char token[LINK_TOKEN_SIZE];
    struct buf url = buf_make(call->arena, 256);
    link_write(link, &call_identity(call)->snapshot->link_keys.items[0], token);
    buf_printf(&url, "%s/s/%s?channel=%s", call_base_url(call), token,
               channel_name(request->channel));
    if (request->language)
        add_parameter(call, &url, "lang", request->language);
    for (size_t i = 0; i < wish->property_count; i++)
        add_parameter(call, &url, wish->properties[i].name, wish->properties[i].value);
    return url.data;
}

static void put_snippet(struct json_writer *w, struct call *call, const struct link_words *words,
                        const char *url)
{
    struct buf html = buf_make(call->arena, 6 * 1024), text = buf_make(call->arena, 2 * 1024);
    link_snippet_html(&html, words, url);
    link_snippet_text(&text, words, url);
    json_put_textn(w, "html", html.data, html.len);
    json_put_textn(w, "text", text.data, text.len);
}

static void write_items(struct json_writer *w, struct call *call,
                        const struct link_request *request, struct problem_errors *errors)
{
    const struct survey *survey = call_identity(call)->survey;
    const struct link_words words = link_snippet_words(survey, request->language);
    uint32_t expires_s =
        (uint32_t)(call->received_us / CLOCK_SECOND_US + request->expires_in_days * INT64_C(86400));
    for (size_t i = 0; i < request->count; i++) {
        const struct link_wish *wish = &request->wishes[i];
        const struct link link = make_link(survey, wish, expires_s);
        const char *url = make_url(call, request, wish, &link);
        if (strlen(url) > LINK_URL_MAX)
            problem_add(errors, "makes a link of more than 2000 characters", "/respondents/%zu", i);
        json_object_begin(w, NULL);
        json_put_text(w, "respondent", wish->respondent);
        json_put_text(w, "url", url);
        json_put_time(w, "expires_at", expires_s * CLOCK_SECOND_US);
        if (request->snippet)
            put_snippet(w, call, &words, url);
        json_object_end(w);
    }
}

static struct reply refuse_fields(const struct call *call, const struct problem_errors *errors)
{
    return reply_problem_errors(call, PROBLEM_INVALID, NULL, errors, false);
}

struct reply links_create(struct call *call)
{
    const struct survey *survey = call_identity(call)->survey;
    struct problem_errors errors = {.arena = call->arena};
    struct link_request request;
    const char *detail;
    const json_t *body = json_read(call->arena, call->body, call->body_len, &detail);
    if (!body)
        return reply_problem(call, PROBLEM_BAD_JSON, detail);
    if (survey->access == SURVEY_KEY)
        problem_add(&errors, "the survey takes answers by key only: let its access be link or open",
                    "%s", "");
    if (!link_request_decode(body, survey, &errors, &request) || errors.count > 0)
        return refuse_fields(call, &errors);
    struct json_writer w = json_writer(call->arena);
    json_object_begin(&w, NULL);
    json_array_begin(&w, "items");
    write_items(&w, call, &request, &errors);
    json_array_end(&w);
    json_object_end(&w);
    if (errors.count > 0)
        return refuse_fields(call, &errors);
    struct reply reply = reply_json(200, &w);
    reply_header(&reply, "Cache-Control", "no-store");
    return reply;
}
