/* A day of a shop with three branches, played through HTTP: the numbers equal those that awk counts
 * from the file of requests (tests/data/shop_day.ndjson, shop_count.awk). */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { REQUESTS_MAX = 5000, KIOSK_BATCH = 25, CONNECTIONS = 8 };

#define SHOP                                                                                       \
    "'time_zone':'Europe/Moscow','facets':['branch'],'questions':["                                \
    "{'id':'recommend','type':'nps','text':{'en':'?'}},"                                           \
    "{'id':'why','type':'text','text':{'en':'?'}},"                                                \
    "{'id':'improve','type':'choice','text':{'en':'?'},'options':["                                \
    "{'id':'wait','text':{'en':'W'}},{'id':'price','text':{'en':'P'}},"                            \
    "{'id':'quality','text':{'en':'Q'}},{'id':'staff','text':{'en':'S'}},"                         \
    "{'id':'other','text':{'en':'O'}}]}]"

/* The day as it is played: requests in order, kiosk lines gathered into batches. */
struct shop {
    const char *survey, *day;
    struct request requests[REQUESTS_MAX];
    size_t count;
    const char *batch; /* what the kiosk gathers */
    int gathered;
    long accepted, refused;
};

static struct request *add(struct shop *shop, const char *tail, const char *body)
{
    ck_assert_uint_lt(shop->count, REQUESTS_MAX);
    struct request *request = &shop->requests[shop->count++];
    *request = (struct request){.path = text("/v1/surveys/%s/responses%s", shop->survey, tail),
                                .body = body};
    return request;
}

static const char *dump(json_t *json)
{
    char *dumped = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *kept = text("%s", dumped);
    free(dumped);
    return kept;
}

static void send_kiosk_batch(struct shop *shop)
{
    if (shop->gathered > 0)
        add(shop, "/batch", text("[%s]", shop->batch));
    shop->batch = "";
    shop->gathered = 0;
}

static void gather(struct shop *shop, const char *body)
{
    shop->batch = text("%s%s%s", shop->batch, shop->gathered ? "," : "", body);
    if (++shop->gathered == KIOSK_BATCH)
        send_kiosk_batch(shop);
}

static const char *escape(const char *value)
{
    const char *escaped = "";
    for (; *value; value++)
        escaped = text("%s%%%02x", escaped, (unsigned char)*value);
    return escaped;
}

/* A member of the body as fields: {"answers":{"why":"x"}} is answers.why=x. */
static const char *form_fields(const char *name, json_t *value)
{
    if (json_is_object(value)) {
        const char *fields = "", *inner_name;
        json_t *inner;
        json_object_foreach(value, inner_name, inner) fields =
            text("%s%s", fields, form_fields(text("%s.%s", name, inner_name), inner));
        return fields;
    }
    const char *string = json_string_value(value);
    return text("&%s=%s", name, escape(string ? string : dump(value)));
}

static void add_form(struct shop *shop, const char *key, json_t *body)
{
    const char *fields = text("idempotency_key=%s", key), *name;
    json_t *value;
    json_object_foreach(body, name, value) fields = text("%s%s", fields, form_fields(name, value));
    struct request *request = add(shop, "", fields);
    request->path = text("/s/%s", shop->survey);
    request->type = "application/x-www-form-urlencoded";
}

static void add_line(struct shop *shop, json_t *line)
{
    const char *way = json_string_value(json_object_get(line, "way"));
    const char *key = json_string_value(json_object_get(line, "key"));
    const char *raw = json_string_value(json_object_get(line, "raw"));
    json_t *body = json_object_get(line, "body");
    if (raw) {
        add(shop, "", text("%s", raw));
        return;
    }
    if (strcmp(way, "form") == 0) {
        add_form(shop, key, body);
        return;
    }
    const char *at = text("%sT%s+03:00", shop->day, json_string_value(json_object_get(line, "at")));
    json_object_set_new(body, "answered_at", json_string(at));
    if (strcmp(way, "phone") == 0) {
        json_object_set_new(body, "external_id", json_string(key));
        add(shop, "", dump(body))->key = fixture_key(AGENT);
    } else if (strcmp(way, "kiosk") == 0) {
        json_object_set_new(body, "idempotency_key", json_string(key));
        gather(shop, dump(body));
    } else {
        add(shop, "", dump(body))->headers[0] = text("Idempotency-Key: %s", key);
    }
}

static const char *data_path(const char *name)
{
    return text("%s/%s", getenv("NPSD_TEST_DATA"), name);
}

static void read_day(struct shop *shop)
{
    FILE *file = fopen(data_path("shop_day.ndjson"), "r");
    ck_assert_ptr_nonnull(file);
    char *line = NULL;
    size_t room = 0;
    for (ssize_t size; (size = getline(&line, &room, file)) > 0;) {
        json_t *json = json_loadb(line, (size_t)size, 0, NULL);
        ck_assert_msg(json != NULL, "%s", line);
        add_line(shop, json);
        json_decref(json);
    }
    free(line);
    fclose(file);
    send_kiosk_batch(shop);
}

static void play_fill(void *closure, size_t number, struct request *ret_request)
{
    struct shop *shop = closure;
    *ret_request = shop->requests[number];
}

/* An outcome: taken, told again, or refused; a key with other words is no wrong value. */
static void tell(struct shop *shop, long status, json_t *problem)
{
    const char *type = json_string_value(json_object_get(problem, "type"));
    if (status == 201 || status == 200 || status == 303)
        shop->accepted++;
    else if (!type || !strstr(type, "key-reused"))
        shop->refused++;
    ck_assert_msg(status < 500 && status != 404 && status != 429, "%ld", status);
}

static void play_done(void *closure, size_t number, const struct reply *reply)
{
    (void)number;
    size_t i;
    json_t *result, *results = reply_at(reply, "/results");
    if (!results) {
        tell(closure, reply->status, reply->json);
        return;
    }
    json_array_foreach(results, i, result)
        tell(closure, json_integer_value(json_object_get(result, "status")),
             json_object_get(result, "problem"));
}

/* Yesterday in Moscow, so that strangers may still tell of it, and that it is over. */
static const char *yesterday(void)
{
    return text("%.10s", text_time(time(NULL) + 3 * 3600 - 86400));
}

/* A line of awk's: a query and eleven counts. */
static void expect_line(const char *survey, const char *line)
{
    size_t size = strcspn(line, " ");
    const char *query = text("%.*s", (int)size, line);
    char *histogram = text_space(strlen(line) + 2);
    snprintf(histogram, strlen(line) + 2, "[%s", line + size + 1);
    for (char *at = histogram; *at; at++)
        *at = *at == ' ' ? ',' : *at == '\n' ? ']' : *at;
    struct reply *reply = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps?%s", survey, query);
    expect_json(expect_status(reply, 200), "/histogram", histogram);
}

static void compare(const struct shop *shop)
{
    FILE *awk = popen(text("awk -v day=%s -f '%s' '%s'", shop->day, data_path("shop_count.awk"),
                           data_path("shop_day.ndjson")),
                      "r");
    ck_assert_ptr_nonnull(awk);
    char line[512];
    int lines = 0;
    for (; fgets(line, sizeof(line), awk); lines++)
        if (strncmp(line, "refused ", 8) == 0)
            ck_assert_int_eq(shop->refused, strtol(line + 8, NULL, 10));
        else
            expect_line(shop->survey, line);
    ck_assert_int_eq(pclose(awk), 0);
    ck_assert_int_gt(lines, 200);
}

/* The day as it happens: several connections at once, and every number by total, branch, channel
 * and hour as awk counts it. */
START_TEST(a_day)
{
    static struct shop shop;
    shop.survey = fixture_survey(SHOP);
    shop.day = yesterday();
    shop.batch = "";
    read_day(&shop);
    client_send_many(CONNECTIONS, shop.count, play_fill, play_done, &shop);
    ck_assert_int_gt(shop.accepted, 3500);
    compare(&shop);
    /* A client that lost all replies sends the whole day once more. */
    long accepted = shop.accepted;
    shop.accepted = shop.refused = 0;
    client_send_many(CONNECTIONS, shop.count, play_fill, play_done, &shop);
    ck_assert_int_eq(shop.accepted, accepted);
    compare(&shop);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {{.test = a_day}};
    return fixture_run("shop", NULL, tests, COUNT_OF(tests));
}
