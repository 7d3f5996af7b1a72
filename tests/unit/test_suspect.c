/* Names of marks, and why answers that have them are excluded. */
#include "npsd/domain/suspect.h"

#include "suite.h"

#include <string.h>

START_TEST(names)
{
    ck_assert_str_eq(suspect_name(0), "honeypot");
    ck_assert_str_eq(suspect_name(1), "too_fast");
    ck_assert_str_eq(suspect_name(2), "stale_page");
}
END_TEST

START_TEST(reasons)
{
    static const struct {
        int marks;
        const char *reason;
    } cases[] = {
        {0, ""},
        {SUSPECT_HONEYPOT, "suspect: honeypot"},
        {SUSPECT_STALE_PAGE, "suspect: stale_page"},
        {SUSPECT_HONEYPOT | SUSPECT_STALE_PAGE, "suspect: honeypot, stale_page"},
        {7, "suspect: honeypot, too_fast, stale_page"},
        {8, ""}, /* of a later version */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[SUSPECT_REASON_SIZE];
        memset(text, 'x', sizeof text);
        ck_assert_str_eq(suspect_reason(cases[i].marks, text), cases[i].reason);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {names, reasons};
    return suite_run("suspect", tests, COUNT_OF(tests));
}
