#include "support/front.h"
#include "support/raw.h"
#include "support/text.h"
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TICK_US = 20000, TICKS = 1000, ATTEMPTS = 3 };

/* --- configurations --- */

/* The text with the one place that says from saying to. */
static const char *replaced(const char *config, const char *from, const char *to)
{
    const char *at = strstr(config, from);
    ck_assert_msg(at && !strstr(at + 1, from), "%s must be there once", from);
    return text("%.*s%s%s", (int)(at - config), config, to, at + strlen(from));
}

static void write_file(const struct front *front, const char *name, const char *bytes)
{
    FILE *file = fopen(text("%s/%s", front->folder, name), "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(bytes, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static const char *configured(const struct front *front, const char *file, const char *url)
{
    /* The tests' data are in tests/data. */
    const char *config = text_file(text("%s/../../deploy/%s", getenv("NPSD_TEST_DATA"), file));
    ck_assert_ptr_nonnull(config);
    config = replaced(config, "127.0.0.1:8080", url + strlen("http://"));
    return replaced(config, "127.0.0.1:80", front->address);
}

/* --- processes --- */

/* Free at this moment; whoever takes it meanwhile makes the start fail, and another is tried. */
static void choose_address(struct front *front)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    close(fd);
    snprintf(front->address, sizeof front->address, "127.0.0.1:%d", ntohs(at.sin_port));
}

static void launch(struct front *front, const char *command)
{
    int log = open(text("%s/log", front->folder), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(log, 0);
    /* Not everybody has the servers' folder in the path. */
    const char *script = text("PATH=$PATH:/usr/sbin exec %s", command);
    fflush(NULL);
    front->pid = fork();
    if (front->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (dup2(log, 1) == 1 && dup2(log, 2) == 2)
            execl("/bin/sh", "sh", "-c", script, NULL);
        _exit(127);
    }
    close(log);
    ck_assert_int_gt(front->pid, 0);
}

static bool answers(const struct front *front)
{
    int fd = raw_connect_address(front->address);
    if (fd < 0)
        return false;
    raw_send(fd, "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    struct raw_reply reply = raw_read(fd, false);
    close(fd);
    return reply.status == 200;
}

static bool becomes_ready(struct front *front)
{
    for (int tick = 0; tick < TICKS; tick++) {
        if (answers(front))
            return true;
        if (waitpid(front->pid, NULL, WNOHANG) == front->pid) {
            front->pid = 0;
            return false;
        }
        usleep(TICK_US);
    }
    return false;
}

static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

void front_stop(struct front *front)
{
    if (front->pid > 0) {
        int status = 0;
        kill(front->pid, SIGTERM);
        waitpid(front->pid, &status, 0);
        const char *log = text_file(text("%s/log", front->folder));
        bool as_asked = WIFEXITED(status) || WTERMSIG(status) == SIGTERM;
        if (!as_asked && log)
            fprintf(stderr, "the proxy ended with %d:\n%s", status, log);
    }
    front->pid = 0;
    nftw(front->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

typedef const char *front_configure(const struct front *front, const char *url);

static void start(struct front *front, front_configure *configure, const char *url)
{
    const char *log = NULL;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        *front = (struct front){.folder = "/tmp/npsd-front.XXXXXX"};
        ck_assert_ptr_nonnull(mkdtemp(front->folder));
        choose_address(front);
        launch(front, configure(front, url));
        if (becomes_ready(front))
            return;
        log = text_file(text("%s/log", front->folder));
        front_stop(front);
    }
    ck_abort_msg("no proxy (deploy/packages.sh test installs it): %s", log ? log : "");
}

/* --- nginx --- */

/* One process, so that it is ended by one pid. */
static const char *configure_nginx(const struct front *front, const char *url)
{
    const char *temps = "";
    static const char *const kinds[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        temps = text("%s%s_temp_path %s/%s;\n", temps, kinds[i], front->folder, kinds[i]);
    write_file(front, "npsd.conf", configured(front, "nginx.conf", url));
    write_file(front, "nginx.conf",
               text("daemon off;\nmaster_process off;\npid %s/pid;\nerror_log stderr;\n"
                    "events {}\nhttp {\naccess_log off;\n%sinclude %s/npsd.conf;\n}\n",
                    front->folder, temps, front->folder));
    return text("nginx -e stderr -p %s -c %s/nginx.conf", front->folder, front->folder);
}

void front_start_nginx(struct front *front, const char *url)
{
    start(front, configure_nginx, url);
}

/* --- HAProxy --- */

/* With all connections to the daemon shared from their first request on: the worst case for who
 * comes after a request that was smuggled in. */
static const char *configure_haproxy(const struct front *front, const char *url)
{
    const char *config = configured(front, "haproxy.cfg", url);
    config = replaced(config, "http-reuse safe", "http-reuse always");
    write_file(front, "haproxy.cfg", text("global\n    maxconn 200\n    nbthread 1\n\n%s", config));
    return text("haproxy -db -f %s/haproxy.cfg", front->folder);
}

void front_start_haproxy(struct front *front, const char *url)
{
    start(front, configure_haproxy, url);
}
