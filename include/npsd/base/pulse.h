/*
 * pulse: whether every thread gets on. A thread says when it begins something, and how long that
 * may take at most, and when it waits for more to do; pulse_stuck finds one that has been at it for
 * too long. What feeds systemd's watchdog (cli/serve.c) asks that, so it is fed by the threads that
 * do the work, not by one that has nothing to do.
 *
 * Waiting is no fault, whatever it is for: a thread that waits with a deadline of its own says a
 * limit beyond that one. A thread has one slot, from its first pulse_busy until it ends; beyond
 * PULSES_MAX threads further ones are not watched. Lock free.
 */
#ifndef NPSD_BASE_PULSE_H
#define NPSD_BASE_PULSE_H

#include <stdint.h>

enum { PULSES_MAX = 640 };

/* This thread has begun something that takes at most so long. name is borrowed: a constant. Calling
 * it again begins anew. */
void pulse_busy(const char *name, int limit_s);
/* This thread waits. */
void pulse_idle(void);
/* The name of a thread that is late at now_us (monotonic); NULL: all is well. */
const char *pulse_stuck(int64_t now_us);

#endif
