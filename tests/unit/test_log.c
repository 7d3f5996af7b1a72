#include "npsd/base/clock.h"
#include "npsd/base/log.h"
#include "suite.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char caught[1 << 20];
static FILE *file;
static int saved_stderr;

static void catch_begin(void)
{
    fflush(stderr);
    file = tmpfile();
    ck_assert_ptr_nonnull(file);
    saved_stderr = dup(STDERR_FILENO);
    ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
}

/* What went to stderr since catch_begin. */
static const char *catch_end(void)
{
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    rewind(file);
    size_t len = fread(caught, 1, sizeof caught - 1, file);
    fclose(file);
    caught[len] = '\0';
    return caught;
}

/* What follows the time stamp, which must be one. */
static const char *after_time(const char *line)
{
    const char *end = strchr(line, ' ');
    int64_t us;
    ck_assert_ptr_nonnull(end);
    ck_assert_int_eq(strncmp(line, "ts=", 3), 0);
    ck_assert(clock_parse(line + 3, (size_t)(end - line - 3), &us));
    ck_assert_int_le(llabs(clock_now_us() - us), 60 * CLOCK_SECOND_US);
    return end + 1;
}

/* The value as it is printed. */
static void prints(const char *value, const char *expected)
{
    char line[4096];
    catch_begin();
    log_error(NULL, "e", LOG_TEXT("k", value));
    snprintf(line, sizeof line, "level=error event=e k=%s\n", expected);
    ck_assert_str_eq(after_time(catch_end()), line);
}

START_TEST(a_line)
{
    catch_begin();
    log_info("req-1", "listening", LOG_TEXT("address", "127.0.0.1:8080"), LOG_NUMBER("threads", 2),
             LOG_NUMBER("least", INT64_MIN));
    ck_assert_str_eq(after_time(catch_end()),
                     "level=info event=listening request_id=req-1 address=127.0.0.1:8080 "
                     "threads=2 least=-9223372036854775808\n");
}
END_TEST

START_TEST(no_fields)
{
    catch_begin();
    log_warning(NULL, "slow");
    ck_assert_str_eq(after_time(catch_end()), "level=warning event=slow\n");
}
END_TEST

START_TEST(as_many_fields_as_there_may_be)
{
#define FOUR LOG_NUMBER("a", 1), LOG_NUMBER("b", 2), LOG_NUMBER("c", 3), LOG_NUMBER("d", 4)
    catch_begin();
    log_info(NULL, "many", FOUR, FOUR, FOUR);
    ck_assert_str_eq(after_time(catch_end()),
                     "level=info event=many a=1 b=2 c=3 d=4 a=1 b=2 c=3 d=4 a=1 b=2 c=3 d=4\n");
}
END_TEST

START_TEST(levels)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    ck_assert(log_enabled(LOG_INFO));
    ck_assert(!log_enabled(LOG_DEBUG));
    for (int level = LOG_ERROR; level <= LOG_DEBUG; level++) {
        ck_assert(log_set_level(names[level]));
        for (int line = LOG_ERROR; line <= LOG_DEBUG; line++)
            ck_assert_int_eq(log_enabled((enum log_level)line), line <= level);
    }
    ck_assert(!log_set_level("verbose"));
    ck_assert(!log_set_level(""));
    ck_assert(!log_set_level("INFO"));
    ck_assert(log_enabled(LOG_DEBUG));
    ck_assert(log_set_level("error"));
    catch_begin();
    log_warning(NULL, "hidden");
    ck_assert_str_eq(catch_end(), "");
    ck_assert(log_set_level("info"));
}
END_TEST

START_TEST(values_are_quoted_where_needed)
{
    prints("plain-value/1.0:2", "plain-value/1.0:2");
    prints("two words", "\"two words\"");
    prints("", "\"\"");
    prints(NULL, "\"\"");
    prints("a=b", "\"a=b\"");
    prints("say \"hi\"", "\"say \\\"hi\\\"\"");
    prints("back\\slash", "\"back\\\\slash\"");
    prints("Ваш визит", "\"Ваш визит\"");
}
END_TEST

START_TEST(controls_and_wrong_bytes_are_escaped)
{
    prints("a\nb", "\"a\\u000ab\"");
    prints("a\r\nlevel=error", "\"a\\u000d\\u000alevel=error\"");
    prints("\x1B[31m", "\"\\u001b[31m\"");
    prints("\x7F", "\"\\u007f\"");
    prints("\xC2\x9B"
           "31m",
           "\"\\u009b31m\"");
    prints("\xFF\xFEz", "\"\\u00ff\\u00fez\"");
    prints("cut \xE2\x82", "\"cut \\u00e2\\u0082\"");
}
END_TEST

START_TEST(separators_and_turns_are_escaped)
{
    prints("a\xC2\x85"
           "b",
           "\"a\\u0085b\"");
    prints("\u2028a\u2029", "\"\\u2028a\\u2029\"");
    prints("\u200E\u200F\u202A\u202E\u2066\u2069\u061C",
           "\"\\u200e\\u200f\\u202a\\u202e\\u2066\\u2069\\u061c\"");
    /* Their neighbours, and what has four bytes, stay. */
    prints("\u200D\u2010\u2027\u202F\u2065\u206A\u061B\u061D",
           "\"\u200D\u2010\u2027\u202F\u2065\u206A\u061B\u061D\"");
    prints("\U0001F600\uFFFD", "\"\U0001F600\uFFFD\"");
}
END_TEST

START_TEST(values_are_cut)
{
    char value[400], expected[400];
    memset(value, 'x', sizeof value);
    value[256] = '\0';
    prints(value, value);
    value[256] = 'x';
    value[399] = '\0';
    snprintf(expected, sizeof expected, "%.256s", value);
    prints(value, expected);
}
END_TEST

START_TEST(a_character_is_not_cut_in_two)
{
    char value[300], expected[300];
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    memcpy(value + 254, "\xE2\x82\xAC", 3);
    snprintf(expected, sizeof expected, "\"%.254s\"", value);
    catch_begin();
    log_error(NULL, "e", LOG_TEXT("k", value));
    const char *line = strstr(catch_end(), "k=");
    ck_assert_int_eq(strncmp(line + 2, expected + 1, 254), 0);
    ck_assert_str_eq(line + 256, "\n");
}
END_TEST

/* However long the fields are, a line is whole: it ends, and every field is there or not. */
START_TEST(long_lines_are_cut_between_fields)
{
    char value[257];
    memset(value, '\x01', 256);
    value[256] = '\0';
    catch_begin();
    log_error(value, "e", LOG_TEXT("k", value), LOG_NUMBER("n", 1));
    const char *line = after_time(catch_end());
    size_t len = strlen(line);
    ck_assert_uint_lt(len, 2048);
    ck_assert_str_eq(line + len - 14, "\\u0001\" cut=1\n");
    ck_assert_ptr_null(strstr(line, "k="));
    ck_assert_ptr_null(strstr(line, "n="));
}
END_TEST

START_TEST(errno_stays)
{
    catch_begin();
    errno = ENOENT;
    log_error(NULL, "e");
    ck_assert_int_eq(errno, ENOENT);
    close(STDERR_FILENO);
    log_error(NULL, "nobody-hears");
    ck_assert_int_eq(errno, ENOENT);
    catch_end();
}
END_TEST

static void *write_many(void *name)
{
    for (int i = 0; i < 500; i++)
        log_info(NULL, "many", LOG_TEXT("who", name), LOG_NUMBER("i", 1000));
    return NULL;
}

START_TEST(lines_of_threads_do_not_mix)
{
    static char names[][20] = {"aaaaaaaaaaaaaaaa", "bbbbbbbb", "cccc", "d"};
    pthread_t threads[4];
    int lines = 0;
    catch_begin();
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_many, names[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    catch_end();
    for (char *line = caught, *end; (end = strchr(line, '\n')); line = end + 1, lines++) {
        *end = '\0';
        const char *rest = strstr(line, " level=info event=many who=");
        if (strncmp(line, "ts=", 3) != 0 || !rest || strlen(strstr(rest, " i=")) != 7)
            ck_abort_msg("%s", line);
    }
    ck_assert_int_eq(lines, 2000);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {a_line,
                            no_fields,
                            as_many_fields_as_there_may_be,
                            levels,
                            values_are_quoted_where_needed,
                            controls_and_wrong_bytes_are_escaped,
                            separators_and_turns_are_escaped,
                            values_are_cut,
                            a_character_is_not_cut_in_two,
                            long_lines_are_cut_between_fields,
                            errno_stays,
                            lines_of_threads_do_not_mix};
    return suite_run("log", tests, COUNT_OF(tests));
}
