#include "npsd/api/live.h"

#include "npsd/api/etag.h"
#include "npsd/api/results.h"
#include "npsd/api/stale.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct place {
    struct question question; /* len 0: nothing; its bytes are the place's own */
    struct live_number number;
    struct live_start start; /* position moves with what has been added */
    bool renewed;            /* somebody reads it again */
};

struct live {
    struct freshness *freshness;
    pthread_mutex_t mutex; /* guards the places */
    struct place places[LIVE_PLACES];
};

/* --- what arrives --- */

/* VALUES_OTHER (0) collects those without a number, and a value that nobody has (below 0) may get
 * one with the next answer. */
bool live_may_go_on(const struct number_seen *seen)
{
    bool any_value = seen->facet == SURVEY_FACET_TOTAL || seen->facet == SURVEY_FACET_CHANNEL;
    return seen->known && (any_value ? seen->value >= 0 : seen->value > 0);
}

static int32_t value_of(const struct arrival *arrival, int facet)
{
    switch (facet) {
    case SURVEY_FACET_TOTAL:
        return 0;
    case SURVEY_FACET_CHANNEL:
        return arrival->channel;
    case SURVEY_FACET_AGENT:
        return arrival->agent;
    default:
        return arrival->facets[facet - SURVEY_FACET_FIRST];
    }
}

static void add(void *context, const struct arrival *arrival)
{
    struct live_number *number = context;
    const struct number_seen *seen = &number->seen;
    if (arrival->survey_id != number->survey_id || value_of(arrival, seen->facet) != seen->value ||
        db_snapshot_sees(&seen->snapshot, arrival->xid))
        return;
    for (int w = 0; w < 2; w++)
        if (arrival->answered_us >= number->windows[w].from_us &&
            arrival->answered_us < number->windows[w].to_us)
            number->counts[w].score[arrival->score]++;
}

/* --- places; all but the last two of these functions need the mutex --- */

static struct place *place_of(struct live *live, const struct question *question)
{
    return &live->places[question->hash % LIVE_PLACES];
}

static void clear(struct place *place)
{
    free((char *)(uintptr_t)place->question.bytes);
    place->question = (struct question){0};
}

/* Moves the number on. False: it has to be read. */
static bool go_on(struct live *live, struct place *place)
{
    const struct freshness_moves moves = freshness_moves(live->freshness, place->number.survey_id);
    int64_t age_us = clock_monotonic_us() - place->start.began_us;
    if (age_us >= LIVE_HOLDS_US || moves.changed != place->start.moves.changed)
        return false;
    if (age_us >= LIVE_RENEW_US && !place->renewed) {
        place->renewed = true;
        return false;
    }
    return arrivals_visit(freshness_arrivals(live->freshness), &place->start.position, add,
                          &place->number);
}

/* What a look has found: a copy of the place. */
struct look {
    struct live_number number;
    int64_t began_us;
    uint64_t position;
};

static bool look_up(struct live *live, const struct question *question, struct look *look)
{
    struct place *place = place_of(live, question);
    if (!question_is(&place->question, question) || !go_on(live, place))
        return false;
    look->number = place->number;
    look->began_us = place->start.began_us;
    look->position = place->start.position;
    return true;
}

/* Whether a look has found what the place still says. */
static bool is_latest(struct live *live, const struct question *question, const struct look *look)
{
    const struct place *place = place_of(live, question);
    return question_is(&place->question, question) && place->start.began_us == look->began_us &&
           place->start.position == look->position;
}

/* What a poll has found since the number was read may not stand in it, and the next poll does not
 * find it again. */
static void remember(struct live *live, const struct question *question, const struct look *look,
                     struct kept_reply *kept, struct live_memory *memory)
{
    const struct place *place = place_of(live, question);
    memory->lasts = is_latest(live, question, look) &&
                    freshness_moves(live->freshness, look->number.survey_id).polled ==
                        place->start.moves.polled;
    if (memory->lasts && memory->table)
        kept_put(memory->table, question, memory->generation, kept);
}

struct live_start live_start(struct live *live, int32_t survey_id)
{
    return (struct live_start){
        .began_us = clock_monotonic_us(),
        .moves = freshness_moves(live->freshness, survey_id),
        .position = arrivals_count(freshness_arrivals(live->freshness)),
    };
}

void live_keep(struct live *live, const struct question *question, const struct live_start *start,
               const struct live_number *number)
{
    char *bytes = malloc(question->len);
    if (!bytes)
        return;
    memcpy(bytes, question->bytes, question->len);
    pthread_mutex_lock(&live->mutex);
    struct place *place = place_of(live, question);
    clear(place);
    *place = (struct place){
        .question = {bytes, question->len, question->hash}, .number = *number, .start = *start};
    pthread_mutex_unlock(&live->mutex);
}

/* --- replies --- */

static struct kept_reply *write_reply(struct call *call, const struct live_number *number)
{
    const struct results_numbers numbers = {
        .current = &number->counts[0],
        .previous = number->has_previous ? &number->counts[1] : NULL,
        .compare = number->compare,
        .min_responses = number->min_responses,
    };
    struct json_writer w = json_writer_after(call->arena, number->head, number->head_len);
    results_write_numbers(&w, &numbers);
    struct reply reply = etag_reply(call, "application/json", w.buf.data, w.buf.len);
    stale_keep(call, &reply);
    return kept_copy(&reply);
}

struct kept_reply *live_reply(struct live *live, struct call *call, const struct question *question,
                              struct live_memory *memory)
{
    struct look look;
    pthread_mutex_lock(&live->mutex);
    bool found = look_up(live, question, &look);
    pthread_mutex_unlock(&live->mutex);
    if (!found)
        return NULL;
    jmp_buf landing, *const outer = call->arena->landing;
    if (setjmp(landing) != 0) {
        call->arena->landing = outer;
        return NULL;
    }
    call->arena->landing = &landing;
    struct kept_reply *kept = write_reply(call, &look.number);
    call->arena->landing = outer;
    if (!kept)
        return NULL;
    pthread_mutex_lock(&live->mutex);
    remember(live, question, &look, kept, memory);
    pthread_mutex_unlock(&live->mutex);
    return kept;
}

/* --- life --- */

struct live *live_new(struct freshness *freshness)
{
    struct live *live = calloc(1, sizeof *live);
    if (!live)
        return NULL;
    live->freshness = freshness;
    pthread_mutex_init(&live->mutex, NULL);
    return live;
}

void live_free(struct live *live)
{
    if (!live)
        return;
    for (size_t i = 0; i < LIVE_PLACES; i++)
        clear(&live->places[i]);
    pthread_mutex_destroy(&live->mutex);
    free(live);
}
