#include "watch.h"

#include "npsd/base/clock.h"
#include "npsd/base/log.h"
#include "npsd/base/notify.h"
#include "npsd/base/pulse.h"
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Without a watchdog, how often to look. */
#define PERIOD_US (5 * CLOCK_SECOND_US)

/* Twice within the time the watchdog gives, as sd_watchdog_enabled(3) recommends. */
static struct timespec period(void)
{
    int64_t watchdog_us = notify_watchdog_us();
    int64_t us = watchdog_us > 0 && watchdog_us / 2 < PERIOD_US ? watchdog_us / 2 : PERIOD_US;
    return (struct timespec){.tv_sec = us / CLOCK_SECOND_US,
                             .tv_nsec = us % CLOCK_SECOND_US * 1000};
}

/* The log is told what it was spared, once of each thread that is stuck, and when all is well
 * again. */
static void look(const char **told)
{
    log_rest(false);
    const char *stuck = pulse_stuck(clock_monotonic_us());
    if (!stuck)
        notify_send("WATCHDOG=1");
    if (stuck == *told)
        return;
    if (stuck)
        log_error(NULL, "thread-stuck", LOG_TEXT("thread", stuck));
    else
        log_info(NULL, "threads-well");
    *told = stuck;
}

int watch_until(const sigset_t *signals)
{
    const struct timespec every = period();
    const char *told = NULL;
    int number;
    notify_send("READY=1");
    while ((number = sigtimedwait(signals, NULL, &every)) < 0)
        look(&told);
    notify_send("STOPPING=1");
    return number;
}
