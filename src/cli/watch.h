/*
 * watch: what the main thread of a daemon does while the others work: it waits for a signal, makes
 * sure that every thread gets on (base/pulse.h), and tells the service manager so (base/notify.h).
 * A thread that is stuck is logged, and the watchdog is not fed: the manager then ends and restarts
 * the daemon, which loses nothing that was acknowledged.
 */
#ifndef NPSD_CLI_WATCH_H
#define NPSD_CLI_WATCH_H

#include <signal.h>

/* The daemon listens: tells so, watches until one of the signals (blocked in all threads) comes,
 * tells that it stops, and returns the signal. */
int watch_until(const sigset_t *signals);

#endif
