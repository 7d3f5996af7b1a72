#include "npsd/domain/channel.h"
#include "suite.h"
#include <string.h>

/* Name and number are stored and published: neither may ever change. */
static const char *const expected[] = {"web",   "email", "link", "sms",   "phone",
                                       "kiosk", "chat",  "app",  "import"};

START_TEST(numbers_and_names_stay)
{
    ck_assert_int_eq(CHANNEL_COUNT, COUNT_OF(expected));
    for (int i = 0; i < CHANNEL_COUNT; i++) {
        enum channel channel = CHANNEL_COUNT;
        ck_assert_str_eq(channel_name((enum channel)i), expected[i]);
        ck_assert(channel_parse(expected[i], strlen(expected[i]), &channel));
        ck_assert_int_eq(channel, i);
    }
}
END_TEST

START_TEST(other_names_are_refused)
{
    static const char *const wrong[] = {"", "Web", "we", "webb", "fax", "web ", "(other)"};
    enum channel channel = CHANNEL_SMS;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        ck_assert_msg(!channel_parse(wrong[i], strlen(wrong[i]), &channel), "%s", wrong[i]);
    ck_assert(!channel_parse("web\0", 4, &channel));
    ck_assert_int_eq(channel, CHANNEL_SMS);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {numbers_and_names_stay, other_names_are_refused};
    return suite_run("channel", tests, COUNT_OF(tests));
}
