/* Numbers that go on with what arrives: what is added, and what is told. When they end is
 * test_live_ends.c, what polls have to do with it test_live_polled.c. */
#include "live_calls.h"

#include "npsd/api/stale.h"
#include "npsd/domain/channel.h"

static void arrive_at(uint64_t xid, int64_t answered_us)
{
    struct arrival arrival = promoter;
    arrival.xid = xid;
    arrival.answered_us = answered_us;
    arrive(&arrival);
}

static const char *value_of(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, name) == 0)
            return reply->headers[i].value;
    return "none";
}

/* --- what is told --- */

START_TEST(what_nobody_has_read_must_be_read)
{
    ck_assert_str_eq(body(), "read");
    arrive(&promoter);
    ck_assert_str_eq(body(), "read");
    live_free(NULL);
}
END_TEST

START_TEST(as_it_was_read_while_nothing_arrives)
{
    keep();
    ck_assert_str_eq(body(), expected_body());
    ck_assert_str_eq(body(), expected_body());
}
END_TEST

START_TEST(each_arrival_is_added_once)
{
    keep();
    arrive(&promoter);
    expect_promoters(1);
    expect_promoters(1);
    arrive(&promoter);
    arrive(&promoter);
    expect_promoters(3);
    expect_promoters(3);
}
END_TEST

START_TEST(each_score_counts_as_itself)
{
    keep();
    for (int score = 0; score < NPS_SCORES; score++)
        for (int times = 0; times <= score; times++) {
            struct arrival arrival = promoter;
            arrival.score = (int16_t)score;
            arrive(&arrival);
            expected.counts[0].score[score]++;
        }
    ck_assert_str_eq(body(), expected_body());
}
END_TEST

START_TEST(of_nothing_everything_computed_is_null)
{
    number.counts[0] = (struct nps_counts){{0}};
    keep();
    ck_assert_str_eq(body(), expected_body());
    ck_assert_ptr_nonnull(strstr(body(), "\"nps\":null"));
    arrive(&promoter);
    expect_promoters(1);
    ck_assert_ptr_nonnull(strstr(body(), "\"nps\":100"));
}
END_TEST

START_TEST(enough_are_as_many_as_the_survey_wants)
{
    keep();
    ck_assert_ptr_nonnull(strstr(body(), "\"enough\":false,\"min_responses\":16"));
    arrive(&promoter);
    ck_assert_ptr_nonnull(strstr(body(), "\"enough\":true,\"min_responses\":16"));
}
END_TEST

START_TEST(whoever_has_it_gets_a_304)
{
    keep();
    struct reply reply = ask_of(&asked);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_eq(reply.type, "application/json");
    ck_assert_str_eq(value_of(&reply, "Cache-Control"), "private, no-cache");
    none_match = arena_strdup(&arena, value_of(&reply, "ETag"));
    ck_assert_int_eq(none_match[0], '"');
    reply = ask_of(&asked);
    ck_assert_int_eq(reply.status, 304);
    ck_assert_str_eq(value_of(&reply, "ETag"), none_match);
    arrive(&promoter);
    reply = ask_of(&asked);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_ne(value_of(&reply, "ETag"), none_match);
}
END_TEST

/* One who gets a 304 shares the reply with others, who want its body. */
START_TEST(a_304_has_its_body)
{
    struct live_memory memory = {.table = NULL};
    keep();
    none_match = "*";
    struct kept_reply *kept = live_reply(live, &call, &asked, &memory);
    none_match = NULL;
    const struct reply reply = kept_answer(&call, kept);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_eq(arena_strndup(&arena, reply.body, reply.body_len), expected_body());
}
END_TEST

START_TEST(what_was_handed_out_outlives_it)
{
    keep();
    const struct reply reply = ask_of(&asked);
    live_free(live);
    live = live_new(freshness);
    ck_assert_str_eq(arena_strndup(&arena, reply.body, reply.body_len), expected_body());
    ck_assert_str_eq(body(), "read");
}
END_TEST

/* For while the database is away: what was told last, not what was read last. */
START_TEST(it_is_the_last_known_number)
{
    world.stale = stale_new();
    keep();
    arrive(&promoter);
    expect_promoters(1);
    const struct reply reply = stale_answer(&call);
    ck_assert_int_eq(reply.status, 200);
    const char *last = arena_strndup(&arena, reply.body, reply.body_len);
    ck_assert_ptr_nonnull(strstr(last, "\"stale\":true"));
    ck_assert_ptr_nonnull(strstr(last, expected_body() + 1));
    stale_free(world.stale);
}
END_TEST

START_TEST(the_landing_is_put_back)
{
    jmp_buf landing;
    body();
    ck_assert_ptr_null(arena.landing);
    keep();
    body();
    ck_assert_ptr_null(arena.landing);
    if (setjmp(landing) != 0)
        ck_abort_msg("nothing may jump there");
    arena.landing = &landing;
    body();
    ck_assert_ptr_eq(arena.landing, &landing);
    arena.landing = NULL;
}
END_TEST

/* --- what its snapshot has seen --- */

START_TEST(what_its_snapshot_has_seen_is_in_it)
{
    static const uint64_t seen[] = {1, 99, 101, 102, 104, 106, 108, 109};
    keep();
    for (size_t i = 0; i < COUNT_OF(seen); i++)
        arrive_at(seen[i], 2500);
    expect_promoters(0);
}
END_TEST

START_TEST(what_its_snapshot_has_not_seen_is_added)
{
    static const uint64_t unseen[] = {100, 103, 107, 110, 111, UINT64_MAX};
    keep();
    for (size_t i = 0; i < COUNT_OF(unseen); i++)
        arrive_at(unseen[i], 2500);
    expect_promoters(COUNT_OF(unseen));
}
END_TEST

/* A transaction brings many answers, some of other windows and surveys. */
START_TEST(all_of_a_transaction_are_added)
{
    struct arrival together[20];
    keep();
    for (size_t i = 0; i < COUNT_OF(together); i++)
        together[i] = promoter;
    arrivals_add(freshness_arrivals(freshness), together, COUNT_OF(together));
    expect_promoters(COUNT_OF(together));
}
END_TEST

/* The query runs between live_start and live_keep: what arrives then may not stand in it. */
START_TEST(what_arrives_while_it_is_read_is_added)
{
    arrive(&promoter);
    const struct live_start begun = start();
    arrive_at(103, 2500);
    arrive_at(104, 2500);
    keep_as(&asked, &begun);
    expect_promoters(1);
}
END_TEST

/* --- windows --- */

START_TEST(a_window_has_its_beginning_and_not_its_end)
{
    keep();
    arrive_at(200, 1999);
    arrive_at(200, 3000);
    arrive_at(200, 3001);
    arrive_at(200, INT64_MIN + 1);
    expect_promoters(0);
    arrive_at(200, 2000);
    expect_promoters(1);
    arrive_at(200, 2999);
    expect_promoters(2);
}
END_TEST

START_TEST(open_windows_have_all)
{
    number.windows[0] = (struct window){SLOTS_OPEN_FROM, SLOTS_OPEN_TO};
    keep();
    arrive_at(200, -CLOCK_DAY_US);
    arrive_at(200, 0);
    arrive_at(200, CLOCK_DAY_US * 365 * 100);
    expect_promoters(3);
}
END_TEST

static void compare_with(int64_t from_us, int64_t to_us)
{
    number.compare = number.has_previous = true;
    number.windows[1] = (struct window){from_us, to_us};
    number.counts[1] = (struct nps_counts){{3, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0}};
}

START_TEST(the_window_before_goes_on_as_well)
{
    compare_with(1000, 2000);
    keep();
    ck_assert_str_eq(body(), expected_body());
    ck_assert_ptr_nonnull(strstr(body(), "\"previous\":{\"responses\":6,"));
    arrive_at(200, 999);
    ck_assert_str_eq(body(), expected_body());
    arrive_at(200, 1000);
    arrive_at(200, 1999);
    expected.counts[1].score[9] += 2;
    ck_assert_str_eq(body(), expected_body());
    arrive_at(200, 2000);
    expected.counts[0].score[9]++;
    ck_assert_str_eq(body(), expected_body());
    ck_assert_ptr_nonnull(strstr(body(), "\"previous\":{\"responses\":8,"));
}
END_TEST

START_TEST(windows_that_overlap_share_an_answer)
{
    compare_with(1500, 2500);
    keep();
    arrive_at(200, 2499);
    expected.counts[0].score[9]++;
    expected.counts[1].score[9]++;
    ck_assert_str_eq(body(), expected_body());
}
END_TEST

START_TEST(there_may_be_no_window_before)
{
    number.compare = true;
    keep();
    arrive(&promoter);
    expect_promoters(1);
    ck_assert_ptr_nonnull(strstr(body(), "\"previous\":null,\"change\":null"));
}
END_TEST

/* --- whose answers --- */

START_TEST(of_its_survey_only)
{
    static const int32_t others[] = {OTHER_SURVEY, 0, -SURVEY, SURVEY + FRESHNESS_PLACES};
    keep();
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct arrival arrival = promoter;
        arrival.survey_id = others[i];
        arrive(&arrival);
    }
    expect_promoters(0);
}
END_TEST

static void cut(int facet, int32_t value)
{
    number.seen.facet = facet;
    number.seen.value = value;
    keep();
}

START_TEST(of_its_channel_only)
{
    struct arrival arrival = promoter;
    cut(SURVEY_FACET_CHANNEL, CHANNEL_PHONE);
    for (arrival.channel = 0; arrival.channel < CHANNEL_COUNT; arrival.channel++)
        arrive(&arrival);
    expect_promoters(1);
    cut(SURVEY_FACET_CHANNEL, CHANNEL_WEB); /* 0, which is a channel as any */
    arrival.channel = CHANNEL_PHONE;
    arrive(&arrival);
    expect_promoters(0);
    arrival.channel = CHANNEL_WEB;
    arrive(&arrival);
    expect_promoters(1);
}
END_TEST

START_TEST(of_its_agent_only)
{
    struct arrival arrival = promoter;
    cut(SURVEY_FACET_AGENT, 3);
    arrival.channel = 3;
    for (int i = 0; i < SURVEY_FACETS_MAX; i++)
        arrival.facets[i] = 3;
    for (arrival.agent = -1; arrival.agent < 3; arrival.agent++)
        arrive(&arrival);
    arrival.agent = 4;
    arrive(&arrival);
    expect_promoters(0);
    arrival.agent = 3;
    arrive(&arrival);
    expect_promoters(1);
}
END_TEST

/* Each slot by itself: nobody's neighbour is taken for it. */
START_TEST(of_its_facet_only)
{
    for (int slot = 0; slot < SURVEY_FACETS_MAX; slot++) {
        struct arrival arrival = promoter;
        cut(SURVEY_FACET_FIRST + slot, 70000);
        arrival.agent = 70000;
        for (int i = 0; i < SURVEY_FACETS_MAX; i++)
            arrival.facets[i] = i == slot ? -1 : 70000;
        arrive(&arrival);
        arrival.facets[slot] = 70001;
        arrive(&arrival);
        expect_promoters(0);
        arrival.facets[slot] = 70000;
        arrive(&arrival);
        expect_promoters(1);
    }
}
END_TEST

START_TEST(without_a_cut_all_of_the_survey)
{
    struct arrival arrival = promoter;
    keep();
    arrival.channel = CHANNEL_KIOSK;
    arrive(&arrival);
    arrival.agent = 12;
    arrival.facets[2] = 5;
    arrive(&arrival);
    expect_promoters(2);
}
END_TEST

START_TEST(what_may_go_on)
{
    static const struct {
        int facet;
        int32_t value;
        bool may;
    } cases[] = {
        {SURVEY_FACET_TOTAL, 0, true},
        {SURVEY_FACET_CHANNEL, CHANNEL_WEB, true},
        {SURVEY_FACET_CHANNEL, CHANNEL_IMPORT, true},
        {SURVEY_FACET_CHANNEL, -1, false},
        {SURVEY_FACET_AGENT, 1, true},
        {SURVEY_FACET_AGENT, 0, false}, /* all those past the cap */
        {SURVEY_FACET_AGENT, -1, false},
        {SURVEY_FACET_FIRST, 1, true},
        {SURVEY_FACET_FIRST, INT32_MAX, true},
        {SURVEY_FACET_FIRST, 0, false},
        {SURVEY_FACET_FIRST, -1, false},
        {SURVEY_FACET_FIRST + SURVEY_FACETS_MAX - 1, 1, true},
        {SURVEY_FACET_FIRST + SURVEY_FACETS_MAX - 1, 0, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct number_seen seen = {true, cases[i].facet, cases[i].value, {1, 1, {0}, 0}};
        ck_assert_msg(live_may_go_on(&seen) == cases[i].may, "case %zu", i);
        seen.known = false;
        ck_assert_msg(!live_may_go_on(&seen), "case %zu", i);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {what_nobody_has_read_must_be_read,
                                  as_it_was_read_while_nothing_arrives,
                                  each_arrival_is_added_once,
                                  each_score_counts_as_itself,
                                  of_nothing_everything_computed_is_null,
                                  enough_are_as_many_as_the_survey_wants,
                                  whoever_has_it_gets_a_304,
                                  a_304_has_its_body,
                                  what_was_handed_out_outlives_it,
                                  it_is_the_last_known_number,
                                  the_landing_is_put_back,
                                  what_its_snapshot_has_seen_is_in_it,
                                  what_its_snapshot_has_not_seen_is_added,
                                  all_of_a_transaction_are_added,
                                  what_arrives_while_it_is_read_is_added,
                                  a_window_has_its_beginning_and_not_its_end,
                                  open_windows_have_all,
                                  the_window_before_goes_on_as_well,
                                  windows_that_overlap_share_an_answer,
                                  there_may_be_no_window_before,
                                  of_its_survey_only,
                                  of_its_channel_only,
                                  of_its_agent_only,
                                  of_its_facet_only,
                                  without_a_cut_all_of_the_survey,
                                  what_may_go_on};
    return run_suite("live", tests, COUNT_OF(tests));
}
