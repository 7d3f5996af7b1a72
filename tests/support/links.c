#include "support/links.h"

#include "npsd/base/crypto.h"
#include "npsd/domain/link.h"
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"

#include <string.h>
#include <time.h>

#define NEWEST_KEY                                                                                 \
    " from secret where name like 'link.%%' order by substr(name, 6)::int desc limit 1"

const char *link_survey(const char *members)
{
    return fixture_survey(text("'access':'link'%s%s", *members ? "," : "", members));
}

struct reply *link_order(const char *survey, const char *body)
{
    return client_post(fixture_key(ANALYST), text_json("%s", body), "/v1/surveys/%s/links", survey);
}

const char *link_token_in(const char *url)
{
    const char *at = strstr(url, "/s/");
    ck_assert_msg(at != NULL, "%s", url);
    return text("%.*s", (int)strcspn(at + 3, "?"), at + 3);
}

const char *link_token(const char *survey, const char *respondent)
{
    struct reply *reply = link_order(survey, text("{'respondents':['%s']}", respondent));
    return link_token_in(reply_string(expect_status(reply, 200), "/items/0/url"));
}

struct reply *link_answer(const char *survey, const char *token, const char *body)
{
    return client_post(token, text_json("%s", body), "/v1/surveys/%s/responses", survey);
}

struct reply *link_form(const char *token, const char *body)
{
    return client_send(&(struct request){.path = text("/s/%s", token), .type = FORM, .body = body});
}

struct reply *link_only_row(const char *survey)
{
    struct reply *list = client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses", survey);
    ck_assert_uint_eq(json_array_size(reply_at(expect_status(list, 200), "/items")), 1);
    return list;
}

void link_expect_count(const char *survey, int count)
{
    struct reply *nps = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps?period=all", survey);
    expect_int(nps, "/responses", count);
}

const char *link_forge(const char *survey, const char *respondent, long expires_in_s)
{
    struct link link = {.expires_s = (uint32_t)(time(NULL) + expires_in_s)};
    struct link_key key;
    const char *name = fixture_database();
    const char *bytes = database_value(
        name, "select rtrim(translate(encode(value, 'base64'), '+/', '-_'), '=')" NEWEST_KEY);
    ck_assert(crypto_base64url_decode(bytes, strlen(bytes), key.bytes, sizeof key.bytes));
    key.kid = (uint8_t)database_number(name, "select substr(name, 6)::int" NEWEST_KEY);
    link.survey_id =
        (int32_t)database_number(name, "select id from survey where slug = '%s'", survey);
    crypto_random(link.id, sizeof link.id);
    snprintf(link.respondent, sizeof link.respondent, "%s", respondent);
    return link_write(&link, &key, text_space(LINK_TOKEN_SIZE));
}
