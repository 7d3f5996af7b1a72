/* Wrong requests cost no memory: after a hundred thousand of them the daemon is as large as before.
 */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/must.h"
#include "support/text.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WARM_UP = 20000, WRONG = 100000, CONNECTIONS = 8, ALLOWED_KIB = 2048 };

struct wrong {
    struct request request;
    long status;
};

static struct wrong *wrongs;
static size_t wrong_count;

static void add(long status, struct request request)
{
    wrongs[wrong_count++] = (struct wrong){request, status};
}

/* One of each kind; the large body is rare, since it costs the time of its transport. */
static void make_wrongs(void)
{
    const char *survey = fixture_survey("");
    const char *path = text("/v1/surveys/%s/responses", survey);
    const char *key = fixture_key(ADMIN);
    wrongs = calloc(32, sizeof(*wrongs));
    must(wrongs);
    add(422, (struct request){.path = path, .body = "{\"score\":11,\"colour\":1}"});
    add(422, (struct request){
                 .path = path,
                 .body = text_json("{'score':1,'answers':{'why':'%s'}}", text_repeat("x", 4001))});
    add(400, (struct request){.path = path, .body = "{\"score\":"});
    add(400, (struct request){.path = path, .body = text_repeat("[", 2000)});
    add(400, (struct request){
                 .path = path, .body = "{\"score\":1}", .headers = {"Idempotency-Key: two words"}});
    add(401, (struct request){.path = path, .body = "{\"score\":1}", .key = "npsd_admin_wrong"});
    add(401, (struct request){.path = text("/v1/surveys/%s/nps", survey)});
    add(403, (struct request){.path = "/v1/surveys", .key = fixture_key(VIEWER), .body = "{}"});
    add(404, (struct request){.path = text("/v1/%s", text_repeat("x", 2000))});
    add(404, (struct request){.path = "/v1/surveys/there-is-none/nps", .key = key});
    add(404, (struct request){.path = text("%s/x", path), .key = key});
    add(405, (struct request){.method = "PUT", .path = path, .body = "{}"});
    add(411, (struct request){.method = "POST", .path = path, .no_length = true});
    add(415, (struct request){.path = path, .type = "text/plain", .body = "{\"score\":1}"});
    add(422, (struct request){.path = text("/v1/surveys/%s/nps?last=30x&colour=red", survey),
                              .key = key});
    add(400,
        (struct request){.path = text("/v1/surveys/%s/nps?tz=UTC&tz=UTC", survey), .key = key});
    add(422, (struct request){.path = text("%s?cursor=x", path), .key = key});
    add(409, (struct request){.path = "/v1/surveys",
                              .key = key,
                              .body = text_json("{'id':'%s','title':{'en':'T'}}", survey)});
    add(200, (struct request){.path = text("%s/batch", path), .body = "[{\"score\":11},5,null]"});
    add(422, (struct request){.path = text("/s/%s", survey),
                              .body = "score=11",
                              .type = "application/x-www-form-urlencoded"});
    add(413, (struct request){.path = path, .body = text_repeat(" ", 300 * 1024)});
}

static void fill(void *closure, size_t number, struct request *ret_request)
{
    (void)closure;
    bool large = number % 1000 == 999;
    *ret_request = wrongs[large ? wrong_count - 1 : number % (wrong_count - 1)].request;
}

static void done(void *closure, size_t number, const struct reply *reply)
{
    (void)closure;
    bool large = number % 1000 == 999;
    long status = wrongs[large ? wrong_count - 1 : number % (wrong_count - 1)].status;
    /* Of wrong keys only the first ones of a minute are. */
    bool too_many = status == 401 && reply->status == 429;
    ck_assert_msg(reply->status == status || too_many, "%s: %ld, not %ld %s", reply->request,
                  reply->status, status, reply->body);
}

/* Sanitizers and valgrind keep what is freed. */
static bool is_instrumented(void)
{
    const char *wrapper = getenv("NPSD_TEST_WRAPPER");
    if (wrapper && *wrapper)
        return true;
    const char *maps = text_file(text("/proc/%d/maps", (int)fixture_daemon()->pid));
    return !maps || strstr(maps, "libasan") || strstr(maps, "libtsan");
}

/* Resident memory stays within two megabytes. */
START_TEST(wrong_requests_cost_no_memory)
{
    if (is_instrumented())
        return;
    make_wrongs();
    client_send_many(CONNECTIONS, WARM_UP, fill, done, NULL);
    long before = daemon_rss_kib(fixture_daemon());
    client_send_many(CONNECTIONS, WRONG, fill, done, NULL);
    long after = daemon_rss_kib(fixture_daemon());
    ck_assert_msg(after - before <= ALLOWED_KIB, "%ld KiB before, %ld KiB after", before, after);
    free(wrongs);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {{.test = wrong_requests_cost_no_memory}};
    return fixture_run("memory", NULL, tests, COUNT_OF(tests));
}
