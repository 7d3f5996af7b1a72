/*
 * starve: preloaded into the daemon, it refuses one piece of memory.
 *
 * FAULT_STARVE names a file of two numbers: the first is how many allocations from now on still
 * succeed before one fails (-1: all do), the second counts those that have failed. Both are shared
 * with whoever changes the file, and live as long as it does. Only threads that work for a request
 * are refused: those of the lanes and behind them (spooler, folder, poller) end the daemon when
 * memory is out, which is what F1 is about.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What glibc itself calls these functions. */
// NOLINTBEGIN(bugprone-reserved-identifier,readability-inconsistent-declaration-parameter-name)
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

struct shared {
    atomic_long left, failed;
};

static struct shared *shared;

__attribute__((constructor)) static void attach(void)
{
    const char *path = getenv("FAULT_STARVE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *at = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at != MAP_FAILED)
        shared = at;
}

static int works_for_request(void)
{
    static const char *const others[] = {"npsd-single", "npsd-batch", "npsd-spooler", "npsd-folder",
                                         "npsd-poller"};
    char name[16] = "";
    prctl(PR_GET_NAME, name);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(name, others[i]) == 0)
            return 0;
    return 1;
}

static int is_refused(void)
{
    if (!shared || atomic_load_explicit(&shared->left, memory_order_relaxed) < 0)
        return 0;
    if (!works_for_request())
        return 0;
    if (atomic_fetch_sub(&shared->left, 1) != 0)
        return 0;
    atomic_fetch_add(&shared->failed, 1);
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return is_refused() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return is_refused() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return is_refused() ? NULL : __libc_realloc(old, size);
}
// NOLINTEND(bugprone-reserved-identifier,readability-inconsistent-declaration-parameter-name)
