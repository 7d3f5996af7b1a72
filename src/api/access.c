#include "npsd/api/access.h"

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

/* An edit token stands where a key would, on the one route that takes it; its handler checks it. */
static bool is_edit_token(const struct call *call, const char *credentials)
{
    return call->route->access == ACCESS_AMEND && strncmp(credentials, "npsd_", 5) != 0;
}

static struct reply refuse_key(const struct call *call)
{
    return reply_problem(call, PROBLEM_UNAUTHORIZED, "This key is not known, or was revoked.");
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
    /* A plain store would do, but most requests find it set and need not write at all. */
    if (!atomic_load_explicit(key->used, memory_order_relaxed))
        atomic_store_explicit(key->used, true, memory_order_relaxed);
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
    if (key)
        take_key(who, key);
    else if (ret_ask)
        *ret_ask = true;
    else
        return refuse_key(call);
    return go_on();
}

static bool has_survey(const struct route *route)
{
    return strstr(route->pattern, "{survey}") != NULL;
}

static struct reply find_survey(struct call *call, struct identity *who, bool *ret_ask)
{
    if (!has_survey(call->route))
        return go_on();
    who->survey = who->snapshot ? directory_survey(who->snapshot, call->params[0]) : NULL;
    if (who->survey && (!who->key || directory_key_covers(who->key, who->survey->id)))
        return go_on();
    if (!who->survey && ret_ask) {
        *ret_ask = true;
        return go_on();
    }
    return reply_problem(call, PROBLEM_NOT_FOUND, "There is no such survey.");
}

/* Without a key only what an open survey offers to everybody. */
static struct reply check_nobody(const struct call *call, const struct identity *who,
                                 enum access access)
{
    bool needs_open = access == ACCESS_DEFINITION || access == ACCESS_POST;
    if (role_may(ROLE_NONE, access) && (!needs_open || who->survey->access == SURVEY_OPEN))
        return go_on();
    return reply_problem(call, PROBLEM_UNAUTHORIZED,
                         "This needs a key: Authorization: Bearer npsd_...");
}

static bool origin_listed(const struct directory_key *key, const char *origin)
{
    for (size_t i = 0; i < key->origin_count; i++)
        if (strcmp(key->origins[i], origin) == 0)
            return true;
    return key->origin_count == 0;
}

static struct reply check_rights(const struct call *call, const struct identity *who,
                                 enum access access)
{
    if (who->role == ROLE_NONE)
        return check_nobody(call, who, access);
    if (!role_may(who->role, access))
        return reply_problem(call, PROBLEM_FORBIDDEN, "The role of this key does not allow it.");
    const char *origin = call_header(call, "Origin");
    if (origin && !origin_listed(who->key, origin))
        return reply_problem(call, PROBLEM_ORIGIN, NULL);
    if (access == ACCESS_POST && who->survey->access == SURVEY_LINK && !role_is_staff(who->role))
        return reply_problem(call, PROBLEM_FORBIDDEN, "This survey takes answers by signed link.");
    return go_on();
}

static struct identity *identity_of(struct call *call)
{
    struct identity *who = call->identity;
    if (!who) {
        who = arena_calloc(call->arena, 1, sizeof *who);
        call->identity = who;
    }
    *who = (struct identity){.role = ROLE_NONE, .actor = "anyone"};
    who->snapshot = directory_acquire(call_world(call)->directory);
    if (who->snapshot)
        arena_defer(call->arena, release_snapshot, who->snapshot);
    return who;
}

/* ret_ask NULL: decide now. */
static struct reply admit(struct call *call, enum access access, const char *credentials,
                          bool *ret_ask)
{
    struct identity *who = identity_of(call);
    struct reply reply = find_key(call, who, credentials, ret_ask);
    if (reply.status || (ret_ask && *ret_ask))
        return reply;
    /* Who needs a key in any case is told so before being told which surveys there are. */
    if (who->role == ROLE_NONE && !role_may(ROLE_NONE, access))
        return check_nobody(call, who, access);
    reply = find_survey(call, who, ret_ask);
    if (reply.status || (ret_ask && *ret_ask))
        return reply;
    return check_rights(call, who, access);
}

static struct reply admit_header(struct call *call, bool *ret_ask)
{
    bool malformed;
    const char *credentials = access_credentials(call, &malformed);
    if (malformed)
        return reply_problem(call, PROBLEM_UNAUTHORIZED,
                             "Send the key as Bearer, or as the user name of Basic.");
    if (credentials && is_edit_token(call, credentials))
        credentials = NULL;
    return admit(call, call->route->access, credentials, ret_ask);
}

struct reply access_admit(struct call *call, bool *ret_ask)
{
    *ret_ask = false;
    return admit_header(call, ret_ask);
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
    bool ask = false;
    struct reply reply = admit(call, ACCESS_POST, key, &ask);
    if (!ask)
        return reply;
    reply = read_directory(call);
    return reply.status ? reply : admit(call, ACCESS_POST, key, NULL);
}

/* What a page of another origin may do: post to, amend in, and read the definition of a survey. */
static bool is_for_pages(const struct route *route)
{
    return route->access == ACCESS_POST || route->access == ACCESS_FORM ||
           route->access == ACCESS_AMEND || route->access == ACCESS_DEFINITION;
}

static const char *cors_of_survey(const struct call *call,
                                  const struct directory_snapshot *snapshot, const char *origin)
{
    const struct survey *survey = directory_survey(snapshot, call->params[0]);
    if (!survey)
        return NULL;
    if (survey->access == SURVEY_OPEN)
        return "*";
    const struct identity *who = call_identity(call);
    if (who && who->key)
        return origin_listed(who->key, origin) ? origin : NULL;
    /* A preflight carries no key, so the origin need only be good for one of the survey's keys. */
    for (size_t i = 0; i < snapshot->key_count; i++)
        if (directory_key_covers(&snapshot->keys[i], survey->id) &&
            origin_listed(&snapshot->keys[i], origin))
            return origin;
    return NULL;
}

const char *access_cors(struct call *call)
{
    const char *origin = call_header(call, "Origin");
    if (!origin || !call->route || !is_for_pages(call->route) || !has_survey(call->route))
        return NULL;
    struct directory_snapshot *snapshot = directory_acquire(call_world(call)->directory);
    if (!snapshot)
        return NULL;
    const char *allowed = cors_of_survey(call, snapshot, origin);
    directory_release(snapshot);
    return allowed;
}
