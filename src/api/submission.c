#include "npsd/api/submission.h"

#include "npsd/api/amend.h"
#include "npsd/api/jobs.h"
#include "npsd/base/clock.h"
#include "npsd/base/text.h"
#include "npsd/json/response.h"

#include <string.h>

struct response_rules submission_rules(const struct call *call, bool batch)
{
    const struct identity *who = call_identity(call);
    return (struct response_rules){
        .survey = who->survey,
        .role = who->role,
        .agent = who->role == ROLE_AGENT ? who->key->name : NULL,
        .batch = batch,
        .received_us = call->received_us,
        .by_link = who->link != NULL,
        .respondent = who->link && *who->link->respondent ? who->link->respondent : NULL,
    };
}

bool submission_key_is_valid(const char *key)
{
    return text_is_visible(key, strlen(key), 255);
}

bool submission_key_header(const struct call *call, const char **ret_key)
{
    const char *header = call_header(call, "Idempotency-Key");
    *ret_key = NULL;
    if (!header)
        return true;
    size_t len = strlen(header);
    bool quoted = len >= 2 && header[0] == '"' && header[len - 1] == '"';
    const char *key = quoted ? arena_strndup(call->arena, header + 1, len - 2) : header;
    if (!submission_key_is_valid(key))
        return false;
    *ret_key = key;
    return true;
}

/* What the sender, or the link, knows this answer by; NULL: nothing. */
static const char *find_key(const struct link *link, const struct submission *submission,
                            char link_key[static LINK_ANSWER_KEY_SIZE])
{
    if (link)
        return link_answer_key(link, link_key);
    const char *external_id = submission->response.external_id;
    return external_id ? external_id : submission->key;
}

/* Derived from the key if there is one, so that it is the same everywhere and for ever. */
static struct uuid choose_id(const struct response *response, const char *key)
{
    return key ? uuid_derive(response->survey->slug, key) : uuid_v7(response->received_us);
}

static void take_facets(struct lane_item *item, const struct response *response)
{
    const struct survey *survey = response->survey;
    if (response->agent)
        item->facets[item->facet_count++] =
            (struct lane_facet){SURVEY_FACET_AGENT, response->agent};
    for (size_t slot = 0; slot < survey->facet_count; slot++) {
        const char *value = response_property(response, survey->facets[slot].name);
        if (value)
            item->facets[item->facet_count++] =
                (struct lane_facet){SURVEY_FACET_FIRST + (int)slot, value};
    }
}

static size_t answer_cuts(const struct response_answer *answer, int64_t *cuts)
{
    int facet = SURVEY_FACET_QUESTION + answer->question->n;
    if (!question_has_answered(answer->question)) {
        cuts[0] = answer_cut(facet, (int32_t)answer->number);
        return 1;
    }
    cuts[0] = answer_cut(facet, SURVEY_VALUE_ANSWERED);
    for (size_t i = 0; i < answer->option_count; i++)
        cuts[1 + i] = answer_cut(facet, answer->options[i]->number);
    return 1 + answer->option_count;
}

static void take_question_cuts(struct arena *arena, struct answer_row *row,
                               const struct response *response)
{
    size_t room = 0;
    for (size_t i = 0; i < response->answer_count; i++)
        room += 1 + response->answers[i].option_count;
    int64_t *cuts = room ? arena_alloc(arena, room * sizeof *cuts) : NULL;
    for (size_t i = 0; i < response->answer_count; i++)
        row->question_cut_count +=
            answer_cuts(&response->answers[i], cuts + row->question_cut_count);
    row->question_cuts = cuts;
}

struct answer_row submission_row(struct arena *arena, const struct response *response,
                                 const struct uuid *id)
{
    struct answer_row row = {
        .survey_id = response->survey->id,
        .id = *id,
        .answered_us = response->answered_us,
        .received_us = response->received_us,
        .score = response->score,
        .channel = response->channel,
        .agent = ANSWER_UNSET,
        .external_id = response->external_id,
        .language = response->language,
        .respondent = response->respondent,
    };
    for (size_t slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        row.facets[slot] = ANSWER_UNSET;
    row.answers = response_answers_json(arena, response, &row.answers_len);
    row.properties = response_properties_json(arena, response, &row.properties_len);
    take_question_cuts(arena, &row, response);
    return row;
}

void submission_prepare(const struct call *call, struct submission *submission)
{
    char link_key[LINK_ANSWER_KEY_SIZE];
    const char *key = find_key(call_identity(call)->link, submission, link_key);
    const struct uuid id = choose_id(&submission->response, key);
    submission->item = (struct lane_item){
        .row = submission_row(call->arena, &submission->response, &id),
        .deadline_us = clock_monotonic_us() + SUBMISSION_DEADLINE_MS * 1000,
    };
    if (key) /* else nobody can send this answer again, to be compared with it */
        response_hash(&submission->response, submission->item.row.hash);
    take_facets(&submission->item, &submission->response);
}

static struct reply run_again(struct call *call, void *work)
{
    struct submission *submission = work;
    struct reply refusal = amend_again(call, submission);
    return refusal.status ? refusal : submission->again(call, submission->again_work);
}

static bool start_again(struct call *call, void *work)
{
    return jobs_submit_work(call, run_again, work);
}

static struct reply overloaded(struct call *call, void *work)
{
    (void)work;
    return reply_problem(call, PROBLEM_OVERLOADED, NULL);
}

bool submission_again(const struct call *call, struct submission *submission,
                      struct reply (*finish)(struct call *call, void *work), void *work,
                      struct reply *ret_reply)
{
    enum lane_outcome outcome = submission->item.outcome;
    bool other = outcome == LANE_REPLAYED || outcome == LANE_REUSED;
    if (!call_identity(call)->link || !other || submission->again)
        return false;
    submission->again = finish;
    submission->again_work = work;
    *ret_reply = reply_later(start_again, overloaded, submission);
    return true;
}

bool submission_succeeded(enum lane_outcome outcome)
{
    return outcome == LANE_CREATED || outcome == LANE_SPOOLED || submission_is_replay(outcome);
}

bool submission_is_replay(enum lane_outcome outcome)
{
    return outcome == LANE_REPLAYED || outcome == LANE_SPOOLED_AGAIN;
}

static bool is_spooled(enum lane_outcome outcome)
{
    return outcome == LANE_SPOOLED || outcome == LANE_SPOOLED_AGAIN;
}

int submission_status(enum lane_outcome outcome)
{
    if (is_spooled(outcome))
        return 202;
    return outcome == LANE_REPLAYED ? 200 : 201;
}

enum problem submission_problem(enum lane_outcome outcome, const char **ret_detail)
{
    switch (outcome) {
    case LANE_REUSED:
        *ret_detail = "Another answer was sent with this key before; that one stands.";
        return PROBLEM_KEY_REUSED;
    case LANE_ERASED:
        *ret_detail = "This answer was taken and erased since.";
        return PROBLEM_GONE;
    case LANE_REFUSED:
        *ret_detail = "PostgreSQL does not take a text of this answer.";
        return PROBLEM_INVALID;
    case LANE_UNAVAILABLE:
    case LANE_UNFIT:
        *ret_detail = "The database cannot take answers now. Nothing was stored.";
        return PROBLEM_UNAVAILABLE;
    case LANE_UNKNOWN:
        *ret_detail = "The database went away while storing it.";
        return PROBLEM_OUTCOME_UNKNOWN;
    default:
        *ret_detail = "Too many answers are waiting. Nothing was stored.";
        return PROBLEM_OVERLOADED;
    }
}

char *submission_edit_token(const struct directory_snapshot *snapshot, const char *survey,
                            const struct uuid *id, char text[static EDIT_TOKEN_SIZE])
{
    static const char label[] = "npsd-edit-v1";
    char bytes[sizeof label + SURVEY_SLUG_MAX + 1 + UUID_SIZE];
    size_t slug_len = strlen(survey);
    memcpy(bytes, label, sizeof label);
    memcpy(bytes + sizeof label, survey, slug_len + 1);
    memcpy(bytes + sizeof label + slug_len + 1, id->bytes, UUID_SIZE);
    struct crypto_hash mac =
        crypto_mac(&snapshot->edit_secret, bytes, sizeof label + slug_len + 1 + UUID_SIZE);
    return crypto_base64url(mac.bytes, sizeof mac.bytes, text);
}

void submission_write(struct json_writer *w, const struct call *call,
                      const struct submission *submission)
{
    const struct identity *who = call_identity(call);
    const struct answer_row *row = &submission->item.row;
    const struct response *response = &submission->response;
    char id[UUID_TEXT_SIZE], token[EDIT_TOKEN_SIZE];
    if (is_spooled(submission->item.outcome))
        json_put_text(w, "status", "spooled");
    json_put_text(w, "id", uuid_format(&row->id, id));
    json_put_text(w, "survey", who->survey->slug);
    json_put_int(w, "score", response->score);
    json_put_text(w, "group", nps_group_name(nps_group_of(response->score)));
    /* Of a replay the first receipt counts, so that the reply is the first one's. */
    json_put_time(w, "answered_at",
                  response_answered_us(response->answered_given, response->answered_given_us,
                                       row->received_us));
    json_put_time(w, "received_at", row->received_us);
    json_put_text(w, "edit_token",
                  submission_edit_token(who->snapshot, who->survey->slug, &row->id, token));
}
