/* Access from pages: origins of keys, preflights, and keys in forms. */
#include "access_calls.h"
#include <string.h>

#define SHOP "https://shop.example"

/* --- forms --- */

START_TEST(keys_in_forms)
{
    const char *submit = unit_call_key(&c, ROLE_SUBMIT, NULL, SHOP);
    unit_call_to(&c, HTTP_POST, "/s/keyed");
    ck_assert_str_eq(tells(admit()), "go on");
    ck_assert_str_eq(tells(access_admit_form(&c.call, NULL)), "401 unauthorized");
    ck_assert_str_eq(tells(access_admit_form(&c.call, submit)), "go on");
    ck_assert_int_eq(call_identity(&c.call)->role, ROLE_SUBMIT);
    unit_call_header(&c, "Origin", "https://evil.example");
    ck_assert_str_eq(tells(access_admit_form(&c.call, submit)), "403 origin-not-allowed");
    unit_call_header(&c, "Origin", SHOP);
    ck_assert_str_eq(tells(access_admit_form(&c.call, submit)), "go on");
    ck_assert_str_eq(tells(access_admit_form(&c.call, unit_call_key(&c, ROLE_VIEWER, NULL, NULL))),
                     "403 forbidden");
    ck_assert_str_eq(tells(access_admit_form(&c.call, "npsd_submit_wrong")), "401 unauthorized");
    ck_assert_str_eq(
        tells(access_admit_form(&c.call, unit_call_key(&c, ROLE_SUBMIT, "open", NULL))),
        "404 not-found");
    unit_call_to(&c, HTTP_POST, "/s/linked");
    ck_assert_str_eq(tells(admit()), "go on");
    ck_assert_str_eq(tells(access_admit_form(&c.call, submit)), "403 forbidden");
    unit_call_to(&c, HTTP_POST, "/s/open");
    ck_assert_str_eq(tells(access_admit_form(&c.call, NULL)), "go on");
}
END_TEST

/* A key made after the directory was read. */
START_TEST(new_keys_in_forms)
{
    unit_call_to(&c, HTTP_POST, "/s/keyed");
    ck_assert_str_eq(tells(admit()), "go on");
    const char *key = unit_call_key(&c, ROLE_SUBMIT, "keyed", NULL);
    struct pg *pg = c.call.db;
    c.call.db = NULL;
    ck_assert_str_eq(tells(access_admit_form(&c.call, key)), "503 unavailable");
    c.call.db = pg;
    ck_assert_str_eq(tells(access_admit_form(&c.call, key)), "go on");
}
END_TEST

/* --- origins --- */

/* What is sent as Origin, and whether a key of SHOP (column 0) or of any origin (column 1) is good
 * there. */
static const struct {
    const char *origin;
    bool good[2];
} origins[] = {
    {NULL, {true, true}},
    {SHOP, {true, true}},
    {"https://evil.example", {false, true}},
    {SHOP ".evil.example", {false, true}},
    {SHOP "@evil.example", {false, true}},
    {SHOP ":8443", {false, true}},
    {SHOP "/", {false, true}},
    {"http://shop.example", {false, true}},
    {"https://www.shop.example", {false, true}},
    {"https://shop.exampl", {false, true}},
    {"null", {false, true}},
    {"", {false, true}},
};

START_TEST(origins_of_keys)
{
    for (int any = 0; any < 2; any++) {
        unit_call_bearer(&c, unit_call_key(&c, ROLE_SUBMIT, NULL, any ? NULL : SHOP));
        for (size_t i = 0; i < COUNT_OF(origins); i++) {
            const char *origin = origins[i].origin;
            unit_call_header(&c, "Origin", origin);
            unit_call_to(&c, HTTP_POST, "/v1/surveys/keyed/responses");
            const char *told = tells(admit()), *allowed = access_cors(&c.call);
            bool good = origins[i].good[any];
            ck_assert_msg(strcmp(told, good ? "go on" : "403 origin-not-allowed") == 0, "%s: %s",
                          origin, told);
            ck_assert_msg(!allowed == !(origin && good), "%s", origin);
            ck_assert(!allowed || strcmp(allowed, origin) == 0);
        }
    }
}
END_TEST

/* The value of Access-Control-Allow-Origin for a preflight from SHOP; "none". */
static const char *preflight(enum http_method method, const char *path)
{
    c.call.identity = NULL;
    unit_call_bearer(&c, NULL);
    unit_call_header(&c, "Origin", SHOP);
    unit_call_to(&c, method, path);
    const char *allowed = access_cors(&c.call);
    return allowed ? allowed : "none";
}

/* Open surveys answer any origin, keyed ones those of their publishable keys. */
START_TEST(preflights)
{
    ck_assert_str_eq(preflight(HTTP_POST, "/v1/surveys/open/responses"), "*");
    ck_assert_str_eq(preflight(HTTP_PATCH, "/v1/surveys/open/responses/" RESPONSE_ID), "*");
    ck_assert_str_eq(preflight(HTTP_GET, "/v1/surveys/open"), "*");
    ck_assert_str_eq(preflight(HTTP_GET, "/v1/surveys/open/nps"), "none");
    ck_assert_str_eq(preflight(HTTP_GET, "/v1/surveys/open/responses"), "none");
    ck_assert_str_eq(preflight(HTTP_DELETE, "/v1/surveys/open"), "none");
    ck_assert_str_eq(preflight(HTTP_GET, "/healthz"), "none");
    ck_assert_str_eq(preflight(HTTP_POST, "/v1/surveys/none/responses"), "none");

    static const char path[] = "/v1/surveys/keyed/responses";
    unit_call_key(&c, ROLE_ADMIN, NULL, NULL);
    unit_call_key(&c, ROLE_ANALYST, "keyed", NULL);
    unit_call_key(&c, ROLE_SUBMIT, NULL, "https://other.example");
    unit_call_key(&c, ROLE_SUBMIT, "open", SHOP);
    unit_call_refresh(&c);
    ck_assert_str_eq(preflight(HTTP_POST, path), "none");
    unit_call_key(&c, ROLE_SUBMIT, "keyed", SHOP);
    unit_call_refresh(&c);
    ck_assert_str_eq(preflight(HTTP_POST, path), SHOP);
    ck_assert_str_eq(preflight(HTTP_PATCH, "/v1/surveys/keyed/responses/" RESPONSE_ID), SHOP);
    ck_assert_str_eq(preflight(HTTP_POST, "/v1/surveys/linked/responses"), "none");
}
END_TEST

/* A secret key is for pages of other origins only if one was named for it. */
START_TEST(secret_keys_in_pages)
{
    for (int named = 0; named < 2; named++) {
        unit_call_bearer(&c, unit_call_key(&c, ROLE_ANALYST, NULL, named ? SHOP : NULL));
        unit_call_header(&c, "Origin", SHOP);
        unit_call_to(&c, HTTP_PATCH, "/v1/surveys/keyed/responses/" RESPONSE_ID);
        ck_assert_str_eq(tells(admit()), "go on");
        const char *allowed = access_cors(&c.call);
        ck_assert_int_eq(allowed != NULL, named);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        keys_in_forms, new_keys_in_forms, origins_of_keys, preflights, secret_keys_in_pages,
    };
    return unit_database_run_checked("access_origins", setup, teardown, tests, COUNT_OF(tests));
}
