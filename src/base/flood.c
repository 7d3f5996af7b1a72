#include "npsd/base/flood.h"
#include "npsd/base/clock.h"
#include "npsd/base/text.h"
#include <pthread.h>
#include <string.h>

/* Events are literals of this program, so there are only so many. */
enum { EVENTS_MAX = 256 };

struct meter {
    const char *event; /* NULL: free */
    int64_t began_us;
    int lines;
    int64_t left_out;
};

static struct meter meters[EVENTS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct meter *find(const char *event)
{
    uint64_t hash = text_hash(event, strlen(event));
    for (size_t i = 0; i < EVENTS_MAX; i++) {
        struct meter *meter = &meters[(hash + i) % EVENTS_MAX];
        if (!meter->event)
            meter->event = event;
        if (strcmp(meter->event, event) == 0)
            return meter;
    }
    return NULL;
}

static bool admit(struct meter *meter, int64_t now_us, int64_t *ret_left_out)
{
    if (meter->lines == 0 || now_us - meter->began_us >= CLOCK_SECOND_US) {
        meter->began_us = now_us;
        meter->lines = 0;
    }
    if (meter->lines >= FLOOD_LINES) {
        meter->left_out++;
        return false;
    }
    meter->lines++;
    *ret_left_out = meter->left_out;
    meter->left_out = 0;
    return true;
}

bool flood_admit(const char *event, int64_t now_us, int64_t *ret_left_out)
{
    *ret_left_out = 0;
    pthread_mutex_lock(&lock);
    struct meter *meter = find(event);
    bool admitted = !meter || admit(meter, now_us, ret_left_out);
    pthread_mutex_unlock(&lock);
    return admitted;
}

bool flood_rest(int64_t now_us, const char **ret_event, int64_t *ret_left_out)
{
    bool found = false;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < EVENTS_MAX && !found; i++) {
        struct meter *meter = &meters[i];
        found = meter->left_out > 0 && now_us - meter->began_us >= CLOCK_SECOND_US;
        if (found) {
            *ret_event = meter->event;
            *ret_left_out = meter->left_out;
            meter->left_out = 0;
        }
    }
    pthread_mutex_unlock(&lock);
    return found;
}
