#include "support/cluster.h"
#include "support/text.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static bool run(const char *command)
{
    return system(text("deploy/cluster.sh %s %s >>%s/script.log 2>&1", command, folder, folder)) ==
           0;
}

/* The first line that a command prints. */
static bool ask(const char *command, char *line, size_t size)
{
    FILE *pipe = popen(text("deploy/cluster.sh %s %s", command, folder), "re");
    bool good = pipe && fgets(line, (int)size, pipe);
    if (pipe)
        pclose(pipe);
    line[strcspn(line, "\n")] = '\0';
    return good;
}

bool cluster_make(void)
{
    snprintf(folder, sizeof(folder), "/tmp/npsd-cluster.XXXXXX");
    /* The server's user must be able to pass. */
    char url[256];
    bool good = mkdtemp(folder) && chmod(folder, 0711) == 0 && run("start") &&
                ask("superuser-url", url, sizeof(url)) &&
                setenv("NPSD_TEST_DATABASE_URL", url, 1) == 0;
    if (!good) {
        const char *log = text_file(text("%s/script.log", folder));
        fprintf(stderr, "there is no cluster: %s\n", log ? log : folder);
    }
    return good;
}

void cluster_remove(void)
{
    run("remove");
    if (*folder && system(text("rm -rf -- %s", folder)) != 0)
        fprintf(stderr, "%s stays\n", folder);
    *folder = '\0';
}

void cluster_start(void)
{
    ck_assert_msg(run("start"), "%s", text_file(text("%s/script.log", folder)));
}

void cluster_stop(void)
{
    ck_assert_msg(run("stop"), "%s", text_file(text("%s/script.log", folder)));
}

void cluster_kill(void)
{
    const char *file = text_file(text("%s/postgres/data/postmaster.pid", folder));
    ck_assert_ptr_nonnull(file);
    int pid = (int)strtol(file, NULL, 10);
    ck_assert_int_gt(pid, 1);
    /* pg_ctl has given the server a session of its own; its processes have groups of their own. One
     * of them may just have ended. */
    ck_assert_int_eq(
        system(text("kill -STOP %d && children=$(cat /proc/%d/task/*/children) && kill -9 %d &&"
                    " { kill -9 $children 2>/dev/null || true; }",
                    pid, pid, pid)),
        0);
}
