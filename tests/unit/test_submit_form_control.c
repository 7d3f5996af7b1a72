/* What a form says besides the answer: marks of what may be no person, and that there is no answer.
 */
#include "form_calls.h"
#include "npsd/api/limits.h"
#include "npsd/api/stamp.h"
#include "npsd/base/clock.h"
#include "npsd/ingest/display_meter.h"
#include <string.h>

/* --- marks --- */

/* The stamp of a page that this survey had so long ago. */
static const char *stamp(const char *survey, int64_t age_us)
{
    char text[STAMP_SIZE];
    struct directory_snapshot *snapshot = directory_acquire(c.world.directory);
    stamp_make(snapshot, survey, c.call.received_us - age_us, text);
    directory_release(snapshot);
    return arena_strdup(&c.arena, text);
}

/* Score, marks, excluded, reason of the only answer, which is then taken away. */
static const char *take_answer(void)
{
    ck_assert_int_eq(answers(), 1);
    const char *answer = unit_pg_value("select concat_ws(' ', score, suspect, excluded,"
                                       " exclusion_reason) from response");
    unit_pg_sql("delete from response");
    return answer;
}

static int64_t counted(void)
{
    return unit_pg_number("select coalesce(sum(weight), 0) from journal_cell where cut = 0");
}

static void expect_marks(const char *survey, const char *fields, const char *expected)
{
    const char *told = leads(survey, arena_printf(&c.arena, "score=9&%s", fields));
    ck_assert_msg(strcmp(told, arena_printf(&c.arena, "/s/%s/thanks", survey)) == 0, "%s: %s",
                  fields, told);
    const char *answer = take_answer();
    ck_assert_msg(strcmp(answer, expected) == 0, "%s: %s, not %s", fields, answer, expected);
}

static const char *page_field(int64_t age_us)
{
    return arena_printf(&c.arena, "page=%s", stamp("open", age_us));
}

#define SECONDS(n) ((int64_t)((n)*CLOCK_SECOND_US))

START_TEST(marks)
{
    /* Stamps have whole seconds. */
    c.call.received_us -= c.call.received_us % CLOCK_SECOND_US;
    expect_marks("open", "website=", "9 0 f");
    expect_marks("open", "website=http://spam.example", "9 1 f");
    expect_marks("open", page_field(0), "9 2 f");
    expect_marks("open", page_field(SECONDS(1)), "9 2 f");
    expect_marks("open", page_field(SECONDS(2)), "9 0 f");
    expect_marks("open", page_field(SECONDS(86400)), "9 0 f");
    expect_marks("open", page_field(SECONDS(86401)), "9 4 f");
    expect_marks("open", page_field(SECONDS(86400 * 3000LL)), "9 4 f");
    expect_marks("open", arena_printf(&c.arena, "website=x&%s", page_field(0)), "9 3 f");
    ck_assert_int_eq(counted(), 9);
    ck_assert_int_eq(unit_pg_number("select count(*) from response where properties ? 'website'"),
                     0);
}
END_TEST

/* What is not ours says nothing; neither does a clock that is ahead of ours. */
START_TEST(stamps_that_say_nothing)
{
    unit_call_survey(&c, "other", "");
    const char *const pages[] = {"",
                                 "0",
                                 ".",
                                 "x.y",
                                 stamp("other", SECONDS(1)),
                                 stamp("open", -SECONDS(100)),
                                 arena_printf(&c.arena, "%sA", stamp("open", 0)),
                                 arena_printf(&c.arena, "1%s", stamp("open", 0)),
                                 "0.AAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < COUNT_OF(pages); i++)
        expect_marks("open", arena_printf(&c.arena, "page=%s", pages[i]), "9 0 f");
}
END_TEST

START_TEST(set_aside)
{
    unit_call_survey(&c, "strict", "'suspects': 'exclude'");
    expect_marks("strict", "website=", "9 0 f");
    ck_assert_int_eq(counted(), 1);
    expect_marks("strict", "website=x", "9 1 t suspect: honeypot");
    expect_marks("strict",
                 arena_printf(&c.arena, "website=x&page=%s", stamp("strict", SECONDS(90000))),
                 "9 5 t suspect: honeypot, stale_page");
    ck_assert_int_eq(counted(), 1);
}
END_TEST

/* Marks are no part of the answer: sent again by a slower hand, it is the same one. */
START_TEST(marks_do_not_matter_to_a_retry)
{
    ck_assert_str_eq(leads("open", "score=9&idempotency_key=k&website=x"), "/s/open/thanks");
    ck_assert_str_eq(leads("open", "score=9&idempotency_key=k&website="), "/s/open/thanks");
    ck_assert_str_eq(take_answer(), "9 1 f");
}
END_TEST

/* --- no answer --- */

static long dismissed(const char *channel)
{
    enum channel number = CHANNEL_COUNT;
    ck_assert(channel_parse(channel, strlen(channel), &number));
    ck_assert_int_eq(display_meter_write(c.world.displays, c.call.db, &c.arena), DB_OK);
    return unit_pg_number("select coalesce(sum(dismissed), 0) from display where channel = %d",
                          (int)number);
}

START_TEST(dismissals)
{
    ck_assert_str_eq(leads("open", "dismiss=1"), "/s/open/thanks?dismissed=1");
    ck_assert_str_eq(leads("open", "dismiss=1&score=9&answers.nonsense=x&channel="),
                     "/s/open/thanks?dismissed=1");
    ck_assert_str_eq(leads("open", "dismiss=1&channel=kiosk&language=ru"),
                     "/s/open/thanks?dismissed=1&lang=ru");
    ck_assert_str_eq(leads("open", "dismiss=1&redirect=/bye"), "/bye");
    ck_assert_int_eq(answers(), 0);
    ck_assert_int_eq(dismissed("web"), 3);
    ck_assert_int_eq(dismissed("kiosk"), 1);
    ck_assert_int_eq(unit_pg_number("select sum(shown) from display"), 0);
}
END_TEST

START_TEST(dismissals_refused)
{
    static const struct {
        const char *body, *told;
    } cases[] = {
        {"dismiss=yes", "422 invalid /dismiss"},
        {"dismiss=1&dismiss=1", "422 invalid /dismiss"},
        {"dismiss=1&channel=fax", "422 invalid /channel"},
        {"dismiss=1&channel=import", "422 invalid /channel"},
        {"dismiss=1&redirect=//evil.example", "422 invalid /redirect"},
        {"dismiss=1&key=npsd_submit_x", "401 unauthorized"},
    };
    unit_call_survey(&c, "shut", "'open': false");
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_str_eq(leads("open", cases[i].body), cases[i].told);
    ck_assert_str_eq(leads("keyed", "dismiss=1"), "401 unauthorized");
    ck_assert_str_eq(leads("shut", "dismiss=1"), "403 survey-closed");
    ck_assert_int_eq(dismissed("web"), 0);
    /* an empty one is a field that was not pressed */
    ck_assert_str_eq(leads("open", "dismiss=&score=9"), "/s/open/thanks");
    ck_assert_int_eq(answers(), 1);
}
END_TEST

/* Waving away takes nothing from what the address may answer, nor the other way round. */
START_TEST(limits_of_their_own)
{
    limits_free(c.world.limits);
    limits_free(c.world.looks);
    c.world.limits = limits_new(1);
    c.world.looks = limits_new(2);
    for (int i = 0; i < 2; i++)
        ck_assert_str_eq(leads("open", "dismiss=1"), "/s/open/thanks?dismissed=1");
    ck_assert_str_eq(leads("open", "dismiss=1"), "429 too-many-requests");
    ck_assert_str_eq(leads("open", "score=9"), "/s/open/thanks");
    ck_assert_str_eq(leads("open", "score=9"), "429 too-many-requests");
}
END_TEST

/* The page of thanks speaks the language of the page before it. */
START_TEST(languages)
{
    ck_assert_str_eq(leads("open", "score=9&language=pt-BR"), "/s/open/thanks?lang=pt-BR");
    ck_assert_str_eq(leads("open?lang=ru", "score=9&language=en"), "/s/open/thanks?lang=ru");
    ck_assert_str_eq(leads("open?lang=ru&utm_source=x", "score=9"), "/s/open/thanks?lang=ru");
    ck_assert_str_eq(leads("open?lang=ru%0d%0aX:y", "score=9"), "/s/open/thanks");
    ck_assert_str_eq(leads("open?lang=", "score=9&language="), "/s/open/thanks");
    ck_assert_str_eq(leads("open", "dismiss=1&language=%0d%0aX:y"), "/s/open/thanks?dismissed=1");
    ck_assert_str_eq(leads("open", "score=9&language=ru&redirect=/x"), "/x");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        marks,      stamps_that_say_nothing, set_aside,           marks_do_not_matter_to_a_retry,
        dismissals, dismissals_refused,      limits_of_their_own, languages,
    };
    return unit_database_run_checked("submit_form_control", setup, teardown, tests,
                                     COUNT_OF(tests));
}
