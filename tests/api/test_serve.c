/* The start and the end of the daemon: why it does not start, and two signals in a row. */
#include "support/database.h"
#include "support/fixture.h"
#include "support/raw.h"
#include "support/text.h"
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* `npsd serve` on the program's database, with a setting in place of the usual one. */
static struct command serve(const char *setting)
{
    const char *settings[] = {"NPSD_LISTEN=127.0.0.1:0",
                              "NPSD_ADMIN_LISTEN=",
                              "NPSD_ALLOW_UNSAFE_DURABILITY=1",
                              "NPSD_SPOOL=",
                              text("NPSD_VAR=%s/other", fixture_daemon()->folder),
                              text("NPSD_DATABASE_URL=%s", database_url(fixture_database())),
                              setting,
                              NULL};
    return command_run(settings, (const char *const[]){"serve", NULL});
}

static void expect_no_start(const char *setting, const char *event, const char *reason)
{
    struct command command = serve(setting);
    ck_assert_msg(command.status == 1, "%s: %d %s", setting, command.status, command.err);
    ck_assert_str_eq(command.out, "");
    const char *line = strstr(command.err, text("event=%s ", event));
    ck_assert_msg(line != NULL, "%s: %s", setting, command.err);
    ck_assert_msg(strstr(text("%.*s", (int)strcspn(line, "\n"), line), reason) != NULL, "%s", line);
    ck_assert_ptr_nonnull(strstr(line, "event=start-failed"));
    ck_assert_ptr_null(strstr(command.err, "event=listening"));
}

/* What was begun is ended in order, whatever it was that could not be done. */
START_TEST(settings_that_cannot_be_met)
{
    const char *taken = strrchr(fixture_daemon()->url, '/') + 1;
    expect_no_start(text("NPSD_LISTEN=%s", taken), "listen-failed", "Address already in use");
    expect_no_start(text("NPSD_ADMIN_LISTEN=%s", taken), "listen-failed", "Address already in use");
    expect_no_start("NPSD_LISTEN=192.0.2.1:0", "listen-failed", "Cannot assign");
    expect_no_start("NPSD_LISTEN=not-a-number.example:80", "listen-address-malformed",
                    "not-a-number.example");
    expect_no_start("NPSD_SPOOL=/proc/spool.db", "spool-unusable", "/proc/spool.db");
    expect_no_start(text("NPSD_SPOOL=%s", fixture_daemon()->folder), "spool-unusable",
                    "Is a directory");
}
END_TEST

START_TEST(no_database_is_known)
{
    const char *settings[] = {text("NPSD_VAR=%s/other", fixture_daemon()->folder), NULL};
    struct command command = command_run(settings, (const char *const[]){"serve", NULL});
    ck_assert_int_eq(command.status, 3);
    ck_assert_ptr_nonnull(strstr(command.err, "NPSD_DATABASE_URL is not set"));
}
END_TEST

static void wait_for_event(const struct daemon *daemon, const char *event)
{
    for (int i = 0; i < 4000; i++) {
        const char *log = text_file(text("%s/log", daemon->folder));
        if (log && strstr(log, text("event=%s", event)))
            return;
        usleep(5000);
    }
    ck_abort_msg("no %s in the log", event);
}

/* The first one waits for a request that does not end, the second one for nothing. */
START_TEST(a_second_signal_ends_it_at_once)
{
    struct daemon daemon;
    siginfo_t ended = {0};
    ck_assert(daemon_start(&daemon, database_url(fixture_database()), NULL));
    int fd = raw_connect_address(daemon.url);
    ck_assert_int_ge(fd, 0);
    raw_send(fd, "POST /v1/surveys/a/responses HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
                 "Content-Type: application/json\r\n\r\n{");
    usleep(200000);
    kill(daemon.pid, SIGTERM);
    wait_for_event(&daemon, "draining");
    usleep(200000);
    ck_assert_int_eq(waitid(P_PID, (id_t)daemon.pid, &ended, WEXITED | WNOWAIT | WNOHANG), 0);
    ck_assert_int_eq(ended.si_pid, 0); /* it waits */
    kill(daemon.pid, SIGINT);
    ck_assert_int_eq(waitid(P_PID, (id_t)daemon.pid, &ended, WEXITED | WNOWAIT), 0);
    ck_assert_int_eq(ended.si_code, CLD_EXITED);
    ck_assert_int_eq(ended.si_status, 128 + SIGINT);
    const char *log = text_file(text("%s/log", daemon.folder));
    ck_assert_ptr_null(strstr(log, "event=stopped"));
    close(fd);
    daemon_kill(&daemon);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = settings_that_cannot_be_met},
        {.test = no_database_is_known},
        {.test = a_second_signal_ends_it_at_once},
    };
    return fixture_run("serve", NULL, tests, COUNT_OF(tests));
}
