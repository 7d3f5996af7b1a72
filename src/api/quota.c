#include "npsd/api/quota.h"

#include "npsd/api/limits.h"
#include "npsd/base/clock.h"
#include "npsd/base/metrics.h"

enum { POLICIES = 2, WINDOW_S = 60 };

struct policy {
    const char *name, *detail;
};

static const struct policy of_address = {"address", "This address has sent too many answers."};
static const struct policy of_key = {"key", "Too many answers were sent with this key."};
static const struct policy of_displays = {"displays", "This address has sent too many displays."};

/* What the answers or displays of a call are taken from. Lives in its arena. */
struct quota {
    size_t count;
    const struct policy *policies[POLICIES];
    struct limits_use uses[POLICIES];
};

static void add_policy(struct quota *quota, const struct policy *policy, struct limits *limits,
                       uint64_t holder)
{
    quota->policies[quota->count] = policy;
    quota->uses[quota->count++] = (struct limits_use){.limits = limits, .holder = holder};
}

static struct quota *quota_of(const struct call *call)
{
    const struct world *world = call_world(call);
    const struct identity *who = call_identity(call);
    struct quota *quota = arena_calloc(call->arena, 1, sizeof *quota);
    if (limits_per_minute(world->limits) > 0)
        add_policy(quota, &of_address, world->limits, limits_address(world->limits, call->client));
    if (who->role == ROLE_SUBMIT && limits_per_minute(world->key_limits) > 0)
        add_policy(quota, &of_key, world->key_limits, (uint64_t)who->key->id);
    return quota;
}

static int max_of(int a, int b)
{
    return a > b ? a : b;
}

static struct reply refuse(const struct call *call, const struct quota *quota)
{
    const char *violated[POLICIES + 1] = {NULL}, *detail = NULL;
    size_t count = 0;
    int wait_s = 0;
    for (size_t i = 0; i < quota->count; i++) {
        const struct limits_use *use = &quota->uses[i];
        if (use->wait_s > 0) {
            violated[count++] = quota->policies[i]->name;
            detail = detail ? detail : quota->policies[i]->detail;
        }
        wait_s = max_of(wait_s, max_of(use->wait_s, use->more_s));
    }
    metrics_add(METRIC_LIMITED, 1);
    return reply_too_many(call, detail, violated, wait_s);
}

static struct reply take(const struct call *call, struct quota *quota, size_t n)
{
    call_identity(call)->quota = quota;
    if (limits_take_all(quota->uses, quota->count, n, clock_monotonic_us()))
        return (struct reply){0};
    return refuse(call, quota);
}

struct reply quota_take(const struct call *call, size_t answers)
{
    if (role_is_secret(call_identity(call)->role))
        return (struct reply){0};
    return take(call, quota_of(call), answers);
}

struct reply quota_take_display(const struct call *call)
{
    struct limits *limits = call_world(call)->looks;
    if (role_is_secret(call_identity(call)->role) || limits_per_minute(limits) == 0)
        return (struct reply){0};
    struct quota *quota = arena_calloc(call->arena, 1, sizeof *quota);
    add_policy(quota, &of_displays, limits, limits_address(limits, call->client));
    return take(call, quota, 1);
}

struct reply quota_refuse(const struct call *call, const char *policy, const char *detail,
                          int wait_s)
{
    const char *const violated[] = {policy, NULL};
    metrics_add(METRIC_LIMITED, 1);
    return reply_too_many(call, detail, violated, wait_s);
}

/* --- the fields --- */

/* ";q=600" */
static void put_parameter(struct buf *out, char name, int value)
{
    char digits[12];
    char *at = digits + sizeof digits;
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    buf_char(out, ';');
    buf_char(out, name);
    buf_char(out, '=');
    buf_add(out, at, (size_t)(digits + sizeof digits - at));
}

static void put_name(struct buf *out, const char *name)
{
    buf_text(out, out->len > 0 ? ", \"" : "\"");
    buf_text(out, name);
    buf_char(out, '"');
}

void quota_tell(const struct call *call, struct reply *reply)
{
    const struct identity *who = call_identity(call);
    const struct quota *quota = who ? who->quota : NULL;
    if (!quota || quota->count == 0)
        return;
    struct buf policies = buf_make(call->arena, 64), rest = buf_make(call->arena, 64);
    for (size_t i = 0; i < quota->count; i++) {
        const struct limits_use *use = &quota->uses[i];
        put_name(&policies, quota->policies[i]->name);
        put_parameter(&policies, 'q', limits_per_minute(use->limits));
        put_parameter(&policies, 'w', WINDOW_S);
        put_name(&rest, quota->policies[i]->name);
        put_parameter(&rest, 'r', use->left);
        if (use->more_s > 0)
            put_parameter(&rest, 't', use->more_s);
    }
    reply_header(reply, "RateLimit-Policy", policies.data);
    reply_header(reply, "RateLimit", rest.data);
}
