#include "npsd/api/displays.h"

#include "npsd/api/quota.h"
#include "npsd/api/world.h"
#include "npsd/ingest/display_meter.h"
#include "npsd/json/read.h"

#include <string.h>

struct display {
    const char *event, *channel;
};

static const struct json_field fields[] = {
    JSON_TEXT("event", offsetof(struct display, event), 1, 32, JSON_REQUIRED),
    JSON_TEXT("channel", offsetof(struct display, channel), 1, 32, 0),
};

enum { FIELDS = sizeof fields / sizeof fields[0] };

bool displays_channel(const char *name, enum channel *ret_channel)
{
    return channel_parse(name, strlen(name), ret_channel) && *ret_channel != CHANNEL_IMPORT;
}

static bool read_display(const json_t *body, bool *ret_shown, enum channel *ret_channel,
                         struct problem_errors *errors)
{
    struct display display = {.channel = channel_name(CHANNEL_WEB)};
    json_decode(body, "", fields, FIELDS, &display, errors, NULL);
    *ret_shown = display.event && strcmp(display.event, "shown") == 0;
    if (display.event && !*ret_shown && strcmp(display.event, "dismissed") != 0)
        problem_add(errors, "must be shown or dismissed", "/event");
    if (!displays_channel(display.channel, ret_channel))
        problem_add(errors, "must be web, email, link, sms, phone, kiosk, chat or app", "/channel");
    return errors->count == 0;
}

void displays_dismiss(const struct call *call, enum channel channel)
{
    display_meter_dismissed(call_world(call)->displays, call_identity(call)->survey->id, channel,
                            call->received_us);
}

struct reply displays_post(struct call *call)
{
    struct problem_errors errors = {.arena = call->arena};
    const char *detail;
    enum channel channel;
    bool shown;
    struct reply refusal = quota_take_display(call);
    if (refusal.status)
        return refusal;
    json_t *body = json_read(call->arena, call->body, call->body_len, &detail);
    if (!body)
        return reply_problem(call, PROBLEM_BAD_JSON, detail);
    if (!read_display(body, &shown, &channel, &errors))
        return reply_problem_errors(call, PROBLEM_INVALID, NULL, &errors, false);
    if (shown)
        display_meter_shown(call_world(call)->displays, call_identity(call)->survey->id, channel,
                            call->received_us);
    else
        displays_dismiss(call, channel);
    return reply_empty(204);
}
