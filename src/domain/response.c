#include "npsd/domain/response.h"
#include "npsd/base/crypto.h"
#include <endian.h>
#include <string.h>

/* The first byte hashed. Another form of the bytes that follow needs another version, and rows keep
 * theirs. */
enum { HASH_VERSION = 1 };
_Static_assert((int)RESPONSE_HASH_SIZE == (int)CRYPTO_DIGEST_SIZE, "the whole digest is kept");

/* Every part has its length before it or a fixed one, so no two responses give the same bytes. */
static void hash_number(struct crypto_digest_state *state, int64_t number)
{
    uint64_t wire = htobe64((uint64_t)number);
    crypto_digest_add(state, &wire, sizeof wire);
}

/* A text not given differs from an empty one. */
static void hash_text(struct crypto_digest_state *state, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    hash_number(state, text ? (int64_t)len : -1);
    if (len > 0)
        crypto_digest_add(state, text, len);
}

/* The option whose id comes next after the one given (NULL: the first). */
static const struct survey_option *next_option(const struct response_answer *answer,
                                               const char *after)
{
    const struct survey_option *next = NULL;
    for (size_t i = 0; i < answer->option_count; i++) {
        const struct survey_option *option = answer->options[i];
        if ((!after || strcmp(option->id, after) > 0) &&
            (!next || strcmp(option->id, next->id) < 0))
            next = option;
    }
    return next;
}

/* By id, not in the order of the question, which may change while the answer waits in a spool. */
static void hash_options(struct crypto_digest_state *state, const struct response_answer *answer)
{
    const struct survey_option *option = next_option(answer, NULL);
    hash_number(state, (int64_t)answer->option_count);
    for (; option; option = next_option(answer, option->id))
        hash_text(state, option->id);
}

static void hash_answer(struct crypto_digest_state *state, const struct response_answer *answer)
{
    hash_text(state, answer->question->id);
    hash_number(state, answer->question->type);
    switch (answer->question->type) {
    case QUESTION_NPS: /* the score, which is not among the answers */
        break;
    case QUESTION_SCALE:
    case QUESTION_YES_NO:
        hash_number(state, answer->number);
        break;
    case QUESTION_CHOICE:
    case QUESTION_TEXT:
        hash_text(state, answer->text);
        break;
    case QUESTION_CHOICES:
        hash_options(state, answer);
        break;
    }
}

static const struct response_answer *next_answer(const struct response *response, const char *after)
{
    const struct response_answer *next = NULL;
    for (size_t i = 0; i < response->answer_count; i++) {
        const struct response_answer *answer = &response->answers[i];
        const char *id = answer->question->id;
        if ((!after || strcmp(id, after) > 0) && (!next || strcmp(id, next->question->id) < 0))
            next = answer;
    }
    return next;
}

static void hash_answers(struct crypto_digest_state *state, const struct response *response)
{
    const struct response_answer *answer = next_answer(response, NULL);
    hash_number(state, (int64_t)response->answer_count);
    for (; answer; answer = next_answer(response, answer->question->id))
        hash_answer(state, answer);
}

static void hash_properties(struct crypto_digest_state *state, const struct response *response)
{
    hash_number(state, (int64_t)response->property_count);
    for (size_t i = 0; i < response->property_count; i++) {
        hash_text(state, response->properties[i].name);
        hash_text(state, response->properties[i].value);
    }
}

void response_hash(const struct response *response, uint8_t hash[static RESPONSE_HASH_SIZE])
{
    struct crypto_digest_state state;
    const uint8_t version = HASH_VERSION;
    crypto_digest_begin(&state);
    crypto_digest_add(&state, &version, sizeof version);
    hash_number(&state, response->score);
    hash_answers(&state, response);
    hash_number(&state, response->channel);
    hash_text(&state, response->agent);
    hash_text(&state, response->language);
    hash_text(&state, response->respondent);
    hash_properties(&state, response);
    hash_number(&state, response->answered_given);
    hash_number(&state, response->answered_given ? response->answered_given_us : 0);
    hash_text(&state, response->external_id);
    crypto_digest_end(&state, hash);
}

const char *response_property(const struct response *response, const char *name)
{
    for (size_t i = 0; i < response->property_count; i++)
        if (strcmp(response->properties[i].name, name) == 0)
            return response->properties[i].value;
    return NULL;
}

int64_t response_answered_us(bool given, int64_t given_us, int64_t received_us)
{
    return given && given_us < received_us ? given_us : received_us;
}
