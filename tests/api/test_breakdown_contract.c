/* Breakdowns as a careful reader relies on them: how each value differs from the rest, after
 * published and independently computed numbers; and values of all kinds. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct reply *get(const char *survey, const char *path)
{
    return expect_status(client_get(fixture_key(VIEWER), "/v1/surveys/%s/%s", survey, path), 200);
}

static void expect_probability(struct reply *reply, const char *pointer, double value)
{
    double found = json_number_value(reply_at(reply, pointer));
    ck_assert_msg(fabs(found - value) < 0.0000006, "%s: %.7f, not %.7f", pointer, found, value);
}

/* Posts so many promoters, neutrals and critics, at once; members as in fixture_answer. */
static void post(const char *survey, int promoters, int neutrals, int critics, const char *members)
{
    int count = promoters + neutrals + critics;
    size_t size = (size_t)count * (strlen(members) + 32) + 3, used = 0;
    char *body = text_space(size);
    for (int i = 0; i < count; i++) {
        int score = i < promoters ? 9 + i % 2 : i < promoters + neutrals ? 7 + i % 2 : 6 * (i % 2);
        used +=
            (size_t)snprintf(body + used, size - used, "%s%s", i ? "," : "[",
                             text_json("{'score':%d%s%s}", score, *members ? "," : "", members));
    }
    snprintf(body + used, size - used, "]");
    struct reply *reply =
        client_post(fixture_key(ADMIN), body, "/v1/surveys/%s/responses/batch", survey);
    for (int i = 0; i < count; i++)
        expect_int(reply, text("/results/%d/status", i), 201);
}

/* --- differences --- */

/* Two channels, and what the second is to the first: published vectors of pairs of windows. */
static const struct pair {
    int one[3], other[3], larger; /* larger: which of both is the first row */
    double exact, low, high, z, p, p_adjusted;
    const char *differs;
} pairs[] = {
    {{32, 13, 6}, {40, 20, 20}, 1, -25.9804, -49.9653, 1.8618, -1.8191, .068889, .137777, "false"},
    {{162, 108, 54},
     {200, 150, 150},
     1,
     -23.3333,
     -33.9470,
     -12.2273,
     -4.1667,
     .000031,
     .000062,
     "true"},
    {{10, 5, 5}, {12, 5, 3}, 0, 20, -28.0147, 62.7973, .7507, .452832, .905665, "false"},
    {{333, 333, 334}, {334, 333, 333}, 0, 0.2, -6.9458, 7.3446, .0547, .956380, 1, "false"},
};

START_TEST(differences)
{
    const struct pair *pair = &pairs[_i];
    const char *survey = fixture_survey("");
    post(survey, pair->one[0], pair->one[1], pair->one[2], "'channel':'email'");
    post(survey, pair->other[0], pair->other[1], pair->other[2], "'channel':'kiosk'");
    struct reply *reply = get(survey, "nps/breakdown?by=channel");
    int row = pair->larger ? 0 : 1;
    const char *at = text("/values/%d", row);
    expect_string(reply, text("%s/value", at), "kiosk");
    expect_int(reply, text("%s/rest/responses", at), pair->one[0] + pair->one[1] + pair->one[2]);
    expect_real(reply, text("%s/difference/nps_exact", at), pair->exact);
    expect_real(reply, text("%s/difference/low", at), pair->low);
    expect_real(reply, text("%s/difference/high", at), pair->high);
    expect_real(reply, text("%s/difference/z", at), pair->z);
    expect_probability(reply, text("%s/difference/p", at), pair->p);
    expect_probability(reply, text("%s/difference/p_adjusted", at), pair->p_adjusted);
    expect_json(reply, text("%s/difference/differs", at), pair->differs);
    /* The other one is its mirror image. */
    at = text("/values/%d", 1 - row);
    expect_string(reply, text("%s/value", at), "email");
    expect_real(reply, text("%s/difference/nps_exact", at), -pair->exact);
    expect_real(reply, text("%s/difference/low", at), -pair->high);
    expect_probability(reply, text("%s/difference/p_adjusted", at), pair->p_adjusted);
}
END_TEST

/*
 * p-values .016470 (north), .019788 (south), .809998 (west). Holm: 3 * .016470 = .049411 (of the
 * p before rounding); 2 * .019788 = .039576 is less than that, so it is .049411, too; 1 * .809998.
 */
START_TEST(holm)
{
    const char *survey = fixture_survey("'facets':['branch']");
    post(survey, 12, 9, 5, "'properties':{'branch':'north'}");
    post(survey, 3, 3, 11, "'properties':{'branch':'south'}");
    post(survey, 10, 2, 12, "'properties':{'branch':'west'}");
    struct reply *reply = get(survey, "nps/breakdown?by=branch");
    expect_json(reply, "/correction", text_json("{'method':'holm','level':0.95,'comparisons':3}"));
    static const struct {
        const char *value, *differs;
        double rest, exact, p, p_adjusted;
    } rows[] = {
        {"north", "true", -24.3902, 51.3133, .016470, .049411},
        {"west", "false", -2.3256, -6.0078, .809998, .809998},
        {"south", "true", 10, -57.0588, .019788, .049411},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *at = text("/values/%zu", i);
        expect_string(reply, text("%s/value", at), rows[i].value);
        expect_real(reply, text("%s/rest/nps_exact", at), rows[i].rest);
        expect_real(reply, text("%s/difference/nps_exact", at), rows[i].exact);
        expect_probability(reply, text("%s/difference/p", at), rows[i].p);
        expect_probability(reply, text("%s/difference/p_adjusted", at), rows[i].p_adjusted);
        expect_json(reply, text("%s/difference/differs", at), rows[i].differs);
    }
    /* Only what is shown is compared: 2 * .016470. The rest is all others still. */
    reply = get(survey, "nps/breakdown?by=branch&min_group=18");
    expect_none(reply, "/values/2");
    expect_json(reply, "/hidden", text_json("{'values':1,'responses':17}"));
    expect_int(reply, "/correction/comparisons", 2);
    expect_int(reply, "/total/responses", 67);
    expect_int(reply, "/values/0/rest/responses", 41);
    expect_probability(reply, "/values/0/difference/p_adjusted", .032941);
    reply = get(survey, "nps/breakdown?by=branch&min_group=1000000");
    expect_json(reply, "/values", "[]");
    expect_json(reply, "/hidden", text_json("{'values':3,'responses':67}"));
    expect_int(get(survey, "nps/breakdown?by=branch&min_group=17"), "/hidden/values", 0);
}
END_TEST

/* Against nobody there is no difference, and who named no branch is of the rest. */
START_TEST(rest)
{
    const char *survey = fixture_survey("'facets':['branch']");
    struct reply *reply = get(survey, "nps/breakdown?by=branch");
    expect_json(reply, "/values", "[]");
    expect_json(reply, "/total/nps", "null");
    expect_int(reply, "/correction/comparisons", 0);
    post(survey, 1, 0, 1, "'properties':{'branch':'north'}");
    reply = get(survey, "nps/breakdown?by=branch");
    expect_json(reply, "/values/0/rest", text_json("{'responses':0,'nps_exact':null}"));
    expect_json(reply, "/values/0/difference", "null");
    expect_int(reply, "/correction/comparisons", 0);
    post(survey, 0, 0, 3, "");
    reply = get(survey, "nps/breakdown?by=branch");
    expect_json(reply, "/values/0/rest", text_json("{'responses':3,'nps_exact':-100}"));
    expect_real(reply, "/values/0/difference/nps_exact", 100);
    expect_int(reply, "/total/responses", 5);
    expect_none(reply, "/values/1");
}
END_TEST

#define BEFORE(branch)                                                                             \
    "'answered_at':'2026-02-28T23:59:59.999999Z','properties':{'branch':'" branch "'}"
#define MARCH(branch) "'answered_at':'2026-03-01T00:00:00Z','properties':{'branch':'" branch "'}"

/* The change of a row is that of /nps under the same filter; who is gone is shown as gone. */
START_TEST(compared)
{
    const char *survey = fixture_survey("'facets':['branch']");
    post(survey, 32, 13, 6, BEFORE("a"));
    post(survey, 40, 20, 20, MARCH("a"));
    post(survey, 5, 0, 0, MARCH("b"));
    post(survey, 0, 3, 0, BEFORE("gone"));
    const char *window = "from=2026-03-01&to=2026-04-01&compare=previous";
    struct reply *reply = get(survey, text("nps/breakdown?by=branch&%s", window));
    expect_json(reply, "/values/0/previous", text_json("{'responses':51,'nps_exact':50.9804}"));
    expect_real(reply, "/values/0/change/nps_exact", -25.9804);
    expect_real(reply, "/values/0/change/low", -49.9653);
    expect_probability(reply, "/values/0/change/p", .068889);
    expect_json(reply, "/values/1/previous", text_json("{'responses':0,'nps_exact':null}"));
    expect_json(reply, "/values/1/change", "null");
    expect_string(reply, "/values/2/value", "gone");
    expect_int(reply, "/values/2/responses", 0);
    expect_json(reply, "/values/2/difference", "null");
    expect_int(reply, "/values/2/previous/responses", 3);
    expect_int(reply, "/total/previous/responses", 54);
    expect_int(reply, "/correction/comparisons", 2);
    struct reply *nps = get(survey, text("nps?%s&where.branch=a", window));
    ck_assert(json_equal(reply_at(nps, "/change"), reply_at(reply, "/values/0/change")));
}
END_TEST

/* --- values --- */

static const char *escaped(const char *value)
{
    char *space = text_space(strlen(value) * 3), *at = space;
    for (; *value; value++, at += 3)
        snprintf(at, 4, "%%%02X", (unsigned char)*value);
    return space;
}

/* Any text is a value, shown as it was sent, and finds its answers again. */
START_TEST(values_of_all_kinds)
{
    const char *const values[] = {"R&D",
                                  "100%",
                                  "%41",
                                  "a+b",
                                  "a b",
                                  "\"quoted\"",
                                  "it's",
                                  "\\",
                                  "a=b",
                                  "a/b?c#d;e",
                                  "\xf0\x9f\x98\x80",
                                  "Café",
                                  "Cafe\xcc\x81",
                                  "null",
                                  "(other)",
                                  "North",
                                  "north",
                                  text_repeat("x", 256),
                                  text_repeat("é", 128)};
    const char *survey = fixture_survey("'facets':['branch']");
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        json_t *body = json_pack("{s:i,s:{s:s}}", "score", 9, "properties", "branch", values[i]);
        char *dumped = json_dumps(body, 0);
        expect_status(client_post(fixture_key(ADMIN), dumped, "/v1/surveys/%s/responses", survey),
                      201);
        free(dumped);
        json_decref(body);
    }
    struct reply *reply = get(survey, "nps/breakdown?by=branch");
    ck_assert_uint_eq(json_array_size(reply_at(reply, "/values")), COUNT_OF(values));
    for (size_t i = 1; i < COUNT_OF(values); i++) /* all are as large: by value */
        ck_assert_int_lt(strcmp(reply_string(reply, text("/values/%zu/value", i - 1)),
                                reply_string(reply, text("/values/%zu/value", i))),
                         0);
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        const char *where = text("where.branch=%s", escaped(values[i]));
        expect_int(get(survey, text("nps?%s", where)), "/responses", 1);
        expect_int(get(survey, text("drivers?%s", where)), "/total/responses", 1);
        struct reply *one = get(survey, text("nps/breakdown?by=branch&%s", where));
        expect_string(one, "/values/0/value", values[i]);
        expect_none(one, "/values/1");
    }
}
END_TEST

/* Past a thousand values the rest are one group, which a filter by its name finds again. */
START_TEST(others)
{
    const char *survey = fixture_survey("'facets':['branch']");
    for (int batch = 0; batch < 3; batch++) {
        enum { BATCH = 340, ITEM = 64 };
        char *body = text_space(BATCH * ITEM + 2);
        size_t used = 0;
        for (int i = 0; i < BATCH; i++)
            used += (size_t)snprintf(body + used, ITEM,
                                     "%s{\"score\":0,\"properties\":{\"branch\":\"b%d\"}}",
                                     i ? "," : "[", batch * BATCH + i);
        snprintf(body + used, 2, "]");
        expect_status(
            client_post(fixture_key(ADMIN), body, "/v1/surveys/%s/responses/batch", survey), 200);
    }
    fixture_answer(survey, 10, "'channel':'kiosk','properties':{'branch':'(other)'}");
    static const char *const queries[] = {"", "&tz=Asia/Kathmandu", "&where.channel=web"};
    for (size_t query = 0; query < COUNT_OF(queries); query++) {
        struct reply *reply = get(survey, text("nps/breakdown?by=branch%s", queries[query]));
        ck_assert_str_eq(reply_string(reply, "/values/0/value"), "(other)");
        /* The body is too large for a message. */
        ck_assert_int_eq(json_integer_value(reply_at(reply, "/values/0/responses")),
                         query < 2 ? 21 : 20);
        ck_assert_uint_eq(json_array_size(reply_at(reply, "/values")), 1001);
    }
    expect_int(get(survey, "nps?where.branch=(other)"), "/responses", 21);
    struct reply *late =
        get(survey, "nps/series?where.branch=b1019&period=this_year&interval=year");
    expect_int(late, "/points/0/responses", 1);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = differences, .rows = COUNT_OF(pairs)},
        {.test = holm},
        {.test = rest},
        {.test = compared},
        {.test = values_of_all_kinds},
        {.test = others},
    };
    return fixture_run("breakdown_contract", NULL, tests, COUNT_OF(tests));
}
