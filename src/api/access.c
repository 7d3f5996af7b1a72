#include "npsd/api/access.h"
#include "access_internal.h"

#include "npsd/api/failures.h"
#include "npsd/api/limits.h"
#include "npsd/api/submission.h"
#include "npsd/api/window_query.h"
#include "npsd/base/clock.h"
#include "npsd/base/text.h"
#include "npsd/state/keytext.h"

#include <string.h>
#include <strings.h>

static void release_snapshot(void *snapshot)
{
    directory_release(snapshot);
}

static const char *basic_user(const struct call *call, const char *encoded)
{
    size_t len = strlen(encoded), out_len;
    char *out = arena_alloc(call->arena, len + 1);
    if (!crypto_base64_decode(encoded, len, out, len, &out_len) || memchr(out, '\0', out_len))
        return NULL;
    out[out_len] = '\0';
    out[strcspn(out, ":")] = '\0';
    return out;
}

const char *access_credentials(const struct call *call, bool *ret_malformed)
{
    const char *header = call_header(call, "Authorization");
    const char *found = NULL;
    *ret_malformed = false;
    if (!header)
        return NULL;
    if (strncasecmp(header, "Bearer ", 7) == 0)
        found = header + 7 + strspn(header + 7, " ");
    else if (strncasecmp(header, "Basic ", 6) == 0)
        found = basic_user(call, header + 6 + strspn(header + 6, " "));
    *ret_malformed = !found || *found == '\0';
    return *ret_malformed ? NULL : found;
}

/* What a request is for, and what it shows. */
struct claim {
    enum access access;
    const char *key, *token, *link; /* NULL: not sent */
};

/* An edit token stands where a key would, on the one route that takes it. */
static bool is_edit_token(const struct call *call, const char *credentials)
{
    return call->route->access == ACCESS_AMEND && strncmp(credentials, "npsd_", 5) != 0;
}

static struct reply refuse_key(const struct call *call)
{
    return failures_refuse(call, "This key is not known, was revoked, or has expired.");
}

static struct reply go_on(void)
{
    return (struct reply){0};
}

static void take_key(struct identity *who, const struct directory_key *key)
{
    who->key = key;
    who->role = key->role;
    who->actor = key->actor;
    directory_note_use(key->used);
}

/*
 * The hash of a key that has its form. A thread sees the same few keys again and again, so it
 * remembers the last one; comparing takes as long for a wrong key as for a right one.
 */
static bool hash_key(const char *text, size_t len, struct crypto_hash *ret_hash)
{
    static _Thread_local struct {
        char text[KEYTEXT_SIZE];
        size_t len;
        struct crypto_hash hash;
    } last;
    if (len == last.len && len > 0 && crypto_equal(text, last.text, len)) {
        *ret_hash = last.hash;
        return true;
    }
    if (!keytext_is_valid(text, len))
        return false;
    *ret_hash = crypto_sha256(text, len);
    memcpy(last.text, text, len);
    last.len = len;
    last.hash = *ret_hash;
    return true;
}

/* Status 0: no key was sent, or it is good (or, with *ret_ask, might be). */
static struct reply find_key(struct call *call, struct identity *who, const char *text,
                             bool *ret_ask)
{
    if (!text)
        return go_on();
    struct crypto_hash hash;
    if (!hash_key(text, strlen(text), &hash))
        return refuse_key(call);
    const struct directory_key *key = who->snapshot ? directory_key(who->snapshot, &hash) : NULL;
    if (!key && ret_ask) {
        *ret_ask = true;
        return go_on();
    }
    if (!key || call->received_us >= directory_key_end(key))
        return refuse_key(call);
    take_key(who, key);
    return go_on();
}

static struct reply refuse_survey(const struct call *call)
{
    return reply_problem(call, PROBLEM_NOT_FOUND, "There is no such survey.");
}

static bool has_survey(const struct route *route)
{
    return strstr(route->pattern, "{survey}") != NULL;
}

/* Status 0: no link is in the path, or it is good (or, with *ret_ask, might be). */
static struct reply find_link(const struct call *call, struct identity *who, const char *sent,
                              bool *ret_ask)
{
    if (sent)
        return access_take_link(call, who, sent, ret_ask);
    if (access_link_in_path(call))
        return access_take_link(call, who, call->params[0], ret_ask);
    return go_on();
}

static const struct survey *named_survey(const struct call *call, const struct identity *who)
{
    if (!who->snapshot)
        return NULL;
    if (who->link && access_link_in_path(call))
        return directory_survey_by_id(who->snapshot, who->link->survey_id);
    return directory_survey(who->snapshot, call->params[0]);
}

static bool is_for(const struct identity *who, int32_t survey_id)
{
    return (!who->key || directory_key_covers(who->key, survey_id)) &&
           (!who->link || who->link->survey_id == survey_id);
}

static struct reply find_survey(struct call *call, struct identity *who, bool *ret_ask)
{
    if (!has_survey(call->route))
        return go_on();
    who->survey = named_survey(call, who);
    if (who->survey && is_for(who, who->survey->id))
        return go_on();
    if (!who->survey && ret_ask) {
        *ret_ask = true;
        return go_on();
    }
    return refuse_survey(call);
}

static struct reply refuse_nobody(const struct call *call)
{
    return reply_problem(call, PROBLEM_UNAUTHORIZED,
                         "This needs a key: Authorization: Bearer npsd_...");
}

/* Who shows no key and needs one, or an edit token, in any case. */
static bool lacks_key(const struct identity *who, const struct claim *claim)
{
    return who->role == ROLE_NONE && (!role_may(ROLE_NONE, claim->access) ||
                                      (claim->access == ACCESS_AMEND && !claim->token));
}

static bool is_token_of(const struct call *call, const struct identity *who, const char *token)
{
    const char *slug = call->params[0], *id_text = call->params[1];
    char expected[EDIT_TOKEN_SIZE];
    struct uuid id;
    if (!text_is_slug(slug, strlen(slug)) || !uuid_parse(id_text, strlen(id_text), &id))
        return false;
    submission_edit_token(who->snapshot, slug, &id, expected);
    return strlen(token) == strlen(expected) && crypto_equal(token, expected, strlen(expected));
}

/* Status 0: no token was sent, or it is the response's (or, with *ret_ask, might be). */
static struct reply find_token(const struct call *call, struct identity *who, const char *token,
                               bool *ret_ask)
{
    if (!token)
        return go_on();
    if (!who->snapshot && ret_ask) {
        *ret_ask = true;
        return go_on();
    }
    if (!who->snapshot || !is_token_of(call, who, token))
        return failures_refuse(call, "This is not the response's edit token.");
    who->actor = "edit token";
    return go_on();
}

static bool survey_is(const struct identity *who, enum survey_access access)
{
    return who->survey && who->survey->access == access;
}

static bool is_date_or_absent(const char *text)
{
    int32_t day;
    return !text || clock_parse_date(text, strlen(text), &day);
}

/* The number of the whole survey in windows of whole days or by the clock of now: how one branch or
 * agent does is nobody's business, nor what somebody said at some moment. */
static bool is_public_badge(const struct call *call, const struct identity *who, enum access access)
{
    if (access != ACCESS_BADGE || !who->survey || !who->survey->badge_public)
        return false;
    for (size_t i = 0; i < call->query_count; i++)
        if (strncmp(call->query[i].name, WINDOW_QUERY_PREFIX, strlen(WINDOW_QUERY_PREFIX)) == 0)
            return false;
    return is_date_or_absent(call_query(call, "from")) && is_date_or_absent(call_query(call, "to"));
}

/* Without a key only what an open survey offers to everybody. */
static struct reply check_nobody(const struct call *call, const struct identity *who,
                                 enum access access)
{
    bool needs_open = access == ACCESS_PAGE || access == ACCESS_DEFINITION || access == ACCESS_POST;
    bool needs_key = (needs_open && !survey_is(who, SURVEY_OPEN)) || access == ACCESS_BADGE;
    return needs_key ? refuse_nobody(call) : go_on();
}

/* A link opens what an open survey offers to everybody; the survey may have changed since. */
static struct reply check_link(const struct call *call, const struct identity *who,
                               enum access access)
{
    bool is_for_all = access == ACCESS_ANYONE || access == ACCESS_FORM;
    return !is_for_all && survey_is(who, SURVEY_KEY) ? refuse_nobody(call) : go_on();
}

static struct reply check_key(const struct call *call, const struct identity *who,
                              enum access access)
{
    if (!role_may(who->role, access))
        return reply_problem(call, PROBLEM_FORBIDDEN, "The role of this key does not allow it.");
    const char *origin = call_header(call, "Origin");
    if (origin && !access_origin_listed(who->key, origin))
        return reply_problem(call, PROBLEM_ORIGIN, NULL);
    if (access == ACCESS_POST && survey_is(who, SURVEY_LINK) && !role_is_staff(who->role))
        return reply_problem(call, PROBLEM_FORBIDDEN, "This survey takes answers by signed link.");
    return go_on();
}

static struct reply check_rights(const struct call *call, const struct identity *who,
                                 enum access access)
{
    if (is_public_badge(call, who, access))
        return go_on();
    struct reply reply = who->link  ? check_link(call, who, access)
                         : who->key ? check_key(call, who, access)
                                    : check_nobody(call, who, access);
    if (!reply.status && access == ACCESS_POST && who->survey && !who->survey->open)
        return reply_problem(call, PROBLEM_SURVEY_CLOSED, NULL);
    return reply;
}

/* The latest snapshot; earlier ones stay as long as the call. */
static void take_snapshot(const struct call *call, struct identity *who)
{
    who->snapshot = directory_acquire(call_world(call)->directory);
    if (who->snapshot)
        arena_defer(call->arena, release_snapshot, who->snapshot);
}

static struct identity *identity_of(struct call *call)
{
    struct identity *who = call->identity;
    if (!who) {
        who = arena_calloc(call->arena, 1, sizeof *who);
        call->identity = who;
    }
    *who = (struct identity){.role = ROLE_NONE, .actor = "anyone"};
    take_snapshot(call, who);
    return who;
}

/* ret_ask NULL: decide now. */
static struct reply admit(struct call *call, const struct claim *claim, bool *ret_ask)
{
    struct identity *who = identity_of(call);
    struct reply reply = find_key(call, who, claim->key, ret_ask);
    if (reply.status || (ret_ask && *ret_ask))
        return reply;
    /* Said before it is said which surveys there are. */
    if (lacks_key(who, claim))
        return refuse_nobody(call);
    reply = find_token(call, who, claim->token, ret_ask);
    if (!reply.status && !(ret_ask && *ret_ask))
        reply = find_link(call, who, claim->link, ret_ask);
    if (reply.status || (ret_ask && *ret_ask))
        return reply;
    reply = find_survey(call, who, ret_ask);
    if (reply.status || (ret_ask && *ret_ask))
        return reply;
    return check_rights(call, who, claim->access);
}

static struct claim claim_of(const struct call *call, const char *credentials)
{
    struct claim claim = {.access = call->route->access};
    if (credentials && is_edit_token(call, credentials))
        claim.token = credentials;
    else if (credentials && access_is_link(call, credentials))
        claim.link = credentials;
    else
        claim.key = credentials;
    return claim;
}

static struct reply admit_header(struct call *call, bool *ret_ask)
{
    bool malformed;
    const char *credentials = access_credentials(call, &malformed);
    if (malformed)
        return failures_refuse(call, "Send the key as Bearer, or as the user name of Basic.");
    const struct claim claim = claim_of(call, credentials);
    return admit(call, &claim, ret_ask);
}

/* Whether a stranger's request may cost a look into the database; if not, what is remembered
 * decides, which is a quarter of a second old. */
static bool may_ask(const struct call *call)
{
    return limits_take(call_world(call)->asks, call->client, 1, clock_monotonic_us()) == 0;
}

struct reply access_admit(struct call *call, bool *ret_ask)
{
    *ret_ask = false;
    struct reply reply = admit_header(call, ret_ask);
    if (!*ret_ask || !call_identity(call)->snapshot || may_ask(call))
        return reply;
    *ret_ask = false;
    return admit_header(call, NULL);
}

static struct reply read_directory(struct call *call)
{
    if (call->db && directory_refresh(call_world(call)->directory, call->db) == DB_OK)
        return go_on();
    return reply_problem(call, PROBLEM_UNAVAILABLE, "The database cannot be asked now.");
}

struct reply access_admit_fresh(struct call *call)
{
    struct reply reply = read_directory(call);
    return reply.status ? reply : admit_header(call, NULL);
}

struct reply access_admit_form(struct call *call, const char *key)
{
    const struct claim claim = {.access = ACCESS_POST, .key = key};
    bool ask = false;
    struct reply reply = admit(call, &claim, &ask);
    if (!ask)
        return reply;
    reply = read_directory(call);
    return reply.status ? reply : admit(call, &claim, NULL);
}

struct reply access_renew_survey(struct call *call)
{
    struct identity *who = call_identity(call);
    struct reply reply = read_directory(call);
    if (reply.status)
        return reply;
    take_snapshot(call, who);
    who->survey = directory_survey_by_id(who->snapshot, who->survey->id);
    return who->survey ? go_on() : refuse_survey(call);
}
