/* What is remembered of numbers that go on, when several look at once. */
#include "live_calls.h"

enum { GENERATION = 7 };

static struct kept_table *table;
static void (*meanwhile)(void); /* while a reply is written; NULL: nothing */

static const char *header_meanwhile(const struct call *of, const char *name)
{
    void (*now)(void) = meanwhile;
    meanwhile = NULL;
    if (now)
        now();
    return header(of, name);
}

static void setup_memory(void)
{
    setup();
    table = kept_new(1 << 20);
    meanwhile = NULL;
    call.header = header_meanwhile;
}

static void teardown_memory(void)
{
    teardown();
    kept_free(table);
}

static bool look(void)
{
    struct live_memory memory = {.table = table, .generation = GENERATION};
    struct kept_reply *kept = live_reply(live, &call, &asked, &memory);
    ck_assert_ptr_nonnull(kept);
    kept_release(kept);
    return memory.lasts;
}

static const char *remembered(void)
{
    struct kept_reply *kept = kept_get(table, &asked, GENERATION);
    if (!kept)
        return "nothing";
    const struct reply reply = kept_answer(&call, kept);
    return arena_strndup(&arena, reply.body, reply.body_len);
}

static void one_more_comes_and_is_seen(void)
{
    arrive(&promoter);
    ck_assert(look());
}

static void it_is_read_again(void)
{
    number.counts[0].score[0]++;
    keep();
}

START_TEST(a_reply_that_lasts_is_remembered)
{
    keep();
    ck_assert(look());
    ck_assert_str_eq(remembered(), expected_body());
}
END_TEST

/* Or who has seen the newer one would see less with the next poll. */
START_TEST(an_older_look_does_not_replace_a_newer_one)
{
    keep();
    meanwhile = one_more_comes_and_is_seen;
    ck_assert(!look());
    expected.counts[0].score[9]++;
    ck_assert_str_eq(remembered(), expected_body());
}
END_TEST

/* It may hold what others have changed. */
START_TEST(what_was_read_before_is_not_remembered_after_it_was_read_again)
{
    keep();
    meanwhile = it_is_read_again;
    ck_assert(!look());
    ck_assert_str_eq(remembered(), "nothing");
    ck_assert(look());
    ck_assert_str_eq(remembered(), expected_body());
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_reply_that_lasts_is_remembered,
                                  an_older_look_does_not_replace_a_newer_one,
                                  what_was_read_before_is_not_remembered_after_it_was_read_again};
    return suite_run_checked("live_memory", setup_memory, teardown_memory, tests, COUNT_OF(tests));
}
