#include "support/daemon.h"
#include "support/must.h"
#include "support/text.h"
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENVIRONMENT_MAX = 512, ARGS_MAX = 32, TICK_US = 5000, COMMAND_SECONDS = 30 };
/* A daemon under valgrind or a sanitizer on a busy machine needs its time. */
enum { START_SECONDS = 90, STOP_SECONDS = 60 };

struct environment {
    const char *items[ENVIRONMENT_MAX];
    size_t count;
};

static void environment_set(struct environment *environment, const char *setting)
{
    size_t name = strcspn(setting, "=") + 1;
    size_t i = 0;
    while (i < environment->count && strncmp(environment->items[i], setting, name) != 0)
        i++;
    must((int)i < ENVIRONMENT_MAX - 1);
    environment->items[i] = setting;
    if (i == environment->count)
        environment->count++;
}

static void environment_add(struct environment *environment, const char *const *settings)
{
    for (; settings && *settings; settings++)
        environment_set(environment, *settings);
}

static void environment_base(struct environment *environment)
{
    *environment = (struct environment){0};
    for (char **item = environ; *item; item++)
        if (strncmp(*item, "NPSD_", 5) != 0 || strncmp(*item, "NPSD_TEST_", 10) == 0)
            environment_set(environment, *item);
}

static const char *binary(void)
{
    const char *path = getenv("NPSD_TEST_BINARY");
    return path && *path ? path : "build/npsd";
}

static char *unconst(const char *string)
{
    union {
        const char *in;
        char *out;
    } cast = {string};
    return cast.out;
}

static int handed = -1;

void daemon_hand_over(int fd)
{
    handed = fd;
}

/* As a service manager does: descriptor 3, and two variables. */
static bool hand_over(char **envp, size_t count)
{
    static char pid[32], one[] = "LISTEN_FDS=1";
    if (handed < 0)
        return false;
    snprintf(pid, sizeof pid, "LISTEN_PID=%d", (int)getpid());
    envp[count] = pid;
    envp[count + 1] = one;
    envp[count + 2] = NULL;
    return handed == 3 || dup2(handed, 3) == 3;
}

/* Never returns: in the child, with its end tied to the parent's. */
static void become(const char *const *args, const struct environment *environment, int out, int err)
{
    char *argv[ARGS_MAX], *envp[ENVIRONMENT_MAX + 2];
    size_t count = 0;
    for (; args[count] && count < ARGS_MAX - 1; count++)
        argv[count] = unconst(args[count]);
    argv[count] = NULL;
    for (count = 0; count < environment->count; count++)
        envp[count] = unconst(environment->items[count]);
    envp[count] = NULL;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int in = open("/dev/null", O_RDONLY);
    if (in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        _exit(127);
    close_range(hand_over(envp, count) ? 4 : 3, ~0U, 0);
    execvpe(argv[0], argv, envp);
    fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static pid_t spawn(const char *const *args, const struct environment *environment, int out, int err)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become(args, environment, out, err);
    return pid;
}

/* The wait status; -1 when the process was still there after so many seconds and had to be killed.
 */
static int wait_for(pid_t pid, int seconds)
{
    int status = 0;
    for (long tick = 0; tick < seconds * (1000000L / TICK_US); tick++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return status;
        usleep(TICK_US);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

static int exit_code(int status)
{
    return status == -1 ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- commands --- */

struct running command_start(const char *const *settings, const char *const *args)
{
    struct environment environment;
    environment_base(&environment);
    environment_add(&environment, settings);
    const char *all[ARGS_MAX] = {binary()};
    for (size_t i = 0; args[i]; i++)
        all[i + 1] = args[i];
    struct running running = {.out = memfd_create("out", MFD_CLOEXEC),
                              .err = memfd_create("err", MFD_CLOEXEC)};
    running.pid = spawn(all, &environment, running.out, running.err);
    must(running.pid > 0);
    return running;
}

static const char *take_output(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char *space = text_space((size_t)size);
    must(pread(fd, space, (size_t)size, 0) == size);
    close(fd);
    return space;
}

struct command command_wait(struct running running)
{
    int status = wait_for(running.pid, COMMAND_SECONDS);
    if (status == -1)
        fprintf(stderr, "the command did not end within %d s\n", COMMAND_SECONDS);
    return (struct command){exit_code(status), take_output(running.out), take_output(running.err)};
}

struct command command_run(const char *const *settings, const char *const *args)
{
    return command_wait(command_start(settings, args));
}

/* --- the server --- */

static const char *log_path(const struct daemon *daemon)
{
    return text("%s/log", daemon->folder);
}

/* The pseudo setting that adds options to the command. */
static const char *serve_options(const char *const *settings)
{
    for (; settings && *settings; settings++)
        if (strncmp(*settings, "NPSD_TEST_SERVE=", 16) == 0)
            return *settings + 16;
    return "";
}

static bool launch(struct daemon *daemon, const char *database_url, const char *const *settings)
{
    struct environment environment;
    environment_base(&environment);
    const char *defaults[] = {"NPSD_LISTEN=127.0.0.1:0",
                              "NPSD_ADMIN_LISTEN=127.0.0.1:0",
                              "NPSD_RATE_PUBLIC=0",
                              "NPSD_RATE_KEY=0",
                              "NPSD_ALLOW_UNSAFE_DURABILITY=1",
                              text("NPSD_VAR=%s", daemon->folder),
                              text("NPSD_DATABASE_URL=%s", database_url),
                              NULL};
    environment_add(&environment, defaults);
    environment_add(&environment, settings);
    int log = open(log_path(daemon), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    /* The wrapper is a command line whose words are separated by blanks. */
    const char *wrapper = getenv("NPSD_TEST_WRAPPER");
    const char *command =
        text("exec %s \"$0\" serve %s", wrapper ? wrapper : "", serve_options(settings));
    const char *args[] = {"/bin/sh", "-c", command, binary(), NULL};
    daemon->pid = log < 0 ? -1 : spawn(args, &environment, log, log);
    close(log);
    return daemon->pid > 0;
}

static bool take_address(const char *log, const char *field, char *url, size_t size)
{
    const char *line = strstr(log, "event=listening");
    const char *found = line ? strstr(line, field) : NULL;
    if (!found)
        return false;
    found += strlen(field);
    snprintf(url, size, "http://%.*s", (int)strcspn(found, " \n"), found);
    return true;
}

static size_t drop_body(const char *bytes, size_t size, size_t count, void *closure)
{
    (void)bytes;
    (void)closure;
    return size * count;
}

static long probe(const char *url)
{
    long status = 0;
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 5L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_body);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    return status;
}

static bool is_ready(struct daemon *daemon)
{
    const char *log = text_file(log_path(daemon));
    if (!log || !take_address(log, " address=", daemon->url, sizeof(daemon->url)))
        return false;
    if (!take_address(log, " admin=", daemon->admin, sizeof(daemon->admin)))
        daemon->admin[0] = '\0';
    return probe(text("%s/readyz", daemon->url)) == 200;
}

static bool has_ended(struct daemon *daemon)
{
    int status;
    if (waitpid(daemon->pid, &status, WNOHANG) != daemon->pid)
        return false;
    fprintf(stderr, "the daemon ended with %d\n", exit_code(status));
    daemon->pid = 0;
    return true;
}

static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void clear(struct daemon *daemon)
{
    if (daemon->pid > 0) {
        kill(daemon->pid, SIGKILL);
        waitpid(daemon->pid, NULL, 0);
        daemon->pid = 0;
    }
    nftw(daemon->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

bool daemon_start(struct daemon *daemon, const char *database_url, const char *const *settings)
{
    *daemon = (struct daemon){.folder = "/tmp/npsd-api.XXXXXX"};
    if (!mkdtemp(daemon->folder) || !launch(daemon, database_url, settings))
        return false;
    for (long tick = 0; tick < START_SECONDS * (1000000L / TICK_US); tick++) {
        if (is_ready(daemon))
            return true;
        if (has_ended(daemon))
            break;
        usleep(TICK_US);
    }
    const char *log = text_file(log_path(daemon));
    fprintf(stderr, "the daemon did not become ready:\n%s\n", log ? log : "");
    clear(daemon);
    return false;
}

static const char *find_report(const char *log)
{
    static const char *const marks[] = {"Sanitizer", "runtime error:", "== Invalid ",
                                        "== Conditional jump", "definitely lost"};
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (strstr(log, marks[i]))
            return marks[i];
    return NULL;
}

const char *daemon_stop(struct daemon *daemon)
{
    kill(daemon->pid, SIGTERM);
    int status = wait_for(daemon->pid, STOP_SECONDS);
    daemon->pid = 0;
    const char *log = text_file(log_path(daemon));
    const char *complaint = NULL;
    if (status == -1)
        complaint = text("the daemon did not stop within %d s", STOP_SECONDS);
    else if (exit_code(status) != 0 || !log || find_report(log))
        complaint =
            text("the daemon ended with %d:\n%s", exit_code(status),
                 log ? log : text("%s cannot be read: %s", log_path(daemon), strerror(errno)));
    clear(daemon);
    return complaint;
}

void daemon_kill(struct daemon *daemon)
{
    clear(daemon);
}

long daemon_rss_kib(const struct daemon *daemon)
{
    const char *status = text_file(text("/proc/%d/status", (int)daemon->pid));
    const char *line = status ? strstr(status, "VmRSS:") : NULL;
    must(line);
    return strtol(line + strlen("VmRSS:"), NULL, 10);
}
