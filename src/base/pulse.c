#include "npsd/base/pulse.h"

#include "npsd/base/clock.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct pulse {
    atomic_bool taken;
    _Atomic int64_t late_us; /* monotonic; 0: the thread waits */
    _Atomic(const char *) name;
};

static struct pulse pulses[PULSES_MAX];
static _Thread_local struct pulse *own;
static _Thread_local bool asked;
static pthread_key_t key;
static pthread_once_t key_made = PTHREAD_ONCE_INIT;

/* At the end of a thread. */
static void give_back(void *slot)
{
    struct pulse *pulse = slot;
    atomic_store(&pulse->late_us, 0);
    atomic_store(&pulse->taken, false);
}

static void make_key(void)
{
    pthread_key_create(&key, give_back);
}

static void take_slot(void)
{
    asked = true;
    pthread_once(&key_made, make_key);
    for (size_t i = 0; i < PULSES_MAX && !own; i++)
        if (!atomic_exchange(&pulses[i].taken, true))
            own = &pulses[i];
    if (own)
        pthread_setspecific(key, own);
}

void pulse_busy(const char *name, int limit_s)
{
    if (!own && !asked)
        take_slot();
    if (!own)
        return;
    int64_t late_us = clock_monotonic_us() + limit_s * CLOCK_SECOND_US;
    atomic_store_explicit(&own->name, name, memory_order_relaxed);
    atomic_store_explicit(&own->late_us, late_us, memory_order_release);
}

void pulse_idle(void)
{
    if (own)
        atomic_store_explicit(&own->late_us, 0, memory_order_release);
}

const char *pulse_stuck(int64_t now_us)
{
    for (size_t i = 0; i < PULSES_MAX; i++) {
        int64_t late_us = atomic_load_explicit(&pulses[i].late_us, memory_order_acquire);
        if (late_us != 0 && late_us < now_us)
            return atomic_load_explicit(&pulses[i].name, memory_order_relaxed);
    }
    return NULL;
}
