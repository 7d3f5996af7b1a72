#include "npsd/api/access.h"
#include "npsd/api/displays.h"
#include "npsd/api/quota.h"
#include "npsd/api/stamp.h"
#include "npsd/api/submission.h"
#include "npsd/api/submit.h"
#include "npsd/base/clock.h"
#include "npsd/base/text.h"
#include "npsd/json/response.h"

#include <string.h>

/* Every option of four questions, every property, every other field. */
enum { FORM_PAIRS_MAX = 4 * SURVEY_OPTIONS_MAX + RESPONSE_PROPERTIES_MAX + 24 };

/* A person reads, at least, and answers on the day. */
#define FAST_US (2 * CLOCK_SECOND_US)
#define STALE_US CLOCK_DAY_US

/* What the daemon itself takes out of a form. NULL: not sent; "" is as good as that. */
struct form_control {
    const char *key, *redirect, *idempotency_key;
    const char *website; /* a field that people do not see */
    const char *page;    /* when the page was made (stamp.h) */
    const char *dismiss; /* "1": no answer, the survey was waved away */
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

/* NULL: the name is the answer's. */
static const char **control_of(struct form_control *control, const char *name)
{
    const struct {
        const char *name, **target;
    } fields[] = {
        {"key", &control->key},         {"redirect", &control->redirect},
        {"website", &control->website}, {"idempotency_key", &control->idempotency_key},
        {"page", &control->page},       {"dismiss", &control->dismiss},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(name, fields[i].name) == 0)
            return fields[i].target;
    return NULL;
}

/* Parts the pairs into what is for us and what is the answer. Returns the name of what is for us
 * and was given twice; NULL: nothing was. */
static const char *part_pairs(const struct query_pair *all, size_t count,
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
            return all[i].name;
        *target = all[i].value;
    }
    *ret_count = kept;
    return NULL;
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

static struct reply admit(struct call *call, const struct form_control *control)
{
    bool malformed; /* has been refused before */
    const char *key = given(control->key);
    struct reply refusal =
        access_admit_form(call, key ? key : access_credentials(call, &malformed));
    if (refusal.status)
        return refusal;
    return given(control->dismiss) ? quota_take_display(call) : quota_take(call, 1);
}

static struct reply take_control(struct call *call, const struct form_control *control,
                                 struct form *form)
{
    const char *redirect = given(control->redirect);
    const char *idempotency_key = given(control->idempotency_key);
    struct reply refusal = admit(call, control);
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

/* --- where a form leads --- */

/* The language of the page that the form stood on: that of its URL, else that of the answer. */
static const char *language_of(const struct call *call, const char *of_answer)
{
    const char *asked = call_query(call, "lang");
    const char *language = given(asked) ? asked : of_answer;
    return language && text_is_language(language, strlen(language)) ? language : NULL;
}

static struct reply lead_on(const struct call *call, const struct form *form, bool dismissed,
                            const char *of_answer)
{
    if (form->redirect)
        return reply_redirect(form->redirect);
    const char *language = language_of(call, of_answer);
    const char *dismissal = dismissed ? "?dismissed=1" : "";
    const char *lang = !language ? "" : dismissed ? "&lang=" : "?lang=";
    return reply_redirect(arena_printf(call->arena, "/s/%s/thanks%s%s%s",
                                       call_identity(call)->survey->slug, dismissal, lang,
                                       language ? language : ""));
}

static const char *value_of(const struct form_pair *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(pairs[i].name, name) == 0)
            return pairs[i].value;
    return NULL;
}

/* What else the form says is not looked at, but by which channel it came. */
static struct reply dismiss(const struct call *call, const char *word, const struct form *form,
                            const struct form_pair *pairs, size_t count)
{
    const char *name = given(value_of(pairs, count, "channel"));
    enum channel channel = CHANNEL_WEB;
    if (strcmp(word, "1") != 0)
        return refuse_pair(call, "dismiss", "must be 1");
    if (name && !displays_channel(name, &channel))
        return refuse_pair(call, "channel", "is no channel");
    displays_dismiss(call, channel);
    return lead_on(call, form, true, value_of(pairs, count, "language"));
}

/* --- the answer --- */

/* A page that we did not make, or that was made ahead of our clock, says nothing. */
static int marks_of(const struct call *call, const struct form_control *control)
{
    const struct identity *who = call_identity(call);
    int marks = given(control->website) ? SUSPECT_HONEYPOT : 0;
    int64_t age_us;
    if (!given(control->page) ||
        !stamp_age(who->snapshot, who->survey->slug, control->page, call->received_us, &age_us))
        return marks;
    if (age_us >= 0 && age_us < FAST_US)
        marks |= SUSPECT_TOO_FAST;
    if (age_us > STALE_US)
        marks |= SUSPECT_STALE_PAGE;
    return marks;
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
    struct form *form = work;
    enum lane_outcome outcome = form->submission.item.outcome;
    struct reply later;
    if (submission_again(call, &form->submission, finish_form, form, &later))
        return later;
    if (!submission_succeeded(outcome)) {
        const char *detail;
        enum problem problem = submission_problem(outcome, &detail);
        return reply_problem(call, problem, detail);
    }
    return lead_on(call, form, false, form->submission.response.language);
}

static struct reply decode_form(struct call *call, const struct form_pair *pairs, size_t count,
                                int marks, struct submission *submission)
{
    struct problem_errors errors = {.arena = call->arena};
    const struct response_rules rules = submission_rules(call, false);
    json_t *body = response_from_form(rules.survey, pairs, count, &errors);
    if (!body || !response_decode(body, "", &rules, &errors, &submission->response, NULL))
        return reply_problem_errors(call, PROBLEM_INVALID, NULL, &errors, false);
    submission->body = body;
    submission_prepare(call, submission);
    submission->item.row.suspect = marks;
    submission->item.row.set_aside = marks && rules.survey->suspects_excluded;
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
    const char *repeated = part_pairs(all, count, &control, pairs, &count);
    if (repeated)
        return refuse_pair(call, repeated, "may be given once");
    struct reply refusal = take_control(call, &control, form);
    if (refusal.status)
        return refusal;
    if (given(control.dismiss))
        return dismiss(call, control.dismiss, form, pairs, count);
    refusal = decode_form(call, pairs, count, marks_of(call, &control), &form->submission);
    return refusal.status ? refusal : reply_later(start_form, finish_form, form);
}
