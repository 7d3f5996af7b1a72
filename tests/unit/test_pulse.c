/* Threads that get on, and one that does not. */
#include "npsd/base/clock.h"
#include "npsd/base/pulse.h"
#include "suite.h"
#include <pthread.h>
#include <semaphore.h>

static int64_t in(int seconds)
{
    return clock_monotonic_us() + seconds * CLOCK_SECOND_US;
}

START_TEST(busy_and_idle)
{
    ck_assert_ptr_null(pulse_stuck(in(1000)));
    pulse_busy("one", 5);
    ck_assert_ptr_null(pulse_stuck(in(4)));
    ck_assert_str_eq(pulse_stuck(in(6)), "one");
    pulse_busy("one again", 50);
    ck_assert_ptr_null(pulse_stuck(in(6)));
    ck_assert_str_eq(pulse_stuck(in(51)), "one again");
    pulse_idle();
    ck_assert_ptr_null(pulse_stuck(in(1000)));
}
END_TEST

struct other {
    sem_t begun, end;
};

static void *work(void *context)
{
    struct other *other = context;
    pulse_busy("other", 1);
    sem_post(&other->begun);
    sem_wait(&other->end);
    return NULL; /* without pulse_idle */
}

START_TEST(a_thread_that_ended_is_not_stuck)
{
    for (int i = 0; i < PULSES_MAX + 10; i++) {
        struct other other;
        pthread_t thread;
        sem_init(&other.begun, 0, 0);
        sem_init(&other.end, 0, 0);
        ck_assert_int_eq(pthread_create(&thread, NULL, work, &other), 0);
        sem_wait(&other.begun);
        ck_assert_str_eq(pulse_stuck(in(2)), "other");
        sem_post(&other.end);
        pthread_join(thread, NULL);
        ck_assert_ptr_null(pulse_stuck(in(2)));
        sem_destroy(&other.begun);
        sem_destroy(&other.end);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {busy_and_idle, a_thread_that_ended_is_not_stuck};
    return suite_run("pulse", tests, COUNT_OF(tests));
}
