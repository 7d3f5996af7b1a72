#include "npsd/domain/role.h"
#include "suite.h"
#include <string.h>

/* Who may, cell by cell, in words: the table of the module read by a second pair of eyes. */
static const struct {
    enum access access;
    const char *who;
} expected[] = {
    {ACCESS_ANYONE, "none submit agent viewer analyst admin"},
    {ACCESS_PAGE, "none submit agent viewer analyst admin"},
    {ACCESS_DEFINITION, "none submit agent viewer analyst admin"},
    {ACCESS_LIST, "agent viewer analyst admin"},
    {ACCESS_POST, "none submit agent analyst admin"},
    {ACCESS_FORM, "none submit agent analyst admin"},
    {ACCESS_AMEND, "none analyst admin"},
    {ACCESS_NUMBERS, "viewer analyst admin"},
    {ACCESS_BADGE, "none viewer analyst admin"},
    {ACCESS_ROWS, "analyst admin"},
    {ACCESS_MANAGE, "admin"},
};

static const char *const names[] = {"none", "submit", "agent", "viewer", "analyst", "admin"};

START_TEST(rights)
{
    ck_assert_int_eq(ACCESS_COUNT, COUNT_OF(expected));
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        for (int role = 0; role < ROLE_COUNT; role++)
            ck_assert_msg(role_may((enum role)role, expected[i].access) ==
                              (strstr(expected[i].who, names[role]) != NULL),
                          "%s, access %d", names[role], expected[i].access);
}
END_TEST

START_TEST(every_name)
{
    ck_assert_int_eq(ROLE_COUNT, COUNT_OF(names));
    for (int i = ROLE_NONE; i < ROLE_COUNT; i++)
        ck_assert_str_eq(role_name((enum role)i), names[i]);
    for (int i = ROLE_SUBMIT; i < ROLE_COUNT; i++) {
        enum role role = ROLE_NONE;
        ck_assert(role_parse(names[i], strlen(names[i]), &role));
        ck_assert_int_eq(role, i);
    }
}
END_TEST

START_TEST(other_names_are_refused)
{
    static const char *const wrong[] = {"none", "", "Admin", "adm", "admins", "root"};
    enum role role = ROLE_VIEWER;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        ck_assert_msg(!role_parse(wrong[i], strlen(wrong[i]), &role), "%s", wrong[i]);
    ck_assert_int_eq(role, ROLE_VIEWER);
}
END_TEST

START_TEST(secret_and_staff)
{
    static const bool secret[] = {false, false, true, true, true, true};
    static const bool staff[] = {false, false, true, false, true, true};
    for (int i = 0; i < ROLE_COUNT; i++) {
        ck_assert_int_eq(role_is_secret((enum role)i), secret[i]);
        ck_assert_int_eq(role_is_staff((enum role)i), staff[i]);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {rights, every_name, other_names_are_refused, secret_and_staff};
    return suite_run("role", tests, COUNT_OF(tests));
}
