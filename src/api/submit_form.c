#include "npsd/api/access.h"
#include "npsd/api/submission.h"
#include "npsd/api/submit.h"
#include "npsd/json/response.h"

#include <string.h>

/* Every option of four questions, every property, every other field. */
enum { FORM_PAIRS_MAX = 4 * SURVEY_OPTIONS_MAX + RESPONSE_PROPERTIES_MAX + 24 };

/* What the daemon itself takes out of a form. NULL: not sent; "" is as good as that. */
struct form_control {
    const char *key, *redirect, *idempotency_key;
};

struct form {
    struct submission submission;
    const char *redirect; /* NULL: to the thank-you page */
};

static struct reply refuse_pair(const struct call *call, const char *name, const char *detail)
{
    struct problem_errors errors = {.arena = call->arena};
    problem_add(&errors, detail, "/%s", name);
    return reply_problem_errors(call, PROBLEM_INVALID, NULL, &errors, false);
}

static const char **control_of(struct form_control *control, const char *name)
{
    if (strcmp(name, "key") == 0)
        return &control->key;
    if (strcmp(name, "redirect") == 0)
        return &control->redirect;
    return strcmp(name, "idempotency_key") == 0 ? &control->idempotency_key : NULL;
}

/* Parts the pairs into what is for us and what is the answer. */
static struct reply part_pairs(const struct call *call, const struct query_pair *all, size_t count,
                               struct form_control *control, struct form_pair *pairs,
                               size_t *ret_count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const char **target = control_of(control, all[i].name);
        if (!target) {
            pairs[kept++] = (struct form_pair){all[i].name, all[i].value, strlen(all[i].name),
                                               strlen(all[i].value)};
            continue;
        }
        if (*target)
            return refuse_pair(call, all[i].name, "may be given once");
        *target = all[i].value;
    }
    *ret_count = kept;
    return (struct reply){0};
}

static const char *given(const char *value)
{
    return value && *value ? value : NULL;
}

/* A header is ASCII; browsers would escape the rest of a URL likewise. */
static const char *escape_location(struct arena *arena, const char *target)
{
    struct buf out = buf_make(arena, strlen(target) + 1);
    for (; *target; target++) {
        if ((unsigned char)*target < 0x80)
            buf_char(&out, *target);
        else
            buf_printf(&out, "%%%02X", (unsigned char)*target);
    }
    return out.data;
}

/* A redirect may lead within this service, or to an origin that the form's key names. */
static bool redirect_allowed(const struct call *call, const char *target)
{
    const struct directory_key *key = call_identity(call)->key;
    for (const char *c = target; *c; c++)
        if ((unsigned char)*c <= 0x20 || *c == '\\' || *c == 0x7f)
            return false;
    if (target[0] == '/' && target[1] != '/')
        return true;
    for (size_t i = 0; key && i < key->origin_count; i++) {
        size_t len = strlen(key->origins[i]);
        if (strncmp(target, key->origins[i], len) == 0 && strchr("/?#", target[len]))
            return true;
    }
    return false;
}

static struct reply take_control(struct call *call, const struct form_control *control,
                                 struct form *form)
{
    bool malformed; /* has been refused before */
    const char *key = given(control->key), *redirect = given(control->redirect);
    const char *idempotency_key = given(control->idempotency_key);
    struct reply refusal =
        access_admit_form(call, key ? key : access_credentials(call, &malformed));
    if (!refusal.status)
        refusal = submission_limit(call, 1);
    if (refusal.status)
        return refusal;
    if (redirect && !redirect_allowed(call, redirect))
        return refuse_pair(call, "redirect", "must lead here or to an origin of the key");
    form->redirect = redirect ? escape_location(call->arena, redirect) : NULL;
    if (!submission_key_header(call, &form->submission.key) ||
        (idempotency_key && !submission_key_is_valid(idempotency_key)))
        return reply_problem(call, PROBLEM_BAD_KEY_HEADER, "1 to 255 visible ASCII characters.");
    if (idempotency_key)
        form->submission.key = idempotency_key;
    return refusal;
}

static void wake(struct lane_item *item)
{
    call_resume(item->owner);
}

static bool start_form(struct call *call, void *work)
{
    struct form *form = work;
    form->submission.item.done = wake;
    form->submission.item.owner = call;
    return lane_submit(call_world(call)->single, &form->submission.item, &form->submission.item, 1);
}

static struct reply finish_form(struct call *call, void *work)
{
    const struct form *form = work;
    enum lane_outcome outcome = form->submission.item.outcome;
    if (!submission_succeeded(outcome)) {
        const char *detail;
        enum problem problem = submission_problem(outcome, &detail);
        return reply_problem(call, problem, detail);
    }
    if (form->redirect)
        return reply_redirect(form->redirect);
    return reply_redirect(
        arena_printf(call->arena, "/s/%s/thanks", form->submission.response.survey->slug));
}

static struct reply decode_form(struct call *call, const struct form_pair *pairs, size_t count,
                                struct submission *submission)
{
    struct problem_errors errors = {.arena = call->arena};
    const struct response_rules rules = submission_rules(call, false);
    json_t *body = response_from_form(rules.survey, pairs, count, &errors);
    if (!body || !response_decode(body, "", &rules, &errors, &submission->response, NULL))
        return reply_problem_errors(call, PROBLEM_INVALID, NULL, &errors, false);
    submission_prepare(call, submission);
    return (struct reply){0};
}

struct reply submit_form(struct call *call)
{
    struct query_pair all[FORM_PAIRS_MAX];
    struct form_pair pairs[FORM_PAIRS_MAX];
    struct form_control control = {0};
    size_t count;
    struct form *form = arena_calloc(call->arena, 1, sizeof *form);
    if (!call_parse_pairs(call->arena, call->body, call->body_len, all, FORM_PAIRS_MAX, &count))
        return reply_problem(call, PROBLEM_BAD_REQUEST,
                             "The form is malformed, or has too many fields.");
    struct reply refusal = part_pairs(call, all, count, &control, pairs, &count);
    if (!refusal.status)
        refusal = take_control(call, &control, form);
    if (refusal.status)
        return refusal;
    refusal = decode_form(call, pairs, count, &form->submission);
    return refusal.status ? refusal : reply_later(start_form, finish_form, form);
}
