#include "npsd/api/quota.h"
#include "npsd/api/submission.h"
#include "npsd/api/submit.h"
#include "npsd/json/read.h"
#include "npsd/json/response.h"

#include <stdatomic.h>
#include <string.h>

/* One item of a batch: a submission, or what is wrong with it. */
struct batch_item {
    struct submission submission;
    bool refused;
    enum problem problem;
    const char *detail;
    struct problem_errors *errors; /* NULL: none */
};

struct batch {
    struct call *call;
    struct batch_item *items;
    size_t count;
    size_t good;
    atomic_size_t left; /* submissions the lane still has */
    bool overloaded;    /* the lane has no room for it */
};

static void refuse_item(struct batch_item *item, enum problem problem, const char *detail)
{
    item->refused = true;
    item->problem = problem;
    item->detail = detail;
}

static void decode_item(const struct call *call, const struct response_rules *rules,
                        const json_t *value, struct batch_item *item)
{
    struct problem_errors *errors = arena_calloc(call->arena, 1, sizeof *errors);
    errors->arena = call->arena;
    if (response_decode(value, "", rules, errors, &item->submission.response,
                        &item->submission.key)) {
        submission_prepare(call, &item->submission);
        return;
    }
    refuse_item(item, PROBLEM_INVALID, NULL);
    item->errors = errors;
}

static struct reply refuse_body(const struct call *call, const char *detail)
{
    struct problem_errors errors = {.arena = call->arena};
    problem_add(&errors, detail, "%s", "");
    return reply_problem_errors(call, PROBLEM_INVALID, NULL, &errors, false);
}

static struct reply refuse_count(const struct call *call)
{
    return refuse_body(call, arena_printf(call->arena, "must have at most %d items", BATCH_MAX));
}

static struct batch *batch_make(struct call *call, size_t count)
{
    struct batch *batch = arena_calloc(call->arena, 1, sizeof *batch);
    batch->call = call;
    batch->count = count;
    batch->items = arena_calloc(call->arena, count ? count : 1, sizeof *batch->items);
    return batch;
}

/* Reads the body. NULL after setting *ret_refusal. */
static struct batch *read_array(struct call *call, struct reply *ret_refusal)
{
    const char *detail;
    json_t *body = json_read(call->arena, call->body, call->body_len, &detail);
    if (!body) {
        *ret_refusal = reply_problem(call, PROBLEM_BAD_JSON, detail);
        return NULL;
    }
    if (!json_is_array(body) || json_array_size(body) > BATCH_MAX) {
        *ret_refusal = json_is_array(body) ? refuse_count(call)
                                           : refuse_body(call, "must be an array of answers");
        return NULL;
    }
    const struct response_rules rules = submission_rules(call, true);
    struct batch *batch = batch_make(call, json_array_size(body));
    for (size_t i = 0; i < batch->count; i++)
        decode_item(call, &rules, json_array_get(body, i), &batch->items[i]);
    return batch;
}

/* The next line that is not empty; false at the end. */
static bool next_line(const char **text, const char *end, const char **ret_line, size_t *ret_len)
{
    while (*text < end) {
        const char *line = *text;
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        *text = stop ? stop + 1 : end;
        size_t len = (size_t)((stop ? stop : end) - line);
        if (len > 0 && line[len - 1] == '\r')
            len--;
        if (len > 0) {
            *ret_line = line;
            *ret_len = len;
            return true;
        }
    }
    return false;
}

/* As read_array. A line that is no JSON is a wrong item. */
static struct batch *read_lines(struct call *call, struct reply *ret_refusal)
{
    const char *text = call->body, *end = call->body + call->body_len, *line, *detail;
    size_t len, count = 0;
    while (next_line(&text, end, &line, &len))
        count++;
    if (count > BATCH_MAX) {
        *ret_refusal = refuse_count(call);
        return NULL;
    }
    const struct response_rules rules = submission_rules(call, true);
    struct batch *batch = batch_make(call, count);
    text = call->body;
    for (size_t i = 0; next_line(&text, end, &line, &len); i++) {
        json_t *value = json_read(call->arena, line, len, &detail);
        if (value)
            decode_item(call, &rules, value, &batch->items[i]);
        else
            refuse_item(&batch->items[i], PROBLEM_BAD_JSON, detail);
    }
    return batch;
}

/* On the lane's thread, once an item. The last one wakes the call, after which batch is not ours.
 */
static void item_done(struct lane_item *item)
{
    struct batch *batch = item->owner;
    if (atomic_fetch_sub_explicit(&batch->left, 1, memory_order_acq_rel) == 1)
        call_resume(batch->call);
}

static struct lane *least_busy(const struct world *world)
{
    struct lane *best = world->batch[0];
    for (int i = 1; i < BATCH_LANES; i++)
        if (lane_waiting(world->batch[i]) < lane_waiting(best))
            best = world->batch[i];
    return best;
}

/* Whole to one lane, which keeps the order: of two items with one id the first is the answer. */
static bool start_batch(struct call *call, void *work)
{
    struct batch *batch = work;
    struct lane_item *first = NULL, *last = NULL;
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->items[i].refused)
            continue;
        struct lane_item *item = &batch->items[i].submission.item;
        item->done = item_done;
        item->owner = batch;
        if (last)
            last->next = item;
        else
            first = item;
        last = item;
    }
    atomic_init(&batch->left, batch->good);
    if (lane_submit(least_busy(call_world(call)), first, last, batch->good))
        return true;
    batch->overloaded = true;
    return false;
}

static void write_item(struct json_writer *w, const struct call *call,
                       const struct batch_item *item)
{
    enum lane_outcome outcome = item->submission.item.outcome;
    enum problem problem = item->problem;
    const char *detail = item->detail;
    if (!item->refused && submission_succeeded(outcome)) {
        char id[UUID_TEXT_SIZE];
        json_put_int(w, "status", submission_status(outcome));
        json_put_text(w, "id", uuid_format(&item->submission.item.row.id, id));
        if (submission_is_replay(outcome))
            json_put_bool(w, "replayed", true);
        return;
    }
    if (!item->refused)
        problem = submission_problem(outcome, &detail);
    json_put_int(w, "status", problem_info(problem)->status);
    problem_write(w, "problem", call->request_id, problem, detail, item->errors);
}

static struct reply finish_batch(struct call *call, void *work)
{
    const struct batch *batch = work;
    if (batch->overloaded)
        return reply_problem(call, PROBLEM_OVERLOADED, NULL);
    struct json_writer w = json_writer(call->arena);
    json_object_begin(&w, NULL);
    json_array_begin(&w, "results");
    for (size_t i = 0; i < batch->count; i++) {
        json_object_begin(&w, NULL);
        write_item(&w, call, &batch->items[i]);
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    return reply_json(200, &w);
}

struct reply submit_batch(struct call *call)
{
    if (call_identity(call)->link)
        return reply_problem(call, PROBLEM_FORBIDDEN, "A link is for one answer.");
    /* Before much is decoded for who has nothing left. */
    struct reply refusal = quota_take(call, 0);
    if (refusal.status)
        return refusal;
    struct batch *batch =
        call->media == MEDIA_NDJSON ? read_lines(call, &refusal) : read_array(call, &refusal);
    /* What is no batch, or an empty one, has been work all the same. */
    struct reply limit = quota_take(call, batch && batch->count > 0 ? batch->count : 1);
    if (!batch)
        return refusal;
    if (limit.status)
        return limit;
    for (size_t i = 0; i < batch->count; i++)
        batch->good += !batch->items[i].refused;
    if (batch->good == 0)
        return finish_batch(call, batch);
    return reply_later(start_batch, finish_batch, batch);
}
