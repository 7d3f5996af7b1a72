#include "npsd/base/mask.h"
#include "suite.h"
#include <string.h>

static struct arena arena;

START_TEST(secrets_are_hidden)
{
    static const struct {
        const char *text, *masked;
    } cases[] = {
        {"", ""},
        {"postgresql:///npsd?host=/run", "postgresql:///npsd?host=/run"},
        {"postgresql://u@h:5432/db", "postgresql://u@h:5432/db"},
        {"postgresql://h:5432/db?sslmode=require", "postgresql://h:5432/db?sslmode=require"},
        {"postgresql://u:SECRET@h/db", "postgresql://u:***@h/db"},
        {"postgres://u:SECRET@[::1]:5432,b:1/db?x=y", "postgres://u:***@[::1]:5432,b:1/db?x=y"},
        {"postgresql://u:SEC@RET@h/db", "postgresql://u:***@h/db"},
        {"postgresql://u:SEC:RET@h/db", "postgresql://u:***@h/db"},
        {"postgresql://u:SEC/RET@h/db", "postgresql://u:***@h/db"},
        {"postgresql://u:SEC?RET@h/db", "postgresql://u:***@h/db"},
        {"postgresql://:SECRET@h/db", "postgresql://:***@h/db"},
        {"postgresql://h/db?user=u&password=SECRET", "postgresql://h/db?user=u&password=***"},
        {"postgresql://h/db?password=SECRET&user=u", "postgresql://h/db?password=***&user=u"},
        {"postgresql://u@h:1/db?password=SEC@RET", "postgresql://u@h:1/db?password=***"},
        {"postgresql://h:1/db?password=SEC@RET&a=b", "postgresql://h:1/db?password=***&a=b"},
        {"postgresql://u:SECRET@h/db?sslpassword=SECRET&a=b",
         "postgresql://u:***@h/db?sslpassword=***&a=b"},
        {"host=h user=u", "host=h user=u"},
        {"host=h password=SECRET user=u", "host=h password=*** user=u"},
        {"password=SECRET", "password=***"},
        {"password=", "password=***"},
        {"password", "password"},
        {"host=h password = SECRET user=u", "host=h password = *** user=u"},
        {"password='SEC RET' user=u", "password=*** user=u"},
        {"password='SEC\\' RET' user=u", "password=*** user=u"},
        {"password='SEC RET", "password=***"},
        {"password=SEC\\ RET user=u", "password=*** user=u"},
        {"password=SECRET\\", "password=***"},
        {"password=SEC&RET user=u", "password=*** user=u"},
        {"password=SEC@RET sslpassword=SECRET", "password=*** sslpassword=***"},
        {"password=SECRET\tuser=u\npassword=SECRET", "password=***\tuser=u\npassword=***"},
        {"passfile=/home/u/.pgpass", "passfile=/home/u/.pgpass"},
        {"https://u:SECRET@nps.example/x", "https://u:***@nps.example/x"},
        {"https://nps.example:8443/x", "https://nps.example:8443/x"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        ck_assert_str_eq(mask_url(&arena, cases[i].text), cases[i].masked);
        ck_assert_ptr_null(strstr(cases[i].masked, "RET"));
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {secrets_are_hidden};
    arena_init(&arena, 4096);
    int status = suite_run("mask", tests, COUNT_OF(tests));
    arena_done(&arena);
    return status;
}
